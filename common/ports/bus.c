/* bus.c -- the door to a bus: checks what the caller gives, then hands it to the driver. Knows no
 * driver. */
#include "common/ports/bus.h"

#include <inttypes.h>
#include <string.h>

enum {
    TOPIC_NAME_MAX = 249, /* as Kafka's */
    GROUP_NAME_MAX = 249,
    FLUSH_MS_MAX = 10 * 60 * 1000,
};

static bool name_valid(const char *name, size_t max)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = name ? strspn(name, alphabet) : 0;

    return len > 0 && len <= max && name[len] == '\0' && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static enum mr_code topic_check(const char *topic, struct mr_error *err)
{
    if (!name_valid(topic, TOPIC_NAME_MAX))
        return mr_fail(err, MR_INVALID, "topic: must be 1..%d of [A-Za-z0-9._-], is \"%s\"",
                       TOPIC_NAME_MAX, topic ? topic : "");
    return MR_OK;
}

static enum mr_code spec_check(const struct mr_topic_spec *spec, struct mr_error *err)
{
    enum mr_code rc = topic_check(spec->name, err);

    if (rc)
        return rc;
    if (spec->partitions < 1 || spec->partitions > MR_BUS_PARTITIONS_MAX)
        return mr_fail(err, MR_INVALID, "topic %s: partitions must be 1..%d, is %" PRId32,
                       spec->name, MR_BUS_PARTITIONS_MAX, spec->partitions);
    if (!spec->compacted && spec->retention_ms != -1 && spec->retention_ms < 1)
        return mr_fail(err, MR_INVALID, "topic %s: retention_ms must be -1 or > 0, is %" PRId64,
                       spec->name, spec->retention_ms);
    return MR_OK;
}

static enum mr_code partition_check(int32_t partition, int32_t min, struct mr_error *err)
{
    if (partition < min || partition >= MR_BUS_PARTITIONS_MAX)
        return mr_fail(err, MR_INVALID, "partition: must be %" PRId32 "..%d, is %" PRId32, min,
                       MR_BUS_PARTITIONS_MAX - 1, partition);
    return MR_OK;
}

enum mr_code mr_bus_ensure(struct mr_bus *bus, const struct mr_topic_spec *specs, size_t n,
                           struct mr_error *err)
{
    for (size_t i = 0; i < n; i++) {
        enum mr_code rc = spec_check(&specs[i], err);
        if (rc)
            return rc;
    }
    return n ? bus->ops->ensure(bus, specs, n, err) : MR_OK;
}

int32_t mr_bus_partitions(struct mr_bus *bus, const char *topic, struct mr_error *err)
{
    if (topic_check(topic, err))
        return -1;
    return bus->ops->partitions(bus, topic, err);
}

enum mr_code mr_bus_send(struct mr_bus *bus, const char *topic, int32_t partition, const char *key,
                         size_t key_len, const char *value, size_t value_len, void *tag,
                         struct mr_error *err)
{
    enum mr_code rc;

    if (!topic || !*topic)
        return topic_check(topic, err);
    rc = partition_check(partition, -1, err);
    if (rc)
        return rc;
    if (key_len > MR_BUS_KEY_MAX)
        return mr_fail(err, MR_TOO_LARGE, "key: must be at most %d bytes, is %zu", MR_BUS_KEY_MAX,
                       key_len);
    if (value_len > MR_BUS_MESSAGE_MAX)
        return mr_fail(err, MR_TOO_LARGE, "message to %s: must be at most %d bytes, is %zu", topic,
                       MR_BUS_MESSAGE_MAX, value_len);
    if ((key_len && !key) || (value_len && !value))
        return mr_fail(err, MR_INVALID, "message to %s: a length without bytes", topic);
    return bus->ops->send(bus, topic, partition, key, key_len, value, value_len, tag, err);
}

int mr_bus_poll(struct mr_bus *bus)
{
    return bus->ops->poll(bus);
}

int mr_bus_fd(struct mr_bus *bus)
{
    return bus->ops->fd(bus);
}

