/* turn.h -- one call of asl_step() while it works: what the states' functions are given, and what
 * they may do to the frame that is in them. */
#ifndef ASL_TURN_H
#define ASL_TURN_H

#include "orchestrator/asl/frame.h"
#include "orchestrator/asl/scope.h"
#include "orchestrator/asl/step.h"

struct asl_turn {
    struct asl_run *run;
    const struct asl_env *env;
    struct asl_effects *effects;
    int64_t now_ms;
    size_t data_max;
    uint32_t entries_max;
    uint32_t in_flight_max;
    uint32_t step_entries;
    uint32_t step_work;
    uint64_t entered;      /* by the run before this step */
    size_t worked;         /* bytes of data that this step has looked at or made */
    uint32_t child_count;  /* children started by this step, */
    size_t child_bytes;    /* and bytes of their inputs */
    bool no_memory;        /* noticed where nothing could be returned */
    bool silent;           /* as AWS: what ends with the whole run goes without a word of its own */
    struct asl_arena kept; /* texts that faults refer to, until the step ends */
};
/* Does the step have its budget still?  Counted from JSON alone, never from how it lies in memory:
 * a run that was decoded must stop where the run itself does. */
static inline bool asl_turn_may_go_on(const struct asl_turn *turn)
{
    return turn->run->engine < ASL_ENGINE_BUDGET ||
           (turn->run->entered - turn->entered < turn->step_entries &&
            turn->worked < turn->step_work);
}
/* Has the run the answers of that engine? */
static inline bool asl_turn_since(const struct asl_turn *turn, uint32_t engine)
{
    return turn->run->engine >= engine;
}
/* A copy that lives as long as the turn; NULL: out of memory. */
static inline char *asl_turn_keep(struct asl_turn *turn, const char *text, size_t len)
{
    return asl_arena_copy(&turn->kept, text, len);
}

/* Every function that returns a code: MR_OK, MR_NO_MEMORY, or MR_INVALID with a fault. */

/* A row of the table of types.  enter: the frame has entered its state, or tries it again.
 * result: what the state waited for is there (result is taken over). */
struct asl_state_ops {
    enum mr_code (*enter)(struct asl_turn *, struct asl_frame *, struct asl_fault *);
    enum mr_code (*result)(struct asl_turn *, struct asl_frame *, struct asl_value *result,
                           struct asl_fault *);
};
extern const struct asl_state_ops asl_pass_ops, asl_task_ops, asl_choice_ops, asl_wait_ops,
    asl_succeed_ops, asl_fail_ops, asl_parallel_ops, asl_map_ops;

static inline const struct asl_state *asl_turn_state(const struct asl_turn *turn,
                                                     const struct asl_frame *frame)
{
    return &turn->run->machine->states[frame->state];
}

/* step.c: the frame leaves its state with output (taken over) and goes on at next. */
enum mr_code asl_turn_leave(struct asl_turn *, struct asl_frame *, struct asl_value *output,
                            int32_t next);
/* What a state's function came to: MR_INVALID is told in the words of the state, and is retried,
 * caught or passed up; anything else is given back. */
enum mr_code asl_turn_settle(struct asl_turn *, struct asl_frame *, enum mr_code rc,
                             struct asl_fault *);
/* The tries of its retriers, which belong to one entry of one state. */
void asl_turn_forget_tries(struct asl_frame *);
/* step_event.c: what the event changes by itself; *ret_changed: it was meant for this run. */
enum mr_code asl_turn_event(struct asl_turn *, const struct asl_event *, bool *ret_changed);
/* fork.c: the frame's children, and its own turn among them. */
enum mr_code asl_turn_fork(struct asl_turn *, struct asl_frame *, struct asl_fault *);

/* io.c: data on their way through a state. */
/* InputPath; *ret is the caller's. */
enum mr_code asl_io_filter(struct asl_turn *, struct asl_frame *, struct asl_value **ret,
                           struct asl_fault *);
/* Parameters: replaces *value, the caller's, by the template filled in from it. */
enum mr_code asl_io_parameters(struct asl_turn *, struct asl_frame *, struct asl_value **value,
                               struct asl_fault *);
/* InputPath, then Parameters; *ret is the caller's. */
enum mr_code asl_io_input(struct asl_turn *, struct asl_frame *, struct asl_value **ret,
                          struct asl_fault *);
/* template filled in from data; *ret is the caller's, and within the run's limits. */
enum mr_code asl_io_fill(struct asl_scope *, const struct asl_template *template,
                         struct asl_value **ret, struct asl_fault *);
/* Assign, ResultSelector, ResultPath, OutputPath, and on to the next state.  result is taken over.
 */
enum mr_code asl_io_output(struct asl_turn *, struct asl_frame *, struct asl_value *result,
                           struct asl_fault *);
/* Assign (NULL: none) and OutputPath, for states without a result, and on to next; data is taken
 * over. */
enum mr_code asl_io_pass_on(struct asl_turn *, struct asl_frame *, struct asl_value *data,
                            const struct asl_assign *assign, int32_t next, struct asl_fault *);
/* Assign evaluated where $ is data, and checked. */
enum mr_code asl_io_assign(struct asl_turn *, struct asl_frame *, const struct asl_assign *assign,
                           struct asl_value *data, struct asl_variables *ret, struct asl_fault *);
/* ResultPath alone: result (taken over) put into the frame's raw input.  path NULL: $.
 * may_fail: the caller has more to do that can fail, so the raw input must stay as it is. */
enum mr_code asl_io_merge(struct asl_turn *, struct asl_frame *, const struct asl_path *path,
                          bool may_fail, struct asl_value *result, struct asl_value **ret,
                          struct asl_fault *);
