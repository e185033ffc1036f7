/* definition.c -- is a text a machine, and its JSONata JSONata?  Every diagnostic goes to the
 * client. */
#include "common/base/json.h"
#include "common/base/log.h"
#include "gateway/handlers.h"
#include "orchestrator/evaluator/machine_check.h"

/* The loop waits so long at most: for all of a definition, for a child to be started. */
enum { CHECK_MS = 250, START_MS = 1000 };

/* Without an evaluator the expressions are believed: their jobs find out. */
static enum mr_code check_expressions(struct gw_app *app, const struct asl_machine *machine,
                                      struct asl_diagnostics *diags, struct mr_error *err)
{
    size_t count = 0;
    enum mr_code rc = MR_OK;

    (void)asl_machine_expressions(machine, &count);
    if (count == 0)
        return MR_OK;
    if (!app->ev) {
        ev_config_default(&app->evaluator);
        app->evaluator.time_ms = app->evaluator.check_ms = CHECK_MS;
        app->evaluator.start_ms = START_MS;
        rc = ev_new(&app->evaluator, &app->ev, err);
    }
    if (!rc)
        rc = ev_machine_check(app->ev, machine, diags, err);
    if (rc != MR_UNAVAILABLE)
        return rc;
    mr_log_error(MR_WARN, "gateway.expressions_unchecked", err, " count=%zu", count);
    return MR_OK;
}

static enum mr_code parse(struct gw_app *app, const char *text, size_t len,
                          struct asl_diagnostics *diags, struct mr_error *err)
{
    struct asl_machine *machine = NULL;
    enum mr_code rc = asl_machine_parse(text, len, diags, &machine, err);

    if (!rc)
        rc = check_expressions(app, machine, diags, err);
    asl_machine_unref(machine);
    return rc;
}

bool gw_definition_check(struct gw_app *app, struct gw_exchange *ex, const char *text, size_t len)
{
    struct asl_diagnostics diags = {0};
    struct mr_buf members = {0}, list = {0};
    struct mr_error err;
    enum mr_code rc = parse(app, text, len, &diags, &err);

    if (rc == MR_INVALID || rc == MR_TOO_LARGE) {
        struct mr_jw w;
        mr_jw_begin(&w, &list);
        mr_jw_open(&w, NULL, '[');
        for (size_t i = 0; i < diags.count; i++) {
            const struct asl_diagnostic *diag = &diags.items[i];
            mr_jw_open(&w, NULL, '{');
            mr_jw_str(&w, "severity", diag->severity == ASL_SEVERITY_ERROR ? "ERROR" : "WARNING");
            mr_jw_str(&w, "code", diag->code);
            mr_jw_str(&w, "pointer", diag->location);
            mr_jw_str(&w, "detail", diag->message);
            mr_jw_close(&w, '}');
        }
        mr_jw_close(&w, ']');
        (void)mr_buf_addf(&members, ",\"errors\":%s", list.failed || !list.data ? "[]" : list.data);
        gw_problem_more(ex, 422, mr_code_name(rc), err.text, NULL,
                        members.failed ? NULL : members.data);
    } else if (rc) {
        gw_problem_error(ex, &err);
    }
    mr_buf_release(&members);
    mr_buf_release(&list);
    asl_diagnostics_release(&diags);
    return rc == MR_OK;
}

void gw_validate(struct gw_app *app, struct gw_exchange *ex)
{
    struct asl_diagnostics diags = {0};
    struct mr_buf body = {0};
    struct mr_error err;
    enum mr_code rc = parse(app, ex->body.data, ex->body.len, &diags, &err);

    if (rc && rc != MR_INVALID) {
        gw_problem_error(ex, &err);
    } else {
        (void)asl_diagnostics_print(&diags, &body);
        gw_exchange_json(ex, 200, &body);
    }
    asl_diagnostics_release(&diags);
}
