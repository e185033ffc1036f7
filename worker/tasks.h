/* tasks.h -- the table of task types, and what the function of one sees: its task, storage, a
 * decoder, a deadline; nothing of queues or logs. */
#ifndef WK_TASKS_H
#define WK_TASKS_H

#include "common/base/buf.h"
#include "common/model/message.h"
#include "common/ports/blob.h"
#include "worker/imaging.h"

struct wk_parcels; /* worker/parcels.h */

struct wk_run { /* one run of one task; everything is lent for it */
    const struct mr_task *task;
    const struct wk_imaging_config *imaging;
    struct mr_blob *blob;
    const char *bucket; /* the Bucket that means all of it: see objects.h; NULL: none does */
    struct wk_parcels *parcels; /* sources by URL; NULL: there are none */
    struct wk_decoder *decoder; /* NULL where the type works on no pictures */
    int64_t deadline_ms;        /* of mr_mono_ms() */
    struct mr_buf *output;      /* JSON text of the answer; empty at the start */
};

/* MR_OK: *output is the answer.  MR_CANCELLED: it was stopped.  MR_BUSY: what it needs is not here
 * yet, and nothing was done.  Anything else: fault is. */
typedef enum mr_code wk_task_fn(struct wk_run *, struct wk_fault *);

struct wk_task_type {
    const char *name;
    wk_task_fn *run; /* NULL: its answer is its input, given by the loop without a slot */
    bool pictures;   /* needs a decoder */
};
extern const struct wk_task_type wk_task_types[];
extern const size_t wk_task_types_count;
const struct wk_task_type *wk_task_type_find(const char *name); /* NULL: none of the table */
void wk_task_type_names(char *buf, size_t size); /* "image.render image.inspect ..." */

wk_task_fn wk_render_run;                     /* render.c */
wk_task_fn wk_inspect_run;                    /* inspect.c */
wk_task_fn wk_manifest_run;                   /* manifest.c */
wk_task_fn wk_map_read_run, wk_map_write_run; /* map.c */
wk_task_fn wk_s3_get_run, wk_s3_put_run, wk_s3_head_run, wk_s3_delete_run,
    wk_s3_list_run; /* s3.c */

/* Fills fault and returns code; the name is cut to fit. */
enum mr_code wk_task_fault(struct wk_fault *fault, enum mr_code code, const char *name,
                           const char *fmt, ...) MR_PRINTF(4, 5);
/* What storage said of key, as the workflow is told it: Blob.NotFound, Blob.Denied, ... */
enum mr_code wk_task_fault_blob(const struct wk_run *, struct wk_fault *fault, const char *key,
                                const struct mr_error *err);
/* "Image.Timeout" or "Task.Timeout", by the type of the task; likewise OutOfMemory. */
enum mr_code wk_task_fault_own(const struct mr_task *, struct wk_fault *fault, enum mr_code code,
                               const char *cause);

/* source.c: before any source is read, all of a task: MR_BUSY where some are to be fetched by URL
 * first, and the task runs again when they are here. */
MR_MUST_USE enum mr_code wk_sources_want(struct wk_run *, const struct mr_recipe_source *sources,
                                         size_t n, struct wk_fault *fault);
/* source.c: the whole of one that wk_sources_want() knows; *ret lends from *own, the caller's to
 * release, or from the run's parcels. */
MR_MUST_USE enum mr_code wk_source_fetch(struct wk_run *, const struct mr_recipe_source *source,
                                         struct mr_buf *own, struct wk_source *ret,
                                         struct wk_fault *fault);

#endif
