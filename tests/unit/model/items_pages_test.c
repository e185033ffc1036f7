/* items_pages_test.c -- pages are cut out of an object a piece at a time: whatever is in it and
 * wherever pieces and pages end, together they are the items of the object. */
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

/* ---- contents made at random --------------------------------------------------------------------
 */

static unsigned below(unsigned n)
{
    return (unsigned)(mr_sim_random(&items_kit.world) % n);
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
    items_kit.objects.step = 1 + below(9);
    items_kit.objects.page_max = 1 + below(4);
}

static void expect_in_pages(const char *config, const struct mr_buf *body, const char *expected)
{
    struct mr_buf all = {0};

    items_put("k", body);
    for (int i = 0; i < 4; i++) {
        items_kit.objects.step = items_kit.objects.page_max = 0;
        if (i > 0)
            shrink();
        if (items_all(config, &all) == 0)
            fail_msg("%s: %s", items_kit.err.text, body->data);
        if (strcmp(all.data, expected) != 0)
            fail_msg("step %zu, %" PRIu64 " a page: of\n%s\ncame\n%swanted were\n%s",
                     items_kit.objects.step, items_kit.objects.page_max, body->data, all.data,
                     expected);
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

static void rows_are_the_same_wherever_pieces_and_pages_end(void **state)
{
    struct mr_buf csv = {0}, expected = {0};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        mr_buf_reset(&csv);
        mr_buf_reset(&expected);
        (void)mr_buf_add_str(&expected, "");
        make_table(&csv, &expected, 1 + below(4), below(9));
        expect_in_pages(ITEMS_CSV, &csv, expected.data);
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
    items_lines(expected, whole);
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
        items_put("k", &text);
        items_kit.objects.step = items_kit.objects.page_max = 0;
        whole = items_all("\"InputType\":\"JSON\"", &all) > 0;
        refused += !whole;
        shrink();
        if ((items_all("\"InputType\":\"JSON\"", &all) > 0) != whole)
            fail_msg("step %zu: %s is %s as a whole", items_kit.objects.step, text.data,
                     whole ? "good" : "bad");
    }
    assert_in_range(refused, ROUNDS, 4 * ROUNDS - 1);
    mr_buf_release(&text);
    mr_buf_release(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ITEMS_CASE(rows_are_the_same_wherever_pieces_and_pages_end),
        ITEMS_CASE(elements_and_members_are_the_same_wherever_pieces_and_pages_end),
        ITEMS_CASE(lines_are_the_same_wherever_pieces_and_pages_end),
        ITEMS_CASE(what_is_no_json_is_none_in_pieces_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
