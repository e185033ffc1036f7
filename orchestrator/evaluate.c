/* evaluate.c -- E1 to E5 of docs/lifecycle.md: an evaluation goes from the outbox to an evaluator,
 * its answer into the shard's own log.  Nothing here waits: advance goes on meanwhile. */
#include "orchestrator/orchestrator.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "orchestrator/evaluator/port.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    START_RETRY_MS = 1000,
    JOB_SEED = 0, /* expressions have 1: pool_known.c */
    GROUP_SEED = 2,
};

struct oc_answer { /* that is there, and not yet in the hands of the bus */
    struct oc_effect *effect;
    struct mr_buf payload; /* the event */
    struct oc_answer *prev, *next;
};

/* ---- E1: asked ----------------------------------------------------------------------------------
 */

static int ask(struct oc *oc, struct oc_shard *shard)
{
    struct oc_effect *effect, *next;
    int asked = 0;

    DL_FOREACH_SAFE(shard->outbox.asks, effect, next)
    {
        const struct ev_asker asker = {
            .job = mr_hash64(JOB_SEED, effect->key, effect->key_len),
            .group = mr_hash64(GROUP_SEED, effect->class_name, strlen(effect->class_name))};

        if (oc->evaluators->post(oc->evaluators, effect, effect->payload, effect->payload_len,
                                 &asker) != MR_OK)
            break;
        oc_outbox_sending(effect);
        mr_fail_point("evaluate.asked");
        asked++;
    }
    return asked;
}

/* ---- E2: answered
 * --------------------------------------------------------------------------------- */

/* "q:<job>:<seq>:<attempt>:<number>" */
static bool field_read(const struct oc_effect *effect, struct mr_event *ret)
{
    const char *numbers = effect->field + 2 + effect->key_len;

    return sscanf(numbers, ":%" SCNu64 ":%" SCNu32 ":%" SCNu32, &ret->seq, &ret->attempt,
                  &ret->number) == 3;
}

/* The event, or with code not MR_OK nothing: then it is asked again. */
static enum mr_code event_make(const struct oc_effect *effect, const struct mr_buf *answer,
                               struct mr_buf *ret)
{
    struct mr_event event = {.kind = MR_EVENT_EVALUATED,
                             .job = effect->key,
                             .output_text = answer->data,
                             .output_len = answer->len};

    if (!field_read(effect, &event))
        return MR_CORRUPT;
    return mr_event_print(&event, ret);
}

static void answered(struct oc *oc, struct ev_answered *got)
{
    struct oc_effect *effect = got->ticket;
    struct oc_answer *answer;

    if (!effect->outbox) { /* the shard was lost meanwhile: its next owner asks again */
        oc_outbox_again(effect);
        return;
    }
    if (effect->unwanted) {
        oc_outbox_sent(effect, oc->clock->mono_ms(oc->clock));
        return;
    }
    answer = got->code == MR_OK ? calloc(1, sizeof *answer) : NULL;
    if (!answer || event_make(effect, &got->text, &answer->payload) != MR_OK) {
        if (answer)
            mr_buf_release(&answer->payload);
        free(answer);
        oc->ask_pause_ms = oc->clock->mono_ms(oc->clock) + START_RETRY_MS;
        oc_outbox_again(effect);
        return;
    }
    mr_fail_point("evaluate.answered");
    answer->effect = effect;
    DL_APPEND(oc->answers, answer);
}

/* ---- E3: into the log
 * ------------------------------------------------------------------------------- */

static void drop(struct oc *oc, struct oc_answer *answer)
{
    DL_DELETE(oc->answers, answer);
    mr_buf_release(&answer->payload);
    free(answer);
}

/* The shard of an outbox: it is a member of it. */
static int32_t partition_of(const struct oc *oc, const struct oc_effect *effect)
{
    for (uint32_t s = 0; s < oc->shard_count; s++)
        if (&oc->shards[s].outbox == effect->outbox)
            return (int32_t)s;
    return -1;
}

static bool append(struct oc *oc, struct oc_answer *answer)
{
    struct oc_effect *effect = answer->effect;
    struct mr_error err;
    enum mr_code rc;

    if (!effect->outbox) {
        oc_outbox_again(effect);
        drop(oc, answer);
        return true;
    }
    effect->send.done = oc_relay_reported;
    rc =
        mr_bus_send(oc->bus, oc->topics.log, partition_of(oc, effect), effect->key, effect->key_len,
                    answer->payload.data, answer->payload.len, &effect->send, &err);
    if (rc == MR_BUSY)
        return false;
    if (rc) {
        mr_log_error(MR_WARN, "evaluate.send", &err, " effect=%s", effect->field);
        oc->send_pause_ms = oc->clock->mono_ms(oc->clock) + oc->config->send_retry_ms;
        oc_outbox_again(effect);
    } else {
        mr_fail_point("evaluate.sent");
    }
    drop(oc, answer);
    return true;
}

int oc_evaluate_pass(struct oc *oc)
{
    const int64_t now = oc->clock->mono_ms(oc->clock);
    struct oc_answer *answer, *next;
    struct ev_answered got;
    int done = 0;

    if (!oc->evaluators)
        return 0;
    while (oc->evaluators->take(oc->evaluators, &got)) {
        answered(oc, &got);
        mr_buf_release(&got.text);
        done++;
    }
    DL_FOREACH_SAFE(oc->answers, answer, next)
    {
        if (now < oc->send_pause_ms || !append(oc, answer))
            break;
        done++;
    }
    for (uint32_t s = 0; s < oc->shard_count && now >= oc->ask_pause_ms; s++)
        if (oc->shards[s].state == OC_SHARD_LIVE && oc->shards[s].outbox.asks)
            done += ask(oc, &oc->shards[s]);
    return done;
}

void oc_evaluate_close(struct oc *oc)
{
    struct oc_answer *answer, *next;
    struct ev_answered got;

    if (oc->evaluators) {
        oc->evaluators->stop(oc->evaluators);
        while (oc->evaluators->take(oc->evaluators, &got)) {
            oc_outbox_again(got.ticket);
            mr_buf_release(&got.text);
        }
    }
    DL_FOREACH_SAFE(oc->answers, answer, next)
    {
        oc_outbox_again(answer->effect);
        drop(oc, answer);
    }
    oc->evaluators = NULL;
}
