/* manifest.c -- manifest: one object that lists the outputs of a run, for whoever fetches them.
 * An output is every object of the input, however deep, that has a string "key" and a string
 * "sha256".  The manifest holds nothing but the input: writing it twice writes the same bytes. */
#include "common/base/json.h"
#include "worker/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OUTPUTS_MAX = 10000,
    DEPTH_MAX = 64, /* of the input, as of every message */
};

struct output { /* lent by the input */
    const char *key;
    const char *name; /* NULL: none */
    const cJSON *item;
    size_t found; /* order in the input */
};

struct manifest {
    const char *own_key; /* never lists itself */
    struct output *outputs;
    size_t count, cap;
};

static enum mr_code add(struct manifest *manifest, const struct output *output)
{
    if (manifest->count == OUTPUTS_MAX)
        return MR_TOO_LARGE;
    if (manifest->count == manifest->cap) {
        const size_t cap = manifest->cap ? 2 * manifest->cap : 64;
        struct output *outputs = realloc(manifest->outputs, cap * sizeof *outputs);

        if (!outputs)
            return MR_NO_MEMORY;
        manifest->outputs = outputs;
        manifest->cap = cap;
    }
    manifest->outputs[manifest->count] = *output;
    manifest->outputs[manifest->count].found = manifest->count;
    manifest->count++;
    return MR_OK;
}

/* Its name is its own "name", else the member it stands under. */
static enum mr_code collect(struct manifest *manifest, const cJSON *item, unsigned depth)
{
    const cJSON *key = mr_json_get(item, "key"), *sha256 = mr_json_get(item, "sha256");
    enum mr_code rc = MR_OK;

    if (depth > DEPTH_MAX)
        return MR_TOO_LARGE;
    if (cJSON_IsString(key) && cJSON_IsString(sha256)) {
        const cJSON *name = mr_json_get(item, "name");
        const struct output output = {.key = key->valuestring,
                                      .name =
                                          cJSON_IsString(name) ? name->valuestring : item->string,
                                      .item = item};

        return strcmp(output.key, manifest->own_key) == 0 ? MR_OK : add(manifest, &output);
    }
    if (!cJSON_IsObject(item) && !cJSON_IsArray(item))
        return MR_OK;
    for (const cJSON *child = item->child; !rc && child; child = child->next)
        rc = collect(manifest, child, depth + 1);
    return rc;
}

static int by_key(const void *a, const void *b)
{
    const struct output *left = a, *right = b;
    const int order = strcmp(left->key, right->key);

    if (order)
        return order;
    return left->found < right->found ? -1 : left->found > right->found;
}

/* Sorted by key, each key once: the first of it that the input has. */
static void sort(struct manifest *manifest)
{
    size_t kept = 0;

    if (manifest->count)
        qsort(manifest->outputs, manifest->count, sizeof *manifest->outputs, by_key);
    for (size_t i = 0; i < manifest->count; i++)
        if (kept == 0 || strcmp(manifest->outputs[i].key, manifest->outputs[kept - 1].key) != 0)
            manifest->outputs[kept++] = manifest->outputs[i];
    manifest->count = kept;
}

static void print_output(const struct output *output, struct mr_jw *w)
{
    static const char *const fields[] = {"bytes", "sha256", "width", "height", "format"};

    mr_jw_open(w, NULL, '{');
    if (output->name)
        mr_jw_str(w, "name", output->name);
    mr_jw_str(w, "key", output->key);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const cJSON *field = mr_json_get(output->item, fields[i]);

        if (cJSON_IsNumber(field) || cJSON_IsString(field))
            mr_jw_item(w, fields[i], field);
    }
    mr_jw_close(w, '}');
}

static void print(const struct manifest *manifest, const char *job, struct mr_buf *text)
{
    struct mr_jw w;

    mr_jw_begin(&w, text);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "job", job);
    mr_jw_open(&w, "outputs", '[');
    for (size_t i = 0; i < manifest->count; i++)
        print_output(&manifest->outputs[i], &w);
    mr_jw_close(&w, ']');
    mr_jw_close(&w, '}');
}

static enum mr_code answer(struct wk_run *run, const struct manifest *manifest,
                           const struct mr_blob_info *info, struct wk_fault *fault)
{
    struct mr_jw w;

    mr_jw_begin(&w, run->output);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "key", manifest->own_key);
    mr_jw_int(&w, "bytes", info->bytes);
    mr_jw_str(&w, "sha256", info->sha256);
    mr_jw_int(&w, "count", (int64_t)manifest->count);
    mr_jw_close(&w, '}');
    if (run->output->failed)
        return wk_task_fault_own(run->task, fault, MR_NO_MEMORY, "the result");
    return MR_OK;
}

enum mr_code wk_manifest_run(struct wk_run *run, struct wk_fault *fault)
{
    const struct mr_blob_put put = {.content_type = "application/json"};
    char key[MR_JOB_ID_MAX + 32];
    struct manifest manifest = {.own_key = key};
    struct mr_blob_info info = {0};
    struct mr_buf text = {0};
    struct mr_error err;
    enum mr_code rc = MR_OK;

    (void)snprintf(key, sizeof key, "out/%s/manifest.json", run->task->job);
    if (run->task->input)
        rc = collect(&manifest, run->task->input, 0);
    if (rc == MR_TOO_LARGE) {
        rc = wk_task_fault(fault, rc, "States.DataLimitExceeded",
                           "a manifest lists at most %d outputs, %d deep", OUTPUTS_MAX, DEPTH_MAX);
        goto done;
    }
    sort(&manifest);
    if (!rc)
        print(&manifest, run->task->job, &text);
    if (rc || text.failed) {
        rc = wk_task_fault_own(run->task, fault, MR_NO_MEMORY, "the manifest");
        goto done;
    }
    rc = mr_blob_put(run->blob, key, &put, text.data, text.len, &info, &err);
    if (rc) {
        rc = wk_task_fault_blob(run, fault, key, &err);
        goto done;
    }
    info.bytes = (int64_t)text.len;
    rc = answer(run, &manifest, &info, fault);
done:
    mr_buf_release(&text);
    free(manifest.outputs);
    return rc;
}
