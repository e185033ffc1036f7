/* heart.c -- signs of life of tasks whose state has a HeartbeatSeconds: an event in the job's log,
 * as long as this worker has the task.  One that is lost costs nothing: three fit into each wait.
 */
#include "common/base/log.h"
#include "worker/worker.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

enum { SIGNS_A_WAIT = 3 };

void wk_heart_watch(struct wk *wk, struct wk_item *item)
{
    if (item->task.heartbeat_ms == 0)
        return;
    item->heart_ms = item->task.heartbeat_ms / SIGNS_A_WAIT + 1;
    item->heart_next_ms = item->taken_ms + item->heart_ms;
    if (item->heart_next_ms < wk->heart_next_ms)
        wk->heart_next_ms = item->heart_next_ms;
}

static void send(struct wk *wk, const struct wk_item *item)
{
    const struct mr_event event = {
        .kind = MR_EVENT_HEARTBEAT, .token_text = item->token, .worker = wk->id};
    const int32_t shard = (int32_t)mr_shard_of(item->job, strlen(item->job), wk->shard_count);
    struct mr_error err;

    mr_buf_reset(&wk->scratch);
    if (mr_event_print(&event, &wk->scratch))
        return;
    if (mr_bus_send(wk->bus, wk->topics.log, shard, item->job, strlen(item->job), wk->scratch.data,
                    wk->scratch.len, NULL, &err))
        mr_log_error(MR_WARN, "worker.heartbeat", &err, " job=%s", item->job);
}

void wk_heart_pass(struct wk *wk)
{
    const int64_t now_ms = wk->clock->mono_ms(wk->clock);
    struct wk_item *item;

    if (now_ms < wk->heart_next_ms)
        return;
    wk->heart_next_ms = INT64_MAX;
    DL_FOREACH2(wk->items.live, item, live_next)
    {
        if (item->heart_ms == 0 || item->place != WK_ITEM_SLOTS)
            continue;
        if (now_ms >= item->heart_next_ms) {
            send(wk, item);
            item->heart_next_ms = now_ms + item->heart_ms;
        }
        if (item->heart_next_ms < wk->heart_next_ms)
            wk->heart_next_ms = item->heart_next_ms;
    }
}
