/* children_cancel_test.c -- a cancel of a Map reaches each of its children, and overtakes none. */
#include "tests/flow/cluster/children_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_cancel_reaches_the_children(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 5);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(""), "[1,2,3]");
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, children_id("job-1", 2), "status"), "RUNNING");
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"cancel\",\"job\":\"job-1\"}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    for (uint32_t i = 0; i < 3; i++)
        assert_string_equal(flow_row(&flow, children_id("job-1", i), "status"), "ABORTED");
    flow.worker_off = false;
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"redrive\",\"job\":\"job-1\"}");
    flow_settle(&flow);
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,3]");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* The job is cancelled while its children's submits are still to be sent; the orchestrator dies,
 * and another sends what stands in Redis.  A cancel that came before its child's submit would find
 * nobody, and the child would run on. */
static void a_cancel_does_not_overtake_its_child(void **state)
{
    unsigned unsent = 0;

    (void)state;
    for (uint64_t n = 1; n < 60; n++) {
        struct flow flow;
        bool known;

        flow_setup(&flow, 30);
        flow.config.send_retry_ms = 2000; /* what could not be sent waits in Redis */
        flow.worker_off = true;
        flow_start(&flow, 0);
        flow_settle(&flow);
        flow.world.fail_at = flow.world.calls + n;
        flow.world.fault = MR_SIM_BEFORE;
        flow_submit(&flow, "job-1", MAP(""), "[1,2,3]");
        flow_passes(&flow, 100);
        known = strcmp(flow_row(&flow, "job-1", "status"), "RUNNING") == 0; /* else: not yet */
        unsent += known && flow_outbox(&flow) >= 3;
        flow_produce(&flow, "millrace.log", "job-1",
                     "{\"v\":1,\"k\":\"cancel\",\"job\":\"job-1\"}");
        flow_passes(&flow, 100);
        flow_kill(&flow, 0);
        flow.world.fail_at = 0;
        flow_start(&flow, 1);
        flow_passes(&flow, 8000);
        for (uint32_t i = 0; known && i < 3; i++)
            assert_string_equal(flow_row(&flow, children_id("job-1", i), "status"), "ABORTED");
        assert_int_equal(known ? flow_outbox(&flow) : 0, 0);
        flow_teardown(&flow);
    }
    assert_true(unsent > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancel_reaches_the_children),
        cmocka_unit_test(a_cancel_does_not_overtake_its_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
