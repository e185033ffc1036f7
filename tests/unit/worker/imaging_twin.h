/* imaging_twin.h -- a decoder that never sees pixels: what worker/imaging.h promises, by script.
 * An output's bytes are "<name> of <source> <salt>"; a source "heavy N" needs N bytes of memory. */
#ifndef IMAGING_TWIN_H
#define IMAGING_TWIN_H

#include "worker/imaging.h"

#include <stdatomic.h>

struct imaging_twin {
    const char *fault;         /* not NULL: every call fails with this name */
    const char *salt;          /* lets one run's bytes differ from another's */
    const char *start_fault;   /* not NULL: a decoder does not start, and says this */
    atomic_bool block;         /* a call waits until it is stopped or its time is up */
    atomic_bool block_heavy;   /* the same, of a source that needs much memory */
    atomic_bool stop_too_late; /* the next call finds a stop that was meant for another */
    atomic_int calls, stops, alive;
    char tenants[64]; /* the first letter of each call's, while there is one slot */
    unsigned wanted;  /* of the last inspect */
};
extern struct imaging_twin imaging_twin;
void imaging_twin_reset(void);

#endif
