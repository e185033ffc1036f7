/* again_test.c -- a job that a producer submits once more, and what a rebuild long afterwards makes
 * of all that was said twice: on simulated ports and virtual time. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void begin(struct flow *flow, uint64_t seed)
{
    flow_setup(flow, seed);
    flow_start(flow, 0);
}

/* Everything that Redis knew is gone, days ago or long after it would have forgotten it. */
static void rebuild(struct flow *flow, int64_t later_ms)
{
    flow->world.now_ms += later_ms;
    flow->config.batch_max = 1; /* nothing stays in memory from one event to the next */
    flow_kill(flow, 0);
    mr_sim_redis_flushall(flow->redis);
    flow_start(flow, 1);
    flow_passes(flow, 20000);
}

static void the_same_submit_is_the_same_job_before_and_after_its_end(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 1);
    flow.worker_off = true;
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    flow_settle(&flow);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "rev"), "1");
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    flow_settle(&flow);
    assert_int_equal(flow.tasks_seen, 1);
    assert_int_equal(flow.letters, 0);
    flow_teardown(&flow);
}

/* Its id is free again once it is forgotten: MILLRACE_DEDUPE_MS after its end. */
static void a_forgotten_id_may_be_used_again(void **state)
{
    struct flow flow;

    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        begin(&flow, 2);
        flow.worker_fails = fails;
        flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
        assert_true(flow_run(&flow, "job-1", 20000));
        flow_settle(&flow);
        flow.world.now_ms += flow.cluster.dedupe_ms - 60000;
        flow_passes(&flow, 10000);
        flow_submit(&flow, "job-1", flow_one_task, "{\"x\":2}");
        flow_settle(&flow);
        assert_int_equal(flow.letters, fails + 1);
        flow.world.now_ms += 60000;
        flow_passes(&flow, 10000);
        assert_string_equal(flow_row(&flow, "job-1", "status"), "");
        flow_submit(&flow, "job-1", flow_one_task, "{\"x\":2}");
        assert_true(flow_run(&flow, "job-1", 20000));
        assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"x\":2}");
        flow_teardown(&flow);
    }
}

/* The log holds the submit twice, and both are long past: nothing runs once more. */
static void a_rebuild_long_afterwards_runs_nothing_again(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 3);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_passes(&flow, 5000);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    flow_settle(&flow);
    assert_int_equal(flow.tasks_seen, 1);
    rebuild(&flow, 2 * flow.cluster.dedupe_ms);
    assert_int_equal(flow.tasks_seen, 1);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* It failed long ago, was redriven since, and still runs: the rebuild finds it. */
static void a_rebuild_finds_the_job_that_an_old_redrive_speaks_of(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 4);
    flow.worker_fails = 1;
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    flow.worker_off = true;
    flow.world.now_ms += flow.cluster.dedupe_ms - 3600000;
    flow_passes(&flow, 10000);
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"redrive\",\"job\":\"job-1\"}");
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    rebuild(&flow, flow.cluster.dedupe_ms);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"x\":1}");
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_submit_is_the_same_job_before_and_after_its_end),
        cmocka_unit_test(a_forgotten_id_may_be_used_again),
        cmocka_unit_test(a_rebuild_long_afterwards_runs_nothing_again),
        cmocka_unit_test(a_rebuild_finds_the_job_that_an_old_redrive_speaks_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
