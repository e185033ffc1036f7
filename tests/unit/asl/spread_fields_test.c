/* spread_fields_test.c -- fields of a Map in DISTRIBUTED mode that come to nothing good.  See
 * spread_test.c. */
#include "tests/unit/asl/spread_kit.h"

#include <stdio.h>
#include <string.h>

static void tolerances_that_are_no_numbers_fail_before_the_map_run(void **state)
{
    static const char *const inputs[] = {"{\"i\":[0],\"t\":{}}", "{\"i\":[0],\"t\":\"no\"}",
                                         "{\"i\":[0],\"t\":100.1}", "{\"i\":[0]}"};
    struct play play;

    (void)state;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        play_begin(&play, MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ToleratedFailurePercentagePath\":"
                                   "\"$.t\""));
        play_start(&play, inputs[i]);
        assert_string_equal(asl_run_error(play.run), "States.Runtime");
        assert_string_equal(play.history.data,
                            "ExecutionStarted,MapStateEntered,MapStateStarted,ExecutionFailed");
        play_end(&play);
    }
}

static void a_map_whose_fields_came_to_nothing_is_entered_anew_by_a_redrive(void **state)
{
    static const char *const fields[] = {
        ",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Key.$\":"
        "\"$.none\"},\"ReaderConfig\":{\"InputType\":\"JSON\"}}",
        ",\"ItemsPath\":\"$.i\",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\","
        "\"Parameters\":{\"Bucket.$\":\"$.none\"}}",
        ",\"ItemsPath\":\"$.i\",\"ItemBatcher\":{\"MaxItemsPerBatchPath\":\"$.none\"}",
        ",\"ItemsPath\":\"$.i\",\"ItemSelector\":{\"x.$\":\"$.none\"}",
    };
    char definition[1024];
    struct play play;

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        (void)snprintf(definition, sizeof definition, MAP_ONLY("%s"), fields[i]);
        play_begin(&play, definition);
        play_start(&play, "{\"i\":[1,2]}");
        assert_string_equal(asl_run_error(play.run),
                            i ? "States.Runtime" : "States.ItemReaderFailed");
        play_redrive(&play);
        assert_true(play.closed);
        assert_string_equal(asl_run_error(play.run),
                            i ? "States.Runtime" : "States.ItemReaderFailed");
        play_end(&play);
    }
}

static void a_selector_that_fails_fails_the_map(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":"
               "\"Map\",\"Items\":[1],\"ItemSelector\":{\"v\":\"{% $x %}\"},"
               "\"ItemProcessor\":" PROCESSOR ",\"End\":true}}}");
    play_start(&play, "{}");
    play_answer(&play, "{\"error\":\"States.QueryEvaluationError\",\"cause\":\"no\"}");
    assert_string_equal(asl_run_error(play.run), "States.QueryEvaluationError");
    assert_non_null(strstr(play.history.data, "MapRunFailed"));
    play_end(&play);
}

/* Its cause begins with the state, as every fault in one. */
static void assert_cause_ends(struct play *play, const char *end)
{
    const char *cause = asl_run_cause(play->run);

    if (strlen(cause) < strlen(end) || strcmp(cause + strlen(cause) - strlen(end), end) != 0)
        fail_msg("'%s' does not end in '%s'", cause, end);
}

static void a_field_that_comes_to_nothing_good_fails_before_the_map_run(void **state)
{
    static const struct {
        const char *definition, *input, *cause;
    } bad[] = {
        {MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ToleratedFailureCountPath\":\"$.n\""),
         "{\"i\":[1],\"n\":{}}",
         "The ToleratedFailureCountPath field refers to value \"{}\" which is not a valid integer: "
         "$.n"},
        {MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ToleratedFailureCountPath\":\"$.n\""),
         "{\"i\":[1],\"n\":-1}", "ToleratedFailureCount cannot be negative."},
        {MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ToleratedFailurePercentagePath\":\"$.n\""),
         "{\"i\":[1],\"n\":\"x\"}",
         "The ToleratedFailurePercentagePath field refers to value \"x\" which is not a valid "
         "float: $.n"},
        {MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ItemBatcher\":{\"MaxItemsPerBatchPath\":\"$.n\"}"),
         "{\"i\":[1]}",
         "The MaxItemsPerBatchPath parameter does not reference an input value: $.n"},
    };
    struct play play;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        play_begin(&play, bad[i].definition);
        play_start(&play, bad[i].input);
        assert_true(play.closed);
        assert_string_equal(asl_run_error(play.run), "States.Runtime");
        assert_cause_ends(&play, bad[i].cause);
        assert_string_equal(play.history.data,
                            "ExecutionStarted,MapStateEntered,MapStateStarted,ExecutionFailed");
        play_end(&play);
    }
}

/* Its run has begun, and the failure is the reader's, which can be caught. */
static void a_reader_that_comes_to_nothing_is_found_by_the_map_run(void **state)
{
    static const char *const bad[][2] = {
        {"", "The JSONPath '$.key' specified for the field 'Key.$' could not be found in the input "
             "'{\"n\":1.5}'"},
        {"\"key\":\"k\",",
         "The MaxItemsPath field refers to value \"1.5\" which is not a valid integer: $.n"},
    };
    char input[64];
    struct play play;

    (void)state;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(input, sizeof(input), "{%s\"n\":1.5}", bad[i][0]);
        play_begin(&play, MAP_ONLY(READER(",\"MaxItemsPath\":\"$.n\"")));
        play_start(&play, input);
        assert_string_equal(asl_run_error(play.run), "States.ItemReaderFailed");
        assert_cause_ends(&play, bad[i][1]);
        assert_non_null(
            strstr(play.history.data, "MapRunStarted,MapRunFailed,MapStateFailed,ExecutionFailed"));
        play_end(&play);
    }
}

static void a_reader_may_ask_for_more_items_than_there_may_be(void **state)
{
    struct play play;

    (void)state;
    for (int i = 0; i < 2; i++) {
        play_begin(&play, MAP_ONLY(READER(",\"MaxItemsPath\":\"$.n\"")));
        play_start(&play,
                   i ? "{\"key\":\"k\",\"n\":5000000000}" : "{\"key\":\"k\",\"n\":100000000}");
        assert_int_equal(play.task_count, 1);
        assert_non_null(strstr(play.tasks[0].input, "\"MaxItems\":100000000}"));
        play_end(&play);
    }
}

static void less_items_than_none_is_found_by_the_map_run(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(READER(",\"MaxItemsPath\":\"$.n\"") CATCH("States.ItemReaderFailed")));
    play_start(&play, "{\"key\":\"k\",\"n\":-1}");
    assert_output(&play,
                  "{\"Error\":\"States.ItemReaderFailed\",\"Cause\":\"field MaxItems must be "
                  "positive\"}");
    assert_non_null(strstr(play.history.data, "MapRunStarted,MapRunFailed,MapStateFailed"));
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tolerances_that_are_no_numbers_fail_before_the_map_run),
        cmocka_unit_test(a_map_whose_fields_came_to_nothing_is_entered_anew_by_a_redrive),
        cmocka_unit_test(a_selector_that_fails_fails_the_map),
        cmocka_unit_test(a_field_that_comes_to_nothing_good_fails_before_the_map_run),
        cmocka_unit_test(a_reader_that_comes_to_nothing_is_found_by_the_map_run),
        cmocka_unit_test(a_reader_may_ask_for_more_items_than_there_may_be),
        cmocka_unit_test(less_items_than_none_is_found_by_the_map_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
