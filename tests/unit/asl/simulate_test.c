/* simulate_test.c -- whole definitions on virtual time, with answers that were written down. */
#include "orchestrator/asl/script.h"
#include "tests/unit/asl/play.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

struct told {
    struct asl_script *script;
    struct asl_run *run;
    int64_t end_ms;
    char *written; /* by a Map: the first part */
    struct mr_error err;
    enum mr_code rc;
};

static enum mr_code answer(void *ctx, const struct asl_effect *task, const cJSON *input,
                           struct asl_answer *ret, struct mr_error *err)
{
    struct told *told = ctx;

    if (strcmp(task->resource, ASL_RESOURCE_WRITE) == 0 && !told->written)
        told->written = strndup(task->input, task->input_len);
    return asl_script_answer(told->script, task, input, ret, err);
}

static void tell(struct told *told, const char *definition, const char *input, const char *answers)
{
    struct asl_machine *machine = NULL;
    cJSON *json = cJSON_Parse(answers), *data = cJSON_Parse(input);
    struct asl_simulation plan = {.start = {.job = "j", .workflow = "w", .tenant = "t"},
                                  .input = data,
                                  .answer = answer,
                                  .ctx = told};

    *told = (struct told){0};
    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, &told->err),
                     MR_OK);
    told->rc = asl_script_new(json, false, &told->script, &told->err);
    if (!told->rc)
        told->rc = asl_simulate(machine, &plan, &told->run, &told->end_ms, &told->err);
    asl_script_free(told->script);
    asl_machine_unref(machine);
    cJSON_Delete(json);
    cJSON_Delete(data);
}

#define RETRIED                                                                                    \
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\","       \
    "\"TimeoutSeconds\":60,\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"],\"IntervalSeconds\":100,"  \
    "\"MaxAttempts\":3,\"BackoffRate\":2}],\"Next\":\"B\"},"                                       \
    "\"B\":{\"Type\":\"Wait\",\"Seconds\":1000,\"End\":true}}}"

static void waiting_takes_no_time_but_is_counted(void **state)
{
    struct told told;

    (void)state;
    tell(&told, RETRIED, "{}",
         "{\"A\":{\"script\":[{\"raise\":{\"error\":\"E\"}},{\"hang\":true},"
         "{\"return\":{\"ok\":1},\"after_seconds\":7}]}}");
    assert_int_equal(told.rc, MR_OK);
    assert_int_equal(asl_run_status(told.run), ASL_SUCCEEDED);
    assert_json(asl_run_output(told.run), "{\"ok\":1}");
    /* failed, 100 s, hung for 60 s, 200 s, 7 s, and the Wait; stale time-outs move no clock */
    assert_int_equal(told.end_ms, (100 + 60 + 200 + 7 + 1000) * 1000);
    asl_run_free(told.run);
}

static void a_state_goes_before_its_resource_and_an_input_has_its_own_answer(void **state)
{
    struct told told;

    (void)state;
    tell(&told, RETRIED, "{\"n\":1}",
         "{\"millrace:x.y\":\"echo\",\"A\":{\"by_input\":[{\"input\":{\"n\":2},\"do\":\"echo\"},"
         "{\"input\":{\"n\":1},\"do\":{\"return\":\"one\"}}]}}");
    assert_int_equal(told.rc, MR_OK);
    assert_json(asl_run_output(told.run), "\"one\"");
    asl_run_free(told.run);
}

static void what_is_not_written_down_is_named(void **state)
{
    struct told told;

    (void)state;
    tell(&told, RETRIED, "{}", "{}");
    assert_int_equal(told.rc, MR_NOT_FOUND);
    assert_non_null(strstr(told.err.text, "millrace:x.y"));
    tell(&told, RETRIED, "{}", "{\"A\":{\"by_input\":[{\"input\":7,\"do\":\"echo\"}]}}");
    assert_int_equal(told.rc, MR_NOT_FOUND);
    assert_non_null(strstr(told.err.text, "this input"));
}

static void a_bad_script_is_refused_by_name(void **state)
{
    static const char *const bad[] = {"[]",
                                      "{\"A\":\"Echo\"}",
                                      "{\"A\":{}}",
                                      "{\"A\":{\"script\":[]}}",
                                      "{\"A\":{\"script\":[{\"raise\":1}]}}",
                                      "{\"A\":{\"by_input\":[{\"input\":1}]}}",
                                      "{\"A\":{\"return\":1,\"after_seconds\":-1}}"};
    struct told told;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tell(&told, RETRIED, "{}", bad[i]);
        assert_int_equal(told.rc, MR_INVALID);
        assert_true(i == 0 || strstr(told.err.text, "'A'"));
    }
}

