/* batch.c -- one write a job and batch, however many events changed it: row, run, lists; then the
 * outbox.  docs/status.md lists the row's fields. */
#include "orchestrator/orchestrator.h"

#include "common/base/json.h"
#include "common/model/starters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    WHERE_MAX = 256,
    REBUILD_KEEP_MS = 3600000, /* at least, of what closed long ago: see expires() */
};

enum mr_code oc_batch_op(struct oc_shard *shard, const struct mr_batch_op *op, struct mr_error *err)
{
    return oc_ops_add(&shard->ops, &shard->op_count, &shard->op_cap, op, err);
}

static void pair(struct mr_buf *buf, const char *name, const char *value)
{
    (void)mr_buf_add(buf, name, strlen(name) + 1);
    (void)mr_buf_add(buf, value, strlen(value) + 1);
}

static void pair_int(struct mr_buf *buf, const char *name, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    pair(buf, name, text);
}

static void end_fields(struct mr_buf *buf, const struct oc_job *job)
{
    const cJSON *output = asl_run_output(job->run);
    const char *error = asl_run_error(job->run), *cause = asl_run_cause(job->run);

    pair_int(buf, "ended", job->last_ms);
    if (output) {
        (void)mr_buf_add(buf, "output", sizeof "output");
        (void)mr_json_print(output, buf);
        (void)mr_buf_add_char(buf, '\0');
    }
    pair(buf, "error", error ? error : "");
    pair(buf, "cause", cause ? cause : "");
}

static void row_fields(struct mr_buf *buf, const struct oc_job *job)
{
    const enum asl_status status = asl_run_status(job->run);
    char where[WHERE_MAX];

    if (!job->has_row) {
        pair(buf, "workflow", job->workflow);
        pair(buf, "tenant", job->tenant);
        pair(buf, "sum", job->sum);
        pair(buf, "def", job->def);
        pair_int(buf, "created", job->created_ms);
        pair_int(buf, "log_first", job->first_offset);
        if (job->parent_token[0]) {
            pair(buf, "parent", job->parent.token.job);
            pair_int(buf, "parent_index", job->parent.index);
        }
    }
    if (job->starters) {
        (void)mr_buf_add(buf, "starters", sizeof "starters");
        mr_starters_print_marks(job->starters, buf);
        (void)mr_buf_add_char(buf, '\0');
    }
    pair(buf, "status", asl_status_name(status));
    pair_int(buf, "rev", (int64_t)job->rev);
    pair_int(buf, "log_last", job->last_offset);
    pair_int(buf, "steps_entered", (int64_t)asl_run_entered(job->run));
    pair_int(buf, "steps_done", (int64_t)asl_run_finished(job->run));
    asl_run_where(job->run, where, sizeof where);
    pair(buf, "state", where);
    if (status != ASL_RUNNING)
        end_fields(buf, job);
    else if (job->listed && job->listed_as != ASL_RUNNING)
        pair(buf, "ended", "");
    if (job->pairs.len)
        (void)mr_buf_add(buf, job->pairs.data, job->pairs.len);
}

/* Moves buf's bytes into the arena as an op's `a`. */
static enum mr_code op_of_buf(struct oc_shard *shard, struct mr_batch_op *op,
                              const struct oc_job *job, struct mr_buf *buf, struct mr_error *err)
{
    op->key = job->id; /* stays while the batch is under way */
    op->key_len = strlen(job->id);
    op->a = buf->failed || job->pairs.failed ? NULL
                                             : asl_arena_copy(&shard->arena, buf->data, buf->len);
    op->a_len = buf->len;
    if (!op->a)
        return mr_fail(err, MR_NO_MEMORY, "write of job %s", job->id);
    return oc_batch_op(shard, op, err);
}

/* When Redis forgets what closed and may be forgotten at at_ms.  A rebuild folds what is long past:
 * what would be gone as soon as it is written stays for a while, so that the log's next days find
 * it: a submit that came twice must not start it once more, and a redrive must find its job. */
static int64_t expires(const struct oc *oc, const struct oc_shard *shard, int64_t at_ms)
{
    const int64_t least = shard->rebuild && shard->state == OC_SHARD_REPLAYING
                              ? oc->clock->wall_ms(oc->clock) + REBUILD_KEEP_MS
                              : 0;

    return at_ms > least ? at_ms : least;
}

static enum mr_code write_row(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                              struct mr_buf *scratch, struct mr_error *err)
{
    struct mr_batch_op op = {.kind = MR_BATCH_ROW};

    mr_buf_reset(scratch);
    row_fields(scratch, job);
    if (asl_run_status(job->run) == ASL_SUCCEEDED && oc_job_is_item(job))
        op.n = expires(oc, shard, job->last_ms + oc->config->child_keep_ms);
    else if (asl_run_status(job->run) != ASL_RUNNING)
        op.n = expires(oc, shard, job->last_ms + oc->cluster->dedupe_ms);
    return op_of_buf(shard, &op, job, scratch, err);
}

struct values { /* where asl_run_encode() puts what it keeps apart */
    struct oc_shard *shard;
    struct oc_job *job;
    struct mr_error *err;
    enum mr_code rc;
};

