/* curl_fault_test.c -- a server that breaks off, is not there, is slow or never ends costs no
 * more than the time that was given, and says what it was. */
#include "common/ports/clock.h"
#include "tests/unit/http/curl_kit.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void a_broken_answer_is_unavailable(void **state)
{
    static const char *const paths[] = {"/short", "/broken-chunk", "/nothing", "/no-http"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(curl_get(paths[i]), MR_UNAVAILABLE);
        assert_non_null(strstr(curl_kit.err.text, paths[i]));
    }
    assert_int_equal(curl_get("/hello"), MR_OK);
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
    struct http_server gone;
    struct mr_http_request request = curl_request("/");
    char url[100];
    (void)state;
    assert_int_equal(http_server_start(&gone), 0);
    http_server_stop(&gone);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x?key=secret", gone.port);
    request.url = url;
    assert_int_equal(curl_send(&request), MR_UNAVAILABLE);
    assert_null(strstr(curl_kit.err.text, "secret"));
    request.url = "http://no-such-host.invalid/";
    assert_int_equal(curl_send(&request), MR_UNAVAILABLE);
}

static void a_slow_server_meets_a_deadline(void **state)
{
    static const char *const paths[] = {"/silent", "/head-only", "/drops"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mr_http_request request = curl_request(paths[i]);
        int64_t from = mr_mono_ms();
        request.timeout_ms = 300;
        request.response_max = 2000000;
        assert_int_equal(curl_send(&request), MR_TIMEOUT);
        assert_true(mr_mono_ms() - from >= 250); /* the server alone would never end */
    }
}

static void a_server_that_stalls_is_given_up(void **state)
{
    static const char *const paths[] = {"/silent", "/head-only"};
    struct mr_http_request request = curl_request("/drops");
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mr_http_request stalls = curl_request(paths[i]);
        int64_t from = mr_mono_ms();
        stalls.stall_timeout_ms = 200;
        assert_int_equal(curl_send(&stalls), MR_TIMEOUT);
        assert_non_null(strstr(curl_kit.err.text, "no byte"));
        assert_true(mr_mono_ms() - from >= 190);
    }
    request.stall_timeout_ms = 200; /* a slow one does not stall */
    request.timeout_ms = 600;
    request.response_max = 2000000;
    assert_int_equal(curl_send(&request), MR_TIMEOUT);
    assert_null(strstr(curl_kit.err.text, "no byte"));
}

static void a_server_that_crawls_is_given_up(void **state)
{
    static const char *const paths[] = {"/silent", "/head-only", "/drops"}; /* some 50 bytes a s */
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mr_http_request request = curl_request(paths[i]);
        request.response_max = 2000000;
        request.rate_min = 1000;
        request.rate_window_ms = 300;
        assert_int_equal(curl_send(&request), MR_TIMEOUT);
        assert_non_null(strstr(curl_kit.err.text, "slower than 1000 bytes"));
    }
    struct mr_http_request request = curl_request("/endless"); /* a fast one is not */
    request.rate_min = 1000;
    request.rate_window_ms = 50;
    request.timeout_ms = 400;
    request.response_max = INT64_MAX;
    struct curl_sink sink = {0};
    request.on_body = curl_sink_write;
    request.on_body_ctx = &sink;
    assert_int_equal(curl_send(&request), MR_TIMEOUT);
    assert_null(strstr(curl_kit.err.text, "slower"));
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
        struct mr_http_request request = curl_request(paths[i]);
        struct curl_sink sink = {0};
        atomic_bool stop = false;
        pthread_t thread;
        request.stop = &stop;
        request.on_body = curl_sink_write;
        request.on_body_ctx = &sink;
        request.response_max = INT64_MAX;
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
        assert_int_equal(curl_send(&request), MR_CANCELLED); /* no server here ever ends */
        pthread_join(thread, NULL);
        assert_int_equal(curl_send(&request), MR_CANCELLED); /* and none begins after it */
    }
}

static void an_authorities_file_that_is_not_there_is_named(void **state)
{
    const struct mr_http_curl_options options = {.ca_file = "/no/such/ca.pem"};
    struct mr_http_request request = curl_request("/");
    char url[100];
    (void)state;
    curl_reopen(&options);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", curl_kit.server.port);
    request.url = url;
    request.timeout_ms = 2000;
    assert_int_equal(curl_send(&request), MR_INVALID);
    assert_non_null(strstr(curl_kit.err.text, "/no/such/ca.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CURL_CASE(a_broken_answer_is_unavailable),
        CURL_CASE(a_server_that_is_not_there_is_unavailable),
        CURL_CASE(a_slow_server_meets_a_deadline),
        CURL_CASE(a_server_that_stalls_is_given_up),
        CURL_CASE(a_stop_ends_a_request_soon),
        CURL_CASE(a_server_that_crawls_is_given_up),
        CURL_CASE(an_authorities_file_that_is_not_there_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
