/* jsonata_test.c -- states that speak JSONata: what they ask to have evaluated, and what they do
 * with the answers.  The evaluator is played by hand; every event is also stepped by a twin. */
#include "tests/unit/asl/play.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATA(states) "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"A\",\"States\":{" states "}}"
#define TASK_A      "\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\",\"End\":true"

/* A member of the oldest request, as text, is want. */
static void asks(struct play *play, const char *member, const char *want)
{
    cJSON *request, *item;
    char *text;

    assert_true(play->ask_count > 0);
    request = cJSON_Parse(play->asks[0].request);
    item = cJSON_GetObjectItemCaseSensitive(request, member);
    text = item ? cJSON_PrintUnformatted(item) : strdup("absent");
    assert_string_equal(text, want);
    free(text);
    cJSON_Delete(request);
}

static void a_state_without_an_expression_asks_nothing(void **state)
{
    (void)state;
    play_expect(ATA("\"A\":{\"Type\":\"Pass\",\"End\":true}"), "{\"x\":1}", "{\"x\":1}");
    play_expect(ATA("\"A\":{\"Type\":\"Pass\",\"Output\":[1,null],\"End\":true}"), "{}",
                "[1,null]");
    play_expect(ATA(TASK_A ",\"Arguments\":{\"a\":1}}"), "{}", "{\"a\":1}");
    play_expect(ATA(TASK_A ",\"TimeoutSeconds\":5,\"Output\":\" {% x %} \"}"), "{}", "\" {% x %} \"");
}

static void a_request_has_what_its_expressions_read_and_no_more(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               ATA("\"A\":{\"Type\":\"Pass\",\"Assign\":{\"v\":[1],\"w\":2},\"Next\":\"B\"},"
                   "\"B\":{\"Type\":\"Pass\",\"Output\":{\"a\":\"{% $states.input.x + $v[0] %}\","
                   "\"b\":[\"{% $sum($v) %}\"]},\"Assign\":{\"v\":\"{% $map($v, function($i) { $i "
                   "}) %}\"},"
                   "\"End\":true}"));
    play_start(&play, "{\"x\":5}");
    assert_int_equal(play.ask_count, 1);
    asks(&play, "states", "{\"input\":{\"x\":5}}");
    asks(&play, "variables", "{\"v\":[1]}");
    asks(&play, "conditions", "[]");
    asks(&play, "groups",
         "[[{\"field\":\"Output/a\",\"text\":\"$states.input.x + $v[0]\"},"
         "{\"field\":\"Output/b[0]\",\"text\":\"$sum($v)\"},"
         "{\"field\":\"Assign/v\",\"text\":\"$map($v, function($i) { $i })\"}]]");
    play_answer(&play, "{\"chosen\":0,\"values\":[6,1,[1]]}");
    assert_output(&play, "{\"a\":6,\"b\":[1]}");
    play_end(&play);
}

static void a_task_is_sent_once_its_fields_are_there(void **state)
{
    struct play play;
    struct play_task *task;

    (void)state;
    play_begin(&play, ATA(TASK_A ",\"Arguments\":{\"k\":\"{% $states.input.k %}\"},"
                                 "\"TimeoutSeconds\":\"{% 7 %}\",\"HeartbeatSeconds\":3,"
                                 "\"Output\":\"{% $states.result.r %}\"}"));
    play_start(&play, "{\"k\":\"v\"}");
    assert_int_equal(play.task_count, 0);
    play_answer(&play, "{\"chosen\":0,\"values\":[\"v\",7]}");
    task = play_task_of(&play, "A");
    assert_string_equal(task->input, "{\"k\":\"v\"}");
    assert_int_equal(task->timeout_ms, 7000);
    assert_int_equal(task->heartbeat_ms, 3000);
    play_ok(&play, "A", "{\"r\":[1]}");
    asks(&play, "states", "{\"result\":{\"r\":[1]}}");
    play_answer(&play, "{\"chosen\":0,\"values\":[[1]]}");
    assert_output(&play, "[1]");
    play_end(&play);
}

