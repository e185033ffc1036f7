/* source.c -- a source, whole, in the memory of the supervisor: the decoder never sees storage. */
#include "worker/tasks.h"

enum mr_code wk_source_fetch(struct wk_run *run, const char *key, struct mr_buf *ret,
                             struct wk_fault *fault)
{
    struct mr_error err;
    enum mr_code rc;

    rc = mr_blob_get(run->blob, key, (size_t)run->imaging->source_bytes_max, ret, NULL, &err);
    return rc ? wk_task_fault_blob(run, fault, key, &err) : MR_OK;
}
