/* blob_s3_list.c -- ListObjectsV2, page by page: a page is in memory, the listing is not. */
#include "common/adapters/blob_s3.h"
#include "common/adapters/blob_xml.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 1000 }; /* of one answer: S3's own limit */

struct page {
    mr_blob_each_fn *each;
    void *ctx;
    struct mr_buf key; /* of the entry being read */
    int64_t bytes;
    bool more;
    struct mr_buf token; /* where the next page begins */
    int64_t modified_ms;
    char etag[72];
};

/* encoding-type=url: as in a form, so that any key fits into XML. */
static enum mr_code decode_key(const char *text, struct mr_buf *ret, struct mr_error *err)
{
    mr_buf_reset(ret);
    for (; *text; text++) {
        char hex[3] = {0}, c = *text == '+' ? ' ' : *text;
        if (c == '%') {
            if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
                return mr_fail(err, MR_CORRUPT, "S3 list: a key with a broken escape");
            memcpy(hex, text + 1, 2);
            c = (char)strtoul(hex, NULL, 16);
            text += 2;
        }
        mr_buf_add_char(ret, c);
    }
    return ret->failed ? mr_fail(err, MR_NO_MEMORY, "S3 list: no memory") : MR_OK;
}

/* 2026-01-31T12:00:00.000Z; 0: it is not of this form. */
static int64_t read_time(const char *text)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int year, month, day, hour, minute, second;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) !=
            6 ||
        year < 1970 || month < 1 || month > 12)
        return 0;
    const int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    const int past = year - 1; /* whole years */
    const int64_t days = 365LL * (year - 1970) + (past / 4 - past / 100 + past / 400) - 477 +
                         before[month - 1] + (leap && month > 2) + day - 1;
    return ((days * 24 + hour) * 60 + minute) * 60000 + second * 1000LL;
}

static enum mr_code read_page(void *ctx, const char *path, const char *text, struct mr_error *err)
{
    struct page *page = ctx;
    struct mr_blob_info info = {0};

    if (strcmp(path, "ListBucketResult/Contents/LastModified") == 0)
        page->modified_ms = read_time(text);
    if (strcmp(path, "ListBucketResult/Contents/ETag") == 0)
        (void)snprintf(page->etag, sizeof page->etag, "%s", text);
    if (strcmp(path, "ListBucketResult/Contents/Key") == 0)
        return decode_key(text, &page->key, err);
    if (strcmp(path, "ListBucketResult/Contents/Size") == 0)
        page->bytes = strtoll(text, NULL, 10);
    if (strcmp(path, "ListBucketResult/IsTruncated") == 0)
        page->more = strcmp(text, "true") == 0;
    if (strcmp(path, "ListBucketResult/NextContinuationToken") == 0) {
        mr_buf_reset(&page->token);
        if (mr_buf_add_str(&page->token, text))
            return mr_fail(err, MR_NO_MEMORY, "S3 list: no memory");
    }
    if (strcmp(path, "ListBucketResult/Contents") != 0)
        return MR_OK;
    info.bytes = page->bytes;
    info.modified_ms = page->modified_ms;
    memcpy(info.etag, page->etag, sizeof info.etag);
    /* what has no key of ours ("folder/", made by consoles) is not ours */
    bool ours = page->key.len > 0 && strlen(page->key.data) == page->key.len &&
                !mr_blob_key_check(page->key.data, NULL);
    enum mr_code rc = ours ? page->each(page->ctx, page->key.data, &info, err) : MR_OK;
    mr_buf_reset(&page->key);
    page->bytes = page->modified_ms = 0;
    page->etag[0] = '\0';
    return rc;
}

/* Parameters in the order of their names, as they are signed. */
static enum mr_code list_query(struct mr_buf *ret, const struct mr_blob_span *span,
                               const struct mr_buf *token, size_t keys_max, struct mr_error *err)
{
    mr_buf_reset(ret);
    if (token->len > 0) {
        mr_buf_add_str(ret, "continuation-token=");
        mr_sigv4_encode(ret, token->data, token->len, false);
        mr_buf_add_char(ret, '&');
    }
    mr_buf_addf(ret, "encoding-type=url&list-type=2&max-keys=%zu&prefix=", keys_max);
    mr_sigv4_encode(ret, span->prefix, strlen(span->prefix), false);
    if (token->len == 0 && span->after[0]) {
        mr_buf_add_str(ret, "&start-after=");
        mr_sigv4_encode(ret, span->after, strlen(span->after), false);
    }
    return ret->failed ? mr_fail(err, MR_NO_MEMORY, "S3 list: no memory") : MR_OK;
}

static enum mr_code list_page(struct mr_s3 *s3, const char *query, struct page *page,
                              struct mr_error *err)
{
    struct mr_http_response response = {0};
    struct mr_s3_call call = {.method = "GET", .query = query, .response_max = MR_S3_LISTING_MAX};

    page->more = false;
    enum mr_code rc = mr_s3_send(s3, &call, &response, err);
    if (!rc)
        rc = mr_xml_read(response.body.data, response.body.len, read_page, page, err);
    mr_http_response_release(&response);
    return rc;
}

enum mr_code mr_s3_list(struct mr_blob *blob, const struct mr_blob_span *span,
                        mr_blob_each_fn *each, void *ctx, struct mr_error *err)
{
    const size_t keys_max =
        span->count_max > 0 && span->count_max < KEYS_MAX ? span->count_max : KEYS_MAX;
    struct page page = {.each = each, .ctx = ctx};
    struct mr_buf query = {0}, before = {0};
    enum mr_code rc;

    do {
        mr_buf_reset(&before);
        mr_buf_add(&before, page.token.data ? page.token.data : "", page.token.len);
        rc = list_query(&query, span, &page.token, keys_max, err);
        mr_buf_reset(&page.token);
        if (!rc)
            rc = list_page((struct mr_s3 *)blob, query.data, &page, err);
        if (!rc && page.more &&
            (page.token.len == 0 || before.failed ||
             strcmp(page.token.data, before.data ? before.data : "") == 0))
            rc = mr_fail(err, MR_CORRUPT, "S3 list: there is more, but not where it begins");
        if (!rc && page.more && blob->stop && atomic_load(blob->stop))
            rc = mr_fail(err, MR_CANCELLED, "S3 list: stopped");
    } while (!rc && page.more);
    mr_buf_release(&before);
    mr_buf_release(&query);
    mr_buf_release(&page.key);
    mr_buf_release(&page.token);
    return rc;
}

static enum mr_code pass_over(void *ctx, const char *key, const struct mr_blob_info *info,
                              struct mr_error *err)
{
    (void)ctx, (void)key, (void)info, (void)err;
    return MR_OK;
}

enum mr_code mr_s3_list_first(struct mr_s3 *s3, struct mr_error *err)
{
    const struct mr_blob_span any = {.prefix = "", .after = ""};
    struct page page = {.each = pass_over};
    struct mr_buf query = {0};

    enum mr_code rc = list_query(&query, &any, &page.token, 1, err);
    if (!rc)
        rc = list_page(s3, query.data, &page, err);
    mr_buf_release(&query);
    mr_buf_release(&page.key);
    mr_buf_release(&page.token);
    return rc;
}
