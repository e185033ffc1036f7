/* diagnostics.c -- the list of what is wrong with a definition, and its JSON. */
#include "orchestrator/asl/machine.h"

#include "common/base/json.h"
#include "common/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void asl_diagnostics_release(struct asl_diagnostics *diags)
{
    if (!diags)
        return;
    free(diags->items);
    *diags = (struct asl_diagnostics){0};
}

bool asl_diagnostics_add(struct asl_diagnostics *diags, enum asl_severity severity,
                         const char *code, const char *location, const char *fmt, va_list args)
{
    struct asl_diagnostic *diag, *items;

    diags->errors += severity == ASL_SEVERITY_ERROR;
    if (diags->count == ASL_DIAGNOSTICS_MAX)
        return true;
    items = realloc(diags->items, (diags->count + 1) * sizeof(*items));
    if (!items)
        return false;
    diags->items = items;
    diag = &items[diags->count++];
    diag->severity = severity;
    (void)snprintf(diag->code, sizeof(diag->code), "%s", code);
    (void)snprintf(diag->location, sizeof(diag->location), "%s", location);
    (void)vsnprintf(diag->message, sizeof(diag->message), fmt, args);
    mr_utf8_clean(diag->location, strlen(diag->location));
    mr_utf8_clean(diag->message, strlen(diag->message));
    return true;
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
