/* bus_redis_shelf.c -- what a queue's handle holds.  Pure memory. */
#include "common/adapters/bus_redis_queue.h"

#include <stdlib.h>
#include <string.h>

static size_t bucket_of(const struct bus_shelf *shelf, int32_t partition, int64_t offset)
{
    uint64_t hash = (uint64_t)offset * 0x9e3779b97f4a7c15U + (uint64_t)partition * 0x85ebca6bU;

    return (size_t)(hash >> 32) & (shelf->bucket_count - 1);
}

enum mr_code bus_shelf_init(struct bus_shelf *shelf, size_t count_max, struct mr_error *err)
{
    *shelf = (struct bus_shelf){.bucket_count = 16};
    while (shelf->bucket_count < count_max)
        shelf->bucket_count *= 2;
    shelf->buckets = calloc(shelf->bucket_count, sizeof(struct bus_held *));
    return shelf->buckets
               ? MR_OK
               : mr_fail(err, MR_NO_MEMORY, "bus: no memory for a window of %zu", count_max);
}

void bus_shelf_release(struct bus_shelf *shelf)
{
    for (size_t i = 0; shelf->buckets && i < shelf->bucket_count; i++) {
        struct bus_held *next;

        for (struct bus_held *held = shelf->buckets[i]; held; held = next) {
            next = held->same;
            free(held);
        }
    }
    free(shelf->buckets);
    *shelf = (struct bus_shelf){0};
}

/* Where the pointer to it is, or would be. */
static struct bus_held **find(struct bus_shelf *shelf, int32_t partition, int64_t offset)
{
    struct bus_held **at = &shelf->buckets[bucket_of(shelf, partition, offset)];

    while (*at && ((*at)->msg.partition != partition || (*at)->msg.offset != offset))
        at = &(*at)->same;
    return at;
}

enum mr_code bus_shelf_put(struct bus_shelf *shelf, const struct mr_msg *msg, struct mr_error *err)
{
    struct bus_held **at = find(shelf, msg->partition, msg->offset), *held;

    if (*at)
        return MR_OK;
    held = malloc(sizeof *held + msg->key_len + msg->value_len + 2);
    if (!held)
        return mr_fail(err, MR_NO_MEMORY, "bus: no memory for a message of %zu bytes",
                       msg->value_len);
    *held = (struct bus_held){.msg = *msg};
    if (msg->key) {
        memcpy(held->bytes, msg->key, msg->key_len);
        held->msg.key = held->bytes;
    }
    held->bytes[msg->key_len] = '\0';
    if (msg->value) {
        memcpy(held->bytes + msg->key_len + 1, msg->value, msg->value_len);
        held->msg.value = held->bytes + msg->key_len + 1;
    }
    held->bytes[msg->key_len + 1 + msg->value_len] = '\0';
    *at = held;
    shelf->count++;
    if (shelf->last)
        shelf->last->later = held;
    else
        shelf->first = held;
    shelf->last = held;
    return MR_OK;
}

bool bus_shelf_give(struct bus_shelf *shelf, struct mr_msg *ret)
{
    struct bus_held *held = shelf->first;

    if (!held)
        return false;
    shelf->first = held->later;
    if (!shelf->first)
        shelf->last = NULL;
    held->given = true;
    *ret = held->msg;
    return true;
}

bool bus_shelf_remove(struct bus_shelf *shelf, int32_t partition, int64_t offset)
{
    struct bus_held **at = find(shelf, partition, offset), *held = *at;

    if (!held || !held->given)
        return false;
    *at = held->same;
    free(held);
    shelf->count--;
    return true;
}

int bus_place_compare(const void *a, const void *b)
{
    const struct bus_place *x = a, *y = b;

    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return 0;
}

void bus_shelf_places(const struct bus_shelf *shelf, struct bus_place *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < shelf->bucket_count; i++)
        for (const struct bus_held *held = shelf->buckets[i]; held; held = held->same)
            ret[n++] = (struct bus_place){held->msg.partition, held->msg.offset};
    qsort(ret, n, sizeof *ret, bus_place_compare);
}
