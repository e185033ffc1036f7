/* render.c -- decode once, the outer operations once, then each output's own.
 *
 * A recipe of one output is one pipeline from file to file, in bands of rows, with nothing kept
 * that need not be.  Where outputs share, what they share is put into memory first. */
#include "worker/decoder/render.h"

#include "worker/decoder/fan.h"
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

struct rendering { /* what finish() needs of its task */
    const struct mr_recipe *recipe;
    const struct dec_scene *scene;
    const struct dec_sink *sinks;
    enum mr_format source_format;
    struct dec_meter pulled;
    int64_t encode_ns;
    struct dec_reply *reply;
};

static enum dec_failure finish(struct dec_picture *picture, size_t i, void *user,
                               struct dec_fault *fault)
{
    struct rendering *rendering = user;
    char at[32];
    const struct dec_order order = {.output = &rendering->recipe->outputs[i],
                                    .at = at,
                                    .source_format = rendering->source_format,
                                    .limits = rendering->scene->limits,
                                    .sink = &rendering->sinks[i],
                                    .pulled = &rendering->pulled};
    enum dec_failure failure = dec_pages_upright(picture, fault);
    int64_t start = dec_cpu_ns();

    snprintf(at, sizeof(at), "/outputs/%zu", i);
    if (!failure)
        failure = dec_encode(picture, &order, &rendering->reply->outputs[i], fault);
    rendering->encode_ns += dec_cpu_ns() - start;
    rendering->reply->output_count += !failure;
    return failure;
}

static enum dec_failure outputs_render(struct dec_picture *picture, const struct mr_recipe *recipe,
                                       const struct dec_header *header,
                                       const struct dec_scene *scene, const struct dec_sink *sinks,
                                       int64_t *ret_encode_ns, struct dec_reply *reply,
                                       struct dec_fault *fault)
{
    struct rendering rendering = {.recipe = recipe,
                                  .scene = scene,
                                  .sinks = sinks,
                                  .source_format = header->format,
                                  .reply = reply};
    const struct dec_fan fan = {recipe, scene, keeps_profile(recipe), finish, &rendering};
    enum dec_failure failure = dec_pages_run(picture, &recipe->ops, scene, fault);

    if (!failure)
        failure = dec_fan_run(picture, &fan, fault);
    *ret_encode_ns = rendering.encode_ns - rendering.pulled.spent_ns;
    return failure;
}

enum dec_failure dec_render(const struct mr_recipe *recipe, const struct dec_source *sources,
                            size_t source_count, const struct dec_limits *limits,
                            const struct dec_sink *sinks, struct dec_reply *reply,
                            struct dec_fault *fault)
{
    struct dec_meter decoded = {0};
    const struct dec_scene scene = {sources, source_count, limits, &decoded, NULL};
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
