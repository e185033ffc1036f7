/* relay.c -- R1 to R3 of docs/lifecycle.md: what is written in the outbox is sent. Notices first,
 * then tasks while their class is under its bound; the rest stands in Redis. */
#include "orchestrator/admit.h"
#include "orchestrator/child.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { ENSURE_RETRY_MS = 5000 };

struct oc_known_class {
    char name[MR_CLASS_MAX];
    UT_hash_handle hh;
};

enum mr_code oc_relay_know(struct oc *oc, const char *class_name)
{
    struct oc_known_class *known = calloc(1, sizeof *known);

    if (!known)
        return MR_NO_MEMORY;
    (void)snprintf(known->name, sizeof known->name, "%s", class_name);
    HASH_ADD_STR(oc->known_classes, name, known);
    return MR_OK;
}

/* The topic of a class that the start did not make. Blocks, once a class and process.
 * MR_TOO_LARGE: as many as there may be were made. */
static enum mr_code ensure(struct oc *oc, struct oc_class *class_of)
{
    struct oc_known_class *known = NULL;
    struct mr_topic_spec spec = mr_topic_task_spec(class_of->topic, oc->cluster);
    const int64_t now = oc->clock->mono_ms(oc->clock);
    struct mr_error err;
    enum mr_code rc;

    if (now < class_of->pause_until_ms)
        return MR_BUSY;
    HASH_FIND_STR(oc->known_classes, class_of->name, known);
    if (!known) {
        if (oc->classes_made >= oc->config->classes_max)
            return MR_TOO_LARGE;
        rc = mr_bus_ensure(oc->bus, &spec, 1, &err);
        if (rc) {
            mr_log_error(MR_ERROR, "relay.class", &err, " class=%s", class_of->name);
            class_of->pause_until_ms = now + ENSURE_RETRY_MS;
            return rc;
        }
        rc = oc_relay_know(oc, class_of->name);
        if (rc)
            return rc;
        oc->classes_made++;
    }
    class_of->ensured = true;
    return MR_OK;
}

void oc_relay_close(struct oc *oc)
{
    struct oc_known_class *known, *next;

    HASH_ITER(hh, oc->known_classes, known, next)
    {
        HASH_DEL(oc->known_classes, known);
        free(known);
    }
}

/* Nobody will ever take this task: it fails, by an event that is written as the task leaves the
 * outbox. */
static enum mr_code refuse(struct oc *oc, struct oc_effect *effect, const char *error,
                           const char *cause)
{
    struct mr_task task = {0};
    struct mr_event event = {.kind = MR_EVENT_RESULT, .error = error, .cause = cause};
    struct oc_new_effect refusal = {.kind = OC_EFFECT_LOG, .class_name = "", .key = effect->key};
    struct mr_buf payload = {0}, field = {0};
    struct mr_error err;
    enum mr_code rc = mr_task_parse(effect->payload, effect->payload_len, &task, &err);

    if (rc)
        return rc == MR_NO_MEMORY ? rc : MR_OK; /* no task of ours: nobody waits for it */
    event.token_text = task.token;
    (void)mr_buf_addf(&field, "%c%s", OC_EFFECT_LOG, effect->field + 1);
    rc = field.failed ? MR_NO_MEMORY : mr_event_print(&event, &payload);
    refusal.field = field.data;
    refusal.payload = payload.data;
    refusal.payload_len = payload.len;
    if (!rc)
        rc = oc_outbox_add(effect->outbox, &refusal, &oc->topics, &err);
    mr_buf_release(&payload);
    mr_buf_release(&field);
    mr_task_release(&task);
    return rc;
}

void oc_relay_reported(struct oc_send *send, enum mr_code code, int32_t partition, int64_t offset,
                       int64_t time_ms)
{
    struct oc_effect *effect = (struct oc_effect *)send;
    struct oc *oc = effect->outbox ? effect->outbox->oc : NULL;
    const int64_t now = oc ? oc->clock->mono_ms(oc->clock) : 0;

    (void)partition, (void)offset, (void)time_ms;
    if (code == MR_TOO_LARGE) {
        mr_log(MR_ALARM, "relay.too_large", " effect=%s bytes=%zu", effect->field,
               effect->payload_len);
        code = oc && effect->kind == OC_EFFECT_TASK && !effect->unwanted
                   ? refuse(oc, effect, "States.DataLimitExceeded",
                            "the task's message is larger than its topic takes")
                   : MR_OK;
    }
    if (code == MR_OK) {
        mr_fail_point("relay.reported");
        oc_outbox_sent(effect, now);
        return;
    }
    if (oc)
        oc->send_pause_ms = now + oc->config->send_retry_ms;
    mr_log(MR_WARN, "relay.again", " effect=%s code=%s", effect->field, mr_code_name(code));
    oc_outbox_again(effect);
}

static const char *topic_of(const struct oc *oc, const struct oc_effect *effect)
{
    switch ((enum oc_effect_kind)effect->kind) {
    case OC_EFFECT_TASK:
        return effect->class_of->topic;
    case OC_EFFECT_CONTROL:
        return oc->topics.control;
    case OC_EFFECT_EVENT:
        return oc->topics.events;
    case OC_EFFECT_DEAD:
        return oc->topics.dlq;
    case OC_EFFECT_LOG:
    case OC_EFFECT_EVALUATE:
    case OC_EFFECT_CHILD:
    case OC_EFFECT_WORD:
        return oc->topics.log;
    }
    return oc->topics.dlq;
}

