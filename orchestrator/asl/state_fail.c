/* state_fail.c -- a fault that the definition asked for. */
#include "orchestrator/asl/turn.h"

static enum mr_code text_at(struct asl_scope *scope, const struct asl_path *path, const char *field,
                            const char **ret, struct asl_fault *fault)
{
    const cJSON *found;
    enum mr_code rc;

    if (!path)
        return MR_OK;
    rc = asl_scope_get(scope, path, field, &found, fault);
    if (rc)
        return rc;
    if (!cJSON_IsString(found))
        return asl_fault_set(fault, ASL_RUNTIME, "The value that %s '%.200s' names is not a string",
                             field, path->text);
    *ret = found->valuestring;
    return MR_OK;
}

static enum mr_code enter(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    const struct asl_fail *fail = &asl_turn_state(turn, frame)->fail;
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = frame->input};
    const char *error = fail->error, *cause = fail->cause;
    enum mr_code rc = text_at(&scope, fail->error_path, "ErrorPath", &error, fault);

    if (!rc)
        rc = text_at(&scope, fail->cause_path, "CausePath", &cause, fault);
    if (!rc) {
        fault->error = error; /* lent by the definition, the frame's input or the context */
        fault->cause = cause;
        rc = asl_turn_fail(turn, frame, fault);
    }
    asl_scope_release(&scope);
    return rc;
}

const struct asl_state_ops asl_fail_ops = {enter, NULL};
