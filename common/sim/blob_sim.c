/* blob_sim.c -- the twin of storage: a bucket in memory that outlives the handles to it. */
#include "common/adapters/crypto.h"
#include "common/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 16 * 1024 /* what a reader or writer gets at a time */ };

struct object {
    char *key; /* owned */
    struct mr_buf body;
    struct mr_blob_info info;
};

struct mr_sim_bucket {
    struct mr_sim_world *world;
    struct object *objects; /* sorted by key */
    size_t count, cap;
};

struct sim_blob {
    struct mr_blob blob;
    struct mr_sim_bucket *bucket;
};

static struct mr_sim_bucket *bucket_of(struct mr_blob *blob)
{
    return ((struct sim_blob *)blob)->bucket;
}

/* ---- the bucket ------------------------------------------------------------------------------ */

/* Where key is, or where it would be. */
static size_t find(const struct mr_sim_bucket *bucket, const char *key, bool *ret_found)
{
    size_t low = 0, high = bucket->count;

    *ret_found = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(bucket->objects[mid].key, key);
        if (order == 0)
            *ret_found = true;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void object_release(struct object *object)
{
    free(object->key);
    mr_buf_release(&object->body);
}

/* Moves body in. */
static enum mr_code store_take(struct mr_sim_bucket *bucket, const char *key, struct mr_buf *body,
                               const struct mr_blob_info *info, struct mr_error *err)
{
    bool found;
    size_t at = find(bucket, key, &found);

    if (!found) {
        if (bucket->count == bucket->cap) {
            size_t cap = bucket->cap ? 2 * bucket->cap : 16;
            struct object *objects = realloc(bucket->objects, cap * sizeof *objects);
            if (!objects)
                return mr_fail(err, MR_NO_MEMORY, "no memory for an object");
            bucket->objects = objects;
            bucket->cap = cap;
        }
        char *copy = strdup(key);
        if (!copy)
            return mr_fail(err, MR_NO_MEMORY, "no memory for an object");
        memmove(bucket->objects + at + 1, bucket->objects + at,
                (bucket->count - at) * sizeof *bucket->objects);
        bucket->objects[at] = (struct object){.key = copy};
        bucket->count++;
    }
    mr_buf_release(&bucket->objects[at].body);
    bucket->objects[at].body = *body;
    bucket->objects[at].info = *info;
    *body = (struct mr_buf){0};
    return MR_OK;
}

/* ---- the port's calls ------------------------------------------------------------------------ */

/* A call's two moments.  Both are asked at its start: callbacks may make calls of their own. */
static enum mr_code before(struct mr_blob *blob, const char *what, bool *ret_lost,
                           struct mr_error *err)
{
    struct mr_sim_world *world = bucket_of(blob)->world;
    mr_sim_call(world);
    *ret_lost = mr_sim_fails(world, MR_SIM_AFTER);
    return mr_sim_fails(world, MR_SIM_BEFORE)
               ? mr_fail(err, MR_UNAVAILABLE, "%s: storage cannot be reached, as told", what)
               : MR_OK;
}

static enum mr_code after(const char *what, bool lost, enum mr_code rc, struct mr_error *err)
{
    return lost ? mr_fail(err, MR_UNAVAILABLE, "%s: the answer is lost, as told", what) : rc;
}

static bool stopped(struct mr_blob *blob)
{
    return blob->stop && atomic_load(blob->stop);
}

/* Gives pieces of a copy, since the writer may change the bucket through another handle. */
static enum mr_code give_body(struct mr_blob *blob, const struct object *object,
                              mr_blob_write_fn *write, void *ctx, struct mr_error *err)
{
    struct mr_buf copy = {0};
    enum mr_code rc = MR_OK;

    if (object->body.len > 0 && mr_buf_add(&copy, object->body.data, object->body.len))
        return mr_fail(err, MR_NO_MEMORY, "no memory for an object");
    for (size_t at = 0; !rc && at < copy.len; at += PIECE_BYTES) {
        size_t n = copy.len - at < PIECE_BYTES ? copy.len - at : PIECE_BYTES;
        rc = stopped(blob) ? mr_fail(err, MR_CANCELLED, "stopped")
                           : write(ctx, copy.data + at, n, err);
    }
    mr_buf_release(&copy);
    return rc;
}

static struct object *find_object(struct mr_blob *blob, const char *key)
{
    bool found;
    size_t at = find(bucket_of(blob), key, &found);
    return found ? &bucket_of(blob)->objects[at] : NULL;
}

static enum mr_code none(const char *key, struct mr_error *err)
{
    return mr_fail(err, MR_NOT_FOUND, "object %.200s: there is none", key);
}

static enum mr_code sim_get_stream(struct mr_blob *blob, const char *key, int64_t len_max,
                                   mr_blob_write_fn *write, void *ctx, struct mr_blob_info *ret,
                                   struct mr_error *err)
{
    bool lost;

    enum mr_code rc = before(blob, "get", &lost, err);
    if (rc)
        return rc;
    const struct object *object = find_object(blob, key);
    if (!object)
        rc = none(key, err);
    else if (object->info.bytes > len_max)
        rc = mr_fail(err, MR_TOO_LARGE, "object %.200s: %" PRId64 " bytes, at most %" PRId64, key,
                     object->info.bytes, len_max);
    else {
        *ret = object->info;
        rc = give_body(blob, object, write, ctx, err);
    }
    return after("get", lost, rc, err);
}

/* What stands for a content: its hash. */
static void set_etag(struct mr_blob_info *info)
{
    snprintf(info->etag, sizeof info->etag, "\"%s\"", info->sha256);
}

static enum mr_code give_range(const struct object *object, const char *key,
                               const struct mr_blob_range *range, struct mr_buf *ret,
                               struct mr_blob_info *info, struct mr_error *err)
{
    const size_t len = object->body.len;
    const size_t at = range->at > (int64_t)len ? len : (size_t)range->at;
    const size_t n = len - at < range->len_max ? len - at : range->len_max;

    *info = object->info;
    set_etag(info);
    if (range->etag[0] && strcmp(range->etag, info->etag) != 0)
        return mr_fail(err, MR_CHANGED, "object %.200s: overwritten since it was read", key);
    if (n > 0 && mr_buf_add(ret, object->body.data + at, n))
        return mr_fail(err, MR_NO_MEMORY, "no memory for an object");
    return MR_OK;
}

static enum mr_code sim_get_range(struct mr_blob *blob, const char *key,
                                  const struct mr_blob_range *range, struct mr_buf *ret,
                                  struct mr_blob_info *info, struct mr_error *err)
{
    bool lost;

    enum mr_code rc = before(blob, "get", &lost, err);
    if (rc)
        return rc;
    const struct object *object = find_object(blob, key);
    rc = object ? give_range(object, key, range, ret, info, err) : none(key, err);
    return after("get", lost, rc, err);
}

static enum mr_code read_body(struct mr_blob *blob, int64_t len, mr_blob_read_fn *read, void *ctx,
                              struct mr_buf *ret, struct mr_error *err)
{
    while ((int64_t)ret->len < len) {
        if (stopped(blob))
            return mr_fail(err, MR_CANCELLED, "stopped");
        if (mr_buf_reserve(ret, PIECE_BYTES))
            return mr_fail(err, MR_NO_MEMORY, "no memory for an object");
        int64_t n = read(ctx, ret->data + ret->len, PIECE_BYTES, err);
        if (n <= 0)
            return err->code;
        ret->len += (size_t)n;
    }
    return MR_OK;
}

static enum mr_code put_body(struct mr_blob *blob, const char *key, const struct mr_blob_put *put,
                             struct mr_buf *body, struct mr_blob_info *ret, struct mr_error *err)
{
    struct mr_blob_info info = {.bytes = (int64_t)body->len};

    mr_sha256_hex(body->data, body->len, info.sha256);
    snprintf(info.content_type, sizeof info.content_type, "%s",
             put->content_type ? put->content_type : "application/octet-stream");
    if (put->sha256 && strcmp(put->sha256, info.sha256) != 0)
        return mr_fail(err, MR_CHANGED, "body: its SHA-256 is %s, not %s as promised", info.sha256,
                       put->sha256);
    const struct object *there = put->if_absent ? find_object(blob, key) : NULL;
    if (there) {
        *ret = there->info;
        return mr_fail(err, MR_EXISTS, "object %.200s: there is one already", key);
    }
    enum mr_code rc = store_take(bucket_of(blob), key, body, &info, err);
    if (!rc)
        *ret = info;
    return rc;
}

static enum mr_code sim_put_stream(struct mr_blob *blob, const char *key,
                                   const struct mr_blob_put *put, int64_t len,
                                   mr_blob_read_fn *read, void *ctx, struct mr_blob_info *ret,
                                   struct mr_error *err)
{
    struct mr_buf body = {0};
    bool lost;

    enum mr_code rc = before(blob, "put", &lost, err);
    if (rc)
        return rc;
    rc = read_body(blob, len, read, ctx, &body, err);
    if (!rc)
        rc = put_body(blob, key, put, &body, ret, err);
    mr_buf_release(&body);
    return after("put", lost, rc, err);
}

static enum mr_code sim_head(struct mr_blob *blob, const char *key, struct mr_blob_info *ret,
                             struct mr_error *err)
{
    bool lost;

    enum mr_code rc = before(blob, "head", &lost, err);
    if (rc)
        return rc;
    const struct object *object = find_object(blob, key);
    if (object)
        *ret = object->info;
    else
        rc = none(key, err);
    return after("head", lost, rc, err);
}

static enum mr_code sim_remove(struct mr_blob *blob, const char *key, struct mr_error *err)
{
    struct mr_sim_bucket *bucket = bucket_of(blob);
    bool found, lost;

    enum mr_code rc = before(blob, "remove", &lost, err);
    if (rc)
        return rc;
    size_t at = find(bucket, key, &found);
    if (found) {
        object_release(&bucket->objects[at]);
        bucket->count--;
        memmove(bucket->objects + at, bucket->objects + at + 1,
                (bucket->count - at) * sizeof *bucket->objects);
    }
    return after("remove", lost, rc, err);
}

/* Goes by keys, not by places: the callback may put and remove. */
static enum mr_code sim_list(struct mr_blob *blob, const struct mr_blob_span *span,
                             mr_blob_each_fn *each, void *ctx, struct mr_error *err)
{
    struct mr_sim_bucket *bucket = bucket_of(blob);
    const bool behind = strcmp(span->after, span->prefix) >= 0;
    char key[MR_BLOB_KEY_MAX + 1];
    bool found, lost;

    enum mr_code rc = before(blob, "list", &lost, err);
    size_t at = find(bucket, behind ? span->after : span->prefix, &found);
    at += behind && found && span->after[0];
    while (!rc && at < bucket->count &&
           strncmp(bucket->objects[at].key, span->prefix, strlen(span->prefix)) == 0) {
        struct mr_blob_info info = {.bytes = bucket->objects[at].info.bytes};
        snprintf(key, sizeof key, "%s", bucket->objects[at].key);
        rc = stopped(blob) ? mr_fail(err, MR_CANCELLED, "stopped") : each(ctx, key, &info, err);
        at = find(bucket, key, &found);
        at += found;
    }
    return rc ? rc : after("list", lost, rc, err);
}

static enum mr_code sim_check(struct mr_blob *blob, struct mr_error *err)
{
    bool lost;
    enum mr_code rc = before(blob, "check", &lost, err);
    return rc ? rc : after("check", lost, rc, err);
}

static struct mr_blob *sim_dup(struct mr_blob *blob, struct mr_error *err)
{
    struct mr_blob *copy = mr_blob_sim_new(bucket_of(blob), err);
    if (copy)
        copy->stop = blob->stop;
    return copy;
}

static void sim_free(struct mr_blob *blob)
{
    free(blob);
}

/* ---- making ---------------------------------------------------------------------------------- */

struct mr_sim_bucket *mr_sim_bucket_new(struct mr_sim_world *world)
{
    struct mr_sim_bucket *bucket = calloc(1, sizeof *bucket);
    if (bucket)
        bucket->world = world;
    return bucket;
}

void mr_sim_bucket_free(struct mr_sim_bucket *bucket)
{
    if (!bucket)
        return;
    for (size_t i = 0; i < bucket->count; i++)
        object_release(&bucket->objects[i]);
    free(bucket->objects);
    free(bucket);
}

struct mr_blob *mr_blob_sim_new(struct mr_sim_bucket *bucket, struct mr_error *err)
{
    static const struct mr_blob_ops ops = {
        .get_stream = sim_get_stream,
        .put_stream = sim_put_stream,
        .head = sim_head,
        .remove = sim_remove,
        .list = sim_list,
        .get_range = sim_get_range,
        .check = sim_check,
        .dup = sim_dup,
        .free = sim_free,
    };
    struct sim_blob *sim = calloc(1, sizeof *sim);
    if (!sim) {
        mr_fail(err, MR_NO_MEMORY, "no memory for simulated storage");
        return NULL;
    }
    sim->blob.ops = &ops;
    sim->bucket = bucket;
    return &sim->blob;
}
