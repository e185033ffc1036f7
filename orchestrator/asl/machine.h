/* machine.h -- a workflow definition, parsed and checked once, then constant.
 * Amazon States Language. Pure: cJSON and common/base alone. What the language has and this does
 * not yet read is refused with a diagnostic that names the place: nothing is passed over. */
#ifndef ASL_MACHINE_H
#define ASL_MACHINE_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <stdarg.h>
#include <stddef.h>

enum { ASL_DEFINITION_MAX = 1024 * 1024, ASL_DATA_MAX = 262144, ASL_STATE_NAME_MAX = 80 };

enum asl_severity { ASL_SEVERITY_ERROR, ASL_SEVERITY_WARNING };

struct asl_diagnostic {
    enum asl_severity severity;
    char code[40];      /* SCHEMA_VALIDATION_FAILED, MISSING_TRANSITION_TARGET ... */
    char location[256]; /* JSON pointer into the definition, cut to fit; "/": all of it */
    char message[300];  /* what is wrong and what is allowed */
};

enum { ASL_DIAGNOSTICS_MAX = 100 };
struct asl_diagnostics { /* zeroed at first; released by asl_diagnostics_release() */
    struct asl_diagnostic *items;
    size_t count; /* at most ASL_DIAGNOSTICS_MAX are kept */
    size_t errors;
};
void asl_diagnostics_release(struct asl_diagnostics *);
/* Texts are cut to fit. false: out of memory. */
bool asl_diagnostics_add(struct asl_diagnostics *, enum asl_severity, const char *code,
                         const char *location, const char *fmt, va_list args);
/* {"result":"OK"|"FAIL","diagnostics":[{"code","severity","location","message"}]} */
enum mr_code asl_diagnostics_print(const struct asl_diagnostics *, struct mr_buf *buf);

struct asl_machine; /* immutable, reference-counted by one thread at a time */

/* Parses any bytes.  Never crashes; MR_INVALID: diags (may be NULL) say what is wrong, and err the
 * first of them.  On MR_OK warnings may be in diags, and *ret is the caller's. */
MR_MUST_USE enum mr_code asl_machine_parse(const char *text, size_t len,
                                           struct asl_diagnostics *diags, struct asl_machine **ret,
                                           struct mr_error *err);
struct asl_parse_options {
    bool express;  /* to be run as EXPRESS: what such a machine must not have is a fault */
    bool partial;  /* a part of a machine: that all is reachable and can end is not asked */
    bool admitted; /* a job runs in it: what only rules refuse that came later is no fault (note
                      011) */
};
MR_MUST_USE enum mr_code asl_machine_parse_as(const char *text, size_t len,
                                              const struct asl_parse_options *,
                                              struct asl_diagnostics *diags,
                                              struct asl_machine **ret, struct mr_error *err);
struct asl_machine *asl_machine_ref(struct asl_machine *);
void asl_machine_unref(struct asl_machine *); /* accepts NULL */
/* Appends the definition as compact text. */
enum mr_code asl_machine_text(const struct asl_machine *, struct mr_buf *buf);
size_t asl_machine_bytes(const struct asl_machine *); /* about what it takes in memory */
/* {"State": ["variable", ...]}: which variables each state reads, sorted. */
MR_MUST_USE enum mr_code asl_references_print(const struct asl_machine *, struct mr_buf *buf);
bool asl_machine_has(const struct asl_machine *, const char *name); /* a state, nested ones too */
/* Number of states, nested ones included: the `steps_total` that people are shown. */
unsigned asl_machine_states(const struct asl_machine *);

/* Every JSONata expression of the definition: what is checked at creation by who has an evaluator.
 * Lent by the machine. */
struct asl_expression {
    const char *text;     /* without {% and %} */
    const char *location; /* JSON pointer */
};
const struct asl_expression *asl_machine_expressions(const struct asl_machine *, size_t *ret_count);

#endif
