/* render.c -- millrace render: a recipe on local files, by the engine of image.render.  What the
 * cluster keeps under keys, this keeps under names in a folder. */
#include "gateway/cli/local.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "common/model/message.h"
#include "common/ports/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define USAGE "render RECIPE IN... --to DIR [--name PATTERN] [--force]"
/* The key of the input within the recipe: a folder, so that it is no layer's. */
#define INPUT_KEY "."

static const char name_default[] = "{stem}-{name}.{ext}";

struct planned { /* one output: what it will be called */
    char path[CLI_LOCAL_PATH_MAX], sha256[2 * MR_SHA256_LEN + 1];
};

struct render { /* one call of the verb */
    struct cli *cli;
    const char *to, *pattern;
    bool force;
    struct cli_local local;
    struct mr_recipe *recipe;                     /* owned */
    struct mr_buf sources[MR_RECIPE_SOURCES_MAX]; /* owned; [0] is the input at work */
    size_t source_count;
    struct planned *planned; /* owned: of the input at work */
    char **written;          /* owned: paths of this call, which not even --force replaces */
    size_t written_count;
    cJSON *all; /* owned: for --json */
    int failed;
};

/* ---- the recipe -------------------------------------------------------------------------------
 */

static enum mr_code recipe_item(const char *word, cJSON **ret, struct mr_error *err)
{
    struct mr_buf text = {0};
    enum mr_code rc;

    if (word[0] == '{')
        return mr_json_parse(word, strlen(word), &mr_json_limits_message, ret, err);
    rc = cli_read_file(word, MR_JOB_MESSAGE_MAX, &text, err);
    if (!rc)
        rc = mr_json_parse(text.data ? text.data : "", text.len, &mr_json_limits_message, ret, err);
    mr_buf_release(&text);
    return rc;
}

/* The source is the input, of which the recipe may still choose pages and resolution. */
static enum mr_code recipe_read(struct render *render, const char *word, struct mr_error *err)
{
    cJSON *item = NULL, *source;
    enum mr_code rc = recipe_item(word, &item, err);

    if (!rc && !cJSON_IsObject(item))
        rc = mr_fail(err, MR_INVALID, "is no recipe: it must be an object (docs/recipe.md)");
    if (!rc && mr_json_get(item, "States"))
        rc = mr_fail(err, MR_INVALID,
                     "is a workflow's definition; `millrace submit` runs it on a cluster");
    if (!rc) {
        source = mr_json_get(item, "source");
        if (!source)
            source = cJSON_AddObjectToObject(item, "source");
        cJSON_DeleteItemFromObjectCaseSensitive(source, "key");
        cJSON_DeleteItemFromObjectCaseSensitive(source, "url");
        (void)cJSON_AddStringToObject(source, "key", INPUT_KEY);
        rc = mr_recipe_parse(item, &render->recipe, err);
    }
    cJSON_Delete(item);
    return rc ? mr_fail_in(err, rc, word[0] == '{' ? "RECIPE" : word) : MR_OK;
}

/* Layers lie where the recipe lies, so that a folder with both can be moved; one by URL is fetched
 * once for all inputs. */
static enum mr_code layers_read(struct render *render, const char *word, struct mr_error *err)
{
    const char *slash = word[0] == '{' ? NULL : strrchr(word, '/');
    struct mr_recipe_source sources[MR_RECIPE_SOURCES_MAX];
    char path[CLI_LOCAL_PATH_MAX];
    enum mr_code rc = MR_OK;

    render->source_count = mr_recipe_sources(render->recipe, sources);
    for (size_t i = 1; !rc && i < render->source_count; i++) {
        const char *key = sources[i].key;
        const bool below = key && slash && key[0] != '/';

        if (key && strcmp(key, INPUT_KEY) == 0)
            continue; /* filled in with each input */
        (void)snprintf(path, sizeof path, "%.*s%s", below ? (int)(slash - word + 1) : 0,
                       below ? word : "", key ? key : "");
        rc = key ? cli_local_read(&render->local, path, &render->sources[i], err)
                 : cli_local_fetch(&render->local, &sources[i], &render->sources[i], err);
        if (rc)
            rc = mr_fail_in(err, rc, "layer");
    }
    return rc;
}

/* ---- one input --------------------------------------------------------------------------------
 */

static enum mr_code fault_of(struct wk_fault *fault, const char *name, enum mr_code code,
                             const char *cause)
{
    (void)snprintf(fault->name, sizeof fault->name, "%s", name);
    (void)snprintf(fault->cause, sizeof fault->cause, "%s", cause);
    return code;
}

static bool is_written(const struct render *render, const char *path)
{
    for (size_t i = 0; i < render->written_count; i++)
        if (strcmp(render->written[i], path) == 0)
            return true;
    return false;
}

