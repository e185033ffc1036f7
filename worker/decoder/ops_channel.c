/* ops_channel.c -- operations on alpha and on single channels. */
#include "worker/decoder/ops_step.h"

static const struct mr_color colorful = {1, 0, 0, 255}; /* none that grey could be */

enum dec_failure dec_op_flatten(struct dec_picture *picture, const struct mr_op *op,
                                const struct dec_scene *scene, struct dec_fault *fault)
{
    const struct mr_color color = op->flatten.background;
    double scale = dec_white(picture->image) / 255;
    const double values[3] = {color.r * scale, color.g * scale, color.b * scale};
    VipsArrayDouble *background;
    VipsImage *out = NULL;
    enum dec_failure failure;
    int rc;

    (void)scene;
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

/* White is nothing: alpha is 0 where a pixel is as bright as it can be. */
static int unflatten(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 7);
    double white = dec_white(in);
    bool alpha = vips_image_hasalpha(in);

    (void)op;
    if (vips_extract_band(in, &t[0], 0, "n", in->Bands - (alpha ? 1 : 0), NULL) ||
        vips_colourspace(t[0], &t[1], dec_grey(in), NULL) ||
        vips_less_const1(t[1], &t[2], white, NULL) ||
        vips_linear1(t[2], &t[3], white / 255, 0, NULL) ||
        vips_cast(t[3], &t[4], in->BandFmt, NULL))
        return -1;
    if (!alpha)
        return vips_bandjoin2(t[0], t[4], ret, NULL);
    if (vips_extract_band(in, &t[5], in->Bands - 1, NULL) || vips_andimage(t[5], t[4], &t[6], NULL))
        return -1;
    return vips_bandjoin2(t[0], t[6], ret, NULL);
}

enum dec_failure dec_op_unflatten(struct dec_picture *picture, const struct mr_op *op,
                                  const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, unflatten, op, fault);
}

static int ensure_alpha(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    (void)scope;
    return vips_bandjoin_const1(in, ret, op->ensure_alpha.alpha * dec_white(in), NULL);
}

enum dec_failure dec_op_ensure_alpha(struct dec_picture *picture, const struct mr_op *op,
                                     const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    if (vips_image_hasalpha(picture->image))
        return DEC_OK;
    return dec_step(picture, ensure_alpha, op, fault);
}

static int remove_alpha(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    (void)scope, (void)op;
    return vips_extract_band(in, ret, 0, "n", in->Bands - 1, NULL);
}

enum dec_failure dec_op_remove_alpha(struct dec_picture *picture, const struct mr_op *op,
                                     const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    if (!vips_image_hasalpha(picture->image))
        return DEC_OK;
    return dec_step(picture, remove_alpha, op, fault);
}

static int extract_channel(VipsObject *scope, VipsImage *in, VipsImage **ret,
                           const struct mr_op *op)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 1);

    if (vips_extract_band(in, &t[0], op->extract_channel.channel, NULL))
        return -1;
    return vips_copy(t[0], ret, "interpretation", dec_grey(in), NULL);
}

/* Grey counts as three equal colours, as everywhere in a recipe. */
enum dec_failure dec_op_extract_channel(struct dec_picture *picture, const struct mr_op *op,
                                        const struct dec_scene *scene, struct dec_fault *fault)
{
    enum dec_failure failure = dec_picture_colored(picture, colorful, fault);

    (void)scene;
    if (failure)
        return failure;
    if (op->extract_channel.channel >= picture->image->Bands)
        return dec_fail(fault, DEC_OUT_OF_BOUNDS,
                        "%s/channel: is %d, the picture has channels 0..%d", op->at,
                        op->extract_channel.channel, picture->image->Bands - 1);
    return dec_step(picture, extract_channel, op, fault);
}
