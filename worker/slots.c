/* slots.c -- the threads of the worker, their one queue, and how a running task is stopped; what a
 * slot does with a task is in slot.c.  The lock guards the lists and which item is in which slot;
 * no port is called under it. */
#include "worker/slots.h"

#include "worker/answer.h"
#include "worker/slot.h"
#include "worker/tasks.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

enum { PASSED_MAX = 8 };

/* ---- the threads ---------------------------------------------------------------------------- */

/* The oldest that waits, if what it waits for is there. */
static struct wk_item *waiting_next(struct wk_slots *slots)
{
    struct wk_item *item = slots->waiting;

    if (!item || !wk_slot_hold(slots, item))
        return NULL;
    DL_DELETE(slots->waiting, item);
    item->waits = false;
    return item;
}

/* The oldest, or a later one whose tenant the slot's decoder works for already: another tenant's
 * costs it the decoder.  Nobody is passed over for ever.  The caller holds the lock. */
static struct wk_item *queue_next(struct slot *slot)
{
    struct wk_slots *slots = slot->slots;
    struct wk_item *first = slots->queue, *item = NULL;

    if (first && first->type->pictures && first->passed < PASSED_MAX)
        DL_FOREACH(slots->queue, item)
        {
            if (item->type->pictures && strcmp(item->task.tenant, slot->tenant) == 0)
                break;
        }
    if (!item)
        item = first;
    if (!item)
        return NULL;
    if (item != first)
        first->passed++;
    DL_DELETE(slots->queue, item);
    return item;
}

static int lanes_of_tenant(const struct wk_slots *slots, const char *tenant)
{
    int lanes = 0;

    for (int i = slots->setup.count; i < slots->all_count; i++)
        lanes += slots->all[i].item && strcmp(slots->all[i].item->task.tenant, tenant) == 0;
    return lanes;
}

/* The oldest of the tenant with the fewest lanes: whose servers are slow waits behind himself.  The
 * caller holds the lock. */
static struct wk_item *lane_next(struct slot *lane)
{
    struct wk_slots *slots = lane->slots;
    struct wk_item *item, *next = NULL;
    int lanes, fewest = INT_MAX;

    DL_FOREACH(slots->to_fetch, item)
    {
        lanes = lanes_of_tenant(slots, item->task.tenant);
        if (lanes < fewest) {
            fewest = lanes;
            next = item;
        }
    }
    if (!next)
        return NULL;
    DL_DELETE(slots->to_fetch, next);
    lane->item = next;
    atomic_store(&lane->stop, false);
    return next;
}

/* The caller holds the lock. */
static struct wk_item *start_next(struct slot *slot)
{
    struct wk_slots *slots = slot->slots;
    struct wk_item *item = waiting_next(slots);
    const int64_t now_ms = slots->setup.clock->mono_ms(slots->setup.clock);

    if (!item)
        item = queue_next(slot);
    if (!item)
        return NULL;
    if (item->type->pictures)
        (void)snprintf(slot->tenant, sizeof slot->tenant, "%s", item->task.tenant);
    /* A time-out that the task names counts from its take: whoever waits for it began earlier. */
    item->deadline_ms = item->task.timeout_ms > 0 && item->task.timeout_ms < INT64_MAX / 2
                            ? item->taken_ms + item->task.timeout_ms
                            : now_ms + slots->setup.task_timeout_ms;
    slot->item = item;
    atomic_store(&slot->stop, false);
    return item;
}

static struct wk_item *next_of(struct slot *slot)
{
    return slot->fetcher ? lane_next(slot) : start_next(slot);
}

/* The caller holds the lock. */
static void add_done(struct wk_slots *slots, struct wk_item *item)
{
    DL_APPEND(slots->done, item);
    if (!slots->signalled)
        (void)eventfd_write(slots->fd, 1);
    slots->signalled = true;
}

static void finish(struct wk_slots *slots, struct wk_item *item)
{
    (void)pthread_mutex_lock(&slots->lock);
    add_done(slots, item);
    (void)pthread_mutex_unlock(&slots->lock);
}

