/* bus_kafka_queue.c -- a queue: take and release, as one member of a consumer group on one topic.
 *
 * Partitions are routed to a queue of our own, apart from the consumer's queue: so the group's news
 * (rebalance, errors) is heard at every take, while messages stay in librdkafka until there is room
 * in the window; nothing is ever paused. A release is stored with librdkafka once all before it are
 * released, and librdkafka commits what is stored every MR_KAFKA_COMMIT_MS, when a partition is
 * revoked (before it goes to another) and at the close.
 *
 * Messages of a revoked partition stay valid until released: they are orphans then, and count
 * against the window. One that comes back before its release is known by its offset: it is not
 * taken twice. */
#include "common/adapters/bus_kafka_queue.h"

#include "common/base/log.h"
#include "common/ports/clock.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    BATCH_MAX = 256,
    ALIVE_MS = 1000,       /* the group is looked after at least this often */
    COMMIT_WAIT_MS = 5000, /* a flush */
};

static struct mr_kafka_queue *kafka(struct mr_queue *queue)
{
    return (struct mr_kafka_queue *)queue;
}

/* ---- take -------------------------------------------------------------------------------------
 */

/* Retention took messages before we did, or the topic is another one: nothing can bring them back,
 * and a queue goes on; but it is not passed over in silence. */
static void check_gap(struct mr_kafka_queue *queue, int32_t partition, int64_t expected,
                      int64_t offset)
{
    int64_t first = offset, end;

    if (offset > expected && /* holes of compaction and of transactions are no loss */
        (rd_kafka_get_watermark_offsets(queue->rk, queue->topic, partition, &first, &end) ||
         first <= expected))
        return;
    mr_log(MR_ERROR, "kafka.messages_lost",
           " topic=%s partition=%" PRId32 " expected=%" PRId64 " continued=%" PRId64, queue->topic,
           partition, expected, offset);
}

/* A message that was held already when its partition went away and came back. */
static void *adopt(struct mr_kafka_queue *queue, int32_t partition, const rd_kafka_message_t *rkm)
{
    int64_t time_ms = rd_kafka_message_timestamp(rkm, NULL);

    for (size_t i = 0; i < queue->orphan_count; i++) {
        struct mr_kafka_orphan orphan = queue->orphans[i];
        if (orphan.partition == partition && orphan.slot.offset == rkm->offset &&
            rd_kafka_message_timestamp(orphan.slot.held, NULL) == time_ms) {
            queue->orphans[i] = queue->orphans[--queue->orphan_count];
            return orphan.slot.held;
        }
    }
    return NULL;
}

/* Takes rkm; true where it is a new message for the caller. */
static bool accept_take(struct mr_kafka_queue *queue, rd_kafka_message_t *rkm, struct mr_msg *msg)
{
    struct mr_kafka_part *part = &queue->parts[rkm->partition];
    struct mr_window_slot slot = {rkm->offset, rkm, rd_kafka_message_leader_epoch(rkm)};
    void *held;

    if (!part->assigned) {
        rd_kafka_message_destroy(rkm);
        return false;
    }
    if (part->next != MR_KAFKA_NOT_KNOWN && rkm->offset != part->next) {
        check_gap(queue, rkm->partition, part->next, rkm->offset);
        if (rkm->offset < part->next) /* an offset again: what is held is of another past */
            mr_kafka_part_empty(queue, rkm->partition);
    }
    part->next = rkm->offset + 1;
    held = queue->orphan_count ? adopt(queue, rkm->partition, rkm) : NULL;
    if (held) {
        rd_kafka_message_destroy(rkm);
        slot.held = held;
    } else {
        mr_kafka_msg_fill(msg, queue->topic, rkm);
        queue->held++;
    }
    mr_window_push(&part->window, &slot);
    queue->slots_used++;
    return !held;
}

/* How many messages there is room for, whichever partition they are of. */
static size_t room(const struct mr_kafka_queue *queue)
{
    size_t n = queue->window - queue->held;

    if (queue->slots_used + n <= queue->span)
        return n;
    for (int32_t i = 0; i < MR_BUS_PARTITIONS_MAX; i++) {
        const struct mr_kafka_part *part = &queue->parts[i];
        if (part->assigned && n > queue->span - part->window.count)
            n = queue->span - part->window.count;
    }
    return n;
}

/* Rebalances run in here; true: a fault for the caller is in err. */
static bool serve_control(struct mr_kafka_queue *queue, struct mr_error *err)
{
    int64_t now_ms = mr_mono_ms();
    bool due = now_ms - queue->alive_ms >= ALIVE_MS, failed = false;

    while (!failed && (due || rd_kafka_queue_length(queue->control) > 0)) {
        rd_kafka_message_t *rkm = rd_kafka_consumer_poll(queue->rk, 0);
        due = false;
        queue->alive_ms = now_ms;
        if (!rkm)
            continue;
        /* _MAX_POLL_EXCEEDED: this poll has joined again already. */
        failed = rkm->err && rkm->err != RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED;
        if (failed)
            mr_kafka_fail(err, rkm->err, queue->topic);
        if (!rkm->err) /* part_route() leaves no way for one */
            mr_log(MR_ALARM, "kafka.stray_message",
                   " topic=%s partition=%" PRId32 " offset=%" PRId64, queue->topic, rkm->partition,
                   rkm->offset);
        rd_kafka_message_destroy(rkm);
    }
    return failed;
}

