/* s3_request_test.c -- what the S3 driver sends is signed, and says all that is known of an
 * object. */
#include "tests/unit/blob/s3_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_request_is_signed_and_its_key_encoded_once(void **state)
{
    const struct mr_sim_answer answer = {.status = 200, .body = "x"};
    struct mr_buf buf = {0};
    (void)state;
    s3_open(&answer, 1);
    assert_int_equal(s3_get("a b/\xc3\xa4+%41?#&=", &buf), MR_OK);
    assert_seen(0, "GET http://storage:9000/pics/a%20b/%C3%A4%2B%2541%3F%23%26%3D\n");
    assert_seen(0, "\nx-amz-date: 20150830T123600Z\n");
    assert_seen(0, "\nx-amz-checksum-mode: ENABLED\n");
    assert_seen(0, "\nauthorization: AWS4-HMAC-SHA256 "
                   "Credential=AKID/20150830/eu-west-1/s3/aws4_request, SignedHeaders="
                   "host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date, Signature=");
    assert_null(strstr(mr_http_sim_seen(s3_kit.http, 0), S3_SECRET));
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
    s3_open(&answer, 1);
    assert_int_equal(mr_blob_put(s3_kit.blob, "k", &put, "hello", 5, NULL, &s3_kit.err), MR_OK);
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

static void a_stream_goes_in_signed_chunks_with_its_hash_behind_it(void **state)
{
    const struct mr_sim_answer answer = {.status = 200};
    int64_t left = 65536 + 1024;
    struct mr_blob_info info;
    (void)state;
    s3_open(&answer, 1);
    assert_int_equal(
        mr_blob_put_stream(s3_kit.blob, "k", NULL, left, s3_letters, &left, &info, &s3_kit.err),
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
    const char *body = strstr(mr_http_sim_seen(s3_kit.http, 0), "\n\n") + 2;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        S3_CASE(a_request_is_signed_and_its_key_encoded_once),
        S3_CASE(a_put_says_all_that_is_known),
        S3_CASE(a_stream_goes_in_signed_chunks_with_its_hash_behind_it),
        S3_CASE(a_checksum_is_read_as_it_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
