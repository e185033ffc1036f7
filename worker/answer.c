/* answer.c -- release last: a message is released only when its answer is known to be in the log.
 * Until then the same bytes are sent again and again; the log takes the first. */
#include "worker/answer.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum { DEAD_BYTES_MAX = 1024 * 1024 /* of a message that is too long for a letter as a whole */ };

/* ---- what is said --------------------------------------------------------------------------- */

static void write_result(struct wk_item *item, struct mr_event *event)
{
    event->kind = MR_EVENT_RESULT;
    event->token_text = item->token;
    mr_buf_reset(&item->answer);
    if (mr_event_print(event, &item->answer))
        mr_buf_reset(&item->answer);
}

void wk_answer_error(struct wk_item *item, const char *worker, const char *name, const char *cause)
{
    struct mr_event event = {.worker = worker, .error = name, .cause = cause};

    (void)snprintf(item->error, sizeof item->error, "%s", name);
    write_result(item, &event);
}

void wk_answer_output(struct wk_item *item, const char *worker, const char *json, size_t len)
{
    struct mr_event event = {.worker = worker, .output_text = json, .output_len = len};
    struct mr_error limit;

    if (len <= MR_INPUT_MAX) {
        write_result(item, &event);
        return;
    }
    (void)mr_fail(&limit, MR_TOO_LARGE, "the result is %zu bytes; the limit is %d", len,
                  MR_INPUT_MAX);
    wk_answer_error(item, worker, "States.DataLimitExceeded", limit.text);
}

static void write_dead(struct wk *wk, struct wk_item *item, const struct mr_error *why,
                       size_t bytes_max)
{
    const struct mr_msg *msg = &item->msg;

    item->topic = wk->topics.dlq;
    item->partition = -1;
    mr_buf_reset(&item->answer);
    if (mr_dead_print(mr_code_name(why->code), why->text, msg->topic, msg->partition, msg->offset,
                      msg->value, msg->value_len < bytes_max ? msg->value_len : bytes_max,
                      &item->answer))
        mr_buf_reset(&item->answer);
}

void wk_answer_dead(struct wk *wk, struct wk_item *item, const struct mr_error *why)
{
    wk->dead++;
    mr_log_error(MR_WARN, "task.dead", why, " topic=%s partition=%" PRId32 " offset=%" PRId64,
                 item->msg.topic, item->msg.partition, item->msg.offset);
    write_dead(wk, item, why, SIZE_MAX);
}

/* The answer could not be written, or the bus will never take it: a short one, that it will. */
static void shorten(struct wk *wk, struct wk_item *item, enum mr_code code)
{
    struct mr_error why;

    item->shortened = true;
    if (item->topic == wk->topics.dlq) {
        (void)mr_fail(&why, MR_INVALID, "the message; its bytes are cut to the first %d",
                      DEAD_BYTES_MAX);
        write_dead(wk, item, &why, DEAD_BYTES_MAX);
    } else if (code == MR_TOO_LARGE) {
        wk_answer_error(item, wk->id, "States.DataLimitExceeded", "the answer is no message");
    } else {
        wk_answer_error(item, wk->id, "Task.OutOfMemory", "the answer");
    }
}

/* ---- sending -------------------------------------------------------------------------------- */

static void to_shard(const struct wk *wk, struct wk_item *item)
{
    if (item->topic)
        return;
    item->topic = wk->topics.log;
    item->partition = (int32_t)mr_shard_of(item->job, strlen(item->job), wk->shard_count);
}

static void pause_sends(struct wk *wk)
{
    wk->send_pause_ms = wk->clock->mono_ms(wk->clock) + wk->config->send_retry_ms;
}

