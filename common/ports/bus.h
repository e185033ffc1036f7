/* bus.h -- port: how messages travel.  bus_kafka.c, bus_redis.c and sim/bus_sim.c fill it.
 *
 * Two ways to read one kind of topic:
 *   log    ordered partitions that one owner reads from any offset it likes; it keeps its own
 *          position. (millrace.log, millrace.config, millrace.control)
 *   queue  competing consumers; a message is taken, worked on, and released, in any order inside a
 *          bounded window; what was taken and not released by a consumer that died is taken by
 *          another.  At least once. (millrace.jobs, .results, .tasks.*)
 *
 * Offsets of a partition are dense enough to compare and never go back; time_ms is the moment the
 * broker stored the message, never the sender's.  A handle has one owner thread.
 *
 * Waiting: every handle has a descriptor for poll(2)/epoll. Readable means: call its poll/take
 * again, until it gives 0. Handles clear their descriptor themselves. */
#ifndef MR_BUS_H
#define MR_BUS_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    MR_BUS_MESSAGE_MAX = 3 * 1024 * 1024, /* bytes of value; topics are made with room for it */
    MR_BUS_KEY_MAX = 32 * 1024,
    MR_BUS_PARTITIONS_MAX = 1024, /* of one topic */
    MR_QUEUE_WINDOW_MAX = 65536,
};

struct mr_msg { /* lent by the handle until its next poll/take (queue: until released) */
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t time_ms; /* of the broker */
    const char *key; /* may be NULL */
    size_t key_len;
    const char *value; /* may be NULL: a tombstone of a compacted topic */
    size_t value_len;
};

/* What became of one send. code MR_OK: stored durably, at partition and offset.
 * MR_TOO_LARGE: never stored.  Anything else: it may or may not have been stored; send again. */
typedef void mr_bus_sent_fn(void *owner, void *tag, enum mr_code code, int32_t partition,
                            int64_t offset, int64_t time_ms);

struct mr_bus;
struct mr_log;
struct mr_queue;

struct mr_topic_spec {
    const char *name;
    int32_t partitions;
    bool compacted;       /* keeps the newest value of each key */
    int64_t retention_ms; /* -1: for ever; ignored where compacted */
};

enum mr_log_from { MR_LOG_FIRST = -2, MR_LOG_END = -1 }; /* or an offset >= 0 */

struct mr_bus_ops {
    enum mr_code (*ensure)(struct mr_bus *, const struct mr_topic_spec *, size_t n,
                           struct mr_error *err);
    int32_t (*partitions)(struct mr_bus *, const char *topic, struct mr_error *err);
    enum mr_code (*send)(struct mr_bus *, const char *topic, int32_t partition, const char *key,
                         size_t key_len, const char *value, size_t value_len, void *tag,
                         struct mr_error *err);
    int (*poll)(struct mr_bus *);
    int (*fd)(struct mr_bus *);
    enum mr_code (*flush)(struct mr_bus *, int64_t timeout_ms, struct mr_error *err);
    void (*free)(struct mr_bus *);

    struct mr_log *(*log_open)(struct mr_bus *, const char *topic, struct mr_error *err);
    enum mr_code (*log_start)(struct mr_log *, int32_t partition, int64_t from,
                              struct mr_error *err);
    void (*log_stop)(struct mr_log *, int32_t partition);
    enum mr_code (*log_bounds)(struct mr_log *, int32_t partition, int64_t *first, int64_t *end,
                               struct mr_error *err);
    enum mr_code (*log_id)(struct mr_log *, struct mr_buf *ret, struct mr_error *err);
    int (*log_poll)(struct mr_log *, struct mr_msg *msgs, int max, struct mr_error *err);
    enum mr_code (*log_trim)(struct mr_log *, int32_t partition, int64_t before,
                             struct mr_error *err);
    int (*log_fd)(struct mr_log *);
    void (*log_free)(struct mr_log *);

    struct mr_queue *(*queue_open)(struct mr_bus *, const char *topic, const char *group,
                                   int window, struct mr_error *err);
    int (*queue_take)(struct mr_queue *, struct mr_msg *msgs, int max, struct mr_error *err);
    void (*queue_release)(struct mr_queue *, int32_t partition, int64_t offset);
    enum mr_code (*queue_flush)(struct mr_queue *, struct mr_error *err);
    int (*queue_fd)(struct mr_queue *);
    void (*queue_free)(struct mr_queue *);
};
struct mr_bus { /* first member of every implementation */
    const struct mr_bus_ops *ops;
    mr_bus_sent_fn *on_sent; /* set by the owner before the first send */
    void *owner;
};
struct mr_log {
    struct mr_bus *bus;
};
struct mr_queue {
    struct mr_bus *bus;
};

