/* run.h -- one execution of a machine: where it is, and the data it carries.
 * Opaque; changed by asl_step() alone.  Encoded as a versioned, compact JSON text; data at or above
 * ASL_VALUE_INLINE_MAX bytes are kept apart as values, written once and referred to by number, so
 * that a transition writes little however large its input was. */
#ifndef ASL_RUN_H
#define ASL_RUN_H

#include "common/base/buf.h"
#include "common/base/error.h"
#include "orchestrator/asl/machine.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

enum { ASL_VALUE_INLINE_MAX = 1024 };

enum asl_status { ASL_RUNNING, ASL_SUCCEEDED, ASL_FAILED, ASL_TIMED_OUT, ASL_ABORTED };
const char *asl_status_name(enum asl_status); /* RUNNING SUCCEEDED FAILED TIMED_OUT ABORTED */

struct asl_run;

struct asl_start {        /* what the submit event says; lent */
    const char *job;      /* $$.Execution.Id has it: arn.h */
    const char *name;     /* $$.Execution.Name; NULL: the job's id */
    const char *workflow; /* $$.StateMachine.Name; "" for an inline one */
    const char *tenant;
    uint64_t seed;   /* from the job's nonce: jitter and ids come from it */
    uint32_t flow;   /* 0: the machine; else the ItemProcessor that a child runs: asl_effect.flow */
    uint32_t engine; /* whose answers it gets, to its end; 0: ASL_ENGINE */
};

/* A run that has not started: the first event it takes is ASL_EVENT_START.  MR_UNSUPPORTED: its
 * engine is newer than this program's. */
MR_MUST_USE enum mr_code asl_run_new(struct asl_machine *, const struct asl_start *,
                                     struct asl_run **ret, struct mr_error *err);
void asl_run_free(struct asl_run *); /* accepts NULL */

/* Values that encode() found to be new, and numbers it found to be no longer referred to. */
struct asl_values_fn {
    void (*put)(void *ctx, uint32_t id, const char *json, size_t len);
    void (*drop)(void *ctx, uint32_t id);
    void *ctx;
};
/* Appends the state as text.  After it, the values given to put() count as kept. */
MR_MUST_USE enum mr_code asl_run_encode(struct asl_run *, const struct asl_values_fn *,
                                        struct mr_buf *buf, struct mr_error *err);
/* Gives the text of value id, lent; false where it is not there. */
typedef bool asl_value_get_fn(void *ctx, uint32_t id, const char **json, size_t *len);
/* MR_CORRUPT: not what encode() wrote. decode(encode(run)) steps exactly as run would. */
MR_MUST_USE enum mr_code asl_run_decode(struct asl_machine *, const char *text, size_t len,
                                        asl_value_get_fn *, void *ctx, struct asl_run **ret,
                                        struct mr_error *err);

/* Lets a closed run that can be redriven go on in another machine, where each state that it is in
 * is found again by its name; to be followed by ASL_EVENT_REDRIVE.  flow: as in asl_start, of that
 * machine.  MR_INVALID: something is not there any more, and err names it; the run is as it was. */
MR_MUST_USE enum mr_code asl_run_migrate(struct asl_run *, struct asl_machine *, uint32_t flow,
                                         struct mr_error *err);

struct asl_machine *asl_run_machine(const struct asl_run *); /* lent */
/* The flow that children of the Map that is in the entry seq walk through: asl_start.flow. */
uint32_t asl_run_child_flow(const struct asl_run *, uint64_t seq);
/* Whether the children of the Map that is in the entry seq answer with records. */
bool asl_run_records(const struct asl_run *, uint64_t seq);
/* The resource of the task that (seq, attempt) waits for; NULL: it waits for none.  Lent. */
const char *asl_run_resource(const struct asl_run *, uint64_t seq, uint32_t attempt);
enum asl_status asl_run_status(const struct asl_run *);
uint32_t asl_run_engine(const struct asl_run *);
uint64_t asl_run_entered(const struct asl_run *);  /* states entered so far */
uint64_t asl_run_finished(const struct asl_run *); /* states left so far */
/* Of a closed run; lent. output: SUCCEEDED; error and cause (either may be NULL): the others. */
const cJSON *asl_run_output(const struct asl_run *);
const char *asl_run_error(const struct asl_run *);
const char *asl_run_cause(const struct asl_run *);
/* A closed run as AWS's DescribeExecution tells it, for results of a Map and nested runs:
 * {"ExecutionArn","Name","StateMachineArn","Status","StartDate","StopDate","Input","InputDetails",
 * "Output","OutputDetails" or "Error","Cause"}; Input and Output are JSON in text.  The caller's to
 * delete; NULL: out of memory. */
cJSON *asl_run_record(const struct asl_run *, int64_t stop_ms);
/* Names of the states it is in now, comma-separated, cut to fit: for a status row. */
void asl_run_where(const struct asl_run *, char *buf, size_t size);
size_t asl_run_bytes(const struct asl_run *); /* about what it takes in memory */

/* Tasks it waits for and timers it has set, as effects would say them: for take-over and scanner.
 */
typedef void asl_task_fn(void *ctx, uint64_t seq, uint32_t attempt, const char *resource,
                         int64_t since_ms);
void asl_run_tasks(const struct asl_run *, asl_task_fn *, void *ctx);
/* Children of distributed Maps that are out, at most max of each Map, and when something last moved
 * in it: for the scanner. */
typedef void asl_child_fn(void *ctx, uint64_t seq, uint32_t attempt, uint32_t born, uint32_t index,
                          int64_t moved_ms);
void asl_run_children(const struct asl_run *, uint32_t max, asl_child_fn *, void *ctx);
/* Evaluations it waits for. */
typedef void asl_ask_fn(void *ctx, uint64_t seq, uint32_t attempt, uint32_t number,
                        int64_t since_ms);
void asl_run_asks(const struct asl_run *, asl_ask_fn *, void *ctx);
typedef void asl_timer_fn(void *ctx, uint64_t seq, uint32_t attempt, char kind, int64_t due_ms);
void asl_run_timers(const struct asl_run *, asl_timer_fn *, void *ctx);

#endif
