/* items_test.c -- pages of items out of objects and listings, and results into objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "common/model/items.h"
#include "gateway/cli/asl_objects.h"

#define READ(config, rest)                                                                         \
    "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":\"b\",\"Key\":"    \
    "\"k\"},\"ReaderConfig\":{" config "}" rest "}"
#define CSV(rest) "\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\"" rest

static cJSON *storage(const char *body)
{
    cJSON *stored = cJSON_CreateArray(), *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "bucket", "b");
    cJSON_AddStringToObject(object, "key", "k");
    cJSON_AddStringToObject(object, "body", body);
    cJSON_AddItemToArray(stored, object);
    return stored;
}

/* The page for the request; NULL with *err filled. */
static cJSON *read_page(cJSON *stored, const char *request, struct mr_error *err)
{
    const struct mr_objects objects = asl_objects_of(stored);
    cJSON *json = cJSON_Parse(request), *page = NULL;
    struct mr_buf text = {0};
    enum mr_code rc;

    assert_non_null(json);
    rc = mr_items_read(json, &objects, &text, err);
    if (!rc) {
        page = cJSON_ParseWithLength(text.data, text.len);
        assert_non_null(page);
    } else {
        assert_int_equal(text.len, 0); /* nothing half done */
    }
    mr_buf_release(&text);
    cJSON_Delete(json);
    return page;
}

static void expect_items(const char *body, const char *request, const char *items)
{
    cJSON *stored = storage(body), *page;
    struct mr_buf text = {0};
    struct mr_error err = {0};

    page = read_page(stored, request, &err);
    if (!page)
        fail_msg("%s", err.text);
    assert_int_equal(mr_json_print(mr_json_get(page, "items"), &text), MR_OK);
    assert_string_equal(text.data, items);
    assert_null(mr_json_get(page, "cursor"));
    mr_buf_release(&text);
    cJSON_Delete(page);
    cJSON_Delete(stored);
}

static void expect_error(const char *body, const char *request, const char *word)
{
    cJSON *stored = storage(body);
    struct mr_error err = {0};

    assert_null(read_page(stored, request, &err));
    if (!strstr(err.text, word))
        fail_msg("wanted \"%s\", got \"%s\"", word, err.text);
    cJSON_Delete(stored);
}

static void rows_become_objects_of_text(void **state)
{
    (void)state;
    expect_items("a,b\n1,2\n", READ(CSV(""), ""), "[{\"a\":\"1\",\"b\":\"2\"}]");
    expect_items("\xEF\xBB\xBF"
                 "a,b\r\n1,2\r\n\r\n3\r\n4,5,6",
                 READ(CSV(""), ""),
                 "[{\"a\":\"1\",\"b\":\"2\"},{\"a\":\"3\",\"b\":\"\"},{\"a\":\"4\",\"b\":\"5\"}]");
    expect_items("x;y\n\"a;\"\"b\"\"\nc\";  \n", READ(CSV(",\"CSVDelimiter\":\"SEMICOLON\""), ""),
                 "[{\"x\":\"a;\\\"b\\\"\\nc\",\"y\":\"  \"}]");
    expect_items("1\t2\n",
                 READ("\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"GIVEN\","
                      "\"CSVHeaders\":[\"h\",\"i\"],\"CSVDelimiter\":\"TAB\"",
                      ""),
                 "[{\"h\":\"1\",\"i\":\"2\"}]");
    expect_items("a,a\n1,2\n", READ(CSV(""), ""), "[{\"a\":\"2\"}]"); /* one member a name */
    expect_items("a\n\xff\n", READ(CSV(""), ""), "[{\"a\":\"?\"}]");
    expect_items("", READ(CSV(""), ""), "[]");
    expect_items("a,b", READ(CSV(""), ""), "[]");
}

static void json_is_an_array_or_an_object_where_the_pointer_says(void **state)
{
    (void)state;
    expect_items(" [1, {\"a\": [2, \"]\"]} ,\"x\"] ", READ("\"InputType\":\"JSON\"", ""),
                 "[1,{\"a\":[2,\"]\"]},\"x\"]");
    expect_items("{\"k\":1,\"l\":[2]}", READ("\"InputType\":\"JSON\"", ""), "{\"k\":1,\"l\":[2]}");
    expect_items("{\"x\":{\"q\\\"\":0,\"a/b\":[[],[7,8]]}}",
                 READ("\"InputType\":\"JSON\",\"ItemsPointer\":\"/x/a~1b/1\"", ""), "[7,8]");
    expect_items("[]", READ("\"InputType\":\"JSON\"", ""), "[]");
    expect_items("{}", READ("\"InputType\":\"JSON\"", ""), "{}");
    expect_error("{\"x\":1}", READ("\"InputType\":\"JSON\",\"ItemsPointer\":\"/y\"", ""),
                 "ItemsPointer");
    expect_error("5", READ("\"InputType\":\"JSON\"", ""), "array or an object");
    expect_error("[1,", READ("\"InputType\":\"JSON\"", ""), "k");
}

