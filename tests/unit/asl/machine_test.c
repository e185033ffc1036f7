/* machine_test.c -- which definitions are refused, at which place, and in which words. */
#include "tests/unit/asl/judge.h"

#include <stdio.h>
#include <string.h>

static void bytes_that_are_no_json_object_are_refused(void **state)
{
    (void)state;
    assert_invalid("", "MISSING_DESCRIPTION", "/", "object");
    assert_invalid("{\"a\":1,}", "INVALID_JSON_DESCRIPTION", "/", "");
    assert_invalid("{\"a\":1,\"a\":2}", "INVALID_JSON_DESCRIPTION", "/", "a");
    assert_invalid("[]", SCHEMA, "/", "Object");
    assert_invalid("null", SCHEMA, "/", "Object");
}

static void the_top_wants_start_and_states_and_knows_its_fields(void **state)
{
    (void)state;
    assert_invalid("{}", SCHEMA, "/", "[StartAt, States]");
    assert_invalid("{\"StartAt\":\"S\"}", SCHEMA, "/", "[States]");
    assert_invalid("{\"StartAt\":\"S\",\"States\":{}}", SCHEMA, "/States", "at least one");
    assert_invalid("{\"StartAt\":1,\"States\":{" END "}}", SCHEMA, "/StartAt", "String");
    assert_invalid("{\"StartAt\":\"X\",\"States\":{" END "}}", TARGET, "/StartAt", "X");
    assert_invalid("{\"StartAt\":\"E\",\"Foo\":1,\"States\":{" END "}}", SCHEMA, "/Foo",
                   "not supported");
    assert_invalid("{\"StartAt\":\"E\",\"Version\":\"2.0\",\"States\":{" END "}}", SCHEMA,
                   "/Version", "1.0");
    assert_invalid("{\"StartAt\":\"E\",\"TimeoutSeconds\":0,\"States\":{" END "}}", SCHEMA,
                   "/TimeoutSeconds", "from 1 to 99999999");
    assert_invalid("{\"StartAt\":\"E\",\"QueryLanguage\":\"SQL\",\"States\":{" END "}}", SCHEMA,
                   "/QueryLanguage", "JSONPath and JSONata");
    assert_valid("{\"Comment\":\"c\",\"Version\":\"1.0\",\"QueryLanguage\":\"JSONPath\","
                 "\"TimeoutSeconds\":9,\"StartAt\":\"E\",\"States\":{" END "}}");
}

static void every_state_has_a_type_a_way_on_and_no_foreign_fields(void **state)
{
    (void)state;
    assert_invalid(ONE("{}"), SCHEMA, "/States/S", "'Type' is required");
    assert_invalid(ONE("5"), SCHEMA, "/States/S", "Object");
    assert_invalid(ONE("{\"Type\":\"Foo\"}"), SCHEMA, "/States/S/Type", "Foo");
    assert_invalid(ONE("{\"Type\":\"Pass\"}"), SCHEMA, "/States/S", "[Next, End]");
    assert_invalid(ONE("{\"Type\":\"Pass\",\"End\":false}"), SCHEMA, "/States/S", "[Next, End]");
    assert_invalid(ONE("{\"Type\":\"Pass\",\"End\":true,\"Next\":\"S\"}"), SCHEMA, "/States/S",
                   "Only one");
    assert_invalid(ONE("{\"Type\":\"Pass\",\"Next\":\"T\"}"), TARGET, "/States/S/Next", "T");
    assert_invalid(ONE("{\"Type\":\"Pass\",\"End\":\"yes\"}"), SCHEMA, "/States/S/End", "Boolean");
    assert_invalid(ONE("{\"Type\":\"Pass\",\"End\":true,\"Resource\":\"a\"}"), SCHEMA,
                   "/States/S/Resource", "Pass");
    assert_invalid(ONE("{\"Type\":\"Succeed\",\"End\":true}"), SCHEMA, "/States/S/End", "Succeed");
    assert_invalid(ONE("{\"Type\":\"Pass\",\"End\":true,\"Comment\":1}"), SCHEMA,
                   "/States/S/Comment", "String");
}

