/* s3_list_test.c -- a list goes on until all that was asked for is there, and is never taken for
 * whole when it is not. */
#include "tests/unit/blob/s3_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    s3_open(answers, 2);
    assert_int_equal(mr_blob_list(s3_kit.blob, "p/", note, &list, &s3_kit.err), MR_OK);
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
    s3_open(answers, 2);
    assert_int_equal(mr_blob_list_span(s3_kit.blob, &span, note, &list, &s3_kit.err), MR_OK);
    assert_string_equal(list.data, "p/b=1\np/d=2\n");
    assert_seen(0, "?encoding-type=url&list-type=2&max-keys=2&prefix=p%2F&start-after=p%2Fa%20b\n");
    assert_seen(1, "?continuation-token=t&encoding-type=url&list-type=2&max-keys=2&prefix=p%2F\n");
    assert_null(mr_http_sim_seen(s3_kit.http, 2));
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
    s3_open(answers, 1);
    assert_int_equal(mr_blob_list(s3_kit.blob, "", note_all, &list, &s3_kit.err), MR_OK);
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
        s3_open(all[i], 1);
        assert_int_equal(mr_blob_list(s3_kit.blob, "", note, &list, &s3_kit.err), MR_CORRUPT);
    }
    mr_buf_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S3_CASE(a_list_goes_on_with_its_token),
        S3_CASE(a_list_begins_behind_a_key_and_asks_for_no_more_than_is_wanted),
        S3_CASE(a_list_tells_when_each_was_stored_and_its_etag),
        S3_CASE(a_list_that_cannot_go_on_is_not_taken_for_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
