/* store_redis.c -- the store on one Redis connection: batches under way, and exchanges behind them.
 * What a batch becomes is in store_redis_batch.c, reads in store_redis_read.c, the small shared
 * records in store_redis_shared.c, the checks of a start in store_redis_check.c. */
#include "common/adapters/store_redis.h"

#include <stdlib.h>
#include <string.h>

/* ---- batches under way
 * ----------------------------------------------------------------------------- */

static struct mr_error *outcome_of(struct redis_store *redis, size_t nth)
{
    return &redis->outcomes[(redis->first + nth) % STORE_UNDER_WAY_MAX];
}

/* Nothing is known of the batches without a reply: each gets this answer. */
static void lose_all(struct redis_store *redis, const struct mr_error *why)
{
    for (; redis->unknown > 0; redis->unknown--) {
        *outcome_of(redis, redis->known) = *why;
        redis->known++;
        redis->lost = true;
    }
    mr_redis_conn_close(&redis->conn);
}

static enum mr_code read_refusal(const redisReply *reply, struct mr_error *err)
{
    const char *kept = "?";

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return mr_fail(err, MR_INTERNAL, "redis: advance: an answer of type %d", reply->type);
    if (reply->elements > 1 && reply->element[1]->type == REDIS_REPLY_STRING)
        kept = reply->element[1]->str;
    switch (mr_redis_reply_int(reply->element[0], 0)) {
    case -1:
        return mr_fail(err, MR_FENCED, "shard: the owner with epoch %s has taken over", kept);
    case -2:
        return mr_fail(err, MR_CONFLICT, "shard: the position is %s, not what was expected", kept);
    case -3:
        return mr_fail(err, MR_NOT_FOUND, "shard: Redis holds no position");
    default:
        return mr_fail(err, MR_INTERNAL, "redis: advance: an unknown answer");
    }
}

/* Waits for the reply of the first batch without one. */
static void learn_one(struct redis_store *redis)
{
    struct mr_error why = {MR_OK, ""};
    redisReply *reply = NULL;
    enum mr_code rc = mr_redis_conn_wait(&redis->conn, redis->conn.timeout_ms, &reply, &why);

    if (rc) {
        lose_all(redis, &why);
        return;
    }
    rc = mr_redis_conn_check(&redis->conn, reply, &why);
    if (!rc && reply->type != REDIS_REPLY_INTEGER)
        rc = read_refusal(reply, &why);
    freeReplyObject(reply);
    why.code = rc;
    *outcome_of(redis, redis->known) = why;
    redis->known++;
    redis->unknown--;
    if (!redis->conn.ctx) /* the reply was one that only a new connection helps against */
        lose_all(redis, &why);
}

void redis_store_drain(struct redis_store *redis)
{
    while (redis->unknown > 0)
        learn_one(redis);
}

static enum mr_code advance_send(struct mr_store *store, const struct mr_batch *batch,
                                 struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    struct mr_error why = {MR_UNAVAILABLE, "redis: the connection was lost before this batch"};
    enum mr_code rc;

    if (redis->known + redis->unknown == STORE_UNDER_WAY_MAX)
        return mr_fail(err, MR_BUSY, "redis: %d batches are under way, the most there may be",
                       STORE_UNDER_WAY_MAX);
    if (redis->lost) {
        *outcome_of(redis, redis->known++) = why;
        return MR_OK;
    }
    rc = redis_store_batch(redis, batch, err);
    if (!rc)
        rc = mr_redis_conn_open(&redis->conn, err);
    if (rc)
        return rc;
    redis->unknown++;
    rc = mr_redis_conn_send(&redis->conn, &redis->cmd, &why);
    if (rc)
        lose_all(redis, &why);
    return MR_OK;
}

