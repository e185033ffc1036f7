/* state_fail.c -- a fault that the definition asked for. */
#include "orchestrator/asl/turn.h"

/* What source names or answers; *ret is the caller's, and stays NULL where there is no source. */
static enum mr_code text_at(struct asl_scope *scope, const struct asl_template *source,
                            struct asl_value **ret, struct asl_fault *fault)
{
    struct asl_value *value;
    enum mr_code rc;

    if (!source)
        return MR_OK;
    rc = asl_template_value(source, scope, &value, fault);
    if (rc)
        return rc;
    if (cJSON_IsString(value->json)) {
        *ret = value;
        return MR_OK;
    }
    asl_value_unref(value);
    return asl_fault_set(
        fault, ASL_RUNTIME, "The value that %s '%.200s' names is not a string", source->field,
        source->kind == ASL_TEMPLATE_CALL ? source->call->text : source->path.text);
}

static enum mr_code enter(struct asl_turn *turn, struct asl_frame *frame, struct asl_fault *fault)
{
    const struct asl_fail *fail = &asl_turn_state(turn, frame)->fail;
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = frame->input};
    struct asl_value *error = NULL, *cause = NULL;
    enum mr_code rc = text_at(&scope, fail->error_path, &error, fault);

    if (!rc)
        rc = text_at(&scope, fail->cause_path, &cause, fault);
    asl_scope_release(&scope);
    if (!rc) { /* lent by the definition, or by the values until the fault has been dealt with */
        fault->error = error ? error->json->valuestring : fail->error;
        fault->cause = cause ? cause->json->valuestring : fail->cause;
        rc = asl_turn_fail(turn, frame, fault);
    }
    asl_value_unref(error);
    asl_value_unref(cause);
    return rc;
}

const struct asl_state_ops asl_fail_ops = {enter, NULL};
