/* bus_kafka_window.c -- a ring of slots. Releases come nearly in order, so that an offset is mostly
 * found where it would be without gaps; else by halving. */
#include "common/adapters/bus_kafka_window.h"

#include <assert.h>
#include <stdlib.h>

enum mr_code mr_window_init(struct mr_window *window, size_t span, struct mr_error *err)
{
    size_t cap = 1;
    struct mr_window_slot *slots;

    while (cap < span)
        cap *= 2;
    slots = malloc(cap * sizeof(*slots));
    if (!slots)
        return mr_fail(err, MR_NO_MEMORY, "kafka: no memory for a window of %zu messages", span);
    *window = (struct mr_window){.slots = slots, .cap = cap};
    return MR_OK;
}

void mr_window_release(struct mr_window *window)
{
    free(window->slots);
    *window = (struct mr_window){0};
}

struct mr_window_slot *mr_window_at(const struct mr_window *window, size_t i)
{
    return &window->slots[(window->head + i) & (window->cap - 1)];
}

void mr_window_push(struct mr_window *window, const struct mr_window_slot *slot)
{
    assert(window->count < window->cap);
    assert(!window->count || mr_window_at(window, window->count - 1)->offset < slot->offset);
    *mr_window_at(window, window->count++) = *slot;
}

struct mr_window_slot *mr_window_find(const struct mr_window *window, int64_t offset)
{
    size_t low = 0, high = window->count, middle;
    struct mr_window_slot *slot;

    if (!high || offset < mr_window_at(window, 0)->offset)
        return NULL;
    middle = (uint64_t)(offset - mr_window_at(window, 0)->offset) < high
                 ? (size_t)(offset - mr_window_at(window, 0)->offset)
                 : high / 2;
    for (; low < high; middle = low + (high - low) / 2) {
        slot = mr_window_at(window, middle);
        if (slot->offset == offset)
            return slot;
        if (slot->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool mr_window_pass(struct mr_window *window, struct mr_window_slot *ret)
{
    size_t before = window->count;

    while (window->count && !mr_window_at(window, 0)->held) {
        *ret = *mr_window_at(window, 0);
        window->head = (window->head + 1) & (window->cap - 1);
        window->count--;
    }
    return window->count != before;
}
