/* fetch.c -- see fetch.h.  Must not know what a picture is. */
#include "worker/fetch.h"

#include "common/adapters/http_reach.h"
#include "common/adapters/http_url.h"
#include "common/base/url.h"
#include "common/ports/clock.h"
#include "worker/tasks.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    PORTS_MAX = 64,
    SHOWN_MAX = 200, /* bytes of a URL in a cause */
};

/* clang-format off */
const struct mr_setting wk_fetch_settings[] = {
    MR_CHOICE(wk_fetch_config, schemes, "WORKER_FETCH", "https", "off https http",
              "sources by URL: none; https alone; http too"),
    MR_STR(wk_fetch_config, ports, "WORKER_FETCH_PORTS", "80,443",
           "ports that a URL may name, by comma"),
    MR_STR(wk_fetch_config, hosts, "WORKER_FETCH_HOSTS", "",
           "hosts that may be asked, by comma: names, *.name, addresses, networks as fd00::/8; empty: any"),
    MR_STR(wk_fetch_config, private_hosts, "WORKER_FETCH_PRIVATE", "",
           "what may be reached though it is not of the public internet, by comma: networks as fd00::/8, addresses, names, *.name"),
    MR_STR(wk_fetch_config, ca_file, "WORKER_FETCH_CA_FILE", "",
           "authorities that sign for https, PEM; empty: the system's"),
    MR_LONG(wk_fetch_config, at_once, "WORKER_FETCH_AT_ONCE", "16", 1, 256,
            "tasks whose sources are fetched at a time, one source after another; each may hold WORKER_SOURCE_BYTES_MAX a source"),
    MR_LONG(wk_fetch_config, redirects_max, "WORKER_FETCH_REDIRECTS", "5", 0, 20,
            "redirects that are followed from one URL"),
    MR_LONG(wk_fetch_config, connect_ms, "WORKER_FETCH_CONNECT_MS", "5000", 1, 600000,
            "longest wait for a connection, name and TLS included, ms"),
    MR_LONG(wk_fetch_config, timeout_ms, "WORKER_FETCH_TIMEOUT_MS", "60000", 1, 3600000,
            "longest time for one source, redirects included, ms"),
    MR_LONG(wk_fetch_config, rate_min, "WORKER_FETCH_RATE_MIN", "1K", 0, INT64_C(1) << 30,
            "a server that sends fewer bytes a second is given up; 0: none is"),
    MR_LONG(wk_fetch_config, rate_ms, "WORKER_FETCH_RATE_MS", "10000", 100, 600000,
            "how long WORKER_FETCH_RATE_MIN is counted over, the wait for the answer included, ms"),
    MR_LONG(wk_fetch_config, memory, "WORKER_FETCH_MEMORY", "1G", 1 << 20, INT64_C(1) << 40,
            "bytes of sources by URL that a worker holds, until their tasks have run; one task's are at most half of it"),
};
/* clang-format on */
const size_t wk_fetch_settings_count = sizeof wk_fetch_settings / sizeof wk_fetch_settings[0];

struct wk_fetcher {
    const struct wk_fetch_config *config; /* lent */
    struct mr_http *http;                 /* owned */
    struct wk_fetch_room *room;           /* lent; NULL: no bound */
    struct mr_http_hosts *hosts, *reach;  /* owned */
    int ports[PORTS_MAX];
    size_t port_count;
};

/* One source under way. */
struct fetch {
    const struct wk_fetcher *fetcher;
    const struct mr_recipe_source *source;
    int64_t bytes_max, deadline_ms;
    const atomic_bool *stop;
    struct mr_http_url url; /* owned: of this hop */
    struct mr_buf body;     /* owned */
    bool no_room;           /* for the next of its bytes */
    struct mr_http_response response;
    struct wk_fault *fault;
};

/* ---- what is said ---------------------------------------------------------------------------- */

#define FAIL(fetch, code, name, ...) (fail_text(fetch, code, name, __VA_ARGS__), (code))

/* "/source/url: https://host/path: why". */
static void fail_text(const struct fetch *fetch, enum mr_code code, const char *name,
                      const char *fmt, ...) MR_PRINTF(4, 5);
