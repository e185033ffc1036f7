/* auth.h -- who asks: Authorization: Bearer mrk_...; only the SHA-256 of a key is known here. */
#ifndef GW_AUTH_H
#define GW_AUTH_H

#include "gateway/app.h"

enum { GW_KEY_TEXT_MAX = 128 };
extern const char gw_key_prefix[]; /* "mrk_" */

/* Fills ex->who.  MR_UNAUTHENTICATED, MR_DENIED (scope missing), MR_UNAVAILABLE (keys not yet
 * read). */
MR_MUST_USE enum mr_code gw_auth_check(const struct gw_app *, struct gw_exchange *,
                                       enum gw_scope scope, struct mr_error *err);
/* A record "key/..." of millrace.config. */
MR_MUST_USE enum mr_code gw_auth_parse(const char *text, size_t len, struct gw_who *ret);
bool gw_scope_of(const char *word, unsigned *ret);
void gw_scopes_print(unsigned scopes, const char *name, struct mr_buf *buf); /* ["submit",...] */

#endif
