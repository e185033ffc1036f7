/* history.h -- a job's events of the log folded into what a person reads. */
#ifndef GW_HISTORY_H
#define GW_HISTORY_H

#include "common/adapters/crypto.h"
#include "common/model/message.h"
#include "common/ports/bus.h"
#include "orchestrator/asl/step.h"

enum { GW_HISTORY_BYTES_MAX = 8 * 1024 * 1024 };

struct gw_fold { /* zeroed at first, but for job, definition and ctx */
    char job[MR_JOB_ID_MAX + 1];
    char tenant[MR_TENANT_MAX + 1], workflow[MR_NAME_MAX + 1], nonce[2 * MR_NONCE_LEN + 1];
    /* Text of the definition of this hash. */
    enum mr_code (*definition)(void *ctx, const char *def, struct mr_buf *ret,
                               struct mr_error *err);
    void *ctx;
    char def[65]; /* hash of the definition that the run is in */
    struct asl_machine *machine;
    struct asl_run *run;
    struct asl_effects effects;
    char sum[65];         /* of its submit */
    cJSON *starters;      /* of a child whose Name is its identity: common/model/starters.h */
    uint64_t after;       /* only entries of a higher id are wanted */
    struct mr_buf events; /* JSON objects with commas between */
    uint64_t last;        /* id of the last one of them */
    bool cut;             /* there were more than GW_HISTORY_BYTES_MAX bytes of them */
};

/* One message of the shard's log, in order; those of other jobs are passed over. */
MR_MUST_USE enum mr_code gw_fold_message(struct gw_fold *, const struct mr_msg *,
                                         struct mr_error *err);
void gw_fold_release(struct gw_fold *);

#endif
