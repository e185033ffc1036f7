/* bus_sim.h -- private to bus_sim*.c: the broker of the simulation, in memory.
 *   bus_sim_broker.c  topics and their messages; groups and who of them reads what
 *   bus_sim.c         a client: topics made, sends and their outcomes
 *   bus_sim_log.c     a log          bus_sim_queue.c  a member of a group
 *
 * As with a real server a send is under way until its client polls: what a client that is killed
 * had under way is lost. Releases are known to the broker from the next take, flush or free on. A
 * message is kept until the broker is freed, truncated or not: what was lent stays readable. */
#ifndef BUS_SIM_H
#define BUS_SIM_H

#include "common/sim/sim.h"

struct sim_msg { /* one allocation: the bytes follow */
    int64_t time_ms;
    const char *key, *value; /* NULL where there is none */
    size_t key_len, value_len;
};

struct sim_part {
    struct sim_msg **msgs; /* of offset 0, 1, 2 ...; owned */
    int64_t first;         /* below: forgotten */
    int64_t end;
    int64_t cap;
};

struct sim_topic {
    struct sim_topic *next;
    struct mr_topic_spec spec; /* name owned */
    uint64_t number;           /* its id */
    struct sim_part *parts;    /* spec.partitions */
};

struct sim_queue;
struct sim_share {           /* one partition of a group */
    int64_t committed;       /* all below are released */
    int64_t fetch;           /* what its member takes next */
    struct sim_queue *owner; /* NULL: no member */
};

struct sim_group {
    struct sim_group *next;
    char *name; /* owned */
    struct sim_topic *topic;
    struct sim_queue *members; /* in the order they joined */
    struct sim_share *shares;  /* of each partition */
};

struct mr_sim_broker {
    struct mr_sim_world *world;
    struct sim_topic *topics;
    struct sim_group *groups;
    uint64_t topics_made;
};

struct sim_send { /* under way */
    struct sim_send *next;
    char *topic; /* owned */
    int32_t partition;
    struct sim_msg *msg; /* owned */
    void *tag;
    bool lost;    /* never reaches the broker */
    bool unheard; /* reaches it; its answer does not come back */
};

struct sim_bus {
    struct mr_bus bus;
    struct mr_sim_broker *broker;
    struct sim_send *sends, **sends_end;
    int send_count;
    uint32_t keyless; /* sends without a key go round */
    int fd;           /* never readable: on virtual time nobody sleeps on it */
    bool dead;        /* killed */
};

struct sim_taken {
    int32_t partition;
    int64_t offset;
    bool current;  /* its partition has not been another's since */
    bool released; /* still here since an older one is not */
};

struct sim_queue {
    struct mr_queue queue;
    struct sim_queue *next;  /* in the group */
    struct sim_group *group; /* NULL once it has left */
    int window;
    int held;                /* not released */
    struct sim_taken *taken; /* owned, in the order taken */
    size_t taken_count, taken_cap;
};

/* ---- bus_sim_broker.c ---- */
struct sim_topic *sim_topic_find(struct mr_sim_broker *, const char *name);
struct sim_topic *sim_topic_new(struct mr_sim_broker *, const struct mr_topic_spec *,
                                struct mr_error *err);
/* Takes msg where it succeeds. */
enum mr_code sim_part_append_take(struct sim_part *, struct sim_msg *msg, int64_t now_ms);
void sim_msg_fill(struct mr_msg *ret, const struct sim_topic *, int32_t partition, int64_t offset);
/* The group, made where it is not there yet. */
struct sim_group *sim_group_of(struct mr_sim_broker *, struct sim_topic *, const char *name,
                               struct mr_error *err);
void sim_group_join(struct sim_group *, struct sim_queue *);
/* politely: what it released counts; a killed member's last releases do not. */
void sim_group_leave(struct sim_group *, struct sim_queue *, bool politely);

/* ---- bus_sim.c ---- */
/* A counted call of this client: not MR_OK where it fails before it does anything. */
enum mr_code sim_call(struct sim_bus *, const char *what, struct mr_error *err);
/* At its end: not MR_OK where its answer is lost. */
enum mr_code sim_answer(struct sim_bus *, const char *what, struct mr_error *err);
enum mr_code sim_no_topic(const char *name, struct mr_error *err);
enum mr_code sim_no_partition(const struct sim_topic *, int32_t partition, struct mr_error *err);

/* ---- bus_sim_log.c, bus_sim_queue.c: the operations of bus.h ---- */
extern const struct mr_bus_ops sim_bus_ops;
struct mr_log *sim_log_open(struct mr_bus *, const char *topic, struct mr_error *err);
enum mr_code sim_log_start(struct mr_log *, int32_t partition, int64_t from, struct mr_error *err);
void sim_log_stop(struct mr_log *, int32_t partition);
enum mr_code sim_log_bounds(struct mr_log *, int32_t partition, int64_t *first, int64_t *end,
                            struct mr_error *err);
enum mr_code sim_log_id(struct mr_log *, struct mr_buf *ret, struct mr_error *err);
int sim_log_poll(struct mr_log *, struct mr_msg *msgs, int max, struct mr_error *err);
enum mr_code sim_log_trim(struct mr_log *, int32_t partition, int64_t before, struct mr_error *err);
int sim_log_fd(struct mr_log *);
void sim_log_free(struct mr_log *);

struct mr_queue *sim_queue_open(struct mr_bus *, const char *topic, const char *group, int window,
                                struct mr_error *err);
int sim_queue_take(struct mr_queue *, struct mr_msg *msgs, int max, struct mr_error *err);
void sim_queue_release(struct mr_queue *, int32_t partition, int64_t offset);
enum mr_code sim_queue_flush(struct mr_queue *, struct mr_error *err);
int sim_queue_fd(struct mr_queue *);
void sim_queue_free(struct mr_queue *);
/* Tells the broker what is released without gaps. */
void sim_queue_commit(struct sim_queue *);
/* The partition goes to another: what is not released is an orphan of this queue's from now on. */
void sim_queue_revoke(struct sim_queue *, int32_t partition);

#endif