static void an_error_is_retried_and_caught_like_any_other(void **state)
{
    struct play play;

    (void)state;
    play_begin(
        &play,
        ATA(TASK_A
            ",\"Arguments\":\"{% $nope %}\",\"Retry\":[{\"ErrorEquals\":"
            "[\"States.QueryEvaluationError\"],\"MaxAttempts\":1}],\"Catch\":[{\"ErrorEquals\":"
            "[\"States.ALL\"],\"Output\":\"{% $states.errorOutput.Error %}\","
            "\"Assign\":{\"e\":\"{% $states.errorOutput %}\"},\"Next\":\"B\"}]},"
            "\"B\":{\"Type\":\"Pass\",\"End\":true}"));
    play_start(&play, "{}");
    play_answer(&play, "{\"error\":\"x\",\"cause\":\"c\",\"field\":\"Arguments\"}");
    assert_int_equal(play.ask_count, 0);
    play_next_timer(&play);
    assert_int_equal(play.asks[0].attempt, 2);
    play_answer(&play, "{\"error\":\"x\",\"cause\":\"c\",\"field\":\"Arguments\"}");
    asks(
        &play, "states",
        "{\"errorOutput\":{\"Error\":\"States.QueryEvaluationError\",\"Cause\":\"An error occurred "
        "while executing the state 'A' (entered at the event id #2). c\"}}");
    play_answer(&play, "{\"chosen\":0,\"values\":[\"E\",1]}");
    assert_output(&play, "\"E\"");
    assert_non_null(strstr(play.history.data, "EvaluationFailed"));
    play_end(&play);
}

/* A catcher whose own Output fails is not asked again. */
static void a_catcher_that_fails_fails_its_state(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               ATA(TASK_A ",\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Output\":\"{% $x %}\","
                          "\"Next\":\"B\"}]},\"B\":{\"Type\":\"Pass\",\"End\":true}"));
    play_start(&play, "{}");
    play_fail(&play, "A", "E", "c");
    play_answer(&play, "{\"error\":\"x\",\"cause\":\"no x\",\"field\":\"Output\"}");
    assert_true(play.closed);
    assert_string_equal(asl_run_error(play.run), "States.QueryEvaluationError");
    assert_non_null(strstr(asl_run_cause(play.run), "no x"));
    play_end(&play);
}

static void a_choice_asks_its_conditions_with_what_they_lead_to(void **state)
{
    static const char machine[] =
        ATA("\"A\":{\"Type\":\"Choice\",\"Choices\":[{\"Condition\":\"{% $states.input.n > 5 %}\","
            "\"Output\":\"{% 'big' %}\",\"Next\":\"B\"},{\"Condition\":false,\"Next\":\"B\"}],"
            "\"Default\":\"C\",\"Output\":\"{% 'small' %}\"},\"B\":{\"Type\":\"Succeed\"},"
            "\"C\":{\"Type\":\"Succeed\"}");
    struct play play;

    (void)state;
    for (int chosen = 0; chosen < 3; chosen++) {
        char answer[64];
        play_begin(&play, machine);
        play_start(&play, "{\"n\":9}");
        asks(&play, "conditions",
             "[{\"field\":\"Choices[0]/Condition\",\"text\":\"$states.input.n > 5\"},"
             "{\"field\":\"Choices[1]/Condition\",\"text\":\"false\"}]");
        asks(&play, "groups",
             "[[{\"field\":\"Choices[0]/Output\",\"text\":\"'big'\"}],[],[{\"field\":\"Output\",\"text\":"
             "\"'small'\"}]]");
        (void)snprintf(answer, sizeof(answer), "{\"chosen\":%d,\"values\":[%s]}", chosen,
                       chosen == 0   ? "\"big\""
                       : chosen == 2 ? "\"small\""
                                     : "");
        play_answer(&play, answer);
        assert_output(&play, chosen == 0 ? "\"big\"" : chosen == 1 ? "{\"n\":9}" : "\"small\"");
        play_end(&play);
    }
}

