/* context_test.c -- $$, the context object: what a state sees of its run beyond what data_test.c
 * shows. */
#include "tests/unit/asl/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *member(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    if (!item)
        fail_msg("there is no %s", name);
    return item;
}

static void a_redrive_is_counted_and_dated(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                      "\"millrace:x.y\",\"Parameters\":{\"e.$\":\"$$.Execution\"},\"End\":true}}}");
    play_start(&play, "{}");
    play_fail(&play, "A", "E", "c");
    play.now_ms = 61000;
    play_redrive(&play);
    assert_non_null(strstr(play.tasks[0].input,
                           "\"RedriveCount\":1,\"RedriveTime\":\"1970-01-01T00:01:01.000Z\""));
    play_end(&play);
}

static void the_token_is_there_for_tasks_that_are_waited_for(void **state)
{
    (void)state;
    play_expect_error("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                      "\"millrace:x.y\",\"Parameters\":{\"t.$\":\"$$.Task.Token\"},\"End\":true}}}",
                      "{}", "States.Runtime");
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                "\"millrace:x.y.waitForTaskToken\",\"Parameters\":{\"t.$\":\"$$.Task.Token\"},"
                "\"End\":true}}}",
                "{}", "{\"t\":\"token-1-1\"}");
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                "\"millrace:x.y.sync\",\"Parameters\":{\"t.$\":\"$$.Task.Token\"},\"End\":true}}}",
                "{}", "{\"t\":\"token-1-1\"}");
}

static void an_item_is_seen_by_its_selector_and_by_the_states_below(void **state)
{
    (void)state;
    play_expect("{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemSelector\":{\"i.$\":"
                "\"$$.Map.Item.Index\",\"v.$\":\"$$.Map.Item.Value\",\"s.$\":"
                "\"$$.Map.Item.Source\"},\"ItemProcessor\":{\"StartAt\":\"P\",\"States\":{\"P\":{"
                "\"Type\":\"Pass\",\"Parameters\":{\"in.$\":\"$\",\"i.$\":\"$$.Map.Item.Index\"},"
                "\"End\":true}}},\"End\":true}}}",
                "[\"a\",\"b\"]",
                "[{\"in\":{\"i\":0,\"v\":\"a\",\"s\":\"STATE_DATA\"},\"i\":0},"
                "{\"in\":{\"i\":1,\"v\":\"b\",\"s\":\"STATE_DATA\"},\"i\":1}]");
}

static void times_are_those_of_the_events(void **state)
{
    struct play play;
    const cJSON *output;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Wait\",\"Seconds\":60,"
                      "\"Next\":\"B\"},\"B\":{\"Type\":\"Pass\",\"Parameters\":{\"s.$\":"
                      "\"$$.Execution.StartTime\",\"e.$\":\"$$.State.EnteredTime\"},\"End\":true}}"
                      "}");
    play_start(&play, "{}");
    play_next_timer(&play);
    output = asl_run_output(play.run);
    assert_json(member(output, "s"), "\"1970-01-01T00:00:01.000Z\"");
    assert_json(member(output, "e"), "\"1970-01-01T00:01:01.000Z\"");
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redrive_is_counted_and_dated),
        cmocka_unit_test(the_token_is_there_for_tasks_that_are_waited_for),
        cmocka_unit_test(an_item_is_seen_by_its_selector_and_by_the_states_below),
        cmocka_unit_test(times_are_those_of_the_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
