/* s3_test.c -- the S3 driver over a scripted server: what is sent, what is tried again, and what
 * each refusal becomes.  What real storage does is in tests/contract/blob. */
#include "common/adapters/blob_s3.h"
#include "common/sim/sim.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { TRIES = 3 };

static struct mr_sim_world world;
static struct mr_sim_clock sim_clock;
static struct mr_http *http;
static struct mr_blob *blob;
static struct mr_error err;

static char endpoint[] = "http://Storage:9000/", region[] = "eu-west-1", bucket[] = "pics",
            access_key[] = "AKID", secret_key[] = "very-secret";

static struct mr_blob_config config_of(void)
{
    return (struct mr_blob_config){.endpoint = endpoint,
                                   .region = region,
                                   .bucket = bucket,
                                   .access_key = access_key,
                                   .secret_key = secret_key,
                                   .tries = TRIES,
                                   .retry_ms = 1};
}

/* Opens the driver over a script of answers. */
static void open_over(const struct mr_sim_answer *answers, size_t n)
{
    struct mr_blob_config config = config_of();

    mr_blob_free(blob);
    world = (struct mr_sim_world){.seed = 1, .now_ms = INT64_C(1440938160000)};
    mr_sim_clock_init(&sim_clock, &world);
    http = mr_http_sim_new(&world, answers, n, &err);
    assert_non_null(http);
    blob = mr_blob_s3_new_take(&config, http, &sim_clock.clock, &err);
    assert_non_null(blob);
}

static int close_all(void **state)
{
    (void)state;
    mr_blob_free(blob);
    blob = NULL;
    return 0;
}

static void assert_seen(size_t n, const char *text)
{
    const char *seen = mr_http_sim_seen(http, n);
    assert_non_null(seen);
    if (!strstr(seen, text))
        fail_msg("request %zu does not have \"%s\":\n%s", n, text, seen);
}

static void assert_requests(size_t count)
{
    assert_non_null(mr_http_sim_seen(http, count - 1));
    assert_null(mr_http_sim_seen(http, count));
}

static enum mr_code get(const char *key, struct mr_buf *ret)
{
    return mr_blob_get(blob, key, 1000, ret, NULL, &err);
}

#define ERROR_BODY(code)                                                                           \
    "<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>Said so.</Message></Error>"

/* ---- requests -------------------------------------------------------------------------------- */

static void a_request_is_signed_and_its_key_encoded_once(void **state)
{
    const struct mr_sim_answer answer = {.status = 200, .body = "x"};
    struct mr_buf buf = {0};
    (void)state;
    open_over(&answer, 1);
    assert_int_equal(get("a b/\xc3\xa4+%41?#&=", &buf), MR_OK);
    assert_seen(0, "GET http://storage:9000/pics/a%20b/%C3%A4%2B%2541%3F%23%26%3D\n");
    assert_seen(0, "\nx-amz-date: 20150830T123600Z\n");
    assert_seen(0, "\nx-amz-checksum-mode: ENABLED\n");
    assert_seen(0, "\nauthorization: AWS4-HMAC-SHA256 "
                   "Credential=AKID/20150830/eu-west-1/s3/aws4_request, SignedHeaders="
                   "host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date, Signature=");
    assert_null(strstr(mr_http_sim_seen(http, 0), secret_key));
    mr_buf_release(&buf);
}

static void a_put_says_all_that_is_known(void **state)
{
    const struct mr_sim_answer answer = {.status = 200};
    const struct mr_blob_put put = {.content_type = "image/png",
                                    .cache_control = "no-store",
                                    .content_disposition = "inline",
                                    .tags = "album=summer%202026&kind=thumb",
                                    .if_absent = true};
    (void)state;
    open_over(&answer, 1);
    assert_int_equal(mr_blob_put(blob, "k", &put, "hello", 5, NULL, &err), MR_OK);
    assert_seen(0, "PUT http://storage:9000/pics/k\n");
    assert_seen(0, "\ncontent-type: image/png\n");
    assert_seen(0, "\ncache-control: no-store\n");
    assert_seen(0, "\ncontent-disposition: inline\n");
    assert_seen(0, "\nx-amz-tagging: album=summer%202026&kind=thumb\n");
    assert_seen(0, "\nif-none-match: *\n");
    assert_seen(0, "\nx-amz-meta-sha256: "
                   "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n");
    assert_seen(0, "\nx-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\n");
    assert_seen(0, "\nx-amz-content-sha256: "
                   "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n");
    assert_seen(0, "\n\nhello");
}

