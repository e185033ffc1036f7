/* arn.c -- see arn.h. */
#include "orchestrator/asl/arn.h"

#include "orchestrator/asl/frame.h"
#include "orchestrator/asl/step.h"

#include <stdio.h>

const char *asl_arn_of(const char *workflow, const char *job, char buf[ASL_ARN_SIZE])
{
    (void)snprintf(buf, ASL_ARN_SIZE, "arn:aws:states:" ASL_ARN_PLACE ":execution:%.120s:%.200s",
                   workflow[0] ? workflow : "-", job);
    return buf;
}

const char *asl_arn_execution(const struct asl_run *run, char buf[ASL_ARN_SIZE])
{
    return run->engine < ASL_ENGINE_ARNS ? run->job : asl_arn_of(run->workflow, run->job, buf);
}

const char *asl_arn_workflow(const struct asl_run *run, char buf[ASL_ARN_SIZE])
{
    if (run->engine < ASL_ENGINE_ARNS)
        return run->workflow;
    (void)snprintf(buf, ASL_ARN_SIZE, "arn:aws:states:" ASL_ARN_PLACE ":stateMachine:%.120s",
                   run->workflow[0] ? run->workflow : "-");
    return buf;
}

const char *asl_arn_role(const struct asl_run *run)
{
    return run->engine < ASL_ENGINE_ARNS ? "arn:millrace:iam:::role/millrace"
                                         : "arn:aws:iam::" ASL_ARN_ACCOUNT ":role/millrace";
}
