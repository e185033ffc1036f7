/* parcels.h -- the sources by URL of one task: a slot finds out which there are and gives the task
 * up; a lane fetches them; the slot that takes the task again finds them here. */
#ifndef WK_PARCELS_H
#define WK_PARCELS_H

#include "worker/fetch.h"

struct wk_parcel {
    char *url, *at;      /* owned; at: JSON pointer of the first source that names it */
    bool here;           /* bytes are what lies there */
    struct mr_buf bytes; /* owned */
};

struct wk_parcels {        /* zeroed: none, as of most tasks */
    struct wk_parcel *all; /* owned; room for as many as a recipe has sources */
    size_t count;
    struct wk_fetch_room *room; /* lent: where the bytes that are here are counted; or NULL */
};

/* Makes sure that each URL among the sources is here.  MR_BUSY: some are not, and are noted down.
 * MR_NO_MEMORY. */
MR_MUST_USE enum mr_code wk_parcels_want(struct wk_parcels *,
                                         const struct mr_recipe_source *sources, size_t n);
bool wk_parcels_wanting(const struct wk_parcels *); /* some are noted down and not here */
/* Fetches those; as wk_fetcher_get().  MR_TOO_LARGE too: together they are more than a task's share
 * of the fetcher's room. */
MR_MUST_USE enum mr_code wk_parcels_fetch(struct wk_parcels *, struct wk_fetcher *fetcher,
                                          int64_t bytes_max, const atomic_bool *stop,
                                          struct wk_fault *fault);
const struct mr_buf *wk_parcels_find(const struct wk_parcels *,
                                     const char *url); /* NULL: not here */
void wk_parcels_release(struct wk_parcels *);

#endif
