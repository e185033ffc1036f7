/* port.h -- who answers evaluations without being waited for: pool.c with children, or in a flow
 * test a few lines. */
#ifndef EV_PORT_H
#define EV_PORT_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <stdint.h>

struct ev_answered {
    void *ticket;
    enum mr_code code;  /* MR_OK: text is the answer; else it was not evaluated: ask again */
    struct mr_buf text; /* the taker's */
};

struct ev_asker {
    uint64_t job;   /* tells the jobs apart */
    uint64_t group; /* and whose they are: a tenant's workflow */
};

struct ev_port { /* first member of every implementation; used by one thread */
    /* A request, lent until its ticket is taken.  MR_BUSY: as many as may be are under way. */
    enum mr_code (*post)(struct ev_port *, void *ticket, const char *request, size_t len,
                         const struct ev_asker *asker);
    /* The next answer; false: none is there now. */
    bool (*take)(struct ev_port *, struct ev_answered *ret);
    /* Everything posted is there to be taken from now on, evaluated or not; nothing may be posted.
     */
    void (*stop)(struct ev_port *);
    int (*fd)(struct ev_port *); /* readable while an answer is there; -1: none to wait for */
};

#endif
