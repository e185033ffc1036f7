/* bus_kafka_log.c -- a log: partitions that one owner reads from where it likes. A simple consumer
 * of librdkafka's, without a group and without stored offsets; the position is the owner's. Where
 * the wanted offset is gone it says so, and never skips. */
#include "common/adapters/bus_kafka.h"

#include "common/ports/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_MAX = 1024, /* messages lent by one poll */
    ASK_AGAIN_MS = 50 /* between two questions to a leader that is not ready yet */
};

enum part_state { STOPPED, STARTED, GONE /* stopped, and the owner is still to hear why */ };

struct part {
    enum part_state state;
    int64_t next; /* offset wanted next */
};

struct kafka_log {
    struct mr_log log;
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt;
    rd_kafka_queue_t *messages; /* of every started partition */
    char *topic;
    struct mr_kafka_signal signal;
    bool more;             /* the queue was not seen empty since the signal */
    int gone;              /* partitions in state GONE */
    struct mr_error fault; /* code not MR_OK: to be told by the next poll */
    struct part parts[MR_BUS_PARTITIONS_MAX];
    rd_kafka_message_t *held[BATCH_MAX]; /* lent since the last poll */
    size_t held_count;
};

static struct kafka_log *kafka(struct mr_log *log)
{
    return (struct kafka_log *)log;
}

