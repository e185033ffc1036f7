/* recipe_print.c -- the recipe as the decoder is sent it: every default written out, so that two
 * recipes that mean the same read the same.  mr_recipe_parse() takes it back unchanged. */
#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <stdio.h>

static void print_source(struct mr_jw *w, const char *key)
{
    mr_jw_open(w, "source", '{');
    mr_jw_str(w, "key", key);
    mr_jw_close(w, '}');
}

/* Fields of the format only: mr_recipe_parse() refuses the others. */
static void print_codec(struct mr_jw *w, const struct mr_recipe_output *output)
{
    enum mr_format format = output->format;
    bool any = format == MR_FORMAT_AUTO;

    mr_jw_str(w, "format", mr_format_name(format));
    if (output->quality)
        mr_jw_int(w, "quality", output->quality);
    if (output->effort >= 0)
        mr_jw_int(w, "effort", output->effort);
    if (any || format == MR_FORMAT_WEBP || format == MR_FORMAT_AVIF)
        mr_jw_bool(w, "lossless", output->lossless);
    if (any || format == MR_FORMAT_JPEG || format == MR_FORMAT_PNG)
        mr_jw_bool(w, "progressive", output->progressive);
    if (any || format == MR_FORMAT_PNG)
        mr_jw_int(w, "compression", output->compression);
    if (any || format == MR_FORMAT_JPEG || format == MR_FORMAT_AVIF)
        mr_jw_str(w, "chroma", mr_chroma_names[output->chroma]);
    mr_jw_str(w, "metadata", mr_metadata_names[output->metadata]);
    mr_jw_str(w, "icc", mr_icc_names[output->icc]);
}

enum mr_code mr_recipe_print(const struct mr_recipe *recipe, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    print_source(&w, recipe->sources[0]);
    mr_jw_bool(&w, "auto_orient", recipe->auto_orient);
    mr_ops_print(&w, recipe, &recipe->ops);
    mr_jw_open(&w, "outputs", '[');
    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_recipe_output *output = &recipe->outputs[i];
        mr_jw_open(&w, NULL, '{');
        mr_jw_str(&w, "name", output->name);
        mr_ops_print(&w, recipe, &output->ops);
        print_codec(&w, output);
        mr_jw_str(&w, "key", output->key);
        if (output->cache_control)
            mr_jw_str(&w, "cache_control", output->cache_control);
        if (output->content_disposition)
            mr_jw_str(&w, "content_disposition", output->content_disposition);
        mr_jw_close(&w, '}');
    }
    mr_jw_close(&w, ']');
    mr_jw_close(&w, '}');
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}
