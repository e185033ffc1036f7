/* store_sim_keys.c -- the twin's keyspace: two levels of sorted lists.  Small and exact, not fast.
 */
#include "common/sim/store_sim.h"

#include <stdlib.h>
#include <string.h>

static int compare(const struct mr_buf *have, const void *name, size_t len)
{
    size_t least = have->len < len ? have->len : len;
    int order = least ? memcmp(have->data, name, least) : 0;

    if (order == 0)
        order = have->len < len ? -1 : have->len > len;
    return order;
}

/* Where name is, or where it belongs. */
static size_t place_of(const struct sim_list *list, const void *name, size_t len, bool *ret_there)
{
    size_t low = 0, high = list->count;

    *ret_there = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = compare(list->items[mid], name, len); /* an item begins with its name */

        if (order == 0) {
            *ret_there = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool insert(struct sim_list *list, size_t at, void *item)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 8;
        void **grown = realloc(list->items, cap * sizeof *grown);

        if (!grown)
            return false;
        list->items = grown;
        list->cap = cap;
    }
    memmove(list->items + at + 1, list->items + at, (list->count - at) * sizeof *list->items);
    list->items[at] = item;
    list->count++;
    return true;
}

static void take_out(struct sim_list *list, size_t at)
{
    list->count--;
    memmove(list->items + at, list->items + at + 1, (list->count - at) * sizeof *list->items);
}

/* ---- fields
 * --------------------------------------------------------------------------------------- */

static void field_free(struct sim_field *field)
{
    mr_buf_release(&field->name);
    mr_buf_release(&field->value);
    free(field);
}

struct sim_field *sim_field_at(const struct sim_key *key, size_t i)
{
    return key->fields.items[i];
}

struct sim_field *sim_field_find(const struct sim_key *key, const void *name, size_t len)
{
    bool there;
    size_t at;

    if (!key)
        return NULL;
    at = place_of(&key->fields, name, len, &there);
    return there ? key->fields.items[at] : NULL;
}

static struct sim_field *field_make(struct sim_key *key, const void *name, size_t len)
{
    struct sim_field *field;
    bool there;
    size_t at = place_of(&key->fields, name, len, &there);

    if (there)
        return key->fields.items[at];
    field = calloc(1, sizeof *field);
    if (!field)
        return NULL;
    if (mr_buf_add(&field->name, name, len) || !insert(&key->fields, at, field)) {
        field_free(field);
        return NULL;
    }
    return field;
}

bool sim_field_put(struct sim_key *key, const void *name, size_t len, const void *value,
                   size_t value_len, int64_t n)
{
    struct sim_field *field = key ? field_make(key, name, len) : NULL;

    if (!field)
        return false;
    field->n = n;
    mr_buf_reset(&field->value);
    return mr_buf_add(&field->value, value, value_len) == MR_OK;
}

void sim_field_remove(struct mr_sim_redis *redis, const char *name_of_key, const void *name,
                      size_t len)
{
    struct sim_key *key = sim_key_find(redis, name_of_key);
    bool there;
    size_t at;

    if (!key)
        return;
    at = place_of(&key->fields, name, len, &there);
    if (!there)
        return;
    field_free(key->fields.items[at]);
    take_out(&key->fields, at);
    if (key->fields.count == 0)
        sim_key_remove(redis, name_of_key);
}

/* ---- keys
 * ------------------------------------------------------------------------------------------ */

static void key_free(struct sim_key *key)
{
    for (size_t i = 0; i < key->fields.count; i++)
        field_free(key->fields.items[i]);
    free(key->fields.items);
    mr_buf_release(&key->name);
    free(key);
}

struct sim_key *sim_key_find(struct mr_sim_redis *redis, const char *name)
{
    struct sim_key *key;
    bool there;
    size_t at = place_of(&redis->keys, name, strlen(name), &there);

    if (!there)
        return NULL;
    key = redis->keys.items[at];
    if (key->expire_ms == 0 || key->expire_ms > redis->world->now_ms)
        return key;
    key_free(key);
    take_out(&redis->keys, at);
    return NULL;
}

struct sim_key *sim_key_make(struct mr_sim_redis *redis, const char *name)
{
    struct sim_key *key = sim_key_find(redis, name);
    bool there;

    if (key)
        return key;
    key = calloc(1, sizeof *key);
    if (!key)
        return NULL;
    if (mr_buf_add_str(&key->name, name) ||
        !insert(&redis->keys, place_of(&redis->keys, name, strlen(name), &there), key)) {
        key_free(key);
        return NULL;
    }
    return key;
}

void sim_key_remove(struct mr_sim_redis *redis, const char *name)
{
    bool there;
    size_t at = place_of(&redis->keys, name, strlen(name), &there);

    if (!there)
        return;
    key_free(redis->keys.items[at]);
    take_out(&redis->keys, at);
}

/* ---- the server
 * -------------------------------------------------------------------------------------- */

struct mr_sim_redis *mr_sim_redis_new(struct mr_sim_world *world)
{
    struct mr_sim_redis *redis = calloc(1, sizeof *redis);

    if (redis)
        redis->world = world;
    return redis;
}

void mr_sim_redis_flushall(struct mr_sim_redis *redis)
{
    for (size_t i = 0; i < redis->keys.count; i++)
        key_free(redis->keys.items[i]);
    redis->keys.count = 0;
}

void mr_sim_redis_free(struct mr_sim_redis *redis)
{
    if (!redis)
        return;
    mr_sim_redis_flushall(redis);
    free(redis->keys.items);
    free(redis);
}
