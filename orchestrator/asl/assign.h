/* assign.h -- the Assign field where JSONPath is spoken: of a state, a Choice rule or a catcher. */
#ifndef ASL_ASSIGN_H
#define ASL_ASSIGN_H

#include "orchestrator/asl/template.h"
#include "orchestrator/asl/variables.h"

struct asl_assignment {
    const char *name; /* of the machine */
    struct asl_template value;
};
struct asl_assign {
    struct asl_assignment *items;
    uint32_t count;
};

struct asl_scope;
/* Evaluates all of assign (NULL: none) in scope into *ret, and checks it: what then remains is
 * asl_variables_apply().  On failure *ret is empty. */
MR_MUST_USE enum mr_code asl_assign_fill(const struct asl_assign *assign, struct asl_scope *scope,
                                         struct asl_variables *ret, struct asl_fault *fault);

#endif
