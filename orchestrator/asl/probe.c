/* probe.c -- what the states' functions tell a probe. */
#include "orchestrator/asl/probe.h"

#include "orchestrator/asl/turn.h"

void asl_probe_json(struct asl_turn *turn, const char *what, const cJSON *value)
{
    if (turn->env->probe && value)
        turn->env->probe->seen(turn->env->probe->ctx, what, value);
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

enum mr_code asl_probe_fork(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    struct asl_answer answer = turn->env->probe->fork(turn->env->probe->ctx);
    struct asl_value *result;

    asl_fork_run_free(turn->run, frame);
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
