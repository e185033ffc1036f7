/* stage_blob.c -- one lock in front of every call that slots make. */
#include "tests/unit/worker/stage_blob.h"

#include <pthread.h>
#include <stdlib.h>

struct stage_blob {
    struct mr_blob blob;
    struct mr_blob *twin; /* owned */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct mr_blob *enter(struct mr_blob *blob)
{
    (void)pthread_mutex_lock(&lock);
    return ((struct stage_blob *)blob)->twin;
}

static enum mr_code leave(enum mr_code rc)
{
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

static enum mr_code get_stream(struct mr_blob *blob, const char *key, int64_t len_max,
                               mr_blob_write_fn *write, void *ctx, struct mr_blob_info *ret,
                               struct mr_error *err)
{
    return leave(mr_blob_get_stream(enter(blob), key, len_max, write, ctx, ret, err));
}

static enum mr_code get_range(struct mr_blob *blob, const char *key,
                              const struct mr_blob_range *range, struct mr_buf *ret,
                              struct mr_blob_info *info, struct mr_error *err)
{
    return leave(mr_blob_get_range(enter(blob), key, range, ret, info, err));
}

static enum mr_code put_stream(struct mr_blob *blob, const char *key, const struct mr_blob_put *put,
                               int64_t len, mr_blob_read_fn *read, void *ctx,
                               struct mr_blob_info *ret, struct mr_error *err)
{
    return leave(mr_blob_put_stream(enter(blob), key, put, len, read, ctx, ret, err));
}

static enum mr_code head(struct mr_blob *blob, const char *key, struct mr_blob_info *ret,
                         struct mr_error *err)
{
    return leave(mr_blob_head(enter(blob), key, ret, err));
}

static struct mr_blob *dup_blob(struct mr_blob *blob, struct mr_error *err)
{
    struct mr_blob *twin = mr_blob_dup(enter(blob), err);

    (void)leave(MR_OK);
    return twin ? stage_blob_new_take(twin) : NULL;
}

static void free_blob(struct mr_blob *blob)
{
    mr_blob_free(enter(blob));
    (void)leave(MR_OK);
    free(blob);
}

struct mr_blob *stage_blob_new_take(struct mr_blob *twin)
{
    static const struct mr_blob_ops ops = {.get_stream = get_stream,
                                           .get_range = get_range,
                                           .put_stream = put_stream,
                                           .head = head,
                                           .dup = dup_blob,
                                           .free = free_blob};
    struct stage_blob *blob = calloc(1, sizeof *blob);

    if (!blob)
        abort();
    *blob = (struct stage_blob){{&ops, NULL}, twin};
    return &blob->blob;
}
