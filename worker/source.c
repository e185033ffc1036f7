/* source.c -- a source, whole, in the memory of the supervisor: the decoder never sees storage, and
 * no network. */
#include "worker/parcels.h"
#include "worker/tasks.h"

enum mr_code wk_sources_want(struct wk_run *run, const struct mr_recipe_source *sources, size_t n,
                             struct wk_fault *fault)
{
    enum mr_code rc = MR_OK;

    for (size_t i = 0; i < n; i++)
        if (sources[i].url && !run->parcels)
            return wk_task_fault(fault, MR_DENIED, "Blob.Denied",
                                 "%s/url: nothing is fetched here (WORKER_FETCH)", sources[i].at);
    if (run->parcels)
        rc = wk_parcels_want(run->parcels, sources, n);
    if (rc == MR_NO_MEMORY)
        return wk_task_fault_own(run->task, fault, rc, "a list of sources");
    return rc;
}

enum mr_code wk_source_fetch(struct wk_run *run, const struct mr_recipe_source *source,
                             struct mr_buf *own, struct wk_source *ret, struct wk_fault *fault)
{
    const struct mr_buf *bytes = own;
    struct mr_error err;

    if (source->url)
        bytes = wk_parcels_find(run->parcels, source->url);
    else if (mr_blob_get(run->blob, source->key, (size_t)run->imaging->source_bytes_max, own, NULL,
                         &err))
        return wk_task_fault_blob(run, fault, source->key, &err);
    *ret = (struct wk_source){bytes->data, bytes->len};
    return MR_OK;
}
