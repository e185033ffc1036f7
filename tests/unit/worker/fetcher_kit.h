/* fetcher_kit.h -- for tests of sources by URL: a fetcher of the real client, what it may do, the
 * server that it asks, and what came of it.  One set a test: FETCHER_CASE() opens and closes it. */
#ifndef TESTS_FETCHER_KIT_H
#define TESTS_FETCHER_KIT_H

#include "common/sim/sim.h"
#include "tests/unit/http/http_server.h"
#include "worker/fetch.h"

extern struct fetcher_kit {
    struct http_server server;     /* "/picture" is "picture" */
    char ports[32], hosts[64];     /* room for lists; ports is what config has */
    struct wk_fetch_config config; /* only this machine; tests change it before the first fetch */
    struct wk_fetcher *fetcher;    /* made by the first fetch */
    struct wk_fault fault;         /* of the last one */
    struct mr_buf bytes;           /* likewise */
    struct mr_error err;
} fetcher_kit;
extern char fetcher_nowhere[]; /* the empty list */

int fetcher_open(void **state);
int fetcher_close(void **state);
#define FETCHER_CASE(name) cmocka_unit_test_setup_teardown(name, fetcher_open, fetcher_close)

void fetcher_forget(void); /* the next fetch makes a new one */
/* As the source of a layer, /ops/0/layers/1/source. */
enum mr_code fetcher_get(const char *url, int64_t bytes_max, const atomic_bool *stop);
const char *fetcher_url(const char *path);       /* of the server; two may be in use at a time */
enum mr_code fetcher_get_path(const char *path); /* at most 1000 bytes */
/* What a fetch must have come to. */
void fetcher_brings(enum mr_code rc, const char *text);
void fetcher_fails(enum mr_code rc, const char *name, const char *cause);

#endif
