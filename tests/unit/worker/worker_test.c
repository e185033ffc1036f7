/* worker_test.c -- what becomes of a task between its take and its release. */
#include "tests/unit/worker/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char recipe[] =
    "{\"source\":{\"key\":\"in/a.jpg\"},\"ops\":[{\"op\":\"resize\","
    "\"width\":20}],\"outputs\":[{\"name\":\"small\",\"format\":\"jpeg\"}]}";

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" has no \"%s\"", text, part);
}

static int open_stage(void **state)
{
    struct stage *stage = malloc(sizeof *stage);

    stage_open(stage);
    stage_store(stage, "in/a.jpg", "picture");
    *state = stage;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;

    stage_close(stage);
    free(stage);
    return 0;
}

static void a_noop_is_answered_with_its_input(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.input = "{\"n\":9007199254740991,\"a\":[1,null]}"});
    stage_until(stage, 1, 0);
    assert_string_equal(stage->answers.texts[0],
                        "{\"v\":1,\"k\":\"result\","
                        "\"token\":\"job-1.1.1.00000000000000000000000000000007\","
                        "\"worker\":\"w1\",\"output\":{\"n\":9007199254740991,\"a\":[1,null]}}");
    assert_true(stage_all_released(stage, "io"));
}

static void a_task_is_released_only_after_its_answer_is_in_the_log(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "noop"});
    stage_turn(stage); /* taken and sent; the report comes with the next poll */
    assert_int_equal(stage->wk.sending, 1);
    stage_kill(stage);
    stage_turn(stage);
    assert_int_equal(stage->answers.count, 0);
    stage_start(stage); /* another one takes it */
    stage_until(stage, 1, 0);
    assert_true(stage_all_released(stage, "io"));
}

static void a_failed_report_repeats_the_same_answer(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    stage_turn(stage);                             /* taken */
    stage->world.fail_at = stage->world.calls + 1; /* of the next turn: the send */
    stage->world.fault = MR_SIM_AFTER;
    stage_until(stage, 2, 0);
    assert_string_equal(stage->answers.texts[0], stage->answers.texts[1]);
    assert_int_equal(atomic_load(&imaging_twin.calls), 1);
    assert_true(stage_all_released(stage, "image"));
}

/* Whichever call of the bus fails, before or after it was done, the task is answered. */
static void no_failing_call_of_the_bus_loses_a_task(void **state)
{
    (void)state;
    for (int fault = MR_SIM_BEFORE; fault <= MR_SIM_AFTER; fault++)
        for (uint64_t n = 1; n <= 12; n++) {
            struct stage stage;

            stage_open(&stage);
            stage_store(&stage, "in/a.jpg", "picture");
            stage_start(&stage);
            stage_ask(&stage, &(struct stage_task){.type = "image.render", .input = recipe});
            stage_ask(&stage, &(struct stage_task){.job = "job-2", .input = "1"});
            stage.world.fail_at = stage.world.calls + n;
            stage.world.fault = (enum mr_sim_fault)fault;
            for (int i = 0; i < 100; i++)
                stage_turn(&stage);
            assert_int_equal(stage.wk.items.live_count, 0);
            assert_in_range(stage.answers.count, 2, 3);
            stage.world.fail_at = 0;
            assert_true(stage_all_released(&stage, "image"));
            assert_true(stage_all_released(&stage, "io"));
            stage_close(&stage);
        }
}

static void no_failing_call_of_storage_loses_a_task(void **state)
{
    (void)state;
    for (int fault = MR_SIM_BEFORE; fault <= MR_SIM_AFTER; fault++)
        for (uint64_t n = 1; n <= 3; n++) {
            struct stage stage;

            stage_open(&stage);
            stage_store(&stage, "in/a.jpg", "picture");
            stage_start(&stage);
            stage_ask(&stage, &(struct stage_task){.type = "image.render", .input = recipe});
            stage.blob_world.fail_at = stage.blob_world.calls + n;
            stage.blob_world.fault = (enum mr_sim_fault)fault;
            stage_until(&stage, 1, 0);
            if (n <= 2) /* get, put */
                has(stage.answers.texts[0], "\"error\":\"Blob.Unavailable\"");
            assert_true(stage_all_released(&stage, "image"));
            stage_close(&stage);
        }
}

