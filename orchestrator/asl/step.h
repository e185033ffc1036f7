/* step.h -- the whole system exists to call this once per event and to keep what it returns.
 *
 * state' , effects = step(state, event).  Pure: no clock, no randomness, no I/O. Time is the
 * event's, stamped by the broker, and may go back; jitter comes from hash(seed, seq, attempt).
 * The same start and the same events give the same bytes, for ever: what changes an answer gets a
 * new engine number, and a run keeps the one it started with.
 *
 * A task or timer is known by (seq, attempt): seq is the number of the state entry within the run
 * (1, 2, ...; unique over branches and items), attempt the try of that entry (1, 2, ...).  An event
 * for a pair that is not outstanding changes nothing: results may come twice, late or forged.
 *
 * A Map in DISTRIBUTED mode runs each item (or batch) as a run of its own, a child: it is known by
 * (seq, attempt, index), and its whole life elsewhere is one CHILD effect and one CHILD_* event.
 * The Map's items are read and its results are written by tasks of two resources, ASL_RESOURCE_READ
 * and ASL_RESOURCE_WRITE, a page at a time; for each of them attempt is a new one, so that a late
 * page is not taken for the next.  What they are asked and answer is in common/model/items.h. */
#ifndef ASL_STEP_H
#define ASL_STEP_H

#include "common/base/error.h"
#include "orchestrator/asl/machine.h"
#include "orchestrator/asl/run.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* Engines, whose answers a run keeps from its submit event to its end:
 *   1  an event is followed to wherever the run waits next, however long that takes
 *   2  it is followed as far as a step's budget goes; the rest has an event of its own.  A selector
 * in JSONata is told the keys and the source of its items, and a distributed Map that is under way
 * may be redriven in another definition
 *   3  the Name that a task gives to a workflow it starts is that job's identity; causes and
 * histories are closer to the service's (docs/notes/011-engines.md lists how); a distributed Map
 * that fails has what it read and did not start written, too
 *   4  it waits for the children that it tells to end, and has them written; ids of executions,
 * workflows and Map runs are ARNs (arn.h) */
enum {
    ASL_ENGINE = 4,
    ASL_ENGINE_BUDGET = 2,
    ASL_ENGINE_ITEMS = 2,
    ASL_ENGINE_SPREAD_MIGRATES = 2,
    ASL_ENGINE_NAMED = 3,
    ASL_ENGINE_REVIEW = 3,
    ASL_ENGINE_PENDING = 3,
    ASL_ENGINE_ABORTED = 4,
    ASL_ENGINE_ARNS = 4
};

/* A step's budget: state entries that one event may cause, and bytes of data that their states may
 * work on (the inputs they enter with, what their paths search, the variables they read and
 * assign).  Where it is used up, the timer ASL_TIMER_GO_ON brings the next event.  No settings: the
 * same log must give the same bytes everywhere and for ever. */
enum { ASL_STEP_ENTRIES = 1000, ASL_STEP_WORK = 2 * 1024 * 1024 };

#define ASL_RESOURCE_READ  "millrace:map.read"  /* a page of items */
#define ASL_RESOURCE_WRITE "millrace:map.write" /* a page of results, and at last the manifest */

/* Error and cause of a child that CHILD_END ends. */
#define ASL_STOPPED_ERROR "States.Aborted"
#define ASL_STOPPED_CAUSE "what started it has ended"