static void lines_of_json_are_items(void **state)
{
    (void)state;
    expect_items("1\n\n{\"a\":2}\r\n  \n[3]", READ("\"InputType\":\"JSONL\"", ""),
                 "[1,{\"a\":2},[3]]");
    expect_error("1\n{\n", READ("\"InputType\":\"JSONL\"", ""), "line of JSON");
}

static void max_items_ends_it(void **state)
{
    (void)state;
    expect_items("[1,2,3]", READ("\"InputType\":\"JSON\",\"MaxItems\":2", ""), "[1,2]");
    expect_items("a\n1\n2\n3\n", READ(CSV(",\"MaxItems\":1"), ""), "[{\"a\":\"1\"}]");
    expect_items("1\n2\n", READ("\"InputType\":\"JSONL\",\"MaxItems\":100", ""), "[1,2]");
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    expect_error("x",
                 "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
                 "\"b\",\"Key\":\"other\"},\"ReaderConfig\":{\"InputType\":\"JSON\"}}",
                 "other");
    expect_error("x",
                 "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
                 "\"b\"},\"ReaderConfig\":{\"InputType\":\"JSON\"}}",
                 "/Parameters/Key");
    expect_error("x", READ("\"InputType\":\"XML\"", ""), "XML");
}

/* Reads page after page, and counts; every item is met once, in order. */
static void read_all(cJSON *stored, const char *head, const char *member, int count)
{
    struct mr_buf request = {0}, cursor = {0};
    struct mr_error err = {0};
    int seen = 0, pages = 0;

    for (;;) {
        cJSON *page;
        const cJSON *item, *next;

        mr_buf_reset(&request);
        (void)mr_buf_addf(&request, "%s%s%s}", head, cursor.len ? ",\"cursor\":" : "",
                          cursor.len ? cursor.data : "");
        page = read_page(stored, request.data, &err);
        if (!page)
            fail_msg("%s", err.text);
        pages++;
        cJSON_ArrayForEach(item, mr_json_get(page, "items"))
        {
            const cJSON *value = member ? mr_json_get(item, member) : item;
            char expected[32];

            (void)snprintf(expected, sizeof expected, "%06d", seen++);
            assert_non_null(strstr(cJSON_GetStringValue(value), expected));
        }
        next = mr_json_get(page, "cursor");
        mr_buf_reset(&cursor);
        if (next)
            assert_int_equal(mr_json_print(next, &cursor), MR_OK);
        cJSON_Delete(page);
        if (!next)
            break;
    }
    assert_int_equal(seen, count);
    assert_true(pages > 1);
    mr_buf_release(&request);
    mr_buf_release(&cursor);
}

enum { MANY = 30000 };

static void pages_follow_one_another_without_a_gap(void **state)
{
    struct mr_buf csv = {0}, json = {0}, lines = {0};
    cJSON *stored;

    (void)state;
    (void)mr_buf_add_str(&csv, "name,rest\n");
    for (int i = 0; i < MANY; i++) {
        (void)mr_buf_addf(&csv, "n%06d,\"a,b\"\n", i);
        (void)mr_buf_addf(&json, "%s \"n%06d\"", i ? "," : "[", i);
        (void)mr_buf_addf(&lines, "\"n%06d\"\n", i);
    }
    (void)mr_buf_add_char(&json, ']');
    stored = storage(csv.data);
    read_all(stored,
             "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
             "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{" CSV("") "}",
             "name", MANY);
    cJSON_Delete(stored);
    stored = storage(json.data);
    read_all(stored,
             "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
             "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{\"InputType\":\"JSON\"}",
             NULL, MANY);
    cJSON_Delete(stored);
    stored = storage(lines.data);
    read_all(stored,
             "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
             "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{\"InputType\":\"JSONL\",\"MaxItems\":"
             "25000}",
             NULL, 25000);
    cJSON_Delete(stored);
    mr_buf_release(&csv);
    mr_buf_release(&json);
    mr_buf_release(&lines);
}

