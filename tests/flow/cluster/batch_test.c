/* batch_test.c -- many jobs at once are as many jobs, each applied once. */
#include "tests/flow/cluster/kit.h"
#include "tests/flow/cluster/many_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void many_submits_in_one_batch_and_once_more_are_one_job_each(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 1);
    flow_start(&flow, 0);
    flow_passes(&flow, 200);
    many_submit(&flow, "a", 40, flow_one_task);
    flow_passes(&flow, 3000);
    assert_int_equal(many_count(&flow, "a", 40, "SUCCEEDED"), 40);
    many_submit(&flow, "a", 40, flow_one_task);
    flow_passes(&flow, 3000);
    assert_int_equal(flow.tasks_seen, 40);
    assert_int_equal(flow.letters, 0);
    flow_teardown(&flow);
}

static void answers_to_many_jobs_that_left_memory_are_all_applied(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 2);
    flow.config.jobs_cached_max = 1;
    flow.worker_off = true;
    flow_start(&flow, 0);
    many_submit(&flow, "a", 30, flow_one_task);
    flow_passes(&flow, 2000);
    flow.worker_off = false;
    flow_passes(&flow, 3000);
    assert_int_equal(many_count(&flow, "a", 30, "SUCCEEDED"), 30);
    flow_teardown(&flow);
}

static void more_shards_than_writes_may_be_under_way_lose_none(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup_shards(&flow, 3, 100);
    flow.config.batch_max = 1000;
    flow.config.admit_window = 1000;
    flow_start(&flow, 0);
    flow_passes(&flow, 1000);
    many_submit(&flow, "a", 400, flow_one_task);
    flow_passes(&flow, 5000);
    assert_int_equal(many_count(&flow, "a", 400, "SUCCEEDED"), 400);
    for (uint32_t s = 0; s < 100; s++)
        assert_int_equal(flow.nodes[0].oc.shards[s].generation, 0);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_submits_in_one_batch_and_once_more_are_one_job_each),
        cmocka_unit_test(answers_to_many_jobs_that_left_memory_are_all_applied),
        cmocka_unit_test(more_shards_than_writes_may_be_under_way_lose_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
