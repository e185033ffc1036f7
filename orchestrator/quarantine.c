/* quarantine.c -- see quarantine.h.  Never reads more of an event than its key. */
#include "orchestrator/quarantine.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "orchestrator/child.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char cause[] = "an event of this job ended its orchestrator again and again; its dead "
                            "letter has the event, and another job may be submitted in its place";

/* ---- what is known ----------------------------------------------------------------------------
 */

static void forget(struct oc_quarantine *quarantine, struct oc_held *held)
{
    HASH_DEL(quarantine->by_job, held);
    free(held);
}

void oc_quarantine_release(struct oc_quarantine *quarantine)
{
    while (quarantine->by_job)
        forget(quarantine, quarantine->by_job);
}

enum mr_code oc_quarantine_learn(struct oc_quarantine *quarantine, const char *job,
                                 const struct mr_msg *msg, struct mr_error *err)
{
    struct mr_config_quarantine record = {0};
    struct oc_held *old = NULL, *held = NULL;
    enum mr_code rc;

    if (!mr_id_valid(job, strlen(job)))
        return mr_fail(err, MR_INVALID, "quarantine/%.40s: is of no job", job);
    if (msg->value) {
        rc = mr_config_quarantine_parse(msg->value, msg->value_len, &record, err);
        if (rc)
            return rc;
        held = calloc(1, sizeof *held);
        if (!held)
            return mr_fail(err, MR_NO_MEMORY, "quarantine/%s", job);
        memcpy(held->job, job, strlen(job) + 1);
        memcpy(held->log_id, record.log_id, sizeof held->log_id);
        held->offset = record.offset;
    }
    HASH_FIND_STR(quarantine->by_job, job, old);
    if (old)
        forget(quarantine, old);
    if (held)
        HASH_ADD_STR(quarantine->by_job, job, held);
    return MR_OK;
}

const struct oc_held *oc_quarantine_of(const struct oc_quarantine *quarantine, const char *log_id,
                                       const struct mr_msg *msg)
{
    struct oc_held *held = NULL;

    if (!quarantine->by_job || !msg->key || msg->key_len > MR_JOB_ID_MAX)
        return NULL;
    HASH_FIND(hh, quarantine->by_job, msg->key, msg->key_len, held);
    if (!held || msg->offset < held->offset || strcmp(log_id, held->log_id) != 0)
        return NULL;
    return held;
}

/* ---- Q1 to Q3: one event at a time ------------------------------------------------------------
 */

static void reported(struct oc_send *send, enum mr_code code, int32_t partition, int64_t offset,
                     int64_t time_ms)
{
    (void)partition, (void)offset, (void)time_ms;
    if (code)
        mr_log(MR_WARN, "quarantine.again", " code=%s", mr_code_name(code)); /* the next try says it
                                                                                again */
    free(send);
}

static enum mr_code send_record(struct oc *oc, const struct mr_msg *msg, struct mr_error *err)
{
    struct mr_config_quarantine record = {.offset = msg->offset,
                                          .at_ms = oc->clock->wall_ms(oc->clock)};
    char key[MR_JOB_ID_MAX + 16];
    struct oc_send *send = calloc(1, sizeof *send);
    struct mr_buf text = {0};
    const int len = snprintf(key, sizeof key, "quarantine/%.*s", (int)msg->key_len, msg->key);
    enum mr_code rc;

    memcpy(record.log_id, oc->log_id, sizeof record.log_id);
    rc = send ? mr_config_quarantine_print(&record, &text) : MR_NO_MEMORY;
    if (rc) {
        rc = mr_fail(err, rc, "%s", key);
    } else {
        send->done = reported;
        rc = mr_bus_send(oc->bus, oc->topics.config, 0, key, (size_t)len, text.data, text.len, send,
                         err);
    }
    if (rc)
        free(send);
    else
        mr_fail_point("quarantine.sent");
    mr_buf_release(&text);
    return rc;
}

bool oc_trial(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg)
{
    struct mr_error err;
    int64_t tries = 0;

    if (oc_quarantine_of(&oc->workflows.quarantine, shard->log_id, msg))
        return true;
    if (mr_store_tries(oc->store, shard->number, "event", msg->offset, !shard->blameless, &tries,
                       &err)) {
        oc_shard_lose(oc, shard, "trial", &err);
        return false;
    }
    if (tries <= oc->config->event_tries)
        return true;
    (void)mr_fail(&err, MR_INTERNAL,
                  "event %" PRId64 " was tried %" PRId64 " times and never applied", msg->offset,
                  tries - 1);
    if (!msg->key ||
        !mr_id_valid(msg->key, msg->key_len)) { /* no job to set aside: tried for ever */
        mr_log_error(MR_ALARM, "shard.tries", &err, " shard=%" PRIu32, shard->number);
        return true;
    }
    mr_log_error(MR_ALARM, "job.quarantined", &err, " job=%.*s shard=%" PRIu32, (int)msg->key_len,
                 msg->key, shard->number);
    (void)send_record(oc, msg, &err);
    oc_shard_lose(oc, shard, "quarantine", &err); /* when it is taken again, the record is known */
    return false;
}

