/* assign.c -- values for variables.  parse_assign.c reads what is evaluated here. */
#include "orchestrator/asl/assign.h"

#include "orchestrator/asl/scope.h"
#include "orchestrator/asl/turn.h"

enum mr_code asl_assign_fill(const struct asl_assign *assign, struct asl_scope *scope,
                             struct asl_variables *ret, struct asl_fault *fault)
{
    struct asl_variables list = {0};
    enum mr_code rc = MR_OK;

    for (uint32_t i = 0; assign && !rc && i < assign->count; i++) {
        struct asl_value *value = NULL;
        rc = asl_template_value(&assign->items[i].value, scope, &value, fault);
        if (!rc && !asl_variables_add(&list, assign->items[i].name, value))
            rc = MR_NO_MEMORY;
    }
    if (!rc && list.count > 0)
        rc = asl_variables_check(scope->turn, scope->frame, &list, fault);
    if (rc)
        asl_variables_release(&list);
    else
        *ret = list;
    return rc;
}
