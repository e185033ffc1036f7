/* effects.c -- what step asks for: tasks into the outbox, timers into the timer set, notices of a
 * closed job.  Everything is written with the batch; nothing is sent here. */
#include "orchestrator/orchestrator.h"

#include "common/base/json.h"
#include "common/model/resource.h"
#include "orchestrator/child.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void oc_task_field(char *buf, size_t size, const char *job, uint64_t seq, uint32_t attempt)
{
    (void)snprintf(buf, size, "t:%s:%" PRIu64 ":%" PRIu32, job, seq, attempt);
}

void oc_ask_field(char *buf, size_t size, const char *job, uint64_t seq, uint32_t attempt,
                  uint32_t number)
{
    (void)snprintf(buf, size, "q:%s:%" PRIu64 ":%" PRIu32 ":%" PRIu32, job, seq, attempt, number);
}

void oc_timer_member(char *buf, size_t size, const char *job, uint64_t seq, uint32_t attempt,
                     char timer)
{
    (void)snprintf(buf, size, "%s|%" PRIu64 "|%" PRIu32 "|%c", job, seq, attempt, timer);
}

bool oc_env_token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    return oc_token_make(ctx, seq, attempt, buf, size);
}

static enum mr_code add(struct oc *oc, struct oc_shard *shard, char kind, const char *field,
                        const char *class_name, const char *key, const struct mr_buf *payload,
                        struct mr_error *err)
{
    const struct oc_new_effect effect = {kind, field, class_name, key, payload->data, payload->len};

    if (payload->failed)
        return mr_fail(err, MR_NO_MEMORY, "effect %s", field);
    return oc_outbox_add(&shard->outbox, &effect, &oc->topics, err);
}

/* Fields of effects that are no tasks: the event's offset and which effect of it. */
static void numbered_field(char *buf, size_t size, char kind, const struct mr_msg *msg, size_t i)
{
    (void)snprintf(buf, size, "%c:%" PRId64 ":%zu", kind, msg->offset, i);
}

/* ---- tasks --------------------------------------------------------------------------------------
 */

/* "Render.2" with what could break a key or a path percent-encoded. */
static void step_name(char *buf, size_t size, const char *state, uint32_t entry)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~";
    size_t len = 0;

    for (const unsigned char *p = (const unsigned char *)state; *p && len + 16 < size; p++) {
        if (strchr(safe, *p))
            buf[len++] = (char)*p;
        else
            len += (size_t)snprintf(buf + len, size - len, "%%%02X", *p);
    }
    (void)snprintf(buf + len, size - len, ".%" PRIu32, entry);
}

enum mr_code oc_effect_refuse(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                              const struct asl_effect *effect, const char *error, const char *cause,
                              struct mr_error *err)
{
    char token[MR_TOKEN_MAX + 1], field[MR_JOB_ID_MAX + 64];
    struct mr_event event = {
        .kind = MR_EVENT_RESULT, .token_text = token, .error = error, .cause = cause};
    struct mr_buf payload = {0};
    enum mr_code rc;