static void waits_and_fails_take_expressions(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               ATA("\"A\":{\"Type\":\"Wait\",\"Seconds\":\"{% 5 %}\",\"Output\":\"{% 1 "
                   "%}\",\"Next\":\"B\"},"
                   "\"B\":{\"Type\":\"Fail\",\"Error\":\"{% $states.input %}\",\"Cause\":\"c\"}"));
    play_start(&play, "{}");
    play_answer(&play, "{\"chosen\":0,\"values\":[5]}");
    assert_int_equal(play.timer_count, 1);
    play_next_timer(&play);
    play_answer(&play, "{\"chosen\":0,\"values\":[\"out\"]}");
    asks(&play, "states", "{\"input\":\"out\"}");
    play_answer(&play, "{\"chosen\":0,\"values\":[\"Mine\"]}");
    assert_string_equal(asl_run_error(play.run), "Mine");
    assert_string_equal(asl_run_cause(play.run), "c");
    play_end(&play);
}

static void a_value_of_another_type_is_told_with_its_expression(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               ATA("\"A\":{\"Type\":\"Map\",\"Items\":\"{% $states.input %}\",\"ItemProcessor\":"
                   "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\",\"End\":true}}},"
                   "\"End\":true}"));
    play_start(&play, "{}");
    play_answer(&play, "{\"chosen\":0,\"values\":[{\"a\":1}]}");
    assert_string_equal(
        asl_run_cause(play.run),
        "An error occurred while executing the state 'A' (entered at the event id #2). The JSONata "
        "expression '$states.input' specified for the field 'Items' returned an unexpected result "
        "type. Expected 'array', but was 'object' for value: {\"a\":1}");
    play_end(&play);
}

static void items_are_selected_in_one_request(void **state)
{
    struct play play;

    (void)state;
    play_begin(
        &play,
        ATA("\"A\":{\"Type\":\"Map\",\"Items\":[10,20,30],\"MaxConcurrency\":2,\"ItemSelector\":"
            "{\"i\":\"{% $states.context.Map.Item.Index %}\",\"c\":1},\"ItemProcessor\":"
            "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Task\",\"Resource\":\"millrace:"
            "noop\","
            "\"End\":true}}},\"Output\":\"{% $states.result %}\",\"End\":true}"));
    play_start(&play, "{}");
    asks(&play, "items", "{\"first\":0,\"values\":[10,20,30],\"source\":\"STATE_DATA\"}");
    assert_int_equal(play.task_count, 0);
    play_answer(&play, "{\"chosen\":0,\"values\":[[0],[1],[2]]}");
    assert_int_equal(play.task_count, 2);
    assert_string_equal(play.tasks[1].input, "{\"i\":1,\"c\":1}");
    play_ok(&play, "P", "\"a\"");
    play_ok(&play, "P", "\"b\"");
    play_ok(&play, "P", "\"c\"");
    asks(&play, "states", "{\"result\":[\"a\",\"b\",\"c\"]}");
    play_answer(&play, "{\"chosen\":0,\"values\":[3]}");
    assert_output(&play, "3");
    play_end(&play);
}

static void what_evaluates_is_not_believed(void **state)
{
    static const char *const answers[] = {"{}",
                                          "{\"values\":[1]}",
                                          "{\"chosen\":0,\"values\":[]}",
                                          "{\"chosen\":0}",
                                          "{\"chosen\":-1,\"values\":[1]}",
                                          "{\"chosen\":0,\"values\":{}}"};
    struct play play;

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        play_begin(&play, ATA("\"A\":{\"Type\":\"Pass\",\"Output\":\"{% 1 %}\",\"End\":true}"));
        play_start(&play, "{}");
        play_answer(&play, answers[i]);
        assert_string_equal(asl_run_error(play.run), "States.QueryEvaluationError");
        play_end(&play);
    }
}

static void the_first_answer_counts_and_no_other(void **state)
{
    struct asl_event event = {.kind = ASL_EVENT_EVALUATED, .seq = 1, .attempt = 1};
    struct play play;
    cJSON *answer = cJSON_Parse("{\"chosen\":0,\"values\":[9]}");

    (void)state;
    play_begin(&play, ATA(TASK_A ",\"Arguments\":\"{% 1 %}\",\"Output\":\"{% 2 %}\"}"));
    play_start(&play, "{}");
    event.data = answer;
    for (event.number = 0; event.number < 4; event.number++) {
        if (event.number == 1)
            continue;
        play_event(&play, &event);
        assert_false(play.changed);
    }
    play_answer(&play, "{\"chosen\":0,\"values\":[9]}");
    event.number = 1;
    play_event(&play, &event);
    assert_false(play.changed);
    play_ok(&play, "A", "1");
    assert_int_equal(play.asks[0].number, 2);
    play_event(&play, &event);
    assert_false(play.changed);
    play_answer(&play, "{\"chosen\":0,\"values\":[8]}");
    assert_output(&play, "8");
    play_end(&play);
    cJSON_Delete(answer);
}

