/* recipe.c -- a recipe that is accepted prints with its defaults, and that print is a recipe which
 * prints the same: supervisor and decoder mean the same picture. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"
#include "common/model/recipe.h"

static struct mr_recipe *read_back(const struct mr_buf *text)
{
    struct mr_error err = {0};
    struct mr_recipe *recipe = NULL;
    cJSON *item = NULL;
    enum mr_code rc = mr_json_parse(text->data, text->len, &mr_json_limits_message, &item, &err);

    if (!rc)
        rc = mr_recipe_parse(item, &recipe, &err);
    FUZZ_PROMISE(!rc, "what was printed is refused: %s: %s", err.text, text->data);
    cJSON_Delete(item);
    return recipe;
}

static void look(const struct mr_recipe *recipe)
{
    struct mr_recipe_source sources[MR_RECIPE_SOURCES_MAX];
    size_t n = mr_recipe_sources(recipe, sources), outputs = mr_recipe_outputs(recipe);

    FUZZ_PROMISE(n >= 1 && n <= MR_RECIPE_SOURCES_MAX, "%zu sources", n);
    FUZZ_PROMISE(outputs >= 1 && outputs <= MR_RECIPE_OUTPUTS_MAX, "%zu outputs", outputs);
    for (size_t i = 0; i < n; i++)
        FUZZ_PROMISE(!sources[i].key != !sources[i].url, "source %zu has not one place", i);
    for (size_t i = 0; i < outputs; i++)
        FUZZ_PROMISE(mr_recipe_output_name(recipe, i) && mr_recipe_output_key(recipe, i),
                     "output %zu has no name or key", i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct mr_buf one = {0}, two = {0};
    struct mr_recipe *recipe = NULL, *again;
    struct mr_error err = {0};
    cJSON *item = NULL;

    if (mr_json_parse((const char *)data, len, &mr_json_limits_message, &item, NULL))
        return 0;
    if (mr_recipe_parse(item, &recipe, &err)) {
        FUZZ_PROMISE(err.text[0] && !recipe, "a refusal has its reason and no recipe");
        cJSON_Delete(item);
        return 0;
    }
    cJSON_Delete(item); /* a recipe lends nothing from it */
    look(recipe);
    FUZZ_PROMISE(!mr_recipe_print(recipe, &one), "print");
    again = read_back(&one);
    look(again);
    FUZZ_PROMISE(!mr_recipe_print(again, &two), "print");
    fuzz_same(&one, &two, "recipe");
    mr_recipe_free(recipe);
    mr_recipe_free(again);
    mr_buf_release(&one);
    mr_buf_release(&two);
    return 0;
}
