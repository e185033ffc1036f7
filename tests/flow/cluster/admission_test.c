/* admission_test.c -- what cannot be a job is a dead letter and holds nobody up; a name means
 * what it means now. */
#include "tests/flow/cluster/kit.h"
#include "tests/flow/cluster/many_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void poison_is_a_dead_letter_and_the_next_is_served(void **state)
{
    static const char *const poison[] = {"\xff\xfe not json", "{\"v\":9,\"workflow\":\"x\"}",
                                         "{\"workflow\":\"nobody\"}", "[]",
                                         "{\"definition\":{\"StartAt\":\"A\"}}"};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 10);
    flow_start(&flow, 0);
    for (size_t i = 0; i < sizeof poison / sizeof poison[0]; i++)
        flow_produce(&flow, "millrace.jobs", "p", poison[i]);
    flow_produce(&flow, "millrace.results", "p", "{\"token\":\"x\"}");
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    assert_int_equal(flow.letters, 6);
    flow_teardown(&flow);
}

static void garbage_as_large_as_the_bus_takes_holds_nobody_up(void **state)
{
    struct flow flow;
    char *large = malloc(MR_BUS_MESSAGE_MAX + 1);

    (void)state;
    assert_non_null(large);
    memset(large, 'x', MR_BUS_MESSAGE_MAX);
    large[MR_BUS_MESSAGE_MAX] = '\0';
    flow_setup(&flow, 12);
    flow_start(&flow, 0);
    flow_produce(&flow, "millrace.jobs", "p", large);
    flow_produce(&flow, "millrace.results", "p", large);
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_passes(&flow, 500);
    assert_int_equal(flow.letters, 2);
    assert_int_equal(oc_admit_pending(&flow.nodes[0].oc), 0);
    flow_teardown(&flow);
    free(large);
}

/* A version whose jobs come to n. */
static void put_workflow(struct flow *flow, const char *name, int n)
{
    char definition[256];

    (void)snprintf(definition, sizeof definition,
                   "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":%d,"
                   "\"End\":true}}}",
                   n);
    flow_put_workflow(flow, name, definition);
}

static void submit_named(struct flow *flow, const char *id, const char *workflow)
{
    char text[256];

    (void)snprintf(text, sizeof text, "{\"id\":\"%s\",\"workflow\":\"%s\"}", id, workflow);
    flow_produce(flow, "millrace.jobs", id, text);
}

static void a_name_never_means_what_it_meant_before(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 13);
    for (int i = 1; i <= 300; i++)
        put_workflow(&flow, "thumbs", i);
    flow_start(&flow, 0);
    submit_named(&flow, "at-start", "thumbs");
    assert_true(flow_run(&flow, "at-start", 20000));
    assert_string_equal(flow_row(&flow, "at-start", "output"), "300");
    mr_sim_redis_flushall(flow.redis);
    for (int i = 0; i < 300; i++) { /* while the config is copied again */
        char id[32];

        (void)snprintf(id, sizeof id, "f-%d", i);
        submit_named(&flow, id, "thumbs");
        flow_pass(&flow);
    }
    flow_passes(&flow, 3000);
    for (int i = 0; i < 300; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "f-%d", i);
        assert_string_equal(flow_row(&flow, id, "output"), "300");
    }
    flow_teardown(&flow);
}

static void a_job_runs_the_version_that_it_asked_for(void **state)
{
    static const struct {
        const char *id, *workflow, *output;
    } jobs[] = {{"newest", "thumbs", "3"},
                {"first", "thumbs:1", "1"},
                {"live", "thumbs:live", "2"},
                {"old", "plain", "7"},
                {"old-1", "plain:1", "7"}};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 18);
    put_workflow(&flow, "thumbs:1", 1);
    put_workflow(&flow, "thumbs:2", 2);
    put_workflow(&flow, "thumbs", 3);
    put_workflow(&flow, "plain", 7); /* from before there were versions */
    flow_produce(&flow, "millrace.config", "workflow/thumbs:live",
                 "{\"v\":1,\"routes\":[{\"version\":2,\"weight\":100}]}");
    flow_produce(&flow, "millrace.config", "workflow/thumbs:odd",
                 "{\"v\":1,\"routes\":[{\"version\":9,\"weight\":100}]}");
    flow_start(&flow, 0);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
        submit_named(&flow, jobs[i].id, jobs[i].workflow);
    submit_named(&flow, "odd", "thumbs:odd");
    submit_named(&flow, "none", "thumbs:9");
    flow_passes(&flow, 5000);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        assert_string_equal(flow_row(&flow, jobs[i].id, "output"), jobs[i].output);
        assert_null(strchr(flow_row(&flow, jobs[i].id, "workflow"), ':'));
    }
    assert_int_equal(flow.letters, 2);
    flow_teardown(&flow);
}

