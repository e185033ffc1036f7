/* probe.c -- what the states' functions tell a probe. */
#include "orchestrator/asl/probe.h"

#include "orchestrator/asl/spread_turn.h"

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

static bool selects(const struct asl_state *state)
{
    return state->fork.selector || asl_query_selects(state);
}

bool asl_probe_items(const struct asl_turn *turn, const struct asl_state *state)
{
    const struct asl_spread *spread = state->type == ASL_MAP ? state->fork.spread : NULL;

    if (state->type != ASL_MAP || (spread && spread->reader && !turn->env->probe->reads))
        return false;
    return selects(state) || (spread && (spread->reader || spread->batches));
}

void asl_probe_selected(struct asl_turn *turn, const struct asl_frame *frame,
                        const struct asl_value *value)
{
    if (turn->env->probe && selects(asl_turn_state(turn, frame)))
        asl_probe_value(turn, "selected", value);
}

enum mr_code asl_probe_fork(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    const bool parallel = asl_turn_state(turn, frame)->type == ASL_PARALLEL;
    struct asl_answer answer;
    struct asl_value *result;
    int64_t items = -1;

    if (frame->fork && !parallel)
        items = frame->fork->count;
    else if (frame->spread && frame->spread->read_all)
        items = (int64_t)frame->spread->items_read;
    asl_fork_run_free(turn->run, frame);
    answer = turn->env->probe->fork(turn->env->probe->ctx, items);
    if (answer.kind == ASL_ANSWER_FAILED) {
        fault->error = answer.error;
        fault->cause = answer.cause;
        fault->branch = parallel;
        return MR_INVALID;
    }
    result = asl_value_new_take(answer.output);
    if (!result)
        return MR_NO_MEMORY;
    return asl_io_output(turn, frame, result, fault);
}
