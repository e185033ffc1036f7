/* items_cost_test.c -- pages cost what they hold, in bytes that are fetched; and what is too long
 * for one is refused before much was. */
#include "tests/unit/model/items_kit.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- what they cost -----------------------------------------------------------------------------
 */

static void expect_cheap(const char *config, const struct mr_buf *body, const char *what, int items)
{
    struct mr_buf all = {0};
    int pages, lines = 0;

    items_put("k", body);
    memset(&items_kit.cost, 0, sizeof items_kit.cost);
    pages = items_all(config, &all);
    if (pages < 10)
        fail_msg("%d pages: %s", pages, items_kit.err.text);
    for (const char *p = all.data; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, items);
    print_message("[ measure  ] %s of %zu bytes: %d pages, %" PRIu64 " bytes in %" PRIu64
                  " pieces, the largest of %zu\n",
                  what, body->len, pages, items_kit.cost.bytes, items_kit.cost.gets,
                  items_kit.cost.largest);
    assert_in_range(items_kit.cost.bytes, body->len, body->len * 6 / 5 + (uint64_t)pages * 8192);
    assert_true(items_kit.cost.largest <= 512 * 1024);
    mr_buf_release(&all);
}

enum { ROWS = 100000 };

static void a_page_costs_what_it_holds(void **state)
{
    struct mr_buf csv = {0}, json = {0}, lines = {0};

    (void)state;
    (void)mr_buf_add_str(&csv, "id,name,size\n");
    (void)mr_buf_add_str(&json, "{\"list\":[");
    for (int i = 0; i < ROWS; i++) {
        (void)mr_buf_addf(&csv, "%d,\"photo, number %d\",%d\n", i, i, i * 7 % 1000);
        (void)mr_buf_addf(&json, "%s{\"id\":%d,\"name\":\"photo %d\"}", i ? "," : "", i, i);
        (void)mr_buf_addf(&lines, "{\"id\":%d,\"name\":\"photo %d\"}\n", i, i);
    }
    (void)mr_buf_add_str(&json, "]}");
    expect_cheap(ITEMS_CSV, &csv, "CSV", ROWS);
    expect_cheap("\"InputType\":\"JSON\",\"ItemsPointer\":\"/list\"", &json, "JSON", ROWS);
    expect_cheap("\"InputType\":\"JSONL\"", &lines, "JSONL", ROWS);
    mr_buf_release(&csv);
    mr_buf_release(&json);
    mr_buf_release(&lines);
}

static void only_what_is_wanted_is_fetched(void **state)
{
    struct mr_buf csv = {0}, all = {0};

    (void)state;
    (void)mr_buf_add_str(&csv, "id\n");
    for (int i = 0; i < ROWS; i++)
        (void)mr_buf_addf(&csv, "%d\n", i);
    items_put("k", &csv);
    assert_int_equal(items_all(ITEMS_CSV ",\"MaxItems\":25000", &all), 3);
    assert_non_null(strstr(all.data, "\"24999\"}\n"));
    assert_null(strstr(all.data, "\"25000\"}\n"));
    assert_true(items_kit.cost.bytes < 480 * 1024); /* of 589 kB, the first piece is the largest */
    mr_buf_release(&csv);
    mr_buf_release(&all);
}

/* What is in front of the items, and longer than any piece, passes once. */
static void what_is_before_the_items_is_passed_over_once(void **state)
{
    struct mr_buf json = {0}, all = {0};

    (void)state;
    (void)mr_buf_add_str(&json, "{\"before\":[\"");
    while (json.len < 5 * 1024 * 1024)
        (void)mr_buf_add_str(&json, "a long text, [ \\\" \xc3\xa4 and no end of it; ");
    (void)mr_buf_add_str(&json, "\"],\"list\":[");
    for (int i = 0; i < ROWS / 2; i++)
        (void)mr_buf_addf(&json, "%s%d", i ? "," : "", i);
    (void)mr_buf_add_str(&json, "],\"behind\":true}");
    items_put("k", &json);
    assert_int_equal(items_all("\"InputType\":\"JSON\",\"ItemsPointer\":\"/list\"", &all), 5);
    assert_in_range(items_kit.cost.bytes, json.len, json.len + 1536 * 1024);
    assert_true(items_kit.cost.gets < 25);
    mr_buf_release(&json);
    mr_buf_release(&all);
}

static void a_listing_costs_its_keys(void **state)
{
    enum { KEYS = 5000 };
    struct mr_buf all = {0}, none = {0};
    cJSON *request = cJSON_Parse("{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\","
                                 "\"Parameters\":{\"Bucket\":\"b\",\"Prefix\":\"p/\"}}");
    int pages, lines = 0;
    char key[32];

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(key, sizeof key, "p/%06d", i);
        items_put(key, &none);
    }
    pages = items_rest(request, &all);
    assert_true(pages > 1);
    for (const char *p = all.data; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, KEYS);
    assert_in_range(items_kit.cost.keys, KEYS, KEYS + pages);
    cJSON_Delete(request);
    mr_buf_release(&all);
}

/* ---- what is long -------------------------------------------------------------------------------
 */

