/* probe.c -- what the states' functions tell a probe. */
#include "orchestrator/asl/probe.h"

#include "orchestrator/asl/spread.h"
#include "orchestrator/asl/turn.h"

void asl_probe_json(struct asl_turn *turn, const char *what, const cJSON *value)
{
    if (turn->env->probe && value)
        turn->env->probe->seen(turn->env->probe->ctx, what, value);
}

bool asl_probe_begin(struct asl_turn *turn, struct asl_frame *frame)
{
    const cJSON *given = turn->env->probe ? turn->env->probe->variables : NULL, *item;

    cJSON_ArrayForEach(item, given)
    {
        const char *name = asl_machine_variable(turn->run->machine, item->string);
        struct asl_value *value;
        if (!name)
            continue; /* nothing reads it */
        value = asl_value_new_take(cJSON_Duplicate(item, true));
        if (!value || !asl_variables_add(&frame->variables, name, value))
            return false;
    }
    return true;
}

void asl_probe_variable(struct asl_turn *turn, const char *name, const struct asl_value *value)
{
    if (turn->env->probe)
        turn->env->probe->assigned(turn->env->probe->ctx, name, value->json);
}

static void tell_new(struct asl_turn *turn, const char *what, cJSON *value)
{
    if (!value)
        turn->no_memory = true;
    asl_probe_json(turn, what, value);
    cJSON_Delete(value);
}

void asl_probe_value(struct asl_turn *turn, const char *what, const struct asl_value *value)
{
    asl_probe_json(turn, what, value->json);
}

void asl_probe_number(struct asl_turn *turn, const char *what, double n)
{
    if (turn->env->probe)
        tell_new(turn, what, cJSON_CreateNumber(n));
}

void asl_probe_fault(struct asl_turn *turn, const struct asl_fault *fault)
{
    if (!turn->env->probe)
        return;
    if (fault->error)
        tell_new(turn, "error", cJSON_CreateString(fault->error));
    if (fault->cause)
        tell_new(turn, "cause", cJSON_CreateString(fault->cause));
}

/* What one item is given to its iteration, at the end of list. */
static enum mr_code select_item(struct asl_turn *turn, struct asl_frame *frame,
                                struct asl_scope *scope, cJSON *list, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_value *value;
    cJSON *item;
    enum mr_code rc = asl_io_fill(scope, state->fork.selector, &value, fault);

    asl_scope_release(scope);
    if (rc)
        return rc;
    item = asl_value_detach(value);
    if (item && cJSON_AddItemToArray(list, item))
        return MR_OK;
    cJSON_Delete(item);
    return MR_NO_MEMORY;
}

/* afterItemSelector: of a Map that speaks JSONPath, as far as its items are known. */
static enum mr_code tell_selected(struct asl_turn *turn, struct asl_frame *frame,
                                  struct asl_fault *fault)
{
    const struct asl_spread_run *spread = frame->spread;
    const struct asl_fork_run *fork = frame->fork;
    const struct asl_value *page = spread ? spread->slots[ASL_SLOT_PAGE] : fork->items;
    const cJSON *items = page ? page->json : turn->env->probe->items, *item;
    struct asl_scope scope = {
        .turn = turn, .frame = frame, .data = spread ? spread->slots[ASL_SLOT_INPUT] : fork->input};
    cJSON *list = cJSON_CreateArray();
    enum mr_code rc = list ? MR_OK : MR_NO_MEMORY;

    cJSON_ArrayForEach(item, items)
    {
        scope.item = item;
        if (!rc)
            rc = select_item(turn, frame, &scope, list, fault);
        scope.item_index++;
    }
    if (!rc)
        asl_probe_json(turn, "afterItemSelector", list);
    cJSON_Delete(list);
    return rc;
}

enum mr_code asl_probe_fork(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_answer answer;
    struct asl_value *result;
    enum mr_code rc = MR_OK;

    if (state->type == ASL_MAP && state->fork.selector)
        rc = tell_selected(turn, frame, fault);
    asl_fork_run_free(turn->run, frame);
    if (rc)
        return rc;
    answer = turn->env->probe->fork(turn->env->probe->ctx);
    if (answer.kind == ASL_ANSWER_FAILED) {
        fault->error = answer.error;
        fault->cause = answer.cause;
        return MR_INVALID;
    }
    result = asl_value_new_take(answer.output);
    if (!result)
        return MR_NO_MEMORY;
    return asl_io_output(turn, frame, result, fault);
}
