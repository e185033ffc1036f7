/* variables_test.c -- what Assign names, who sees it, and how long. */
#include "tests/unit/asl/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_variable_is_there_from_the_next_state_on(void **state)
{
    (void)state;
    play_expect("{\"StartAt\":\"A\",\"States\":{"
                "\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":1,\"y\":{\"z\":[1,2]}},\"Next\":\"B\"},"
                "\"B\":{\"Type\":\"Pass\",\"Parameters\":{\"x.$\":\"$x\",\"z.$\":\"$y.z[1]\"},"
                "\"End\":true}}}",
                "{}", "{\"x\":1,\"z\":2}");
    /* the state itself still sees the old values, so two variables can change places */
    play_expect("{\"StartAt\":\"A\",\"States\":{"
                "\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":1,\"y\":2},\"Next\":\"B\"},"
                "\"B\":{\"Type\":\"Pass\",\"Assign\":{\"x.$\":\"$y\",\"y.$\":\"$x\"},"
                "\"OutputPath\":\"$x\",\"Next\":\"C\"},"
                "\"C\":{\"Type\":\"Pass\",\"Parameters\":{\"was.$\":\"$\",\"x.$\":\"$x\",\"y.$\":"
                "\"$y\"},\"End\":true}}}",
                "{}", "{\"was\":1,\"x\":2,\"y\":1}");
}

static void what_assign_sees_depends_on_the_state(void **state)
{
    (void)state;
    /* a Task: its answer, before ResultSelector */
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                "\"millrace:x.y\",\"Assign\":{\"v.$\":\"$.n\"},\"ResultSelector\":{\"k\":0},"
                "\"Next\":\"B\"},\"B\":{\"Type\":\"Succeed\",\"OutputPath\":\"$v\"}}}",
                "{\"n\":7}", "7");
    /* a Pass: its result; a Wait and a Choice: the effective input */
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Parameters\":{\"p\":1},"
                "\"Assign\":{\"a.$\":\"$.p\"},\"ResultPath\":\"$.r\",\"Next\":\"B\"},"
                "\"B\":{\"Type\":\"Wait\",\"Seconds\":1,\"InputPath\":\"$.r\",\"Assign\":{\"b.$\":"
                "\"$\"},\"Next\":\"C\"},"
                "\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$a\",\"NumericEquals\":1,"
                "\"Assign\":{\"c.$\":\"$.p\"},\"Next\":\"D\"}]},"
                "\"D\":{\"Type\":\"Pass\",\"Parameters\":{\"a.$\":\"$a\",\"b.$\":\"$b\",\"c.$\":"
                "\"$c\"},\"End\":true}}}",
                "{}", "{\"a\":1,\"b\":{\"p\":1},\"c\":1}");
    /* a Parallel: the list of its branches' outputs */
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Parallel\",\"Branches\":["
                "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Pass\",\"Result\":5,\"End\":true}"
                "}}],\"Assign\":{\"v.$\":\"$[0]\"},\"ResultPath\":null,\"Next\":\"C\"},"
                "\"C\":{\"Type\":\"Succeed\",\"OutputPath\":\"$v\"}}}",
                "{}", "5");
}

static void a_choice_assigns_by_the_rule_that_held(void **state)
{
    static const char *const definition =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Choice\",\"Choices\":["
        "{\"Variable\":\"$.n\",\"NumericEquals\":1,\"Assign\":{\"v\":\"one\"},\"Next\":\"B\"},"
        "{\"Variable\":\"$.n\",\"NumericEquals\":2,\"Next\":\"B\"}],"
        "\"Assign\":{\"v\":\"other\"},\"Default\":\"B\"},"
        "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$v\",\"IsPresent\":true,"
        "\"Next\":\"C\"}],\"Default\":\"D\"},"
        "\"C\":{\"Type\":\"Succeed\",\"OutputPath\":\"$v\"},"
        "\"D\":{\"Type\":\"Pass\",\"Result\":\"none\",\"End\":true}}}";

    (void)state;
    play_expect(definition, "{\"n\":1}", "\"one\"");
    play_expect(definition, "{\"n\":2}", "\"none\"");
    play_expect(definition, "{\"n\":3}", "\"other\"");
}

static void a_catcher_assigns_from_the_error(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                      "\"millrace:x.y\",\"Assign\":{\"v\":\"no\"},\"Catch\":[{\"ErrorEquals\":"
                      "[\"States.ALL\"],\"Assign\":{\"v.$\":\"$.Error\"},\"ResultPath\":\"$.e\","
                      "\"Next\":\"B\"}],\"End\":true},"
                      "\"B\":{\"Type\":\"Succeed\",\"OutputPath\":\"$v\"}}}");
    play_start(&play, "{}");
    play_fail(&play, "A", "Bad.Luck", "why");
    assert_output(&play, "\"Bad.Luck\"");
    play_end(&play);
}

