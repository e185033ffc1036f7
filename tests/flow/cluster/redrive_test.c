/* redrive_test.c -- a job that failed is a dead letter, and goes on from there when it is
 * redriven. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_task_that_always_fails_is_dead_lettered_and_redrive_finishes_it(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 5);
    flow.worker_fails = 3;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_retry, "{\"x\":1}");
    assert_true(flow_run(&flow, "job-1", 60000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "Image.Crashed");
    assert_int_equal(flow.letters, 1);
    assert_non_null(strstr(flow.last_letter, "job.failed"));
    assert_non_null(strstr(flow.last_letter, "\"attempt\":3")); /* the whole chain */
    flow_event(&flow, &(struct mr_event){.kind = MR_EVENT_REDRIVE, .job = "job-1"});
    flow_settle(&flow);
    assert_true(flow_run(&flow, "job-1", 60000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "");
    flow_teardown(&flow);
}

static void redrive_in(struct flow *flow, const char *def, const char *definition)
{
    cJSON *json = cJSON_Parse(definition);
    const struct mr_event redrive = {
        .kind = MR_EVENT_REDRIVE, .job = "job-1", .def = def, .definition = json};

    flow_event(flow, &redrive);
    cJSON_Delete(json);
    flow_settle(flow);
}

static void a_redrive_in_a_corrected_definition_survives_a_crash_and_a_flush(void **state)
{
    static const char def[] = "00000000000000000000000000000000000000000000000000000000000000cd";
    static const char other[] = "00000000000000000000000000000000000000000000000000000000000000ce";
    static const char fixed[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"W\"},"
        "\"W\":{\"Type\":\"Wait\",\"Seconds\":30,\"Next\":\"Z\"},"
        "\"Z\":{\"Type\":\"Pass\",\"Result\":\"mended\",\"End\":true}}}";
    static const char broken[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"InputPath\":\"$.missing\","
        "\"End\":true}}}";
    struct flow flow;

    (void)state;
    flow_setup(&flow, 21);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", broken, "{}");
    assert_true(flow_run(&flow, "job-1", 60000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    flow_settle(&flow);
    flow.letters = 0;
    redrive_in(&flow, other, "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\"}}}");
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED"); /* refused, and told */
    assert_non_null(strstr(flow.last_letter, "is gone"));
    redrive_in(&flow, def, fixed);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    assert_string_equal(flow_row(&flow, "job-1", "def"), def);
    flow_kill(&flow, 0);
    flow_start(&flow, 1); /* another orchestrator finds the job in its new definition */
    flow_passes(&flow, 5000);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    mr_sim_redis_flushall(flow.redis); /* and so does a rebuild */
    assert_true(flow_run(&flow, "job-1", 120000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "output"), "\"mended\"");
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_that_always_fails_is_dead_lettered_and_redrive_finishes_it),
        cmocka_unit_test(a_redrive_in_a_corrected_definition_survives_a_crash_and_a_flush),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
