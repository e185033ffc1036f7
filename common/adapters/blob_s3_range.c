/* blob_s3_range.c -- a piece of an object (Range), of the very one that an earlier piece came from
 * (If-Match).  Storage that answers otherwise than it was asked is refused, not believed: bytes
 * from elsewhere in the object would be rows that nobody wrote. */
#include "common/adapters/blob_s3.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The ETag that later pieces are to have; compared here too, since some storage passes over
 * If-Match. */
static enum mr_code take_etag(const struct mr_http_response *response, const char *key,
                              const char *wanted, struct mr_blob_info *info, struct mr_error *err)
{
    char etag[sizeof info->etag];

    if (!mr_http_header_get(response, "etag", etag, sizeof etag) || !etag[0])
        return mr_fail(
            err, MR_UNSUPPORTED,
            "S3 GET %.160s: storage gives it no ETag of at most %zu bytes, without which "
            "it cannot be read in pieces",
            key, sizeof etag - 1);
    if (wanted[0] && strcmp(etag, wanted) != 0)
        return mr_fail(err, MR_CHANGED, "S3 GET %.160s: overwritten since it was read", key);
    memcpy(info->etag, etag, sizeof etag);
    return MR_OK;
}

/* 416: nothing is there.  What the object is, its head says. */
static enum mr_code behind_the_end(struct mr_s3 *s3, struct mr_s3_call *call,
                                   const struct mr_blob_range *range, struct mr_blob_info *info,
                                   struct mr_error *err)
{
    struct mr_http_response response = {0};
    struct mr_s3_call head = {.method = "HEAD", .key = call->key, .tries = call->tries};

    mr_s3_add_header(&head, "if-match", range->etag);
    enum mr_code rc = mr_s3_send(s3, &head, &response, err);
    if (rc == MR_EXISTS)
        rc = mr_fail(err, MR_CHANGED, "S3 GET %.160s: overwritten since it was read", call->key);
    if (!rc) {
        mr_s3_read_info(&response, info);
        rc = take_etag(&response, call->key, range->etag, info, err);
    }
    if (!rc && info->bytes > range->at)
        rc = mr_fail(err, MR_CHANGED, "S3 GET %.160s: overwritten while it was read", call->key);
    mr_http_response_release(&response);
    return rc;
}

static enum mr_code no_ranges(const char *key, int status, struct mr_error *err)
{
    return mr_fail(
        err, MR_UNSUPPORTED,
        "S3 GET %.160s: asked for a range, answered with %d: this storage serves no ranges", key,
        status);
}

/* Is the answer what was asked for, and all of it? */
static enum mr_code check_answer(const struct mr_http_response *response, const char *key,
                                 const struct mr_blob_range *range, const struct mr_blob_info *info,
                                 struct mr_error *err)
{
    const int64_t len = (int64_t)response->body.len;
    long long from = 0, to = 0, total = 0;
    char text[80];

    if (response->status != 206) { /* the whole object, where that is no more than was wanted */
        if (response->status == 200 && range->at == 0 && len == info->bytes &&
            (size_t)len <= range->len_max)
            return MR_OK;
        return no_ranges(key, response->status, err);
    }
    if (!mr_http_header_get(response, "content-range", text, sizeof text) ||
        sscanf(text, "bytes %lld-%lld/%lld", &from, &to, &total) != 3 || from != range->at ||
        to - from + 1 != len || (size_t)len > range->len_max || to >= total ||
        ((size_t)len < range->len_max && to + 1 != total))
        return mr_fail(err, MR_CORRUPT,
                       "S3 GET %.160s: asked for %zu bytes from %" PRId64 ", got others", key,
                       range->len_max, range->at);
    return MR_OK;
}

enum mr_code mr_s3_get_range(struct mr_blob *blob, const char *key,
                             const struct mr_blob_range *range, struct mr_buf *ret,
                             struct mr_blob_info *info, struct mr_error *err)
{
    struct mr_http_response response = {0};
    /* room for a refusal, whose words are longer than a short range */
    const int64_t room =
        range->len_max > MR_S3_ANSWER_MAX ? (int64_t)range->len_max : (int64_t)MR_S3_ANSWER_MAX;
    struct mr_s3_call call = {.method = "GET", .key = key, .response_max = room};
    char text[64];

    snprintf(text, sizeof text, "bytes=%" PRId64 "-%" PRId64, range->at,
             range->at + (int64_t)range->len_max - 1);
    mr_s3_add_header(&call, "range", text);
    mr_s3_add_header(&call, "if-match", range->etag);
    enum mr_code rc = mr_s3_send((struct mr_s3 *)blob, &call, &response, err);
    if (rc && response.status == 416) {
        rc = behind_the_end((struct mr_s3 *)blob, &call, range, info, err);
        goto done;
    }
    if (rc == MR_EXISTS) /* 412: If-Match did not */
        rc = mr_fail(err, MR_CHANGED, "S3 GET %.160s: overwritten since it was read", key);
    if (rc == MR_TOO_LARGE && response.status == 200) /* cut: it was more than was asked for */
        rc = no_ranges(key, response.status, err);
    if (rc)
        goto done;
    mr_s3_read_info(&response, info);
    rc = check_answer(&response, key, range, info, err);
    if (!rc)
        rc = take_etag(&response, key, range->etag, info, err);
    if (!rc) {
        *ret = response.body;
        response.body = (struct mr_buf){0};
    }
done:
    mr_http_response_release(&response);
    return rc;
}
