/* bus_kafka_group.c -- a queue's membership: it joins a group, partitions come and go, it leaves.
 * Partitions are routed to a queue of our own, apart from the consumer's: see bus_kafka_queue.c. */
#include "common/adapters/bus_kafka_queue.h"

#include "common/base/log.h"
#include "common/ports/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPAN_MIN = 1024, /* slots of a partition: released ones wait in them for older ones */
    SPAN_PER_WINDOW = 4,
    CLOSE_MS = 5000, /* leaving the group */
};

static struct mr_kafka_queue *kafka(struct mr_queue *queue)
{
    return (struct mr_kafka_queue *)queue;
}

/* ---- partitions come and go -------------------------------------------------------------------
 */

/* There is room for them: orphans are held, and held <= window. */
void mr_kafka_part_empty(struct mr_kafka_queue *queue, int32_t partition)
{
    struct mr_window *window = &queue->parts[partition].window;

    for (size_t i = 0; i < window->count; i++) {
        const struct mr_window_slot *slot = mr_window_at(window, i);
        if (slot->held)
            queue->orphans[queue->orphan_count++] = (struct mr_kafka_orphan){partition, *slot};
    }
    queue->slots_used -= window->count;
    window->head = window->count = 0;
}

static void part_drop(struct mr_kafka_queue *queue, int32_t partition)
{
    struct mr_kafka_part *part = &queue->parts[partition];

    if (!part->assigned)
        return;
    queue->unprepared -= !part->window.slots;
    mr_kafka_part_empty(queue, partition);
    mr_window_release(&part->window);
    if (part->stored)
        rd_kafka_topic_partition_list_destroy(part->stored);
    *part = (struct mr_kafka_part){.next = MR_KAFKA_NOT_KNOWN};
}

enum mr_code mr_kafka_parts_prepare(struct mr_kafka_queue *queue, struct mr_error *err)
{
    for (int32_t i = 0; queue->unprepared > 0 && i < MR_BUS_PARTITIONS_MAX; i++) {
        struct mr_kafka_part *part = &queue->parts[i];
        enum mr_code rc;
        if (!part->assigned || part->window.slots)
            continue;
        rc = mr_window_init(&part->window, queue->span, err);
        if (rc)
            return rc;
        part->stored = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(part->stored, queue->topic, i);
        queue->unprepared--;
    }
    return MR_OK;
}

/* Before the assignment starts fetching, so that no message takes the other way. */
static void part_route(struct mr_kafka_queue *queue, int32_t partition)
{
    rd_kafka_queue_t *own = rd_kafka_queue_get_partition(queue->rk, queue->topic, partition);

    rd_kafka_queue_forward(own, queue->messages);
    rd_kafka_queue_destroy(own);
}

static void on_assign(struct mr_kafka_queue *queue, rd_kafka_topic_partition_list_t *list)
{
    bool known = list->cnt > 0 && !rd_kafka_committed(queue->rk, list, MR_KAFKA_BLOCK_MS);

    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *one = &list->elems[i];
        if (one->partition >= MR_BUS_PARTITIONS_MAX) {
            mr_log(MR_ERROR, "kafka.partition_ignored", " topic=%s partition=%" PRId32 " max=%d",
                   queue->topic, one->partition, MR_BUS_PARTITIONS_MAX);
            continue;
        }
        if (!known || one->err)
            one->offset = RD_KAFKA_OFFSET_STORED; /* librdkafka asks again by itself */
        else if (one->offset < 0)
            one->offset = RD_KAFKA_OFFSET_BEGINNING;
        part_drop(queue, one->partition);
        queue->parts[one->partition] = (struct mr_kafka_part){
            .assigned = true, .next = one->offset >= 0 ? one->offset : MR_KAFKA_NOT_KNOWN};
        queue->unprepared++;
        part_route(queue, one->partition);
    }
}

/* Comes inside rd_kafka_consumer_poll(), on the owner's thread. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t rerr,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct mr_kafka_queue *queue = opaque;
    rd_kafka_error_t *fault;

    if (rerr == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        if (!queue->closing) /* else librdkafka gives them back by itself */
            on_assign(queue, list);
        fault = rd_kafka_incremental_assign(rk, list);
    } else {
        for (int i = 0; i < list->cnt; i++)
            if (list->elems[i].partition < MR_BUS_PARTITIONS_MAX)
                part_drop(queue, list->elems[i].partition);
        fault = rd_kafka_incremental_unassign(rk, list);
    }
    mr_log(MR_INFO, "kafka.rebalance", " topic=%s change=%s partitions=%d lost=%d", queue->topic,
           rerr == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? "assigned" : "revoked", list->cnt,
           rd_kafka_assignment_lost(rk));
    if (fault) {
        mr_log(MR_ERROR, "kafka.rebalance_failed", " topic=%s reason=%s", queue->topic,
               rd_kafka_error_name(fault));
        rd_kafka_error_destroy(fault);
    }
}

/* ---- open and close ---------------------------------------------------------------------------
 */

