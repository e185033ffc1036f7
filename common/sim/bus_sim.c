/* bus_sim.c -- the client side of the simulated bus: topics made, sends and their outcomes. */
#include "common/sim/bus_sim.h"

#include "common/base/id.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SEND_QUEUE_MAX = 10000 };

static struct sim_bus *sim(struct mr_bus *bus)
{
    return (struct sim_bus *)bus;
}

/* ---- faults -----------------------------------------------------------------------------------
 */

enum mr_code sim_call(struct sim_bus *bus, const char *what, struct mr_error *err)
{
    if (bus->dead)
        return mr_fail(err, MR_UNAVAILABLE, "sim: %s: this client was killed", what);
    mr_sim_call(bus->broker->world);
    if (mr_sim_fails(bus->broker->world, MR_SIM_BEFORE))
        return mr_fail(err, MR_UNAVAILABLE, "sim: %s: fails before call %" PRIu64, what,
                       bus->broker->world->calls);
    return MR_OK;
}

enum mr_code sim_answer(struct sim_bus *bus, const char *what, struct mr_error *err)
{
    if (mr_sim_fails(bus->broker->world, MR_SIM_AFTER))
        return mr_fail(err, MR_UNAVAILABLE, "sim: %s: the answer of call %" PRIu64 " is lost", what,
                       bus->broker->world->calls);
    return MR_OK;
}

enum mr_code sim_no_topic(const char *name, struct mr_error *err)
{
    return mr_fail(err, MR_NOT_FOUND, "sim: %s: no such topic", name);
}

enum mr_code sim_no_partition(const struct sim_topic *topic, int32_t partition,
                              struct mr_error *err)
{
    return mr_fail(err, MR_NOT_FOUND, "sim: topic %s: no partition %" PRId32 " of %" PRId32,
                   topic->spec.name, partition, topic->spec.partitions);
}

/* ---- topics -----------------------------------------------------------------------------------
 */

static enum mr_code spec_check(const struct mr_topic_spec *is, const struct mr_topic_spec *spec,
                               struct mr_error *err)
{
    bool fixed = !spec->compacted && spec->retention_ms == -1;

    if (fixed ? is->partitions != spec->partitions : is->partitions < spec->partitions)
        return mr_fail(err, MR_INVALID,
                       "topic %s: has %" PRId32 " partitions, must have %s%" PRId32, spec->name,
                       is->partitions, fixed ? "" : "at least ", spec->partitions);
    if (is->compacted != spec->compacted)
        return mr_fail(err, MR_INVALID, "topic %s: cleanup.policy is %s, must be %s", spec->name,
                       is->compacted ? "compact" : "delete",
                       spec->compacted ? "compact" : "delete");
    if (!spec->compacted && is->retention_ms != spec->retention_ms)
        return mr_fail(err, MR_INVALID, "topic %s: retention.ms is %" PRId64 ", must be %" PRId64,
                       spec->name, is->retention_ms, spec->retention_ms);
    return MR_OK;
}

static enum mr_code bus_ensure(struct mr_bus *base, const struct mr_topic_spec *specs, size_t n,
                               struct mr_error *err)
{
    struct sim_bus *bus = sim(base);
    enum mr_code rc = sim_call(bus, "ensure", err);

    for (size_t i = 0; !rc && i < n; i++) {
        struct sim_topic *topic = sim_topic_find(bus->broker, specs[i].name);
        if (topic)
            rc = spec_check(&topic->spec, &specs[i], err);
        else if (!sim_topic_new(bus->broker, &specs[i], err))
            rc = MR_NO_MEMORY;
    }
    return rc ? rc : sim_answer(bus, "ensure", err);
}

static int32_t bus_partitions(struct mr_bus *base, const char *name, struct mr_error *err)
{
    struct sim_topic *topic;

    if (sim_call(sim(base), "partitions", err) || sim_answer(sim(base), "partitions", err))
        return -1;
    topic = sim_topic_find(sim(base)->broker, name);
    if (!topic) {
        sim_no_topic(name, err);
        return -1;
    }
    return topic->spec.partitions;
}

/* ---- sends ------------------------------------------------------------------------------------
 */

static struct sim_msg *msg_new(const char *key, size_t key_len, const char *value, size_t value_len)
{
    struct sim_msg *msg = malloc(sizeof(*msg) + key_len + value_len + 1); /* "" has an address */
    char *bytes = (char *)(msg + 1);

    if (!msg)
        return NULL;
    *msg = (struct sim_msg){.key = key ? bytes : NULL,
                            .key_len = key_len,
                            .value = value ? bytes + key_len : NULL,
                            .value_len = value_len};
    if (key && key_len)
        memcpy(bytes, key, key_len);
    if (value && value_len)
        memcpy(bytes + key_len, value, value_len);
    return msg;
}

