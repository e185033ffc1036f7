/* named.c -- see named.h.  Writes to the outbox and to the batch; sends nothing. */
#include "orchestrator/named.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "common/model/starters.h"
#include "orchestrator/child.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void oc_named_id(const char *tenant, const char *workflow, const char *name,
                 char ret[MR_JOB_ID_MAX + 1])
{
    char said[MR_TENANT_MAX + 2 * MR_NAME_MAX + 3]; /* none of the three has a line's end in it */
    uint8_t sum[MR_SHA256_LEN];
    const int len = snprintf(said, sizeof said, "%s\n%s\n%s", tenant, workflow, name);

    mr_sha256_of(said, (size_t)len < sizeof said ? (size_t)len : sizeof said - 1, sum);
    ret[0] = 'n';
    mr_base32(sum, 15, ret + 1);
}

enum mr_code oc_named_sum(const char *id, const cJSON *input, char ret[65], struct mr_error *err)
{
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;

    (void)mr_buf_addf(&text, "%s\n", id);
    if (!input)
        (void)mr_buf_add_str(&text, "{}");
    else
        rc = mr_json_print(input, &text);
    if (rc || text.failed)
        rc = mr_fail(err, MR_NO_MEMORY, "sum of job %s", id);
    else
        mr_sha256_hex(text.data, text.len, ret);
    mr_buf_release(&text);
    return rc;
}

/* ---- the parent's side --------------------------------------------------------------------------
 */

static void task_name(char buf[48], uint64_t seq, uint32_t attempt)
{
    (void)snprintf(buf, 48, "%" PRIu64 ".%" PRIu32, seq, attempt);
}

enum mr_code oc_named_keep(struct oc_job *parent, uint64_t seq, uint32_t attempt, const char *id,
                           struct mr_error *err)
{
    char task[48];

    task_name(task, seq, attempt);
    if (mr_json_get(parent->named, task))
        return MR_OK; /* the scanner sends it again */
    if (!parent->named)
        parent->named = cJSON_CreateObject();
    return parent->named && cJSON_AddStringToObject(parent->named, task, id)
               ? MR_OK
               : mr_fail(err, MR_NO_MEMORY, "job %s", parent->id);
}

bool oc_named_take(struct oc_job *parent, uint64_t seq, uint32_t attempt,
                   char ret[MR_JOB_ID_MAX + 1])
{
    char task[48];
    const char *id;

    task_name(task, seq, attempt);
    id = cJSON_GetStringValue(mr_json_get(parent->named, task));
    if (!id)
        return false;
    (void)snprintf(ret, MR_JOB_ID_MAX + 1, "%s", id);
    cJSON_DeleteItemFromObjectCaseSensitive(parent->named, task);
    if (!parent->named->child) {
        cJSON_Delete(parent->named);
        parent->named = NULL;
    }
    return true;
}

/* ---- the child's side ---------------------------------------------------------------------------
 */

static void see_marks(void *ctx, const char *name, const char *value, size_t len)
{
    if (strcmp(name, "starters") == 0)
        (void)mr_buf_add(ctx, value, len);
}

/* Has this task started it before?  Then this is its submit once more, and it has its answer or
 * will have it. */
static enum mr_code is_known(struct oc *oc, struct oc_shard *shard, const struct mr_event *event,
                             const struct oc_job *job, bool *ret, struct mr_error *err)
{
    struct mr_buf marks = {0};
    enum mr_code rc;

    *ret = job && mr_starters_have(job->starters, event->parent.token_text);
    if (job)
        return MR_OK;
    rc = mr_store_row_get(oc->store, shard->number, event->job, see_marks, &marks, err);
    if (rc == MR_NOT_FOUND) /* it has just run out */
        rc = MR_OK;
    if (!rc && marks.failed)
        rc = mr_fail(err, MR_NO_MEMORY, "row of job %s", event->job);
    if (!rc)
        *ret = mr_starters_marked(marks.data, &event->parent.token);
    mr_buf_release(&marks);
    return rc;
}

static enum mr_code refuse(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                           const struct mr_event *submit, const char *name, const char *cause,
                           struct mr_error *err)
{
    char error[64];
    struct mr_event event = {.kind = MR_EVENT_RESULT, .error = error, .cause = cause};

    (void)snprintf(error, sizeof error, "%s.%s", submit->parent.sdk ? "Sfn" : "StepFunctions",
                   name);
    return oc_child_tell(oc, shard, submit->job, &submit->parent, &event, msg, err);
}

enum mr_code oc_named_again(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                            const struct mr_event *event, struct oc_job *job,
                            const struct mr_job_load *load, struct mr_error *err)
{
    const bool running = job && asl_run_status(job->run) == ASL_RUNNING;
    char cause[MR_JOB_ID_MAX + 64];
    bool known = false;
    enum mr_code rc = is_known(oc, shard, event, job, &known, err);

    if (rc || known)
        return rc;
    (void)snprintf(cause, sizeof cause, "Execution Already Exists: '%s'", event->job);
    if (!running || strcmp(job ? job->sum : load->sum, event->sum) != 0)
        return refuse(oc, shard, msg, event, "ExecutionAlreadyExistsException", cause, err);
    rc = mr_starters_add(&job->starters, &event->parent, err);
    if (rc == MR_TOO_LARGE) {
        (void)snprintf(cause, sizeof cause, "%.*s", (int)sizeof cause - 1, err->text);
        return refuse(oc, shard, msg, event, "ExecutionLimitExceeded", cause, err);
    }
    if (!rc)
        rc = oc_shard_dirty(shard, job, msg, err);
    if (!rc && event->parent.want == MR_WANT_START)
        rc = oc_child_report_start(oc, shard, job, &event->parent, msg, err);
    return rc;
}
