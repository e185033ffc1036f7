/* shard.h -- one shard: its log, its epoch, its open jobs, its batch.
 *
 *   IDLE -lease-> TAKING -takeover reported-> REPLAYING -takeover written-> LIVE
 * Any fault on the way back to Redis or the log: dropped, and taken anew after a pause; so there is
 * one way back.  STOPPED: the log disagrees with the position; a person must look; nothing is
 * skipped. */
#ifndef OC_SHARD_H
#define OC_SHARD_H

#include "common/model/message.h"
#include "common/ports/bus.h"
#include "common/ports/store.h"
#include "orchestrator/job.h"
#include "orchestrator/outbox.h"

enum oc_shard_state {
    OC_SHARD_IDLE,
    OC_SHARD_TAKING,
    OC_SHARD_REPLAYING,
    OC_SHARD_LIVE,
    OC_SHARD_STOPPED
};

struct oc_fired; /* a timer whose event is on its way */

struct oc_shard {
    uint32_t number;
    enum oc_shard_state state;
    bool mine;              /* the lease is ours */
    int64_t pause_until_ms; /* not taken again before */
    uint64_t generation;    /* counts drops: late reports of before are passed over */

    int64_t epoch;   /* offset of our takeover event */
    int64_t took_ms; /* time of our takeover event */
    int64_t next;    /* offset of the next event to apply */
    bool verify;     /* the first message read is next - 1, to be compared with last_id */
    bool rebuild;    /* no position yet */
    bool careful;    /* taken again from where it was taken before: one event at a time */
    bool blameless;  /* what it was lost for here says nothing of its events */
    char log_id[64];
    char last_id[64];

    struct oc_job *jobs;   /* uthash by id: open jobs in memory */
    struct oc_job *recent; /* the same, least recently used first */
    size_t job_count;
    struct oc_outbox outbox;
    int64_t timer_next_ms; /* earliest due time that may be in the timer set; INT64_MAX: none */
    struct oc_fired *fired;
    int64_t scan_next_ms;
    int scan_skip; /* open jobs that the pass under way has looked at; 0: at its start */
    int64_t scan_began_ms,
        scan_last_ms; /* wall; of the pass under way, of the one before; 0: none */

    /* the batch under way */
    struct asl_arena arena;
    struct mr_batch_op *ops;
    size_t op_count, op_cap;
    int64_t batch_next;
    char batch_last_id[64];
    bool batch_sent;        /* waiting for its answer */
    bool batch_takeover;    /* holds our takeover event */
    struct oc_job *closing; /* jobs closed by a batch of this pass: a list through next_closing */
    struct oc_job **dirty;  /* jobs changed in the batch */
    size_t dirty_count, dirty_cap;
};

void oc_shard_init(struct oc_shard *, uint32_t number, struct oc *);
/* Forgets everything of memory; the log is stopped by the caller. */
void oc_shard_drop(struct oc_shard *);
struct oc_job *oc_shard_job(struct oc_shard *, const char *id); /* in memory, or NULL */
void oc_shard_keep(struct oc_shard *, struct oc_job *);         /* takes it */
void oc_shard_touch(struct oc_shard *, struct oc_job *);        /* used just now */
void oc_shard_forget(struct oc_shard *, struct oc_job *);       /* frees it */
void oc_shard_closing(struct oc_shard *, struct oc_job *); /* closed: it leaves with this pass */
/* Between passes: closed jobs leave memory, and the least recently used above keep_max. A pass
 * must not see a job as it was before one of its own batches, so none leaves in between. */
void oc_shard_evict(struct oc_shard *, size_t keep_max);
void oc_shard_batch_reset(struct oc_shard *);
/* The job has changed at this event: it will be written with the batch. */
MR_MUST_USE enum mr_code oc_shard_dirty(struct oc_shard *, struct oc_job *, const struct mr_msg *,
                                        struct mr_error *err);

/* What tells one event from another at the same offset: "<time>:<hash of the bytes>". */
void oc_event_identity(const struct mr_msg *, char ret[64]);

/* Timers whose event is appended and not yet applied. */
bool oc_fired_has(struct oc_shard *, const char *member, int64_t now_ms);
MR_MUST_USE enum mr_code oc_fired_add(struct oc_shard *, const char *member, int64_t until_ms,
                                      struct mr_error *err);
void oc_fired_end(struct oc_shard *, const char *member);

#endif
