/* slots.h -- where tasks are worked on: a thread per slot, which owns a decoder and a handle of
 * storage and runs one task at a time (docs/notes/002-slots-are-threads.md); and a thread per lane,
 * which fetches sources by URL, so that a slow server keeps no slot waiting.  Slots see items and
 * nothing of queues and logs; the loop thread alone calls these functions. */
#ifndef WK_SLOTS_H
#define WK_SLOTS_H

#include "common/ports/blob.h"
#include "common/ports/clock.h"
#include "worker/fetch.h"
#include "worker/imaging.h"
#include "worker/item.h"

struct wk_slots_setup { /* lent for the life of the slots */
    const struct wk_imaging_config *imaging;
    const struct wk_fetch_config *fetch; /* NULL: no sources by URL */
    struct wk_fetch_room *room;          /* of them, outlives every item; NULL: no bound */
    struct mr_blob *blob;                /* each slot makes its own of it by mr_blob_dup() */
    struct mr_clock *clock;
    const char *worker; /* name in results */
    const char *bucket; /* see objects.h */
    int count;
    int64_t task_timeout_ms;
    int64_t memory;   /* bytes for all pictures under way (worker/memory.h); 0: half of all */
    bool warm;        /* decoders are started now; else with the first picture */
    bool same_thread; /* simulation: wk_slots_done() runs the tasks itself; count is 1 */
};

struct wk_slots;
/* MR_UNAVAILABLE: a decoder does not start; err says why. */
MR_MUST_USE enum mr_code wk_slots_new(const struct wk_slots_setup *, struct wk_slots **ret,
                                      struct mr_error *err);
/* Behind all others.  The item is the slots' until it comes out of wk_slots_done(). */
void wk_slots_add(struct wk_slots *, struct wk_item *);
/* The item is no longer wanted.  true: it was still waiting and is the caller's again.  false: it
 * comes out of wk_slots_done(), marked as cancelled; if it runs, it is stopped. */
bool wk_slots_cancel(struct wk_slots *, struct wk_item *);
/* The same for all that wait, as the worker ends: they come out of wk_slots_done(), abandoned. */
void wk_slots_drain(struct wk_slots *);
/* Stops what runs beyond its deadline, which is answered with a time-out, and what was cancelled
 * but runs on.  To be called with every pass. */
void wk_slots_stop_late(struct wk_slots *);
/* One that is finished, the caller's again, with its answer written unless it was stopped; NULL:
 * none. */
struct wk_item *wk_slots_done(struct wk_slots *);
int wk_slots_fd(const struct wk_slots *); /* readable: something is finished */
int wk_slots_count(const struct wk_slots *);
int wk_slots_busy(struct wk_slots *);
/* Tasks of the class that wait for memory; they are in no slot and hold up nothing. */
int wk_slots_waiting(struct wk_slots *, const struct wk_class *);
/* Tasks of the class whose sources are fetched by URL, or wait for that; likewise. */
int wk_slots_fetching(struct wk_slots *, const struct wk_class *);
const char *wk_slots_layers(const struct wk_slots *); /* of the sandbox, at the start; "" unknown */
void wk_slots_free(struct wk_slots *);                /* stops what runs, joins; accepts NULL */

#endif
