/* data_test.c -- InputPath, Parameters, ResultSelector, ResultPath, OutputPath, the context object
 * and the limits of data. */
#include "tests/unit/asl/play.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE(state) "{\"StartAt\":\"S\",\"States\":{\"S\":" state "}}"
#define PASS(rest) ONE("{\"Type\":\"Pass\"," rest ",\"End\":true}")
#define TASK(rest) ONE("{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\"," rest ",\"End\":true}")

static void input_and_output_paths_choose_a_part(void **state)
{
    (void)state;
    play_expect(PASS("\"InputPath\":\"$.a\""), "{\"a\":{\"b\":1},\"c\":2}", "{\"b\":1}");
    play_expect(PASS("\"OutputPath\":\"$.c\""), "{\"a\":{\"b\":1},\"c\":2}", "2");
    play_expect(PASS("\"InputPath\":\"$.a\",\"OutputPath\":\"$.b\""), "{\"a\":{\"b\":1}}", "1");
    play_expect(PASS("\"InputPath\":\"$$.Execution.Input.c\""), "{\"c\":[2]}", "[2]");
}

static void null_paths_give_nothing_or_discard(void **state)
{
    (void)state;
    play_expect(PASS("\"InputPath\":null"), "{\"a\":1}", "{}");
    play_expect(PASS("\"OutputPath\":null"), "{\"a\":1}", "{}");
    play_expect(PASS("\"Result\":5,\"ResultPath\":null"), "{\"a\":1}", "{\"a\":1}");
}

static void a_template_takes_what_its_paths_name(void **state)
{
    (void)state;
    play_expect(PASS("\"Parameters\":{\"k.$\":\"$.a.b\",\"c\":{\"d\":[1,{\"e.$\":\"$.x\"}],"
                     "\"all.$\":\"$\"},\"s\":\"$.a\",\"name.$\":\"$$.State.Name\"}"),
                "{\"a\":{\"b\":[true]},\"x\":null}",
                "{\"k\":[true],\"c\":{\"d\":[1,{\"e\":null}],\"all\":{\"a\":{\"b\":[true]},"
                "\"x\":null}},\"s\":\"$.a\",\"name\":\"S\"}");
    play_expect(PASS("\"InputPath\":\"$.a\",\"Parameters\":{\"b.$\":\"$.b\"}"), "{\"a\":{\"b\":2}}",
                "{\"b\":2}");
}

static void a_path_that_names_nothing_fails_the_run_and_says_which(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, PASS("\"Parameters\":{\"k.$\":\"$.nothing\"}"));
    play_start(&play, "{\"a\":1}");
    assert_string_equal(asl_run_error(play.run), "States.Runtime");
    assert_string_equal(asl_run_cause(play.run),
                        "An error occurred while executing the state 'S' (entered at the event id "
                        "#2). The JSONPath '$.nothing' specified for the field 'k.$' could not be "
                        "found in the input '{\"a\":1}'");
    play_end(&play);
    play_expect_error(PASS("\"InputPath\":\"$.b\""), "{}", "States.Runtime");
    play_expect_error(PASS("\"OutputPath\":\"$.b\""), "{}", "States.Runtime");
}

static void a_result_lands_where_its_path_says(void **state)
{
    (void)state;
    play_expect(PASS("\"Result\":5,\"ResultPath\":\"$\""), "{\"a\":1}", "5");
    play_expect(PASS("\"Result\":5,\"ResultPath\":\"$.r\""), "{\"a\":1}", "{\"a\":1,\"r\":5}");
    play_expect(PASS("\"Result\":5,\"ResultPath\":\"$.a\""), "{\"a\":1}", "{\"a\":5}");
    play_expect(PASS("\"Result\":5,\"ResultPath\":\"$.x.y['z w']\""), "{\"a\":1}",
                "{\"a\":1,\"x\":{\"y\":{\"z w\":5}}}");
    play_expect(PASS("\"Result\":5,\"ResultPath\":\"$.a[1]\""), "{\"a\":[1,2,3]}",
                "{\"a\":[1,5,3]}");
    play_expect(PASS("\"InputPath\":\"$.a\",\"ResultPath\":\"$.r\""), "{\"a\":1}",
                "{\"a\":1,\"r\":1}"); /* into the raw input, not the chosen part */
}

