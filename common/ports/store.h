/* store.h -- port: where the cluster is; what it has been is in the log.
 * store_redis.c (hiredis + orchestrator/functions/ *.lua) and sim/store_sim.c fill it.
 * All keys of shard s carry the hash tag {s}; docs/status.md lists them for dashboards.
 *
 * One writer a shard: the owner's epoch and the expected offset guard every advance.
 * A handle has one owner thread. */
#ifndef MR_STORE_H
#define MR_STORE_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* ---- a shard's position ---------------------------------------------------------------------- */

struct mr_pos {
    bool present;     /* false: Redis holds nothing of this shard */
    int64_t next;     /* offset of the next event to apply */
    int64_t epoch;    /* offset of the take-over event of the owner that wrote last; -1 at first */
    char log_id[64];  /* of the topic it belongs to */
    char last_id[64]; /* of the event at next - 1: "time_ms:crc" (see orchestrator/shard.h); "" at 0
                       */
};

/* ---- one atomic write ------------------------------------------------------------------------ */

/* clang-format off */
enum mr_batch_op_kind { /* key     a                   b          n  */
    MR_BATCH_ROW,       /* job     packed field pairs             expire at, ms; 0: as it was
                                                                  (a new row: never) */
    MR_BATCH_RUN,       /* job     machine state                  expire at, ms, with its values;
                                                                  0: never */
    MR_BATCH_RUN_DEL,   /* job                                    0: its values too; or NO_VALUES */
    MR_BATCH_VAL,       /* job     value               value id   */
    MR_BATCH_VAL_DEL,   /* job                         value id   */
    MR_BATCH_DEF,       /* sha256  definition text                */
    MR_BATCH_OPEN,      /* job                                    created, ms */
    MR_BATCH_CLOSED,    /* job     status                         ended, ms: leaves open, enters
                                                                  closed */
    MR_BATCH_REOPENED,  /* job     status it leaves               created, ms: leaves closed, enters
                                                                  open; its row no longer expires */
    MR_BATCH_TIMER,     /* member                                 due, ms */
    MR_BATCH_TIMER_DEL, /* member                                 */
    MR_BATCH_OUT,       /* field   value                          : an effect still to be sent */
    MR_BATCH_OUT_DEL,   /* field                                  */
    MR_BATCH_OP_KIND_COUNT
};
/* clang-format on */
/* n of a RUN_DEL: the writer knows that the job keeps no values, and a look-up is saved. */
enum { MR_RUN_DEL_NO_VALUES = 1 };

struct mr_batch_op { /* every string is lent until the batch is reset (keep them in batch->bytes) */
    enum mr_batch_op_kind kind;
    const char *key;
    size_t key_len;
    const char *a;
    size_t a_len;
    const char *b;
    size_t b_len;
    int64_t n;
};

/* Row fields are packed as name NUL value NUL pairs in `a`. */

struct mr_batch {
    uint32_t shard;
    int64_t epoch;  /* of the writer */
    int64_t expect; /* position it starts from */
    int64_t next;   /* position it leaves */
    bool rebuild;   /* a missing position is right (expect is then the log's first offset) */
    const char *log_id;
    const char *last_id;
    struct mr_batch_op *ops; /* take effect as if one after another: the last word about a thing
                          counts, and nothing that a later op undoes is sent */
    size_t op_count;
};

/* ---- reads ----------------------------------------------------------------------------------- */

struct mr_job_load { /* in: job, want_run.  out: the rest, the caller's to release */
    const char *job;
    bool want_run;
    bool has_row;    /* this job is known: open, or closed and not yet forgotten */
    char status[16]; /* of the row */
    char sum[68];    /* of the row: sha256 of the submit */
    bool has_run;
    struct mr_buf run;
    struct mr_buf vals; /* id NUL decimal-length NUL bytes, again and again */
};
void mr_job_load_release(struct mr_job_load *);

typedef void mr_pair_fn(void *ctx, const char *name, const char *value, size_t len);
typedef void mr_member_fn(void *ctx, const char *member, int64_t n);

enum { MR_LIST_MAX = 1000 };

/* ---- the port ---------------------------------------------------------------------------------
 */

