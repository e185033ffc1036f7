/* slots.c -- the threads of the worker, their one queue, and how a running task is stopped.
 * The lock guards the two lists and which item is in which slot; no port is called under it. */
#include "worker/slots.h"

#include "common/base/log.h"
#include "worker/answer.h"
#include "worker/tasks.h"

#include <errno.h>
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
    atomic_bool stop;           /* ends the call of storage that is under way */
    struct mr_buf output;
};

struct wk_slots {
    struct wk_slots_setup setup;
    pthread_mutex_t lock;
    pthread_cond_t changed;       /* an item is there, a slot is ready, or the end has come */
    struct wk_item *queue, *done; /* guarded */
    bool signalled;               /* guarded: the descriptor is readable */
    bool ending;                  /* guarded */
    int ready;                    /* guarded: slots whose decoder is warm, or failed to be */
    struct mr_error fault;        /* guarded: of the first that failed */
    char layers[128];
    int fd;
    struct slot *all; /* owned */
};

/* ---- one task ------------------------------------------------------------------------------- */

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
    (void)pthread_mutex_unlock(&slot->slots->lock);
    return MR_OK;
}

static enum mr_code run_once(struct slot *slot, struct wk_item *item, struct wk_fault *fault)
{
    struct wk_run run = {.task = &item->task,
                         .imaging = slot->slots->setup.imaging,
                         .blob = slot->blob,
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

static void work(struct slot *slot, struct wk_item *item)
{
    struct wk_slots *slots = slot->slots;
    struct wk_fault fault = {0};
    enum mr_code rc = run_item(slot, item, &fault);
    bool late, unwanted;

    (void)pthread_mutex_lock(&slots->lock);
    late = item->late;
    unwanted = item->cancelled || item->abandoned;
    slot->item = NULL; /* from now on it cannot be stopped */
    (void)pthread_mutex_unlock(&slots->lock);
    if (rc == MR_CANCELLED && late && !unwanted)
        (void)wk_task_fault_own(&item->task, &fault, MR_TIMEOUT, "its time was up");
    if (rc == MR_OK)
        wk_answer_output(item, slots->setup.worker, slot->output.data, slot->output.len);
    else if (!unwanted)
        wk_answer_error(item, slots->setup.worker, fault.name, fault.cause);
}

/* ---- the threads ---------------------------------------------------------------------------- */

/* The caller holds the lock. */
static struct wk_item *start_next(struct slot *slot)
{
    struct wk_slots *slots = slot->slots;
    struct wk_item *item = slots->queue;
    const int64_t now_ms = slots->setup.clock->mono_ms(slots->setup.clock);

    if (!item)
        return NULL;
    DL_DELETE(slots->queue, item);
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

static void *slot_main(void *arg)
{
    struct slot *slot = arg;
    struct wk_slots *slots = slot->slots;

    report_ready(slot);
    for (;;) {
        struct wk_item *item = NULL;

        (void)pthread_mutex_lock(&slots->lock);
        while (!slots->ending && !(item = start_next(slot)))
            (void)pthread_cond_wait(&slots->changed, &slots->lock);
        (void)pthread_mutex_unlock(&slots->lock);
        if (!item)
            return NULL;
        work(slot, item);
        finish(slots, item);
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

static enum mr_code slot_init(struct slot *slot, struct wk_slots *slots, struct mr_error *err)
{
    int fault;

    slot->slots = slots;
    slot->blob = mr_blob_dup(slots->setup.blob, err);
    if (!slot->blob)
        return err->code;
    slot->blob->stop = &slot->stop;
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

bool wk_slots_cancel(struct wk_slots *slots, struct wk_item *item)
{
    struct wk_item *waiting = NULL;
    struct slot *slot;

    (void)pthread_mutex_lock(&slots->lock);
    item->cancelled = true;
    DL_FOREACH(slots->queue, waiting)
    {
        if (waiting == item)
            break;
    }
    if (waiting)
        DL_DELETE(slots->queue, item);
    slot = waiting ? NULL : slot_of(slots, item);
    if (slot)
        stop_slot(slot);
    (void)pthread_mutex_unlock(&slots->lock);
    return waiting != NULL;
}

void wk_slots_drain(struct wk_slots *slots)
{
    struct wk_item *item, *next;

    (void)pthread_mutex_lock(&slots->lock);
    DL_FOREACH_SAFE(slots->queue, item, next)
    {
        DL_DELETE(slots->queue, item);
        item->abandoned = true;
        add_done(slots, item);
    }
    (void)pthread_mutex_unlock(&slots->lock);
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
    work(slot, item);
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

const char *wk_slots_layers(const struct wk_slots *slots)
{
    return slots->layers;
}
