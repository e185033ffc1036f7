/* settings.c -- the worker's settings table. */
#include "worker/settings.h"

#include "common/ports/bus.h"

/* clang-format off */
const struct mr_setting wk_settings[] = {
    MR_STR(wk_config, id, "WORKER_ID", "",
           "name of this worker in results and dashboards; empty: host and process"),
    MR_STR(wk_config, classes, "WORKER_CLASSES", "image,io",
           "classes of tasks it takes, by comma"),
    MR_STR(wk_config, bucket, "WORKER_BUCKET", "millrace",
           "the Bucket of a workflow that means the storage itself; any other is a folder in it"),
    MR_LONG(wk_config, slots, "WORKER_SLOTS", "0", 0, 256,
            "tasks worked on at a time, each with its own decoder; 0: one a core"),
    MR_LONG(wk_config, window, "WORKER_WINDOW", "1024", 1, MR_QUEUE_WINDOW_MAX,
            "tasks of one class that are taken and not yet answered in the log"),
    MR_LONG(wk_config, ahead, "WORKER_AHEAD", "2", 1, 4096,
            "tasks of one class that wait in this worker for a free slot"),
    MR_LONG(wk_config, memory, "WORKER_MEMORY", "0", 0, INT64_C(1) << 44,
            "bytes that the pictures under way may need together, as their headers say; 0: half of "
            "what the machine or its container has"),
    MR_LONG(wk_config, heavy_ahead, "WORKER_HEAVY_AHEAD", "16", 0, 1024,
            "tasks of one class that need much memory and wait here for it, while others go on"),
    MR_LONG(wk_config, fetch_ahead, "WORKER_FETCH_AHEAD", "64", 0, 4096,
            "tasks of one class whose sources are fetched by URL, or wait for that, while others go on"),
    MR_LONG(wk_config, task_timeout_ms, "WORKER_TASK_TIMEOUT_MS", "300000", 100, 86400000,
            "a task that names no time-out ends with Image.Timeout after so long, ms"),
    MR_LONG(wk_config, send_retry_ms, "WORKER_SEND_RETRY_MS", "500", 10, 60000,
            "pause before an answer without delivery report is sent again, ms"),
    MR_LONG(wk_config, cancels_max, "WORKER_CANCELS_MAX", "4096", 1, 1048576,
            "cancelled tasks remembered, so that a later take of one is dropped"),
    MR_LONG(wk_config, beat_ms, "WORKER_BEAT_MS", "5000", 100, 600000,
            "from one sign of life in Redis to the next; three missed: gone, ms"),
    MR_LONG(wk_config, drain_ms, "WORKER_DRAIN_MS", "25000", 0, 3600000,
            "SIGTERM: running tasks may finish within so long; the rest is left to others, ms"),
};
/* clang-format on */
const size_t wk_settings_count = sizeof wk_settings / sizeof wk_settings[0];
