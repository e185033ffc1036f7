/* inspect.c -- image.inspect: what a picture is.  {"source": {"key": ...}} */
#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "worker/tasks.h"

static enum mr_code read_input(const struct mr_task *task, const char **ret_key,
                               struct wk_fault *fault)
{
    static const char *const known[] = {"source", "want", NULL};
    static const char *const source_known[] = {"key", NULL};
    const cJSON *source = mr_json_get(task->input, "source");
    struct mr_error err;
    enum mr_code rc;

    if ((rc = mr_json_known(task->input, "", known, &err)) ||
        (rc = mr_json_known(source, "/source", source_known, &err)) ||
        (rc = mr_json_str(source, "/source", "key", MR_BLOB_KEY_MAX, ret_key, &err)))
        return wk_task_fault(fault, rc, "Recipe.Invalid", "%s", err.text);
    return MR_OK;
}

enum mr_code wk_inspect_run(struct wk_run *run, struct wk_fault *fault)
{
    struct mr_buf bytes = {0};
    struct wk_source source;
    char sha256[MR_SHA256_HEX];
    const char *key = NULL;
    cJSON *found = NULL;
    enum mr_code rc;

    if ((rc = read_input(run->task, &key, fault)) ||
        (rc = wk_source_fetch(run, key, &bytes, fault)))
        goto done;
    source = (struct wk_source){bytes.data, bytes.len};
    rc = wk_decoder_inspect(run->decoder, &source, mr_json_get(run->task->input, "want"),
                            run->deadline_ms, &found, fault);
    if (rc)
        goto done;
    mr_sha256_hex(bytes.data, bytes.len, sha256);
    if (!cJSON_AddNumberToObject(found, "bytes", (double)bytes.len) ||
        !cJSON_AddStringToObject(found, "sha256", sha256) || mr_json_print(found, run->output))
        rc = wk_task_fault_own(run->task, fault, MR_NO_MEMORY, "the result");
done:
    cJSON_Delete(found);
    mr_buf_release(&bytes);
    return rc;
}
