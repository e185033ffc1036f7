/* store_sim.c -- the twin of store_redis.c: the same promises, on a keyspace in this process. Every
 * call is a port call that can be made to fail; a batch's call is its send, and its wait tells. */
#include "common/sim/store_sim.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 256, UNDER_WAY_MAX = 64 };
#define PROGRESS_TTL_MS (3600LL * 1000)
#define COUNTERS_TTL_MS (2LL * 24 * 3600 * 1000)

struct sim_store {
    struct mr_store store;
    struct mr_sim_redis *redis;
    struct mr_error outcomes[UNDER_WAY_MAX]; /* a ring */
    size_t first, count;
    bool lost; /* a batch under way was lost: none is applied until all have been waited for */
};

static struct mr_sim_redis *redis_of(struct mr_store *store)
{
    return ((struct sim_store *)store)->redis;
}

/* Begins a port call: the code it fails with before anything is done. */
static enum mr_code enter(struct mr_store *store, struct mr_error *err)
{
    struct mr_sim_world *world = redis_of(store)->world;

    mr_sim_call(world);
    if (mr_sim_fails(world, MR_SIM_BEFORE))
        return mr_fail(err, MR_UNAVAILABLE, "sim: call %" PRIu64 " fails before", world->calls);
    return MR_OK;
}

/* Ends one that came to rc: its answer may be lost. */
static enum mr_code leave(struct mr_store *store, enum mr_code rc, struct mr_error *err)
{
    struct mr_sim_world *world = redis_of(store)->world;

    if (mr_sim_fails(world, MR_SIM_AFTER))
        return mr_fail(err, MR_UNAVAILABLE, "sim: call %" PRIu64 " fails after", world->calls);
    return rc;
}

static enum mr_code no_memory(struct mr_error *err)
{
    return mr_fail(err, MR_NO_MEMORY, "sim: no memory");
}

static const char *shard_key(char key[KEY_MAX], uint32_t shard, const char *word, const char *name)
{
    (void)snprintf(key, KEY_MAX, "mr:{%" PRIu32 "}:%s%s", shard, word, name);
    return key;
}

/* ---- positions and batches ---------------------------------------------------------------------------- */

static void copy_text(char *ret, size_t size, const struct sim_field *field)
{
    ret[0] = '\0';
    if (field && field->value.data && field->value.len < size)
        memcpy(ret, field->value.data, field->value.len + 1);
}

static enum mr_code pos_get(struct mr_store *store, uint32_t shard, struct mr_pos *ret,
                            struct mr_error *err)
{
    char name[KEY_MAX];
    struct sim_key *pos;
    enum mr_code rc = enter(store, err);

    if (!rc)
        rc = leave(store, MR_OK, err);
    if (rc)
        return rc;
    *ret = (struct mr_pos){.epoch = -1};
    pos = sim_key_find(redis_of(store), shard_key(name, shard, "pos", ""));
    if (!pos)
        return MR_OK;
    ret->present = true;
    ret->next = sim_field_find(pos, "next", 4)->n;
    ret->epoch = sim_field_find(pos, "epoch", 5)->n;
    copy_text(ret->log_id, sizeof ret->log_id, sim_field_find(pos, "log", 3));
    copy_text(ret->last_id, sizeof ret->last_id, sim_field_find(pos, "last", 4));
    return MR_OK;
}

static enum mr_code advance_send(struct mr_store *store, const struct mr_batch *batch,
                                 struct mr_error *err)
{
    struct sim_store *sim = (struct sim_store *)store;
    struct mr_error *outcome;
    enum mr_code rc;

    if (sim->count == UNDER_WAY_MAX)
        return mr_fail(err, MR_BUSY, "sim: %d batches are under way", UNDER_WAY_MAX);
    outcome = &sim->outcomes[(sim->first + sim->count++) % UNDER_WAY_MAX];
    *outcome = (struct mr_error){.code = MR_OK};
    if (sim->lost) {
        outcome->code = mr_fail(outcome, MR_UNAVAILABLE, "sim: the connection was lost before");
        return MR_OK;
    }
    rc = enter(store, outcome);
    if (!rc)
        rc = leave(store, sim_store_apply(sim->redis, batch, outcome), outcome);
    outcome->code = rc;
    sim->lost = rc == MR_UNAVAILABLE;
    return MR_OK;
}

