/* handover.h -- the two sides of an exchange on one processor, for as long as it is a short one.
 *
 * A caller asks and sleeps until it is answered, so the two never run at once.  The kernel wakes
 * each of them on a processor that is idle, and to wake one that sleeps costs a virtual machine
 * more than the work of a small exchange (docs/performance.md).  So the child is kept where the
 * caller is while it works, and the caller while it waits: at most EV_NEAR_US, after which both may
 * go where they could before.  A processor that something else keeps busy thus costs no exchange
 * more than that.  Where affinity cannot be read or set (a filter, more processors than the mask
 * has room for) nothing is done. */
#ifndef EV_HANDOVER_H
#define EV_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { EV_NEAR_US = 1000 };

struct ev_handover {         /* zero: none is under way */
    unsigned long usual[16]; /* processors that the caller may use, as it was before */
    pid_t child;
    bool is_near;
};

/* By the thread that asks, before it does.  kept: on which processor the child is kept since an
 * earlier exchange, -1: on none; it stays there until it is asked from elsewhere. */
void ev_handover_begin(struct ev_handover *, pid_t child, int *kept);
/* It took too long: the child may go elsewhere, and the caller. */
void ev_handover_give_up(struct ev_handover *, int *kept);
/* The caller may. */
void ev_handover_end(struct ev_handover *);

#endif
