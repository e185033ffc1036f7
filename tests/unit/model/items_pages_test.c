/* items_pages_test.c -- pages are cut out of an object a piece at a time: whatever is in it and
 * wherever pieces and pages end, together they are the items of the object; and they cost what they
 * hold.  Storage is the twin, so that what was fetched can be counted. */
#include <inttypes.h>
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
#include "common/sim/sim.h"

static struct mr_sim_world world;
static struct mr_sim_bucket *bucket;
static struct mr_blob *blob;
static struct mr_error err;

static struct {
    uint64_t gets, bytes, keys; /* asked for so far */
    size_t largest;             /* piece */
} cost;

/* ---- storage that counts -----------------------------------------------------------------------
 */

static enum mr_code get(void *ctx, const char *from, const char *key,
                        const struct mr_object_range *range, struct mr_buf *ret,
                        struct mr_object_now *now, struct mr_error *e)
{
    const struct mr_blob_range wanted = {range->at, range->len_max, range->etag};
    struct mr_blob_info info;
    enum mr_code rc = mr_blob_get_range(blob, key, &wanted, ret, &info, e);

    (void)ctx, (void)from;
    if (rc)
        return rc;
    now->bytes = info.bytes;
    memcpy(now->etag, info.etag, sizeof now->etag);
    cost.gets++;
    cost.bytes += ret->len;
    if (cost.largest < ret->len)
        cost.largest = ret->len;
    return MR_OK;
}

struct each {
    enum mr_code (*each)(void *ctx, const struct mr_object *, struct mr_error *);
    void *ctx;
};

static enum mr_code list_one(void *ctx, const char *key, const struct mr_blob_info *info,
                             struct mr_error *e)
{
    const struct each *each = ctx;
    const struct mr_object object = {key, info->bytes, 0, ""};

    cost.keys++;
    return each->each(each->ctx, &object, e);
}

static enum mr_code list(void *ctx, const char *from, const struct mr_objects_span *span,
                         enum mr_code (*fn)(void *, const struct mr_object *, struct mr_error *),
                         void *each_ctx, struct mr_error *e)
{
    const struct mr_blob_span wanted = {span->prefix, span->after, span->count_max};
    struct each each = {fn, each_ctx};

    (void)ctx, (void)from;
    return mr_blob_list_span(blob, &wanted, list_one, &each, e);
}

static struct mr_objects objects = {.get = get, .list = list};

static int open_world(void **state)
{
    (void)state;
    world = (struct mr_sim_world){.seed = 7};
    bucket = mr_sim_bucket_new(&world);
    blob = mr_blob_sim_new(bucket, &err);
    objects = (struct mr_objects){.get = get, .list = list};
    memset(&cost, 0, sizeof cost);
    return blob ? 0 : -1;
}

static int close_world(void **state)
{
    (void)state;
    mr_blob_free(blob);
    mr_sim_bucket_free(bucket);
    return 0;
}

static void put(const char *key, const struct mr_buf *body)
{
    assert_false(body->failed);
    assert_int_equal(mr_blob_put(blob, key, NULL, body->data, body->len, NULL, &err), MR_OK);
}

/* ---- pages -------------------------------------------------------------------------------------
 */

static cJSON *request_of(const char *config)
{
    char text[8192];
    cJSON *request;

    (void)snprintf(text, sizeof text,
                   "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
                   "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{%s}}",
                   config);
    request = cJSON_Parse(text);
    assert_non_null(request);
    return request;
}

static cJSON *read_page(const cJSON *request)
{
    struct mr_buf text = {0};
    cJSON *page = NULL;

    if (mr_items_read(request, &objects, &text, &err) == MR_OK) {
        page = cJSON_ParseWithLength(text.data, text.len);
        assert_non_null(page);
    }
    mr_buf_release(&text);
    return page;
}

