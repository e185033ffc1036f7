/* children_redrive_test.c -- a redrive of a Map reaches the items that failed and no others, and
 * they run in the definition as it is now. */
#include "tests/flow/cluster/children_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_redrive_runs_only_what_failed(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 4);
    flow.refused = "bad";
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(",\"ToleratedFailureCount\":1"),
                "[\"a\",\"bad-1\",\"c\",\"bad-2\"]");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    flow.refused = NULL;
    flow.tasks_seen = 0;
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"redrive\",\"job\":\"job-1\"}");
    flow_settle(&flow);
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[\"a\",\"bad-1\",\"c\",\"bad-2\"]");
    assert_true(flow.tasks_seen == 2 || flow.tasks_seen == 3); /* "c" may have been cancelled */
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* What was wrong with the items is mended in the definition: those that failed run again in it, and
 * no others; also where it all happens after a crash and a flush. */
static void a_redrive_in_a_corrected_definition_reaches_the_items(void **state)
{
    static const char def[] = "00000000000000000000000000000000000000000000000000000000000000cd";
    /* a flow before the Map's own: the items' flow has another number now */
    static const char fixed[] =
        "{\"StartAt\":\"Q\",\"States\":{\"Q\":{\"Type\":\"Parallel\",\"Branches\":[{\"StartAt\":"
        "\"N\",\"States\":{\"N\":{\"Type\":\"Succeed\"}}}],\"Next\":\"M\"},\"M\":{\"Type\":\"Map\","
        "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"
        "\"STANDARD\"},\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
        "\"millrace:noop\",\"Parameters\":{\"mended.$\":\"$\"},\"Next\":\"W\"},\"W\":{\"Type\":"
        "\"Wait\",\"Seconds\":2,\"End\":true}}},\"End\":true}}}";

    (void)state;
    for (int crash = 0; crash < 3; crash++) {
        cJSON *json = cJSON_Parse(fixed);
        const struct mr_event redrive = {
            .kind = MR_EVENT_REDRIVE, .job = "job-1", .def = def, .definition = json};
        struct flow flow;

        flow_setup(&flow, 31);
        flow.refused = "bad";
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":1"), "[\"a\",\"bad\",\"c\"]");
        assert_true(flow_run(&flow, "job-1", 20000));
        assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
        flow_settle(&flow);
        flow.refused = NULL;
        flow.tasks_seen = 0;
        flow_event(&flow, &redrive);
        flow_passes(&flow, 500);
        assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
        assert_string_equal(flow_row(&flow, children_id("job-1", 1), "def"), def);
        if (crash > 0) {
            flow_kill(&flow, 0);
            flow_start(&flow, 1);
        }
        if (crash > 1)
            mr_sim_redis_flushall(flow.redis);
        assert_true(flow_run(&flow, "job-1", 60000));
        assert_string_equal(flow_row(&flow, "job-1", "output"),
                            "[\"a\",{\"mended\":\"bad\"},{\"mended\":\"c\"}]");
        assert_int_equal(flow.tasks_seen, 2);
        flow_settle(&flow);
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
        cJSON_Delete(json);
    }
}

/* The state that an item failed in is gone: the item stays failed, and its Map is told why. */
static void an_item_that_finds_no_place_in_a_corrected_definition_says_so(void **state)
{
    static const char def[] = "00000000000000000000000000000000000000000000000000000000000000ce";
    cJSON *json = cJSON_Parse(
        "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{"
        "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},\"StartAt\":"
        "\"X\",\"States\":{\"X\":{\"Type\":\"Succeed\"}}},\"Catch\":[{\"ErrorEquals\":["
        "\"States.ALL\"],\"Next\":\"Z\"}],\"End\":true},\"Z\":{\"Type\":\"Succeed\"}}}");
    const struct mr_event redrive = {
        .kind = MR_EVENT_REDRIVE, .job = "job-1", .def = def, .definition = json};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 32);
    flow.refused = "bad";
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(""), "[\"bad\"]");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    flow_event(&flow, &redrive);
    flow_passes(&flow, 1000);
    assert_true(flow_run(&flow, "job-1", 60000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED"); /* it caught that */
    assert_non_null(strstr(flow_row(&flow, "job-1", "output"), "\"Error\":\"States."));
    assert_string_equal(flow_row(&flow, children_id("job-1", 0), "status"), "FAILED");
    assert_string_equal(flow_row(&flow, children_id("job-1", 0), "error"), "Item.Refused");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redrive_runs_only_what_failed),
        cmocka_unit_test(a_redrive_in_a_corrected_definition_reaches_the_items),
        cmocka_unit_test(an_item_that_finds_no_place_in_a_corrected_definition_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
