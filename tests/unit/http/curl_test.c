/* curl_test.c -- the real HTTP client against a server that answers well and badly. */
#include "common/adapters/http_reach.h"
#include "common/ports/clock.h"
#include "common/ports/http.h"
#include "tests/unit/http/http_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cmocka.h>

static struct http_server server;
static struct mr_http *http;
static struct mr_http_response response;
static struct mr_error err;

static int open_all(void **state)
{
    (void)state;
    if (http_server_start(&server))
        return -1;
    http = mr_http_curl_new(&err);
    return http ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    mr_http_response_release(&response);
    mr_http_free(http);
    http_server_stop(&server);
    return 0;
}

/* GET of a path of the server; change what the test is about. */
static struct mr_http_request request_to(const char *path)
{
    static char urls[4][256];
    static int next;
    char *url = urls[next++ % 4];
    snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", server.port, path);
    return (struct mr_http_request){.method = "GET", .url = url, .response_max = 100000};
}

static enum mr_code send_request(const struct mr_http_request *request)
{
    return mr_http_request(http, request, &response, &err);
}

static enum mr_code get(const char *path)
{
    struct mr_http_request request = request_to(path);
    return send_request(&request);
}

static void assert_body(const char *text)
{
    assert_int_equal(response.body.len, strlen(text));
    if (*text)
        assert_memory_equal(response.body.data, text, response.body.len);
}

static void assert_header(const char *name, const char *expected)
{
    char value[100];
    if (!expected) {
        assert_false(mr_http_header_get(&response, name, value, sizeof value));
        return;
    }
    assert_true(mr_http_header_get(&response, name, value, sizeof value));
    assert_string_equal(value, expected);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void an_answer_of_any_status_is_an_answer(void **state)
{
    (void)state;
    assert_int_equal(get("/hello"), MR_OK);
    assert_int_equal(response.status, 200);
    assert_body("hello");
    assert_header("content-type", "text/plain");
    assert_header("x-two", "1");
    assert_header("x-empty", "");
    assert_header("x-none", NULL);
    assert_int_equal(get("/missing"), MR_OK);
    assert_int_equal(response.status, 404);
    assert_body("no such page");
    assert_int_equal(get("/no-content"), MR_OK);
    assert_int_equal(response.status, 204);
    assert_body("");
    assert_int_equal(get("/chunked"), MR_OK);
    assert_body("hello");
}

static void a_connection_is_kept_for_the_next_request(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(get("/hello"), MR_OK);
    assert_int_equal(atomic_load(&server.connections), 1);
    assert_int_equal(atomic_load(&server.requests), 5);
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    assert_int_equal(get("/redirect"), MR_OK);
    assert_int_equal(response.status, 302);
    assert_header("location", "/hello");
    assert_int_equal(atomic_load(&server.requests), 1);
}

static void a_trailer_is_no_header(void **state)
{
    (void)state;
    assert_int_equal(get("/trailers"), MR_OK);
    assert_body("hello");
    assert_header("x-early", "1");
    assert_header("x-late", NULL);
    assert_null(strstr(response.headers.data, "x-early: 2"));
}

static void what_comes_before_the_answer_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(get("/interim"), MR_OK);
    assert_int_equal(response.status, 200);
    assert_header("x-final", "1");
    assert_header("x-hint", NULL);
}

static void a_control_byte_in_an_answer_is_made_harmless(void **state)
{
    (void)state;
    assert_int_equal(get("/control"), MR_OK);
    assert_header("x-bad", "a?b?c");
}

static void a_head_has_a_length_and_no_body(void **state)
{
    struct mr_http_request request = request_to("/hello");
    (void)state;
    request.method = "HEAD";
    request.response_max = 0;
    assert_int_equal(send_request(&request), MR_OK);
    assert_header("content-length", "5");
    assert_body("");
}

/* ---- requests -------------------------------------------------------------------------------- */