static int64_t read_letters(void *ctx, void *buf, size_t size, struct mr_error *e)
{
    int64_t *left = ctx, n = *left < (int64_t)size ? *left : (int64_t)size;
    (void)e;
    memset(buf, 'a', (size_t)n);
    *left -= n;
    return n;
}

static void a_stream_goes_in_signed_chunks_with_its_hash_behind_it(void **state)
{
    const struct mr_sim_answer answer = {.status = 200};
    int64_t left = 65536 + 1024;
    struct mr_blob_info info;
    (void)state;
    open_over(&answer, 1);
    assert_int_equal(mr_blob_put_stream(blob, "k", NULL, left, read_letters, &left, &info, &err),
                     MR_OK);
    assert_seen(0, "\nx-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\n");
    assert_seen(0, "\nx-amz-decoded-content-length: 66560\n");
    assert_seen(0, "\nx-amz-trailer: x-amz-checksum-sha256\n");
    assert_seen(0, "\n\n10000;chunk-signature=");
    assert_seen(0, "aaaa\r\n400;chunk-signature=");
    assert_seen(0, "aaaa\r\n0;chunk-signature=");
    uint8_t sha[MR_SHA256_LEN];
    char checksum[MR_S3_CHECKSUM_LEN], line[100];
    assert_true(mr_s3_sha_from_hex(info.sha256, sha));
    mr_s3_checksum(sha, checksum);
    snprintf(line, sizeof line,
             "\r\nx-amz-checksum-sha256:%s\r\nx-amz-trailer-signature:", checksum);
    assert_seen(0, line);
    const char *body = strstr(mr_http_sim_seen(http, 0), "\n\n") + 2;
    assert_int_equal(strlen(body), mr_s3_upload_len(66560)); /* as announced */
}

