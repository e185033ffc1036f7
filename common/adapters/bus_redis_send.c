/* bus_redis_send.c -- sends: copied, gathered, and appended by one call of bus_append at a time, so
 * that a turn of the owner's loop, and whatever came while a call was under way, costs one exchange
 * and one fsync.  One call at a time is also what keeps a partition's order. */
#include "common/adapters/bus_redis.h"

#include "common/base/id.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_MESSAGES_MAX = 1000, CALL_BYTES_MAX = 4 * 1024 * 1024, CALL_GROUPS_MAX = 64 };

struct bus_known { /* a topic that was sent to */
    struct bus_known *next;
    struct bus_topic topic;
    bool gone; /* Redis says so: asked again by the next send */
    char name[];
};

struct bus_pending { /* a message without its outcome */
    struct bus_pending *next;
    struct bus_known *topic;
    void *tag;
    size_t key_len, value_len;
    int32_t partition;
    char shape;   /* as bus_append.lua takes it */
    char bytes[]; /* key, value */
};

struct bus_group { /* messages of one call to one partition */
    struct bus_known *topic;
    struct bus_pending *head, *tail;
    size_t count;
    int32_t partition;
};

/* ---- outcomes
 * ----------------------------------------------------------------------------------------- */

static void tell(struct redis_bus *redis, struct bus_pending *pending, enum mr_code code,
                 int64_t offset, int64_t time_ms)
{
    void *tag = pending->tag;
    int32_t partition = pending->partition;

    free(pending);
    redis->waiting--;
    if (redis->bus.on_sent)
        redis->bus.on_sent(redis->bus.owner, tag, code, partition, offset, time_ms);
}

/* Every message without an outcome gets this one.  Those not yet sent too: were they sent after
 * others before them failed, the order would be lost. */
static int fail_all(struct redis_bus *redis, enum mr_code code)
{
    struct bus_pending *lists[CALL_GROUPS_MAX + 1];
    size_t count = 0;
    int told = 0;

    for (size_t i = 0; i < redis->group_count; i++)
        lists[count++] = redis->groups[i].head;
    lists[count++] = redis->head;
    redis->head = redis->tail = NULL; /* a callback may send again */
    redis->group_count = redis->under_way = 0;
    bus_link_failed(&redis->link);
    for (size_t i = 0; i < count; i++) {
        while (lists[i]) {
            struct bus_pending *pending = lists[i];

            lists[i] = pending->next;
            tell(redis, pending, code, -1, -1);
            told++;
        }
    }
    return told;
}

/* ---- calls
 * -----------------------------------------------------------------------------------------------
 */

static struct bus_group *group_of(struct redis_bus *redis, const struct bus_pending *pending)
{
    struct bus_group *group;

    for (size_t i = redis->group_count; i-- > 0;) {
        group = &redis->groups[i];
        if (group->topic == pending->topic && group->partition == pending->partition)
            return group;
    }
    if (redis->group_count == CALL_GROUPS_MAX)
        return NULL;
    group = &redis->groups[redis->group_count++];
    *group = (struct bus_group){.topic = pending->topic, .partition = pending->partition};
    return group;
}

/* Takes messages from the head of the queue into the groups of a call. */
static void gather(struct redis_bus *redis)
{
    size_t bytes = 0;

    while (redis->head && redis->under_way < CALL_MESSAGES_MAX && bytes < CALL_BYTES_MAX) {
        struct bus_pending *pending = redis->head;
        struct bus_group *group = group_of(redis, pending);

        if (!group)
            break;
        redis->head = pending->next;
        if (!redis->head)
            redis->tail = NULL;
        pending->next = NULL;
        if (group->tail)
            group->tail->next = pending;
        else
            group->head = pending;
        group->tail = pending;
        group->count++;
        redis->under_way++;
        bytes += pending->key_len + pending->value_len;
    }
}

static void write_call(struct redis_bus *redis)
{
    struct mr_redis_cmd *cmd = &redis->cmd;

    mr_redis_cmd_fcall(cmd, "bus_append", (int)redis->group_count + 1);
    mr_redis_cmd_str(cmd, "mr:bus:topics");
    for (size_t i = 0; i < redis->group_count; i++)
        bus_stream_word(cmd, redis->groups[i].topic->name, redis->groups[i].partition);
    mr_redis_cmd_int(cmd, redis->config.unread_max);
    for (size_t i = 0; i < redis->group_count; i++) {
        const struct bus_group *group = &redis->groups[i];

        mr_redis_cmd_str(cmd, group->topic->name);
        mr_redis_cmd_str(cmd, group->topic->topic.id);
        mr_redis_cmd_int(cmd, (int64_t)group->count);
        for (const struct bus_pending *p = group->head; p; p = p->next) {
            mr_redis_cmd_add(cmd, &p->shape, 1);
            mr_redis_cmd_add(cmd, p->bytes, p->key_len);
            mr_redis_cmd_add(cmd, p->bytes + p->key_len, p->value_len);
        }
    }
}

