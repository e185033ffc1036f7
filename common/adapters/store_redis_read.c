/* store_redis_read.c -- what is read of a shard: its position, jobs, outbox, timers, lists. */
#include "common/adapters/store_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An outbox may be long: it is read in pieces. */
enum { SCAN_COUNT = 1000 };

static void copy_text(char *ret, size_t size, const redisReply *reply)
{
    ret[0] = '\0';
    if (reply->type == REDIS_REPLY_STRING && reply->len < size)
        memcpy(ret, reply->str, reply->len + 1);
}

static enum mr_code strange(struct mr_error *err, const char *what)
{
    return mr_fail(err, MR_INTERNAL, "redis: %s: an answer of another form than asked for", what);
}

static bool is_array(const redisReply *reply, size_t elements)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == elements;
}

enum mr_code redis_store_pos_get(struct mr_store *store, uint32_t shard, struct mr_pos *ret,
                                 struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    struct mr_pos pos = {.epoch = -1};
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "HMGET");
    mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:pos", shard);
    mr_redis_cmd_str(&redis->cmd, "next");
    mr_redis_cmd_str(&redis->cmd, "epoch");
    mr_redis_cmd_str(&redis->cmd, "log");
    mr_redis_cmd_str(&redis->cmd, "last");
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    if (!is_array(reply, 4)) {
        rc = strange(err, "pos");
        goto done;
    }
    pos.present = reply->element[0]->type == REDIS_REPLY_STRING;
    if (pos.present) {
        pos.next = mr_redis_reply_int(reply->element[0], -1);
        pos.epoch = mr_redis_reply_int(reply->element[1], -1);
        copy_text(pos.log_id, sizeof pos.log_id, reply->element[2]);
        copy_text(pos.last_id, sizeof pos.last_id, reply->element[3]);
    }
    if (pos.present && pos.next < 0)
        rc = strange(err, "pos: next");
    else
        *ret = pos;
done:
    freeReplyObject(reply);
    return rc;
}

/* ---- jobs
 * ------------------------------------------------------------------------------------------ */

static enum mr_code ask_jobs(struct redis_store *redis, uint32_t shard,
                             const struct mr_job_load *jobs, size_t n, size_t *ret_runs,
                             struct mr_error *err)
{
    enum mr_code rc = MR_OK;
    size_t runs = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        mr_redis_cmd_begin(&redis->cmd, "HMGET");
        mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:job:%s", shard, jobs[i].job);
        mr_redis_cmd_str(&redis->cmd, "status");
        mr_redis_cmd_str(&redis->cmd, "sum");
        rc = redis_store_append(redis, err);
        if (rc || !jobs[i].want_run)
            continue;
        runs++;
        mr_redis_cmd_begin(&redis->cmd, "HGETALL");
        mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:val:%s", shard, jobs[i].job);
        rc = redis_store_append(redis, err);
    }
    *ret_runs = runs;
    if (rc || runs == 0)
        return rc;
    mr_redis_cmd_begin(&redis->cmd, "MGET");
    for (size_t i = 0; i < n; i++)
        if (jobs[i].want_run)
            mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:run:%s", shard, jobs[i].job);
    return redis_store_append(redis, err);
}

static enum mr_code take_row(struct mr_job_load *job, const redisReply *reply, struct mr_error *err)
{
    if (!is_array(reply, 2))
        return strange(err, "row");
    job->has_row = reply->element[0]->type == REDIS_REPLY_STRING;
    copy_text(job->status, sizeof job->status, reply->element[0]);
    copy_text(job->sum, sizeof job->sum, reply->element[1]);
    return MR_OK;
}

