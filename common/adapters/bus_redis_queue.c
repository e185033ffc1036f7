/* bus_redis_queue.c -- queues: a consumer group a topic.  Two links: on one the handle takes, and
 * waits at the server where there is nothing; on the other it releases, and says what it still
 * works on.
 *
 * A message is the consumer's from XREADGROUP on.  Every quarter of reclaim_ms the consumer renews
 * what it holds; what was not renewed for reclaim_ms is claimed by whoever asks next.  What was
 * delivered and lost on the way to us is not renewed, and so comes again. */
#include "common/adapters/bus_redis_queue.h"

#include "common/adapters/crypto.h"
#include "common/base/id.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK_MS_MAX = 5000,
    TAKE_MAX = 1000, /* of one call */
    LEAVE_MS_MAX = 2000,
};
#define CONSUMER_FORGET_MS (3600LL * 1000)

/* ---- words
 * -------------------------------------------------------------------------------------------- */

static void streams_words(struct redis_queue *queue)
{
    for (int32_t i = 0; i < queue->partitions; i++)
        bus_stream_word(&queue->cmd, queue->topic, i);
}

void bus_queue_call(struct redis_queue *queue, const char *function)
{
    mr_redis_cmd_fcall(&queue->cmd, function, queue->partitions);
    streams_words(queue);
    mr_redis_cmd_str(&queue->cmd, queue->group);
}

/* ---- life
 * -----------------------------------------------------------------------------------------------
 */

static enum mr_code name_consumer(struct redis_queue *queue, struct mr_error *err)
{
    char host[48] = "host", hex[17];
    uint8_t bytes[8];
    enum mr_code rc = mr_random(bytes, sizeof bytes, err);

    if (rc)
        return rc;
    (void)gethostname(host, sizeof host);
    host[sizeof host - 1] = '\0';
    mr_hex(bytes, sizeof bytes, hex);
    (void)snprintf(queue->consumer, sizeof queue->consumer, "%s-%ld-%s", host, (long)getpid(), hex);
    return MR_OK;
}

static enum mr_code join(struct redis_queue *queue, struct mr_error *err)
{
    struct bus_topic topic;
    redisReply *reply;
    enum mr_code rc = bus_link_open(&queue->work_link, err);

    if (!rc)
        rc = bus_topic_get(&queue->work_link.conn, &queue->cmd, queue->topic, &topic, err);
    if (rc)
        return rc;
    queue->partitions = topic.partitions;
    mr_redis_cmd_fcall(&queue->cmd, "bus_join", topic.partitions + 1);
    mr_redis_cmd_str(&queue->cmd, "mr:bus:topics");
    streams_words(queue);
    mr_redis_cmd_str(&queue->cmd, queue->topic);
    mr_redis_cmd_str(&queue->cmd, queue->group);
    mr_redis_cmd_int(&queue->cmd, CONSUMER_FORGET_MS);
    rc = mr_redis_conn_call(&queue->work_link.conn, &queue->cmd, &reply, err);
    if (!rc && mr_redis_reply_int(reply, 0) != 1)
        rc = mr_fail(err, MR_NOT_FOUND, "topic %s: no such topic", queue->topic);
    freeReplyObject(reply);
    return rc;
}

struct mr_queue *redis_queue_open(struct mr_bus *bus, const char *topic, const char *group,
                                  int window, struct mr_error *err)
{
    const struct redis_bus *redis = (const struct redis_bus *)bus;
    struct redis_queue *queue = calloc(1, sizeof *queue);

    if (!queue) {
        (void)mr_fail(err, MR_NO_MEMORY, "bus: no memory for a queue");
        return NULL;
    }
    queue->queue.bus = bus;
    queue->reclaim_ms = redis->config.reclaim_ms;
    queue->timeout_ms = redis->config.timeout_ms;
    queue->take_link.waker = queue->work_link.waker = &queue->waker;
    queue->waker.epoll_fd = queue->waker.timer_fd = -1;
    queue->window = (size_t)window;
    queue->topic = strdup(topic);
    queue->group = strdup(group);
    if (!queue->topic || !queue->group) {
        (void)mr_fail(err, MR_NO_MEMORY, "bus: no memory for a queue");
        goto fail;
    }
    if (mr_redis_conn_init(&queue->take_link.conn, &redis->config, err) ||
        mr_redis_conn_init(&queue->work_link.conn, &redis->config, err) ||
        bus_waker_init(&queue->waker, err) || bus_shelf_init(&queue->shelf, queue->window, err) ||
        name_consumer(queue, err) || join(queue, err))
        goto fail;
    bus_waker_in(&queue->waker, 0); /* the first take asks */
    return &queue->queue;
fail:
    queue->partitions = 0; /* nothing to leave */
    redis_queue_free(&queue->queue);
    return NULL;
}

