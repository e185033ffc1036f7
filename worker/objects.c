/* objects.c -- see objects.h. */
#include "worker/objects.h"

#include <string.h>
#include <zlib.h>

void wk_objects_key(const struct wk_run *run, const char *bucket, const char *key,
                    struct mr_buf *buf)
{
    if (bucket[0] && (!run->bucket || strcmp(bucket, run->bucket) != 0))
        (void)mr_buf_addf(buf, "%s/", bucket);
    (void)mr_buf_add_str(buf, key);
}

static enum mr_code get(void *ctx, const char *bucket, const char *key,
                        const struct mr_object_range *range, struct mr_buf *ret,
                        struct mr_object_now *now, struct mr_error *err)
{
    const struct mr_blob_range wanted = {range->at, range->len_max, range->etag};
    struct wk_run *run = ctx;
    struct mr_blob_info info = {0};
    struct mr_buf full = {0};
    enum mr_code rc;

    wk_objects_key(run, bucket, key, &full);
    rc = full.failed ? mr_fail(err, MR_NO_MEMORY, "a key")
                     : mr_blob_get_range(run->blob, full.data, &wanted, ret, &info, err);
    mr_buf_release(&full);
    if (rc)
        return rc;
    now->bytes = info.bytes;
    memcpy(now->etag, info.etag, sizeof now->etag);
    return MR_OK;
}

_Static_assert(sizeof((struct mr_blob_info *)NULL)->etag == MR_ITEMS_ETAG_MAX,
               "an etag of storage is one of an object");

struct listing {
    size_t skip; /* bytes of the keys that are the bucket's */
    enum mr_code (*each)(void *ctx, const struct mr_object *, struct mr_error *err);
    void *ctx;
};

static enum mr_code list_one(void *ctx, const char *key, const struct mr_blob_info *info,
                             struct mr_error *err)
{
    const struct listing *listing = ctx;

    const struct mr_object object = {key + listing->skip, info->bytes, info->modified_ms,
                                     info->etag};

    return listing->each(listing->ctx, &object, err);
}

static enum mr_code list(void *ctx, const char *bucket, const struct mr_objects_span *span,
                         enum mr_code (*each)(void *each_ctx, const struct mr_object *,
                                              struct mr_error *err),
                         void *each_ctx, struct mr_error *err)
{
    struct wk_run *run = ctx;
    struct mr_buf prefix = {0}, after = {0};
    struct listing listing = {.each = each, .ctx = each_ctx};
    enum mr_code rc;

    wk_objects_key(run, bucket, span->prefix, &prefix);
    if (span->after[0])
        wk_objects_key(run, bucket, span->after, &after);
    if (prefix.failed || after.failed) {
        rc = mr_fail(err, MR_NO_MEMORY, "a prefix");
    } else {
        const struct mr_blob_span wanted = {prefix.data, after.data, span->count_max};

        listing.skip = prefix.len - strlen(span->prefix);
        rc = mr_blob_list_span(run->blob, &wanted, list_one, &listing, err);
    }
    mr_buf_release(&prefix);
    mr_buf_release(&after);
    return rc;
}

static enum mr_code put(void *ctx, const char *bucket, const char *key, const char *type,
                        const void *data, size_t len, struct mr_error *err)
{
    struct wk_run *run = ctx;
    const struct mr_blob_put how = {.content_type = type};
    struct mr_buf full = {0};
    enum mr_code rc;

    wk_objects_key(run, bucket, key, &full);
    rc = full.failed ? mr_fail(err, MR_NO_MEMORY, "a key")
                     : mr_blob_put(run->blob, full.data, &how, data, len, NULL, err);
    mr_buf_release(&full);
    return rc;
}

static enum mr_code inflate_all(z_stream *stream, size_t len_max, struct mr_buf *ret,
                                struct mr_error *err)
{
    unsigned char piece[16384];
    int rc = Z_OK;

    while (rc == Z_OK) {
        stream->next_out = piece;
        stream->avail_out = sizeof piece;
        rc = inflate(stream, Z_NO_FLUSH);
        if (rc != Z_OK && rc != Z_STREAM_END)
            break;
        if (ret->len + sizeof piece - stream->avail_out > len_max)
            return mr_fail(err, MR_TOO_LARGE, "unpacked it is more than %zu bytes", len_max);
        if (mr_buf_add(ret, piece, sizeof piece - stream->avail_out))
            return mr_fail(err, MR_NO_MEMORY, "an unpacked object");
        if (rc == Z_STREAM_END && stream->avail_in > 0) /* packed in several pieces */
            rc = inflateReset(stream);
    }
    return rc == Z_STREAM_END ? MR_OK : mr_fail(err, MR_INVALID, "it is not packed by gzip");
}

static enum mr_code unpack(void *ctx, const void *data, size_t len, size_t len_max,
                           struct mr_buf *ret, struct mr_error *err)
{
    union { /* zlib reads it, though its type does not say so */
        const void *from;
        unsigned char *to;
    } input = {.from = data};
    z_stream stream = {.next_in = input.to, .avail_in = (unsigned)len};
    enum mr_code rc;

    (void)ctx;
    if (inflateInit2(&stream, 15 + 16) != Z_OK)
        return mr_fail(err, MR_NO_MEMORY, "unpacking");
    rc = inflate_all(&stream, len_max, ret, err);
    (void)inflateEnd(&stream);
    return rc;
}

struct mr_objects wk_objects_of(struct wk_run *run)
{
    return (struct mr_objects){.ctx = run, .get = get, .list = list, .put = put, .unpack = unpack};
}