static void what_is_lost_is_asked_again_as_it_was(void **state)
{
    struct asl_effects effects = {0};
    struct mr_error err;
    struct play play;

    (void)state;
    play_begin(&play, ATA(TASK_A ",\"Arguments\":\"{% $states.context.State %}\"}"));
    play_start(&play, "{\"x\":1}");
    play.now_ms += 5000;
    assert_int_equal(asl_resend(play.run, 1, 1, &play.env, &effects, &err), MR_OK);
    assert_int_equal(effects.count, 1);
    assert_int_equal(effects.items[0].kind, ASL_EFFECT_EVALUATE);
    assert_string_equal(effects.items[0].input, play.asks[0].request);
    play_answer(&play, "{\"chosen\":0,\"values\":[{\"s\":1}]}");
    assert_int_equal(asl_resend(play.run, 1, 1, &play.env, &effects, &err), MR_OK);
    assert_int_equal(effects.items[0].kind, ASL_EFFECT_TASK);
    assert_string_equal(effects.items[0].input, "{\"s\":1}");
    asl_effects_release(&effects);
    play_end(&play);
}

static void a_cancelled_run_waits_for_no_answer_and_redrive_asks_anew(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, ATA("\"A\":{\"Type\":\"Pass\",\"Output\":\"{% 1 %}\",\"End\":true}"));
    play_start(&play, "{}");
    play_cancel(&play);
    assert_int_equal(play.ask_count, 0);
    play.closed = false;
    play_redrive(&play);
    assert_int_equal(play.asks[0].seq, 2);
    play_answer(&play, "{\"chosen\":0,\"values\":[1]}");
    assert_output(&play, "1");
    play_end(&play);
}

static void invalid(const char *definition, const char *location, const char *word)
{
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_error err;
    bool found = false;

    assert_int_equal(asl_machine_parse(definition, strlen(definition), &diags, &machine, &err),
                     MR_INVALID);
    for (size_t i = 0; i < diags.count; i++)
        found |=
            strcmp(diags.items[i].location, location) == 0 && strstr(diags.items[i].message, word);
    if (!found)
        fail_msg("%s\nat %s (%s), got %s", definition, location, word, err.text);
    asl_diagnostics_release(&diags);
}

static void each_language_has_its_own_fields(void **state)
{
    static const char *const path_fields[] = {"InputPath", "OutputPath", "ResultPath", "Parameters",
                                              "Result"};
    char text[256], place[64];

    (void)state;
    for (size_t i = 0; i < sizeof(path_fields) / sizeof(path_fields[0]); i++) {
        (void)snprintf(text, sizeof(text),
                       ATA("\"A\":{\"Type\":\"Pass\",\"%s\":\"$\",\"End\":true}"), path_fields[i]);
        (void)snprintf(place, sizeof(place), "/States/A/%s", path_fields[i]);
        invalid(text, place, "query language JSONata");
    }
    invalid("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Output\":1,\"End\":true}}}",
            "/States/A/Output", "query language JSONPath");
    invalid(ATA("\"A\":{\"Type\":\"Pass\",\"QueryLanguage\":\"JSONPath\",\"End\":true}"),
            "/States/A/QueryLanguage", "can not be 'JSONPath'");
    invalid(ATA("\"A\":{\"Type\":\"Choice\",\"Choices\":[{\"Next\":\"B\"}]},\"B\":{\"Type\":"
                "\"Succeed\"}"),
            "/States/A/Choices/0", "'Condition' is required");
    invalid(ATA("\"A\":{\"Type\":\"Choice\",\"Choices\":[{\"Condition\":\"x\",\"Next\":\"B\"}]},"
                "\"B\":{\"Type\":\"Succeed\"}"),
            "/States/A/Choices/0/Condition", "JSONata expression");
    invalid(ATA("\"A\":{\"Type\":\"Pass\",\"Output\":[\"{% %}\"],\"End\":true}"),
            "/States/A/Output/0", "empty");
    invalid(ATA("\"A\":{\"Type\":\"Pass\",\"Assign\":{\"states\":1},\"End\":true}"),
            "/States/A/Assign/states", "reserved");
    invalid(ATA(TASK_A ",\"TimeoutSeconds\":\"5\"}"), "/States/A/TimeoutSeconds", "Integer");
    invalid(ATA(TASK_A ",\"Credentials\":{\"X\":1}}"), "/States/A/Credentials",
            "'RoleArn' is required");
}