static void a_listing_gives_keys_and_sizes(void **state)
{
    cJSON *stored = storage("x"), *page;
    const struct mr_objects objects = asl_objects_of(stored);
    struct mr_error err = {0};
    struct mr_buf text = {0};

    (void)state;
    assert_int_equal(objects.put(objects.ctx, "b", "in/2", "t", "22", 2, &err), MR_OK);
    assert_int_equal(objects.put(objects.ctx, "b", "in/1", "t", "1", 1, &err), MR_OK);
    page = read_page(stored,
                     "{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{"
                     "\"Bucket\":\"b\",\"Prefix\":\"in/\"},\"ReaderConfig\":{}}",
                     &err);
    assert_non_null(page);
    assert_int_equal(mr_json_print(page, &text), MR_OK);
    assert_string_equal(
        text.data, "{\"items\":[{\"Etag\":\"\\\"c4ca4238a0b923820dcc509a6f75849b\\\"\","
                   "\"Key\":\"in/1\",\"LastModified\":1700000000,\"Size\":1,\"StorageClass\":"
                   "\"STANDARD\"},{\"Etag\":\"\\\"b6d767d2f8ed5d21a44b0e5886680cb9\\\"\",\"Key\":"
                   "\"in/2\",\"LastModified\":1700000000,\"Size\":2,\"StorageClass\":"
                   "\"STANDARD\"}]}");
    mr_buf_release(&text);
    cJSON_Delete(page);
    cJSON_Delete(stored);
}

static void an_inventory_is_the_rows_of_its_files(void **state)
{
    cJSON *stored = storage("{\"fileFormat\":\"CSV\",\"fileSchema\":\"Bucket, Key\","
                            "\"destinationBucket\":\"arn:aws:s3:::d\",\"files\":[{\"key\":\"f1\"},"
                            "{\"key\":\"f2\"}]}"),
          *page;
    const struct mr_objects objects = asl_objects_of(stored);
    struct mr_error err = {0};
    struct mr_buf text = {0};

    (void)state;
    assert_int_equal(objects.put(objects.ctx, "d", "f1", "t", "\"b\",\"1\"\n", 8, &err), MR_OK);
    assert_int_equal(objects.put(objects.ctx, "d", "f2", "t", "\"b\",\"2\"\n", 8, &err), MR_OK);
    page = read_page(stored, READ("\"InputType\":\"MANIFEST\"", ""), &err);
    if (!page)
        fail_msg("%s", err.text);
    assert_int_equal(mr_json_print(page, &text), MR_OK);
    assert_string_equal(text.data, "{\"items\":[{\"Bucket\":\"b\",\"Key\":\"1\"},{\"Bucket\":"
                                   "\"b\",\"Key\":\"2\"}]}");
    cJSON_Delete(page);
    page = read_page(stored, READ("\"ManifestType\":\"S3_INVENTORY\"", ""), &err);
    assert_non_null(page);
    assert_int_equal(cJSON_GetArraySize(mr_json_get(page, "items")), 2);
    mr_buf_release(&text);
    cJSON_Delete(page);
    cJSON_Delete(stored);
}

/* ---- results -----------------------------------------------------------------------------------
 */

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
#define OK     "{\"Status\":\"SUCCEEDED\",\"Output\":\"[1,2]\"}"
#define FAILED "{\"Status\":\"FAILED\",\"Error\":\"E\"}"

#define PENDING "{\"Input\":\"3\",\"Status\":\"PENDING\"}"

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

static void add_object(cJSON *stored, const char *key, const char *body)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "bucket", "b");
    cJSON_AddStringToObject(object, "key", key);
    cJSON_AddStringToObject(object, "body", body);
    cJSON_AddItemToArray(stored, object);
}

/* All pages of a request, as text: [items][items]... */
static char *all_pages(cJSON *stored, const char *request)
{
    cJSON *json = cJSON_Parse(request), *page;
    struct mr_buf text = {0};
    bool more = true;

    for (int pages = 0; more && pages < 20; pages++) {
        char *said = cJSON_PrintUnformatted(json);
        struct mr_error err = {0};

        page = read_page(stored, said, &err);
        cJSON_free(said);
        if (!page)
            fail_msg("%s", err.text);
        assert_int_equal(mr_json_print(mr_json_get(page, "items"), &text), MR_OK);
        cJSON_DeleteItemFromObject(json, "cursor");
        more = mr_json_get(page, "cursor") != NULL;
        if (more)
            cJSON_AddItemToObject(json, "cursor", cJSON_DetachItemFromObject(page, "cursor"));
        cJSON_Delete(page);
    }
    assert_false(more);
    cJSON_Delete(json);
    return mr_buf_detach(&text);
}

