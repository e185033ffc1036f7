/* pool.h -- evaluators for a program that never waits: a thread holds each child, requests wait in
 * two lanes.  The quick lane gives a request ORCH_EVALUATOR_FAST_MS; what takes longer begins anew
 * in the slow lane with ORCH_EVALUATOR_TIME_MS, and what comes of the same job within a minute goes
 * there at once.  Who is next in a lane: pool_lane.h.  So expressions that do not end wait for each
 * other and hold nobody else, be they the same or each another. */
#ifndef EV_POOL_H
#define EV_POOL_H

#include "orchestrator/evaluator/evaluator.h"
#include "orchestrator/evaluator/port.h"

struct ev_pool; /* its first member is a struct ev_port */

/* config is lent for the life of *ret, the caller's. Children start at once, in their threads. */
MR_MUST_USE enum mr_code ev_pool_new(const struct ev_config *config, struct ev_pool **ret,
                                     struct mr_error *err);
struct ev_port *ev_pool_port(struct ev_pool *);
/* Stops it, if stop() was not called, and forgets what was not taken.  Accepts NULL. */
void ev_pool_free(struct ev_pool *);

#endif
