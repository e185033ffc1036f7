/* recipe_source.c -- a source: which object, and what is read of it. */
#include "common/base/json.h"
#include "common/base/url.h"
#include "common/model/recipe.h"
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

enum mr_code mr_recipe_source_parse(const cJSON *item, const char *at, struct mr_recipe_source *ret,
                                    struct mr_error *err)
{
    struct mr_recipe_source source = {.at = at};
    char pointer[MR_POINTER_MAX];
    enum mr_code rc = mr_json_str_opt(item, at, "url", MR_RECIPE_URL_MAX, &source.url, err);

    if (!rc && !source.url)
        rc = mr_json_str(item, at, "key", MR_RECIPE_KEY_MAX, &source.key, err);
    else if (!rc && mr_json_get(item, "key"))
        rc = mr_fail(err, MR_INVALID, "%s/url: must not stand beside key", at);
    if (!rc && source.key)
        rc = key_check(source.key, at, err);
    (void)snprintf(pointer, sizeof(pointer), "%s/url", at);
    if (!rc && source.url)
        rc = mr_url_check(source.url, pointer, MR_RECIPE_URL_MAX, err);
    if (!rc)
        *ret = source;
    return rc;
}

static enum mr_code view_parse(const cJSON *item, const char *at, struct mr_source *ret,
                               struct mr_error *err)
{
    static const char *const known[] = {"key", "url", "page", "pages", "dpi", NULL};
    int64_t page = 0, pages = 1;
    double dpi = 0;
    enum mr_code rc = mr_json_known(item, at, known, err);

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
    (void)snprintf(ret->at, sizeof(ret->at), "%s", at);
    return rc;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : !a && !b;
}

static bool same(const struct mr_source *a, const struct mr_source *b,
                 const struct mr_recipe_source *b_place)
{
    return same_text(a->key, b_place->key) && same_text(a->url, b_place->url) &&
           a->page == b->page && a->pages == b->pages && !isless(a->dpi, b->dpi) &&
           !isgreater(a->dpi, b->dpi);
}

enum mr_code mr_source_parse(struct mr_recipe *recipe, const cJSON *object, const char *at,
                             size_t *ret, struct mr_error *err)
{
    const cJSON *item = mr_json_get(object, "source");
    struct mr_source source, *added = &recipe->sources[recipe->source_count];
    struct mr_recipe_source place;
    char here[MR_POINTER_MAX];
    enum mr_code rc;

    if (!item)
        return mr_fail(err, MR_INVALID, "%s/source: is missing", at);
    (void)snprintf(here, sizeof(here), "%s/source", at);
    rc = view_parse(item, here, &source, err);
    if (!rc)
        rc = mr_recipe_source_parse(item, here, &place, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < recipe->source_count; i++)
        if (same(&recipe->sources[i], &source, &place)) {
            *ret = i;
            return MR_OK;
        }
    if (recipe->source_count == MR_RECIPE_SOURCES_MAX)
        return mr_fail(err, MR_INVALID, "%s: a recipe has at most %d different sources", here,
                       MR_RECIPE_SOURCES_MAX);
    *added = source;
    rc = mr_dup(place.key, &added->key, err);
    if (!rc)
        rc = mr_dup(place.url, &added->url, err);
    if (!rc)
        *ret = recipe->source_count++;
    return rc;
}

void mr_source_release(struct mr_source *source)
{
    free(source->key);
    free(source->url);
}

void mr_source_print(struct mr_jw *w, const struct mr_recipe *recipe, size_t source)
{
    const struct mr_source *printed = &recipe->sources[source];
    char url[48];

    mr_jw_open(w, "source", '{');
    if (printed->key)
        mr_jw_str(w, "key", printed->key);
    (void)snprintf(url, sizeof(url), "https://%zu.source.invalid/", source);
    if (printed->url) /* one for each, so that what differs stays different */
        mr_jw_str(w, "url", url);
    mr_jw_int(w, "page", printed->page);
    mr_jw_int(w, "pages", printed->pages);
    if (printed->dpi > 0)
        mr_num_print(w, "dpi", printed->dpi);
    mr_jw_close(w, '}');
}
