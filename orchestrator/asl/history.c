/* history.c -- entries of the history, named as AWS names them.  Ids are always counted, so that
 * they are the same whether anyone listens or not; details are made only for a listener. */
#include "orchestrator/asl/spread_turn.h"

#include <stdio.h>
#include <string.h>

enum { TYPE_NAME_MAX = 40 };

void asl_history_add(struct asl_turn *turn, struct asl_frame *frame, const char *type,
                     cJSON *details)
{
    uint64_t previous = frame ? frame->last_event : turn->run->events;
    uint64_t id = ++turn->run->events;

    if (frame)
        frame->last_event = id;
    if (turn->env->history)
        turn->env->history(turn->env->ctx, id, previous, type, turn->now_ms, details);
    cJSON_Delete(details);
}

static cJSON *object(struct asl_turn *turn)
{
    cJSON *json = cJSON_CreateObject();

    if (!json)
        turn->no_memory = true;
    return json;
}

static void add_str(struct asl_turn *turn, cJSON *json, const char *name, const char *text)
{
    if (json && text && !cJSON_AddStringToObject(json, name, text))
        turn->no_memory = true;
}

static void add_int(struct asl_turn *turn, cJSON *json, const char *name, double n)
{
    if (json && !cJSON_AddNumberToObject(json, name, n))
        turn->no_memory = true;
}

/* As AWS: data are JSON in a string. */
static void add_data(struct asl_turn *turn, cJSON *json, const char *name, struct asl_value *value)
{
    const char *text;
    size_t len;

    if (!json || !value)
        return;
    text = asl_value_text(value, &len);
    if (text)
        add_str(turn, json, name, text);
    else
        turn->no_memory = true;
}

void asl_history_state(struct asl_turn *turn, struct asl_frame *frame, const char *suffix,
                       struct asl_value *data)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    cJSON *details = NULL;
    char type[TYPE_NAME_MAX] = "";

    if (asl_history_wanted(turn)) {
        (void)snprintf(type, sizeof(type), "%sState%s", asl_type_name(state->type), suffix);
        details = object(turn);
        add_str(turn, details, "name", state->name);
        add_data(turn, details, strcmp(suffix, "Entered") == 0 ? "input" : "output", data);
        if (strcmp(suffix, "Started") == 0 && state->type == ASL_MAP)
            add_int(turn, details, "length",
                    frame->fork ? frame->fork->count : (double)frame->spread->items_read);
    }
    asl_history_add(turn, frame, type, details);
}

static const char *prefix(const struct asl_state *state)
{
    switch (state->task.kind) {
    case ASL_RESOURCE_LAMBDA:
        return "LambdaFunction";
    case ASL_RESOURCE_ACTIVITY:
        return "Activity";
    case ASL_RESOURCE_TASK:
        break;
    }
    return "Task";
}

void asl_history_task(struct asl_turn *turn, struct asl_frame *frame, const char *suffix,
                      struct asl_value *output, const struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    cJSON *details = NULL;
    char type[TYPE_NAME_MAX] = "";

    if (asl_history_wanted(turn)) {
        (void)snprintf(type, sizeof(type), "%s%s", prefix(state), suffix);
        details = object(turn);
        add_str(turn, details, "resource", state->task.resource);
        add_data(turn, details, "output", output);
        add_str(turn, details, "error", fault ? fault->error : NULL);
        add_str(turn, details, "cause", fault ? fault->cause : NULL);
    }
    asl_history_add(turn, frame, type, details);
}

void asl_history_scheduled(struct asl_turn *turn, struct asl_frame *frame, struct asl_value *input)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    cJSON *details = NULL;
    char type[TYPE_NAME_MAX] = "";

    if (asl_history_wanted(turn)) {
        (void)snprintf(type, sizeof(type), "%sScheduled", prefix(state));
        details = object(turn);
        add_str(turn, details, "resource", state->task.resource);
        add_data(turn, details, "parameters", input);
        add_int(turn, details, "attempt", frame->attempt);
        if (frame->timeout_ms != ASL_NEVER)
            add_int(turn, details, "timeoutInSeconds",
                    (double)(frame->timeout_ms - frame->since_ms) / 1000);
        if (frame->heartbeat_ms != ASL_NEVER)
            add_int(turn, details, "heartbeatInSeconds", (double)frame->heartbeat_every_ms / 1000);
    }
    asl_history_add(turn, frame, type, details);
    asl_history_task(turn, frame, "Started", NULL, NULL);
    if (state->task.submitted)
        asl_history_task(turn, frame, "Submitted", NULL, NULL);
}

void asl_history_failed(struct asl_turn *turn, struct asl_frame *frame, const char *type,
                        const char *error, const char *cause)
{
    cJSON *details = NULL;

    if (asl_history_wanted(turn)) {
        details = object(turn);
        add_str(turn, details, "error", error);
        add_str(turn, details, "cause", cause);
    }
    asl_history_add(turn, frame, type, details);
}

void asl_history_evaluation(struct asl_turn *turn, struct asl_frame *frame,
                            const struct asl_fault *fault)
{
    cJSON *details = NULL;

    if (asl_history_wanted(turn)) {
        details = object(turn);
        add_str(turn, details, "error", fault->error);
        add_str(turn, details, "cause", fault->cause);
        add_str(turn, details, "location", fault->location);
        add_str(turn, details, "state", asl_turn_state(turn, frame)->name);
    }
    asl_history_add(turn, frame, "EvaluationFailed", details);
}

void asl_history_run(struct asl_turn *turn, const char *type, const char *field,
                     struct asl_value *data)
{
    cJSON *details = NULL;

    if (asl_history_wanted(turn)) {
        details = object(turn);
        add_data(turn, details, field, data);
    }
    asl_history_add(turn, turn->run->root, type, details);
}

void asl_history_map_run(struct asl_turn *turn, struct asl_frame *frame, const char *suffix,
                         const struct asl_fault *fault)
{
    cJSON *details = NULL;
    char type[TYPE_NAME_MAX] = "";
    struct mr_buf arn = {0};

    if (asl_history_wanted(turn)) {
        (void)snprintf(type, sizeof(type), "MapRun%s", suffix);
        asl_spread_arn(turn->run, frame, &arn);
        details = object(turn);
        add_str(turn, details, "mapRunArn", arn.failed ? NULL : arn.data);
        add_str(turn, details, "error", fault ? fault->error : NULL);
        add_str(turn, details, "cause", fault ? fault->cause : NULL);
        mr_buf_release(&arn);
    }
    asl_history_add(turn, frame, type, details);
}

void asl_history_iteration(struct asl_turn *turn, struct asl_frame *map, struct asl_frame *child,
                           uint32_t index, const char *suffix)
{
    cJSON *details = NULL;
    char type[TYPE_NAME_MAX] = "";

    if (asl_history_wanted(turn)) {
        (void)snprintf(type, sizeof(type), "MapIteration%s", suffix);
        details = object(turn);
        add_str(turn, details, "name", asl_turn_state(turn, map)->name);
        add_int(turn, details, "index", index);
    }
    asl_history_add(turn, child ? child : map, type, details);
}
