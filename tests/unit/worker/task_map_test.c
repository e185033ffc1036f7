/* task_map_test.c -- pages of a Map are read out of storage and its results written there, from
 * and into a bucket that may be a folder. */
#include "common/base/json.h"
#include "tests/unit/worker/bench_kit.h"
#include "tests/unit/worker/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_page_of_a_map_is_read_from_a_bucket_that_is_a_folder(void **state)
{
    static const unsigned char packed[] = {
        /* gzip of: "b","1" LF */
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x53, 0x4a, 0x52, 0xd2,
        0x51, 0x32, 0x54, 0xe2, 0x02, 0x00, 0x9a, 0xc6, 0xf8, 0xe4, 0x08, 0x00, 0x00, 0x00};
    struct bench *bench = *state;
    const struct mr_blob_put how = {0};
    struct mr_error err;

    bench->run.bucket = "all";
    bench_put(bench, "lists/a.csv", "key\nin/1\n");
    assert_int_equal(
        bench_run(bench, "map.read",
                  "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"
                  "\"Bucket\":\"lists\",\"Key\":\"a.csv\"},\"ReaderConfig\":{\"InputType\":"
                  "\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\"}}"),
        MR_OK);
    assert_string_equal(bench->output.data, "{\"items\":[{\"key\":\"in/1\"}]}");
    assert_int_equal(
        bench_run(bench, "map.read",
                  "{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{"
                  "\"Bucket\":\"all\",\"Prefix\":\"lists/\"}}"),
        MR_OK);
    stage_has(bench->output.data, "\"Key\":\"lists/a.csv\",\"LastModified\":0,\"Size\":9,");
    assert_int_equal(
        bench_run(bench, "map.read",
                  "{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{"
                  "\"Bucket\":\"lists\"}}"),
        MR_OK);
    stage_has(bench->output.data, "\"Key\":\"a.csv\",\"LastModified\":0,\"Size\":9,");
    bench_put(bench, "m.json",
              "{\"fileFormat\":\"CSV\",\"fileSchema\":\"Bucket, Key\","
              "\"destinationBucket\":\"arn:aws:s3:::d\",\"files\":[{\"key\":\"f.csv.gz\"}]}");
    assert_int_equal(
        mr_blob_put(bench->run.blob, "d/f.csv.gz", &how, packed, sizeof packed, NULL, &err), MR_OK);
    assert_int_equal(
        bench_run(bench, "map.read",
                  "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"
                  "\"Bucket\":\"all\",\"Key\":\"m.json\"},\"ReaderConfig\":{\"InputType\":"
                  "\"MANIFEST\"}}"),
        MR_OK);
    assert_string_equal(bench->output.data, "{\"items\":[{\"Bucket\":\"b\",\"Key\":\"1\"}]}");
    bench_put(bench, "d/f.csv.gz", "not packed");
    bench_fails(
        bench,
        bench_run(
            bench, "map.read",
            "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":\"all\","
            "\"Key\":\"m.json\"},\"ReaderConfig\":{\"InputType\":\"MANIFEST\"}}"),
        "States.ItemReaderFailed", "gzip");
}

static void a_map_whose_file_is_overwritten_between_two_pages_is_told_so(void **state)
{
    struct bench *bench = *state;
    struct mr_buf body = {0}, request = {0};
    cJSON *page;

    bench->run.bucket = "all";
    for (int i = 0; i < 20000; i++)
        (void)mr_buf_addf(&body, "%d\n", i);
    bench_put(bench, "a.jsonl", body.data);
    assert_int_equal(
        bench_run(bench, "map.read",
                  "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"
                  "\"Bucket\":\"all\",\"Key\":\"a.jsonl\"},\"ReaderConfig\":{\"InputType\":"
                  "\"JSONL\"}}"),
        MR_OK);
    page = cJSON_Parse(bench->output.data);
    assert_int_equal(cJSON_GetArraySize(mr_json_get(page, "items")), 10000);
    (void)mr_buf_add_str(&request,
                         "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"
                         "\"Bucket\":\"all\",\"Key\":\"a.jsonl\"},\"ReaderConfig\":{"
                         "\"InputType\":\"JSONL\"},\"cursor\":");
    assert_int_equal(mr_json_print(mr_json_get(page, "cursor"), &request), MR_OK);
    (void)mr_buf_add_char(&request, '}');
    assert_int_equal(bench_run(bench, "map.read", request.data), MR_OK);
    stage_has(bench->output.data, "[10000,10001,");
    body.data[body.len - 2] = '0';
    bench_put(bench, "a.jsonl", body.data);
    bench_fails(bench, bench_run(bench, "map.read", request.data), "States.ItemReaderFailed",
                "a.jsonl: it was overwritten while its items were being read");
    cJSON_Delete(page);
    mr_buf_release(&body);
    mr_buf_release(&request);
}

static void results_of_a_map_are_written_into_storage(void **state)
{
    struct bench *bench = *state;
    struct mr_buf text = {0};
    struct mr_error err;

    bench->run.bucket = "all";
    assert_int_equal(
        bench_run(bench, "map.write",
                  "{\"Parameters\":{\"Bucket\":\"all\",\"Prefix\":\"out\"},\"dir\":\"d\","
                  "\"part\":0,\"results\":[{\"Status\":\"SUCCEEDED\",\"Output\":\"1\"}]}"),
        MR_OK);
    assert_int_equal(
        mr_blob_get(bench->run.blob, "out/d/SUCCEEDED_0.json", 1000, &text, NULL, &err), MR_OK);
    assert_string_equal(text.data, "[{\"Status\":\"SUCCEEDED\",\"Output\":\"1\"}]");
    mr_buf_release(&text);
    assert_int_equal(
        bench_run(bench, "map.write",
                  "{\"Parameters\":{\"Bucket\":\"all\",\"Prefix\":\"out\"},\"dir\":\"d\","
                  "\"finish\":true,\"MapRunArn\":\"m\"}"),
        MR_OK);
    stage_has(bench->output.data, "\"Key\":\"out/d/manifest.json\"");
    bench_fails(bench, bench_run(bench, "map.write", "{\"Parameters\":{},\"dir\":\"d\"}"),
                "States.ResultWriterFailed", "/Parameters/Bucket");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_CASE(a_page_of_a_map_is_read_from_a_bucket_that_is_a_folder),
        BENCH_CASE(a_map_whose_file_is_overwritten_between_two_pages_is_told_so),
        BENCH_CASE(results_of_a_map_are_written_into_storage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