static void a_checksum_is_read_as_it_is_written(void **state)
{
    uint8_t sha[MR_SHA256_LEN];
    char checksum[MR_S3_CHECKSUM_LEN], hex[MR_SHA256_HEX], back[MR_SHA256_HEX];
    (void)state;
    for (int i = 0; i < 100; i++) {
        mr_sha256_of(&i, sizeof i, sha);
        mr_sha256_hex(&i, sizeof i, hex);
        mr_s3_checksum(sha, checksum);
        assert_true(mr_s3_checksum_hex(checksum, back));
        assert_string_equal(back, hex);
    }
    checksum[MR_S3_CHECKSUM_LEN - 2] = 'A';
    assert_false(mr_s3_checksum_hex(checksum, back));
    assert_false(mr_s3_checksum_hex("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=-3", back));
    assert_false(mr_s3_checksum_hex("LPJNul+wow4m6Dsqxbnin=sWHlwfp0JecwQzYpOLmCQ=", back));
    assert_false(mr_s3_checksum_hex("LPJNul+wow4m6Dsqxbnin!sWHlwfp0JecwQzYpOLmCQ=", back));
    assert_false(mr_s3_checksum_hex("", back));
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void every_refusal_has_its_code_and_a_way_out(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum mr_code code;
        const char *words;
    } cases[] = {
        {404, ERROR_BODY("NoSuchKey"), MR_NOT_FOUND, "pics/the/key"},
        {404, ERROR_BODY("NoSuchBucket"), MR_NOT_FOUND, "MILLRACE_S3_BUCKET"},
        {404, NULL, MR_NOT_FOUND, "404"},
        {403, ERROR_BODY("AccessDenied"), MR_DENIED, "Said so."},
        {403, ERROR_BODY("SignatureDoesNotMatch"), MR_DENIED, "MILLRACE_S3_SECRET_KEY"},
        {403, ERROR_BODY("InvalidAccessKeyId"), MR_DENIED, "MILLRACE_S3_ACCESS_KEY"},
        {400, ERROR_BODY("AuthorizationHeaderMalformed"), MR_DENIED, "MILLRACE_S3_REGION"},
        {301, ERROR_BODY("PermanentRedirect"), MR_DENIED, "MILLRACE_S3_ENDPOINT"},
        {400, ERROR_BODY("InvalidRequest"), MR_INVALID, "InvalidRequest"},
        {400, ERROR_BODY("EntityTooLarge"), MR_TOO_LARGE, ""},
        {400, "<html>nonsense", MR_INVALID, "400"},
        {503, ERROR_BODY("SlowDown"), MR_UNAVAILABLE, "SlowDown"},
        {500, ERROR_BODY("InternalError"), MR_UNAVAILABLE, "InternalError"},
        {502, "<html>proxy</html>", MR_UNAVAILABLE, "502"},
        {429, NULL, MR_BUSY, "429"},
        {409, ERROR_BODY("ConditionalRequestConflict"), MR_UNAVAILABLE, "another upload"},
        {400, ERROR_BODY("RequestTimeout"), MR_TIMEOUT, "RequestTimeout"},
    };
    struct mr_buf buf = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mr_sim_answer answer = {.status = cases[i].status, .body = cases[i].body};
        open_over(&answer, 1);
        assert_int_equal(get("the/key", &buf), cases[i].code);
        if (!strstr(err.text, cases[i].words))
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].words);
        assert_requests(mr_code_retriable(cases[i].code) ? TRIES : 1);
    }
}

static void a_clock_that_is_wrong_is_told_by_how_much(void **state)
{
    static const struct mr_sim_answer behind = {.status = 403,
                                                .headers = "date: Sun, 30 Aug 2015 13:06:00 GMT\n",
                                                .body = ERROR_BODY("RequestTimeTooSkewed")};
    static const struct mr_sim_answer ahead = {.status = 403,
                                               .headers = "date: Sat, 29 Aug 2015 12:36:00 GMT\n",
                                               .body = ERROR_BODY("RequestTimeTooSkewed")};
    struct mr_buf buf = {0};
    (void)state;
    open_over(&behind, 1);
    assert_int_equal(get("k", &buf), MR_DENIED);
    assert_non_null(strstr(err.text, "this machine's clock is 1800 s behind the server's"));
    open_over(&ahead, 1);
    assert_int_equal(get("k", &buf), MR_DENIED);
    assert_non_null(strstr(err.text, "this machine's clock is 86400 s ahead of the server's"));
}

static void a_put_refused_since_there_is_one_tells_of_that_one(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 412, .body = ERROR_BODY("PreconditionFailed")},
        {.status = 200,
         .headers = "content-length: 7\ncontent-type: image/gif\n"
                    "x-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\n"},
    };
    const struct mr_blob_put put = {.if_absent = true};
    struct mr_blob_info info = {0};
    (void)state;
    open_over(answers, 2);
    assert_int_equal(mr_blob_put(blob, "k", &put, "x", 1, &info, &err), MR_EXISTS);
    assert_seen(1, "HEAD http://storage:9000/pics/k\n");
    assert_int_equal(info.bytes, 7);
    assert_string_equal(info.sha256,
                        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_string_equal(info.content_type, "image/gif");
}

static void a_put_refused_for_an_object_that_is_gone_may_be_tried_again(void **state)
{
    static const struct mr_sim_answer answers[] = {{.status = 412}, {.status = 404}};
    const struct mr_blob_put put = {.if_absent = true};
    (void)state;
    open_over(answers, 2);
    assert_int_equal(mr_blob_put(blob, "k", &put, "x", 1, NULL, &err), MR_UNAVAILABLE);
}

