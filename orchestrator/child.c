/* child.c -- see child.h.  Writes to the outbox and to the batch; sends nothing. */
#include "orchestrator/child.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void oc_child_id(const char *parent, uint64_t seq, uint32_t born, uint32_t index,
                 char ret[MR_JOB_ID_MAX + 1])
{
    char said[MR_JOB_ID_MAX + 64];
    uint8_t sum[MR_SHA256_LEN];
    int len = snprintf(said, sizeof said, "%s/%" PRIu64 "/%" PRIu32 "/%" PRIu32, parent, seq, born,
                       index);

    mr_sha256_of(said, (size_t)len, sum);
    ret[0] = 'c';
    mr_base32(sum, 15, ret + 1);
}

void oc_child_field(char *buf, size_t size, const char *parent, uint64_t seq, uint32_t attempt,
                    uint32_t index)
{
    (void)snprintf(buf, size, "%c:%s:%" PRIu64 ":%" PRIu32 ":%" PRIu32, OC_EFFECT_CHILD, parent,
                   seq, attempt, index);
}

/* ---- into the outbox ----------------------------------------------------------------------------
 */

/* What the log would not take back must not come into it: it would stop its shard. */
static bool is_readable(const struct mr_buf *payload)
{
    struct mr_json_limits limits = mr_json_limits_message;

    limits.len_max = MR_EVENT_BYTES_MAX;
    return mr_json_check(payload->data, payload->len, &limits, NULL) == MR_OK;
}

static enum mr_code add(struct oc *oc, struct oc_shard *shard, char kind, const char *field,
                        const char *def, const char *key, const struct mr_buf *payload,
                        struct mr_error *err)
{
    const struct oc_new_effect effect = {kind, field, def, key, payload->data, payload->len};

    if (payload->failed)
        return mr_fail(err, MR_NO_MEMORY, "effect %s", field);
    return oc_outbox_add(&shard->outbox, &effect, &oc->topics, err);
}

