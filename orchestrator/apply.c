/* apply.c -- one event to one shard: which job, which step, what changed.
 * Pure but for reading a definition that is not in memory. */
#include "orchestrator/apply.h"

#include "common/base/failpoint.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/model/resource.h"
#include "common/model/starters.h"
#include "orchestrator/named.h"

#include <inttypes.h>
#include <string.h>

enum { EARLY_MS = 1000 /* a timer that was early is fired again after at most so long */ };

/* ---- jobs ---------------------------------------------------------------------------------------
 */

static enum asl_status status_of(const char *name)
{
    const enum asl_status all[] = {ASL_RUNNING, ASL_SUCCEEDED, ASL_FAILED, ASL_TIMED_OUT,
                                   ASL_ABORTED};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(name, asl_status_name(all[i])) == 0)
            return all[i];
    return ASL_RUNNING;
}

enum mr_code oc_job_find(struct oc *oc, struct oc_shard *shard, const char *id,
                         struct oc_loads *loads, struct oc_job **ret, struct mr_error *err)
{
    struct mr_job_load *load;
    struct oc_job_text text = {0};
    struct asl_machine *machine = NULL;
    enum mr_code rc;

    *ret = oc_shard_job(shard, id);
    if (*ret)
        return MR_OK;
    load = oc_loads_find(loads, id);
    if (!load || !load->has_run)
        return MR_OK;
    rc = oc_job_decode_head(load, &text, err);
    if (rc)
        return rc;
    rc = oc_apply_machine(oc, shard, text.job, load, &machine, err);
    if (!rc)
        rc = oc_job_decode_run(load, &text, machine, err);
    asl_machine_unref(machine);
    if (rc) {
        oc_job_free(text.job);
        return rc;
    }
    text.job->has_row = load->has_row;
    text.job->has_values = load->vals.len > 0;
    text.job->listed = load->has_row;
    text.job->listed_as = status_of(load->status);
    oc_shard_keep(shard, text.job);
    if (asl_run_status(text.job->run) != ASL_RUNNING)
        oc_shard_closing(shard, text.job);
    *ret = text.job;
    return MR_OK;
}

/* The job's run is told what the log says: an event of kind, with data; *ret_changed as asl_step().
 */
static enum mr_code tell(struct oc *oc, struct oc_shard *shard, struct oc_job *job,
                         const struct mr_msg *msg, const struct mr_event *event,
                         enum asl_event_kind kind, const cJSON *data, bool *ret_changed,
                         struct mr_error *err)
{
    const struct asl_env env = {.token = oc_env_token, .ctx = job};
    const struct asl_event told = {.kind = kind,
                                   .time_ms = msg->time_ms,
                                   .seq = event->seq,
                                   .attempt = event->attempt,
                                   .timer = (enum asl_timer)event->timer,
                                   .data = data,
                                   .error = event->error,
                                   .cause = event->cause,
                                   .number = event->number,
                                   .index = event->parent.index,
                                   .items = event->parent.items};
    enum mr_code rc;

    asl_effects_reset(&oc->effects);
    rc = asl_step(job->run, &told, &env, &oc->effects, ret_changed, err);
    if (rc)
        return mr_fail_in(err, rc, job->id);
    if (!*ret_changed)
        return MR_OK;
    rc = oc_shard_dirty(shard, job, msg, err);
    if (rc)
        return rc;
    oc_shard_touch(shard, job);
    return oc_effects_apply(oc, shard, job, msg, err);
}

static enum mr_code submit_again(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                 const struct mr_event *event, const char *sum,
                                 struct mr_error *err)
{
    if (strcmp(sum, event->sum) == 0)
        return MR_OK; /* read twice, or sent twice: the same job */
    mr_log(MR_WARN, "job.conflict", " job=%s offset=%" PRId64, event->job, msg->offset);
    return oc_effect_dead(oc, shard, msg, event->job, "MR_CONFLICT",
                          "a job of this id and another body is there already", err);
}

static enum mr_code apply_submit(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                 const struct mr_event *event, struct oc_loads *loads,
                                 struct mr_error *err)
{
    const struct mr_job_load *load = oc_loads_find(loads, event->job);
    struct oc_job *job = oc_shard_job(shard, event->job);
    struct asl_machine *machine = NULL;
    cJSON *empty = NULL;
    bool changed = false;
    enum mr_code rc;

