/* blob.c -- what every storage driver need not do again: keys, the exact length of a body, whole
 * objects on top of streams.  A driver sees valid keys, a result to fill, an error to write to, and
 * a reader that gives exactly the promised bytes or fails before its last ones. */
#include "common/ports/blob.h"

#include "common/base/utf8.h"

#include <string.h>

enum { SHOWN_MAX = 100 /* bytes of a refused value that the error repeats */ };

/* ---- checks ---------------------------------------------------------------------------------- */

static enum mr_code check_text(const char *what, const char *text, struct mr_error *err)
{
    size_t len = strnlen(text, MR_BLOB_KEY_MAX + 1);
    if (len > MR_BLOB_KEY_MAX)
        return mr_fail(err, MR_INVALID, "%s \"%.*s...\": must be at most %d bytes", what, SHOWN_MAX,
                       text, MR_BLOB_KEY_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return mr_fail(err, MR_INVALID, "%s \"%.*s\": control byte at %zu", what, SHOWN_MAX,
                           text, i);
    return MR_OK;
}

enum mr_code mr_blob_key_check(const char *key, struct mr_error *err)
{
    if (!key || !*key)
        return mr_fail(err, MR_INVALID, "key: must be 1..%d bytes", MR_BLOB_KEY_MAX);
    enum mr_code rc = check_text("key", key, err);
    if (rc)
        return rc;
    if (!mr_utf8_valid(key, strlen(key)))
        return mr_fail(err, MR_INVALID, "key \"%.*s\": must be UTF-8", SHOWN_MAX, key);
    for (const char *segment = key; segment;) {
        size_t len = strcspn(segment, "/");
        if (len == 0 || (segment[0] == '.' && (len == 1 || (len == 2 && segment[1] == '.'))))
            return mr_fail(err, MR_INVALID,
                           "key \"%.*s\": must not have an empty, \".\" or \"..\" segment",
                           SHOWN_MAX, key);
        segment = segment[len] ? segment + len + 1 : NULL;
    }
    return MR_OK;
}

static enum mr_code check_header(const char *name, const char *value, size_t len_max,
                                 struct mr_error *err)
{
    if (!value)
        return MR_OK;
    size_t len = strnlen(value, len_max + 1);
    if (len == 0 || len > len_max)
        return mr_fail(err, MR_INVALID, "%s: must be 1..%zu bytes", name, len_max);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
            return mr_fail(err, MR_INVALID, "%s: control byte at %zu", name, i);
    return MR_OK;
}

static enum mr_code check_put(const struct mr_blob_put *put, int64_t len, struct mr_error *err)
{
    struct mr_blob_info info;
    enum mr_code rc =
        check_header("content type", put->content_type, sizeof info.content_type - 1, err);
    if (!rc)
        rc = check_header("cache control", put->cache_control, MR_BLOB_HEADER_MAX, err);
    if (!rc)
        rc = check_header("content disposition", put->content_disposition, MR_BLOB_HEADER_MAX, err);
    if (!rc)
        rc = check_header("tags", put->tags, MR_BLOB_TAGS_MAX, err);
    if (rc)
        return rc;
    if (put->sha256 && (strnlen(put->sha256, MR_SHA256_HEX) != MR_SHA256_HEX - 1 ||
                        strspn(put->sha256, "0123456789abcdef") != MR_SHA256_HEX - 1))
        return mr_fail(err, MR_INVALID, "sha256: must be %d lower-case hex digits",
                       MR_SHA256_HEX - 1);
    if (len < 0)
        return mr_fail(err, MR_INVALID, "length: must not be negative");
    return MR_OK;
}

static enum mr_code check_stop(struct mr_blob *blob, struct mr_error *err)
{
    if (blob->stop && atomic_load(blob->stop))
        return mr_fail(err, MR_CANCELLED, "stopped before it began");
    return MR_OK;
}

static enum mr_code start(struct mr_blob *blob, const char *key, struct mr_error *err)
{
    enum mr_code rc = check_stop(blob, err);
    return rc ? rc : mr_blob_key_check(key, err);
}

/* ---- a body of exactly the promised length --------------------------------------------------- */

struct exact {
    mr_blob_read_fn *read;
    void *ctx;
    int64_t len;
    int64_t left;
};

static int64_t read_or_fail(struct exact *exact, void *buf, size_t size, struct mr_error *err)
{
    err->code = MR_OK;
    int64_t n = exact->read(exact->ctx, buf, size, err);
    if (n < 0 && err->code == MR_OK)
        mr_fail(err, MR_INTERNAL, "body: its reader failed without a reason");
    if (n > (int64_t)size) {
        mr_fail(err, MR_INTERNAL, "body: its reader gave more than was asked for");
        n = -1;
    }
    return n;
}

static bool is_at_end(struct exact *exact, struct mr_error *err)
{
    char extra;
    int64_t n = read_or_fail(exact, &extra, 1, err);
    if (n > 0)
        mr_fail(err, MR_INVALID, "body: longer than its length of %lld bytes",
                (long long)exact->len);
    return n == 0;
}

/* The last bytes are given only after the end behind them has been seen: nobody can store a body
 * that is longer than promised. */
static int64_t exact_read(void *ctx, void *buf, size_t size, struct mr_error *err)
{
    struct exact *exact = ctx;

    if (exact->left == 0 || size == 0)
        return 0;
    if ((int64_t)size > exact->left)
        size = (size_t)exact->left;
    int64_t n = read_or_fail(exact, buf, size, err);
    if (n == 0) {
        mr_fail(err, MR_INVALID, "body: ended after %lld of %lld bytes",
                (long long)(exact->len - exact->left), (long long)exact->len);
        return -1;
    }
    if (n < 0)
        return -1;
    exact->left -= n;
    if (exact->left == 0 && !is_at_end(exact, err))
        return -1;
    return n;
}

/* ---- the port's calls ------------------------------------------------------------------------ */

struct memory {
    const char *data;
    size_t len;
    size_t at;
};

static int64_t memory_read(void *ctx, void *buf, size_t size, struct mr_error *err)
{
    struct memory *memory = ctx;
    size_t n = memory->len - memory->at;

    (void)err;
    if (n > size)
        n = size;
    if (n > 0)
        memcpy(buf, memory->data + memory->at, n);
    memory->at += n;
    return (int64_t)n;
}

static enum mr_code buf_write(void *ctx, const void *data, size_t len, struct mr_error *err)
{
    if (mr_buf_add(ctx, data, len))
        return mr_fail(err, MR_NO_MEMORY, "no memory for %zu bytes of an object", len);
    return MR_OK;
}

enum mr_code mr_blob_get(struct mr_blob *blob, const char *key, size_t len_max, struct mr_buf *ret,
                         struct mr_blob_info *info, struct mr_error *err)
{
    struct mr_buf buf = {0};
    int64_t max = len_max > INT64_MAX ? INT64_MAX : (int64_t)len_max;

