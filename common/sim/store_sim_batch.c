/* store_sim_batch.c -- a batch on the twin: one write after another, as the port says. */
#include "common/sim/store_sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 256 };
#define CLOSED_KEEP_MS (8LL * 24 * 3600 * 1000)

static const char *key_text(char key[KEY_MAX], uint32_t shard, const char *word, const char *name,
                            size_t len)
{
    (void)snprintf(key, KEY_MAX, "mr:{%" PRIu32 "}:%s%.*s", shard, word, (int)len, name);
    return key;
}

static bool put_row(struct mr_sim_redis *redis, const char *key, const struct mr_batch_op *op)
{
    struct sim_key *row = sim_key_make(redis, key);
    const char *p = op->a, *end = op->a + op->a_len;

    while (p < end) {
        const char *value = p + strlen(p) + 1;

        if (!sim_field_put(row, p, strlen(p), value, strlen(value), 0))
            return false;
        p = value + strlen(value) + 1;
    }
    if (op->n > 0)
        row->expire_ms = op->n;
    return true;
}

static bool put_run(struct mr_sim_redis *redis, const char *key, const struct mr_batch_op *op)
{
    struct sim_key *run = sim_key_make(redis, key);

    if (!sim_field_put(run, "", 0, op->a, op->a_len, 0))
        return false;
    run->expire_ms = op->n;
    return true;
}

/* What is too old, or too much, leaves closed:<status>. */
static void trim_closed(struct mr_sim_redis *redis, const char *key, int64_t newest_ms)
{
    struct sim_key *closed = sim_key_find(redis, key);

    for (size_t i = closed ? closed->fields.count : 0; i-- > 0;) {
        const struct sim_field *field = sim_field_at(closed, i);
        bool last = closed->fields.count == 1;

        if (field->n <= newest_ms - CLOSED_KEEP_MS)
            sim_field_remove(redis, key, field->name.data, field->name.len);
        if (last)
            break; /* the key is gone with its last field, or has but one */
    }
}

static void set_expiry(struct mr_sim_redis *redis, const char *name, int64_t at_ms)
{
    struct sim_key *key = sim_key_find(redis, name);

    if (key)
        key->expire_ms = at_ms;
}

static bool place(struct mr_sim_redis *redis, uint32_t shard, const struct mr_batch_op *op)
{
    char open[KEY_MAX], closed[KEY_MAX], row[KEY_MAX];

    key_text(open, shard, "open", "", 0);
    key_text(closed, shard, "closed:", op->a, op->a_len);
    if (op->kind == MR_BATCH_CLOSED) {
        bool put = sim_field_put(sim_key_make(redis, closed), op->key, op->key_len, "", 0, op->n);

        sim_field_remove(redis, open, op->key, op->key_len);
        trim_closed(redis, closed, op->n);
        return put;
    }
    if (op->kind == MR_BATCH_REOPENED) {
        sim_field_remove(redis, closed, op->key, op->key_len);
        set_expiry(redis, key_text(row, shard, "job:", op->key, op->key_len), 0);
        set_expiry(redis, key_text(row, shard, "val:", op->key, op->key_len), 0);
    }
    return sim_field_put(sim_key_make(redis, open), op->key, op->key_len, "", 0, op->n);
}

static bool apply(struct mr_sim_redis *redis, uint32_t shard, const struct mr_batch_op *op)
{
    char key[KEY_MAX];

    switch (op->kind) {
    case MR_BATCH_ROW:
        return put_row(redis, key_text(key, shard, "job:", op->key, op->key_len), op);
    case MR_BATCH_RUN:
        if (op->n > 0)
            set_expiry(redis, key_text(key, shard, "val:", op->key, op->key_len), op->n);
        return put_run(redis, key_text(key, shard, "run:", op->key, op->key_len), op);
    case MR_BATCH_RUN_DEL:
        sim_key_remove(redis, key_text(key, shard, "run:", op->key, op->key_len));
        if (op->n != MR_RUN_DEL_NO_VALUES)
            sim_key_remove(redis, key_text(key, shard, "val:", op->key, op->key_len));
        return true;
    case MR_BATCH_VAL:
        return sim_field_put(
            sim_key_make(redis, key_text(key, shard, "val:", op->key, op->key_len)), op->b,
            op->b_len, op->a, op->a_len, 0);
    case MR_BATCH_VAL_DEL:
        sim_field_remove(redis, key_text(key, shard, "val:", op->key, op->key_len), op->b,
                         op->b_len);
        return true;
    case MR_BATCH_DEF:
        return sim_field_put(sim_key_make(redis, key_text(key, shard, "def", "", 0)), op->key,
                             op->key_len, op->a, op->a_len, 0);
    case MR_BATCH_OPEN:
    case MR_BATCH_CLOSED:
    case MR_BATCH_REOPENED:
        return place(redis, shard, op);
    case MR_BATCH_TIMER:
        return sim_field_put(sim_key_make(redis, key_text(key, shard, "timers", "", 0)), op->key,
                             op->key_len, "", 0, op->n);
    case MR_BATCH_TIMER_DEL:
        sim_field_remove(redis, key_text(key, shard, "timers", "", 0), op->key, op->key_len);
        return true;
    case MR_BATCH_OUT:
        return sim_field_put(sim_key_make(redis, key_text(key, shard, "outbox", "", 0)), op->key,
                             op->key_len, op->a, op->a_len, 0);
    case MR_BATCH_OUT_DEL:
        sim_field_remove(redis, key_text(key, shard, "outbox", "", 0), op->key, op->key_len);
        return true;
    case MR_BATCH_OP_KIND_COUNT:
        break;
    }
    return true;
}

static bool put_pos(struct mr_sim_redis *redis, const char *name, const struct mr_batch *batch)
{
    struct sim_key *pos = sim_key_make(redis, name);
    const char *log = batch->log_id ? batch->log_id : "";
    const char *last = batch->last_id ? batch->last_id : "";

    return sim_field_put(pos, "next", 4, "", 0, batch->next) &&
           sim_field_put(pos, "epoch", 5, "", 0, batch->epoch) &&
           sim_field_put(pos, "log", 3, log, strlen(log), 0) &&
           sim_field_put(pos, "last", 4, last, strlen(last), 0);
}

enum mr_code sim_store_apply(struct mr_sim_redis *redis, const struct mr_batch *batch,
                             struct mr_error *err)
{
    char name[KEY_MAX];
    struct sim_key *pos = sim_key_find(redis, key_text(name, batch->shard, "pos", "", 0));
    const struct sim_field *epoch = sim_field_find(pos, "epoch", 5);
    const struct sim_field *next = sim_field_find(pos, "next", 4);

    if (!pos && !batch->rebuild)
        return mr_fail(err, MR_NOT_FOUND, "shard: Redis holds no position");
    if (epoch && epoch->n > batch->epoch)
        return mr_fail(err, MR_FENCED, "shard: the owner with epoch %" PRId64 " has taken over",
                       epoch->n);
    if (next && next->n != batch->expect)
        return mr_fail(err, MR_CONFLICT,
                       "shard: the position is %" PRId64 ", not what was expected", next->n);
    for (size_t i = 0; i < batch->op_count; i++)
        if (!apply(redis, batch->shard, &batch->ops[i]))
            return mr_fail(err, MR_NO_MEMORY, "sim: no memory for a batch");
    return put_pos(redis, name, batch) ? MR_OK : mr_fail(err, MR_NO_MEMORY, "sim: no memory");
}
