/* key.h -- the key of an output, made of the recipe's template: "out/{job}/{step}/{name}.{ext}". */
#ifndef WK_KEY_H
#define WK_KEY_H

#include "common/ports/blob.h"

struct wk_key_vars { /* lent for the call */
    const char *job, *tenant, *step, *name, *ext, *sha256;
    uint32_t attempt;
    int width, height;
};
/* MR_INVALID: a variable that is not known, a brace alone, or what a blob key may not be. */
MR_MUST_USE enum mr_code wk_key_expand(const char *pattern, const struct wk_key_vars *,
                                       char ret[MR_BLOB_KEY_MAX + 1], struct mr_error *err);
/* Does this template give every step of every job its own key, so that nothing is overwritten? */
bool wk_key_is_own(const char *pattern);

#endif
