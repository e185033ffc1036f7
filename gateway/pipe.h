/* pipe.h -- bounded bytes between the loop and one thread, either way.  The loop's side never
 * waits; the thread's side does.  When the loop found nothing to do (no room, no bytes) and the
 * thread changed that, eight bytes are written to wake_fd. */
#ifndef GW_PIPE_H
#define GW_PIPE_H

#include "common/base/error.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct gw_pipe {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *data; /* a ring of size bytes */
    size_t size, at, len;
    bool ended;      /* its writer has no more */
    bool aborted;    /* one side wants no more */
    bool loop_waits; /* for room, or for bytes */
    int wake_fd;
};

MR_MUST_USE enum mr_code gw_pipe_init(struct gw_pipe *, size_t size, int wake_fd,
                                      struct mr_error *err);
void gw_pipe_release(struct gw_pipe *); /* accepts a zeroed one */

/* The loop's side. */
size_t gw_pipe_room(struct gw_pipe *);                            /* 0: a wake will come */
void gw_pipe_put(struct gw_pipe *, const char *data, size_t len); /* len <= room */
size_t gw_pipe_get(struct gw_pipe *, char *data, size_t size,
                   bool *ret_ended); /* 0: a wake will come */

/* The thread's side. */
bool gw_pipe_put_wait(struct gw_pipe *, const char *data, size_t len); /* false: aborted */
int64_t gw_pipe_get_wait(struct gw_pipe *, char *data, size_t size);   /* 0: ended; -1: aborted */

/* Either side's. */
void gw_pipe_end(struct gw_pipe *);
void gw_pipe_abort(struct gw_pipe *);
void gw_pipe_wake(struct gw_pipe *); /* wakes the loop in any case */

#endif
