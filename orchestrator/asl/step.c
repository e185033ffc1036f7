/* step.c -- the whole system exists to call this once per event.  An event finds its frame, which
 * goes on as far as it can without waiting; what it set going goes on likewise, one frame at a time
 * from a stack, so that neither a long chain nor a loop of states is deep.  A step whose budget is
 * used up leaves the rest of the stack to the next. */
#include "orchestrator/asl/step.h"

#include "orchestrator/asl/spread_turn.h"

#include <stdio.h>
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

/* They belong to one entry of one state. */
static void forget_tries(struct asl_frame *frame)
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
    forget_tries(frame);
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

/* What went wrong inside a state says in its cause which state that was. */
static enum mr_code settle(struct asl_turn *turn, struct asl_frame *frame, enum mr_code rc,
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
    return settle(turn, frame, rc, &fault);
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

/* ---- events ------------------------------------------------------------------------------- */

static enum mr_code set_machine_timer(struct asl_turn *turn)
{
    struct asl_run *run = turn->run;

    run->due_ms = ASL_NEVER;
    if (run->machine->timeout_ms == 0 || run->flow > 0)
        return MR_OK; /* it is the machine's own, not of a part of it */
    run->due_ms = turn->now_ms + run->machine->timeout_ms;
    return asl_effect_timer(turn, NULL, ASL_TIMER_MACHINE, run->due_ms);
}

static enum mr_code on_start(struct asl_turn *turn, const struct asl_event *event)
{
    struct asl_run *run = turn->run;
    struct asl_value *input;
    size_t bytes;
    unsigned depth;

    run->started = true;
    run->start_ms = turn->now_ms;
    if (event->data && !asl_json_fits(event->data, turn->data_max, &bytes, &depth))
        return asl_turn_close(turn, ASL_FAILED, ASL_DATA_LIMIT_EXCEEDED,
                              "The input of the run is too large or too deep.");
    input =
        asl_value_new_take(event->data ? cJSON_Duplicate(event->data, true) : cJSON_CreateObject());
    if (!input)
        return MR_NO_MEMORY;
    asl_run_hold(run, &run->input, input);
    run->root = asl_frame_new(run, NULL, 0, run->machine->flows[run->flow].start);
    if (!run->root)
        return MR_NO_MEMORY;
    asl_run_hold(run, &run->root->input, asl_value_ref(input));
    asl_history_run(turn, "ExecutionStarted", "input", input);
    run->root->last_event = 0; /* as AWS: the first state has no event before it */
    if (!asl_probe_begin(turn, run->root))
        return MR_NO_MEMORY;
    asl_run_ready(run, run->root);
    return set_machine_timer(turn);
}

/* The frame's task is over: answered (wanted), or to be stopped. */
static enum mr_code end_task(struct asl_turn *turn, struct asl_frame *frame, bool wanted)
{
    struct asl_effect *effect = asl_effect_add(turn->effects, ASL_EFFECT_TASK_END, frame);
    enum mr_code rc = MR_OK;

    if (!effect)
        return MR_NO_MEMORY;
    effect->wanted = wanted;
    effect->resource = asl_turn_state(turn, frame)->task.resource;
    if (frame->timeout_ms != ASL_NEVER)
        rc = asl_effect_timer_end(turn, frame, ASL_TIMER_TIMEOUT);
    if (!rc && frame->heartbeat_ms != ASL_NEVER)
        rc = asl_effect_timer_end(turn, frame, ASL_TIMER_HEARTBEAT);
    asl_run_phase(turn->run, frame, ASL_PHASE_AGAIN);
    frame->timeout_ms = frame->heartbeat_ms = ASL_NEVER;
    asl_value_unref(frame->arguments);
    frame->arguments = NULL;
    return rc;
}

static enum mr_code on_task_ok(struct asl_turn *turn, struct asl_frame *frame, const cJSON *data)
{
    struct asl_fault fault = {0};
    struct asl_value *result =
        asl_value_new_take(data ? cJSON_Duplicate(data, true) : cJSON_CreateNull());
    enum mr_code rc = result ? end_task(turn, frame, true) : MR_NO_MEMORY;

    if (!rc)
        rc = asl_io_check(turn, frame, result, &fault);
    if (rc == MR_INVALID)
        asl_history_task(turn, frame, "Failed", NULL, &fault);
    if (rc) {
        asl_value_unref(result);
        return settle(turn, frame, rc, &fault);
    }
    asl_history_task(turn, frame, "Succeeded", result, NULL);
    asl_probe_value(turn, "result", result);
    rc = types[ASL_TASK]->result(turn, frame, result, &fault);
    return settle(turn, frame, rc, &fault);
}

static enum mr_code on_task_failed(struct asl_turn *turn, struct asl_frame *frame,
                                   const struct asl_event *event)
{
    struct asl_fault fault = {.error = event->error, .cause = event->cause};
    enum mr_code rc = end_task(turn, frame, true);

    if (rc)
        return rc;
    asl_history_task(turn, frame, "Failed", NULL, &fault);
    return asl_turn_fail(turn, frame, &fault);
}

static enum mr_code on_task_late(struct asl_turn *turn, struct asl_frame *frame, bool heartbeat)
{
    struct asl_fault fault = {.heartbeat = heartbeat};
    int64_t after_ms = heartbeat ? frame->heartbeat_every_ms : turn->now_ms - frame->since_ms;
    enum mr_code rc = end_task(turn, frame, false);

    if (rc)
        return rc;
    (void)asl_fault_set(&fault, ASL_TIMEOUT,
                        heartbeat ? "No heartbeat for %lld s." : "No answer within %lld s.",
                        (long long)after_ms / 1000);
    asl_history_task(turn, frame, "TimedOut", NULL, &fault);
    return asl_turn_fail(turn, frame, &fault);
}

static enum mr_code on_evaluated(struct asl_turn *turn, struct asl_frame *frame,
                                 const cJSON *answer)
{
    struct asl_fault fault = {0};
    enum mr_code rc = asl_query_answered(turn, frame, answer, &fault);

    return settle(turn, frame, rc, &fault);
}

static enum mr_code on_due(struct asl_turn *turn, struct asl_frame *frame, enum asl_timer timer)
{
    struct asl_fault fault = {0};
    enum mr_code rc = asl_effect_timer_end(turn, frame, timer);

    if (rc)
        return rc;
    asl_run_phase(turn->run, frame, ASL_PHASE_AGAIN);
    frame->due_ms = ASL_NEVER;
    if (timer == ASL_TIMER_RETRY) {
        frame->attempt++;
        asl_run_ready(turn->run, frame);
        return MR_OK;
    }
    if (timer == ASL_TIMER_MORE) {
        asl_run_phase(turn->run, frame, ASL_PHASE_SPREAD);
        asl_run_ready(turn->run, frame);
        return MR_OK;
    }
    rc = types[ASL_WAIT]->result(turn, frame, NULL, &fault);
    return settle(turn, frame, rc, &fault);
}

static enum mr_code on_machine_due(struct asl_turn *turn)
{
    char cause[80];

    (void)snprintf(cause, sizeof(cause), "The run took longer than its TimeoutSeconds, %lld.",
                   (long long)(turn->run->machine->timeout_ms / 1000));
    return asl_turn_close(turn, ASL_TIMED_OUT, ASL_TIMEOUT, cause);
}

static enum mr_code on_timer(struct asl_turn *turn, const struct asl_event *event,
                             struct asl_frame *frame, bool *ret_changed)
{
    int64_t due_ms = ASL_NEVER;

    switch (event->timer) {
    case ASL_TIMER_MACHINE:
        due_ms = event->seq == 0 ? turn->run->due_ms : ASL_NEVER;
        break;
    case ASL_TIMER_GO_ON:
        due_ms = event->seq == turn->entered ? turn->run->go_on_ms : ASL_NEVER;
        break;
    case ASL_TIMER_WAIT:
        due_ms = frame && frame->phase == ASL_PHASE_WAIT ? frame->due_ms : ASL_NEVER;
        break;
    case ASL_TIMER_RETRY:
        due_ms = frame && frame->phase == ASL_PHASE_RETRY ? frame->due_ms : ASL_NEVER;
        break;
    case ASL_TIMER_MORE:
        due_ms = frame && frame->phase == ASL_PHASE_SPREAD ? frame->due_ms : ASL_NEVER;
        break;
    case ASL_TIMER_TIMEOUT:
        due_ms = frame && frame->phase == ASL_PHASE_TASK ? frame->timeout_ms : ASL_NEVER;
        break;
    case ASL_TIMER_HEARTBEAT:
        due_ms = frame && frame->phase == ASL_PHASE_TASK ? frame->heartbeat_ms : ASL_NEVER;
        break;
    }
    if (due_ms == ASL_NEVER || turn->now_ms < due_ms)
        return MR_OK;
    *ret_changed = true;
    if (event->timer == ASL_TIMER_GO_ON)
        return MR_OK; /* as every event of the run moves on what is ready */
    if (event->timer == ASL_TIMER_MACHINE)
        return on_machine_due(turn);
    if (event->timer == ASL_TIMER_TIMEOUT || event->timer == ASL_TIMER_HEARTBEAT)
        return on_task_late(turn, frame, event->timer == ASL_TIMER_HEARTBEAT);
    return on_due(turn, frame, event->timer);
}

static enum mr_code on_heartbeat(struct asl_turn *turn, struct asl_frame *frame, bool *ret_changed)
{
    int64_t due_ms = turn->now_ms + frame->heartbeat_every_ms;

    if (frame->heartbeat_ms == ASL_NEVER || due_ms <= frame->heartbeat_ms)
        return MR_OK;
    *ret_changed = true;
    frame->heartbeat_ms = due_ms;
    return asl_effect_timer(turn, frame, ASL_TIMER_HEARTBEAT, due_ms);
}

/* A frame that failed or was stopped goes on; one whose children did, with these. */
static void resume(struct asl_run *run, struct asl_frame *frame)
{
    struct asl_fork_run *fork = frame->fork;

    frame->due_ms = frame->timeout_ms = frame->heartbeat_ms = ASL_NEVER;
    forget_tries(frame);
    if (frame->spread && frame->spread->begun) {
        asl_spread_resume(run, frame);
        return;
    }
    if (frame->spread)
        asl_fork_run_free(run, frame);
    if (!fork) {
        asl_run_phase(run, frame, ASL_PHASE_ENTER);
        asl_run_ready(run, frame);
        return;
    }
    asl_run_phase(run, frame, ASL_PHASE_FORK);
    asl_run_ready(run, frame);
    for (uint32_t i = fork->next; i > 0; i--) /* the first is to be on top of the stack */
        if (fork->children[i - 1].frame)
            resume(run, fork->children[i - 1].frame);
}

static enum mr_code on_redrive(struct asl_turn *turn)
{
    struct asl_run *run = turn->run;

    run->status = ASL_RUNNING;
    run->redrives++;
    run->redrive_ms = turn->now_ms;
    free(run->error);
    free(run->cause);
    run->error = run->cause = NULL;
    asl_history_add(turn, run->root, "ExecutionRedriven", NULL);
    resume(run, run->root);
    return set_machine_timer(turn);
}

/* The task that a distributed Map itself has out: a page read, results written. */
static enum mr_code on_exchange(struct asl_turn *turn, struct asl_frame *frame,
                                const struct asl_event *event, bool *ret_changed)
{
    if (frame->spread->exchange == ASL_EXCHANGE_NONE || event->kind == ASL_EVENT_HEARTBEAT)
        return MR_OK;
    *ret_changed = true;
    return event->kind == ASL_EVENT_TASK_OK
               ? asl_spread_answer(turn, frame, event->data)
               : asl_spread_refusal(turn, frame, event->cause ? event->cause : event->error);
}

static enum mr_code apply(struct asl_turn *turn, const struct asl_event *event, bool *ret_changed)
{
    struct asl_run *run = turn->run;
    struct asl_frame *frame = NULL;

    if (event->kind == ASL_EVENT_REDRIVE) {
        *ret_changed = run->status != ASL_RUNNING && run->root;
        return *ret_changed ? on_redrive(turn) : MR_OK;
    }
    if (run->status != ASL_RUNNING)
        return MR_OK;
    if (event->kind == ASL_EVENT_START) {
        *ret_changed = !run->started;
        return run->started ? MR_OK : on_start(turn, event);
    }
    if (event->kind == ASL_EVENT_CANCEL) {
        *ret_changed = true;
        run->started = true;
        return asl_turn_close(turn, ASL_ABORTED, event->error, event->cause);
    }
    frame = asl_run_find(run, event->seq);
    if (event->kind == ASL_EVENT_CHILD_OK || event->kind == ASL_EVENT_CHILD_FAILED)
        return frame && frame->phase == ASL_PHASE_SPREAD
                   ? asl_spread_child(turn, frame, event, ret_changed)
                   : MR_OK;
    if (frame && frame->attempt != event->attempt)
        frame = NULL;
    if (event->kind == ASL_EVENT_TIMER)
        return on_timer(turn, event, frame, ret_changed);
    if (event->kind == ASL_EVENT_EVALUATED) {
        *ret_changed = frame && frame->ask && frame->ask->number == event->number;
        return *ret_changed ? on_evaluated(turn, frame, event->data) : MR_OK;
    }
    if (frame && frame->phase == ASL_PHASE_SPREAD)
        return on_exchange(turn, frame, event, ret_changed);
    if (!frame || frame->phase != ASL_PHASE_TASK)
        return MR_OK;
    if (event->kind == ASL_EVENT_HEARTBEAT)
        return on_heartbeat(turn, frame, ret_changed);
    *ret_changed = true;
    return event->kind == ASL_EVENT_TASK_OK ? on_task_ok(turn, frame, event->data)
                                            : on_task_failed(turn, frame, event);
}

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
    rc = apply(&turn, event, ret_changed);
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
