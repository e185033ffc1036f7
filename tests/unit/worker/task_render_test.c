/* task_render_test.c -- a render puts each output where its recipe says, once, and tells where
 * it is, or names what is wrong before any pixel was made. */
#include "tests/unit/worker/bench_kit.h"
#include "tests/unit/worker/imaging_twin.h"
#include "tests/unit/worker/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* A render with one output that has this key. */
static enum mr_code render_to(struct bench *bench, const char *key)
{
    char input[600];

    (void)snprintf(input, sizeof input,
                   "{\"source\":{\"key\":\"in/a.jpg\"},\"outputs\":[{\"name\":\"small\","
                   "\"format\":\"jpeg\",\"key\":\"%s\"}]}",
                   key);
    return bench_run(bench, "image.render", input);
}

static void a_render_answers_every_output_with_where_it_is(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench_run(bench, "image.render",
                               "{\"source\":{\"key\":\"in/a.jpg\"},\"outputs\":["
                               "{\"name\":\"small\",\"format\":\"jpeg\"},"
                               "{\"name\":\"large\",\"format\":\"jpeg\"}]}"),
                     MR_OK);
    assert_string_equal(
        bench->output.data,
        "{\"outputs\":{"
        "\"small\":{\"key\":\"out/job-1/Render.1/small.jpg\",\"bytes\":17,\"width\":20,"
        "\"height\":10,\"format\":\"jpeg\",\"pages\":1,\"sha256\":"
        "\"96fd79a2e1c884fda838c6d6be5ce7f76ecb9cf6fbd11364781358b0f80491a5\",\"quality\":80},"
        "\"large\":{\"key\":\"out/job-1/Render.1/large.jpg\",\"bytes\":17,\"width\":20,"
        "\"height\":10,\"format\":\"jpeg\",\"pages\":1,\"sha256\":"
        "\"4e1031adea87c31d3914b25fa36cff0150bfa61ab759a4cc1ea9ebf6f099988c\",\"quality\":80}},"
        "\"source\":{\"format\":\"jpeg\",\"width\":200,\"height\":100,\"bytes\":7},"
        "\"usage\":{\"cpu_ms\":2,\"wall_ms\":2,\"peak_bytes\":4096}}");
}

static void a_recipe_that_is_none_is_named_with_its_pointer(void **state)
{
    struct bench *bench = *state;

    bench_fails(bench,
                bench_run(bench, "image.render",
                          "{\"source\":{\"key\":\"in/a.jpg\"},\"outputs\":[{\"name\":\"Small\"}]}"),
                "Recipe.Invalid", "/outputs/0/name");
    bench_fails(bench, bench_run(bench, "image.render", "[]"), "Recipe.Invalid", "");
    bench_fails(bench, bench_run(bench, "image.render", NULL), "Recipe.Invalid", "missing");
    assert_int_equal(atomic_load(&imaging_twin.calls), 0);
}

static void a_source_that_is_not_there_is_named(void **state)
{
    struct bench *bench = *state;

    bench_fails(bench,
                bench_run(bench, "image.render",
                          "{\"source\":{\"key\":\"in/gone.jpg\"},\"outputs\":[{\"name\":\"a\"}]}"),
                "Blob.NotFound", "in/gone.jpg");
    assert_false(bench->fault.retriable);
}

static void a_source_beyond_the_limit_is_named(void **state)
{
    struct bench *bench = *state;

    bench->imaging.source_bytes_max = 3;
    bench_fails(bench, render_to(bench, "x.jpg"), "Image.TooLarge", "in/a.jpg");
}

static void storage_that_does_not_answer_can_be_asked_again(void **state)
{
    struct bench *bench = *state;

    bench->world.fail_at = bench->world.calls + 1;
    bench_fails(bench, render_to(bench, "x.jpg"), "Blob.Unavailable", "in/a.jpg");
    assert_true(bench->fault.retriable);
}

static void every_layer_is_fetched(void **state)
{
    struct bench *bench = *state;
    static const char input[] =
        "{\"source\":{\"key\":\"in/a.jpg\"},\"ops\":[{\"op\":\"composite\",\"layers\":["
        "{\"source\":{\"key\":\"in/"
        "b.png\"}}]}],\"outputs\":[{\"name\":\"a\",\"format\":\"jpeg\"}]}";
    struct mr_buf body = {0};
    struct mr_error err;

    assert_int_equal(bench_run(bench, "image.render", input), MR_OK);
    assert_int_equal(
        mr_blob_get(bench->run.blob, "out/job-1/Render.1/a.jpg", 100, &body, NULL, &err), MR_OK);
    stage_has(body.data, "on 1 layers");
    mr_buf_release(&body);
}

static void a_key_of_ones_own_is_overwritten(void **state)
{
    struct bench *bench = *state;
    struct mr_buf body = {0};
    struct mr_error err;

    bench_put(bench, "public/logo.jpg", "old");
    assert_int_equal(render_to(bench, "public/logo.{ext}"), MR_OK);
    assert_int_equal(mr_blob_get(bench->run.blob, "public/logo.jpg", 100, &body, NULL, &err),
                     MR_OK);
    assert_string_equal(body.data, "small of picture ");
    mr_buf_release(&body);
}

static void a_key_with_job_and_step_is_never_overwritten(void **state)
{
    struct bench *bench = *state;
    struct mr_buf body = {0};
    struct mr_error err;

    bench_put(bench, "x/job-1/Render.1.jpg", "the first run's");
    assert_int_equal(render_to(bench, "x/{job}/{step}.jpg"), MR_OK);
    stage_has(bench->output.data, "\"bytes\":15,");
    assert_int_equal(mr_blob_get(bench->run.blob, "x/job-1/Render.1.jpg", 100, &body, NULL, &err),
                     MR_OK);
    assert_string_equal(body.data, "the first run's");
    mr_buf_release(&body);
}

static void a_bad_key_costs_no_pixels(void **state)
{
    struct bench *bench = *state;

    bench_fails(bench, render_to(bench, "x/{jobb}"), "Recipe.Invalid",
                "/outputs/0/key: \"{jobb}\"");
    bench_fails(bench, render_to(bench, "../{job}"), "Recipe.Invalid", "/outputs/0/key");
    assert_int_equal(atomic_load(&imaging_twin.calls), 0);
}

static void two_outputs_never_land_on_one_key(void **state)
{
    struct bench *bench = *state;
    struct mr_blob_info info;
    struct mr_error err;

    bench_fails(
        bench,
        bench_run(bench, "image.render",
                  "{\"source\":{\"key\":\"in/a.jpg\"},\"outputs\":["
                  "{\"name\":\"a\",\"key\":\"x.jpg\"},{\"name\":\"b\",\"key\":\"x.jpg\"}]}"),
        "Recipe.Invalid", "/outputs/1/key: is \"x.jpg\"");
    assert_int_equal(mr_blob_head(bench->run.blob, "x.jpg", &info, &err), MR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_CASE(a_render_answers_every_output_with_where_it_is),
        BENCH_CASE(a_recipe_that_is_none_is_named_with_its_pointer),
        BENCH_CASE(a_source_that_is_not_there_is_named),
        BENCH_CASE(a_source_beyond_the_limit_is_named),
        BENCH_CASE(storage_that_does_not_answer_can_be_asked_again),
        BENCH_CASE(every_layer_is_fetched),
        BENCH_CASE(a_key_of_ones_own_is_overwritten),
        BENCH_CASE(a_key_with_job_and_step_is_never_overwritten),
        BENCH_CASE(a_bad_key_costs_no_pixels),
        BENCH_CASE(two_outputs_never_land_on_one_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