static void names_are_unique_over_nested_machines_and_of_a_decent_length(void **state)
{
    (void)state;
    assert_invalid(ONE("{\"Type\":\"Parallel\",\"End\":true,\"Branches\":[" ONE(
                       "{\"Type\":\"Succeed\"}") "]}"),
                   "DUPLICATE_STATE_NAME", "/States/S/Branches/0/States/S", "more than once");
    assert_invalid("{\"StartAt\":\"\",\"States\":{\"\":{\"Type\":\"Succeed\"}}}",
                   "INVALID_STATE_NAME", "/States/", "1 to 80");
    assert_invalid("{\"StartAt\":\"a\",\"States\":{\"a\\u0007\":{\"Type\":\"Succeed\"}}}",
                   "INVALID_STATE_NAME", "/States/a?", "control");
    assert_valid("{\"StartAt\":\"\u00e4/~ b\",\"States\":{\"\u00e4/~ b\":{\"Type\":\"Succeed\"}}}");
    assert_invalid("{\"StartAt\":\"a/~\",\"States\":{\"a/~\":{\"Type\":\"Pass\"}}}", SCHEMA,
                   "/States/a~1~0", "[Next, End]");
}

static void every_state_can_be_reached_and_every_flow_can_end(void **state)
{
    (void)state;
    assert_invalid("{\"StartAt\":\"E\",\"States\":{" END ",\"X\":{\"Type\":\"Succeed\"}}}", TARGET,
                   "/States/X", "not reachable");
    assert_invalid("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"A\"}}}",
                   "MISSING_END_STATE", "/States", "End");
    assert_valid("{\"StartAt\":\"T\",\"States\":{\"T\":{" TASK
                 ",\"Catch\":[{\"ErrorEquals\":[\"X\"],"
                 "\"Next\":\"E\"}]}," END "}}");
}

static void what_the_language_has_but_this_does_not_is_refused_and_named(void **state)
{
    (void)state;
    assert_invalid(ONE("{" TASK ",\"Parameters\":{\"a\":[{\"b.$\":\"States.UUID(1)\"}]}}"), SCHEMA,
                   "/States/S/Parameters/a/0/b.$", "intrinsic");
}

static void a_task_names_a_resource_and_sane_limits(void **state)
{
    (void)state;
    assert_invalid(ONE("{\"Type\":\"Task\",\"End\":true}"), SCHEMA, "/States/S", "Resource");
    assert_invalid(ONE("{\"Type\":\"Task\",\"Resource\":\"foo\",\"End\":true}"), "INVALID_RESOURCE",
                   "/States/S/Resource", "ARN");
    assert_invalid(ONE("{\"Type\":\"Task\",\"Resource\":\"arn:aws:lambda\",\"End\":true}"),
                   "INVALID_RESOURCE", "/States/S/Resource", "ARN");
    assert_invalid(ONE("{" TASK ",\"TimeoutSeconds\":1.5}"), SCHEMA, "/States/S/TimeoutSeconds",
                   "Integer");
    assert_valid(ONE("{" TASK ",\"TimeoutSeconds\":5,\"HeartbeatSeconds\":5}"));
    assert_invalid(ONE("{" TASK ",\"TimeoutSeconds\":5,\"TimeoutSecondsPath\":\"$.a\"}"), SCHEMA,
                   "/States/S", "Only one");
    assert_valid(ONE("{" TASK ",\"TimeoutSecondsPath\":\"$.a\",\"HeartbeatSeconds\":3}"));
    assert_valid(ONE("{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::aws-sdk:s3:getObject\","
                     "\"End\":true}"));
}

static void a_resource_is_millraces_own_or_an_arn_that_names_something(void **state)
{
    static const char *const good[] = {
        "millrace:noop",
        "millrace:job.start.sync:2",
        "arn:aws:lambda:your-region:your-account-id:function:F",
        "arn:aws-us-gov:lambda:r:1:function:F:$LATEST",
        "arn:aws:states:r:1:activity:A",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::aws-sdk:dynamodb:query",
        "arn:aws:batch:r:1:job-queue/q",
    };
    static const char *const bad[] = {
        "millrace:",
        "lambda:F",
        "arn:aws:lambda",
        "arn:aws:lambda:r:1:layer:L",
        "arn:aws:lambda:r:1:function:",
        "arn:aws:states:::activity:A",
        "arn:aws:states:::sqs",
        "arn:aws:states:::aws-sdk:sqs",
        "arn::lambda:r:1:function:F",
        "arn:aws::r:1:x",
        "arn:aws:states:::sqs:send message",
        "arn:aws:states:::sqs:sendMessage.async",
        "arn:aws:states:::states:startExecution.sync:3",
        "arn:aws:states:::aws-sdk:s3:getObject.waitForToken",
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(text, sizeof text,
                       ONE("{\"Type\":\"Task\",\"Resource\":\"%s\",\"End\":true}"), good[i]);
        assert_valid(text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text,
                       ONE("{\"Type\":\"Task\",\"Resource\":\"%s\",\"End\":true}"), bad[i]);
        assert_invalid(text, "INVALID_RESOURCE", "/States/S/Resource", "");
    }
}

