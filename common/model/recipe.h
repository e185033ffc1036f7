/* recipe.h -- what to do to an image: parsed, checked, with every default filled in.
 * The vocabulary is docs/recipe.md's; an unknown field or op, a value out of range, or an operation
 * of the vocabulary that is not built yet is MR_INVALID with the JSON pointer. */
#ifndef MR_RECIPE_H
#define MR_RECIPE_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MR_RECIPE_OUTPUTS_MAX = 32,
    MR_RECIPE_OPS_MAX = 64,     /* of one list */
    MR_RECIPE_SOURCES_MAX = 16, /* the picture and the layers of composite */
};

struct mr_recipe; /* opaque to the supervisor; the decoder reads it by common/model/recipe_ops.h */

/* From the task's input (an object). *ret is the caller's. */
MR_MUST_USE enum mr_code mr_recipe_parse(const cJSON *item, struct mr_recipe **ret,
                                         struct mr_error *err);
void mr_recipe_free(struct mr_recipe *);
/* Where a source lies: one of key and url is set, the other is NULL. */
struct mr_recipe_source {
    const char *key; /* of blob storage */
    const char *url; /* http or https, of the form that mr_url_check() takes */
    const char *at;  /* JSON pointer, for errors: "/source", "/ops/0/layers/1/source" */
};
/* [0] is the picture's, then each distinct layer's in order; lent.  A key or URL is there once for
 * every way of reading it (page, pages, dpi). */
size_t mr_recipe_sources(const struct mr_recipe *,
                         struct mr_recipe_source ret[MR_RECIPE_SOURCES_MAX]);
/* key or url of the object at `at`, exactly one of them; *ret lends from both. */
MR_MUST_USE enum mr_code mr_recipe_source_parse(const cJSON *item, const char *at,
                                                struct mr_recipe_source *ret, struct mr_error *err);
size_t mr_recipe_outputs(const struct mr_recipe *);
const char *mr_recipe_output_name(const struct mr_recipe *, size_t i);
/* Template of the output's key ("out/{job}/{step}/{name}.{ext}" where none is given); lent. */
const char *mr_recipe_output_key(const struct mr_recipe *, size_t i);
const char *mr_recipe_output_cache_control(const struct mr_recipe *, size_t i);       /* or NULL */
const char *mr_recipe_output_content_disposition(const struct mr_recipe *, size_t i); /* or NULL */
/* Tags that are stored with the object, as mr_blob_put.tags has them; or NULL. */
const char *mr_recipe_output_tags(const struct mr_recipe *, size_t i);
/* The recipe as the decoder is sent it: normalised, every default written out, without URLs. */
enum mr_code mr_recipe_print(const struct mr_recipe *, struct mr_buf *buf);

#endif
