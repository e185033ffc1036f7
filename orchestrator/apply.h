/* apply.h -- definitions, for apply.c; apply_machine.c has them. *ret of each is the caller's to
 * give back with asl_machine_unref(). */
#ifndef OC_APPLY_H
#define OC_APPLY_H

#include "orchestrator/child.h"

/* The machine of a job that was loaded (load may be NULL): from memory, from its own value, or from
 * the shard's. */
MR_MUST_USE enum mr_code oc_apply_machine(struct oc *, const struct oc_shard *,
                                          const struct oc_job *, const struct mr_job_load *load,
                                          struct asl_machine **ret, struct mr_error *err);
/* The machine that a submit event names or brings. */
MR_MUST_USE enum mr_code oc_apply_machine_of(struct oc *, struct oc_shard *,
                                             const struct mr_event *, struct asl_machine **ret,
                                             struct mr_error *err);
MR_MUST_USE enum mr_code oc_apply_definition(struct oc *, struct oc_shard *,
                                             const struct mr_event *, struct mr_error *err);
/* The job's machine from here on is the one that its redrive brings.  MR_INVALID, MR_TOO_LARGE: it
 * cannot be, and nothing has changed. */
MR_MUST_USE enum mr_code oc_apply_change(struct oc *, struct oc_shard *, const struct mr_event *,
                                         struct oc_job *, struct mr_error *err);
/* Its parent goes on in another definition, and so does the child: its shard has had that before.
 * MR_INVALID: it finds no place there. */
MR_MUST_USE enum mr_code oc_apply_follow(struct oc *, struct oc_shard *, const struct mr_event *,
                                         struct oc_job *, struct mr_error *err);

#endif