static void a_workflow_that_cannot_be_parsed_does_not_poison_a_shard(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 14);
    flow_produce(&flow, "millrace.config", "workflow/bad",
                 "{\"v\":1,\"def\":"
                 "\"0000000000000000000000000000000000000000000000000000000000000000\","
                 "\"definition\":{\"StartAt\":\"nowhere\",\"States\":{}},\"created_ms\":1}");
    flow_start(&flow, 0);
    for (int i = 0; i < 4; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "b-%d", i);
        submit_named(&flow, id, "bad");
    }
    many_submit(&flow, "a", 10, flow_one_task);
    flow_passes(&flow, 3000);
    assert_int_equal(many_count(&flow, "a", 10, "SUCCEEDED"), 10);
    assert_int_equal(flow.letters, 4);
    flow_teardown(&flow);
}

static void a_name_is_asked_for_whichever_call_fails(void **state)
{
    struct flow flow;

    (void)state;
    for (uint64_t n = 1; n < 30; n++) {
        flow_setup(&flow, 15);
        flow_start(&flow, 0);
        flow_passes(&flow, 500);
        submit_named(&flow, "u", "nobody");
        flow.world.fail_at = flow.world.calls + n;
        flow_passes(&flow, 5000);
        assert_int_equal(oc_admit_pending(&flow.nodes[0].oc), 0);
        assert_true(flow.letters >= 1);
        flow_teardown(&flow);
    }
}

#define MAP_OF_LABEL(INNER)                                                                        \
    "{\"Type\":\"Map\",\"Label\":\"one\",\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":"        \
    "\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},\"StartAt\":\"" INNER                         \
    "\",\"States\":{\"" INNER "\":{\"Type\":\"Pass\",\"End\":true}}},"

/* Two Maps of one label: that was no fault once. */
static void a_workflow_that_was_stored_before_a_rule_came_still_runs(void **state)
{
    static const char members[] =
        "\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":"
        "\"$.never\",\"IsPresent\":true,\"Next\":\"A\"}],\"Default\":\"D\"},\"A\":" MAP_OF_LABEL(
            "P") "\"Next\":\"B\"},\"B\":" MAP_OF_LABEL("Q") "\"Next\":\"D\"},\"D\":{\"Type\":"
                                                            "\"Succeed\"}}}";
    char text[1024];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 41);
    (void)snprintf(text, sizeof text, "{%s", members);
    flow_put_workflow(&flow, "twins", text);
    flow_start(&flow, 0);
    submit_named(&flow, "stored", "twins");
    (void)snprintf(text, sizeof text, "{\"Comment\":\"another\",%s", members);
    flow_submit(&flow, "given", text, "{}");
    flow_passes(&flow, 3000);
    assert_string_equal(flow_row(&flow, "stored", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "given", "status"), "");
    assert_int_equal(flow.letters, 1);
    assert_non_null(strstr(flow.last_letter, "label"));
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poison_is_a_dead_letter_and_the_next_is_served),
        cmocka_unit_test(garbage_as_large_as_the_bus_takes_holds_nobody_up),
        cmocka_unit_test(a_name_never_means_what_it_meant_before),
        cmocka_unit_test(a_job_runs_the_version_that_it_asked_for),
        cmocka_unit_test(a_workflow_that_cannot_be_parsed_does_not_poison_a_shard),
        cmocka_unit_test(a_workflow_that_was_stored_before_a_rule_came_still_runs),
        cmocka_unit_test(a_name_is_asked_for_whichever_call_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
