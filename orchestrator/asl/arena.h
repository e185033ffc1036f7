/* arena.h -- memory of one machine: taken piece by piece while parsing, given back at once. */
#ifndef ASL_ARENA_H
#define ASL_ARENA_H

#include <stddef.h>

struct asl_arena_block;
struct asl_arena { /* zeroed: empty */
    struct asl_arena_block *blocks;
    size_t bytes; /* taken from the system */
};

void *asl_arena_take(struct asl_arena *, size_t size); /* zeroed, aligned; NULL: out of memory */
char *asl_arena_copy(struct asl_arena *, const char *text, size_t len); /* NUL-terminated */
void asl_arena_release(struct asl_arena *);

#endif
