/* failure_test.c -- retry, catch, time-outs, cancelling, fences, redrive. */
#include "tests/unit/asl/play.h"

#include <stdio.h>
#include <string.h>

#define TASK(rest)                                                                                 \
    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\"" rest   \
    ",\"End\":true}}}"
#define CAUGHT(rest)                                                                               \
    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\"" rest   \
    ",\"End\":true},\"C\":{\"Type\":\"Pass\",\"End\":true}}}"

static void begin(struct play *play, const char *definition)
{
    play_begin(play, definition);
    play_start(play, "{\"in\":1}");
}

static void a_failed_task_is_tried_again_after_growing_waits(void **state)
{
    static const int64_t waits[] = {2000, 6000, 10000};
    struct play play;

    (void)state;
    begin(&play,
          TASK(",\"Retry\":[{\"ErrorEquals\":[\"E\"],\"IntervalSeconds\":2,\"BackoffRate\":3,"
               "\"MaxDelaySeconds\":10,\"MaxAttempts\":3}]"));
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(play.tasks[0].attempt, i + 1);
        play_fail(&play, "T", "E", NULL);
        assert_int_equal(play.task_count, 0);
        assert_int_equal(play.timer_count, 1);
        assert_int_equal(play.timers[0].kind, ASL_TIMER_RETRY);
        assert_int_equal(play.timers[0].due_ms - play.now_ms, waits[i]);
        play_timer(&play, 0);
        assert_int_equal(play.task_count, 1);
    }
    play_fail(&play, "T", "E", "at last");
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_string_equal(asl_run_error(play.run), "E");
    assert_string_equal(asl_run_cause(play.run), "at last");
    assert_int_equal(asl_run_entered(play.run), 1);
    play_end(&play);
}

static void defaults_are_one_second_three_times_doubling(void **state)
{
    struct play play;

    (void)state;
    begin(&play, TASK(",\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]}]"));
    for (int64_t wait = 1000; wait <= 4000; wait *= 2) {
        play_fail(&play, "T", NULL, NULL);
        assert_int_equal(play.timers[0].due_ms - play.now_ms, wait);
        play_timer(&play, 0);
    }
    play_fail(&play, "T", NULL, NULL);
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_null(asl_run_error(play.run));
    play_end(&play);
}

static void jitter_shortens_a_wait_and_is_the_same_on_replay(void **state)
{
    struct play play;
    int64_t waits[2][3];

    (void)state;
    for (int round = 0; round < 2; round++) {
        begin(&play, TASK(",\"Retry\":[{\"ErrorEquals\":[\"E\"],\"IntervalSeconds\":100,"
                          "\"BackoffRate\":1,\"JitterStrategy\":\"FULL\"}]"));
        for (int i = 0; i < 3; i++) {
            play_fail(&play, "T", "E", NULL);
            waits[round][i] = play.timers[0].due_ms - play.now_ms;
            assert_in_range(waits[round][i], 0, 100000);
            play_timer(&play, 0);
        }
        play_end(&play);
    }
    assert_memory_equal(waits[0], waits[1], sizeof(waits[0]));
    assert_true(waits[0][0] != waits[0][1] || waits[0][1] != waits[0][2]);
}

static void each_retrier_counts_for_itself_and_the_first_that_matches_decides(void **state)
{
    struct play play;

    (void)state;
    begin(&play,
          TASK(",\"Retry\":[{\"ErrorEquals\":[\"A\"],\"MaxAttempts\":1},"
               "{\"ErrorEquals\":[\"B\"],\"MaxAttempts\":1},{\"ErrorEquals\":[\"States.ALL\"],"
               "\"MaxAttempts\":9}]"));
    play_fail(&play, "T", "A", NULL);
    play_timer(&play, 0);
    play_fail(&play, "T", "B", NULL);
    play_timer(&play, 0);
    play_fail(&play, "T", "X", NULL);
    play_timer(&play, 0);
    play_fail(&play, "T", "A", NULL);
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    play_end(&play);
}