static void the_second_run_of_a_step_reports_the_first_runs_object(void **state)
{
    struct stage *stage = *state;
    char *kept;
    const char *sum;

    stage_start(stage);
    imaging_twin.salt = "one";
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    stage_until(stage, 1, 0);
    imaging_twin.salt = "another, longer";
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe, .attempt = 2});
    stage_until(stage, 2, 0);
    sum = strstr(stage->answers.texts[0], "\"sha256\":");
    assert_non_null(sum);
    assert_memory_equal(sum, strstr(stage->answers.texts[1], "\"sha256\":"), 75);
    has(stage->answers.texts[1], "\"key\":\"out/job-1/Render.1/small.jpg\",\"bytes\":20,");
    kept = stage_fetch(stage, "out/job-1/Render.1/small.jpg");
    assert_string_equal(kept, "small of picture one");
    free(kept);
}

static void poison_goes_to_the_dlq_with_its_bytes_and_the_next_is_served(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_ask_raw(stage, "io", "not json", 8);
    stage_ask_raw(stage, "io", NULL, 0);
    stage_ask_raw(stage, "io", /* a token that is another task's */
                  "{\"job\":\"a\",\"step\":\"S.1\",\"seq\":1,\"attempt\":1,\"type\":\"noop\","
                  "\"token\":\"b.1.1.00000000000000000000000000000007\"}",
                  100);
    stage_ask(stage, &(struct stage_task){.input = "2"});
    stage_until(stage, 1, 3);
    for (size_t i = 0; i < 3; i++)
        has(stage->dead.texts[i], "\"topic\":\"millrace.tasks.io\"");
    has(stage->answers.texts[0], "\"output\":2");
    assert_int_equal(stage->wk.dead, 3);
    assert_true(stage_all_released(stage, "io"));
}

static void an_unknown_type_is_answered_with_the_types_that_are_known(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.paint"});
    stage_until(stage, 1, 0);
    has(stage->answers.texts[0], "\"error\":\"Task.Unknown\"");
    has(stage->answers.texts[0], "image.paint");
    has(stage->answers.texts[0],
        "image.render image.inspect manifest map.read map.write s3.getObject");
}

static void a_fault_of_the_decoder_is_the_answer(void **state)
{
    struct stage *stage = *state;

    imaging_twin.fault = "Image.Corrupt";
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    stage_until(stage, 1, 0);
    has(stage->answers.texts[0], "\"error\":\"Image.Corrupt\",\"cause\":\"as told\"");
}

static void a_result_beyond_the_limit_says_so(void **state)
{
    struct stage *stage = *state;
    const size_t len = MR_INPUT_MAX + 1;
    char *input = malloc(len + 1);

    memset(input, 'x', len);
    input[0] = input[len - 1] = '"';
    input[len] = '\0';
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.input = input});
    stage_until(stage, 1, 0);
    has(stage->answers.texts[0], "States.DataLimitExceeded");
    has(stage->answers.texts[0], "262144");
    free(input);
}

static void a_task_cancelled_before_its_take_is_dropped(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_cancel(stage, "job-1", 1, 1);
    stage_turn(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe, .attempt = 2});
    stage_until(stage, 1, 0);
    has(stage->answers.texts[0], "job-1.1.2.");
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

static void wait_for_calls(struct stage *stage, int n)
{
    for (int i = 0; i < 3000 && atomic_load(&imaging_twin.calls) < n; i++)
        stage_turn(stage);
    assert_int_equal(atomic_load(&imaging_twin.calls), n);
}

static void a_running_task_that_is_cancelled_is_stopped_and_not_answered(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    wait_for_calls(stage, 1);
    stage_cancel(stage, "job-1", 1, 1);
    stage_until(stage, 0, 0);
    assert_true(atomic_load(&imaging_twin.stops) > 0);
    assert_int_equal(stage->wk.cancelled, 1);
    atomic_store(&imaging_twin.block, false);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe, .attempt = 2});
    stage_until(stage, 1, 0); /* the slot is free again */
    has(stage->answers.texts[0], "job-1.1.2.");
    assert_true(stage_all_released(stage, "image"));
}

