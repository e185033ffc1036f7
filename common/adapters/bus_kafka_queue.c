/* bus_kafka_queue.c -- a queue: one member of a consumer group on one topic.
 *
 * Partitions are routed to a queue of our own, apart from the consumer's queue: so the group's news
 * (rebalance, errors) is heard at every take, while messages stay in librdkafka until there is room
 * in the window; nothing is ever paused. A release is stored with librdkafka once all before it are
 * released, and librdkafka commits what is stored every MR_KAFKA_COMMIT_MS, when a partition is
 * revoked (before it goes to another) and at the close.
 *
 * Messages of a revoked partition stay valid until released: they are orphans then, and count against
 * the window. One that comes back before its release is known by its offset: it is not taken twice. */
#include "common/adapters/bus_kafka.h"
#include "common/adapters/bus_kafka_window.h"

#include "common/base/log.h"
#include "common/ports/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_MAX = 256,
    ALIVE_MS = 1000,        /* the group is looked after at least this often */
    SPAN_MIN = 1024,        /* slots of a partition: released ones wait in them for older ones */
    SPAN_PER_WINDOW = 4,
    COMMIT_WAIT_MS = 5000,  /* a flush */
    CLOSE_MS = 5000,        /* leaving the group */
    NOT_KNOWN = -1,
};

struct part {
    bool assigned;
    int64_t next; /* offset of the next message, NOT_KNOWN before the first where none is committed */
    struct mr_window window;                 /* without slots until prepared */
    rd_kafka_topic_partition_list_t *stored; /* one element, with what was passed; owned */
};

struct orphan {
    int32_t partition;
    struct mr_window_slot slot;
};

struct kafka_queue {
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
    bool starved;        /* a take was refused for want of room: raise the signal when there is some */
    bool closing;
    int unprepared;      /* assigned partitions without slots yet */
    int64_t alive_ms;
    struct part parts[MR_BUS_PARTITIONS_MAX];
    size_t orphan_count;
    struct orphan orphans[]; /* at most window */
};

static struct kafka_queue *kafka(struct mr_queue *queue)
{
    return (struct kafka_queue *)queue;
}

/* ---- partitions come and go ------------------------------------------------------------------- */

/* What is held of a partition's past becomes orphans; there is room, held <= window. */
static void part_empty(struct kafka_queue *queue, int32_t partition)
{
    struct mr_window *window = &queue->parts[partition].window;

    for (size_t i = 0; i < window->count; i++) {
        const struct mr_window_slot *slot = mr_window_at(window, i);
        if (slot->held)
            queue->orphans[queue->orphan_count++] = (struct orphan){partition, *slot};
    }
    queue->slots_used -= window->count;
    window->head = window->count = 0;
}

static void part_drop(struct kafka_queue *queue, int32_t partition)
{
    struct part *part = &queue->parts[partition];

    if (!part->assigned)
        return;
    queue->unprepared -= !part->window.slots;
    part_empty(queue, partition);
    mr_window_release(&part->window);
    if (part->stored)
        rd_kafka_topic_partition_list_destroy(part->stored);
    *part = (struct part){.next = NOT_KNOWN};
}

/* Memory for new partitions is got here and not in the rebalance, where its lack could not be told. */
static enum mr_code parts_prepare(struct kafka_queue *queue, struct mr_error *err)
{
    for (int32_t i = 0; queue->unprepared > 0 && i < MR_BUS_PARTITIONS_MAX; i++) {
        struct part *part = &queue->parts[i];
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
static void part_route(struct kafka_queue *queue, int32_t partition)
{
    rd_kafka_queue_t *own = rd_kafka_queue_get_partition(queue->rk, queue->topic, partition);

    rd_kafka_queue_forward(own, queue->messages);
    rd_kafka_queue_destroy(own);
}

static void on_assign(struct kafka_queue *queue, rd_kafka_topic_partition_list_t *list)
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
        queue->parts[one->partition] =
            (struct part){.assigned = true, .next = one->offset >= 0 ? one->offset : NOT_KNOWN};
        queue->unprepared++;
        part_route(queue, one->partition);
    }
}

/* Comes inside rd_kafka_consumer_poll(), on the owner's thread. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t rerr,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_queue *queue = opaque;
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

/* ---- open and close --------------------------------------------------------------------------- */

