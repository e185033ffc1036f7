/* flow_test.c -- the promises of docs/lifecycle.md on simulated ports and virtual time. */
#include "common/sim/store_sim.h"
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void settle(struct flow *flow)
{
    for (int i = 0; i < 30; i++)
        flow_pass(flow);
}

static void a_job_runs_to_its_end_and_leaves_nothing_behind(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 1);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"x\":1}");
    assert_int_equal(flow.tasks_seen, 1);
    assert_int_equal(flow.notices, 1);
    assert_int_equal(flow.letters, 0);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void the_same_submit_twice_is_one_job(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 2);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    settle(&flow);
    assert_int_equal(flow.tasks_seen, 1);
    assert_int_equal(flow.notices, 1);
    assert_int_equal(flow.letters, 0);
    flow_teardown(&flow);
}

static void another_body_under_the_same_id_is_a_dead_letter(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 3);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":2}");
    settle(&flow);
    assert_int_equal(flow.letters, 1);
    assert_non_null(strstr(flow.last_letter, "MR_CONFLICT"));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"x\":1}");
    flow_teardown(&flow);
}

static void a_task_that_fails_twice_is_retried_with_back_off(void **state)
{
    struct flow flow;
    int64_t start;

    (void)state;
    flow_setup(&flow, 4);
    flow.worker_fails = 2;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_retry, "{}");
    start = flow.world.now_ms;
    assert_true(flow_run(&flow, "job-1", 60000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_int_equal(flow.tasks_seen, 3);
    assert_true(flow.world.now_ms - start >= 6000); /* 2 s, then 4 s */
    flow_teardown(&flow);
}

static void a_task_that_always_fails_is_dead_lettered_and_redrive_finishes_it(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 5);
    flow.worker_fails = 3;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_retry, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 60000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "Image.Crashed");
    assert_int_equal(flow.letters, 1);
    assert_non_null(strstr(flow.last_letter, "job.failed"));
    assert_non_null(strstr(flow.last_letter, "\"attempt\":3")); /* the whole chain */
    {
        const struct mr_event redrive = {.kind = MR_EVENT_REDRIVE, .job = "job-1"};
        struct mr_buf text = {0};

        assert_int_equal(mr_event_print(&redrive, &text), MR_OK);
        flow_produce(&flow, "millrace.log", "job-1", text.data);
        mr_buf_release(&text);
    }
    settle(&flow);
    assert_true(flow_run(&flow, "job-1", 60000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "");
    flow_teardown(&flow);
}

static void redrive_in(struct flow *flow, const char *def, const char *definition)
{
    cJSON *json = cJSON_Parse(definition);
    const struct mr_event redrive = {
        .kind = MR_EVENT_REDRIVE, .job = "job-1", .def = def, .definition = json};
    struct mr_buf text = {0};

    assert_int_equal(mr_event_print(&redrive, &text), MR_OK);
    flow_produce(flow, "millrace.log", "job-1", text.data);
    mr_buf_release(&text);
    cJSON_Delete(json);
    settle(flow);
}

