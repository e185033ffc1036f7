/* store_sim_shared.c -- the twin's part of what is no shard's own: meta, leases, beats, the copy of
 * millrace.config, counters. */
#include "common/sim/store_sim.h"

#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNTERS_TTL_MS (2LL * 24 * 3600 * 1000)

enum mr_code sim_store_check(struct mr_store *store, bool durable, uint32_t shards,
                             struct mr_error *err)
{
    struct sim_key *meta;
    struct sim_field *field;
    enum mr_code rc = sim_store_enter(store, err);

    (void)durable;
    if (rc)
        return rc;
    meta = sim_key_make(sim_store_redis(store), "mr:meta");
    field = sim_field_find(meta, "shards", 6);
    if (!field && !sim_field_put(meta, "shards", 6, "", 0, shards))
        rc = sim_store_no_memory(err);
    else if (field && field->n != shards)
        rc = mr_fail(err, MR_INVALID, "redis: mr:meta says shards %" PRId64 ", not %" PRIu32,
                     field->n, shards);
    return sim_store_leave(store, rc, err);
}

enum mr_code sim_store_tries(struct mr_store *store, uint32_t shard, const char *what,
                             int64_t offset, bool add, int64_t *ret, struct mr_error *err)
{
    struct mr_sim_redis *redis = sim_store_redis(store);
    char name[SIM_KEY_MAX], text[32];
    const struct sim_field *field;
    struct sim_key *key;
    int64_t tries = 0;
    enum mr_code rc = sim_store_enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(text, sizeof text, "%" PRId64, offset);
    key = sim_key_make(redis, sim_store_key(name, shard, "tries", ""));
    field = key ? sim_field_find(key, what, strlen(what)) : NULL;
    if (field && field->value.len == strlen(text) &&
        memcmp(field->value.data, text, field->value.len) == 0)
        tries = field->n;
    tries += add;
    if (add && (!key || !sim_field_put(key, what, strlen(what), text, strlen(text), tries)))
        return sim_store_no_memory(err);
    *ret = tries;
    return sim_store_leave(store, MR_OK, err);
}

enum mr_code sim_store_lease(struct mr_store *store, const char *name, const char *owner,
                             int64_t ttl_ms, bool *ret_mine, struct mr_error *err)
{
    struct mr_sim_redis *redis = sim_store_redis(store);
    const struct sim_field *field;
    char key[SIM_KEY_MAX];
    bool mine;
    enum mr_code rc = sim_store_enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(key, sizeof key, "mr:lease:%s", name);
    field = sim_field_find(sim_key_find(redis, key), "", 0);
    mine = !field || strcmp(field->value.data, owner) == 0;
    if (mine && !sim_field_put(sim_key_make(redis, key), "", 0, owner, strlen(owner), 0))
        return sim_store_no_memory(err);
    if (mine)
        sim_key_find(redis, key)->expire_ms = redis->world->now_ms + ttl_ms;
    rc = sim_store_leave(store, MR_OK, err);
    if (!rc)
        *ret_mine = mine;
    return rc;
}

enum mr_code sim_store_lease_drop(struct mr_store *store, const char *name, const char *owner,
                                  struct mr_error *err)
{
    const struct sim_field *field;
    char key[SIM_KEY_MAX];
    enum mr_code rc = sim_store_enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(key, sizeof key, "mr:lease:%s", name);
    field = sim_field_find(sim_key_find(sim_store_redis(store), key), "", 0);
    if (field && strcmp(field->value.data, owner) == 0)
        sim_key_remove(sim_store_redis(store), key);
    return sim_store_leave(store, MR_OK, err);
}

