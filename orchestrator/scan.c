/* scan.c -- never stuck: every open job owns an outstanding task, a timer, or an event that is not
 * yet applied.  The scanner goes through the open jobs of its shards a page a pass, sets again what
 * timers are missing, sends again what tasks are late, and raises an alarm for a job with nothing.
 */
#include "orchestrator/child.h"

#include "common/base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 200, CHILDREN_ASKED_MAX = 100 /* of one Map and look */ };

struct page {
    char ids[PAGE_MAX][MR_JOB_ID_MAX + 1];
    int count;
};

static void note(void *ctx, const char *member, int64_t time_ms)
{
    struct page *page = ctx;

    if (page->count == PAGE_MAX || strlen(member) > MR_JOB_ID_MAX)
        return;
    memcpy(page->ids[page->count++], member, strlen(member) + 1);
    (void)time_ms;
}

struct look { /* at one job */
    struct oc *oc;
    struct oc_shard *shard;
    struct oc_job *job;
    size_t tasks, timers, asks;
    struct late {
        uint64_t seq;
        uint32_t attempt;
    } *late; /* owned */
    size_t late_count, late_cap;
    enum mr_code rc;
    struct mr_error *err;
};

/* A task is sent again once each resend_ms, not with every look. */
static bool is_late(int64_t resend_ms, int64_t since_ms, const struct oc_shard *shard)
{
    const int64_t waited = shard->scan_began_ms - since_ms, before = shard->scan_last_ms - since_ms;

    return waited >= resend_ms &&
           (shard->scan_last_ms == 0 || before < 0 || waited / resend_ms > before / resend_ms);
}

static void note_late(struct look *look, uint64_t seq, uint32_t attempt)
{
    if (look->late_count == look->late_cap) {
        const size_t cap = look->late_cap ? 2 * look->late_cap : 16;
        struct late *grown = realloc(look->late, cap * sizeof *grown);

        if (!grown) {
            look->rc = mr_fail(look->err, MR_NO_MEMORY, "late tasks of job %s", look->job->id);
            return;
        }
        look->late = grown;
        look->late_cap = cap;
    }
    look->late[look->late_count++] = (struct late){seq, attempt};
}

static void see_task(void *ctx, uint64_t seq, uint32_t attempt, const char *resource,
                     int64_t since_ms)
{
    struct look *look = ctx;
    const struct oc_shard *shard = look->shard;
    char field[MR_JOB_ID_MAX + 64];

    (void)resource;
    look->tasks++;
    oc_task_field(field, sizeof field, look->job->id, seq, attempt);
    if (is_late(look->oc->config->task_resend_ms, since_ms, shard) &&
        !oc_outbox_has(&shard->outbox, field))
        note_late(look, seq, attempt);
}

static void see_ask(void *ctx, uint64_t seq, uint32_t attempt, uint32_t number, int64_t since_ms)
{
    struct look *look = ctx;
    char field[MR_JOB_ID_MAX + 64];

    look->asks++;
    oc_ask_field(field, sizeof field, look->job->id, seq, attempt, number);
    if (is_late(look->oc->config->ask_resend_ms, since_ms, look->shard) &&
        !oc_outbox_has(&look->shard->outbox, field))
        note_late(look, seq, attempt);
}

static void see_timer(void *ctx, uint64_t seq, uint32_t attempt, char kind, int64_t due_ms)
{
    struct look *look = ctx;
    char member[MR_JOB_ID_MAX + 64];
    struct mr_batch_op op = {.kind = MR_BATCH_TIMER, .n = due_ms};

    look->timers++;
    oc_timer_member(member, sizeof member, look->job->id, seq, attempt, kind);
    op.key_len = strlen(member);
    op.key = asl_arena_copy(&look->shard->arena, member, op.key_len);
    if (!look->rc)
        look->rc = op.key ? oc_batch_op(look->shard, &op, look->err)
                          : mr_fail(look->err, MR_NO_MEMORY, "timer %s", member);
    if (due_ms < look->shard->timer_next_ms)
        look->shard->timer_next_ms = due_ms;
}

static enum mr_code send_late(struct look *look)
{
    struct oc *oc = look->oc;
    enum mr_code rc;

