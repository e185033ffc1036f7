/* items_list_test.c -- listed objects are items, and so is what stands in them where that is
 * wanted. */
#include "tests/unit/model/stored_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_listing_gives_keys_and_sizes(void **state)
{
    cJSON *stored = stored_new("x"), *page;
    const struct mr_objects objects = asl_objects_of(stored);
    struct mr_error err = {0};
    struct mr_buf text = {0};

    (void)state;
    assert_int_equal(objects.put(objects.ctx, "b", "in/2", "t", "22", 2, &err), MR_OK);
    assert_int_equal(objects.put(objects.ctx, "b", "in/1", "t", "1", 1, &err), MR_OK);
    page = stored_page(stored,
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
    cJSON *stored =
              stored_new("{\"fileFormat\":\"CSV\",\"fileSchema\":\"Bucket, Key\","
                         "\"destinationBucket\":\"arn:aws:s3:::d\",\"files\":[{\"key\":\"f1\"},"
                         "{\"key\":\"f2\"}]}"),
          *page;
    const struct mr_objects objects = asl_objects_of(stored);
    struct mr_error err = {0};
    struct mr_buf text = {0};

    (void)state;
    assert_int_equal(objects.put(objects.ctx, "d", "f1", "t", "\"b\",\"1\"\n", 8, &err), MR_OK);
    assert_int_equal(objects.put(objects.ctx, "d", "f2", "t", "\"b\",\"2\"\n", 8, &err), MR_OK);
    page = stored_page(stored, READ("\"InputType\":\"MANIFEST\"", ""), &err);
    if (!page)
        fail_msg("%s", err.text);
    assert_int_equal(mr_json_print(page, &text), MR_OK);
    assert_string_equal(text.data, "{\"items\":[{\"Bucket\":\"b\",\"Key\":\"1\"},{\"Bucket\":"
                                   "\"b\",\"Key\":\"2\"}]}");
    cJSON_Delete(page);
    page = stored_page(stored, READ("\"ManifestType\":\"S3_INVENTORY\"", ""), &err);
    assert_non_null(page);
    assert_int_equal(cJSON_GetArraySize(mr_json_get(page, "items")), 2);
    mr_buf_release(&text);
    cJSON_Delete(page);
    cJSON_Delete(stored);
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

        page = stored_page(stored, said, &err);
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
    stored_add(stored, "p/a", "[1,{\"x\":2}]");
    stored_add(stored, "p/b", "[]");
    stored_add(stored, "p/c", "[\"z\"]");
    stored_add(stored, "other", "[9]");
    expect_pages(stored, FLATTEN("\"InputType\":\"JSON\""), "[1,{\"x\":2}][][\"z\"]");
    expect_pages(stored, FLATTEN("\"InputType\":\"JSON\",\"MaxItems\":2"), "[1,{\"x\":2}]");
    cJSON_Delete(stored);
    stored = cJSON_CreateArray();
    stored_add(stored, "p/1.csv", "a,b\n1,2\n");
    stored_add(stored, "p/2.csv", "b,a\n3,4\n5,6\n");
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
    stored_add(stored, "p/a", body.data);
    stored_add(stored, "p/b", "7\n");
    pages = all_pages(stored, FLATTEN("\"InputType\":\"JSONL\""));
    assert_int_equal(strlen(pages), 30 * 20002 + 27 + 3 * 2 + 3); /* commas, brackets, "[7]" */
    assert_non_null(strstr(pages, "][7]"));
    free(pages);
    cJSON_DeleteItemFromArray(stored, 0);
    page = stored_page(stored,
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
        cmocka_unit_test(a_listing_gives_keys_and_sizes),
        cmocka_unit_test(an_inventory_is_the_rows_of_its_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
