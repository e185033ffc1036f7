/* bus_redis_queue.h -- a queue's handle, and the shelf of messages it holds: found by partition and
 * offset, given out in the order they came. */
#ifndef MR_BUS_REDIS_QUEUE_H
#define MR_BUS_REDIS_QUEUE_H

#include "common/adapters/bus_redis.h"

struct bus_held {
    struct bus_held *same;  /* next of its bucket */
    struct bus_held *later; /* next of those not yet given out */
    struct mr_msg msg;      /* key and value are in bytes */
    bool given;
    char bytes[];
};

struct bus_shelf {
    struct bus_held **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    struct bus_held *first, *last; /* not yet given out */
};
MR_MUST_USE enum mr_code bus_shelf_init(struct bus_shelf *shelf, size_t count_max,
                                        struct mr_error *err);
void bus_shelf_release(struct bus_shelf *shelf);
/* Keeps a copy; one that is there already stays as it is. */
MR_MUST_USE enum mr_code bus_shelf_put(struct bus_shelf *shelf, const struct mr_msg *msg,
                                       struct mr_error *err);
/* The next message to give out; false: none. */
MR_MUST_USE bool bus_shelf_give(struct bus_shelf *shelf, struct mr_msg *ret);
/* Forgets one that was given out; false: there is none such. */
MR_MUST_USE bool bus_shelf_remove(struct bus_shelf *shelf, int32_t partition, int64_t offset);

struct bus_place {
    int32_t partition;
    int64_t offset;
};
/* Where each that is held belongs, in order; ret has room for count of them. */
void bus_shelf_places(const struct bus_shelf *shelf, struct bus_place *ret);
int bus_place_compare(const void *a, const void *b);

/* ---- the handle
 * -------------------------------------------------------------------------------------- */

enum { BUS_CONSUMER_MAX = 96, BUS_RENEWALS = 4 /* in each reclaim_ms */ };

enum ask { ASK_NONE, ASK_TAKE, ASK_BLOCK };
enum work { WORK_NONE, WORK_RELEASE, WORK_KEEP };

struct redis_queue {
    struct mr_queue queue;
    int64_t reclaim_ms, timeout_ms;
    struct bus_waker waker;
    struct bus_link take_link, work_link;
    struct mr_redis_cmd cmd;
    char *topic, *group;
    char consumer[BUS_CONSUMER_MAX];
    int32_t partitions;
    size_t window;
    struct bus_shelf shelf;
    /* taking */
    enum ask asked; /* what is under way */
    bool empty;     /* the last take found nothing: waiting is right */
    int64_t asked_ms;
    int64_t reclaimed_ms; /* when others' messages were last asked for; 0: never */
    int32_t turn;         /* partition to begin with */
    /* releasing and renewing: one call under way at a time */
    enum work work;
    int64_t work_ms;
    struct bus_place *released; /* waiting; the first `sent` are under way */
    size_t released_count, released_cap, sent;
    struct bus_place *held; /* to renew, in order; the first `kept` are done or under way */
    size_t held_count, held_cap, kept;
    int64_t keep_ms; /* when the next renewal is due */
};

/* FCALL of a function, the topic's streams, the group: what every call begins with. */
void bus_queue_call(struct redis_queue *queue, const char *function);

/* bus_redis_work.c: takes in the answer that is there; starts what is to be done next, if nothing
 * is under way. */
MR_MUST_USE enum mr_code bus_work_receive(struct redis_queue *queue, struct mr_error *err);
enum mr_code bus_work_start(struct redis_queue *queue, struct mr_error *err);

#endif