enum mr_code mr_bus_flush(struct mr_bus *bus, int64_t timeout_ms, struct mr_error *err)
{
    if (timeout_ms < 0 || timeout_ms > FLUSH_MS_MAX)
        return mr_fail(err, MR_INVALID, "timeout_ms: must be 0..%d, is %" PRId64, FLUSH_MS_MAX,
                       timeout_ms);
    return bus->ops->flush(bus, timeout_ms, err);
}

void mr_bus_free(struct mr_bus *bus)
{
    if (bus)
        bus->ops->free(bus);
}

struct mr_log *mr_log_open(struct mr_bus *bus, const char *topic, struct mr_error *err)
{
    if (topic_check(topic, err))
        return NULL;
    return bus->ops->log_open(bus, topic, err);
}

enum mr_code mr_log_start(struct mr_log *log, int32_t partition, int64_t from, struct mr_error *err)
{
    enum mr_code rc = partition_check(partition, 0, err);

    if (rc)
        return rc;
    if (from < MR_LOG_FIRST)
        return mr_fail(err, MR_INVALID, "offset: must be >= 0, first or end, is %" PRId64, from);
    return log->bus->ops->log_start(log, partition, from, err);
}

void mr_log_stop(struct mr_log *log, int32_t partition)
{
    if (!partition_check(partition, 0, NULL))
        log->bus->ops->log_stop(log, partition);
}

enum mr_code mr_log_bounds(struct mr_log *log, int32_t partition, int64_t *first, int64_t *end,
                           struct mr_error *err)
{
    enum mr_code rc = partition_check(partition, 0, err);

    if (rc)
        return rc;
    return log->bus->ops->log_bounds(log, partition, first, end, err);
}

enum mr_code mr_log_id(struct mr_log *log, struct mr_buf *ret, struct mr_error *err)
{
    return log->bus->ops->log_id(log, ret, err);
}

int mr_log_poll(struct mr_log *log, struct mr_msg *msgs, int max, struct mr_error *err)
{
    return log->bus->ops->log_poll(log, msgs, max < 0 ? 0 : max, err);
}

enum mr_code mr_log_trim(struct mr_log *log, int32_t partition, int64_t before,
                         struct mr_error *err)
{
    enum mr_code rc = partition_check(partition, 0, err);

    if (rc)
        return rc;
    return log->bus->ops->log_trim(log, partition, before, err);
}

int mr_log_fd(struct mr_log *log)
{
    return log->bus->ops->log_fd(log);
}

void mr_log_free(struct mr_log *log)
{
    if (log)
        log->bus->ops->log_free(log);
}

struct mr_queue *mr_queue_open(struct mr_bus *bus, const char *topic, const char *group, int window,
                               struct mr_error *err)
{
    if (topic_check(topic, err))
        return NULL;
    if (!name_valid(group, GROUP_NAME_MAX)) {
        mr_fail(err, MR_INVALID, "group: must be 1..%d of [A-Za-z0-9._-], is \"%s\"",
                GROUP_NAME_MAX, group ? group : "");
        return NULL;
    }
    if (window < 1 || window > MR_QUEUE_WINDOW_MAX) {
        mr_fail(err, MR_INVALID, "window of %s: must be 1..%d, is %d", topic, MR_QUEUE_WINDOW_MAX,
                window);
        return NULL;
    }
    return bus->ops->queue_open(bus, topic, group, window, err);
}

int mr_queue_take(struct mr_queue *queue, struct mr_msg *msgs, int max, struct mr_error *err)
{
    return queue->bus->ops->queue_take(queue, msgs, max < 0 ? 0 : max, err);
}

void mr_queue_release(struct mr_queue *queue, int32_t partition, int64_t offset)
{
    if (!partition_check(partition, 0, NULL))
        queue->bus->ops->queue_release(queue, partition, offset);
}

enum mr_code mr_queue_flush(struct mr_queue *queue, struct mr_error *err)
{
    return queue->bus->ops->queue_flush(queue, err);
}

int mr_queue_fd(struct mr_queue *queue)
{
    return queue->bus->ops->queue_fd(queue);
}

void mr_queue_free(struct mr_queue *queue)
{
    if (queue)
        queue->bus->ops->queue_free(queue);
}
