/* take.c -- W1: from the queues of its classes to the slots, or straight to the answer. */
#include "common/base/failpoint.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "worker/answer.h"
#include "worker/tasks.h"
#include "worker/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The token is what the answer is known by: one that is not the task's own would be an answer to
 * nothing, or to another one's task. */
static enum mr_code check_token(const struct mr_task *task, struct mr_error *err)
{
    struct mr_token token;
    enum mr_code rc = mr_token_parse(task->token, &token, err);

    if (rc)
        return rc;
    if (token.seq != task->seq || token.attempt != task->attempt ||
        strcmp(token.job, task->job) != 0)
        return mr_fail(err, MR_INVALID, "/token: is another task's than /job, /seq and /attempt");
    return MR_OK;
}

static void answer_unknown(struct wk *wk, struct wk_item *item)
{
    char names[128];
    struct mr_error why;

    wk_task_type_names(names, sizeof names);
    (void)mr_fail(&why, MR_UNSUPPORTED,
                  "\"%.100s\" is no type of task that this worker does: it "
                  "does %s",
                  item->task.type, names);
    wk_answer_error(item, wk->id, "Task.Unknown", why.text);
    wk_answer_send(wk, item);
}

/* Its answer is its input. */
static void answer_echo(struct wk *wk, struct wk_item *item)
{
    mr_buf_reset(&wk->scratch);
    if (item->task.input)
        (void)mr_json_print(item->task.input, &wk->scratch);
    else
        (void)mr_buf_add_str(&wk->scratch, "null");
    if (!wk->scratch.failed && wk->scratch.len)
        wk_answer_output(item, wk->id, wk->scratch.data, wk->scratch.len);
    wk_answer_send(wk, item);
}

/* true: it went to the slots. */
static bool dispatch(struct wk *wk, struct wk_item *item)
{
    const struct mr_task *task = &item->task;

    if (wk_cancels_has(&wk->cancels, task->job, task->seq, task->attempt)) {
        wk_answer_none(wk, item);
        return false;
    }
    item->type = wk_task_type_find(task->type);
    if (!item->type) {
        answer_unknown(wk, item);
        return false;
    }
    if (!item->type->run) {
        answer_echo(wk, item);
        return false;
    }
    item->class->in_slots++;
    wk_heart_watch(wk, item);
    wk_slots_add(wk->slots, item);
    return true;
}

static bool take_one(struct wk *wk, struct wk_class *class, const struct mr_msg *msg,
                     int64_t now_ms)
{
    struct wk_item *item = wk_item_new(&wk->items);
    struct mr_error err;
    enum mr_code rc;

    if (!item) { /* stays taken: another start, or another worker, has it then */
        mr_log(MR_ALARM, "worker.memory", " topic=%s offset=%" PRId64, msg->topic, msg->offset);
        return false;
    }
    item->class = class;
    item->msg = *msg;
    item->taken_ms = now_ms;
    rc = mr_task_parse(msg->value ? msg->value : "", msg->value_len, &item->task, &err);
    if (!rc)
        rc = check_token(&item->task, &err);
    if (rc == MR_NO_MEMORY) {
        mr_log_error(MR_ALARM, "worker.memory", &err, " topic=%s offset=%" PRId64, msg->topic,
                     msg->offset);
        wk_item_end(&wk->items, item);
        return false;
    }
    if (rc) {
        wk_answer_dead(wk, item, &err);
        wk_answer_send(wk, item);
        return false;
    }
    memcpy(item->job, item->task.job, strlen(item->task.job) + 1); /* as long as they may be: */
    memcpy(item->token, item->task.token,
           strlen(item->task.token) + 1); /* mr_task_parse() sees to it */
    return dispatch(wk, item);
}

static int at_most(int n, int64_t max)
{
    return n < max ? n : (int)max;
}

/* How many to take: what costs a slot is taken only as far as there are slots and a little ahead,
 * so that other workers have the rest; what costs none is taken in batches.  Tasks that wait for
 * memory, or for a server, are no reason to take fewer, up to a number. */
static int take_max(const struct wk *wk, const struct wk_class *class)
{
    const int room = wk_slots_count(wk->slots) + (int)wk->config->ahead - class->in_slots +
                     at_most(wk_slots_waiting(wk->slots, class), wk->config->heavy_ahead) +
                     at_most(wk_slots_fetching(wk->slots, class), wk->config->fetch_ahead);

    if (wk->drain_until_ms || room <= 0)
        return 0;
    return class->heavy && room < WK_TAKE_MAX ? room : WK_TAKE_MAX;
}

static int take_class(struct wk *wk, struct wk_class *class)
{
    const int64_t now_ms = wk->clock->mono_ms(wk->clock);
    struct mr_error err;
    bool heavy = false;
    int n;

    if (now_ms < class->pause_ms)
        return 0;
    n = mr_queue_take(class->queue, wk->msgs, take_max(wk, class), &err);
    if (n < 0) {
        mr_log_error(MR_WARN, "worker.take", &err, " topic=%s", class->topic);
        class->pause_ms = now_ms + wk->config->send_retry_ms;
        return 0;
    }
    if (n == 0)
        return 0;
    mr_fail_point("worker.taken");
    for (int i = 0; i < n; i++)
        heavy |= take_one(wk, class, &wk->msgs[i], now_ms);
    class->heavy = heavy;
    return n;
}

int wk_take_pass(struct wk *wk)
{
    int done = 0;

    for (size_t i = 0; i < wk->class_count; i++)
        done += take_class(wk, &wk->classes[i]);
    return done;
}
