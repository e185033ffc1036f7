/* fork_test.c -- Parallel and Map: fan-out, fan-in, limits, failures, redrive. */
#include "tests/unit/asl/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASK(name, rest)                                                                           \
    "{\"StartAt\":\"" name "\",\"States\":{\"" name                                                \
    "\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\"" rest ",\"End\":true}}}"
#define PARALLEL(branches, rest)                                                                   \
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[" branches "]" rest \
    ",\"End\":true},\"C\":{\"Type\":\"Pass\",\"End\":true}}}"
#define PARALLEL_ONLY(branches, rest)                                                              \
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[" branches "]" rest \
    ",\"End\":true}}}"
#define PARALLEL_INNER                                                                             \
    "{\"StartAt\":\"Q\",\"States\":{\"Q\":{\"Type\":\"Parallel\",\"Branches\":[" TASK(             \
        "A", "") "," TASK("B", "") "],\"End\":true}}}"
#define MAP(processor, rest)                                                                       \
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":" processor rest     \
    ",\"End\":true}}}"
#define CATCH(name) ",\"Catch\":[{\"ErrorEquals\":[\"" name "\"],\"Next\":\"C\"}]"

static void branches_run_side_by_side_and_their_outputs_stand_in_order(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, PARALLEL_ONLY(TASK("A", "") "," TASK("B", ""), ",\"ResultPath\":\"$.r\""));
    play_start(&play, "{\"i\":1}");
    assert_int_equal(play.task_count, 2);
    assert_where(&play, "A,B");
    assert_string_equal(play.tasks[0].input, "{\"i\":1}");
    play_ok(&play, "B", "\"b\"");
    assert_where(&play, "A");
    play_ok(&play, "A", "\"a\"");
    assert_output(&play, "{\"i\":1,\"r\":[\"a\",\"b\"]}");
    assert_string_equal(play.history.data,
                        "ExecutionStarted,ParallelStateEntered,ParallelStateStarted,"
                        "TaskStateEntered,TaskScheduled,TaskStarted,TaskStateEntered,TaskScheduled,"
                        "TaskStarted,TaskSucceeded,TaskStateExited,TaskSucceeded,TaskStateExited,"
                        "ParallelStateSucceeded,ParallelStateExited,ExecutionSucceeded");
    play_end(&play);
}

static void an_answer_that_comes_twice_does_not_count_for_another_branch(void **state)
{
    struct play play;
    struct asl_event again = {.kind = ASL_EVENT_TASK_OK};

    (void)state;
    play_begin(&play, PARALLEL_ONLY(TASK("A", "") "," TASK("B", ""), ""));
    play_start(&play, "{}");
    again.seq = play.tasks[0].seq;
    again.attempt = 1;
    play_ok(&play, "A", "1");
    for (int i = 0; i < 3; i++) {
        play_event(&play, &again);
        assert_false(play.changed);
    }
    assert_int_equal(asl_run_status(play.run), ASL_RUNNING);
    play_ok(&play, "B", "2");
    assert_output(&play, "[1,2]");
    play_end(&play);
}

static void one_failed_branch_stops_the_others_and_keeps_its_name(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               PARALLEL_ONLY(TASK("A", ",\"TimeoutSeconds\":9") "," TASK(
                                 "B", "") ","
                                          "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\","
                                          "\"Seconds\":5,\"End\":true}}}",
                             ""));
    play_start(&play, "{}");
    play_fail(&play, "B", "Mine", "b");
    assert_string_equal(asl_run_error(play.run), "Mine");
    assert_string_equal(asl_run_cause(play.run), "b");
    assert_int_equal(play.stopped, 1);
    assert_int_equal(play.timer_count, 0);
    assert_non_null(strstr(play.history.data,
                           "TaskFailed,TaskStateAborted,TaskStateAborted,"
                           "WaitStateAborted,ParallelStateFailed,ExecutionFailed"));
    play_end(&play);
}