static void report_ready(struct slot *slot)
{
    struct wk_slots *slots = slot->slots;
    struct mr_error err = {0};
    enum mr_code rc = slots->setup.warm && !slot->fetcher ? wk_slot_warm(slot, &err) : MR_OK;

    (void)pthread_mutex_lock(&slots->lock);
    if (rc && !slots->fault.code)
        slots->fault = err;
    slots->ready++;
    (void)pthread_cond_broadcast(&slots->changed);
    (void)pthread_mutex_unlock(&slots->lock);
}

/* true: it took its time, and the queue is to be looked at again.  The caller holds the lock. */
static bool slot_rest(struct slot *slot)
{
    if (slot->rested || !slot->decoder)
        return false;
    slot->rested = true;
    (void)pthread_mutex_unlock(&slot->slots->lock);
    wk_decoder_rest(slot->decoder);
    (void)pthread_mutex_lock(&slot->slots->lock);
    return true;
}

static void *slot_main(void *arg)
{
    struct slot *slot = arg;
    struct wk_slots *slots = slot->slots;
    pthread_cond_t *changed = slot->fetcher ? &slots->fetchable : &slots->changed;

    report_ready(slot);
    for (;;) {
        struct wk_item *item = NULL;

        (void)pthread_mutex_lock(&slots->lock);
        while (!slots->ending && !(item = next_of(slot)))
            if (!slot_rest(slot))
                (void)pthread_cond_wait(changed, &slots->lock);
        (void)pthread_mutex_unlock(&slots->lock);
        if (!item)
            return NULL;
        if (wk_slot_work(slot, item))
            finish(slots, item);
        slot->rested = false;
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

static enum mr_code thread_start(struct slot *slot, struct mr_error *err)
{
    const int fault = pthread_create(&slot->thread, NULL, slot_main, slot);

    if (fault)
        return mr_fail(err, MR_IO, "a slot's thread: %s", strerror(fault));
    slot->started = true;
    return MR_OK;
}

static enum mr_code slot_init(struct slot *slot, struct wk_slots *slots, struct mr_error *err)
{
    slot->slots = slots;
    slot->rested = true;
    slot->blob = mr_blob_dup(slots->setup.blob, err);
    if (!slot->blob)
        return err->code;
    slot->blob->stop = &slot->stop;
    if (slots->setup.same_thread)
        return slots->setup.warm ? wk_slot_warm(slot, err) : MR_OK;
    return thread_start(slot, err);
}

static enum mr_code lane_init(struct slot *lane, struct wk_slots *slots, struct mr_error *err)
{
    enum mr_code rc;

    lane->slots = slots;
    rc = wk_fetcher_new(slots->setup.fetch, &lane->fetcher, err);
    if (!rc)
        wk_fetcher_share(lane->fetcher, slots->setup.room);
    return rc || slots->setup.same_thread ? rc : thread_start(lane, err);
}

static int lanes_of(const struct wk_slots_setup *setup)
{
    if (!setup->fetch || setup->fetch->schemes == WK_FETCH_OFF)
        return 0;
    return setup->same_thread ? 1 : (int)setup->fetch->at_once;
}

static enum mr_code wait_ready(struct wk_slots *slots, struct mr_error *err)
{
    struct mr_error fault;

    (void)pthread_mutex_lock(&slots->lock);
    while (slots->ready < slots->all_count && !slots->setup.same_thread)
        (void)pthread_cond_wait(&slots->changed, &slots->lock);
    fault = slots->fault;
    (void)pthread_mutex_unlock(&slots->lock);
    if (fault.code)
        return mr_fail(err, fault.code, "decoder: %s", fault.text);
    if (slots->all[0].decoder)
        (void)snprintf(slots->layers, sizeof slots->layers, "%s",
                       wk_decoder_layers(slots->all[0].decoder));
    return MR_OK;
}

enum mr_code wk_slots_new(const struct wk_slots_setup *setup, struct wk_slots **ret,
                          struct mr_error *err)
{
    struct wk_slots *slots = calloc(1, sizeof *slots);
    enum mr_code rc = MR_OK;

    if (!slots)
        return mr_fail(err, MR_NO_MEMORY, "slots");
    slots->setup = *setup;
    (void)pthread_mutex_init(&slots->lock, NULL);
    (void)pthread_cond_init(&slots->changed, NULL);
    (void)pthread_cond_init(&slots->fetchable, NULL);
    wk_memory_init(&slots->memory, setup->memory, setup->count);
    slots->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    slots->all_count = setup->count + lanes_of(setup);
    slots->all = calloc((size_t)slots->all_count, sizeof *slots->all);
    if (!slots->all)
        rc = mr_fail(err, MR_NO_MEMORY, "%d slots", setup->count);
    else if (slots->fd < 0)
        rc = mr_fail(err, MR_IO, "eventfd: %s", strerror(errno));
    for (int i = 0; !rc && i < slots->all_count; i++)
        rc = i < setup->count ? slot_init(&slots->all[i], slots, err)
                              : lane_init(&slots->all[i], slots, err);
    if (!rc)
        rc = wait_ready(slots, err);
    if (rc) {
        wk_slots_free(slots);
        return rc;
    }
    *ret = slots;
    return MR_OK;
}

/* The caller holds the lock: the slot cannot have gone on to another item. */
static void stop_slot(struct slot *slot)
{
    atomic_store(&slot->stop, true);
    if (slot->decoder && slot->item->type->pictures)
        wk_decoder_stop(slot->decoder);
}

void wk_slots_free(struct wk_slots *slots)
{
    if (!slots)
        return;
    (void)pthread_mutex_lock(&slots->lock);
    slots->ending = true;
    for (int i = 0; slots->all && i < slots->all_count; i++)
        if (slots->all[i].item) {
            slots->all[i].item->abandoned = true;
            stop_slot(&slots->all[i]);
        }
    (void)pthread_cond_broadcast(&slots->changed);
    (void)pthread_cond_broadcast(&slots->fetchable);
    (void)pthread_mutex_unlock(&slots->lock);
    for (int i = 0; slots->all && i < slots->all_count; i++) {
        struct slot *slot = &slots->all[i];

        if (slot->started)
            (void)pthread_join(slot->thread, NULL);
        wk_decoder_free(slot->decoder);
        wk_fetcher_free(slot->fetcher);
        mr_blob_free(slot->blob);
        mr_buf_release(&slot->output);
    }
    if (slots->fd >= 0)
        (void)close(slots->fd);
    (void)pthread_cond_destroy(&slots->changed);
    (void)pthread_cond_destroy(&slots->fetchable);
    (void)pthread_mutex_destroy(&slots->lock);
    free(slots->all);
    free(slots);
}

/* ---- the loop's side ------------------------------------------------------------------------ */

void wk_slots_add(struct wk_slots *slots, struct wk_item *item)
{
    item->place = WK_ITEM_SLOTS;
    (void)pthread_mutex_lock(&slots->lock);
    DL_APPEND(slots->queue, item);
    (void)pthread_cond_signal(&slots->changed);
    (void)pthread_mutex_unlock(&slots->lock);
}

static struct slot *slot_of(struct wk_slots *slots, const struct wk_item *item)
{
    for (int i = 0; i < slots->all_count; i++)
        if (slots->all[i].item == item)
            return &slots->all[i];
    return NULL;
}

static bool take_out(struct wk_item **list, struct wk_item *item)
{
    struct wk_item *found = NULL;

    DL_FOREACH(*list, found)
    {
        if (found == item)
            break;
    }
    if (found)
        DL_DELETE(*list, item);
    return found != NULL;
}

bool wk_slots_cancel(struct wk_slots *slots, struct wk_item *item)
{
    struct slot *slot;
    bool waiting;

    (void)pthread_mutex_lock(&slots->lock);
    item->cancelled = true;
    waiting = take_out(&slots->queue, item) || take_out(&slots->waiting, item) ||
              take_out(&slots->to_fetch, item);
    slot = waiting ? NULL : slot_of(slots, item);
    if (slot)
        stop_slot(slot);
    (void)pthread_mutex_unlock(&slots->lock);
    return waiting;
}

static void abandon(struct wk_slots *slots, struct wk_item **list)
{
    struct wk_item *item, *next;

    DL_FOREACH_SAFE(*list, item, next)
    {
        DL_DELETE(*list, item);
        item->abandoned = true;
        add_done(slots, item);
    }
}

void wk_slots_drain(struct wk_slots *slots)
{

    (void)pthread_mutex_lock(&slots->lock);
    abandon(slots, &slots->queue);
    abandon(slots, &slots->waiting);
    abandon(slots, &slots->to_fetch);
    (void)pthread_mutex_unlock(&slots->lock);
}

/* The caller holds the lock. */
static void end_late(struct wk_slots *slots, struct wk_item **list, const char *cause,
                     int64_t now_ms)
{
    struct wk_item *item, *next;
    struct wk_fault fault;

    DL_FOREACH_SAFE(*list, item, next)
    {
        if (now_ms <= item->deadline_ms)
            continue;
        DL_DELETE(*list, item);
        (void)wk_task_fault_own(&item->task, &fault, MR_TIMEOUT, cause);
        wk_answer_error(item, slots->setup.worker, fault.name, fault.cause);
        add_done(slots, item);
    }
}

void wk_slots_stop_late(struct wk_slots *slots)
{
    const int64_t now_ms = slots->setup.clock->mono_ms(slots->setup.clock);

    (void)pthread_mutex_lock(&slots->lock);
    for (int i = 0; i < slots->all_count; i++) {
        struct wk_item *item = slots->all[i].item;

        if (!item)
            continue;
        if (now_ms > item->deadline_ms)
            item->late = true;
        if (item->late || item->cancelled) /* again: the first may have met it between two calls */
            stop_slot(&slots->all[i]);
    }
    end_late(slots, &slots->waiting, "its time was up while it waited for memory", now_ms);
    end_late(slots, &slots->to_fetch, "its time was up before its sources were fetched", now_ms);
    (void)pthread_mutex_unlock(&slots->lock);
}

static void run_here(struct slot *slot)
{
    struct wk_slots *slots = slot->slots;
    struct wk_item *item;

    (void)pthread_mutex_lock(&slots->lock);
    item = next_of(slot);
    (void)pthread_mutex_unlock(&slots->lock);
    if (!item)
        return;
    if (wk_slot_work(slot, item))
        finish(slots, item);
}

struct wk_item *wk_slots_done(struct wk_slots *slots)
{
    struct wk_item *item;
    eventfd_t count;

    for (int i = 0; slots->setup.same_thread && i < slots->all_count; i++)
        run_here(&slots->all[i]);
    (void)pthread_mutex_lock(&slots->lock);
    item = slots->done;
    if (item) {
        DL_DELETE(slots->done, item);
    } else if (slots->signalled) {
        (void)eventfd_read(slots->fd, &count);
        slots->signalled = false;
    }
    (void)pthread_mutex_unlock(&slots->lock);
    return item;
}

int wk_slots_fd(const struct wk_slots *slots)
{
    return slots->fd;
}

int wk_slots_count(const struct wk_slots *slots)
{
    return slots->setup.count;
}

int wk_slots_busy(struct wk_slots *slots)
{
    int busy = 0;

    (void)pthread_mutex_lock(&slots->lock);
    for (int i = 0; i < slots->setup.count; i++)
        busy += slots->all[i].item != NULL;
    (void)pthread_mutex_unlock(&slots->lock);
    return busy;
}

int wk_slots_waiting(struct wk_slots *slots, const struct wk_class *class)
{
    const struct wk_item *item;
    int waiting = 0;

    (void)pthread_mutex_lock(&slots->lock);
    DL_FOREACH(slots->waiting, item)
    {
        waiting += item->class == class;
    }
    (void)pthread_mutex_unlock(&slots->lock);
    return waiting;
}

int wk_slots_fetching(struct wk_slots *slots, const struct wk_class *class)
{
    const struct wk_item *item;
    int fetching = 0;

    (void)pthread_mutex_lock(&slots->lock);
    DL_FOREACH(slots->to_fetch, item)
    {
        fetching += item->class == class;
    }
    for (int i = slots->setup.count; i < slots->all_count; i++)
        fetching += slots->all[i].item && slots->all[i].item->class == class;
    (void)pthread_mutex_unlock(&slots->lock);
    return fetching;
}

const char *wk_slots_layers(const struct wk_slots *slots)
{
    return slots->layers;
}
