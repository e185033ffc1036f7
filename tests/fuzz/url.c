/* url.c -- a stranger's URL and a server's Location: what we take them for is what libcurl, sent
 * the text that we made of them, takes it for again. */
#include "tests/fuzz/fuzz.h"

#include "common/adapters/http_reach.h"
#include "common/adapters/http_url.h"
#include "common/base/url.h"

static void look(const struct mr_http_url *url)
{
    struct mr_http_url again = {0};
    struct mr_error err = {0};

    FUZZ_PROMISE(!mr_url_check(url->text, "url", MR_HTTP_URL_MAX, &err), "%s: %s", url->text,
                 err.text);
    FUZZ_PROMISE(url->host[0] && strspn(url->host, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") ==
                                     strlen(url->host),
                 "host %s", url->host);
    FUZZ_PROMISE(url->port >= 1 && url->port <= 65535, "port %d", url->port);
    FUZZ_PROMISE(!mr_http_url_parse(url->text, &again, &err), "%s: %s", url->text, err.text);
    FUZZ_PROMISE(strcmp(again.text, url->text) == 0, "%s became %s", url->text, again.text);
    FUZZ_PROMISE(strcmp(again.host, url->host) == 0 && again.port == url->port &&
                     again.https == url->https,
                 "%s: %s:%d, then %s:%d", url->text, url->host, url->port, again.host, again.port);
    mr_http_url_release(&again);
}

/* The input is a URL or list, and behind its first newline a Location. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct mr_http_url url = {0}, next = {0};
    struct mr_http_hosts *hosts = NULL;
    struct mr_error err = {0};
    char *text = malloc(len + 1), *location;

    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    location = strchr(text, '\n');
    if (location)
        *location++ = '\0';
    if (mr_http_hosts_new(text, &hosts, &err))
        FUZZ_PROMISE(err.text[0] && !hosts, "a refusal has its reason");
    mr_http_hosts_free(hosts);
    if (mr_http_url_parse(text, &url, &err)) {
        FUZZ_PROMISE(err.text[0] && !url.text, "a refusal has its reason");
        free(text);
        return 0;
    }
    look(&url);
    if (location && !mr_http_url_follow(&url, location, &next, &err))
        look(&next);
    mr_http_url_release(&next);
    mr_http_url_release(&url);
    free(text);
    return 0;
}
