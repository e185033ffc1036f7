/* ops_tone.c -- operations that make each pixel brighter or darker by itself. */
#include "worker/decoder/ops_step.h"

#include <math.h>

static int gamma_colours(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    (void)scope;
    return vips_gamma(in, ret, "exponent", op->gamma.gamma, NULL);
}

static int gamma_of(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_colours(scope, in, ret, op, gamma_colours);
}

enum dec_failure dec_op_gamma(struct dec_picture *picture, const struct mr_op *op,
                              const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, gamma_of, op, fault);
}

static int invert(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    (void)scope, (void)op;
    return vips_invert(in, ret, NULL);
}

static int negate(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return op->negate.alpha ? invert(scope, in, ret, op)
                            : dec_step_colours(scope, in, ret, op, invert);
}

enum dec_failure dec_op_negate(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, negate, op, fault);
}

/* ---- threshold ------------------------------------------------------------------------------- */

/* Alpha is compared too, as in sharp: what comes out is black or white, there or not. */
static int threshold(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 3);
    VipsInterpretation type = op->threshold.grayscale ? dec_grey(in) : in->Type;
    double white = dec_white(in), least = op->threshold.threshold;

    if (white > 255) /* as 8 bits would have it: what is nearest to the threshold reaches it */
        least = (least - 0.5) * white / 255;
    if (vips_colourspace(in, &t[0], type, NULL) || vips_moreeq_const1(t[0], &t[1], least, NULL))
        return -1;
    if (white > 255) {
        if (vips_linear1(t[1], &t[2], white / 255, 0, NULL))
            return -1;
        return vips_copy(t[2], ret, "interpretation", type, NULL);
    }
    return vips_copy(t[1], ret, "interpretation", type, NULL);
}

enum dec_failure dec_op_threshold(struct dec_picture *picture, const struct mr_op *op,
                                  const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, threshold, op, fault);
}

/* ---- linear ---------------------------------------------------------------------------------- */

static int linear(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    const struct mr_op_linear *l = &op->linear;
    double scale = dec_white(in) / 255, b[MR_RECIPE_BANDS_MAX];

    (void)scope;
    for (size_t i = 0; i < MR_RECIPE_BANDS_MAX; i++)
        b[i] = l->b[i] * scale;
    return vips_linear(in, ret, l->a, b, (int)l->count, NULL);
}

static int linear_colours(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_colours(scope, in, ret, op, linear);
}

enum dec_failure dec_op_linear(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    const struct mr_color colorful = {1, 0, 0, 255}; /* none that grey could be */
    size_t count = op->linear.count, colours;
    enum dec_failure failure = DEC_OK;

    (void)scene;
    if (count > 2)
        failure = dec_picture_colored(picture, colorful, fault);
    if (failure)
        return failure;
    colours = (size_t)picture->image->Bands - (vips_image_hasalpha(picture->image) ? 1 : 0);
    if (count == 1 || count == colours)
        return dec_step(picture, linear_colours, op, fault);
    if (count == (size_t)picture->image->Bands)
        return dec_step(picture, linear, op, fault);
    return dec_fail(fault, DEC_OUT_OF_BOUNDS, "%s: has %zu numbers, the picture %d channels",
                    op->at, count, picture->image->Bands);
}

/* ---- normalize ------------------------------------------------------------------------------- */

static int extreme(VipsImage *lightness, double percent, double *ret)
{
    int level;

    if (percent <= 0)
        return vips_min(lightness, ret, NULL);
    if (percent >= 100)
        return vips_max(lightness, ret, NULL);
    if (vips_percent(lightness, percent, &level, NULL))
        return -1;
    *ret = level;
    return 0;
}

static int stretch(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 5);
    double least, most, scale;

    if (vips_colourspace(in, &t[0], VIPS_INTERPRETATION_LAB, NULL) ||
        vips_extract_band(t[0], &t[1], 0, NULL) || extreme(t[1], op->normalize.lower, &least) ||
        extreme(t[1], op->normalize.upper, &most))
        return -1;
    least = trunc(least);
    most = trunc(most);
    if (fabs(most - least) <= 1) { /* flat: there is nothing to stretch */
        *ret = in;
        g_object_ref(in);
        return 0;
    }
    scale = 100 / (most - least);
    if (vips_extract_band(t[0], &t[2], 1, "n", 2, NULL) ||
        vips_linear1(t[1], &t[3], scale, -least * scale, NULL) ||
        vips_bandjoin2(t[3], t[2], &t[4], NULL))
        return -1;
    return vips_colourspace(t[4], ret, in->Type, "source_space", VIPS_INTERPRETATION_LAB, NULL);
}

static int normalize(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_colours(scope, in, ret, op, stretch);
}

enum dec_failure dec_op_normalize(struct dec_picture *picture, const struct mr_op *op,
                                  const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, normalize, op, fault);
}
