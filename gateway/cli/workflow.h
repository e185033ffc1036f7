/* workflow.h -- the words behind `millrace workflow`; each prints what it has to say. */
#ifndef CLI_WORKFLOW_H
#define CLI_WORKFLOW_H

#include "gateway/cli/cli.h"

/* workflow_local.c: without a cluster */
cli_verb_fn cli_workflow_validate, cli_workflow_test_state, cli_workflow_simulate;

#endif
