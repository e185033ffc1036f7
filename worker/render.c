/* render.c -- image.render: sources in, one pass of a decoder, outputs stored (W2 to W4 of
 * docs/lifecycle.md).  Knows storage and the decoder by their ports, and no queue. */
#include "common/adapters/crypto.h"
#include "common/base/failpoint.h"
#include "common/base/json.h"
#include "worker/key.h"
#include "worker/tasks.h"

#include <stdlib.h>
#include <string.h>

struct stored { /* one output as it rests in storage */
    char key[MR_BLOB_KEY_MAX + 1];
    char sha256[MR_SHA256_HEX]; /* of what rests there */
    int64_t bytes;
};

struct render {
    struct wk_run *run;
    struct mr_recipe *recipe;                        /* owned */
    struct mr_buf bytes[MR_RECIPE_SOURCES_MAX];      /* owned: of each key once */
    struct wk_source sources[MR_RECIPE_SOURCES_MAX]; /* lent by them and the parcels */
    size_t source_count;
    struct wk_rendered rendered; /* lent by the decoder */
    struct stored stored[MR_RECIPE_OUTPUTS_MAX];
};

static enum mr_code parse(struct render *render, struct wk_fault *fault)
{
    struct mr_error err;
    enum mr_code rc;

    if (!render->run->task->input)
        return wk_task_fault(fault, MR_INVALID, "Recipe.Invalid", "(root): is missing");
    rc = mr_recipe_parse(render->run->task->input, &render->recipe, &err);
    if (rc == MR_NO_MEMORY)
        return wk_task_fault_own(render->run->task, fault, rc, err.text);
    return rc ? wk_task_fault(fault, rc, "Recipe.Invalid", "%s", err.text) : MR_OK;
}

/* The keys as they will be, as far as they can be known: a bad template costs no pixels. */
static enum mr_code key_of(struct render *render, size_t i, const struct wk_output *output,
                           const char *sha256, char *ret, struct wk_fault *fault)
{
    const struct mr_task *task = render->run->task;
    const struct wk_key_vars vars = {.job = task->job,
                                     .tenant = task->tenant,
                                     .step = task->step,
                                     .attempt = task->attempt,
                                     .name = mr_recipe_output_name(render->recipe, i),
                                     .ext = output ? output->extension : "ext",
                                     .sha256 = sha256,
                                     .width = output ? output->width : 1,
                                     .height = output ? output->height : 1};
    struct mr_error err;

    if (wk_key_expand(mr_recipe_output_key(render->recipe, i), &vars, ret, &err))
        return wk_task_fault(fault, MR_INVALID, "Recipe.Invalid", "/outputs/%zu/key: %s", i,
                             err.text);
    return MR_OK;
}

static enum mr_code check_keys(struct render *render, struct wk_fault *fault)
{
    char key[MR_BLOB_KEY_MAX + 1];
    enum mr_code rc = MR_OK;

    for (size_t i = 0; !rc && i < mr_recipe_outputs(render->recipe); i++)
        rc = key_of(render, i, NULL, "0", key, fault);
    return rc;
}

/* The first source of the same key, whichever way it is read; i: it is the first. */
static size_t first_of(const struct mr_recipe_source *sources, size_t i)
{
    for (size_t j = 0; sources[i].key && j < i; j++)
        if (sources[j].key && strcmp(sources[j].key, sources[i].key) == 0)
            return j;
    return i;
}

static enum mr_code fetch(struct render *render, struct wk_fault *fault)
{
    struct mr_recipe_source places[MR_RECIPE_SOURCES_MAX];
    const size_t n = mr_recipe_sources(render->recipe, places);
    enum mr_code rc = wk_sources_want(render->run, places, n, fault);

    for (size_t i = 0; !rc && i < n; i++) {
        const size_t first = first_of(places, i);

        if (first < i)
            render->sources[i] = render->sources[first];
        else
            rc = wk_source_fetch(render->run, &places[i], &render->bytes[i], &render->sources[i],
                                 fault);
    }
    render->source_count = n;
    return rc;
}

static enum mr_code decode(struct render *render, struct wk_fault *fault)
{
    return wk_decoder_render(render->run->decoder, render->recipe, render->sources,
                             render->source_count, render->run->deadline_ms, &render->rendered,
                             fault);
}

/* Every key is known before the first is written, so that no output lands on another one's. */
static enum mr_code name_outputs(struct render *render, struct wk_fault *fault)
{
    for (size_t i = 0; i < render->rendered.output_count; i++) {
        const struct wk_output *output = &render->rendered.outputs[i];
        struct stored *stored = &render->stored[i];
        enum mr_code rc;

        mr_sha256_hex(output->data, output->len, stored->sha256);
        stored->bytes = (int64_t)output->len;
        rc = key_of(render, i, output, stored->sha256, stored->key, fault);
        if (rc)
            return rc;
        for (size_t j = 0; j < i; j++)
            if (strcmp(render->stored[j].key, stored->key) == 0)
                return wk_task_fault(
                    fault, MR_INVALID, "Recipe.Invalid",
                    "/outputs/%zu/key: is \"%s\", which is the key of /outputs/%zu "
                    "too",
                    i, stored->key, j);
    }
    return MR_OK;
}

