/* store_redis_batch.c -- a batch becomes one call of shard_advance: few commands of many words.
 *
 * The ops of a batch take effect as if one after another.  What is sent keeps that: of several ops
 * about one thing only the last is sent, and what removes is sent before what sets, so that ops of
 * one kind can share a command.  A row's writes are all sent, in their order: they set different
 * fields. */
#include "common/adapters/store_redis.h"

#include "common/base/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Arguments of one command: Lua's unpack() has room for 8,000 on its stack. */
enum { COMMAND_WORDS_MAX = 3000 };
/* closed:<status> is for lists and dashboards: it stays bounded in time and length. */
#define CLOSED_KEEP_MS (8LL * 24 * 3600 * 1000)
enum { CLOSED_KEEP_MAX = 100000 };

enum { MARK_OVERTAKEN = 1, MARK_NO_EXPIRY = 2, MARK_SENT = 4 };

/* What an op is about; the last op about a thing decides. */
enum thing {
    THING_NONE,
    THING_RUN,
    THING_VAL,
    THING_RUN_GONE,
    THING_DEF,
    THING_PLACE,
    THING_TIMER,
    THING_OUT,
    THING_EXPIRY
};

static const enum thing things[MR_BATCH_OP_KIND_COUNT] = {
    [MR_BATCH_ROW] = THING_NONE,        [MR_BATCH_RUN] = THING_RUN,
    [MR_BATCH_RUN_DEL] = THING_RUN,     [MR_BATCH_VAL] = THING_VAL,
    [MR_BATCH_VAL_DEL] = THING_VAL,     [MR_BATCH_DEF] = THING_DEF,
    [MR_BATCH_OPEN] = THING_PLACE,      [MR_BATCH_CLOSED] = THING_PLACE,
    [MR_BATCH_REOPENED] = THING_PLACE,  [MR_BATCH_TIMER] = THING_TIMER,
    [MR_BATCH_TIMER_DEL] = THING_TIMER, [MR_BATCH_OUT] = THING_OUT,
    [MR_BATCH_OUT_DEL] = THING_OUT,
};

struct store_slot { /* of a hash set of things already decided by a later op */
    uint32_t hash;
    uint32_t op; /* number + 1; 0: free */
    enum thing thing;
};

struct plan {
    struct redis_store *redis;
    struct mr_redis_cmd *cmd;
    const struct mr_batch *batch;
    size_t start[MR_BATCH_OP_KIND_COUNT + 1]; /* of each kind in redis->order */
    char prefix[STORE_KEY_MAX];               /* "mr:{s}:" and a word */
    size_t prefix_len;                        /* of "mr:{s}:" */
};

/* ---- which ops count
 * -------------------------------------------------------------------------------- */

static enum mr_code make_room(struct redis_store *redis, size_t ops, struct mr_error *err)
{
    size_t slots = 64;
    void *grown;

    if (ops >= redis->op_cap) {
        grown = realloc(redis->order, (ops + 1) * sizeof *redis->order);
        if (!grown)
            goto fail;
        redis->order = grown;
        grown = realloc(redis->marks, (ops + 1) * sizeof *redis->marks);
        if (!grown)
            goto fail;
        redis->marks = grown;
        redis->op_cap = ops + 1;
    }
    while (slots < 4 * ops) /* a REOPENED or RUN_DEL decides two things */
        slots *= 2;
    if (slots > redis->slot_cap) {
        grown = realloc(redis->slots, slots * sizeof *redis->slots);
        if (!grown)
            goto fail;
        redis->slots = grown;
        redis->slot_cap = slots;
    }
    redis->slot_count = slots;
    memset(redis->marks, 0, ops);
    memset(redis->slots, 0, slots * sizeof *redis->slots);
    return MR_OK;
fail:
    return mr_fail(err, MR_NO_MEMORY, "redis: no memory for a batch of %zu writes", ops);
}

static bool same_thing(const struct mr_batch_op *a, const struct mr_batch_op *b, enum thing thing)
{
    if (a->key_len != b->key_len || memcmp(a->key, b->key, a->key_len) != 0)
        return false;
    return thing != THING_VAL || (a->b_len == b->b_len && memcmp(a->b, b->b, a->b_len) == 0);
}

