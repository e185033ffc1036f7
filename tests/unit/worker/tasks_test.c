/* tasks_test.c -- what each type of task does, by itself: a run, storage, a decoder. */
#include "common/base/json.h"
#include "common/model/inspect.h"
#include "tests/unit/worker/imaging_twin.h"
#include "tests/unit/worker/stage.h"
#include "worker/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench {
    struct mr_sim_world world;
    struct mr_sim_bucket *bucket;
    struct wk_imaging_config imaging;
    struct mr_task task;
    struct mr_buf output;
    struct wk_run run;
    struct wk_fault fault;
};

static void has(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("\"%s\" has no \"%s\"", text ? text : "(nothing)", part);
}

static void put(struct bench *bench, const char *key, const char *text)
{
    const struct mr_blob_put how = {0};
    struct mr_error err;

    assert_int_equal(mr_blob_put(bench->run.blob, key, &how, text, strlen(text), NULL, &err),
                     MR_OK);
}

static int open_bench(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct mr_error err;

    imaging_twin_reset();
    bench->world = (struct mr_sim_world){.seed = 1};
    bench->bucket = mr_sim_bucket_new(&bench->world);
    bench->imaging.source_bytes_max = 1000;
    bench->task =
        (struct mr_task){.job = "job-1", .tenant = "shop", .step = "Render.1", .attempt = 3};
    bench->run = (struct wk_run){.task = &bench->task,
                                 .imaging = &bench->imaging,
                                 .blob = mr_blob_sim_new(bench->bucket, &err),
                                 .deadline_ms = INT64_MAX,
                                 .output = &bench->output};
    assert_int_equal(wk_decoder_new(&bench->imaging, &bench->run.decoder, &err), MR_OK);
    put(bench, "in/a.jpg", "picture");
    put(bench, "in/b.png", "stamp");
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;

    wk_decoder_free(bench->run.decoder);
    mr_blob_free(bench->run.blob);
    mr_sim_bucket_free(bench->bucket);
    mr_buf_release(&bench->output);
    free(bench);
    return 0;
}

static enum mr_code run(struct bench *bench, const char *type, const char *input)
{
    cJSON *root = NULL;
    struct mr_error err;
    enum mr_code rc;

    mr_buf_reset(&bench->output);
    bench->fault = (struct wk_fault){0};
    if (input)
        assert_int_equal(mr_json_parse(input, strlen(input), &mr_json_limits_message, &root, &err),
                         MR_OK);
    bench->task.input = root;
    bench->task.type = type;
    rc = wk_task_type_find(type)->run(&bench->run, &bench->fault);
    cJSON_Delete(root);
    return rc;
}

/* A render with one output that has this key. */
static enum mr_code render_to(struct bench *bench, const char *key)
{
    char input[600];

    (void)snprintf(input, sizeof input,
                   "{\"source\":{\"key\":\"in/a.jpg\"},\"outputs\":[{\"name\":\"small\","
                   "\"format\":\"jpeg\",\"key\":\"%s\"}]}",
                   key);
    return run(bench, "image.render", input);
}

static void fails(struct bench *bench, enum mr_code rc, const char *name, const char *cause)
{
    assert_int_not_equal(rc, MR_OK);
    assert_string_equal(bench->fault.name, name);
    has(bench->fault.cause, cause);
}