static void paths_and_templates_are_checked_where_they_stand(void **state)
{
    (void)state;
    assert_invalid(ONE("{" TASK ",\"InputPath\":5}"), SCHEMA, "/States/S/InputPath", "or null");
    assert_invalid(ONE("{" TASK ",\"OutputPath\":\"a\"}"), SCHEMA, "/States/S/OutputPath", "'$'");
    assert_invalid(ONE("{" TASK ",\"ResultPath\":\"$$.a\"}"), SCHEMA, "/States/S/ResultPath",
                   "context");
    assert_invalid(ONE("{" TASK ",\"Parameters\":5}"), SCHEMA, "/States/S/Parameters", "Object");
    assert_invalid(ONE("{" TASK ",\"Parameters\":{\"a.$\":5}}"), SCHEMA, "/States/S/Parameters/a.$",
                   "a.$");
    assert_invalid(ONE("{" TASK ",\"Parameters\":{\"a.$\":\"$.x\",\"a\":1}}"), SCHEMA,
                   "/States/S/Parameters", "same field");
    assert_valid(ONE("{" TASK ",\"InputPath\":null,\"OutputPath\":null,\"ResultPath\":null}"));
}

static void retry_and_catch_are_checked(void **state)
{
    (void)state;
    assert_invalid(ONE("{" TASK ",\"Retry\":{}}"), SCHEMA, "/States/S/Retry", "Array");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{}]}"), SCHEMA, "/States/S/Retry/0", "ErrorEquals");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[]}]}"), SCHEMA,
                   "/States/S/Retry/0/ErrorEquals", "at least one");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"A\"],\"BackoffRate\":0.5}]}"),
                   SCHEMA, "/States/S/Retry/0/BackoffRate", "1.0");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"A\"],\"IntervalSeconds\":0}]}"),
                   SCHEMA, "/States/S/Retry/0/IntervalSeconds", "range");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"A\"],\"MaxAttempts\":-1}]}"),
                   SCHEMA, "/States/S/Retry/0/MaxAttempts", "range");
    assert_invalid(
        ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"A\"],\"JitterStrategy\":\"SOME\"}]}"), SCHEMA,
        "/States/S/Retry/0/JitterStrategy", "FULL");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"A\"],\"Foo\":1}]}"), SCHEMA,
                   "/States/S/Retry/0/Foo", "not supported");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]},"
                       "{\"ErrorEquals\":[\"A\"]}]}"),
                   SCHEMA, "/States/S/Retry/0/ErrorEquals", "last");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"A\",\"States.ALL\"]}]}"), SCHEMA,
                   "/States/S/Retry/0/ErrorEquals", "alone");
    assert_invalid(ONE("{" TASK ",\"Catch\":[{\"ErrorEquals\":[\"A\"]}]}"), SCHEMA,
                   "/States/S/Catch/0", "Next");
    assert_invalid(ONE("{" TASK ",\"Catch\":[{\"ErrorEquals\":[\"A\"],\"Next\":\"X\"}]}"), TARGET,
                   "/States/S/Catch/0/Next", "X");
    assert_invalid(ONE("{" TASK ",\"Catch\":[{\"ErrorEquals\":[\"A\"],\"Next\":\"S\","
                       "\"Assign\":[]}]}"),
                   SCHEMA, "/States/S/Catch/0/Assign", "Object");
    assert_invalid(ONE("{\"Type\":\"Pass\",\"End\":true,\"Retry\":[]}"), SCHEMA, "/States/S/Retry",
                   "Pass");
}

