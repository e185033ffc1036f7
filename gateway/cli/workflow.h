/* workflow.h -- the words behind `millrace workflow`; each prints what it has to say. */
#ifndef CLI_WORKFLOW_H
#define CLI_WORKFLOW_H

#include "gateway/cli/cli.h"
#include "orchestrator/asl/machine.h"

/* workflow_local.c: without a cluster */
cli_verb_fn cli_workflow_validate, cli_workflow_test_state, cli_workflow_simulate;

/* evaluate.c: an asl_evaluate_fn */
enum mr_code cli_evaluate(void *ctx, const char *request, size_t len, struct mr_buf *ret,
                          struct mr_error *err);
/* As asl_machine_parse_as(), and its JSONata is checked too. */
MR_MUST_USE enum mr_code cli_parse_workflow(const char *text, size_t len,
                                            const struct asl_parse_options *,
                                            struct asl_diagnostics *diags,
                                            struct asl_machine **ret, struct mr_error *err);
void cli_evaluator_end(void);

#endif