/* --force is for outputs of an earlier call, not for what was given to work on. */
static bool is_input(const struct render *render, const char *path)
{
    struct stat there, input;

    if (!render->force || stat(path, &there))
        return false;
    for (int i = 1; i < render->cli->argc; i++)
        if (stat(render->cli->argv[i], &input) == 0 && input.st_dev == there.st_dev &&
            input.st_ino == there.st_ino)
            return true;
    return false;
}

/* Every name is known, and free, before the first is written. */
static enum mr_code plan(struct render *render, const char *stem, size_t i,
                         const struct wk_output *output, struct mr_error *err)
{
    struct planned *planned = &render->planned[i];
    const struct cli_local_vars vars = {
        stem, output->name, output->extension, planned->sha256, output->width, output->height};
    char name[CLI_LOCAL_PATH_MAX];
    enum mr_code rc;

    mr_sha256_hex(output->data, output->len, planned->sha256);
    rc = cli_local_name(render->pattern, &vars, name, err);
    if (rc)
        return rc;
    if ((size_t)snprintf(planned->path, sizeof planned->path, "%s/%s", render->to, name) >=
        sizeof planned->path)
        return mr_fail(err, MR_TOO_LARGE, "%s: the path is longer than %zu bytes", name,
                       sizeof planned->path - 1);
    for (size_t j = 0; j < i; j++)
        if (strcmp(render->planned[j].path, planned->path) == 0)
            return mr_fail(err, MR_EXISTS,
                           "%s: two outputs would have this name; put {name} in --name",
                           planned->path);
    if (is_written(render, planned->path))
        return mr_fail(err, MR_EXISTS,
                       "%s: is an output of another input of this call; --name with {stem} or "
                       "{sha256} tells them apart",
                       planned->path);
    if (is_input(render, planned->path))
        return mr_fail(err, MR_EXISTS, "%s: is an input of this call, and stays as it is",
                       planned->path);
    return render->force ? MR_OK : cli_local_free(planned->path, err);
}

static enum mr_code store(struct render *render, size_t i, const struct wk_output *output,
                          struct mr_error *err)
{
    const char *path = render->planned[i].path;
    char **written = realloc(render->written, (render->written_count + 1) * sizeof *written);
    char *copy;

    if (!written)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a path");
    render->written = written;
    copy = strdup(path);
    if (!copy)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a path");
    written[render->written_count++] = copy;
    return cli_local_write(path, output->data, output->len, render->force, err);
}

static void tell(const struct render *render, size_t i, const struct wk_output *output,
                 cJSON *outputs)
{
    const char *path = render->planned[i].path;
    cJSON *item;

    if (!render->cli->json) {
        cli_local_progress_end();
        printf("%s  %d x %d  %s  %zu bytes\n", path, output->width, output->height, output->format,
               output->len);
        return;
    }
    item = cJSON_AddObjectToObject(outputs, output->name);
    (void)cJSON_AddStringToObject(item, "file", path);
    (void)cJSON_AddNumberToObject(item, "bytes", (double)output->len);
    (void)cJSON_AddNumberToObject(item, "width", output->width);
    (void)cJSON_AddNumberToObject(item, "height", output->height);
    (void)cJSON_AddStringToObject(item, "format", output->format);
    (void)cJSON_AddNumberToObject(item, "pages", output->pages);
    (void)cJSON_AddStringToObject(item, "sha256", render->planned[i].sha256);
    if (output->quality)
        (void)cJSON_AddNumberToObject(item, "quality", output->quality);
}

static void tell_usage(const struct wk_rendered *rendered, size_t bytes, cJSON *object)
{
    cJSON *source = cJSON_AddObjectToObject(object, "source");
    cJSON *usage = cJSON_AddObjectToObject(object, "usage");

    (void)cJSON_AddStringToObject(source, "format", rendered->source_format);
    (void)cJSON_AddNumberToObject(source, "width", rendered->source_width);
    (void)cJSON_AddNumberToObject(source, "height", rendered->source_height);
    (void)cJSON_AddNumberToObject(source, "bytes", (double)bytes);
    (void)cJSON_AddNumberToObject(usage, "cpu_ms", (double)((rendered->cpu_us + 500) / 1000));
    (void)cJSON_AddNumberToObject(usage, "wall_ms", (double)((rendered->wall_us + 500) / 1000));
    (void)cJSON_AddNumberToObject(usage, "peak_bytes", (double)rendered->peak_bytes);
}

