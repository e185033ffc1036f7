/* orchestrator.h -- the parts of one orchestrator, in one thread, on one loop.
 * A file per verb: admit, advance (apply, effects, batch), relay, take, timers, scan, config. */
#ifndef OC_ORCHESTRATOR_H
#define OC_ORCHESTRATOR_H

#include "common/model/topics.h"
#include "common/ports/bus.h"
#include "common/ports/clock.h"
#include "common/ports/store.h"
#include "orchestrator/asl/step.h"
#include "orchestrator/config_copy.h"
#include "orchestrator/machines.h"
#include "orchestrator/settings.h"
#include "orchestrator/shard.h"
#include "orchestrator/stats.h"

struct ev_port;
struct oc_answer;
struct oc_admit;
struct oc_advance;

struct oc { /* handed its ports; owns the rest */
    const struct oc_config *config;
    const struct mr_cluster_config *cluster;
    struct mr_topics topics;
    char id[128];

    struct mr_bus *bus;         /* lent */
    struct mr_store *store;     /* lent */
    struct mr_clock *clock;     /* lent */
    struct ev_port *evaluators; /* lent; set after oc_setup(). NULL: evaluations wait in Redis */
    struct mr_log *log;
    char log_id[64];

    struct oc_shard *shards;
    uint32_t shard_count;
    struct oc_machines machines;
    struct oc_config_copy workflows;
    struct oc_known_class *known_classes; /* whose topics are there */
    int64_t classes_made;                 /* of them, because a workflow named them */
    struct oc_admit *admit;
    struct oc_advance *advance;
    struct asl_effects effects; /* of the event under way */
    struct oc_answer *answers;  /* of evaluations, that the bus has not taken yet */
    int64_t ask_pause_ms;       /* nothing is asked before: no evaluator can be started */
    struct oc_stats stats;

    int64_t lease_next_ms; /* when leases are next taken and renewed */
    int64_t lease_kept_ms; /* when they were last renewed */
    int64_t beat_next_ms;
    int64_t send_pause_ms; /* nothing is relayed before: a send failed */
    bool log_ended;        /* the bus says that the log cannot be read: see take.c */
};

/* Opens topics, queues and logs and checks what the cluster rests on. Everything is released by
 * oc_teardown() also after a failure. */
MR_MUST_USE enum mr_code oc_setup(struct oc *, const struct oc_config *,
                                  const struct mr_cluster_config *, struct mr_bus *,
                                  struct mr_store *, struct mr_clock *, struct mr_error *err);
/* One pass: what is there is worked on, nothing is waited for. Returns how much was done; 0: idle.
 */
int oc_pass(struct oc *);
/* How long the loop may sleep when idle and no descriptor becomes readable, ms. */
int oc_sleep_ms(const struct oc *);
/* The descriptors that wake it: into fds[], returns how many (<= 8); fewer without evaluators. */
int oc_fds(const struct oc *, int fds[8]);
/* Gives its shards to others; waits for reports at most timeout_ms. */
void oc_teardown(struct oc *, int64_t timeout_ms);

/* ---- verbs; each returns how much it did --------------------------------------------------------
 */

int oc_admit_pass(struct oc *);    /* admit.c */
int oc_advance_pass(struct oc *);  /* advance.c */
int oc_relay_pass(struct oc *);    /* relay.c */
int oc_take_pass(struct oc *);     /* take.c */
void oc_take_keep(struct oc *);    /* take.c: renews the leases that are ours, where it is time */
int oc_timers_pass(struct oc *);   /* timers.c */
int oc_scan_pass(struct oc *);     /* scan.c */
int oc_evaluate_pass(struct oc *); /* evaluate.c */

MR_MUST_USE enum mr_code oc_admit_open(struct oc *, struct mr_error *err);
void oc_admit_close(struct oc *);
size_t oc_admit_pending(const struct oc *);
void oc_admit_queues(const struct oc *, struct mr_queue *ret[2]);
MR_MUST_USE enum mr_code oc_advance_open(struct oc *, struct mr_error *err);
void oc_advance_close(struct oc *);
/* relay.c: the topic of this class is there. */
MR_MUST_USE enum mr_code oc_relay_know(struct oc *, const char *class_name);
void oc_relay_close(struct oc *);
/* Answers that are still to come are given up; before the shards' memory goes. */
void oc_evaluate_close(struct oc *);
/* relay.c: the report of an effect's send. */
void oc_relay_reported(struct oc_send *, enum mr_code code, int32_t partition, int64_t offset,
                       int64_t time_ms);

/* ---- what verbs ask of each other ---------------------------------------------------------------
 */

