/* fuzz.h -- what every libFuzzer target has: the entry point, and a promise that stops the run
 * where it is broken.  A target answers 0 to every input; a crash, a leak, a time-out, undefined
 * behaviour or a broken promise is a finding. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "common/base/buf.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FUZZ_PROMISE(holds, ...)                                                                   \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            (void)fprintf(stderr, "%s:%d: promise broken: %s: ", __FILE__, __LINE__, #holds);      \
            (void)fprintf(stderr, __VA_ARGS__);                                                    \
            (void)fputc('\n', stderr);                                                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The two texts are the same; both are shown where they are not. */
static inline void fuzz_same(const struct mr_buf *a, const struct mr_buf *b, const char *what)
{
    FUZZ_PROMISE(!a->failed && !b->failed, "memory ran out");
    FUZZ_PROMISE(a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0),
                 "%s\n  first:  %.*s\n  second: %.*s", what, (int)a->len, a->data ? a->data : "",
                 (int)b->len, b->data ? b->data : "");
}

/* The bytes as a text of exactly their length and a NUL: free() it. */
static inline char *fuzz_text(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);

    FUZZ_PROMISE(text, "memory ran out");
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    return text;
}

#endif
