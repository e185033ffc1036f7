/* pool_known.c -- see pool_known.h. */
#include "orchestrator/evaluator/pool_known.h"

#include "common/base/id.h"

#include <string.h>

enum {
    EXPRESSIONS_BYTES = 4096, /* that are looked at: what differs behind them is not told apart */
    SEED = 1,                 /* a job's key and a group's are made with others */
};

void ev_known_add(struct ev_known *known, uint64_t key, int64_t until_us)
{
    known->items[key % EV_KNOWN_MAX].key = key;
    known->items[key % EV_KNOWN_MAX].until_us = until_us;
}

void ev_known_forget(struct ev_known *known, uint64_t key)
{
    if (known->items[key % EV_KNOWN_MAX].key == key)
        known->items[key % EV_KNOWN_MAX].until_us = 0;
}

bool ev_known_has(const struct ev_known *known, uint64_t key, int64_t now_us)
{
    return known->items[key % EV_KNOWN_MAX].key == key &&
           known->items[key % EV_KNOWN_MAX].until_us > now_us;
}

/* Where mark stands first in text; len: nowhere. */
static size_t find(const char *text, size_t len, const char *mark, size_t mark_len)
{
    for (size_t at = 0; at + mark_len <= len; at++)
        if (text[at] == mark[0] && memcmp(text + at, mark, mark_len) == 0)
            return at;
    return len;
}

static uint64_t hash_of(const char *text, size_t len)
{
    static const char items[] = ",\"items\":{\"first\":"; /* of a Map, behind its selector */
    const size_t looked_at = len < EXPRESSIONS_BYTES ? len : EXPRESSIONS_BYTES;

    return mr_hash64(SEED, text, find(text, looked_at, items, sizeof(items) - 1));
}

/* They are behind the data that they read, and before a Map's items (query_ask.c). Where items have
 * the first mark in them, nothing is recognized, and no more is lost. */
uint64_t ev_known_expressions(const char *request, size_t len)
{
    static const char mark[] = ",\"conditions\":[";
    const size_t mark_len = sizeof(mark) - 1;

    for (size_t at = len < mark_len ? 0 : len - mark_len; at > 0; at--)
        if (request[at] == ',' && memcmp(request + at, mark, mark_len) == 0)
            return hash_of(request + at, len - at);
    return hash_of(request, len);
}
