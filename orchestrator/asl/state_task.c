/* state_task.c -- work that is done elsewhere: an effect goes out, an event comes back. */
#include "orchestrator/asl/turn.h"

#include "orchestrator/asl/parse.h"

#include <stdlib.h>
#include <string.h>

enum mr_code asl_effect_task(struct asl_turn *turn, const struct asl_frame *frame,
                             struct asl_value *input)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_effect *effect = asl_effect_add(turn->effects, ASL_EFFECT_TASK, frame);
    size_t len;
    const char *text = asl_value_text(input, &len);

    if (!effect || !text)
        return MR_NO_MEMORY;
    effect->input = malloc(len + 1);
    if (!effect->input)
        return MR_NO_MEMORY;
    memcpy(effect->input, text, len + 1);
    effect->input_len = len;
    effect->resource = state->task.resource;
    effect->state = state->name;
    effect->entry = frame->entry;
    effect->token = state->task.token;
    if (frame->timeout_ms != ASL_NEVER)
        effect->timeout_ms = frame->timeout_ms - frame->since_ms;
    if (frame->heartbeat_ms != ASL_NEVER)
        effect->heartbeat_ms = frame->heartbeat_every_ms;
    return MR_OK;
}

static enum mr_code send(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *input)
{
    enum mr_code rc = asl_effect_task(turn, frame, input);

    if (!rc && frame->timeout_ms != ASL_NEVER)
        rc = asl_effect_timer(turn, frame, ASL_TIMER_TIMEOUT, frame->timeout_ms);
    if (!rc && frame->heartbeat_ms != ASL_NEVER)
        rc = asl_effect_timer(turn, frame, ASL_TIMER_HEARTBEAT, frame->heartbeat_ms);
    return rc;
}

/* TimeoutSeconds and HeartbeatSeconds; 0: none. */
static void limits_from(struct asl_turn *turn, struct asl_frame *frame, int64_t timeout_s,
                        int64_t heartbeat_s)
{
    frame->since_ms = turn->now_ms;
    frame->timeout_ms = timeout_s ? turn->now_ms + timeout_s * 1000 : ASL_NEVER;
    frame->heartbeat_ms = heartbeat_s ? turn->now_ms + heartbeat_s * 1000 : ASL_NEVER;
    frame->heartbeat_every_ms = heartbeat_s * 1000;
}

static enum mr_code set_limits(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_value *data, struct asl_fault *fault)
{
    const struct asl_task *task = &asl_turn_state(turn, frame)->task;
    int64_t timeout_s, heartbeat_s;
    enum mr_code rc = asl_io_number(turn, frame, &task->timeout_s, "TimeoutSecondsPath", 1,
                                    ASL_SECONDS_MAX, data, &timeout_s, fault);

    if (!rc)
        rc = asl_io_number(turn, frame, &task->heartbeat_s, "HeartbeatSecondsPath", 1,
                           ASL_SECONDS_MAX, data, &heartbeat_s, fault);
    if (rc)
        return rc;
    limits_from(turn, frame, task->timeout_s.set ? timeout_s : 0,
                task->heartbeat_s.set ? heartbeat_s : 0);
    return MR_OK;
}

enum mr_code asl_task_begin(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *input,
                            int64_t timeout_s, int64_t heartbeat_s)
{
    enum mr_code rc;

    limits_from(turn, frame, timeout_s, heartbeat_s);
    asl_run_phase(turn->run, frame, ASL_PHASE_TASK);
    rc = send(turn, frame, input);
    if (!rc)
        asl_history_scheduled(turn, frame, input);
    return rc;
}

static enum mr_code enter(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    struct asl_value *input;
    enum mr_code rc;

    if (turn->run->in_flight >= turn->in_flight_max) {
        asl_run_phase(turn->run, frame, ASL_PHASE_QUEUED);
        return MR_OK;
    }
    rc = asl_io_filter(turn, frame, &input, fault);
    if (rc)
        return rc;
    rc = set_limits(turn, frame, input, fault);
    if (!rc)
        rc = asl_io_parameters(turn, frame, &input, fault);
    if (!rc) {
        asl_run_phase(turn->run, frame, ASL_PHASE_TASK);
        rc = send(turn, frame, input);
    }
    if (!rc)
        asl_history_scheduled(turn, frame, input);
    asl_value_unref(input);
    return rc;
}

static enum mr_code answered(struct asl_turn *turn, struct asl_frame *frame,
                             struct asl_value *result, struct asl_fault *fault)
{
    return asl_io_output(turn, frame, result, fault);
}

const struct asl_state_ops asl_task_ops = {enter, answered};