static enum mr_code advance_wait(struct mr_store *store, struct mr_error *err)
{
    struct sim_store *sim = (struct sim_store *)store;
    const struct mr_error *outcome;

    if (sim->count == 0)
        return mr_fail(err, MR_INTERNAL, "sim: no batch is under way");
    outcome = &sim->outcomes[sim->first];
    sim->first = (sim->first + 1) % UNDER_WAY_MAX;
    if (--sim->count == 0)
        sim->lost = false;
    if (outcome->code && err)
        *err = *outcome;
    return outcome->code;
}

/* ---- reads ------------------------------------------------------------------------------------------------ */

static enum mr_code load_one(struct mr_sim_redis *redis, uint32_t shard, struct mr_job_load *job,
                             struct mr_error *err)
{
    char name[KEY_MAX];
    const struct sim_key *row = sim_key_find(redis, shard_key(name, shard, "job:", job->job));
    const struct sim_key *key;
    const struct sim_field *field;

    job->has_row = sim_field_find(row, "status", 6) != NULL;
    copy_text(job->status, sizeof job->status, sim_field_find(row, "status", 6));
    copy_text(job->sum, sizeof job->sum, sim_field_find(row, "sum", 3));
    if (!job->want_run)
        return MR_OK;
    key = sim_key_find(redis, shard_key(name, shard, "run:", job->job));
    field = sim_field_find(key, "", 0);
    job->has_run = field != NULL;
    if (field && mr_buf_add(&job->run, field->value.data, field->value.len))
        return no_memory(err);
    key = sim_key_find(redis, shard_key(name, shard, "val:", job->job));
    for (size_t i = 0; key && i < key->fields.count; i++) {
        field = sim_field_at(key, i);
        mr_buf_add(&job->vals, field->name.data, field->name.len);
        mr_buf_add_char(&job->vals, '\0');
        mr_buf_addf(&job->vals, "%zu", field->value.len);
        mr_buf_add_char(&job->vals, '\0');
        mr_buf_add(&job->vals, field->value.data, field->value.len);
    }
    return job->vals.failed ? no_memory(err) : MR_OK;
}

static enum mr_code load(struct mr_store *store, uint32_t shard, struct mr_job_load *jobs, size_t n,
                         struct mr_error *err)
{
    enum mr_code rc = enter(store, err);

    for (size_t i = 0; i < n && !rc; i++)
        rc = load_one(redis_of(store), shard, &jobs[i], err);
    return rc ? rc : leave(store, MR_OK, err);
}

/* Appends the bytes of one field. */
static enum mr_code field_get(struct mr_store *store, const char *key, const char *name,
                              struct mr_buf *ret, struct mr_error *err)
{
    const struct sim_field *field;
    enum mr_code rc = enter(store, err);

    if (!rc)
        rc = leave(store, MR_OK, err);
    if (rc)
        return rc;
    field = sim_field_find(sim_key_find(redis_of(store), key), name, strlen(name));
    if (!field)
        return mr_fail(err, MR_NOT_FOUND, "%s: no %s in it", key, name);
    return mr_buf_add(ret, field->value.data, field->value.len) ? no_memory(err) : MR_OK;
}

static enum mr_code def_get(struct mr_store *store, uint32_t shard, const char *sha256,
                            struct mr_buf *ret, struct mr_error *err)
{
    char name[KEY_MAX];

    return field_get(store, shard_key(name, shard, "def", ""), sha256, ret, err);
}

/* Gives each field whose name begins with prefix; *ret_count: how many. */
static enum mr_code fields_each(struct mr_store *store, const char *name, const char *prefix,
                                mr_pair_fn *each, void *ctx, size_t *ret_count,
                                struct mr_error *err)
{
    const struct sim_key *key;
    enum mr_code rc = enter(store, err);