static enum mr_code take_vals(struct mr_job_load *job, const redisReply *reply,
                              struct mr_error *err)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0)
        return strange(err, "val");
    for (size_t i = 0; i < reply->elements; i += 2) {
        mr_buf_add(&job->vals, reply->element[i]->str,
                   reply->element[i]->len + 1); /* with its NUL */
        mr_buf_addf(&job->vals, "%zu", reply->element[i + 1]->len);
        mr_buf_add_char(&job->vals, '\0');
        mr_buf_add(&job->vals, reply->element[i + 1]->str, reply->element[i + 1]->len);
    }
    return job->vals.failed ? mr_fail(err, MR_NO_MEMORY, "redis: no memory for values") : MR_OK;
}

static enum mr_code take_runs(struct mr_job_load *jobs, size_t n, size_t runs,
                              const redisReply *reply, struct mr_error *err)
{
    size_t at = 0;

    if (!is_array(reply, runs))
        return strange(err, "run");
    for (size_t i = 0; i < n; i++) {
        const redisReply *run;

        if (!jobs[i].want_run)
            continue;
        run = reply->element[at++];
        if (run->type != REDIS_REPLY_STRING)
            continue;
        jobs[i].has_run = true;
        if (mr_buf_add(&jobs[i].run, run->str, run->len))
            return mr_fail(err, MR_NO_MEMORY, "redis: no memory for a run of %zu bytes", run->len);
    }
    return MR_OK;
}

enum mr_code redis_store_load(struct mr_store *store, uint32_t shard, struct mr_job_load *jobs,
                              size_t n, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply = NULL;
    size_t runs = 0;
    enum mr_code rc;

    redis_store_drain(redis);
    rc = ask_jobs(redis, shard, jobs, n, &runs, err);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = redis_store_next(redis, &reply, err);
        if (!rc)
            rc = take_row(&jobs[i], reply, err);
        freeReplyObject(reply);
        reply = NULL;
        if (rc || !jobs[i].want_run)
            continue;
        rc = redis_store_next(redis, &reply, err);
        if (!rc)
            rc = take_vals(&jobs[i], reply, err);
        freeReplyObject(reply);
        reply = NULL;
    }
    if (!rc && runs > 0) {
        rc = redis_store_next(redis, &reply, err);
        if (!rc)
            rc = take_runs(jobs, n, runs, reply, err);
        freeReplyObject(reply);
    }
    if (rc)
        mr_redis_conn_close(&redis->conn); /* replies of this pipeline may still come */
    return rc;
}

enum mr_code redis_store_def_get(struct mr_store *store, uint32_t shard, const char *sha256,
                                 struct mr_buf *ret, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "HGET");
    mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:def", shard);
    mr_redis_cmd_str(&redis->cmd, sha256);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    if (reply->type != REDIS_REPLY_STRING)
        rc = mr_fail(err, MR_NOT_FOUND, "definition %s: not kept in shard %" PRIu32, sha256, shard);
    else if (mr_buf_add(ret, reply->str, reply->len))
        rc = mr_fail(err, MR_NO_MEMORY, "redis: no memory for a definition");
    freeReplyObject(reply);
    return rc;
}

enum mr_code redis_store_row_get(struct mr_store *store, uint32_t shard, const char *job,
                                 mr_pair_fn *each, void *ctx, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "HGETALL");
    mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:job:%s", shard, job);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0)
        rc = strange(err, "row");
    else if (reply->elements == 0)
        rc = mr_fail(err, MR_NOT_FOUND, "job %s: no such job", job);
    for (size_t i = 0; !rc && i < reply->elements; i += 2)
        each(ctx, reply->element[i]->str, reply->element[i + 1]->str, reply->element[i + 1]->len);
    freeReplyObject(reply);
    return rc;
}

/* ---- outbox, timers, lists
 * ------------------------------------------------------------------------------ */

/* HSCAN gives a field at least once, and the owner of the shard, the only one that reads an outbox,
 * writes nothing meanwhile: no field is added, and what comes twice is the same effect. */
