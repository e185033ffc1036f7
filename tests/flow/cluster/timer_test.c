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

static void a_stale_timer_event_takes_no_timer_away(void **state)
{
    struct flow flow;
    int64_t start;

    (void)state;
    flow_setup(&flow, 9);
    flow_start(&flow, 0);
    start = flow.world.now_ms;
    flow_submit(&flow, "job-1", flow_wait, "{}");
    flow_passes(&flow, 500);
    flow_event(&flow, &(struct mr_event){.kind = MR_EVENT_TIMER,
                                         .job = "job-1",
                                         .seq = 1,
                                         .attempt = 1,
                                         .timer = ASL_TIMER_WAIT,
                                         .due_ms = 1});
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_true(flow.world.now_ms - start < 8000); /* not by the scanner, 20 s later */
    flow_teardown(&flow);
}

static int log_length(struct flow *flow, uint32_t shard)
{
    struct mr_log *log = mr_log_open(flow->bus, "millrace.log", NULL);
    int64_t first, end;

    assert_non_null(log);
    assert_int_equal(mr_log_bounds(log, (int32_t)shard, &first, &end, NULL), MR_OK);
    mr_log_free(log);
    return (int)(end - first);
}

static int64_t fast_ms(struct mr_clock *clock)
{
    struct mr_sim_clock *sim = (struct mr_sim_clock *)clock;

    return sim->world->now_ms + 4000;
}

static void a_clock_ahead_of_the_broker_does_not_flood_the_log(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup_shards(&flow, 10, 1);
    flow.clock.clock.wall_ms = fast_ms;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_wait, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_true(log_length(&flow, 0) < 20);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_when_its_time_has_come_and_not_before),
        cmocka_unit_test(a_stale_timer_event_takes_no_timer_away),
        cmocka_unit_test(a_clock_ahead_of_the_broker_does_not_flood_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
