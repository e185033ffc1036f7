/* bus_redis.c -- the bus on Redis Streams: one machine, no broker; log and state in one Redis, so
 * that they are kept, or rolled back, together.  Sends are in bus_redis_send.c, logs in
 * bus_redis_log.c, queues in bus_redis_queue.c. */
#include "common/adapters/bus_redis.h"

#include <stdlib.h>

static enum mr_code bus_ensure(struct mr_bus *bus, const struct mr_topic_spec *specs, size_t n,
                               struct mr_error *err)
{
    struct redis_bus *redis = (struct redis_bus *)bus;
    enum mr_code rc = MR_OK;

    for (size_t i = 0; i < n && !rc; i++)
        rc = bus_topic_ensure(&redis->control, &redis->cmd, &specs[i], err);
    return rc;
}

static int32_t bus_partitions(struct mr_bus *bus, const char *topic, struct mr_error *err)
{
    struct redis_bus *redis = (struct redis_bus *)bus;
    struct bus_topic found;

    if (bus_topic_get(&redis->control, &redis->cmd, topic, &found, err))
        return -1;
    return found.partitions;
}

static int bus_fd(struct mr_bus *bus)
{
    return ((struct redis_bus *)bus)->waker.epoll_fd;
}

static void bus_free(struct mr_bus *bus)
{
    struct redis_bus *redis = (struct redis_bus *)bus;

    redis_bus_sends_release(redis);
    mr_redis_conn_release(&redis->link.conn);
    mr_redis_conn_release(&redis->control);
    mr_redis_cmd_release(&redis->cmd);
    bus_waker_release(&redis->waker);
    free(redis);
}

static const struct mr_bus_ops redis_bus_ops = {
    .ensure = bus_ensure,
    .partitions = bus_partitions,
    .send = redis_bus_send,
    .poll = redis_bus_poll,
    .fd = bus_fd,
    .flush = redis_bus_flush,
    .free = bus_free,
    .log_open = redis_log_open,
    .log_start = redis_log_start,
    .log_stop = redis_log_stop,
    .log_bounds = redis_log_bounds,
    .log_id = redis_log_id,
    .log_poll = redis_log_poll,
    .log_trim = redis_log_trim,
    .log_fd = redis_log_fd,
    .log_free = redis_log_free,
    .queue_open = redis_queue_open,
    .queue_take = redis_queue_take,
    .queue_release = redis_queue_release,
    .queue_flush = redis_queue_flush,
    .queue_fd = redis_queue_fd,
    .queue_free = redis_queue_free,
};

struct mr_bus *mr_bus_redis_new(const struct mr_redis_config *config, struct mr_error *err)
{
    struct redis_bus *redis = calloc(1, sizeof *redis);

    if (!redis) {
        (void)mr_fail(err, MR_NO_MEMORY, "redis: no memory for a bus");
        return NULL;
    }
    redis->bus.ops = &redis_bus_ops;
    redis->config = *config;
    redis->link.waker = &redis->waker;
    redis->waker.epoll_fd = redis->waker.timer_fd = -1;
    if (mr_redis_conn_init(&redis->control, config, err) ||
        mr_redis_conn_init(&redis->link.conn, config, err) || bus_waker_init(&redis->waker, err) ||
        redis_bus_sends_init(redis, err)) {
        bus_free(&redis->bus);
        return NULL;
    }
    return &redis->bus;
}
