/* machines.h -- parsed definitions by the hash of their text, a bounded number of bytes of them. */
#ifndef OC_MACHINES_H
#define OC_MACHINES_H

#include "common/base/error.h"
#include "orchestrator/asl/machine.h"

#include <uthash.h>

struct oc_machine;
struct oc_machines {
    struct oc_machine *by_def; /* oldest use first */
    size_t bytes, bytes_max;
};

void oc_machines_release(struct oc_machines *);
/* NULL where it is not in memory. The caller's reference, to give back with asl_machine_unref(). */
struct asl_machine *oc_machines_get(struct oc_machines *, const char *def);
/* Parses text and keeps it under def; admitted: the log has a job of it already. *ret is the
 * caller's reference. */
MR_MUST_USE enum mr_code oc_machines_add(struct oc_machines *, const char *def, const char *text,
                                         size_t len, bool admitted, struct asl_machine **ret,
                                         struct mr_error *err);

#endif