static void a_redrive_in_a_corrected_definition_survives_a_crash_and_a_flush(void **state)
{
    static const char def[] = "00000000000000000000000000000000000000000000000000000000000000cd";
    static const char other[] = "00000000000000000000000000000000000000000000000000000000000000ce";
    static const char fixed[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"W\"},"
        "\"W\":{\"Type\":\"Wait\",\"Seconds\":30,\"Next\":\"Z\"},"
        "\"Z\":{\"Type\":\"Pass\",\"Result\":\"mended\",\"End\":true}}}";
    static const char broken[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"InputPath\":\"$.missing\","
        "\"End\":true}}}";
    struct flow flow;

    (void)state;
    flow_setup(&flow, 21);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", broken, "{}");
    assert_true(flow_run(&flow, "job-1", 60000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    settle(&flow);
    flow.letters = 0;
    redrive_in(&flow, other, "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\"}}}");
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED"); /* refused, and told */
    assert_non_null(strstr(flow.last_letter, "is gone"));
    redrive_in(&flow, def, fixed);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    assert_string_equal(flow_row(&flow, "job-1", "def"), def);
    flow_kill(&flow, 0);
    flow_start(&flow, 1); /* another orchestrator finds the job in its new definition */
    flow_passes(&flow, 5000);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    mr_sim_redis_flushall(flow.redis); /* and so does a rebuild */
    assert_true(flow_run(&flow, "job-1", 120000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "output"), "\"mended\"");
    flow_teardown(&flow);
}

static void a_wait_ends_when_its_time_has_come_and_not_before(void **state)
{
    struct flow flow;
    int64_t start;

    (void)state;
    flow_setup(&flow, 6);
    flow_start(&flow, 0);
    start = flow.world.now_ms;
    flow_submit(&flow, "job-1", flow_wait, "{}");
    while (flow.world.now_ms < start + 4900)
        flow_pass(&flow);
    assert_int_equal(flow.tasks_seen, 0);
    assert_true(flow_run(&flow, "job-1", 5000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    flow_teardown(&flow);
}

static void a_task_without_an_answer_times_out(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 7);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_wait, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.Timeout");
    flow_teardown(&flow);
}

/* Fields of mr:stat:<this minute>. */
static int64_t counted(struct flow *flow, const char *name)
{
    const struct sim_field *field;
    char key[64];

    (void)snprintf(key, sizeof key, "mr:stat:%lld", (long long)(flow->world.now_ms / 60000));
    field = sim_field_find(sim_key_find(flow->redis, key), name, strlen(name));
    return field ? field->n : 0;
}

static void what_was_done_is_counted_once(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 72);
    flow.worker_fails = 1;
    flow_start(&flow, 0);
    settle(&flow); /* what was there before the first take is a rebuild's */
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_submit(&flow, "job-2", flow_one_task, "{}");
    flow_submit(&flow, "job-2", flow_one_task, "{}"); /* the same one */
    assert_true(flow_run(&flow, "job-2", 20000));
    flow_passes(&flow, 4000);
    assert_int_equal(counted(&flow, "jobs_submitted"), 2);
    assert_int_equal(counted(&flow, "jobs_failed"), 1);
    assert_int_equal(counted(&flow, "jobs_succeeded"), 1);
    assert_int_equal(counted(&flow, "jobs_redriven"), 0);
    flow_teardown(&flow);
}

static void a_class_beyond_the_last_fails_its_task_and_no_other(void **state)
{
    char definition[256], id[16];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 73);
    flow.config.classes_max = 3;
    flow.worker_mute = true;
    flow_start(&flow, 0);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(id, sizeof id, "job-%d", i);
        (void)snprintf(definition, sizeof definition,
                       "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                       "\"millrace:class%d.work\",\"End\":true}}}",
                       i);
        flow_submit(&flow, id, definition, "{}");
        flow_passes(&flow, 1000);
    }
    assert_string_equal(flow_row(&flow, "job-2", "status"), "RUNNING");
    assert_string_equal(flow_row(&flow, "job-3", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-3", "error"), "States.Runtime");
    assert_non_null(strstr(flow_row(&flow, "job-3", "cause"), "ORCH_CLASSES_MAX (3)"));
    flow_submit(&flow, "job-4", flow_one_task, "{}"); /* of a class that the start has made */
    flow.worker_mute = false;
    assert_true(flow_run(&flow, "job-4", 20000));
    assert_string_equal(flow_row(&flow, "job-4", "status"), "SUCCEEDED");
    flow_teardown(&flow);
}

static void say_alive(struct flow *flow, const char *token)
{
    char text[MR_TOKEN_MAX + 64];

    (void)snprintf(text, sizeof text, "{\"token\":\"%s\",\"heartbeat\":true}", token);
    flow_produce(flow, "millrace.results", "job-1", text);
}

static const char flow_heartbeat[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
    "\"TimeoutSeconds\":600,\"HeartbeatSeconds\":10,\"End\":true}}}";

static void signs_of_life_keep_a_task_and_their_end_fails_it(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 70);
    flow.worker_mute = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_heartbeat, "{}");
    settle(&flow);
    for (int i = 0; i < 5; i++) { /* 40 s where 10 without a sign would be too many */
        flow_passes(&flow, 8000);
        assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
        say_alive(&flow, flow.last_token);
    }
    assert_false(flow_run(&flow, "job-1", 9000));
    assert_true(flow_run(&flow, "job-1", 9000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.Timeout");
    assert_int_equal(flow.tasks_seen, 1);
    flow_teardown(&flow);
}

static void a_sign_of_life_with_a_forged_token_keeps_nothing(void **state)
{
    char forged[MR_TOKEN_MAX + 1];
    struct flow flow;
    size_t end;

    (void)state;
    flow_setup(&flow, 71);
    flow.worker_mute = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_heartbeat, "{}");
    settle(&flow);
    memcpy(forged, flow.last_token, sizeof forged);
    end = strlen(forged) - 1;
    forged[end] = forged[end] == '0' ? '1' : '0';
    flow_passes(&flow, 8000);
    say_alive(&flow, forged);
    assert_true(flow_run(&flow, "job-1", 5000));
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.Timeout");
    flow_teardown(&flow);
}

static void a_cancelled_job_is_aborted_and_its_late_result_changes_nothing(void **state)
{
    const struct mr_event cancel = {.kind = MR_EVENT_CANCEL, .job = "job-1", .cause = "enough"};
    struct mr_buf text = {0};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 8);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    settle(&flow);
    assert_int_equal(mr_event_print(&cancel, &text), MR_OK);
    flow_produce(&flow, "millrace.log", "job-1", text.data);
    mr_buf_release(&text);
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "ABORTED");
    flow.worker_off = false;
    settle(&flow);
    assert_int_equal(flow.tasks_seen, 1);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "ABORTED");
    assert_int_equal(flow.notices, 1);
    flow_teardown(&flow);
}

static void forged_stale_and_foreign_tokens_change_nothing(void **state)
{
    struct flow flow;
    char forged[4][MR_TOKEN_MAX + 64];
    size_t len;

    (void)state;
    flow_setup(&flow, 9);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-0", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-0", 20000)); /* its token is a foreign one for job-1 */
    len = strlen(flow.last_token);
    flow.worker_off = true;
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    settle(&flow);
    (void)snprintf(forged[0], sizeof forged[0], "job-1.1.1.%032d", 0);
    (void)snprintf(forged[1], sizeof forged[1], "job-1%s", flow.last_token + strlen("job-0"));
    (void)snprintf(forged[2], sizeof forged[2], "%s", flow.last_token);
    (void)snprintf(forged[3], sizeof forged[3], "job-1.1.2.%s", flow.last_token + len - 32);
    for (size_t i = 0; i < 4; i++) {
        char text[1024];

        (void)snprintf(text, sizeof text, "{\"token\":\"%s\",\"output\":{\"evil\":true}}",
                       forged[i]);
        flow_produce(&flow, "millrace.results", "x", text);
    }
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    assert_string_equal(flow_row(&flow, "job-0", "output"), "{}");
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{}");
    flow_teardown(&flow);
}

