/* machine_check.c -- see machine_check.h. */
#include "orchestrator/evaluator/machine_check.h"

#include "orchestrator/evaluator/child.h"

#include <inttypes.h>
#include <stdlib.h>

enum { EXPRESSIONS_A_CHECK = 200 };

static bool add(struct asl_diagnostics *diags, const char *code, const char *location,
                const char *fmt, ...) MR_PRINTF(4, 5);

static bool add(struct asl_diagnostics *diags, const char *code, const char *location,
                const char *fmt, ...)
{
    va_list args;
    bool ok;

    va_start(args, fmt);
    ok = asl_diagnostics_add(diags, ASL_SEVERITY_ERROR, code, location, fmt, args);
    va_end(args);
    return ok;
}

static bool tell(struct asl_diagnostics *diags, const char *location, const struct ev_syntax *item)
{
    if (item->outside)
        return add(diags, "UNSUPPORTED_JSONATA_EXPRESSION", location, "%.200s", item->message);
    return add(diags, "INVALID_JSONATA_EXPRESSION", location,
               "The expression is no JSONata: %.200s (at character %" PRId64 ")", item->message,
               item->position);
}

static enum mr_code check_some(struct ev *ev, const struct asl_expression *expressions,
                               size_t count, struct asl_diagnostics *diags, struct mr_error *err)
{
    struct ev_syntax *items = calloc(count, sizeof(*items));
    enum mr_code rc = MR_OK;

    if (!items)
        return mr_fail(err, MR_NO_MEMORY, "a check of %zu expressions", count);
    for (size_t i = 0; i < count; i++)
        items[i].text = expressions[i].text;
    rc = ev_check(ev, items, count, err);
    for (size_t i = 0; i < count && !rc; i++)
        if (items[i].wrong && !tell(diags, expressions[i].location, &items[i]))
            rc = mr_fail(err, MR_NO_MEMORY, "diagnostics");
    free(items);
    return rc;
}

enum mr_code ev_machine_check(struct ev *ev, const struct asl_machine *machine,
                              struct asl_diagnostics *diags, struct mr_error *err)
{
    size_t count = 0, before = diags->count;
    const size_t errors_before = diags->errors;
    const int64_t until_us = ev_check_until_us(ev);
    const struct asl_expression *expressions = asl_machine_expressions(machine, &count);
    enum mr_code rc = MR_OK;

    for (size_t i = 0; i < count && !rc && ev_now_us() < until_us; i += EXPRESSIONS_A_CHECK)
        rc = check_some(ev, expressions + i,
                        count - i < EXPRESSIONS_A_CHECK ? count - i : EXPRESSIONS_A_CHECK, diags,
                        err);
    if (rc || diags->errors == errors_before)
        return rc;
    return before < diags->count
               ? mr_fail(err, MR_INVALID, "%s: %s at %s", diags->items[before].code,
                         diags->items[before].message, diags->items[before].location)
               : mr_fail(err, MR_INVALID, "not a valid definition");
}
