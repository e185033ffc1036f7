/* states_test.c -- every type of state on its own. */
#include "tests/unit/asl/play.h"

#include <stdio.h>
#include <string.h>

#define ONE(state) "{\"StartAt\":\"S\",\"States\":{\"S\":" state "}}"
#define TASK       "\"Type\":\"Task\",\"Resource\":\"millrace:image.render\""

static void a_pass_hands_its_input_on(void **state)
{
    (void)state;
    play_expect(ONE("{\"Type\":\"Pass\",\"End\":true}"), "{\"a\":[1,2.5,\"x\",null]}",
                "{\"a\":[1,2.5,\"x\",null]}");
}

static void a_pass_with_a_result_hands_on_that_unevaluated(void **state)
{
    (void)state;
    play_expect(ONE("{\"Type\":\"Pass\",\"Result\":{\"a.$\":\"$.b\"},\"End\":true}"), "{\"b\":1}",
                "{\"a.$\":\"$.b\"}");
}

static void two_runs_of_one_machine_do_not_share_what_they_change(void **state)
{
    static const char definition[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":{\"n\":1},\"Next\":"
        "\"B\"},"
        "\"B\":{\"Type\":\"Pass\",\"Result\":2,\"ResultPath\":\"$.m\",\"Next\":\"C\"},"
        "\"C\":{\"Type\":\"Pass\",\"Result\":3,\"ResultPath\":\"$.o\",\"End\":true}}}";
    (void)state;
    play_expect(definition, "{}", "{\"n\":1,\"m\":2,\"o\":3}");
    play_expect(definition, "{}", "{\"n\":1,\"m\":2,\"o\":3}");
}

static void a_task_goes_out_with_its_input_and_its_answer_is_the_output(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, ONE("{" TASK ",\"TimeoutSeconds\":60,\"HeartbeatSeconds\":5,\"End\":true}"));
    play_start(&play, "{\"key\":\"in/1\"}");
    assert_int_equal(play.task_count, 1);
    assert_string_equal(play.tasks[0].resource, "millrace:image.render");
    assert_string_equal(play.tasks[0].state, "S");
    assert_string_equal(play.tasks[0].input, "{\"key\":\"in/1\"}");
    assert_int_equal(play.tasks[0].entry, 1);
    assert_int_equal(play.tasks[0].timeout_ms, 60000);
    assert_int_equal(play.tasks[0].heartbeat_ms, 5000);
    assert_false(play.tasks[0].token);
    assert_int_equal(play.timer_count, 2);
    assert_where(&play, "S");
    play_ok(&play, "S", "{\"done\":true}");
    assert_output(&play, "{\"done\":true}");
    assert_int_equal(play.timer_count, 0);
    assert_int_equal(play.closes, 1);
    play_end(&play);
}

static void a_callback_task_says_so_and_can_see_its_token(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               ONE("{\"Type\":\"Task\",\"Resource\":\"millrace:ask.person.waitForTaskToken\","
                   "\"Parameters\":{\"t.$\":\"$$.Task.Token\"},\"End\":true}"));
    play_start(&play, "{}");
    assert_true(play.tasks[0].token);
    assert_string_equal(play.tasks[0].input, "{\"t\":\"token-1-1\"}");
    play_end(&play);
}

static void entries_of_a_state_are_counted_so_that_outputs_differ(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               "{\"StartAt\":\"R\",\"States\":{\"R\":{" TASK ",\"Next\":\"C\"},"
               "\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.n\",\"NumericEquals\":2,"
               "\"Next\":\"E\"}],\"Default\":\"R\"},\"E\":{\"Type\":\"Succeed\"}}}");
    play_start(&play, "{}");
    assert_int_equal(play.tasks[0].entry, 1);
    play_ok(&play, "R", "{\"n\":1}");
    assert_int_equal(play.tasks[0].entry, 2);
    assert_int_equal(play.tasks[0].seq, 3);
    play_ok(&play, "R", "{\"n\":2}");
    assert_output(&play, "{\"n\":2}");
    assert_int_equal(asl_run_entered(play.run), 5);
    assert_int_equal(asl_run_finished(play.run), 5);
    play_end(&play);
}

static void a_wait_lasts_its_seconds_and_not_less(void **state)
{
    struct play play;
    struct asl_event early = {
        .kind = ASL_EVENT_TIMER, .seq = 1, .attempt = 1, .timer = ASL_TIMER_WAIT};

    (void)state;
    play_begin(&play, ONE("{\"Type\":\"Wait\",\"Seconds\":10,\"End\":true}"));
    play_start(&play, "{\"a\":1}");
    assert_int_equal(play.timer_count, 1);
    assert_int_equal(play.timers[0].due_ms, 11000);
    play.now_ms = 10999;
    play_event(&play, &early);
    assert_false(play.changed);
    assert_int_equal(play.timer_count, 1);
    play_timer(&play, 0);
    assert_output(&play, "{\"a\":1}");
    play_end(&play);
}

