/* timer_test.c -- a timer fires when its time has come by the broker's clock, and not before. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_when_its_time_has_come_and_not_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
