/* child.h -- one evaluator process: started, spoken to, ended. */
#ifndef EV_CHILD_H
#define EV_CHILD_H

#include "common/base/buf.h"
#include "orchestrator/evaluator/evaluator.h"

#include <stdbool.h>
#include <time.h>

struct ev_child {
    struct sb_child process;
    clockid_t clock; /* its processor time */
    int stop_fd;     /* lent: readable: nobody waits any more; -1: none */
    bool ready;      /* its hello has come; its layers are in process.report */
    int kept;        /* the processor that it is kept on; -1: none (handover.h) */
};

/* How waiting for a child ended.  LATE: it worked for too long.  OVERDUE: it was waited for too
 * long, whatever it did. */
enum ev_heard { EV_HEARD, EV_LATE, EV_OVERDUE, EV_GONE, EV_NONSENSE };

struct ev_patience {
    int64_t work_us;    /* of the child's processor time */
    int64_t overdue_us; /* of ev_now_us() */
    bool near;          /* a short one is to stay on the caller's processor */
};

extern const struct ev_child ev_child_none;

MR_MUST_USE enum mr_code ev_child_start(struct ev_child *child, const char *path,
                                        const struct ev_config *config, struct mr_error *err);
/* Until it is warm and locked. */
enum ev_heard ev_child_ready(struct ev_child *child, int64_t overdue_us);
/* A request, and what comes back: kind ANSWER or LIMIT in *ret, its text in *text. */
enum ev_heard ev_child_exchange(struct ev_child *child, const struct ev_head *request,
                                const char *request_text, size_t text_max, struct ev_head *ret,
                                struct mr_buf *text, const struct ev_patience *patience);
/* Kills, waits, and says how it ended: which limit, or EV_LIMIT_CRASH. */
enum ev_limit ev_child_end(struct ev_child *child);
int64_t ev_now_us(void);                      /* monotonic */
int64_t ev_check_until_us(const struct ev *); /* when a check that begins now is to end */

#endif
