/* render.c -- decode once, the outer operations once, then each output's own.
 *
 * A recipe of one output is one pipeline from file to file, in bands of rows, with nothing kept
 * that need not be.  Where outputs share, what they share is put into memory first. */
#include "worker/decoder/render.h"

#include "worker/decoder/pages.h"

#include <stdio.h>

static bool turns(int orientation)
{
    return orientation >= 5;
}

/* What the most demanding output still allows. */
static double shrink_of(const struct mr_recipe *recipe, const struct dec_header *header)
{
    bool turned = recipe->auto_orient && turns(header->orientation);
    int width = turned ? header->height : header->width;
    int height = turned ? header->width : header->height;
    double least = 0;

    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_ops *lists[] = {&recipe->ops, &recipe->outputs[i].ops};
        double shrink = dec_ops_shrink(lists, 2, width, height);
        if (i == 0 || shrink < least)
            least = shrink;
    }
    return least;
}

/* An output wants more than sRGB can say. */
static bool keeps_profile(const struct mr_recipe *recipe)
{
    for (size_t i = 0; i < recipe->output_count; i++)
        if (recipe->outputs[i].icc != MR_ICC_SRGB)
            return true;
    return false;
}

/* An output can hold more than 8 bits, and says that it is to. */
static bool keeps_depth(const struct mr_recipe *recipe)
{
    for (size_t i = 0; i < recipe->output_count; i++)
        if (recipe->outputs[i].bitdepth > 8)
            return true;
    return false;
}

static enum dec_failure output_render(const struct dec_picture *shared,
                                      const struct mr_recipe *recipe, const struct dec_order *order,
                                      const struct dec_scene *scene, int64_t *encode_ns,
                                      struct dec_written *ret, struct dec_fault *fault)
{
    const struct mr_recipe_output *output = order->output;
    struct dec_picture picture = dec_picture_copy(shared);
    int64_t start;
    enum dec_failure failure;

    /* another output keeps the profile, so that the pixels may still be its */
    if (output->icc == MR_ICC_SRGB && vips_image_get_typeof(picture.image, VIPS_META_ICC_NAME))
        picture.profiled = picture.profiled || keeps_profile(recipe);
    failure = dec_pages_run(&picture, &output->ops, scene, fault);
    if (!failure)
        failure = dec_pages_upright(&picture, fault);
    start = dec_cpu_ns();
    if (!failure)
        failure = dec_encode(&picture, order, ret, fault);
    *encode_ns += dec_cpu_ns() - start;
    dec_picture_release(&picture);
    return failure;
}

static enum dec_failure outputs_render(struct dec_picture *picture, const struct mr_recipe *recipe,
                                       const struct dec_header *header,
                                       const struct dec_scene *scene, const struct dec_sink *sinks,
                                       int64_t *ret_encode_ns, struct dec_reply *reply,
                                       struct dec_fault *fault)
{
    struct dec_meter pulled = {0};
    int64_t encode_ns = 0;
    enum dec_failure failure = dec_pages_run(picture, &recipe->ops, scene, fault);

    if (!failure && recipe->output_count > 1) {
        picture->streamed = true; /* shared: made once, into memory */
        failure = dec_picture_settle(picture, fault);
    }
    for (size_t i = 0; !failure && i < recipe->output_count; i++) {
        char at[32];
        const struct dec_order order = {.output = &recipe->outputs[i],
                                        .at = at,
                                        .source_format = header->format,
                                        .limits = scene->limits,
                                        .sink = &sinks[i],
                                        .pulled = &pulled};
        snprintf(at, sizeof(at), "/outputs/%zu", i);
        failure =
            output_render(picture, recipe, &order, scene, &encode_ns, &reply->outputs[i], fault);
        if (!failure)
            reply->output_count++;
    }
    *ret_encode_ns = encode_ns - pulled.spent_ns;
    return failure;
}

enum dec_failure dec_render(const struct mr_recipe *recipe, const struct dec_source *sources,
                            size_t source_count, const struct dec_limits *limits,
                            const struct dec_sink *sinks, struct dec_reply *reply,
                            struct dec_fault *fault)
{
    struct dec_meter decoded = {0};
    const struct dec_scene scene = {sources, source_count, limits, &decoded};
    struct dec_picture picture = {0};
    struct dec_header header;
    VipsImage *image;
    int64_t start = dec_cpu_ns(), encode_ns = 0;
    enum dec_failure failure = dec_load_open(&sources[0], limits, &header, &image, fault);

    if (!failure) {
        const struct dec_want want = {.shrink = shrink_of(recipe, &header),
                                      .orient = recipe->auto_orient,
                                      .keep_profile = keeps_profile(recipe),
                                      .deep = keeps_depth(recipe)};
        failure =
            dec_load_picture(&sources[0], limits, &header, image, &want, &decoded, &picture, fault);
    }
    if (failure)
        return failure;
    decoded.spent_ns += dec_cpu_ns() - start; /* headers */
    reply->source_format = (int32_t)header.format;
    reply->source_width = header.width;
    reply->source_height = header.height;
    reply->source_pages = header.pages;
    failure = outputs_render(&picture, recipe, &header, &scene, sinks, &encode_ns, reply, fault);
    dec_picture_release(&picture);
    if (failure && decoded.failed && failure != DEC_NO_MEMORY)
        failure = fault->failure = DEC_CORRUPT;
    reply->cpu_us = (dec_cpu_ns() - start) / 1000;
    reply->decode_us = decoded.spent_ns / 1000;
    reply->encode_us = encode_ns / 1000;
    reply->scale_us = reply->cpu_us - reply->decode_us - reply->encode_us;
    return failure;
}
