/* recipe_op_print.c -- operations as the decoder is sent them: every default written out. */
#include "common/model/recipe_op_parse.h"

#include <stdio.h>
#include <string.h>

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
    mr_num_print(w, "x", gravity->x);
    mr_num_print(w, "y", gravity->y);
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
    mr_num_print(w, "sigma", sharpen->sigma);
    mr_num_print(w, "m1", sharpen->m1);
    mr_num_print(w, "m2", sharpen->m2);
    mr_num_print(w, "x1", sharpen->x1);
    mr_num_print(w, "y2", sharpen->y2);
    mr_num_print(w, "y3", sharpen->y3);
}

static void print_composite(struct mr_jw *w, const struct mr_recipe *recipe,
                            const struct mr_op_composite *composite)
{
    mr_jw_open(w, "layers", '[');
    for (size_t i = 0; i < composite->count; i++) {
        const struct mr_layer *layer = &composite->layers[i];
        mr_jw_open(w, NULL, '{');
        mr_source_print(w, recipe, layer->source);
        print_position(w, layer->placed, layer->left, layer->top, &layer->gravity);
        mr_jw_str(w, "blend", mr_blend_names[layer->blend]);
        mr_num_print(w, "opacity", layer->opacity);
        mr_jw_bool(w, "tile", layer->tile);
        mr_ops_print(w, recipe, &layer->ops);
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
}

static void print_extend(struct mr_jw *w, const struct mr_op_extend *extend)
{
    mr_jw_int(w, "top", extend->top);
    mr_jw_int(w, "bottom", extend->bottom);
    mr_jw_int(w, "left", extend->left);
    mr_jw_int(w, "right", extend->right);
    print_color(w, "background", extend->background);
    mr_jw_str(w, "mode", mr_extend_names[extend->mode]);
}

static void print_numbers(struct mr_jw *w, const char *name, const double *numbers, size_t count)
{
    mr_jw_open(w, name, '[');
    for (size_t i = 0; i < count; i++)
        mr_num_print(w, NULL, numbers[i]);
    mr_jw_close(w, ']');
}

static void print_matrix(struct mr_jw *w, const double *numbers, size_t side)
{
    mr_jw_open(w, "matrix", '[');
    for (size_t i = 0; i < side; i++)
        print_numbers(w, NULL, numbers + i * side, side);
    mr_jw_close(w, ']');
}

static void print_affine(struct mr_jw *w, const struct mr_op_affine *affine)
{
    print_matrix(w, affine->matrix, 2);
    print_color(w, "background", affine->background);
    mr_num_print(w, "idx", affine->idx);
    mr_num_print(w, "idy", affine->idy);
    mr_num_print(w, "odx", affine->odx);
    mr_num_print(w, "ody", affine->ody);
}

static void print_convolve(struct mr_jw *w, const struct mr_op_convolve *convolve)
{
    mr_jw_int(w, "width", convolve->width);
    mr_jw_int(w, "height", convolve->height);
    print_numbers(w, "kernel", convolve->kernel,
                  (size_t)convolve->width * (size_t)convolve->height);
    mr_num_print(w, "scale", convolve->scale);
    mr_num_print(w, "offset", convolve->offset);
}

static void print_text(struct mr_jw *w, const struct mr_op_text *text)
{
    mr_jw_str(w, "text", text->text);
    mr_jw_str(w, "font", text->font);
    mr_jw_int(w, "size", text->size);
    print_color(w, "color", text->color);
    print_position(w, text->placed, text->left, text->top, &text->gravity);
    if (text->width)
        mr_jw_int(w, "width", text->width);
    mr_jw_str(w, "align", mr_align_names[text->align]);
    print_color(w, "background", text->background);
    mr_jw_int(w, "padding", text->padding);
    mr_num_print(w, "opacity", text->opacity);
}

static void print_redact(struct mr_jw *w, const struct mr_op_redact *redact)
{
    mr_jw_open(w, "regions", '[');
    for (size_t i = 0; i < redact->count; i++) {
        mr_jw_open(w, NULL, '{');
        mr_jw_int(w, "left", redact->regions[i].left);
        mr_jw_int(w, "top", redact->regions[i].top);
        mr_jw_int(w, "width", redact->regions[i].width);
        mr_jw_int(w, "height", redact->regions[i].height);
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
    mr_jw_str(w, "mode", mr_redact_names[redact->mode]);
}

/* Of the operations that have a place or a size of their own; false: it is none of them. */
static bool print_geometry(struct mr_jw *w, const struct mr_recipe *recipe, const struct mr_op *op)
{
    if (op->type == MR_OP_RESIZE) {
        print_resize(w, &op->resize);
    } else if (op->type == MR_OP_CROP) {
        mr_jw_int(w, "width", op->crop.width);
        mr_jw_int(w, "height", op->crop.height);
        print_position(w, op->crop.placed, op->crop.left, op->crop.top, &op->crop.gravity);
    } else if (op->type == MR_OP_TRIM) {
        mr_num_print(w, "threshold", op->trim.threshold);
        if (op->trim.colored)
            print_color(w, "background", op->trim.background);
    } else if (op->type == MR_OP_EXTEND) {
        print_extend(w, &op->extend);
    } else if (op->type == MR_OP_ROTATE) {
        mr_num_print(w, "angle", op->rotate.angle);
        print_color(w, "background", op->rotate.background);
    } else if (op->type == MR_OP_AFFINE) {
        print_affine(w, &op->affine);
    } else if (op->type == MR_OP_COMPOSITE) {
        print_composite(w, recipe, &op->composite);
    } else if (op->type == MR_OP_TEXT) {
        print_text(w, &op->text);
    } else if (op->type == MR_OP_REDACT) {
        print_redact(w, &op->redact);
    } else {
        return false;
    }
    return true;
}

static bool print_filter(struct mr_jw *w, const struct mr_op *op)
{
    if (op->type == MR_OP_BLUR) {
        if (op->blur.sigma > 0)
            mr_num_print(w, "sigma", op->blur.sigma);
    } else if (op->type == MR_OP_SHARPEN) {
        print_sharpen(w, &op->sharpen);
    } else if (op->type == MR_OP_MEDIAN) {
        mr_jw_int(w, "size", op->median.size);
    } else if (op->type == MR_OP_CONVOLVE) {
        print_convolve(w, &op->convolve);
    } else if (op->type == MR_OP_PIXELATE) {
        mr_jw_int(w, "size", op->pixelate.size);
    } else if (op->type == MR_OP_DILATE || op->type == MR_OP_ERODE) {
        mr_jw_int(w, "width", op->morph.width);
    } else if (op->type == MR_OP_CLAHE) {
        mr_jw_int(w, "width", op->clahe.width);
        mr_jw_int(w, "height", op->clahe.height);
        mr_jw_int(w, "max_slope", op->clahe.max_slope);
    } else {
        return false;
    }
    return true;
}

static void print_tone(struct mr_jw *w, const struct mr_op *op)
{
    if (op->type == MR_OP_GAMMA) {
        mr_num_print(w, "gamma", op->gamma.gamma);
    } else if (op->type == MR_OP_NEGATE) {
        mr_jw_bool(w, "alpha", op->negate.alpha);
    } else if (op->type == MR_OP_NORMALIZE) {
        mr_num_print(w, "lower", op->normalize.lower);
        mr_num_print(w, "upper", op->normalize.upper);
    } else if (op->type == MR_OP_THRESHOLD) {
        mr_num_print(w, "threshold", op->threshold.threshold);
        mr_jw_bool(w, "grayscale", op->threshold.grayscale);
    } else if (op->type == MR_OP_LINEAR) {
        print_numbers(w, "a", op->linear.a, op->linear.count);
        print_numbers(w, "b", op->linear.b, op->linear.count);
    } else if (op->type == MR_OP_MODULATE) {
        mr_num_print(w, "brightness", op->modulate.brightness);
        mr_num_print(w, "saturation", op->modulate.saturation);
        mr_num_print(w, "hue", op->modulate.hue);
        mr_num_print(w, "lightness", op->modulate.lightness);
    } else if (op->type == MR_OP_RECOMB) {
        print_matrix(w, op->recomb.matrix, op->recomb.side);
    } else if (op->type == MR_OP_TINT) {
        print_color(w, "color", op->tint.color);
    } else if (op->type == MR_OP_DUOTONE) {
        print_color(w, "shadow", op->duotone.shadow);
        print_color(w, "highlight", op->duotone.highlight);
    } else if (op->type == MR_OP_FLATTEN) {
        print_color(w, "background", op->flatten.background);
    } else if (op->type == MR_OP_ENSURE_ALPHA) {
        mr_num_print(w, "alpha", op->ensure_alpha.alpha);
    } else if (op->type == MR_OP_EXTRACT_CHANNEL) {
        mr_jw_int(w, "channel", op->extract_channel.channel);
    } else if (op->type == MR_OP_COLORSPACE) {
        mr_jw_str(w, "space", mr_space_names[op->colorspace.space]);
    }
}

static void print_op(struct mr_jw *w, const struct mr_recipe *recipe, const struct mr_op *op)
{
    mr_jw_str(w, "op", mr_op_names[op->type]);
    if (!print_geometry(w, recipe, op) && !print_filter(w, op))
        print_tone(w, op);
}

void mr_ops_print(struct mr_jw *w, const struct mr_recipe *recipe, const struct mr_ops *ops)
{
    mr_jw_open(w, "ops", '[');
    for (size_t i = 0; i < ops->count; i++) {
        mr_jw_open(w, NULL, '{');
        print_op(w, recipe, &ops->list[i]);
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
}

bool mr_ops_equal(const struct mr_recipe *recipe, const struct mr_ops *a, const struct mr_ops *b)
{
    struct mr_buf texts[2] = {{0}, {0}};
    struct mr_jw w;
    bool equal;

    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < 2; i++) {
        mr_jw_begin(&w, &texts[i]);
        mr_jw_open(&w, NULL, '{');
        mr_ops_print(&w, recipe, i ? b : a);
        mr_jw_close(&w, '}');
    }
    equal = !texts[0].failed && !texts[1].failed && texts[0].len == texts[1].len &&
            memcmp(texts[0].data, texts[1].data, texts[0].len) == 0;
    mr_buf_release(&texts[0]);
    mr_buf_release(&texts[1]);
    return equal;
}
