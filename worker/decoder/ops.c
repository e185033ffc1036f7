/* ops.c -- the operations one after the other, and those that are one call of libvips. */
#include "worker/decoder/ops.h"

#include <math.h>

/* As sharp's defaults for a Gaussian: where the mask is cut off. */
static const double blur_amplitude_min = 0.2;

enum dec_failure dec_op_done(struct dec_picture *picture, int rc, VipsImage *result, const char *at,
                             struct dec_fault *fault)
{
    if (rc)
        return dec_fail_vips(fault, DEC_CORRUPT, at);
    dec_picture_take(picture, result);
    return DEC_OK;
}

static enum dec_failure op_flip(struct dec_picture *picture, const struct mr_op *op,
                                VipsDirection direction, struct dec_fault *fault)
{
    VipsImage *out = NULL;
    int rc;
    enum dec_failure failure = dec_picture_upright(picture, fault);

    if (!failure && direction == VIPS_DIRECTION_VERTICAL)
        failure = dec_picture_settle(picture, fault);
    if (failure)
        return failure;
    rc = vips_flip(picture->image, &out, direction, NULL);
    if (rc)
        return dec_fail_vips(fault, DEC_CORRUPT, op->at);
    dec_picture_swap(picture, out); /* it may still be smaller than it counts */
    return DEC_OK;
}

/* Runs fn on colours that are multiplied by their alpha, as neighbours must be for a weighted sum,
 * and divides again. */
static int premultiplied(VipsImage *image, VipsImage **ret,
                         int (*fn)(VipsImage *in, VipsImage **ret, const struct mr_op *op),
                         const struct mr_op *op)
{
    VipsImage *t[5] = {0};
    int rc;

    if (!vips_image_hasalpha(image))
        return fn(image, ret, op);
    rc = vips_premultiply(image, &t[0], NULL) || vips_cast(t[0], &t[1], image->BandFmt, NULL) ||
         fn(t[1], &t[2], op) || vips_unpremultiply(t[2], &t[3], NULL) ||
         vips_cast(t[3], &t[4], image->BandFmt, NULL);
    if (!rc) {
        *ret = t[4];
        t[4] = NULL;
    }
    for (size_t i = 0; i < 5; i++)
        g_clear_object(&t[i]);
    return rc;
}

static int mask_apply(VipsImage *image, VipsImage **ret, double edge, double middle, double scale)
{
    VipsImage *mask =
        vips_image_new_matrixv(3, 3, edge, edge, edge, edge, middle, edge, edge, edge, edge);
    int rc;

    if (!mask)
        return -1;
    vips_image_set_double(mask, "scale", scale);
    rc = vips_conv(image, ret, mask, NULL);
    g_object_unref(mask);
    return rc;
}

static int blur(VipsImage *image, VipsImage **ret, const struct mr_op *op)
{
    if (op->blur.sigma == 0)
        return mask_apply(image, ret, 1, 1, 9);
    return vips_gaussblur(image, ret, op->blur.sigma, "min_ampl", blur_amplitude_min, NULL);
}

static int sharpen(VipsImage *image, VipsImage **ret, const struct mr_op *op)
{
    const struct mr_op_sharpen *s = &op->sharpen;
    VipsImage *sharper;
    int rc;

    if (s->sigma == 0)
        return mask_apply(image, ret, -1, 32, 24);
    if (vips_sharpen(image, &sharper, "sigma", s->sigma, "m1", s->m1, "m2", s->m2, "x1", s->x1,
                     "y2", s->y2, "y3", s->y3, NULL))
        return -1;
    rc = vips_colourspace(sharper, ret, image->Type, NULL);
    g_object_unref(sharper);
    return rc;
}

static enum dec_failure op_filter(struct dec_picture *picture, const struct mr_op *op,
                                  int (*fn)(VipsImage *, VipsImage **, const struct mr_op *),
                                  struct dec_fault *fault)
{
    VipsImage *out = NULL;
    enum dec_failure failure = dec_picture_upright(picture, fault);
    int rc;

    if (!failure)
        failure = dec_picture_settle(picture, fault);
    if (failure)
        return failure;
    rc = premultiplied(picture->image, &out, fn, op);
    return dec_op_done(picture, rc, out, op->at, fault);
}

static enum dec_failure op_grayscale(struct dec_picture *picture, const struct mr_op *op,
                                     struct dec_fault *fault)
{
    VipsImage *out = NULL;

