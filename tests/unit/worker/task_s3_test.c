/* task_s3_test.c -- an object is put, found, listed and deleted as S3's own operations do it,
 * and what was asked wrongly is named. */
#include "tests/unit/worker/bench_kit.h"
#include "tests/unit/worker/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void an_object_is_put_found_listed_and_deleted(void **state)
{
    struct bench *bench = *state;

    bench->run.bucket = "all";
    assert_int_equal(bench_run(bench, "s3.putObject",
                               "{\"Bucket\":\"notes\",\"Key\":\"a\",\"Body\":{\"x\":[1]}}"),
                     MR_OK);
    stage_has(bench->output.data, "\"ChecksumSHA256\":\"");
    assert_int_equal(bench_run(bench, "s3.getObject", "{\"Bucket\":\"notes\",\"Key\":\"a\"}"),
                     MR_OK);
    stage_has(bench->output.data, "{\"Body\":\"{\\\"x\\\":[1]}\",\"ContentLength\":9");
    assert_int_equal(bench_run(bench, "s3.putObject",
                               "{\"Bucket\":\"all\",\"Key\":\"notes/b\",\"Body\":\"text\"}"),
                     MR_OK);
    assert_int_equal(bench_run(bench, "s3.headObject", "{\"Bucket\":\"notes\",\"Key\":\"b\"}"),
                     MR_OK);
    stage_has(bench->output.data, "\"ContentLength\":4");
    assert_int_equal(bench_run(bench, "s3.listObjectsV2", "{\"Bucket\":\"notes\",\"MaxKeys\":1}"),
                     MR_OK);
    stage_has(
        bench->output.data,
        "{\"Contents\":[{\"Key\":\"a\",\"Size\":9,\"StorageClass\":\"STANDARD\"}],\"IsTruncated\":"
        "true,\"KeyCount\":1,\"MaxKeys\":1,\"Name\":\"notes\",\"Prefix\":\"\","
        "\"NextContinuationToken\":\"a\"}");
    assert_int_equal(
        bench_run(bench, "s3.listObjectsV2", "{\"Bucket\":\"notes\",\"ContinuationToken\":\"a\"}"),
        MR_OK);
    stage_has(bench->output.data, "[{\"Key\":\"b\",\"Size\":4");
    stage_has(bench->output.data, "\"IsTruncated\":false");
    assert_int_equal(bench_run(bench, "s3.deleteObject", "{\"Bucket\":\"notes\",\"Key\":\"a\"}"),
                     MR_OK);
    bench_fails(bench, bench_run(bench, "s3.getObject", "{\"Bucket\":\"notes\",\"Key\":\"a\"}"),
                "S3.NoSuchKeyException", "notes/a");
}

static void what_s3_is_asked_wrongly_is_named(void **state)
{
    struct bench *bench = *state;

    bench_put(bench, "bad", "\xff\xfe");
    bench_fails(bench, bench_run(bench, "s3.getObject", "{\"Bucket\":\"\",\"Key\":\"bad\"}"),
                "S3.InvalidBody", "UTF-8");
    bench_fails(bench, bench_run(bench, "s3.getObject", "{\"Key\":\"bad\"}"), "States.Runtime",
                "/Bucket");
    bench_fails(bench, bench_run(bench, "s3.putObject", "{\"Bucket\":\"b\",\"Key\":7}"),
                "States.Runtime", "/Key");
    bench_fails(bench, bench_run(bench, "s3.listObjectsV2", "{\"Bucket\":\"b\",\"Prefix\":7}"),
                "States.Runtime", "/Prefix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_CASE(an_object_is_put_found_listed_and_deleted),
        BENCH_CASE(what_s3_is_asked_wrongly_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
