/* bus_kafka_queue.h -- private to bus_kafka_group.c and bus_kafka_queue.c: the state of a queue. */
#ifndef BUS_KAFKA_QUEUE_H
#define BUS_KAFKA_QUEUE_H

#include "common/adapters/bus_kafka.h"
#include "common/adapters/bus_kafka_window.h"

enum { MR_KAFKA_NOT_KNOWN = -1 };

struct mr_kafka_part {
    bool assigned;
    int64_t next; /* offset of the next message, MR_KAFKA_NOT_KNOWN before the first where none is
                     committed */
    struct mr_window window;                 /* without slots until prepared */
    rd_kafka_topic_partition_list_t *stored; /* one element, with what was passed; owned */
};

struct mr_kafka_orphan {
    int32_t partition;
    struct mr_window_slot slot;
};

struct mr_kafka_queue {
    struct mr_queue queue;
    rd_kafka_t *rk;
    rd_kafka_queue_t *control;  /* the consumer's queue */
    rd_kafka_queue_t *messages; /* of every assigned partition */
    char *topic;
    struct mr_kafka_signal signal;
    size_t window, span; /* unreleased at most; slots of a partition */
    size_t held;         /* unreleased now, orphans too */
    size_t slots_used;   /* of all partitions */
    bool more;           /* messages were not seen empty since the signal */
    bool starved; /* a take was refused for want of room: raise the signal when there is some */
    bool closing;
    int unprepared; /* assigned partitions without slots yet */
    int64_t alive_ms;
    struct mr_kafka_part parts[MR_BUS_PARTITIONS_MAX];
    size_t orphan_count;
    struct mr_kafka_orphan orphans[]; /* at most window */
};

/* Memory for partitions newly assigned; got at a take and not in the rebalance, where its lack
 * could not be told. */
enum mr_code mr_kafka_parts_prepare(struct mr_kafka_queue *, struct mr_error *err);
/* What is held of a partition's past becomes orphans. */
void mr_kafka_part_empty(struct mr_kafka_queue *, int32_t partition);

#endif
