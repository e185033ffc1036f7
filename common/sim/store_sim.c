/* store_sim.c -- the twin of store_redis.c: the same promises, on a keyspace in this process. Every
 * call is a port call that can be made to fail; a batch's call is its send, and its wait tells.
 * What is no shard's own is in store_sim_shared.c. */
#include "common/sim/store_sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNDER_WAY_MAX = 64 };

struct sim_store {
    struct mr_store store;
    struct mr_sim_redis *redis;
    struct mr_error outcomes[UNDER_WAY_MAX]; /* a ring */
    size_t first, count;
    bool lost; /* a batch under way was lost: none is applied until all have been waited for */
};

struct mr_sim_redis *sim_store_redis(struct mr_store *store)
{
    return ((struct sim_store *)store)->redis;
}

enum mr_code sim_store_enter(struct mr_store *store, struct mr_error *err)
{
    struct mr_sim_world *world = sim_store_redis(store)->world;

    mr_sim_call(world);
    if (mr_sim_fails(world, MR_SIM_BEFORE))
        return mr_fail(err, MR_UNAVAILABLE, "sim: call %" PRIu64 " fails before", world->calls);
    return MR_OK;
}

enum mr_code sim_store_leave(struct mr_store *store, enum mr_code rc, struct mr_error *err)
{
    struct mr_sim_world *world = sim_store_redis(store)->world;

    if (mr_sim_fails(world, MR_SIM_AFTER))
        return mr_fail(err, MR_UNAVAILABLE, "sim: call %" PRIu64 " fails after", world->calls);
    return rc;
}

enum mr_code sim_store_no_memory(struct mr_error *err)
{
    return mr_fail(err, MR_NO_MEMORY, "sim: no memory");
}

const char *sim_store_key(char key[SIM_KEY_MAX], uint32_t shard, const char *word, const char *name)
{
    (void)snprintf(key, SIM_KEY_MAX, "mr:{%" PRIu32 "}:%s%s", shard, word, name);
    return key;
}

/* ---- positions and batches
 * ---------------------------------------------------------------------------- */

static void copy_text(char *ret, size_t size, const struct sim_field *field)
{
    ret[0] = '\0';
    if (field && field->value.data && field->value.len < size)
        memcpy(ret, field->value.data, field->value.len + 1);
}

static enum mr_code pos_get(struct mr_store *store, uint32_t shard, struct mr_pos *ret,
                            struct mr_error *err)
{
    char name[SIM_KEY_MAX];
    struct sim_key *pos;
    enum mr_code rc = sim_store_enter(store, err);

    if (!rc)
        rc = sim_store_leave(store, MR_OK, err);
    if (rc)
        return rc;
    *ret = (struct mr_pos){.epoch = -1};
    pos = sim_key_find(sim_store_redis(store), sim_store_key(name, shard, "pos", ""));
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
    rc = sim_store_enter(store, outcome);
    if (!rc)
        rc = sim_store_leave(store, sim_store_apply(sim->redis, batch, outcome), outcome);
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

/* ---- reads
 * ------------------------------------------------------------------------------------------------
 */

static enum mr_code load_one(struct mr_sim_redis *redis, uint32_t shard, struct mr_job_load *job,
                             struct mr_error *err)
{
    char name[SIM_KEY_MAX];
    const struct sim_key *row = sim_key_find(redis, sim_store_key(name, shard, "job:", job->job));
    const struct sim_key *key;
    const struct sim_field *field;

    job->has_row = sim_field_find(row, "status", 6) != NULL;
    copy_text(job->status, sizeof job->status, sim_field_find(row, "status", 6));
    copy_text(job->sum, sizeof job->sum, sim_field_find(row, "sum", 3));
    if (!job->want_run)
        return MR_OK;
    key = sim_key_find(redis, sim_store_key(name, shard, "run:", job->job));
    field = sim_field_find(key, "", 0);
    job->has_run = field != NULL;
    if (field && mr_buf_add(&job->run, field->value.data, field->value.len))
        return sim_store_no_memory(err);
    key = sim_key_find(redis, sim_store_key(name, shard, "val:", job->job));
    for (size_t i = 0; key && i < key->fields.count; i++) {
        field = sim_field_at(key, i);
        mr_buf_add(&job->vals, field->name.data, field->name.len);
        mr_buf_add_char(&job->vals, '\0');
        mr_buf_addf(&job->vals, "%zu", field->value.len);
        mr_buf_add_char(&job->vals, '\0');
        mr_buf_add(&job->vals, field->value.data, field->value.len);
    }
    return job->vals.failed ? sim_store_no_memory(err) : MR_OK;
}

static enum mr_code load(struct mr_store *store, uint32_t shard, struct mr_job_load *jobs, size_t n,
                         struct mr_error *err)
{
    enum mr_code rc = sim_store_enter(store, err);

    for (size_t i = 0; i < n && !rc; i++)
        rc = load_one(sim_store_redis(store), shard, &jobs[i], err);
    return rc ? rc : sim_store_leave(store, MR_OK, err);
}

enum mr_code sim_store_field(struct mr_store *store, const char *key, const char *name,
                             struct mr_buf *ret, struct mr_error *err)
{
    const struct sim_field *field;
    enum mr_code rc = sim_store_enter(store, err);

