/* http_reach.h -- where a handle for the URLs of strangers may connect: the public internet, and
 * what an operator lists beyond it. */
#ifndef MR_HTTP_REACH_H
#define MR_HTTP_REACH_H

#include "common/base/error.h"

#include <stdbool.h>
#include <sys/socket.h>

struct mr_http_hosts;

/* From words by comma or space: networks ("10.1.0.0/16", "fd00::/8"), addresses ("192.168.1.5"),
 * host names ("images.internal") and all that is below one ("*.example.com").  *ret is the
 * caller's. MR_INVALID shows the word and what is allowed. */
MR_MUST_USE enum mr_code mr_http_hosts_new(const char *words, struct mr_http_hosts **ret,
                                           struct mr_error *err);
void mr_http_hosts_free(struct mr_http_hosts *); /* accepts NULL */
/* A word names this host, as mr_http_url.host has it. */
bool mr_http_hosts_name(const struct mr_http_hosts *, const char *host);
/* A network or address holds this one; an IPv4 address is the same where it is mapped into IPv6. */
bool mr_http_hosts_hold(const struct mr_http_hosts *, const struct sockaddr *address);
bool mr_http_hosts_empty(const struct mr_http_hosts *); /* true for NULL */

#endif