static bool is_event(const struct oc_effect *effect)
{
    return effect->kind == OC_EFFECT_LOG || effect->kind == OC_EFFECT_CHILD ||
           effect->kind == OC_EFFECT_WORD;
}

static int32_t shard_of(const struct oc *oc, const struct oc_effect *effect)
{
    return (int32_t)mr_shard_of(effect->key, effect->key_len, oc->shard_count);
}

/* Has the log that this word to a child goes to had the definition that it names? If not, that is
 * sent first. */
static bool is_defined(struct oc *oc, struct oc_shard *shard, const struct oc_effect *effect)
{
    const int32_t target = shard_of(oc, effect);
    struct mr_buf text = {0};
    struct mr_error err;
    bool defined;

    if ((effect->kind != OC_EFFECT_CHILD && effect->kind != OC_EFFECT_WORD) ||
        !effect->class_name[0] || oc_admit_announced(oc, target, effect->class_name, NULL, 0))
        return true;
    if (oc_child_definition(oc, shard, effect->class_name, &text, &err)) {
        mr_log_error(MR_WARN, "relay.definition", &err, " effect=%s", effect->field);
        oc->send_pause_ms = oc->clock->mono_ms(oc->clock) + oc->config->send_retry_ms;
        mr_buf_release(&text);
        return false;
    }
    defined = oc_admit_announced(oc, target, effect->class_name, text.data, text.len);
    mr_buf_release(&text);
    return defined;
}

static enum mr_code send(struct oc *oc, struct oc_effect *effect)
{
    const int32_t partition = is_event(effect)                    ? shard_of(oc, effect)
                              : effect->kind == OC_EFFECT_CONTROL ? 0
                                                                  : -1;
    struct mr_error err;
    enum mr_code rc;

    effect->send.done = oc_relay_reported;
    rc = mr_bus_send(oc->bus, topic_of(oc, effect), partition, effect->key, effect->key_len,
                     effect->payload, effect->payload_len, &effect->send, &err);
    if (rc == MR_OK) {
        oc_outbox_sending(effect);
        mr_fail_point("relay.sent");
    } else if (rc == MR_TOO_LARGE) {
        oc_relay_reported(&effect->send, rc, -1, -1, 0);
        rc = MR_OK;
    } else if (rc != MR_BUSY) {
        mr_log_error(MR_WARN, "relay.send", &err, " effect=%s", effect->field);
        oc->send_pause_ms = oc->clock->mono_ms(oc->clock) + oc->config->send_retry_ms;
    }
    return rc;
}

/* A workflow may name any class, and each one is a topic of the broker: so there is an end to it.
 */
static int refuse_class(struct oc *oc, struct oc_class *class_of)
{
    const int64_t now = oc->clock->mono_ms(oc->clock);
    struct oc_effect *effect, *next;
    char cause[MR_CLASS_MAX + 160];
    int refused = 0;

    (void)snprintf(
        cause, sizeof cause,
        "the class of tasks %s would be one more than ORCH_CLASSES_MAX (%" PRId64
        ") allows to be made for workflows; ORCH_CLASSES names classes to be there always",
        class_of->name, oc->config->classes_max);
    mr_log(MR_ALARM, "relay.classes", " class=%s made=%" PRId64, class_of->name, oc->classes_made);
    DL_FOREACH_SAFE(class_of->ready, effect, next)
    {
        if (refuse(oc, effect, "States.Runtime", cause) != MR_OK)
            break; /* no memory: at the next pass */
        oc_outbox_sending(effect);
        oc_outbox_sent(effect, now);
        refused++;
    }
    return refused;
}

static int relay_shard(struct oc *oc, struct oc_shard *shard)
{
    struct oc_effect *effect, *next;
    struct oc_class *class_of, *next_class;
    int sent = 0;

    DL_FOREACH_SAFE(shard->outbox.ready, effect, next)
    {
        if (oc_outbox_waits(effect))
            continue;
        if (!is_defined(oc, shard, effect))
            break; /* what stands behind it may speak of this child: it waits for the report, too */
        if (send(oc, effect))
            return sent;
        sent++;
    }
    HASH_ITER(hh, shard->outbox.classes, class_of, next_class)
    {
        const enum mr_code rc =
            class_of->ready && !class_of->ensured ? ensure(oc, class_of) : MR_OK;

        if (rc == MR_TOO_LARGE)
            sent += refuse_class(oc, class_of);
        if (!class_of->ready || rc)
            continue;
        DL_FOREACH_SAFE(class_of->ready, effect, next)
        {
            if (class_of->outstanding >= oc->config->outstanding_max)
                break;
            if (send(oc, effect))
                return sent;
            sent++;
        }
    }
    return sent;
}

int oc_relay_pass(struct oc *oc)
{
    int done = mr_bus_poll(oc->bus);

    if (oc->clock->mono_ms(oc->clock) < oc->send_pause_ms)
        return done;
    for (uint32_t s = 0; s < oc->shard_count; s++)
        if (oc->shards[s].state == OC_SHARD_LIVE)
            done += relay_shard(oc, &oc->shards[s]);
    return done;
}
