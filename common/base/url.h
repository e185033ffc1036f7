/* url.h -- the form of an http or https URL, before anyone takes it apart: what could mean one
 * thing to us and another to a library or a server does not pass. */
#ifndef MR_URL_H
#define MR_URL_H

#include "common/base/error.h"

#include <stddef.h>

/* MR_INVALID: it does not begin with http:// or https://, is longer than len_max, holds a byte that
 * must be percent-encoded, has no host, or has a user name, a password or a fragment.  err begins
 * with `at`, a word or JSON pointer, and does not show the URL. */
MR_MUST_USE enum mr_code mr_url_check(const char *url, const char *at, size_t len_max,
                                      struct mr_error *err);
/* The URL for people, cut to fit: without its query and fragment, which may hold a secret. */
void mr_url_show(const char *url, char *ret, size_t size);

#endif