static void an_inner_scope_sees_the_outer_one_and_not_the_other_way(void **state)
{
    (void)state;
    play_expect(
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":10},"
        "\"Next\":\"M\"},\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{\"StartAt\":\"I\","
        "\"States\":{\"I\":{\"Type\":\"Pass\",\"Assign\":{\"mine.$\":\"$\"},\"Next\":\"J\"},"
        "\"J\":{\"Type\":\"Pass\",\"Parameters\":{\"x.$\":\"$x\",\"mine.$\":\"$mine\"},"
        "\"End\":true}}},\"Next\":\"C\"},"
        "\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$mine\",\"IsPresent\":true,"
        "\"Next\":\"F\"}],\"Default\":\"S\"},"
        "\"S\":{\"Type\":\"Succeed\"},\"F\":{\"Type\":\"Fail\"}}}",
        "[1,2]", "[{\"x\":10,\"mine\":1},{\"x\":10,\"mine\":2}]");
}

static void an_inner_scope_cannot_assign_to_an_outer_name(void **state)
{
    (void)state;
    play_expect_error(
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":1}"
        ",\"Next\":\"P\"},\"P\":{\"Type\":\"Parallel\",\"Branches\":[{\"StartAt\":"
        "\"I\",\"States\":{\"I\":{\"Type\":\"Pass\",\"Assign\":{\"x\":2},\"End\":true}"
        "}}],\"End\":true}}}",
        "{}", "States.Runtime");
}

static void a_scope_that_assigns_an_outer_name_is_warned_of(void **state)
{
    static const char *const definition =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":1},\"Next\":"
        "\"P\"},"
        "\"P\":{\"Type\":\"Parallel\",\"Branches\":[{\"StartAt\":\"I\",\"States\":{\"I\":{\"Type\":"
        "\"Pass\","
        "\"Assign\":{\"y\":0,\"x\":2},\"End\":true}}},{\"StartAt\":\"J\",\"States\":{\"J\":{"
        "\"Type\":"
        "\"Pass\",\"Assign\":{\"y\":0},\"End\":true}}}],\"End\":true}}}";
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_error err;

    (void)state;
    assert_int_equal(asl_machine_parse(definition, strlen(definition), &diags, &machine, &err),
                     MR_OK);
    assert_int_equal(diags.count, 1);
    assert_int_equal(diags.items[0].severity, ASL_SEVERITY_WARNING);
    assert_string_equal(diags.items[0].code, "VARIABLE_OF_OUTER_SCOPE");
    assert_string_equal(diags.items[0].location, "/States/P/Branches/0/States/I/Assign");
    asl_machine_unref(machine);
    asl_diagnostics_release(&diags);
}

static void two_branches_may_use_one_name(void **state)
{
    (void)state;
    play_expect("{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":["
                "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":1},"
                "\"Next\":\"B\"},\"B\":{\"Type\":\"Succeed\",\"OutputPath\":\"$x\"}}},"
                "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Pass\",\"Assign\":{\"x\":2},"
                "\"Next\":\"D\"},\"D\":{\"Type\":\"Succeed\",\"OutputPath\":\"$x\"}}}],"
                "\"End\":true}}}",
                "{}", "[1,2]");
}

static void a_variable_that_nobody_assigned_is_a_runtime_error(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"InputPath\":"
                      "\"$nothing.at\",\"End\":true}}}");
    play_start(&play, "{}");
    assert_string_equal(asl_run_error(play.run), "States.Runtime");
    assert_non_null(strstr(asl_run_cause(play.run), "'nothing'"));
    play_end(&play);
}

static void a_state_that_fails_assigns_nothing(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":1}"
               ",\"Next\":\"B\"},\"B\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\","
               "\"Parameters\":{\"x.$\":\"$x\"},\"Assign\":{\"x\":2},\"OutputPath\":"
               "\"$.there\",\"Next\":\"C\"},\"C\":{\"Type\":\"Succeed\",\"OutputPath\":\"$x\"}"
               "}}");
    play_start(&play, "{}");
    play_ok(&play, "B", "{}"); /* OutputPath names nothing */
    assert_string_equal(asl_run_error(play.run), "States.Runtime");
    play_redrive(&play);
    assert_string_equal(play.tasks[0].input, "{\"x\":1}");
    play_ok(&play, "B", "{\"there\":0}");
    assert_output(&play, "2");
    play_end(&play);
}

static void variables_are_what_they_were_when_a_run_is_redriven(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":1}"
                      ",\"Next\":\"M\"},\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{\"StartAt\":"
                      "\"I\",\"States\":{\"I\":{\"Type\":\"Pass\",\"Assign\":{\"y.$\":\"$\"},"
                      "\"Next\":\"T\"},\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\","
                      "\"Parameters\":{\"x.$\":\"$x\",\"y.$\":\"$y\"},\"End\":true}}},"
                      "\"End\":true}}}");
    play_start(&play, "[5,6]");
    play_ok(&play, "T", "\"first\"");
    play_fail(&play, "T", "Bad", "luck");
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    play_redrive(&play);
    assert_int_equal(play.task_count, 1);
    assert_string_equal(play.tasks[0].input, "{\"x\":1,\"y\":6}");
    play_ok(&play, "T", "\"second\"");
    assert_output(&play, "[\"first\",\"second\"]");
    play_end(&play);
}