/* Was this thing decided by a later op?  Where it was not and `decide` is set, op i now does. */
static bool decided(struct plan *plan, enum thing thing, uint32_t i, bool decide)
{
    struct redis_store *redis = plan->redis;
    const struct mr_batch_op *op = &plan->batch->ops[i];
    uint32_t hash = mr_murmur2(op->key, op->key_len) + (uint32_t)thing * 0x9e3779b9U;
    size_t at;

    if (thing == THING_VAL)
        hash ^= mr_murmur2(op->b, op->b_len) * 31;
    for (at = hash & (redis->slot_count - 1); redis->slots[at].op != 0;
         at = (at + 1) & (redis->slot_count - 1)) {
        const struct store_slot *slot = &redis->slots[at];

        if (slot->hash == hash && slot->thing == thing &&
            same_thing(&plan->batch->ops[slot->op - 1], op, thing))
            return true;
    }
    if (decide)
        redis->slots[at] = (struct store_slot){hash, i + 1, thing};
    return false;
}

/* From the last op to the first: what a later one decides is marked. */
static void mark_overtaken(struct plan *plan)
{
    const struct mr_batch *batch = plan->batch;
    uint8_t *marks = plan->redis->marks;
    bool vals = false, reopened = false;

    for (size_t i = 0; i < batch->op_count; i++) {
        vals |= batch->ops[i].kind == MR_BATCH_VAL || batch->ops[i].kind == MR_BATCH_VAL_DEL;
        reopened |= batch->ops[i].kind == MR_BATCH_REOPENED;
    }
    for (uint32_t i = (uint32_t)batch->op_count; i-- > 0;) {
        const struct mr_batch_op *op = &batch->ops[i];
        enum thing thing = things[op->kind];

        if (thing != THING_NONE && decided(plan, thing, i, true))
            marks[i] |= MARK_OVERTAKEN;
        if (vals && op->kind == MR_BATCH_RUN_DEL)
            (void)decided(plan, THING_RUN_GONE, i, true);
        if (thing == THING_VAL && decided(plan, THING_RUN_GONE, i, false))
            marks[i] |= MARK_OVERTAKEN;
        if (reopened && op->kind == MR_BATCH_REOPENED)
            (void)decided(plan, THING_EXPIRY, i, true);
        if (reopened && op->kind == MR_BATCH_ROW && op->n > 0 &&
            decided(plan, THING_EXPIRY, i, false))
            marks[i] |= MARK_NO_EXPIRY;
    }
}

/* Op numbers kind by kind, in their order. */
static void sort_by_kind(struct plan *plan)
{
    const struct mr_batch *batch = plan->batch;
    size_t at[MR_BATCH_OP_KIND_COUNT] = {0}, sum = 0;

    for (size_t i = 0; i < batch->op_count; i++)
        at[batch->ops[i].kind]++;
    for (int kind = 0; kind < MR_BATCH_OP_KIND_COUNT; kind++) {
        size_t count = at[kind];

        plan->start[kind] = at[kind] = sum;
        sum += count;
    }
    plan->start[MR_BATCH_OP_KIND_COUNT] = sum;
    for (size_t i = 0; i < batch->op_count; i++)
        plan->redis->order[at[batch->ops[i].kind]++] = (uint32_t)i;
}

/* ---- words
 * --------------------------------------------------------------------------------------------- */

/* "mr:{s}:" and word, lent until the next call. */
static const char *key_of(struct plan *plan, const char *word)
{
    (void)snprintf(plan->prefix + plan->prefix_len, sizeof plan->prefix - plan->prefix_len, "%s",
                   word);
    return plan->prefix;
}

typedef void words_fn(struct plan *plan, const struct mr_batch_op *op);

static void words_key(struct plan *plan, const struct mr_batch_op *op)
{
    mr_redis_cmd_add(plan->cmd, op->key, op->key_len);
}

static void words_key_a(struct plan *plan, const struct mr_batch_op *op)
{
    mr_redis_cmd_add(plan->cmd, op->key, op->key_len);
    mr_redis_cmd_add(plan->cmd, op->a, op->a_len);
}

static void words_n_key(struct plan *plan, const struct mr_batch_op *op)
{
    mr_redis_cmd_int(plan->cmd, op->n);
    mr_redis_cmd_add(plan->cmd, op->key, op->key_len);
}

static void words_run(struct plan *plan, const struct mr_batch_op *op)
{
    mr_redis_cmd_join(plan->cmd, key_of(plan, "run:"), op->key, op->key_len);
    mr_redis_cmd_add(plan->cmd, op->a, op->a_len);
}

static void words_run_key(struct plan *plan, const struct mr_batch_op *op)
{
    mr_redis_cmd_join(plan->cmd, key_of(plan, "run:"), op->key, op->key_len);
}

static void words_val_key(struct plan *plan, const struct mr_batch_op *op)
{
    mr_redis_cmd_join(plan->cmd, key_of(plan, "val:"), op->key, op->key_len);
}

