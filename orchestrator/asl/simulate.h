/* simulate.h -- a whole definition on virtual time.  Tasks are answered by a function, timers fire
 * as soon as nothing else can happen: nothing really waits, and the same answers give the same run.
 * Pure, as the language is: what is not the language's own comes in through the functions.
 * Children of a distributed Map are runs of their own within: their tasks are answered likewise,
 * their history is not told.  Its pages are tasks too, of ASL_RESOURCE_READ and _WRITE. */
#ifndef ASL_SIMULATE_H
#define ASL_SIMULATE_H

#include "orchestrator/asl/step.h"

enum asl_answer_kind {
    ASL_ANSWER_OK,
    ASL_ANSWER_FAILED,
    ASL_ANSWER_NEVER, /* a time-out must end it */
};

struct asl_answer { /* what a task answers */
    enum asl_answer_kind kind;
    cJSON *output; /* OK: taken over; NULL: null */
    /* FAILED: lent until the next call, either may be NULL */
    const char *error;
    const char *cause;
    int64_t after_ms; /* so long after it was sent */
};

/* Answers a TASK effect whose input is also there as a tree.  A code that is not MR_OK ends the
 * simulation with it. */
typedef enum mr_code asl_answer_fn(void *ctx, const struct asl_effect *task, const cJSON *input,
                                   struct asl_answer *ret, struct mr_error *err);

struct asl_simulation { /* what to run; lent */
    struct asl_start start;
    const cJSON *input; /* NULL: {} */
    int64_t start_ms;   /* virtual time of the start */
    asl_answer_fn *answer;
    asl_evaluate_fn *evaluate; /* NULL: a run that asks for it ends with MR_UNSUPPORTED */
    asl_history_fn *history;   /* may be NULL */
    void *ctx;                 /* of all of them */
    int64_t data_max;          /* as in asl_env */
};

/* Runs machine from its start until it is closed, or (status RUNNING) waits for what never comes.
 * *ret_run is the caller's; *ret_end_ms is the virtual time of the last event. */
MR_MUST_USE enum mr_code asl_simulate(struct asl_machine *, const struct asl_simulation *,
                                      struct asl_run **ret_run, int64_t *ret_end_ms,
                                      struct mr_error *err);

#endif
