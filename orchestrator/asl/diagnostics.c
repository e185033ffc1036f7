/* diagnostics.c -- the list of what is wrong with a definition, and its JSON. */
#include "orchestrator/asl/machine.h"

#include "common/base/json.h"

#include <stdlib.h>

void asl_diagnostics_release(struct asl_diagnostics *diags)
{
    if (!diags)
        return;
    free(diags->items);
    *diags = (struct asl_diagnostics){0};
}

enum mr_code asl_diagnostics_print(const struct asl_diagnostics *diags, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "result", diags->errors ? "FAIL" : "OK");
    mr_jw_open(&w, "diagnostics", '[');
    for (size_t i = 0; i < diags->count; i++) {
        const struct asl_diagnostic *diag = &diags->items[i];
        mr_jw_open(&w, NULL, '{');
        mr_jw_str(&w, "code", diag->code);
        mr_jw_str(&w, "severity", diag->severity == ASL_SEVERITY_ERROR ? "ERROR" : "WARNING");
        mr_jw_str(&w, "location", diag->location);
        mr_jw_str(&w, "message", diag->message);
        mr_jw_close(&w, '}');
    }
    mr_jw_close(&w, ']');
    mr_jw_close(&w, '}');
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}