static void a_run_that_waits_for_what_never_comes_is_left_running(void **state)
{
    struct told told;

    (void)state;
    tell(&told,
         "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\","
         "\"End\":true}}}",
         "{}", "{\"A\":{\"hang\":true}}");
    assert_int_equal(told.rc, MR_OK);
    assert_int_equal(asl_run_status(told.run), ASL_RUNNING);
    asl_run_free(told.run);
}

/* Its steps go on by timers that are due at once: no clock moves, and a child does the same. */
static void a_loop_of_many_steps_ends_in_no_time(void **state)
{
    static const char loop[] =
        "\"I\":{\"Type\":\"Pass\",\"Result\":{\"k\":0},\"Next\":\"A\"},\"A\":{\"Type\":\"Pass\","
        "\"Parameters\":{\"k.$\":\"States.MathAdd($.k, 1)\"},\"Next\":\"B\"},\"B\":{\"Type\":"
        "\"Choice\",\"Choices\":[{\"Variable\":\"$.k\",\"NumericEquals\":3000,\"Next\":\"Z\"}],"
        "\"Default\":\"A\"},\"Z\":{\"Type\":\"Succeed\"}";
    struct mr_buf text = {0};
    struct told told;

    (void)state;
    mr_buf_addf(&text, "{\"StartAt\":\"I\",\"States\":{%s}}", loop);
    tell(&told, text.data, "{}", "{}");
    assert_int_equal(told.rc, MR_OK);
    assert_json(asl_run_output(told.run), "{\"k\":3000}");
    assert_int_equal(asl_run_entered(told.run), 6002);
    assert_int_equal(told.end_ms, 0);
    asl_run_free(told.run);
    mr_buf_reset(&text);
    mr_buf_addf(&text,
                "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{"
                "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},"
                "\"StartAt\":\"I\",\"States\":{%s}},\"End\":true}}}",
                loop);
    tell(&told, text.data, "[1,2]", "{}");
    assert_int_equal(told.rc, MR_OK);
    assert_json(asl_run_output(told.run), "[{\"k\":3000},{\"k\":3000}]");
    asl_run_free(told.run);
    mr_buf_release(&text);
}

/* One fails after a second; of the others one would have taken 100, and one for ever. */
static void children_of_a_map_that_fails_are_cancelled_and_told(void **state)
{
    static const char definition[] =
        "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{"
        "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},"
        "\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\","
        "\"End\":true}}},\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\","
        "\"Parameters\":{\"Bucket\":\"b\"}},\"End\":true}}}";
    struct told told;
    cJSON *part, *results, *record;

    (void)state;
    tell(&told, definition, "[1,2,3]",
         "{\"T\":{\"by_input\":[{\"input\":1,\"do\":{\"raise\":{\"error\":\"E\"},"
         "\"after_seconds\":1}},{\"input\":2,\"do\":{\"return\":2,\"after_seconds\":100}},"
         "{\"input\":3,\"do\":{\"hang\":true}}]},\"M\":{\"return\":{}}}");
    assert_int_equal(told.rc, MR_OK);
    assert_string_equal(asl_run_error(told.run), "States.ExceedToleratedFailureThreshold");
    assert_int_equal(told.end_ms, 1000);
    part = cJSON_Parse(told.written);
    results = mr_json_get(part, "results");
    assert_int_equal(cJSON_GetArraySize(results), 3);
    for (int i = 1; i < 3; i++) {
        record = cJSON_GetArrayItem(results, i);
        assert_string_equal(cJSON_GetStringValue(mr_json_get(record, "Status")), "ABORTED");
        assert_string_equal(cJSON_GetStringValue(mr_json_get(record, "Error")), "States.Aborted");
        assert_string_equal(cJSON_GetStringValue(mr_json_get(record, "Input")), i == 1 ? "2" : "3");
        assert_string_equal(cJSON_GetStringValue(mr_json_get(record, "StopDate")),
                            "1970-01-01T00:00:01.000Z");
        assert_null(mr_json_get(record, "Output"));
    }
    cJSON_Delete(part);
    free(told.written);
    asl_run_free(told.run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_of_a_map_that_fails_are_cancelled_and_told),
        cmocka_unit_test(waiting_takes_no_time_but_is_counted),
        cmocka_unit_test(a_state_goes_before_its_resource_and_an_input_has_its_own_answer),
        cmocka_unit_test(what_is_not_written_down_is_named),
        cmocka_unit_test(a_bad_script_is_refused_by_name),
        cmocka_unit_test(a_loop_of_many_steps_ends_in_no_time),
        cmocka_unit_test(a_run_that_waits_for_what_never_comes_is_left_running),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
