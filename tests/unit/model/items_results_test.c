/* items_results_test.c -- results are written into files by how they ended, in the form that is
 * wanted, and a manifest names the files. */
#include "tests/unit/model/stored_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void write_ok(cJSON *stored, const char *request, const char *answer)
{
    const struct mr_objects objects = asl_objects_of(stored);
    cJSON *json = cJSON_Parse(request);
    struct mr_buf text = {0};
    struct mr_error err = {0};

    assert_non_null(json);
    if (mr_items_write(json, &objects, &text, &err))
        fail_msg("%s", err.text);
    assert_string_equal(text.data, answer);
    mr_buf_release(&text);
    cJSON_Delete(json);
}

static void expect_object(cJSON *stored, const char *key, const char *body)
{
    const struct mr_objects objects = asl_objects_of(stored);
    struct mr_buf text = {0};
    struct mr_error err = {0};

    const struct mr_object_range range = {0, 10000, ""};
    struct mr_object_now now;

    if (objects.get(objects.ctx, "b", key, &range, &text, &now, &err))
        fail_msg("%s", err.text);
    assert_string_equal(text.data, body);
    mr_buf_release(&text);
}

#define WRITE(config, rest)                                                                        \
    "{\"Resource\":\"arn:aws:states:::s3:putObject\",\"Parameters\":{\"Bucket\":\"b\",\"Prefix\":" \
    "\"out/\"},\"WriterConfig\":{" config "},\"dir\":\"d\"," rest "}"
#define OK      "{\"Status\":\"SUCCEEDED\",\"Output\":\"[1,2]\"}"
#define FAILED  "{\"Status\":\"FAILED\",\"Error\":\"E\"}"
#define PENDING "{\"Input\":\"3\",\"Status\":\"PENDING\"}"

static void results_stand_by_status_and_the_manifest_names_the_files(void **state)
{
    cJSON *stored = cJSON_CreateArray();

    (void)state;
    write_ok(stored, WRITE("", "\"part\":0,\"results\":[" OK "," FAILED "," OK "]"), "{}");
    write_ok(stored, WRITE("", "\"part\":1,\"results\":[" OK "]"), "{}");
    expect_object(stored, "out/d/SUCCEEDED_0.json", "[" OK "," OK "]");
    expect_object(stored, "out/d/FAILED_0.json", "[" FAILED "]");
    write_ok(stored, WRITE("", "\"finish\":true,\"MapRunArn\":\"a\""),
             "{\"MapRunArn\":\"a\",\"ResultWriterDetails\":{\"Bucket\":\"b\",\"Key\":"
             "\"out/d/manifest.json\"}}");
    expect_object(stored, "out/d/manifest.json",
                  "{\"DestinationBucket\":\"b\",\"MapRunArn\":\"a\",\"ResultFiles\":{\"FAILED\":[{"
                  "\"Key\":\"out/d/FAILED_0.json\",\"Size\":33}],\"PENDING\":[],\"SUCCEEDED\":[{"
                  "\"Key\":\"out/d/SUCCEEDED_0.json\",\"Size\":81},{\"Key\":"
                  "\"out/d/SUCCEEDED_1.json\",\"Size\":41}]}}");
    cJSON_Delete(stored);
}

static void results_are_written_in_the_form_that_is_wanted(void **state)
{
    cJSON *stored = cJSON_CreateArray();

    (void)state;
    write_ok(stored,
             WRITE("\"Transformation\":\"COMPACT\"", "\"part\":0,\"results\":[" OK "," OK "]"),
             "{}");
    expect_object(stored, "out/d/SUCCEEDED_0.json", "[[1,2],[1,2]]");
    write_ok(stored,
             WRITE("\"Transformation\":\"FLATTEN\",\"OutputType\":\"JSONL\"",
                   "\"part\":1,\"results\":[" OK "," FAILED "]"),
             "{}");
    expect_object(stored, "out/d/SUCCEEDED_1.jsonl", "1\n2\n");
    expect_object(stored, "out/d/FAILED_1.jsonl", FAILED "\n");
    cJSON_Delete(stored);
}

/* What was not started stands in files of its own, whatever Transformation; and behind a redrive
 * the manifest names what failed or waited in that attempt alone, and all that succeeded. */
static void what_was_not_started_is_pending_and_a_redrive_forgets_it(void **state)
{
    cJSON *stored = cJSON_CreateArray();

    (void)state;
    write_ok(stored,
             WRITE("\"Transformation\":\"COMPACT\",\"OutputType\":\"JSONL\"",
                   "\"part\":0,\"results\":[" OK "," FAILED "," PENDING "," PENDING "]"),
             "{}");
    expect_object(stored, "out/d/SUCCEEDED_0.jsonl", "[1,2]\n");
    expect_object(stored, "out/d/FAILED_0.jsonl", FAILED "\n");
    expect_object(stored, "out/d/PENDING_0.jsonl", PENDING "\n" PENDING "\n");
    write_ok(stored, WRITE("", "\"finish\":true,\"MapRunArn\":\"a\""),
             "{\"MapRunArn\":\"a\",\"ResultWriterDetails\":{\"Bucket\":\"b\",\"Key\":"
             "\"out/d/manifest.json\"}}");
    expect_object(stored, "out/d/manifest.json",
                  "{\"DestinationBucket\":\"b\",\"MapRunArn\":\"a\",\"ResultFiles\":{\"FAILED\":[{"
                  "\"Key\":\"out/d/FAILED_0.jsonl\",\"Size\":32}],\"PENDING\":[{\"Key\":"
                  "\"out/d/PENDING_0.jsonl\",\"Size\":66}],\"SUCCEEDED\":[{\"Key\":"
                  "\"out/d/SUCCEEDED_0.jsonl\",\"Size\":6}]}}");
    write_ok(stored, WRITE("\"OutputType\":\"JSONL\"", "\"part\":1,\"results\":[" OK "]"), "{}");
    write_ok(stored, WRITE("", "\"finish\":true,\"since\":1,\"MapRunArn\":\"a\""),
             "{\"MapRunArn\":\"a\",\"ResultWriterDetails\":{\"Bucket\":\"b\",\"Key\":"
             "\"out/d/manifest.json\"}}");
    expect_object(stored, "out/d/manifest.json",
                  "{\"DestinationBucket\":\"b\",\"MapRunArn\":\"a\",\"ResultFiles\":{\"FAILED\":[],"
                  "\"PENDING\":[],\"SUCCEEDED\":[{\"Key\":\"out/d/SUCCEEDED_0.jsonl\",\"Size\":6},{"
                  "\"Key\":\"out/d/SUCCEEDED_1.jsonl\",\"Size\":40}]}}");
    cJSON_Delete(stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_started_is_pending_and_a_redrive_forgets_it),
        cmocka_unit_test(results_stand_by_status_and_the_manifest_names_the_files),
        cmocka_unit_test(results_are_written_in_the_form_that_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
