/* shard.c -- a shard's memory. Talks to nobody. */
#include "orchestrator/shard.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct oc_fired {
    int64_t until_ms; /* then it is given up for lost and fired again */
    UT_hash_handle hh;
    char member[];
};

void oc_shard_init(struct oc_shard *shard, uint32_t number, struct oc *oc)
{
    *shard = (struct oc_shard){.number = number, .timer_next_ms = INT64_MAX};
    oc_outbox_init(&shard->outbox, oc);
}

void oc_shard_batch_reset(struct oc_shard *shard)
{
    asl_arena_release(&shard->arena);
    shard->op_count = 0;
    shard->batch_next = shard->next;
    shard->batch_sent = false;
    shard->batch_takeover = false;
    shard->dirty_count = 0;
}

void oc_shard_drop(struct oc_shard *shard)
{
    struct oc *oc = shard->outbox.oc;
    struct oc_fired *fired, *next;

    for (; shard->closing; shard->closing = shard->closing->next_closing)
        shard->closing->closing = false;
    while (shard->recent)
        oc_shard_forget(shard, shard->recent);
    oc_outbox_release(&shard->outbox);
    HASH_ITER(hh, shard->fired, fired, next)
    {
        HASH_DEL(shard->fired, fired);
        free(fired);
    }
    shard->next = 0;
    oc_shard_batch_reset(shard);
    free(shard->ops);
    free(shard->dirty);
    *shard = (struct oc_shard){.number = shard->number,
                               .state = shard->state == OC_SHARD_STOPPED ? OC_SHARD_STOPPED
                                                                         : OC_SHARD_IDLE,
                               .mine = shard->mine,
                               .pause_until_ms = shard->pause_until_ms,
                               .generation = shard->generation + 1,
                               .blameless = shard->blameless,
                               .timer_next_ms = INT64_MAX};
    oc_outbox_init(&shard->outbox, oc);
}

struct oc_job *oc_shard_job(struct oc_shard *shard, const char *id)
{
    struct oc_job *job = NULL;

    HASH_FIND_STR(shard->jobs, id, job);
    return job;
}

void oc_shard_keep(struct oc_shard *shard, struct oc_job *job)
{
    HASH_ADD_STR(shard->jobs, id, job);
    DL_APPEND(shard->recent, job);
    shard->job_count++;
}

void oc_shard_touch(struct oc_shard *shard, struct oc_job *job)
{
    DL_DELETE(shard->recent, job);
    DL_APPEND(shard->recent, job);
}

void oc_shard_closing(struct oc_shard *shard, struct oc_job *job)
{
    if (job->closing)
        return;
    job->closing = true;
    LL_PREPEND2(shard->closing, job, next_closing);
}

void oc_shard_forget(struct oc_shard *shard, struct oc_job *job)
{
    if (job->closing)
        LL_DELETE2(shard->closing, job, next_closing);
    HASH_DEL(shard->jobs, job);
    DL_DELETE(shard->recent, job);
    shard->job_count--;
    oc_job_free(job);
}

void oc_shard_evict(struct oc_shard *shard, size_t keep_max)
{
    while (shard->closing) { /* what stays here must not outlive its row */
        struct oc_job *job = shard->closing;

        shard->closing = job->next_closing;
        job->closing = false;
        if (asl_run_status(job->run) != ASL_RUNNING && !job->dirty)
            oc_shard_forget(shard, job);
    }
    while (shard->job_count > keep_max && !shard->recent->dirty)
        oc_shard_forget(shard, shard->recent);
}

void oc_event_identity(const struct mr_msg *msg, char ret[64])
{
    (void)snprintf(ret, 64, "%" PRId64 ":%016" PRIx64, msg->time_ms,
                   mr_hash64(0, msg->value ? msg->value : "", msg->value_len));
}

bool oc_fired_has(struct oc_shard *shard, const char *member, int64_t now_ms)
{
    struct oc_fired *fired = NULL;

    HASH_FIND_STR(shard->fired, member, fired);
    if (fired && fired->until_ms <= now_ms) {
        HASH_DEL(shard->fired, fired);
        free(fired);
        fired = NULL;
    }
    return fired != NULL;
}

enum mr_code oc_fired_add(struct oc_shard *shard, const char *member, int64_t until_ms,
                          struct mr_error *err)
{
    const size_t len = strlen(member);
    struct oc_fired *fired = calloc(1, sizeof *fired + len + 1);

    if (!fired)
        return mr_fail(err, MR_NO_MEMORY, "timer %s", member);
    memcpy(fired->member, member, len + 1);
    fired->until_ms = until_ms;
    HASH_ADD_KEYPTR(hh, shard->fired, fired->member, len, fired);
    return MR_OK;
}

void oc_fired_end(struct oc_shard *shard, const char *member)
{
    struct oc_fired *fired = NULL;

    HASH_FIND_STR(shard->fired, member, fired);
    if (fired) {
        HASH_DEL(shard->fired, fired);
        free(fired);
    }
}

enum mr_code oc_shard_dirty(struct oc_shard *shard, struct oc_job *job, const struct mr_msg *msg,
                            struct mr_error *err)
{
    if (!job->dirty) {
        if (shard->dirty_count == shard->dirty_cap) {
            size_t cap = shard->dirty_cap ? 2 * shard->dirty_cap : 256;
            struct oc_job **grown = realloc(shard->dirty, cap * sizeof(struct oc_job *));

            if (!grown)
                return mr_fail(err, MR_NO_MEMORY, "batch of %zu jobs", shard->dirty_count);
            shard->dirty = grown;
            shard->dirty_cap = cap;
        }
        shard->dirty[shard->dirty_count++] = job;
        job->dirty = true;
    }
    job->rev++;
    job->last_offset = msg->offset;
    job->last_ms = msg->time_ms;
    return MR_OK;
}