static void fail_text(const struct fetch *fetch, enum mr_code code, const char *name,
                      const char *fmt, ...)
{
    char why[MR_ERROR_TEXT_MAX], shown[SHOWN_MAX];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    mr_url_show(fetch->url.text ? fetch->url.text : fetch->source->url, shown, sizeof shown);
    (void)wk_task_fault(fetch->fault, code, name, "%s/url: %s: %s", fetch->source->at, shown, why);
}

/* What the request came to where it has no answer. */
static enum mr_code fail_request(const struct fetch *fetch, const struct mr_error *err)
{
    switch (err->code) {
    case MR_CANCELLED:
        return MR_CANCELLED;
    case MR_NO_MEMORY:
        if (fetch->no_room)
            return FAIL(fetch, MR_UNAVAILABLE, "Blob.Unavailable",
                        "sources by URL of other tasks take the %" PRId64
                        " bytes that there are for them (WORKER_FETCH_MEMORY)",
                        fetch->fetcher->room->bytes_max);
        return FAIL(fetch, MR_NO_MEMORY, "Image.OutOfMemory", "no memory for it");
    case MR_DENIED:
        return FAIL(fetch, MR_DENIED, "Blob.Denied",
                    "its address is not of the public internet, and WORKER_FETCH_PRIVATE does not "
                    "list it");
    case MR_TOO_LARGE:
        if (!fetch->response.began)
            return FAIL(fetch, MR_DENIED, "Blob.Denied", "its headers exceed %d bytes",
                        MR_HTTP_ANSWER_HEADERS_MAX);
        return FAIL(fetch, MR_TOO_LARGE, "Image.TooLarge",
                    "longer than %" PRId64
                    " bytes, the limit of a source (WORKER_SOURCE_BYTES_MAX)",
                    fetch->bytes_max);
    default:
        break;
    }
    return FAIL(fetch, MR_UNAVAILABLE, "Blob.Unavailable", "%s", err->text);
}

static enum mr_code fail_status(const struct fetch *fetch)
{
    const int status = fetch->response.status;

    if (status == 404 || status == 410)
        return FAIL(fetch, MR_NOT_FOUND, "Blob.NotFound", "answered %d", status);
    if (status == 408 || status == 425 || status == 429 || status >= 500 || status < 300)
        return FAIL(fetch, MR_UNAVAILABLE, "Blob.Unavailable", "answered %d", status);
    return FAIL(fetch, MR_DENIED, "Blob.Denied", "answered %d", status);
}

/* ---- what may be asked ----------------------------------------------------------------------- */

static bool host_listed(const struct mr_http_hosts *hosts, const char *host)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_storage address = {0};

    if (mr_http_hosts_empty(hosts) || mr_http_hosts_name(hosts, host))
        return true;
    if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
        memcpy(&address, &in, sizeof in);
    else if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
        memcpy(&address, &in6, sizeof in6);
    else
        return false;
    return mr_http_hosts_hold(hosts, (const struct sockaddr *)&address);
}

static bool port_listed(const struct wk_fetcher *fetcher, int port)
{
    for (size_t i = 0; i < fetcher->port_count; i++)
        if (fetcher->ports[i] == port)
            return true;
    return false;
}

static enum mr_code check_hop(const struct fetch *fetch)
{
    const struct wk_fetcher *fetcher = fetch->fetcher;
    const int schemes = fetcher->config->schemes;

    if (schemes == WK_FETCH_OFF)
        return FAIL(fetch, MR_DENIED, "Blob.Denied",
                    "nothing is fetched here (WORKER_FETCH is off)");
    if (!fetch->url.https && schemes != WK_FETCH_HTTP)
        return FAIL(fetch, MR_DENIED, "Blob.Denied", "only https is fetched here (WORKER_FETCH)");
    if (!port_listed(fetcher, fetch->url.port))
        return FAIL(fetch, MR_DENIED, "Blob.Denied",
                    "port %d is not one of WORKER_FETCH_PORTS (%.100s)", fetch->url.port,
                    fetcher->config->ports);
    if (!host_listed(fetcher->hosts, fetch->url.host))
        return FAIL(fetch, MR_DENIED, "Blob.Denied", "WORKER_FETCH_HOSTS does not list its host");
    return MR_OK;
}

/* ---- one hop --------------------------------------------------------------------------------- */

void wk_fetch_room_give(struct wk_fetch_room *room, size_t bytes)
{
    if (room)
        (void)atomic_fetch_sub(&room->held, (long long)bytes);
}

