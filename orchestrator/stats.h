/* stats.h -- what an orchestrator did, counted by the minute in mr:stat:<minute> for dashboards.
 * What a rebuild reads once more is not counted.  A hint: a crash loses the last seconds' counts.
 */
#ifndef OC_STATS_H
#define OC_STATS_H

#include "orchestrator/asl/run.h"

#include <stdint.h>

struct oc;

#define OC_STATS(X)                        /*                     what is counted */               \
    X(OC_STAT_EVENTS, "events")            /* of the log, applied */                               \
    X(OC_STAT_SUBMITTED, "jobs_submitted") /* jobs that became known */                            \
    X(OC_STAT_REDRIVEN, "jobs_redriven")                                                           \
    X(OC_STAT_SUCCEEDED, "jobs_succeeded")                                                         \
    X(OC_STAT_FAILED, "jobs_failed")                                                               \
    X(OC_STAT_TIMED_OUT, "jobs_timed_out")                                                         \
    X(OC_STAT_ABORTED, "jobs_aborted")

enum oc_stat {
#define OC_STAT_ENUM(name, word) name,
    OC_STATS(OC_STAT_ENUM)
#undef OC_STAT_ENUM
        OC_STAT_COUNT
};

struct oc_stats {
    int64_t n[OC_STAT_COUNT]; /* since the last flush */
};

/* A job went from one status to another; known: it had a row before. */
void oc_stats_job(struct oc_stats *, bool known, enum asl_status from, enum asl_status to);
/* Adds them to the counters of this minute.  Where Redis is away they stay for the next time. */
void oc_stats_flush(struct oc *);

#endif
