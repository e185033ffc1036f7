/* fetch.h -- a source by its URL, for a service that strangers send recipes to: what is asked, how
 * far, and for how long.  GET alone, without cookies, credentials or a proxy; every redirect is
 * checked as the URL was; the address is checked when the socket is opened, whatever a name
 * resolved to before. */
#ifndef WK_FETCH_H
#define WK_FETCH_H

#include "common/base/buf.h"
#include "common/base/config.h"
#include "common/model/recipe.h"
#include "common/ports/http.h"
#include "worker/imaging.h"

#include <stdatomic.h>

struct wk_fetch_config {
    int schemes;           /* WORKER_FETCH: enum wk_fetch_schemes */
    char *ports;           /* WORKER_FETCH_PORTS: "80,443" */
    char *hosts;           /* WORKER_FETCH_HOSTS: no others; "": any */
    char *private_hosts;   /* WORKER_FETCH_PRIVATE: reached though not of the public internet */
    char *ca_file;         /* WORKER_FETCH_CA_FILE; "": the system's */
    int64_t at_once;       /* WORKER_FETCH_AT_ONCE: tasks whose sources are on their way; lanes */
    int64_t redirects_max; /* WORKER_FETCH_REDIRECTS */
    int64_t connect_ms;    /* WORKER_FETCH_CONNECT_MS, each of them */
    int64_t timeout_ms;    /* WORKER_FETCH_TIMEOUT_MS, of a source with its redirects */
    int64_t rate_min;      /* WORKER_FETCH_RATE_MIN, bytes a second */
    int64_t rate_ms;       /* WORKER_FETCH_RATE_MS, what it is counted over */
    int64_t memory;        /* WORKER_FETCH_MEMORY: struct wk_fetch_room */
};
enum wk_fetch_schemes { WK_FETCH_OFF, WK_FETCH_HTTPS, WK_FETCH_HTTP };
extern const struct mr_setting wk_fetch_settings[];
extern const size_t wk_fetch_settings_count;

/* What all fetchers of a worker hold together: bytes that come in, and sources that wait for their
 * task.  Of the caller, who lets it outlive both.  Half of it is the most of one task. */
struct wk_fetch_room {
    int64_t bytes_max;
    atomic_llong held;
};
void wk_fetch_room_give(struct wk_fetch_room *, size_t bytes); /* room: NULL: no bound */

/* One owner thread; it keeps its connections. */
struct wk_fetcher;
/* MR_INVALID: a setting that is a list does not read; err names it. */
MR_MUST_USE enum mr_code wk_fetcher_new(const struct wk_fetch_config *, struct wk_fetcher **ret,
                                        struct mr_error *err);
/* For tests: over another http, which is moved in, also on failure. */
MR_MUST_USE enum mr_code wk_fetcher_new_take(const struct wk_fetch_config *, struct mr_http *http,
                                             struct wk_fetcher **ret, struct mr_error *err);
/* From now on; lent.  What wk_fetcher_get() gave is the room's until wk_fetch_room_give(). */
void wk_fetcher_share(struct wk_fetcher *, struct wk_fetch_room *room);
struct wk_fetch_room *wk_fetcher_room(const struct wk_fetcher *); /* NULL: no bound */
/* The bytes of source->url, the caller's to release.  MR_CANCELLED: *stop (NULL: never) came true.
 * Else the fault is: its cause names the pointer, and the URL without its query. */
MR_MUST_USE enum mr_code wk_fetcher_get(struct wk_fetcher *, const struct mr_recipe_source *source,
                                        int64_t bytes_max, const atomic_bool *stop,
                                        struct mr_buf *ret, struct wk_fault *fault);
void wk_fetcher_free(struct wk_fetcher *); /* accepts NULL */

#endif