static bool room_take(struct wk_fetch_room *room, size_t bytes)
{
    if (!room || atomic_fetch_add(&room->held, (long long)bytes) + (long long)bytes <=
                     (long long)room->bytes_max)
        return true;
    wk_fetch_room_give(room, bytes);
    return false;
}

static void body_drop(struct fetch *fetch)
{
    wk_fetch_room_give(fetch->fetcher->room, fetch->body.len);
    mr_buf_reset(&fetch->body);
}

static enum mr_code take_body(void *ctx, const void *data, size_t len, struct mr_error *err)
{
    struct fetch *fetch = ctx;
    struct wk_fetch_room *room = fetch->fetcher->room;

    fetch->no_room = !room_take(room, len);
    if (!fetch->no_room && !mr_buf_add(&fetch->body, data, len))
        return MR_OK;
    if (!fetch->no_room)
        wk_fetch_room_give(room, len);
    return mr_fail(err, MR_NO_MEMORY, "no memory");
}

static enum mr_code ask(struct fetch *fetch)
{
    const struct wk_fetch_config *config = fetch->fetcher->config;
    const int64_t left_ms = fetch->deadline_ms - mr_mono_ms();
    const struct mr_http_request request = {
        .method = "GET",
        .url = fetch->url.text,
        .headers = {{"Accept-Encoding", "identity"}}, /* nothing is unpacked here */
        .header_count = 1,
        .on_body = take_body,
        .on_body_ctx = fetch,
        .response_max = fetch->bytes_max,
        .connect_timeout_ms = config->connect_ms,
        .timeout_ms = left_ms,
        .rate_min = config->rate_min,
        .rate_window_ms = config->rate_ms,
        .stop = fetch->stop,
    };
    struct mr_error err;

    body_drop(fetch);
    if (left_ms <= 0)
        return FAIL(fetch, MR_UNAVAILABLE, "Blob.Unavailable",
                    "not there after %" PRId64 " ms (WORKER_FETCH_TIMEOUT_MS)", config->timeout_ms);
    if (mr_http_request(fetch->fetcher->http, &request, &fetch->response, &err))
        return fail_request(fetch, &err);
    return MR_OK;
}

/* The answer is the picture, as far as its head can say. */
static enum mr_code check_answer(const struct fetch *fetch)
{
    char encoding[1024];

    if (fetch->response.status != 200 && fetch->response.status != 203)
        return fail_status(fetch);
    if (!mr_http_header_get(&fetch->response, "content-encoding", encoding, sizeof encoding))
        return MR_OK;
    if (encoding[0] && strcasecmp(encoding, "identity") != 0)
        return FAIL(fetch, MR_UNSUPPORTED, "Image.Unsupported",
                    "came in content-encoding %.40s, which was not asked for", encoding);
    return MR_OK;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static enum mr_code follow(struct fetch *fetch)
{
    char location[MR_HTTP_URL_MAX + 1];
    struct mr_http_url next;
    struct mr_error err;

    if (!mr_http_header_get(&fetch->response, "location", location, sizeof location))
        return FAIL(fetch, MR_DENIED, "Blob.Denied", "answered %d without a Location that fits",
                    fetch->response.status);
    if (mr_http_url_follow(&fetch->url, location, &next, &err))
        return err.code == MR_NO_MEMORY
                   ? FAIL(fetch, err.code, "Image.OutOfMemory", "no memory for its redirect")
                   : FAIL(fetch, MR_DENIED, "Blob.Denied", "its redirect is refused: %s", err.text);
    if (fetch->url.https && !next.https) {
        mr_http_url_release(&next);
        return FAIL(fetch, MR_DENIED, "Blob.Denied", "its redirect leaves https");
    }
    mr_http_url_release(&fetch->url);
    fetch->url = next;
    return MR_OK;
}

static enum mr_code run(struct fetch *fetch)
{
    const int64_t redirects_max = fetch->fetcher->config->redirects_max;
    struct mr_error err;
    enum mr_code rc;

