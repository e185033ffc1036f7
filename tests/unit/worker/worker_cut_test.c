/* worker_cut_test.c -- tasks that are cut short: by a cancel, by their time, by a stop. */
#include "tests/unit/worker/stage.h"

static void a_task_cancelled_before_its_take_is_dropped(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_cancel(stage, "job-1", 1, 1);
    stage_turn(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
    stage_ask(stage,
              &(struct stage_task){.type = "image.render", .input = stage_recipe, .attempt = 2});
    stage_until(stage, 1, 0);
    stage_has(stage->answers.texts[0], "job-1.1.2.");
    assert_int_equal(atomic_load(&imaging_twin.calls), 1);
    assert_true(stage_all_released(stage, "image"));
}

static void the_newer_of_two_cancels_for_one_place_is_remembered(void **state)
{
    struct wk_cancels cancels = {0};
    struct mr_control control = {.job = "a", .seq = 1, .attempt = 1};
    struct mr_error err;

    (void)state;
    assert_int_equal(wk_cancels_init(&cancels, 1, &err), MR_OK);
    wk_cancels_note(&cancels, &control);
    assert_true(wk_cancels_has(&cancels, "a", 1, 1));
    assert_false(wk_cancels_has(&cancels, "a", 1, 2));
    control.attempt = 2;
    wk_cancels_note(&cancels, &control);
    assert_false(wk_cancels_has(&cancels, "a", 1, 1));
    assert_true(wk_cancels_has(&cancels, "a", 1, 2));
    wk_cancels_release(&cancels);
}

static void a_malformed_control_message_is_passed_over(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_cancel(stage, "not a job", 1, 1);
    stage_cancel(stage, "job-1", 1, 1);
    stage_turns(stage, 2);
    stage_ask(stage, &(struct stage_task){.job = "job-1"});
    stage_turns(stage, 4);
    assert_int_equal(stage->answers.count, 0);
    assert_int_equal(stage->wk.cancelled, 1);
}

/* ---- with threads --------------------------------------------------------------------------- */

static void a_running_task_that_is_cancelled_is_stopped_and_not_answered(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
    stage_until_calls(stage, 1);
    stage_cancel(stage, "job-1", 1, 1);
    stage_until(stage, 0, 0);
    assert_true(atomic_load(&imaging_twin.stops) > 0);
    assert_int_equal(stage->wk.cancelled, 1);
    atomic_store(&imaging_twin.block, false);
    stage_ask(stage,
              &(struct stage_task){.type = "image.render", .input = stage_recipe, .attempt = 2});
    stage_until(stage, 1, 0); /* the slot is free again */
    stage_has(stage->answers.texts[0], "job-1.1.2.");
    assert_true(stage_all_released(stage, "image"));
}

static void a_waiting_task_that_is_cancelled_is_released_without_answer(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    stage->config.slots = 1;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
    stage_until_calls(stage, 1);
    stage_ask(stage,
              &(struct stage_task){.type = "image.render", .input = stage_recipe, .job = "job-2"});
    stage_turns(stage, 5);
    assert_int_equal(stage->wk.items.live_count, 2);
    stage_cancel(stage, "job-2", 1, 1);
    stage_turns(stage, 5);
    assert_int_equal(stage->wk.items.live_count, 1);
    assert_int_equal(atomic_load(&imaging_twin.stops), 0);
    atomic_store(&imaging_twin.block, false);
    stage_until(stage, 1, 0);
    assert_int_equal(atomic_load(&imaging_twin.calls), 1);
}

static void a_task_that_takes_long_says_that_it_is_alive(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render",
                                          .input = stage_recipe,
                                          .timeout_ms = 600,
                                          .heartbeat_ms = 90});
    while (stage->answers.count < 3)
        stage_turn(stage);
    for (int i = 0; i < 3; i++)
        assert_string_equal(stage->answers.texts[i],
                            "{\"v\":1,\"k\":\"heartbeat\","
                            "\"token\":\"job-1.1.1.00000000000000000000000000000007\","
                            "\"worker\":\"w1\"}");
    assert_int_equal(stage->wk.items.live_count, 1); /* it is not answered by them */
    while (stage->wk.items.live_count)
        stage_turn(stage);
    stage_has(stage->answers.texts[stage->answers.count - 1], "\"k\":\"result\"");
    stage_has(stage->answers.texts[stage->answers.count - 1], "Image.Timeout");
    assert_true(stage_all_released(stage, "image"));
}

static void a_task_whose_time_is_up_is_answered_with_image_timeout(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){
                         .type = "image.render", .input = stage_recipe, .timeout_ms = 20});
    stage_until(stage, 1, 0);
    stage_has(stage->answers.texts[0], "\"error\":\"Image.Timeout\"");
    assert_true(stage_all_released(stage, "image"));
}

static void a_task_without_a_time_out_has_the_workers(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    stage->config.task_timeout_ms = 100;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.inspect",
                                          .input = "{\"source\":{\"key\":\"in/a.jpg\"}}"});
    stage_until(stage, 1, 0);
    stage_has(stage->answers.texts[0], "\"error\":\"Image.Timeout\"");
}

static void a_stop_that_came_too_late_does_not_cost_the_next_task(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    atomic_store(&imaging_twin.stop_too_late, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
    stage_until(stage, 1, 0);
    stage_has(stage->answers.texts[0], "\"output\":");
    assert_int_equal(atomic_load(&imaging_twin.calls), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(a_task_cancelled_before_its_take_is_dropped),
        cmocka_unit_test(the_newer_of_two_cancels_for_one_place_is_remembered),
        ON_STAGE(a_malformed_control_message_is_passed_over),
        ON_STAGE(a_running_task_that_is_cancelled_is_stopped_and_not_answered),
        ON_STAGE(a_waiting_task_that_is_cancelled_is_released_without_answer),
        ON_STAGE(a_task_that_takes_long_says_that_it_is_alive),
        ON_STAGE(a_task_whose_time_is_up_is_answered_with_image_timeout),
        ON_STAGE(a_task_without_a_time_out_has_the_workers),
        ON_STAGE(a_stop_that_came_too_late_does_not_cost_the_next_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
