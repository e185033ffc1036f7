/* imaging_reply.c -- every number of a reply is checked before it is used as one. */
#include "worker/imaging_reply.h"

#include "common/model/format.h"

#include <stdio.h>

static bool written_sound(const struct dec_written *written, int64_t output_bytes_max)
{
    enum mr_format format = (enum mr_format)written->format;
    int side_max = mr_format_side_max(format);

    return mr_format_written(format) && written->len > 0 &&
           written->len <= (uint64_t)output_bytes_max && written->width >= 1 &&
           written->width <= side_max && written->height >= 1 && written->height <= side_max &&
           written->pages >= 1 && written->pages <= INT16_MAX && written->quality >= 0 &&
           written->quality <= 100;
}

static int64_t not_negative(int64_t n)
{
    return n < 0 ? 0 : n;
}

/* Every number of the reply is checked before it is used as one. */
bool wk_reply_rendered(const struct dec_reply *reply, const struct mr_recipe *recipe,
                       const struct wk_pool *pool, int64_t output_bytes_max,
                       struct wk_rendered *ret)
{
    *ret = (struct wk_rendered){.output_count = mr_recipe_outputs(recipe)};
    if (reply->output_count != ret->output_count || reply->source_width < 1 ||
        reply->source_height < 1 || reply->source_pages < 1)
        return false;
    for (size_t i = 0; i < ret->output_count; i++) {
        const struct dec_written *written = &reply->outputs[i];
        enum mr_format format = (enum mr_format)written->format;
        if (!written_sound(written, output_bytes_max))
            return false;
        ret->outputs[i] = (struct wk_output){
            .name = mr_recipe_output_name(recipe, i),
            .format = mr_format_name(format),
            .extension = mr_format_extension(format),
            .content_type = mr_format_content_type(format),
            .data = pool->slots[DEC_SLOT_OUTPUTS + i].map,
            .len = (size_t)written->len,
            .width = written->width,
            .height = written->height,
            .pages = written->pages,
            .quality = written->quality,
        };
    }
    snprintf(ret->source_format, sizeof(ret->source_format), "%s",
             mr_format_name((enum mr_format)reply->source_format));
    ret->source_width = reply->source_width;
    ret->source_height = reply->source_height;
    ret->source_pages = reply->source_pages;
    ret->cpu_us = not_negative(reply->cpu_us);
    ret->decode_us = not_negative(reply->decode_us);
    ret->scale_us = not_negative(reply->scale_us);
    ret->encode_us = not_negative(reply->encode_us);
    ret->peak_bytes = not_negative(reply->peak_bytes);
    return true;
}