    if (event->engine > ASL_ENGINE)
        return mr_fail(err, MR_UNSUPPORTED, "job %s is of engine %" PRId64 ", this program has %d",
                       event->job, event->engine, ASL_ENGINE);
    if (event->parent.named && (rc = oc_job_find(oc, shard, event->job, loads, &job, err)))
        return rc;
    if (event->parent.named && (job || (load && load->has_row)))
        return oc_named_again(oc, shard, msg, event, job, load, err);
    if (job || (load && load->has_row))
        return submit_again(oc, shard, msg, event, job ? job->sum : load->sum, err);
    rc = oc_apply_machine_of(oc, shard, event, &machine, err);
    if (rc)
        return mr_fail_in(err, rc, event->job);
    rc = oc_job_new(event, msg->time_ms, machine, &job, err);
    asl_machine_unref(machine);
    if (rc)
        return rc;
    job->first_offset = msg->offset;
    oc_shard_keep(shard, job);
    if (job->is_inline) {
        struct mr_buf text = {0};

        rc = mr_json_print(event->definition, &text);
        if (!rc)
            rc = oc_batch_value(shard, job, OC_VALUE_DEFINITION, text.data, text.len, err);
        mr_buf_release(&text);
        if (rc)
            return rc;
    }
    if (!event->input)
        empty = cJSON_CreateObject();
    if (!event->input && !empty)
        return mr_fail(err, MR_NO_MEMORY, "input of job %s", job->id);
    rc = tell(oc, shard, job, msg, event, ASL_EVENT_START, event->input ? event->input : empty,
              &changed, err);
    cJSON_Delete(empty);
    if (!rc && asl_run_status(job->run) == ASL_RUNNING) /* else it is told with its end */
        rc = oc_child_report(oc, shard, job, msg, err);
    return rc;
}

/* A forged, stale or foreign token changes nothing. */
static bool token_right(const struct oc_job *job, const struct mr_event *event)
{
    if (oc_token_right(job, &event->token))
        return true;
    mr_log(MR_WARN, "result.token", " job=%s seq=%" PRIu64 " attempt=%" PRIu32, job->id, event->seq,
           event->attempt);
    return false;
}

static enum mr_code apply_heartbeat(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                    const struct mr_event *event, struct oc_job *job,
                                    struct mr_error *err)
{
    bool changed = false;

    return token_right(job, event)
               ? tell(oc, shard, job, msg, event, ASL_EVENT_HEARTBEAT, NULL, &changed, err)
               : MR_OK;
}

static enum mr_code apply_result(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                 const struct mr_event *event, struct oc_job *job,
                                 struct mr_error *err)
{
    const char *resource = asl_run_resource(job->run, event->seq, event->attempt);
    cJSON *wrapped = NULL;
    bool changed = false;
    enum mr_code rc;

    if (!token_right(job, event))
        return MR_OK;
    if (event->output && resource) {
        rc = mr_resource_answer(resource, event->output, &wrapped, err);
        if (rc)
            return rc;
    }
    if (!event->output) /* before the step: a dead letter of this event shows it */
        oc_job_chain_add(job, event->seq, event->attempt, event->error, event->cause, msg->time_ms);
    rc = tell(oc, shard, job, msg, event, event->output ? ASL_EVENT_TASK_OK : ASL_EVENT_TASK_FAILED,
              wrapped ? wrapped : event->output, &changed, err);
    cJSON_Delete(wrapped);
    if (rc)
        return rc;
    if (!event->output && !changed)
        oc_job_chain_undo(job);
    if (event->output && changed)
        oc_note_outputs(job, event->seq, event->output);
    return MR_OK;
}

struct sought { /* a timer of a run */
    uint64_t seq;
    uint32_t attempt;
    char timer;
    bool found;
    int64_t due_ms;
};

static void seek_timer(void *ctx, uint64_t seq, uint32_t attempt, char timer, int64_t due_ms)
{
    struct sought *sought = ctx;

    if (seq != sought->seq || attempt != sought->attempt || timer != sought->timer)
        return;
    sought->found = true;
    sought->due_ms = due_ms;
}

/* The run waits for this timer still: the event was early by the broker's clock, or of an older
 * timer of this name. It stays, and is not fired again before the broker can say that it is due. */
static enum mr_code keep_timer(struct oc *oc, struct oc_shard *shard, const char *member,
                               int64_t time_ms, int64_t due_ms, struct mr_error *err)
{
    const int64_t rest = due_ms > time_ms ? due_ms - time_ms : 0;

    if (due_ms < shard->timer_next_ms)
        shard->timer_next_ms = due_ms;
    return oc_fired_add(shard, member,
                        oc->clock->wall_ms(oc->clock) + (rest < EARLY_MS ? rest : EARLY_MS), err);
}