static void choice_rules_have_one_of_their_forms(void **state)
{
    (void)state;
    assert_invalid(ONE("{\"Type\":\"Choice\"}"), SCHEMA, "/States/S", "Choices");
    assert_invalid(RULE("5"), SCHEMA, "/States/C/Choices/0", "Object");
    assert_invalid(RULE("{\"Next\":\"E\"}"), SCHEMA, "/States/C/Choices/0", "And, Or, Not");
    assert_invalid(RULE("{\"Variable\":\"$.a\",\"IsNull\":true}"), SCHEMA, "/States/C/Choices/0",
                   "'Next' is required");
    assert_invalid(RULE("{\"IsNull\":true,\"Next\":\"E\"}"), SCHEMA, "/States/C/Choices/0",
                   "Variable");
    assert_invalid(RULE("{\"Variable\":\"$.a\",\"IsNull\":1,\"Next\":\"E\"}"), SCHEMA,
                   "/States/C/Choices/0/IsNull", "Boolean");
    assert_invalid(RULE("{\"Variable\":\"$.a\",\"NumericEquals\":\"1\",\"Next\":\"E\"}"), SCHEMA,
                   "/States/C/Choices/0/NumericEquals", "Number");
    assert_invalid(RULE("{\"Variable\":\"$.a\",\"StringEqualsPath\":\"b\",\"Next\":\"E\"}"), SCHEMA,
                   "/States/C/Choices/0/StringEqualsPath", "'$'");
    assert_invalid(RULE("{\"Variable\":\"$.a\",\"TimestampEquals\":\"b\",\"Next\":\"E\"}"), SCHEMA,
                   "/States/C/Choices/0/TimestampEquals", "RFC3339");
    assert_invalid(RULE("{\"Variable\":\"$.a\",\"IsNull\":true,\"IsString\":true,\"Next\":\"E\"}"),
                   SCHEMA, "/States/C/Choices/0", "Only one");
    assert_invalid(RULE("{\"Variable\":\"$.a\",\"Equals\":true,\"Next\":\"E\"}"), SCHEMA,
                   "/States/C/Choices/0/Equals", "not supported");
    assert_invalid(RULE("{\"And\":[],\"Next\":\"E\"}"), SCHEMA, "/States/C/Choices/0/And",
                   "at least one");
    assert_invalid(RULE("{\"And\":[{\"Variable\":\"$.a\",\"IsNull\":true,\"Next\":\"E\"}],"
                        "\"Next\":\"E\"}"),
                   SCHEMA, "/States/C/Choices/0/And/0/Next", "top");
    assert_invalid(RULE("{\"Not\":{\"Variable\":\"$.a\"},\"Next\":\"E\"}"), SCHEMA,
                   "/States/C/Choices/0/Not", "comparison");
    assert_invalid(RULE("{\"Condition\":\"{% true %}\",\"Next\":\"E\"}"), SCHEMA,
                   "/States/C/Choices/0/Condition", "not supported");
    assert_invalid(RULE("{\"Variable\":\"$.a\",\"IsNull\":true,\"Next\":\"X\"}"), TARGET,
                   "/States/C/Choices/0/Next", "X");
}