/* Puts the page's cursor into the request; false where there is none. */
static bool turn(cJSON *request, cJSON *page)
{
    cJSON *cursor = cJSON_DetachItemFromObject(page, "cursor");

    cJSON_DeleteItemFromObject(request, "cursor");
    if (cursor)
        cJSON_AddItemToObject(request, "cursor", cursor);
    return cursor != NULL;
}

static void add_items(struct mr_buf *all, const cJSON *items)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, items)
    {
        if (item->string) {
            (void)mr_buf_add_json(all, item->string, strlen(item->string));
            (void)mr_buf_add_char(all, ':');
        }
        assert_int_equal(mr_json_print(item, all), MR_OK);
        (void)mr_buf_add_char(all, '\n');
    }
}

/* All items of a request from its cursor on, a line each; how many pages.  0: one failed. */
static int read_rest(cJSON *request, struct mr_buf *all)
{
    bool more = true;
    int pages = 0;

    while (more) {
        cJSON *page = read_page(request);

        if (!page)
            return 0;
        pages++;
        add_items(all, mr_json_get(page, "items"));
        more = turn(request, page);
        cJSON_Delete(page);
    }
    return pages;
}

static int read_all(const char *config, struct mr_buf *all)
{
    cJSON *request = request_of(config);
    int pages;

    mr_buf_reset(all);
    (void)mr_buf_add_str(all, "");
    pages = read_rest(request, all);
    cJSON_Delete(request);
    return pages;
}

/* ---- contents made at random --------------------------------------------------------------------
 */

static unsigned below(unsigned n)
{
    return (unsigned)(mr_sim_random(&world) % n);
}

static const char *one_of(const char *const *all, unsigned count)
{
    return all[below(count)];
}
#define ONE_OF(all) one_of(all, sizeof(all) / sizeof *(all))

static void add_space(struct mr_buf *buf)
{
    static const char *const spaces[] = {"", "", " ", "\t", "\r\n", "\n  "};

    (void)mr_buf_add_str(buf, ONE_OF(spaces));
}

static void add_string(struct mr_buf *buf)
{
    static const char *const parts[] = {"a",        "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00",
                                        "\xc3\xa4", "]",    "}",    ",",       "\xf0\x9f\x98\x80",
                                        "\\n",      ":",    " ",    "{",       "[\\\\\\\""};

    (void)mr_buf_add_char(buf, '"');
    for (unsigned n = below(6); n > 0; n--)
        (void)mr_buf_add_str(buf, ONE_OF(parts));
    (void)mr_buf_add_char(buf, '"');
}

static void add_value(struct mr_buf *buf, unsigned depth, bool spaced);

static void add_members(struct mr_buf *buf, unsigned count, unsigned depth, bool object,
                        bool spaced)
{
    (void)mr_buf_add_char(buf, object ? '{' : '[');
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            (void)mr_buf_add_char(buf, ',');
        if (spaced)
            add_space(buf);
        if (object)
            (void)mr_buf_addf(buf, "\"m%u\\\\%s\"%s:", i, i % 2 ? "\\u00fc" : "",
                              spaced ? " " : "");
        add_value(buf, depth, spaced);
        if (spaced)
            add_space(buf);
    }
    if (spaced)
        add_space(buf);
    (void)mr_buf_add_char(buf, object ? '}' : ']');
}

static void add_value(struct mr_buf *buf, unsigned depth, bool spaced)
{
    static const char *const words[] = {"0", "-1.5e-3", "123456789", "true", "false", "null"};
    const unsigned kind = below(depth > 0 ? 4 : 2);

    if (kind == 0)
        (void)mr_buf_add_str(buf, ONE_OF(words));
    else if (kind == 1)
        add_string(buf);
    else
        add_members(buf, below(4), depth - 1, kind == 2, spaced);
}

/* Steps and pages so small that every border falls everywhere in the end. */
static void shrink(void)
{
    objects.step = 1 + below(9);
    objects.page_max = 1 + below(4);
}