static void the_retry_count_is_seen_by_the_next_try(void **state)
{
    struct play play;

    (void)state;
    begin(&play, TASK(",\"Parameters\":{\"n.$\":\"$$.State.RetryCount\"},"
                      "\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]}]"));
    assert_string_equal(play.tasks[0].input, "{\"n\":0}");
    play_fail(&play, "T", "A", NULL);
    play_timer(&play, 0);
    assert_string_equal(play.tasks[0].input, "{\"n\":1}");
    play_end(&play);
}

static void a_catcher_takes_the_error_and_goes_on_elsewhere(void **state)
{
    struct play play;

    (void)state;
    begin(&play, CAUGHT(",\"Catch\":[{\"ErrorEquals\":[\"X\",\"E\"],\"Next\":\"C\"}]"));
    play_fail(&play, "T", "E", "why");
    assert_output(&play, "{\"Error\":\"E\",\"Cause\":\"why\"}");
    play_end(&play);
    begin(&play,
          CAUGHT(",\"Catch\":[{\"ErrorEquals\":[\"States.TaskFailed\"],\"ResultPath\":\"$.e\","
                 "\"Next\":\"C\"}]"));
    play_fail(&play, "T", NULL, NULL);
    assert_output(&play, "{\"in\":1,\"e\":{\"Error\":null,\"Cause\":null}}");
    play_end(&play);
    begin(&play,
          CAUGHT(",\"Catch\":[{\"ErrorEquals\":[\"E\"],\"ResultPath\":null,\"Next\":\"C\"}]"));
    play_fail(&play, "T", "E", "why");
    assert_output(&play, "{\"in\":1}");
    play_end(&play);
}

static void an_error_that_nothing_takes_ends_the_run(void **state)
{
    struct play play;

    (void)state;
    begin(&play, CAUGHT(",\"Catch\":[{\"ErrorEquals\":[\"X\"],\"Next\":\"C\"}]"));
    play_fail(&play, "T", "E", NULL);
    assert_string_equal(asl_run_error(play.run), "E");
    assert_string_equal(play.history.data,
                        "ExecutionStarted,TaskStateEntered,TaskScheduled,TaskStarted,TaskFailed,"
                        "ExecutionFailed");
    play_end(&play);
}

/* A task fails so; is it taken by a catcher, and likewise by a retrier, of that name? */
static bool takes(const char *field, const char *name, const char *error)
{
    char definition[512];
    struct play play;
    bool taken;

    (void)snprintf(definition, sizeof(definition),
                   "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
                   "\"millrace:x.y\",\"TimeoutSeconds\":9,\"HeartbeatSeconds\":5,\"%s\":[{"
                   "\"ErrorEquals\":[\"%s\"]%s}],\"Next\":\"C\"},\"C\":{\"Type\":\"Succeed\"}}}",
                   field, name, field[0] == 'C' ? ",\"Next\":\"C\"" : "");
    play_begin(&play, definition);
    play_start(&play, "{}");
    if (error && strcmp(error, "timeout") == 0) {
        play.now_ms += 9000;
        play_timer(&play, play.timers[0].kind == 't' ? 0 : 1);
    } else if (error && strcmp(error, "heartbeat") == 0) {
        play_timer(&play, play.timers[0].kind == 'h' ? 0 : 1);
    } else {
        play_fail(&play, "T", error, "why");
    }
    taken = asl_run_status(play.run) != ASL_FAILED;
    play_end(&play);
    return taken;
}