static rd_kafka_t *consumer_new(const struct mr_kafka_bus *bus, struct mr_error *err)
{
    static const struct mr_kafka_prop props[] = {
        {"enable.auto.commit", "false"},
        {"auto.offset.reset", "error"},
        {"fetch.min.bytes", "1"},     /* an answer as soon as there is one message */
        {"fetch.wait.max.ms", "200"}, /* a partition just started waits for the fetch under way */
        {"fetch.queue.backoff.ms", "5"},
        {"queued.min.messages", "100000"}, /* in effect the kbytes limit */
        {"queued.max.messages.kbytes", "16384"},
        {"check.crcs", "true"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(bus->conf);

    if (mr_kafka_conf_set(conf, props, sizeof(props) / sizeof(props[0]), err)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return mr_kafka_client_take(RD_KAFKA_CONSUMER, conf, err);
}

struct mr_log *mr_kafka_log_open(struct mr_bus *base, const char *topic, struct mr_error *err)
{
    struct kafka_log *log = calloc(1, sizeof(*log));

    if (!log) {
        mr_fail(err, MR_NO_MEMORY, "kafka: no memory for a log of %s", topic);
        return NULL;
    }
    log->log.bus = base;
    log->signal.fd = -1;
    log->topic = strdup(topic);
    if (!log->topic) {
        mr_fail(err, MR_NO_MEMORY, "kafka: no memory for a log of %s", topic);
        goto fail;
    }
    if (mr_kafka_signal_init(&log->signal, err))
        goto fail;
    log->rk = consumer_new((struct mr_kafka_bus *)base, err);
    if (!log->rk)
        goto fail;
    log->rkt = rd_kafka_topic_new(log->rk, topic, NULL);
    if (!log->rkt) {
        mr_kafka_fail(err, rd_kafka_last_error(), topic);
        goto fail;
    }
    if (mr_kafka_topic_count(log->rk, topic, err) < 0) /* and a start finds the leaders known */
        goto fail;
    log->messages = rd_kafka_queue_new(log->rk);
    mr_kafka_signal_watch(&log->signal, log->messages);
    return &log->log;
fail:
    mr_kafka_log_free(&log->log);
    return NULL;
}

enum mr_code mr_kafka_log_bounds(struct mr_log *base, int32_t partition, int64_t *first,
                                 int64_t *end, struct mr_error *err)
{
    struct kafka_log *log = kafka(base);
    const int64_t deadline_ms = mr_mono_ms() + MR_KAFKA_BLOCK_MS;
    int64_t rest_ms = MR_KAFKA_BLOCK_MS;
    rd_kafka_resp_err_t rerr;

    /* A broker that just became leader, of a topic that was just made say, answers that it is none.
     */
    for (;;) {
        rerr = rd_kafka_query_watermark_offsets(log->rk, log->topic, partition, first, end,
                                                (int)rest_ms);
        rest_ms = deadline_ms - mr_mono_ms();
        if (!rerr)
            return MR_OK;
        if (mr_kafka_code(rerr) != MR_UNAVAILABLE || rest_ms <= ASK_AGAIN_MS)
            return mr_kafka_fail(err, rerr, log->topic);
        rd_kafka_poll(log->rk, ASK_AGAIN_MS); /* sleeps: nothing comes to this client */
    }
}

/* Waits for librdkafka's thread to have stopped, some microseconds; what is queued is outdated then
 * and is never given. */
static void stop(struct kafka_log *log, int32_t partition, enum part_state to)
{
    struct part *part = &log->parts[partition];

    if (part->state == STARTED)
        rd_kafka_consume_stop(log->rkt, partition);
    log->gone += (to == GONE) - (part->state == GONE);
    part->state = to;
}

enum mr_code mr_kafka_log_start(struct mr_log *base, int32_t partition, int64_t from,
                                struct mr_error *err)
{
    struct kafka_log *log = kafka(base);
    struct part *part = &log->parts[partition];
    int64_t first;
    enum mr_code rc;

    if (from == MR_LOG_END) {
        rc = mr_kafka_log_bounds(base, partition, &first, &from, err);
        if (rc)
            return rc;
    }
    stop(log, partition, STOPPED);
    if (rd_kafka_consume_start_queue(log->rkt, partition,
                                     from == MR_LOG_FIRST ? RD_KAFKA_OFFSET_BEGINNING : from,
                                     log->messages))
        return mr_kafka_fail(err, rd_kafka_last_error(), log->topic);
    part->state = STARTED;
    part->next = from;
    return MR_OK;
}

void mr_kafka_log_stop(struct mr_log *base, int32_t partition)
{
    stop(kafka(base), partition, STOPPED);
}

enum mr_code mr_kafka_log_id(struct mr_log *base, struct mr_buf *ret, struct mr_error *err)
{
    return mr_kafka_topic_id(kafka(base)->rk, kafka(base)->topic, ret, err);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static void give_back(struct kafka_log *log)
{
    for (size_t i = 0; i < log->held_count; i++)
        rd_kafka_message_destroy(log->held[i]);
    log->held_count = 0;
}

/* A partition whose offset is gone stands still until its owner decides; of other faults librdkafka
 * recovers by itself, and the owner hears of them. */
static void on_fault(struct kafka_log *log, const rd_kafka_message_t *rkm)
{
    bool ours = rkm->partition >= 0 && rkm->partition < MR_BUS_PARTITIONS_MAX;

    if (ours && log->parts[rkm->partition].state != STARTED)
        return;
    if (ours && mr_kafka_code(rkm->err) == MR_TRUNCATED)
        stop(log, rkm->partition, GONE);
    else
        mr_kafka_fail(&log->fault, rkm->err, log->topic);
}

static int tell_fault(struct kafka_log *log, struct mr_error *err)
{
    int32_t i = 0;

    if (log->fault.code) {
        mr_fail(err, log->fault.code, "%s", log->fault.text);
        log->fault.code = MR_OK;
        return -1;
    }
    while (log->parts[i].state != GONE)
        i++;
    stop(log, i, STOPPED);
    mr_fail(err, MR_TRUNCATED,
            "topic %s partition %" PRId32 ": offset %" PRId64 " is not there: the log was cut off "
            "behind it, or it is another log",
            log->topic, i, log->parts[i].next);
    return -1;
}

/* Is it the owner's? Takes rkm. */
static bool accept_take(struct kafka_log *log, rd_kafka_message_t *rkm, struct mr_msg *msg)
{
    struct part *part = log->parts;

    if (rkm->err) {
        on_fault(log, rkm);
        rd_kafka_message_destroy(rkm);
        return false;
    }
    part += rkm->partition; /* one that was started, so in range */
    if (part->state == STARTED && rkm->offset >= part->next) {
        part->next = rkm->offset + 1;
        mr_kafka_msg_fill(msg, log->topic, rkm);
        log->held[log->held_count++] = rkm;
        return true;
    }
    rd_kafka_message_destroy(rkm);
    return false;
}

int mr_kafka_log_poll(struct mr_log *base, struct mr_msg *msgs, int max, struct mr_error *err)
{
    struct kafka_log *log = kafka(base);
    rd_kafka_message_t *batch[BATCH_MAX];
    int n = 0;

    give_back(log);
    if (max > BATCH_MAX)
        max = BATCH_MAX;
    log->more |= mr_kafka_signal_take(&log->signal);
    while (n < max && log->more && !log->fault.code) {
        /* Never asks for more than there is: that would wait on a condition, for 0 ms, dearly. */
        size_t want = rd_kafka_queue_length(log->messages);
        if (want > (size_t)(max - n))
            want = (size_t)(max - n);
        if (want == 0) {
            log->more = false;
            break;
        }
        ssize_t got = rd_kafka_consume_batch_queue(log->messages, 0, batch, want);
        for (ssize_t i = 0; i < got; i++)
            n += accept_take(log, batch[i], &msgs[n]);
    }
    if (n == 0 && max > 0 && (log->gone || log->fault.code))
        return tell_fault(log, err);
    return n;
}

/* Kafka's log is kept for ever. */
enum mr_code mr_kafka_log_trim(struct mr_log *log, int32_t partition, int64_t before,
                               struct mr_error *err)
{
    (void)log;
    (void)partition;
    (void)before;
    (void)err;
    return MR_OK;
}

int mr_kafka_log_fd(struct mr_log *log)
{
    return kafka(log)->signal.fd;
}

void mr_kafka_log_free(struct mr_log *base)
{
    struct kafka_log *log = kafka(base);

    give_back(log);
    for (int32_t i = 0; log->rkt && i < MR_BUS_PARTITIONS_MAX; i++)
        stop(log, i, STOPPED);
    if (log->messages) {
        rd_kafka_queue_cb_event_enable(log->messages, NULL, NULL);
        rd_kafka_queue_destroy(log->messages);
    }
    if (log->rkt)
        rd_kafka_topic_destroy(log->rkt);
    if (log->rk)
        rd_kafka_destroy(log->rk);
    mr_kafka_signal_release(&log->signal);
    free(log->topic);
    free(log);
}
