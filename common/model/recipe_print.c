/* recipe_print.c -- the recipe as the decoder is sent it: every default written out, so that two
 * recipes that mean the same read the same.  mr_recipe_parse() takes it back unchanged. */
#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <stdio.h>

static void print_num(struct mr_jw *w, const char *name, double n)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%.17g", n);

    mr_jw_raw(w, name, text, (size_t)len);
}

static void print_color(struct mr_jw *w, const char *name, struct mr_color color)
{
    char text[16];

    snprintf(text, sizeof(text), "#%02x%02x%02x%02x", color.r, color.g, color.b, color.a);
    mr_jw_str(w, name, text);
}

static void print_gravity(struct mr_jw *w, const struct mr_gravity *gravity)
{
    if (gravity->kind != MR_GRAVITY_FOCAL) {
        mr_jw_str(w, "gravity", mr_gravity_names[gravity->kind]);
        return;
    }
    mr_jw_open(w, "gravity", '{');
    print_num(w, "x", gravity->x);
    print_num(w, "y", gravity->y);
    mr_jw_close(w, '}');
}

static void print_source(struct mr_jw *w, const char *key)
{
    mr_jw_open(w, "source", '{');
    mr_jw_str(w, "key", key);
    mr_jw_close(w, '}');
}

static void print_position(struct mr_jw *w, bool placed, int left, int top,
                           const struct mr_gravity *gravity)
{
    if (placed) {
        mr_jw_int(w, "left", left);
        mr_jw_int(w, "top", top);
    } else {
        print_gravity(w, gravity);
    }
}

static void print_resize(struct mr_jw *w, const struct mr_op_resize *resize)
{
    if (resize->width)
        mr_jw_int(w, "width", resize->width);
    if (resize->height)
        mr_jw_int(w, "height", resize->height);
    mr_jw_str(w, "fit", mr_fit_names[resize->fit]);
    print_gravity(w, &resize->gravity);
    mr_jw_str(w, "kernel", mr_kernel_names[resize->kernel]);
    print_color(w, "background", resize->background);
    mr_jw_bool(w, "without_enlargement", resize->without_enlargement);
    mr_jw_bool(w, "without_reduction", resize->without_reduction);
}

static void print_sharpen(struct mr_jw *w, const struct mr_op_sharpen *sharpen)
{
    if (sharpen->sigma == 0)
        return;
    print_num(w, "sigma", sharpen->sigma);
    print_num(w, "m1", sharpen->m1);
    print_num(w, "m2", sharpen->m2);
    print_num(w, "x1", sharpen->x1);
    print_num(w, "y2", sharpen->y2);
    print_num(w, "y3", sharpen->y3);
}

static void print_ops(struct mr_jw *w, const struct mr_recipe *recipe, const struct mr_ops *ops);

static void print_composite(struct mr_jw *w, const struct mr_recipe *recipe,
                            const struct mr_op_composite *composite)
{
    mr_jw_open(w, "layers", '[');
    for (size_t i = 0; i < composite->count; i++) {
        const struct mr_layer *layer = &composite->layers[i];
        mr_jw_open(w, NULL, '{');
        print_source(w, recipe->sources[layer->source]);
        print_position(w, layer->placed, layer->left, layer->top, &layer->gravity);
        mr_jw_str(w, "blend", mr_blend_names[layer->blend]);
        print_num(w, "opacity", layer->opacity);
        mr_jw_bool(w, "tile", layer->tile);
        print_ops(w, recipe, &layer->ops);
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
}

static void print_op(struct mr_jw *w, const struct mr_recipe *recipe, const struct mr_op *op)
{
    mr_jw_str(w, "op", mr_op_names[op->type]);
    switch (op->type) {
    case MR_OP_RESIZE:
        print_resize(w, &op->resize);
        break;
    case MR_OP_CROP:
        mr_jw_int(w, "width", op->crop.width);
        mr_jw_int(w, "height", op->crop.height);
        print_position(w, op->crop.placed, op->crop.left, op->crop.top, &op->crop.gravity);
        break;
    case MR_OP_ROTATE:
        print_num(w, "angle", op->rotate.angle);
        print_color(w, "background", op->rotate.background);
        break;
    case MR_OP_BLUR:
        if (op->blur.sigma > 0)
            print_num(w, "sigma", op->blur.sigma);
        break;
    case MR_OP_SHARPEN:
        print_sharpen(w, &op->sharpen);
        break;
    case MR_OP_FLATTEN:
        print_color(w, "background", op->flatten.background);
        break;
    case MR_OP_COMPOSITE:
        print_composite(w, recipe, &op->composite);
        break;
    case MR_OP_FLIP:
    case MR_OP_FLOP:
    case MR_OP_GRAYSCALE:
        break;
    }
}

static void print_ops(struct mr_jw *w, const struct mr_recipe *recipe, const struct mr_ops *ops)
{
    mr_jw_open(w, "ops", '[');
    for (size_t i = 0; i < ops->count; i++) {
        mr_jw_open(w, NULL, '{');
        print_op(w, recipe, &ops->list[i]);
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
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
    print_ops(&w, recipe, &recipe->ops);
    mr_jw_open(&w, "outputs", '[');
    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_recipe_output *output = &recipe->outputs[i];
        mr_jw_open(&w, NULL, '{');
        mr_jw_str(&w, "name", output->name);
        print_ops(&w, recipe, &output->ops);
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