static void each_error_is_taken_by_the_names_that_stand_for_it(void **state)
{
    static const char *const names[] = {"States.ALL",     "States.TaskFailed",
                                        "States.Timeout", "States.HeartbeatTimeout",
                                        "itself",         "Another"};
    static const struct {
        const char *error;
        bool taken[6];
    } rows[] = {
        {"My.Error", {true, true, false, false, true, false}},
        {NULL, {true, true, false, false, false, false}}, /* a failure without a name */
        {"timeout", {true, false, true, false, false, false}},
        {"heartbeat", {true, false, true, true, false, false}},
        {"States.Timeout", {true, false, true, false, true, false}},
        {"States.TaskFailed", {true, true, false, false, true, false}},
        {"States.Permissions", {true, true, false, false, true, false}},
        {"States.DataLimitExceeded", {true, true, false, false, true, false}},
        {"States.IntrinsicFailure", {true, true, false, false, true, false}},
        {"States.ResultPathMatchFailure", {true, true, false, false, true, false}},
        {"States.Runtime", {false, false, false, false, false, false}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
            const char *name = j == 4 ? rows[i].error ? rows[i].error : "null" : names[j];
            if (takes("Catch", name, rows[i].error) != rows[i].taken[j])
                fail_msg("Catch of %s by %s", rows[i].error ? rows[i].error : "no name", name);
            if (takes("Retry", name, rows[i].error) != rows[i].taken[j])
                fail_msg("Retry of %s by %s", rows[i].error ? rows[i].error : "no name", name);
        }
    }
}

static void what_fails_inside_is_taken_by_the_state_around_it(void **state)
{
    static const char *const names[] = {"States.ALL", "States.BranchFailed",
                                        "States.NoChoiceMatched", "States.TaskFailed"};
    char definition[512];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(
            definition, sizeof(definition),
            "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{"
            "\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{"
            "\"Variable\":\"$.n\",\"NumericEquals\":1,\"Next\":\"S\"}]},\"S\":{\"Type\":"
            "\"Succeed\"}}}],\"Catch\":[{\"ErrorEquals\":[\"%s\"],\"Next\":\"X\"}],"
            "\"End\":true},\"X\":{\"Type\":\"Pass\",\"Result\":\"taken\",\"End\":true}}}",
            names[i]);
        play_expect(definition, "{\"n\":2}", "\"taken\"");
    }
    /* a path that names nothing ends the run, however deep */
    play_expect_error(
        "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{"
        "\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"InputPath\":\"$.no\","
        "\"End\":true}}}],\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"X\"}],"
        "\"End\":true},\"X\":{\"Type\":\"Succeed\"}}}",
        "{}", "States.Runtime");
}

static void runtime_errors_are_neither_retried_nor_caught(void **state)
{
    struct play play;

    (void)state;
    begin(&play, CAUGHT(",\"ResultSelector\":{\"a.$\":\"$.nothing\"},\"Retry\":[{\"ErrorEquals\":"
                        "[\"States.ALL\"]}],\"Catch\":[{\"ErrorEquals\":[\"States.Runtime\"],"
                        "\"Next\":\"C\"},{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"C\"}]"));
    play_ok(&play, "T", "{}");
    assert_string_equal(asl_run_error(play.run), "States.Runtime");
    play_end(&play);
}

static void a_task_that_takes_too_long_is_stopped(void **state)
{
    struct play play;

    (void)state;
    begin(&play, TASK(",\"TimeoutSeconds\":5"));
    play_timer(&play, 0);
    assert_int_equal(play.stopped, 1);
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_string_equal(asl_run_error(play.run), "States.Timeout");
    assert_string_equal(asl_run_cause(play.run), "No answer within 5 s.");
    assert_int_equal(play.now_ms, 6000);
    play_end(&play);
}

static void a_timeout_is_no_task_failure_but_can_be_retried_by_name(void **state)
{
    struct play play;

    (void)state;
    begin(&play,
          TASK(",\"TimeoutSeconds\":5,\"Retry\":[{\"ErrorEquals\":[\"States.TaskFailed\"]}]"));
    play_timer(&play, 0);
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    play_end(&play);
    begin(&play, TASK(",\"TimeoutSeconds\":5,\"Retry\":[{\"ErrorEquals\":[\"States.Timeout\"]}]"));
    play_timer(&play, 0);
    assert_int_equal(asl_run_status(play.run), ASL_RUNNING);
    play_timer(&play, 0);
    assert_int_equal(play.timers[0].due_ms, play.now_ms + 5000); /* time starts again */
    play_ok(&play, "T", "{}");
    assert_output(&play, "{}");
    play_end(&play);
}

