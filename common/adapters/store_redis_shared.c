/* store_redis_shared.c -- what is no shard's own: leases, beats, the copy of millrace.config,
 * counters.  Small writes, each one exchange. */
#include "common/adapters/store_redis.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNTERS_TTL_MS (2LL * 24 * 3600 * 1000)

static enum mr_code strange(struct mr_error *err, const char *what)
{
    return mr_fail(err, MR_INTERNAL, "redis: %s: an answer of another form than asked for", what);
}

/* Appends redis->cmd inside a MULTI and counts it. */
static enum mr_code queued(struct redis_store *redis, size_t *ret_count, struct mr_error *err)
{
    ++*ret_count;
    return redis_store_append(redis, err);
}

static enum mr_code expire(struct redis_store *redis, int64_t ttl_ms, size_t *ret_count,
                           const char *key, struct mr_error *err)
{
    mr_redis_cmd_begin(&redis->cmd, "PEXPIRE");
    mr_redis_cmd_str(&redis->cmd, key);
    mr_redis_cmd_int(&redis->cmd, ttl_ms);
    return queued(redis, ret_count, err);
}

/* ---- tries: a shard's, but small and each one exchange --------------------------------------- */

enum mr_code redis_store_tries(struct mr_store *store, uint32_t shard, const char *what,
                               int64_t offset, bool add, int64_t *ret, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_fcall(&redis->cmd, "shard_tries", 1);
    mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:tries", shard);
    mr_redis_cmd_str(&redis->cmd, what);
    mr_redis_cmd_int(&redis->cmd, offset);
    mr_redis_cmd_int(&redis->cmd, add);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    *ret = mr_redis_reply_int(reply, 0);
    freeReplyObject(reply);
    return MR_OK;
}

/* ---- leases
 * ------------------------------------------------------------------------------------------ */

enum mr_code redis_store_lease(struct mr_store *store, const char *name, const char *owner,
                               int64_t ttl_ms, bool *ret_mine, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_fcall(&redis->cmd, "lease_take", 1);
    mr_redis_cmd_addf(&redis->cmd, "mr:lease:%s", name);
    mr_redis_cmd_str(&redis->cmd, owner);
    mr_redis_cmd_int(&redis->cmd, ttl_ms);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    *ret_mine = mr_redis_reply_int(reply, 0) == 1;
    freeReplyObject(reply);
    return MR_OK;
}

enum mr_code redis_store_lease_drop(struct mr_store *store, const char *name, const char *owner,
                                    struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_fcall(&redis->cmd, "lease_drop", 1);
    mr_redis_cmd_addf(&redis->cmd, "mr:lease:%s", name);
    mr_redis_cmd_str(&redis->cmd, owner);
    rc = redis_store_call(redis, &reply, err);
    freeReplyObject(reply);
    return rc;
}

/* ---- beats: mr:<kind>:<id>, and the set mr:beats:<kind> of their ids
 * ------------------------------------ */

struct beat {
    const char *kind, *id, *pairs;
    size_t pairs_len;
    int64_t ttl_ms;
};

static enum mr_code write_beat(struct redis_store *redis, const void *args, size_t *ret_count,
                               struct mr_error *err)
{
    const struct beat *beat = args;
    const char *end = beat->pairs + beat->pairs_len;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "DEL");
    mr_redis_cmd_addf(&redis->cmd, "mr:%s:%s", beat->kind, beat->id);
    rc = queued(redis, ret_count, err);
    if (rc)
        return rc;
    mr_redis_cmd_begin(&redis->cmd, "HSET");
    mr_redis_cmd_addf(&redis->cmd, "mr:%s:%s", beat->kind, beat->id);
    for (const char *p = beat->pairs; p < end; p += strlen(p) + 1)
        mr_redis_cmd_str(&redis->cmd, p);
    rc = queued(redis, ret_count, err);
    if (rc)
        return rc;
    mr_redis_cmd_begin(&redis->cmd, "PEXPIRE");
    mr_redis_cmd_addf(&redis->cmd, "mr:%s:%s", beat->kind, beat->id);
    mr_redis_cmd_int(&redis->cmd, beat->ttl_ms);
    rc = queued(redis, ret_count, err);
    if (rc)
        return rc;
    mr_redis_cmd_begin(&redis->cmd, "SADD");
    mr_redis_cmd_addf(&redis->cmd, "mr:beats:%s", beat->kind);
    mr_redis_cmd_str(&redis->cmd, beat->id);
    return queued(redis, ret_count, err);
}

enum mr_code redis_store_beat(struct mr_store *store, const char *kind, const char *id,
                              const char *pairs, size_t pairs_len, int64_t ttl_ms,
                              struct mr_error *err)
{
    const struct beat beat = {kind, id, pairs, pairs_len, ttl_ms};

    return redis_store_multi((struct redis_store *)store, write_beat, &beat, err);
}

/* One that has ended leaves its id behind: the first reader after that takes it out. */
static enum mr_code forget_beat(struct redis_store *redis, const char *kind, const redisReply *id,
                                struct mr_error *err)
{
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "SREM");
    mr_redis_cmd_addf(&redis->cmd, "mr:beats:%s", kind);
    mr_redis_cmd_add(&redis->cmd, id->str, id->len);
    rc = redis_store_call(redis, &reply, err);
    freeReplyObject(reply);
    return rc;
}

