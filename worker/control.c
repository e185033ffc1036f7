/* control.c -- millrace.control, read by every worker from its end. */
#include "worker/control.h"

#include "common/base/log.h"
#include "worker/answer.h"
#include "worker/worker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { READ_MAX = 64 };

/* ---- what is remembered --------------------------------------------------------------------- */

enum mr_code wk_cancels_init(struct wk_cancels *cancels, size_t count, struct mr_error *err)
{
    cancels->places = calloc(count, sizeof *cancels->places);
    if (!cancels->places)
        return mr_fail(err, MR_NO_MEMORY, "WORKER_CANCELS_MAX=%zu", count);
    cancels->count = count;
    return MR_OK;
}

void wk_cancels_release(struct wk_cancels *cancels)
{
    free(cancels->places);
    *cancels = (struct wk_cancels){0};
}

static struct mr_control *place_of(const struct wk_cancels *cancels, const char *job, uint64_t seq,
                                   uint32_t attempt)
{
    const uint64_t hash = mr_hash64(seq * 0x100000001b3 + attempt, job, strlen(job));

    return &cancels->places[hash % cancels->count];
}

void wk_cancels_note(struct wk_cancels *cancels, const struct mr_control *control)
{
    *place_of(cancels, control->job, control->seq, control->attempt) = *control;
}

bool wk_cancels_has(const struct wk_cancels *cancels, const char *job, uint64_t seq,
                    uint32_t attempt)
{
    const struct mr_control *control = place_of(cancels, job, seq, attempt);

    return control->seq == seq && control->attempt == attempt && strcmp(control->job, job) == 0;
}

/* ---- the topic ------------------------------------------------------------------------------ */

static enum mr_code read_from_end(struct wk *wk, struct mr_error *err)
{
    const int32_t partitions = mr_bus_partitions(wk->bus, wk->topics.control, err);

    if (partitions < 0)
        return err->code;
    for (int32_t i = 0; i < partitions; i++) {
        const enum mr_code rc = mr_log_start(wk->control, i, MR_LOG_END, err);

        if (rc)
            return rc;
    }
    return MR_OK;
}

enum mr_code wk_control_open(struct wk *wk, struct mr_error *err)
{
    enum mr_code rc = wk_cancels_init(&wk->cancels, (size_t)wk->config->cancels_max, err);

    if (rc)
        return rc;
    wk->control = mr_log_open(wk->bus, wk->topics.control, err);
    return wk->control ? read_from_end(wk, err) : err->code;
}

void wk_control_close(struct wk *wk)
{
    if (wk->control)
        mr_log_free(wk->control);
    wk->control = NULL;
    wk_cancels_release(&wk->cancels);
}

static void cancel(struct wk *wk, const struct mr_control *control)
{
    struct wk_item *item, *next;

    wk_cancels_note(&wk->cancels, control);
    DL_FOREACH_SAFE2(wk->items.live, item, next, live_next)
    {
        if (item->place != WK_ITEM_SLOTS || item->task.seq != control->seq ||
            item->task.attempt != control->attempt || strcmp(item->task.job, control->job) != 0)
            continue;
        if (!wk_slots_cancel(wk->slots, item))
            continue;
        item->class->in_slots--;
        wk_answer_none(wk, item);
    }
}

int wk_control_pass(struct wk *wk)
{
    struct mr_msg msgs[READ_MAX];
    struct mr_control control;
    struct mr_error err;
    int n;

    if (wk->clock->mono_ms(wk->clock) < wk->control_pause_ms)
        return 0;
    n = mr_log_poll(wk->control, msgs, READ_MAX, &err);
    if (n < 0) { /* what was missed is done in vain */
        mr_log_error(MR_WARN, "worker.control", &err, " topic=%s", wk->topics.control);
        if (err.code == MR_TRUNCATED && read_from_end(wk, &err))
            mr_log_error(MR_WARN, "worker.control", &err, " topic=%s", wk->topics.control);
        wk->control_pause_ms = wk->clock->mono_ms(wk->clock) + wk->config->send_retry_ms;
        return 0;
    }
    for (int i = 0; i < n; i++) {
        const char *value = msgs[i].value ? msgs[i].value : "";

        if (mr_control_parse(value, msgs[i].value_len, &control, &err))
            mr_log_error(MR_WARN, "worker.control", &err, " offset=%" PRId64, msgs[i].offset);
        else
            cancel(wk, &control);
    }
    return n;
}