static enum mr_code apply_timer(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                const struct mr_event *event, struct oc_job *job,
                                struct mr_error *err)
{
    struct sought sought = {.seq = event->seq, .attempt = event->attempt, .timer = event->timer};
    char member[MR_JOB_ID_MAX + 64];
    bool changed = false;
    enum mr_code rc;

    oc_timer_member(member, sizeof member, event->job, event->seq, event->attempt, event->timer);
    oc_fired_end(shard, member);
    if (job) {
        const bool fails = event->timer == ASL_TIMER_TIMEOUT || event->timer == ASL_TIMER_HEARTBEAT;

        if (fails)
            oc_job_chain_add(job, event->seq, event->attempt, "States.Timeout", NULL, msg->time_ms);
        rc = tell(oc, shard, job, msg, event, ASL_EVENT_TIMER, NULL, &changed, err);
        if (rc || changed)
            return rc;
        if (fails)
            oc_job_chain_undo(job);
        if (asl_run_status(job->run) == ASL_RUNNING)
            asl_run_timers(job->run, seek_timer, &sought);
        if (sought.found)
            return keep_timer(oc, shard, member, msg->time_ms, sought.due_ms, err);
    }
    /* Of a task that has ended, or of a job that has: nobody waits for it. */
    char *copy = asl_arena_copy(&shard->arena, member, strlen(member));
    if (!copy)
        return mr_fail(err, MR_NO_MEMORY, "timer %s", member);
    return oc_batch_op(
        shard,
        &(struct mr_batch_op){.kind = MR_BATCH_TIMER_DEL, .key = copy, .key_len = strlen(member)},
        err);
}

static enum mr_code apply_evaluated(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                    const struct mr_event *event, struct oc_job *job,
                                    struct mr_error *err)
{
    char field[MR_JOB_ID_MAX + 64];
    bool changed = false;

    oc_ask_field(field, sizeof field, event->job, event->seq, event->attempt, event->number);
    oc_outbox_end_task(&shard->outbox, field);
    return job ? tell(oc, shard, job, msg, event, ASL_EVENT_EVALUATED, event->answer, &changed, err)
               : MR_OK;
}

/* A definition that does not fit is refused, and with it the redrive. */
static enum mr_code apply_redrive(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                  const struct mr_event *event, struct oc_job *job,
                                  struct mr_error *err)
{
    bool changed = false;
    enum mr_code rc = MR_OK;

    if (event->definition && asl_run_status(job->run) == ASL_RUNNING)
        return MR_OK; /* sent twice: it goes on already */
    if (event->definition)
        rc = oc_apply_change(oc, shard, event, job, err);
    if (rc == MR_INVALID || rc == MR_TOO_LARGE) {
        mr_log_error(MR_WARN, "job.redrive_refused", err, " job=%s offset=%" PRId64, job->id,
                     msg->offset);
        return oc_effect_dead(oc, shard, msg, job->id, mr_code_name(rc), err->text, err);
    }
    return rc ? rc : tell(oc, shard, job, msg, event, ASL_EVENT_REDRIVE, NULL, &changed, err);
}

static enum mr_code apply_cancel(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                 const struct mr_event *event, struct oc_job *job,
                                 struct mr_error *err)
{
    bool changed = false;

    if (event->parent.token_text && !mr_starters_have(job->starters, event->parent.token_text))
        return MR_OK; /* it was refused: this is another's */
    return tell(oc, shard, job, msg, event, ASL_EVENT_CANCEL, NULL, &changed, err);
}

/* ---- children -----------------------------------------------------------------------------------
 */

/* A child of this job has ended. */
static enum mr_code apply_child(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                const struct mr_event *event, struct oc_job *job,
                                struct mr_error *err)
{
    char field[MR_JOB_ID_MAX + 64];
    bool changed = false;
    enum mr_code rc;

    if (!token_right(job, event))
        return MR_OK;
    if (!event->ok) /* before the step: a dead letter of this event shows it */
        oc_job_chain_add(job, event->seq, event->attempt, event->error, event->cause, msg->time_ms);
    rc = tell(oc, shard, job, msg, event, event->ok ? ASL_EVENT_CHILD_OK : ASL_EVENT_CHILD_FAILED,
              event->output, &changed, err);
    if (rc)
        return rc;
    if (!event->ok && !changed)
        oc_job_chain_undo(job);
    oc_child_field(field, sizeof field, job->id, event->seq, event->attempt, event->parent.index);
    oc_outbox_end_task(&shard->outbox, field); /* in a replay its submit may still stand there */
    return MR_OK;
}