int mr_kafka_queue_take(struct mr_queue *base, struct mr_msg *msgs, int max, struct mr_error *err)
{
    struct mr_kafka_queue *queue = kafka(base);
    rd_kafka_message_t *batch[BATCH_MAX];
    struct mr_error fault = {0};
    int n = 0;

    queue->more |= mr_kafka_signal_take(&queue->signal);
    if (serve_control(queue, err))
        return -1;
    if (queue->unprepared && mr_kafka_parts_prepare(queue, err))
        return -1;
    while (n < max && queue->more && !fault.code) {
        size_t want = rd_kafka_queue_length(queue->messages), free_slots = room(queue);
        if (want == 0) {
            queue->more = false;
            break;
        }
        queue->starved = free_slots == 0;
        if (queue->starved)
            break;
        want = want < BATCH_MAX ? want : BATCH_MAX;
        want = want < free_slots ? want : free_slots;
        want = want < (size_t)(max - n) ? want : (size_t)(max - n);
        ssize_t got = rd_kafka_consume_batch_queue(queue->messages, 0, batch, want);
        for (ssize_t i = 0; i < got; i++) {
            if (!batch[i]->err) {
                n += accept_take(queue, batch[i], &msgs[n]);
                continue;
            }
            mr_kafka_fail(&fault, batch[i]->err, queue->topic);
            rd_kafka_message_destroy(batch[i]);
        }
    }
    if (fault.code && n > 0) /* what was taken goes first; librdkafka recovers by itself */
        mr_log_error(MR_WARN, "kafka.queue_fault", &fault, " topic=%s", queue->topic);
    else if (fault.code) {
        mr_fail(err, fault.code, "%s", fault.text);
        return -1;
    }
    return n;
}

/* ---- release ----------------------------------------------------------------------------------
 */

/* librdkafka commits it within MR_KAFKA_COMMIT_MS. */
static void store(struct mr_kafka_queue *queue, struct mr_kafka_part *part,
                  const struct mr_window_slot *last)
{
    rd_kafka_topic_partition_t *one = &part->stored->elems[0];

    one->offset = last->offset + 1;
    rd_kafka_topic_partition_set_leader_epoch(one, last->epoch);
    if (rd_kafka_offsets_store(queue->rk, part->stored))
        mr_log(MR_DEBUG, "kafka.release_passed_over", " topic=%s partition=%" PRId32, queue->topic,
               one->partition);
}

static void orphan_release(struct mr_kafka_queue *queue, int32_t partition, int64_t offset)
{
    for (size_t i = 0; i < queue->orphan_count; i++) {
        struct mr_kafka_orphan *orphan = &queue->orphans[i];
        if (orphan->partition != partition || orphan->slot.offset != offset)
            continue;
        rd_kafka_message_destroy(orphan->slot.held);
        *orphan = queue->orphans[--queue->orphan_count];
        queue->held--;
        return;
    }
}

void mr_kafka_queue_release(struct mr_queue *base, int32_t partition, int64_t offset)
{
    struct mr_kafka_queue *queue = kafka(base);
    struct mr_kafka_part *part = &queue->parts[partition];
    struct mr_window_slot *slot = mr_window_find(&part->window, offset), last;
    size_t count = part->window.count;

    if (slot && slot->held) {
        rd_kafka_message_destroy(slot->held);
        slot->held = NULL;
        queue->held--;
        if (mr_window_pass(&part->window, &last))
            store(queue, part, &last);
        queue->slots_used -= count - part->window.count;
    } else {
        orphan_release(queue, partition, offset);
    }
    if (queue->starved) {
        queue->starved = false;
        mr_kafka_signal_raise(&queue->signal);
    }
}

enum mr_code mr_kafka_queue_flush(struct mr_queue *base, struct mr_error *err)
{
    struct mr_kafka_queue *queue = kafka(base);
    rd_kafka_queue_t *answers = rd_kafka_queue_new(queue->rk);
    rd_kafka_event_t *event = NULL;
    rd_kafka_resp_err_t rerr;

    rerr = rd_kafka_commit_queue(queue->rk, NULL, answers, NULL, NULL);
    if (!rerr) {
        event = rd_kafka_queue_poll(answers, COMMIT_WAIT_MS);
        rerr = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(answers);
    if (rerr == RD_KAFKA_RESP_ERR__NO_OFFSET) /* nothing since the last one */
        rerr = RD_KAFKA_RESP_ERR_NO_ERROR;
    return rerr ? mr_kafka_fail(err, rerr, queue->topic) : MR_OK;
}

int mr_kafka_queue_fd(struct mr_queue *queue)
{
    return kafka(queue)->signal.fd;
}