static void a_waiting_task_that_is_cancelled_is_released_without_answer(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    stage->config.slots = 1;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    wait_for_calls(stage, 1);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe, .job = "job-2"});
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
    stage_ask(stage,
              &(struct stage_task){
                  .type = "image.render", .input = recipe, .timeout_ms = 600, .heartbeat_ms = 90});
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
    has(stage->answers.texts[stage->answers.count - 1], "\"k\":\"result\"");
    has(stage->answers.texts[stage->answers.count - 1], "Image.Timeout");
    assert_true(stage_all_released(stage, "image"));
}

static void a_task_whose_time_is_up_is_answered_with_image_timeout(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    stage_ask(stage,
              &(struct stage_task){.type = "image.render", .input = recipe, .timeout_ms = 20});
    stage_until(stage, 1, 0);
    has(stage->answers.texts[0], "\"error\":\"Image.Timeout\"");
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
    has(stage->answers.texts[0], "\"error\":\"Image.Timeout\"");
}

static void a_stop_that_came_too_late_does_not_cost_the_next_task(void **state)
{
    struct stage *stage = *state;

    stage->threads = true;
    atomic_store(&imaging_twin.stop_too_late, true);
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    stage_until(stage, 1, 0);
    has(stage->answers.texts[0], "\"output\":");
    assert_int_equal(atomic_load(&imaging_twin.calls), 2);
}

static void no_more_is_taken_than_there_is_room_for(void **state)
{
    struct stage *stage = *state;
    char job[16];

    stage->threads = true;
    atomic_store(&imaging_twin.block, true);
    stage_start(stage);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(job, sizeof job, "job-%d", i);
        stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe, .job = job});
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
    wait_for_calls(stage, 1);
    for (int i = 0; i < 6; i++) {
        (void)snprintf(job, sizeof job, "light-%d", i);
        ask_for(stage, job, "in/light", 0);
    }
    until_answers(stage, 6);
    for (size_t i = 0; i < 6; i++)
        has(stage->answers.texts[i], "light-");
    atomic_store(&imaging_twin.block_heavy, false);
    stage_until(stage, 12, 0); /* and each of them has its turn */
    for (size_t i = 6; i < 12; i++)
        has(stage->answers.texts[i], "\"output\":");
    assert_true(stage_all_released(stage, "image"));
}

static void a_task_that_needs_more_than_there_ever_is_fails_by_name(void **state)
{
    struct stage *stage = *state;

    stage_start_small(stage);
    stage_store(stage, "in/huge", "heavy 751");
    ask_for(stage, "job-1", "in/huge", 0);
    stage_until(stage, 1, 0);
    has(stage->answers.texts[0], "\"error\":\"Image.TooLarge\"");
    has(stage->answers.texts[0], "by its header it needs 751 bytes, the limit is 750");
    ask_for(stage, "job-2", "in/heavy", 0);
    stage_until(stage, 2, 0);
    has(stage->answers.texts[1], "\"output\":");
}

static void one_that_waits_for_memory_can_be_cancelled_and_can_be_late(void **state)
{
    struct stage *stage = *state;

    atomic_store(&imaging_twin.block_heavy, true);
    stage_start_small(stage);
    ask_for(stage, "job-1", "in/heavy", 0);
    wait_for_calls(stage, 1);
    ask_for(stage, "job-2", "in/heavy", 0);
    ask_for(stage, "job-3", "in/heavy", 30);
    until_answers(stage, 1);
    has(stage->answers.texts[0], "job-3");
    has(stage->answers.texts[0], "\"error\":\"Image.Timeout\"");
    stage_cancel(stage, "job-2", 1, 1);
    for (int i = 0; i < 3000 && stage->wk.cancelled == 0; i++)
        stage_turn(stage);
    assert_int_equal(stage->wk.cancelled, 1);
    atomic_store(&imaging_twin.block_heavy, false);
    stage_until(stage, 2, 0);
    has(stage->answers.texts[1], "job-1");
    assert_true(stage_all_released(stage, "image"));
}

