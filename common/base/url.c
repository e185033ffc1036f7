/* url.c -- see url.h. */
#include "common/base/url.h"

#include <string.h>

enum mr_code mr_url_check(const char *url, const char *at, size_t len_max, struct mr_error *err)
{
    const char *host = NULL;

    if (url && strncmp(url, "http://", 7) == 0)
        host = url + 7;
    else if (url && strncmp(url, "https://", 8) == 0)
        host = url + 8;
    if (!host)
        return mr_fail(err, MR_INVALID, "%s: must begin with http:// or https://", at);
    const size_t len = strnlen(url, len_max + 1);
    if (len > len_max)
        return mr_fail(err, MR_INVALID, "%s: longer than %zu bytes", at, len_max);
    for (size_t i = 0; i < len; i++)
        if (url[i] <= 0x20 || url[i] >= 0x7f || strchr("\"<>\\^`{|}", url[i]))
            return mr_fail(err, MR_INVALID, "%s: byte 0x%02x at %zu must be percent-encoded", at,
                           (unsigned char)url[i], i);
    const size_t host_len = strcspn(host, "/?#");
    if (host_len == 0)
        return mr_fail(err, MR_INVALID, "%s: has no host", at);
    if (memchr(host, '@', host_len))
        return mr_fail(err, MR_INVALID, "%s: must not hold a user name or password", at);
    if (strchr(url, '#'))
        return mr_fail(err, MR_INVALID, "%s: must not have a fragment (#)", at);
    return MR_OK;
}

void mr_url_show(const char *url, char *ret, size_t size)
{
    size_t len = strcspn(url, "?#");

    if (len >= size)
        len = size - 1;
    memcpy(ret, url, len);
    ret[len] = '\0';
}