static void a_task_without_heartbeats_is_stopped_and_the_error_has_both_names(void **state)
{
    struct play play;

    (void)state;
    begin(&play, CAUGHT(",\"TimeoutSecondsPath\":\"$.in\",\"HeartbeatSeconds\":30,\"Catch\":[{"
                        "\"ErrorEquals\":[\"States.HeartbeatTimeout\"],\"Next\":\"C\"}]"));
    assert_int_equal(play.tasks[0].timeout_ms, 1000);
    play_next_timer(&play); /* the time-out proper, which is no want of heartbeats */
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    play_end(&play);
    begin(&play,
          CAUGHT(",\"TimeoutSeconds\":60,\"HeartbeatSeconds\":30,\"Catch\":[{\"ErrorEquals\":"
                 "[\"States.HeartbeatTimeout\"],\"Next\":\"C\"}]"));
    play_next_timer(&play);
    assert_output(&play, "{\"Error\":\"States.Timeout\",\"Cause\":\"\"}");
    play_end(&play);
}

static void a_heartbeat_puts_the_timer_off(void **state)
{
    struct play play;
    struct asl_event beat = {.kind = ASL_EVENT_HEARTBEAT, .seq = 1, .attempt = 1};

    (void)state;
    begin(&play, TASK(",\"HeartbeatSeconds\":30"));
    play.now_ms += 20000;
    play_event(&play, &beat);
    assert_true(play.changed);
    assert_int_equal(play.timer_count, 1);
    assert_int_equal(play.timers[0].due_ms, 51000);
    play.now_ms = 5000; /* time goes back: the timer does not */
    play_event(&play, &beat);
    assert_false(play.changed);
    beat.attempt = 2;
    play.now_ms = 40000;
    play_event(&play, &beat);
    assert_false(play.changed);
    play_end(&play);
}

static void answers_that_come_twice_late_or_forged_change_nothing(void **state)
{
    struct play play;
    cJSON *data = cJSON_Parse("{\"forged\":true}");
    struct asl_event event = {.kind = ASL_EVENT_TASK_OK, .seq = 1, .attempt = 1, .data = data};

    (void)state;
    begin(&play, TASK(",\"TimeoutSeconds\":5,\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]}]"));
    event.attempt = 2;
    play_event(&play, &event); /* not yet */
    assert_false(play.changed);
    event.attempt = 1;
    event.seq = 2;
    play_event(&play, &event);
    assert_false(play.changed);
    event.seq = 0;
    play_event(&play, &event);
    assert_false(play.changed);
    play_timer(&play, 0); /* the first attempt is over */
    event.seq = 1;
    play_event(&play, &event);
    assert_false(play.changed);
    play_timer(&play, 0); /* the back-off */
    play_event(&play, &event);
    assert_false(play.changed);
    event.kind = ASL_EVENT_TIMER;
    for (const char *kind = "wrthm"; *kind; kind++) {
        event.timer = (enum asl_timer) * kind;
        play_event(&play, &event);
        assert_false(play.changed);
    }
    play_ok(&play, "T", "1");
    assert_output(&play, "1");
    event.kind = ASL_EVENT_TASK_OK;
    event.attempt = 2;
    play_event(&play, &event);
    assert_false(play.changed);
    event.kind = ASL_EVENT_START;
    play_event(&play, &event);
    assert_false(play.changed);
    event.kind = ASL_EVENT_CANCEL;
    play_event(&play, &event);
    assert_false(play.changed);
    event.kind = ASL_EVENT_REDRIVE;
    play_event(&play, &event);
    assert_false(play.changed);
    assert_output(&play, "1");
    assert_int_equal(play.closes, 1);
    cJSON_Delete(data);
    play_end(&play);
}

