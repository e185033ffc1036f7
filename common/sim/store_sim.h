/* store_sim.h -- the twin's keyspace: named keys, each a set of named fields with bytes and a number.
 * A hash uses the bytes, a sorted set the number, a string is a key with the field "".  Keys and fields
 * are kept in the order of their bytes. */
#ifndef MR_STORE_SIM_H
#define MR_STORE_SIM_H

#include "common/sim/sim.h"

struct sim_field {
    struct mr_buf name;
    struct mr_buf value;
    int64_t n;
};

struct sim_list { /* of struct sim_field * or struct sim_key *, both of which begin with their name */
    void **items;
    size_t count, cap;
};

struct sim_key {
    struct mr_buf name;
    int64_t expire_ms; /* 0: never */
    struct sim_list fields;
};

struct mr_sim_redis {
    struct mr_sim_world *world;
    struct sim_list keys;
};

/* NULL: there is none, or it has expired. */
struct sim_key *sim_key_find(struct mr_sim_redis *redis, const char *name);
/* Found or made; NULL: no memory. */
struct sim_key *sim_key_make(struct mr_sim_redis *redis, const char *name);
void sim_key_remove(struct mr_sim_redis *redis, const char *name);

struct sim_field *sim_field_at(const struct sim_key *key, size_t i);
struct sim_field *sim_field_find(const struct sim_key *key, const void *name, size_t len); /* key NULL: NULL */
/* Sets; false: no memory. */
MR_MUST_USE bool sim_field_put(struct sim_key *key, const void *name, size_t len,
                               const void *value, size_t value_len, int64_t n);
/* Removes a field, and the key with its last one. */
void sim_field_remove(struct mr_sim_redis *redis, const char *key, const void *name, size_t len);

/* Applies the writes of a batch one after another. */
MR_MUST_USE enum mr_code sim_store_apply(struct mr_sim_redis *redis, const struct mr_batch *batch,
                                         struct mr_error *err);

#endif