static void waits_fails_and_forks_have_what_they_need(void **state)
{
    (void)state;
    assert_invalid(ONE("{\"Type\":\"Wait\",\"End\":true}"), SCHEMA, "/States/S", "Exactly one");
    assert_invalid(ONE("{\"Type\":\"Wait\",\"Seconds\":1,\"SecondsPath\":\"$.a\",\"End\":true}"),
                   SCHEMA, "/States/S", "Exactly one");
    assert_invalid(ONE("{\"Type\":\"Wait\",\"Seconds\":-1,\"End\":true}"), SCHEMA,
                   "/States/S/Seconds", "range");
    assert_invalid(ONE("{\"Type\":\"Wait\",\"Timestamp\":\"now\",\"End\":true}"), SCHEMA,
                   "/States/S/Timestamp", "RFC3339");
    assert_invalid(ONE("{\"Type\":\"Fail\",\"Error\":\"a\",\"ErrorPath\":\"$.a\"}"), SCHEMA,
                   "/States/S", "Only one");
    assert_invalid(ONE("{\"Type\":\"Parallel\",\"End\":true}"), SCHEMA, "/States/S", "Branches");
    assert_invalid(ONE("{\"Type\":\"Parallel\",\"End\":true,\"Branches\":[{}]}"), SCHEMA,
                   "/States/S/Branches/0", "[StartAt, States]");
    assert_invalid(ONE("{\"Type\":\"Parallel\",\"End\":true,\"Branches\":[{\"StartAt\":\"E\","
                       "\"TimeoutSeconds\":1,\"States\":{" END "}}]}"),
                   SCHEMA, "/States/S/Branches/0/TimeoutSeconds", "not supported");
    assert_invalid(ONE("{\"Type\":\"Map\",\"End\":true}"), SCHEMA, "/States/S", "ItemProcessor");
    assert_invalid(ONE("{\"Type\":\"Map\",\"End\":true,\"Iterator\":{\"StartAt\":\"E\",\"States\":{"
                       "\"E\":{\"Type\":\"Succeed\"},\"X\":{\"Type\":\"Succeed\"}}}}"),
                   TARGET, "/States/S/Iterator/States/X", "not reachable");
    assert_invalid(ONE("{\"Type\":\"Map\",\"End\":true,\"MaxConcurrency\":-1,\"Iterator\":{"
                       "\"StartAt\":\"E\",\"States\":{" END "}}}"),
                   SCHEMA, "/States/S/MaxConcurrency", "range");
}

static void all_faults_are_told_at_once_but_not_without_end(void **state)
{
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine;
    struct mr_buf text = {0}, json = {0};
    struct mr_error err;

    (void)state;
    mr_buf_add_str(&text, "{\"StartAt\":\"S\",\"States\":{\"S\":{\"Type\":\"Pass\"");
    for (int i = 0; i < 150; i++)
        mr_buf_addf(&text, ",\"f%d\":1", i);
    mr_buf_add_str(&text, "}}}");
    assert_int_equal(asl_machine_parse(text.data, text.len, &diags, &machine, &err), MR_INVALID);
    assert_int_equal(diags.errors, 151);
    assert_int_equal(diags.count, ASL_DIAGNOSTICS_MAX);
    assert_int_equal(asl_diagnostics_print(&diags, &json), MR_OK);
    assert_non_null(strstr(json.data, "{\"result\":\"FAIL\",\"diagnostics\":[{\"code\":"
                                      "\"SCHEMA_VALIDATION_FAILED\",\"severity\":\"ERROR\","
                                      "\"location\":\"/States/S/f0\",\"message\":"));
    asl_diagnostics_release(&diags);
    mr_buf_reset(&json);
    assert_int_equal(asl_diagnostics_print(&diags, &json), MR_OK);
    assert_string_equal(json.data, "{\"result\":\"OK\",\"diagnostics\":[]}");
    mr_buf_release(&json);
    mr_buf_release(&text);
}

static void a_machine_counts_its_states_nested_ones_too(void **state)
{
    static const char text[] =
        "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
        "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":"
        "{\"StartAt\":\"E\",\"States\":{" END "}}}}},"
        "{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Succeed\"}}}]}}}";
    struct asl_machine *machine;
    struct mr_error err;

    (void)state;
    assert_int_equal(asl_machine_parse(text, strlen(text), NULL, &machine, &err), MR_OK);
    assert_int_equal(asl_machine_states(machine), 4);
    assert_true(asl_machine_bytes(machine) > strlen(text));
    assert_ptr_equal(asl_machine_ref(machine), machine);
    asl_machine_unref(machine);
    assert_int_equal(asl_machine_states(machine), 4);
    asl_machine_unref(machine);
    asl_machine_unref(NULL);
}

