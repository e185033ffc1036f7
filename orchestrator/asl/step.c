/* step.c -- the whole system exists to call this once per event.  An event finds its frame, which
 * goes on as far as it can without waiting; what it set going goes on likewise, one frame at a time
 * from a stack, so that neither a long chain nor a loop of states is deep.  A step whose budget is
 * used up leaves the rest of the stack to the next. */
#include "orchestrator/asl/step.h"

#include "orchestrator/asl/spread_turn.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 1000000, IN_FLIGHT_MAX = 10000 };

static const struct asl_state_ops *const types[ASL_TYPE_COUNT] = {
    [ASL_PASS] = &asl_pass_ops,         [ASL_TASK] = &asl_task_ops,
    [ASL_CHOICE] = &asl_choice_ops,     [ASL_WAIT] = &asl_wait_ops,
    [ASL_SUCCEED] = &asl_succeed_ops,   [ASL_FAIL] = &asl_fail_ops,
    [ASL_PARALLEL] = &asl_parallel_ops, [ASL_MAP] = &asl_map_ops,
};

/* ---- a frame goes on ---------------------------------------------------------------------- */

/* The frame has come to the end of its flow; frame->input is its output. */
static enum mr_code complete(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_run *run = turn->run;
    struct asl_frame *parent = frame->parent;
    uint32_t index = frame->index;

    if (!parent) {
        asl_run_hold(run, &run->output, asl_value_ref(frame->input));
        asl_frame_free(run, frame);
        run->root = NULL;
        return asl_turn_close(turn, ASL_SUCCEEDED, NULL, NULL);
    }
    if (asl_turn_state(turn, parent)->type == ASL_MAP)
        asl_history_iteration(turn, parent, frame, index, "Succeeded");
    asl_run_hold(run, &parent->fork->children[index].output, asl_value_ref(frame->input));
    parent->fork->done[index / 64] |= UINT64_C(1) << (index % 64);
    parent->last_event = frame->last_event;
    asl_frame_free(run, frame);
    asl_run_ready(run, parent);
    return MR_OK;
}

void asl_turn_forget_tries(struct asl_frame *frame)
{
    frame->retries = 0;
    free(frame->tries);
    frame->tries = NULL;
}

enum mr_code asl_turn_leave(struct asl_turn *turn, struct asl_frame *frame,
                            struct asl_value *output, int32_t next)
{
    asl_history_state(turn, frame, "Exited", output);
    turn->run->finished++;
    asl_turn_forget_tries(frame);
    asl_run_hold(turn->run, &frame->input, output);
    if (next == ASL_NONE)
        return complete(turn, frame);
    frame->state = (uint32_t)next;
    asl_run_phase(turn->run, frame, ASL_PHASE_ENTER);
    asl_run_ready(turn->run, frame);
    return MR_OK;
}

/* The state's work, for the first time or once more. */
static enum mr_code begin(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);

    return state->queries ? asl_query_enter(turn, frame, fault)
                          : types[state->type]->enter(turn, frame, fault);
}

static enum mr_code enter(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    struct asl_run *run = turn->run;

    frame->seq = ++run->entered;
    frame->attempt = 1;
    frame->retries = 0;
    frame->asked = 0;
    frame->entry = ++run->entries[frame->state];
    frame->entered_ms = turn->now_ms;
    turn->worked += asl_value_bytes(frame->input);
    asl_history_state(turn, frame, "Entered", frame->input);
    frame->entered_event = frame->last_event;
    if (run->entered > turn->entries_max)
        return asl_fault_set(fault, ASL_RUNTIME,
                             "The run has entered more than %u states, which is as many as it may.",
                             turn->entries_max);
    return begin(turn, frame, fault);
}

static bool tell_inside(struct asl_turn *turn, const struct asl_frame *frame,
                        struct asl_fault *fault)
{
    struct mr_buf buf = {0};
    char *text;

    mr_buf_addf(&buf,
                "An error occurred while executing the state '%s' (entered at the event id #%llu). "
                "%s",
                asl_turn_state(turn, frame)->name, (unsigned long long)frame->entered_event,
                fault->cause);
    text = buf.failed ? NULL : asl_turn_keep(turn, buf.data, buf.len);
    mr_buf_release(&buf);
    fault->cause = text;
    return text;
}

enum mr_code asl_turn_settle(struct asl_turn *turn, struct asl_frame *frame, enum mr_code rc,
                             struct asl_fault *fault)
{
    char text[ASL_FAULT_TEXT_MAX];

    if (rc != MR_INVALID)
        return rc;
    if (fault->inside && fault->cause == fault->inside && !tell_inside(turn, frame, fault))
        return MR_NO_MEMORY;
    if (fault->cause == fault->text) {
        memcpy(text, fault->text, sizeof(text));
        (void)asl_fault_set(fault, fault->error,
                            "An error occurred while executing the state '%.80s' (entered at the "
                            "event id #%llu). %s",
                            asl_turn_state(turn, frame)->name,
                            (unsigned long long)frame->entered_event, text);
    }
    if (fault->error && strcmp(fault->error, ASL_QUERY_ERROR) == 0)
        asl_history_evaluation(turn, frame, fault);
    return asl_turn_fail(turn, frame, fault);
}