static void a_failed_branch_can_be_caught_around_it(void **state)
{
    static const char *const names[] = {PARALLEL(TASK("A", ""), CATCH("Mine")),
                                        PARALLEL(TASK("A", ""), CATCH("States.BranchFailed")),
                                        PARALLEL(TASK("A", ""), CATCH("States.ALL"))};
    struct play play;

    (void)state;
    for (int i = 0; i < 3; i++) {
        play_begin(&play, names[i]);
        play_start(&play, "{}");
        play_fail(&play, "A", "Mine", "b");
        assert_output(&play, "{\"Error\":\"Mine\",\"Cause\":\"b\"}");
        play_end(&play);
    }
}

static void a_runtime_error_in_a_branch_is_not_caught_around_it(void **state)
{
    (void)state;
    play_expect_error(
        PARALLEL("{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Pass\",\"InputPath\":"
                 "\"$.no\",\"End\":true}}}",
                 CATCH("States.ALL")),
        "{}", "States.Runtime");
}

static void a_retried_parallel_runs_all_its_branches_again(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, PARALLEL_ONLY(TASK("A", "") "," TASK("B", ""),
                                    ",\"Retry\":[{\"ErrorEquals\":[\"E\"]}]"));
    play_start(&play, "{}");
    play_ok(&play, "A", "1");
    play_fail(&play, "B", "E", NULL);
    assert_int_equal(play.task_count, 0);
    assert_where(&play, "P");
    play_timer(&play, 0);
    assert_int_equal(play.task_count, 2);
    assert_int_equal(play.tasks[0].entry, 2);
    play_ok(&play, "A", "3");
    play_ok(&play, "B", "4");
    assert_output(&play, "[3,4]");
    play_end(&play);
}

static void forks_nest(void **state)
{
    (void)state;
    play_expect(PARALLEL_ONLY("{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\","
                              "\"ItemProcessor\":" PARALLEL_INNER ",\"End\":true}}}," TASK("Z", ""),
                              ""),
                "[[1,2],[3]]", "[[[[1,2],[1,2]],[[3],[3]]],[[1,2],[3]]]");
}

static void a_map_works_on_every_item_in_place(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(TASK("T", ""), ",\"ItemsPath\":\"$.list\",\"ResultPath\":\"$.out\""));
    play_start(&play, "{\"list\":[\"a\",{\"b\":1},null]}");
    assert_int_equal(play.task_count, 3);
    assert_string_equal(play.tasks[1].input, "{\"b\":1}");
    assert_int_equal(play.tasks[2].entry, 3);
    assert_where(&play, "T");
    play_ok(&play, "T", "1");
    play_ok(&play, "T", "2");
    play_ok(&play, "T", "3");
    assert_output(&play, "{\"list\":[\"a\",{\"b\":1},null],\"out\":[1,2,3]}");
    play_end(&play);
}

static void an_item_selector_sees_item_index_and_input(void **state)
{
    (void)state;
    play_expect(MAP(TASK("T", ""),
                    ",\"InputPath\":\"$.x\",\"ItemsPath\":\"$.list\",\"ItemSelector\":{\"i.$\":"
                    "\"$$.Map.Item.Index\",\"v.$\":\"$$.Map.Item.Value\",\"k.$\":\"$.k\"}"),
                "{\"x\":{\"list\":[7,8],\"k\":\"K\"}}",
                "[{\"i\":0,\"v\":7,\"k\":\"K\"},{\"i\":1,\"v\":8,\"k\":\"K\"}]");
    play_expect(
        "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"Parameters\":{\"v.$\":"
        "\"$$.Map.Item.Value\"},\"Iterator\":{\"StartAt\":\"I\",\"States\":{\"I\":{\"Type\":"
        "\"Pass\",\"Parameters\":{\"v.$\":\"$.v\",\"i.$\":\"$$.Map.Item.Index\"},\"End\":true}"
        "}},\"End\":true}}}",
        "[5]", "[{\"v\":5,\"i\":0}]");
}

static void no_items_are_no_work(void **state)
{
    (void)state;
    play_expect(MAP(TASK("T", ""), ""), "[]", "[]");
}

static void what_is_no_array_cannot_be_mapped(void **state)
{
    (void)state;
    play_expect_error(MAP(TASK("T", ""), ""), "{\"a\":1}", "States.Runtime");
    play_expect_error(MAP(TASK("T", ""), ",\"ItemsPath\":\"$.x\""), "{\"x\":5}", "States.Runtime");
}

