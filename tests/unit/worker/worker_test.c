/* worker_test.c -- what becomes of a task between its take and its release.  Cut short: see
 * worker_cut_test.c; too much of it: worker_room_test.c. */
#include "tests/unit/worker/stage.h"

#include <stdlib.h>
#include <string.h>

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
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
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
            stage_ask(&stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
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
            stage_ask(&stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
            stage.blob_world.fail_at = stage.blob_world.calls + n;
            stage.blob_world.fault = (enum mr_sim_fault)fault;
            stage_until(&stage, 1, 0);
            if (n <= 2) /* get, put */
                stage_has(stage.answers.texts[0], "\"error\":\"Blob.Unavailable\"");
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
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
    stage_until(stage, 1, 0);
    imaging_twin.salt = "another, longer";
    stage_ask(stage,
              &(struct stage_task){.type = "image.render", .input = stage_recipe, .attempt = 2});
    stage_until(stage, 2, 0);
    sum = strstr(stage->answers.texts[0], "\"sha256\":");
    assert_non_null(sum);
    assert_memory_equal(sum, strstr(stage->answers.texts[1], "\"sha256\":"), 75);
    stage_has(stage->answers.texts[1], "\"key\":\"out/job-1/Render.1/small.jpg\",\"bytes\":20,");
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
        stage_has(stage->dead.texts[i], "\"topic\":\"millrace.tasks.io\"");
    stage_has(stage->answers.texts[0], "\"output\":2");
    assert_int_equal(stage->wk.dead, 3);
    assert_true(stage_all_released(stage, "io"));
}

static void an_unknown_type_is_answered_with_the_types_that_are_known(void **state)
{
    struct stage *stage = *state;

    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.paint"});
    stage_until(stage, 1, 0);
    stage_has(stage->answers.texts[0], "\"error\":\"Task.Unknown\"");
    stage_has(stage->answers.texts[0], "image.paint");
    stage_has(stage->answers.texts[0],
              "image.render image.inspect manifest map.read map.write s3.getObject");
}

static void a_fault_of_the_decoder_is_the_answer(void **state)
{
    struct stage *stage = *state;

    imaging_twin.fault = "Image.Corrupt";
    stage_start(stage);
    stage_ask(stage, &(struct stage_task){.type = "image.render", .input = stage_recipe});
    stage_until(stage, 1, 0);
    stage_has(stage->answers.texts[0], "\"error\":\"Image.Corrupt\",\"cause\":\"as told\"");
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
    stage_has(stage->answers.texts[0], "States.DataLimitExceeded");
    stage_has(stage->answers.texts[0], "262144");
    free(input);
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
    stage_has(err.text, part);
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
        ON_STAGE(a_decoder_that_does_not_start_stops_the_worker),
        ON_STAGE(classes_that_are_none_are_refused_by_name),
        ON_STAGE(another_number_of_shards_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
