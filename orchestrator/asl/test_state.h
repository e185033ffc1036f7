/* test_state.h -- one state and one input, as AWS's TestState takes and answers them: nothing is
 * called, what a task, a Map or a Parallel comes to is mocked, and the data are shown at each stage
 * on their way through the state.  docs/workflows.md has the members of both. */
#ifndef ASL_TEST_STATE_H
#define ASL_TEST_STATE_H

#include "orchestrator/asl/step.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct asl_test {            /* lent */
    const cJSON *definition; /* a state, or with options.stateName a machine that has it; as a tree,
                                or as a string with its text */
    const cJSON *input;      /* NULL: {} */
    const cJSON *options;    /* inspectionLevel, stateName, variables, context, mock,
                                stateConfiguration, revealSecrets, roleArn; NULL: none */
    asl_evaluate_fn *evaluate; /* JSONata; NULL: a state that speaks it is MR_UNSUPPORTED */
    void *evaluate_ctx;
    int64_t now_ms; /* what the context object says that it is */
};

/* *ret is the caller's: {"status": SUCCEEDED | FAILED | RETRIABLE | CAUGHT_ERROR, "output",
 * "error", "cause", "nextState", "inspectionData"}, or where the request itself is off {"status":
 * "REQUEST_REJECTED", "error": ValidationException | InvalidDefinition, "cause"}.
 * Any trees are taken; only MR_NO_MEMORY and MR_INTERNAL come back. */
MR_MUST_USE enum mr_code asl_test_state(const struct asl_test *, cJSON **ret, struct mr_error *err);

#endif