static void a_result_that_has_no_place_to_land_fails_and_can_be_caught(void **state)
{
    (void)state;
    play_expect_error(PASS("\"Result\":5,\"ResultPath\":\"$.a.b\""), "{\"a\":1}",
                      "States.ReferencePathConflict");
    play_expect_error(PASS("\"Result\":5,\"ResultPath\":\"$.a[3]\""), "{\"a\":[1]}",
                      "States.ReferencePathConflict");
    play_expect_error(PASS("\"Result\":5,\"ResultPath\":\"$.x[0]\""), "{}",
                      "States.ReferencePathConflict");
    play_expect_error(PASS("\"Result\":5,\"ResultPath\":\"$.x\""), "[1]",
                      "States.ReferencePathConflict");
    play_expect(
        "{\"StartAt\":\"S\",\"States\":{\"S\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\","
        "\"ResultPath\":\"$.a.b\",\"Catch\":[{\"ErrorEquals\":"
        "[\"States.ResultPathMatchFailure\"],\"ResultPath\":\"$.e\",\"Next\":\"P\"}],"
        "\"End\":true},\"P\":{\"Type\":\"Pass\",\"OutputPath\":\"$.a\",\"End\":true}}}",
        "{\"a\":\"whole\"}", "\"whole\"");
}

static void no_path_is_followed_in_null(void **state)
{
    static const char *const paths[] = {"$", "$.a", "$.a[*]"};
    char definition[256];
    struct play play;

    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)snprintf(definition, sizeof(definition), PASS("\"Parameters\":{\"p.$\":\"%s\"}"),
                       paths[i]);
        play_begin(&play, definition);
        play_start(&play, "null");
        assert_string_equal(asl_run_error(play.run), "States.Runtime");
        assert_non_null(strstr(asl_run_cause(play.run),
                               "Unable to apply Path transformation to null or empty input."));
        play_end(&play);
    }
    play_expect(PASS("\"Parameters\":{\"p.$\":\"$.a\"}"), "{\"a\":null}", "{\"p\":null}");
    play_expect(PASS("\"InputPath\":\"$\",\"OutputPath\":\"$\""), "null", "null");
    play_expect(PASS("\"Parameters\":{\"p.$\":\"$$.State.Name\"}"), "null", "{\"p\":\"S\"}");
}

static void a_result_selector_shapes_the_answer(void **state)
{
    (void)state;
    play_expect(TASK("\"InputPath\":\"$.in\",\"Parameters\":{\"p.$\":\"$.v\"},\"ResultSelector\":"
                     "{\"s.$\":\"$.p\",\"n.$\":\"$$.State.RetryCount\"},\"ResultPath\":\"$.r\","
                     "\"OutputPath\":\"$.r\""),
                "{\"in\":{\"v\":7}}", "{\"s\":7,\"n\":0}");
}

static void the_context_object_tells_of_run_state_and_machine(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, PASS("\"Parameters\":{\"c.$\":\"$$\"}"));
    play_start(&play, "{\"a\":1}");
    assert_output(
        &play, "{\"c\":{\"Execution\":{\"Id\":\"arn:aws:states:local:000000000000:execution:flow:"
               "job-1\",\"Input\":{\"a\":1},\"StartTime\":"
               "\"1970-01-01T00:00:01.000Z\",\"Name\":\"job-1\",\"RoleArn\":\"arn:aws:iam::"
               "000000000000:role/millrace\",\"RedriveCount\":0},"
               "\"StateMachine\":{\"Id\":\"arn:aws:states:local:000000000000:stateMachine:flow\","
               "\"Name\":\"flow\"},\"State\":{\"Name\":\"S\","
               "\"EnteredTime\":\"1970-01-01T00:00:01.000Z\"}}}");
    play_end(&play);
}