    if (!rc)
        rc = leave(store, MR_OK, err);
    if (rc)
        return rc;
    *ret_count = 0;
    key = sim_key_find(redis_of(store), name);
    for (size_t i = 0; key && i < key->fields.count; i++) {
        const struct sim_field *field = sim_field_at(key, i);

        if (strncmp(field->name.data, prefix, strlen(prefix)) != 0)
            continue;
        each(ctx, field->name.data, field->value.data ? field->value.data : "", field->value.len);
        ++*ret_count;
    }
    return MR_OK;
}

static enum mr_code outbox_each(struct mr_store *store, uint32_t shard, mr_pair_fn *each, void *ctx,
                                struct mr_error *err)
{
    char name[KEY_MAX];
    size_t count;

    return fields_each(store, shard_key(name, shard, "outbox", ""), "", each, ctx, &count, err);
}

static enum mr_code row_get(struct mr_store *store, uint32_t shard, const char *job,
                            mr_pair_fn *each, void *ctx, struct mr_error *err)
{
    char name[KEY_MAX];
    size_t count = 0;
    enum mr_code rc =
        fields_each(store, shard_key(name, shard, "job:", job), "", each, ctx, &count, err);

    if (!rc && count == 0)
        rc = mr_fail(err, MR_NOT_FOUND, "job %s: no such job", job);
    return rc;
}

static int by_n(const void *a, const void *b)
{
    const struct sim_field *x = *(struct sim_field *const *)a, *y = *(struct sim_field *const *)b;

    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return strcmp(x->name.data, y->name.data);
}

/* The fields of a key in the order of their numbers; NULL with *ret_count 0 where there are none. */
static enum mr_code sorted(struct mr_sim_redis *redis, const char *name, struct sim_field ***ret,
                           size_t *ret_count, struct mr_error *err)
{
    const struct sim_key *key = sim_key_find(redis, name);

    *ret = NULL;
    *ret_count = key ? key->fields.count : 0;
    if (*ret_count == 0)
        return MR_OK;
    *ret = malloc(*ret_count * sizeof **ret);
    if (!*ret)
        return no_memory(err);
    for (size_t i = 0; i < *ret_count; i++)
        (*ret)[i] = sim_field_at(key, i);
    qsort(*ret, *ret_count, sizeof **ret, by_n);
    return MR_OK;
}

static enum mr_code timers_due(struct mr_store *store, uint32_t shard, int64_t now_ms, int max,
                               mr_member_fn *each, void *ctx, int64_t *next_ms,
                               struct mr_error *err)
{
    struct sim_field **fields = NULL;
    char name[KEY_MAX];
    size_t count = 0, i = 0;
    enum mr_code rc = enter(store, err);

    if (!rc)
        rc = leave(store, MR_OK, err);
    if (!rc)
        rc = sorted(redis_of(store), shard_key(name, shard, "timers", ""), &fields, &count, err);
    if (rc)
        return rc;
    for (; i < count && (int64_t)i < max && fields[i]->n <= now_ms; i++)
        each(ctx, fields[i]->name.data, fields[i]->n);
    *next_ms = i < count ? fields[i]->n : INT64_MAX;
    free(fields);
    return MR_OK;
}

static enum mr_code jobs_list(struct mr_store *store, uint32_t shard, const char *status,
                              int64_t before_ms, int max, mr_member_fn *each, void *ctx,
                              struct mr_error *err)
{
    const bool open = strcmp(status, "OPEN") == 0;
    struct sim_field **fields = NULL;
    char name[KEY_MAX];
    size_t count = 0;
    int given = 0;
    enum mr_code rc = enter(store, err);

    if (!rc)
        rc = leave(store, MR_OK, err);
    if (!rc)
        rc = sorted(redis_of(store),
                    shard_key(name, shard, open ? "open" : "closed:", open ? "" : status), &fields,
                    &count, err);
    if (rc)
        return rc;
    for (size_t i = count; i-- > 0 && given < max;) {
        if (before_ms != INT64_MAX && fields[i]->n >= before_ms)
            continue;
        each(ctx, fields[i]->name.data, fields[i]->n);
        given++;
    }
    free(fields);
    return MR_OK;
}

/* ---- what is no shard's own ----------------------------------------------------------------------------- */

static enum mr_code check(struct mr_store *store, bool durable, uint32_t shards,
                          struct mr_error *err)
{
    struct sim_key *meta;
    struct sim_field *field;
    enum mr_code rc = enter(store, err);