static void many_columns_are_read_again_by_each_page(void **state)
{
    struct mr_buf csv = {0}, all = {0};
    const char *found;

    (void)state;
    items_kit.objects.page_max = 2;
    for (int i = 0; i < 2000; i++)
        (void)mr_buf_addf(&csv, "%scolumn%d", i ? "," : "", i);
    (void)mr_buf_add_str(&csv, "\n1\n2\n3\n4\n5\n");
    items_put("k", &csv);
    assert_int_equal(items_all(ITEMS_CSV, &all), 3);
    found = strstr(all.data, "{\"column0\":\"5\",\"column1\":\"\",");
    assert_non_null(found);
    assert_non_null(strstr(found, ",\"column1999\":\"\"}\n"));
    mr_buf_release(&csv);
    mr_buf_release(&all);
}

/* Columns of one name: the last counts, on every page. */
static void a_column_that_is_left_out_stays_so(void **state)
{
    struct mr_buf all = {0};

    (void)state;
    items_kit.objects.page_max = 1;
    items_put_text("k", "a,b,a,c,a\n1,2,3,4,5\n6,7,8,9\n");
    assert_int_equal(items_all(ITEMS_CSV, &all), 2);
    assert_string_equal(all.data, "{\"b\":\"2\",\"c\":\"4\",\"a\":\"5\"}\n"
                                  "{\"b\":\"7\",\"c\":\"9\",\"a\":\"\"}\n");
    mr_buf_release(&all);
}

static void expect_too_large(const char *config, const char *head, const char *tail,
                             const char *word)
{
    struct mr_buf body = {0}, all = {0};

    (void)mr_buf_add_str(&body, head);
    while (body.len < 3 * 1024 * 1024)
        (void)mr_buf_add_str(&body, "0123456789 abcdefghijklmnopqrstuvwxyz ");
    (void)mr_buf_add_str(&body, tail);
    items_put("k", &body);
    memset(&items_kit.cost, 0, sizeof items_kit.cost);
    assert_int_equal(items_all(config, &all), 0);
    assert_int_equal(items_kit.err.code, MR_TOO_LARGE);
    if (!strstr(items_kit.err.text, word))
        fail_msg("wanted \"%s\", got \"%s\"", word, items_kit.err.text);
    assert_true(items_kit.cost.bytes <= 2 * MR_ITEMS_ROW_MAX);
    mr_buf_release(&body);
    mr_buf_release(&all);
}

static void what_has_no_end_is_given_up(void **state)
{
    (void)state;
    expect_too_large(ITEMS_CSV, "a,b\n1,2\n\"", "\"\n",
                     "k: what begins at byte 8 has no end in 1048576");
    expect_too_large(ITEMS_CSV, "\"a", "\"\n1\n", "what begins at byte 0 has no end");
    expect_too_large("\"InputType\":\"JSON\"", "[1,\"", "\"]", "what begins at byte 3 has no end");
    expect_too_large("\"InputType\":\"JSON\"", "{\"", "\":1}", "what begins at byte 1 has no end");
    expect_too_large("\"InputType\":\"JSON\",\"ItemsPointer\":\"/a\"", "{\"", "\":1,\"a\":[]}",
                     "what begins at byte 1 has no end");
    expect_too_large("\"InputType\":\"JSONL\"", "1\n\"", "\"\n",
                     "what begins at byte 2 has no end");
}

/* Longer than a piece, shorter than the limit. */
static void a_long_row_is_read_in_few_pieces(void **state)
{
    struct mr_buf csv = {0}, all = {0};

    (void)state;
    (void)mr_buf_add_str(&csv, "a\n1,");
    while (csv.len < 900 * 1024) /* of a column that has no name */
        (void)mr_buf_add_str(&csv, "0123456789 abcdefghijklmnopqrstuvwxyz ");
    (void)mr_buf_add_str(&csv, "\n2\n");
    items_put("k", &csv);
    assert_int_equal(items_all(ITEMS_CSV, &all), 1);
    assert_string_equal(all.data, "{\"a\":\"1\"}\n{\"a\":\"2\"}\n");
    assert_true(items_kit.cost.gets <= 4);
    mr_buf_release(&csv);
    mr_buf_release(&all);
}

static enum mr_code get_huge(void *ctx, const char *from, const char *key,
                             const struct mr_object_range *range, struct mr_buf *ret,
                             struct mr_object_now *now, struct mr_error *e)
{
    (void)ctx, (void)from, (void)key, (void)e;
    *now = (struct mr_object_now){.bytes = MR_ITEMS_OBJECT_MAX + 1, .etag = "\"e\""};
    return range->at == 0 ? mr_buf_add_str(ret, "1\n") : MR_OK;
}

static void an_object_beyond_the_limit_is_refused(void **state)
{
    cJSON *request = items_request("\"InputType\":\"JSONL\"");

    (void)state;
    items_kit.objects.get = get_huge;
    assert_null(items_page(request));
    assert_int_equal(items_kit.err.code, MR_TOO_LARGE);
    assert_non_null(strstr(items_kit.err.text, "k: 10737418241 bytes, at most 10737418240"));
    cJSON_Delete(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ITEMS_CASE(a_page_costs_what_it_holds),
        ITEMS_CASE(only_what_is_wanted_is_fetched),
        ITEMS_CASE(what_is_before_the_items_is_passed_over_once),
        ITEMS_CASE(a_listing_costs_its_keys),
        ITEMS_CASE(many_columns_are_read_again_by_each_page),
        ITEMS_CASE(a_column_that_is_left_out_stays_so),
        ITEMS_CASE(what_has_no_end_is_given_up),
        ITEMS_CASE(a_long_row_is_read_in_few_pieces),
        ITEMS_CASE(an_object_beyond_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
