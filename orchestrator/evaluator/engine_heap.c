/* engine_heap.c -- see engine_heap.h.  Over the C library's malloc, whose pieces have 16 n + 8
 * bytes of use: n is a piece's size here. */
#include "orchestrator/evaluator/engine_heap.h"

#include "orchestrator/evaluator/protocol.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A checked build is to see every piece that is used after it was given back, and its malloc has
 * pieces of other sizes. */
#if !defined(__has_feature)
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) ||                           \
    defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define KEEPS 0
#else
#define KEEPS 1
#endif

enum { HEAD_BYTES = 8, STEP_BYTES = 16, KEPT_BYTES_MAX = EV_KEPT_SIZES * STEP_BYTES + HEAD_BYTES };

struct ev_kept {
    struct ev_kept *next;
};

/* A quarter above the limit nothing waits for the next interrupt. */
static void check(const struct ev_heap *heap, size_t size)
{
    if (size > heap->max || heap->used + size > heap->max / 4 * 5)
        _exit(EV_EXIT_NO_MEMORY);
}

size_t ev_heap_size(const void *piece)
{
    return malloc_usable_size((void *)(uintptr_t)piece);
}

/* A kept piece that holds size bytes, or NULL. */
static void *take(struct ev_heap *heap, size_t size)
{
    const size_t n =
        size <= STEP_BYTES + HEAD_BYTES ? 1 : (size - HEAD_BYTES + STEP_BYTES - 1) / STEP_BYTES;
    struct ev_kept *kept = heap->kept[n];

    if (!kept)
        return NULL;
    heap->kept[n] = kept->next;
    heap->kept_count[n]--;
    heap->used += n * STEP_BYTES + 2 * HEAD_BYTES;
    return kept;
}

void *ev_heap_malloc(struct ev_heap *heap, size_t size)
{
    void *piece = size <= KEPT_BYTES_MAX ? take(heap, size) : NULL;

    if (piece)
        return piece;
    check(heap, size);
    piece = malloc(size);
    if (!piece)
        _exit(EV_EXIT_NO_MEMORY);
    heap->used += malloc_usable_size(piece) + HEAD_BYTES;
    return piece;
}

void ev_heap_free(struct ev_heap *heap, void *piece)
{
    size_t size, n;

    if (!piece)
        return;
    size = malloc_usable_size(piece);
    n = (size - HEAD_BYTES) / STEP_BYTES;
    heap->used -= size + HEAD_BYTES;
    if (KEEPS && size <= KEPT_BYTES_MAX && heap->kept_count[n] < EV_KEPT_EACH) {
        struct ev_kept *kept = piece;
        kept->next = heap->kept[n];
        heap->kept[n] = kept;
        heap->kept_count[n]++;
        return;
    }
    free(piece);
}

/* Small pieces grow by way of those that are kept, which costs less than the C library's search. */
static void *moved(struct ev_heap *heap, void *piece, size_t before, size_t size)
{
    void *grown;

    if (size <= before)
        return piece;
    grown = ev_heap_malloc(heap, size);
    memcpy(grown, piece, before);
    ev_heap_free(heap, piece);
    return grown;
}

void *ev_heap_realloc(struct ev_heap *heap, void *piece, size_t size)
{
    size_t before;
    void *grown;

    if (!piece)
        return size ? ev_heap_malloc(heap, size) : NULL;
    if (size == 0) {
        ev_heap_free(heap, piece);
        return NULL;
    }
    before = malloc_usable_size(piece);
    if (KEEPS && before <= KEPT_BYTES_MAX)
        return moved(heap, piece, before, size);
    check(heap, size > before ? size - before : 0);
    grown = realloc(piece, size);
    if (!grown)
        _exit(EV_EXIT_NO_MEMORY);
    heap->used += malloc_usable_size(grown) - before;
    return grown;
}

void ev_heap_release(struct ev_heap *heap)
{
    for (size_t n = 0; n <= EV_KEPT_SIZES; n++) {
        while (heap->kept[n]) {
            struct ev_kept *kept = heap->kept[n];
            heap->kept[n] = kept->next;
            free(kept);
        }
        heap->kept_count[n] = 0;
    }
}
