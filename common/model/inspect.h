/* inspect.h -- the input of image.inspect: which picture, and what is to be said of it beyond its
 * header.  {"source": {"key": ...}, "blurhash": true, ...} */
#ifndef MR_INSPECT_H
#define MR_INSPECT_H

#include "common/base/error.h"
#include "common/model/recipe.h"

#include <cjson/cJSON.h>

/* What costs a decode, and so is done only when asked for: bits of mr_inspect.wanted, in the order
 * of mr_inspect_words. */
enum mr_inspect_want {
    MR_INSPECT_STATS = 1 << 0,
    MR_INSPECT_ENTROPY = 1 << 1,
    MR_INSPECT_SHARPNESS = 1 << 2,
    MR_INSPECT_DOMINANT = 1 << 3,
    MR_INSPECT_PALETTE = 1 << 4,
    MR_INSPECT_BLURHASH = 1 << 5,
    MR_INSPECT_THUMBHASH = 1 << 6,
    MR_INSPECT_PHASH = 1 << 7,
    MR_INSPECT_ALL = (1 << 8) - 1,
};
extern const char *const mr_inspect_words[]; /* NULL-terminated */

struct mr_inspect {
    struct mr_recipe_source source; /* lent by the input */
    unsigned wanted;
};

/* MR_INVALID names the JSON pointer and what is allowed. */
MR_MUST_USE enum mr_code mr_inspect_parse(const cJSON *input, struct mr_inspect *ret,
                                          struct mr_error *err);

#endif
