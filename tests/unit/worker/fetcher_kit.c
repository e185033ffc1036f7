/* fetcher_kit.c -- see fetcher_kit.h. */
#include "tests/unit/worker/fetcher_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fetcher_kit fetcher_kit;
char fetcher_nowhere[1];

static char here[32] = "127.0.0.1";

int fetcher_open(void **state)
{
    (void)state;
    if (http_server_start(&fetcher_kit.server))
        return -1;
    fetcher_kit.server.picture = "picture";
    fetcher_kit.server.picture_len = 7;
    (void)snprintf(fetcher_kit.ports, sizeof fetcher_kit.ports, "80,443,%d",
                   fetcher_kit.server.port);
    fetcher_kit.config = (struct wk_fetch_config){.schemes = WK_FETCH_HTTP,
                                                  .ports = fetcher_kit.ports,
                                                  .hosts = fetcher_nowhere,
                                                  .private_hosts = here,
                                                  .ca_file = fetcher_nowhere,
                                                  .at_once = 2,
                                                  .redirects_max = 3,
                                                  .connect_ms = 5000,
                                                  .timeout_ms = 30000,
                                                  .rate_min = 1000,
                                                  .rate_ms = 10000,
                                                  .memory = 1 << 30};
    return 0;
}

int fetcher_close(void **state)
{
    (void)state;
    fetcher_forget();
    mr_buf_release(&fetcher_kit.bytes);
    http_server_stop(&fetcher_kit.server);
    return 0;
}

void fetcher_forget(void)
{
    wk_fetcher_free(fetcher_kit.fetcher);
    fetcher_kit.fetcher = NULL;
}

enum mr_code fetcher_get(const char *url, int64_t bytes_max, const atomic_bool *stop)
{
    const struct mr_recipe_source source = {.url = url, .at = "/ops/0/layers/1/source"};

    if (!fetcher_kit.fetcher &&
        wk_fetcher_new(&fetcher_kit.config, &fetcher_kit.fetcher, &fetcher_kit.err))
        fail_msg("%s", fetcher_kit.err.text);
    mr_buf_release(&fetcher_kit.bytes);
    fetcher_kit.fault = (struct wk_fault){0};
    return wk_fetcher_get(fetcher_kit.fetcher, &source, bytes_max, stop, &fetcher_kit.bytes,
                          &fetcher_kit.fault);
}

const char *fetcher_url(const char *path)
{
    static char urls[2][11000];
    static int next;
    char *url = urls[next++ % 2];

    (void)snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", fetcher_kit.server.port, path);
    return url;
}

enum mr_code fetcher_get_path(const char *path)
{
    return fetcher_get(fetcher_url(path), 1000, NULL);
}

void fetcher_brings(enum mr_code rc, const char *text)
{
    if (rc)
        fail_msg("%s: %s", fetcher_kit.fault.name, fetcher_kit.fault.cause);
    assert_int_equal(fetcher_kit.bytes.len, strlen(text));
    if (fetcher_kit.bytes.len)
        assert_memory_equal(fetcher_kit.bytes.data, text, fetcher_kit.bytes.len);
}

void fetcher_fails(enum mr_code rc, const char *name, const char *cause)
{
    const struct wk_fault *fault = &fetcher_kit.fault;
    const bool passes = strcmp(name, "Blob.Unavailable") == 0;

    if (rc == MR_OK || strcmp(fault->name, name) != 0 || !strstr(fault->cause, cause))
        fail_msg("%s: %s\n  wanted %s: %s", rc ? fault->name : "success", fault->cause, name,
                 cause);
    assert_null(fetcher_kit.bytes.data);
    assert_non_null(strstr(fault->cause, "/ops/0/layers/1/source/url: "));
    assert_int_equal(fault->retriable, passes);
}