static void expect_in_pages(const char *config, const struct mr_buf *body, const char *expected)
{
    struct mr_buf all = {0};

    put("k", body);
    for (int i = 0; i < 4; i++) {
        objects.step = objects.page_max = 0;
        if (i > 0)
            shrink();
        if (read_all(config, &all) == 0)
            fail_msg("%s: %s", err.text, body->data);
        if (strcmp(all.data, expected) != 0)
            fail_msg("step %zu, %" PRIu64 " a page: of\n%s\ncame\n%swanted were\n%s", objects.step,
                     objects.page_max, body->data, all.data, expected);
    }
    mr_buf_release(&all);
}

enum { ROUNDS = 300 };

/* ---- CSV ----------------------------------------------------------------------------------------
 */

static void add_field(struct mr_buf *csv, const struct mr_buf *text, bool alone)
{
    const char *data = text->data ? text->data : "";
    const bool quoted = strpbrk(data, ",\n\r\"") || (alone && !*data) || below(3) == 0;

    if (!quoted) {
        (void)mr_buf_add_str(csv, data);
        return;
    }
    (void)mr_buf_add_char(csv, '"');
    for (; *data; data++) {
        if (*data == '"')
            (void)mr_buf_add_char(csv, '"');
        (void)mr_buf_add_char(csv, *data);
    }
    (void)mr_buf_add_char(csv, '"');
}

static void make_field(struct mr_buf *text)
{
    static const char *const parts[] = {
        "a", "b c", ",", "\"", "\n", "\r\n", "\r", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        ";", "\\"};

    mr_buf_reset(text);
    (void)mr_buf_add_str(text, "");
    for (unsigned n = below(5); n > 0; n--)
        (void)mr_buf_add_str(text, ONE_OF(parts));
}

static void end_line(struct mr_buf *csv)
{
    static const char *const ends[] = {"\n", "\r\n", "\n", "\n\n", "\r\n\r\n"};

    (void)mr_buf_add_str(csv, ONE_OF(ends));
}

static void make_name(struct mr_buf *text, unsigned i)
{
    static const char *const odd[] = {"", ",", "\xc3\xbc\n", " \"x\""};

    mr_buf_reset(text);
    (void)mr_buf_addf(text, "c%u%s", i, odd[i % 4]);
}

static void make_table(struct mr_buf *csv, struct mr_buf *expected, unsigned columns, unsigned rows)
{
    struct mr_buf text = {0};

    if (below(2))
        (void)mr_buf_add_str(csv, "\xEF\xBB\xBF");
    for (unsigned i = 0; i < columns; i++) {
        make_name(&text, i);
        if (i > 0)
            (void)mr_buf_add_char(csv, ',');
        add_field(csv, &text, false);
    }
    for (unsigned row = 0; row < rows; row++) {
        end_line(csv);
        for (unsigned i = 0; i < columns; i++) {
            make_name(&text, i);
            (void)mr_buf_add_char(expected, i ? ',' : '{');
            (void)mr_buf_add_json(expected, text.data, text.len);
            make_field(&text);
            if (i > 0)
                (void)mr_buf_add_char(csv, ',');
            add_field(csv, &text, columns == 1);
            (void)mr_buf_add_char(expected, ':');
            (void)mr_buf_add_json(expected, text.data, text.len);
        }
        (void)mr_buf_add_str(expected, "}\n");
    }
    if (below(2))
        end_line(csv);
    else if (below(2))
        (void)mr_buf_add_char(csv, '\r'); /* half an end at the end */
    mr_buf_release(&text);
}

#define CSV "\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\""

static void rows_are_the_same_wherever_pieces_and_pages_end(void **state)
{
    struct mr_buf csv = {0}, expected = {0};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        mr_buf_reset(&csv);
        mr_buf_reset(&expected);
        (void)mr_buf_add_str(&expected, "");
        make_table(&csv, &expected, 1 + below(4), below(9));
        expect_in_pages(CSV, &csv, expected.data);
    }
    mr_buf_release(&csv);
    mr_buf_release(&expected);
}

