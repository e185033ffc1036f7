/* worker_room_test.c -- more tasks than there is room for: slots, memory, tenants, and a drain. */
#include "tests/unit/worker/stage.h"

#include <stdio.h>
#include <string.h>

static void no_more_is_taken_than_there_is_room_for(void **state)
{
    struct stage *stage = *state;
    char job[16];

    stage->threads = true;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(job, sizeof job, "job-%d", i);
        stage_ask(stage,
                  &(struct stage_task){.type = "image.render", .input = stage_recipe, .job = job});
    }
    stage_turns(stage, 50);
    assert_int_equal(stage->wk.items.live_count, 4); /* two slots, two ahead */
    stage_ask(stage, &(struct stage_task){.input = "1"});
    stage_turns(stage, 5);
    assert_int_equal(stage->answers.count, 1); /* what needs no slot does not wait for one */
    atomic_store(&imaging_twin.block, false);
    stage_until(stage, 11, 0);
    assert_true(stage_all_released(stage, "image"));
}

/* 1000 bytes and two slots: 125 for each slot's light tasks, 750 for heavy ones. */
static void stage_start_small(struct stage *stage)
{
    stage->threads = true;
    stage->config.memory = 1000;
    stage->config.heavy_ahead = 8;
    stage_start(stage);
    stage_store(stage, "in/heavy", "heavy 700");
    stage_store(stage, "in/light", "light");
}

static void ask_for(struct stage *stage, const char *job, const char *key, int timeout_ms)
{
    char input[128];

    (void)snprintf(input, sizeof input,
                   "{\"source\":{\"key\":\"%s\"},\"outputs\":[{\"name\":\"o\"}]}", key);
    stage_ask(stage,
              &(struct stage_task){
                  .type = "image.render", .input = input, .job = job, .timeout_ms = timeout_ms});
}

/* While others are still under way. */
static void until_answers(struct stage *stage, size_t count)
{
    for (int i = 0; i < 3000 && stage->answers.count < count; i++)
        stage_turn(stage);
    assert_int_equal(stage->answers.count, count);
}

static void heavy_tasks_that_wait_for_memory_do_not_stop_light_ones(void **state)
{
    struct stage *stage = *state;
    char job[16];

    atomic_store(&imaging_twin.block_heavy, true);
    stage_start_small(stage);
    for (int i = 0; i < 6; i++) { /* one has the memory, and five would fill slots and queue */
        (void)snprintf(job, sizeof job, "heavy-%d", i);
        ask_for(stage, job, "in/heavy", 0);
    }
    stage_until_calls(stage, 1);
    for (int i = 0; i < 6; i++) {
        (void)snprintf(job, sizeof job, "light-%d", i);
        ask_for(stage, job, "in/light", 0);
    }
    until_answers(stage, 6);
    for (size_t i = 0; i < 6; i++)
        stage_has(stage->answers.texts[i], "light-");
    atomic_store(&imaging_twin.block_heavy, false);
    stage_until(stage, 12, 0); /* and each of them has its turn */
    for (size_t i = 6; i < 12; i++)
        stage_has(stage->answers.texts[i], "\"output\":");
    assert_true(stage_all_released(stage, "image"));
}

static void a_task_that_needs_more_than_there_ever_is_fails_by_name(void **state)
{
    struct stage *stage = *state;

    stage_start_small(stage);
    stage_store(stage, "in/huge", "heavy 751");
    ask_for(stage, "job-1", "in/huge", 0);
    stage_until(stage, 1, 0);
    stage_has(stage->answers.texts[0], "\"error\":\"Image.TooLarge\"");
    stage_has(stage->answers.texts[0], "by its header it needs 751 bytes, the limit is 750");
    ask_for(stage, "job-2", "in/heavy", 0);
    stage_until(stage, 2, 0);
    stage_has(stage->answers.texts[1], "\"output\":");
}

static void one_that_waits_for_memory_can_be_cancelled_and_can_be_late(void **state)
{
    struct stage *stage = *state;

    atomic_store(&imaging_twin.block_heavy, true);
    stage_start_small(stage);
    ask_for(stage, "job-1", "in/heavy", 0);
    stage_until_calls(stage, 1);
    ask_for(stage, "job-2", "in/heavy", 0);
    ask_for(stage, "job-3", "in/heavy", 30);
    until_answers(stage, 1);
    stage_has(stage->answers.texts[0], "job-3");
    stage_has(stage->answers.texts[0], "\"error\":\"Image.Timeout\"");
    stage_cancel(stage, "job-2", 1, 1);
    for (int i = 0; i < 3000 && stage->wk.cancelled == 0; i++)
        stage_turn(stage);
    assert_int_equal(stage->wk.cancelled, 1);
    atomic_store(&imaging_twin.block_heavy, false);
    stage_until(stage, 2, 0);
    stage_has(stage->answers.texts[1], "job-1");
    assert_true(stage_all_released(stage, "image"));
}