/* true: it is on its way. */
static bool send(struct wk *wk, struct wk_item *item)
{
    const char *job = item->job[0] ? item->job : NULL;
    struct mr_error err;
    enum mr_code rc;

    to_shard(wk, item);
    if (item->answer.len == 0)
        shorten(wk, item, MR_NO_MEMORY);
    if (item->answer.len == 0) {
        pause_sends(wk);
        return false;
    }
    rc = mr_bus_send(wk->bus, item->topic, item->partition, job, job ? strlen(job) : 0,
                     item->answer.data, item->answer.len, item, &err);
    if (rc == MR_TOO_LARGE && !item->shortened) {
        shorten(wk, item, rc);
        return send(wk, item);
    }
    if (rc == MR_OK) {
        mr_fail_point("worker.answered");
        item->place = WK_ITEM_SENDING;
        wk->sending++;
        return true;
    }
    if (rc != MR_BUSY) {
        mr_log_error(MR_WARN, "worker.send", &err, " topic=%s job=%s", item->topic,
                     job ? job : "-");
        pause_sends(wk);
    }
    return false;
}

static void keep_unsent(struct wk *wk, struct wk_item *item)
{
    item->place = WK_ITEM_UNSENT;
    DL_APPEND(wk->unsent, item);
}

static void log_outcome(const struct wk *wk, const struct wk_item *item)
{
    const int64_t ms = wk->clock->mono_ms(wk->clock) - item->taken_ms;

    if (item->error[0])
        mr_log(MR_INFO, "task.failed",
               " job=%s step=%s attempt=%" PRIu32 " type=%s error=%s ms=%" PRId64, item->task.job,
               item->task.step, item->task.attempt, item->task.type, item->error, ms);
    else
        mr_log(MR_DEBUG, "task.done", " job=%s step=%s attempt=%" PRIu32 " type=%s ms=%" PRId64,
               item->task.job, item->task.step, item->task.attempt, item->task.type, ms);
}

void wk_answer_send(struct wk *wk, struct wk_item *item)
{
    const bool paused = wk->clock->mono_ms(wk->clock) < wk->send_pause_ms;

    if (item->topic != wk->topics.dlq)
        log_outcome(wk, item);
    mr_task_release(&item->task); /* a window full of them would be a lot of memory */
    if (paused || wk->unsent || !send(wk, item))
        keep_unsent(wk, item);
}

int wk_answer_pass(struct wk *wk)
{
    struct wk_item *item, *next;
    int done = 0;

    if (!wk->unsent || wk->clock->mono_ms(wk->clock) < wk->send_pause_ms)
        return 0;
    DL_FOREACH_SAFE(wk->unsent, item, next)
    {
        DL_DELETE(wk->unsent, item);
        if (!send(wk, item)) {
            item->place = WK_ITEM_UNSENT;
            DL_PREPEND(wk->unsent, item);
            break;
        }
        done++;
    }
    return done;
}

/* ---- released ------------------------------------------------------------------------------- */

static void release(struct wk *wk, struct wk_item *item)
{
    mr_queue_release(item->class->queue, item->msg.partition, item->msg.offset);
    mr_fail_point("worker.released");
    wk_item_end(&wk->items, item);
}

void wk_answer_none(struct wk *wk, struct wk_item *item)
{
    wk->cancelled++;
    mr_log(MR_DEBUG, "task.cancelled", " job=%s step=%s attempt=%" PRIu32, item->task.job,
           item->task.step, item->task.attempt);
    release(wk, item);
}

void wk_answer_report(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                      int64_t time_ms)
{
    struct wk *wk = owner;
    struct wk_item *item = tag;

    (void)partition, (void)offset, (void)time_ms;
    if (!item) /* a sign of life: the next one does as well */
        return;
    wk->sending--;
    if (code == MR_OK) {
        mr_fail_point("worker.reported");
        if (item->topic == wk->topics.log)
            ++*(item->error[0] ? &wk->failed : &wk->done);
        release(wk, item);
        return;
    }
    if (code == MR_TOO_LARGE && !item->shortened)
        shorten(wk, item, code);
    mr_log(MR_WARN, "worker.again", " job=%s code=%s", item->job[0] ? item->job : "-",
           mr_code_name(code));
    keep_unsent(wk, item);
    pause_sends(wk);
}
