/* recipe_print.c -- the recipe as the decoder is sent it: every default written out, so that two
 * recipes that mean the same read the same.  mr_recipe_parse() takes it back unchanged, but for the
 * URLs: a decoder has no use for them, and they may hold a secret. */
#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <stdio.h>

void mr_num_print(struct mr_jw *w, const char *name, double n)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%.17g", n);

    mr_jw_raw(w, name, text, (size_t)len);
}

static void print_tags(struct mr_jw *w, const struct mr_recipe_output *output)
{
    if (output->tag_count == 0)
        return;
    mr_jw_open(w, "tags", '{');
    for (size_t i = 0; i < output->tag_count; i++)
        mr_jw_str(w, output->tags[i].key, output->tags[i].value);
    mr_jw_close(w, '}');
}

enum mr_code mr_recipe_print(const struct mr_recipe *recipe, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_source_print(&w, recipe, 0);
    mr_jw_bool(&w, "auto_orient", recipe->auto_orient);
    mr_ops_print(&w, recipe, &recipe->ops);
    mr_jw_open(&w, "outputs", '[');
    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_recipe_output *output = &recipe->outputs[i];
        mr_jw_open(&w, NULL, '{');
        mr_jw_str(&w, "name", output->name);
        mr_ops_print(&w, recipe, &output->ops);
        mr_codec_print(&w, output);
        mr_jw_str(&w, "key", output->key);
        if (output->cache_control)
            mr_jw_str(&w, "cache_control", output->cache_control);
        if (output->content_disposition)
            mr_jw_str(&w, "content_disposition", output->content_disposition);
        print_tags(&w, output);
        mr_jw_close(&w, '}');
    }
    mr_jw_close(&w, ']');
    mr_jw_close(&w, '}');
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}
