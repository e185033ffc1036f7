/* bus_kafka_window.h -- what a queue has taken of one partition, in the order of offsets, until it
 * is passed: released, and all before it too. Knows nothing of Kafka: what a slot carries is
 * opaque. */
#ifndef BUS_KAFKA_WINDOW_H
#define BUS_KAFKA_WINDOW_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct mr_window_slot {
    int64_t offset;
    void *held;    /* NULL once released */
    int32_t epoch; /* of the partition's leader */
};

struct mr_window {
    struct mr_window_slot *slots; /* a ring, owned; NULL before mr_window_init() */
    size_t cap;                   /* a power of two */
    size_t head, count;
};

/* Room for at least span slots. */
MR_MUST_USE enum mr_code mr_window_init(struct mr_window *, size_t span, struct mr_error *err);
void mr_window_release(struct mr_window *); /* the slots' own things are the caller's */
/* Behind all others: its offset must be above theirs, and there must be room. */
void mr_window_push(struct mr_window *, const struct mr_window_slot *slot);
/* The i-th from the oldest. */
struct mr_window_slot *mr_window_at(const struct mr_window *, size_t i);
/* The slot of an offset, or NULL. */
struct mr_window_slot *mr_window_find(const struct mr_window *, int64_t offset);
/* Drops the oldest ones that are released. True where there were some: *ret is the last of them. */
bool mr_window_pass(struct mr_window *, struct mr_window_slot *ret);

#endif