/* ---- JSON ---------------------------------------------------------------------------------------
 */

/* What a parser of whole texts finds in container. */
static void list_items(const struct mr_buf *container, struct mr_buf *expected)
{
    cJSON *whole = cJSON_ParseWithLength(container->data, container->len);

    assert_non_null(whole);
    mr_buf_reset(expected);
    (void)mr_buf_add_str(expected, "");
    add_items(expected, whole);
    cJSON_Delete(whole);
}

static void elements_and_members_are_the_same_wherever_pieces_and_pages_end(void **state)
{
    struct mr_buf items = {0}, text = {0}, expected = {0};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        mr_buf_reset(&items);
        add_members(&items, below(9), 3, below(2), true);
        list_items(&items, &expected);
        mr_buf_reset(&text);
        add_space(&text);
        (void)mr_buf_add(&text, items.data, items.len);
        add_space(&text);
        expect_in_pages("\"InputType\":\"JSON\"", &text, expected.data);

        mr_buf_reset(&text);
        (void)mr_buf_add_str(&text, "{\"skip\":");
        add_value(&text, 3, true);
        (void)mr_buf_add_str(&text, " ,\"a/\\u0062\" : [7,");
        add_value(&text, 2, true);
        (void)mr_buf_add_str(&text, ",{\"x\":[],\"items\":");
        (void)mr_buf_add(&text, items.data, items.len);
        (void)mr_buf_add_str(&text, "}],\"behind\":");
        add_value(&text, 2, true);
        (void)mr_buf_add_char(&text, '}');
        expect_in_pages("\"InputType\":\"JSON\",\"ItemsPointer\":\"/a~1b/2/items\"", &text,
                        expected.data);
    }
    mr_buf_release(&items);
    mr_buf_release(&text);
    mr_buf_release(&expected);
}

static void lines_are_the_same_wherever_pieces_and_pages_end(void **state)
{
    struct mr_buf lines = {0}, expected = {0}, line = {0};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        mr_buf_reset(&lines);
        mr_buf_reset(&expected);
        (void)mr_buf_add_str(&lines, "");
        (void)mr_buf_add_str(&expected, "");
        for (unsigned n = below(9); n > 0; n--) {
            cJSON *value;

            mr_buf_reset(&line);
            add_value(&line, 3, false);
            value = cJSON_ParseWithLength(line.data, line.len);
            assert_non_null(value);
            assert_int_equal(mr_json_print(value, &expected), MR_OK);
            (void)mr_buf_add_char(&expected, '\n');
            cJSON_Delete(value);
            (void)mr_buf_add(&lines, line.data, line.len);
            if (n > 1 || below(2))
                end_line(&lines);
            if (below(4) == 0 && n > 1)
                (void)mr_buf_add_str(&lines, " \t \n");
        }
        expect_in_pages("\"InputType\":\"JSONL\"", &lines, expected.data);
    }
    mr_buf_release(&lines);
    mr_buf_release(&expected);
    mr_buf_release(&line);
}

/* Text that is read whole is checked in one go; in pieces nothing else may pass. */
static void what_is_no_json_is_none_in_pieces_either(void **state)
{
    static const char bytes[] = "\"\\{}[],: 0a-\x01\x80";
    struct mr_buf text = {0}, all = {0};
    int refused = 0;

    (void)state;
    for (int i = 0; i < 4 * ROUNDS; i++) {
        bool whole;

        mr_buf_reset(&text);
        add_members(&text, 1 + below(5), 2, false, true);
        if (below(3) == 0)
            text.len -= 1 + below((unsigned)text.len - 1); /* cut */
        else
            text.data[below((unsigned)text.len)] = bytes[below(sizeof bytes - 1)];
        text.data[text.len] = '\0';
        put("k", &text);
        objects.step = objects.page_max = 0;
        whole = read_all("\"InputType\":\"JSON\"", &all) > 0;
        refused += !whole;
        shrink();
        if ((read_all("\"InputType\":\"JSON\"", &all) > 0) != whole)
            fail_msg("step %zu: %s is %s as a whole", objects.step, text.data,
                     whole ? "good" : "bad");
    }
    assert_in_range(refused, ROUNDS, 4 * ROUNDS - 1);
    mr_buf_release(&text);
    mr_buf_release(&all);
}

