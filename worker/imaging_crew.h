/* imaging_crew.h -- the processes of one slot: one at work, a warm one beside it that takes over at
 * once, and, for formats whose readers are not trusted, one that is made for a single task.  A
 * child that worked for a tenant is not given another one's pictures.  Owned by the slot's thread;
 * wk_crew_pid() alone may be called by another. */
#ifndef WK_IMAGING_CREW_H
#define WK_IMAGING_CREW_H

#include "common/model/message.h"
#include "worker/imaging_child.h"

#include <limits.h>
#include <pthread.h>

enum { WK_DYING_MAX = 4 };

struct wk_crew {
    struct wk_imaging_config config; /* numbers; its strings are not used */
    char path[PATH_MAX];
    int wake_fd;                         /* lent: readable while the call is to be stopped */
    struct wk_child child;               /* at work, or ready for it */
    struct wk_child spare;               /* warm, or warming up */
    struct wk_child single;              /* of one task; never kept */
    struct sb_child dying[WK_DYING_MAX]; /* killed, and not yet waited for */
    size_t dying_count;
    uint64_t granted;                 /* bytes that the task under way may have */
    bool asked;                       /* it has asked for them: its header is read */
    char tenant[MR_TENANT_MAX + 1];   /* whose the next tasks are */
    char child_of[MR_TENANT_MAX + 1]; /* whose the tasks of child were */
    pthread_mutex_t lock;             /* guards child.process.pid */
};

/* MR_UNAVAILABLE: no program is there.  Starts nothing.  To be released in any case. */
MR_MUST_USE enum mr_code wk_crew_setup(struct wk_crew *, const struct wk_imaging_config *,
                                       int wake_fd, struct mr_error *err);
void wk_crew_release(struct wk_crew *);
/* Whose the next tasks are; "" is a tenant like any other. */
void wk_crew_tenant(struct wk_crew *, const char *tenant);
/* A child that is warm and locked as the settings want it, for a task that reads these untrusted
 * formats (bits, DEC_FORMAT_BIT). */
MR_MUST_USE enum mr_code wk_crew_need(struct wk_crew *, uint32_t untrusted, int64_t deadline_ms,
                                      struct wk_child **ret, struct wk_fault *fault);
/* The slot has nothing to do, for the child has its task, or there is none: the next one begins to
 * warm up. */
void wk_crew_prepare(struct wk_crew *);
/* The child has done its task.  A new one follows it when it has done enough of them. */
void wk_crew_done(struct wk_crew *, struct wk_child *);
/* What a wait that did not end well means; the child is dropped. */
enum mr_code wk_crew_lost(struct wk_crew *, struct wk_child *, enum wk_heard heard,
                          const char *during, struct wk_fault *fault);
/* Whether all that were dropped have ended, so that none of them can touch the memory that they
 * shared; wait: until it is so. */
bool wk_crew_buried(struct wk_crew *, bool wait);
int wk_crew_pid(struct wk_crew *); /* of the one at work; -1: none just now */

#endif
