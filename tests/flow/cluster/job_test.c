/* job_test.c -- a job runs once to its one end, which is told of once and leaves nothing behind:
 * whatever is said twice, and whichever port call fails. */
#include "common/sim/store_sim.h"
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_job_runs_to_its_end_and_leaves_nothing_behind(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 1);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
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
    flow_settle(&flow);
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
    flow_settle(&flow);
    assert_int_equal(flow.letters, 1);
    assert_non_null(strstr(flow.last_letter, "MR_CONFLICT"));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"x\":1}");
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
    flow_settle(&flow); /* what was there before the first take is a rebuild's */
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

static void a_cancelled_job_is_aborted_and_its_late_result_changes_nothing(void **state)
{
    const struct mr_event cancel = {.kind = MR_EVENT_CANCEL, .job = "job-1", .cause = "enough"};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 8);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    flow_settle(&flow);
    flow_event(&flow, &cancel);
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "ABORTED");
    flow.worker_off = false;
    flow_settle(&flow);
    assert_int_equal(flow.tasks_seen, 1);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "ABORTED");
    assert_int_equal(flow.notices, 1);
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
    flow_settle(&flow);
    calls = flow.world.calls;
    flow_digest(&flow, "job-1", calm_digest, sizeof calm_digest);
    flow_teardown(&flow);
    assert_true(calls > 50);
    for (uint64_t n = 1; n <= calls; n += 1 + n / 400) {
        for (int fault = 0; fault < 2; fault++) {
            flow_setup(&flow, 17);
            flow_fault(&flow, n, fault);
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

static void a_row_does_not_grow_with_every_output(void **state)
{
    static const char loop[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
        "\"ResultPath\":null,\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{"
        "\"Variable\":\"$.stop\",\"IsPresent\":true,\"Next\":\"C\"}],\"Default\":\"A\"},"
        "\"C\":{\"Type\":\"Succeed\"}}}";
    struct flow flow;

    (void)state;
    flow_setup(&flow, 8);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", loop, "{\"outputs\":{\"o\":{\"key\":\"out/1\"}}}");
    for (int i = 0; i < 10000 && flow.tasks_seen < 150; i++)
        flow_pass(&flow);
    assert_int_equal(flow.tasks_seen, 150);
    assert_string_not_equal(flow_row(&flow, "job-1", "output:1/o"), "");
    assert_string_equal(flow_row(&flow, "job-1", "output:241/o"), "");
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_runs_to_its_end_and_leaves_nothing_behind),
        cmocka_unit_test(the_same_submit_twice_is_one_job),
        cmocka_unit_test(another_body_under_the_same_id_is_a_dead_letter),
        cmocka_unit_test(what_was_done_is_counted_once),
        cmocka_unit_test(a_cancelled_job_is_aborted_and_its_late_result_changes_nothing),
        cmocka_unit_test(whichever_port_call_fails_the_job_ends_right),
        cmocka_unit_test(a_row_does_not_grow_with_every_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
