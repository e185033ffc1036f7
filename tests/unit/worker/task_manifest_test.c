/* task_manifest_test.c -- a manifest lists every output once, in the same bytes whenever it is
 * made. */
#include "tests/unit/worker/bench_kit.h"
#include "tests/unit/worker/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char outputs[] =
    "{\"outputs\":{\"b\":{\"key\":\"out/b\",\"sha256\":\"22\",\"bytes\":2,\"width\":5},"
    "\"a\":{\"key\":\"out/a\",\"sha256\":\"11\",\"format\":\"webp\",\"name\":\"first\"}},"
    "\"again\":[[{\"key\":\"out/b\",\"sha256\":\"99\"}]],"
    "\"source\":{\"key\":\"in/a.jpg\"},"
    "\"manifest\":{\"key\":\"out/job-1/manifest.json\",\"sha256\":\"33\"}}";

static void a_manifest_lists_every_output_once_by_key(void **state)
{
    struct bench *bench = *state;
    struct mr_buf body = {0};
    struct mr_blob_info info;
    struct mr_error err;

    assert_int_equal(bench_run(bench, "manifest", outputs), MR_OK);
    assert_int_equal(
        mr_blob_get(bench->run.blob, "out/job-1/manifest.json", 10000, &body, &info, &err), MR_OK);
    assert_string_equal(body.data,
                        "{\"v\":1,\"job\":\"job-1\",\"outputs\":["
                        "{\"name\":\"first\",\"key\":\"out/a\",\"sha256\":\"11\","
                        "\"format\":\"webp\"},"
                        "{\"name\":\"b\",\"key\":\"out/b\",\"bytes\":2,\"sha256\":\"22\","
                        "\"width\":5}]}");
    assert_string_equal(info.content_type, "application/json");
    stage_has(bench->output.data, "{\"key\":\"out/job-1/manifest.json\",\"bytes\":");
    stage_has(bench->output.data, info.sha256);
    stage_has(bench->output.data, "\"count\":2}");
    mr_buf_release(&body);
}

static void the_bytes_of_a_manifest_are_the_same_twice(void **state)
{
    struct bench *bench = *state;
    struct mr_buf first = {0};

    assert_int_equal(bench_run(bench, "manifest", outputs), MR_OK);
    assert_int_equal(mr_buf_add(&first, bench->output.data, bench->output.len), MR_OK);
    bench->task.attempt++;
    assert_int_equal(bench_run(bench, "manifest", outputs), MR_OK);
    assert_string_equal(first.data, bench->output.data); /* the sum too */
    mr_buf_release(&first);
}

static void a_manifest_of_nothing_lists_nothing(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench_run(bench, "manifest", "[1,\"a\",null]"), MR_OK);
    stage_has(bench->output.data, "\"count\":0}");
    assert_int_equal(bench_run(bench, "manifest", NULL), MR_OK);
    stage_has(bench->output.data, "\"count\":0}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_CASE(a_manifest_lists_every_output_once_by_key),
        BENCH_CASE(the_bytes_of_a_manifest_are_the_same_twice),
        BENCH_CASE(a_manifest_of_nothing_lists_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
