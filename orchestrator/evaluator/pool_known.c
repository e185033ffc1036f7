/* pool_known.c -- see pool_known.h. */
#include "orchestrator/evaluator/pool_known.h"

#include "common/base/id.h"

#include <string.h>

enum {
    KNOWN_US = 60 * 1000000,
    EXPRESSIONS_BYTES = 4096, /* that are looked at: what differs behind them is not told apart */
    SEED = 1,                 /* a job's key is made with another */
};

void ev_known_add(struct ev_known *known, uint64_t key, int64_t now_us)
{
    known->items[key % EV_KNOWN_MAX].key = key;
    known->items[key % EV_KNOWN_MAX].until_us = now_us + KNOWN_US;
}

bool ev_known_has(const struct ev_known *known, uint64_t key, int64_t now_us)
{
    return known->items[key % EV_KNOWN_MAX].key == key &&
           known->items[key % EV_KNOWN_MAX].until_us > now_us;
}

/* They are behind the data that they read (query_ask.c). Where the items of a Map stand behind them
 * and have this text in them, nothing is recognized, and no more is lost. */
uint64_t ev_known_expressions(const char *request, size_t len)
{
    static const char mark[] = ",\"conditions\":[";
    const size_t mark_len = sizeof(mark) - 1;

    for (size_t at = len < mark_len ? 0 : len - mark_len; at > 0; at--)
        if (request[at] == ',' && memcmp(request + at, mark, mark_len) == 0)
            return mr_hash64(SEED, request + at,
                             len - at < EXPRESSIONS_BYTES ? len - at : EXPRESSIONS_BYTES);
    return mr_hash64(SEED, request, len < EXPRESSIONS_BYTES ? len : EXPRESSIONS_BYTES);
}