enum asl_event_kind {
    ASL_EVENT_START,        /* data: the input */
    ASL_EVENT_TASK_OK,      /* seq, attempt; data: the task's answer */
    ASL_EVENT_TASK_FAILED,  /* seq, attempt; error, cause (either may be NULL) */
    ASL_EVENT_TIMER,        /* seq, attempt, timer */
    ASL_EVENT_CANCEL,       /* error, cause: of the ABORTED run */
    ASL_EVENT_HEARTBEAT,    /* seq, attempt: a sign of life; sets the heartbeat timer anew */
    ASL_EVENT_REDRIVE,      /* a FAILED, TIMED_OUT or ABORTED run goes on from where it failed:
                               only the failed state (in a Parallel or Map: the failed branches) runs
                               again, its retry counters start again */
    ASL_EVENT_EVALUATED,    /* seq, attempt, number; data: the answer, as query.h has it */
    ASL_EVENT_CHILD_OK,     /* seq, attempt, index, items; data: the child's output or record */
    ASL_EVENT_CHILD_FAILED, /* likewise; error, cause; data: its record, where one was asked for */
};

enum asl_timer {                        /* the letter is its name in events and in the timer set */
                 ASL_TIMER_WAIT = 'w',  /* a Wait state ends */
                 ASL_TIMER_RETRY = 'r', /* a retry's back-off ends */
                 ASL_TIMER_TIMEOUT = 't',   /* TimeoutSeconds of a task passes */
                 ASL_TIMER_HEARTBEAT = 'h', /* HeartbeatSeconds without a sign of life */
                 ASL_TIMER_MORE = 'c',    /* a distributed Map starts more children: due at once */
                 ASL_TIMER_MACHINE = 'm', /* TimeoutSeconds of the machine; seq 0, attempt 0 */
                 ASL_TIMER_GO_ON = 'g',   /* a step's budget was used up: due at once; seq: states
                                             entered so far, attempt 0 */
};

struct asl_event {
    enum asl_event_kind kind;
    int64_t time_ms; /* of the broker */
    uint64_t seq;
    uint32_t attempt;
    enum asl_timer timer;
    const cJSON *data; /* lent; step copies what it keeps */
    const char *error;
    const char *cause;
    uint32_t number; /* EVALUATED: as in the effect */
    uint32_t index;  /* CHILD_*: as in the effect */
    uint32_t items;  /* likewise */
};

enum asl_effect_kind {
    ASL_EFFECT_TASK,        /* do this task, answer with (seq, attempt) */
    ASL_EFFECT_TASK_END,    /* (seq, attempt) is answered, timed out or no longer wanted */
    ASL_EFFECT_TIMER,       /* wake me at due_ms; replaces one of the same seq, attempt and kind */
    ASL_EFFECT_TIMER_END,   /* this timer is no longer wanted (after its own event, too) */
    ASL_EFFECT_CLOSED,      /* the run has a final status: see asl_run_status() and the rest */
    ASL_EFFECT_EVALUATE,    /* have this state's JSONata evaluated (input is the request: query.h),
                               answer with (seq, attempt, number).  There is no end of it: an answer
                               that nobody waits for changes nothing */
    ASL_EFFECT_CHILD,       /* start a run of this machine in flow, with input; answer with its end:
                               (seq, attempt, index, items).  Its identity is (seq, born, index). */
    ASL_EFFECT_CHILD_AGAIN, /* redrive that child (ASL_EVENT_REDRIVE), or tell its end once more if
                               it has succeeded meanwhile; it answers with this attempt from now on
                             */
    ASL_EFFECT_CHILD_END, /* (seq, born, index) is no longer wanted: cancel it.  Its end is told as
                             any: the Map may wait for its record */
};

