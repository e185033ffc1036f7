/* handover.c -- see handover.h. */
#include "orchestrator/evaluator/handover.h"

#include <assert.h>
#include <sched.h>
#include <string.h>

static_assert(sizeof(cpu_set_t) == sizeof(((struct ev_handover *)0)->usual),
              "a mask of processors");

static void keep(pid_t who, const unsigned long *mask)
{
    cpu_set_t set;

    memcpy(&set, mask, sizeof(set));
    (void)sched_setaffinity(who, sizeof(set), &set); /* gone, or not ours: as it may be */
}

void ev_handover_begin(struct ev_handover *handover, pid_t child, int *kept)
{
    cpu_set_t usual, here;
    int processor;

    handover->is_near = false;
    if (sched_getaffinity(0, sizeof(usual), &usual) < 0)
        return;
    if (CPU_COUNT(&usual) < 2) {
        if (*kept >= 0)
            (void)sched_setaffinity(child, sizeof(usual), &usual);
        *kept = -1;
        return;
    }
    processor = sched_getcpu();
    if (processor < 0 || processor >= CPU_SETSIZE || !CPU_ISSET(processor, &usual))
        return;
    CPU_ZERO(&here);
    CPU_SET(processor, &here);
    if (sched_setaffinity(0, sizeof(here), &here) < 0)
        return;
    memcpy(handover->usual, &usual, sizeof(usual));
    handover->child = child;
    handover->is_near = true;
    if (*kept != processor && sched_setaffinity(child, sizeof(here), &here) == 0)
        *kept = processor;
}

void ev_handover_give_up(struct ev_handover *handover, int *kept)
{
    if (handover->is_near && *kept >= 0)
        keep(handover->child, handover->usual);
    *kept = -1;
    ev_handover_end(handover);
}

void ev_handover_end(struct ev_handover *handover)
{
    if (handover->is_near)
        keep(0, handover->usual);
    handover->is_near = false;
}
