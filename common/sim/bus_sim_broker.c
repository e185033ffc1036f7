/* bus_sim_broker.c -- the server side of the simulated bus: topics, messages, groups. */
#include "common/sim/bus_sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct mr_sim_broker *mr_sim_broker_new(struct mr_sim_world *world)
{
    struct mr_sim_broker *broker = calloc(1, sizeof(*broker));

    if (broker)
        broker->world = world;
    return broker;
}

/* ---- topics -----------------------------------------------------------------------------------
 */

struct sim_topic *sim_topic_find(struct mr_sim_broker *broker, const char *name)
{
    struct sim_topic *topic = broker->topics;

    while (topic && strcmp(topic->spec.name, name) != 0)
        topic = topic->next;
    return topic;
}

static void topic_free(struct sim_topic *topic)
{
    for (int32_t i = 0; topic->parts && i < topic->spec.partitions; i++) {
        for (int64_t offset = 0; offset < topic->parts[i].end; offset++)
            free(topic->parts[i].msgs[offset]);
        free(topic->parts[i].msgs);
    }
    free(topic->parts);
    free((void *)(uintptr_t)topic->spec.name); /* ours: const is the spec's */
    free(topic);
}

struct sim_topic *sim_topic_new(struct mr_sim_broker *broker, const struct mr_topic_spec *spec,
                                struct mr_error *err)
{
    struct sim_topic *topic = calloc(1, sizeof(*topic));

    if (topic) {
        topic->spec = *spec;
        topic->spec.name = strdup(spec->name);
        topic->parts = calloc((size_t)spec->partitions, sizeof(*topic->parts));
    }
    if (!topic || !topic->spec.name || !topic->parts) {
        if (topic)
            topic_free(topic);
        mr_fail(err, MR_NO_MEMORY, "sim: no memory for topic %s", spec->name);
        return NULL;
    }
    topic->number = ++broker->topics_made;
    topic->next = broker->topics;
    broker->topics = topic;
    return topic;
}

enum mr_code sim_part_append_take(struct sim_part *part, struct sim_msg *msg, int64_t now_ms)
{
    if (part->end == part->cap) {
        int64_t cap = part->cap ? part->cap * 2 : 16;
        struct sim_msg **msgs = realloc(part->msgs, (size_t)cap * sizeof(struct sim_msg *));
        if (!msgs)
            return MR_NO_MEMORY;
        part->msgs = msgs;
        part->cap = cap;
    }
    msg->time_ms = now_ms;
    part->msgs[part->end++] = msg;
    return MR_OK;
}

void sim_msg_fill(struct mr_msg *ret, const struct sim_topic *topic, int32_t partition,
                  int64_t offset)
{
    const struct sim_msg *msg = topic->parts[partition].msgs[offset];

    *ret = (struct mr_msg){
        .topic = topic->spec.name,
        .partition = partition,
        .offset = offset,
        .time_ms = msg->time_ms,
        .key = msg->key,
        .key_len = msg->key_len,
        .value = msg->value,
        .value_len = msg->value_len,
    };
}

void mr_sim_broker_truncate(struct mr_sim_broker *broker, const char *name, int32_t partition,
                            int64_t before)
{
    struct sim_topic *topic = sim_topic_find(broker, name);
    struct sim_part *part;

    if (!topic || partition < 0 || partition >= topic->spec.partitions)
        return;
    part = &topic->parts[partition];
    if (before > part->end)
        before = part->end;
    if (before > part->first)
        part->first = before;
}

/* ---- groups -----------------------------------------------------------------------------------
 */

struct sim_group *sim_group_of(struct mr_sim_broker *broker, struct sim_topic *topic,
                               const char *name, struct mr_error *err)
{
    struct sim_group *group = broker->groups;

    while (group && (group->topic != topic || strcmp(group->name, name) != 0))
        group = group->next;
    if (group)
        return group;
    group = calloc(1, sizeof(*group));
    if (group) {
        group->topic = topic;
        group->name = strdup(name);
        group->shares = calloc((size_t)topic->spec.partitions, sizeof(*group->shares));
    }
    if (!group || !group->name || !group->shares) {
        if (group) {
            free(group->name);
            free(group->shares);
        }
        free(group);
        mr_fail(err, MR_NO_MEMORY, "sim: no memory for group %s", name);
        return NULL;
    }
    group->next = broker->groups;
    broker->groups = group;
    return group;
}

/* Partition i to member i modulo their number. One that stays where it was notices nothing. */
static void group_rebalance(struct sim_group *group)
{
    struct sim_queue *member = group->members;

    for (int32_t i = 0; i < group->topic->spec.partitions; i++) {
        struct sim_share *share = &group->shares[i];
        if (share->owner != member) {
            if (share->owner)
                sim_queue_revoke(share->owner, i);
            share->owner = member;
            share->fetch = share->committed;
        }
        member = member && member->next ? member->next : group->members;
    }
}

void sim_group_join(struct sim_group *group, struct sim_queue *queue)
{
    struct sim_queue **end = &group->members;

    while (*end)
        end = &(*end)->next;
    *end = queue;
    queue->group = group;
    queue->next = NULL;
    group_rebalance(group);
}

void sim_group_leave(struct sim_group *group, struct sim_queue *queue, bool politely)
{
    struct sim_queue **link = &group->members;

    if (politely)
        sim_queue_commit(queue);
    while (*link != queue)
        link = &(*link)->next;
    *link = queue->next;
    queue->group = NULL;
    for (int32_t i = 0; i < group->topic->spec.partitions; i++)
        if (group->shares[i].owner == queue)
            group->shares[i].owner = NULL;
    group_rebalance(group);
}

void mr_sim_bus_kill(struct mr_bus *base)
{
    struct sim_bus *bus = (struct sim_bus *)base;

    bus->dead = true;
    for (struct sim_group *group = bus->broker->groups; group; group = group->next) {
        struct sim_queue *queue = group->members;
        while (queue) {
            struct sim_queue *next = queue->next;
            if (queue->queue.bus == base)
                sim_group_leave(group, queue, false);
            queue = next;
        }
    }
}

void mr_sim_broker_free(struct mr_sim_broker *broker)
{
    if (!broker)
        return;
    while (broker->groups) {
        struct sim_group *group = broker->groups;
        broker->groups = group->next;
        free(group->name);
        free(group->shares);
        free(group);
    }
    while (broker->topics) {
        struct sim_topic *topic = broker->topics;
        broker->topics = topic->next;
        topic_free(topic);
    }
    free(broker);
}