/* ---- commands of many ops
 * -------------------------------------------------------------------------------- */

struct shape { /* a command that takes any number of ops */
    const char *command;
    const char *key; /* behind "mr:{s}:"; NULL: the words are keys themselves */
    size_t words;    /* an op */
    words_fn *add;
};

/* The chosen ops of one kind, in as few commands as their length allows. */
static void send_shared(struct plan *plan, const struct shape *shape, const uint32_t *chosen,
                        size_t count)
{
    const size_t each_max = COMMAND_WORDS_MAX / shape->words;

    while (count > 0) {
        size_t n = count < each_max ? count : each_max;

        mr_redis_cmd_int(plan->cmd, (int64_t)(1 + (shape->key ? 1 : 0) + n * shape->words));
        mr_redis_cmd_str(plan->cmd, shape->command);
        if (shape->key)
            mr_redis_cmd_str(plan->cmd, key_of(plan, shape->key));
        for (size_t i = 0; i < n; i++)
            shape->add(plan, &plan->batch->ops[chosen[i]]);
        chosen += n;
        count -= n;
    }
}

/* Takes the overtaken out of one kind's part of the order; returns how many are left. */
static size_t keep_last(struct plan *plan, enum mr_batch_op_kind kind)
{
    uint32_t *part = plan->redis->order + plan->start[kind];
    size_t count = plan->start[kind + 1] - plan->start[kind], kept = 0;

    for (size_t i = 0; i < count; i++)
        if (!(plan->redis->marks[part[i]] & MARK_OVERTAKEN))
            part[kept++] = part[i];
    return kept;
}

static void send_kind(struct plan *plan, enum mr_batch_op_kind kind, const struct shape *shape)
{
    send_shared(plan, shape, plan->redis->order + plan->start[kind], keep_last(plan, kind));
}

/* ---- commands of one op
 * ------------------------------------------------------------------------------------ */

static void send_row(struct plan *plan, const struct mr_batch_op *op, bool expires)
{
    const char *at = op->a, *end = op->a + op->a_len;
    int64_t words = 0;

    for (const char *p = at; p < end; p++) {
        p = memchr(p, '\0', (size_t)(end - p));
        words++;
    }
    mr_redis_cmd_int(plan->cmd, words + 2);
    mr_redis_cmd_str(plan->cmd, "HSET");
    mr_redis_cmd_join(plan->cmd, key_of(plan, "job:"), op->key, op->key_len);
    while (at < end) {
        size_t len = strlen(at);

        mr_redis_cmd_add(plan->cmd, at, len);
        at += len + 1;
    }
    if (!expires)
        return;
    mr_redis_cmd_int(plan->cmd, 3);
    mr_redis_cmd_str(plan->cmd, "PEXPIREAT");
    mr_redis_cmd_join(plan->cmd, key_of(plan, "job:"), op->key, op->key_len);
    mr_redis_cmd_int(plan->cmd, op->n);
}

static void send_rows(struct plan *plan)
{
    for (size_t i = plan->start[MR_BATCH_ROW]; i < plan->start[MR_BATCH_ROW + 1]; i++) {
        uint32_t number = plan->redis->order[i];
        const struct mr_batch_op *op = &plan->batch->ops[number];

        send_row(plan, op, op->n > 0 && !(plan->redis->marks[number] & MARK_NO_EXPIRY));
    }
}

static void send_runs(struct plan *plan)
{
    static const struct shape mset = {"MSET", NULL, 2, words_run};
    uint32_t *part = plan->redis->order + plan->start[MR_BATCH_RUN];
    size_t count = keep_last(plan, MR_BATCH_RUN), forever = 0;

    for (size_t i = 0; i < count; i++) {
        const struct mr_batch_op *op = &plan->batch->ops[part[i]];

        if (op->n == 0) {
            part[forever++] = part[i];
            continue;
        }
        mr_redis_cmd_int(plan->cmd, 5);
        mr_redis_cmd_str(plan->cmd, "SET");
        words_run(plan, op);
        mr_redis_cmd_str(plan->cmd, "PXAT");
        mr_redis_cmd_int(plan->cmd, op->n);
    }
    send_shared(plan, &mset, part, forever);
}

/* A key that is looked for and not there costs as much as one that is: a job without values says
 * so. */