/* Another run of this step was first: its object stands, and is what we report. */
static enum mr_code adopt(struct render *render, struct stored *stored,
                          const struct mr_blob_info *info, struct wk_fault *fault)
{
    struct mr_buf body = {0};
    struct mr_error err;
    enum mr_code rc;

    stored->bytes = info->bytes;
    if (info->sha256[0]) {
        memcpy(stored->sha256, info->sha256, sizeof stored->sha256);
        return MR_OK;
    }
    rc = mr_blob_get(render->run->blob, stored->key, (size_t)info->bytes, &body, NULL, &err);
    if (rc)
        return wk_task_fault_blob(render->run, fault, stored->key, &err);
    mr_sha256_hex(body.data, body.len, stored->sha256);
    mr_buf_release(&body);
    return MR_OK;
}

static enum mr_code store(struct render *render, size_t i, struct wk_fault *fault)
{
    const struct wk_output *output = &render->rendered.outputs[i];
    struct stored *stored = &render->stored[i];
    const struct mr_blob_put put = {
        .content_type = output->content_type,
        .cache_control = mr_recipe_output_cache_control(render->recipe, i),
        .content_disposition = mr_recipe_output_content_disposition(render->recipe, i),
        .tags = mr_recipe_output_tags(render->recipe, i),
        .if_absent = wk_key_is_own(mr_recipe_output_key(render->recipe, i)),
        .sha256 = stored->sha256};
    struct mr_blob_info info = {0};
    struct mr_error err;
    enum mr_code rc;

    rc = mr_blob_put(render->run->blob, stored->key, &put, output->data, output->len, &info, &err);
    if (rc == MR_EXISTS)
        return adopt(render, stored, &info, fault);
    return rc ? wk_task_fault_blob(render->run, fault, stored->key, &err) : MR_OK;
}

static void print_output(const struct wk_output *output, const struct stored *stored,
                         struct mr_jw *w)
{
    mr_jw_open(w, output->name, '{');
    mr_jw_str(w, "key", stored->key);
    mr_jw_int(w, "bytes", stored->bytes);
    mr_jw_int(w, "width", output->width);
    mr_jw_int(w, "height", output->height);
    mr_jw_str(w, "format", output->format);
    mr_jw_int(w, "pages", output->pages);
    mr_jw_str(w, "sha256", stored->sha256);
    if (output->quality)
        mr_jw_int(w, "quality", output->quality);
    mr_jw_close(w, '}');
}

static enum mr_code print(const struct render *render, struct wk_fault *fault)
{
    const struct wk_rendered *rendered = &render->rendered;
    struct mr_jw w;

    mr_jw_begin(&w, render->run->output);
    mr_jw_open(&w, NULL, '{');
    mr_jw_open(&w, "outputs", '{');
    for (size_t i = 0; i < rendered->output_count; i++)
        print_output(&rendered->outputs[i], &render->stored[i], &w);
    mr_jw_close(&w, '}');
    mr_jw_open(&w, "source", '{');
    mr_jw_str(&w, "format", rendered->source_format);
    mr_jw_int(&w, "width", rendered->source_width);
    mr_jw_int(&w, "height", rendered->source_height);
    mr_jw_int(&w, "bytes", (int64_t)render->sources[0].len);
    mr_jw_close(&w, '}');
    mr_jw_open(&w, "usage", '{');
    mr_jw_int(&w, "cpu_ms", (rendered->cpu_us + 500) / 1000);
    mr_jw_int(&w, "wall_ms", (rendered->wall_us + 500) / 1000);
    mr_jw_int(&w, "peak_bytes", rendered->peak_bytes);
    mr_jw_close(&w, '}');
    mr_jw_close(&w, '}');
    if (render->run->output->failed)
        return wk_task_fault_own(render->run->task, fault, MR_NO_MEMORY, "the result");
    return MR_OK;
}

static void render_free(struct render *render)
{
    for (size_t i = 0; i < MR_RECIPE_SOURCES_MAX; i++)
        mr_buf_release(&render->bytes[i]);
    mr_recipe_free(render->recipe);
    free(render);
}

enum mr_code wk_render_run(struct wk_run *run, struct wk_fault *fault)
{
    struct render *render = calloc(1, sizeof *render);
    enum mr_code rc;

    if (!render)
        return wk_task_fault_own(run->task, fault, MR_NO_MEMORY, "a render");
    render->run = run;
    if ((rc = parse(render, fault)) || (rc = check_keys(render, fault)) ||
        (rc = fetch(render, fault)) || (rc = decode(render, fault)))
        goto done;
    mr_fail_point("worker.rendered");
    rc = name_outputs(render, fault);
    for (size_t i = 0; !rc && i < render->rendered.output_count; i++)
        rc = store(render, i, fault);
    if (rc)
        goto done;
    mr_fail_point("worker.stored");
    rc = print(render, fault);
done:
    render_free(render);
    return rc;
}