static void poison_is_a_dead_letter_and_the_next_is_served(void **state)
{
    static const char *const poison[] = {"\xff\xfe not json", "{\"v\":9,\"workflow\":\"x\"}",
                                         "{\"workflow\":\"nobody\"}", "[]",
                                         "{\"definition\":{\"StartAt\":\"A\"}}"};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 10);
    flow_start(&flow, 0);
    for (size_t i = 0; i < sizeof poison / sizeof poison[0]; i++)
        flow_produce(&flow, "millrace.jobs", "p", poison[i]);
    flow_produce(&flow, "millrace.results", "p", "{\"token\":\"x\"}");
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    assert_int_equal(flow.letters, 6);
    flow_teardown(&flow);
}

static void an_unknown_kind_in_the_log_stops_its_shard_and_skips_nothing(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 11);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"from-the-future\"}");
    settle(&flow);
    flow_submit(&flow, "job-1b", flow_one_task, "{}");
    settle(&flow);
    {
        const uint32_t shard = mr_shard_of("job-1", 5, 2);
        struct mr_pos pos;

        assert_int_equal(flow.nodes[0].oc.shards[shard].state, OC_SHARD_STOPPED);
        assert_int_equal(flow.nodes[0].oc.shards[1 - shard].state, OC_SHARD_LIVE);
        assert_int_equal(mr_store_pos_get(flow.store, shard, &pos, NULL), MR_OK);
        assert_true(pos.present);
    }
    flow_teardown(&flow);
}

static void a_killed_orchestrator_is_followed_by_another(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 12);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_parallel, "{\"x\":1}");
    settle(&flow);
    flow_kill(&flow, 0);
    flow.worker_off = false;
    flow_start(&flow, 1);
    assert_true(flow_run(&flow, "job-1", 30000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void redis_is_rebuilt_from_the_log_after_a_flush(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 13);
    flow_start(&flow, 0);
    flow_submit(&flow, "done", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "done", 20000));
    flow.worker_off = true;
    flow_submit(&flow, "job-1", flow_parallel, "{\"x\":1}");
    settle(&flow);
    mr_sim_redis_flushall(flow.redis);
    settle(&flow);
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 30000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "done", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "done", "output"), "{\"x\":1}");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void an_owner_that_slept_past_its_lease_is_fenced(void **state)
{
    struct flow flow;

    (void)state;
    for (int flushed = 0; flushed < 2; flushed++) {
        flow_setup(&flow, 14);
        flow_start(&flow, 0);
        flow.worker_off = true;
        flow_submit(&flow, "job-1", flow_parallel, "{}");
        settle(&flow);
        flow.paused[0] = true; /* SIGSTOP */
        if (flushed)
            mr_sim_redis_flushall(flow.redis);
        flow_start(&flow, 1);
        for (int i = 0; i < 600; i++)
            flow_pass(&flow);
        flow.worker_off = false;
        flow.paused[0] = false; /* SIGCONT */
        assert_true(flow_run(&flow, "job-1", 60000));
        settle(&flow);
        assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
        assert_int_equal(flow.notices, 1);
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
    }
}