/* ---- what they cost -----------------------------------------------------------------------------
 */

static void expect_cheap(const char *config, const struct mr_buf *body, const char *what, int items)
{
    struct mr_buf all = {0};
    int pages, lines = 0;

    put("k", body);
    memset(&cost, 0, sizeof cost);
    pages = read_all(config, &all);
    if (pages < 10)
        fail_msg("%d pages: %s", pages, err.text);
    for (const char *p = all.data; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, items);
    print_message("[ measure  ] %s of %zu bytes: %d pages, %" PRIu64 " bytes in %" PRIu64
                  " pieces, the largest of %zu\n",
                  what, body->len, pages, cost.bytes, cost.gets, cost.largest);
    assert_in_range(cost.bytes, body->len, body->len * 6 / 5 + (uint64_t)pages * 8192);
    assert_true(cost.largest <= 512 * 1024);
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
    expect_cheap(CSV, &csv, "CSV", ROWS);
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
    put("k", &csv);
    assert_int_equal(read_all(CSV ",\"MaxItems\":25000", &all), 3);
    assert_non_null(strstr(all.data, "\"24999\"}\n"));
    assert_null(strstr(all.data, "\"25000\"}\n"));
    assert_true(cost.bytes < 480 * 1024); /* of 589 kB, the first piece is the largest */
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
    put("k", &json);
    assert_int_equal(read_all("\"InputType\":\"JSON\",\"ItemsPointer\":\"/list\"", &all), 5);
    assert_in_range(cost.bytes, json.len, json.len + 1536 * 1024);
    assert_true(cost.gets < 25);
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
        put(key, &none);
    }
    pages = read_rest(request, &all);
    assert_true(pages > 1);
    for (const char *p = all.data; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, KEYS);
    assert_in_range(cost.keys, KEYS, KEYS + pages);
    cJSON_Delete(request);
    mr_buf_release(&all);
}

/* ---- one object from the first page to the last
 * --------------------------------------------------
 */

static void an_object_that_is_overwritten_is_noticed(void **state)
{
    static const struct {
        const char *config, *first, *other;
    } cases[] = {{CSV, "a\n1\n2\n3\n", "a\n1\n9\n3\n"},
                 {"\"InputType\":\"JSON\"", "[1,2,3]", "[1,9,3]"},
                 {"\"InputType\":\"JSONL\"", "1\n2\n3\n", "1\n9\n3\n"}};

    (void)state;
    objects.page_max = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *request = request_of(cases[i].config), *page;
        struct mr_buf body = {0};

        (void)mr_buf_add_str(&body, cases[i].first);
        put("k", &body);
        page = read_page(request);
        assert_non_null(page);
        assert_true(turn(request, page));
        cJSON_Delete(page);
        mr_buf_reset(&body);
        (void)mr_buf_add_str(&body, cases[i].other);
        put("k", &body);
        assert_null(read_page(request));
        assert_int_equal(err.code, MR_CHANGED);
        assert_non_null(strstr(err.text, "k: it was overwritten while its items were being read"));
        assert_int_equal(mr_blob_remove(blob, "k", &err), MR_OK);
        assert_null(read_page(request));
        assert_int_equal(err.code, MR_NOT_FOUND);
        assert_non_null(strstr(err.text, "k: it went away while its items were being read"));
        mr_buf_release(&body);
        cJSON_Delete(request);
    }
}

