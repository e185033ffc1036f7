/* pool_lane.h -- which request a child of the pool may have next.  No lock, no thread, no clock of
 * its own: pool.c has those.
 *
 * What an expression costs is known only once it was tried.  So requests have ranks: those whose
 * expressions were quick before (whatever job they are of), then those of which nothing is known,
 * then suspects: their expressions passed a limit within the last minute, or nothing is known of
 * them and others of their group (a tenant's workflow) did.  Suspects never have all children at a
 * time; nor have unknown ones, while anything has passed a limit within the last second.  So what
 * is proven waits for no stranger, and what is new waits for no suspect, however many different
 * texts those have.  Within a rank groups have turns; and now and then (every 8th and 64th time)
 * a lower rank goes first, so that nobody waits for ever. */
#ifndef EV_POOL_LANE_H
#define EV_POOL_LANE_H

#include "orchestrator/evaluator/pool_known.h"
#include "orchestrator/evaluator/pool_turns.h"

#include <stdbool.h>
#include <stddef.h>

enum ev_rank { EV_PROVEN, EV_FRESH, EV_SUSPECT, EV_RANKS };

struct ev_lane_request {
    struct ev_waiter waiter; /* first member; its group is the request's */
    uint64_t job, expressions;
    bool is_doubtful; /* while it runs: it is not proven */
    bool is_suspect;  /* and it is a suspect */
};

struct ev_knowledge {         /* zero: none */
    struct ev_known slow;     /* jobs, expressions and groups that passed a limit */
    struct ev_known proven;   /* expressions that were quick */
    int64_t careful_until_us; /* something passed a limit just now */
};

struct ev_lane { /* zero, but for doubtful_max */
    struct ev_turns waiting[EV_RANKS];
    size_t doubtful_running, doubtful_max;
    unsigned turn;
};

void ev_lane_add(struct ev_lane *, struct ev_lane_request *, const struct ev_knowledge *,
                 int64_t now_us);
/* NULL: nobody waits, or nobody may run now. */
struct ev_lane_request *ev_lane_next(struct ev_lane *, const struct ev_knowledge *, int64_t now_us);
/* Of the time_ms that a request of the lane may take, what this one, that next() gave, has: a
 * suspect a fifth, so that those which follow each other keep what is new waiting for little. */
int64_t ev_lane_time_ms(const struct ev_lane_request *, int64_t time_ms);
void ev_lane_ended(struct ev_lane *, struct ev_lane_request *); /* what next() gave has run */
struct ev_lane_request *ev_lane_drain(struct ev_lane *);        /* any that waits; NULL: none */

/* It has passed a limit; only its share of the time, as ev_lane_time_ms() made it; it was quick. */
void ev_knowledge_slow(struct ev_knowledge *, const struct ev_lane_request *, int64_t now_us);
void ev_knowledge_doubt(struct ev_knowledge *, int64_t now_us);
void ev_knowledge_quick(struct ev_knowledge *, const struct ev_lane_request *, int64_t now_us);

#endif