static rd_kafka_t *consumer_new(struct kafka_queue *queue, const char *group, struct mr_error *err)
{
    const struct mr_kafka_bus *bus = (struct mr_kafka_bus *)queue->queue.bus;
    const struct mr_kafka_prop props[] = {
        {"group.id", group},
        {"group.protocol", "classic"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.auto.commit", "true"}, /* of what we store, and only that */
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"fetch.min.bytes", "1"}, /* an answer as soon as there is one message */
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
                                        : MR_KAFKA_POLL_INTERVAL_MS, err);
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

static enum mr_code join(struct kafka_queue *queue, struct mr_error *err)
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
    struct kafka_queue *queue;

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
static bool leave(struct kafka_queue *queue)
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
    struct kafka_queue *queue = kafka(base);
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

/* ---- take ------------------------------------------------------------------------------------- */

/* Retention took messages before we did, or the topic is another one: nothing can bring them back,
 * and a queue goes on; but it is not passed over in silence. */
static void check_gap(struct kafka_queue *queue, int32_t partition, int64_t expected, int64_t offset)
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
static void *adopt(struct kafka_queue *queue, int32_t partition, const rd_kafka_message_t *rkm)
{
    int64_t time_ms = rd_kafka_message_timestamp(rkm, NULL);

    for (size_t i = 0; i < queue->orphan_count; i++) {
        struct orphan orphan = queue->orphans[i];
        if (orphan.partition == partition && orphan.slot.offset == rkm->offset &&
            rd_kafka_message_timestamp(orphan.slot.held, NULL) == time_ms) {
            queue->orphans[i] = queue->orphans[--queue->orphan_count];
            return orphan.slot.held;
        }
    }
    return NULL;
}

/* Takes rkm; true where it is a new message for the caller. */
static bool accept_take(struct kafka_queue *queue, rd_kafka_message_t *rkm, struct mr_msg *msg)
{
    struct part *part = &queue->parts[rkm->partition];
    struct mr_window_slot slot = {rkm->offset, rkm, rd_kafka_message_leader_epoch(rkm)};
    void *held;

    if (!part->assigned) {
        rd_kafka_message_destroy(rkm);
        return false;
    }
    if (part->next != NOT_KNOWN && rkm->offset != part->next) {
        check_gap(queue, rkm->partition, part->next, rkm->offset);
        if (rkm->offset < part->next) /* an offset again: what is held is of another past */
            part_empty(queue, rkm->partition);
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
static size_t room(const struct kafka_queue *queue)
{
    size_t n = queue->window - queue->held;

    if (queue->slots_used + n <= queue->span)
        return n;
    for (int32_t i = 0; i < MR_BUS_PARTITIONS_MAX; i++) {
        const struct part *part = &queue->parts[i];
        if (part->assigned && n > queue->span - part->window.count)
            n = queue->span - part->window.count;
    }
    return n;
}

/* Rebalances run in here; true: a fault for the caller is in err. */
static bool serve_control(struct kafka_queue *queue, struct mr_error *err)
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
    struct kafka_queue *queue = kafka(base);
    rd_kafka_message_t *batch[BATCH_MAX];
    struct mr_error fault = {0};
    int n = 0;

    queue->more |= mr_kafka_signal_take(&queue->signal);
    if (serve_control(queue, err))
        return -1;
    if (queue->unprepared && parts_prepare(queue, err))
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

/* ---- release ---------------------------------------------------------------------------------- */

/* librdkafka commits it within MR_KAFKA_COMMIT_MS. */
static void store(struct kafka_queue *queue, struct part *part, const struct mr_window_slot *last)
{
    rd_kafka_topic_partition_t *one = &part->stored->elems[0];

    one->offset = last->offset + 1;
    rd_kafka_topic_partition_set_leader_epoch(one, last->epoch);
    if (rd_kafka_offsets_store(queue->rk, part->stored))
        mr_log(MR_DEBUG, "kafka.release_passed_over", " topic=%s partition=%" PRId32, queue->topic,
               one->partition);
}

static void orphan_release(struct kafka_queue *queue, int32_t partition, int64_t offset)
{
    for (size_t i = 0; i < queue->orphan_count; i++) {
        struct orphan *orphan = &queue->orphans[i];
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
    struct kafka_queue *queue = kafka(base);
    struct part *part = &queue->parts[partition];
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
    struct kafka_queue *queue = kafka(base);
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
