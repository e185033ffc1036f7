/* pool_known.h -- keys that are remembered for a while: jobs, groups of jobs, and expressions
 * whatever job they are of. A small table that forgets by being written over. */
#ifndef EV_POOL_KNOWN_H
#define EV_POOL_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EV_KNOWN_MAX = 1024 };

struct ev_known { /* zero: nothing is known */
    struct {
        uint64_t key;
        int64_t until_us;
    } items[EV_KNOWN_MAX];
};

void ev_known_add(struct ev_known *, uint64_t key, int64_t until_us);
void ev_known_forget(struct ev_known *, uint64_t key);
bool ev_known_has(const struct ev_known *, uint64_t key, int64_t now_us);
/* A key of a request's expressions, the same whatever they are evaluated on. */
uint64_t ev_known_expressions(const char *request, size_t len);

#endif