static void what_is_sent_is_what_was_given(void **state)
{
    struct mr_http_request request = request_to("/echo?q=%2F%2e%2e/+a&b");
    (void)state;
    request.method = "POST";
    request.headers[0] = (struct mr_http_header){"X-One", "1"};
    request.headers[1] = (struct mr_http_header){"X-Empty", ""};
    request.header_count = 2;
    request.body = "the body\0of it";
    request.body_len = 14;
    assert_int_equal(send_request(&request), MR_OK);
    const char *seen = server.last;
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
    struct mr_http_request request = request_to("/echo");
    (void)state;
    request.method = "POST";
    assert_int_equal(send_request(&request), MR_OK);
    assert_non_null(strstr(server.last, "\r\nContent-Length: 0\r\n"));
    request.method = "DELETE";
    assert_int_equal(send_request(&request), MR_OK);
    assert_non_null(strstr(server.last, "DELETE /echo "));
    assert_null(strstr(server.last, "Content-Length"));
}

static void dots_in_a_path_are_sent_as_they_are(void **state)
{
    struct mr_http_request request = request_to("/a/../echo");
    (void)state;
    assert_int_equal(send_request(&request), MR_OK);
    assert_non_null(strstr(server.last, "GET /a/../echo HTTP/1.1\r\n"));
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

static void a_body_may_be_a_stream(void **state)
{
    struct mr_http_request request = request_to("/echo");
    struct source source = {.len = 20000};
    (void)state;
    request.method = "PUT";
    request.body_read = read_source;
    request.body_ctx = &source;
    request.body_len = 20000;
    assert_int_equal(send_request(&request), MR_OK);
    assert_int_equal(response.status, 200);
    assert_non_null(strstr(server.last, "\r\nContent-Length: 20000\r\n"));
    assert_int_equal(strspn(strstr(server.last, "\r\n\r\n") + 4, "b"), 20000);
}

static void a_stream_that_breaks_or_ends_early_ends_the_request(void **state)
{
    struct mr_http_request request = request_to("/echo");
    struct source breaks = {.len = 2000000, .fail_at = 1000000}, ends = {.len = 100};
    (void)state;
    request.method = "PUT";
    request.body_read = read_source;
    request.body_ctx = &breaks;
    request.body_len = 2000000;
    assert_int_equal(send_request(&request), MR_CORRUPT);
    assert_string_equal(err.text, "the source broke");
    request.body_ctx = &ends;
    assert_int_equal(send_request(&request), MR_INVALID);
    assert_int_equal(get("/hello"), MR_OK); /* the handle is as good as before */
}

static void a_refusal_before_the_body_was_sent_is_an_answer(void **state)
{
    struct mr_http_request request = request_to("/refuse");
    struct source source = {.len = 50000};
    (void)state;
    request.method = "PUT";
    request.body_read = read_source;
    request.body_ctx = &source;
    request.body_len = 50000;
    assert_int_equal(send_request(&request), MR_OK);
    assert_int_equal(response.status, 403);
    assert_body("no");
}

/* ---- streams of answers ---------------------------------------------------------------------- */

struct sink {
    int64_t received;
    int64_t fail_at;
    int status_seen;
};

static enum mr_code write_sink(void *ctx, const void *data, size_t len, struct mr_error *e)
{
    struct sink *sink = ctx;
    (void)data;
    sink->received += (int64_t)len;
    sink->status_seen = response.status;
    return sink->fail_at && sink->received >= sink->fail_at ? mr_fail(e, MR_BUSY, "enough") : MR_OK;
}

static void a_good_answer_goes_to_its_taker_and_a_refusal_does_not(void **state)
{
    struct sink sink = {0};
    struct mr_http_request request = request_to("/hello");
    (void)state;
    request.on_body = write_sink;
    request.on_body_ctx = &sink;
    assert_int_equal(send_request(&request), MR_OK);
    assert_int_equal(sink.received, 5);
    assert_int_equal(sink.status_seen, 200); /* the status is there before the first byte */
    assert_body("");
    sink.received = 0;
    request.url = request_to("/missing").url;
    request.response_max = 3; /* not of refusals */
    assert_int_equal(send_request(&request), MR_OK);
    assert_int_equal(sink.received, 0);
    assert_body("no such page");
    request.url = request_to("/big-refusal").url;
    assert_int_equal(send_request(&request), MR_OK);
    assert_int_equal(response.status, 500);
    assert_int_equal(response.body.len, MR_HTTP_REFUSAL_MAX); /* cut */
}

static void a_taker_may_give_up(void **state)
{
    struct sink sink = {.fail_at = 10000};
    struct mr_http_request request = request_to("/endless");
    (void)state;
    request.on_body = write_sink;
    request.on_body_ctx = &sink;
    request.response_max = INT64_MAX;
    assert_int_equal(send_request(&request), MR_BUSY);
    assert_string_equal(err.text, "enough");
}

static void an_answer_beyond_its_limit_is_too_large(void **state)
{
    struct mr_http_request request = request_to("/hello");
    (void)state;
    request.response_max = 5;
    assert_int_equal(send_request(&request), MR_OK);
    request.response_max = 4;
    assert_int_equal(send_request(&request), MR_TOO_LARGE);
    assert_non_null(strstr(err.text, "4 bytes"));
    assert_int_equal(get("/endless"), MR_TOO_LARGE);
    assert_true(response.body.len <= 100000);
    assert_int_equal(get("/huge"), MR_TOO_LARGE); /* by what it announces, though it sends little */
    assert_int_equal(get("/big-headers"), MR_TOO_LARGE);
    assert_int_equal(get("/hello"), MR_OK);
}

/* ---- what breaks ----------------------------------------------------------------------------- */

static void a_broken_answer_is_unavailable(void **state)
{
    static const char *const paths[] = {"/short", "/broken-chunk", "/nothing", "/no-http"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(get(paths[i]), MR_UNAVAILABLE);
        assert_non_null(strstr(err.text, paths[i]));
    }
    assert_int_equal(get("/hello"), MR_OK);
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
    struct http_server gone;
    struct mr_http_request request = request_to("/");
    char url[100];
    (void)state;
    assert_int_equal(http_server_start(&gone), 0);
    http_server_stop(&gone);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x?key=secret", gone.port);
    request.url = url;
    assert_int_equal(send_request(&request), MR_UNAVAILABLE);
    assert_null(strstr(err.text, "secret"));
    request.url = "http://no-such-host.invalid/";
    assert_int_equal(send_request(&request), MR_UNAVAILABLE);
}

static void a_slow_server_meets_a_deadline(void **state)
{
    static const char *const paths[] = {"/silent", "/head-only", "/drops"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mr_http_request request = request_to(paths[i]);
        int64_t from = mr_mono_ms();
        request.timeout_ms = 300;
        request.response_max = 2000000;
        assert_int_equal(send_request(&request), MR_TIMEOUT);
        assert_true(mr_mono_ms() - from >= 250); /* the server alone would never end */
    }
}

static void a_server_that_stalls_is_given_up(void **state)
{
    static const char *const paths[] = {"/silent", "/head-only"};
    struct mr_http_request request = request_to("/drops");
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mr_http_request stalls = request_to(paths[i]);
        int64_t from = mr_mono_ms();
        stalls.stall_timeout_ms = 200;
        assert_int_equal(send_request(&stalls), MR_TIMEOUT);
        assert_non_null(strstr(err.text, "no byte"));
        assert_true(mr_mono_ms() - from >= 190);
    }
    request.stall_timeout_ms = 200; /* a slow one does not stall */
    request.timeout_ms = 600;
    request.response_max = 2000000;
    assert_int_equal(send_request(&request), MR_TIMEOUT);
    assert_null(strstr(err.text, "no byte"));
}

