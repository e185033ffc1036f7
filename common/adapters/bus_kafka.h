/* bus_kafka.h -- private to bus_kafka*.c: what the parts of the Kafka driver share.
 *   bus_kafka_conf.c    settings, librdkafka's configuration, its errors and log lines, the signal
 *   bus_kafka.c         the client: producer, outcomes
 *   bus_kafka_topics.c  partitions, topics made and checked
 *   bus_kafka_log.c     a log: partitions read by their one owner
 *   bus_kafka_group.c   a queue's membership of a consumer group
 *   bus_kafka_queue.c   a queue: take and release
 *   bus_kafka_window.c  what a queue has taken of one partition and not yet passed
 * librdkafka's threads reach our side in one place only: the signal. */
#ifndef BUS_KAFKA_H
#define BUS_KAFKA_H

#include "common/adapters/adapters.h"
#include "common/ports/bus.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

enum {
    MR_KAFKA_BLOCK_MS = 10 * 1000,         /* one question to the broker */
    MR_KAFKA_HEADROOM = 64 * 1024,         /* of a message: key, headers, framing */
    MR_KAFKA_POLL_INTERVAL_MS = 60 * 1000, /* a queue not taken from so long leaves its group */
    MR_KAFKA_COMMIT_MS = 100,              /* releases reach the broker this often */
    MR_KAFKA_ERRSTR = 512,
};

/* ---- bus_kafka_conf.c ---- */

/* A descriptor that is readable from the moment one of librdkafka's queues stops being empty until
 * mr_kafka_signal_take(). Any thread may raise it; its handle's owner takes it. */
struct mr_kafka_signal {
    int fd;
    atomic_bool raised;
};
enum mr_code mr_kafka_signal_init(struct mr_kafka_signal *, struct mr_error *err);
void mr_kafka_signal_release(struct mr_kafka_signal *);
void mr_kafka_signal_raise(struct mr_kafka_signal *);
/* Was it raised? Look into the queues after this call, not before. */
bool mr_kafka_signal_take(struct mr_kafka_signal *);
/* Raises the signal when queue stops being empty. The signal outlives the queue. */
void mr_kafka_signal_watch(struct mr_kafka_signal *, rd_kafka_queue_t *queue);

struct mr_kafka_prop {
    const char *name, *value;
};
/* Properties into conf; an empty or NULL value leaves librdkafka's default. */
enum mr_code mr_kafka_conf_set(rd_kafka_conf_t *conf, const struct mr_kafka_prop *props, size_t n,
                               struct mr_error *err);
enum mr_code mr_kafka_conf_set_long(rd_kafka_conf_t *conf, const char *name, int64_t value,
                                    struct mr_error *err);
/* What every client of one bus has in common; the caller's. */
rd_kafka_conf_t *mr_kafka_conf_new(const struct mr_kafka_config *, struct mr_error *err);
/* Takes conf, whether it succeeds or not. */
rd_kafka_t *mr_kafka_client_take(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct mr_error *err);

enum mr_code mr_kafka_code(rd_kafka_resp_err_t);
/* mr_fail() with the code and the words of librdkafka: "what: Broker: ..." */
enum mr_code mr_kafka_fail(struct mr_error *err, rd_kafka_resp_err_t, const char *what);

/* ---- bus_kafka.c ---- */

struct mr_kafka_topic {
    char *name;            /* owned */
    rd_kafka_topic_t *rkt; /* owned, of the producer */
};

struct mr_kafka_bus {
    struct mr_bus bus;
    rd_kafka_conf_t *conf; /* what every client of this bus has in common; owned */
    int64_t linger_ms, replication, send_queue_max, session_ms;
    rd_kafka_t *rk;            /* the producer; NULL while a broken one could not be replaced */
    rd_kafka_queue_t *reports; /* its delivery reports */
    struct mr_kafka_signal signal;
    struct mr_kafka_topic *topics; /* that were sent to */
    size_t topic_count, topic_last;
    int dispatched; /* outcomes given in the poll under way */
    bool broken;    /* the producer has met a fatal error and is to be replaced */
};

/* ---- bus_kafka_topics.c, _log.c, _group.c, _queue.c: the operations of bus.h ---- */

enum mr_code mr_kafka_ensure(struct mr_bus *, const struct mr_topic_spec *, size_t n,
                             struct mr_error *err);
int32_t mr_kafka_partitions(struct mr_bus *, const char *topic, struct mr_error *err);
/* The same, asked by a client that is there. */
int32_t mr_kafka_topic_count(rd_kafka_t *rk, const char *topic, struct mr_error *err);
enum mr_code mr_kafka_topic_id(rd_kafka_t *rk, const char *topic, struct mr_buf *ret,
                               struct mr_error *err);

struct mr_log *mr_kafka_log_open(struct mr_bus *, const char *topic, struct mr_error *err);
enum mr_code mr_kafka_log_start(struct mr_log *, int32_t partition, int64_t from,
                                struct mr_error *err);
void mr_kafka_log_stop(struct mr_log *, int32_t partition);
enum mr_code mr_kafka_log_bounds(struct mr_log *, int32_t partition, int64_t *first, int64_t *end,
                                 struct mr_error *err);
enum mr_code mr_kafka_log_id(struct mr_log *, struct mr_buf *ret, struct mr_error *err);
int mr_kafka_log_poll(struct mr_log *, struct mr_msg *msgs, int max, struct mr_error *err);
enum mr_code mr_kafka_log_trim(struct mr_log *, int32_t partition, int64_t before,
                               struct mr_error *err);
int mr_kafka_log_fd(struct mr_log *);
void mr_kafka_log_free(struct mr_log *);

struct mr_queue *mr_kafka_queue_open(struct mr_bus *, const char *topic, const char *group,
                                     int window, struct mr_error *err);
int mr_kafka_queue_take(struct mr_queue *, struct mr_msg *msgs, int max, struct mr_error *err);
void mr_kafka_queue_release(struct mr_queue *, int32_t partition, int64_t offset);
enum mr_code mr_kafka_queue_flush(struct mr_queue *, struct mr_error *err);
int mr_kafka_queue_fd(struct mr_queue *);
void mr_kafka_queue_free(struct mr_queue *);

/* Fills *msg from a message of librdkafka's, which stays the owner of the bytes. */
void mr_kafka_msg_fill(struct mr_msg *msg, const char *topic, const rd_kafka_message_t *rkm);

#endif
