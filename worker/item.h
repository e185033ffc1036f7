/* item.h -- one message taken from a task topic, from its take to its release (W1 to W7 of
 * docs/lifecycle.md).  The loop thread owns it, but for the time between wk_slots_add() and
 * wk_slots_done(). */
#ifndef WK_ITEM_H
#define WK_ITEM_H

#include "common/base/buf.h"
#include "common/model/message.h"
#include "common/ports/bus.h"
#include "worker/parcels.h"

struct wk_class;
struct wk_task_type;

enum wk_item_place {
    WK_ITEM_SLOTS,   /* waits for a slot, or is in one */
    WK_ITEM_UNSENT,  /* its answer waits to be sent */
    WK_ITEM_SENDING, /* its answer waits for the delivery report */
};

struct wk_item {
    struct wk_item *next, *prev;           /* of the list of its place */
    struct wk_item *live_next, *live_prev; /* of all */
    enum wk_item_place place;
    struct wk_class *class;
    struct mr_msg msg;   /* lent by the queue until it is released */
    struct mr_task task; /* until its answer is written */
    char job[MR_JOB_ID_MAX + 1], token[MR_TOKEN_MAX + 1]; /* of it; "" where it is no task */
    const struct wk_task_type *type;
    int64_t taken_ms;
    int64_t heart_ms, heart_next_ms; /* signs of life: how often, when next; 0: none is wanted */

    struct mr_buf answer; /* what is to be sent: a result event, or a dead letter */
    const char *topic;    /* where to; lent by the worker's topics */
    int32_t partition;    /* of that topic; -1: any */
    char error[64];       /* its name where the answer is one; else "" */
    bool shortened;       /* the answer was too large and is now a shorter one */

    bool cancelled; /* guarded by the slots' lock while it is there, as are these: */
    bool late;
    bool abandoned;     /* this worker ends: neither answered nor released */
    bool heavy;         /* it was found to need more memory than every slot has */
    bool waits;         /* for that memory, not in a slot */
    int passed;         /* how often a later one of its decoder's tenant went first */
    int64_t need_bytes; /* that it was found to need; 0: not known yet */
    int64_t held_bytes; /* of the worker's memory for heavy tasks */
    int64_t deadline_ms;
    struct wk_parcels parcels; /* of whoever it is in: a slot, or a lane */
};

struct wk_items {
    struct wk_item *live, *spare; /* owned */
    size_t live_count, spare_count;
};
/* NULL: no memory. Its answer buffer is empty, but may have kept its memory from before. */
struct wk_item *wk_item_new(struct wk_items *);
void wk_item_end(struct wk_items *, struct wk_item *);
void wk_items_release(struct wk_items *); /* the live ones too */

#endif