/* Starts a call where messages wait and none is under way. Returns how many outcomes that gave. */
static int start_call(struct redis_bus *redis)
{
    enum mr_code rc;

    if (redis->under_way > 0 || !redis->head)
        return 0;
    rc = bus_link_open(&redis->link, NULL);
    if (rc == MR_BUSY) /* between two tries they are kept, in their bounded queue */
        return 0;
    if (rc)
        return fail_all(redis, MR_UNAVAILABLE);
    gather(redis);
    write_call(redis);
    rc = bus_link_send(&redis->link, &redis->cmd, NULL);
    if (rc)
        return fail_all(redis, rc == MR_NO_MEMORY ? rc : MR_UNAVAILABLE);
    redis->sent_ms = mr_redis_mono_ms();
    bus_waker_in(&redis->waker, redis->config.timeout_ms);
    return 0;
}

static int tell_group(struct redis_bus *redis, struct bus_group *group, int64_t first,
                      int64_t time_ms)
{
    int told = 0;

    if (first < 0)
        group->topic->gone = true;
    while (group->head) {
        struct bus_pending *pending = group->head;

        group->head = pending->next;
        if (first < 0)
            tell(redis, pending, MR_NOT_FOUND, -1, -1);
        else
            tell(redis, pending, MR_OK, first + told, time_ms);
        told++;
    }
    return told;
}

/* The call under way was answered. Its groups are copied: a callback may start the next one. */
static int end_call(struct redis_bus *redis, const redisReply *reply)
{
    struct bus_group groups[CALL_GROUPS_MAX];
    const size_t count = redis->group_count;
    int told = 0;

    if (mr_redis_conn_check(&redis->link.conn, reply, NULL) != MR_OK ||
        reply->type != REDIS_REPLY_ARRAY || reply->elements != count + 1)
        return fail_all(redis, MR_UNAVAILABLE);
    bus_link_works(&redis->link);
    memcpy(groups, redis->groups, count * sizeof *groups);
    redis->group_count = redis->under_way = 0;
    for (size_t i = 0; i < count; i++)
        told += tell_group(redis, &groups[i], mr_redis_reply_int(reply->element[i + 1], -1),
                           mr_redis_reply_int(reply->element[0], -1));
    return told;
}

/* The call under way has no answer yet. */
static int wait_on(struct redis_bus *redis)
{
    const int64_t left_ms = redis->sent_ms + redis->config.timeout_ms - mr_redis_mono_ms();
    bool done = true;

    if (left_ms < 0 || mr_redis_conn_push(&redis->link.conn, &done, NULL) != MR_OK)
        return fail_all(redis, MR_UNAVAILABLE);
    bus_waker_in(&redis->waker, done ? left_ms + 1 : 1);
    return 0;
}

int redis_bus_poll(struct mr_bus *bus)
{
    struct redis_bus *redis = (struct redis_bus *)bus;
    redisReply *reply = NULL;
    int told = 0;

    bus_waker_clear(&redis->waker);
    if (redis->link.conn.ctx) {
        enum mr_code rc = mr_redis_conn_poll(&redis->link.conn, &reply, NULL);

        if (redis->under_way ==
            0) /* an idle connection that the server closed is made anew below */
            told = 0;
        else if (rc)
            told = fail_all(redis, MR_UNAVAILABLE);
        else if (reply)
            told = end_call(redis, reply);
        else
            told = wait_on(redis);
        freeReplyObject(reply);
    }
    return told + start_call(redis);
}

/* ---- sends
 * ------------------------------------------------------------------------------------------------
 */

static enum mr_code known_of(struct redis_bus *redis, const char *name, struct bus_known **ret,
                             struct mr_error *err)
{
    struct bus_known *known = redis->known;
    struct bus_topic topic;
    enum mr_code rc;

