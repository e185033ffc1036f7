/* bus_sim_log.c -- a log of the simulated bus. A poll is a counted call only where it has something
 * to tell, so that idle loops do not move the moment of a fault. */
#include "common/sim/bus_sim.h"

#include <inttypes.h>
#include <stdlib.h>

struct reader {
    bool started;
    int64_t next;
};

struct sim_log {
    struct mr_log log;
    struct sim_topic *topic;
    struct reader *readers; /* of each partition; owned */
};

static struct sim_log *sim(struct mr_log *log)
{
    return (struct sim_log *)log;
}

static struct sim_bus *bus_of(struct mr_log *log)
{
    return (struct sim_bus *)log->bus;
}

struct mr_log *sim_log_open(struct mr_bus *base, const char *name, struct mr_error *err)
{
    struct sim_bus *bus = (struct sim_bus *)base;
    struct sim_topic *topic = sim_topic_find(bus->broker, name);
    struct sim_log *log;

    if (!topic) {
        sim_no_topic(name, err);
        return NULL;
    }
    log = calloc(1, sizeof(*log));
    if (log)
        log->readers = calloc((size_t)topic->spec.partitions, sizeof(*log->readers));
    if (!log || !log->readers) {
        free(log);
        mr_fail(err, MR_NO_MEMORY, "sim: no memory for a log of %s", name);
        return NULL;
    }
    log->log.bus = base;
    log->topic = topic;
    return &log->log;
}

enum mr_code sim_log_start(struct mr_log *base, int32_t partition, int64_t from,
                           struct mr_error *err)
{
    struct sim_log *log = sim(base);
    const struct sim_part *part;
    enum mr_code rc;

    if (partition >= log->topic->spec.partitions)
        return sim_no_partition(log->topic, partition, err);
    part = &log->topic->parts[partition];
    if (from == MR_LOG_END) { /* asks the broker */
        rc = sim_call(bus_of(base), "log_start", err);
        if (!rc)
            rc = sim_answer(bus_of(base), "log_start", err);
        if (rc)
            return rc;
        from = part->end;
    } else if (from == MR_LOG_FIRST) {
        from = part->first;
    }
    log->readers[partition] = (struct reader){.started = true, .next = from};
    return MR_OK;
}

void sim_log_stop(struct mr_log *base, int32_t partition)
{
    if (partition < sim(base)->topic->spec.partitions)
        sim(base)->readers[partition].started = false;
}

enum mr_code sim_log_bounds(struct mr_log *base, int32_t partition, int64_t *first, int64_t *end,
                            struct mr_error *err)
{
    struct sim_log *log = sim(base);
    enum mr_code rc = sim_call(bus_of(base), "log_bounds", err);

    if (!rc)
        rc = sim_answer(bus_of(base), "log_bounds", err);
    if (rc)
        return rc;
    if (partition >= log->topic->spec.partitions)
        return sim_no_partition(log->topic, partition, err);
    *first = log->topic->parts[partition].first;
    *end = log->topic->parts[partition].end;
    return MR_OK;
}

enum mr_code sim_log_id(struct mr_log *base, struct mr_buf *ret, struct mr_error *err)
{
    enum mr_code rc = sim_call(bus_of(base), "log_id", err);

    if (!rc)
        rc = sim_answer(bus_of(base), "log_id", err);
    if (!rc && mr_buf_addf(ret, "sim-%" PRIu64, sim(base)->topic->number))
        rc = mr_fail(err, MR_NO_MEMORY, "sim: no memory for the id of a topic");
    return rc;
}

static bool has_news(const struct sim_log *log)
{
    for (int32_t i = 0; i < log->topic->spec.partitions; i++)
        if (log->readers[i].started && log->readers[i].next != log->topic->parts[i].end)
            return true;
    return false;
}

int sim_log_poll(struct mr_log *base, struct mr_msg *msgs, int max, struct mr_error *err)
{
    struct sim_log *log = sim(base);
    uint32_t count = (uint32_t)log->topic->spec.partitions, begin;
    int n = 0;

    if (max < 1 || !has_news(log))
        return 0;
    if (sim_call(bus_of(base), "log_poll", err) || sim_answer(bus_of(base), "log_poll", err))
        return -1;
    begin = (uint32_t)mr_sim_random(bus_of(base)->broker->world) % count;
    for (uint32_t i = 0; i < count && n < max; i++) {
        int32_t partition = (int32_t)((begin + i) % count);
        struct reader *reader = &log->readers[partition];
        const struct sim_part *part = &log->topic->parts[partition];
        if (!reader->started)
            continue;
        if (reader->next >= part->first && reader->next <= part->end) {
            while (n < max && reader->next < part->end)
                sim_msg_fill(&msgs[n++], log->topic, partition, reader->next++);
            continue;
        }
        if (n > 0) /* the next poll tells of it */
            break;
        reader->started = false;
        mr_fail(err, MR_TRUNCATED,
                "topic %s partition %" PRId32 ": offset %" PRId64 " is not there, there is %" PRId64
                " to %" PRId64,
                log->topic->spec.name, partition, reader->next, part->first, part->end);
        return -1;
    }
    return n;
}

enum mr_code sim_log_trim(struct mr_log *log, int32_t partition, int64_t before,
                          struct mr_error *err)
{
    (void)log; /* kept for ever, as Kafka's */
    (void)partition;
    (void)before;
    (void)err;
    return MR_OK;
}

int sim_log_fd(struct mr_log *log)
{
    return bus_of(log)->fd;
}

void sim_log_free(struct mr_log *base)
{
    free(sim(base)->readers);
    free(sim(base));
}
