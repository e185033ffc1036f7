/* s3_refusal_test.c -- each refusal of storage becomes a code and says a way out; what it knows
 * of an object is told on. */
#include "tests/unit/blob/s3_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_refusal_has_its_code_and_a_way_out(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum mr_code code;
        const char *words;
    } cases[] = {
        {404, S3_ERROR("NoSuchKey"), MR_NOT_FOUND, "pics/the/key"},
        {404, S3_ERROR("NoSuchBucket"), MR_NOT_FOUND, "MILLRACE_S3_BUCKET"},
        {404, NULL, MR_NOT_FOUND, "404"},
        {403, S3_ERROR("AccessDenied"), MR_DENIED, "Said so."},
        {403, S3_ERROR("SignatureDoesNotMatch"), MR_DENIED, "MILLRACE_S3_SECRET_KEY"},
        {403, S3_ERROR("InvalidAccessKeyId"), MR_DENIED, "MILLRACE_S3_ACCESS_KEY"},
        {400, S3_ERROR("AuthorizationHeaderMalformed"), MR_DENIED, "MILLRACE_S3_REGION"},
        {301, S3_ERROR("PermanentRedirect"), MR_DENIED, "MILLRACE_S3_ENDPOINT"},
        {400, S3_ERROR("InvalidRequest"), MR_INVALID, "InvalidRequest"},
        {400, S3_ERROR("EntityTooLarge"), MR_TOO_LARGE, ""},
        {400, "<html>nonsense", MR_INVALID, "400"},
        {503, S3_ERROR("SlowDown"), MR_UNAVAILABLE, "SlowDown"},
        {500, S3_ERROR("InternalError"), MR_UNAVAILABLE, "InternalError"},
        {502, "<html>proxy</html>", MR_UNAVAILABLE, "502"},
        {429, NULL, MR_BUSY, "429"},
        {409, S3_ERROR("ConditionalRequestConflict"), MR_UNAVAILABLE, "another upload"},
        {400, S3_ERROR("RequestTimeout"), MR_TIMEOUT, "RequestTimeout"},
    };
    struct mr_buf buf = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct mr_sim_answer answer = {.status = cases[i].status, .body = cases[i].body};
        s3_open(&answer, 1);
        assert_int_equal(s3_get("the/key", &buf), cases[i].code);
        if (!strstr(s3_kit.err.text, cases[i].words))
            fail_msg("\"%s\" does not say \"%s\"", s3_kit.err.text, cases[i].words);
        assert_requests(mr_code_retriable(cases[i].code) ? S3_TRIES : 1);
    }
}

static void a_clock_that_is_wrong_is_told_by_how_much(void **state)
{
    static const struct mr_sim_answer behind = {.status = 403,
                                                .headers = "date: Sun, 30 Aug 2015 13:06:00 GMT\n",
                                                .body = S3_ERROR("RequestTimeTooSkewed")};
    static const struct mr_sim_answer ahead = {.status = 403,
                                               .headers = "date: Sat, 29 Aug 2015 12:36:00 GMT\n",
                                               .body = S3_ERROR("RequestTimeTooSkewed")};
    struct mr_buf buf = {0};
    (void)state;
    s3_open(&behind, 1);
    assert_int_equal(s3_get("k", &buf), MR_DENIED);
    assert_non_null(strstr(s3_kit.err.text, "this machine's clock is 1800 s behind the server's"));
    s3_open(&ahead, 1);
    assert_int_equal(s3_get("k", &buf), MR_DENIED);
    assert_non_null(
        strstr(s3_kit.err.text, "this machine's clock is 86400 s ahead of the server's"));
}

static void a_put_refused_since_there_is_one_tells_of_that_one(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 412, .body = S3_ERROR("PreconditionFailed")},
        {.status = 200,
         .headers = "content-length: 7\ncontent-type: image/gif\n"
                    "x-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\n"},
    };
    const struct mr_blob_put put = {.if_absent = true};
    struct mr_blob_info info = {0};
    (void)state;
    s3_open(answers, 2);
    assert_int_equal(mr_blob_put(s3_kit.blob, "k", &put, "x", 1, &info, &s3_kit.err), MR_EXISTS);
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
    s3_open(answers, 2);
    assert_int_equal(mr_blob_put(s3_kit.blob, "k", &put, "x", 1, NULL, &s3_kit.err),
                     MR_UNAVAILABLE);
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
    s3_open(answers, 3);
    assert_int_equal(mr_blob_head(s3_kit.blob, "k", &info, &s3_kit.err), MR_OK);
    assert_int_equal(strlen(info.sha256), 64);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mr_blob_head(s3_kit.blob, "k", &info, &s3_kit.err), MR_OK);
        assert_string_equal(info.sha256, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S3_CASE(every_refusal_has_its_code_and_a_way_out),
        S3_CASE(a_clock_that_is_wrong_is_told_by_how_much),
        S3_CASE(a_put_refused_since_there_is_one_tells_of_that_one),
        S3_CASE(a_put_refused_for_an_object_that_is_gone_may_be_tried_again),
        S3_CASE(a_hash_is_taken_from_metadata_where_there_is_no_checksum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