int redis_queue_fd(struct mr_queue *handle)
{
    return ((struct redis_queue *)handle)->waker.epoll_fd;
}

/* ---- taking
 * ------------------------------------------------------------------------------------------------------
 */

static void take_failed(struct redis_queue *queue)
{
    queue->asked = ASK_NONE;
    queue->empty = false;
    bus_link_failed(&queue->take_link);
}

/* Exactly as many as there is room for, over all partitions; now and then also what silent
 * consumers hold. */
static void take_words(struct redis_queue *queue, size_t want, bool reclaim)
{
    bus_queue_call(queue, "bus_take");
    mr_redis_cmd_str(&queue->cmd, queue->consumer);
    mr_redis_cmd_int(&queue->cmd, (int64_t)want);
    mr_redis_cmd_int(&queue->cmd, reclaim ? queue->reclaim_ms : 0);
    mr_redis_cmd_int(&queue->cmd, queue->turn);
    queue->turn = (queue->turn + 1) % queue->partitions;
}

/* Waits at the server. The server counts a stream at a time, so that more than the room can come
 * where several partitions get a message in one moment: these wait here until they are asked for.
 */
static void block_words(struct redis_queue *queue, size_t want)
{
    const int64_t block_ms = queue->reclaim_ms / BUS_RENEWALS;
    const size_t each = want / (size_t)queue->partitions;

    mr_redis_cmd_begin(&queue->cmd, "XREADGROUP");
    mr_redis_cmd_str(&queue->cmd, "GROUP");
    mr_redis_cmd_str(&queue->cmd, queue->group);
    mr_redis_cmd_str(&queue->cmd, queue->consumer);
    mr_redis_cmd_str(&queue->cmd, "COUNT");
    mr_redis_cmd_int(&queue->cmd, each > 0 ? (int64_t)each : 1);
    mr_redis_cmd_str(&queue->cmd, "BLOCK");
    mr_redis_cmd_int(&queue->cmd, block_ms < BLOCK_MS_MAX ? block_ms : BLOCK_MS_MAX);
    mr_redis_cmd_str(&queue->cmd, "STREAMS");
    streams_words(queue);
    for (int32_t i = 0; i < queue->partitions; i++)
        mr_redis_cmd_str(&queue->cmd, ">");
}

static enum mr_code ask(struct redis_queue *queue, size_t max, struct mr_error *err)
{
    const int64_t now_ms = mr_redis_mono_ms();
    const size_t room = queue->window > queue->shelf.count ? queue->window - queue->shelf.count : 0;
    size_t want = room < max ? room : max;
    bool reclaim, block;
    enum mr_code rc;

    if (queue->asked != ASK_NONE || queue->shelf.first || want == 0)
        return MR_OK;
    rc = bus_link_open(&queue->take_link, err);
    if (rc)
        return rc == MR_BUSY ? MR_OK : rc;
    want = want < TAKE_MAX ? want : TAKE_MAX;
    reclaim = queue->reclaimed_ms == 0 ||
              now_ms - queue->reclaimed_ms >= queue->reclaim_ms / BUS_RENEWALS;
    block = !reclaim && (queue->empty || queue->partitions == 1);
    if (reclaim)
        queue->reclaimed_ms = now_ms;
    if (block)
        block_words(queue, want);
    else
        take_words(queue, want, reclaim);
    rc = bus_link_send(&queue->take_link, &queue->cmd, err);
    if (rc) {
        take_failed(queue);
        return rc;
    }
    queue->asked = block ? ASK_BLOCK : ASK_TAKE;
    queue->asked_ms = now_ms;
    bus_waker_in(&queue->waker, queue->timeout_ms + BLOCK_MS_MAX);
    return MR_OK;
}

static enum mr_code shelve(struct redis_queue *queue, int32_t partition, const redisReply *entries,
                           struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    if (entries->type != REDIS_REPLY_ARRAY || partition < 0 || partition >= queue->partitions)
        return mr_fail(err, MR_INTERNAL, "bus: topic %s: an answer of another form", queue->topic);
    for (size_t i = 0; i < entries->elements && !rc; i++) {
        struct mr_msg msg;

        if (!bus_entry_read(entries->element[i], &msg))
            continue; /* gone meanwhile */
        msg.topic = queue->topic;
        msg.partition = partition;
        rc = bus_shelf_put(&queue->shelf, &msg, err);
    }
    return rc;
}

