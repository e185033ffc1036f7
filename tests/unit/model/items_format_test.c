/* items_format_test.c -- what stands in an object, in each of its formats, is items, page after
 * page; what cannot be read is named. */
#include "tests/unit/model/stored_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_items(const char *body, const char *request, const char *items)
{
    cJSON *stored = stored_new(body), *page;
    struct mr_buf text = {0};
    struct mr_error err = {0};

    page = stored_page(stored, request, &err);
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
    cJSON *stored = stored_new(body);
    struct mr_error err = {0};

    assert_null(stored_page(stored, request, &err));
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
        page = stored_page(stored, request.data, &err);
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
    stored = stored_new(csv.data);
    read_all(stored,
             "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
             "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{" CSV("") "}",
             "name", MANY);
    cJSON_Delete(stored);
    stored = stored_new(json.data);
    read_all(stored,
             "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
             "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{\"InputType\":\"JSON\"}",
             NULL, MANY);
    cJSON_Delete(stored);
    stored = stored_new(lines.data);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_objects_of_text),
        cmocka_unit_test(json_is_an_array_or_an_object_where_the_pointer_says),
        cmocka_unit_test(lines_of_json_are_items),
        cmocka_unit_test(max_items_ends_it),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(pages_follow_one_another_without_a_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
