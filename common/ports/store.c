/* store.c -- the port's door: checks what every implementation would have to check, then hands
 * over. Knows no Redis. */
#include "common/ports/store.h"

#include "common/base/id.h"

#include <string.h>

void mr_job_load_release(struct mr_job_load *load)
{
    if (!load)
        return;
    mr_buf_release(&load->run);
    mr_buf_release(&load->vals);
    load->has_row = load->has_run = false;
}

/* ---- what may be written -----------------------------------------------------------------------
 */

/* name NUL value NUL, again and again: an even number of ends, the last one at the end. */
static bool pairs_valid(const char *pairs, size_t len)
{
    size_t ends = 0;

    if (len == 0 || pairs[len - 1] != '\0')
        return false;
    for (const char *p = pairs, *end = pairs + len; p < end; p++) {
        p = memchr(p, '\0', (size_t)(end - p)); /* there is one: the last */
        ends++;
    }
    return ends % 2 == 0;
}

static enum mr_code check_op(const struct mr_batch_op *op, size_t i, struct mr_error *err)
{
    if (op->kind >= MR_BATCH_OP_KIND_COUNT)
        return mr_fail(err, MR_INTERNAL, "batch: op %zu: kind %d is none", i, (int)op->kind);
    if (op->key_len == 0)
        return mr_fail(err, MR_INTERNAL, "batch: op %zu of kind %d has no key", i, (int)op->kind);
    if (op->kind == MR_BATCH_ROW && !pairs_valid(op->a, op->a_len))
        return mr_fail(err, MR_INTERNAL, "batch: op %zu: row of %.*s: not packed pairs", i,
                       (int)op->key_len, op->key);
    if ((op->kind == MR_BATCH_CLOSED || op->kind == MR_BATCH_REOPENED) && op->a_len == 0)
        return mr_fail(err, MR_INTERNAL, "batch: op %zu: %.*s: no status", i, (int)op->key_len,
                       op->key);
    if ((op->kind == MR_BATCH_VAL || op->kind == MR_BATCH_VAL_DEL) && op->b_len == 0)
        return mr_fail(err, MR_INTERNAL, "batch: op %zu: %.*s: no value id", i, (int)op->key_len,
                       op->key);
    return MR_OK;
}

static enum mr_code check_batch(const struct mr_batch *batch, struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    if (batch->shard >= MR_SHARDS_MAX || batch->next < batch->expect)
        return mr_fail(err, MR_INTERNAL, "batch: shard %u, offsets %lld to %lld", batch->shard,
                       (long long)batch->expect, (long long)batch->next);
    for (size_t i = 0; i < batch->op_count && !rc; i++)
        rc = check_op(&batch->ops[i], i, err);
    return rc;
}

/* ---- dispatch
 * ------------------------------------------------------------------------------------ */

enum mr_code mr_store_check(struct mr_store *store, bool durable, uint32_t shards,
                            struct mr_error *err)
{
    return store->ops->check(store, durable, shards, err);
}

enum mr_code mr_store_pos_get(struct mr_store *store, uint32_t shard, struct mr_pos *ret,
                              struct mr_error *err)
{
    return store->ops->pos_get(store, shard, ret, err);
}

enum mr_code mr_store_advance_send(struct mr_store *store, const struct mr_batch *batch,
                                   struct mr_error *err)
{
    enum mr_code rc = check_batch(batch, err);

    return rc ? rc : store->ops->advance_send(store, batch, err);
}

enum mr_code mr_store_advance_wait(struct mr_store *store, struct mr_error *err)
{
    return store->ops->advance_wait(store, err);
}

enum mr_code mr_store_load(struct mr_store *store, uint32_t shard, struct mr_job_load *jobs,
                           size_t n, struct mr_error *err)
{
    enum mr_code rc;

    for (size_t i = 0; i < n; i++) {
        jobs[i].has_row = jobs[i].has_run = false;
        jobs[i].status[0] = jobs[i].sum[0] = '\0';
        jobs[i].run = jobs[i].vals = (struct mr_buf){0};
    }
    rc = n == 0 ? MR_OK : store->ops->load(store, shard, jobs, n, err);
    for (size_t i = 0; rc && i < n; i++)
        mr_job_load_release(&jobs[i]);
    return rc;
}

