/* kit.h -- a whole cluster in one thread on virtual time: real orchestrators on simulated ports,
 * and a worker of a few lines that answers what it is told to. */
#ifndef FLOW_KIT_H
#define FLOW_KIT_H

#include "common/model/message.h"
#include "common/sim/sim.h"
#include "orchestrator/orchestrator.h"

enum { FLOW_NODES = 2, FLOW_STEP_MS = 10 };

struct flow_node {
    bool alive;
    struct mr_bus *bus;
    struct mr_store *store;
    struct oc oc;
};

struct flow {
    struct mr_sim_world world;
    struct mr_sim_clock clock;
    struct mr_sim_broker *broker;
    struct mr_sim_redis *redis;
    struct mr_cluster_config cluster;
    struct oc_config config;
    struct flow_node nodes[FLOW_NODES];
    bool paused[FLOW_NODES]; /* a node that is stopped and not dead */
    /* the world around: a producer, a worker, a reader of notices; they see no faults */
    struct mr_bus *bus;
    struct mr_store *store;
    struct mr_queue *tasks;
    struct mr_log *events, *dlq;
    bool worker_off;     /* takes nothing */
    bool worker_mute;    /* takes tasks and answers none */
    const char *refused; /* a task whose input holds this text is answered with "Item.Refused" */
    int worker_fails;    /* this many tasks are answered with an error first */
    const char *cause;   /* of such an answer */
    cJSON *stored;       /* objects that Maps read and write: see gateway/cli/asl_objects.h */
    int tasks_seen;
    int notices, letters; /* distinct ones */
    char last_letter[4096];
    char seen[64][160]; /* ids of notices */
    char last_token[MR_TOKEN_MAX + 1];
};

void flow_setup(struct flow *, uint64_t seed); /* two shards */
void flow_setup_shards(struct flow *, uint64_t seed, int shards);
void flow_teardown(struct flow *);
void flow_start(struct flow *, int node); /* asserts that it starts, unless faults are armed */
void flow_kill(struct flow *, int node);  /* as SIGKILL: its leases stay until they run out */
/* Passes until the job has a final status or virtual limit_ms are over; false then. A node whose
 * start failed by a fault is started again, as a supervisor would. */
bool flow_run(struct flow *, const char *job, int64_t limit_ms);
void flow_passes(struct flow *, int64_t ms);
void flow_pass(struct flow *);   /* one pass of everyone, and FLOW_STEP_MS of time */
void flow_settle(struct flow *); /* some passes, until what is under way has come to rest */
/* The n-th port call of the cluster from here on fails, before it was done or after. */
void flow_fault(struct flow *, uint64_t n, bool after);
void flow_submit(struct flow *, const char *id, const char *definition, const char *input);
void flow_produce(struct flow *, const char *topic, const char *key, const char *text);
void flow_event(struct flow *, const struct mr_event *event); /* into its job's log */
/* A workflow by name, in millrace.config. */
void flow_put_workflow(struct flow *, const char *name, const char *definition);
/* A field of the job's row; "" where there is none. Lent until the next call. */
const char *flow_row(struct flow *, const char *job, const char *field);
int flow_outbox(struct flow *); /* entries in every shard's outbox */
/* Everything of every shard's state as one text: two runs that end alike give the same. */
void flow_digest(struct flow *, const char *job, char *buf, size_t size);

extern const char flow_one_task[]; /* a Task; a Task with Retry; a Wait; ... */
extern const char flow_retry[];
extern const char flow_wait[];
extern const char flow_parallel[];

#endif