static void a_value_has_a_limit(void **state)
{
    static const char *const definition =
        "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:x.y\","
        "\"Assign\":{\"a.$\":\"$\",\"b.$\":\"$\"},\"ResultPath\":null,\"Catch\":[{\"ErrorEquals\":"
        "[\"States.DataLimitExceeded\"],\"Next\":\"C\"}],\"End\":true},"
        "\"C\":{\"Type\":\"Succeed\"}}}";
    struct play play;
    char answer[300];

    (void)state;
    (void)memset(answer, 'x', sizeof(answer));
    answer[0] = answer[251] = '"';
    answer[252] = '\0';
    play_begin(&play, definition);
    play.env.data_max = 300; /* one such value fits, two of one state do not */
    play_start(&play, "{}");
    play_ok(&play, "T", answer);
    assert_int_equal(asl_run_status(play.run), ASL_SUCCEEDED);
    assert_json(cJSON_GetObjectItem(asl_run_output(play.run), "Error"),
                "\"States.DataLimitExceeded\"");
    play_end(&play);
}

static void all_variables_together_have_a_limit(void **state)
{
    /* each round keeps one more copy of 200,000 bytes under another name: 10 MiB take 52 of them */
    struct play play;
    struct mr_buf definition = {0};
    char name[160];
    cJSON *input = cJSON_CreateObject();
    char *filler = calloc(1, 200001), *text;

    (void)state;
    assert_non_null(filler);
    (void)memset(filler, 'x', 200000);
    cJSON_AddStringToObject(input, "v", filler);
    text = cJSON_PrintUnformatted(input);
    mr_buf_add_str(&definition, "{\"StartAt\":\"S0\",\"States\":{");
    for (int i = 0; i < 60; i++) {
        (void)snprintf(name, sizeof(name),
                       "%s\"S%d\":{\"Type\":\"Pass\",\"Assign\":{\"v%d.$\":\"$.v\"},\"Next\":"
                       "\"S%d\"}",
                       i ? "," : "", i, i, i + 1);
        mr_buf_add_str(&definition, name);
    }
    mr_buf_add_str(&definition, ",\"S60\":{\"Type\":\"Succeed\"}}}");
    play_begin(&play, definition.data);
    play_start(&play, text);
    play_run(&play);
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_string_equal(asl_run_error(play.run), "States.DataLimitExceeded");
    assert_where(&play, "S52");
    play_end(&play);
    mr_buf_release(&definition);
    cJSON_free(text);
    free(filler);
    cJSON_Delete(input);
}

static void names_are_checked_at_creation(void **state)
{
    static const char *const bad[] = {"1x", "a-b", "a.b", "states", "", "a b"};
    char definition[256];
    struct asl_machine *machine = NULL;
    struct mr_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(definition, sizeof(definition),
                       "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"%s\":"
                       "1},\"End\":true}}}",
                       bad[i]);
        assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, &err),
                         MR_INVALID);
    }
    (void)snprintf(definition, sizeof(definition), "%s",
                   "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"x\":1,"
                   "\"x.$\":\"$\"},\"End\":true}}}");
    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, &err),
                     MR_INVALID);
    assert_non_null(strstr(err.text, "twice"));
    (void)snprintf(definition, sizeof(definition), "%s",
                   "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\",\"Assign\":{\"x\":1}"
                   "}}}");
    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, &err),
                     MR_INVALID);
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{},\"Next\":"
                "\"B\"},\"B\":{\"Type\":\"Pass\",\"Assign\":{\"\u00fcber_1\":3},\"Next\":\"C\"},"
                "\"C\":{\"Type\":\"Succeed\",\"OutputPath\":\"$\u00fcber_1\"}}}",
                "{}", "3");
}

static void result_path_does_not_write_to_variables(void **state)
{
    struct asl_machine *machine = NULL;
    struct mr_error err;
    static const char *const definition =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"ResultPath\":\"$x\",\"End\":true"
        "}}}";

    (void)state;
    assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, &err),
                     MR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_is_there_from_the_next_state_on),
        cmocka_unit_test(what_assign_sees_depends_on_the_state),
        cmocka_unit_test(a_choice_assigns_by_the_rule_that_held),
        cmocka_unit_test(a_catcher_assigns_from_the_error),
        cmocka_unit_test(an_inner_scope_sees_the_outer_one_and_not_the_other_way),
        cmocka_unit_test(an_inner_scope_cannot_assign_to_an_outer_name),
        cmocka_unit_test(a_scope_that_assigns_an_outer_name_is_warned_of),
        cmocka_unit_test(two_branches_may_use_one_name),
        cmocka_unit_test(a_variable_that_nobody_assigned_is_a_runtime_error),
        cmocka_unit_test(a_state_that_fails_assigns_nothing),
        cmocka_unit_test(variables_are_what_they_were_when_a_run_is_redriven),
        cmocka_unit_test(a_value_has_a_limit),
        cmocka_unit_test(all_variables_together_have_a_limit),
        cmocka_unit_test(names_are_checked_at_creation),
        cmocka_unit_test(result_path_does_not_write_to_variables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