/* A run that began under an earlier engine keeps the bare ids. */
static void ids_of_runs_of_before_are_no_arns(void **state)
{
    static const char definition[] =
        PASS("\"Parameters\":{\"e.$\":\"$$.Execution.Id\",\"m.$\":\"$$.StateMachine.Id\"}");
    struct asl_start start = {.job = "j", .workflow = "w", .tenant = "t", .engine = 3};
    struct asl_event event = {.kind = ASL_EVENT_START, .time_ms = 5};
    struct asl_env env = {.entries_max = 9};
    struct asl_effects effects = {0};
    struct asl_machine *machine = NULL;
    struct asl_run *run = NULL;
    bool changed;

    (void)state;
    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, NULL),
                     MR_OK);
    assert_int_equal(asl_run_new(machine, &start, &run, NULL), MR_OK);
    assert_int_equal(asl_step(run, &event, &env, &effects, &changed, NULL), MR_OK);
    assert_json(asl_run_output(run), "{\"e\":\"j\",\"m\":\"w\"}");
    asl_run_free(run);
    asl_effects_release(&effects);
    asl_machine_unref(machine);
}

static void the_first_input_stays_in_the_context_whatever_states_do_to_it(void **state)
{
    (void)state;
    play_expect(
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":1,\"ResultPath\":"
        "\"$.a\",\"Next\":\"B\"},\"B\":{\"Type\":\"Pass\",\"Result\":2,\"ResultPath\":"
        "\"$.b\",\"Next\":\"C\"},\"C\":{\"Type\":\"Pass\",\"Parameters\":{\"now.$\":\"$\","
        "\"first.$\":\"$$.Execution.Input\"},\"End\":true}}}",
        "{\"a\":0}", "{\"now\":{\"a\":1,\"b\":2},\"first\":{\"a\":0}}");
}

static char *text_of(size_t len)
{
    struct mr_buf buf = {0};

    mr_buf_add_char(&buf, '"');
    for (size_t i = 0; i < len; i++)
        mr_buf_add_char(&buf, 'x');
    mr_buf_add_char(&buf, '"');
    return mr_buf_detach(&buf);
}

static void data_over_the_limit_fail_with_a_name_that_can_be_caught(void **state)
{
    static const char definition[] =
        "{\"StartAt\":\"S\",\"States\":{\"S\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\","
        "\"ResultPath\":\"$.r\",\"Catch\":[{\"ErrorEquals\":[\"States.DataLimitExceeded\"],"
        "\"Next\":\"C\"}],\"End\":true},\"C\":{\"Type\":\"Pass\",\"Result\":\"caught\",\"End\":"
        "true}}}";
    char *fits = text_of(400), *half = text_of(200), *over = text_of(600);
    struct play play;

    (void)state;
    play_begin(&play, definition);
    play.env.data_max = 500;
    play_start(&play, "{}");
    play_ok(&play, "S", over); /* the answer alone */
    assert_output(&play, "\"caught\"");
    play_end(&play);
    play_begin(&play, definition);
    play.env.data_max = 500;
    play_start(&play,
               "{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");
    play_ok(&play, "S", fits); /* merged into the input */
    assert_output(&play, "\"caught\"");
    play_end(&play);
    play_begin(&play, definition);
    play.env.data_max = 500;
    play_start(&play, over);
    assert_string_equal(asl_run_error(play.run), "States.DataLimitExceeded");
    play_redrive(&play); /* there is no input to go on with */
    assert_false(play.changed);
    play_end(&play);
    play_begin(&play, PASS("\"Parameters\":{\"a.$\":\"$\",\"b.$\":\"$\",\"c.$\":\"$\"}"));
    play.env.data_max = 500;
    play_start(&play, half);
    assert_string_equal(asl_run_error(play.run), "States.DataLimitExceeded");
    assert_string_equal(asl_run_cause(play.run),
                        "The state/task 'S' returned a result with a size exceeding the "
                        "maximum number of bytes service limit.");
    play_end(&play);
    free(fits);
    free(half);
    free(over);
}