/* ---- Q4: passed over --------------------------------------------------------------------------
 */

static enum mr_code add_op(struct oc_shard *shard, struct mr_batch_op *op, const char *key,
                           const struct mr_buf *a, struct mr_error *err)
{
    op->key_len = strlen(key);
    op->key = asl_arena_copy(&shard->arena, key, op->key_len);
    if (a) {
        op->a = a->failed ? NULL : asl_arena_copy(&shard->arena, a->data, a->len);
        op->a_len = a->len;
    }
    if (!op->key || (a && !op->a))
        return mr_fail(err, MR_NO_MEMORY, "quarantine of job %s", key);
    return oc_batch_op(shard, op, err);
}

static void pair(struct mr_buf *buf, const char *name, const char *value)
{
    (void)mr_buf_add(buf, name, strlen(name) + 1);
    (void)mr_buf_add(buf, value, strlen(value) + 1);
}

static enum mr_code write_row(struct oc *oc, struct oc_shard *shard, const struct oc_held *held,
                              const struct mr_msg *msg, struct mr_error *err)
{
    struct mr_batch_op row = {.kind = MR_BATCH_ROW, .n = msg->time_ms + oc->cluster->dedupe_ms};
    struct mr_batch_op closed = {.kind = MR_BATCH_CLOSED, .n = msg->time_ms};
    struct mr_buf pairs = {0}, status = {0};
    char ended[24];
    enum mr_code rc;

    (void)snprintf(ended, sizeof ended, "%" PRId64, msg->time_ms);
    (void)mr_buf_add_str(&status, asl_status_name(ASL_FAILED));
    pair(&pairs, "status", asl_status_name(ASL_FAILED));
    pair(&pairs, "error", OC_QUARANTINED);
    pair(&pairs, "cause", cause);
    pair(&pairs, "ended", ended);
    rc = add_op(shard, &row, held->job, &pairs, err);
    if (!rc)
        rc = add_op(shard, &closed, held->job, &status, err);
    mr_buf_release(&pairs);
    mr_buf_release(&status);
    return rc;
}

/* Its timers still fall due; each leaves the set with its own event, which our programs alone
 * write, and always in this form. */
static enum mr_code end_timer(struct oc_shard *shard, const struct oc_held *held,
                              const struct mr_msg *msg, struct mr_error *err)
{
    static const char form[] = "{\"v\":1,\"k\":\"timer\",";
    struct mr_batch_op op = {.kind = MR_BATCH_TIMER_DEL};
    char member[MR_JOB_ID_MAX + 64];
    struct mr_event event;
    enum mr_code rc;

    if (msg->offset == held->offset || msg->value_len < sizeof form ||
        memcmp(msg->value, form, sizeof form - 1) != 0 ||
        mr_event_parse(msg->value, msg->value_len, &event, NULL) != MR_OK)
        return MR_OK;
    oc_timer_member(member, sizeof member, event.job, event.seq, event.attempt, event.timer);
    mr_event_release(&event);
    oc_fired_end(shard, member);
    rc = add_op(shard, &op, member, NULL, err);
    return rc;
}

/* Its parent asks how it ended, or redrives it, or starts it (again): it has failed. Only these
 * forms are read. */
static enum mr_code answer_parent(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg,
                                  struct mr_error *err)
{
    static const char *const forms[] = {"{\"v\":1,\"k\":\"ask\",", "{\"v\":1,\"k\":\"redrive\",",
                                        "{\"v\":1,\"k\":\"submit\","};
    struct mr_event event;
    enum mr_code rc = MR_OK;
    bool asks = false;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        asks = asks || (msg->value_len > strlen(forms[i]) &&
                        memcmp(msg->value, forms[i], strlen(forms[i])) == 0);
    if (!asks || mr_event_parse(msg->value, msg->value_len, &event, NULL) != MR_OK)
        return MR_OK;
    if (event.parent.token_text)
        rc = oc_child_report_held(oc, shard, &event, OC_QUARANTINED, cause, msg, err);
    mr_event_release(&event);
    return rc;
}

enum mr_code oc_apply_held(struct oc *oc, struct oc_shard *shard, const struct oc_held *held,
                           const struct mr_msg *msg, struct mr_error *err)
{
    struct oc_job *job = oc_shard_job(shard, held->job);
    enum mr_code rc;

    if (job && !job->dirty)
        oc_shard_forget(shard, job);
    rc = write_row(oc, shard, held, msg, err);
    if (!rc)
        rc = end_timer(shard, held, msg, err);
    if (!rc && msg->offset != held->offset)
        rc = answer_parent(oc, shard, msg, err);
    if (!rc && msg->offset == held->offset)
        rc = oc_effect_dead(oc, shard, msg, held->job, "job.quarantined", cause, err);
    return rc;
}
