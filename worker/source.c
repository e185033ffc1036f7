/* source.c -- a source, whole, in the memory of the supervisor: the decoder never sees storage, and
 * no network. */
#include "worker/fetch.h"
#include "worker/tasks.h"

enum mr_code wk_source_fetch(struct wk_run *run, const struct mr_recipe_source *source,
                             struct mr_buf *ret, struct wk_fault *fault)
{
    const int64_t bytes_max = run->imaging->source_bytes_max;
    struct mr_error err;
    enum mr_code rc;

    if (source->url && !run->fetcher)
        return wk_task_fault(fault, MR_DENIED, "Blob.Denied", "%s/url: nothing is fetched here",
                             source->at);
    if (source->url)
        return wk_fetcher_get(run->fetcher, source, bytes_max, run->stop, ret, fault);
    rc = mr_blob_get(run->blob, source->key, (size_t)bytes_max, ret, NULL, &err);
    return rc ? wk_task_fault_blob(run, fault, source->key, &err) : MR_OK;
}