static void a_loop_that_nests_its_data_ends_before_they_are_too_deep_to_read(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Parameters\":"
                      "{\"a.$\":\"$\"},\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{"
                      "\"Variable\":\"$.z\",\"IsPresent\":true,\"Next\":\"E\"}],\"Default\":\"A\"},"
                      "\"E\":{\"Type\":\"Succeed\"}}}");
    play_start(&play, "{}");
    assert_string_equal(asl_run_error(play.run), "States.DataLimitExceeded");
    play_end(&play);
}

static void numbers_come_out_as_they_went_in(void **state)
{
    static const char numbers[] = "[0,-0.5,9007199254740991,-9007199254740991,1e300,1.5e-300,0.1,"
                                  "123456789.125,3.0000000000000004,100]";
    struct play play;
    struct mr_buf text = {0};

    (void)state;
    play_begin(&play, TASK("\"ResultPath\":\"$.r\",\"OutputPath\":\"$.r\""));
    play_start(&play, "{}");
    play_ok(&play, "S", numbers);
    assert_int_equal(mr_json_print(asl_run_output(play.run), &text), MR_OK);
    assert_json(asl_run_output(play.run), numbers);
    mr_buf_release(&text);
    play_end(&play);
}

static void a_result_that_is_too_large_is_told_by_what_was_called(void **state)
{
    static const char *const called[][2] = {
        {"arn:aws:states:::lambda:invoke", "lambda"},
        {"arn:aws:lambda:us-east-1:111111111111:function:f",
         "arn:aws:lambda:us-east-1:111111111111:function:f"},
    };
    char definition[256], cause[256];
    struct play play;

    (void)state;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(
            definition, sizeof(definition),
            "{\"StartAt\":\"S\",\"States\":{\"S\":{\"Type\":\"Task\",\"Resource\":\"%s\","
            "\"End\":true}}}",
            called[i][0]);
        (void)snprintf(cause, sizeof(cause),
                       "The state/task '%s' returned a result with a size exceeding the maximum "
                       "number of bytes service limit.",
                       called[i][1]);
        play_begin(&play, definition);
        play.env.data_max = 20;
        play_start(&play, "{}");
        play_ok(&play, "S", "\"longer than twenty bytes\"");
        assert_string_equal(asl_run_cause(play.run), cause);
        play_end(&play);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_and_output_paths_choose_a_part),
        cmocka_unit_test(a_result_that_is_too_large_is_told_by_what_was_called),
        cmocka_unit_test(null_paths_give_nothing_or_discard),
        cmocka_unit_test(a_template_takes_what_its_paths_name),
        cmocka_unit_test(a_path_that_names_nothing_fails_the_run_and_says_which),
        cmocka_unit_test(a_result_lands_where_its_path_says),
        cmocka_unit_test(a_result_that_has_no_place_to_land_fails_and_can_be_caught),
        cmocka_unit_test(no_path_is_followed_in_null),
        cmocka_unit_test(a_result_selector_shapes_the_answer),
        cmocka_unit_test(the_context_object_tells_of_run_state_and_machine),
        cmocka_unit_test(ids_of_runs_of_before_are_no_arns),
        cmocka_unit_test(the_first_input_stays_in_the_context_whatever_states_do_to_it),
        cmocka_unit_test(data_over_the_limit_fail_with_a_name_that_can_be_caught),
        cmocka_unit_test(a_loop_that_nests_its_data_ends_before_they_are_too_deep_to_read),
        cmocka_unit_test(numbers_come_out_as_they_went_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