static void an_items_path_that_leads_nowhere_is_a_conflict(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(TASK("T", ""), ",\"ItemsPath\":\"$.found.objects.all\""));
    play_start(&play, "{\"found\":{\"status\":500}}");
    assert_string_equal(asl_run_error(play.run), "States.ReferencePathConflict");
    assert_non_null(strstr(asl_run_cause(play.run), "Unable to apply step \"objects\" to input "
                                                    "{\"found\":{\"status\":500}}"));
    play_end(&play);
}

static void at_most_so_many_items_run_at_once(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(TASK("T", ""), ",\"ItemsPath\":\"$.l\",\"MaxConcurrencyPath\":\"$.n\""));
    play_start(&play, "{\"l\":[0,1,2,3,4],\"n\":2}");
    for (int left = 5; left > 0; left--) {
        assert_int_equal(play.task_count, left < 2 ? left : 2);
        play_ok(&play, "T", "true");
    }
    assert_output(&play, "[true,true,true,true,true]");
    play_end(&play);
}

static void at_most_so_many_tasks_are_out_at_once_whoever_wants_them(void **state)
{
    struct play play;
    struct play_task *task;

    (void)state;
    play_begin(&play,
               PARALLEL_ONLY(MAP(TASK("T", ""), "") "," TASK("A", "") "," TASK("B", ""), ""));
    play.env.in_flight_max = 3;
    play_start(&play, "[0,1,2,3,4,5]");
    assert_int_equal(play.task_count, 3);
    for (int done = 0; done < 8; done++) {
        assert_int_equal(play.task_count, 8 - done < 3 ? 8 - done : 3);
        task = &play.tasks[done % play.task_count];
        play_ok(&play, task->state, "9");
    }
    assert_output(&play, "[[9,9,9,9,9,9],9,9]");
    assert_int_equal(play.sent, 8);
    play_end(&play);
}

static void one_failed_item_stops_the_map(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(TASK("T", ""), ",\"MaxConcurrency\":3"));
    play_start(&play, "[0,1,2,3]");
    play_ok(&play, "T", "0");
    play_fail(&play, "T", "Bad", NULL);
    assert_string_equal(asl_run_error(play.run), "Bad");
    assert_int_equal(play.stopped, 2);
    assert_non_null(strstr(play.history.data,
                           "TaskFailed,MapIterationFailed,TaskStateAborted,MapIterationAborted,"
                           "TaskStateAborted,MapIterationAborted,MapStateFailed,ExecutionFailed"));
    play_end(&play);
}

static void redrive_runs_only_what_did_not_succeed(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(TASK("T", ""), ",\"MaxConcurrency\":3"));
    play_start(&play, "[0,1,2,3]");
    play_ok(&play, "T", "\"first\"");
    play_fail(&play, "T", "Bad", NULL);
    play_redrive(&play);
    assert_true(play.changed);
    assert_int_equal(play.task_count, 3); /* failed, stopped, stopped; the first is done */
    assert_string_equal(play.tasks[0].input, "1");
    assert_string_equal(play.tasks[1].input, "2");
    assert_string_equal(play.tasks[2].input, "3");
    for (int i = 0; i < 3; i++)
        play_ok(&play, "T", "\"again\"");
    assert_output(&play, "[\"first\",\"again\",\"again\",\"again\"]");
    play_end(&play);
}

static void redrive_of_a_cancelled_run_goes_on_in_every_branch(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               PARALLEL_ONLY(MAP(TASK("T", ""), "") "," TASK("A", ",\"TimeoutSeconds\":3"), ""));
    play_start(&play, "[0,1]");
    play_ok(&play, "T", "\"t0\"");
    play_cancel(&play);
    assert_int_equal(play.stopped, 2);
    play_redrive(&play);
    assert_int_equal(play.task_count, 2);
    play_ok(&play, "T", "\"t1\"");
    play_ok(&play, "A", "\"a\"");
    assert_output(&play, "[[\"t0\",\"t1\"],\"a\"]");
    play_end(&play);
}

static void a_failure_after_the_join_runs_the_whole_again_on_redrive(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, PARALLEL_ONLY(TASK("A", ""), ",\"ResultPath\":\"$.r.x\""));
    play_start(&play, "{\"r\":5}");
    play_ok(&play, "A", "1");
    assert_string_equal(asl_run_error(play.run), "States.ReferencePathConflict");
    play_redrive(&play);
    assert_int_equal(play.task_count, 1);
    play_end(&play);
}

