/* s3_range_test.c -- a range is of the object that was there, or it is refused. */
#include "tests/unit/blob/s3_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TAGGED "etag: \"e1\"\n"

/* The piece from 4 on, at most 3 bytes, of the object with ETag "e1", from storage that answers so.
 */
static enum mr_code range_over(const struct mr_sim_answer *answers, size_t n, const char *etag,
                               struct mr_buf *buf, struct mr_blob_info *info)
{
    const struct mr_blob_range range = {.at = 4, .len_max = 3, .etag = etag};

    s3_open(answers, n);
    return mr_blob_get_range(s3_kit.blob, "k", &range, buf, info, &s3_kit.err);
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
    assert_null(strstr(mr_http_sim_seen(s3_kit.http, 0), "if-match"));
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
    assert_non_null(strstr(s3_kit.err.text, "ETag"));
    assert_int_equal(range_over(&whole, 1, NULL, &buf, NULL), MR_UNSUPPORTED);
    assert_non_null(strstr(s3_kit.err.text, "serves no ranges"));
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
    s3_open(&whole, 1);
    assert_int_equal(mr_blob_get_range(s3_kit.blob, "k", &range, &buf, &info, &s3_kit.err), MR_OK);
    assert_string_equal(buf.data, "0123456789");
    assert_int_equal(info.bytes, 10);
    range.len_max = 9;
    assert_int_equal(mr_blob_get_range(s3_kit.blob, "k", &range, &buf, &info, &s3_kit.err),
                     MR_UNSUPPORTED);
    mr_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S3_CASE(a_range_is_asked_for_of_the_object_that_was_there),
        S3_CASE(a_range_of_another_object_is_changed),
        S3_CASE(a_range_behind_the_end_is_empty),
        S3_CASE(a_range_that_was_answered_with_other_bytes_is_refused),
        S3_CASE(a_whole_object_is_the_range_that_it_fits_into),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