static enum mr_code go_on(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_fault fault = {0};
    enum mr_code rc = MR_OK;

    switch (frame->phase) {
    case ASL_PHASE_ENTER:
        rc = enter(turn, frame, &fault);
        break;
    case ASL_PHASE_AGAIN:
    case ASL_PHASE_QUEUED:
        rc = begin(turn, frame, &fault);
        break;
    case ASL_PHASE_FORK:
        rc = asl_turn_fork(turn, frame, &fault);
        break;
    case ASL_PHASE_SPREAD:
        rc = asl_turn_spread(turn, frame, &fault);
        break;
    case ASL_PHASE_TASK:
    case ASL_PHASE_WAIT:
    case ASL_PHASE_RETRY:
    case ASL_PHASE_STOPPED:
    case ASL_PHASE_FAILED:
    case ASL_PHASE_EVALUATE:
    case ASL_PHASE_COUNT:
        break;
    }
    return asl_turn_settle(turn, frame, rc, &fault);
}

/* Whoever waits for fewer tasks in flight, the earliest first; tasks before items. */
static void wake(struct asl_turn *turn)
{
    struct asl_run *run = turn->run;
    struct asl_frame *first = NULL;

    if (run->in_flight >= turn->in_flight_max || (run->queued == 0 && run->starved == 0))
        return;
    for (uint32_t i = 0; i < run->live_count; i++) {
        struct asl_frame *frame = run->live[i];
        bool waits = run->queued > 0 ? frame->phase == ASL_PHASE_QUEUED : frame->starved;
        if (waits && (!first || frame->seq < first->seq))
            first = frame;
    }
    if (first && first->starved) {
        first->starved = false;
        run->starved--;
    }
    if (first)
        asl_run_ready(run, first);
}

static enum mr_code go_all(struct asl_turn *turn)
{
    struct asl_run *run = turn->run;
    enum mr_code rc = MR_OK;

    if (run->status == ASL_RUNNING && !run->ready)
        wake(turn);
    while (!rc && run->ready && asl_turn_may_go_on(turn)) {
        struct asl_frame *frame = run->ready;
        asl_run_unready(run, frame);
        rc = go_on(turn, frame);
        if (!rc && !run->ready && run->status == ASL_RUNNING)
            wake(turn);
    }
    return rc;
}

/* What this step leaves to be done has its turn with an event of its own; what an earlier one left
 * has had its turn in this one. */
static enum mr_code go_on_later(struct asl_turn *turn)
{
    struct asl_run *run = turn->run;
    enum mr_code rc = MR_OK;

    if (run->go_on_ms != ASL_NEVER && !(run->ready && run->entered == turn->entered))
        rc = asl_effect_go_on(turn, ASL_EFFECT_TIMER_END, turn->entered);
    run->go_on_ms = run->ready ? turn->now_ms : ASL_NEVER;
    if (!rc && run->ready)
        rc = asl_effect_go_on(turn, ASL_EFFECT_TIMER, run->entered);
    return rc;
}

/* ---- the step ----------------------------------------------------------------------------- */

enum mr_code asl_step(struct asl_run *run, const struct asl_event *event, const struct asl_env *env,
                      struct asl_effects *effects, bool *ret_changed, struct mr_error *err)
{
    struct asl_turn turn = {
        .run = run,
        .env = env,
        .effects = effects,
        .now_ms = event->time_ms,
        .data_max = env->data_max > 0 ? (size_t)env->data_max : ASL_DATA_MAX,
        .entries_max = env->entries_max ? env->entries_max : ENTRIES_MAX,
        .in_flight_max = env->in_flight_max ? env->in_flight_max : IN_FLIGHT_MAX,
        .step_entries = env->step_entries ? env->step_entries : ASL_STEP_ENTRIES,
        .step_work = env->step_work ? env->step_work : ASL_STEP_WORK,
        .entered = run->entered,
    };
    enum mr_code rc;

    asl_effects_reset(effects);
    *ret_changed = false;
    if (run->broken)
        return mr_fail(err, MR_INTERNAL, "run %s: memory ran out in an earlier step", run->job);
    rc = asl_turn_event(&turn, event, ret_changed);
    if (!rc && *ret_changed)
        rc = go_all(&turn);
    if (!rc && *ret_changed)
        rc = go_on_later(&turn);
    asl_arena_release(&turn.kept);
    if (!rc && !turn.no_memory)
        return MR_OK;
    run->broken = true;
    asl_effects_reset(effects);
    if (rc && rc != MR_NO_MEMORY)
        return mr_fail(err, MR_INTERNAL, "run %s: a fault was left over", run->job);
    return mr_fail(err, MR_NO_MEMORY, "run %s: no memory for a step", run->job);
}
