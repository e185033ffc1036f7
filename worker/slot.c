/* slot.c -- see slot.h. */
#include "worker/slot.h"

#include "common/base/log.h"
#include "worker/answer.h"
#include "worker/tasks.h"

#include <inttypes.h>
#include <utlist.h>

/* ---- memory --------------------------------------------------------------------------------- */

/* The caller holds the lock of what follows. */
static void memory_drop(struct wk_slots *slots, struct wk_item *item)
{
    if (item->held_bytes)
        wk_memory_give(&slots->memory, item->held_bytes);
    item->held_bytes = 0;
}

bool wk_slot_hold(struct wk_slots *slots, struct wk_item *item)
{
    memory_drop(slots, item);
    if ((slots->waiting && slots->waiting != item) ||
        !wk_memory_take(&slots->memory, item->need_bytes))
        return false;
    item->held_bytes = item->need_bytes;
    return true;
}

/* ---- one task ------------------------------------------------------------------------------- */

/* A decoder asks on behalf of the slot's item, before any pixel (struct wk_gate). */
static enum mr_code memory_ask(void *owner, int64_t bytes, int64_t *ret_granted,
                               struct wk_fault *fault)
{
    struct slot *slot = owner;
    struct wk_slots *slots = slot->slots;
    struct wk_item *item;
    enum mr_code rc = MR_OK;

    (void)pthread_mutex_lock(&slots->lock);
    item = slot->item;
    if (item->need_bytes < bytes)
        item->need_bytes = bytes;
    item->heavy = !wk_memory_light(&slots->memory, item->need_bytes);
    if (!wk_memory_possible(&slots->memory, item->need_bytes))
        rc = MR_TOO_LARGE; /* and always will be, unlike what turns out to be too much */
    else if (item->heavy && item->held_bytes < item->need_bytes)
        rc = wk_slot_hold(slots, item) ? MR_OK : MR_BUSY;
    item->waits = rc == MR_BUSY;
    *ret_granted = item->need_bytes;
    (void)pthread_mutex_unlock(&slots->lock);
    if (rc == MR_TOO_LARGE)
        (void)wk_task_fault(fault, rc, "Image.TooLarge",
                            "by its header it needs %" PRId64 " bytes, the limit is %" PRId64
                            " (WORKER_MEMORY)",
                            item->need_bytes, slots->memory.pool);
    return rc;
}

enum mr_code wk_slot_warm(struct slot *slot, struct mr_error *err)
{
    struct wk_decoder *decoder = NULL;
    enum mr_code rc;

    if (slot->decoder)
        return MR_OK;
    rc = wk_decoder_new(slot->slots->setup.imaging, &decoder, err);
    if (rc)
        return rc;
    (void)pthread_mutex_lock(&slot->slots->lock);
    slot->decoder = decoder;
    wk_decoder_gate(decoder, (struct wk_gate){slot, memory_ask});
    (void)pthread_mutex_unlock(&slot->slots->lock);
    return MR_OK;
}

static enum mr_code run_once(struct slot *slot, struct wk_item *item, struct wk_fault *fault)
{
    struct wk_run run = {
        .task = &item->task,
        .imaging = slot->slots->setup.imaging,
        .blob = slot->blob,
        .bucket = slot->slots->setup.bucket,
        .parcels = slot->slots->all_count > slot->slots->setup.count ? &item->parcels : NULL,
        .deadline_ms = item->deadline_ms,
        .output = &slot->output};
    struct mr_error err;

    mr_buf_reset(&slot->output);
    if (slot->fetcher)
        return wk_parcels_fetch(&item->parcels, slot->fetcher, run.imaging->source_bytes_max,
                                &slot->stop, fault);
    if (item->type->pictures) {
        if (wk_slot_warm(slot, &err)) {
            mr_log_error(MR_ERROR, "worker.decoder", &err, " job=%s", item->task.job);
            return wk_task_fault(fault, MR_UNAVAILABLE, "Image.Crashed", "%s", err.text);
        }
        wk_decoder_tenant(slot->decoder, item->task.tenant);
        run.decoder = slot->decoder;
    }
    return item->type->run(&run, fault);
}

/* A stop that was meant for the task before may hit this one's decoder: it runs once more then. */
static enum mr_code run_item(struct slot *slot, struct wk_item *item, struct wk_fault *fault)
{
    enum mr_code rc = run_once(slot, item, fault);

    if (rc == MR_CANCELLED && !atomic_load(&slot->stop))
        rc = run_once(slot, item, fault);
    if (rc == MR_CANCELLED && !atomic_load(&slot->stop))
        rc = wk_task_fault(fault, MR_UNAVAILABLE, "Image.Crashed", "the decoder was stopped");
    return rc;
}

/* In front of those that have not been in a slot, behind those that were fetched before. */
static void queue_fetched(struct wk_slots *slots, struct wk_item *item)
{
    struct wk_item *next = slots->queue;

    while (next && next->parcels.count)
        next = next->next;
    if (next)
        DL_PREPEND_ELEM(slots->queue, next, item);
    else
        DL_APPEND(slots->queue, item);
}

/* Where the item of a slot goes that is not finished; false: nowhere.  The caller holds the lock.
 */
static bool move_on(struct slot *slot, struct wk_item *item, enum mr_code rc)
{
    struct wk_slots *slots = slot->slots;

    item->waits = item->waits && rc == MR_BUSY;
    if (item->waits) {
        DL_APPEND(slots->waiting, item);
    } else if (!slot->fetcher && rc == MR_BUSY && wk_parcels_wanting(&item->parcels)) {
        DL_APPEND(slots->to_fetch, item);
        (void)pthread_cond_signal(&slots->fetchable);
    } else if (slot->fetcher && rc == MR_OK) {
        queue_fetched(slots, item);
    } else {
        return false;
    }
    return true;
}

bool wk_slot_work(struct slot *slot, struct wk_item *item)
{
    struct wk_slots *slots = slot->slots;
    struct wk_fault fault = {0};
    enum mr_code rc = run_item(slot, item, &fault);
    bool late, unwanted, moved = false;

    (void)pthread_mutex_lock(&slots->lock);
    late = item->late;
    unwanted = item->cancelled || item->abandoned;
    slot->item = NULL; /* from now on it cannot be stopped */
    memory_drop(slots, item);
    if (unwanted || late || slots->ending)
        item->waits = false;
    else
        moved = move_on(slot, item, rc);
    (void)pthread_cond_broadcast(&slots->changed); /* memory is there, or a waiting one */
    (void)pthread_mutex_unlock(&slots->lock);
    if (moved)
        return false;
    wk_parcels_release(&item->parcels);
    if (slot->fetcher && rc == MR_OK) /* but too late */
        rc = MR_CANCELLED;
    if ((rc == MR_CANCELLED || rc == MR_BUSY) && late && !unwanted)
        (void)wk_task_fault_own(&item->task, &fault, MR_TIMEOUT, "its time was up");
    if (rc == MR_OK)
        wk_answer_output(item, slots->setup.worker, slot->output.data, slot->output.len);
    else if (!unwanted)
        wk_answer_error(item, slots->setup.worker, fault.name, fault.cause);
    return true;
}
