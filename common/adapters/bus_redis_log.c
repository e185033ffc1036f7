/* bus_redis_log.c -- logs: XREAD of every started partition, one request under way, waiting at the
 * server.  Offsets of a log are dense: a step that leaves some out means that they were cut off. */
#include "common/adapters/bus_redis.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_MS = 5000,
    READ_BYTES = 4 * 1024 * 1024, /* what one reply may be about */
    READ_COUNT_MAX = 1000,
    ENTRY_BYTES_MIN = 256,
};

struct log_part {
    bool started;
    bool lost;     /* its start was at an offset that is not there: told by the next poll */
    bool ignored;  /* what is left of the reply in hand is from before its last start */
    int64_t next;  /* offset to give next */
    int64_t asked; /* offset to ask for next: behind what is in the reply in hand */
};

struct redis_log {
    struct mr_log log;
    struct mr_redis_conn control; /* for calls that wait */
    struct bus_waker waker;
    struct bus_link link;
    struct mr_redis_cmd cmd;
    char *topic;
    struct bus_topic spec;
    struct log_part *parts;
    int32_t turn;   /* partition that a request begins with: none is always behind another */
    bool under_way; /* a request waits at the server */
    int64_t asked_ms;
    redisReply *reply; /* in hand: streams, and where we are in it */
    size_t stream, entry;
    int64_t entry_bytes; /* about as long is an entry */
};

/* ---- life
 * ------------------------------------------------------------------------------------------------
 */

struct mr_log *redis_log_open(struct mr_bus *bus, const char *topic, struct mr_error *err)
{
    struct redis_bus *redis = (struct redis_bus *)bus;
    struct redis_log *log = calloc(1, sizeof *log);

    if (!log)
        goto no_memory;
    log->log.bus = bus;
    log->link.waker = &log->waker;
    log->waker.epoll_fd = log->waker.timer_fd = -1;
    log->entry_bytes = READ_BYTES / 64; /* until it is known better */
    log->topic = strdup(topic);
    if (!log->topic)
        goto no_memory;
    if (mr_redis_conn_init(&log->control, &redis->config, err) ||
        mr_redis_conn_init(&log->link.conn, &redis->config, err) ||
        bus_waker_init(&log->waker, err) ||
        bus_topic_get(&log->control, &log->cmd, topic, &log->spec, err))
        goto fail;
    log->parts = calloc((size_t)log->spec.partitions, sizeof *log->parts);
    if (!log->parts)
        goto no_memory;
    return &log->log;
no_memory:
    (void)mr_fail(err, MR_NO_MEMORY, "bus: no memory for a log of %s", topic);
fail:
    if (log)
        redis_log_free(&log->log);
    return NULL;
}

void redis_log_free(struct mr_log *handle)
{
    struct redis_log *log = (struct redis_log *)handle;

    freeReplyObject(log->reply);
    mr_redis_conn_release(&log->control);
    mr_redis_conn_release(&log->link.conn);
    mr_redis_cmd_release(&log->cmd);
    bus_waker_release(&log->waker);
    free(log->parts);
    free(log->topic);
    free(log);
}

int redis_log_fd(struct mr_log *handle)
{
    return ((struct redis_log *)handle)->waker.epoll_fd;
}

/* ---- bounds, trims: calls that wait
 * ----------------------------------------------------------------------- */

static enum mr_code check_partition(const struct redis_log *log, int32_t partition,
                                    struct mr_error *err)
{
    if (partition < log->spec.partitions)
        return MR_OK;
    return mr_fail(err, MR_NOT_FOUND, "topic %s: partition is %" PRId32 ", must be below %" PRId32,
                   log->topic, partition, log->spec.partitions);
}

/* First and end are read one after the other: a message that comes between makes end older, a trim
 * makes first newer.  Neither can make a reader miss anything. */
enum mr_code redis_log_bounds(struct mr_log *handle, int32_t partition, int64_t *first,
                              int64_t *end, struct mr_error *err)
{
    struct redis_log *log = (struct redis_log *)handle;
    redisReply *reply = NULL;
    struct mr_msg oldest;
    int64_t next;
    enum mr_code rc = check_partition(log, partition, err);

    if (rc)
        return rc;
    mr_redis_cmd_begin(&log->cmd, "GET");
    mr_redis_cmd_addf(&log->cmd, "mr:bus:{%s/%" PRId32 "}:n", log->topic, partition);
    rc = mr_redis_conn_call(&log->control, &log->cmd, &reply, err);
    if (rc)
        return rc;
    next = mr_redis_reply_int(reply, 0);
    freeReplyObject(reply);
    mr_redis_cmd_begin(&log->cmd, "XRANGE");
    bus_stream_word(&log->cmd, log->topic, partition);
    mr_redis_cmd_str(&log->cmd, "-");
    mr_redis_cmd_str(&log->cmd, "+");
    mr_redis_cmd_str(&log->cmd, "COUNT");
    mr_redis_cmd_int(&log->cmd, 1);
    rc = mr_redis_conn_call(&log->control, &log->cmd, &reply, err);
    if (rc)
        return rc;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        bus_entry_read(reply->element[0], &oldest) && oldest.offset < next)
        *first = oldest.offset;
    else
        *first = next;
    *end = next;
    freeReplyObject(reply);
    return MR_OK;
}

