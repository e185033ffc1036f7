/* http_url.c -- see http_url.h. */
#include "common/adapters/http_url.h"

#include "common/base/url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

/* The host, if its bytes are those of a name or an address and nothing else. */
static bool host_take(const char *text, char ret[MR_HTTP_HOST_MAX + 1])
{
    size_t len = strlen(text);
    const bool literal = text[0] == '[';

    if (literal) {
        if (len < 3 || text[len - 1] != ']')
            return false;
        text++;
        len -= 2;
    } else if (len > 1 && text[len - 1] == '.') {
        len--;
    }
    if (len == 0 || len > MR_HTTP_HOST_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (literal ? !isxdigit(c) && c != ':' && c != '.' : !isalnum(c) && !strchr("-_.", c))
            return false;
        ret[i] = (char)tolower(c);
    }
    ret[len] = '\0';
    return true;
}

/* What is in the handle, checked and put together again. */
static enum mr_code take(CURLU *handle, struct mr_http_url *ret, struct mr_error *err)
{
    char *scheme = NULL, *host = NULL, *port = NULL, *zone = NULL, *text = NULL;
    CURLUcode code = curl_url_set(handle, CURLUPART_FRAGMENT, NULL, 0);
    struct mr_http_url url = {0};
    enum mr_code rc = MR_OK;

    if (!code)
        code = curl_url_get(handle, CURLUPART_SCHEME, &scheme, 0);
    if (!code)
        code = curl_url_get(handle, CURLUPART_HOST, &host, 0);
    if (!code)
        code = curl_url_get(handle, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    if (!code)
        code = curl_url_get(handle, CURLUPART_URL, &text, 0);
    if (code) {
        rc = mr_fail(err, code == CURLUE_OUT_OF_MEMORY ? MR_NO_MEMORY : MR_INVALID, "url: %s",
                     curl_url_strerror(code));
        goto done;
    }
    url.https = strcmp(scheme, "https") == 0;
    url.port = atoi(port);
    if (curl_url_get(handle, CURLUPART_ZONEID, &zone, 0) == CURLUE_OK || !host_take(host, url.host))
        rc = mr_fail(err, MR_INVALID, "url: its host is neither a name nor an address");
    else if (url.port < 1)
        rc = mr_fail(err, MR_INVALID, "url: has no port");
    else
        rc = mr_url_check(text, "url", MR_HTTP_URL_MAX, err);
    if (!rc && !(url.text = strdup(text)))
        rc = mr_fail(err, MR_NO_MEMORY, "no memory for a URL");
    if (!rc)
        *ret = url;
done:
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(zone);
    curl_free(text);
    return rc;
}

static enum mr_code read_once(const char *base, const char *text, struct mr_http_url *ret,
                              struct mr_error *err)
{
    CURLU *handle = curl_url();
    CURLUcode code = CURLUE_OUT_OF_MEMORY;
    enum mr_code rc;

    if (handle)
        code = curl_url_set(handle, CURLUPART_URL, base ? base : text,
                            CURLU_DISALLOW_USER | CURLU_PATH_AS_IS);
    if (!code && base)
        code = curl_url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    if (code)
        rc = mr_fail(err, code == CURLUE_OUT_OF_MEMORY ? MR_NO_MEMORY : MR_INVALID, "url: %s",
                     curl_url_strerror(code));
    else
        rc = take(handle, ret, err);
    curl_url_cleanup(handle);
    return rc;
}

/* libcurl takes "2%33" for the name 23, and the name 23 for the address 0.0.0.23: what it would take
 * for something else the next time is refused. */
static enum mr_code parse(const char *base, const char *text, struct mr_http_url *ret,
                          struct mr_error *err)
{
    struct mr_http_url first, again = {0};
    enum mr_code rc = read_once(base, text, &first, err);

    if (rc)
        return rc;
    rc = read_once(NULL, first.text, &again, err);
    if (!rc && strcmp(again.text, first.text) != 0)
        rc = mr_fail(err, MR_INVALID, "url: its host is not written as it is meant");
    mr_http_url_release(&again);
    if (rc)
        mr_http_url_release(&first);
    else
        *ret = first;
    return rc;
}

enum mr_code mr_http_url_parse(const char *text, struct mr_http_url *ret, struct mr_error *err)
{
    const enum mr_code rc = mr_url_check(text, "url", MR_HTTP_URL_MAX, err);

    return rc ? rc : parse(NULL, text, ret, err);
}

/* "http:" at the start of text, or another scheme. */
static bool has_scheme(const char *text)
{
    const size_t len = strcspn(text, ":/?#");

    return text[len] == ':';
}

enum mr_code mr_http_url_follow(const struct mr_http_url *base, const char *location,
                                struct mr_http_url *ret, struct mr_error *err)
{
    char text[MR_HTTP_URL_MAX + 1];
    const size_t len = strcspn(location, "#");

    if (len > MR_HTTP_URL_MAX)
        return mr_fail(err, MR_INVALID, "url: longer than %d bytes", MR_HTTP_URL_MAX);
    memcpy(text, location, len);
    text[len] = '\0';
    if (has_scheme(
            text)) { /* a library may take "http:/host" and "http:host" for more than they are */
        const enum mr_code rc = mr_url_check(text, "url", MR_HTTP_URL_MAX, err);
        if (rc)
            return rc;
    } else if (strncmp(text, "///", 3) == 0 || strchr(text, '\\')) {
        return mr_fail(err, MR_INVALID, "url: has no host");
    }
    return parse(base->text, text, ret, err);
}

void mr_http_url_release(struct mr_http_url *url)
{
    if (!url)
        return;
    free(url->text);
    *url = (struct mr_http_url){0};
}