/* Makes the topics that are missing and checks those that are there: partitions (>= asked is right
 * but for millrace.log, whose count is fixed at creation: compared exactly where compacted is false
 * and retention_ms is -1), cleanup policy, retention, message size, timestamp type. A setting that
 * would break a promise is MR_INVALID with the topic, the setting, what it is and what it must be.
 * Blocks up to 30 s. */
MR_MUST_USE enum mr_code mr_bus_ensure(struct mr_bus *, const struct mr_topic_spec *, size_t n,
                                       struct mr_error *err);
/* Number of partitions of an existing topic, or -1 with err (MR_NOT_FOUND, MR_UNAVAILABLE). */
int32_t mr_bus_partitions(struct mr_bus *, const char *topic, struct mr_error *err);

/* Takes a copy and sends it in the background; the outcome comes to on_sent() from mr_bus_poll()
 * or _flush().  partition -1: by murmur2 of the key.  Order holds inside a partition.
 * MR_BUSY: the bounded send queue is full: poll and try again.  MR_TOO_LARGE. */
MR_MUST_USE enum mr_code mr_bus_send(struct mr_bus *, const char *topic, int32_t partition,
                                     const char *key, size_t key_len, const char *value,
                                     size_t value_len, void *tag, struct mr_error *err);
int mr_bus_poll(struct mr_bus *); /* dispatches outcomes; returns how many */
int mr_bus_fd(struct mr_bus *);
/* Waits until every send has its outcome, at most timeout_ms; then gives up the rest (their
 * on_sent() gets MR_UNAVAILABLE). */
MR_MUST_USE enum mr_code mr_bus_flush(struct mr_bus *, int64_t timeout_ms, struct mr_error *err);
/* Its logs and queues are freed before it. What is not flushed is given up without an outcome. */
void mr_bus_free(struct mr_bus *);

/* A topic that is there (MR_NOT_FOUND), whose broker answers (MR_UNAVAILABLE). Blocks up to 10 s.
 */
MR_MUST_USE struct mr_log *mr_log_open(struct mr_bus *, const char *topic, struct mr_error *err);
/* Reads partition from an offset (or MR_LOG_FIRST, MR_LOG_END) on; a start of a started one seeks.
 * MR_LOG_END is settled by the call, which blocks up to 10 s for it: what is stored later is read.
 */
MR_MUST_USE enum mr_code mr_log_start(struct mr_log *, int32_t partition, int64_t from,
                                      struct mr_error *err);
void mr_log_stop(struct mr_log *, int32_t partition); /* no message of it after this */
/* First offset that can be read, and the offset the next message will get. Blocks up to 10 s. */
MR_MUST_USE enum mr_code mr_log_bounds(struct mr_log *, int32_t partition, int64_t *first,
                                       int64_t *end, struct mr_error *err);
/* What tells this topic from another of the same name (Kafka: the topic id). */
MR_MUST_USE enum mr_code mr_log_id(struct mr_log *, struct mr_buf *ret, struct mr_error *err);
/* Up to max messages of the started partitions, each partition's in order; never waits. 0: none
 * now.  -1: err; MR_TRUNCATED with the partition in err where the wanted offset is gone (that
 * partition is then stopped), else retriable. */
int mr_log_poll(struct mr_log *, struct mr_msg *msgs, int max, struct mr_error *err);
/* Lets the broker forget what is before an offset. Drivers whose log is kept for ever: MR_OK, and
 * nothing happens. */
MR_MUST_USE enum mr_code mr_log_trim(struct mr_log *, int32_t partition, int64_t before,
                                     struct mr_error *err);
int mr_log_fd(struct mr_log *);
void mr_log_free(struct mr_log *);

/* Joins group on topic, which is there (MR_NOT_FOUND); blocks up to 10 s.  At most window messages
 * are taken and not released at a time. */
MR_MUST_USE struct mr_queue *mr_queue_open(struct mr_bus *, const char *topic, const char *group,
                                           int window, struct mr_error *err);
/* Up to max messages; never waits. They stay valid until released. Call it often, also when nothing
 * more is wanted (max 0): it keeps the membership alive. 0 none, -1 err (retriable). */
int mr_queue_take(struct mr_queue *, struct mr_msg *msgs, int max, struct mr_error *err);
/* The work on it is safe elsewhere.  Releases go to the broker in the background, in order and
 * without gaps; a message that has meanwhile gone to another consumer is passed over. */
void mr_queue_release(struct mr_queue *, int32_t partition, int64_t offset);
/* Sends what is released to the broker now. */
MR_MUST_USE enum mr_code mr_queue_flush(struct mr_queue *, struct mr_error *err);
int mr_queue_fd(struct mr_queue *);
void mr_queue_free(struct mr_queue *); /* leaves the group; what is not released goes to others */

#endif