static void a_hash_is_taken_from_metadata_where_there_is_no_checksum(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 200,
         .headers = "content-length: 7\nx-amz-meta-sha256: "
                    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"},
        {.status = 200, .headers = "content-length: 7\nx-amz-meta-sha256: no-hash\n"},
        {.status = 200,
         .headers = "x-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=-2\n"},
    };
    struct mr_blob_info info;
    (void)state;
    open_over(answers, 3);
    assert_int_equal(mr_blob_head(blob, "k", &info, &err), MR_OK);
    assert_int_equal(strlen(info.sha256), 64);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mr_blob_head(blob, "k", &info, &err), MR_OK);
        assert_string_equal(info.sha256, "");
    }
}

/* ---- trying again ---------------------------------------------------------------------------- */

static void what_fails_for_a_while_is_tried_again(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 503}, {.code = MR_TIMEOUT}, {.status = 200, .body = "hello"}};
    struct mr_buf buf = {0};
    (void)state;
    open_over(answers, 3);
    assert_int_equal(get("k", &buf), MR_OK);
    assert_int_equal(buf.len, 5);
    mr_buf_release(&buf);
    open_over(answers, 3);
    assert_int_equal(mr_blob_put(blob, "k", NULL, "body", 4, NULL, &err), MR_OK);
    assert_seen(2, "\n\nbody"); /* whole, each time */
    open_over(answers, 3);
    assert_int_equal(mr_blob_remove(blob, "k", &err), MR_OK);
}

static void tries_end(void **state)
{
    static const struct mr_sim_answer answer = {.code = MR_UNAVAILABLE};
    struct mr_buf buf = {0};
    (void)state;
    open_over(&answer, 1);
    assert_int_equal(get("k", &buf), MR_UNAVAILABLE);
    assert_requests(TRIES);
}

