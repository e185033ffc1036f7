/* fetch_kit.h -- one slot of a worker for tests with the real decoder: storage is the twin's, the
 * network the real client's, allowed to reach this machine. */
#ifndef FETCH_KIT_H
#define FETCH_KIT_H

#include "tests/unit/http/http_server.h"
#include "worker/fetch.h"

struct fetch_kit {
    struct http_server server;
    struct wk_imaging_config imaging; /* set before fetch_kit_open() */
    struct wk_decoder *decoder;       /* likewise; the kit's from there on */
    struct wk_fetcher *fetcher;
    struct mr_buf answer; /* of the last task */
    struct wk_fault fault;
};
int fetch_kit_open(struct fetch_kit *); /* 0, or -1 */
void fetch_kit_close(struct fetch_kit *);
/* Does a task; "PORT" in its input stands for the server's. */
enum mr_code fetch_kit_do(struct fetch_kit *, const char *type, const char *input);
/* What is stored under key, the caller's; fails the test where nothing is. */
struct mr_buf fetch_kit_stored(struct fetch_kit *, const char *key);

#endif
