/* recipe.c -- a recipe from its JSON: the top of it, its sources, and the words that it uses.
 * Sources are in recipe_source.c, operations in recipe_op.c, outputs in recipe_output.c.  Must not
 * know pixels. */
#include "common/model/recipe.h"

#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const mr_gravity_names[] = {"center",    "north",     "northeast", "east",
                                        "southeast", "south",     "southwest", "west",
                                        "northwest", "attention", "entropy",   NULL};
const char *const mr_fit_names[] = {"cover", "contain", "fill", "inside", "outside", NULL};
const char *const mr_kernel_names[] = {"nearest",  "linear",   "cubic", "mitchell",
                                       "lanczos2", "lanczos3", NULL};
const char *const mr_blend_names[] = {
    "clear",      "source",     "over",       "in",        "out",     "atop",         "dest",
    "dest-over",  "dest-in",    "dest-out",   "dest-atop", "xor",     "add",          "saturate",
    "multiply",   "screen",     "overlay",    "darken",    "lighten", "colour-dodge", "colour-burn",
    "hard-light", "soft-light", "difference", "exclusion", NULL};
const char *const mr_chroma_names[] = {"4:2:0", "4:4:4", NULL};
const char *const mr_tiff_names[] = {"none", "lzw", "deflate", "jpeg", "ccittfax4", NULL};
const char *const mr_metadata_names[] = {"none", "keep", "copyright", NULL};
const char *const mr_icc_names[] = {"srgb", "keep", "p3", "cmyk", NULL};
const char *const mr_metric_names[] = {"ssimulacra2", "dssim", NULL};

int mr_word_find(const char *const *words, const char *name)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], name) == 0)
            return i;
    return -1;
}

enum mr_code mr_word_opt(const cJSON *object, const char *at, const char *name,
                         const char *const *words, int *ret, struct mr_error *err)
{
    char allowed[MR_ERROR_TEXT_MAX / 2];
    const char *text = NULL;
    size_t len = 0;
    int found;
    enum mr_code rc = mr_json_str_opt(object, at, name, 64, &text, err);

    if (rc || !text)
        return rc;
    found = mr_word_find(words, text);
    if (found >= 0) {
        *ret = found;
        return MR_OK;
    }
    allowed[0] = '\0';
    for (int i = 0; words[i] && len < sizeof(allowed) - 1; i++) {
        int n = snprintf(allowed + len, sizeof(allowed) - len, " %s", words[i]);
        len += n > 0 ? (size_t)n : 0;
    }
    return mr_fail(err, MR_INVALID, "%s/%s: is \"%s\"; allowed:%s", at, name, text, allowed);
}

enum mr_code mr_dup(const char *text, char **ret, struct mr_error *err)
{
    char *copy;

    if (!text)
        return MR_OK;
    copy = strdup(text);
    if (!copy)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a recipe");
    *ret = copy;
    return MR_OK;
}

static enum mr_code outputs_parse(struct mr_recipe *recipe, const cJSON *item, struct mr_error *err)
{
    const cJSON *list = mr_json_get(item, "outputs");
    const cJSON *entry;
    char at[MR_POINTER_MAX];
    enum mr_code rc;

    if (!cJSON_IsArray(list) || !list->child)
        return mr_fail(err, MR_INVALID, "/outputs: must be an array of 1..%d outputs",
                       MR_RECIPE_OUTPUTS_MAX);
    cJSON_ArrayForEach(entry, list)
    {
        size_t n = recipe->output_count;
        if (n == MR_RECIPE_OUTPUTS_MAX)
            return mr_fail(err, MR_INVALID, "/outputs: must be an array of 1..%d outputs",
                           MR_RECIPE_OUTPUTS_MAX);
        snprintf(at, sizeof(at), "/outputs/%zu", n);
        recipe->output_count++; /* released with the recipe, however far it came */
        rc = mr_output_parse(recipe, entry, at, &recipe->outputs[n], err);
        if (rc)
            return rc;
        for (size_t i = 0; i < n; i++)
            if (strcmp(recipe->outputs[i].name, recipe->outputs[n].name) == 0)
                return mr_fail(err, MR_INVALID, "%s/name: \"%s\" is the name of /outputs/%zu too",
                               at, recipe->outputs[n].name, i);
    }
    return MR_OK;
}

enum mr_code mr_recipe_parse(const cJSON *item, struct mr_recipe **ret, struct mr_error *err)
{
    static const char *const known[] = {"source", "ops", "outputs", "auto_orient", NULL};
    struct mr_recipe *recipe = calloc(1, sizeof(*recipe));
    size_t source;
    enum mr_code rc;

    if (!recipe)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a recipe");
    recipe->auto_orient = true;
    rc = mr_json_known(item, "", known, err);
    if (!rc)
        rc = mr_source_parse(recipe, item, "", &source, err);
    if (!rc)
        rc = mr_json_bool_opt(item, "", "auto_orient", &recipe->auto_orient, err);
    if (!rc)
        rc = mr_ops_parse(recipe, item, "", 0, &recipe->ops, err);
    if (!rc)
        rc = outputs_parse(recipe, item, err);
    if (rc)
        mr_recipe_free(recipe);
    else
        *ret = recipe;
    return rc;
}

void mr_recipe_free(struct mr_recipe *recipe)
{
    if (!recipe)
        return;
    for (size_t i = 0; i < recipe->source_count; i++)
        mr_source_release(&recipe->sources[i]);
    for (size_t i = 0; i < recipe->output_count; i++)
        mr_output_release(&recipe->outputs[i]);
    mr_ops_release(&recipe->ops);
    free(recipe);
}

size_t mr_recipe_sources(const struct mr_recipe *recipe,
                         struct mr_recipe_source ret[MR_RECIPE_SOURCES_MAX])
{
    for (size_t i = 0; i < recipe->source_count; i++)
        ret[i] = (struct mr_recipe_source){recipe->sources[i].key, recipe->sources[i].url,
                                           recipe->sources[i].at};
    return recipe->source_count;
}

size_t mr_recipe_outputs(const struct mr_recipe *recipe)
{
    return recipe->output_count;
}

const char *mr_recipe_output_name(const struct mr_recipe *recipe, size_t i)
{
    return recipe->outputs[i].name;
}

const char *mr_recipe_output_key(const struct mr_recipe *recipe, size_t i)
{
    return recipe->outputs[i].key;
}

const char *mr_recipe_output_cache_control(const struct mr_recipe *recipe, size_t i)
{
    return recipe->outputs[i].cache_control;
}

const char *mr_recipe_output_content_disposition(const struct mr_recipe *recipe, size_t i)
{
    return recipe->outputs[i].content_disposition;
}

const char *mr_recipe_output_tags(const struct mr_recipe *recipe, size_t i)
{
    return recipe->outputs[i].tags_text;
}