struct mr_store;
struct mr_store_ops {
    enum mr_code (*check)(struct mr_store *, bool durable, uint32_t shards, struct mr_error *err);
    enum mr_code (*pos_get)(struct mr_store *, uint32_t shard, struct mr_pos *, struct mr_error *);
    enum mr_code (*advance_send)(struct mr_store *, const struct mr_batch *, struct mr_error *);
    enum mr_code (*advance_wait)(struct mr_store *, struct mr_error *);
    enum mr_code (*load)(struct mr_store *, uint32_t shard, struct mr_job_load *, size_t n,
                         struct mr_error *);
    enum mr_code (*def_get)(struct mr_store *, uint32_t shard, const char *sha256, struct mr_buf *,
                            struct mr_error *);
    enum mr_code (*outbox_each)(struct mr_store *, uint32_t shard, mr_pair_fn *, void *ctx,
                                struct mr_error *);
    enum mr_code (*timers_due)(struct mr_store *, uint32_t shard, int64_t now_ms, int max,
                               mr_member_fn *, void *ctx, int64_t *next_ms, struct mr_error *);
    enum mr_code (*jobs_list)(struct mr_store *, uint32_t shard, const char *status,
                              int64_t before_ms, int skip, int max, mr_member_fn *, void *ctx,
                              struct mr_error *);
    enum mr_code (*row_get)(struct mr_store *, uint32_t shard, const char *job, mr_pair_fn *,
                            void *ctx, struct mr_error *);
    enum mr_code (*tries)(struct mr_store *, uint32_t shard, const char *what, int64_t offset,
                          bool add, int64_t *ret, struct mr_error *err);
    enum mr_code (*lease)(struct mr_store *, const char *name, const char *owner, int64_t ttl_ms,
                          bool *ret_mine, struct mr_error *);
    enum mr_code (*lease_drop)(struct mr_store *, const char *name, const char *owner,
                               struct mr_error *);
    enum mr_code (*beat)(struct mr_store *, const char *kind, const char *id, const char *pairs,
                         size_t pairs_len, int64_t ttl_ms, struct mr_error *);
    enum mr_code (*beats_each)(struct mr_store *, const char *kind, mr_pair_fn *, void *ctx,
                               struct mr_error *);
    enum mr_code (*config_put)(struct mr_store *, const char *key, const char *value, size_t len,
                               int64_t offset, struct mr_error *);
    enum mr_code (*config_get)(struct mr_store *, const char *key, struct mr_buf *,
                               struct mr_error *);
    enum mr_code (*config_each)(struct mr_store *, const char *prefix, mr_pair_fn *, void *ctx,
                                struct mr_error *);
    enum mr_code (*count)(struct mr_store *, int64_t minute, const char *const *names,
                          const int64_t *amounts, size_t n, struct mr_error *);
    void (*free)(struct mr_store *);
};
struct mr_store { /* first member of every implementation */
    const struct mr_store_ops *ops;
};

/* Can it be reached, and are its settings right: maxmemory-policy noeviction, appendonly yes,
 * appendfsync always where durable (the embedded default, where log and state share it; on Kafka
 * everysec is enough since the log rebuilds it), version >= 7; mr:meta (schema version, shard
 * count) is made where absent and compared where present. MR_INVALID names the setting, what it is,
 * what it must be. Loads the functions. */
MR_MUST_USE enum mr_code mr_store_check(struct mr_store *, bool durable, uint32_t shards,
                                        struct mr_error *err);
MR_MUST_USE enum mr_code mr_store_pos_get(struct mr_store *, uint32_t shard, struct mr_pos *ret,
                                          struct mr_error *err);
/* Sends one batch without waiting; up to 64 may be under way; each send is answered by one wait, in
 * order. Everything of the batch is applied and its `next` becomes the position, or nothing is:
 * MR_FENCED     a newer epoch has written, or holds the shard
 * MR_CONFLICT   the position is not `expect` (this batch, or another's, was applied before)
 * MR_NOT_FOUND  there is no position, and this is no rebuild
 * MR_UNAVAILABLE, MR_TIMEOUT  unknown whether applied: read the position. Every batch under way
 * then has this answer, and the connection is made anew by the next call. */
MR_MUST_USE enum mr_code mr_store_advance_send(struct mr_store *, const struct mr_batch *,
                                               struct mr_error *err);