static void a_log_cut_off_behind_redis_is_noticed_not_skipped(void **state)
{
    const uint32_t shard = mr_shard_of("job-1", 5, 2);
    struct flow flow;

    (void)state;
    flow_setup(&flow, 15);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_kill(&flow, 0);
    for (int i = 0; i < 3; i++) /* events that nobody has applied */
        flow_produce(&flow, "millrace.log", "job-1",
                     "{\"v\":1,\"k\":\"redrive\",\"job\":\"job-1\"}");
    mr_sim_broker_truncate(flow.broker, "millrace.log", (int32_t)shard, 1000);
    flow_start(&flow, 1);
    for (int i = 0; i < 400; i++)
        flow_pass(&flow);
    assert_int_equal(flow.nodes[1].oc.shards[shard].state, OC_SHARD_STOPPED);
    flow_teardown(&flow);
}

static void a_task_whose_record_is_gone_is_sent_again(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 16);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    settle(&flow);
    mr_sim_broker_truncate(flow.broker, "millrace.tasks.io", 0, 1000);
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 200000));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"x\":1}");
    flow_teardown(&flow);
}

/* Port call 1 fails, then 2, then 3 ...: before it was done, and after. The job ends as it would
 * have, is told of once, and nothing is left in the outbox. */
static void whichever_port_call_fails_the_job_ends_right(void **state)
{
    char calm_digest[1024], digest[1024];
    struct flow flow;
    uint64_t calls;

    (void)state;
    flow_setup(&flow, 17);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_parallel, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 60000));
    settle(&flow);
    calls = flow.world.calls;
    flow_digest(&flow, "job-1", calm_digest, sizeof calm_digest);
    flow_teardown(&flow);
    assert_true(calls > 50);
    for (uint64_t n = 1; n <= calls; n += 1 + n / 400) {
        for (int fault = 0; fault < 2; fault++) {
            flow_setup(&flow, 17);
            flow.world.calls = 0;
            flow.world.fail_at = n;
            flow.world.fault = fault ? MR_SIM_AFTER : MR_SIM_BEFORE;
            flow_start(&flow, 0);
            flow_submit(&flow, "job-1", flow_parallel, "{\"x\":1}");
            if (!flow_run(&flow, "job-1", 120000))
                fail_msg("call %llu, fault %d: the job has not ended", (unsigned long long)n,
                         fault);
            for (int i = 0; i < 100; i++)
                flow_pass(&flow);
            flow_digest(&flow, "job-1", digest, sizeof digest);
            assert_string_equal(digest, calm_digest);
            assert_int_equal(flow.notices, 1);
            assert_int_equal(flow_outbox(&flow), 0);
            flow_teardown(&flow);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_runs_to_its_end_and_leaves_nothing_behind),
        cmocka_unit_test(the_same_submit_twice_is_one_job),
        cmocka_unit_test(another_body_under_the_same_id_is_a_dead_letter),
        cmocka_unit_test(a_task_that_fails_twice_is_retried_with_back_off),
        cmocka_unit_test(a_task_that_always_fails_is_dead_lettered_and_redrive_finishes_it),
        cmocka_unit_test(a_redrive_in_a_corrected_definition_survives_a_crash_and_a_flush),
        cmocka_unit_test(a_wait_ends_when_its_time_has_come_and_not_before),
        cmocka_unit_test(a_task_without_an_answer_times_out),
        cmocka_unit_test(what_was_done_is_counted_once),
        cmocka_unit_test(a_class_beyond_the_last_fails_its_task_and_no_other),
        cmocka_unit_test(signs_of_life_keep_a_task_and_their_end_fails_it),
        cmocka_unit_test(a_sign_of_life_with_a_forged_token_keeps_nothing),
        cmocka_unit_test(a_cancelled_job_is_aborted_and_its_late_result_changes_nothing),
        cmocka_unit_test(forged_stale_and_foreign_tokens_change_nothing),
        cmocka_unit_test(poison_is_a_dead_letter_and_the_next_is_served),
        cmocka_unit_test(an_unknown_kind_in_the_log_stops_its_shard_and_skips_nothing),
        cmocka_unit_test(a_killed_orchestrator_is_followed_by_another),
        cmocka_unit_test(redis_is_rebuilt_from_the_log_after_a_flush),
        cmocka_unit_test(an_owner_that_slept_past_its_lease_is_fenced),
        cmocka_unit_test(a_log_cut_off_behind_redis_is_noticed_not_skipped),
        cmocka_unit_test(a_task_whose_record_is_gone_is_sent_again),
        cmocka_unit_test(whichever_port_call_fails_the_job_ends_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
