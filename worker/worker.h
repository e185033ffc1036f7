/* worker.h -- the parts of one worker: one loop thread that owns every handle of the bus, and slots
 * in which tasks are worked on.  A file per verb: take, answer, control, beat. */
#ifndef WK_WORKER_H
#define WK_WORKER_H

#include "common/model/topics.h"
#include "common/ports/blob.h"
#include "common/ports/bus.h"
#include "common/ports/clock.h"
#include "common/ports/store.h"
#include "worker/control.h"
#include "worker/imaging.h"
#include "worker/item.h"
#include "worker/settings.h"
#include "worker/slots.h"

enum {
    WK_CLASSES_MAX = 8,
    WK_FDS_MAX = WK_CLASSES_MAX + 3,
    WK_TAKE_MAX = 512, /* messages of one take */
};

struct wk_class {
    char name[MR_CLASS_MAX];
    char topic[MR_TOPIC_MAX];
    struct mr_queue *queue;
    int in_slots;     /* its tasks that wait for a slot or are in one */
    bool heavy;       /* its last take had such tasks: take no more than there is room for */
    int64_t pause_ms; /* no take before: one failed */
};

struct wk_ports { /* lent */
    struct mr_bus *bus;
    struct mr_store *store; /* NULL: no signs of life */
    struct mr_blob *blob;
    struct mr_clock *clock;
    const struct wk_fetch_config *fetch; /* NULL: no sources by URL */
    bool same_thread;                    /* simulation: tasks run inside wk_pass() */
};

struct wk {
    const struct wk_config *config;
    const struct mr_cluster_config *cluster;
    struct mr_topics topics;
    char id[128];
    uint32_t shard_count;
    struct mr_bus *bus;
    struct mr_store *store;
    struct mr_clock *clock;

    struct wk_class classes[WK_CLASSES_MAX];
    size_t class_count;
    struct mr_log *control;
    struct wk_cancels cancels;
    struct wk_slots *slots;
    struct wk_items items;
    struct wk_fetch_room fetch_room; /* of its sources by URL */
    struct wk_item *unsent;          /* answers that the bus has not taken yet, oldest first */
    size_t sending;                  /* answers without a report */
    struct mr_msg *msgs;             /* of one take; owned */
    struct mr_buf scratch;

    int64_t send_pause_ms, control_pause_ms, beat_next_ms, heart_next_ms;
    int64_t drain_until_ms; /* 0: it does not drain */
    int64_t since_ms;       /* wall clock of its start */
    int64_t done, failed, cancelled, dead;
};

/* Opens topics and queues, starts the slots.  Everything is released by wk_teardown() also after a
 * failure. */
MR_MUST_USE enum mr_code wk_setup(struct wk *, const struct wk_config *,
                                  const struct wk_imaging_config *,
                                  const struct mr_cluster_config *, const struct wk_ports *,
                                  struct mr_error *err);
/* One pass: what is there is worked on, nothing is waited for. Returns how much was done; 0: idle.
 */
int wk_pass(struct wk *);
/* How long the loop may sleep when idle and no descriptor becomes readable, ms. */
int wk_sleep_ms(const struct wk *);
int wk_fds(const struct wk *, int fds[WK_FDS_MAX]); /* that wake it; returns how many */
/* From now on nothing is taken; what runs may finish within WORKER_DRAIN_MS. */
void wk_drain(struct wk *);
bool wk_drained(struct wk *); /* nothing is left to do, or the time is up */
/* Waits for reports at most timeout_ms; what is not answered by then is left to others. */
void wk_teardown(struct wk *, int64_t timeout_ms);

void wk_heart_watch(struct wk *, struct wk_item *); /* heart.c: a task that was just taken */
void wk_heart_pass(struct wk *);                    /* heart.c */
int wk_take_pass(struct wk *);                      /* take.c */
void wk_beat_pass(struct wk *);                     /* beat.c */

#endif