enum mr_code mr_store_def_get(struct mr_store *store, uint32_t shard, const char *sha256,
                              struct mr_buf *ret, struct mr_error *err)
{
    return store->ops->def_get(store, shard, sha256, ret, err);
}

enum mr_code mr_store_outbox_each(struct mr_store *store, uint32_t shard, mr_pair_fn *each,
                                  void *ctx, struct mr_error *err)
{
    return store->ops->outbox_each(store, shard, each, ctx, err);
}

enum mr_code mr_store_timers_due(struct mr_store *store, uint32_t shard, int64_t now_ms, int max,
                                 mr_member_fn *each, void *ctx, int64_t *next_ms,
                                 struct mr_error *err)
{
    return store->ops->timers_due(store, shard, now_ms, max, each, ctx, next_ms, err);
}

enum mr_code mr_store_jobs_list(struct mr_store *store, uint32_t shard, const char *status,
                                int64_t before_ms, int skip, int max, mr_member_fn *each, void *ctx,
                                struct mr_error *err)
{
    if (skip < 0)
        return mr_fail(err, MR_INVALID, "skip: is %d, must not be negative", skip);
    if (max < 1 || max > MR_LIST_MAX)
        return mr_fail(err, MR_INVALID, "limit: is %d, must be 1..%d", max, MR_LIST_MAX);
    return store->ops->jobs_list(store, shard, status, before_ms, skip, max, each, ctx, err);
}

enum mr_code mr_store_row_get(struct mr_store *store, uint32_t shard, const char *job,
                              mr_pair_fn *each, void *ctx, struct mr_error *err)
{
    return store->ops->row_get(store, shard, job, each, ctx, err);
}

enum mr_code mr_store_tries(struct mr_store *store, uint32_t shard, const char *what,
                            int64_t offset, bool add, int64_t *ret, struct mr_error *err)
{
    return store->ops->tries(store, shard, what, offset, add, ret, err);
}

enum mr_code mr_store_lease(struct mr_store *store, const char *name, const char *owner,
                            int64_t ttl_ms, bool *ret_mine, struct mr_error *err)
{
    if (ttl_ms < 1)
        return mr_fail(err, MR_INVALID, "lease %s: is for %lld ms, must be at least 1", name,
                       (long long)ttl_ms);
    return store->ops->lease(store, name, owner, ttl_ms, ret_mine, err);
}

enum mr_code mr_store_lease_drop(struct mr_store *store, const char *name, const char *owner,
                                 struct mr_error *err)
{
    return store->ops->lease_drop(store, name, owner, err);
}

enum mr_code mr_store_beat(struct mr_store *store, const char *kind, const char *id,
                           const char *pairs, size_t pairs_len, int64_t ttl_ms,
                           struct mr_error *err)
{
    if (!pairs_valid(pairs, pairs_len) || ttl_ms < 1)
        return mr_fail(err, MR_INVALID, "beat %s %s: must have packed pairs and a time to live",
                       kind, id);
    return store->ops->beat(store, kind, id, pairs, pairs_len, ttl_ms, err);
}

enum mr_code mr_store_beats_each(struct mr_store *store, const char *kind, mr_pair_fn *each,
                                 void *ctx, struct mr_error *err)
{
    return store->ops->beats_each(store, kind, each, ctx, err);
}

enum mr_code mr_store_config_put(struct mr_store *store, const char *key, const char *value,
                                 size_t len, int64_t offset, struct mr_error *err)
{
    return store->ops->config_put(store, key, value, len, offset, err);
}

enum mr_code mr_store_config_get(struct mr_store *store, const char *key, struct mr_buf *ret,
                                 struct mr_error *err)
{
    return store->ops->config_get(store, key, ret, err);
}

enum mr_code mr_store_config_each(struct mr_store *store, const char *prefix, mr_pair_fn *each,
                                  void *ctx, struct mr_error *err)
{
    return store->ops->config_each(store, prefix, each, ctx, err);
}

enum mr_code mr_store_count(struct mr_store *store, int64_t minute, const char *const *names,
                            const int64_t *amounts, size_t n, struct mr_error *err)
{
    return n == 0 ? MR_OK : store->ops->count(store, minute, names, amounts, n, err);
}

void mr_store_free(struct mr_store *store)
{
    if (store)
        store->ops->free(store);
}
