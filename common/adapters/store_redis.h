/* store_redis.h -- what the files of store_redis share: the handle, its exchanges, the batch. */
#ifndef MR_STORE_REDIS_H
#define MR_STORE_REDIS_H

#include "common/adapters/redis_conn.h"
#include "common/ports/store.h"

enum { STORE_UNDER_WAY_MAX = 64, STORE_KEY_MAX = 256 };

struct redis_store {
    struct mr_store store;
    struct mr_redis_conn conn;
    struct mr_redis_cmd cmd;
    /* Batches sent and not yet waited for: a ring of outcomes. The first `known` have theirs, the
     * `unknown` behind them wait for a reply of the server. */
    struct mr_error outcomes[STORE_UNDER_WAY_MAX];
    size_t first, known, unknown;
    bool lost; /* the connection broke under them: none is sent until all have been waited for */
    /* Scratch of the batch being written; grown, never shrunk. */
    struct store_slot *slots;
    size_t slot_count, slot_cap; /* powers of two: of this batch, allocated */
    uint32_t *order;             /* op numbers, kind by kind */
    uint8_t *marks;              /* one an op */
    size_t op_cap;
};

/* store_redis_batch.c: the one command that applies a batch. */
MR_MUST_USE enum mr_code redis_store_batch(struct redis_store *redis, const struct mr_batch *batch,
                                           struct mr_error *err);
void redis_store_batch_release(struct redis_store *redis);

/* One exchange behind the batches under way. An error reply is a code and *ret NULL; else *ret is
 * the caller's, to freeReplyObject(). */
MR_MUST_USE enum mr_code redis_store_call(struct redis_store *redis, redisReply **ret,
                                          struct mr_error *err);
/* Takes in the replies of all batches under way, so that the next reply is the next command's. */
void redis_store_drain(struct redis_store *redis);
/* Appends redis->cmd to a pipeline; redis_store_drain() came before. */
MR_MUST_USE enum mr_code redis_store_append(struct redis_store *redis, struct mr_error *err);
/* The next reply of a pipeline, as redis_store_call() gives it. */
MR_MUST_USE enum mr_code redis_store_next(struct redis_store *redis, redisReply **ret,
                                          struct mr_error *err);
/* MULTI, what `write` appends, EXEC: for small writes that belong together. */
typedef enum mr_code redis_store_write_fn(struct redis_store *, const void *args, size_t *ret_count,
                                          struct mr_error *err);
MR_MUST_USE enum mr_code redis_store_multi(struct redis_store *redis, redis_store_write_fn *write,
                                           const void *args, struct mr_error *err);

/* The operations of the port. */
enum mr_code redis_store_pos_get(struct mr_store *, uint32_t, struct mr_pos *, struct mr_error *);
enum mr_code redis_store_load(struct mr_store *, uint32_t, struct mr_job_load *, size_t,
                              struct mr_error *);
enum mr_code redis_store_def_get(struct mr_store *, uint32_t, const char *, struct mr_buf *,
                                 struct mr_error *);
enum mr_code redis_store_outbox_each(struct mr_store *, uint32_t, mr_pair_fn *, void *,
                                     struct mr_error *);
enum mr_code redis_store_timers_due(struct mr_store *, uint32_t, int64_t, int, mr_member_fn *,
                                    void *, int64_t *, struct mr_error *);
enum mr_code redis_store_jobs_list(struct mr_store *, uint32_t, const char *, int64_t, int, int,
                                   mr_member_fn *, void *, struct mr_error *);
enum mr_code redis_store_row_get(struct mr_store *, uint32_t, const char *, mr_pair_fn *, void *,
                                 struct mr_error *);
enum mr_code redis_store_tries(struct mr_store *, uint32_t, const char *, int64_t, bool, int64_t *,
                               struct mr_error *);
enum mr_code redis_store_lease(struct mr_store *, const char *, const char *, int64_t, bool *,
                               struct mr_error *);
enum mr_code redis_store_lease_drop(struct mr_store *, const char *, const char *,
                                    struct mr_error *);
enum mr_code redis_store_beat(struct mr_store *, const char *, const char *, const char *, size_t,
                              int64_t, struct mr_error *);
enum mr_code redis_store_beats_each(struct mr_store *, const char *, mr_pair_fn *, void *,
                                    struct mr_error *);
enum mr_code redis_store_config_put(struct mr_store *, const char *, const char *, size_t, int64_t,
                                    struct mr_error *);
enum mr_code redis_store_config_get(struct mr_store *, const char *, struct mr_buf *,
                                    struct mr_error *);
enum mr_code redis_store_config_each(struct mr_store *, const char *, mr_pair_fn *, void *,
                                     struct mr_error *);
enum mr_code redis_store_count(struct mr_store *, int64_t, const char *const *, const int64_t *,
                               size_t, struct mr_error *);
enum mr_code redis_store_check(struct mr_store *, bool, uint32_t, struct mr_error *);

#endif
