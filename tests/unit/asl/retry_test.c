/* retry_test.c -- a task that failed is tried again as its retriers say: so often, after such
 * waits, each counting for itself. */
#include "tests/unit/asl/failure_kit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_task_is_tried_again_after_growing_waits),
        cmocka_unit_test(defaults_are_one_second_three_times_doubling),
        cmocka_unit_test(jitter_shortens_a_wait_and_is_the_same_on_replay),
        cmocka_unit_test(each_retrier_counts_for_itself_and_the_first_that_matches_decides),
        cmocka_unit_test(the_retry_count_is_seen_by_the_next_try),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