static void a_large_map_of_passes_needs_few_frames(void **state)
{
    struct play play;
    struct mr_buf items = {0};

    (void)state;
    mr_buf_add_str(&items, "[0");
    for (int i = 1; i < 20000; i++)
        mr_buf_addf(&items, ",%d", i);
    mr_buf_add_str(&items, "]");
    play_begin(&play,
               MAP("{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Pass\",\"End\":true}}}", ""));
    play.no_twin = true;
    play.env.history = NULL;
    play_start(&play, items.data);
    play_run(&play);
    assert_output(&play, items.data);
    assert_int_equal(asl_run_entered(play.run), 20001);
    play_end(&play);
    mr_buf_release(&items);
}

/* As AWS: the execution ends with it at once, and nothing around it has a word of its own. */
static void a_runtime_error_ends_all_without_a_word_of_what_is_around(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, PARALLEL_ONLY(TASK("A", "") ",{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":"
                                                  "\"Pass\",\"InputPath\":\"$.no\",\"End\":true}}}",
                                    ""));
    play_start(&play, "{}");
    assert_string_equal(asl_run_error(play.run), "States.Runtime");
    assert_int_equal(play.stopped, 1);
    assert_string_equal(play.history.data,
                        "ExecutionStarted,ParallelStateEntered,ParallelStateStarted,"
                        "TaskStateEntered,TaskScheduled,TaskStarted,PassStateEntered,"
                        "ExecutionFailed");
    play_end(&play);
    play_begin(&play, MAP("{\"StartAt\":\"X\",\"States\":{\"X\":{\"Type\":\"Pass\",\"InputPath\":"
                          "\"$.no\",\"End\":true}}}",
                          ""));
    play_start(&play, "[1]");
    assert_string_equal(play.history.data, "ExecutionStarted,MapStateEntered,MapStateStarted,"
                                           "MapIterationStarted,PassStateEntered,ExecutionFailed");
    play_end(&play);
}

static void what_a_failed_branch_stops_is_told_whatever_its_type(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, PARALLEL_ONLY(TASK("F", "") "," PARALLEL_INNER, ""));
    play_start(&play, "{}");
    play_fail(&play, "F", "E", NULL);
    assert_non_null(strstr(play.history.data,
                           "TaskFailed,TaskStateAborted,TaskStateAborted,TaskStateAborted,"
                           "ParallelStateAborted,ParallelStateFailed,ExecutionFailed"));
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_run_side_by_side_and_their_outputs_stand_in_order),
        cmocka_unit_test(an_answer_that_comes_twice_does_not_count_for_another_branch),
        cmocka_unit_test(one_failed_branch_stops_the_others_and_keeps_its_name),
        cmocka_unit_test(a_failed_branch_can_be_caught_around_it),
        cmocka_unit_test(a_runtime_error_in_a_branch_is_not_caught_around_it),
        cmocka_unit_test(a_runtime_error_ends_all_without_a_word_of_what_is_around),
        cmocka_unit_test(what_a_failed_branch_stops_is_told_whatever_its_type),
        cmocka_unit_test(a_retried_parallel_runs_all_its_branches_again),
        cmocka_unit_test(forks_nest),
        cmocka_unit_test(a_map_works_on_every_item_in_place),
        cmocka_unit_test(an_item_selector_sees_item_index_and_input),
        cmocka_unit_test(no_items_are_no_work),
        cmocka_unit_test(what_is_no_array_cannot_be_mapped),
        cmocka_unit_test(an_items_path_that_leads_nowhere_is_a_conflict),
        cmocka_unit_test(at_most_so_many_items_run_at_once),
        cmocka_unit_test(at_most_so_many_tasks_are_out_at_once_whoever_wants_them),
        cmocka_unit_test(one_failed_item_stops_the_map),
        cmocka_unit_test(redrive_runs_only_what_did_not_succeed),
        cmocka_unit_test(redrive_of_a_cancelled_run_goes_on_in_every_branch),
        cmocka_unit_test(a_failure_after_the_join_runs_the_whole_again_on_redrive),
        cmocka_unit_test(a_large_map_of_passes_needs_few_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
