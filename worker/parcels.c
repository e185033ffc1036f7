/* parcels.c -- see parcels.h. */
#include "worker/parcels.h"

#include "worker/tasks.h"

#include <assert.h>
#include <inttypes.h>
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

/* The most that one more may have. */
static int64_t share_left(const struct wk_parcels *parcels)
{
    int64_t left = parcels->room ? parcels->room->bytes_max / 2 : INT64_MAX;

    for (size_t i = 0; i < parcels->count; i++)
        left -= (int64_t)parcels->all[i].bytes.len;
    return left;
}

static enum mr_code fetch_one(struct wk_parcels *parcels, struct wk_parcel *parcel,
                              struct wk_fetcher *fetcher, int64_t bytes_max,
                              const atomic_bool *stop, struct wk_fault *fault)
{
    const struct mr_recipe_source source = {.url = parcel->url, .at = parcel->at};
    const int64_t left = share_left(parcels);
    enum mr_code rc = MR_TOO_LARGE;

    if (left > 0)
        rc = wk_fetcher_get(fetcher, &source, left < bytes_max ? left : bytes_max, stop,
                            &parcel->bytes, fault);
    if (rc == MR_TOO_LARGE && left < bytes_max)
        rc = wk_task_fault(fault, rc, "Image.TooLarge",
                           "%s/url: with it the sources by URL of this task are more than %" PRId64
                           " bytes, half of WORKER_FETCH_MEMORY",
                           parcel->at, parcels->room->bytes_max / 2);
    return rc;
}

enum mr_code wk_parcels_fetch(struct wk_parcels *parcels, struct wk_fetcher *fetcher,
                              int64_t bytes_max, const atomic_bool *stop, struct wk_fault *fault)
{
    enum mr_code rc = MR_OK;

    parcels->room = wk_fetcher_room(fetcher);
    for (size_t i = 0; !rc && i < parcels->count; i++) {
        struct wk_parcel *parcel = &parcels->all[i];

        if (parcel->here)
            continue;
        rc = fetch_one(parcels, parcel, fetcher, bytes_max, stop, fault);
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
        wk_fetch_room_give(parcels->room, parcels->all[i].bytes.len);
        mr_buf_release(&parcels->all[i].bytes);
    }
    free(parcels->all);
    *parcels = (struct wk_parcels){0};
}
