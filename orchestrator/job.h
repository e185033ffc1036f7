/* job.h -- one open job in its owner's memory: the machine's run, and what the orchestrator itself
 * must remember of the job.  What Redis keeps of it is one text: a head line and the run. */
#ifndef OC_JOB_H
#define OC_JOB_H

#include "common/model/message.h"
#include "common/ports/store.h"
#include "orchestrator/asl/run.h"

#include <uthash.h>

enum { OC_CHAIN_MAX = 20 };            /* errors of a job that are kept for its dead letter */
#define OC_VALUE_DEFINITION UINT32_MAX /* id of the value that holds an inline definition */

struct oc_job {
    char id[MR_JOB_ID_MAX + 1];
    char tenant[MR_TENANT_MAX + 1];
    char workflow[MR_NAME_MAX + 1];
    char def[65];
    char nonce[2 * MR_NONCE_LEN + 1]; /* hex, as in the submit event */
    char sum[65];
    char parent_token[MR_TOKEN_MAX + 1]; /* whose child it is; "": nobody's */
    struct mr_parent parent;             /* the rest of that; token_text is not kept */
    bool def_kept;  /* an inline definition is one of the shard's, too: children need it */
    bool is_inline; /* its definition is a value of its own */
    int64_t created_ms;
    uint64_t rev;        /* changes so far: a dashboard sees that a row is newer */
    cJSON *starters;     /* of a child whose Name is its identity: starters.h; owned */
    cJSON *named;        /* which such children its tasks have started: named.h; owned */
    cJSON *chain;        /* array of {step seq, attempt, error, cause, time}; NULL: none; owned */
    struct asl_run *run; /* owned */

    /* what Redis has of it, and what the batch under way will add */
    bool has_row, listed; /* listed: in the open or a closed set */
    enum asl_status listed_as;
    bool has_values; /* Redis keeps values apart for it, or the batch under way will */
    bool dirty;      /* changed in the batch under way */
    int64_t first_offset, last_offset; /* of its submit event, of the last event applied */
    int64_t last_ms;                   /* time of the last event applied */
    struct mr_buf pairs;               /* row fields gathered in the batch: name NUL value NUL */
    UT_hash_handle hh;
    bool closing;
    struct oc_job *next_closing;
    struct oc_job *prev, *next; /* least recently used first */
};

/* From a submit event; the run has not started. */
MR_MUST_USE enum mr_code oc_job_new(const struct mr_event *submit, int64_t time_ms,
                                    struct asl_machine *machine, struct oc_job **ret,
                                    struct mr_error *err);
void oc_job_free(struct oc_job *); /* accepts NULL */
/* It is a child that answers to parent from now on. */
void oc_job_parent(struct oc_job *, const struct mr_parent *parent);
/* A child of a Map, one of many: no notice is given of it, and it is soon forgotten. */
static inline bool oc_job_is_item(const struct oc_job *job)
{
    return job->parent_token[0] && job->parent.want <= MR_WANT_RECORD;
}

/* Appends the text for MR_BATCH_RUN. */
MR_MUST_USE enum mr_code oc_job_encode(struct oc_job *, const struct asl_values_fn *values,
                                       struct mr_buf *buf, struct mr_error *err);

/* Reading it back is in two parts, since the machine is found by what the head says. */
struct oc_job_text {
    struct oc_job *job; /* without a run */
    const char *run;    /* lent by the loaded text */
    size_t run_len;
};
MR_MUST_USE enum mr_code oc_job_decode_head(const struct mr_job_load *, struct oc_job_text *ret,
                                            struct mr_error *err);
MR_MUST_USE enum mr_code oc_job_decode_run(const struct mr_job_load *, struct oc_job_text *,
                                           struct asl_machine *, struct mr_error *err);
/* Value id out of what mr_store_load() brought; for inline definitions too. */
bool oc_job_value(const struct mr_job_load *, uint32_t id, const char **text, size_t *len);

/* Remembers a task's failure for the dead letter; the oldest leave. */
void oc_job_chain_add(struct oc_job *, uint64_t seq, uint32_t attempt, const char *error,
                      const char *cause, int64_t time_ms);
void oc_job_chain_undo(struct oc_job *); /* takes the newest out again */

/* The token of a task of this job, and whether one that came is it. */
bool oc_token_make(const struct oc_job *, uint64_t seq, uint32_t attempt, char *buf, size_t size);
bool oc_token_right(const struct oc_job *, const struct mr_token *);

#endif
