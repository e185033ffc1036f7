/* child.h -- one program of the embedded cluster: started, watched, started again, ended. */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include "common/base/error.h"

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct cli_child {
    const char *name;
    const char *argument; /* or NULL */
    char log[4300];       /* where its output goes */
    pid_t pid;            /* 0: not running */
    char how[64];         /* how it ended last */
    int64_t started_ms, again_ms;
    int64_t pause_ms; /* before the next start; doubles while it ends at once */
};

/* Programs of ours are beside this one, others on PATH. It dies with this process. */
MR_MUST_USE enum mr_code cli_child_start(struct cli_child *, const char *name, const char *argument,
                                         const char *data, struct mr_error *err);
bool cli_child_ended(struct cli_child *);
/* Starts an ended one once its pause is over; MR_OK too while it is not. */
MR_MUST_USE enum mr_code cli_child_again(struct cli_child *, const char *data,
                                         struct mr_error *err);
void cli_child_end(struct cli_child *); /* SIGTERM, 10 s, SIGKILL */
MR_MUST_USE enum mr_code cli_child_wait_port(struct cli_child *, int port, int64_t limit_ms,
                                             struct mr_error *err);
/* Waits until the Redis that the child is answers: one with much to read says LOADING for as long
 * as that takes.  *end set: MR_CANCELLED.  The child ended: MR_UNAVAILABLE. */
MR_MUST_USE enum mr_code cli_child_wait_redis(struct cli_child *, int port,
                                              const volatile sig_atomic_t *end,
                                              struct mr_error *err);
bool cli_port_open(int port); /* does somebody listen on it on loopback? */
MR_MUST_USE enum mr_code cli_port_free(int port, const char *setting, struct mr_error *err);

#endif
