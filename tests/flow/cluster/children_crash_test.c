/* children_crash_test.c -- a Map ends right wherever its orchestrator is killed, whichever port
 * call fails, and when Redis is emptied. */
#include "tests/flow/cluster/children_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void redis_is_rebuilt_with_children_in_all_stages(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 6);
    flow_start(&flow, 0);
    flow_submit(&flow, "done", MAP(""), "[1,2]");
    assert_true(flow_run(&flow, "done", 20000));
    flow.worker_off = true;
    flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":2"), "[1,2,3]");
    flow_settle(&flow);
    mr_sim_redis_flushall(flow.redis);
    flow_settle(&flow);
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 30000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,3]");
    assert_string_equal(flow_row(&flow, "done", "output"), "[1,2]");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* The orchestrator is killed after pass 1, 2, 3 ...: another goes on, whatever was under way. */
static void wherever_it_is_killed_another_goes_on(void **state)
{
    struct flow flow;

    (void)state;
    for (int passes = 1; passes < 26; passes++) {
        flow_setup(&flow, 7);
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":2" READER WRITER), "{}");
        for (int i = 0; i < 4; i++)
            children_store(&flow, i ? "unused" : "k", "1\n2\n3\n4\n");
        for (int i = 0; i < passes; i++)
            flow_pass(&flow);
        flow_kill(&flow, 0);
        flow_start(&flow, 1);
        if (!flow_run(&flow, "job-1", 60000))
            fail_msg("killed after pass %d: the job has not ended", passes);
        flow_passes(&flow, 5000); /* where it had ended before: until the leases ran out */
        assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
        assert_non_null(strstr(flow_row(&flow, "job-1", "output"), "manifest.json"));
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
    }
}

/* Port call 1 fails, then 2, then 3 ...: before it was done, and after. */
static void whichever_port_call_fails_the_map_ends_right(void **state)
{
    struct flow flow;
    uint64_t calls;

    (void)state;
    flow_setup(&flow, 8);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(""), "[1,2,3]");
    assert_true(flow_run(&flow, "job-1", 60000));
    flow_settle(&flow);
    calls = flow.world.calls;
    flow_teardown(&flow);
    assert_true(calls > 50);
    for (uint64_t n = 1; n <= calls; n += 1 + n / 200) {
        for (int fault = 0; fault < 2; fault++) {
            flow_setup(&flow, 8);
            flow_fault(&flow, n, fault);
            flow_start(&flow, 0);
            flow_submit(&flow, "job-1", MAP(""), "[1,2,3]");
            if (!flow_run(&flow, "job-1", 120000))
                fail_msg("call %llu, fault %d: the job has not ended", (unsigned long long)n,
                         fault);
            for (int i = 0; i < 100; i++)
                flow_pass(&flow);
            assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,3]");
            for (uint32_t i = 0; i < 3; i++)
                assert_string_equal(flow_row(&flow, children_id("job-1", i), "status"),
                                    "SUCCEEDED");
            assert_int_equal(flow.notices, 1);
            assert_int_equal(flow_outbox(&flow), 0);
            flow_teardown(&flow);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_is_rebuilt_with_children_in_all_stages),
        cmocka_unit_test(wherever_it_is_killed_another_goes_on),
        cmocka_unit_test(whichever_port_call_fails_the_map_ends_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
