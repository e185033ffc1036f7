/* state_wait.c -- a timer, unless the time has already come. */
#include "orchestrator/asl/turn.h"

#include "common/base/json.h"
#include "orchestrator/asl/parse.h"

static enum mr_code no_timestamp(const struct asl_turn *turn, const struct asl_path *path,
                                 const cJSON *found, struct asl_fault *fault)
{
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;

    if (cJSON_IsString(found))
        rc = mr_buf_add_str(&text, found->valuestring);
    else if (asl_turn_since(turn, ASL_ENGINE_REVIEW))
        rc = mr_json_print(found, &text);
    else
        rc = mr_buf_add_str(&text, "not text");
    if (!rc)
        rc = asl_fault_set(fault, ASL_RUNTIME,
                           "The TimestampPath parameter does not reference a valid ISO-8601 "
                           "extended offset date-time format string: %.120s == %.80s",
                           path->text, text.len ? text.data : "");
    mr_buf_release(&text);
    return rc;
}

static enum mr_code until_path(struct asl_turn *turn, struct asl_frame *frame,
                               const struct asl_path *path, struct asl_value *data, int64_t *ret,
                               struct asl_fault *fault)
{
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = data};
    struct asl_timestamp time;
    const cJSON *found = NULL;
    enum mr_code rc = asl_scope_find(&scope, path, &found, fault);

    if (!rc && !found)
        rc = asl_fault_set(fault, ASL_RUNTIME,
                           "The TimestampPath parameter does not reference an input value: %.200s",
                           path->text);
    else if (!rc && (!cJSON_IsString(found) || !asl_timestamp_parse(found->valuestring, &time)))
        rc = no_timestamp(turn, path, found, fault);
    else if (!rc)
        *ret = asl_timestamp_ms(&time);
    asl_scope_release(&scope);
    return rc;
}

static enum mr_code find_due(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *data,
                             int64_t *ret, struct asl_fault *fault)
{
    const struct asl_wait *wait = &asl_turn_state(turn, frame)->wait;
    int64_t seconds;
    enum mr_code rc;

    if (wait->until_path)
        return until_path(turn, frame, wait->until_path, data, ret, fault);
    *ret = asl_timestamp_ms(&wait->until);
    if (!wait->seconds.set)
        return MR_OK;
    rc = asl_io_number(turn, frame, &wait->seconds, "SecondsPath", 0, ASL_SECONDS_MAX, data,
                       &seconds, fault);
    if (!rc)
        *ret = turn->now_ms + seconds * 1000;
    return rc;
}

static enum mr_code go_on(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *data,
                          struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);

    return asl_io_pass_on(turn, frame, data, state->assign, state->next, fault);
}

enum mr_code asl_wait_begin(struct asl_turn *turn, struct asl_frame *frame, int64_t due_ms)
{
    frame->due_ms = due_ms;
    asl_run_phase(turn->run, frame, ASL_PHASE_WAIT);
    return asl_effect_timer(turn, frame, ASL_TIMER_WAIT, due_ms);
}

static enum mr_code enter(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    struct asl_value *data;
    int64_t due_ms;
    enum mr_code rc = asl_io_filter(turn, frame, &data, fault);

    if (rc)
        return rc;
    rc = find_due(turn, frame, data, &due_ms, fault);
    if (!rc && due_ms <= turn->now_ms)
        return go_on(turn, frame, data, fault);
    asl_value_unref(data);
    if (rc)
        return rc;
    return asl_wait_begin(turn, frame, due_ms);
}

static enum mr_code waited(struct asl_turn *turn, struct asl_frame *frame,
                           struct asl_value *nothing, struct asl_fault *fault)
{
    struct asl_value *data;
    enum mr_code rc;

    (void)nothing;
    if (asl_turn_state(turn, frame)->queries)
        return asl_query_result(turn, frame, NULL, fault);
    rc = asl_io_filter(turn, frame, &data, fault);
    if (rc)
        return rc;
    return go_on(turn, frame, data, fault);
}

const struct asl_state_ops asl_wait_ops = {enter, waited};
