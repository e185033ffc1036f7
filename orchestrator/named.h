/* named.h -- children whose Name is their identity, as StartExecution has it: two tasks that start
 * the same workflow with the same Name speak of one job.  Its id is made of tenant, workflow and
 * Name, so both submits come to one shard, and that shard decides from its log: the first starts
 * it; a later one with the same input is answered with what runs; with another input, or once it
 * has ended, its task fails.  A name is taken as long as the job's row is there: while it runs,
 * and MILLRACE_DEDUPE_MS behind its end.  Why so: docs/notes/014-names.md. */
#ifndef OC_NAMED_H
#define OC_NAMED_H

#include "orchestrator/orchestrator.h"

/* The id of that job.  workflow: without version or alias. */
void oc_named_id(const char *tenant, const char *workflow, const char *name,
                 char ret[MR_JOB_ID_MAX + 1]);
/* What tells one start of it from another: a hash of id and input (NULL: {}). */
MR_MUST_USE enum mr_code oc_named_sum(const char *id, const cJSON *input, char ret[65],
                                      struct mr_error *err);

/* The parent's side: which job its task (seq, attempt) has started, until the task ends.  take()
 * copies the id to ret and forgets it; false: that task started none by a name. */
MR_MUST_USE enum mr_code oc_named_keep(struct oc_job *parent, uint64_t seq, uint32_t attempt,
                                       const char *id, struct mr_error *err);
bool oc_named_take(struct oc_job *parent, uint64_t seq, uint32_t attempt,
                   char ret[MR_JOB_ID_MAX + 1]);

/* The child's side: event is a submit of a job that is there already, open (job) or closed (job,
 * or only a row: load). */
MR_MUST_USE enum mr_code oc_named_again(struct oc *, struct oc_shard *, const struct mr_msg *,
                                        const struct mr_event *, struct oc_job *job,
                                        const struct mr_job_load *load, struct mr_error *err);

#endif
