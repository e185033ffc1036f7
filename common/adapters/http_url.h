/* http_url.h -- a stranger's URL taken apart by the one that will send it, so that what is checked
 * is what is connected to. */
#ifndef MR_HTTP_URL_H
#define MR_HTTP_URL_H

#include "common/base/error.h"

#include <stdbool.h>

enum { MR_HTTP_HOST_MAX = 253, MR_HTTP_URL_MAX = 8192 };

struct mr_http_url {
    char *text; /* owned: put together again from its parts, no fragment */
    bool https;
    int port;
    /* Lower-case, without a dot at its end; an IPv4 address as four decimal numbers, however it was
     * written (0177.1, 2130706433); an IPv6 address without brackets. */
    char host[MR_HTTP_HOST_MAX + 1];
};

/* text is absolute and of the form that mr_url_check() takes.  MR_INVALID: it has no host that can
 * be asked, or no port.  *ret is the caller's to release on MR_OK. */
MR_MUST_USE enum mr_code mr_http_url_parse(const char *text, struct mr_http_url *ret,
                                           struct mr_error *err);
/* What a Location header of an answer to `base` means.  Its fragment is dropped; all else is as
 * strict. */
MR_MUST_USE enum mr_code mr_http_url_follow(const struct mr_http_url *base, const char *location,
                                            struct mr_http_url *ret, struct mr_error *err);
void mr_http_url_release(struct mr_http_url *);

#endif
