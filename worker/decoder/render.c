/* render.c -- decode once, the outer operations once, then each output's own.
 *
 * A recipe of one output is one pipeline from file to file, in bands of rows, with nothing kept
 * that need not be.  Where outputs share, what they share is put into memory first: the picture
 * that different operations begin with, and what operations that are the same have made. */
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

/* What the outputs of a recipe have in common with each other, while they are made. */
struct batch {
    const struct mr_recipe *recipe;
    const struct dec_header *header;
    const struct dec_scene *scene;
    const struct dec_sink *sinks;
    struct dec_reply *reply;
    size_t first[MR_RECIPE_OUTPUTS_MAX]; /* of those whose operations are the same, or itself */
    size_t groups;
    struct dec_meter pulled;
    int64_t encode_ns;
};

static void batch_group(struct batch *batch)
{
    const struct mr_recipe *recipe = batch->recipe;

    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_recipe_output *output = &recipe->outputs[i];
        size_t j = 0;
        while (j < i && !(recipe->outputs[j].icc == output->icc &&
                          mr_ops_equal(recipe, &recipe->outputs[j].ops, &output->ops)))
            j++;
        batch->first[i] = batch->first[j];
        if (j == i) {
            batch->first[i] = i;
            batch->groups++;
        }
    }
}

static bool is_shared(const struct batch *batch, size_t first)
{
    for (size_t i = first + 1; i < batch->recipe->output_count; i++)
        if (batch->first[i] == first)
            return true;
    return false;
}

/* *ret: what the operations of output i make of the picture; in memory, where others want it too.
 */
static enum dec_failure operations_run(struct batch *batch, const struct dec_picture *picture,
                                       size_t i, struct dec_picture *ret, struct dec_fault *fault)
{
    const struct mr_recipe_output *output = &batch->recipe->outputs[i];
    enum dec_failure failure;

    *ret = dec_picture_copy(picture);
    /* another output keeps the profile, so that the pixels may still be its */
    if (output->icc == MR_ICC_SRGB && vips_image_get_typeof(ret->image, VIPS_META_ICC_NAME))
        ret->profiled = ret->profiled || keeps_profile(batch->recipe);
    failure = dec_pages_run(ret, &output->ops, batch->scene, fault);
    if (!failure)
        failure = dec_pages_upright(ret, fault);
    if (!failure && is_shared(batch, i)) {
        ret->streamed = true; /* not yet made: made once, into memory */
        failure = dec_picture_settle(ret, fault);
    }
    return failure;
}

static enum dec_failure output_encode(struct batch *batch, const struct dec_picture *made, size_t i,
                                      struct dec_fault *fault)
{
    struct dec_picture picture = dec_picture_copy(made);
    char at[32];
    const struct dec_order order = {.output = &batch->recipe->outputs[i],
                                    .at = at,
                                    .source_format = batch->header->format,
                                    .limits = batch->scene->limits,
                                    .sink = &batch->sinks[i],
                                    .pulled = &batch->pulled};
    int64_t start = dec_cpu_ns();
    enum dec_failure failure;

    snprintf(at, sizeof(at), "/outputs/%zu", i);
    failure = dec_encode(&picture, &order, &batch->reply->outputs[i], fault);
    if (!failure)
        batch->reply->output_count++;
    batch->encode_ns += dec_cpu_ns() - start;
    dec_picture_release(&picture);
    return failure;
}

/* Output `first`, and all whose operations are the same. */
static enum dec_failure group_render(struct batch *batch, const struct dec_picture *picture,
                                     size_t first, struct dec_fault *fault)
{
    struct dec_picture made;
    enum dec_failure failure = operations_run(batch, picture, first, &made, fault);

    for (size_t i = first; !failure && i < batch->recipe->output_count; i++)
        if (batch->first[i] == first)
            failure = output_encode(batch, &made, i, fault);
    dec_picture_release(&made);
    return failure;
}

static enum dec_failure outputs_render(struct batch *batch, struct dec_picture *picture,
                                       struct dec_fault *fault)
{
    enum dec_failure failure = dec_pages_run(picture, &batch->recipe->ops, batch->scene, fault);

    batch_group(batch);
    if (!failure && batch->groups > 1) {
        picture->streamed = true; /* shared: made once, into memory */
        failure = dec_picture_settle(picture, fault);
    }
    for (size_t i = 0; !failure && i < batch->recipe->output_count; i++)
        if (batch->first[i] == i)
            failure = group_render(batch, picture, i, fault);
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
    struct batch batch = {
        .recipe = recipe, .header = &header, .scene = &scene, .sinks = sinks, .reply = reply};
    int64_t start = dec_cpu_ns();
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
    failure = outputs_render(&batch, &picture, fault);
    dec_picture_release(&picture);
    if (failure && decoded.failed && failure != DEC_NO_MEMORY)
        failure = fault->failure = DEC_CORRUPT;
    reply->cpu_us = (dec_cpu_ns() - start) / 1000;
    reply->decode_us = decoded.spent_ns / 1000;
    reply->encode_us = (batch.encode_ns - batch.pulled.spent_ns) / 1000;
    reply->scale_us = reply->cpu_us - reply->decode_us - reply->encode_us;
    return failure;
}
