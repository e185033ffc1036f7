/* quarantine.h -- a job whose event ends its orchestrator again and again is set aside, and its
 * shard goes on ("An event that cannot be applied" in docs/lifecycle.md).  That it is set aside is
 * a record of millrace.config, `quarantine/<job>`, known before any shard is taken: a rebuild
 * passes over the same events. */
#ifndef OC_QUARANTINE_H
#define OC_QUARANTINE_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/ports/bus.h"

#include <uthash.h>

struct oc;
struct oc_shard;

#define OC_QUARANTINED "Millrace.Quarantined" /* error of its row */

struct oc_held {
    char job[MR_JOB_ID_MAX + 1];
    char log_id[64]; /* the log that offset is of */
    int64_t offset;  /* of the event that cannot be applied: it and all behind it are passed over */
    UT_hash_handle hh;
};

struct oc_quarantine { /* zeroed at first */
    struct oc_held *by_job;
};
void oc_quarantine_release(struct oc_quarantine *);
/* A record of millrace.config as it was read; without a value the job is let go.  On failure what
 * was known stays. */
MR_MUST_USE enum mr_code oc_quarantine_learn(struct oc_quarantine *, const char *job,
                                             const struct mr_msg *, struct mr_error *err);
/* The record of the job that a message of the log is about, where the message is to be passed over;
 * else NULL. Only its key is looked at. */
const struct oc_held *oc_quarantine_of(const struct oc_quarantine *, const char *log_id,
                                       const struct mr_msg *);

/* Of a careful shard: this event is about to be applied, alone.  false: it was tried too often, and
 * the shard was given up; one that is no job's is tried for ever, with an alarm each time. */
bool oc_trial(struct oc *, struct oc_shard *, const struct mr_msg *);
/* The event passes: the job's row says FAILED; at the record's own offset also a dead letter. */
MR_MUST_USE enum mr_code oc_apply_held(struct oc *, struct oc_shard *, const struct oc_held *,
                                       const struct mr_msg *, struct mr_error *err);

#endif
