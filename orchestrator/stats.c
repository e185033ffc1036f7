/* stats.c -- counters in memory, given to Redis with every renewal of the leases. */
#include "orchestrator/stats.h"

#include "common/base/log.h"
#include "orchestrator/orchestrator.h"

#include <string.h>

enum { MINUTE_MS = 60 * 1000 };

static const char *const words[OC_STAT_COUNT] = {
#define OC_STAT_WORD(name, word) [name] = word,
    OC_STATS(OC_STAT_WORD)
#undef OC_STAT_WORD
};

void oc_stats_job(struct oc_stats *stats, bool known, enum asl_status from, enum asl_status to)
{
    static const enum oc_stat closed[] = {[ASL_SUCCEEDED] = OC_STAT_SUCCEEDED,
                                          [ASL_FAILED] = OC_STAT_FAILED,
                                          [ASL_TIMED_OUT] = OC_STAT_TIMED_OUT,
                                          [ASL_ABORTED] = OC_STAT_ABORTED};

    if (!known)
        stats->n[OC_STAT_SUBMITTED]++;
    if (known && from == to)
        return;
    if (to != ASL_RUNNING)
        stats->n[closed[to]]++;
    else if (known)
        stats->n[OC_STAT_REDRIVEN]++;
}

void oc_stats_flush(struct oc *oc)
{
    const char *names[OC_STAT_COUNT];
    int64_t amounts[OC_STAT_COUNT];
    struct mr_error err;
    size_t n = 0;

    for (size_t i = 0; i < OC_STAT_COUNT; i++) {
        if (oc->stats.n[i] == 0)
            continue;
        names[n] = words[i];
        amounts[n++] = oc->stats.n[i];
    }
    if (n == 0)
        return;
    if (mr_store_count(oc->store, oc->clock->wall_ms(oc->clock) / MINUTE_MS, names, amounts, n,
                       &err))
        mr_log_error(MR_WARN, "stats", &err, " id=%s", oc->id);
    else
        oc->stats = (struct oc_stats){0};
}