/* io_number.c: what number says, looked up in data where it is a path. */
enum mr_code asl_io_number(struct asl_turn *, struct asl_frame *, const struct asl_number *number,
                           const char *field, int64_t min, int64_t max, struct asl_value *data,
                           int64_t *ret, struct asl_fault *);
/* What path found is not a valid `wanted`: the fault, in the service's words. */
enum mr_code asl_io_mistyped(const char *field, const char *wanted, const struct asl_path *path,
                             const cJSON *found, struct asl_fault *);
/* A reference path that does not fit data, as it is read or written: the fault, in the service's
 * words. */
enum mr_code asl_io_conflict(const struct asl_path *path, struct asl_value *data, bool writing,
                             struct asl_fault *);
/* Fails with States.DataLimitExceeded: what who (len bytes) gave is too large. */
enum mr_code asl_io_too_large(struct asl_turn *, const char *who, size_t len, struct asl_fault *);
/* Whether value is within the run's limits; States.DataLimitExceeded. */
enum mr_code asl_io_check(struct asl_turn *, struct asl_frame *, struct asl_value *value,
                          struct asl_fault *);

/* fail.c */
/* The fault is retried, caught, or passed up and up until the run fails. */
enum mr_code asl_turn_fail(struct asl_turn *, struct asl_frame *, struct asl_fault *);
/* Ends the tasks and timers of the frame and all below; they stay as STOPPED. */
enum mr_code asl_turn_stop(struct asl_turn *, struct asl_frame *);
/* The run is over. */
enum mr_code asl_turn_close(struct asl_turn *, enum asl_status, const char *error,
                            const char *cause);

/* probe.c: told only where somebody looks. */
bool asl_probe_begin(struct asl_turn *, struct asl_frame *); /* its variables; false: no memory */
void asl_probe_json(struct asl_turn *, const char *what, const cJSON *value); /* NULL: nothing */
void asl_probe_variable(struct asl_turn *, const char *name, const struct asl_value *value);
void asl_probe_value(struct asl_turn *, const char *what, const struct asl_value *value);
void asl_probe_number(struct asl_turn *, const char *what, double n);
void asl_probe_fault(struct asl_turn *, const struct asl_fault *);
/* Somebody looks at what the Map's children are given, before asl_probe_fork(). */
bool asl_probe_items(const struct asl_turn *, const struct asl_state *);
void asl_probe_selected(struct asl_turn *, const struct asl_frame *, const struct asl_value *);
/* Instead of running a fork's children: what the probe says that it comes to. */
enum mr_code asl_probe_fork(struct asl_turn *, struct asl_frame *, struct asl_fault *);

/* state_*.c: a state's work begins, once its fields are known; what is given is taken over. */
enum mr_code asl_task_begin(struct asl_turn *, struct asl_frame *, struct asl_value *input,
                            int64_t timeout_s, int64_t heartbeat_s); /* 0: none; input is lent */
enum mr_code asl_wait_begin(struct asl_turn *, struct asl_frame *, int64_t due_ms);
enum mr_code asl_parallel_begin(struct asl_turn *, struct asl_frame *, struct asl_value *input,
                                struct asl_fault *);
/* items is an array; input is lent. */
enum mr_code asl_map_begin(struct asl_turn *, struct asl_frame *, struct asl_value *input,
                           struct asl_value *items, int64_t concurrency, struct asl_fault *);

/* effects.c */
struct asl_effect *asl_effect_add(struct asl_effects *, enum asl_effect_kind,
                                  const struct asl_frame *); /* NULL: out of memory */
/* state_task.c: the frame's task, with its effective input. */
enum mr_code asl_effect_task(struct asl_turn *, const struct asl_frame *, struct asl_value *input);
enum mr_code asl_effect_timer(struct asl_turn *, const struct asl_frame *, enum asl_timer,
                              int64_t due_ms);
enum mr_code asl_effect_timer_end(struct asl_turn *, const struct asl_frame *, enum asl_timer);
/* The timer GO_ON of so many entries: kind TIMER sets it, TIMER_END ends it. */
enum mr_code asl_effect_go_on(struct asl_turn *, enum asl_effect_kind kind, uint64_t entered);

/* history.c */
static inline bool asl_history_wanted(const struct asl_turn *turn)
{
    return turn->env->history != NULL;
}
/* Counts an entry and tells it; frame NULL: of the run.  details are taken over, may be NULL. */
void asl_history_add(struct asl_turn *, struct asl_frame *, const char *type, cJSON *details);
/* "PassStateEntered" and its like: suffix Entered, Exited, Aborted, Started, Succeeded, Failed. */
void asl_history_state(struct asl_turn *, struct asl_frame *, const char *suffix,
                       struct asl_value *data);
/* "TaskScheduled", "LambdaFunctionFailed" and their like. */
void asl_history_task(struct asl_turn *, struct asl_frame *, const char *suffix,
                      struct asl_value *output, const struct asl_fault *fault);
void asl_history_scheduled(struct asl_turn *, struct asl_frame *, struct asl_value *input);
void asl_history_failed(struct asl_turn *, struct asl_frame *, const char *type, const char *error,
                        const char *cause);
/* "EvaluationFailed" */
void asl_history_evaluation(struct asl_turn *, struct asl_frame *, const struct asl_fault *);
/* "ExecutionStarted" with its input, "ExecutionSucceeded" with its output. */
void asl_history_run(struct asl_turn *, const char *type, const char *field,
                     struct asl_value *data);
void asl_history_iteration(struct asl_turn *, struct asl_frame *map, struct asl_frame *child,
                           uint32_t index, const char *suffix);

#endif