static void a_second_start_changes_nothing(void **state)
{
    struct play play;

    (void)state;
    begin(&play, TASK(""));
    play_start(&play, "{\"other\":1}");
    assert_false(play.changed);
    assert_int_equal(play.task_count, 1);
    play_end(&play);
}

static void cancelling_stops_what_runs(void **state)
{
    struct play play;

    (void)state;
    begin(&play, TASK(",\"TimeoutSeconds\":5"));
    play_cancel(&play);
    assert_int_equal(asl_run_status(play.run), ASL_ABORTED);
    assert_string_equal(asl_run_error(play.run), "Cancelled");
    assert_string_equal(asl_run_cause(play.run), "somebody asked");
    assert_int_equal(play.stopped, 1);
    play_end(&play);
    play_begin(&play, TASK(""));
    play_cancel(&play); /* before it has begun */
    assert_int_equal(asl_run_status(play.run), ASL_ABORTED);
    play_start(&play, "{}");
    assert_false(play.changed);
    play_redrive(&play);
    assert_false(play.changed);
    play_end(&play);
}

#define MACHINE_TIMEOUT                                                                            \
    "{\"TimeoutSeconds\":60,\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"  \
    "\"millrace:a.b\",\"HeartbeatSeconds\":50,\"Next\":\"W\"},\"W\":{\"Type\":\"Wait\","           \
    "\"Seconds\":"                                                                                 \
    "90,\"End\":true}}}"

static void a_run_that_takes_too_long_times_out(void **state)
{
    struct play play;

    (void)state;
    begin(&play, MACHINE_TIMEOUT);
    play_ok(&play, "T", "{}");
    assert_int_equal(play.timer_count, 2);
    play_next_timer(&play);
    assert_int_equal(asl_run_status(play.run), ASL_TIMED_OUT);
    assert_string_equal(asl_run_error(play.run), "States.Timeout");
    assert_int_equal(play.now_ms, 61000);
    play_redrive(&play); /* the wait begins anew, and so does the run's time */
    assert_true(play.changed);
    assert_int_equal(play.timer_count, 2);
    play_next_timer(&play);
    assert_int_equal(play.now_ms, 121000);
    play_end(&play);
    begin(&play, MACHINE_TIMEOUT);
    play_ok(&play, "T", "{}");
    play.now_ms = 91000; /* the scanner was late, and found the wait first */
    for (size_t i = 0; i < play.timer_count; i++)
        if (play.timers[i].kind == ASL_TIMER_WAIT) {
            play_timer(&play, i);
            break;
        }
    assert_output(&play, "{}");
    play_end(&play);
}

static void redrive_runs_the_failed_state_again_as_a_new_entry(void **state)
{
    struct play play;

    (void)state;
    begin(&play, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":\"kept\","
                 "\"ResultPath\":\"$.a\",\"Next\":\"T\"},\"T\":{\"Type\":\"Task\",\"Resource\":"
                 "\"millrace:a.b\",\"Retry\":[{\"ErrorEquals\":[\"E\"],\"MaxAttempts\":1}],"
                 "\"ResultPath\":\"$.t\",\"End\":true}}}");
    play_fail(&play, "T", "E", NULL);
    play_timer(&play, 0);
    play_fail(&play, "T", "E", "no");
    assert_int_equal(asl_run_status(play.run), ASL_FAILED);
    assert_true(play.closed);
    play_redrive(&play);
    assert_true(play.changed);
    assert_int_equal(asl_run_status(play.run), ASL_RUNNING);
    assert_null(asl_run_error(play.run));
    assert_int_equal(play.tasks[0].seq, 3);
    assert_int_equal(play.tasks[0].attempt, 1);
    assert_int_equal(play.tasks[0].entry, 2);
    play_redrive(&play); /* it runs: nothing to do */
    assert_false(play.changed);
    play_fail(&play, "T", "E", NULL); /* its retries count from the start */
    assert_int_equal(asl_run_status(play.run), ASL_RUNNING);
    play_timer(&play, 0);
    play_ok(&play, "T", "1");
    assert_output(&play, "{\"in\":1,\"a\":\"kept\",\"t\":1}");
    play_end(&play);
}

