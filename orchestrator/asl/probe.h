/* probe.h -- a state looked at from inside, for TestState: what its data are at each stage, told to
 * a function; a context object of somebody's own; and what a Map or Parallel comes to whose
 * children are not run.  Everywhere else env->probe is NULL, and nothing of this costs anything. */
#ifndef ASL_PROBE_H
#define ASL_PROBE_H

#include "orchestrator/asl/simulate.h"

struct asl_probe {
    /* what: "afterInputPath", "maxConcurrency" ..., as AWS calls them, or what there are several
     * of: "selected", "batch"; value is lent */
    void (*seen)(void *ctx, const char *what, const cJSON *value);
    /* What the fork comes to, as a task's answer is told; lent but for output.  Never NEVER.  Of a
     * Map with so many items, -1: not known. */
    struct asl_answer (*fork)(void *ctx, int64_t items);
    const cJSON *context;   /* $$ and $states.context; NULL: the run's */
    const cJSON *variables; /* that are there before the state; NULL: none */
    /* A variable that the state has assigned. */
    void (*assigned)(void *ctx, const char *name, const cJSON *value);
    bool reads;     /* an ItemReader's task is answered; else nothing is known of its items */
    uint32_t tries; /* so often has each retrier retried already */
    void *ctx;
};

#endif