static bool is_to_follow(const struct mr_event *event, const struct oc_job *job)
{
    const enum asl_status status = asl_run_status(job->run);

    return event->kind == MR_EVENT_REDRIVE && event->def && strcmp(event->def, job->def) != 0 &&
           status != ASL_RUNNING && status != ASL_SUCCEEDED;
}

/* Its parent redrives it, or asks how it ended; from now on that is whom it answers. */
static enum mr_code apply_parent(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                 const struct mr_event *event, struct oc_job *job,
                                 struct mr_error *err)
{
    struct mr_parent parent = event->parent;
    bool changed = false;
    enum mr_code rc;

    if (!job) /* it succeeded, and only its row is left; or nothing is */
        return oc_child_report_row(oc, shard, event, msg, err);
    parent.items = job->parent.items;
    parent.flow = job->parent.flow;
    oc_job_parent(job, &parent);
    rc = oc_shard_dirty(shard, job, msg, err);
    if (!rc && is_to_follow(event, job)) {
        rc = oc_apply_follow(oc, shard, event, job, err);
        if (rc == MR_INVALID) {
            const struct mr_error why = *err;

            return oc_child_report_held(oc, shard, event, "States.Runtime", why.text, msg, err);
        }
    }
    if (!rc && event->kind == MR_EVENT_REDRIVE && asl_run_status(job->run) != ASL_SUCCEEDED)
        rc = tell(oc, shard, job, msg, event, ASL_EVENT_REDRIVE, NULL, &changed, err);
    if (!rc && !changed && asl_run_status(job->run) != ASL_RUNNING)
        rc = oc_child_report(oc, shard, job, msg, err);
    return rc;
}

static enum mr_code apply_takeover(struct oc_shard *shard, const struct mr_msg *msg,
                                   struct mr_error *err)
{
    if (msg->offset > shard->epoch)
        return mr_fail(err, MR_FENCED, "another orchestrator took this shard at %" PRId64,
                       msg->offset);
    if (msg->offset == shard->epoch)
        shard->batch_takeover = true;
    return MR_OK;
}

enum mr_code oc_apply(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                      const struct mr_event *event, struct oc_loads *loads, struct mr_error *err)
{
    struct oc_job *job = NULL;
    enum mr_code rc;

    if (event->job)
        mr_fail_point_for("apply.event", event->job);
    switch (event->kind) {
    case MR_EVENT_TAKEOVER:
        return apply_takeover(shard, msg, err);
    case MR_EVENT_DEFINITION:
        return oc_apply_definition(oc, shard, event, err);
    case MR_EVENT_SUBMIT:
        return apply_submit(oc, shard, msg, event, loads, err);
    case MR_EVENT_RESULT:
    case MR_EVENT_TIMER:
    case MR_EVENT_HEARTBEAT:
    case MR_EVENT_EVALUATED:
    case MR_EVENT_CANCEL:
    case MR_EVENT_REDRIVE:
    case MR_EVENT_CHILD:
    case MR_EVENT_ASK:
        break;
    case MR_EVENT_KIND_COUNT:
        return mr_fail(err, MR_INTERNAL, "event of no kind");
    }
    rc = oc_job_find(oc, shard, event->job, loads, &job, err);
    if (rc)
        return rc;
    if (event->kind == MR_EVENT_TIMER)
        return apply_timer(oc, shard, msg, event, job, err);
    if (event->kind == MR_EVENT_EVALUATED)
        return apply_evaluated(oc, shard, msg, event, job, err);
    if (event->kind == MR_EVENT_ASK ||
        (event->kind == MR_EVENT_REDRIVE && event->parent.token_text))
        return apply_parent(oc, shard, msg, event, job, err);
    if (!job)
        return MR_OK; /* closed and forgotten, or never there: nothing to change */
    if (event->kind == MR_EVENT_RESULT)
        return apply_result(oc, shard, msg, event, job, err);
    if (event->kind == MR_EVENT_CHILD)
        return apply_child(oc, shard, msg, event, job, err);
    if (event->kind == MR_EVENT_HEARTBEAT)
        return apply_heartbeat(oc, shard, msg, event, job, err);
    if (event->kind == MR_EVENT_REDRIVE)
        return apply_redrive(oc, shard, msg, event, job, err);
    return apply_cancel(oc, shard, msg, event, job, err);
}
