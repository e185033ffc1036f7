/* report.c -- what a child tells whoever started it: its end, or that it has begun.  Writes events
 * for the parent's log into the outbox; sends nothing. */
#include "orchestrator/child.h"

#include "common/base/json.h"
#include "common/model/starters.h"
#include "orchestrator/asl/arn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum mr_code oc_child_tell(struct oc *oc, struct oc_shard *shard, const char *child,
                           const struct mr_parent *parent, struct mr_event *event,
                           const struct mr_msg *msg, struct mr_error *err)
{
    char field[MR_JOB_ID_MAX + 64];
    struct mr_buf payload = {0};
    enum mr_code rc;

    event->token_text = parent->token_text;
    event->parent = *parent;
    (void)snprintf(field, sizeof field, "%c:%s:%" PRId64 "%s%.16s", OC_EFFECT_LOG, child,
                   msg->offset, parent->named ? ":" : "", parent->named ? parent->token.mac : "");
    (void)mr_event_print(event, &payload);
    if (!payload.failed && !oc_child_is_readable(&payload)) {
        event->ok = false;
        event->output = NULL;
        event->error = "States.DataLimitExceeded";
        event->cause = "what the child gave is too large or too deep";
        mr_buf_reset(&payload);
        (void)mr_event_print(event, &payload);
    }
    rc = oc_child_put(oc, shard, OC_EFFECT_LOG, field, "", parent->token.job, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

static enum mr_code report_item(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                                const struct mr_parent *parent, const struct mr_msg *msg,
                                struct mr_error *err)
{
    struct mr_event event = {.kind = MR_EVENT_CHILD,
                             .ok = asl_run_status(job->run) == ASL_SUCCEEDED,
                             .output = asl_run_output(job->run),
                             .error = asl_run_error(job->run),
                             .cause = asl_run_cause(job->run)};
    cJSON *record = NULL;
    enum mr_code rc;

    if (parent->want == MR_WANT_RECORD) {
        record = asl_run_record(job->run, job->last_ms);
        if (!record)
            return mr_fail(err, MR_NO_MEMORY, "record of job %s", job->id);
        event.output = record;
    }
    rc = oc_child_tell(oc, shard, job->id, parent, &event, msg, err);
    cJSON_Delete(record);
    return rc;
}

/* Input and Output as JSON instead of as text: what .sync:2 is for. */
static bool open_texts(cJSON *record)
{
    static const char *const names[] = {"Input", "Output"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const cJSON *text = mr_json_get(record, names[i]);
        cJSON *json = cJSON_IsString(text) ? cJSON_Parse(text->valuestring) : NULL;

        if (json && !cJSON_ReplaceItemInObjectCaseSensitive(record, names[i], json)) {
            cJSON_Delete(json);
            return false;
        }
        if (cJSON_IsString(text) && !json)
            return false;
    }
    return true;
}

/* A nested workflow's end, as the answer of the task that started it. */
static enum mr_code report_nested(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                                  const struct mr_parent *parent, const struct mr_msg *msg,
                                  struct mr_error *err)
{
    static const char *const redrive[] = {"RedriveCount", "RedriveStatus", "RedriveStatusReason"};
    struct mr_event event = {.kind = MR_EVENT_RESULT};
    cJSON *record = asl_run_record(job->run, job->last_ms);
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;

    if (!record || (parent->want == MR_WANT_SYNC2 && !open_texts(record)))
        rc = mr_fail(err, MR_NO_MEMORY, "record of job %s", job->id);
    if (parent->want == MR_WANT_EXPRESS) /* a redrive is nothing that its API knows */
        for (size_t i = 0; i < sizeof redrive / sizeof redrive[0]; i++)
            cJSON_DeleteItemFromObjectCaseSensitive(record, redrive[i]);
    if (!rc && (asl_run_status(job->run) == ASL_SUCCEEDED || parent->want == MR_WANT_EXPRESS)) {
        event.output = record;
    } else if (!rc) {
        event.error = "States.TaskFailed";
        rc = mr_json_print(record, &text);
        event.cause = text.data;
        if (rc)
            rc = mr_fail(err, rc, "record of job %s", job->id);
        else if (text.len > MR_CAUSE_MAX)
            event.cause = asl_run_error(job->run) ? asl_run_error(job->run) : "the job failed";
    }
    if (!rc)
        rc = oc_child_tell(oc, shard, job->id, parent, &event, msg, err);
    mr_buf_release(&text);
    cJSON_Delete(record);
    return rc;
}

enum mr_code oc_child_report_start(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                                   const struct mr_parent *parent, const struct mr_msg *msg,
                                   struct mr_error *err)
{
    struct mr_event event = {.kind = MR_EVENT_RESULT};
    cJSON *record = asl_run_record(job->run, msg->time_ms), *answer = cJSON_CreateObject();
    static const char *const names[] = {"ExecutionArn", "StartDate"};
    enum mr_code rc = record && answer ? MR_OK : mr_fail(err, MR_NO_MEMORY, "start of a job");

    for (size_t i = 0; !rc && i < sizeof names / sizeof names[0]; i++) {
        cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(record, names[i]);

        if (!item || !cJSON_AddItemToObject(answer, names[i], item))
            rc = mr_fail(err, MR_NO_MEMORY, "start of job %s", job->id);
    }
    event.output = answer;
    if (!rc)
        rc = oc_child_tell(oc, shard, job->id, parent, &event, msg, err);
    cJSON_Delete(record);
    cJSON_Delete(answer);
    return rc;
}

static enum mr_code report_to(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                              const struct mr_parent *parent, const struct mr_msg *msg,
                              struct mr_error *err)
{
    const bool closed = asl_run_status(job->run) != ASL_RUNNING;

    switch (parent->want) {
    case MR_WANT_OUTPUT:
    case MR_WANT_RECORD:
        return closed ? report_item(oc, shard, job, parent, msg, err) : MR_OK;
    case MR_WANT_SYNC:
    case MR_WANT_SYNC2:
    case MR_WANT_EXPRESS:
        return closed ? report_nested(oc, shard, job, parent, msg, err) : MR_OK;
    case MR_WANT_START:
        return job->rev == 1 ? oc_child_report_start(oc, shard, job, parent, msg, err) : MR_OK;
    case MR_WANT_NOTHING:
    case MR_WANT_COUNT:
        break;
    }
    return MR_OK;
}

enum mr_code oc_child_report(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                             const struct mr_msg *msg, struct mr_error *err)
{
    struct mr_parent parent = job->parent;
    enum mr_code rc = MR_OK;

    if (!job->parent_token[0])
        return MR_OK;
    if (job->starters) {
        for (const cJSON *item = job->starters->child; item && !rc; item = item->next) {
            parent = mr_starter_of(item);
            parent.named = true;
            rc = report_to(oc, shard, job, &parent, msg, err);
        }
        return rc;
    }
    parent.token_text = job->parent_token;
    return report_to(oc, shard, job, &parent, msg, err);
}

/* ---- what is left of a child
 * -------------------------------------------------------------------------- */

struct row {
    char status[16], workflow[MR_NAME_MAX + 1];
    struct mr_buf output, error, cause;
};

static void see_field(void *ctx, const char *name, const char *value, size_t len)
{
    struct row *row = ctx;

    if (strcmp(name, "status") == 0)
        (void)snprintf(row->status, sizeof row->status, "%.*s", (int)(len < 15 ? len : 15), value);
    else if (strcmp(name, "workflow") == 0)
        (void)snprintf(row->workflow, sizeof row->workflow, "%.*s",
                       (int)(len < MR_NAME_MAX ? len : MR_NAME_MAX), value);
    else if (strcmp(name, "output") == 0)
        (void)mr_buf_add(&row->output, value, len);
    else if (strcmp(name, "error") == 0)
        (void)mr_buf_add(&row->error, value, len);
    else if (strcmp(name, "cause") == 0)
        (void)mr_buf_add(&row->cause, value, len);
}

/* {"ExecutionArn", "Name", "Status", "Output" or "Error", "Cause"}: a record without its input. */
static cJSON *row_record(const char *id, const struct row *row)
{
    cJSON *record = cJSON_CreateObject();
    char arn[ASL_ARN_SIZE];
    bool ok = record &&
              cJSON_AddStringToObject(record, "ExecutionArn", asl_arn_of(row->workflow, id, arn)) &&
              cJSON_AddStringToObject(record, "Name", id) &&
              cJSON_AddStringToObject(record, "Status", row->status[0] ? row->status : "FAILED");

    if (ok && row->output.data)
        ok = cJSON_AddStringToObject(record, "Output", row->output.data) != NULL;
    if (ok && row->error.data)
        ok = cJSON_AddStringToObject(record, "Error", row->error.data) != NULL;
    if (ok && row->cause.data)
        ok = cJSON_AddStringToObject(record, "Cause", row->cause.data) != NULL;
    if (ok)
        return record;
    cJSON_Delete(record);
    return NULL;
}

enum mr_code oc_child_report_row(struct oc *oc, struct oc_shard *shard,
                                 const struct mr_event *asked, const struct mr_msg *msg,
                                 struct mr_error *err)
{
    struct mr_event event = {.kind = MR_EVENT_CHILD};
    struct row row = {0};
    cJSON *output = NULL;
    enum mr_code rc = mr_store_row_get(oc->store, shard->number, asked->job, see_field, &row, err);

    if (rc && rc != MR_NOT_FOUND)
        goto done;
    event.ok = rc == MR_OK && strcmp(row.status, "SUCCEEDED") == 0 && row.output.data;
    if (rc == MR_NOT_FOUND) {
        event.error = "States.Runtime";
        event.cause = "nothing is left of this child";
    } else if (!event.ok) {
        event.error = row.error.data && row.error.len ? row.error.data : NULL;
        event.cause = row.cause.data && row.cause.len ? row.cause.data : NULL;
    }
    rc = MR_OK;
    if (asked->parent.want == MR_WANT_RECORD)
        output = row_record(asked->job, &row);
    else if (event.ok)
        output = cJSON_ParseWithLength(row.output.data, row.output.len);
    if ((asked->parent.want == MR_WANT_RECORD || event.ok) && !output)
        rc = mr_fail(err, MR_NO_MEMORY, "end of job %s", asked->job);
    event.output = output;
    if (!rc)
        rc = oc_child_tell(oc, shard, asked->job, &asked->parent, &event, msg, err);
done:
    cJSON_Delete(output);
    mr_buf_release(&row.output);
    mr_buf_release(&row.error);
    mr_buf_release(&row.cause);
    return rc;
}

enum mr_code oc_child_report_held(struct oc *oc, struct oc_shard *shard,
                                  const struct mr_event *asked, const char *error,
                                  const char *cause, const struct mr_msg *msg, struct mr_error *err)
{
    struct mr_event event = {.kind = asked->parent.want <= MR_WANT_RECORD ? MR_EVENT_CHILD
                                                                          : MR_EVENT_RESULT,
                             .error = error,
                             .cause = cause};

    return oc_child_tell(oc, shard, asked->job, &asked->parent, &event, msg, err);
}
