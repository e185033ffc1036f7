/* bus_kafka.c -- Kafka behind bus.h: the client and its producer. Idempotent, acknowledged by all
 * in-sync replicas; an outcome that is not known is told as unknown, and the sender sends again
 * with the same id. No Kafka transactions. */
#include "common/adapters/bus_kafka.h"

#include "common/base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEND_KBYTES_MAX = 128 * 1024, /* memory of messages under way */
    SEND_TIMEOUT_MS = 30 * 1000,  /* then the outcome is unknown */
    FREE_MS = 2000,               /* for what a caller left unflushed to be given up */
};

static struct mr_kafka_bus *kafka(struct mr_bus *bus)
{
    return (struct mr_kafka_bus *)bus;
}

/* ---- outcomes ---------------------------------------------------------------------------------
 */

/* Comes inside rd_kafka_poll() and rd_kafka_flush(), on the owner's thread. Whether a failed
 * message is POSSIBLY_PERSISTED does not matter to anyone: all but a message too large is sent
 * again. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *rkm, void *opaque)
{
    struct mr_kafka_bus *bus = opaque;
    enum mr_code code = mr_kafka_code(rkm->err);
    int64_t time_ms = -1;

    if (!code && rkm->offset < 0)
        code =
            MR_UNAVAILABLE; /* stored by an earlier try whose answer was lost: nobody knows where */
    if (code)
        bus->broken |= rd_kafka_fatal_error(rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
    else
        time_ms = rd_kafka_message_timestamp(rkm, NULL);
    bus->dispatched++;
    if (bus->bus.on_sent)
        bus->bus.on_sent(bus->bus.owner, rkm->_private, code, rkm->partition, rkm->offset, time_ms);
}