static void send_runs_gone(struct plan *plan)
{
    static const struct shape runs = {"UNLINK", NULL, 1, words_run_key};
    static const struct shape vals = {"UNLINK", NULL, 1, words_val_key};
    uint32_t *part = plan->redis->order + plan->start[MR_BATCH_RUN_DEL];
    size_t count = plan->start[MR_BATCH_RUN_DEL + 1] - plan->start[MR_BATCH_RUN_DEL], with = 0;

    send_shared(plan, &runs, part, count);
    for (size_t i = 0; i < count; i++)
        if (plan->batch->ops[part[i]].n != MR_RUN_DEL_NO_VALUES)
            part[with++] = part[i];
    send_shared(plan, &vals, part, with);
}

static void send_vals(struct plan *plan, enum mr_batch_op_kind kind)
{
    uint32_t *part = plan->redis->order + plan->start[kind];
    size_t count = keep_last(plan, kind);

    for (size_t i = 0; i < count; i++) {
        const struct mr_batch_op *op = &plan->batch->ops[part[i]];

        mr_redis_cmd_int(plan->cmd, kind == MR_BATCH_VAL ? 4 : 3);
        mr_redis_cmd_str(plan->cmd, kind == MR_BATCH_VAL ? "HSET" : "HDEL");
        mr_redis_cmd_join(plan->cmd, key_of(plan, "val:"), op->key, op->key_len);
        mr_redis_cmd_add(plan->cmd, op->b, op->b_len);
        if (kind == MR_BATCH_VAL)
            mr_redis_cmd_add(plan->cmd, op->a, op->a_len);
    }
}

/* A closed job's values go when its machine state goes. After the values themselves are there. */
static void send_vals_expiry(struct plan *plan)
{
    for (size_t i = 0; i < plan->batch->op_count; i++) {
        const struct mr_batch_op *op = &plan->batch->ops[i];

        if (op->kind != MR_BATCH_RUN || op->n == 0)
            continue;
        mr_redis_cmd_int(plan->cmd, 3);
        mr_redis_cmd_str(plan->cmd, "PEXPIREAT");
        mr_redis_cmd_join(plan->cmd, key_of(plan, "val:"), op->key, op->key_len);
        mr_redis_cmd_int(plan->cmd, op->n);
    }
}

/* ---- where jobs stand: open, closed:<status>
 * ------------------------------------------------------------------ */

static void add_status_key(struct plan *plan, const struct mr_batch_op *op)
{
    mr_redis_cmd_join(plan->cmd, key_of(plan, "closed:"), op->a, op->a_len);
}

/* A job that is open again leaves closed:<status>, whatever becomes of it later in the batch, and
 * its row and its values no longer expire. */
static void send_reopened(struct plan *plan)
{
    for (size_t i = plan->start[MR_BATCH_REOPENED]; i < plan->start[MR_BATCH_REOPENED + 1]; i++) {
        const struct mr_batch_op *op = &plan->batch->ops[plan->redis->order[i]];

        mr_redis_cmd_int(plan->cmd, 3);
        mr_redis_cmd_str(plan->cmd, "ZREM");
        add_status_key(plan, op);
        words_key(plan, op);
        mr_redis_cmd_int(plan->cmd, 2);
        mr_redis_cmd_str(plan->cmd, "PERSIST");
        mr_redis_cmd_join(plan->cmd, key_of(plan, "job:"), op->key, op->key_len);
        mr_redis_cmd_int(plan->cmd, 2);
        mr_redis_cmd_str(plan->cmd, "PERSIST");
        mr_redis_cmd_join(plan->cmd, key_of(plan, "val:"), op->key, op->key_len);
    }
}

/* What is too old, or too much, leaves closed:<status>. */
static void send_trim(struct plan *plan, const struct mr_batch_op *op, int64_t newest_ms)
{
    mr_redis_cmd_int(plan->cmd, 4);
    mr_redis_cmd_str(plan->cmd, "ZREMRANGEBYSCORE");
    add_status_key(plan, op);
    mr_redis_cmd_str(plan->cmd, "-inf");
    mr_redis_cmd_int(plan->cmd, newest_ms - CLOSED_KEEP_MS);
    mr_redis_cmd_int(plan->cmd, 4);
    mr_redis_cmd_str(plan->cmd, "ZREMRANGEBYRANK");
    add_status_key(plan, op);
    mr_redis_cmd_int(plan->cmd, 0);
    mr_redis_cmd_int(plan->cmd, -(int64_t)CLOSED_KEEP_MAX - 1);
}

