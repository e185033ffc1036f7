/* step_event.c -- an event finds its frame, or changes nothing; what it says is done to that frame,
 * which is then ready to go on, or waits for something else.  step.c lets it go on. */
#include "orchestrator/asl/spread_turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* In the service's words, which begin with what was called and not with the state. */
static enum mr_code check_result(struct asl_turn *turn, struct asl_frame *frame,
                                 struct asl_value *result, struct asl_fault *fault)
{
    static const char service[] = "arn:aws:states:::", sdk[] = "aws-sdk:";
    const char *name = asl_turn_state(turn, frame)->task.resource;
    size_t len = strlen(name);
    enum mr_code rc = asl_io_check(turn, frame, result, fault);

    if (rc != MR_INVALID || !asl_turn_since(turn, ASL_ENGINE_REVIEW))
        return rc;
    if (strncmp(name, service, strlen(service)) == 0) {
        name += strlen(service);
        len = strcspn(name, ":");
        if (strncmp(name, sdk, strlen(sdk)) == 0)
            len = strlen(sdk) + strcspn(name + strlen(sdk), ":");
    }
    return asl_io_too_large(turn, name, len, fault);
}

static enum mr_code on_task_ok(struct asl_turn *turn, struct asl_frame *frame, const cJSON *data)
{
    struct asl_fault fault = {0};
    struct asl_value *result =
        asl_value_new_take(data ? cJSON_Duplicate(data, true) : cJSON_CreateNull());
    enum mr_code rc = result ? end_task(turn, frame, true) : MR_NO_MEMORY;

    if (!rc)
        rc = check_result(turn, frame, result, &fault);
    if (rc == MR_INVALID)
        asl_history_task(turn, frame, "Failed", NULL, &fault);
    if (rc) {
        asl_value_unref(result);
        return asl_turn_settle(turn, frame, rc, &fault);
    }
    asl_history_task(turn, frame, "Succeeded", result, NULL);
    asl_probe_value(turn, "result", result);
    rc = asl_task_ops.result(turn, frame, result, &fault);
    return asl_turn_settle(turn, frame, rc, &fault);
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
    struct asl_fault fault = {.heartbeat = heartbeat, .late = true};
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

    return asl_turn_settle(turn, frame, rc, &fault);
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
    rc = asl_wait_ops.result(turn, frame, NULL, &fault);
    return asl_turn_settle(turn, frame, rc, &fault);
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
    asl_turn_forget_tries(frame);
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

enum mr_code asl_turn_event(struct asl_turn *turn, const struct asl_event *event, bool *ret_changed)
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
