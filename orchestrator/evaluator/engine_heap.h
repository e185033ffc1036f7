/* engine_heap.h -- the interpreter's memory: every piece is counted against a limit, and small ones
 * that were given back are kept for the next that asks for their size, which is most of what an
 * evaluation does. */
#ifndef EV_ENGINE_HEAP_H
#define EV_ENGINE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

enum {
    EV_KEPT_SIZES = 32,  /* pieces of up to 16 times as many bytes, and 8 */
    EV_KEPT_EACH = 1000, /* pieces of one size; all that can be kept are 9 MB */
};

struct ev_heap { /* zero but for max: empty */
    size_t max;  /* bytes. A quarter beyond, the process ends (EV_EXIT_NO_MEMORY) */
    size_t used; /* bytes, with the C library's heads */
    struct ev_kept *kept[EV_KEPT_SIZES + 1];
    unsigned kept_count[EV_KEPT_SIZES + 1];
};

/* NULL only for a realloc to no bytes: where there is no memory the process ends. */
void *ev_heap_malloc(struct ev_heap *, size_t size);
void *ev_heap_realloc(struct ev_heap *, void *piece, size_t size);
void ev_heap_free(struct ev_heap *, void *piece); /* accepts NULL */
size_t ev_heap_size(const void *piece);
void ev_heap_release(struct ev_heap *); /* what is kept */

#endif