static void *stop_soon(void *ctx)
{
    const struct timespec nap = {.tv_nsec = 150 * 1000000};
    nanosleep(&nap, NULL);
    atomic_store((atomic_bool *)ctx, true);
    return NULL;
}

static void a_stop_ends_a_request_soon(void **state)
{
    static const char *const paths[] = {"/silent", "/head-only", "/drops", "/endless"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mr_http_request request = request_to(paths[i]);
        struct sink sink = {0};
        atomic_bool stop = false;
        pthread_t thread;
        request.stop = &stop;
        request.on_body = write_sink;
        request.on_body_ctx = &sink;
        request.response_max = INT64_MAX;
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
        assert_int_equal(send_request(&request), MR_CANCELLED); /* no server here ever ends */
        pthread_join(thread, NULL);
        assert_int_equal(send_request(&request), MR_CANCELLED); /* and none begins after it */
    }
}

/* ---- addresses of strangers ------------------------------------------------------------------ */

static void a_handle_for_strangers_does_not_reach_this_machine(void **state)
{
    const struct mr_http_curl_options options = {.public_only = true};
    struct mr_http_request request = request_to("/hello");
    char url[100];
    (void)state;
    mr_http_free(http);
    http = mr_http_curl_new_with(&options, &err);
    assert_non_null(http);
    assert_int_equal(send_request(&request), MR_DENIED);
    snprintf(url, sizeof url, "http://localhost:%d/hello", server.port);
    request.url = url;
    assert_int_equal(send_request(&request), MR_DENIED);
    snprintf(url, sizeof url, "http://[::ffff:127.0.0.1]:%d/hello", server.port);
    assert_int_equal(send_request(&request), MR_DENIED);
    snprintf(url, sizeof url, "http://2130706433:%d/hello", server.port); /* 127.0.0.1 */
    assert_int_equal(send_request(&request), MR_DENIED);
    assert_int_equal(atomic_load(&server.connections), 0);
}