static enum mr_code advance_wait(struct mr_store *store, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    const struct mr_error *outcome;

    if (redis->known == 0 && redis->unknown == 0)
        return mr_fail(err, MR_INTERNAL, "redis: no batch is under way");
    if (redis->known == 0)
        learn_one(redis);
    outcome = outcome_of(redis, 0);
    redis->first = (redis->first + 1) % STORE_UNDER_WAY_MAX;
    redis->known--;
    if (redis->known == 0 && redis->unknown == 0)
        redis->lost = false;
    if (outcome->code && err)
        *err = *outcome;
    return outcome->code;
}

/* ---- exchanges
 * ---------------------------------------------------------------------------------------- */

enum mr_code redis_store_call(struct redis_store *redis, redisReply **ret, struct mr_error *err)
{
    redis_store_drain(redis);
    return mr_redis_conn_call(&redis->conn, &redis->cmd, ret, err);
}

enum mr_code redis_store_append(struct redis_store *redis, struct mr_error *err)
{
    enum mr_code rc = mr_redis_conn_open(&redis->conn, err);

    return rc ? rc : mr_redis_conn_append(&redis->conn, &redis->cmd, err);
}

enum mr_code redis_store_next(struct redis_store *redis, redisReply **ret, struct mr_error *err)
{
    enum mr_code rc = mr_redis_conn_wait(&redis->conn, redis->conn.timeout_ms, ret, err);

    if (rc)
        return rc;
    rc = mr_redis_conn_check(&redis->conn, *ret, err);
    if (rc) { /* replies of this pipeline may still come: nothing must read them as its own */
        freeReplyObject(*ret);
        *ret = NULL;
        mr_redis_conn_close(&redis->conn);
    }
    return rc;
}

enum mr_code redis_store_multi(struct redis_store *redis, redis_store_write_fn *write,
                               const void *args, struct mr_error *err)
{
    redisReply *reply = NULL;
    size_t count = 0;
    enum mr_code rc;

    redis_store_drain(redis);
    mr_redis_cmd_begin(&redis->cmd, "MULTI");
    rc = redis_store_append(redis, err);
    if (!rc)
        rc = write(redis, args, &count, err);
    mr_redis_cmd_begin(&redis->cmd, "EXEC");
    if (!rc)
        rc = redis_store_append(redis, err);
    if (rc)
        mr_redis_conn_close(&redis->conn); /* half a transaction must not stay in its buffer */
    for (size_t i = 0; !rc && i < count + 2; i++) {
        rc = redis_store_next(redis, &reply, err);
        freeReplyObject(reply);
        reply = NULL;
    }
    return rc;
}

/* ---- life
 * ------------------------------------------------------------------------------------------------
 */

static void store_free(struct mr_store *store)
{
    struct redis_store *redis = (struct redis_store *)store;

    mr_redis_conn_release(&redis->conn);
    mr_redis_cmd_release(&redis->cmd);
    redis_store_batch_release(redis);
    free(redis);
}

static const struct mr_store_ops redis_store_ops = {
    .check = redis_store_check,
    .pos_get = redis_store_pos_get,
    .advance_send = advance_send,
    .advance_wait = advance_wait,
    .load = redis_store_load,
    .def_get = redis_store_def_get,
    .outbox_each = redis_store_outbox_each,
    .timers_due = redis_store_timers_due,
    .jobs_list = redis_store_jobs_list,
    .row_get = redis_store_row_get,
    .tries = redis_store_tries,
    .lease = redis_store_lease,
    .lease_drop = redis_store_lease_drop,
    .beat = redis_store_beat,
    .beats_each = redis_store_beats_each,
    .config_put = redis_store_config_put,
    .config_get = redis_store_config_get,
    .config_each = redis_store_config_each,
    .count = redis_store_count,
    .free = store_free,
};

struct mr_store *mr_store_redis_new(const struct mr_redis_config *config, struct mr_error *err)
{
    struct redis_store *redis = calloc(1, sizeof *redis);

    if (!redis) {
        (void)mr_fail(err, MR_NO_MEMORY, "redis: no memory for a store");
        return NULL;
    }
    redis->store.ops = &redis_store_ops;
    if (mr_redis_conn_init(&redis->conn, config, err)) {
        free(redis);
        return NULL;
    }
    return &redis->store;
}