static void put_text(const char *key, const char *text)
{
    const struct mr_buf body = {.data = strdup(text), .len = strlen(text)};

    assert_non_null(body.data);
    put(key, &body);
    free(body.data);
}

static void a_manifest_and_its_tables_stay_the_same(void **state)
{
    cJSON *request = request_of("\"InputType\":\"MANIFEST\""), *page;
    struct mr_buf all = {0};

    (void)state;
    objects.page_max = 2;
    put_text("f1", "b,1\nb,2\nb,3\n");
    put_text("f2", "b,4\nb,5\n");
    put_text("k", "{\"fileFormat\":\"CSV\",\"fileSchema\":\"B, K\",\"destinationBucket\":\"b\","
                  "\"files\":[{\"key\":\"f1\"},{\"key\":\"f2\"}]}");
    assert_int_equal(read_all("\"InputType\":\"MANIFEST\"", &all), 3);
    assert_string_equal(all.data, "{\"B\":\"b\",\"K\":\"1\"}\n{\"B\":\"b\",\"K\":\"2\"}\n"
                                  "{\"B\":\"b\",\"K\":\"3\"}\n{\"B\":\"b\",\"K\":\"4\"}\n"
                                  "{\"B\":\"b\",\"K\":\"5\"}\n");
    page = read_page(request);
    assert_non_null(page);
    assert_true(turn(request, page));
    cJSON_Delete(page);
    put_text("f1", "b,1\nb,2\nb,9\n");
    assert_null(read_page(request));
    assert_non_null(strstr(err.text, "f1: it was overwritten"));
    put_text("f1", "b,1\nb,2\nb,3\n");
    put_text("k", "{\"fileFormat\":\"CSV\",\"fileSchema\":\"B, K\",\"destinationBucket\":\"b\","
                  "\"files\":[{\"key\":\"f2\"},{\"key\":\"f1\"}]}");
    assert_null(read_page(request));
    assert_non_null(strstr(err.text, "k: it was overwritten"));
    cJSON_Delete(request);
    mr_buf_release(&all);
}

/* A run that was begun by a worker whose pages read whole objects goes on: its cursor has the place
 * and the count, no more. */
static void a_cursor_of_before_goes_on(void **state)
{
    static const struct {
        const char *config, *body, *cursor, *rest;
    } cases[] = {
        {CSV, "a,a2\n1,x\n2,y\n3,z\n", "{\"at\":9,\"n\":1,\"file\":0}",
         "{\"a\":\"2\",\"a2\":\"y\"}\n{\"a\":\"3\",\"a2\":\"z\"}\n"},
        {"\"InputType\":\"JSON\"", "[1, 2, 3]", "{\"at\":4,\"n\":1,\"file\":0}", "2\n3\n"},
        {"\"InputType\":\"JSON\",\"ItemsPointer\":\"/x\"", "{\"x\":{\"k\":1,\"l\":2,\"m\":3}}",
         "{\"at\":12,\"n\":1,\"file\":0}", "\"l\":2\n\"m\":3\n"},
        {"\"InputType\":\"JSON\",\"MaxItems\":2", "[1, 2, 3]", "{\"at\":4,\"n\":1,\"file\":0}",
         "2\n"},
        {"\"InputType\":\"JSONL\"", "1\n2\n3\n", "{\"at\":2,\"n\":1,\"file\":0}", "2\n3\n"},
    };
    struct mr_buf all = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *request = request_of(cases[i].config);

        objects.page_max = i % 2; /* the next of its pages has a cursor of now */
        put_text("k", cases[i].body);
        cJSON_AddItemToObject(request, "cursor", cJSON_Parse(cases[i].cursor));
        mr_buf_reset(&all);
        if (read_rest(request, &all) == 0)
            fail_msg("%s", err.text);
        assert_string_equal(all.data, cases[i].rest);
        cJSON_Delete(request);
    }
    mr_buf_release(&all);
}