    if (!oc_token_make(job, effect->seq, effect->attempt, token, sizeof token))
        return mr_fail(err, MR_INTERNAL, "token of job %s", job->id);
    (void)snprintf(field, sizeof field, "l:%s:%" PRIu64 ":%" PRIu32, job->id, effect->seq,
                   effect->attempt);
    (void)mr_event_print(&event, &payload);
    rc = add(oc, shard, OC_EFFECT_LOG, field, "", job->id, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

/* What the language's own table says of the resource; class and type as millrace.config's does. */
static enum mr_code resolve(struct oc *oc, const char *resource, struct mr_resource *ret,
                            struct mr_error *err)
{
    const struct mr_resource *own = oc_config_copy_arn(&oc->workflows, resource);
    struct mr_resource found = {0};
    enum mr_code rc = mr_resource_resolve(resource, &found, err);

    if (rc && !own)
        return rc;
    if (own) {
        memcpy(found.class_name, own->class_name, sizeof found.class_name);
        memcpy(found.type, own->type, sizeof found.type);
        if (found.service == MR_SERVICE_JOB)
            found.service = MR_SERVICE_WORKER;
    }
    *ret = found;
    return MR_OK;
}

static enum mr_code add_task(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                             const struct asl_effect *effect, const struct mr_resource *resource,
                             const cJSON *input, struct mr_error *err)
{
    char token[MR_TOKEN_MAX + 1], field[MR_JOB_ID_MAX + 64], step[3 * ASL_STATE_NAME_MAX + 32];
    struct mr_task task = {.job = job->id,
                           .tenant = job->tenant,
                           .step = step,
                           .token = token,
                           .seq = effect->seq,
                           .attempt = effect->attempt,
                           .timeout_ms = effect->timeout_ms,
                           .heartbeat_ms = effect->heartbeat_ms,
                           .input_text = effect->input,
                           .input_len = effect->input_len};
    struct mr_buf payload = {0};
    enum mr_code rc;

    if (!oc_token_make(job, effect->seq, effect->attempt, token, sizeof token))
        return mr_fail(err, MR_INTERNAL, "token of job %s", job->id);
    step_name(step, sizeof step, effect->state, effect->entry);
    oc_task_field(field, sizeof field, job->id, effect->seq, effect->attempt);
    task.type = resource->type;
    if (input) {
        task.input = input;
        task.input_text = NULL;
    }
    (void)mr_task_print(&task, &payload);
    rc = add(oc, shard, OC_EFFECT_TASK, field, resource->class_name, job->id, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

enum mr_code oc_effect_evaluate(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                                const struct asl_effect *effect, struct mr_error *err)
{
    char field[MR_JOB_ID_MAX + 64], whose[MR_TENANT_MAX + MR_NAME_MAX + 2];
    const struct oc_new_effect ask = {.kind = OC_EFFECT_EVALUATE,
                                      .field = field,
                                      .class_name = whose,
                                      .key = job->id,
                                      .payload = effect->input,
                                      .payload_len = effect->input_len};

    oc_ask_field(field, sizeof field, job->id, effect->seq, effect->attempt, effect->number);
    (void)snprintf(whose, sizeof whose, "%s/%s", job->tenant, job->workflow);
    return oc_outbox_add(&shard->outbox, &ask, &oc->topics, err);
}

/* lambda:invoke: which class it is for stands in the task's input. */
static enum mr_code invoke(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                           const struct asl_effect *effect, struct mr_resource *resource,
                           struct mr_error *err)
{
    static const struct mr_json_limits limits = {MR_INPUT_MAX + 4096, MR_JSON_DEPTH_MAX};
    const cJSON *payload = NULL;
    cJSON *input = NULL, *empty = NULL;
    struct mr_error why = {0};
    enum mr_code rc = mr_json_parse(effect->input, effect->input_len, &limits, &input, &why);

    if (!rc)
        rc = mr_resource_invoke(input, resource, &payload, &why);
    if (!rc && !payload)
        payload = empty = cJSON_CreateObject();
    if (rc == MR_NO_MEMORY || (!rc && !payload))
        rc = mr_fail(err, MR_NO_MEMORY, "task of job %s", job->id);
    else if (rc)
        rc = oc_effect_refuse(oc, shard, job, effect, "States.Runtime", why.text, err);
    else
        rc = add_task(oc, shard, job, effect, resource, payload, err);
    cJSON_Delete(empty);
    cJSON_Delete(input);
    return rc;
}

enum mr_code oc_effect_task(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                            const struct asl_effect *effect, struct mr_error *err)
{
    struct mr_resource resource;
    struct mr_error why;

    if (resolve(oc, effect->resource, &resource, &why) != MR_OK)
        return oc_effect_refuse(oc, shard, job, effect, "States.Runtime", why.text, err);
    switch (resource.service) {
    case MR_SERVICE_JOB:
        return oc_nested_start(oc, shard, job, effect, &resource, err);
    case MR_SERVICE_INVOKE:
        return invoke(oc, shard, job, effect, &resource, err);
    case MR_SERVICE_WORKER:
        break;
    }
    return add_task(oc, shard, job, effect, &resource, NULL, err);
}

static enum mr_code end_task(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                             const struct mr_msg *msg, const struct asl_effect *effect, size_t i,
                             struct mr_error *err)
{
    char field[MR_JOB_ID_MAX + 64];
    struct mr_control control = {.seq = effect->seq, .attempt = effect->attempt};
    struct mr_resource resource;
    struct mr_buf payload = {0};
    bool unsent;
    enum mr_code rc;

    if (resolve(oc, effect->resource, &resource, NULL) == MR_OK &&
        resource.service == MR_SERVICE_JOB)
        return oc_nested_end(oc, shard, job, effect, &resource, msg, err);
    oc_task_field(field, sizeof field, job->id, effect->seq, effect->attempt);
    unsent = oc_outbox_has(&shard->outbox, field);
    oc_outbox_end_task(&shard->outbox, field);
    if (effect->wanted || unsent)
        return MR_OK;
    (void)snprintf(control.job, sizeof control.job, "%s", job->id);
    numbered_field(field, sizeof field, OC_EFFECT_CONTROL, msg, i);
    (void)mr_control_print(&control, &payload);
    rc = add(oc, shard, OC_EFFECT_CONTROL, field, "", job->id, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

/* ---- timers -------------------------------------------------------------------------------------
 */

static enum mr_code timer(struct oc_shard *shard, const struct oc_job *job,
                          const struct asl_effect *effect, struct mr_error *err)
{
    char member[MR_JOB_ID_MAX + 64];
    struct mr_batch_op op = {.kind = MR_BATCH_TIMER, .n = effect->due_ms};

    oc_timer_member(member, sizeof member, job->id, effect->seq, effect->attempt,
                    (char)effect->timer);
    op.key_len = strlen(member);
    op.key = asl_arena_copy(&shard->arena, member, op.key_len);
    if (!op.key)
        return mr_fail(err, MR_NO_MEMORY, "timer %s", member);
    if (effect->kind == ASL_EFFECT_TIMER_END) {
        op.kind = MR_BATCH_TIMER_DEL;
        oc_fired_end(shard, member);
    } else if (effect->due_ms < shard->timer_next_ms) {
        shard->timer_next_ms = effect->due_ms;
    }
    return oc_batch_op(shard, &op, err);
}

/* ---- the end of a job ---------------------------------------------------------------------------
 */

/* After a rebuild from nothing, notices of long ago are not given once more. */
static bool too_old(const struct oc *oc, const struct oc_shard *shard, const struct mr_msg *msg)
{
    return shard->rebuild && msg->offset < shard->epoch &&
           msg->time_ms < shard->took_ms - oc->config->events_replay_ms;
}

enum mr_code oc_effect_dead(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                            const char *job, const char *reason, const char *text,
                            struct mr_error *err)
{
    struct mr_buf payload = {0};
    char field[64];
    enum mr_code rc;

    if (too_old(oc, shard, msg))
        return MR_OK;
    numbered_field(field, sizeof field, OC_EFFECT_DEAD, msg, 0);
    (void)mr_dead_print(reason, text, oc->topics.log, msg->partition, msg->offset, msg->value,
                        msg->value_len, &payload);
    rc = add(oc, shard, OC_EFFECT_DEAD, field, "", job, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

static void write_error(struct mr_jw *w, const struct oc_job *job)
{
    const char *error = asl_run_error(job->run), *cause = asl_run_cause(job->run);

    if (error)
        mr_jw_str(w, "error", error);
    if (cause)
        mr_jw_str(w, "cause", cause);
}

/* A job that failed, with its chain of errors: what an operator redrives. */
static enum mr_code dead_job(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                             const struct mr_msg *msg, size_t i, struct mr_error *err)
{
    struct mr_buf payload = {0};
    struct mr_jw w;
    char field[64];
    enum mr_code rc;

    mr_jw_begin(&w, &payload);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "reason", "job.failed");
    mr_jw_str(&w, "job", job->id);
    mr_jw_str(&w, "tenant", job->tenant);
    mr_jw_str(&w, "workflow", job->workflow);
    mr_jw_str(&w, "status", asl_status_name(asl_run_status(job->run)));
    write_error(&w, job);
    if (job->chain)
        mr_jw_item(&w, "chain", job->chain);
    mr_jw_close(&w, '}');
    numbered_field(field, sizeof field, OC_EFFECT_DEAD, msg, i);
    rc = add(oc, shard, OC_EFFECT_DEAD, field, "", job->id, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

static void rfc3339(int64_t time_ms, char *buf, size_t size)
{
    const time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        buf[0] = '\0';
    (void)snprintf(buf + strlen(buf), size - strlen(buf), ".%03dZ", (int)(time_ms % 1000));
}

/* CloudEvents 1.0, structured JSON. The id is the same however often it is sent. */
static enum mr_code notice(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                           const struct mr_msg *msg, size_t i, struct mr_error *err)
{
    static const char *const types[] = {[ASL_RUNNING] = "millrace.job.running",
                                        [ASL_SUCCEEDED] = "millrace.job.succeeded",
                                        [ASL_FAILED] = "millrace.job.failed",
                                        [ASL_TIMED_OUT] = "millrace.job.timed_out",
                                        [ASL_ABORTED] = "millrace.job.aborted"};
    struct mr_buf payload = {0};
    struct mr_jw w;
    char field[64], id[MR_JOB_ID_MAX + 32], time[40];
    enum mr_code rc;

    (void)snprintf(id, sizeof id, "%s/%" PRId64, job->id, msg->offset);
    rfc3339(msg->time_ms, time, sizeof time);
    mr_jw_begin(&w, &payload);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "specversion", "1.0");
    mr_jw_str(&w, "id", id);
    mr_jw_str(&w, "source", "millrace");
    mr_jw_str(&w, "type", types[asl_run_status(job->run)]);
    mr_jw_str(&w, "subject", job->id);
    mr_jw_str(&w, "time", time);
    mr_jw_str(&w, "datacontenttype", "application/json");
    mr_jw_open(&w, "data", '{');
    mr_jw_str(&w, "job", job->id);
    mr_jw_str(&w, "tenant", job->tenant);
    mr_jw_str(&w, "workflow", job->workflow);
    mr_jw_str(&w, "status", asl_status_name(asl_run_status(job->run)));
    write_error(&w, job);
    mr_jw_close(&w, '}');
    mr_jw_close(&w, '}');
    numbered_field(field, sizeof field, OC_EFFECT_EVENT, msg, i);
    rc = add(oc, shard, OC_EFFECT_EVENT, field, "", job->id, &payload, err);
    mr_buf_release(&payload);
    return rc;
}

static enum mr_code closed(struct oc *oc, struct oc_shard *shard, const struct oc_job *job,
                           const struct mr_msg *msg, size_t i, struct mr_error *err)
{
    const enum asl_status status = asl_run_status(job->run);
    enum mr_code rc = MR_OK;

    if (too_old(oc, shard, msg))
        return MR_OK;
    rc = oc_child_report(oc, shard, job, msg, err);
    if (rc || oc_job_is_item(job))
        return rc;
    if (oc->config->events)
        rc = notice(oc, shard, job, msg, i, err);
    if (!rc && (status == ASL_FAILED || status == ASL_TIMED_OUT))
        rc = dead_job(oc, shard, job, msg, i, err);
    return rc;
}

enum mr_code oc_effects_apply(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                              const struct mr_msg *msg, struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    for (size_t i = 0; i < oc->effects.count && !rc; i++) {
        const struct asl_effect *effect = &oc->effects.items[i];

        switch (effect->kind) {
        case ASL_EFFECT_TASK:
            rc = oc_effect_task(oc, shard, job, effect, err);
            break;
        case ASL_EFFECT_EVALUATE:
            rc = oc_effect_evaluate(oc, shard, job, effect, err);
            break;
        case ASL_EFFECT_TASK_END:
            rc = end_task(oc, shard, job, msg, effect, i, err);
            break;
        case ASL_EFFECT_TIMER:
        case ASL_EFFECT_TIMER_END:
            rc = timer(shard, job, effect, err);
            break;
        case ASL_EFFECT_CLOSED:
            rc = closed(oc, shard, job, msg, i, err);
            break;
        case ASL_EFFECT_CHILD:
            rc = oc_child_start(oc, shard, job, effect, err);
            break;
        case ASL_EFFECT_CHILD_AGAIN:
            rc = oc_child_again(oc, shard, job, effect, msg, err);
            break;
        case ASL_EFFECT_CHILD_END:
            rc = oc_child_end(oc, shard, job, effect, msg, err);
            break;
        }
    }
    return rc;
}