enum mr_code sim_store_beat(struct mr_store *store, const char *kind, const char *id,
                            const char *pairs, size_t pairs_len, int64_t ttl_ms,
                            struct mr_error *err)
{
    struct mr_sim_redis *redis = sim_store_redis(store);
    struct sim_key *row;
    char key[SIM_KEY_MAX];
    enum mr_code rc = sim_store_enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(key, sizeof key, "mr:%s:%s", kind, id);
    sim_key_remove(redis, key);
    row = sim_key_make(redis, key);
    for (const char *p = pairs; p < pairs + pairs_len;) {
        const char *value = p + strlen(p) + 1;

        if (!sim_field_put(row, p, strlen(p), value, strlen(value), 0))
            return sim_store_no_memory(err);
        p = value + strlen(value) + 1;
    }
    row->expire_ms = redis->world->now_ms + ttl_ms;
    return sim_store_leave(store, MR_OK, err);
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
        return sim_store_no_memory(err);
    }
    each(ctx, id, json.data, json.len);
    mr_buf_release(&json);
    return MR_OK;
}

enum mr_code sim_store_beats_each(struct mr_store *store, const char *kind, mr_pair_fn *each,
                                  void *ctx, struct mr_error *err)
{
    struct mr_sim_redis *redis = sim_store_redis(store);
    char prefix[SIM_KEY_MAX];
    size_t len;
    enum mr_code rc = sim_store_enter(store, err);

    len = (size_t)snprintf(prefix, sizeof prefix, "mr:%s:", kind);
    for (size_t i = 0; i < redis->keys.count && !rc; i++) {
        const struct sim_key *key = redis->keys.items[i];

        if (strncmp(key->name.data, prefix, len) == 0 && key->expire_ms > redis->world->now_ms)
            rc = each_beat(key, key->name.data + len, each, ctx, err);
    }
    return rc ? rc : sim_store_leave(store, MR_OK, err);
}

enum mr_code sim_store_config_put(struct mr_store *store, const char *key, const char *value,
                                  size_t len, int64_t offset, struct mr_error *err)
{
    struct mr_sim_redis *redis = sim_store_redis(store);
    const struct sim_field *at;
    bool put = true;
    enum mr_code rc = sim_store_enter(store, err);

    if (rc)
        return rc;
    at = sim_field_find(sim_key_find(redis, "mr:config:at"), key, strlen(key));
    if (at && at->n > offset)
        return sim_store_leave(store, MR_OK, err);
    put = sim_field_put(sim_key_make(redis, "mr:config:at"), key, strlen(key), "", 0, offset);
    if (put && value)
        put = sim_field_put(sim_key_make(redis, "mr:config"), key, strlen(key), value, len, 0);
    else
        sim_field_remove(redis, "mr:config", key, strlen(key));
    return put ? sim_store_leave(store, MR_OK, err) : sim_store_no_memory(err);
}

enum mr_code sim_store_config_get(struct mr_store *store, const char *key, struct mr_buf *ret,
                                  struct mr_error *err)
{
    return sim_store_field(store, "mr:config", key, ret, err);
}

enum mr_code sim_store_config_each(struct mr_store *store, const char *prefix, mr_pair_fn *each,
                                   void *ctx, struct mr_error *err)
{
    size_t count;

    return sim_store_fields(store, "mr:config", prefix, each, ctx, &count, err);
}

enum mr_code sim_store_count(struct mr_store *store, int64_t minute, const char *const *names,
                             const int64_t *amounts, size_t n, struct mr_error *err)
{
    struct mr_sim_redis *redis = sim_store_redis(store);
    char name[SIM_KEY_MAX];
    struct sim_key *key;
    enum mr_code rc = sim_store_enter(store, err);

    if (rc)
        return rc;
    (void)snprintf(name, sizeof name, "mr:stat:%" PRId64, minute);
    key = sim_key_make(redis, name);
    for (size_t i = 0; i < n; i++) {
        const struct sim_field *have = sim_field_find(key, names[i], strlen(names[i]));
        int64_t sum = (have ? have->n : 0) + amounts[i];

        if (!sim_field_put(key, names[i], strlen(names[i]), "", 0, sum))
            return sim_store_no_memory(err);
    }
    key->expire_ms = redis->world->now_ms + COUNTERS_TTL_MS;
    return sim_store_leave(store, MR_OK, err);
}
