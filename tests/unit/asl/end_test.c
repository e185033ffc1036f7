/* end_test.c -- a run that is cancelled or fails stops what it had under way and says why; a
 * redrive begins with what had failed. */
#include "tests/unit/asl/failure_kit.h"

#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancelling_stops_what_runs),
        cmocka_unit_test(what_ends_with_the_run_has_no_word_of_its_own),
        cmocka_unit_test(redrive_runs_the_failed_state_again_as_a_new_entry),
        cmocka_unit_test(a_state_that_failed_on_its_own_data_has_them_again_on_redrive),
        cmocka_unit_test(error_and_cause_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
