/* pool_turns.c -- see pool_turns.h. */
#include "orchestrator/evaluator/pool_turns.h"

#include <stddef.h>

static void add_group(struct ev_turns *turns, struct ev_waiter *first)
{
    first->next_group = NULL;
    if (turns->last)
        turns->last->next_group = first;
    else
        turns->first = first;
    turns->last = first;
}

void ev_turns_add(struct ev_turns *turns, struct ev_waiter *waiter)
{
    waiter->next = NULL;
    waiter->last = waiter;
    for (struct ev_waiter *first = turns->first; first; first = first->next_group) {
        if (first->group != waiter->group)
            continue;
        first->last->next = waiter;
        first->last = waiter;
        return;
    }
    add_group(turns, waiter);
}

struct ev_waiter *ev_turns_take(struct ev_turns *turns)
{
    struct ev_waiter *waiter = turns->first;

    if (!waiter)
        return NULL;
    turns->first = waiter->next_group;
    if (!turns->first)
        turns->last = NULL;
    if (waiter->next) {
        waiter->next->last = waiter->last;
        add_group(turns, waiter->next);
    }
    return waiter;
}
