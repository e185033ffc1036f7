/* recipe_source.c -- a source: which object, and what is read of it. */
#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key is handed to blob storage, where it becomes part of a path and of a request line. */
static enum mr_code key_check(const char *key, const char *at, struct mr_error *err)
{
    if (!*key)
        return mr_fail(err, MR_INVALID, "%s/key: must not be empty", at);
    for (const char *p = key; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return mr_fail(err, MR_INVALID, "%s/key: must not hold control characters", at);
    return MR_OK;
}

/* *ret lends the key of item. */
static enum mr_code view_parse(const cJSON *item, const char *at, struct mr_source *ret,
                               const char **ret_key, struct mr_error *err)
{
    static const char *const known[] = {"key", "url", "page", "pages", "dpi", NULL};
    static const char *const later[] = {"url", NULL};
    int64_t page = 0, pages = 1;
    double dpi = 0;
    enum mr_code rc = mr_json_known(item, at, known, err);

    if (!rc)
        rc = mr_not_yet(item, at, later, err);
    if (!rc)
        rc = mr_json_str(item, at, "key", MR_RECIPE_KEY_MAX, ret_key, err);
    if (!rc)
        rc = key_check(*ret_key, at, err);
    if (!rc)
        rc = mr_json_int_opt(item, at, "page", 0, MR_RECIPE_PAGE_MAX, &page, err);
    if (!rc)
        rc = mr_json_int_opt(item, at, "pages", -1, MR_RECIPE_PAGE_MAX, &pages, err);
    if (!rc && pages == 0)
        rc = mr_fail(err, MR_INVALID, "%s/pages: is 0; allowed: -1 (all), 1..%d", at,
                     MR_RECIPE_PAGE_MAX);
    if (!rc)
        rc = mr_json_num_opt(item, at, "dpi", 1, MR_RECIPE_DPI_MAX, &dpi, err);
    *ret = (struct mr_source){.page = (int)page, .pages = (int)pages, .dpi = dpi};
    return rc;
}

static bool same(const struct mr_source *a, const struct mr_source *b, const char *b_key)
{
    return strcmp(a->key, b_key) == 0 && a->page == b->page && a->pages == b->pages &&
           !isless(a->dpi, b->dpi) && !isgreater(a->dpi, b->dpi);
}

enum mr_code mr_source_parse(struct mr_recipe *recipe, const cJSON *object, const char *at,
                             size_t *ret, struct mr_error *err)
{
    const cJSON *item = mr_json_get(object, "source");
    char here[MR_POINTER_MAX];
    struct mr_source source;
    const char *key = NULL;
    enum mr_code rc;

    if (!item)
        return mr_fail(err, MR_INVALID, "%s/source: is missing", at);
    snprintf(here, sizeof(here), "%s/source", at);
    rc = view_parse(item, here, &source, &key, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < recipe->source_count; i++)
        if (same(&recipe->sources[i], &source, key)) {
            *ret = i;
            return MR_OK;
        }
    if (recipe->source_count == MR_RECIPE_SOURCES_MAX)
        return mr_fail(err, MR_INVALID, "%s: a recipe has at most %d different sources", here,
                       MR_RECIPE_SOURCES_MAX);
    rc = mr_dup(key, &source.key, err);
    if (rc)
        return rc;
    recipe->sources[recipe->source_count] = source;
    *ret = recipe->source_count++;
    return MR_OK;
}

void mr_source_release(struct mr_source *source)
{
    free(source->key);
}

void mr_source_print(struct mr_jw *w, const struct mr_source *source)
{
    mr_jw_open(w, "source", '{');
    mr_jw_str(w, "key", source->key);
    mr_jw_int(w, "page", source->page);
    mr_jw_int(w, "pages", source->pages);
    if (source->dpi > 0)
        mr_num_print(w, "dpi", source->dpi);
    mr_jw_close(w, '}');
}
