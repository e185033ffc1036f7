/* children_end_test.c -- a child tells its end until it was heard, once, even when nothing is
 * left of the child. */
#include "common/sim/store_sim.h"
#include "tests/flow/cluster/children_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Sends the child's shard an event about it, as its parent's shard would. */
static void say_to_child(struct flow *flow, enum mr_event_kind kind, const char *parent,
                         uint32_t index)
{
    struct oc_shard *shard = &flow->nodes[0].oc.shards[mr_shard_of(parent, strlen(parent), 2)];
    const struct oc_job *job = oc_shard_job(shard, parent);
    const char *id = children_id(parent, index);
    char token[MR_TOKEN_MAX + 1];
    struct mr_event event = {
        .kind = kind, .job = id, .parent = {.token_text = token, .index = index}};
    struct mr_buf text = {0};

    assert_non_null(job);
    assert_true(oc_token_make(job, 1, 1, token, sizeof token));
    assert_int_equal(mr_event_print(&event, &text), MR_OK);
    assert_int_equal(mr_bus_send(flow->bus, "millrace.log", (int32_t)mr_shard_of(id, strlen(id), 2),
                                 id, strlen(id), text.data, text.len, NULL, NULL),
                     MR_OK);
    mr_buf_release(&text);
}

static void a_child_that_is_asked_tells_its_end_once_more(void **state)
{
    char key[SIM_KEY_MAX];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 9);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(",\"ToleratedFailureCount\":9"), "[1,2]");
    flow_settle(&flow);
    say_to_child(&flow, MR_EVENT_ASK, "job-1", 0); /* it runs: no answer */
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    /* A child that nothing is left of has failed: the Map is told, and does not wait for ever. */
    for (uint32_t s = 0; s < 2; s++) {
        const char *id = children_id("job-1", 0);
        struct oc_shard *shard = &flow.nodes[0].oc.shards[s];
        struct oc_job *job = oc_shard_job(shard, id);

        if (!job)
            continue;
        oc_shard_forget(shard, job);
        sim_key_remove(flow.redis, sim_store_key(key, s, "job:", id));
        sim_key_remove(flow.redis, sim_store_key(key, s, "run:", id));
    }
    say_to_child(&flow, MR_EVENT_ASK, "job-1", 0);
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 30000));
    assert_string_equal(flow_row(&flow, "job-1", "output"),
                        "[{\"Error\":\"States.Runtime\",\"Cause\":\"nothing is left of this "
                        "child\"},2]");
    flow_teardown(&flow);
}

/* A child whose event ends every orchestrator is set aside; its Map asks, and is told. */
static void a_child_that_is_set_aside_has_failed_for_its_map(void **state)
{
    struct mr_config_quarantine record = {.offset = 1, .at_ms = 1};
    struct mr_buf text = {0};
    char key[512];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 12);
    flow_start(&flow, 0);
    memcpy(record.log_id, flow.nodes[0].oc.log_id, sizeof record.log_id);
    assert_int_equal(mr_config_quarantine_print(&record, &text), MR_OK);
    (void)snprintf(key, sizeof key, "quarantine/%s", children_id("job-1", 0));
    flow_produce(&flow, "millrace.config", key, text.data);
    flow_settle(&flow);
    flow_submit(&flow, "job-1", MAP(",\"ToleratedFailureCount\":9"), "[1,2]");
    assert_true(flow_run(&flow, "job-1", 200000));
    assert_non_null(strstr(flow_row(&flow, "job-1", "output"), "Millrace.Quarantined"));
    mr_buf_release(&text);
    flow_teardown(&flow);
}

static void a_child_whose_end_was_told_long_ago_is_not_counted_twice(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 10);
    flow.refused = "slow";
    flow.config.task_resend_ms = 300000;
    flow_start(&flow, 0);
    flow.refused = NULL;
    flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":1"), "[1,2,3]");
    for (int i = 0; i < 12; i++)
        flow_pass(&flow);
    if (strcmp(flow_row(&flow, children_id("job-1", 0), "status"), "SUCCEEDED") == 0 &&
        strcmp(flow_row(&flow, "job-1", "status"), "RUNNING") == 0) {
        say_to_child(&flow, MR_EVENT_ASK, "job-1", 0);
        say_to_child(&flow, MR_EVENT_REDRIVE, "job-1", 0);
    }
    assert_true(flow_run(&flow, "job-1", 30000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,3]");
    assert_int_equal(flow.tasks_seen, 3);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_that_is_asked_tells_its_end_once_more),
        cmocka_unit_test(a_child_that_is_set_aside_has_failed_for_its_map),
        cmocka_unit_test(a_child_whose_end_was_told_long_ago_is_not_counted_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