    if (mr_http_url_parse(fetch->source->url, &fetch->url, &err))
        return err.code == MR_INVALID ? FAIL(fetch, MR_INVALID, "Recipe.Invalid", "%s", err.text)
                                      : fail_request(fetch, &err);
    for (int64_t hop = 0;; hop++) {
        if ((rc = check_hop(fetch)) || (rc = ask(fetch)))
            return rc;
        if (!is_redirect(fetch->response.status))
            return check_answer(fetch);
        if (hop == redirects_max)
            return FAIL(fetch, MR_DENIED, "Blob.Denied",
                        "more than %" PRId64 " redirects (WORKER_FETCH_REDIRECTS)", redirects_max);
        rc = follow(fetch);
        if (rc)
            return rc;
    }
}

enum mr_code wk_fetcher_get(struct wk_fetcher *fetcher, const struct mr_recipe_source *source,
                            int64_t bytes_max, const atomic_bool *stop, struct mr_buf *ret,
                            struct wk_fault *fault)
{
    struct fetch fetch = {.fetcher = fetcher,
                          .source = source,
                          .bytes_max = bytes_max,
                          .deadline_ms = mr_mono_ms() + fetcher->config->timeout_ms,
                          .stop = stop,
                          .fault = fault};
    const enum mr_code rc = run(&fetch);

    if (!rc) {
        *ret = fetch.body;
        fetch.body = (struct mr_buf){0};
    }
    body_drop(&fetch);
    mr_buf_release(&fetch.body);
    mr_http_response_release(&fetch.response);
    mr_http_url_release(&fetch.url);
    return rc;
}

/* ---- life ------------------------------------------------------------------------------------ */

static enum mr_code ports_read(struct wk_fetcher *fetcher, struct mr_error *err)
{
    const char *at = fetcher->config->ports ? fetcher->config->ports : "";

    while (*(at += strspn(at, ", "))) {
        char *end;
        const long port = strtol(at, &end, 10);

        if (end == at || (*end && *end != ',' && *end != ' ') || port < 1 || port > 65535 ||
            fetcher->port_count == PORTS_MAX)
            return mr_fail(
                err, MR_INVALID,
                "WORKER_FETCH_PORTS: \"%.60s\": must be at most %d of 1..65535, by comma", at,
                PORTS_MAX);
        fetcher->ports[fetcher->port_count++] = (int)port;
        at = end;
    }
    return MR_OK;
}

static enum mr_code hosts_read(const char *words, const char *setting, struct mr_http_hosts **ret,
                               struct mr_error *err)
{
    const enum mr_code rc = mr_http_hosts_new(words, ret, err);

    return rc ? mr_fail_in(err, rc, setting) : MR_OK;
}

enum mr_code wk_fetcher_new_take(const struct wk_fetch_config *config, struct mr_http *http,
                                 struct wk_fetcher **ret, struct mr_error *err)
{
    struct wk_fetcher *fetcher = calloc(1, sizeof *fetcher);
    enum mr_code rc;

    if (!fetcher) {
        mr_http_free(http);
        return mr_fail(err, MR_NO_MEMORY, "no memory for fetching");
    }
    fetcher->config = config;
    fetcher->http = http;
    rc = ports_read(fetcher, err);
    if (!rc)
        rc = hosts_read(config->hosts, "WORKER_FETCH_HOSTS", &fetcher->hosts, err);
    if (!rc)
        rc = hosts_read(config->private_hosts, "WORKER_FETCH_PRIVATE", &fetcher->reach, err);
    if (rc)
        wk_fetcher_free(fetcher);
    else
        *ret = fetcher;
    return rc;
}

enum mr_code wk_fetcher_new(const struct wk_fetch_config *config, struct wk_fetcher **ret,
                            struct mr_error *err)
{
    struct wk_fetcher *fetcher = NULL;
    enum mr_code rc = wk_fetcher_new_take(config, NULL, &fetcher, err);

    if (rc)
        return rc;
    const struct mr_http_curl_options options = {
        .ca_file = config->ca_file, .public_only = true, .reach = fetcher->reach};
    fetcher->http = mr_http_curl_new_with(&options, err);
    if (!fetcher->http) {
        wk_fetcher_free(fetcher);
        return err->code;
    }
    *ret = fetcher;
    return MR_OK;
}

void wk_fetcher_share(struct wk_fetcher *fetcher, struct wk_fetch_room *room)
{
    fetcher->room = room;
}

struct wk_fetch_room *wk_fetcher_room(const struct wk_fetcher *fetcher)
{
    return fetcher->room;
}

void wk_fetcher_free(struct wk_fetcher *fetcher)
{
    if (!fetcher)
        return;
    mr_http_free(fetcher->http);
    mr_http_hosts_free(fetcher->hosts);
    mr_http_hosts_free(fetcher->reach);
    free(fetcher);
}
