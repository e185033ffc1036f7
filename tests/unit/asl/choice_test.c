/* choice_test.c -- all 39 operators, And, Or, Not. */
#include "tests/unit/asl/play.h"

#include "orchestrator/asl/choice.h"

#include <stdio.h>
#include <string.h>

/* Whether rule (without its Next) holds for input. */
static bool holds(const char *rule, const char *input)
{
    struct play play;
    struct mr_buf text = {0};
    bool answer;

    mr_buf_addf(&text,
                "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{%s,"
                "\"Next\":\"Y\"}],\"Default\":\"N\"},\"Y\":{\"Type\":\"Pass\",\"Result\":true,"
                "\"End\":true},\"N\":{\"Type\":\"Pass\",\"Result\":false,\"End\":true}}}",
                rule);
    play_begin(&play, text.data);
    play_start(&play, input);
    if (asl_run_status(play.run) != ASL_SUCCEEDED)
        fail_msg("%s on %s: %s", rule, input, asl_run_cause(play.run));
    answer = cJSON_IsTrue(asl_run_output(play.run));
    play_end(&play);
    mr_buf_release(&text);
    return answer;
}

/* Tests one comparison with its operand written down, and through a path. */
static void check(const char *type, const char *op, const char *value, const char *operand,
                  bool expected)
{
    char rule[256], input[256];

    (void)snprintf(rule, sizeof(rule), "\"Variable\":\"$.v\",\"%s%s\":%s", type, op, operand);
    (void)snprintf(input, sizeof(input), "{\"v\":%s,\"o\":%s}", value, operand);
    if (holds(rule, input) != expected)
        fail_msg("%s on %s is not %d", rule, input, expected);
    (void)snprintf(rule, sizeof(rule), "\"Variable\":\"$.v\",\"%s%sPath\":\"$.o\"", type, op);
    if (holds(rule, input) != expected)
        fail_msg("%s on %s is not %d", rule, input, expected);
}

static void check_order(const char *type, const char *less, const char *more)
{
    check(type, "Equals", less, less, true);
    check(type, "Equals", less, more, false);
    check(type, "LessThan", less, more, true);
    check(type, "LessThan", less, less, false);
    check(type, "GreaterThan", more, less, true);
    check(type, "GreaterThan", less, less, false);
    check(type, "LessThanEquals", less, less, true);
    check(type, "LessThanEquals", more, less, false);
    check(type, "GreaterThanEquals", less, less, true);
    check(type, "GreaterThanEquals", less, more, false);
}

static void strings_numbers_and_times_are_compared(void **state)
{
    (void)state;
    check_order("String", "\"a\"", "\"ab\"");
    check_order("String", "\"B\"", "\"a\"");
    check_order("Numeric", "-1", "0.5");
    check_order("Numeric", "2", "10");
    check_order("Timestamp", "\"2026-01-01T00:00:00Z\"", "\"2026-01-01T00:00:00.001Z\"");
    check("Timestamp", "Equals", "\"2026-01-01T02:00:00+02:00\"", "\"2026-01-01T00:00:00Z\"", true);
    check("Boolean", "Equals", "true", "true", true);
    check("Boolean", "Equals", "false", "true", false);
}

static void a_value_of_another_type_is_a_no_and_no_error(void **state)
{
    static const char *const values[] = {"null", "[]", "{}", "true", "7", "\"x\""};

    (void)state;
    for (int i = 0; i < 6; i++) {
        if (i != 5)
            check("String", "GreaterThanEquals", values[i], "\"x\"", false);
        if (i != 4)
            check("Numeric", "LessThanEquals", values[i], "7", false);
        if (i != 3)
            check("Boolean", "Equals", values[i], "true", false);
        check("Timestamp", "Equals", values[i], "\"2026-01-01T00:00:00Z\"", false);
    }
}

static void types_are_told_apart_both_ways(void **state)
{
    static const struct {
        const char *name, *yes;
    } tests[] = {
        {"IsNull", "null"},
        {"IsNumeric", "-1.5"},
        {"IsString", "\"\""},
        {"IsBoolean", "false"},
        {"IsTimestamp", "\"2026-01-01T00:00:00Z\""},
        {"IsPresent", "null"},
    };
    char rule[128], input[128];

    (void)state;
    for (int i = 0; i < 6; i++) {
        for (int wanted = 0; wanted < 2; wanted++) {
            (void)snprintf(rule, sizeof(rule), "\"Variable\":\"$.v\",\"%s\":%s", tests[i].name,
                           wanted ? "true" : "false");
            (void)snprintf(input, sizeof(input), "{\"v\":%s}", tests[i].yes);
            assert_int_equal(holds(rule, input), wanted);
            assert_int_equal(holds(rule, i == 5 ? "{}" : "{\"v\":[]}"), !wanted);
        }
    }
}

