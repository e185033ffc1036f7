/* machine_check.h -- the JSONata of a definition, checked when it is created: each expression that
 * is none is a diagnostic at its place. */
#ifndef EV_MACHINE_CHECK_H
#define EV_MACHINE_CHECK_H

#include "orchestrator/asl/machine.h"
#include "orchestrator/evaluator/evaluator.h"

/* Adds an error to diags for each expression whose syntax is off.  Without expressions the
 * evaluator is not asked, and no child is started; what it does not come to within its config's
 * check_ms is believed, and told when it is evaluated.  MR_INVALID: some are off; err says the
 * first. MR_UNAVAILABLE, MR_TOO_LARGE: they could not be checked. */
MR_MUST_USE enum mr_code ev_machine_check(struct ev *, const struct asl_machine *,
                                          struct asl_diagnostics *diags, struct mr_error *err);

#endif
