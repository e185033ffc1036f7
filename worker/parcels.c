/* parcels.c -- see parcels.h. */
#include "worker/parcels.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct wk_parcel *find(const struct wk_parcels *parcels, const char *url)
{
    for (size_t i = 0; i < parcels->count; i++)
        if (strcmp(parcels->all[i].url, url) == 0)
            return &parcels->all[i];
    return NULL;
}

static enum mr_code add(struct wk_parcels *parcels, const struct mr_recipe_source *source)
{
    struct wk_parcel parcel = {.url = strdup(source->url), .at = strdup(source->at)};

    if (!parcels->all)
        parcels->all = calloc(MR_RECIPE_SOURCES_MAX, sizeof *parcels->all);
    if (!parcels->all || !parcel.url || !parcel.at) {
        free(parcel.url);
        free(parcel.at);
        return MR_NO_MEMORY;
    }
    assert(parcels->count < MR_RECIPE_SOURCES_MAX); /* a task has no more */
    parcels->all[parcels->count++] = parcel;
    return MR_OK;
}

enum mr_code wk_parcels_want(struct wk_parcels *parcels, const struct mr_recipe_source *sources,
                             size_t n)
{
    enum mr_code rc = MR_OK;

    for (size_t i = 0; !rc && i < n; i++)
        if (sources[i].url && !find(parcels, sources[i].url))
            rc = add(parcels, &sources[i]);
    return !rc && wk_parcels_wanting(parcels) ? MR_BUSY : rc;
}

bool wk_parcels_wanting(const struct wk_parcels *parcels)
{
    for (size_t i = 0; i < parcels->count; i++)
        if (!parcels->all[i].here)
            return true;
    return false;
}

enum mr_code wk_parcels_fetch(struct wk_parcels *parcels, struct wk_fetcher *fetcher,
                              int64_t bytes_max, const atomic_bool *stop, struct wk_fault *fault)
{
    enum mr_code rc = MR_OK;

    for (size_t i = 0; !rc && i < parcels->count; i++) {
        struct wk_parcel *parcel = &parcels->all[i];
        const struct mr_recipe_source source = {.url = parcel->url, .at = parcel->at};

        if (parcel->here)
            continue;
        rc = wk_fetcher_get(fetcher, &source, bytes_max, stop, &parcel->bytes, fault);
        parcel->here = rc == MR_OK;
    }
    return rc;
}

const struct mr_buf *wk_parcels_find(const struct wk_parcels *parcels, const char *url)
{
    const struct wk_parcel *parcel = find(parcels, url);

    return parcel && parcel->here ? &parcel->bytes : NULL;
}

void wk_parcels_release(struct wk_parcels *parcels)
{
    for (size_t i = 0; i < parcels->count; i++) {
        free(parcels->all[i].url);
        free(parcels->all[i].at);
        mr_buf_release(&parcels->all[i].bytes);
    }
    free(parcels->all);
    *parcels = (struct wk_parcels){0};
}
