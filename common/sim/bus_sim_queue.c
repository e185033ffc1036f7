/* bus_sim_queue.c -- a queue of the simulated bus: one member of a group. As with Kafka a message
 * whose partition went to another member is taken there again, while its first taker still has it.
 */
#include "common/sim/bus_sim.h"

#include <stdlib.h>
#include <string.h>

static struct sim_queue *sim(struct mr_queue *queue)
{
    return (struct sim_queue *)queue;
}

static struct sim_bus *bus_of(struct sim_queue *queue)
{
    return (struct sim_bus *)queue->queue.bus;
}

struct mr_queue *sim_queue_open(struct mr_bus *base, const char *topic_name, const char *group_name,
                                int window, struct mr_error *err)
{
    struct sim_bus *bus = (struct sim_bus *)base;
    struct sim_topic *topic;
    struct sim_group *group;
    struct sim_queue *queue;

    if (sim_call(bus, "queue_open", err) || sim_answer(bus, "queue_open", err))
        return NULL;
    topic = sim_topic_find(bus->broker, topic_name);
    if (!topic) {
        sim_no_topic(topic_name, err);
        return NULL;
    }
    queue = calloc(1, sizeof(*queue));
    if (!queue) {
        mr_fail(err, MR_NO_MEMORY, "sim: no memory for a queue of %s", topic_name);
        return NULL;
    }
    group = sim_group_of(bus->broker, topic, group_name, err);
    if (!group) {
        free(queue);
        return NULL;
    }
    queue->queue.bus = base;
    queue->window = window;
    sim_group_join(group, queue);
    return &queue->queue;
}

/* ---- what is taken ----------------------------------------------------------------------------
 */

static struct sim_taken *taken_find(struct sim_queue *queue, int32_t partition, int64_t offset)
{
    for (size_t i = 0; i < queue->taken_count; i++)
        if (queue->taken[i].partition == partition && queue->taken[i].offset == offset)
            return &queue->taken[i];
    return NULL;
}

static void taken_drop(struct sim_queue *queue, struct sim_taken *taken)
{
    size_t after = (size_t)(queue->taken + queue->taken_count - (taken + 1));

    memmove(taken, taken + 1, after * sizeof(*taken));
    queue->taken_count--;
}

static enum mr_code taken_reserve(struct sim_queue *queue, struct mr_error *err)
{
    size_t cap = queue->taken_cap ? queue->taken_cap * 2 : 16;
    struct sim_taken *taken;

    if (queue->taken_count < queue->taken_cap)
        return MR_OK;
    taken = realloc(queue->taken, cap * sizeof(*taken));
    if (!taken)
        return mr_fail(err, MR_NO_MEMORY, "sim: no memory for %zu taken messages", cap);
    queue->taken = taken;
    queue->taken_cap = cap;
    return MR_OK;
}

void sim_queue_commit(struct sim_queue *queue)
{
    const struct sim_group *group = queue->group;

    for (int32_t i = 0; group && i < group->topic->spec.partitions; i++) {
        struct sim_share *share = &group->shares[i];
        struct sim_taken *taken;
        if (share->owner != queue)
            continue;
        while ((taken = taken_find(queue, i, share->committed)) && taken->released) {
            taken_drop(queue, taken);
            share->committed++;
        }
        for (size_t j = queue->taken_count; j-- > 0;) { /* left by a truncation */
            taken = &queue->taken[j];
            if (taken->partition == i && taken->released && taken->offset < share->committed)
                taken_drop(queue, taken);
        }
    }
}

void sim_queue_revoke(struct sim_queue *queue, int32_t partition)
{
    sim_queue_commit(queue);
    for (size_t i = queue->taken_count; i-- > 0;) {
        struct sim_taken *taken = &queue->taken[i];
        if (taken->partition != partition)
            continue;
        taken->current = false;
        if (taken->released)
            taken_drop(queue, taken);
    }
}

/* ---- the operations ---------------------------------------------------------------------------
 */

static bool has_news(const struct sim_queue *queue)
{
    const struct sim_group *group = queue->group;

    for (int32_t i = 0; i < group->topic->spec.partitions; i++)
        if (group->shares[i].owner == queue && group->shares[i].fetch < group->topic->parts[i].end)
            return true;
    return false;
}

/* Takes the next message of a partition; *ret_new: it is not one that was held already. */
static enum mr_code take_one(struct sim_queue *queue, int32_t partition, struct mr_msg *msg,
                             bool *ret_new, struct mr_error *err)
{
    struct sim_share *share = &queue->group->shares[partition];
    struct sim_taken *held = taken_find(queue, partition, share->fetch);
    enum mr_code rc = MR_OK;

    *ret_new = !held;
    if (held) {
        held->current = true;
    } else {
        rc = taken_reserve(queue, err);
        if (rc)
            return rc;
        queue->taken[queue->taken_count++] =
            (struct sim_taken){.partition = partition, .offset = share->fetch, .current = true};
        queue->held++;
        sim_msg_fill(msg, queue->group->topic, partition, share->fetch);
    }
    share->fetch++;
    return MR_OK;
}

int sim_queue_take(struct mr_queue *base, struct mr_msg *msgs, int max, struct mr_error *err)
{
    struct sim_queue *queue = sim(base);
    uint32_t count, begin;
    int n = 0;

    if (!queue->group)
        return sim_call(bus_of(queue), "queue_take", err) ? -1 : 0; /* killed */
    sim_queue_commit(queue);
    if (max < 1 || queue->held >= queue->window || !has_news(queue))
        return 0;
    if (sim_call(bus_of(queue), "queue_take", err) || sim_answer(bus_of(queue), "queue_take", err))
        return -1;
    count = (uint32_t)queue->group->topic->spec.partitions;
    begin = (uint32_t)mr_sim_random(bus_of(queue)->broker->world) % count;
    for (uint32_t i = 0; i < count; i++) {
        int32_t partition = (int32_t)((begin + i) % count);
        struct sim_share *share = &queue->group->shares[partition];
        const struct sim_part *part = &queue->group->topic->parts[partition];
        bool is_new;
        if (share->owner != queue)
            continue;
        if (share->committed < part->first) /* retention was faster: go on at what is left */
            share->committed = part->first;
        if (share->fetch < part->first)
            share->fetch = part->first;
        while (n < max && queue->held < queue->window && share->fetch < part->end) {
            if (take_one(queue, partition, &msgs[n], &is_new, err))
                return n > 0 ? n : -1;
            n += is_new;
        }
    }
    return n;
}

void sim_queue_release(struct mr_queue *base, int32_t partition, int64_t offset)
{
    struct sim_queue *queue = sim(base);
    struct sim_taken *taken = taken_find(queue, partition, offset);

    if (!taken || taken->released)
        return;
    queue->held--;
    if (taken->current)
        taken->released = true;
    else
        taken_drop(queue, taken);
}

enum mr_code sim_queue_flush(struct mr_queue *base, struct mr_error *err)
{
    struct sim_queue *queue = sim(base);
    enum mr_code rc = sim_call(bus_of(queue), "queue_flush", err);

    if (rc)
        return rc;
    sim_queue_commit(queue);
    return sim_answer(bus_of(queue), "queue_flush", err);
}

int sim_queue_fd(struct mr_queue *queue)
{
    return bus_of(sim(queue))->fd;
}

void sim_queue_free(struct mr_queue *base)
{
    struct sim_queue *queue = sim(base);

    if (queue->group)
        sim_group_leave(queue->group, queue, true);
    free(queue->taken);
    free(queue);
}