/* take.c: the shard is given up and, if the lease stays ours, taken anew after a pause.  Only with
 * OC_LOST_APPLY as the reason, and an error that no other try can help, is an event at fault. */
#define OC_LOST_APPLY "apply"
void oc_shard_lose(struct oc *, struct oc_shard *, const char *why, const struct mr_error *);
/* take.c: the log disagrees; the shard waits for a person. */
void oc_shard_stop(struct oc *, struct oc_shard *, const struct mr_error *);
/* take.c: every lease of ours is dropped, so that others need not wait for it to run out. */
void oc_give_all(struct oc *);
/* take.c: the batch with our takeover event is written. */
void oc_shard_live(struct oc *, struct oc_shard *);

/* apply.c: one event to one shard's memory and batch. */
struct oc_loads;
MR_MUST_USE enum mr_code oc_apply(struct oc *, struct oc_shard *, const struct mr_msg *,
                                  const struct mr_event *, struct oc_loads *, struct mr_error *err);
/* loads.c: what was read from Redis for the events of a shard. It outlives the events: ids are its
 * own. */
struct oc_loads {
    struct mr_job_load *items;
    size_t count, cap;
    struct asl_arena ids;
};
struct mr_job_load *oc_loads_find(struct oc_loads *, const char *job);
MR_MUST_USE enum mr_code oc_loads_want(struct oc_loads *, const char *job, bool want_run,
                                       struct mr_error *err);
void oc_loads_sort(struct oc_loads *); /* once all is wanted: find() searches from then on */
void oc_loads_release(struct oc_loads *);
/* apply.c: a job of memory, or of what was loaded (then kept in memory); NULL with MR_OK: unknown
 * or closed for good. */
MR_MUST_USE enum mr_code oc_job_find(struct oc *, struct oc_shard *, const char *id,
                                     struct oc_loads *, struct oc_job **ret, struct mr_error *err);

/* outputs.c: row fields "output:<step>/<name>" for each object with a key in {"outputs": {...}}. */
void oc_note_outputs(struct oc_job *, uint64_t seq, const cJSON *output);

/* effects.c: what step asks for, into outbox, timers and row. */
MR_MUST_USE enum mr_code oc_effects_apply(struct oc *, struct oc_shard *, struct oc_job *,
                                          const struct mr_msg *, struct mr_error *err);
/* effects.c: a dead letter of this shard, by what the event at msg said. */
MR_MUST_USE enum mr_code oc_effect_dead(struct oc *, struct oc_shard *, const struct mr_msg *,
                                        const char *job, const char *reason, const char *text,
                                        struct mr_error *err);
/* effects.c: the task fails with error, by an event in the job's own log. */
MR_MUST_USE enum mr_code oc_effect_refuse(struct oc *, struct oc_shard *, const struct oc_job *,
                                          const struct asl_effect *, const char *error,
                                          const char *cause, struct mr_error *err);
/* effects.c: the task's effect once more, as it was (scanner). */
MR_MUST_USE enum mr_code oc_effect_task(struct oc *, struct oc_shard *, struct oc_job *,
                                        const struct asl_effect *, struct mr_error *err);
/* effects.c: likewise for an evaluation. */
MR_MUST_USE enum mr_code oc_effect_evaluate(struct oc *, struct oc_shard *, struct oc_job *,
                                            const struct asl_effect *, struct mr_error *err);
/* effects.c, for asl_env: ctx is the job. */
bool oc_env_token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size);
void oc_task_field(char *buf, size_t size, const char *job, uint64_t seq, uint32_t attempt);
void oc_ask_field(char *buf, size_t size, const char *job, uint64_t seq, uint32_t attempt,
                  uint32_t number);
void oc_timer_member(char *buf, size_t size, const char *job, uint64_t seq, uint32_t attempt,
                     char timer);

/* batch.c: rows, runs and outbox of the batch under way, ready to be sent. */
MR_MUST_USE enum mr_code oc_batch_finish(struct oc *, struct oc_shard *, struct mr_batch *ret,
                                         struct mr_error *err);
void oc_batch_commit(struct oc *, struct oc_shard *);
/* advance.c: the batch under way, sent and waited for alone. */
void oc_batch_write(struct oc *, struct oc_shard *);
/* batch.c: one value of a job written, or with text NULL removed. */
MR_MUST_USE enum mr_code oc_batch_value(struct oc_shard *, struct oc_job *, uint32_t id,
                                        const char *text, size_t len, struct mr_error *err);
MR_MUST_USE enum mr_code oc_batch_op(struct oc_shard *, const struct mr_batch_op *,
                                     struct mr_error *err);

#endif
