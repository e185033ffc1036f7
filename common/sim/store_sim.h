/* store_sim.h -- the twin's keyspace: named keys, each a set of named fields with bytes and a
 * number. A hash uses the bytes, a sorted set the number, a string is a key with the field "". Keys
 * and fields are kept in the order of their bytes. */
#ifndef MR_STORE_SIM_H
#define MR_STORE_SIM_H

#include "common/sim/sim.h"

struct sim_field {
    struct mr_buf name;
    struct mr_buf value;
    int64_t n;
};

struct sim_list { /* of struct sim_field * or struct sim_key *, both of which begin with their name
                   */
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
struct sim_field *sim_field_find(const struct sim_key *key, const void *name,
                                 size_t len); /* key NULL: NULL */
/* Sets; false: no memory. */
MR_MUST_USE bool sim_field_put(struct sim_key *key, const void *name, size_t len, const void *value,
                               size_t value_len, int64_t n);
/* Removes a field, and the key with its last one. */
void sim_field_remove(struct mr_sim_redis *redis, const char *key, const void *name, size_t len);

/* ---- port calls
 * ----------------------------------------------------------------------------------- */

enum { SIM_KEY_MAX = 256 };

struct mr_sim_redis *sim_store_redis(struct mr_store *store);
/* Begins a port call: the code it fails with before anything is done. */
enum mr_code sim_store_enter(struct mr_store *store, struct mr_error *err);
/* Ends one that came to rc: its answer may be lost. */
enum mr_code sim_store_leave(struct mr_store *store, enum mr_code rc, struct mr_error *err);
enum mr_code sim_store_no_memory(struct mr_error *err);
/* "mr:{s}:" with a word and a name behind it; returns key. */
const char *sim_store_key(char key[SIM_KEY_MAX], uint32_t shard, const char *word,
                          const char *name);
/* A whole call: appends the bytes of one field. */
enum mr_code sim_store_field(struct mr_store *store, const char *key, const char *name,
                             struct mr_buf *ret, struct mr_error *err);
/* A whole call: gives each field whose name begins with prefix; *ret_count: how many. */
enum mr_code sim_store_fields(struct mr_store *store, const char *name, const char *prefix,
                              mr_pair_fn *each, void *ctx, size_t *ret_count, struct mr_error *err);

/* Applies the writes of a batch one after another. */
MR_MUST_USE enum mr_code sim_store_apply(struct mr_sim_redis *redis, const struct mr_batch *batch,
                                         struct mr_error *err);

/* store_sim_shared.c: the operations of the port that are no shard's own. */
enum mr_code sim_store_check(struct mr_store *store, bool durable, uint32_t shards,
                             struct mr_error *err);
enum mr_code sim_store_tries(struct mr_store *store, uint32_t shard, const char *what,
                             int64_t offset, bool add, int64_t *ret, struct mr_error *err);
enum mr_code sim_store_lease(struct mr_store *store, const char *name, const char *owner,
                             int64_t ttl_ms, bool *ret_mine, struct mr_error *err);
enum mr_code sim_store_lease_drop(struct mr_store *store, const char *name, const char *owner,
                                  struct mr_error *err);
enum mr_code sim_store_beat(struct mr_store *store, const char *kind, const char *id,
                            const char *pairs, size_t pairs_len, int64_t ttl_ms,
                            struct mr_error *err);
enum mr_code sim_store_beats_each(struct mr_store *store, const char *kind, mr_pair_fn *each,
                                  void *ctx, struct mr_error *err);
enum mr_code sim_store_config_put(struct mr_store *store, const char *key, const char *value,
                                  size_t len, int64_t offset, struct mr_error *err);
enum mr_code sim_store_config_get(struct mr_store *store, const char *key, struct mr_buf *ret,
                                  struct mr_error *err);
enum mr_code sim_store_config_each(struct mr_store *store, const char *prefix, mr_pair_fn *each,
                                   void *ctx, struct mr_error *err);
enum mr_code sim_store_count(struct mr_store *store, int64_t minute, const char *const *names,
                             const int64_t *amounts, size_t n, struct mr_error *err);

#endif