enum mr_code redis_log_trim(struct mr_log *handle, int32_t partition, int64_t before,
                            struct mr_error *err)
{
    struct redis_log *log = (struct redis_log *)handle;
    redisReply *reply = NULL;
    enum mr_code rc = check_partition(log, partition, err);

    if (rc)
        return rc;
    mr_redis_cmd_begin(&log->cmd, "XTRIM");
    bus_stream_word(&log->cmd, log->topic, partition);
    mr_redis_cmd_str(&log->cmd, "MINID");
    mr_redis_cmd_addf(&log->cmd, "%" PRId64 "-0", before + 1);
    rc = mr_redis_conn_call(&log->control, &log->cmd, &reply, err);
    freeReplyObject(reply);
    return rc;
}

enum mr_code redis_log_id(struct mr_log *handle, struct mr_buf *ret, struct mr_error *err)
{
    struct redis_log *log = (struct redis_log *)handle;
    struct bus_topic now;
    enum mr_code rc = bus_topic_get(&log->control, &log->cmd, log->topic, &now, err);

    if (rc)
        return rc;
    if (mr_buf_add_str(ret, now.id))
        return mr_fail(err, MR_NO_MEMORY, "bus: no memory for an id");
    return MR_OK;
}

/* ---- starts
 * --------------------------------------------------------------------------------------------------
 */

/* The request under way asks for the wrong things: its reply is not waited for. */
static void drop_request(struct redis_log *log)
{
    if (log->under_way)
        mr_redis_conn_close(&log->link.conn);
    log->under_way = false;
}

enum mr_code redis_log_start(struct mr_log *handle, int32_t partition, int64_t from,
                             struct mr_error *err)
{
    struct redis_log *log = (struct redis_log *)handle;
    struct log_part *part;
    int64_t first, end;
    enum mr_code rc = redis_log_bounds(handle, partition, &first, &end, err);

    if (rc)
        return rc;
    part = &log->parts[partition];
    part->next = from;
    if (from == MR_LOG_FIRST)
        part->next = first;
    else if (from == MR_LOG_END)
        part->next = end;
    part->lost = part->next > end || (part->next < first && !log->spec.compacted);
    part->started = !part->lost;
    part->asked = part->next;
    part->ignored = log->reply != NULL;
    drop_request(log);
    bus_waker_in(&log->waker, 0);
    return MR_OK;
}

void redis_log_stop(struct mr_log *handle, int32_t partition)
{
    struct redis_log *log = (struct redis_log *)handle;

    if (check_partition(log, partition, NULL))
        return;
    log->parts[partition].started = log->parts[partition].lost = false;
    drop_request(log);
    bus_waker_in(&log->waker, 0);
}

/* ---- requests
 * ---------------------------------------------------------------------------------------------------
 */

static void write_request(struct redis_log *log, size_t started)
{
    const int32_t n = log->spec.partitions;
    int64_t count = READ_BYTES / log->entry_bytes / (int64_t)started;

    count = count < 1 ? 1 : count > READ_COUNT_MAX ? READ_COUNT_MAX : count;
    mr_redis_cmd_begin(&log->cmd, "XREAD");
    mr_redis_cmd_str(&log->cmd, "COUNT");
    mr_redis_cmd_int(&log->cmd, count);
    mr_redis_cmd_str(&log->cmd, "BLOCK");
    mr_redis_cmd_int(&log->cmd, BLOCK_MS);
    mr_redis_cmd_str(&log->cmd, "STREAMS");
    log->turn = (log->turn + 1) % n;
    for (int32_t i = 0; i < n; i++)
        if (log->parts[(log->turn + i) % n].started)
            bus_stream_word(&log->cmd, log->topic, (log->turn + i) % n);
    for (int32_t i = 0; i < n; i++)
        if (log->parts[(log->turn + i) % n].started) /* XREAD gives what is behind an entry */
            mr_redis_cmd_addf(&log->cmd, "%" PRId64 "-0", log->parts[(log->turn + i) % n].asked);
}

static enum mr_code ask(struct redis_log *log, struct mr_error *err)
{
    size_t started = 0;
    enum mr_code rc;

    for (int32_t i = 0; i < log->spec.partitions; i++)
        started += log->parts[i].started;
    if (log->under_way || started == 0)
        return MR_OK;
    rc = bus_link_open(&log->link, err);
    if (rc)
        return rc == MR_BUSY ? MR_OK : rc;
    write_request(log, started);
    rc = bus_link_send(&log->link, &log->cmd, err);
    if (rc) {
        bus_link_failed(&log->link);
        return rc;
    }
    log->under_way = true;
    log->asked_ms = mr_redis_mono_ms();
    bus_waker_in(&log->waker, BLOCK_MS + log->control.timeout_ms);
    return MR_OK;
}

