/* test_context.h -- the context object of a state that is tested: $$ and $states.context. */
#ifndef ASL_TEST_CONTEXT_H
#define ASL_TEST_CONTEXT_H

#include "common/base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether a request may bring it.  MR_INVALID: err names the member that may not be there, or what
 * it must be. */
MR_MUST_USE enum mr_code asl_test_context_check(const cJSON *context, struct mr_error *err);

struct asl_test_begun {         /* a run that has just begun; lent */
    const char *name;           /* of the state */
    const cJSON *state, *input; /* input NULL: {} */
    const char *role;           /* NULL: none */
    uint32_t tries;             /* so often the state was retried */
    bool in_map;                /* it is in a Map's first iteration, whose item is the input */
    int64_t now_ms;
};
/* *ret is the caller's, also where memory ran out. */
MR_MUST_USE enum mr_code asl_test_context_make(const struct asl_test_begun *, cJSON **ret);

#endif
