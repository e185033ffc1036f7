/* slot.h -- private to slots.c and slot.c: what the slots of a worker share, and what one of them
 * does with a task.  A lane is a slot without decoder and storage: it fetches the sources by URL of
 * the tasks that slots gave up for it. */
#ifndef WK_SLOT_H
#define WK_SLOT_H

#include "worker/memory.h"
#include "worker/slots.h"

#include <pthread.h>
#include <stdatomic.h>

struct slot {
    struct wk_slots *slots;
    pthread_t thread;
    bool started;               /* there is a thread to be joined */
    struct wk_item *item;       /* guarded; what runs */
    struct wk_decoder *decoder; /* set by its thread, under the lock */
    struct mr_blob *blob;       /* owned */
    struct wk_fetcher *fetcher; /* owned; not NULL: it is a lane */
    bool rested;                /* since its last task */
    atomic_bool stop;           /* ends the call of storage, or of a server, that is under way */
    struct mr_buf output;
    char tenant[MR_TENANT_MAX + 1]; /* guarded; of its last picture */
};

struct wk_slots {
    struct wk_slots_setup setup;
    pthread_mutex_t lock;
    pthread_cond_t changed;       /* an item is there, a slot is ready, or the end has come */
    pthread_cond_t fetchable;     /* the same for lanes */
    struct wk_item *queue, *done; /* guarded */
    struct wk_item *to_fetch;     /* guarded: for a lane, oldest first */
    struct wk_item *waiting;      /* guarded: for memory, oldest first */
    struct wk_memory memory;      /* guarded */
    bool signalled;               /* guarded: the descriptor is readable */
    bool ending;                  /* guarded */
    int ready;                    /* guarded: slots whose decoder is warm, or failed to be */
    struct mr_error fault;        /* guarded: of the first that failed */
    char layers[128];
    int fd;
    struct slot *all; /* owned: slots, then lanes */
    int all_count;
};

/* Starts its decoder where there is none.  Called by the slot's own thread. */
MR_MUST_USE enum mr_code wk_slot_warm(struct slot *, struct mr_error *err);
/* Runs the slot's item and writes its answer.  false: it is in another list now, as it waits for
 * memory, for a lane, or for a slot again. */
bool wk_slot_work(struct slot *, struct wk_item *);
/* Takes the memory that the item was found to need, behind those that wait already.  The caller
 * holds the lock. */
bool wk_slot_hold(struct wk_slots *, struct wk_item *);

#endif
