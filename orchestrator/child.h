/* child.h -- jobs that a job starts: the children of a distributed Map, and nested workflows.
 * Docs: "Children" in docs/lifecycle.md.  A child's id comes from its parent's; its submit event
 * goes from the outbox straight to its own shard's log, its end goes back the same way. */
#ifndef OC_CHILD_H
#define OC_CHILD_H

#include "common/model/resource.h"
#include "orchestrator/orchestrator.h"

/* The id of child index that the state entry seq of parent started with attempt born. */
void oc_child_id(const char *parent, uint64_t seq, uint32_t born, uint32_t index,
                 char ret[MR_JOB_ID_MAX + 1]);
/* The field of its submit in the outbox; attempt: that it answers with. */
void oc_child_field(char *buf, size_t size, const char *parent, uint64_t seq, uint32_t attempt,
                    uint32_t index);

/* What step asks for of a distributed Map's child: effect is CHILD, CHILD_AGAIN or CHILD_END. */
MR_MUST_USE enum mr_code oc_child_start(struct oc *, struct oc_shard *, struct oc_job *,
                                        const struct asl_effect *, struct mr_error *err);
MR_MUST_USE enum mr_code oc_child_again(struct oc *, struct oc_shard *, struct oc_job *,
                                        const struct asl_effect *, const struct mr_msg *,
                                        struct mr_error *err);
MR_MUST_USE enum mr_code oc_child_end(struct oc *, struct oc_shard *, struct oc_job *,
                                      const struct asl_effect *, const struct mr_msg *,
                                      struct mr_error *err);
/* A child's submit into the outbox: of event kind, job, workflow, def, input and parent are the
 * caller's, the rest is filled in. */
MR_MUST_USE enum mr_code oc_child_submit(struct oc *, struct oc_shard *, struct oc_job *,
                                         const char *field, struct mr_event *event,
                                         struct mr_error *err);

/* nested.c: a task that starts a workflow, and the end of that task. */
MR_MUST_USE enum mr_code oc_nested_start(struct oc *, struct oc_shard *, struct oc_job *,
                                         const struct asl_effect *, const struct mr_resource *,
                                         struct mr_error *err);
MR_MUST_USE enum mr_code oc_nested_end(struct oc *, struct oc_shard *, struct oc_job *,
                                       const struct asl_effect *, const struct mr_resource *,
                                       const struct mr_msg *, struct mr_error *err);
/* The scanner's question: how did this child end? (Its end, told once more.) */
MR_MUST_USE enum mr_code oc_child_ask(struct oc *, struct oc_shard *, struct oc_job *, uint64_t seq,
                                      uint32_t attempt, uint32_t born, uint32_t index, bool record,
                                      struct mr_error *err);

/* Into the outbox, to be sent to key's log: an event, or the text of one (def: that its log is to
 * have first; "": none). */
MR_MUST_USE enum mr_code oc_child_say(struct oc *, struct oc_shard *, char kind, const char *field,
                                      const char *key, const struct mr_event *,
                                      struct mr_error *err);
MR_MUST_USE enum mr_code oc_child_put(struct oc *, struct oc_shard *, char kind, const char *field,
                                      const char *def, const char *key,
                                      const struct mr_buf *payload, struct mr_error *err);
/* What the log would not take back must not come into it: it would stop its shard. */
bool oc_child_is_readable(const struct mr_buf *payload);

/* ---- report.c -----------------------------------------------------------------------------------
 */

/* parent's log is told event about child: its token and parent are filled in; where that is more
 * than a log takes, that it was too much. */
MR_MUST_USE enum mr_code oc_child_tell(struct oc *, struct oc_shard *, const char *child,
                                       const struct mr_parent *parent, struct mr_event *event,
                                       const struct mr_msg *, struct mr_error *err);
/* {"ExecutionArn":..., "StartDate":...}: that it runs is all that parent's task has asked. */
MR_MUST_USE enum mr_code oc_child_report_start(struct oc *, struct oc_shard *,
                                               const struct oc_job *,
                                               const struct mr_parent *parent,
                                               const struct mr_msg *, struct mr_error *err);
/* The job is closed (or, START, has begun): its parent is told, where it has one that wants it;
 * of one whose Name is its identity every starter. */
MR_MUST_USE enum mr_code oc_child_report(struct oc *, struct oc_shard *, const struct oc_job *,
                                         const struct mr_msg *, struct mr_error *err);
/* The same for one that is only a row any more, or nothing: event is its REDRIVE or ASK. */
MR_MUST_USE enum mr_code oc_child_report_row(struct oc *, struct oc_shard *,
                                             const struct mr_event *, const struct mr_msg *,
                                             struct mr_error *err);

/* The same for one that is set aside: it has failed, with error and cause. */
MR_MUST_USE enum mr_code oc_child_report_held(struct oc *, struct oc_shard *,
                                              const struct mr_event *, const char *error,
                                              const char *cause, const struct mr_msg *,
                                              struct mr_error *err);

/* The text of a definition that a child of this shard's jobs needs; *ret is the caller's. */
MR_MUST_USE enum mr_code oc_child_definition(struct oc *, const struct oc_shard *, const char *def,
                                             struct mr_buf *ret, struct mr_error *err);

#endif