    (void)durable;
    if (rc)
        return rc;
    meta = sim_key_make(redis_of(store), "mr:meta");
    field = sim_field_find(meta, "shards", 6);
    if (!field && !sim_field_put(meta, "shards", 6, "", 0, shards))
        rc = no_memory(err);
    else if (field && field->n != shards)
        rc = mr_fail(err, MR_INVALID, "redis: mr:meta says shards %" PRId64 ", not %" PRIu32,
                     field->n, shards);
    return leave(store, rc, err);
}

static enum mr_code lease(struct mr_store *store, const char *name, const char *owner,
                          int64_t ttl_ms, bool *ret_mine, struct mr_error *err)
{
    struct mr_sim_redis *redis = redis_of(store);
    const struct sim_field *field;
    char key[KEY_MAX];
    bool mine;
    enum mr_code rc = enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(key, sizeof key, "mr:lease:%s", name);
    field = sim_field_find(sim_key_find(redis, key), "", 0);
    mine = !field || strcmp(field->value.data, owner) == 0;
    if (mine && !sim_field_put(sim_key_make(redis, key), "", 0, owner, strlen(owner), 0))
        return no_memory(err);
    if (mine)
        sim_key_find(redis, key)->expire_ms = redis->world->now_ms + ttl_ms;
    rc = leave(store, MR_OK, err);
    if (!rc)
        *ret_mine = mine;
    return rc;
}

static enum mr_code lease_drop(struct mr_store *store, const char *name, const char *owner,
                               struct mr_error *err)
{
    const struct sim_field *field;
    char key[KEY_MAX];
    enum mr_code rc = enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(key, sizeof key, "mr:lease:%s", name);
    field = sim_field_find(sim_key_find(redis_of(store), key), "", 0);
    if (field && strcmp(field->value.data, owner) == 0)
        sim_key_remove(redis_of(store), key);
    return leave(store, MR_OK, err);
}

static enum mr_code beat(struct mr_store *store, const char *kind, const char *id,
                         const char *pairs, size_t pairs_len, int64_t ttl_ms, struct mr_error *err)
{
    struct mr_sim_redis *redis = redis_of(store);
    struct sim_key *row;
    char key[KEY_MAX];
    enum mr_code rc = enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(key, sizeof key, "mr:%s:%s", kind, id);
    sim_key_remove(redis, key);
    row = sim_key_make(redis, key);
    for (const char *p = pairs; p < pairs + pairs_len;) {
        const char *value = p + strlen(p) + 1;

        if (!sim_field_put(row, p, strlen(p), value, strlen(value), 0))
            return no_memory(err);
        p = value + strlen(value) + 1;
    }
    row->expire_ms = redis->world->now_ms + ttl_ms;
    return leave(store, MR_OK, err);
}

static enum mr_code each_beat(const struct sim_key *key, const char *id, mr_pair_fn *each,
                              void *ctx, struct mr_error *err)
{
    struct mr_buf json = {0};
    struct mr_jw w;

    mr_jw_begin(&w, &json);
    mr_jw_open(&w, NULL, '{');
    for (size_t i = 0; i < key->fields.count; i++) {
        const struct sim_field *field = sim_field_at(key, i);

        mr_jw_str(&w, field->name.data, field->value.data ? field->value.data : "");
    }
    mr_jw_close(&w, '}');
    if (json.failed) {
        mr_buf_release(&json);
        return no_memory(err);
    }
    each(ctx, id, json.data, json.len);
    mr_buf_release(&json);
    return MR_OK;
}

static enum mr_code beats_each(struct mr_store *store, const char *kind, mr_pair_fn *each,
                               void *ctx, struct mr_error *err)
{
    struct mr_sim_redis *redis = redis_of(store);
    char prefix[KEY_MAX];
    size_t len;
    enum mr_code rc = enter(store, err);

    len = (size_t)snprintf(prefix, sizeof prefix, "mr:%s:", kind);
    for (size_t i = 0; i < redis->keys.count && !rc; i++) {
        const struct sim_key *key = redis->keys.items[i];

        if (strncmp(key->name.data, prefix, len) == 0 && key->expire_ms > redis->world->now_ms)
            rc = each_beat(key, key->name.data + len, each, ctx, err);
    }
    return rc ? rc : leave(store, MR_OK, err);
}