static enum mr_code one(struct render *render, const char *file, cJSON *object,
                        struct wk_fault *fault)
{
    struct wk_source sources[MR_RECIPE_SOURCES_MAX];
    struct wk_rendered rendered;
    char stem[CLI_LOCAL_PATH_MAX];
    cJSON *outputs = cJSON_AddObjectToObject(object, "outputs");
    struct mr_error err;
    enum mr_code rc;

    mr_buf_release(&render->sources[0]);
    rc = cli_local_read(&render->local, file, &render->sources[0], &err);
    if (rc)
        return fault_of(fault,
                        rc == MR_NOT_FOUND   ? "Blob.NotFound"
                        : rc == MR_TOO_LARGE ? "Image.TooLarge"
                                             : "Blob.Unavailable",
                        rc, err.text);
    for (size_t i = 0; i < render->source_count; i++) {
        const struct mr_buf *bytes = &render->sources[i];
        sources[i] = (struct wk_source){bytes->data, bytes->len};
    }
    rc = wk_decoder_render(render->local.decoder, render->recipe, sources, render->source_count,
                           mr_mono_ms() + CLI_LOCAL_MS_MAX, &rendered, fault);
    if (rc)
        return rc;
    cli_local_stem(file, stem, sizeof stem);
    for (size_t i = 0; !rc && i < rendered.output_count; i++)
        rc = plan(render, stem, i, &rendered.outputs[i], &err);
    for (size_t i = 0; !rc && i < rendered.output_count; i++) {
        rc = store(render, i, &rendered.outputs[i], &err);
        if (!rc)
            tell(render, i, &rendered.outputs[i], outputs);
    }
    if (rc)
        return fault_of(fault, "Output.NotWritten", rc, err.text);
    tell_usage(&rendered, render->sources[0].len, object);
    return MR_OK;
}

/* ---- the verb ---------------------------------------------------------------------------------
 */

/* Before any picture is read: words, pattern, recipe, layers, decoder. */
static enum mr_code begin(struct render *render, struct mr_error *err)
{
    const struct cli_local_vars any = {"stem", "name", "ext", "sha256", 1, 1};
    char name[CLI_LOCAL_PATH_MAX];
    enum mr_code rc = cli_words(render->cli, 2, CLI_LOCAL_FILES_MAX + 1, USAGE, err);

    if (!rc && !render->to)
        rc = mr_fail(err, MR_INVALID,
                     "usage: millrace %s; --to says which folder the outputs go to", USAGE);
    if (!rc)
        rc = cli_local_name(render->pattern, &any, name, err);
    if (!rc)
        rc = recipe_read(render, render->cli->argv[0], err);
    if (!rc)
        rc = cli_local_setup(&render->local, err);
    if (!rc)
        rc = layers_read(render, render->cli->argv[0], err);
    return rc;
}

static void all_of_them(struct render *render)
{
    const int count = render->cli->argc - 1;

    for (int i = 1; i <= count; i++) {
        const char *file = render->cli->argv[i];
        cJSON *object = cJSON_CreateObject();
        struct wk_fault fault = {0};

        cli_local_progress(i, count, file);
        (void)cJSON_AddStringToObject(object, "file", file);
        if (one(render, file, object, &fault)) {
            cli_local_fault(render->cli, file, &fault, object);
            render->failed++;
        }
        (void)cJSON_AddItemToArray(render->all, object);
    }
    cli_local_progress_end();
}

static void end(struct render *render)
{
    for (size_t i = 0; i < MR_RECIPE_SOURCES_MAX; i++)
        mr_buf_release(&render->sources[i]);
    for (size_t i = 0; i < render->written_count; i++)
        free(render->written[i]);
    free(render->written);
    free(render->planned);
    mr_recipe_free(render->recipe);
    cJSON_Delete(render->all);
    cli_local_teardown(&render->local);
}

enum mr_code cli_render(struct cli *cli, struct mr_error *err)
{
    const char *pattern = cli_option(cli, "name");
    struct render render = {.cli = cli,
                            .to = cli_option(cli, "to"),
                            .pattern = pattern ? pattern : name_default,
                            .force = cli_flag(cli, "force"),
                            .planned = calloc(MR_RECIPE_OUTPUTS_MAX, sizeof(struct planned)),
                            .all = cJSON_CreateArray()};
    enum mr_code rc = render.planned && render.all
                          ? begin(&render, err)
                          : mr_fail(err, MR_NO_MEMORY, "no memory to begin");

    if (!rc)
        all_of_them(&render);
    if (!rc && cli->json)
        cli_print_json(render.all);
    if (!rc && render.failed)
        rc = cli->argc == 2
                 ? mr_fail(err, MR_CORRUPT, "%s", "")
                 : mr_fail(err, MR_CORRUPT, "%d of %d pictures failed; the others are done",
                           render.failed, cli->argc - 1);
    end(&render);
    return rc;
}
