/* curl_request_test.c -- what is sent is what was given, in one piece or as a stream, and
 * nothing is added to it but a length and our name. */
#include "tests/unit/http/curl_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void what_is_sent_is_what_was_given(void **state)
{
    struct mr_http_request request = curl_request("/echo?q=%2F%2e%2e/+a&b");
    (void)state;
    request.method = "POST";
    request.headers[0] = (struct mr_http_header){"X-One", "1"};
    request.headers[1] = (struct mr_http_header){"X-Empty", ""};
    request.header_count = 2;
    request.body = "the body\0of it";
    request.body_len = 14;
    assert_int_equal(curl_send(&request), MR_OK);
    const char *seen = curl_kit.server.last;
    assert_non_null(strstr(seen, "POST /echo?q=%2F%2e%2e/+a&b HTTP/1.1\r\n"));
    assert_non_null(strstr(seen, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(seen, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(seen, "\r\nContent-Length: 14\r\n"));
    assert_non_null(strstr(seen, "\r\nUser-Agent: millrace/"));
    assert_null(strstr(seen, "Expect:"));
    assert_null(strstr(seen, "Content-Type:"));
    assert_null(strstr(seen, "Transfer-Encoding:"));
    assert_memory_equal(strstr(seen, "\r\n\r\n") + 4, "the body\0of it", 14);
}

static void an_empty_post_says_that_it_is_empty(void **state)
{
    struct mr_http_request request = curl_request("/echo");
    (void)state;
    request.method = "POST";
    assert_int_equal(curl_send(&request), MR_OK);
    assert_non_null(strstr(curl_kit.server.last, "\r\nContent-Length: 0\r\n"));
    request.method = "DELETE";
    assert_int_equal(curl_send(&request), MR_OK);
    assert_non_null(strstr(curl_kit.server.last, "DELETE /echo "));
    assert_null(strstr(curl_kit.server.last, "Content-Length"));
}

static void dots_in_a_path_are_sent_as_they_are(void **state)
{
    struct mr_http_request request = curl_request("/a/../echo");
    (void)state;
    assert_int_equal(curl_send(&request), MR_OK);
    assert_non_null(strstr(curl_kit.server.last, "GET /a/../echo HTTP/1.1\r\n"));
}

struct source {
    int64_t at, len, fail_at;
};

static int64_t read_source(void *ctx, void *buf, size_t size, struct mr_error *e)
{
    struct source *source = ctx;
    int64_t n = source->len - source->at < (int64_t)size ? source->len - source->at : (int64_t)size;
    if (source->fail_at && source->at >= source->fail_at) {
        mr_fail(e, MR_CORRUPT, "the source broke");
        return -1;
    }
    memset(buf, 'b', (size_t)n);
    source->at += n;
    return n;
}

/* A PUT of len bytes from there. */
static struct mr_http_request put_of(const char *path, struct source *source, int64_t len)
{
    struct mr_http_request request = curl_request(path);

    request.method = "PUT";
    request.body_read = read_source;
    request.body_ctx = source;
    request.body_len = len;
    return request;
}

static void a_body_may_be_a_stream(void **state)
{
    struct source source = {.len = 20000};
    struct mr_http_request request = put_of("/echo", &source, 20000);
    (void)state;
    assert_int_equal(curl_send(&request), MR_OK);
    assert_int_equal(curl_kit.response.status, 200);
    assert_non_null(strstr(curl_kit.server.last, "\r\nContent-Length: 20000\r\n"));
    assert_int_equal(strspn(strstr(curl_kit.server.last, "\r\n\r\n") + 4, "b"), 20000);
}

static void a_stream_that_breaks_or_ends_early_ends_the_request(void **state)
{
    struct source breaks = {.len = 2000000, .fail_at = 1000000}, ends = {.len = 100};
    struct mr_http_request request = put_of("/echo", &breaks, 2000000);
    (void)state;
    assert_int_equal(curl_send(&request), MR_CORRUPT);
    assert_string_equal(curl_kit.err.text, "the source broke");
    request.body_ctx = &ends;
    assert_int_equal(curl_send(&request), MR_INVALID);
    assert_int_equal(curl_get("/hello"), MR_OK); /* the handle is as good as before */
}

static void a_refusal_before_the_body_was_sent_is_an_answer(void **state)
{
    struct source source = {.len = 50000};
    struct mr_http_request request = put_of("/refuse", &source, 50000);
    (void)state;
    assert_int_equal(curl_send(&request), MR_OK);
    assert_int_equal(curl_kit.response.status, 403);
    assert_body("no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CURL_CASE(what_is_sent_is_what_was_given),
        CURL_CASE(an_empty_post_says_that_it_is_empty),
        CURL_CASE(dots_in_a_path_are_sent_as_they_are),
        CURL_CASE(a_body_may_be_a_stream),
        CURL_CASE(a_stream_that_breaks_or_ends_early_ends_the_request),
        CURL_CASE(a_refusal_before_the_body_was_sent_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