    if (!rc)
        rc = sim_store_leave(store, MR_OK, err);
    if (rc)
        return rc;
    field = sim_field_find(sim_key_find(sim_store_redis(store), key), name, strlen(name));
    if (!field)
        return mr_fail(err, MR_NOT_FOUND, "%s: no %s in it", key, name);
    return mr_buf_add(ret, field->value.data, field->value.len) ? sim_store_no_memory(err) : MR_OK;
}

static enum mr_code def_get(struct mr_store *store, uint32_t shard, const char *sha256,
                            struct mr_buf *ret, struct mr_error *err)
{
    char name[SIM_KEY_MAX];

    return sim_store_field(store, sim_store_key(name, shard, "def", ""), sha256, ret, err);
}

enum mr_code sim_store_fields(struct mr_store *store, const char *name, const char *prefix,
                              mr_pair_fn *each, void *ctx, size_t *ret_count, struct mr_error *err)
{
    const struct sim_key *key;
    enum mr_code rc = sim_store_enter(store, err);

    if (!rc)
        rc = sim_store_leave(store, MR_OK, err);
    if (rc)
        return rc;
    *ret_count = 0;
    key = sim_key_find(sim_store_redis(store), name);
    for (size_t i = 0; key && i < key->fields.count; i++) {
        const struct sim_field *field = sim_field_at(key, i);

        if (strncmp(field->name.data, prefix, strlen(prefix)) != 0)
            continue;
        each(ctx, field->name.data, field->value.data ? field->value.data : "", field->value.len);
        ++*ret_count;
    }
    return MR_OK;
}

/* Backwards: a hash of Redis has no order that anybody could rely on. */
static enum mr_code outbox_each(struct mr_store *store, uint32_t shard, mr_pair_fn *each, void *ctx,
                                struct mr_error *err)
{
    const struct sim_key *key;
    char name[SIM_KEY_MAX];
    enum mr_code rc = sim_store_enter(store, err);

    if (!rc)
        rc = sim_store_leave(store, MR_OK, err);
    if (rc)
        return rc;
    key = sim_key_find(sim_store_redis(store), sim_store_key(name, shard, "outbox", ""));
    for (size_t i = key ? key->fields.count : 0; i > 0; i--) {
        const struct sim_field *field = sim_field_at(key, i - 1);

        each(ctx, field->name.data, field->value.data ? field->value.data : "", field->value.len);
    }
    return MR_OK;
}

static enum mr_code row_get(struct mr_store *store, uint32_t shard, const char *job,
                            mr_pair_fn *each, void *ctx, struct mr_error *err)
{
    char name[SIM_KEY_MAX];
    size_t count = 0;
    enum mr_code rc = sim_store_fields(store, sim_store_key(name, shard, "job:", job), "", each,
                                       ctx, &count, err);

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

/* The fields of a key in the order of their numbers; NULL with *ret_count 0 where there are none.
 */
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
        return sim_store_no_memory(err);
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
    char name[SIM_KEY_MAX];
    size_t count = 0, i = 0;
    enum mr_code rc = sim_store_enter(store, err);

    if (!rc)
        rc = sim_store_leave(store, MR_OK, err);
    if (!rc)
        rc = sorted(sim_store_redis(store), sim_store_key(name, shard, "timers", ""), &fields,
                    &count, err);
    if (rc)
        return rc;
    for (; i < count && (int64_t)i < max && fields[i]->n <= now_ms; i++)
        each(ctx, fields[i]->name.data, fields[i]->n);
    *next_ms = i < count ? fields[i]->n : INT64_MAX;
    free(fields);
    return MR_OK;
}

static enum mr_code jobs_list(struct mr_store *store, uint32_t shard, const char *status,
                              int64_t before_ms, int skip, int max, mr_member_fn *each, void *ctx,
                              struct mr_error *err)
{
    const bool open = strcmp(status, "OPEN") == 0;
    struct sim_field **fields = NULL;
    char name[SIM_KEY_MAX];
    size_t count = 0;
    int given = 0;
    enum mr_code rc = sim_store_enter(store, err);

    if (!rc)
        rc = sim_store_leave(store, MR_OK, err);
    if (!rc)
        rc = sorted(sim_store_redis(store),
                    sim_store_key(name, shard, open ? "open" : "closed:", open ? "" : status),
                    &fields, &count, err);
    if (rc)
        return rc;
    for (size_t i = count; i-- > 0 && given < max;) {
        if (before_ms != INT64_MAX && fields[i]->n >= before_ms)
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        each(ctx, fields[i]->name.data, fields[i]->n);
        given++;
    }
    free(fields);
    return MR_OK;
}

/* ---- life
 * --------------------------------------------------------------------------------------------- */

static void store_free(struct mr_store *store)
{
    free(store);
}

static const struct mr_store_ops sim_store_ops = {
    .check = sim_store_check,
    .pos_get = pos_get,
    .advance_send = advance_send,
    .advance_wait = advance_wait,
    .load = load,
    .def_get = def_get,
    .outbox_each = outbox_each,
    .timers_due = timers_due,
    .jobs_list = jobs_list,
    .row_get = row_get,
    .tries = sim_store_tries,
    .lease = sim_store_lease,
    .lease_drop = sim_store_lease_drop,
    .beat = sim_store_beat,
    .beats_each = sim_store_beats_each,
    .config_put = sim_store_config_put,
    .config_get = sim_store_config_get,
    .config_each = sim_store_config_each,
    .count = sim_store_count,
    .free = store_free,
};

struct mr_store *mr_store_sim_new(struct mr_sim_redis *redis, struct mr_error *err)
{
    struct sim_store *sim = calloc(1, sizeof *sim);

    if (!sim) {
        (void)sim_store_no_memory(err);
        return NULL;
    }
    sim->store.ops = &sim_store_ops;
    sim->redis = redis;
    return &sim->store;
}
