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

bool oc_child_is_readable(const struct mr_buf *payload)
{
    struct mr_json_limits limits = mr_json_limits_message;

    limits.len_max = MR_EVENT_BYTES_MAX;
    return mr_json_check(payload->data, payload->len, &limits, NULL) == MR_OK;
}

enum mr_code oc_child_put(struct oc *oc, struct oc_shard *shard, char kind, const char *field,
                          const char *def, const char *key, const struct mr_buf *payload,
                          struct mr_error *err)
{
    const struct oc_new_effect effect = {kind, field, def, key, payload->data, payload->len};

    if (payload->failed)
        return mr_fail(err, MR_NO_MEMORY, "effect %s", field);
    return oc_outbox_add(&shard->outbox, &effect, &oc->topics, err);
}

enum mr_code oc_child_say(struct oc *oc, struct oc_shard *shard, char kind, const char *field,
                          const char *key, const struct mr_event *event, struct mr_error *err)
{
    struct mr_buf payload = {0};
    enum mr_code rc;

    (void)mr_event_print(event, &payload);
    rc = oc_child_put(oc, shard, kind, field, "", key, &payload, err);
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
    return oc_child_say(oc, shard, OC_EFFECT_LOG, field, job->id, &event, err);
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
    if (!event->sum)
        event->sum = sum;
    event->engine = ASL_ENGINE;
    event->from = job->id;
    (void)mr_event_print(event, &payload);
    if (!payload.failed && !oc_child_is_readable(&payload))
        rc = fail_child(oc, shard, job, event, "the child's input is too large or too deep", err);
    else
        rc = oc_child_put(oc, shard, OC_EFFECT_CHILD, field, event->def, event->job, &payload, err);
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
    rc = oc_child_put(oc, shard, OC_EFFECT_WORD, field, job->def, id, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

enum mr_code oc_child_end(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                          const struct asl_effect *effect, const struct mr_msg *msg,
                          struct mr_error *err)
{
    char id[MR_JOB_ID_MAX + 1], field[MR_JOB_ID_MAX + 64];
    const struct mr_event event = {
        .kind = MR_EVENT_CANCEL, .job = id, .error = ASL_STOPPED_ERROR, .cause = ASL_STOPPED_CAUSE};

    (void)msg;
    oc_child_id(job->id, effect->seq, effect->born, effect->index, id);
    (void)snprintf(field, sizeof field, "%c:%s:%" PRIu64 ":%" PRIu32 ":%" PRIu32 ":end",
                   OC_EFFECT_WORD, job->id, effect->seq, effect->attempt, effect->index);
    return oc_child_say(oc, shard, OC_EFFECT_WORD, field, id, &event, err);
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
    return oc_child_say(oc, shard, OC_EFFECT_WORD, field, id, &event, err);
}
