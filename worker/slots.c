/* slots.c -- the threads of the worker, their one queue, and how a running task is stopped.
 * The lock guards the two lists and which item is in which slot; no port is called under it. */
#include "worker/slots.h"

#include "common/base/log.h"
#include "worker/answer.h"
#include "worker/memory.h"
#include "worker/tasks.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

struct slot {
    struct wk_slots *slots;
    pthread_t thread;
    bool started;               /* there is a thread to be joined */
    struct wk_item *item;       /* guarded; what runs */
    struct wk_decoder *decoder; /* set by its thread, under the lock */
    struct mr_blob *blob;       /* owned */
    struct wk_fetcher *fetcher; /* owned; NULL: no sources by URL */
    bool rested;                /* since its last task */
    atomic_bool stop;           /* ends the call of storage, or of a server, that is under way */
    struct mr_buf output;
    char tenant[MR_TENANT_MAX + 1]; /* guarded; of its last picture */
};

enum { PASSED_MAX = 8 };

struct wk_slots {
    struct wk_slots_setup setup;
    pthread_mutex_t lock;
    pthread_cond_t changed;       /* an item is there, a slot is ready, or the end has come */
    struct wk_item *queue, *done; /* guarded */
    struct wk_item *waiting;      /* guarded: for memory, oldest first */
    struct wk_memory memory;      /* guarded */
    bool signalled;               /* guarded: the descriptor is readable */
    bool ending;                  /* guarded */
    int ready;                    /* guarded: slots whose decoder is warm, or failed to be */
    struct mr_error fault;        /* guarded: of the first that failed */
    char layers[128];
    int fd;
    struct slot *all; /* owned */
};

/* ---- memory --------------------------------------------------------------------------------- */

/* The caller holds the lock of what follows. */
static void memory_drop(struct wk_slots *slots, struct wk_item *item)
{
    if (item->held_bytes)
        wk_memory_give(&slots->memory, item->held_bytes);
    item->held_bytes = 0;
}

/* Behind those that wait already. */
static bool memory_hold(struct wk_slots *slots, struct wk_item *item)
{
    memory_drop(slots, item);
    if ((slots->waiting && slots->waiting != item) ||
        !wk_memory_take(&slots->memory, item->need_bytes))
        return false;
    item->held_bytes = item->need_bytes;
    return true;
}

/* The oldest that waits, if what it waits for is there. */
static struct wk_item *waiting_next(struct wk_slots *slots)
{
    struct wk_item *item = slots->waiting;

    if (!item || !memory_hold(slots, item))
        return NULL;
    DL_DELETE(slots->waiting, item);
    item->waits = false;
    return item;
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
        rc = MR_NO_MEMORY;
    else if (item->heavy && item->held_bytes < item->need_bytes)
        rc = memory_hold(slots, item) ? MR_OK : MR_BUSY;
    item->waits = rc == MR_BUSY;
    *ret_granted = item->need_bytes;
    (void)pthread_mutex_unlock(&slots->lock);
    if (rc == MR_NO_MEMORY)
        (void)wk_task_fault(fault, rc, "Image.OutOfMemory",
                            "by its header it needs %" PRId64 " bytes, the limit is %" PRId64
                            " (WORKER_MEMORY)",
                            item->need_bytes, slots->memory.pool);
    return rc;
}

