/* query_leave.c -- the way out of a state that speaks JSONata: its output and what it assigns,
 * checked before any of it counts. */
#include "orchestrator/asl/query_turn.h"

static enum mr_code fill_assign(const struct asl_way *way, const cJSON **values,
                                struct asl_variables *ret, struct asl_fault *fault)
{
    for (uint32_t i = 0; i < way->assign_count; i++) {
        cJSON *json;
        enum mr_code rc = asl_query_fill_in(&way->assign[i].value, values, &json, fault);
        if (rc)
            return rc;
        if (!asl_variables_add(ret, way->assign[i].name, asl_value_new_take(json)))
            return MR_NO_MEMORY;
    }
    return MR_OK;
}

/* Output, else otherwise; *ret is the caller's. */
static enum mr_code fill_output(struct asl_turn *turn, struct asl_frame *frame,
                                const struct asl_way *way, struct asl_value *otherwise,
                                const cJSON **values, struct asl_value **ret,
                                struct asl_fault *fault)
{
    struct asl_value *output;
    cJSON *json;
    enum mr_code rc;

    if (way->output) {
        rc = asl_query_fill_in(way->output, values, &json, fault);
        if (rc)
            return rc;
        output = asl_value_new_take(json);
    } else {
        output = asl_value_ref(otherwise);
    }
    if (!output)
        return MR_NO_MEMORY;
    rc = asl_io_check(turn, frame, output, fault);
    if (rc)
        asl_value_unref(output);
    else
        *ret = output;
    return rc;
}

enum mr_code asl_query_leave(struct asl_turn *turn, struct asl_frame *frame,
                             const struct asl_way *way, struct asl_value *otherwise,
                             const cJSON *values, int32_t next, struct asl_fault *fault)
{
    struct asl_variables assigned = {0};
    struct asl_value *output = NULL;
    enum mr_code rc = fill_output(turn, frame, way, otherwise, &values, &output, fault);

    if (!rc)
        rc = fill_assign(way, &values, &assigned, fault);
    if (!rc && assigned.count > 0)
        rc = asl_variables_check(turn, frame, &assigned, fault);
    if (!rc) {
        asl_variables_apply(turn, frame, &assigned);
        return asl_turn_leave(turn, frame, output, next);
    }
    asl_value_unref(output);
    asl_variables_release(&assigned);
    return rc;
}
