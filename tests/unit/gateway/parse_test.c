/* parse_test.c -- every probe is answered as the table says, however its bytes are cut. */
#include "gateway/parse.h"
#include "tests/unit/gateway/probes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mr_buf body;

static void keep_body(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    assert_int_equal(mr_buf_add(&body, data, len), MR_OK);
}

/* The statuses that a server would answer bytes with, given in pieces of `cut` bytes. */
static void answers(const char *bytes, size_t len, size_t cut, char *ret, size_t size)
{
    struct mr_error err;
    struct gw_parser *parser = gw_parser_new(16384, keep_body, NULL, &err);
    size_t at = 0, out = 0;
    bool open = true, fresh = true;

    assert_non_null(parser);
    ret[0] = '\0';
    while (open && (at < len || !fresh)) {
        size_t piece = len - at < cut ? len - at : cut, used;
        char *copy = malloc(piece + 1); /* so that a read beyond its end is seen */
        enum gw_parse got;
        memcpy(copy, bytes + at, piece);
        got = gw_parser_feed(parser, copy, piece, &used);
        free(copy);
        assert_true(used <= piece);
        at += used;
        fresh = true;
        if (got == GW_PARSE_HEAD && gw_parser_complete(parser))
            got = GW_PARSE_END;
        if (got == GW_PARSE_END) {
            out += (size_t)snprintf(ret + out, size - out, "%s200", out ? " " : "");
            open = gw_parser_request(parser)->keep_alive;
            gw_parser_reset(parser);
        } else if (got == GW_PARSE_REFUSED) {
            out += (size_t)snprintf(ret + out, size - out, "%s%d", out ? " " : "",
                                    gw_parser_refusal(parser).status);
            assert_non_null(gw_parser_refusal(parser).detail);
            open = false;
        }
    }
    gw_parser_free(parser);
}

static void check_all(size_t cut)
{
    int wrong = 0;

    for (size_t i = 0; i < PROBE_COUNT; i++) {
        char got[256];
        answers(probes[i].bytes, probes[i].len, cut, got, sizeof(got));
        if (strcmp(got, probes[i].answers) != 0) {
            print_error("cut %zu: %s: \"%s\", not \"%s\"\n", cut, probes[i].name, got,
                        probes[i].answers);
            wrong++;
        }
    }
    mr_buf_release(&body);
    assert_int_equal(wrong, 0);
}

static void every_probe_is_answered_as_the_table_says(void **state)
{
    (void)state;
    assert_true(PROBE_COUNT >= 100);
    check_all(1 << 20);
}

static void byte_by_byte_the_answers_are_the_same(void **state)
{
    (void)state;
    check_all(1);
}

static void in_pieces_of_any_small_size_the_answers_are_the_same(void **state)
{
    (void)state;
    for (size_t cut = 2; cut < 24; cut++)
        check_all(cut);
}

static void a_request_is_read_into_its_parts(void **state)
{
    static const char text[] =
        "PUT /v1/a%20b/c?x=1%2B1&y HTTP/1.1\r\nHost: a\r\nX-Name:  some value \r\n"
        "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n";
    struct mr_error err;
    struct gw_parser *parser = gw_parser_new(16384, keep_body, NULL, &err);
    const struct gw_request *request;
    char value[GW_QUERY_VALUE_MAX + 1];
    size_t used, at = 0;
    bool found;

    (void)state;
    while (gw_parser_feed(parser, text + at, sizeof(text) - 1 - at, &used) == GW_PARSE_MORE)
        at += used;
    request = gw_parser_request(parser);
    assert_int_equal(request->method, GW_PUT);
    assert_string_equal(request->path, "/v1/a b/c");
    assert_string_equal(gw_request_header(request, "x-name"), "some value");
    assert_int_equal(request->content_length, 12);
    assert_true(request->expect_continue);
    assert_true(request->keep_alive);
    assert_int_equal(gw_request_query(request, "x", value, &found, &err), MR_OK);
    assert_true(found);
    assert_string_equal(value, "1+1");
    assert_int_equal(gw_request_query(request, "y", value, &found, &err), MR_OK);
    assert_true(found);
    assert_string_equal(value, "");
    assert_int_equal(gw_request_query(request, "z", value, &found, &err), MR_OK);
    assert_false(found);
    assert_int_equal(gw_request_query_known(request, (const char *const[]){"x", NULL}, &err),
                     MR_INVALID);
    assert_non_null(strstr(err.text, "parameter y"));
    gw_parser_free(parser);
}

static void trailers_do_not_become_headers(void **state)
{
    static const char text[] = CHUNKED "5\r\nhello\r\n0\r\nX-Late: yes\r\n\r\n";
    struct mr_error err;
    struct gw_parser *parser = gw_parser_new(16384, keep_body, NULL, &err);
    size_t used, at = 0;

    (void)state;
    mr_buf_reset(&body);
    while (gw_parser_feed(parser, text + at, sizeof(text) - 1 - at, &used) != GW_PARSE_END)
        at += used;
    assert_null(gw_request_header(gw_parser_request(parser), "x-late"));
    assert_int_equal(gw_parser_request(parser)->header_count, 2);
    assert_int_equal(body.len, 5);
    assert_memory_equal(body.data, "hello", 5);
    mr_buf_release(&body);
    gw_parser_free(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_probe_is_answered_as_the_table_says),
        cmocka_unit_test(byte_by_byte_the_answers_are_the_same),
        cmocka_unit_test(in_pieces_of_any_small_size_the_answers_are_the_same),
        cmocka_unit_test(a_request_is_read_into_its_parts),
        cmocka_unit_test(trailers_do_not_become_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
