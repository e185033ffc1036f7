/* curl_answer_test.c -- whatever status an answer has, it is told as it came, and never holds
 * more than was allowed. */
#include "tests/unit/http/curl_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_header(const char *name, const char *expected)
{
    char value[100];
    if (!expected) {
        assert_false(mr_http_header_get(&curl_kit.response, name, value, sizeof value));
        return;
    }
    assert_true(mr_http_header_get(&curl_kit.response, name, value, sizeof value));
    assert_string_equal(value, expected);
}

static void an_answer_of_any_status_is_an_answer(void **state)
{
    (void)state;
    assert_int_equal(curl_get("/hello"), MR_OK);
    assert_int_equal(curl_kit.response.status, 200);
    assert_body("hello");
    assert_header("content-type", "text/plain");
    assert_header("x-two", "1");
    assert_header("x-empty", "");
    assert_header("x-none", NULL);
    assert_int_equal(curl_get("/missing"), MR_OK);
    assert_int_equal(curl_kit.response.status, 404);
    assert_body("no such page");
    assert_int_equal(curl_get("/no-content"), MR_OK);
    assert_int_equal(curl_kit.response.status, 204);
    assert_body("");
    assert_int_equal(curl_get("/chunked"), MR_OK);
    assert_body("hello");
}

static void a_connection_is_kept_for_the_next_request(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(curl_get("/hello"), MR_OK);
    assert_int_equal(atomic_load(&curl_kit.server.connections), 1);
    assert_int_equal(atomic_load(&curl_kit.server.requests), 5);
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    assert_int_equal(curl_get("/redirect"), MR_OK);
    assert_int_equal(curl_kit.response.status, 302);
    assert_header("location", "/hello");
    assert_int_equal(atomic_load(&curl_kit.server.requests), 1);
}

static void a_trailer_is_no_header(void **state)
{
    (void)state;
    assert_int_equal(curl_get("/trailers"), MR_OK);
    assert_body("hello");
    assert_header("x-early", "1");
    assert_header("x-late", NULL);
    assert_null(strstr(curl_kit.response.headers.data, "x-early: 2"));
}

static void what_comes_before_the_answer_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(curl_get("/interim"), MR_OK);
    assert_int_equal(curl_kit.response.status, 200);
    assert_header("x-final", "1");
    assert_header("x-hint", NULL);
}

static void a_control_byte_in_an_answer_is_made_harmless(void **state)
{
    (void)state;
    assert_int_equal(curl_get("/control"), MR_OK);
    assert_header("x-bad", "a?b?c");
}

static void a_head_has_a_length_and_no_body(void **state)
{
    struct mr_http_request request = curl_request("/hello");
    (void)state;
    request.method = "HEAD";
    request.response_max = 0;
    assert_int_equal(curl_send(&request), MR_OK);
    assert_header("content-length", "5");
    assert_body("");
}

static void a_good_answer_goes_to_its_taker_and_a_refusal_does_not(void **state)
{
    struct curl_sink sink = {0};
    struct mr_http_request request = curl_request("/hello");
    (void)state;
    request.on_body = curl_sink_write;
    request.on_body_ctx = &sink;
    assert_int_equal(curl_send(&request), MR_OK);
    assert_int_equal(sink.received, 5);
    assert_int_equal(sink.status_seen, 200); /* the status is there before the first byte */
    assert_body("");
    sink.received = 0;
    request.url = curl_request("/missing").url;
    request.response_max = 3; /* not of refusals */
    assert_int_equal(curl_send(&request), MR_OK);
    assert_int_equal(sink.received, 0);
    assert_body("no such page");
    request.url = curl_request("/big-refusal").url;
    assert_int_equal(curl_send(&request), MR_OK);
    assert_int_equal(curl_kit.response.status, 500);
    assert_int_equal(curl_kit.response.body.len, MR_HTTP_REFUSAL_MAX); /* cut */
}

static void a_taker_may_give_up(void **state)
{
    struct curl_sink sink = {.fail_at = 10000};
    struct mr_http_request request = curl_request("/endless");
    (void)state;
    request.on_body = curl_sink_write;
    request.on_body_ctx = &sink;
    request.response_max = INT64_MAX;
    assert_int_equal(curl_send(&request), MR_BUSY);
    assert_string_equal(curl_kit.err.text, "enough");
}

static void an_answer_beyond_its_limit_is_too_large(void **state)
{
    struct mr_http_request request = curl_request("/hello");
    (void)state;
    request.response_max = 5;
    assert_int_equal(curl_send(&request), MR_OK);
    request.response_max = 4;
    assert_int_equal(curl_send(&request), MR_TOO_LARGE);
    assert_non_null(strstr(curl_kit.err.text, "4 bytes"));
    assert_int_equal(curl_get("/endless"), MR_TOO_LARGE);
    assert_true(curl_kit.response.body.len <= 100000);
    assert_int_equal(curl_get("/huge"),
                     MR_TOO_LARGE); /* by what it announces, though it sends little */
    assert_int_equal(curl_get("/big-headers"), MR_TOO_LARGE);
    assert_int_equal(curl_get("/hello"), MR_OK);
}

static void a_refusal_without_end_ends_where_nobody_reads_on(void **state)
{
    struct mr_http_request request = curl_request("/refuse-without-end");
    struct curl_sink sink = {0};
    (void)state;
    request.on_body = curl_sink_write;
    request.on_body_ctx = &sink;
    assert_int_equal(curl_send(&request), MR_OK);
    assert_int_equal(curl_kit.response.status, 404);
    assert_int_equal(curl_kit.response.body.len, MR_HTTP_REFUSAL_MAX);
}

static void a_header_of_any_length_is_too_large(void **state)
{
    (void)state;
    assert_int_equal(curl_get("/long-header"), MR_TOO_LARGE);
    assert_false(curl_kit.response.began);
    assert_int_equal(curl_get("/big-headers"), MR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CURL_CASE(an_answer_of_any_status_is_an_answer),
        CURL_CASE(a_connection_is_kept_for_the_next_request),
        CURL_CASE(a_redirect_is_not_followed),
        CURL_CASE(a_trailer_is_no_header),
        CURL_CASE(what_comes_before_the_answer_is_passed_over),
        CURL_CASE(a_control_byte_in_an_answer_is_made_harmless),
        CURL_CASE(a_head_has_a_length_and_no_body),
        CURL_CASE(a_good_answer_goes_to_its_taker_and_a_refusal_does_not),
        CURL_CASE(a_taker_may_give_up),
        CURL_CASE(an_answer_beyond_its_limit_is_too_large),
        CURL_CASE(a_refusal_without_end_ends_where_nobody_reads_on),
        CURL_CASE(a_header_of_any_length_is_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