#define FLATTEN(config)                                                                            \
    "{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{\"Bucket\":\"b\","        \
    "\"Prefix\":\"p/\"},\"ReaderConfig\":{\"Transformation\":\"LOAD_AND_FLATTEN\"," config "}}"

static void expect_pages(cJSON *stored, const char *request, const char *expected)
{
    char *pages = all_pages(stored, request);

    assert_string_equal(pages, expected);
    free(pages);
}

static void the_items_of_listed_objects_are_read_as_if_they_were_in_one(void **state)
{
    cJSON *stored = cJSON_CreateArray();

    (void)state;
    expect_pages(stored, FLATTEN("\"InputType\":\"JSON\""), "[]");
    add_object(stored, "p/a", "[1,{\"x\":2}]");
    add_object(stored, "p/b", "[]");
    add_object(stored, "p/c", "[\"z\"]");
    add_object(stored, "other", "[9]");
    expect_pages(stored, FLATTEN("\"InputType\":\"JSON\""), "[1,{\"x\":2}][][\"z\"]");
    expect_pages(stored, FLATTEN("\"InputType\":\"JSON\",\"MaxItems\":2"), "[1,{\"x\":2}]");
    cJSON_Delete(stored);
    stored = cJSON_CreateArray();
    add_object(stored, "p/1.csv", "a,b\n1,2\n");
    add_object(stored, "p/2.csv", "b,a\n3,4\n5,6\n");
    expect_pages(
        stored, FLATTEN(CSV("")),
        "[{\"a\":\"1\",\"b\":\"2\"}][{\"b\":\"3\",\"a\":\"4\"},{\"b\":\"5\",\"a\":\"6\"}]");
    cJSON_Delete(stored);
}

/* An object of several pages goes on where it was, and is missed where it went away. */
static void a_listed_object_may_be_more_than_a_page(void **state)
{
    struct mr_buf body = {0};
    cJSON *stored = cJSON_CreateArray(), *page;
    struct mr_error err = {0};
    char *pages;

    (void)state;
    for (int i = 0; i < 30; i++)
        (void)mr_buf_addf(&body, "\"%020000d\"\n", i);
    add_object(stored, "p/a", body.data);
    add_object(stored, "p/b", "7\n");
    pages = all_pages(stored, FLATTEN("\"InputType\":\"JSONL\""));
    assert_int_equal(strlen(pages), 30 * 20002 + 27 + 3 * 2 + 3); /* commas, brackets, "[7]" */
    assert_non_null(strstr(pages, "][7]"));
    free(pages);
    cJSON_DeleteItemFromArray(stored, 0);
    page = read_page(stored,
                     "{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{"
                     "\"Bucket\":\"b\",\"Prefix\":\"p/\"},\"ReaderConfig\":{\"Transformation\":"
                     "\"LOAD_AND_FLATTEN\",\"InputType\":\"JSONL\"},\"cursor\":{\"at\":9,\"n\":1,"
                     "\"key\":\"p/a\"}}",
                     &err);
    assert_null(page);
    assert_int_equal(err.code, MR_CHANGED);
    mr_buf_release(&body);
    cJSON_Delete(stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_items_of_listed_objects_are_read_as_if_they_were_in_one),
        cmocka_unit_test(a_listed_object_may_be_more_than_a_page),
        cmocka_unit_test(rows_become_objects_of_text),
        cmocka_unit_test(json_is_an_array_or_an_object_where_the_pointer_says),
        cmocka_unit_test(lines_of_json_are_items),
        cmocka_unit_test(max_items_ends_it),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(pages_follow_one_another_without_a_gap),
        cmocka_unit_test(a_listing_gives_keys_and_sizes),
        cmocka_unit_test(an_inventory_is_the_rows_of_its_files),
        cmocka_unit_test(what_was_not_started_is_pending_and_a_redrive_forgets_it),
        cmocka_unit_test(results_stand_by_status_and_the_manifest_names_the_files),
        cmocka_unit_test(results_are_written_in_the_form_that_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