static rd_kafka_t *consumer_new(struct mr_kafka_queue *queue, const char *group,
                                struct mr_error *err)
{
    const struct mr_kafka_bus *bus = (struct mr_kafka_bus *)queue->queue.bus;
    const struct mr_kafka_prop props[] = {
        {"group.id", group},
        {"group.protocol", "classic"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.auto.commit", "true"}, /* of what we store, and only that */
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"fetch.min.bytes", "1"},     /* an answer as soon as there is one message */
        {"fetch.wait.max.ms", "200"}, /* a partition just assigned waits for the fetch under way */
        {"fetch.queue.backoff.ms", "5"},
        {"queued.min.messages", "100000"}, /* in effect the kbytes limit */
        {"queued.max.messages.kbytes", "16384"},
        {"check.crcs", "true"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(bus->conf);
    enum mr_code rc;

    rc = mr_kafka_conf_set(conf, props, sizeof(props) / sizeof(props[0]), err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "session.timeout.ms", bus->session_ms, err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "heartbeat.interval.ms", bus->session_ms / 5, err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "max.poll.interval.ms",
                                    bus->session_ms > MR_KAFKA_POLL_INTERVAL_MS
                                        ? bus->session_ms
                                        : MR_KAFKA_POLL_INTERVAL_MS,
                                    err);
    if (!rc)
        rc = mr_kafka_conf_set_long(conf, "auto.commit.interval.ms", MR_KAFKA_COMMIT_MS, err);
    if (rc) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_opaque(conf, queue);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    return mr_kafka_client_take(RD_KAFKA_CONSUMER, conf, err);
}

static enum mr_code join(struct mr_kafka_queue *queue, struct mr_error *err)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t rerr;

    rd_kafka_topic_partition_list_add(topics, queue->topic, RD_KAFKA_PARTITION_UA);
    rerr = rd_kafka_subscribe(queue->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return rerr ? mr_kafka_fail(err, rerr, queue->topic) : MR_OK;
}

struct mr_queue *mr_kafka_queue_open(struct mr_bus *base, const char *topic, const char *group,
                                     int window, struct mr_error *err)
{
    size_t n = (size_t)window;
    struct mr_kafka_queue *queue;

    if (mr_kafka_partitions(base, topic, err) < 0)
        return NULL;
    queue = calloc(1, sizeof(*queue) + n * sizeof(queue->orphans[0]));
    if (!queue) {
        mr_fail(err, MR_NO_MEMORY, "kafka: no memory for a queue of %s", topic);
        return NULL;
    }
    queue->queue.bus = base;
    queue->signal.fd = -1;
    queue->window = n;
    queue->span = n * SPAN_PER_WINDOW > SPAN_MIN ? n * SPAN_PER_WINDOW : SPAN_MIN;
    queue->topic = strdup(topic);
    if (!queue->topic) {
        mr_fail(err, MR_NO_MEMORY, "kafka: no memory for a queue of %s", topic);
        goto fail;
    }
    if (mr_kafka_signal_init(&queue->signal, err))
        goto fail;
    queue->rk = consumer_new(queue, group, err);
    if (!queue->rk)
        goto fail;
    rd_kafka_poll_set_consumer(queue->rk);
    queue->control = rd_kafka_queue_get_consumer(queue->rk);
    queue->messages = rd_kafka_queue_new(queue->rk);
    mr_kafka_signal_watch(&queue->signal, queue->control);
    mr_kafka_signal_watch(&queue->signal, queue->messages);
    if (join(queue, err))
        goto fail;
    return &queue->queue;
fail:
    mr_kafka_queue_free(&queue->queue);
    return NULL;
}

/* Commits what is released and leaves, if the broker answers in time. */
static bool leave(struct mr_kafka_queue *queue)
{
    int64_t deadline_ms = mr_mono_ms() + CLOSE_MS;
    rd_kafka_queue_t *last = rd_kafka_queue_new(queue->rk);
    rd_kafka_error_t *fault = rd_kafka_consumer_close_queue(queue->rk, last);

    queue->closing = true;
    if (fault)
        rd_kafka_error_destroy(fault);
    else
        while (!rd_kafka_consumer_closed(queue->rk) && mr_mono_ms() < deadline_ms)
            rd_kafka_queue_poll_callback(last, 50);
    rd_kafka_queue_destroy(last);
    return rd_kafka_consumer_closed(queue->rk) != 0;
}

void mr_kafka_queue_free(struct mr_queue *base)
{
    struct mr_kafka_queue *queue = kafka(base);
    bool left = queue->rk && leave(queue);

    for (int32_t i = 0; i < MR_BUS_PARTITIONS_MAX; i++)
        part_drop(queue, i);
    for (size_t i = 0; i < queue->orphan_count; i++)
        rd_kafka_message_destroy(queue->orphans[i].slot.held);
    if (queue->messages) {
        rd_kafka_queue_cb_event_enable(queue->messages, NULL, NULL);
        rd_kafka_queue_destroy(queue->messages);
    }
    if (queue->control) {
        rd_kafka_queue_cb_event_enable(queue->control, NULL, NULL);
        rd_kafka_queue_destroy(queue->control);
    }
    if (queue->rk)
        rd_kafka_destroy_flags(queue->rk, left ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    mr_kafka_signal_release(&queue->signal);
    free(queue->topic);
    free(queue);
}
