/* test_syntax.h -- the expressions of what is tested, before anything of it runs. */
#ifndef ASL_TEST_SYNTAX_H
#define ASL_TEST_SYNTAX_H

#include "orchestrator/asl/machine.h"
#include "orchestrator/asl/step.h"

/* Asks evaluate (NULL: nobody knows) for the syntax of all expressions of machine.  MR_INVALID: err
 * has the code, the words and the place of the first that is none. */
MR_MUST_USE enum mr_code asl_test_syntax_check(asl_evaluate_fn *evaluate, void *ctx,
                                               const struct asl_machine *machine,
                                               struct mr_error *err);

#endif