static enum mr_code bus_send(struct mr_bus *base, const char *topic, int32_t partition,
                             const char *key, size_t key_len, const char *value, size_t value_len,
                             void *tag, struct mr_error *err)
{
    struct sim_bus *bus = sim(base);
    struct sim_send *send;

    if (bus->dead)
        return mr_fail(err, MR_UNAVAILABLE, "sim: send: this client was killed");
    if (bus->send_count >= SEND_QUEUE_MAX)
        return mr_fail(err, MR_BUSY, "sim: %d sends are under way already", SEND_QUEUE_MAX);
    send = calloc(1, sizeof(*send));
    if (send) {
        send->topic = strdup(topic);
        send->msg = msg_new(key, key_len, value, value_len);
    }
    if (!send || !send->topic || !send->msg) {
        if (send) {
            free(send->topic);
            free(send->msg);
        }
        free(send);
        return mr_fail(err, MR_NO_MEMORY, "sim: no memory for a message to %s", topic);
    }
    send->partition = partition;
    send->tag = tag;
    send->lost = sim_call(bus, "send", NULL) != MR_OK;
    send->unheard = sim_answer(bus, "send", NULL) != MR_OK;
    *bus->sends_end = send;
    bus->sends_end = &send->next;
    bus->send_count++;
    return MR_OK;
}

static int32_t partition_of(struct sim_bus *bus, const struct sim_topic *topic,
                            const struct sim_send *send)
{
    uint32_t n = (uint32_t)topic->spec.partitions;

    if (send->partition >= 0)
        return send->partition;
    if (!send->msg->key)
        return (int32_t)(bus->keyless++ % n);
    return (int32_t)mr_shard_of(send->msg->key, send->msg->key_len, n);
}

/* One send reaches the broker. */
static enum mr_code deliver(struct sim_bus *bus, struct sim_send *send, int64_t *ret_offset)
{
    struct sim_topic *topic = sim_topic_find(bus->broker, send->topic);
    enum mr_code rc;

    if (send->lost)
        return MR_UNAVAILABLE;
    if (!topic)
        return MR_NOT_FOUND;
    send->partition = partition_of(bus, topic, send);
    if (send->partition >= topic->spec.partitions)
        return MR_NOT_FOUND;
    rc =
        sim_part_append_take(&topic->parts[send->partition], send->msg, bus->broker->world->now_ms);
    if (rc)
        return rc;
    send->msg = NULL;
    *ret_offset = topic->parts[send->partition].end - 1;
    return send->unheard ? MR_UNAVAILABLE : MR_OK;
}

static int bus_poll(struct mr_bus *base)
{
    struct sim_bus *bus = sim(base);
    int n = bus->dead ? 0 : bus->send_count; /* what on_sent() sends is for the next poll */

    for (int i = 0; i < n && bus->sends; i++) {
        struct sim_send *send = bus->sends;
        int64_t offset = -1;
        enum mr_code code = deliver(bus, send, &offset);
        bus->sends = send->next;
        if (!bus->sends)
            bus->sends_end = &bus->sends;
        bus->send_count--;
        if (bus->bus.on_sent)
            bus->bus.on_sent(bus->bus.owner, send->tag, code, send->partition, code ? -1 : offset,
                             code ? -1 : bus->broker->world->now_ms);
        free(send->topic);
        free(send->msg);
        free(send);
    }
    return n;
}

static enum mr_code bus_flush(struct mr_bus *base, int64_t timeout_ms, struct mr_error *err)
{
    (void)timeout_ms;
    if (sim(base)->dead)
        return mr_fail(err, MR_UNAVAILABLE, "sim: flush: this client was killed");
    while (bus_poll(base) > 0)
        ;
    return MR_OK;
}

static int bus_fd(struct mr_bus *bus)
{
    return sim(bus)->fd;
}

static void bus_free(struct mr_bus *base)
{
    struct sim_bus *bus = sim(base);

    while (bus->sends) {
        struct sim_send *send = bus->sends;
        bus->sends = send->next;
        free(send->topic);
        free(send->msg);
        free(send);
    }
    if (bus->fd >= 0)
        close(bus->fd);
    free(bus);
}

const struct mr_bus_ops sim_bus_ops = {
    .ensure = bus_ensure,
    .partitions = bus_partitions,
    .send = bus_send,
    .poll = bus_poll,
    .fd = bus_fd,
    .flush = bus_flush,
    .free = bus_free,
    .log_open = sim_log_open,
    .log_start = sim_log_start,
    .log_stop = sim_log_stop,
    .log_bounds = sim_log_bounds,
    .log_id = sim_log_id,
    .log_poll = sim_log_poll,
    .log_trim = sim_log_trim,
    .log_fd = sim_log_fd,
    .log_free = sim_log_free,
    .queue_open = sim_queue_open,
    .queue_take = sim_queue_take,
    .queue_release = sim_queue_release,
    .queue_flush = sim_queue_flush,
    .queue_fd = sim_queue_fd,
    .queue_free = sim_queue_free,
};

struct mr_bus *mr_bus_sim_new(struct mr_sim_broker *broker, struct mr_error *err)
{
    struct sim_bus *bus = calloc(1, sizeof(*bus));

    if (!bus) {
        mr_fail(err, MR_NO_MEMORY, "sim: no memory for a client");
        return NULL;
    }
    bus->bus.ops = &sim_bus_ops;
    bus->broker = broker;
    bus->sends_end = &bus->sends;
    bus->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (bus->fd < 0) {
        mr_fail(err, MR_IO, "sim: eventfd: %s", strerror(errno));
        free(bus);
        return NULL;
    }
    return &bus->bus;
}
