/* evaluate.c -- JSONata for commands without a cluster: one evaluator, started when it is wanted
 * and ended with the command. */
#include "gateway/cli/workflow.h"

#include "orchestrator/evaluator/machine_check.h"

static struct ev_config config;
static struct ev *evaluator;

static enum mr_code begin(struct mr_error *err)
{
    if (evaluator)
        return MR_OK;
    ev_config_default(&config);
    return ev_new(&config, &evaluator, err);
}

enum mr_code cli_evaluate(void *ctx, const char *request, size_t len, struct mr_buf *ret,
                          struct mr_error *err)
{
    enum mr_code rc = begin(err);

    (void)ctx;
    return rc ? rc : ev_eval(evaluator, request, len, ret, err);
}

enum mr_code cli_parse_workflow(const char *text, size_t len,
                                const struct asl_parse_options *options,
                                struct asl_diagnostics *diags, struct asl_machine **ret,
                                struct mr_error *err)
{
    struct asl_machine *machine = NULL;
    enum mr_code rc = asl_machine_parse_as(text, len, options, diags, &machine, err);

    if (!rc)
        rc = begin(err);
    if (!rc)
        rc = ev_machine_check(evaluator, machine, diags, err);
    if (rc)
        asl_machine_unref(machine);
    else
        *ret = machine;
    return rc;
}

void cli_evaluator_end(void)
{
    ev_free(evaluator);
    evaluator = NULL;
}