static void ask_of(struct stage *stage, const char *job, const char *tenant)
{
    stage_ask(stage,
              &(struct stage_task){
                  .type = "image.render", .input = stage_recipe, .job = job, .tenant = tenant});
}

static void a_slot_stays_with_a_tenant_while_it_can_and_passes_over_nobody_for_ever(void **state)
{
    struct stage *stage = *state;
    const char *b;
    char job[16];

    stage->threads = true;
    stage->config.slots = 1;
    stage->config.ahead = 32;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    ask_of(stage, "a-first", "a");
    stage_until_calls(stage, 1);
    ask_of(stage, "b", "b");
    for (int i = 0; i < 23; i++) {
        (void)snprintf(job, sizeof job, "a-%d", i);
        ask_of(stage, job, "a");
    }
    stage_turns(stage, 20);
    atomic_store(&imaging_twin.block, false);
    stage_until(stage, 25, 0);
    b = strchr(imaging_twin.tenants, 'b');
    assert_non_null(b);
    assert_in_range(b - imaging_twin.tenants, 2, 22); /* neither first come nor last */
    assert_int_equal(strspn(imaging_twin.tenants, "a"), b - imaging_twin.tenants);
    assert_int_equal(strspn(b + 1, "a"), 24 - (b - imaging_twin.tenants));
}

static void a_drain_leaves_what_waits_for_memory_to_others(void **state)
{
    struct stage *stage = *state;

    atomic_store(&imaging_twin.block_heavy, true);
    stage_start_small(stage);
    ask_for(stage, "job-1", "in/heavy", 0);
    stage_until_calls(stage, 1);
    ask_for(stage, "job-2", "in/heavy", 0);
    stage_turns(stage, 50);
    wk_drain(&stage->wk);
    atomic_store(&imaging_twin.block_heavy, false);
    stage_turns(stage, 50);
    assert_int_equal(stage->answers.count, 1);
    stage_has(stage->answers.texts[0], "job-1");
    assert_int_equal(atomic_load(&imaging_twin.calls), 1);
    assert_false(stage_all_released(stage, "image")); /* the other is still the queue's */
}

static void a_drain_finishes_what_runs_and_leaves_the_rest_to_others(void **state)
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
    wk_drain(&stage->wk);
    stage_ask(stage, &(struct stage_task){.input = "1"});
    stage_turns(stage, 5);
    assert_false(wk_drained(&stage->wk));
    atomic_store(&imaging_twin.block, false);
    for (int i = 0; i < 3000 && !wk_drained(&stage->wk); i++)
        stage_turn(stage);
    assert_int_equal(stage->answers.count, 1);
    stage_end(stage);
    stage_start(stage); /* another worker */
    stage_until(stage, 3, 0);
}

static void a_drain_ends_when_its_time_is_up(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    stage->config.drain_ms = 30;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
    stage_until_calls(stage, 1);
    wk_drain(&stage->wk);
    for (int i = 0; i < 3000 && !wk_drained(&stage->wk); i++)
        stage_turn(stage);
    stage_end(stage); /* stops the decoder */
    assert_int_equal(stage->answers.count, 0);
    assert_int_equal(atomic_load(&imaging_twin.stops), 1);
    atomic_store(&imaging_twin.block, false);
    stage_start(stage);
    stage_until(stage, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(no_more_is_taken_than_there_is_room_for),
        ON_STAGE(heavy_tasks_that_wait_for_memory_do_not_stop_light_ones),
        ON_STAGE(a_task_that_needs_more_than_there_ever_is_fails_by_name),
        ON_STAGE(one_that_waits_for_memory_can_be_cancelled_and_can_be_late),
        ON_STAGE(a_slot_stays_with_a_tenant_while_it_can_and_passes_over_nobody_for_ever),
        ON_STAGE(a_drain_leaves_what_waits_for_memory_to_others),
        ON_STAGE(a_drain_finishes_what_runs_and_leaves_the_rest_to_others),
        ON_STAGE(a_drain_ends_when_its_time_is_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