static enum mr_code config_put(struct mr_store *store, const char *key, const char *value,
                               size_t len, int64_t offset, struct mr_error *err)
{
    struct mr_sim_redis *redis = redis_of(store);
    const struct sim_field *at;
    bool put = true;
    enum mr_code rc = enter(store, err);

    if (rc)
        return rc;
    at = sim_field_find(sim_key_find(redis, "mr:config:at"), key, strlen(key));
    if (at && at->n > offset)
        return leave(store, MR_OK, err);
    put = sim_field_put(sim_key_make(redis, "mr:config:at"), key, strlen(key), "", 0, offset);
    if (put && value)
        put = sim_field_put(sim_key_make(redis, "mr:config"), key, strlen(key), value, len, 0);
    else
        sim_field_remove(redis, "mr:config", key, strlen(key));
    return put ? leave(store, MR_OK, err) : no_memory(err);
}

static enum mr_code config_get(struct mr_store *store, const char *key, struct mr_buf *ret,
                               struct mr_error *err)
{
    return field_get(store, "mr:config", key, ret, err);
}

static enum mr_code config_each(struct mr_store *store, const char *prefix, mr_pair_fn *each,
                                void *ctx, struct mr_error *err)
{
    size_t count;

    return fields_each(store, "mr:config", prefix, each, ctx, &count, err);
}

static enum mr_code progress(struct mr_store *store, uint32_t shard, const char *job,
                             const char *step, int percent, struct mr_error *err)
{
    struct mr_sim_redis *redis = redis_of(store);
    char name[KEY_MAX], text[16];
    struct sim_key *key;
    enum mr_code rc = enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(text, sizeof text, "%d", percent);
    key = sim_key_make(redis, shard_key(name, shard, "progress:", job));
    if (!sim_field_put(key, step, strlen(step), text, strlen(text), percent))
        return no_memory(err);
    key->expire_ms = redis->world->now_ms + PROGRESS_TTL_MS;
    return leave(store, MR_OK, err);
}

static enum mr_code count(struct mr_store *store, int64_t minute, const char *const *names,
                          const int64_t *amounts, size_t n, struct mr_error *err)
{
    struct mr_sim_redis *redis = redis_of(store);
    char name[KEY_MAX];
    struct sim_key *key;
    enum mr_code rc = enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(name, sizeof name, "mr:stat:%" PRId64, minute);
    key = sim_key_make(redis, name);
    for (size_t i = 0; i < n; i++) {
        const struct sim_field *have = sim_field_find(key, names[i], strlen(names[i]));
        int64_t sum = (have ? have->n : 0) + amounts[i];

        if (!sim_field_put(key, names[i], strlen(names[i]), "", 0, sum))
            return no_memory(err);
    }
    key->expire_ms = redis->world->now_ms + COUNTERS_TTL_MS;
    return leave(store, MR_OK, err);
}

/* ---- life --------------------------------------------------------------------------------------------- */

static void store_free(struct mr_store *store)
{
    free(store);
}

static const struct mr_store_ops sim_store_ops = {
    .check = check,
    .pos_get = pos_get,
    .advance_send = advance_send,
    .advance_wait = advance_wait,
    .load = load,
    .def_get = def_get,
    .outbox_each = outbox_each,
    .timers_due = timers_due,
    .jobs_list = jobs_list,
    .row_get = row_get,
    .lease = lease,
    .lease_drop = lease_drop,
    .beat = beat,
    .beats_each = beats_each,
    .config_put = config_put,
    .config_get = config_get,
    .config_each = config_each,
    .progress = progress,
    .count = count,
    .free = store_free,
};

struct mr_store *mr_store_sim_new(struct mr_sim_redis *redis, struct mr_error *err)
{
    struct sim_store *sim = calloc(1, sizeof *sim);

    if (!sim) {
        (void)no_memory(err);
        return NULL;
    }
    sim->store.ops = &sim_store_ops;
    sim->redis = redis;
    return &sim->store;
}