static void time_that_goes_back_does_no_harm(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"T\",\"States\":{\"T\":{" TASK ",\"Next\":\"W\"},"
                      "\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":true}}}");
    play.now_ms = 50000;
    play_start(&play, "{}");
    play.now_ms = 20000;
    play_ok(&play, "T", "{}");
    assert_int_equal(play.timers[0].due_ms, 21000);
    play_timer(&play, 0);
    assert_output(&play, "{}");
    play_end(&play);
}

static void a_wait_until_a_time_that_has_passed_does_not_wait(void **state)
{
    (void)state;
    play_expect(ONE("{\"Type\":\"Wait\",\"Timestamp\":\"1969-12-31T23:59:59Z\",\"End\":true}"),
                "{}", "{}");
    play_expect(ONE("{\"Type\":\"Wait\",\"Seconds\":0,\"End\":true}"), "{}", "{}");
    play_expect(ONE("{\"Type\":\"Wait\",\"SecondsPath\":\"$.s\",\"End\":true}"), "{\"s\":0}",
                "{\"s\":0}");
}

static void a_wait_until_a_timestamp_sets_its_timer_there(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, ONE("{\"Type\":\"Wait\",\"TimestampPath\":\"$.t\",\"End\":true}"));
    play_start(&play, "{\"t\":\"2030-01-01T02:00:00.5+02:00\"}");
    assert_int_equal(play.timers[0].due_ms, INT64_C(1893456000500));
    play_end(&play);
}

static void a_wait_for_what_is_no_time_fails(void **state)
{
    static const char seconds[] = ONE("{\"Type\":\"Wait\",\"SecondsPath\":\"$.s\",\"End\":true}");
    static const char until[] = ONE("{\"Type\":\"Wait\",\"TimestampPath\":\"$.s\",\"End\":true}");

    (void)state;
    play_expect_error(seconds, "{\"s\":-1}", "States.Runtime");
    play_expect_error(seconds, "{\"s\":1.5}", "States.Runtime");
    play_expect_error(seconds, "{\"s\":true}", "States.Runtime");
    play_expect_error(seconds, "{\"s\":1e12}", "States.Runtime");
    play_expect_error(seconds, "{}", "States.Runtime");
    play_expect(seconds, "{\"s\":\"3\"}", "{\"s\":\"3\"}"); /* a numeric string will do */
    play_expect_error(until, "{\"s\":\"2030-01-01 00:00:00Z\"}", "States.Runtime");
    play_expect_error(until, "{\"s\":5}", "States.Runtime");
    play_expect_error(until, "{}", "States.Runtime");
}

static void succeed_ends_with_its_filtered_input(void **state)
{
    (void)state;
    play_expect(ONE("{\"Type\":\"Succeed\",\"InputPath\":\"$.a\",\"OutputPath\":\"$.b\"}"),
                "{\"a\":{\"b\":[7]}}", "[7]");
}

static void fail_ends_with_its_error_and_cause(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, ONE("{\"Type\":\"Fail\",\"Error\":\"E\",\"Cause\":\"because\"}"));
    play_start(&play, "{}");
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_string_equal(asl_run_error(play.run), "E");
    assert_string_equal(asl_run_cause(play.run), "because");
    play_end(&play);
    play_begin(&play, ONE("{\"Type\":\"Fail\",\"ErrorPath\":\"$.e\",\"CausePath\":\"$.c\"}"));
    play_start(&play, "{\"e\":\"Mine\",\"c\":\"why\"}");
    assert_string_equal(asl_run_error(play.run), "Mine");
    assert_string_equal(asl_run_cause(play.run), "why");
    play_end(&play);
    play_expect_error(ONE("{\"Type\":\"Fail\"}"), "{}", NULL);
    play_expect_error(ONE("{\"Type\":\"Fail\",\"ErrorPath\":\"$.e\"}"), "{}", "States.Runtime");
    play_expect_error(ONE("{\"Type\":\"Fail\",\"ErrorPath\":\"$.e\"}"), "{\"e\":1}",
                      "States.Runtime");
}

static void a_long_chain_of_states_is_one_step(void **state)
{
    struct play play;
    struct mr_buf text = {0};

    (void)state;
    mr_buf_add_str(&text, "{\"StartAt\":\"S0\",\"States\":{");
    for (int i = 0; i < 5000; i++)
        mr_buf_addf(&text, "\"S%d\":{\"Type\":\"Pass\",\"Next\":\"S%d\"},", i, i + 1);
    mr_buf_add_str(&text, "\"S5000\":{\"Type\":\"Succeed\"}}}");
    play_begin(&play, text.data);
    play_start(&play, "{\"a\":1}");
    play_run(&play);
    assert_output(&play, "{\"a\":1}");
    assert_int_equal(asl_run_entered(play.run), 5001);
    play_end(&play);
    mr_buf_release(&text);
}