/* ---- what is long -------------------------------------------------------------------------------
 */

static void many_columns_are_read_again_by_each_page(void **state)
{
    struct mr_buf csv = {0}, all = {0};
    const char *found;

    (void)state;
    objects.page_max = 2;
    for (int i = 0; i < 2000; i++)
        (void)mr_buf_addf(&csv, "%scolumn%d", i ? "," : "", i);
    (void)mr_buf_add_str(&csv, "\n1\n2\n3\n4\n5\n");
    put("k", &csv);
    assert_int_equal(read_all(CSV, &all), 3);
    found = strstr(all.data, "{\"column0\":\"5\",\"column1\":\"\",");
    assert_non_null(found);
    assert_non_null(strstr(found, ",\"column1999\":\"\"}\n"));
    mr_buf_release(&csv);
    mr_buf_release(&all);
}

/* Two columns of one name: the last counts, on every page. */
static void a_column_that_is_left_out_stays_so(void **state)
{
    struct mr_buf all = {0};

    (void)state;
    objects.page_max = 1;
    put_text("k", "a,b,a\n1,2,3\n4,5,6\n");
    assert_int_equal(read_all(CSV, &all), 2);
    assert_string_equal(all.data, "{\"b\":\"2\",\"a\":\"3\"}\n{\"b\":\"5\",\"a\":\"6\"}\n");
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
    put("k", &body);
    memset(&cost, 0, sizeof cost);
    assert_int_equal(read_all(config, &all), 0);
    assert_int_equal(err.code, MR_TOO_LARGE);
    if (!strstr(err.text, word))
        fail_msg("wanted \"%s\", got \"%s\"", word, err.text);
    assert_true(cost.bytes <= 2 * MR_ITEMS_ROW_MAX);
    mr_buf_release(&body);
    mr_buf_release(&all);
}

static void what_has_no_end_is_given_up(void **state)
{
    (void)state;
    expect_too_large(CSV, "a,b\n1,2\n\"", "\"\n", "k: what begins at byte 8 has no end in 1048576");
    expect_too_large(CSV, "\"a", "\"\n1\n", "what begins at byte 0 has no end");
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
    put("k", &csv);
    assert_int_equal(read_all(CSV, &all), 1);
    assert_string_equal(all.data, "{\"a\":\"1\"}\n{\"a\":\"2\"}\n");
    assert_true(cost.gets <= 4);
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
    cJSON *request = request_of("\"InputType\":\"JSONL\"");

    (void)state;
    objects.get = get_huge;
    assert_null(read_page(request));
    assert_int_equal(err.code, MR_TOO_LARGE);
    assert_non_null(strstr(err.text, "k: 10737418241 bytes, at most 10737418240"));
    cJSON_Delete(request);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rows_are_the_same_wherever_pieces_and_pages_end),
        CASE(elements_and_members_are_the_same_wherever_pieces_and_pages_end),
        CASE(lines_are_the_same_wherever_pieces_and_pages_end),
        CASE(what_is_no_json_is_none_in_pieces_either),
        CASE(a_page_costs_what_it_holds),
        CASE(only_what_is_wanted_is_fetched),
        CASE(what_is_before_the_items_is_passed_over_once),
        CASE(a_listing_costs_its_keys),
        CASE(an_object_that_is_overwritten_is_noticed),
        CASE(a_manifest_and_its_tables_stay_the_same),
        CASE(a_cursor_of_before_goes_on),
        CASE(many_columns_are_read_again_by_each_page),
        CASE(a_column_that_is_left_out_stays_so),
        CASE(what_has_no_end_is_given_up),
        CASE(a_long_row_is_read_in_few_pieces),
        CASE(an_object_beyond_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