static enum mr_code each_beat(struct redis_store *redis, const char *kind, const redisReply *id,
                              mr_pair_fn *each, void *ctx, struct mr_error *err)
{
    struct mr_buf json = {0};
    redisReply *reply = NULL;
    struct mr_jw w;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "HGETALL");
    mr_redis_cmd_addf(&redis->cmd, "mr:%s:%s", kind, id->str);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        goto done;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0) {
        rc = strange(err, "beat");
        goto done;
    }
    if (reply->elements == 0) {
        rc = forget_beat(redis, kind, id, err);
        goto done;
    }
    mr_jw_begin(&w, &json);
    mr_jw_open(&w, NULL, '{');
    for (size_t i = 0; i < reply->elements; i += 2)
        mr_jw_str(&w, reply->element[i]->str, reply->element[i + 1]->str);
    mr_jw_close(&w, '}');
    if (json.failed)
        rc = mr_fail(err, MR_NO_MEMORY, "redis: no memory for a beat");
    else
        each(ctx, id->str, json.data, json.len);
done:
    freeReplyObject(reply);
    mr_buf_release(&json);
    return rc;
}

enum mr_code redis_store_beats_each(struct mr_store *store, const char *kind, mr_pair_fn *each,
                                    void *ctx, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *ids;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "SMEMBERS");
    mr_redis_cmd_addf(&redis->cmd, "mr:beats:%s", kind);
    rc = redis_store_call(redis, &ids, err);
    if (rc)
        return rc;
    if (ids->type != REDIS_REPLY_ARRAY)
        rc = strange(err, "beats");
    for (size_t i = 0; !rc && i < ids->elements; i++)
        rc = each_beat(redis, kind, ids->element[i], each, ctx, err);
    freeReplyObject(ids);
    return rc;
}

/* ---- the copy of millrace.config
 * ---------------------------------------------------------------------------- */

enum mr_code redis_store_config_put(struct mr_store *store, const char *key, const char *value,
                                    size_t len, int64_t offset, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_fcall(&redis->cmd, "config_put", 2);
    mr_redis_cmd_str(&redis->cmd, "mr:config");
    mr_redis_cmd_str(&redis->cmd, "mr:config:at");
    mr_redis_cmd_str(&redis->cmd, key);
    mr_redis_cmd_int(&redis->cmd, offset);
    if (value)
        mr_redis_cmd_add(&redis->cmd, value, len);
    rc = redis_store_call(redis, &reply, err);
    freeReplyObject(reply);
    return rc;
}

enum mr_code redis_store_config_get(struct mr_store *store, const char *key, struct mr_buf *ret,
                                    struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "HGET");
    mr_redis_cmd_str(&redis->cmd, "mr:config");
    mr_redis_cmd_str(&redis->cmd, key);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    if (reply->type != REDIS_REPLY_STRING)
        rc = mr_fail(err, MR_NOT_FOUND, "config %s: no such key", key);
    else if (mr_buf_add(ret, reply->str, reply->len))
        rc = mr_fail(err, MR_NO_MEMORY, "redis: no memory for config %s", key);
    freeReplyObject(reply);
    return rc;
}

/* Read whole: config is what people wrote, thousands of keys and not millions, and one snapshot. */
enum mr_code redis_store_config_each(struct mr_store *store, const char *prefix, mr_pair_fn *each,
                                     void *ctx, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    const size_t prefix_len = strlen(prefix);
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "HGETALL");
    mr_redis_cmd_str(&redis->cmd, "mr:config");
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0)
        rc = strange(err, "config");
    for (size_t i = 0; !rc && i < reply->elements; i += 2)
        if (strncmp(reply->element[i]->str, prefix, prefix_len) == 0)
            each(ctx, reply->element[i]->str, reply->element[i + 1]->str,
                 reply->element[i + 1]->len);
    freeReplyObject(reply);
    return rc;
}

/* ---- hints: counters ------------------------------------------------------------------------- */

struct counters {
    char key[STORE_KEY_MAX];
    const char *const *names;
    const int64_t *amounts;
    size_t n;
};

static enum mr_code write_counters(struct redis_store *redis, const void *args, size_t *ret_count,
                                   struct mr_error *err)
{
    const struct counters *counters = args;
    enum mr_code rc = MR_OK;

    for (size_t i = 0; i < counters->n && !rc; i++) {
        mr_redis_cmd_begin(&redis->cmd, "HINCRBY");
        mr_redis_cmd_str(&redis->cmd, counters->key);
        mr_redis_cmd_str(&redis->cmd, counters->names[i]);
        mr_redis_cmd_int(&redis->cmd, counters->amounts[i]);
        rc = queued(redis, ret_count, err);
    }
    return rc ? rc : expire(redis, COUNTERS_TTL_MS, ret_count, counters->key, err);
}

enum mr_code redis_store_count(struct mr_store *store, int64_t minute, const char *const *names,
                               const int64_t *amounts, size_t n, struct mr_error *err)
{
    struct counters counters = {.names = names, .amounts = amounts, .n = n};

    (void)snprintf(counters.key, sizeof counters.key, "mr:stat:%" PRId64, minute);
    return redis_store_multi((struct redis_store *)store, write_counters, &counters, err);
}
