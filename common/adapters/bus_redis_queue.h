/* bus_redis_queue.h -- the messages that a queue's handle holds: found by partition and offset, given
 * out in the order they came. */
#ifndef MR_BUS_REDIS_QUEUE_H
#define MR_BUS_REDIS_QUEUE_H

#include "common/ports/bus.h"

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

#endif
