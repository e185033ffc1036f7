/* query_enter.c -- what a state that speaks JSONata does once its fields are evaluated: a task is
 * begun, a wait, a failure, branches, items, or the rule of a Choice is followed. */
#include "orchestrator/asl/query_turn.h"

#include <string.h>

static enum mr_code fill_fields(const struct asl_queries *queries, const cJSON *values,
                                struct asl_filled *ret, struct asl_fault *fault)
{
    for (int i = 0; i < ASL_Q_ENTER_COUNT; i++) {
        enum mr_code rc;
        if (!queries->fields[i])
            continue;
        rc = asl_query_fill_in(queries->fields[i], &values, &ret->fields[i], fault);
        if (rc)
            return rc;
    }
    return MR_OK;
}

/* A number of seconds and the like.  The field absent: *ret stays as it was. */
static enum mr_code integer_of(struct asl_turn *turn, const struct asl_queries *queries,
                               const struct asl_filled *filled, enum asl_query_id id, double min,
                               double max, int64_t *ret, struct asl_fault *fault)
{
    double n;
    enum mr_code rc;

    if (!filled->fields[id])
        return MR_OK;
    rc = asl_query_number(turn, queries->fields[id], filled->fields[id], true, min, max, &n, fault);
    if (!rc)
        *ret = (int64_t)n;
    return rc;
}

/* A field's value, moved out of filled; else a reference to otherwise. NULL: no memory. */
static struct asl_value *value_of(struct asl_filled *filled, enum asl_query_id id,
                                  struct asl_value *otherwise)
{
    cJSON *json = filled->fields[id];

    filled->fields[id] = NULL;
    return json ? asl_value_new_take(json) : asl_value_ref(otherwise);
}

static enum mr_code begin_task(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_filled *filled, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_task *task = &state->task;
    int64_t timeout_s = task->timeout_s.set ? task->timeout_s.n : 0;
    int64_t heartbeat_s = task->heartbeat_s.set ? task->heartbeat_s.n : 0;
    struct asl_value *input;
    enum mr_code rc =
        integer_of(turn, state->queries, filled, ASL_Q_TIMEOUT, 1, 99999999, &timeout_s, fault);

    if (!rc)
        rc = integer_of(turn, state->queries, filled, ASL_Q_HEARTBEAT, 1, 99999999, &heartbeat_s,
                        fault);
    if (rc)
        return rc;
    input = value_of(filled, ASL_Q_ARGUMENTS, frame->input);
    if (!input)
        return MR_NO_MEMORY;
    asl_probe_value(turn, "afterArguments", input);
    rc = asl_io_check(turn, frame, input, fault);
    if (rc) {
        asl_value_unref(input);
        return rc;
    }
    asl_run_hold(turn->run, &frame->arguments, input);
    return asl_task_begin(turn, frame, input, timeout_s, heartbeat_s);
}

static enum mr_code begin_wait(struct asl_turn *turn, struct asl_frame *frame,
                               const struct asl_filled *filled, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const cJSON *timestamp = filled->fields[ASL_Q_TIMESTAMP];
    struct asl_timestamp until = state->wait.until;
    int64_t seconds = -1, due_ms;
    enum mr_code rc =
        integer_of(turn, state->queries, filled, ASL_Q_SECONDS, 0, 99999999, &seconds, fault);

    if (rc)
        return rc;
    if (state->wait.seconds.set)
        seconds = state->wait.seconds.n;
    if (timestamp && !cJSON_IsString(timestamp))
        return asl_query_mistyped(turn, state->queries->fields[ASL_Q_TIMESTAMP], "string",
                                  timestamp, fault);
    if (timestamp && !asl_timestamp_parse(timestamp->valuestring, &until))
        return asl_fault_set(fault, ASL_QUERY_ERROR,
                             "The JSONata expression '%.200s' specified for the field 'Timestamp' "
                             "returned '%.80s', which is not a valid RFC3339 timestamp.",
                             state->queries->fields[ASL_Q_TIMESTAMP]->text, timestamp->valuestring);
    due_ms = seconds >= 0 ? turn->now_ms + seconds * 1000 : asl_timestamp_ms(&until);
    if (due_ms <= turn->now_ms)
        return asl_query_result(turn, frame, NULL, fault);
    return asl_wait_begin(turn, frame, due_ms);
}

