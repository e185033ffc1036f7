/* settings.h -- the worker's own settings; what they default to is in settings.c. */
#ifndef WK_SETTINGS_H
#define WK_SETTINGS_H

#include "common/base/config.h"

#include <stdint.h>

struct wk_config {
    char *id;            /* WORKER_ID; "": host and process */
    char *classes;       /* WORKER_CLASSES: "image,io" */
    char *bucket;        /* WORKER_BUCKET: see objects.h */
    int64_t slots;       /* WORKER_SLOTS; 0: one a core */
    int64_t window;      /* WORKER_WINDOW: tasks of one class taken and not released */
    int64_t ahead;       /* WORKER_AHEAD: tasks of one class that wait here for a slot */
    int64_t memory;      /* WORKER_MEMORY: bytes for the pictures under way; 0: half of all */
    int64_t heavy_ahead; /* WORKER_HEAVY_AHEAD: heavy tasks of one class that wait for memory */
    int64_t fetch_ahead; /* WORKER_FETCH_AHEAD: those with sources by URL that are on their way */
    int64_t task_timeout_ms; /* WORKER_TASK_TIMEOUT_MS: of a task that names none */
    int64_t send_retry_ms;   /* WORKER_SEND_RETRY_MS */
    int64_t cancels_max;     /* WORKER_CANCELS_MAX: cancels remembered */
    int64_t beat_ms;         /* WORKER_BEAT_MS */
    int64_t drain_ms;        /* WORKER_DRAIN_MS */
};
extern const struct mr_setting wk_settings[];
extern const size_t wk_settings_count;

#endif