static void reopen(const struct mr_http_curl_options *options)
{
    mr_http_free(http);
    http = mr_http_curl_new_with(options, &err);
    assert_non_null(http);
}

/* The request's URL is the server's under this name. */
static enum mr_code get_of(const char *host)
{
    struct mr_http_request request = request_to("/hello");
    char url[100];

    snprintf(url, sizeof url, "http://%s:%d/hello", host, server.port);
    request.url = url;
    return send_request(&request);
}

static void an_address_is_refused_in_whatever_form_it_is_written(void **state)
{
    static const char *const hosts[] = {"127.0.0.1",
                                        "127.1",
                                        "0177.0.0.1",
                                        "0x7f.0.0.1",
                                        "2130706433",
                                        "localhost",
                                        "localhost.",
                                        "[::1]",
                                        "[::ffff:127.0.0.1]",
                                        "[::ffff:7f00:1]",
                                        "[64:ff9b::7f00:1]",
                                        "[2002:7f00:1::]",
                                        "[fd00::1]",
                                        "[fe80::1]",
                                        "0",
                                        "10.0.0.1",
                                        "100.64.0.1",
                                        "169.254.169.254",
                                        "224.0.0.1",
                                        "255.255.255.255"};
    (void)state;
    reopen(&(struct mr_http_curl_options){.public_only = true});
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (get_of(hosts[i]) != MR_DENIED)
            fail_msg("%s: %s", hosts[i], err.text);
    assert_int_equal(atomic_load(&server.connections), 0);
}

static void a_name_that_leads_here_is_refused_by_its_address(void **state)
{
    char resolve[60];
    (void)state;
    snprintf(resolve, sizeof resolve, "cdn.example:%d:127.0.0.1", server.port);
    reopen(&(struct mr_http_curl_options){.public_only = true, .resolve = resolve});
    assert_int_equal(get_of("cdn.example"), MR_DENIED); /* whoever was asked before said else */
    assert_int_equal(atomic_load(&server.connections), 0);
    reopen(&(struct mr_http_curl_options){.resolve = resolve});
    assert_int_equal(get_of("cdn.example"), MR_OK);
}

static void what_an_operator_lists_is_reached(void **state)
{
    struct mr_http_hosts *network = NULL, *name = NULL, *other = NULL;
    (void)state;
    assert_int_equal(mr_http_hosts_new("10.0.0.0/8, 127.0.0.0/8", &network, &err), MR_OK);
    assert_int_equal(mr_http_hosts_new("localhost", &name, &err), MR_OK);
    assert_int_equal(mr_http_hosts_new("10.0.0.0/8,example.com", &other, &err), MR_OK);
    reopen(&(struct mr_http_curl_options){.public_only = true, .reach = network});
    assert_int_equal(get_of("127.0.0.1"), MR_OK);
    reopen(&(struct mr_http_curl_options){.public_only = true, .reach = network});
    assert_int_equal(get_of("[::ffff:127.0.0.1]"), MR_OK); /* the same address */
    reopen(&(struct mr_http_curl_options){.public_only = true, .reach = name});
    assert_int_equal(get_of("LOCALHOST"), MR_OK);
    assert_int_equal(get_of("127.0.0.1"), MR_DENIED); /* the name was listed, not the address */
    reopen(&(struct mr_http_curl_options){.public_only = true, .reach = other});
    assert_int_equal(get_of("localhost"), MR_DENIED);
    assert_int_equal(get_of("127.0.0.1"), MR_DENIED);
    mr_http_free(http);
    http = NULL;
    mr_http_hosts_free(network);
    mr_http_hosts_free(name);
    mr_http_hosts_free(other);
}