static void a_stream_that_was_begun_is_not_sent_again(void **state)
{
    static const struct mr_sim_answer answer = {.status = 503};
    int64_t left = 100000;
    (void)state;
    open_over(&answer, 1);
    assert_int_equal(mr_blob_put_stream(blob, "k", NULL, left, read_letters, &left, NULL, &err),
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
    open_over(&answer, 1);
    ((struct mr_s3 *)blob)->config.retry_ms = 60000;
    blob->stop = &stop;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
    int64_t from = mr_mono_ms();
    assert_int_equal(get("k", &buf), MR_CANCELLED);
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
    struct mr_blob_config config = config_of();

    open_over(NULL, 0);
    mr_blob_free(blob);
    breaking->http.ops = &ops;
    blob = mr_blob_s3_new_take(&config, &breaking->http, &sim_clock.clock, &err);
    assert_non_null(blob);
    enum mr_code rc = mr_blob_get(blob, "k", 10, ret, info, &err);
    mr_blob_free(blob); /* breaking is the caller's */
    blob = NULL;
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

/* ---- ranges ---------------------------------------------------------------------------------- */

#define TAGGED "etag: \"e1\"\n"

/* The piece from 4 on, at most 3 bytes, of the object with ETag "e1", from storage that answers so.
 */
static enum mr_code range_over(const struct mr_sim_answer *answers, size_t n, const char *etag,
                               struct mr_buf *buf, struct mr_blob_info *info)
{
    const struct mr_blob_range range = {.at = 4, .len_max = 3, .etag = etag};

    open_over(answers, n);
    return mr_blob_get_range(blob, "k", &range, buf, info, &err);
}

static void a_range_is_asked_for_of_the_object_that_was_there(void **state)
{
    static const struct mr_sim_answer there = {
        .status = 206, .headers = "content-range: bytes 4-6/10\n" TAGGED, .body = "456"};
    struct mr_blob_info info = {0};
    struct mr_buf buf = {0};

    (void)state;
    assert_int_equal(range_over(&there, 1, NULL, &buf, &info), MR_OK);
    assert_string_equal(buf.data, "456");
    assert_int_equal(info.bytes, 10);
    assert_string_equal(info.etag, "\"e1\"");
    assert_seen(0, "range: bytes=4-6\n");
    assert_null(strstr(mr_http_sim_seen(http, 0), "if-match"));
    assert_int_equal(range_over(&there, 1, "\"e1\"", &buf, &info), MR_OK);
    assert_seen(0, "if-match: \"e1\"\n");
    mr_buf_release(&buf);
}

static void a_range_of_another_object_is_changed(void **state)
{
    static const struct mr_sim_answer failed = {.status = 412};
    /* storage that passes over If-Match */
    static const struct mr_sim_answer other = {
        .status = 206, .headers = "content-range: bytes 4-6/10\netag: \"e2\"\n", .body = "456"};
    static const struct mr_sim_answer beyond[] = {{.status = 416}, {.status = 412}};
    static const struct mr_sim_answer grown[] = {
        {.status = 416}, {.status = 200, .headers = "content-length: 11\n" TAGGED}};
    struct mr_buf buf = {0};

    (void)state;
    assert_int_equal(range_over(&failed, 1, "\"e1\"", &buf, NULL), MR_CHANGED);
    assert_int_equal(range_over(&other, 1, "\"e1\"", &buf, NULL), MR_CHANGED);
    assert_int_equal(range_over(beyond, 2, "\"e1\"", &buf, NULL), MR_CHANGED);
    assert_seen(1, "HEAD ");
    assert_seen(1, "if-match: \"e1\"\n");
    assert_int_equal(range_over(grown, 2, "\"e1\"", &buf, NULL), MR_CHANGED);
    assert_null(buf.data);
}

static void a_range_behind_the_end_is_empty(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 416,
         .body = "<Error><Code>InvalidRange</Code><Message>The requested range is not "
                 "satisfiable</Message></Error>"},
        {.status = 200, .headers = "content-length: 4\n" TAGGED}};
    static const struct mr_sim_answer gone[] = {{.status = 416}, {.status = 404}};
    struct mr_blob_info info = {0};
    struct mr_buf buf = {0};

    (void)state;
    assert_int_equal(range_over(answers, 2, "\"e1\"", &buf, &info), MR_OK);
    assert_int_equal(buf.len, 0);
    assert_int_equal(info.bytes, 4);
    assert_string_equal(info.etag, "\"e1\"");
    assert_int_equal(range_over(gone, 2, NULL, &buf, &info), MR_NOT_FOUND);
}

/* Nothing else may be taken for the bytes that were asked for. */
static void a_range_that_was_answered_with_other_bytes_is_refused(void **state)
{
    static const char *const ranges[] = {
        "content-range: bytes 0-2/10\n" TAGGED, "content-range: bytes 4-7/10\n" TAGGED,
        "content-range: bytes 4-6/*\n" TAGGED,  "content-range: bytes 4-6/6\n" TAGGED,
        "content-range: pages 4-6/10\n" TAGGED, TAGGED};
    static const struct mr_sim_answer early = {
        .status = 206, .headers = "content-range: bytes 4-5/10\n" TAGGED, .body = "45"};
    static const struct mr_sim_answer untagged = {
        .status = 206, .headers = "content-range: bytes 4-6/10\n", .body = "456"};
    static const struct mr_sim_answer whole = {
        .status = 200, .headers = "content-length: 10\n" TAGGED, .body = "0123456789"};
    struct mr_buf buf = {0};

    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct mr_sim_answer answer = {.status = 206, .headers = ranges[i], .body = "456"};

        assert_int_equal(range_over(&answer, 1, NULL, &buf, NULL), MR_CORRUPT);
    }
    assert_int_equal(range_over(&early, 1, NULL, &buf, NULL), MR_CORRUPT);
    assert_int_equal(range_over(&untagged, 1, NULL, &buf, NULL), MR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "ETag"));
    assert_int_equal(range_over(&whole, 1, NULL, &buf, NULL), MR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "serves no ranges"));
    assert_null(buf.data);
}

