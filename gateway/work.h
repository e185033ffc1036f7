/* work.h -- what must not be done on the loop since it blocks: a thread for each, a bounded number.
 * A piece of work is made, started, finished and freed by the loop; only run() is the thread's. */
#ifndef GW_WORK_H
#define GW_WORK_H

#include "common/ports/blob.h"
#include "gateway/exchange.h"
#include "gateway/pipe.h"

#include <stdatomic.h>

enum gw_work_kind {
    GW_WORK_UPLOAD,
    GW_WORK_DOWNLOAD,
    GW_WORK_HISTORY,
    GW_WORK_TEST,
    GW_WORK_KIND_COUNT
};

struct gw_work { /* first member of every piece of work */
    enum gw_work_kind kind;
    struct gw_exchange *ex; /* NULL: nobody waits for it any more */
    atomic_bool stop;       /* set by the loop: end soon */
    atomic_bool done;       /* set by the thread, last of all */
    struct gw_pipe pipe;    /* zeroed where it needs none */
    int wake_fd;
    void (*run)(struct gw_work *);      /* the thread */
    void (*progress)(struct gw_work *); /* the loop: the thread has given or taken bytes */
    void (*finish)(struct gw_work *);   /* the loop: the thread has ended; frees the work */
    pthread_t thread;
    struct gw_work *next;
};

struct gw_works {
    int wake_fd; /* an eventfd */
    struct gw_work *active;
    size_t counts[GW_WORK_KIND_COUNT], limits[GW_WORK_KIND_COUNT];
    struct mr_blob *blob; /* lent; the one that handles for threads are made of */
    struct mr_blob **idle;
    size_t idle_count;
};

/* A zeroed struct with wake_fd -1 is one that was never set up. */
MR_MUST_USE enum mr_code gw_works_setup(struct gw_works *, struct mr_blob *,
                                        const size_t limits[GW_WORK_KIND_COUNT],
                                        struct mr_error *err);
void gw_works_teardown(struct gw_works *); /* stops and joins all */
bool gw_works_full(const struct gw_works *, enum gw_work_kind);
/* On failure the work is the caller's still. */
MR_MUST_USE enum mr_code gw_works_start(struct gw_works *, struct gw_work *, struct mr_error *err);
void gw_works_poll(struct gw_works *); /* on a wake, and at each tick */
void gw_work_leave(struct gw_work *);  /* its exchange is over: stop, nobody waits */

/* A blob handle for one piece of work; given back when its thread has ended. */
MR_MUST_USE struct mr_blob *gw_works_blob(struct gw_works *, struct mr_error *err);
void gw_works_blob_back(struct gw_works *, struct mr_blob *);

#endif