    for (size_t i = 0; i < look->late_count; i++) {
        const struct asl_env env = {.token = oc_env_token, .ctx = look->job};

        asl_effects_reset(&oc->effects);
        rc = asl_resend(look->job->run, look->late[i].seq, look->late[i].attempt, &env,
                        &oc->effects, look->err);
        if (rc)
            return rc;
        for (size_t e = 0; e < oc->effects.count; e++) {
            const struct asl_effect *effect = &oc->effects.items[e];

            rc = effect->kind == ASL_EFFECT_EVALUATE
                     ? oc_effect_evaluate(oc, look->shard, look->job, effect, look->err)
                     : oc_effect_task(oc, look->shard, look->job, effect, look->err);
            if (rc)
                return rc;
        }
        mr_log(MR_WARN, "task.resent", " job=%s seq=%" PRIu64 " attempt=%" PRIu32, look->job->id,
               look->late[i].seq, look->late[i].attempt);
    }
    return MR_OK;
}

/* Nothing has moved in this Map for long: its child is asked how it ended. */
static void see_child(void *ctx, uint64_t seq, uint32_t attempt, uint32_t born, uint32_t index,
                      int64_t moved_ms)
{
    struct look *look = ctx;

    look->tasks++;
    if (look->rc || !is_late(look->oc->config->task_resend_ms, moved_ms, look->shard))
        return;
    look->rc = oc_child_ask(look->oc, look->shard, look->job, seq, attempt, born, index,
                            asl_run_records(look->job->run, seq), look->err);
}

static enum mr_code look_at(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                            struct mr_error *err)
{
    struct look look = {.oc = oc, .shard = shard, .job = job, .err = err};

    if (asl_run_status(job->run) != ASL_RUNNING)
        return MR_OK;
    asl_run_tasks(job->run, see_task, &look);
    asl_run_timers(job->run, see_timer, &look);
    asl_run_children(job->run, CHILDREN_ASKED_MAX, see_child, &look);
    asl_run_asks(job->run, see_ask, &look);
    if (look.tasks == 0 && look.timers == 0 && look.asks == 0)
        mr_log(MR_ALARM, "job.stuck", " job=%s", job->id);
    if (!look.rc)
        look.rc = send_late(&look);
    free(look.late);
    return look.rc;
}

static enum mr_code scan_page(struct oc *oc, struct oc_shard *shard, const struct page *page,
                              struct mr_error *err)
{
    struct oc_loads loads = {0};
    enum mr_code rc = MR_OK;

    for (int i = 0; i < page->count && !rc; i++)
        if (!oc_shard_job(shard, page->ids[i]))
            rc = oc_loads_want(&loads, page->ids[i], true, err);
    oc_loads_sort(&loads);
    if (!rc && loads.count)
        rc = mr_store_load(oc->store, shard->number, loads.items, loads.count, err);
    for (int i = 0; i < page->count && !rc; i++) {
        struct oc_job *job = NULL;

        rc = oc_job_find(oc, shard, page->ids[i], &loads, &job, err);
        if (!rc && job)
            rc = look_at(oc, shard, job, err);
    }
    oc_loads_release(&loads);
    return rc;
}

static void next_page(const struct oc *oc, struct oc_shard *shard, const struct page *page,
                      int64_t now)
{
    if (page->count < PAGE_MAX) { /* the pass is through */
        shard->scan_skip = 0;
        shard->scan_last_ms = shard->scan_began_ms;
        shard->scan_next_ms = now + oc->config->scan_ms;
    } else { /* what comes and goes meanwhile moves the places: the next pass sees what this missed
              */
        shard->scan_skip += page->count;
    }
}

static void scan_shard(struct oc *oc, struct oc_shard *shard, int64_t now)
{
    struct page *page = calloc(1, sizeof *page);
    struct mr_error err;
    enum mr_code rc;

    if (!page)
        return;
    if (shard->scan_skip == 0)
        shard->scan_began_ms = oc->clock->wall_ms(oc->clock);
    rc = mr_store_jobs_list(oc->store, shard->number, "OPEN", INT64_MAX, shard->scan_skip, PAGE_MAX,
                            note, page, &err);
    oc_shard_batch_reset(shard);
    if (!rc)
        rc = scan_page(oc, shard, page, &err);
    if (rc)
        oc_shard_lose(oc, shard, "scan", &err);
    else if (shard->op_count || shard->outbox.fresh_count)
        oc_batch_write(oc, shard);
    if (shard->state == OC_SHARD_LIVE) {
        next_page(oc, shard, page, now);
        oc_shard_evict(shard, (size_t)oc->config->jobs_cached_max);
    }
    free(page);
}

int oc_scan_pass(struct oc *oc)
{
    const int64_t now = oc->clock->mono_ms(oc->clock);
    int scanned = 0;

    for (uint32_t s = 0; s < oc->shard_count; s++) {
        struct oc_shard *shard = &oc->shards[s];

        if (shard->state != OC_SHARD_LIVE || now < shard->scan_next_ms)
            continue;
        scan_shard(oc, shard, now);
        scanned++;
    }
    return scanned;
}