/* Storage that serves no ranges will do for what is no more than a range. */
static void a_whole_object_is_the_range_that_it_fits_into(void **state)
{
    static const struct mr_sim_answer whole = {
        .status = 200, .headers = "content-length: 10\n" TAGGED, .body = "0123456789"};
    struct mr_blob_range range = {.at = 0, .len_max = 10};
    struct mr_blob_info info;
    struct mr_buf buf = {0};

    (void)state;
    open_over(&whole, 1);
    assert_int_equal(mr_blob_get_range(blob, "k", &range, &buf, &info, &err), MR_OK);
    assert_string_equal(buf.data, "0123456789");
    assert_int_equal(info.bytes, 10);
    range.len_max = 9;
    assert_int_equal(mr_blob_get_range(blob, "k", &range, &buf, &info, &err), MR_UNSUPPORTED);
    mr_buf_release(&buf);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static enum mr_code note(void *ctx, const char *key, const struct mr_blob_info *info,
                         struct mr_error *e)
{
    (void)e;
    mr_buf_addf(ctx, "%s=%lld\n", key, (long long)info->bytes);
    return MR_OK;
}

static void a_list_goes_on_with_its_token(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 200,
         .body = "<ListBucketResult><IsTruncated>true</IsTruncated>"
                 "<Contents><Key>p/a+b%2Bc</Key><Size>1</Size></Contents>"
                 "<Contents><Key>p/</Key><Size>0</Size></Contents>" /* not a key of ours */
                 "<NextContinuationToken>a/b+c=</NextContinuationToken></ListBucketResult>"},
        {.status = 200,
         .body = "<ListBucketResult><Contents><Size>2</Size><Key>p/%C3%A4&amp;</Key></Contents>"
                 "<IsTruncated>false</IsTruncated></ListBucketResult>"},
    };
    struct mr_buf list = {0};
    (void)state;
    open_over(answers, 2);
    assert_int_equal(mr_blob_list(blob, "p/", note, &list, &err), MR_OK);
    assert_string_equal(list.data, "p/a b+c=1\np/\xc3\xa4&=2\n");
    assert_seen(0, "GET http://storage:9000/pics?encoding-type=url&list-type=2&max-keys=1000&"
                   "prefix=p%2F\n");
    assert_seen(1, "?continuation-token=a%2Fb%2Bc%3D&encoding-type=url&");
    mr_buf_release(&list);
}

static void a_list_begins_behind_a_key_and_asks_for_no_more_than_is_wanted(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 200,
         .body = "<ListBucketResult><IsTruncated>true</IsTruncated>"
                 "<Contents><Key>p/b</Key><Size>1</Size></Contents>"
                 "<Contents><Key>p/c/</Key><Size>0</Size></Contents>" /* not a key of ours */
                 "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"},
        {.status = 200,
         .body = "<ListBucketResult><IsTruncated>true</IsTruncated>"
                 "<Contents><Key>p/d</Key><Size>2</Size></Contents>"
                 "<Contents><Key>p/e</Key><Size>3</Size></Contents>"
                 "<NextContinuationToken>u</NextContinuationToken></ListBucketResult>"},
    };
    const struct mr_blob_span span = {.prefix = "p/", .after = "p/a b", .count_max = 2};
    struct mr_buf list = {0};

    (void)state;
    open_over(answers, 2);
    assert_int_equal(mr_blob_list_span(blob, &span, note, &list, &err), MR_OK);
    assert_string_equal(list.data, "p/b=1\np/d=2\n");
    assert_seen(0, "?encoding-type=url&list-type=2&max-keys=2&prefix=p%2F&start-after=p%2Fa%20b\n");
    assert_seen(1, "?continuation-token=t&encoding-type=url&list-type=2&max-keys=2&prefix=p%2F\n");
    assert_null(mr_http_sim_seen(http, 2));
    mr_buf_release(&list);
}