    enum mr_code rc = mr_blob_get_stream(blob, key, max, buf_write, &buf, info, err);
    if (rc) {
        mr_buf_release(&buf);
        return rc;
    }
    mr_buf_release(ret);
    *ret = buf;
    return MR_OK;
}

enum mr_code mr_blob_get_stream(struct mr_blob *blob, const char *key, int64_t len_max,
                                mr_blob_write_fn *write, void *ctx, struct mr_blob_info *ret,
                                struct mr_error *err)
{
    struct mr_error unread;
    struct mr_blob_info info = {0};

    if (!err)
        err = &unread;
    enum mr_code rc = start(blob, key, err);
    if (!rc)
        rc = blob->ops->get_stream(blob, key, len_max < 0 ? 0 : len_max, write, ctx, &info, err);
    if (!rc && ret)
        *ret = info;
    return rc;
}

static enum mr_code check_range(const struct mr_blob_range *range, struct mr_error *err)
{
    if (range->at < 0)
        return mr_fail(err, MR_INVALID, "range: must not begin before the object");
    if (range->len_max < 1 || range->len_max > MR_BLOB_RANGE_MAX)
        return mr_fail(err, MR_INVALID, "range: must be of 1..%d bytes", MR_BLOB_RANGE_MAX);
    if (range->at > INT64_MAX - (int64_t)range->len_max)
        return mr_fail(err, MR_INVALID, "range: ends behind every object");
    return check_header("range's etag", range->etag && *range->etag ? range->etag : NULL,
                        sizeof((struct mr_blob_info *)NULL)->etag - 1, err);
}

enum mr_code mr_blob_get_range(struct mr_blob *blob, const char *key,
                               const struct mr_blob_range *range, struct mr_buf *ret,
                               struct mr_blob_info *info, struct mr_error *err)
{
    struct mr_error unread;
    struct mr_blob_info found = {0};
    struct mr_blob_range wanted = *range;
    struct mr_buf buf = {0};

    if (!err)
        err = &unread;
    if (!wanted.etag)
        wanted.etag = "";
    enum mr_code rc = start(blob, key, err);
    if (!rc)
        rc = check_range(&wanted, err);
    if (!rc)
        rc = blob->ops->get_range(blob, key, &wanted, &buf, &found, err);
    if (rc) {
        mr_buf_release(&buf);
        return rc;
    }
    mr_buf_release(ret);
    *ret = buf;
    if (info)
        *info = found;
    return MR_OK;
}

enum mr_code mr_blob_put(struct mr_blob *blob, const char *key, const struct mr_blob_put *put,
                         const void *data, size_t len, struct mr_blob_info *ret,
                         struct mr_error *err)
{
    struct mr_error unread;
    struct mr_blob_info info = {0};
    static const struct mr_blob_put plain;

