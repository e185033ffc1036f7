/* timeout_test.c -- a task without an answer or a sign of life, and a run without an end, are
 * stopped when their time is over. */
#include "tests/unit/asl/failure_kit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_that_takes_too_long_is_stopped),
        cmocka_unit_test(a_timeout_is_no_task_failure_but_can_be_retried_by_name),
        cmocka_unit_test(a_task_without_heartbeats_is_stopped_and_the_error_has_both_names),
        cmocka_unit_test(a_heartbeat_puts_the_timer_off),
        cmocka_unit_test(a_run_that_takes_too_long_times_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