    while (known && strcmp(known->name, name) != 0)
        known = known->next;
    if (known && !known->gone) {
        *ret = known;
        return MR_OK;
    }
    rc = bus_topic_get(&redis->control, &redis->cmd, name, &topic, err);
    if (rc)
        return rc;
    if (!known) {
        known = calloc(1, sizeof *known + strlen(name) + 1);
        if (!known)
            return mr_fail(err, MR_NO_MEMORY, "bus: no memory for topic %s", name);
        memcpy(known->name, name, strlen(name) + 1);
        known->next = redis->known;
        redis->known = known;
    }
    known->topic = topic;
    known->gone = false;
    *ret = known;
    return MR_OK;
}

static enum mr_code enqueue(struct redis_bus *redis, const struct bus_pending *like,
                            const char *key, const char *value, struct mr_error *err)
{
    struct bus_pending *pending = malloc(sizeof *pending + like->key_len + like->value_len);

    if (!pending)
        return mr_fail(err, MR_NO_MEMORY, "bus: no memory for a message of %zu bytes",
                       like->value_len);
    *pending = *like;
    if (like->key_len)
        memcpy(pending->bytes, key, like->key_len);
    if (like->value_len)
        memcpy(pending->bytes + like->key_len, value, like->value_len);
    if (redis->tail)
        redis->tail->next = pending;
    else
        redis->head = pending;
    redis->tail = pending;
    redis->waiting++;
    return MR_OK;
}

enum mr_code redis_bus_send(struct mr_bus *bus, const char *topic, int32_t partition,
                            const char *key, size_t key_len, const char *value, size_t value_len,
                            void *tag, struct mr_error *err)
{
    struct redis_bus *redis = (struct redis_bus *)bus;
    struct bus_pending pending = {.tag = tag, .key_len = key_len, .value_len = value_len};
    enum mr_code rc;

    if (redis->waiting >= (size_t)redis->config.send_queue_max)
        return mr_fail(err, MR_BUSY, "bus: %zu messages wait for their outcome, the most allowed",
                       redis->waiting);
    rc = known_of(redis, topic, &pending.topic, err);
    if (rc)
        return rc;
    pending.partition = partition;
    if (partition < 0)
        pending.partition =
            (int32_t)mr_shard_of(key, key_len, (uint32_t)pending.topic->topic.partitions);
    if (pending.partition >= pending.topic->topic.partitions)
        return mr_fail(err, MR_INVALID, "topic %s: partition is %d, must be below %d", topic,
                       (int)partition, (int)pending.topic->topic.partitions);
    pending.shape = (char)('0' + (key ? 1 : 0) + (value ? 2 : 0));
    rc = enqueue(redis, &pending, key, value, err);
    if (!rc)
        bus_waker_in(&redis->waker, 0);
    return rc;
}

enum mr_code redis_bus_flush(struct mr_bus *bus, int64_t timeout_ms, struct mr_error *err)
{
    struct redis_bus *redis = (struct redis_bus *)bus;
    const int64_t deadline_ms = mr_redis_mono_ms() + timeout_ms;
    size_t left;

    for (;;) {
        struct pollfd fd = {.fd = redis->waker.epoll_fd, .events = POLLIN};
        int64_t left_ms = deadline_ms - mr_redis_mono_ms();

        (void)redis_bus_poll(bus);
        if (redis->waiting == 0)
            return MR_OK;
        if (left_ms <= 0)
            break;
        (void)poll(&fd, 1, (int)left_ms);
    }
    left = redis->waiting;
    (void)fail_all(redis, MR_UNAVAILABLE);
    return mr_fail(err, MR_TIMEOUT, "bus: %zu messages have no outcome after %lld ms", left,
                   (long long)timeout_ms);
}

enum mr_code redis_bus_sends_init(struct redis_bus *redis, struct mr_error *err)
{
    redis->groups = calloc(CALL_GROUPS_MAX, sizeof *redis->groups);
    return redis->groups ? MR_OK : mr_fail(err, MR_NO_MEMORY, "redis: no memory for a bus");
}

void redis_bus_sends_release(struct redis_bus *redis)
{
    redis->bus.on_sent = NULL; /* nobody is there any more to be told */
    if (redis->groups && redis->waker.epoll_fd >= 0)
        (void)fail_all(redis, MR_CANCELLED);
    while (redis->known) {
        struct bus_known *known = redis->known;

        redis->known = known->next;
        free(known);
    }
    free(redis->groups);
    redis->groups = NULL;
}
