/* blob.h -- port: where image bytes rest.  blob_s3.c, blob_dir.c and sim/blob_sim.c fill it.
 * A key is 1..1024 bytes of UTF-8 without control bytes, empty, "." or ".." segments, not starting
 * with '/': checked here for every driver.  Calls block (each driver has its time-outs as
 * settings); a handle has one owner thread, _dup() makes another for another thread. */
#ifndef MR_BLOB_H
#define MR_BLOB_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MR_BLOB_KEY_MAX = 1024,
    MR_SHA256_HEX = 65,
    MR_BLOB_TAGS_MAX = 4096,              /* bytes of tags */
    MR_BLOB_HEADER_MAX = 1024,            /* of cache_control and of content_disposition */
    MR_BLOB_RANGE_MAX = 64 * 1024 * 1024, /* bytes of a range: it is read into memory */
};

struct mr_blob_info {
    int64_t bytes;
    char sha256[MR_SHA256_HEX]; /* of the content, hex; "" where storage does not tell */
    char content_type[128];
    int64_t modified_ms; /* of a listing, as storage tells; 0: it does not */
    char etag[72];       /* with its quotes: of a listing likewise, ""; of a range always */
};

struct mr_blob_range {
    int64_t at;       /* the first byte that is wanted, from 0 */
    size_t len_max;   /* 1..MR_BLOB_RANGE_MAX */
    const char *etag; /* of an earlier range: of the same object, or nothing; NULL or "": any */
};

struct mr_blob_span {   /* what of a listing is wanted; zeroed: all of it */
    const char *prefix; /* keys that begin with it; NULL: all */
    const char *after;  /* keys behind this one, which need not be there; NULL or "": all */
    size_t count_max;   /* so many and no more; 0: all */
};

struct mr_blob_put {                 /* everything but key and body; zeroed: plain overwrite */
    const char *content_type;        /* NULL: application/octet-stream */
    const char *cache_control;       /* NULL: none */
    const char *content_disposition; /* NULL: none */
    const char *tags;                /* NULL: none; "name=value&name=value", percent-encoded */
    bool if_absent;                  /* If-None-Match: *  -> MR_EXISTS where there is one */
    const char *sha256;              /* hex of the body where known; another body is MR_CHANGED */
};

/* Gives the next bytes of a body: fills up to size, returns how many; 0 at the end; -1 with err to
 * give up (the object is then not made).  None of these callbacks may use the handle that calls it,
 * but for mr_blob_each_fn, which may; err is never NULL in them. */
typedef int64_t mr_blob_read_fn(void *ctx, void *buf, size_t size, struct mr_error *err);
/* Takes the next bytes of a body; anything but MR_OK gives up. */
typedef enum mr_code mr_blob_write_fn(void *ctx, const void *data, size_t len,
                                      struct mr_error *err);
/* One key of a listing; anything but MR_OK ends it. */
typedef enum mr_code mr_blob_each_fn(void *ctx, const char *key, const struct mr_blob_info *info,
                                     struct mr_error *err);

struct mr_blob;
struct mr_blob_ops {
    enum mr_code (*get_stream)(struct mr_blob *, const char *key, int64_t len_max,
                               mr_blob_write_fn *, void *ctx, struct mr_blob_info *ret,
                               struct mr_error *err);
    enum mr_code (*put_stream)(struct mr_blob *, const char *key, const struct mr_blob_put *,
                               int64_t len, mr_blob_read_fn *, void *ctx, struct mr_blob_info *ret,
                               struct mr_error *err);
    enum mr_code (*head)(struct mr_blob *, const char *key, struct mr_blob_info *ret,
                         struct mr_error *err);
    enum mr_code (*remove)(struct mr_blob *, const char *key, struct mr_error *err);
    /* prefix and after are not NULL.  The driver may go on behind count_max: the port ends it. */
    enum mr_code (*list)(struct mr_blob *, const struct mr_blob_span *, mr_blob_each_fn *,
                         void *ctx, struct mr_error *err);
    /* *ret is empty, range->etag not NULL. */
    enum mr_code (*get_range)(struct mr_blob *, const char *key, const struct mr_blob_range *,
                              struct mr_buf *ret, struct mr_blob_info *info, struct mr_error *err);
    enum mr_code (*check)(struct mr_blob *, struct mr_error *err);
    struct mr_blob *(*dup)(struct mr_blob *, struct mr_error *err);
    void (*free)(struct mr_blob *);
    /* NULL: made of put_stream.  For a driver that can do more with a body it may read twice. */
    enum mr_code (*put)(struct mr_blob *, const char *key, const struct mr_blob_put *,
                        const void *data, size_t len, struct mr_blob_info *ret,
                        struct mr_error *err);
};
struct mr_blob { /* first member of every implementation */
    const struct mr_blob_ops *ops;
    const atomic_bool *stop; /* where set and true: the call under way is MR_CANCELLED in 100 ms */
};