static enum mr_code add_event(struct oc *oc, struct oc_shard *shard, char kind, const char *field,
                              const char *key, const struct mr_event *event, struct mr_error *err)
{
    struct mr_buf payload = {0};
    enum mr_code rc;

    (void)mr_event_print(event, &payload);
    rc = add(oc, shard, kind, field, "", key, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

static enum mr_code print_definition(struct oc *oc, const char *def, struct mr_buf *ret,
                                     bool *ret_found, struct mr_error *err)
{
    struct asl_machine *machine = oc_machines_get(&oc->machines, def);
    enum mr_code rc = MR_OK;

    *ret_found = machine != NULL;
    if (machine && asl_machine_text(machine, ret))
        rc = mr_fail(err, MR_NO_MEMORY, "definition %s", def);
    asl_machine_unref(machine);
    return rc;
}

enum mr_code oc_child_definition(struct oc *oc, const struct oc_shard *shard, const char *def,
                                 struct mr_buf *ret, struct mr_error *err)
{
    bool found;
    enum mr_code rc = print_definition(oc, def, ret, &found, err);

    return rc || found ? rc : mr_store_def_get(oc->store, shard->number, def, ret, err);
}

/* An inline definition is its job's alone: children need it as one of the shard's. */
static enum mr_code keep_definition(struct oc_shard *shard, struct oc_job *job,
                                    struct mr_error *err)
{
    struct mr_batch_op op = {.kind = MR_BATCH_DEF, .key_len = strlen(job->def)};
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;

    if (!job->is_inline || job->def_kept)
        return MR_OK;
    if (asl_machine_text(asl_run_machine(job->run), &text))
        rc = mr_fail(err, MR_NO_MEMORY, "definition %s", job->def);
    if (!rc) {
        op.key = asl_arena_copy(&shard->arena, job->def, op.key_len);
        op.a = asl_arena_copy(&shard->arena, text.data, text.len);
        op.a_len = text.len;
        rc = op.key && op.a ? oc_batch_op(shard, &op, err)
                            : mr_fail(err, MR_NO_MEMORY, "definition %s", job->def);
    }
    mr_buf_release(&text);
    if (!rc)
        job->def_kept = true;
    return rc;
}

/* ---- a distributed Map's children
 * ------------------------------------------------------------------ */

/* A child that cannot be started has failed; so has the task that was to start a workflow. */
static enum mr_code fail_child(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                               const struct mr_event *submit, const char *cause,
                               struct mr_error *err)
{
    const struct mr_event event = {.kind = submit->parent.want <= MR_WANT_RECORD ? MR_EVENT_CHILD
                                                                                 : MR_EVENT_RESULT,
                                   .token_text = submit->parent.token_text,
                                   .parent = submit->parent,
                                   .error = "States.DataLimitExceeded",
                                   .cause = cause};
    char field[MR_JOB_ID_MAX + 64];

    (void)snprintf(field, sizeof field, "%c:%s:refused", OC_EFFECT_LOG, submit->job);
    return add_event(oc, shard, OC_EFFECT_LOG, field, job->id, &event, err);
}

enum mr_code oc_child_submit(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                             const char *field, struct mr_event *event, struct mr_error *err)
{
    char sum[65], nonce[2 * MR_NONCE_LEN + 1];
    uint8_t mac[MR_SHA256_LEN];
    struct mr_buf payload = {0};
    enum mr_code rc;

    mr_sha256_hex(event->job, strlen(event->job), sum);
    mr_hmac_sha256(job->nonce, strlen(job->nonce), event->job, strlen(event->job), mac);
    mr_hex(mac, MR_NONCE_LEN, nonce);
    event->tenant = job->tenant;
    event->nonce = nonce;
    event->sum = sum;
    event->engine = ASL_ENGINE;
    event->from = job->id;
    (void)mr_event_print(event, &payload);
    if (!payload.failed && !is_readable(&payload))
        rc = fail_child(oc, shard, job, event, "the child's input is too large or too deep", err);
    else
        rc = add(oc, shard, OC_EFFECT_CHILD, field, event->def, event->job, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

enum mr_code oc_child_start(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                            const struct asl_effect *effect, struct mr_error *err)
{
    char token[MR_TOKEN_MAX + 1], id[MR_JOB_ID_MAX + 1], field[MR_JOB_ID_MAX + 64];
    struct mr_event event = {.kind = MR_EVENT_SUBMIT,
                             .job = id,
                             .workflow = job->workflow[0] ? job->workflow : NULL,
                             .def = job->def,
                             .input_text = effect->input,
                             .input_len = effect->input_len,
                             .parent = {.token_text = token,
                                        .index = effect->index,
                                        .items = effect->items,
                                        .flow = effect->flow,
                                        .depth = job->parent.depth,
                                        .want = effect->record ? MR_WANT_RECORD : MR_WANT_OUTPUT}};
    enum mr_code rc = keep_definition(shard, job, err);

    if (rc)
        return rc;
    if (!oc_token_make(job, effect->seq, effect->attempt, token, sizeof token))
        return mr_fail(err, MR_INTERNAL, "token of job %s", job->id);
    oc_child_id(job->id, effect->seq, effect->born, effect->index, id);
    oc_child_field(field, sizeof field, job->id, effect->seq, effect->attempt, effect->index);
    return oc_child_submit(oc, shard, job, field, &event, err);
}

/* The parent may have gone on in another definition since: the child is to follow it there. */
enum mr_code oc_child_again(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                            const struct asl_effect *effect, const struct mr_msg *msg,
                            struct mr_error *err)
{
    char token[MR_TOKEN_MAX + 1], id[MR_JOB_ID_MAX + 1], field[MR_JOB_ID_MAX + 64];
    const struct mr_event event = {
        .kind = MR_EVENT_REDRIVE,
        .job = id,
        .def = job->def,
        .parent = {.token_text = token,
                   .index = effect->index,
                   .flow = asl_run_child_flow(job->run, effect->seq),
                   .want = effect->record ? MR_WANT_RECORD : MR_WANT_OUTPUT}};
    struct mr_buf payload = {0};
    enum mr_code rc = keep_definition(shard, job, err);

    (void)msg;
    if (rc)
        return rc;
    if (!oc_token_make(job, effect->seq, effect->attempt, token, sizeof token))
        return mr_fail(err, MR_INTERNAL, "token of job %s", job->id);
    oc_child_id(job->id, effect->seq, effect->born, effect->index, id);
    (void)snprintf(field, sizeof field, "%c:%s:%" PRIu64 ":%" PRIu32 ":%" PRIu32 ":again",
                   OC_EFFECT_WORD, job->id, effect->seq, effect->attempt, effect->index);
    (void)mr_event_print(&event, &payload);
    rc = add(oc, shard, OC_EFFECT_WORD, field, job->def, id, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

enum mr_code oc_child_end(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                          const struct asl_effect *effect, const struct mr_msg *msg,
                          struct mr_error *err)
{
    char id[MR_JOB_ID_MAX + 1], field[MR_JOB_ID_MAX + 64];
    const struct mr_event event = {.kind = MR_EVENT_CANCEL,
                                   .job = id,
                                   .error = "States.Aborted",
                                   .cause = "what started it has ended"};

    (void)msg;
    oc_child_id(job->id, effect->seq, effect->born, effect->index, id);
    (void)snprintf(field, sizeof field, "%c:%s:%" PRIu64 ":%" PRIu32 ":%" PRIu32 ":end",
                   OC_EFFECT_WORD, job->id, effect->seq, effect->attempt, effect->index);
    return add_event(oc, shard, OC_EFFECT_WORD, field, id, &event, err);
}

enum mr_code oc_child_ask(struct oc *oc, struct oc_shard *shard, struct oc_job *job, uint64_t seq,
                          uint32_t attempt, uint32_t born, uint32_t index, bool record,
                          struct mr_error *err)
{
    char token[MR_TOKEN_MAX + 1], id[MR_JOB_ID_MAX + 1], field[MR_JOB_ID_MAX + 64];
    const struct mr_event event = {.kind = MR_EVENT_ASK,
                                   .job = id,
                                   .parent = {.token_text = token,
                                              .index = index,
                                              .want = record ? MR_WANT_RECORD : MR_WANT_OUTPUT}};

    oc_child_field(field, sizeof field, job->id, seq, attempt, index);
    if (oc_outbox_has(&shard->outbox, field))
        return MR_OK; /* it is not sent yet */
    if (!oc_token_make(job, seq, attempt, token, sizeof token))
        return mr_fail(err, MR_INTERNAL, "token of job %s", job->id);
    oc_child_id(job->id, seq, born, index, id);
    (void)snprintf(field, sizeof field, "%c:%s:%" PRIu64 ":%" PRIu32 ":%" PRIu32 ":ask",
                   OC_EFFECT_WORD, job->id, seq, attempt, index);
    return add_event(oc, shard, OC_EFFECT_WORD, field, id, &event, err);
}

/* ---- the end of a child
 * ------------------------------------------------------------------------------ */

/* The report, or where the log would not take it, that it was too much. */
static enum mr_code report(struct oc *oc, struct oc_shard *shard, const char *child,
                           const struct mr_parent *parent, struct mr_event *event,
                           const struct mr_msg *msg, struct mr_error *err)
{
    char field[MR_JOB_ID_MAX + 64];
    struct mr_buf payload = {0};
    enum mr_code rc;

    event->token_text = parent->token_text;
    event->parent = *parent;
    (void)snprintf(field, sizeof field, "%c:%s:%" PRId64, OC_EFFECT_LOG, child, msg->offset);
    (void)mr_event_print(event, &payload);
    if (!payload.failed && !is_readable(&payload)) {
        event->ok = false;
        event->output = NULL;
        event->error = "States.DataLimitExceeded";
        event->cause = "what the child gave is too large or too deep";
        mr_buf_reset(&payload);
        (void)mr_event_print(event, &payload);
    }
    rc = add(oc, shard, OC_EFFECT_LOG, field, "", parent->token.job, &payload, err);
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
    rc = report(oc, shard, job->id, parent, &event, msg, err);
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
    struct mr_event event = {.kind = MR_EVENT_RESULT};
    cJSON *record = asl_run_record(job->run, job->last_ms);
    struct mr_buf text = {0};
    enum mr_code rc = MR_OK;

    if (!record || (parent->want == MR_WANT_SYNC2 && !open_texts(record)))
        rc = mr_fail(err, MR_NO_MEMORY, "record of job %s", job->id);
    if (!rc && asl_run_status(job->run) == ASL_SUCCEEDED) {
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
        rc = report(oc, shard, job->id, parent, &event, msg, err);
    mr_buf_release(&text);
    cJSON_Delete(record);
    return rc;
}

/* {"ExecutionArn":..., "StartDate":...}: that it has begun is all that was asked. */
static enum mr_code report_start(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
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
        rc = report(oc, shard, job->id, parent, &event, msg, err);
    cJSON_Delete(record);
    cJSON_Delete(answer);
    return rc;
}

enum mr_code oc_child_report(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                             const struct mr_msg *msg, struct mr_error *err)
{
    const bool closed = asl_run_status(job->run) != ASL_RUNNING;
    struct mr_parent parent = job->parent;

    if (!job->parent_token[0])
        return MR_OK;
    parent.token_text = job->parent_token;
    switch (parent.want) {
    case MR_WANT_OUTPUT:
    case MR_WANT_RECORD:
        return closed ? report_item(oc, shard, job, &parent, msg, err) : MR_OK;
    case MR_WANT_SYNC:
    case MR_WANT_SYNC2:
        return closed ? report_nested(oc, shard, job, &parent, msg, err) : MR_OK;
    case MR_WANT_START:
        return job->rev == 1 ? report_start(oc, shard, job, &parent, msg, err) : MR_OK;
    case MR_WANT_NOTHING:
    case MR_WANT_COUNT:
        break;
    }
    return MR_OK;
}

/* ---- what is left of a child
 * -------------------------------------------------------------------------- */

struct row {
    char status[16];
    struct mr_buf output, error, cause;
};

static void see_field(void *ctx, const char *name, const char *value, size_t len)
{
    struct row *row = ctx;

    if (strcmp(name, "status") == 0)
        (void)snprintf(row->status, sizeof row->status, "%.*s", (int)(len < 15 ? len : 15), value);
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
    bool ok = record && cJSON_AddStringToObject(record, "ExecutionArn", id) &&
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
        rc = report(oc, shard, asked->job, &asked->parent, &event, msg, err);
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
    struct mr_event event = {.kind = MR_EVENT_CHILD, .error = error, .cause = cause};

    return report(oc, shard, asked->job, &asked->parent, &event, msg, err);
}