struct asl_effect {
    enum asl_effect_kind kind;
    uint64_t seq;
    uint32_t attempt;
    /* TASK */
    const char *resource; /* as in the definition; lent by the machine; of a TASK_END too */
    const char *state;    /* name of the state; lent by the machine */
    uint32_t entry;       /* n-th entry of a state of this name in the run, from 1: `Render.2` */
    char *input;          /* effective input as JSON text, owned by the effects */
    size_t input_len;
    int64_t timeout_ms;   /* 0: none */
    int64_t heartbeat_ms; /* 0: none */
    bool token;           /* .waitForTaskToken: the answer comes from outside */
    /* EVALUATE has state, input, input_len too */
    uint32_t number; /* of the evaluation, within (seq, attempt) and before it */
    /* TASK_END */
    bool wanted; /* true: it was answered; false: whoever works on it should stop */
    /* CHILD, CHILD_AGAIN, CHILD_END; CHILD has resource NULL, and state, input, input_len too */
    uint32_t index; /* which child, from 0 */
    uint32_t born;  /* attempt that it was first started with */
    uint32_t items; /* items of the Map that it stands for: more than one in a batch */
    uint32_t flow;  /* where in the machine it begins: asl_start.flow */
    bool record;    /* its answer's data is asl_run_record(), not the output alone */
    /* TIMER, TIMER_END */
    enum asl_timer timer;
    int64_t due_ms;
};

struct asl_effects { /* zeroed at first; reset and used again for each event */
    struct asl_effect *items;
    size_t count;
    size_t cap;
};
void asl_effects_reset(struct asl_effects *);
void asl_effects_release(struct asl_effects *);

/* One entry of the history, as AWS names them: "TaskStateEntered", details as an object or NULL.
 * id counts from 1. Lent for the call. */
typedef void asl_history_fn(void *ctx, uint64_t id, uint64_t previous_id, const char *type,
                            int64_t time_ms, const cJSON *details);

struct asl_probe; /* probe.h */
struct asl_env {  /* what a step may ask; every answer must depend on nothing but its arguments */
    /* The task token of (seq, attempt), for $$.Task.Token; NULL: a state that wants it fails. */
    bool (*token)(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size);
    asl_history_fn *history; /* NULL: none is made, and none of its cost is paid */
    void *ctx;
    int64_t data_max;       /* bytes of a state's input, output; 0: ASL_DATA_MAX */
    uint32_t entries_max;   /* state entries of one run, against endless loops; 0: 1,000,000 */
    uint32_t step_entries;  /* of one event; 0: ASL_STEP_ENTRIES */
    uint32_t step_work;     /* bytes worked on in one event; 0: ASL_STEP_WORK */
    uint32_t in_flight_max; /* tasks outstanding at once in one run; 0: 10,000 */
    const struct asl_probe *probe; /* TestState's; NULL elsewhere */
};

/* For who answers an EVALUATE effect at once: the answer's text is added to ret. */
typedef enum mr_code asl_evaluate_fn(void *ctx, const char *request, size_t len, struct mr_buf *ret,
                                     struct mr_error *err);
/* The whole of it: has effect's request evaluated (evaluate NULL: MR_UNSUPPORTED), and makes the
 * event that answers it, but for its time; *ret_data is event's data, the caller's. */
MR_MUST_USE enum mr_code asl_evaluate(asl_evaluate_fn *evaluate, void *ctx,
                                      const struct asl_effect *effect, struct asl_event *ret,
                                      cJSON **ret_data, struct mr_error *err);

/* Applies one event.  MR_OK: applied, or (nothing changed) not meant for this run as it is now;
 * *ret_changed tells which.  MR_NO_MEMORY: the run is half changed and will not step or encode
 * again: free it, and decode its last encoding to go on (anything else is a fault of ours:
 * MR_INTERNAL).  What goes wrong in the workflow itself is no error here: it fails the run, with a
 * States.* name.  Recursion is bounded by how deep the definition nests, never by its input. */
MR_MUST_USE enum mr_code asl_step(struct asl_run *, const struct asl_event *,
                                  const struct asl_env *, struct asl_effects *effects,
                                  bool *ret_changed, struct mr_error *err);

/* The TASK or EVALUATE effect of an outstanding (seq, attempt) once more, as step gave it: for one
 * whose record was lost. No effect where it is not outstanding. The run does not change. */
MR_MUST_USE enum mr_code asl_resend(struct asl_run *, uint64_t seq, uint32_t attempt,
                                    const struct asl_env *, struct asl_effects *effects,
                                    struct mr_error *err);

#endif