static void a_state_that_failed_on_its_own_data_has_them_again_on_redrive(void **state)
{
    struct play play;

    (void)state;
    begin(&play, TASK(",\"ResultPath\":\"$.r\",\"OutputPath\":\"$.r.x\""));
    play_ok(&play, "T", "{}");
    assert_string_equal(asl_run_error(play.run), "States.Runtime");
    play_redrive(&play);
    assert_string_equal(play.tasks[0].input, "{\"in\":1}");
    play_ok(&play, "T", "{\"x\":5}");
    assert_output(&play, "5");
    play_end(&play);
}

static void error_and_cause_are_cut_between_characters(void **state)
{
    struct play play;
    struct mr_buf cause = {0};

    (void)state;
    mr_buf_add_char(&cause, 'x');
    for (int i = 0; i < 20000; i++)
        mr_buf_add_str(&cause, "\u00e4");
    begin(&play, TASK(""));
    play_fail(&play, "T", cause.data, cause.data);
    assert_int_equal(strlen(asl_run_error(play.run)), 255);
    assert_int_equal(strlen(asl_run_cause(play.run)), 32767);
    play_end(&play);
    mr_buf_release(&cause);
}

static void what_ends_with_the_run_has_no_word_of_its_own(void **state)
{
    static const char *const ends[] = {"TaskStarted,ExecutionTimedOut",
                                       "TaskStarted,ExecutionAborted"};
    struct play play;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&play,
              "{\"TimeoutSeconds\":60,\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\","
              "\"Resource\":\"millrace:a.b\",\"End\":true}}}");
        if (i == 0)
            play_next_timer(&play);
        else
            play_cancel(&play);
        assert_int_equal(play.stopped, 1);
        assert_non_null(strstr(play.history.data, ends[i]));
        play_end(&play);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_task_is_tried_again_after_growing_waits),
        cmocka_unit_test(defaults_are_one_second_three_times_doubling),
        cmocka_unit_test(jitter_shortens_a_wait_and_is_the_same_on_replay),
        cmocka_unit_test(each_retrier_counts_for_itself_and_the_first_that_matches_decides),
        cmocka_unit_test(the_retry_count_is_seen_by_the_next_try),
        cmocka_unit_test(a_catcher_takes_the_error_and_goes_on_elsewhere),
        cmocka_unit_test(an_error_that_nothing_takes_ends_the_run),
        cmocka_unit_test(each_error_is_taken_by_the_names_that_stand_for_it),
        cmocka_unit_test(what_fails_inside_is_taken_by_the_state_around_it),
        cmocka_unit_test(runtime_errors_are_neither_retried_nor_caught),
        cmocka_unit_test(a_task_that_takes_too_long_is_stopped),
        cmocka_unit_test(a_timeout_is_no_task_failure_but_can_be_retried_by_name),
        cmocka_unit_test(a_task_without_heartbeats_is_stopped_and_the_error_has_both_names),
        cmocka_unit_test(a_heartbeat_puts_the_timer_off),
        cmocka_unit_test(answers_that_come_twice_late_or_forged_change_nothing),
        cmocka_unit_test(a_second_start_changes_nothing),
        cmocka_unit_test(cancelling_stops_what_runs),
        cmocka_unit_test(a_run_that_takes_too_long_times_out),
        cmocka_unit_test(what_ends_with_the_run_has_no_word_of_its_own),
        cmocka_unit_test(redrive_runs_the_failed_state_again_as_a_new_entry),
        cmocka_unit_test(a_state_that_failed_on_its_own_data_has_them_again_on_redrive),
        cmocka_unit_test(error_and_cause_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