enum mr_code redis_store_outbox_each(struct mr_store *store, uint32_t shard, mr_pair_fn *each,
                                     void *ctx, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    char cursor[32] = "0";
    redisReply *reply;
    enum mr_code rc;

    do {
        const redisReply *pairs;

        mr_redis_cmd_begin(&redis->cmd, "HSCAN");
        mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:outbox", shard);
        mr_redis_cmd_str(&redis->cmd, cursor);
        mr_redis_cmd_str(&redis->cmd, "COUNT");
        mr_redis_cmd_int(&redis->cmd, SCAN_COUNT);
        rc = redis_store_call(redis, &reply, err);
        if (rc)
            return rc;
        pairs = is_array(reply, 2) ? reply->element[1] : NULL;
        if (!pairs || pairs->type != REDIS_REPLY_ARRAY || pairs->elements % 2 != 0) {
            rc = strange(err, "outbox");
        } else {
            copy_text(cursor, sizeof cursor, reply->element[0]);
            for (size_t i = 0; i < pairs->elements; i += 2)
                each(ctx, pairs->element[i]->str, pairs->element[i + 1]->str,
                     pairs->element[i + 1]->len);
        }
        freeReplyObject(reply);
    } while (!rc && strcmp(cursor, "0") != 0);
    return rc;
}

static enum mr_code members(const redisReply *reply, size_t max, mr_member_fn *each, void *ctx,
                            struct mr_error *err)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0)
        return strange(err, "zset");
    for (size_t i = 0; i < reply->elements && i / 2 < max; i += 2)
        each(ctx, reply->element[i]->str, mr_redis_reply_int(reply->element[i + 1], 0));
    return MR_OK;
}

/* One more than asked for, due or not: it tells when to come again. */
enum mr_code redis_store_timers_due(struct mr_store *store, uint32_t shard, int64_t now_ms, int max,
                                    mr_member_fn *each, void *ctx, int64_t *next_ms,
                                    struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    int64_t next = INT64_MAX;
    redisReply *reply;
    enum mr_code rc;
    size_t due = 0;

    mr_redis_cmd_begin(&redis->cmd, "ZRANGE");
    mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:timers", shard);
    mr_redis_cmd_int(&redis->cmd, 0);
    mr_redis_cmd_int(&redis->cmd, max > 0 ? max : 0);
    mr_redis_cmd_str(&redis->cmd, "WITHSCORES");
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements % 2 == 0) {
        const size_t count = reply->elements / 2;

        while (due < count && due < (size_t)(max > 0 ? max : 0) &&
               mr_redis_reply_int(reply->element[2 * due + 1], INT64_MAX) <= now_ms)
            due++;
        if (due < count)
            next = mr_redis_reply_int(reply->element[2 * due + 1], INT64_MAX);
    }
    rc = members(reply, due, each, ctx, err);
    if (!rc)
        *next_ms = next;
    freeReplyObject(reply);
    return rc;
}

enum mr_code redis_store_jobs_list(struct mr_store *store, uint32_t shard, const char *status,
                                   int64_t before_ms, int skip, int max, mr_member_fn *each,
                                   void *ctx, struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "ZREVRANGEBYSCORE");
    if (strcmp(status, "OPEN") == 0)
        mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:open", shard);
    else
        mr_redis_cmd_addf(&redis->cmd, "mr:{%" PRIu32 "}:closed:%s", shard, status);
    if (before_ms == INT64_MAX)
        mr_redis_cmd_str(&redis->cmd, "+inf");
    else
        mr_redis_cmd_addf(&redis->cmd, "(%" PRId64, before_ms);
    mr_redis_cmd_str(&redis->cmd, "-inf");
    mr_redis_cmd_str(&redis->cmd, "WITHSCORES");
    mr_redis_cmd_str(&redis->cmd, "LIMIT");
    mr_redis_cmd_int(&redis->cmd, skip);
    mr_redis_cmd_int(&redis->cmd, max);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    rc = members(reply, (size_t)max, each, ctx, err);
    freeReplyObject(reply);
    return rc;
}
