/* pool_turns.h -- a queue in which groups have turns: one of each group after the other, within a
 * group first come, first served.  So who asks much stands behind itself.  Owns nothing, allocates
 * nothing; putting in looks at the groups that wait. */
#ifndef EV_POOL_TURNS_H
#define EV_POOL_TURNS_H

#include <stdint.h>

struct ev_waiter { /* in one queue at a time */
    uint64_t group;
    struct ev_waiter *next; /* of its group */
    struct ev_waiter *last,
        *next_group; /* of its group's first: the group's last; the next first */
};

struct ev_turns { /* zero: nobody waits */
    struct ev_waiter *first, *last;
};

void ev_turns_add(struct ev_turns *, struct ev_waiter *);
struct ev_waiter *ev_turns_take(struct ev_turns *); /* NULL: nobody waits */

#endif
