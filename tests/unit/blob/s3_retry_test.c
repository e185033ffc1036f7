/* s3_retry_test.c -- what fails for a while is tried again so often, and a download goes on
 * where it broke. */
#include "tests/unit/blob/s3_kit.h"

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

static void what_fails_for_a_while_is_tried_again(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 503}, {.code = MR_TIMEOUT}, {.status = 200, .body = "hello"}};
    struct mr_buf buf = {0};
    (void)state;
    s3_open(answers, 3);
    assert_int_equal(s3_get("k", &buf), MR_OK);
    assert_int_equal(buf.len, 5);
    mr_buf_release(&buf);
    s3_open(answers, 3);
    assert_int_equal(mr_blob_put(s3_kit.blob, "k", NULL, "body", 4, NULL, &s3_kit.err), MR_OK);
    assert_seen(2, "\n\nbody"); /* whole, each time */
    s3_open(answers, 3);
    assert_int_equal(mr_blob_remove(s3_kit.blob, "k", &s3_kit.err), MR_OK);
}

static void tries_end(void **state)
{
    static const struct mr_sim_answer answer = {.code = MR_UNAVAILABLE};
    struct mr_buf buf = {0};
    (void)state;
    s3_open(&answer, 1);
    assert_int_equal(s3_get("k", &buf), MR_UNAVAILABLE);
    assert_requests(S3_TRIES);
}

static void a_stream_that_was_begun_is_not_sent_again(void **state)
{
    static const struct mr_sim_answer answer = {.status = 503};
    int64_t left = 100000;
    (void)state;
    s3_open(&answer, 1);
    assert_int_equal(
        mr_blob_put_stream(s3_kit.blob, "k", NULL, left, s3_letters, &left, NULL, &s3_kit.err),
        MR_UNAVAILABLE);
    assert_requests(1);
}

static void *stop_soon(void *ctx)
{
    const struct timespec nap = {.tv_nsec = 50 * 1000000};
    nanosleep(&nap, NULL);
    atomic_store((atomic_bool *)ctx, true);
    return NULL;
}

static void a_stop_ends_the_waiting(void **state)
{
    static const struct mr_sim_answer answer = {.status = 503};
    struct mr_buf buf = {0};
    atomic_bool stop = false;
    pthread_t thread;
    (void)state;
    s3_open(&answer, 1);
    ((struct mr_s3 *)s3_kit.blob)->config.retry_ms = 60000;
    s3_kit.blob->stop = &stop;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
    int64_t from = mr_mono_ms();
    assert_int_equal(s3_get("k", &buf), MR_CANCELLED);
    assert_true(mr_mono_ms() - from < 60000); /* the wait was for a minute */
    pthread_join(thread, NULL);
    assert_requests(1);
}

/* An http whose first answer breaks after some bytes, as a connection does. */
struct breaking {
    struct mr_http http;
    struct mr_http *inner;
    const char *second_status_headers;
    int second_status;
    int requests;
    char range[64], if_match[64];
};

static enum mr_code breaking_request(struct mr_http *base, const struct mr_http_request *request,
                                     struct mr_http_response *ret, struct mr_error *e)
{
    struct breaking *breaking = (struct breaking *)base;
    bool first = breaking->requests++ == 0;

    for (size_t i = 0; i < request->header_count; i++) {
        const struct mr_http_header *header = &request->headers[i];
        if (strcmp(header->name, "range") == 0)
            snprintf(breaking->range, sizeof breaking->range, "%s", header->value);
        if (strcmp(header->name, "if-match") == 0)
            snprintf(breaking->if_match, sizeof breaking->if_match, "%s", header->value);
    }
    ret->status = first ? 200 : breaking->second_status;
    mr_buf_add_str(&ret->headers,
                   first ? "content-length: 10\netag: \"v1\"\n" : breaking->second_status_headers);
    if (ret->status >= 300)
        return MR_OK;
    enum mr_code rc = first ? request->on_body(request->on_body_ctx, "0123", 4, e)
                            : request->on_body(request->on_body_ctx, "456789", 6, e);
    return rc || !first ? rc : mr_fail(e, MR_UNAVAILABLE, "the connection broke");
}

static void breaking_free(struct mr_http *base)
{
    (void)base;
}

static enum mr_code get_breaking(struct breaking *breaking, struct mr_buf *ret,
                                 struct mr_blob_info *info)
{
    static const struct mr_http_ops ops = {.request = breaking_request, .free = breaking_free};
    struct mr_blob_config config = s3_config();

    s3_open(NULL, 0);
    mr_blob_free(s3_kit.blob);
    breaking->http.ops = &ops;
    s3_kit.blob = mr_blob_s3_new_take(&config, &breaking->http, &s3_kit.clock.clock, &s3_kit.err);
    assert_non_null(s3_kit.blob);
    enum mr_code rc = mr_blob_get(s3_kit.blob, "k", 10, ret, info, &s3_kit.err);
    mr_blob_free(s3_kit.blob); /* breaking is the caller's */
    s3_kit.blob = NULL;
    return rc;
}

static void a_download_that_breaks_goes_on_where_it_broke(void **state)
{
    struct breaking breaking = {.second_status = 206,
                                .second_status_headers =
                                    "content-length: 6\ncontent-range: bytes 4-9/10\n"};
    struct mr_buf buf = {0};
    struct mr_blob_info info;
    (void)state;
    assert_int_equal(get_breaking(&breaking, &buf, &info), MR_OK);
    assert_int_equal(buf.len, 10);
    assert_memory_equal(buf.data, "0123456789", 10);
    assert_int_equal(info.bytes, 10);
    assert_string_equal(breaking.range, "bytes=4-");
    assert_string_equal(breaking.if_match, "\"v1\"");
    mr_buf_release(&buf);
}

static void a_download_never_mixes_two_versions(void **state)
{
    struct breaking changed = {.second_status = 412, .second_status_headers = ""};
    struct breaking whole = {.second_status = 200, .second_status_headers = "content-length: 6\n"};
    struct breaking other = {.second_status = 206,
                             .second_status_headers = "content-range: bytes 0-5/6\n"};
    struct mr_buf buf = {0};
    (void)state;
    assert_int_equal(get_breaking(&changed, &buf, NULL), MR_CHANGED);
    assert_int_equal(get_breaking(&whole, &buf, NULL), MR_CORRUPT);
    assert_int_equal(get_breaking(&other, &buf, NULL), MR_CORRUPT);
    assert_null(buf.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S3_CASE(what_fails_for_a_while_is_tried_again),
        S3_CASE(tries_end),
        S3_CASE(a_stream_that_was_begun_is_not_sent_again),
        S3_CASE(a_stop_ends_the_waiting),
        S3_CASE(a_download_that_breaks_goes_on_where_it_broke),
        S3_CASE(a_download_never_mixes_two_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
