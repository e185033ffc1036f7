/* arena.c -- blocks in a list; a piece that does not fit opens a new block. */
#include "orchestrator/asl/arena.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK = 8192, ARENA_ALIGN = 16 };

struct asl_arena_block {
    struct asl_arena_block *next;
    size_t used;
    size_t size;
    _Alignas(ARENA_ALIGN) unsigned char data[];
};

void *asl_arena_take(struct asl_arena *arena, size_t size)
{
    struct asl_arena_block *block = arena->blocks;
    void *piece;

    size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (!block || block->size - block->used < size) {
        size_t data = size > ARENA_BLOCK ? size : ARENA_BLOCK;
        block = calloc(1, sizeof(*block) + data);
        if (!block)
            return NULL;
        block->size = data;
        block->next = arena->blocks;
        arena->blocks = block;
        arena->bytes += sizeof(*block) + data;
    }
    piece = block->data + block->used;
    block->used += size;
    return piece;
}

char *asl_arena_copy(struct asl_arena *arena, const char *text, size_t len)
{
    char *copy = asl_arena_take(arena, len + 1);

    if (copy)
        memcpy(copy, text, len);
    return copy;
}

void asl_arena_release(struct asl_arena *arena)
{
    while (arena->blocks) {
        struct asl_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    arena->bytes = 0;
}
