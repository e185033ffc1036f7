/* imaging_pool.h -- memfds that a decoder shares with its supervisor, kept from task to task.  A
 * source's can be written by the supervisor alone, an output's by the child alone; no one can
 * change their size, so that a mapping of them never faults. */
#ifndef WK_IMAGING_POOL_H
#define WK_IMAGING_POOL_H

#include "worker/decoder/protocol.h"

#include <stdbool.h>

struct wk_slot {
    int fd; /* -1: none */
    unsigned char *map;
    size_t size;
    uint64_t made; /* which one it is: a child that was handed another needs this one */
};

struct wk_pool {
    struct wk_slot slots[DEC_SLOTS];
    uint64_t made; /* so far */
};

void wk_pool_init(struct wk_pool *pool);
void wk_pool_release(struct wk_pool *pool); /* can be used again, empty */
/* At least size bytes; what the slot held may be gone. */
MR_MUST_USE enum mr_code wk_pool_need(struct wk_pool *pool, size_t slot, size_t size,
                                      struct mr_error *err);
/* Give back what an unusually large task left behind. */
void wk_pool_trim_sources(struct wk_pool *pool);
void wk_pool_trim_outputs(struct wk_pool *pool);

#endif