static enum mr_code slot_warm(struct slot *slot, struct mr_error *err)
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
    struct wk_run run = {.task = &item->task,
                         .imaging = slot->slots->setup.imaging,
                         .blob = slot->blob,
                         .bucket = slot->slots->setup.bucket,
                         .fetcher = slot->fetcher,
                         .stop = &slot->stop,
                         .deadline_ms = item->deadline_ms,
                         .output = &slot->output};
    struct mr_error err;

    mr_buf_reset(&slot->output);
    if (item->type->pictures) {
        if (slot_warm(slot, &err)) {
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

/* false: it waits for memory. */
static bool work(struct slot *slot, struct wk_item *item)
{
    struct wk_slots *slots = slot->slots;
    struct wk_fault fault = {0};
    enum mr_code rc = run_item(slot, item, &fault);
    bool late, unwanted, waits;

    (void)pthread_mutex_lock(&slots->lock);
    late = item->late;
    unwanted = item->cancelled || item->abandoned;
    slot->item = NULL; /* from now on it cannot be stopped */
    memory_drop(slots, item);
    item->waits = item->waits && rc == MR_BUSY && !unwanted && !late && !slots->ending;
    if (item->waits)
        DL_APPEND(slots->waiting, item);
    waits = item->waits;
    (void)pthread_cond_broadcast(&slots->changed); /* memory is there, or a waiting one */
    (void)pthread_mutex_unlock(&slots->lock);
    if (waits)
        return false;
    if ((rc == MR_CANCELLED || rc == MR_BUSY) && late && !unwanted)
        (void)wk_task_fault_own(&item->task, &fault, MR_TIMEOUT, "its time was up");
    if (rc == MR_OK)
        wk_answer_output(item, slots->setup.worker, slot->output.data, slot->output.len);
    else if (!unwanted)
        wk_answer_error(item, slots->setup.worker, fault.name, fault.cause);
    return true;
}

/* ---- the threads ---------------------------------------------------------------------------- */

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
    enum mr_code rc = slots->setup.warm ? slot_warm(slot, &err) : MR_OK;

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

    report_ready(slot);
    for (;;) {
        struct wk_item *item = NULL;

        (void)pthread_mutex_lock(&slots->lock);
        while (!slots->ending && !(item = start_next(slot)))
            if (!slot_rest(slot))
                (void)pthread_cond_wait(&slots->changed, &slots->lock);
        (void)pthread_mutex_unlock(&slots->lock);
        if (!item)
            return NULL;
        if (work(slot, item))
            finish(slots, item);
        slot->rested = false;
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

static enum mr_code slot_init(struct slot *slot, struct wk_slots *slots, struct mr_error *err)
{
    int fault;

    slot->slots = slots;
    slot->rested = true;
    slot->blob = mr_blob_dup(slots->setup.blob, err);
    if (!slot->blob)
        return err->code;
    slot->blob->stop = &slot->stop;
    if (slots->setup.fetch && wk_fetcher_new(slots->setup.fetch, &slot->fetcher, err))
        return err->code;
    if (slots->setup.same_thread)
        return slots->setup.warm ? slot_warm(slot, err) : MR_OK;
    fault = pthread_create(&slot->thread, NULL, slot_main, slot);
    if (fault)
        return mr_fail(err, MR_IO, "a slot's thread: %s", strerror(fault));
    slot->started = true;
    return MR_OK;
}

static enum mr_code wait_ready(struct wk_slots *slots, struct mr_error *err)
{
    struct mr_error fault;

    (void)pthread_mutex_lock(&slots->lock);
    while (slots->ready < slots->setup.count && !slots->setup.same_thread)
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
    wk_memory_init(&slots->memory, setup->memory, setup->count);
    slots->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    slots->all = calloc((size_t)setup->count, sizeof *slots->all);
    if (!slots->all)
        rc = mr_fail(err, MR_NO_MEMORY, "%d slots", setup->count);
    else if (slots->fd < 0)
        rc = mr_fail(err, MR_IO, "eventfd: %s", strerror(errno));
    for (int i = 0; !rc && i < setup->count; i++)
        rc = slot_init(&slots->all[i], slots, err);
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
    for (int i = 0; slots->all && i < slots->setup.count; i++)
        if (slots->all[i].item) {
            slots->all[i].item->abandoned = true;
            stop_slot(&slots->all[i]);
        }
    (void)pthread_cond_broadcast(&slots->changed);
    (void)pthread_mutex_unlock(&slots->lock);
    for (int i = 0; slots->all && i < slots->setup.count; i++) {
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
    for (int i = 0; i < slots->setup.count; i++)
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
    waiting = take_out(&slots->queue, item) || take_out(&slots->waiting, item);
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
    (void)pthread_mutex_unlock(&slots->lock);
}

/* The caller holds the lock. */
static void end_late_waiting(struct wk_slots *slots, int64_t now_ms)
{
    struct wk_item *item, *next;
    struct wk_fault fault;

    DL_FOREACH_SAFE(slots->waiting, item, next)
    {
        if (now_ms <= item->deadline_ms)
            continue;
        DL_DELETE(slots->waiting, item);
        (void)wk_task_fault_own(&item->task, &fault, MR_TIMEOUT,
                                "its time was up while it waited for memory");
        wk_answer_error(item, slots->setup.worker, fault.name, fault.cause);
        add_done(slots, item);
    }
}

void wk_slots_stop_late(struct wk_slots *slots)
{
    const int64_t now_ms = slots->setup.clock->mono_ms(slots->setup.clock);

    (void)pthread_mutex_lock(&slots->lock);
    for (int i = 0; i < slots->setup.count; i++) {
        struct wk_item *item = slots->all[i].item;

        if (!item)
            continue;
        if (now_ms > item->deadline_ms)
            item->late = true;
        if (item->late || item->cancelled) /* again: the first may have met it between two calls */
            stop_slot(&slots->all[i]);
    }
    end_late_waiting(slots, now_ms);
    (void)pthread_mutex_unlock(&slots->lock);
}

static void run_here(struct wk_slots *slots)
{
    struct slot *slot = &slots->all[0];
    struct wk_item *item;

    (void)pthread_mutex_lock(&slots->lock);
    item = start_next(slot);
    (void)pthread_mutex_unlock(&slots->lock);
    if (!item)
        return;
    if (work(slot, item))
        finish(slots, item);
}

struct wk_item *wk_slots_done(struct wk_slots *slots)
{
    struct wk_item *item;
    eventfd_t count;

    if (slots->setup.same_thread)
        run_here(slots);
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

const char *wk_slots_layers(const struct wk_slots *slots)
{
    return slots->layers;
}