static enum mr_code begin_fail(struct asl_turn *turn, struct asl_frame *frame,
                               const struct asl_filled *filled, struct asl_fault *fault)
{
    static const enum asl_query_id ids[] = {ASL_Q_ERROR, ASL_Q_CAUSE};
    const struct asl_state *state = asl_turn_state(turn, frame);
    const char *texts[] = {state->fail.error, state->fail.cause};

    for (int i = 0; i < 2; i++) {
        const cJSON *json = filled->fields[ids[i]];
        if (!json)
            continue;
        if (!cJSON_IsString(json))
            return asl_query_mistyped(turn, state->queries->fields[ids[i]], "string", json, fault);
        texts[i] = asl_turn_keep(turn, json->valuestring, strlen(json->valuestring));
        if (!texts[i])
            return MR_NO_MEMORY;
    }
    fault->error = texts[0];
    fault->cause = texts[1];
    return asl_turn_fail(turn, frame, fault);
}

static enum mr_code begin_parallel(struct asl_turn *turn, struct asl_frame *frame,
                                   struct asl_filled *filled, struct asl_fault *fault)
{
    struct asl_value *input = value_of(filled, ASL_Q_ARGUMENTS, frame->input);
    enum mr_code rc;

    if (!input)
        return MR_NO_MEMORY;
    asl_probe_value(turn, "afterArguments", input);
    rc = asl_io_check(turn, frame, input, fault);
    if (!rc)
        return asl_parallel_begin(turn, frame, input, fault);
    asl_value_unref(input);
    return rc;
}

static enum mr_code input_no_array(struct asl_turn *turn, struct asl_frame *frame,
                                   struct asl_fault *fault)
{
    size_t len;
    const char *text = asl_value_text(frame->input, &len);

    (void)turn;
    return text ? asl_fault_set(fault, ASL_QUERY_ERROR,
                                "Map state input must be an array but was: %.600s", text)
                : MR_NO_MEMORY;
}

static enum mr_code begin_map(struct asl_turn *turn, struct asl_frame *frame,
                              struct asl_filled *filled, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const cJSON *json = filled->fields[ASL_Q_ITEMS];
    int64_t concurrency = state->fork.concurrency.set ? state->fork.concurrency.n : 0;
    struct asl_value *items;
    enum mr_code rc = integer_of(turn, state->queries, filled, ASL_Q_CONCURRENCY, 0, 99999999,
                                 &concurrency, fault);

    if (rc)
        return rc;
    if (state->fork.spread && state->fork.spread->reader)
        return asl_spread_enter(turn, frame, asl_value_ref(frame->input), NULL, concurrency, filled,
                                fault);
    if (json && !cJSON_IsArray(json) && !(state->fork.spread && cJSON_IsObject(json)))
        return asl_query_mistyped(turn, state->queries->fields[ASL_Q_ITEMS], "array", json, fault);
    if (!json && !cJSON_IsArray(frame->input->json) &&
        !(state->fork.spread && cJSON_IsObject(frame->input->json)))
        return input_no_array(turn, frame, fault);
    items = value_of(filled, ASL_Q_ITEMS, frame->input);
    if (!items)
        return MR_NO_MEMORY;
    if (state->fork.spread)
        return asl_spread_enter(turn, frame, asl_value_ref(frame->input), items, concurrency,
                                filled, fault);
    return asl_map_begin(turn, frame, frame->input, items, concurrency, fault);
}

static enum mr_code begin_choice(struct asl_turn *turn, struct asl_frame *frame, uint32_t chosen,
                                 const cJSON *values, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_choices *choices = &state->choices;

    if (chosen > choices->count)
        return asl_query_misshapen(fault);
    if (chosen < choices->count)
        return asl_query_leave(turn, frame, &choices->rules[chosen].query->way, frame->input,
                               values, choices->rules[chosen].next, fault);
    if (choices->otherwise == ASL_NONE)
        return asl_fault_set(fault, ASL_NO_CHOICE_MATCHED,
                             "Failed to transition out of the state '%.80s'. The state does not "
                             "point to a next state.",
                             state->name);
    return asl_query_leave(turn, frame, &state->queries->way, frame->input, values,
                           choices->otherwise, fault);
}

enum mr_code asl_query_begin(struct asl_turn *turn, struct asl_frame *frame, uint32_t chosen,
                             const cJSON *values, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_filled filled = {0};
    enum mr_code rc;

    if (state->type == ASL_CHOICE)
        return begin_choice(turn, frame, chosen, values, fault);
    rc = fill_fields(state->queries, values, &filled, fault);
    if (!rc && state->type == ASL_TASK)
        rc = begin_task(turn, frame, &filled, fault);
    else if (!rc && state->type == ASL_WAIT)
        rc = begin_wait(turn, frame, &filled, fault);
    else if (!rc && state->type == ASL_FAIL)
        rc = begin_fail(turn, frame, &filled, fault);
    else if (!rc && state->type == ASL_PARALLEL)
        rc = begin_parallel(turn, frame, &filled, fault);
    else if (!rc)
        rc = begin_map(turn, frame, &filled, fault);
    asl_filled_release(&filled);
    return rc;
}
