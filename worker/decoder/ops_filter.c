/* ops_filter.c -- operations that look at a pixel's neighbours. */
#include "worker/decoder/ops_step.h"
#include "worker/decoder/rank.h"

/* As sharp's defaults for a Gaussian: where the mask is cut off. */
static const double blur_amplitude_min = 0.2;

static int mask_apply(VipsObject *scope, VipsImage *in, VipsImage **ret, double edge, double middle,
                      double scale)
{
    VipsImage **mask = (VipsImage **)vips_object_local_array(scope, 1);

    mask[0] = vips_image_new_matrixv(3, 3, edge, edge, edge, edge, middle, edge, edge, edge, edge);
    if (!mask[0])
        return -1;
    vips_image_set_double(mask[0], "scale", scale);
    return vips_conv(in, ret, mask[0], NULL);
}

static int blur(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    if (op->blur.sigma == 0)
        return mask_apply(scope, in, ret, 1, 1, 9);
    return vips_gaussblur(in, ret, op->blur.sigma, "min_ampl", blur_amplitude_min, NULL);
}

static int blur_alpha(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_premultiplied(scope, in, ret, op, blur);
}

enum dec_failure dec_op_blur(struct dec_picture *picture, const struct mr_op *op,
                             const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, blur_alpha, op, fault);
}

static int sharpen(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 1);
    const struct mr_op_sharpen *s = &op->sharpen;

    if (s->sigma == 0)
        return mask_apply(scope, in, ret, -1, 32, 24);
    if (vips_sharpen(in, &t[0], "sigma", s->sigma, "m1", s->m1, "m2", s->m2, "x1", s->x1, "y2",
                     s->y2, "y3", s->y3, NULL))
        return -1;
    return vips_colourspace(t[0], ret, in->Type, NULL);
}

static int sharpen_alpha(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_premultiplied(scope, in, ret, op, sharpen);
}

enum dec_failure dec_op_sharpen(struct dec_picture *picture, const struct mr_op *op,
                                const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, sharpen_alpha, op, fault);
}

/* ---- ranks ----------------------------------------------------------------------------------- */

static int median(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    (void)scope;
    return dec_rank(in, ret, op->median.size, op->median.size, DEC_RANK_MEDIAN);
}

enum dec_failure dec_op_median(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, median, op, fault);
}

/* The least or the greatest of a square is that of a column of those of rows. */
static int morph(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 1);
    int window = 2 * op->morph.width + 1;
    int which = op->type == MR_OP_DILATE ? DEC_RANK_LEAST : DEC_RANK_MOST;

    if (dec_rank(in, &t[0], window, 1, which))
        return -1;
    return dec_rank(t[0], ret, 1, window, which);
}

enum dec_failure dec_op_morph(struct dec_picture *picture, const struct mr_op *op,
                              const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, morph, op, fault);
}

/* ---- kernels --------------------------------------------------------------------------------- */

static int convolve(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    const struct mr_op_convolve *c = &op->convolve;
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 1);

    t[0] = vips_image_new_matrix_from_array(c->width, c->height, c->kernel, c->width * c->height);
    if (!t[0])
        return -1;
    vips_image_set_double(t[0], "scale", c->scale);
    vips_image_set_double(t[0], "offset", c->offset * dec_white(in) / 255);
    return vips_conv(in, ret, t[0], NULL);
}

static int convolve_alpha(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_premultiplied(scope, in, ret, op, convolve);
}

enum dec_failure dec_op_convolve(struct dec_picture *picture, const struct mr_op *op,
                                 const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, convolve_alpha, op, fault);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

int dec_blocks(VipsObject *scope, VipsImage *in, VipsImage **ret, int size)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 2);
    int x = VIPS_MIN(size, in->Xsize), y = VIPS_MIN(size, in->Ysize);

    if (vips_shrink(in, &t[0], x, y, "ceil", TRUE, NULL) || vips_zoom(t[0], &t[1], x, y, NULL))
        return -1;
    return vips_extract_area(t[1], ret, 0, 0, in->Xsize, in->Ysize, NULL);
}

static int pixelate(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_blocks(scope, in, ret, op->pixelate.size);
}

static int pixelate_alpha(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_premultiplied(scope, in, ret, op, pixelate);
}

enum dec_failure dec_op_pixelate(struct dec_picture *picture, const struct mr_op *op,
                                 const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, pixelate_alpha, op, fault);
}

/* ---- contrast in windows --------------------------------------------------------------------- */

static int clahe(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    int width = VIPS_MIN(op->clahe.width, in->Xsize),
        height = VIPS_MIN(op->clahe.height, in->Ysize);

    (void)scope;
    return vips_hist_local(in, ret, width, height, "max_slope", op->clahe.max_slope, NULL);
}

enum dec_failure dec_op_clahe(struct dec_picture *picture, const struct mr_op *op,
                              const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, clahe, op, fault);
}