static enum mr_code note_all(void *ctx, const char *key, const struct mr_blob_info *info,
                             struct mr_error *e)
{
    (void)e;
    mr_buf_addf(ctx, "%s %lld %s\n", key, (long long)info->modified_ms, info->etag);
    return MR_OK;
}

static void a_list_tells_when_each_was_stored_and_its_etag(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 200,
         .body = "<ListBucketResult><IsTruncated>false</IsTruncated>"
                 "<Contents><Key>a</Key><LastModified>2026-01-31T12:00:01.500Z</LastModified>"
                 "<ETag>&quot;0cc175b9&quot;</ETag><Size>1</Size></Contents>"
                 "<Contents><Key>b</Key><LastModified>2024-02-29T00:00:00.000Z</LastModified>"
                 "</Contents><Contents><Key>c</Key><LastModified>soon</LastModified></Contents>"
                 "</ListBucketResult>"},
    };
    struct mr_buf list = {0};
    (void)state;
    open_over(answers, 1);
    assert_int_equal(mr_blob_list(blob, "", note_all, &list, &err), MR_OK);
    assert_string_equal(list.data, "a 1769860801000 \"0cc175b9\"\nb 1709164800000 \nc 0 \n");
    mr_buf_release(&list);
}

static void a_list_that_cannot_go_on_is_not_taken_for_whole(void **state)
{
    static const struct mr_sim_answer no_token = {
        .status = 200,
        .body = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"};
    static const struct mr_sim_answer same_token = {
        .status = 200,
        .body = "<ListBucketResult><IsTruncated>true</IsTruncated>"
                "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"};
    static const struct mr_sim_answer cut = {.status = 200,
                                             .body = "<ListBucketResult><IsTruncated>false"};
    static const struct mr_sim_answer bad_key = {
        .status = 200,
        .body = "<ListBucketResult><Contents><Key>a%4</Key></Contents></ListBucketResult>"};
    const struct mr_sim_answer *const all[] = {&no_token, &same_token, &cut, &bad_key};
    struct mr_buf list = {0};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        open_over(all[i], 1);
        assert_int_equal(mr_blob_list(blob, "", note, &list, &err), MR_CORRUPT);
    }
    mr_buf_release(&list);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void a_wrong_setting_is_named(void **state)
{
    static char empty[] = "", ftp[] = "ftp://h", path[] = "http://h/path", bad_bucket[] = "a/b",
                user[] = "http://u:p@h";
    const struct {
        size_t field;
        char *value;
        const char *words;
    } cases[] = {
        {offsetof(struct mr_blob_config, endpoint), ftp, "MILLRACE_S3_ENDPOINT"},
        {offsetof(struct mr_blob_config, endpoint), path, "MILLRACE_S3_ENDPOINT"},
        {offsetof(struct mr_blob_config, endpoint), user, "MILLRACE_S3_ENDPOINT"},
        {offsetof(struct mr_blob_config, bucket), bad_bucket, "MILLRACE_S3_BUCKET"},
        {offsetof(struct mr_blob_config, access_key), empty, "MILLRACE_S3_ACCESS_KEY"},
        {offsetof(struct mr_blob_config, secret_key), NULL, "MILLRACE_S3_SECRET_KEY"},
        {offsetof(struct mr_blob_config, region), empty, "MILLRACE_S3_REGION"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_blob_config config = config_of();
        *(char **)(void *)((char *)&config + cases[i].field) = cases[i].value;
        assert_null(mr_blob_s3_new(&config, &err));
        assert_int_equal(err.code, MR_INVALID);
        assert_non_null(strstr(err.text, cases[i].words));
    }
}

static void the_host_is_signed_as_it_is_sent(void **state)
{
    static char endpoint80[] = "http://Host:80", tls[] = "https://Host:443/",
                odd[] = "https://host:9443", v6[] = "http://[::1]:9000";
    struct {
        char *endpoint;
        const char *host, *base;
    } cases[] = {{endpoint80, "host", "http://host"},
                 {tls, "host", "https://host"},
                 {odd, "host:9443", "https://host:9443"},
                 {v6, "[::1]:9000", "http://[::1]:9000"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_blob_config config = config_of();
        config.endpoint = cases[i].endpoint;
        struct mr_blob *made = mr_blob_s3_new(&config, &err);
        assert_non_null(made);
        assert_string_equal(((struct mr_s3 *)made)->host, cases[i].host);
        assert_string_equal(((struct mr_s3 *)made)->base, cases[i].base);
        mr_blob_free(made);
    }
}

static void a_check_that_fails_names_the_endpoint_and_the_bucket(void **state)
{
    static const struct mr_sim_answer answer = {.status = 404, .body = ERROR_BODY("NoSuchBucket")};
    (void)state;
    open_over(&answer, 1);
    assert_int_equal(mr_blob_check(blob, &err), MR_NOT_FOUND);
    assert_non_null(strstr(err.text, "MILLRACE_S3_ENDPOINT=http://storage:9000"));
    assert_non_null(strstr(err.text, "bucket pics"));
    assert_non_null(strstr(err.text, "create it"));
}

static void the_settings_make_storage_of_either_kind(void **state)
{
    struct mr_blob_config config = {0};
    struct mr_settings_part part = {"Storage", mr_blob_settings, mr_blob_settings_count, &config};
    char option[] = "--millrace-blob=s3", key1[] = "--millrace-s3-access-key=a";
    char *argv[] = {option, key1};
    (void)state;
    setenv("MILLRACE_S3_SECRET_KEY", "s", 1);
    assert_int_equal(mr_config_load(&part, 1, 2, argv, &err), MR_OK);
    unsetenv("MILLRACE_S3_SECRET_KEY");
    assert_int_equal(config.tries, 4);
    struct mr_blob *made = mr_blob_new(&config, &err);
    assert_non_null(made);
    mr_blob_free(made);
    mr_config_release(&part, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, close_all)
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_signed_and_its_key_encoded_once),
        CASE(a_put_says_all_that_is_known),
        CASE(a_stream_goes_in_signed_chunks_with_its_hash_behind_it),
        CASE(a_checksum_is_read_as_it_is_written),
        CASE(every_refusal_has_its_code_and_a_way_out),
        CASE(a_clock_that_is_wrong_is_told_by_how_much),
        CASE(a_put_refused_since_there_is_one_tells_of_that_one),
        CASE(a_put_refused_for_an_object_that_is_gone_may_be_tried_again),
        CASE(a_hash_is_taken_from_metadata_where_there_is_no_checksum),
        CASE(what_fails_for_a_while_is_tried_again),
        CASE(tries_end),
        CASE(a_stream_that_was_begun_is_not_sent_again),
        CASE(a_stop_ends_the_waiting),
        CASE(a_download_that_breaks_goes_on_where_it_broke),
        CASE(a_download_never_mixes_two_versions),
        CASE(a_list_goes_on_with_its_token),
        CASE(a_range_is_asked_for_of_the_object_that_was_there),
        CASE(a_range_of_another_object_is_changed),
        CASE(a_range_behind_the_end_is_empty),
        CASE(a_range_that_was_answered_with_other_bytes_is_refused),
        CASE(a_whole_object_is_the_range_that_it_fits_into),
        CASE(a_list_begins_behind_a_key_and_asks_for_no_more_than_is_wanted),
        CASE(a_list_tells_when_each_was_stored_and_its_etag),
        CASE(a_list_that_cannot_go_on_is_not_taken_for_whole),
        CASE(a_wrong_setting_is_named),
        CASE(the_host_is_signed_as_it_is_sent),
        CASE(a_check_that_fails_names_the_endpoint_and_the_bucket),
        CASE(the_settings_make_storage_of_either_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