static void expressions_are_listed_with_their_places(void **state)
{
    static const char text[] =
        ATA("\"A\":{\"Type\":\"Pass\",\"Output\":{\"a/b\":[0,\"{% $x %}\"]},\"End\":true}");
    const struct asl_expression *items;
    struct asl_machine *machine;
    struct mr_error err;
    size_t count;

    (void)state;
    assert_int_equal(asl_machine_parse(text, sizeof(text) - 1, NULL, &machine, &err), MR_OK);
    items = asl_machine_expressions(machine, &count);
    assert_int_equal(count, 1);
    assert_string_equal(items[0].text, "$x");
    assert_string_equal(items[0].location, "/States/A/Output/a~1b/1");
    asl_machine_unref(machine);
}

static void a_field_of_a_rule_or_a_catcher_is_named_with_it(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, ATA(TASK_A ",\"Catch\":[{\"ErrorEquals\":[\"X\"],\"Next\":\"B\"},"
                                 "{\"ErrorEquals\":[\"States.ALL\"],\"Output\":{\"v\":\"{% 1 %}\"},"
                                 "\"Assign\":{\"w\":\"{% 2 %}\"},\"Next\":\"B\"}]},"
                                 "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Condition\":"
                                 "\"{% true %}\",\"Output\":[\"{% 3 %}\"],\"Next\":\"C\"}],"
                                 "\"Output\":\"{% 4 %}\",\"Default\":\"C\"},"
                                 "\"C\":{\"Type\":\"Succeed\"}"));
    play_start(&play, "{}");
    play_fail(&play, "A", "E", "c");
    asks(&play, "groups",
         "[[{\"field\":\"Catch[1]/Output/v\",\"text\":\"1\"},"
         "{\"field\":\"Catch[1]/Assign/w\",\"text\":\"2\"}]]");
    play_answer(&play, "{\"chosen\":0,\"values\":[1,2]}");
    asks(&play, "groups",
         "[[{\"field\":\"Choices[0]/Output[0]\",\"text\":\"3\"}],"
         "[{\"field\":\"Output\",\"text\":\"4\"}]]");
    play_answer(&play, "{\"chosen\":0,\"values\":[3]}");
    assert_output(&play, "[3]");
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_without_an_expression_asks_nothing),
        cmocka_unit_test(a_request_has_what_its_expressions_read_and_no_more),
        cmocka_unit_test(a_task_is_sent_once_its_fields_are_there),
        cmocka_unit_test(an_error_is_retried_and_caught_like_any_other),
        cmocka_unit_test(a_catcher_that_fails_fails_its_state),
        cmocka_unit_test(a_field_of_a_rule_or_a_catcher_is_named_with_it),
        cmocka_unit_test(a_choice_asks_its_conditions_with_what_they_lead_to),
        cmocka_unit_test(waits_and_fails_take_expressions),
        cmocka_unit_test(a_value_of_another_type_is_told_with_its_expression),
        cmocka_unit_test(items_are_selected_in_one_request),
        cmocka_unit_test(what_evaluates_is_not_believed),
        cmocka_unit_test(the_first_answer_counts_and_no_other),
        cmocka_unit_test(what_is_lost_is_asked_again_as_it_was),
        cmocka_unit_test(a_cancelled_run_waits_for_no_answer_and_redrive_asks_anew),
        cmocka_unit_test(each_language_has_its_own_fields),
        cmocka_unit_test(expressions_are_listed_with_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
