/* template.h -- payload templates: Parameters, ItemSelector, ResultSelector. JSON in which a
 * member named "x.$" becomes a member "x" with what its path names or its function answers. */
#ifndef ASL_TEMPLATE_H
#define ASL_TEMPLATE_H

#include "orchestrator/asl/intrinsic.h"
#include "orchestrator/asl/path.h"
#include "orchestrator/asl/value.h"

enum asl_template_kind {
    ASL_TEMPLATE_CONSTANT, /* nothing to fill in below here */
    ASL_TEMPLATE_PATH,
    ASL_TEMPLATE_CALL, /* of an intrinsic function */
    ASL_TEMPLATE_OBJECT,
    ASL_TEMPLATE_ARRAY,
};

struct asl_template {
    enum asl_template_kind kind;
    const char *key;      /* of this member in its result; NULL in arrays and at the top */
    const char *field;    /* as written, "x.$" */
    const cJSON *json;    /* CONSTANT; lent by the definition */
    struct asl_path path; /* PATH */
    const struct asl_intrinsic *call; /* CALL */
    struct asl_template *items;
    uint32_t count;
};

struct asl_scope;
/* *ret is the caller's.  A path that names nothing is States.Runtime. */
MR_MUST_USE enum mr_code asl_template_fill(const struct asl_template *, struct asl_scope *,
                                           cJSON **ret, struct asl_fault *fault);
/* The same as a value, shared with what the path names where that is all of it. */
MR_MUST_USE enum mr_code asl_template_value(const struct asl_template *, struct asl_scope *,
                                            struct asl_value **ret, struct asl_fault *fault);

#endif