static void it_is_told_which_states_read_which_variables(void **state)
{
    static const char text[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"b\":1,\"a\":2},"
        "\"Next\":\"B\"},\"B\":{\"Type\":\"Pass\",\"InputPath\":\"$b\",\"Parameters\":{\"x.$\":"
        "\"$a\",\"y.$\":\"$b\",\"z.$\":\"$.b\"},\"End\":true}}}";
    struct asl_machine *machine;
    struct mr_buf said = {0};
    struct mr_error err;

    (void)state;
    assert_int_equal(asl_machine_parse(text, strlen(text), NULL, &machine, &err), MR_OK);
    assert_int_equal(asl_references_print(machine, &said), MR_OK);
    assert_string_equal(said.data, "{\"B\":[\"a\",\"b\"]}");
    mr_buf_release(&said);
    asl_machine_unref(machine);
}

static void an_express_machine_has_no_tasks_that_outlive_it(void **state)
{
    static const char *const resources[] = {"arn:aws:states:::states:startExecution.sync:2",
                                            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                                            "arn:aws:states:us-east-1:1:activity:a"};
    const struct asl_parse_options options = {.express = true};
    struct asl_machine *machine;
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        struct asl_diagnostics diags = {0};
        (void)snprintf(
            text, sizeof(text),
            "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"%s\","
            "\"End\":true}}}",
            resources[i]);
        assert_int_equal(asl_machine_parse(text, strlen(text), NULL, &machine, NULL), MR_OK);
        asl_machine_unref(machine);
        assert_int_equal(asl_machine_parse_as(text, strlen(text), &options, &diags, &machine, NULL),
                         MR_INVALID);
        assert_string_equal(diags.items[0].location, "/States/A/Resource");
        assert_non_null(strstr(diags.items[0].message, "Express"));
        asl_diagnostics_release(&diags);
    }
}

static void a_word_that_is_nearly_right_is_told_the_right_one(void **state)
{
    (void)state;
    assert_invalid(ONE("{" TASK ",\"TimeoutSecond\":5}"), SCHEMA, "/States/S/TimeoutSecond",
                   "Field 'TimeoutSecond' is not supported in a Task state: did you mean "
                   "'TimeoutSeconds'?");
    assert_invalid(ONE("{" TASK ",\"retry\":[]}"), SCHEMA, "/States/S/retry", "mean 'Retry'?");
    assert_invalid(ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"E\"],\"MaxAttempt\":1}]}"), SCHEMA,
                   "/States/S/Retry/0/MaxAttempt", "mean 'MaxAttempts'?");
    assert_invalid("{\"StartAt\":\"end\",\"States\":{\"End\":{\"Type\":\"Succeed\"}}}", TARGET,
                   "/StartAt", "mean 'End'?");
    assert_invalid("{\"StartAt\":\"Foo\",\"States\":{\"Foo\":{\"Type\":\"Pass\",\"Next\":\"Dnoe\"},"
                   "\"Done\":{\"Type\":\"Succeed\"}}}",
                   TARGET, "/States/Foo/Next", "Missing 'Next' target: Dnoe: did you mean 'Done'?");
    assert_invalid(ONE("{" TASK ",\"Arguments\":{}}"), SCHEMA, "/States/S/Arguments",
                   "JSONPath: there it is Parameters");
    assert_invalid(ONE("{" TASK ",\"QueryLanguage\":\"JSONata\",\"TimeoutSecondsPath\":\"$.a\"}"),
                   SCHEMA, "/States/S/TimeoutSecondsPath", "without Path, with an expression");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_no_json_object_are_refused),
        cmocka_unit_test(the_top_wants_start_and_states_and_knows_its_fields),
        cmocka_unit_test(every_state_has_a_type_a_way_on_and_no_foreign_fields),
        cmocka_unit_test(names_are_unique_over_nested_machines_and_of_a_decent_length),
        cmocka_unit_test(every_state_can_be_reached_and_every_flow_can_end),
        cmocka_unit_test(what_the_language_has_but_this_does_not_is_refused_and_named),
        cmocka_unit_test(a_task_names_a_resource_and_sane_limits),
        cmocka_unit_test(a_resource_is_millraces_own_or_an_arn_that_names_something),
        cmocka_unit_test(paths_and_templates_are_checked_where_they_stand),
        cmocka_unit_test(retry_and_catch_are_checked),
        cmocka_unit_test(choice_rules_have_one_of_their_forms),
        cmocka_unit_test(waits_fails_and_forks_have_what_they_need),
        cmocka_unit_test(a_word_that_is_nearly_right_is_told_the_right_one),
        cmocka_unit_test(all_faults_are_told_at_once_but_not_without_end),
        cmocka_unit_test(a_machine_counts_its_states_nested_ones_too),
        cmocka_unit_test(it_is_told_which_states_read_which_variables),
        cmocka_unit_test(an_express_machine_has_no_tasks_that_outlive_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