static void ask_of(struct stage *stage, const char *job, const char *tenant)
{
    stage_ask(stage, &(struct stage_task){
                         .type = "image.render", .input = recipe, .job = job, .tenant = tenant});
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
    wait_for_calls(stage, 1);
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
    wait_for_calls(stage, 1);
    ask_for(stage, "job-2", "in/heavy", 0);
    stage_turns(stage, 50);
    wk_drain(&stage->wk);
    atomic_store(&imaging_twin.block_heavy, false);
    stage_turns(stage, 50);
    assert_int_equal(stage->answers.count, 1);
    has(stage->answers.texts[0], "job-1");
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
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    wait_for_calls(stage, 1);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe, .job = "job-2"});
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
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = recipe});
    wait_for_calls(stage, 1);
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

/* ---- the start ------------------------------------------------------------------------------ */

static void refused(struct stage *stage, const char *part)
{
    const struct wk_ports ports = {.bus = mr_bus_sim_new(stage->broker, NULL),
                                   .blob = stage->blob,
                                   .clock = &stage->clock.clock};
    struct mr_error err = {0};
    struct wk wk;

    assert_int_not_equal(
        wk_setup(&wk, &stage->config, &stage->imaging, &stage->cluster, &ports, &err), MR_OK);
    has(err.text, part);
    wk_teardown(&wk, 0);
    mr_bus_free(ports.bus);
}

static void a_decoder_that_does_not_start_stops_the_worker(void **state)
{
    imaging_twin.start_fault = "no seccomp here";
    refused(*state, "no seccomp here");
}

static void classes_that_are_none_are_refused_by_name(void **state)
{
    struct stage *stage = *state;
    char twice[] = "io,image,io", wrong[] = "io,a.b", none[] = ", ,";

    stage->config.classes = twice;
    refused(stage, "\"io\" is there twice");
    stage->config.classes = wrong;
    refused(stage, "\"a.b\"");
    stage->config.classes = none;
    refused(stage, "at least one class");
}

static void another_number_of_shards_is_refused(void **state)
{
    struct stage *stage = *state;

    stage->cluster.shards = 5;
    refused(stage, "4 partitions");
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(a_noop_is_answered_with_its_input),
        ON_STAGE(a_task_is_released_only_after_its_answer_is_in_the_log),
        ON_STAGE(a_failed_report_repeats_the_same_answer),
        cmocka_unit_test(no_failing_call_of_the_bus_loses_a_task),
        cmocka_unit_test(no_failing_call_of_storage_loses_a_task),
        ON_STAGE(the_second_run_of_a_step_reports_the_first_runs_object),
        ON_STAGE(poison_goes_to_the_dlq_with_its_bytes_and_the_next_is_served),
        ON_STAGE(an_unknown_type_is_answered_with_the_types_that_are_known),
        ON_STAGE(a_fault_of_the_decoder_is_the_answer),
        ON_STAGE(a_result_beyond_the_limit_says_so),
        ON_STAGE(a_task_cancelled_before_its_take_is_dropped),
        cmocka_unit_test(the_newer_of_two_cancels_for_one_place_is_remembered),
        ON_STAGE(a_malformed_control_message_is_passed_over),
        ON_STAGE(a_running_task_that_is_cancelled_is_stopped_and_not_answered),
        ON_STAGE(a_waiting_task_that_is_cancelled_is_released_without_answer),
        ON_STAGE(a_task_that_takes_long_says_that_it_is_alive),
        ON_STAGE(a_task_whose_time_is_up_is_answered_with_image_timeout),
        ON_STAGE(a_task_without_a_time_out_has_the_workers),
        ON_STAGE(a_stop_that_came_too_late_does_not_cost_the_next_task),
        ON_STAGE(no_more_is_taken_than_there_is_room_for),
        ON_STAGE(heavy_tasks_that_wait_for_memory_do_not_stop_light_ones),
        ON_STAGE(a_task_that_needs_more_than_there_ever_is_fails_by_name),
        ON_STAGE(one_that_waits_for_memory_can_be_cancelled_and_can_be_late),
        ON_STAGE(a_slot_stays_with_a_tenant_while_it_can_and_passes_over_nobody_for_ever),
        ON_STAGE(a_drain_leaves_what_waits_for_memory_to_others),
        ON_STAGE(a_drain_finishes_what_runs_and_leaves_the_rest_to_others),
        ON_STAGE(a_drain_ends_when_its_time_is_up),
        ON_STAGE(a_decoder_that_does_not_start_stops_the_worker),
        ON_STAGE(classes_that_are_none_are_refused_by_name),
        ON_STAGE(another_number_of_shards_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
