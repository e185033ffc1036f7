/* item.c -- items are used again, so that a task without pixels costs no allocation of its own. */
#include "worker/item.h"

#include <stdlib.h>
#include <utlist.h>

enum {
    SPARE_MAX = 1024,
    ANSWER_KEPT_MAX = 4096, /* bytes of a buffer that is worth keeping */
};

struct wk_item *wk_item_new(struct wk_items *items)
{
    struct wk_item *item = items->spare;
    struct mr_buf kept = {0};

    if (item) {
        LL_DELETE(items->spare, item);
        items->spare_count--;
        kept = item->answer;
    } else {
        item = malloc(sizeof *item);
        if (!item)
            return NULL;
    }
    *item = (struct wk_item){.answer = kept, .partition = -1};
    DL_APPEND2(items->live, item, live_prev, live_next);
    items->live_count++;
    return item;
}

void wk_item_end(struct wk_items *items, struct wk_item *item)
{
    DL_DELETE2(items->live, item, live_prev, live_next);
    items->live_count--;
    mr_task_release(&item->task);
    wk_parcels_release(&item->parcels);
    if (item->answer.cap > ANSWER_KEPT_MAX)
        mr_buf_release(&item->answer);
    mr_buf_reset(&item->answer);
    if (items->spare_count < SPARE_MAX) {
        LL_PREPEND(items->spare, item);
        items->spare_count++;
        return;
    }
    mr_buf_release(&item->answer);
    free(item);
}

void wk_items_release(struct wk_items *items)
{
    struct wk_item *item, *next;

    DL_FOREACH_SAFE2(items->live, item, next, live_next)
    {
        wk_item_end(items, item);
    }
    LL_FOREACH_SAFE(items->spare, item, next)
    {
        mr_buf_release(&item->answer);
        free(item);
    }
    *items = (struct wk_items){0};
}