static void an_endless_loop_ends_with_a_clear_error(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},"
                      "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.x\","
                      "\"IsPresent\":true,\"Next\":\"C\"}],\"Default\":\"A\"},"
                      "\"C\":{\"Type\":\"Succeed\"}}}");
    play.env.entries_max = 100000;
    play_start(&play, "{}");
    play_run(&play);
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_string_equal(asl_run_error(play.run), "States.Runtime");
    assert_non_null(strstr(asl_run_cause(play.run), "100000"));
    play_end(&play);
}

static void the_history_tells_the_story_as_aws_does(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\",\"Next\":\"L\"},"
               "\"L\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:lambda:us-east-1:1:function:f\","
               "\"Next\":\"A\"},\"A\":{\"Type\":\"Task\",\"Resource\":"
               "\"arn:aws:states:us-east-1:1:activity:a\",\"Next\":\"T\"},"
               "\"T\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::sqs:sendMessage."
               "waitForTaskToken\",\"Next\":\"W\"},\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"Next\":"
               "\"S\"},\"S\":{\"Type\":\"Succeed\"}}}");
    play_start(&play, "{}");
    play_run(&play);
    assert_string_equal(
        play.history.data,
        "ExecutionStarted,PassStateEntered,PassStateExited,TaskStateEntered,"
        "LambdaFunctionScheduled,LambdaFunctionStarted,LambdaFunctionSucceeded,TaskStateExited,"
        "TaskStateEntered,ActivityScheduled,ActivityStarted,ActivitySucceeded,TaskStateExited,"
        "TaskStateEntered,TaskScheduled,TaskStarted,TaskSubmitted,TaskSucceeded,TaskStateExited,"
        "WaitStateEntered,WaitStateExited,SucceedStateEntered,SucceedStateExited,"
        "ExecutionSucceeded");
    play_end(&play);
}

struct chain { /* previousEventId of every entry, in order */
    char text[256];
    size_t len;
};

static void on_history(void *ctx, uint64_t id, uint64_t previous, const char *type, int64_t ms,
                       const cJSON *details)
{
    struct chain *chain = ctx;

    (void)id, (void)type, (void)ms, (void)details;
    chain->len += (size_t)snprintf(chain->text + chain->len, sizeof(chain->text) - chain->len,
                                   "%s%llu", chain->len ? "," : "", (unsigned long long)previous);
}

static void each_entry_names_the_one_before_it_on_its_own_way(void **state)
{
    struct chain chain = {0};
    struct play play;

    (void)state;
    play_begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"M\"},"
                      "\"M\":{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":{\"StartAt\":\"I\","
                      "\"States\":{\"I\":{\"Type\":\"Pass\",\"End\":true}}}}}}");
    play.env.history = on_history;
    play.env.ctx = &chain;
    play_start(&play, "[1,2]");
    /* 1 started; 2, 3 of A, the first with nothing before it; 4 M entered; 5 M started; 6 to 9 and
     * 10 to 13 the two items, one after the other; 14, 15, 16 behind the last of them */
    assert_string_equal(chain.text, "0,0,2,3,4,5,6,7,8,9,10,11,12,13,14,15");
    play_end(&play);
}

static void a_path_to_no_time_tells_what_is_there(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, ONE("{\"Type\":\"Wait\",\"TimestampPath\":\"$.s\",\"End\":true}"));
    play_start(&play, "{\"s\":[null]}");
    assert_non_null(strstr(asl_run_cause(play.run), "date-time format string: $.s == [null]"));
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pass_hands_its_input_on),
        cmocka_unit_test(a_pass_with_a_result_hands_on_that_unevaluated),
        cmocka_unit_test(two_runs_of_one_machine_do_not_share_what_they_change),
        cmocka_unit_test(a_task_goes_out_with_its_input_and_its_answer_is_the_output),
        cmocka_unit_test(a_callback_task_says_so_and_can_see_its_token),
        cmocka_unit_test(entries_of_a_state_are_counted_so_that_outputs_differ),
        cmocka_unit_test(a_wait_lasts_its_seconds_and_not_less),
        cmocka_unit_test(time_that_goes_back_does_no_harm),
        cmocka_unit_test(a_wait_until_a_time_that_has_passed_does_not_wait),
        cmocka_unit_test(a_wait_until_a_timestamp_sets_its_timer_there),
        cmocka_unit_test(a_wait_for_what_is_no_time_fails),
        cmocka_unit_test(a_path_to_no_time_tells_what_is_there),
        cmocka_unit_test(succeed_ends_with_its_filtered_input),
        cmocka_unit_test(fail_ends_with_its_error_and_cause),
        cmocka_unit_test(a_long_chain_of_states_is_one_step),
        cmocka_unit_test(an_endless_loop_ends_with_a_clear_error),
        cmocka_unit_test(the_history_tells_the_story_as_aws_does),
        cmocka_unit_test(each_entry_names_the_one_before_it_on_its_own_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