static void a_render_answers_every_output_with_where_it_is(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(run(bench, "image.render",
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

    fails(bench,
          run(bench, "image.render",
              "{\"source\":{\"key\":\"in/a.jpg\"},\"outputs\":[{\"name\":\"Small\"}]}"),
          "Recipe.Invalid", "/outputs/0/name");
    fails(bench, run(bench, "image.render", "[]"), "Recipe.Invalid", "");
    fails(bench, run(bench, "image.render", NULL), "Recipe.Invalid", "missing");
    assert_int_equal(atomic_load(&imaging_twin.calls), 0);
}

static void a_source_that_is_not_there_is_named(void **state)
{
    struct bench *bench = *state;

    fails(bench,
          run(bench, "image.render",
              "{\"source\":{\"key\":\"in/gone.jpg\"},\"outputs\":[{\"name\":\"a\"}]}"),
          "Blob.NotFound", "in/gone.jpg");
    assert_false(bench->fault.retriable);
}

static void a_source_beyond_the_limit_is_named(void **state)
{
    struct bench *bench = *state;

    bench->imaging.source_bytes_max = 3;
    fails(bench, render_to(bench, "x.jpg"), "Image.TooLarge", "in/a.jpg");
}

static void storage_that_does_not_answer_can_be_asked_again(void **state)
{
    struct bench *bench = *state;

    bench->world.fail_at = bench->world.calls + 1;
    fails(bench, render_to(bench, "x.jpg"), "Blob.Unavailable", "in/a.jpg");
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

    assert_int_equal(run(bench, "image.render", input), MR_OK);
    assert_int_equal(
        mr_blob_get(bench->run.blob, "out/job-1/Render.1/a.jpg", 100, &body, NULL, &err), MR_OK);
    has(body.data, "on 1 layers");
    mr_buf_release(&body);
}

static void a_key_of_ones_own_is_overwritten(void **state)
{
    struct bench *bench = *state;
    struct mr_buf body = {0};
    struct mr_error err;

    put(bench, "public/logo.jpg", "old");
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

    put(bench, "x/job-1/Render.1.jpg", "the first run's");
    assert_int_equal(render_to(bench, "x/{job}/{step}.jpg"), MR_OK);
    has(bench->output.data, "\"bytes\":15,");
    assert_int_equal(mr_blob_get(bench->run.blob, "x/job-1/Render.1.jpg", 100, &body, NULL, &err),
                     MR_OK);
    assert_string_equal(body.data, "the first run's");
    mr_buf_release(&body);
}

static void a_bad_key_costs_no_pixels(void **state)
{
    struct bench *bench = *state;

    fails(bench, render_to(bench, "x/{jobb}"), "Recipe.Invalid", "/outputs/0/key: \"{jobb}\"");
    fails(bench, render_to(bench, "../{job}"), "Recipe.Invalid", "/outputs/0/key");
    assert_int_equal(atomic_load(&imaging_twin.calls), 0);
}

static void two_outputs_never_land_on_one_key(void **state)
{
    struct bench *bench = *state;
    struct mr_blob_info info;
    struct mr_error err;

    fails(bench,
          run(bench, "image.render",
              "{\"source\":{\"key\":\"in/a.jpg\"},\"outputs\":["
              "{\"name\":\"a\",\"key\":\"x.jpg\"},{\"name\":\"b\",\"key\":\"x.jpg\"}]}"),
          "Recipe.Invalid", "/outputs/1/key: is \"x.jpg\"");
    assert_int_equal(mr_blob_head(bench->run.blob, "x.jpg", &info, &err), MR_NOT_FOUND);
}

static void inspect_adds_the_size_and_the_sum(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(run(bench, "image.inspect", "{\"source\":{\"key\":\"in/a.jpg\"}}"), MR_OK);
    has(bench->output.data, "{\"format\":\"jpeg\",\"bytes\":7,\"sha256\":\"");
}

static void inspect_names_what_it_does_not_know(void **state)
{
    struct bench *bench = *state;

    fails(bench, run(bench, "image.inspect", "{\"source\":{\"key\":\"in/a.jpg\"},\"ops\":[]}"),
          "Recipe.Invalid", "/ops");
    fails(bench, run(bench, "image.inspect", "{}"), "Recipe.Invalid", "/source");
    fails(bench, run(bench, "image.inspect", "{\"source\":{\"key\":\"in/a.jpg\"},\"stats\":2}"),
          "Recipe.Invalid", "/stats");
}

static void inspect_asks_for_what_the_task_asks_for(void **state)
{
    assert_int_equal(run(*state, "image.inspect",
                         "{\"source\":{\"key\":\"in/a.jpg\"},\"blurhash\":true,\"stats\":true}"),
                     MR_OK);
    assert_int_equal(imaging_twin.wanted, MR_INSPECT_BLURHASH | MR_INSPECT_STATS);
}

/* ---- manifest ------------------------------------------------------------------------------- */

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

    assert_int_equal(run(bench, "manifest", outputs), MR_OK);
    assert_int_equal(
        mr_blob_get(bench->run.blob, "out/job-1/manifest.json", 10000, &body, &info, &err), MR_OK);
    assert_string_equal(body.data,
                        "{\"v\":1,\"job\":\"job-1\",\"outputs\":["
                        "{\"name\":\"first\",\"key\":\"out/a\",\"sha256\":\"11\","
                        "\"format\":\"webp\"},"
                        "{\"name\":\"b\",\"key\":\"out/b\",\"bytes\":2,\"sha256\":\"22\","
                        "\"width\":5}]}");
    assert_string_equal(info.content_type, "application/json");
    has(bench->output.data, "{\"key\":\"out/job-1/manifest.json\",\"bytes\":");
    has(bench->output.data, info.sha256);
    has(bench->output.data, "\"count\":2}");
    mr_buf_release(&body);
}

static void the_bytes_of_a_manifest_are_the_same_twice(void **state)
{
    struct bench *bench = *state;
    struct mr_buf first = {0};

    assert_int_equal(run(bench, "manifest", outputs), MR_OK);
    assert_int_equal(mr_buf_add(&first, bench->output.data, bench->output.len), MR_OK);
    bench->task.attempt++;
    assert_int_equal(run(bench, "manifest", outputs), MR_OK);
    assert_string_equal(first.data, bench->output.data); /* the sum too */
    mr_buf_release(&first);
}

static void a_manifest_of_nothing_lists_nothing(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(run(bench, "manifest", "[1,\"a\",null]"), MR_OK);
    has(bench->output.data, "\"count\":0}");
    assert_int_equal(run(bench, "manifest", NULL), MR_OK);
    has(bench->output.data, "\"count\":0}");
}

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
    put(bench, "lists/a.csv", "key\nin/1\n");
    assert_int_equal(run(bench, "map.read",
                         "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"
                         "\"Bucket\":\"lists\",\"Key\":\"a.csv\"},\"ReaderConfig\":{\"InputType\":"
                         "\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\"}}"),
                     MR_OK);
    assert_string_equal(bench->output.data, "{\"items\":[{\"key\":\"in/1\"}]}");
    assert_int_equal(run(bench, "map.read",
                         "{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{"
                         "\"Bucket\":\"all\",\"Prefix\":\"lists/\"}}"),
                     MR_OK);
    has(bench->output.data, "\"Key\":\"lists/a.csv\",\"LastModified\":0,\"Size\":9,");
    assert_int_equal(run(bench, "map.read",
                         "{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{"
                         "\"Bucket\":\"lists\"}}"),
                     MR_OK);
    has(bench->output.data, "\"Key\":\"a.csv\",\"LastModified\":0,\"Size\":9,");
    put(bench, "m.json",
        "{\"fileFormat\":\"CSV\",\"fileSchema\":\"Bucket, Key\","
        "\"destinationBucket\":\"arn:aws:s3:::d\",\"files\":[{\"key\":\"f.csv.gz\"}]}");
    assert_int_equal(
        mr_blob_put(bench->run.blob, "d/f.csv.gz", &how, packed, sizeof packed, NULL, &err), MR_OK);
    assert_int_equal(run(bench, "map.read",
                         "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"
                         "\"Bucket\":\"all\",\"Key\":\"m.json\"},\"ReaderConfig\":{\"InputType\":"
                         "\"MANIFEST\"}}"),
                     MR_OK);
    assert_string_equal(bench->output.data, "{\"items\":[{\"Bucket\":\"b\",\"Key\":\"1\"}]}");
    put(bench, "d/f.csv.gz", "not packed");
    fails(bench,
          run(bench, "map.read",
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
    put(bench, "a.jsonl", body.data);
    assert_int_equal(run(bench, "map.read",
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
    assert_int_equal(run(bench, "map.read", request.data), MR_OK);
    has(bench->output.data, "[10000,10001,");
    body.data[body.len - 2] = '0';
    put(bench, "a.jsonl", body.data);
    fails(bench, run(bench, "map.read", request.data), "States.ItemReaderFailed",
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
    assert_int_equal(run(bench, "map.write",
                         "{\"Parameters\":{\"Bucket\":\"all\",\"Prefix\":\"out\"},\"dir\":\"d\","
                         "\"part\":0,\"results\":[{\"Status\":\"SUCCEEDED\",\"Output\":\"1\"}]}"),
                     MR_OK);
    assert_int_equal(
        mr_blob_get(bench->run.blob, "out/d/SUCCEEDED_0.json", 1000, &text, NULL, &err), MR_OK);
    assert_string_equal(text.data, "[{\"Status\":\"SUCCEEDED\",\"Output\":\"1\"}]");
    mr_buf_release(&text);
    assert_int_equal(run(bench, "map.write",
                         "{\"Parameters\":{\"Bucket\":\"all\",\"Prefix\":\"out\"},\"dir\":\"d\","
                         "\"finish\":true,\"MapRunArn\":\"m\"}"),
                     MR_OK);
    has(bench->output.data, "\"Key\":\"out/d/manifest.json\"");
    fails(bench, run(bench, "map.write", "{\"Parameters\":{},\"dir\":\"d\"}"),
          "States.ResultWriterFailed", "/Parameters/Bucket");
}

static void an_object_is_put_found_listed_and_deleted(void **state)
{
    struct bench *bench = *state;

    bench->run.bucket = "all";
    assert_int_equal(
        run(bench, "s3.putObject", "{\"Bucket\":\"notes\",\"Key\":\"a\",\"Body\":{\"x\":[1]}}"),
        MR_OK);
    has(bench->output.data, "\"ChecksumSHA256\":\"");
    assert_int_equal(run(bench, "s3.getObject", "{\"Bucket\":\"notes\",\"Key\":\"a\"}"), MR_OK);
    has(bench->output.data, "{\"Body\":\"{\\\"x\\\":[1]}\",\"ContentLength\":9");
    assert_int_equal(
        run(bench, "s3.putObject", "{\"Bucket\":\"all\",\"Key\":\"notes/b\",\"Body\":\"text\"}"),
        MR_OK);
    assert_int_equal(run(bench, "s3.headObject", "{\"Bucket\":\"notes\",\"Key\":\"b\"}"), MR_OK);
    has(bench->output.data, "\"ContentLength\":4");
    assert_int_equal(run(bench, "s3.listObjectsV2", "{\"Bucket\":\"notes\",\"MaxKeys\":1}"), MR_OK);
    has(bench->output.data,
        "{\"Contents\":[{\"Key\":\"a\",\"Size\":9,\"StorageClass\":\"STANDARD\"}],\"IsTruncated\":"
        "true,\"KeyCount\":1,\"MaxKeys\":1,\"Name\":\"notes\",\"Prefix\":\"\","
        "\"NextContinuationToken\":\"a\"}");
    assert_int_equal(
        run(bench, "s3.listObjectsV2", "{\"Bucket\":\"notes\",\"ContinuationToken\":\"a\"}"),
        MR_OK);
    has(bench->output.data, "[{\"Key\":\"b\",\"Size\":4");
    has(bench->output.data, "\"IsTruncated\":false");
    assert_int_equal(run(bench, "s3.deleteObject", "{\"Bucket\":\"notes\",\"Key\":\"a\"}"), MR_OK);
    fails(bench, run(bench, "s3.getObject", "{\"Bucket\":\"notes\",\"Key\":\"a\"}"),
          "S3.NoSuchKeyException", "notes/a");
}

static void what_s3_is_asked_wrongly_is_named(void **state)
{
    struct bench *bench = *state;

    put(bench, "bad", "\xff\xfe");
    fails(bench, run(bench, "s3.getObject", "{\"Bucket\":\"\",\"Key\":\"bad\"}"), "S3.InvalidBody",
          "UTF-8");
    fails(bench, run(bench, "s3.getObject", "{\"Key\":\"bad\"}"), "States.Runtime", "/Bucket");
    fails(bench, run(bench, "s3.putObject", "{\"Bucket\":\"b\",\"Key\":7}"), "States.Runtime",
          "/Key");
    fails(bench, run(bench, "s3.listObjectsV2", "{\"Bucket\":\"b\",\"Prefix\":7}"),
          "States.Runtime", "/Prefix");
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BENCH(a_render_answers_every_output_with_where_it_is),
        ON_BENCH(a_recipe_that_is_none_is_named_with_its_pointer),
        ON_BENCH(a_source_that_is_not_there_is_named),
        ON_BENCH(a_source_beyond_the_limit_is_named),
        ON_BENCH(storage_that_does_not_answer_can_be_asked_again),
        ON_BENCH(every_layer_is_fetched),
        ON_BENCH(a_key_of_ones_own_is_overwritten),
        ON_BENCH(a_key_with_job_and_step_is_never_overwritten),
        ON_BENCH(a_bad_key_costs_no_pixels),
        ON_BENCH(two_outputs_never_land_on_one_key),
        ON_BENCH(inspect_adds_the_size_and_the_sum),
        ON_BENCH(inspect_names_what_it_does_not_know),
        ON_BENCH(inspect_asks_for_what_the_task_asks_for),
        ON_BENCH(a_manifest_lists_every_output_once_by_key),
        ON_BENCH(the_bytes_of_a_manifest_are_the_same_twice),
        ON_BENCH(a_manifest_of_nothing_lists_nothing),
        ON_BENCH(a_page_of_a_map_is_read_from_a_bucket_that_is_a_folder),
        ON_BENCH(a_map_whose_file_is_overwritten_between_two_pages_is_told_so),
        ON_BENCH(results_of_a_map_are_written_into_storage),
        ON_BENCH(an_object_is_put_found_listed_and_deleted),
        ON_BENCH(what_s3_is_asked_wrongly_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