enum mr_code oc_batch_value(struct oc_shard *shard, struct oc_job *job, uint32_t id,
                            const char *text, size_t len, struct mr_error *err)
{
    struct mr_batch_op op = {.kind = text ? MR_BATCH_VAL : MR_BATCH_VAL_DEL,
                             .key = job->id,
                             .key_len = strlen(job->id),
                             .a_len = len};
    char number[16];

    op.b_len = (size_t)snprintf(number, sizeof number, "%" PRIu32, id);
    op.b = asl_arena_copy(&shard->arena, number, op.b_len);
    op.a = text ? asl_arena_copy(&shard->arena, text, len) : NULL;
    if (!op.b || (text && !op.a))
        return mr_fail(err, MR_NO_MEMORY, "value of job %s", job->id);
    job->has_values = true;
    return oc_batch_op(shard, &op, err);
}

static void put_value(void *ctx, uint32_t id, const char *json, size_t len)
{
    struct values *values = ctx;

    if (!values->rc)
        values->rc = oc_batch_value(values->shard, values->job, id, json, len, values->err);
}

static void drop_value(void *ctx, uint32_t id)
{
    struct values *values = ctx;

    if (!values->rc)
        values->rc = oc_batch_value(values->shard, values->job, id, NULL, 0, values->err);
}

static enum mr_code write_run(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                              struct mr_buf *scratch, struct mr_error *err)
{
    struct values values = {shard, job, err, MR_OK};
    const struct asl_values_fn fn = {put_value, drop_value, &values};
    const enum asl_status status = asl_run_status(job->run);
    struct mr_batch_op op = {.kind = MR_BATCH_RUN};
    enum mr_code rc;

    if (status == ASL_SUCCEEDED) {
        op = (struct mr_batch_op){.kind = MR_BATCH_RUN_DEL,
                                  .key = job->id,
                                  .key_len = strlen(job->id),
                                  .n = job->has_values ? 0 : MR_RUN_DEL_NO_VALUES};
        return job->has_row || job->is_inline ? oc_batch_op(shard, &op, err) : MR_OK;
    }
    mr_buf_reset(scratch);
    rc = oc_job_encode(job, &fn, scratch, err);
    if (!rc)
        rc = values.rc;
    if (rc)
        return rc;
    if (status != ASL_RUNNING) /* kept for a redrive */
        op.n = expires(oc, shard, job->last_ms + oc->cluster->dedupe_ms);
    return op_of_buf(shard, &op, job, scratch, err);
}

static enum mr_code write_lists(struct oc_shard *shard, struct oc_job *job, struct mr_error *err)
{
    const enum asl_status status = asl_run_status(job->run);
    struct mr_batch_op op = {.key = job->id, .key_len = strlen(job->id)};

    if (job->listed && job->listed_as == status)
        return MR_OK;
    if (status == ASL_RUNNING) {
        op.kind = job->listed ? MR_BATCH_REOPENED : MR_BATCH_OPEN;
        op.n = job->created_ms;
        if (job->listed) {
            op.a = asl_status_name(job->listed_as);
            op.a_len = strlen(op.a);
        }
    } else {
        op.kind = MR_BATCH_CLOSED;
        op.a = asl_status_name(status);
        op.a_len = strlen(op.a);
        op.n = job->last_ms;
    }
    return oc_batch_op(shard, &op, err);
}

enum mr_code oc_batch_finish(struct oc *oc, struct oc_shard *shard, struct mr_batch *ret,
                             struct mr_error *err)
{
    struct mr_buf scratch = {0};
    enum mr_code rc = MR_OK;

    for (size_t i = 0; i < shard->dirty_count && !rc; i++) {
        struct oc_job *job = shard->dirty[i];

        if ((rc = write_row(oc, shard, job, &scratch, err)) ||
            (rc = write_run(oc, shard, job, &scratch, err)))
            break;
        rc = write_lists(shard, job, err);
    }
    mr_buf_release(&scratch);
    if (!rc)
        rc = oc_outbox_write(&shard->outbox, &shard->arena, &shard->ops, &shard->op_count,
                             &shard->op_cap, err);
    if (rc)
        return rc;
    *ret = (struct mr_batch){
        .shard = shard->number,
        .epoch = shard->epoch,
        .expect = shard->next,
        .next = shard->batch_next,
        /* Only the first write of a rebuild: a position that is missing later was flushed under us.
         */
        .rebuild = shard->rebuild && shard->next == 0,
        .log_id = shard->log_id,
        .last_id = shard->batch_next > shard->next ? shard->batch_last_id : shard->last_id,
        .ops = shard->ops,
        .op_count = shard->op_count,
    };
    return MR_OK;
}

void oc_batch_commit(struct oc *oc, struct oc_shard *shard)
{
    const bool live = shard->batch_takeover;
    const bool new = !shard->rebuild || shard->state == OC_SHARD_LIVE; /* not read once before */

    if (new)
        oc->stats.n[OC_STAT_EVENTS] += shard->batch_next - shard->next;
    for (size_t i = 0; i < shard->dirty_count; i++) {
        struct oc_job *job = shard->dirty[i];

        if (new)
            oc_stats_job(&oc->stats, job->listed, job->listed_as, asl_run_status(job->run));
        job->dirty = false;
        job->has_row = true;
        job->listed = true;
        job->listed_as = asl_run_status(job->run);
        mr_buf_reset(&job->pairs);
        if (job->listed_as != ASL_RUNNING)
            oc_shard_closing(shard, job);
    }
    shard->blameless = false;
    oc_outbox_commit(&shard->outbox);
    if (shard->batch_next > shard->next)
        memcpy(shard->last_id, shard->batch_last_id, sizeof shard->last_id);
    shard->next = shard->batch_next;
    oc_shard_batch_reset(shard);
    if (live)
        oc_shard_live(oc, shard);
}