/* The jobs that enter one closed:<status>, from chosen[0]'s on; marks those it sent. */
static void send_closed_of(struct plan *plan, const uint32_t *chosen, size_t count)
{
    const struct mr_batch_op *like = &plan->batch->ops[chosen[0]];
    int64_t newest_ms = like->n;
    size_t i = 0;

    while (i < count) {
        size_t stop = i, members = 0;

        for (; stop < count && members < COMMAND_WORDS_MAX / 2; stop++) {
            const struct mr_batch_op *op = &plan->batch->ops[chosen[stop]];

            members += op->a_len == like->a_len && memcmp(op->a, like->a, op->a_len) == 0;
        }
        if (members == 0)
            break;
        mr_redis_cmd_int(plan->cmd, 2 + 2 * (int64_t)members);
        mr_redis_cmd_str(plan->cmd, "ZADD");
        add_status_key(plan, like);
        for (; i < stop; i++) {
            const struct mr_batch_op *op = &plan->batch->ops[chosen[i]];

            if (op->a_len != like->a_len || memcmp(op->a, like->a, op->a_len) != 0)
                continue;
            words_n_key(plan, op);
            plan->redis->marks[chosen[i]] |= MARK_SENT;
            newest_ms = op->n > newest_ms ? op->n : newest_ms;
        }
    }
    send_trim(plan, like, newest_ms);
}

static void send_places(struct plan *plan)
{
    static const struct shape leave = {"ZREM", "open", 1, words_key};
    static const struct shape enter = {"ZADD", "open", 2, words_n_key};
    uint32_t *closed = plan->redis->order + plan->start[MR_BATCH_CLOSED];
    size_t count = keep_last(plan, MR_BATCH_CLOSED);

    send_shared(plan, &leave, closed, count);
    for (size_t i = 0; i < count; i++)
        if (!(plan->redis->marks[closed[i]] & MARK_SENT))
            send_closed_of(plan, closed + i, count - i);
    send_kind(plan, MR_BATCH_OPEN, &enter);
    send_kind(plan, MR_BATCH_REOPENED, &enter);
}

/* ---- the whole
 * ----------------------------------------------------------------------------------------------------
 */

static void send_head(struct plan *plan)
{
    const struct mr_batch *batch = plan->batch;

    mr_redis_cmd_fcall(plan->cmd, "shard_advance", 1);
    mr_redis_cmd_str(plan->cmd, key_of(plan, "pos"));
    mr_redis_cmd_int(plan->cmd, batch->epoch);
    mr_redis_cmd_int(plan->cmd, batch->expect);
    mr_redis_cmd_int(plan->cmd, batch->next);
    mr_redis_cmd_int(plan->cmd, batch->rebuild ? 1 : 0);
    mr_redis_cmd_str(plan->cmd, batch->log_id ? batch->log_id : "");
    mr_redis_cmd_str(plan->cmd, batch->last_id ? batch->last_id : "");
}

enum mr_code redis_store_batch(struct redis_store *redis, const struct mr_batch *batch,
                               struct mr_error *err)
{
    static const struct shape def = {"HSET", "def", 2, words_key_a};
    static const struct shape timer = {"ZADD", "timers", 2, words_n_key};
    static const struct shape timer_del = {"ZREM", "timers", 1, words_key};
    static const struct shape out = {"HSET", "outbox", 2, words_key_a};
    static const struct shape out_del = {"HDEL", "outbox", 1, words_key};
    struct plan plan = {.redis = redis, .cmd = &redis->cmd, .batch = batch};
    enum mr_code rc = make_room(redis, batch->op_count, err);

    if (rc)
        return rc;
    plan.prefix_len =
        (size_t)snprintf(plan.prefix, sizeof plan.prefix, "mr:{%u}:", (unsigned)batch->shard);
    mark_overtaken(&plan);
    sort_by_kind(&plan);
    send_head(&plan);
    send_reopened(&plan);
    send_rows(&plan);
    send_runs_gone(&plan);
    send_runs(&plan);
    send_vals(&plan, MR_BATCH_VAL_DEL);
    send_vals(&plan, MR_BATCH_VAL);
    send_vals_expiry(&plan);
    send_kind(&plan, MR_BATCH_DEF, &def);
    send_places(&plan);
    send_kind(&plan, MR_BATCH_TIMER_DEL, &timer_del);
    send_kind(&plan, MR_BATCH_TIMER, &timer);
    send_kind(&plan, MR_BATCH_OUT_DEL, &out_del);
    send_kind(&plan, MR_BATCH_OUT, &out);
    return MR_OK;
}

void redis_store_batch_release(struct redis_store *redis)
{
    free(redis->slots);
    free(redis->order);
    free(redis->marks);
    redis->slots = NULL;
    redis->order = NULL;
    redis->marks = NULL;
    redis->op_cap = redis->slot_cap = 0;
}
