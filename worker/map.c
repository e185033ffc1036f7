/* map.c -- a distributed Map's pages: items read out of storage, results written into it.  What is
 * asked and answered is in common/model/items.h; here storage is only handed to it. */
#include "worker/objects.h"
#include "worker/tasks.h"

#include "common/model/items.h"

enum { TRIES = 3 }; /* a page that storage did not answer for is asked for again, at once */

typedef enum mr_code page_fn(const cJSON *request, const struct mr_objects *, struct mr_buf *buf,
                             struct mr_error *err);

static enum mr_code run_page(struct wk_run *run, page_fn *page, const char *name,
                             struct wk_fault *fault)
{
    const struct mr_objects objects = wk_objects_of(run);
    struct mr_error err = {0};
    enum mr_code rc = MR_OK;

    for (int i = 0; i < TRIES; i++) {
        mr_buf_reset(run->output);
        rc = page(run->task->input, &objects, run->output, &err);
        if (!mr_code_retriable(rc))
            break;
    }
    if (!rc)
        return MR_OK;
    mr_buf_reset(run->output);
    if (rc == MR_CANCELLED)
        return rc;
    if (rc == MR_NO_MEMORY)
        return wk_task_fault_own(run->task, fault, rc, err.text);
    return wk_task_fault(fault, rc, name, "%s", err.text);
}

enum mr_code wk_map_read_run(struct wk_run *run, struct wk_fault *fault)
{
    return run_page(run, mr_items_read, "States.ItemReaderFailed", fault);
}

enum mr_code wk_map_write_run(struct wk_run *run, struct wk_fault *fault)
{
    return run_page(run, mr_items_write, "States.ResultWriterFailed", fault);
}
