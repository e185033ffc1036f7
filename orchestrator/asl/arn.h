/* arn.h -- ids in the form that the service gives them, since definitions take them apart at their
 * colons: the seventh part behind one of an execution's id is the job's, the sixth of a workflow's
 * its name.  Runs of engines before ASL_ENGINE_ARNS have the bare ids. */
#ifndef ASL_ARN_H
#define ASL_ARN_H

struct asl_run;

enum { ASL_ARN_SIZE = 512 };
/* A region and an account, of which there are none. */
#define ASL_ARN_ACCOUNT "000000000000"
#define ASL_ARN_PLACE   "local:" ASL_ARN_ACCOUNT

/* $$.Execution.Id, ExecutionArn: arn:aws:states:<place>:execution:<workflow>:<job>, the workflow
 * being "-" where it is an inline one.  Into buf, or lent by the run. */
const char *asl_arn_execution(const struct asl_run *, char buf[ASL_ARN_SIZE]);
/* $$.StateMachine.Id, StateMachineArn: arn:aws:states:<place>:stateMachine:<workflow>. */
const char *asl_arn_workflow(const struct asl_run *, char buf[ASL_ARN_SIZE]);
/* $$.Execution.RoleArn: nothing here has a role; definitions that ask for it get a name of its
 * form. */
const char *asl_arn_role(const struct asl_run *);
/* Of an execution of which no run is left. */
const char *asl_arn_of(const char *workflow, const char *job, char buf[ASL_ARN_SIZE]);

#endif
