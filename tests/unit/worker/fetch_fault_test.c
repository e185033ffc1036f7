/* fetch_fault_test.c -- what goes wrong with a source has a name that a workflow can catch,
 * tells no secret, and ends in time. */
#include "tests/unit/worker/fetcher_kit.h"

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

static void an_answer_that_is_no_picture_has_a_name(void **state)
{
    static const struct {
        const char *path, *name, *cause;
    } cases[] = {
        {"/status?404", "Blob.NotFound", "answered 404"},
        {"/status?410", "Blob.NotFound", "answered 410"},
        {"/status?400", "Blob.Denied", "answered 400"},
        {"/status?401", "Blob.Denied", "answered 401"},
        {"/status?403", "Blob.Denied", "answered 403"},
        {"/status?451", "Blob.Denied", "answered 451"},
        {"/status?304", "Blob.Denied", "answered 304"},
        {"/status?408", "Blob.Unavailable", "answered 408"},
        {"/status?429", "Blob.Unavailable", "answered 429"},
        {"/status?500", "Blob.Unavailable", "answered 500"},
        {"/status?503", "Blob.Unavailable", "answered 503"},
        {"/status?206", "Blob.Unavailable", "answered 206"},
        {"/short", "Blob.Unavailable", "/short: "},
        {"/broken-chunk", "Blob.Unavailable", "/broken-chunk: "},
        {"/nothing", "Blob.Unavailable", "/nothing: "},
        {"/no-http", "Blob.Unavailable", "/no-http: "},
        {"/gzip", "Image.Unsupported", "content-encoding gzip"},
        {"/huge", "Image.TooLarge", "longer than 1000 bytes, the limit of a source"},
        {"/endless", "Image.TooLarge", "WORKER_SOURCE_BYTES_MAX"},
        {"/big-headers", "Blob.Denied", "its headers exceed 65536 bytes"},
        {"/long-header", "Blob.Denied", "its headers exceed 65536 bytes"},
        {"/refuse-without-end", "Blob.NotFound", "answered 404"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fetcher_fails(fetcher_get_path(cases[i].path), cases[i].name, cases[i].cause);
    fetcher_brings(fetcher_get_path("/picture"),
                   "picture"); /* and the next one is none the worse */
}

static void a_secret_of_the_query_stays_in_it(void **state)
{
    (void)state;
    fetcher_fails(fetcher_get_path("/missing?X-Amz-Signature=s3cret"), "Blob.NotFound",
                  "/missing: answered 404");
    assert_null(strstr(fetcher_kit.fault.cause, "s3cret"));
    fetcher_fails(fetcher_get_path("/to?http://10.0.0.1/a?token=s3cret"), "Blob.Denied",
                  "http://10.0.0.1/a: ");
    assert_null(strstr(fetcher_kit.fault.cause, "s3cret"));
}

static void a_server_that_is_not_there_may_come_back(void **state)
{
    const int port = fetcher_kit.server.port;
    char url[60];
    (void)state;
    http_server_stop(&fetcher_kit.server);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/a", port);
    fetcher_fails(fetcher_get(url, 1000, NULL), "Blob.Unavailable", "/a: ");
    assert_int_equal(http_server_start(&fetcher_kit.server), 0); /* for the teardown */
}

static void a_slow_server_is_given_up(void **state)
{
    (void)state;
    fetcher_kit.config.rate_ms = 300;
    fetcher_fails(fetcher_get(fetcher_url("/drops"), 2000000, NULL), "Blob.Unavailable",
                  "slower than 1000 bytes");
    fetcher_fails(fetcher_get_path("/silent"), "Blob.Unavailable", "slower than 1000 bytes");
    fetcher_kit.config.rate_min = 0;
    fetcher_kit.config.timeout_ms = 300;
    fetcher_fails(fetcher_get(fetcher_url("/drops"), 2000000, NULL), "Blob.Unavailable",
                  "timed out");
    fetcher_fails(fetcher_get(fetcher_url("/endless"), INT64_MAX, NULL), "Blob.Unavailable",
                  "timed out");
}

static void *stop_soon(void *ctx)
{
    const struct timespec nap = {.tv_nsec = 100 * 1000000};
    nanosleep(&nap, NULL);
    atomic_store((atomic_bool *)ctx, true);
    return NULL;
}

static void a_stop_ends_a_fetch(void **state)
{
    static const char *const paths[] = {"/silent", "/drops", "/endless", "/loop"};
    (void)state;
    fetcher_kit.config.redirects_max = INT64_MAX;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        atomic_bool stop = false;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
        assert_int_equal(fetcher_get(fetcher_url(paths[i]), INT64_MAX, &stop), MR_CANCELLED);
        pthread_join(thread, NULL);
        assert_null(fetcher_kit.bytes.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCHER_CASE(an_answer_that_is_no_picture_has_a_name),
        FETCHER_CASE(a_secret_of_the_query_stays_in_it),
        FETCHER_CASE(a_server_that_is_not_there_may_come_back),
        FETCHER_CASE(a_slow_server_is_given_up),
        FETCHER_CASE(a_stop_ends_a_fetch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