static enum mr_code producer_open(struct mr_kafka_bus *bus, struct mr_error *err)
{
    static const struct mr_kafka_prop props[] = {
        {"enable.idempotence", "true"},    {"acks", "all"},
        {"partitioner", "murmur2_random"}, /* as Java's, and as mr_shard_of() */
        {"request.timeout.ms", "10000"},   {"retry.backoff.ms", "50"},
        {"compression.codec", "none"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(bus->conf);
    enum mr_code rc;

    rc = mr_kafka_conf_set(conf, props, sizeof(props) / sizeof(props[0]), err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "linger.ms", bus->linger_ms, err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "message.timeout.ms", SEND_TIMEOUT_MS, err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "queue.buffering.max.messages", bus->send_queue_max, err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "queue.buffering.max.kbytes", SEND_KBYTES_MAX, err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "message.max.bytes",
                                    MR_BUS_MESSAGE_MAX + MR_KAFKA_HEADROOM, err);
    if (rc) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    rd_kafka_conf_set_opaque(conf, bus);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    bus->rk = mr_kafka_client_take(RD_KAFKA_PRODUCER, conf, err);
    if (!bus->rk)
        return MR_INVALID;
    bus->reports = rd_kafka_queue_get_main(bus->rk);
    mr_kafka_signal_watch(&bus->signal, bus->reports);
    return MR_OK;
}

/* Outcomes still open are given up; on_sent() hears of them if it is still set. */
static void producer_close(struct mr_kafka_bus *bus)
{
    if (!bus->rk)
        return;
    rd_kafka_purge(bus->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(bus->rk, FREE_MS);
    for (size_t i = 0; i < bus->topic_count; i++) {
        rd_kafka_topic_destroy(bus->topics[i].rkt);
        free(bus->topics[i].name);
    }
    bus->topic_count = bus->topic_last = 0;
    rd_kafka_queue_cb_event_enable(bus->reports, NULL, NULL);
    rd_kafka_queue_destroy(bus->reports);
    rd_kafka_destroy(bus->rk);
    bus->rk = NULL;
}

/* An idempotent producer that has met a fatal error (its sequence no longer fits the broker's)
 * takes no more messages. All it had gets the outcome unknown, and a new one takes its place. */
static void producer_renew(struct mr_kafka_bus *bus)
{
    struct mr_error err;

    mr_log(MR_WARN, "kafka.producer_renewed", " open=%d", bus->rk ? rd_kafka_outq_len(bus->rk) : 0);
    producer_close(bus);
    if (producer_open(bus, &err)) {
        mr_log_error(MR_ERROR, "kafka.producer_renewed", &err, " retry=next_poll");
        return;
    }
    bus->broken = false;
}

/* ---- operations -------------------------------------------------------------------------------
 */

static enum mr_code topic_of(struct mr_kafka_bus *bus, const char *name, rd_kafka_topic_t **ret,
                             struct mr_error *err)
{
    struct mr_kafka_topic *topics, topic = {0};
    size_t i = bus->topic_last; /* mostly the one asked for again */

    if (i >= bus->topic_count || strcmp(bus->topics[i].name, name) != 0)
        for (i = 0; i < bus->topic_count && strcmp(bus->topics[i].name, name) != 0; i++)
            ;
    if (i < bus->topic_count) {
        bus->topic_last = i;
        *ret = bus->topics[i].rkt;
        return MR_OK;
    }
    topics = realloc(bus->topics, (bus->topic_count + 1) * sizeof(*topics));
    if (topics)
        bus->topics = topics;
    topic.name = topics ? strdup(name) : NULL;
    if (!topic.name)
        return mr_fail(err, MR_NO_MEMORY, "kafka: no memory for topic %s", name);
    topic.rkt = rd_kafka_topic_new(bus->rk, name, NULL);
    if (!topic.rkt) {
        free(topic.name);
        return mr_kafka_fail(err, rd_kafka_last_error(), name);
    }
    bus->topics[bus->topic_count++] = topic;
    *ret = topic.rkt;
    return MR_OK;
}

static enum mr_code fail_broken(struct mr_error *err)
{
    return mr_fail(err, MR_BUSY, "kafka: the producer is being replaced: poll and try again");
}

static enum mr_code kafka_send(struct mr_bus *base, const char *topic, int32_t partition,
                               const char *key, size_t key_len, const char *value, size_t value_len,
                               void *tag, struct mr_error *err)
{
    struct mr_kafka_bus *bus = kafka(base);
    void *bytes = (void *)(uintptr_t)value; /* only read, under RD_KAFKA_MSG_F_COPY */
    rd_kafka_topic_t *rkt = NULL;
    rd_kafka_resp_err_t rerr;
    enum mr_code rc;

    if (bus->broken)
        return fail_broken(err);
    rc = topic_of(bus, topic, &rkt, err);
    if (rc)
        return rc;
    if (!rd_kafka_produce(rkt, partition, RD_KAFKA_MSG_F_COPY, bytes, value_len, key, key_len, tag))
        return MR_OK;
    rerr = rd_kafka_last_error();
    if (rerr != RD_KAFKA_RESP_ERR__FATAL)
        return mr_kafka_fail(err, rerr, topic);
    bus->broken = true;
    mr_kafka_signal_raise(&bus->signal); /* for a poll, which replaces it */
    return fail_broken(err);
}

static int kafka_poll(struct mr_bus *base)
{
    struct mr_kafka_bus *bus = kafka(base);

    bus->dispatched = 0;
    if (mr_kafka_signal_take(&bus->signal) && bus->rk)
        rd_kafka_poll(bus->rk, 0);
    if (bus->broken)
        producer_renew(bus);
    return bus->dispatched;
}

static int kafka_fd(struct mr_bus *base)
{
    return kafka(base)->signal.fd;
}

static enum mr_code kafka_flush(struct mr_bus *base, int64_t timeout_ms, struct mr_error *err)
{
    struct mr_kafka_bus *bus = kafka(base);
    int left;

    if (!bus->rk || !rd_kafka_flush(bus->rk, (int)timeout_ms))
        return MR_OK;
    left = rd_kafka_outq_len(bus->rk);
    rd_kafka_purge(bus->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(bus->rk, FREE_MS);
    return mr_fail(err, MR_TIMEOUT,
                   "kafka: %d messages were not acknowledged within %" PRId64 " ms", left,
                   timeout_ms);
}

static void kafka_free(struct mr_bus *base)
{
    struct mr_kafka_bus *bus = kafka(base);

    bus->bus.on_sent = NULL;
    producer_close(bus);
    free(bus->topics);
    mr_kafka_signal_release(&bus->signal);
    if (bus->conf)
        rd_kafka_conf_destroy(bus->conf);
    free(bus);
}

void mr_kafka_msg_fill(struct mr_msg *msg, const char *topic, const rd_kafka_message_t *rkm)
{
    *msg = (struct mr_msg){
        .topic = topic,
        .partition = rkm->partition,
        .offset = rkm->offset,
        .time_ms = rd_kafka_message_timestamp(rkm, NULL),
        .key = rkm->key,
        .key_len = rkm->key_len,
        .value = rkm->payload,
        .value_len = rkm->len,
    };
}

static const struct mr_bus_ops ops = {
    .ensure = mr_kafka_ensure,
    .partitions = mr_kafka_partitions,
    .send = kafka_send,
    .poll = kafka_poll,
    .fd = kafka_fd,
    .flush = kafka_flush,
    .free = kafka_free,
    .log_open = mr_kafka_log_open,
    .log_start = mr_kafka_log_start,
    .log_stop = mr_kafka_log_stop,
    .log_bounds = mr_kafka_log_bounds,
    .log_id = mr_kafka_log_id,
    .log_poll = mr_kafka_log_poll,
    .log_trim = mr_kafka_log_trim,
    .log_fd = mr_kafka_log_fd,
    .log_free = mr_kafka_log_free,
    .queue_open = mr_kafka_queue_open,
    .queue_take = mr_kafka_queue_take,
    .queue_release = mr_kafka_queue_release,
    .queue_flush = mr_kafka_queue_flush,
    .queue_fd = mr_kafka_queue_fd,
    .queue_free = mr_kafka_queue_free,
};

struct mr_bus *mr_bus_kafka_new(const struct mr_kafka_config *config, struct mr_error *err)
{
    struct mr_kafka_bus *bus = calloc(1, sizeof(*bus));

    if (!bus) {
        mr_fail(err, MR_NO_MEMORY, "kafka: no memory for a client");
        return NULL;
    }
    bus->bus.ops = &ops;
    bus->linger_ms = config->linger_ms;
    bus->replication = config->replication;
    bus->send_queue_max = config->send_queue_max;
    bus->session_ms = config->session_ms;
    bus->signal.fd = -1;
    if (mr_kafka_signal_init(&bus->signal, err))
        goto fail;
    bus->conf = mr_kafka_conf_new(config, err);
    if (!bus->conf || producer_open(bus, err))
        goto fail;
    return &bus->bus;
fail:
    kafka_free(&bus->bus);
    return NULL;
}