/* Is this a key? MR_INVALID says what is wrong with it. */
MR_MUST_USE enum mr_code mr_blob_key_check(const char *key, struct mr_error *err);

/* Reads the whole object at key, the same one from its first byte to its last.  On MR_OK *ret is
 * the caller's, to give back with mr_buf_release(); on failure *ret is as it was.  info may be
 * NULL.  MR_NOT_FOUND: no such key.  MR_TOO_LARGE: longer than len_max.  MR_DENIED.
 * MR_CHANGED: overwritten while it was read.  MR_UNAVAILABLE. */
MR_MUST_USE enum mr_code mr_blob_get(struct mr_blob *, const char *key, size_t len_max,
                                     struct mr_buf *ret, struct mr_blob_info *info,
                                     struct mr_error *err);
MR_MUST_USE enum mr_code mr_blob_get_stream(struct mr_blob *, const char *key, int64_t len_max,
                                            mr_blob_write_fn *, void *ctx, struct mr_blob_info *ret,
                                            struct mr_error *err);
/* Reads the bytes at..at+len_max of an object: fewer where it ends before, none where it ends at or
 * before `at` (an empty object too: all of that is MR_OK).  Of *info, which may be NULL, bytes is
 * the whole object's and etag stands for its content: where storage has another content at the key,
 * it has another etag, and a range that names the old one is MR_CHANGED.  So ranges with one etag
 * are pieces of one object.  On failure *ret is as it was.  MR_NOT_FOUND, MR_DENIED,
 * MR_UNAVAILABLE.  MR_UNSUPPORTED: storage gives no ranges, or no etag to hold on to. */
MR_MUST_USE enum mr_code mr_blob_get_range(struct mr_blob *, const char *key,
                                           const struct mr_blob_range *, struct mr_buf *ret,
                                           struct mr_blob_info *info, struct mr_error *err);
/* Stores a body whole or not at all.  MR_EXISTS: if_absent and there was one; *ret then tells of
 * that object.  ret may be NULL; ret->sha256 is always filled on MR_OK. */
MR_MUST_USE enum mr_code mr_blob_put(struct mr_blob *, const char *key, const struct mr_blob_put *,
                                     const void *data, size_t len, struct mr_blob_info *ret,
                                     struct mr_error *err);
/* len: the exact length that read will give; a body that ends early or late is MR_INVALID and
 * nothing is stored. The whole body is never in memory. */
MR_MUST_USE enum mr_code mr_blob_put_stream(struct mr_blob *, const char *key,
                                            const struct mr_blob_put *, int64_t len,
                                            mr_blob_read_fn *, void *ctx, struct mr_blob_info *ret,
                                            struct mr_error *err);
MR_MUST_USE enum mr_code mr_blob_head(struct mr_blob *, const char *key, struct mr_blob_info *ret,
                                      struct mr_error *err);
/* MR_OK too where there was none. */
MR_MUST_USE enum mr_code mr_blob_remove(struct mr_blob *, const char *key, struct mr_error *err);
/* Keys that begin with prefix (NULL: all), in byte order; of info only bytes is sure to be set.
 * MinIO leaves out "a/b" while there is an object "a": do not make such pairs where you list. */
MR_MUST_USE enum mr_code mr_blob_list(struct mr_blob *, const char *prefix, mr_blob_each_fn *,
                                      void *ctx, struct mr_error *err);
/* The same of a part of them: costs what that part costs, not what is before it. */
MR_MUST_USE enum mr_code mr_blob_list_span(struct mr_blob *, const struct mr_blob_span *,
                                           mr_blob_each_fn *, void *ctx, struct mr_error *err);
/* Can it be reached and written? For start and doctor. */
MR_MUST_USE enum mr_code mr_blob_check(struct mr_blob *, struct mr_error *err);
MR_MUST_USE struct mr_blob *mr_blob_dup(struct mr_blob *, struct mr_error *err);
void mr_blob_free(struct mr_blob *); /* accepts NULL */

#endif
