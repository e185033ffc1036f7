/* log_test.c -- what Redis has lost comes back from the log, and a log that is cut off or not
 * understood stops its shard instead of being skipped. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
    flow_settle(&flow);
    mr_sim_redis_flushall(flow.redis);
    flow_settle(&flow);
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 30000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "done", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "done", "output"), "{\"x\":1}");
    assert_int_equal(flow_outbox(&flow), 0);
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
    flow_settle(&flow);
    flow_submit(&flow, "job-1b", flow_one_task, "{}");
    flow_settle(&flow);
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

/* The n-th name from 0 that belongs to a shard. */
static const char *job_of(const struct flow *flow, uint32_t shard, int n)
{
    static char id[32];

    for (int i = 0;; i++) {
        const int len = snprintf(id, sizeof id, "j-%d", i);

        if (mr_shard_of(id, (size_t)len, (uint32_t)flow->cluster.shards) == shard && n-- == 0)
            return id;
    }
}

static const char pass_only[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}";

static void a_flush_under_a_busy_shard_forgets_no_job(void **state)
{
    struct flow flow;

    (void)state;
    for (int round = 0; round < 12; round++) {
        const char *late;

        flow_setup(&flow, 20 + (uint64_t)round);
        flow.worker_off = true;
        flow_start(&flow, 0);
        flow_submit(&flow, job_of(&flow, 0, 2), pass_only, "{\"x\":1}");
        flow_submit(&flow, job_of(&flow, 0, 0), flow_parallel, "{\"x\":1}");
        flow_passes(&flow, 500 + 90 * round);
        mr_sim_redis_flushall(flow.redis);
        late = job_of(&flow, 0, 1);
        flow_submit(&flow, late, flow_one_task, "{}");
        flow_passes(&flow, 2000);
        flow.worker_off = false;
        assert_true(flow_run(&flow, job_of(&flow, 0, 0), 30000));
        assert_string_equal(flow_row(&flow, job_of(&flow, 0, 0), "status"), "SUCCEEDED");
        assert_true(flow_run(&flow, job_of(&flow, 0, 1), 30000));
        assert_string_equal(flow_row(&flow, job_of(&flow, 0, 2), "output"), "{\"x\":1}");
        flow_teardown(&flow);
    }
}

static void a_cut_off_log_is_noticed_whichever_look_fails(void **state)
{
    struct flow flow;

    (void)state;
    for (uint64_t n = 1; n < 60; n++) {
        uint32_t shard;

        flow_setup(&flow, 6);
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", flow_one_task, "{}");
        assert_true(flow_run(&flow, "job-1", 20000));
        shard = mr_shard_of("job-1", 5, 2);
        for (int i = 0; i < 3; i++)
            flow_event(&flow, &(struct mr_event){.kind = MR_EVENT_REDRIVE, .job = "job-1"});
        mr_sim_broker_truncate(flow.broker, "millrace.log", (int32_t)shard, 1000);
        flow.world.fail_at = flow.world.calls + n;
        for (int i = 0; i < 600 && flow.nodes[0].oc.shards[shard].state != OC_SHARD_STOPPED; i++)
            flow_pass(&flow);
        assert_int_equal(flow.nodes[0].oc.shards[shard].state, OC_SHARD_STOPPED);
        flow_submit(&flow, job_of(&flow, 1 - shard, 0), flow_one_task, "{}");
        assert_true(flow_run(&flow, job_of(&flow, 1 - shard, 0), 20000));
        flow_teardown(&flow);
    }
}

static void a_long_cause_in_any_language_comes_back_from_redis(void **state)
{
    char cause[1024];
    struct flow flow;

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(cause, 'a', shift);
        for (size_t at = shift; at + 4 < sizeof cause; at += 4)
            memcpy(cause + at, "\xf0\x9f\x90\x88", 5);
        flow_setup(&flow, 7);
        flow.worker_fails = 1;
        flow.cause = cause;
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", flow_retry, "{}");
        flow_passes(&flow, 500);
        assert_int_equal(flow.tasks_seen, 1);
        flow_kill(&flow, 0);
        flow_start(&flow, 1);
        assert_true(flow_run(&flow, "job-1", 30000));
        assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
        flow_teardown(&flow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_kind_in_the_log_stops_its_shard_and_skips_nothing),
        cmocka_unit_test(redis_is_rebuilt_from_the_log_after_a_flush),
        cmocka_unit_test(a_log_cut_off_behind_redis_is_noticed_not_skipped),
        cmocka_unit_test(a_flush_under_a_busy_shard_forgets_no_job),
        cmocka_unit_test(a_cut_off_log_is_noticed_whichever_look_fails),
        cmocka_unit_test(a_long_cause_in_any_language_comes_back_from_redis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