    if (vips_colourspace(picture->image, &out, VIPS_INTERPRETATION_B_W, NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, op->at);
    dec_picture_swap(picture, out);
    return DEC_OK;
}

static enum dec_failure op_flatten(struct dec_picture *picture, const struct mr_op *op,
                                   struct dec_fault *fault)
{
    const struct mr_color color = op->flatten.background;
    const double values[3] = {color.r, color.g, color.b};
    VipsArrayDouble *background;
    VipsImage *out = NULL;
    enum dec_failure failure;
    int rc;

    if (!vips_image_hasalpha(picture->image))
        return DEC_OK;
    failure = dec_picture_colored(picture, color, fault);
    if (failure)
        return failure;
    background = vips_array_double_new(values, picture->image->Bands > 2 ? 3 : 1);
    rc = vips_flatten(picture->image, &out, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    if (rc)
        return dec_fail_vips(fault, DEC_CORRUPT, op->at);
    dec_picture_swap(picture, out);
    return DEC_OK;
}

static enum dec_failure op_run(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    switch (op->type) {
    case MR_OP_RESIZE:
        return dec_op_resize(picture, op, scene->limits, fault);
    case MR_OP_CROP:
        return dec_op_crop(picture, op, fault);
    case MR_OP_ROTATE:
        return dec_op_rotate(picture, op, scene->limits, fault);
    case MR_OP_FLIP:
        return op_flip(picture, op, VIPS_DIRECTION_VERTICAL, fault);
    case MR_OP_FLOP:
        return op_flip(picture, op, VIPS_DIRECTION_HORIZONTAL, fault);
    case MR_OP_BLUR:
        return op_filter(picture, op, blur, fault);
    case MR_OP_SHARPEN:
        return op_filter(picture, op, sharpen, fault);
    case MR_OP_GRAYSCALE:
        return op_grayscale(picture, op, fault);
    case MR_OP_FLATTEN:
        return op_flatten(picture, op, fault);
    case MR_OP_COMPOSITE:
        return dec_op_composite(picture, op, scene, fault);
    }
    return dec_fail(fault, DEC_RECIPE_INVALID, "%s: no such operation", op->at);
}

/* Resize, turns and mirroring work in any colours; everything else in sRGB. */
static bool colour_blind(const struct mr_op *op)
{
    return op->type == MR_OP_RESIZE || op->type == MR_OP_FLIP || op->type == MR_OP_FLOP ||
           op->type == MR_OP_CROP;
}

enum dec_failure dec_ops_run(struct dec_picture *picture, const struct mr_ops *ops,
                             const struct dec_scene *scene, struct dec_fault *fault)
{
    enum dec_failure failure = DEC_OK;

    for (size_t i = 0; !failure && i < ops->count; i++) {
        if (picture->profiled && !colour_blind(&ops->list[i]))
            failure = dec_picture_srgb(picture, fault);
        if (!failure)
            failure = op_run(picture, &ops->list[i], scene, fault);
    }
    return failure;
}

/* True where op leaves every pixel as it is, or looks the same at any size; turned: the sides are
 * swapped by it. */
static bool size_blind(const struct mr_op *op, bool *ret_turned)
{
    double quarters = op->type == MR_OP_ROTATE ? op->rotate.angle / 90 : 0;

    *ret_turned = fmod(quarters, 2) != 0;
    switch (op->type) {
    case MR_OP_FLIP:
    case MR_OP_FLOP:
    case MR_OP_GRAYSCALE:
    case MR_OP_FLATTEN:
        return true;
    case MR_OP_ROTATE:
        return floor(quarters) == quarters;
    case MR_OP_RESIZE:
    case MR_OP_CROP:
    case MR_OP_BLUR:
    case MR_OP_SHARPEN:
    case MR_OP_COMPOSITE:
        break;
    }
    return false;
}

double dec_ops_shrink(const struct mr_ops *const lists[], size_t count, int width, int height)
{
    for (size_t l = 0; l < count; l++)
        for (size_t i = 0; i < lists[l]->count; i++) {
            const struct mr_op *op = &lists[l]->list[i];
            bool turned;
            if (op->type == MR_OP_RESIZE) {
                struct dec_size scaled = dec_resize_scaled(&op->resize, width, height);
                double across = (double)width / scaled.width;
                double down = (double)height / scaled.height;
                double shrink = across < down ? across : down;
                if (op->resize.kernel == MR_KERNEL_NEAREST) /* pixels as they are */
                    return 1;
                return shrink > 1 ? shrink : 1;
            }
            if (!size_blind(op, &turned))
                return 1;
            if (turned) {
                int side = width;
                width = height;
                height = side;
            }
        }
    return 1;
}
