/* log_test.c -- what Redis has lost comes back from the log, and a log that is cut off or not
 * understood stops its shard instead of being skipped. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_kind_in_the_log_stops_its_shard_and_skips_nothing),
        cmocka_unit_test(redis_is_rebuilt_from_the_log_after_a_flush),
        cmocka_unit_test(a_log_cut_off_behind_redis_is_noticed_not_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