static void a_pattern_is_matched(void **state)
{
    (void)state;
    assert_true(holds("\"Variable\":\"$.v\",\"StringMatches\":\"*.jp*g\"", "{\"v\":\"a.jpeg\"}"));
    assert_false(holds("\"Variable\":\"$.v\",\"StringMatches\":\"*.png\"", "{\"v\":\"a.jpeg\"}"));
    assert_false(holds("\"Variable\":\"$.v\",\"StringMatches\":\"*\"", "{\"v\":5}"));
}

static void and_or_not_combine_and_stop_early(void **state)
{
    static const char present[] = "{\"Variable\":\"$.a\",\"IsPresent\":true}";
    static const char above[] = "{\"Variable\":\"$.a\",\"NumericGreaterThan\":5}";
    char rule[512];

    (void)state;
    (void)snprintf(rule, sizeof(rule), "\"And\":[%s,%s]", present, above);
    assert_true(holds(rule, "{\"a\":6}"));
    assert_false(holds(rule, "{\"a\":5}"));
    assert_false(holds(rule, "{}")); /* the second would have failed the run */
    (void)snprintf(rule, sizeof(rule), "\"Or\":[{\"Not\":%s},%s]", present, above);
    assert_true(holds(rule, "{\"a\":6}"));
    assert_true(holds(rule, "{}"));
    assert_false(holds(rule, "{\"a\":1}"));
    (void)snprintf(rule, sizeof(rule), "\"Not\":{\"And\":[%s,{\"Or\":[%s]}]}", present, above);
    assert_true(holds(rule, "{\"a\":5}"));
    assert_false(holds(rule, "{\"a\":6}"));
}

#define CHOICE(rule, rest)                                                                         \
    "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{" rule                \
    ",\"Next\":\"Y\"}]" rest "},\"Y\":{\"Type\":\"Succeed\"}}}"

static void a_missing_variable_or_operand_fails_the_run(void **state)
{
    (void)state;
    play_expect_error(CHOICE("\"Variable\":\"$.v\",\"IsNull\":true", ""), "{}", "States.Runtime");
    play_expect_error(CHOICE("\"Variable\":\"$.v\",\"StringEqualsPath\":\"$.o\"", ""),
                      "{\"v\":\"\"}", "States.Runtime");
}

static void no_rule_and_no_default_fails_the_run(void **state)
{
    (void)state;
    play_expect_error(CHOICE("\"Variable\":\"$.v\",\"IsNull\":true", ""), "{\"v\":1}",
                      "States.NoChoiceMatched");
}

static void the_first_rule_that_holds_decides_and_data_are_filtered(void **state)
{
    (void)state;
    play_expect("{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"InputPath\":\"$.in\","
                "\"OutputPath\":\"$.out\",\"Choices\":[{\"Variable\":\"$.n\",\"NumericEquals\":1,"
                "\"Next\":\"A\"},{\"Variable\":\"$$.Execution.Input.in.n\",\"NumericEquals\":1,"
                "\"Next\":\"B\"}]},\"A\":{\"Type\":\"Pass\",\"Result\":\"first\",\"ResultPath\":"
                "\"$.r\",\"End\":true},\"B\":{\"Type\":\"Succeed\"}}}",
                "{\"in\":{\"n\":1,\"out\":{\"x\":1}}}", "{\"x\":1,\"r\":\"first\"}");
}

static void there_are_39_operators(void **state)
{
    static const char *const types[] = {"String", "Numeric", "Timestamp"};
    static const char *const tests[] = {"Equals",         "LessThan",          "GreaterThan",
                                        "LessThanEquals", "GreaterThanEquals", NULL};
    char name[64];

    (void)state;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; tests[j]; j++) {
            (void)snprintf(name, sizeof(name), "%s%s", types[i], tests[j]);
            assert_false(asl_operator_find(name)->path);
            (void)snprintf(name, sizeof(name), "%s%sPath", types[i], tests[j]);
            assert_true(asl_operator_find(name)->path);
        }
    }
    assert_non_null(asl_operator_find("BooleanEqualsPath"));
    assert_null(asl_operator_find("BooleanLessThan"));
    assert_null(asl_operator_find("StringMatchesPath"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_numbers_and_times_are_compared),
        cmocka_unit_test(a_value_of_another_type_is_a_no_and_no_error),
        cmocka_unit_test(types_are_told_apart_both_ways),
        cmocka_unit_test(a_pattern_is_matched),
        cmocka_unit_test(and_or_not_combine_and_stop_early),
        cmocka_unit_test(a_missing_variable_or_operand_fails_the_run),
        cmocka_unit_test(no_rule_and_no_default_fails_the_run),
        cmocka_unit_test(the_first_rule_that_holds_decides_and_data_are_filtered),
        cmocka_unit_test(there_are_39_operators),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