/* Both forms of answer: {stream's name or partition, {entry ...}} ... */
static enum mr_code take_reply(struct redis_queue *queue, const redisReply *reply,
                               struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    queue->empty = reply->type != REDIS_REPLY_ARRAY || reply->elements == 0;
    if (queue->shelf.count == 0) /* the first of a new lot is renewed a while after it came */
        queue->keep_ms = mr_redis_mono_ms() + queue->reclaim_ms / BUS_RENEWALS;
    for (size_t i = 0; !queue->empty && i < reply->elements && !rc; i++) {
        const redisReply *part = reply->element[i];
        const char *slash;
        int32_t partition;

        if (part->type != REDIS_REPLY_ARRAY || part->elements != 2)
            return mr_fail(err, MR_INTERNAL, "bus: topic %s: an answer of another form",
                           queue->topic);
        partition = (int32_t)mr_redis_reply_int(part->element[0], -1);
        slash = part->element[0]->type == REDIS_REPLY_STRING ? strrchr(part->element[0]->str, '/')
                                                             : NULL;
        if (slash)
            partition = (int32_t)strtol(slash + 1, NULL, 10);
        rc = shelve(queue, partition, part->element[1], err);
    }
    if (queue->shelf.count > 0)
        bus_waker_in(&queue->waker, queue->reclaim_ms / BUS_RENEWALS);
    return rc;
}

static enum mr_code take_receive(struct redis_queue *queue, struct mr_error *err)
{
    redisReply *reply = NULL;
    enum mr_code rc;

    if (!queue->take_link.conn.ctx)
        return MR_OK;
    rc = mr_redis_conn_poll(&queue->take_link.conn, &reply, err);
    if (!rc && reply) {
        rc = mr_redis_conn_check(&queue->take_link.conn, reply, err);
        if (!rc) {
            bus_link_works(&queue->take_link);
            queue->asked = ASK_NONE;
            rc = take_reply(queue, reply, err);
        }
        freeReplyObject(reply);
    } else if (!rc && queue->asked != ASK_NONE &&
               mr_redis_mono_ms() - queue->asked_ms > queue->timeout_ms + BLOCK_MS_MAX) {
        rc = mr_fail(err, MR_TIMEOUT, "bus: no answer about topic %s", queue->topic);
    }
    if (rc)
        take_failed(queue);
    return rc;
}

int redis_queue_take(struct mr_queue *handle, struct mr_msg *msgs, int max, struct mr_error *err)
{
    struct redis_queue *queue = (struct redis_queue *)handle;
    enum mr_code rc, work_rc;
    int n = 0;

    bus_waker_clear(&queue->waker);
    work_rc = bus_work_receive(queue, err);
    if (!work_rc)
        work_rc = bus_work_start(queue, err);
    rc = take_receive(queue, work_rc ? NULL : err);
    while (n < max && bus_shelf_give(&queue->shelf, &msgs[n]))
        n++;
    if (n < max && !rc)
        rc = ask(queue, (size_t)(max - n), work_rc ? NULL : err);
    if (queue->shelf.count > 0 && queue->work == WORK_NONE)
        bus_waker_in(&queue->waker, queue->reclaim_ms / BUS_RENEWALS);
    return n > 0 ? n : rc || work_rc ? -1 : 0;
}

/* ---- leaving
 * -----------------------------------------------------------------------------------------------------
 */

/* What is not released goes to others at once; where Redis cannot be told, after reclaim_ms. */
void redis_queue_free(struct mr_queue *handle)
{
    struct redis_queue *queue = (struct redis_queue *)handle;
    redisReply *reply = NULL;

    mr_redis_conn_release(
        &queue->take_link.conn); /* first, so that nothing is delivered any more */
    if (queue->timeout_ms > LEAVE_MS_MAX)
        queue->timeout_ms = queue->work_link.conn.timeout_ms = LEAVE_MS_MAX;
    if (queue->partitions > 0 && queue->work_link.conn.ctx && !redis_queue_flush(handle, NULL)) {
        bus_queue_call(queue, "bus_leave");
        mr_redis_cmd_str(&queue->cmd, queue->consumer);
        if (!mr_redis_conn_call(&queue->work_link.conn, &queue->cmd, &reply, NULL))
            freeReplyObject(reply);
    }
    mr_redis_conn_release(&queue->work_link.conn);
    mr_redis_cmd_release(&queue->cmd);
    bus_waker_release(&queue->waker);
    bus_shelf_release(&queue->shelf);
    free(queue->released);
    free(queue->held);
    free(queue->topic);
    free(queue->group);
    free(queue);
}
