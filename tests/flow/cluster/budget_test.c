/* budget_test.c -- "A long step" of docs/lifecycle.md: S1 to S3 on simulated ports. */
#include "common/sim/store_sim.h"
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char endless[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{\"Type\":"
    "\"Choice\","
    "\"Choices\":[{\"Variable\":\"$.never\",\"IsPresent\":true,\"Next\":\"C\"}],\"Default\":\"A\"},"
    "\"C\":{\"Type\":\"Succeed\"}}}";

/* Counts to 20,000 in 40,002 entries, beside a branch that waits and then has a task. */
static const char count[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"Next\":\"T\"},\"T\":{"
    "\"Type\":\"Task\",\"Resource\":\"millrace:noop\",\"End\":true}}},"
    "{\"StartAt\":\"I\",\"States\":{\"I\":{\"Type\":\"Pass\",\"Result\":{\"k\":0},\"Next\":\"A\"},"
    "\"A\":{\"Type\":\"Pass\",\"Parameters\":{\"k.$\":\"States.MathAdd($.k, 1)\"},\"Next\":\"B\"},"
    "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.k\",\"NumericEquals\":20000,"
    "\"Next\":\"Z\"}],\"Default\":\"A\"},\"Z\":{\"Type\":\"Succeed\"}}}]}}}";

static const char counted[] = "[{\"x\":1},{\"k\":20000}]";

static void a_loop_lets_other_jobs_of_its_shard_have_their_turn(void **state)
{
    struct flow flow;
    long entered;

    (void)state;
    flow_setup_shards(&flow, 1, 1);
    flow_start(&flow, 0);
    flow_submit(&flow, "looper", endless, "{}");
    flow_passes(&flow, 500);
    flow_submit(&flow, "innocent", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "innocent", 20000));
    assert_string_equal(flow_row(&flow, "innocent", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "looper", "status"), "RUNNING");
    entered = strtol(flow_row(&flow, "looper", "steps_entered"), NULL, 10);
    assert_true(entered >= 2000 && entered < 100000 && entered % 1000 == 0);
    assert_true(flow_run(&flow, "looper", 100000));
    assert_string_equal(flow_row(&flow, "looper", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "looper", "error"), "States.Runtime");
    assert_non_null(strstr(flow_row(&flow, "looper", "cause"), "1000000"));
    assert_string_equal(flow_row(&flow, "looper", "steps_entered"), "1000001");
    flow_teardown(&flow);
}

static void a_looping_job_can_be_cancelled(void **state)
{
    const struct mr_event cancel = {.kind = MR_EVENT_CANCEL, .job = "looper", .cause = "enough"};
    struct mr_buf text = {0};
    struct flow flow;

    (void)state;
    flow_setup_shards(&flow, 2, 1);
    flow_start(&flow, 0);
    flow_submit(&flow, "looper", endless, "{}");
    flow_passes(&flow, 500);
    assert_int_equal(mr_event_print(&cancel, &text), MR_OK);
    flow_produce(&flow, "millrace.log", "looper", text.data);
    assert_true(flow_run(&flow, "looper", 1000));
    assert_string_equal(flow_row(&flow, "looper", "status"), "ABORTED");
    mr_buf_release(&text);
    flow_teardown(&flow);
}

static void kill_the_owner(struct flow *flow)
{
    flow_kill(flow, 0);
    flow_start(flow, 1);
}

static void flush_redis(struct flow *flow)
{
    mr_sim_redis_flushall(flow->redis);
}

static void do_nothing(struct flow *flow)
{
    (void)flow;
}

static void whatever_happens_in_between_the_loop_ends_the_same(void **state)
{
    static void (*const what[])(struct flow *) = {do_nothing, kill_the_owner, flush_redis};
    char entered[32] = "";

    (void)state;
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        struct flow flow;

        flow_setup_shards(&flow, 3, 1);
        flow_start(&flow, 0);
        flow_submit(&flow, "counter", count, "{\"x\":1}");
        flow_passes(&flow, 300);
        assert_string_equal(flow_row(&flow, "counter", "status"), "RUNNING");
        what[i](&flow);
        assert_true(flow_run(&flow, "counter", 100000));
        assert_string_equal(flow_row(&flow, "counter", "status"), "SUCCEEDED");
        assert_string_equal(flow_row(&flow, "counter", "output"), counted);
        if (i == 0)
            (void)snprintf(entered, sizeof entered, "%s",
                           flow_row(&flow, "counter", "steps_entered"));
        assert_string_equal(flow_row(&flow, "counter", "steps_entered"), entered);
        assert_int_equal(flow.tasks_seen, 1);
        flow_passes(&flow, 5000);
        assert_int_equal(flow.notices, 1);
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
    }
}

/* A machine so slow that each look at its clock takes 100 ms. */
static int64_t slow_ms(struct mr_clock *clock)
{
    struct mr_sim_clock *sim = (struct mr_sim_clock *)clock;

    return sim->world->now_ms += 100;
}

static void a_batch_that_takes_long_does_not_cost_the_lease(void **state)
{
    int64_t (*mono_ms)(struct mr_clock *);
    struct flow flow;
    int64_t epoch, began_ms, next;

    (void)state;
    flow_setup_shards(&flow, 4, 1);
    mono_ms = flow.clock.clock.mono_ms;
    flow_start(&flow, 0);
    flow_passes(&flow, 500);
    flow_start(&flow, 1);
    flow_passes(&flow, 2000);
    assert_true(flow.nodes[0].oc.shards[0].mine);
    epoch = flow.nodes[0].oc.shards[0].epoch;
    next = flow.nodes[0].oc.shards[0].next;
    for (int i = 0; i < 90; i++) {
        char id[16];

        (void)snprintf(id, sizeof id, "job-%d", i);
        flow_submit(&flow, id, flow_one_task, "{}");
    }
    flow.paused[1] = true;
    began_ms = flow.world.now_ms;
    flow.clock.clock.mono_ms = slow_ms;
    for (int i = 0; i < 9 && flow.nodes[0].oc.shards[0].next < next + 90; i++)
        (void)oc_pass(&flow.nodes[0].oc); /* the last of these applies 90 submits */
    flow.clock.clock.mono_ms = mono_ms;
    assert_true(flow.world.now_ms > began_ms + 9000);
    flow.paused[0] = true; /* the other looks first */
    flow.paused[1] = false;
    flow_pass(&flow);
    flow.paused[0] = false;
    flow_passes(&flow, 10000);
    assert_true(flow.nodes[0].oc.shards[0].mine);
    assert_int_equal(flow.nodes[0].oc.shards[0].epoch, epoch);
    assert_string_equal(flow_row(&flow, "job-89", "status"), "SUCCEEDED");
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_lets_other_jobs_of_its_shard_have_their_turn),
        cmocka_unit_test(a_looping_job_can_be_cancelled),
        cmocka_unit_test(a_batch_that_takes_long_does_not_cost_the_lease),
        cmocka_unit_test(whatever_happens_in_between_the_loop_ends_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
