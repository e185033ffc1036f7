/* definition.c -- is a text a machine?  Every diagnostic goes to the client. */
#include "common/base/json.h"
#include "gateway/handlers.h"

bool gw_definition_check(struct gw_exchange *ex, const char *text, size_t len)
{
    struct asl_diagnostics diags = {0};
    struct asl_machine *machine = NULL;
    struct mr_buf members = {0}, list = {0};
    struct mr_error err;
    enum mr_code rc = asl_machine_parse(text, len, &diags, &machine, &err);

    asl_machine_unref(machine);
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
    struct asl_machine *machine = NULL;
    struct mr_buf body = {0};
    struct mr_error err;
    enum mr_code rc;

    (void)app;
    rc = asl_machine_parse(ex->body.data, ex->body.len, &diags, &machine, &err);
    asl_machine_unref(machine);
    if (rc && rc != MR_INVALID) {
        gw_problem_error(ex, &err);
    } else {
        (void)asl_diagnostics_print(&diags, &body);
        gw_exchange_json(ex, 200, &body);
    }
    asl_diagnostics_release(&diags);
}
