/* takeover_test.c -- a shard has one owner at a time: another follows a dead one, and one that
 * was overtaken is fenced. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_killed_orchestrator_is_followed_by_another(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 12);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_parallel, "{\"x\":1}");
    flow_settle(&flow);
    flow_kill(&flow, 0);
    flow.worker_off = false;
    flow_start(&flow, 1);
    assert_true(flow_run(&flow, "job-1", 30000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
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
        flow_settle(&flow);
        flow.paused[0] = true; /* SIGSTOP */
        if (flushed)
            mr_sim_redis_flushall(flow.redis);
        flow_start(&flow, 1);
        for (int i = 0; i < 600; i++)
            flow_pass(&flow);
        flow.worker_off = false;
        flow.paused[0] = false; /* SIGCONT */
        assert_true(flow_run(&flow, "job-1", 60000));
        flow_settle(&flow);
        assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
        assert_int_equal(flow.notices, 1);
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_orchestrator_is_followed_by_another),
        cmocka_unit_test(an_owner_that_slept_past_its_lease_is_fenced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