static void a_server_that_crawls_is_given_up(void **state)
{
    static const char *const paths[] = {"/silent", "/head-only", "/drops"}; /* some 50 bytes a s */
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mr_http_request request = request_to(paths[i]);
        request.response_max = 2000000;
        request.rate_min = 1000;
        request.rate_window_ms = 300;
        assert_int_equal(send_request(&request), MR_TIMEOUT);
        assert_non_null(strstr(err.text, "slower than 1000 bytes"));
    }
    struct mr_http_request request = request_to("/endless"); /* a fast one is not */
    request.rate_min = 1000;
    request.rate_window_ms = 50;
    request.timeout_ms = 400;
    request.response_max = INT64_MAX;
    struct sink sink = {0};
    request.on_body = write_sink;
    request.on_body_ctx = &sink;
    assert_int_equal(send_request(&request), MR_TIMEOUT);
    assert_null(strstr(err.text, "slower"));
}

static void a_refusal_without_end_ends_where_nobody_reads_on(void **state)
{
    struct mr_http_request request = request_to("/refuse-without-end");
    struct sink sink = {0};
    (void)state;
    request.on_body = write_sink;
    request.on_body_ctx = &sink;
    assert_int_equal(send_request(&request), MR_OK);
    assert_int_equal(response.status, 404);
    assert_int_equal(response.body.len, MR_HTTP_REFUSAL_MAX);
}

static void a_header_of_any_length_is_too_large(void **state)
{
    (void)state;
    assert_int_equal(get("/long-header"), MR_TOO_LARGE);
    assert_false(response.began);
    assert_int_equal(get("/big-headers"), MR_TOO_LARGE);
}

static void an_authorities_file_that_is_not_there_is_named(void **state)
{
    const struct mr_http_curl_options options = {.ca_file = "/no/such/ca.pem"};
    struct mr_http_request request = request_to("/");
    char url[100];
    (void)state;
    mr_http_free(http);
    http = mr_http_curl_new_with(&options, &err);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", server.port);
    request.url = url;
    request.timeout_ms = 2000;
    assert_int_equal(send_request(&request), MR_INVALID);
    assert_non_null(strstr(err.text, "/no/such/ca.pem"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(an_answer_of_any_status_is_an_answer),
        CASE(a_connection_is_kept_for_the_next_request),
        CASE(a_redirect_is_not_followed),
        CASE(a_trailer_is_no_header),
        CASE(what_comes_before_the_answer_is_passed_over),
        CASE(a_control_byte_in_an_answer_is_made_harmless),
        CASE(a_head_has_a_length_and_no_body),
        CASE(what_is_sent_is_what_was_given),
        CASE(an_empty_post_says_that_it_is_empty),
        CASE(dots_in_a_path_are_sent_as_they_are),
        CASE(a_body_may_be_a_stream),
        CASE(a_stream_that_breaks_or_ends_early_ends_the_request),
        CASE(a_refusal_before_the_body_was_sent_is_an_answer),
        CASE(a_good_answer_goes_to_its_taker_and_a_refusal_does_not),
        CASE(a_taker_may_give_up),
        CASE(an_answer_beyond_its_limit_is_too_large),
        CASE(a_broken_answer_is_unavailable),
        CASE(a_server_that_is_not_there_is_unavailable),
        CASE(a_slow_server_meets_a_deadline),
        CASE(a_server_that_stalls_is_given_up),
        CASE(a_stop_ends_a_request_soon),
        CASE(a_handle_for_strangers_does_not_reach_this_machine),
        CASE(an_address_is_refused_in_whatever_form_it_is_written),
        CASE(a_name_that_leads_here_is_refused_by_its_address),
        CASE(what_an_operator_lists_is_reached),
        CASE(a_server_that_crawls_is_given_up),
        CASE(a_refusal_without_end_ends_where_nobody_reads_on),
        CASE(a_header_of_any_length_is_too_large),
        CASE(an_authorities_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