MR_MUST_USE enum mr_code mr_store_advance_wait(struct mr_store *, struct mr_error *err);
/* Reads n jobs of one shard in one exchange. */
MR_MUST_USE enum mr_code mr_store_load(struct mr_store *, uint32_t shard, struct mr_job_load *jobs,
                                       size_t n, struct mr_error *err);
/* A definition kept by MR_BATCH_DEF. MR_NOT_FOUND. */
MR_MUST_USE enum mr_code mr_store_def_get(struct mr_store *, uint32_t shard, const char *sha256,
                                          struct mr_buf *ret, struct mr_error *err);
MR_MUST_USE enum mr_code mr_store_outbox_each(struct mr_store *, uint32_t shard, mr_pair_fn *,
                                              void *ctx, struct mr_error *err);
/* Timers with due <= now_ms, earliest first, at most max; *next_ms: due of the earliest that was
 * not given (INT64_MAX: none). */
MR_MUST_USE enum mr_code mr_store_timers_due(struct mr_store *, uint32_t shard, int64_t now_ms,
                                             int max, mr_member_fn *, void *ctx, int64_t *next_ms,
                                             struct mr_error *err);
/* Jobs of one status ("OPEN" for all open), newest first, with a time below before_ms (INT64_MAX:
 * from the newest); the first skip of them are passed over, then at most max (<= MR_LIST_MAX). */
MR_MUST_USE enum mr_code mr_store_jobs_list(struct mr_store *, uint32_t shard, const char *status,
                                            int64_t before_ms, int skip, int max, mr_member_fn *,
                                            void *ctx, struct mr_error *err);
/* MR_NOT_FOUND: no row. */
MR_MUST_USE enum mr_code mr_store_row_get(struct mr_store *, uint32_t shard, const char *job,
                                          mr_pair_fn *, void *ctx, struct mr_error *err);
/* How often in a row one place of the shard's log was tried, in mr:{s}:tries: add notes one more
 * try of what (a word) at offset, and *ret counts it; another offset than the last begins anew. */
MR_MUST_USE enum mr_code mr_store_tries(struct mr_store *, uint32_t shard, const char *what,
                                        int64_t offset, bool add, int64_t *ret,
                                        struct mr_error *err);
/* Takes or renews a lease: *ret_mine says whether owner holds it now, for ttl_ms from now. A lease
 * saves work; it proves nothing: the epoch does. */
MR_MUST_USE enum mr_code mr_store_lease(struct mr_store *, const char *name, const char *owner,
                                        int64_t ttl_ms, bool *ret_mine, struct mr_error *err);
MR_MUST_USE enum mr_code mr_store_lease_drop(struct mr_store *, const char *name, const char *owner,
                                             struct mr_error *err);
/* mr:<kind>:<id> hash with a TTL, kind "worker" or "orchestrator" or "gateway": who is alive. pairs
 * are packed like row fields. */
MR_MUST_USE enum mr_code mr_store_beat(struct mr_store *, const char *kind, const char *id,
                                       const char *pairs, size_t pairs_len, int64_t ttl_ms,
                                       struct mr_error *err);
/* Every live one of a kind: name = id, value = its fields as one JSON object of strings. */
MR_MUST_USE enum mr_code mr_store_beats_each(struct mr_store *, const char *kind, mr_pair_fn *,
                                             void *ctx, struct mr_error *err);
/* The copy of millrace.config in mr:config. value NULL removes. A put with an offset below the one
 * kept for the key is passed over (two copiers may run). */
MR_MUST_USE enum mr_code mr_store_config_put(struct mr_store *, const char *key, const char *value,
                                             size_t len, int64_t offset, struct mr_error *err);
MR_MUST_USE enum mr_code mr_store_config_get(struct mr_store *, const char *key, struct mr_buf *ret,
                                             struct mr_error *err);
MR_MUST_USE enum mr_code mr_store_config_each(struct mr_store *, const char *prefix, mr_pair_fn *,
                                              void *ctx, struct mr_error *err);
/* Adds to counters of mr:stat:<minute> (TTL two days). */
MR_MUST_USE enum mr_code mr_store_count(struct mr_store *, int64_t minute, const char *const *names,
                                        const int64_t *amounts, size_t n, struct mr_error *err);
void mr_store_free(struct mr_store *); /* accepts NULL */

#endif
