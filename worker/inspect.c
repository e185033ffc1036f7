/* inspect.c -- image.inspect: what a picture is, and what is asked for beyond
 * (common/model/inspect.h). */
#include "common/model/inspect.h"
#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "worker/tasks.h"

enum mr_code wk_inspect_run(struct wk_run *run, struct wk_fault *fault)
{
    struct mr_buf bytes = {0};
    struct wk_source source;
    char sha256[MR_SHA256_HEX];
    struct mr_inspect inspect;
    struct mr_error err;
    cJSON *found = NULL;
    enum mr_code rc;

    rc = mr_inspect_parse(run->task->input, &inspect, &err);
    if (rc) {
        rc = wk_task_fault(fault, rc, "Recipe.Invalid", "%s", err.text);
        goto done;
    }
    rc = wk_sources_want(run, &inspect.source, 1, fault);
    if (!rc)
        rc = wk_source_fetch(run, &inspect.source, &bytes, &source, fault);
    if (rc)
        goto done;
    rc = wk_decoder_inspect(run->decoder, &source, inspect.wanted, run->deadline_ms, &found, fault);
    if (rc)
        goto done;
    mr_sha256_hex(source.data, source.len, sha256);
    if (!cJSON_AddNumberToObject(found, "bytes", (double)source.len) ||
        !cJSON_AddStringToObject(found, "sha256", sha256) || mr_json_print(found, run->output))
        rc = wk_task_fault_own(run->task, fault, MR_NO_MEMORY, "the result");
done:
    cJSON_Delete(found);
    mr_buf_release(&bytes);
    return rc;
}