/* The partition that a stream's name ends with; -1: none of ours. */
static int32_t partition_of(const struct redis_log *log, const redisReply *stream)
{
    const char *slash;
    int32_t partition;

    if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 ||
        stream->element[0]->type != REDIS_REPLY_STRING ||
        stream->element[1]->type != REDIS_REPLY_ARRAY)
        return -1;
    slash = strrchr(stream->element[0]->str, '/');
    partition = slash ? (int32_t)strtol(slash + 1, NULL, 10) : -1;
    return partition < log->spec.partitions ? partition : -1;
}

/* Takes a reply in hand: notes how far it goes, so that the next request can follow at once. */
static void take_reply(struct redis_log *log, redisReply *reply)
{
    int64_t longest = ENTRY_BYTES_MIN;

    freeReplyObject(log->reply);
    log->reply = reply;
    log->stream = log->entry = 0;
    for (int32_t i = 0; i < log->spec.partitions; i++)
        log->parts[i].ignored = false;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *stream = reply->element[i];
        int32_t partition = partition_of(log, stream);
        struct mr_msg msg;

        for (size_t j = 0; partition >= 0 && j < stream->element[1]->elements; j++) {
            if (!bus_entry_read(stream->element[1]->element[j], &msg))
                continue;
            if ((int64_t)msg.value_len > longest)
                longest = (int64_t)msg.value_len;
            if (msg.offset >= log->parts[partition].asked)
                log->parts[partition].asked = msg.offset + 1;
        }
    }
    if (longest > log->entry_bytes || reply->elements > 0) /* grows at once, shrinks slowly */
        log->entry_bytes =
            longest > log->entry_bytes ? longest : (3 * log->entry_bytes + longest) / 4;
}

/* Looks for the reply under way. */
static enum mr_code receive(struct redis_log *log, struct mr_error *err)
{
    redisReply *reply = NULL;
    enum mr_code rc;

    if (!log->link.conn.ctx)
        return MR_OK;
    rc = mr_redis_conn_poll(&log->link.conn, &reply, err);
    if (!rc && reply && log->under_way) {
        log->under_way = false;
        rc = mr_redis_conn_check(&log->link.conn, reply, err);
        if (!rc) {
            bus_link_works(&log->link);
            if (reply->type == REDIS_REPLY_ARRAY) {
                take_reply(log, reply);
                return MR_OK;
            }
        }
    } else if (!rc && log->under_way &&
               mr_redis_mono_ms() - log->asked_ms > BLOCK_MS + log->control.timeout_ms) {
        rc = mr_fail(err, MR_TIMEOUT, "bus: no answer about topic %s", log->topic);
    }
    freeReplyObject(reply);
    if (rc) {
        log->under_way = false;
        bus_link_failed(&log->link);
    }
    return rc;
}

/* ---- messages
 * -----------------------------------------------------------------------------------------------------
 */

/* What it wants next is not there: it stops, and the next poll that has no message tells. */
static void lose(struct redis_log *log, struct log_part *part)
{
    part->started = false;
    part->lost = true;
    drop_request(log);
    bus_waker_in(&log->waker, 0); /* the others go on */
}

/* The next message of the reply in hand; false: there is none. */
static bool next_message(struct redis_log *log, struct mr_msg *ret)
{
    while (log->reply && log->stream < log->reply->elements) {
        const redisReply *stream = log->reply->element[log->stream];
        int32_t partition = partition_of(log, stream);
        struct log_part *part = partition >= 0 ? &log->parts[partition] : NULL;

        if (!part || !part->started || part->ignored ||
            log->entry == stream->element[1]->elements) {
            log->stream++;
            log->entry = 0;
            continue;
        }
        if (!bus_entry_read(stream->element[1]->element[log->entry], ret) ||
            ret->offset < part->next) {
            log->entry++;
            continue;
        }
        if (ret->offset > part->next && !log->spec.compacted) {
            lose(log, part);
            continue;
        }
        log->entry++;
        part->next = ret->offset + 1;
        ret->topic = log->topic;
        ret->partition = partition;
        return true;
    }
    return false;
}

static enum mr_code tell_lost(struct redis_log *log, struct mr_error *err)
{
    for (int32_t i = 0; i < log->spec.partitions; i++) {
        if (!log->parts[i].lost)
            continue;
        log->parts[i].lost = false;
        return mr_fail(err, MR_TRUNCATED,
                       "topic %s, partition %" PRId32 ": offset %" PRId64 " is not there",
                       log->topic, i, log->parts[i].next);
    }
    return MR_OK;
}

int redis_log_poll(struct mr_log *handle, struct mr_msg *msgs, int max, struct mr_error *err)
{
    struct redis_log *log = (struct redis_log *)handle;
    enum mr_code rc;
    int n = 0;

    bus_waker_clear(&log->waker);
    while (n < max && next_message(log, &msgs[n]))
        n++;
    if (n > 0) /* what they point to stays until the next call */
        return n;
    if (tell_lost(log, err))
        return -1;
    if (max == 0)
        return 0;
    rc = receive(log, err);
    if (!rc) /* the next request follows at once: its reply comes while these are worked on */
        rc = ask(log, err);
    if (rc)
        return -1;
    while (n < max && next_message(log, &msgs[n]))
        n++;
    return n;
}
