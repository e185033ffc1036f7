/* memory.h -- how the memory of a worker is shared out between its slots.
 *
 * A task says by its header what it needs.  One that needs little is light: every slot always has
 * so much, and a light task waits for nobody.  One that needs more is heavy: it takes its part out
 * of what is left, waits while that is not there, and never is in every slot at once.  So a heavy
 * picture neither stops light ones nor is held up by them.  Guarded by the lock of whoever owns it.
 */
#ifndef WK_MEMORY_H
#define WK_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct wk_memory {
    int64_t light_max;    /* bytes of a light task, which each slot has */
    int64_t pool;         /* for all heavy ones, and the most that one can have */
    int64_t used;         /* of pool */
    int heavy, heavy_max; /* tasks that have a part of it, and how many may */
};

/* total: bytes of the worker; 0: half of what the machine, or its container, has. */
void wk_memory_init(struct wk_memory *, int64_t total, int slots);
bool wk_memory_light(const struct wk_memory *, int64_t bytes);
bool wk_memory_possible(const struct wk_memory *, int64_t bytes); /* ever */
/* Takes bytes for a heavy task; false: not now. */
bool wk_memory_take(struct wk_memory *, int64_t bytes);
void wk_memory_give(struct wk_memory *, int64_t bytes);

#endif