    if (!err)
        err = &unread;
    if (!put)
        put = &plain;
    enum mr_code rc = start(blob, key, err);
    if (!rc)
        rc = check_put(put, (int64_t)len, err);
    if (rc)
        return rc;
    if (blob->ops->put) {
        rc = blob->ops->put(blob, key, put, len ? data : "", len, &info, err);
    } else {
        struct memory memory = {.data = data, .len = len};
        rc = blob->ops->put_stream(blob, key, put, (int64_t)len, memory_read, &memory, &info, err);
    }
    if (ret && (!rc || rc == MR_EXISTS))
        *ret = info;
    return rc;
}

enum mr_code mr_blob_put_stream(struct mr_blob *blob, const char *key,
                                const struct mr_blob_put *put, int64_t len, mr_blob_read_fn *read,
                                void *ctx, struct mr_blob_info *ret, struct mr_error *err)
{
    struct mr_error unread;
    struct mr_blob_info info = {0};
    struct exact exact = {.read = read, .ctx = ctx, .len = len, .left = len};
    static const struct mr_blob_put plain;

    if (!err)
        err = &unread;
    if (!put)
        put = &plain;
    enum mr_code rc = start(blob, key, err);
    if (!rc)
        rc = check_put(put, len, err);
    if (!rc && len == 0 && !is_at_end(&exact, err))
        rc = err->code;
    if (!rc)
        rc = blob->ops->put_stream(blob, key, put, len, exact_read, &exact, &info, err);
    if (ret && (!rc || rc == MR_EXISTS))
        *ret = info;
    return rc;
}

enum mr_code mr_blob_head(struct mr_blob *blob, const char *key, struct mr_blob_info *ret,
                          struct mr_error *err)
{
    struct mr_error unread;
    struct mr_blob_info info = {0};

    if (!err)
        err = &unread;
    enum mr_code rc = start(blob, key, err);
    if (!rc)
        rc = blob->ops->head(blob, key, &info, err);
    if (!rc && ret)
        *ret = info;
    return rc;
}

enum mr_code mr_blob_remove(struct mr_blob *blob, const char *key, struct mr_error *err)
{
    struct mr_error unread;

    if (!err)
        err = &unread;
    enum mr_code rc = start(blob, key, err);
    return rc ? rc : blob->ops->remove(blob, key, err);
}

struct counted { /* a listing that ends with its count_max-th key */
    mr_blob_each_fn *each;
    void *ctx;
    size_t left;
    bool done;
};

static enum mr_code count_one(void *ctx, const char *key, const struct mr_blob_info *info,
                              struct mr_error *err)
{
    struct counted *counted = ctx;
    enum mr_code rc = counted->each(counted->ctx, key, info, err);

    if (rc || --counted->left > 0)
        return rc;
    counted->done = true;
    return mr_fail(err, MR_CANCELLED, "as many as are wanted");
}

enum mr_code mr_blob_list_span(struct mr_blob *blob, const struct mr_blob_span *span,
                               mr_blob_each_fn *each, void *ctx, struct mr_error *err)
{
    struct mr_error unread;
    struct mr_blob_span wanted = *span;
    struct counted counted = {each, ctx, span->count_max, false};

    if (!err)
        err = &unread;
    if (!wanted.prefix)
        wanted.prefix = "";
    if (!wanted.after)
        wanted.after = "";
    enum mr_code rc = check_stop(blob, err);
    if (!rc)
        rc = check_text("prefix", wanted.prefix, err);
    if (!rc)
        rc = check_text("key", wanted.after, err);
    if (rc)
        return rc;
    if (wanted.count_max == 0)
        return blob->ops->list(blob, &wanted, each, ctx, err);
    rc = blob->ops->list(blob, &wanted, count_one, &counted, err);
    return counted.done ? MR_OK : rc;
}

enum mr_code mr_blob_list(struct mr_blob *blob, const char *prefix, mr_blob_each_fn *each,
                          void *ctx, struct mr_error *err)
{
    return mr_blob_list_span(blob, &(struct mr_blob_span){.prefix = prefix}, each, ctx, err);
}

enum mr_code mr_blob_check(struct mr_blob *blob, struct mr_error *err)
{
    struct mr_error unread;

    if (!err)
        err = &unread;
    enum mr_code rc = check_stop(blob, err);
    return rc ? rc : blob->ops->check(blob, err);
}

struct mr_blob *mr_blob_dup(struct mr_blob *blob, struct mr_error *err)
{
    return blob->ops->dup(blob, err);
}

void mr_blob_free(struct mr_blob *blob)
{
    if (blob)
        blob->ops->free(blob);
}
