/* bus_redis_work.c -- what a queue's handle tells of the messages it holds: that they are done
 * with, or still worked on.  One call under way at a time, on a link of its own: the other may be
 * waiting. */
#include "common/adapters/bus_redis_queue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    RELEASE_AFTER_MS = 2, /* releases wait so long for company */
    RELEASE_AT = 256,     /* or until they are so many */
    IDS_MAX = 2000,       /* of one call */
};

/* For each stream how many, then its ids; the places are in order. */
static void places_words(struct redis_queue *queue, const struct bus_place *places, size_t count)
{
    size_t at = 0;

    for (int32_t i = 0; i < queue->partitions; i++) {
        size_t stop = at;

        while (stop < count && places[stop].partition == i)
            stop++;
        mr_redis_cmd_int(&queue->cmd, (int64_t)(stop - at));
        for (; at < stop; at++)
            mr_redis_cmd_addf(&queue->cmd, "%" PRId64 "-0", places[at].offset + 1);
    }
}

static bool grow(struct bus_place **places, size_t *cap, size_t count)
{
    size_t more = *cap ? *cap : 64;
    struct bus_place *grown;

    if (count <= *cap)
        return true;
    while (more < count)
        more *= 2;
    grown = realloc(*places, more * sizeof *grown);
    if (!grown)
        return false;
    *places = grown;
    *cap = more;
    return true;
}

static void work_failed(struct redis_queue *queue)
{
    queue->work = WORK_NONE;
    queue->sent = 0; /* they are sent again: a release does no harm twice */
    bus_link_failed(&queue->work_link);
}

static enum mr_code work_send(struct redis_queue *queue, enum work work, struct mr_error *err)
{
    enum mr_code rc = bus_link_send(&queue->work_link, &queue->cmd, err);

    if (rc) {
        work_failed(queue);
        return rc;
    }
    queue->work = work;
    queue->work_ms = mr_redis_mono_ms();
    bus_waker_in(&queue->waker, queue->timeout_ms);
    return MR_OK;
}

static enum mr_code send_releases(struct redis_queue *queue, struct mr_error *err)
{
    size_t count = queue->released_count < IDS_MAX ? queue->released_count : IDS_MAX;

    /* Only what is sent is put in order: the rest waits behind it. */
    qsort(queue->released, count, sizeof *queue->released, bus_place_compare);
    bus_queue_call(queue, "bus_release");
    places_words(queue, queue->released, count);
    queue->sent = count;
    return work_send(queue, WORK_RELEASE, err);
}

/* Renews a piece of what is held; the pieces follow each other until all had their turn. */
static enum mr_code send_keep(struct redis_queue *queue, struct mr_error *err)
{
    size_t count;

    if (queue->kept == queue->held_count) { /* a new round */
        if (!grow(&queue->held, &queue->held_cap, queue->shelf.count))
            return mr_fail(err, MR_NO_MEMORY, "bus: no memory to renew %zu messages",
                           queue->shelf.count);
        bus_shelf_places(&queue->shelf, queue->held);
        queue->held_count = queue->shelf.count;
        queue->kept = 0;
    }
    count = queue->held_count - queue->kept < IDS_MAX ? queue->held_count - queue->kept : IDS_MAX;
    bus_queue_call(queue, "bus_keep");
    mr_redis_cmd_str(&queue->cmd, queue->consumer);
    places_words(queue, queue->held + queue->kept, count);
    queue->kept += count;
    if (queue->kept == queue->held_count)
        queue->keep_ms = mr_redis_mono_ms() + queue->reclaim_ms / BUS_RENEWALS;
    return work_send(queue, WORK_KEEP, err);
}

static bool keep_due(const struct redis_queue *queue)
{
    return queue->shelf.count > 0 && mr_redis_mono_ms() >= queue->keep_ms;
}

enum mr_code bus_work_start(struct redis_queue *queue, struct mr_error *err)
{
    enum mr_code rc;

    if (queue->work != WORK_NONE || (queue->released_count == 0 && !keep_due(queue)))
        return MR_OK;
    rc = bus_link_open(&queue->work_link, err);
    if (rc)
        return rc == MR_BUSY ? MR_OK : rc;
    return keep_due(queue) ? send_keep(queue, err) : send_releases(queue, err);
}

/* The call under way was answered: what it released is done with. */
static void work_done(struct redis_queue *queue)
{
    queue->released_count -= queue->sent;
    if (queue->sent > 0)
        memmove(queue->released, queue->released + queue->sent,
                queue->released_count * sizeof *queue->released);
    queue->sent = 0;
    queue->work = WORK_NONE;
}

enum mr_code bus_work_receive(struct redis_queue *queue, struct mr_error *err)
{
    redisReply *reply = NULL;
    enum mr_code rc;

    if (!queue->work_link.conn.ctx)
        return MR_OK;
    rc = mr_redis_conn_poll(&queue->work_link.conn, &reply, err);
    if (!rc && reply) {
        rc = mr_redis_conn_check(&queue->work_link.conn, reply, err);
        freeReplyObject(reply);
        if (!rc) {
            bus_link_works(&queue->work_link);
            work_done(queue);
        }
    } else if (!rc && queue->work != WORK_NONE &&
               mr_redis_mono_ms() - queue->work_ms > queue->timeout_ms) {
        rc = mr_fail(err, MR_TIMEOUT, "bus: no answer about topic %s", queue->topic);
    }
    if (rc)
        work_failed(queue);
    return rc;
}

void redis_queue_release(struct mr_queue *handle, int32_t partition, int64_t offset)
{
    struct redis_queue *queue = (struct redis_queue *)handle;

    /* Where there is no memory to note it, it stays held, and comes again some day. */
    if (!grow(&queue->released, &queue->released_cap, queue->released_count + 1) ||
        !bus_shelf_remove(&queue->shelf, partition, offset))
        return;
    queue->released[queue->released_count++] = (struct bus_place){partition, offset};
    if (queue->released_count >= RELEASE_AT)
        (void)bus_work_start(queue, NULL); /* a failure is told by the next take */
    else
        bus_waker_in(&queue->waker, RELEASE_AFTER_MS);
}

enum mr_code redis_queue_flush(struct mr_queue *handle, struct mr_error *err)
{
    struct redis_queue *queue = (struct redis_queue *)handle;
    redisReply *reply;
    enum mr_code rc = MR_OK;

    while (!rc && (queue->released_count > 0 || queue->work != WORK_NONE)) {
        rc = bus_work_start(queue, err);
        if (!rc && queue->work == WORK_NONE) /* between two tries */
            return mr_fail(err, MR_UNAVAILABLE, "bus: no connection to release by");
        if (!rc)
            rc = mr_redis_conn_wait(&queue->work_link.conn, queue->timeout_ms, &reply, err);
        if (rc)
            break;
        rc = mr_redis_conn_check(&queue->work_link.conn, reply, err);
        freeReplyObject(reply);
        if (rc)
            break;
        work_done(queue);
    }
    if (rc)
        work_failed(queue);
    return rc;
}
