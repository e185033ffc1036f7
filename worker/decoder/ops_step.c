/* ops_step.c -- see ops_step.h. */
#include "worker/decoder/ops_step.h"

double dec_white(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
}

VipsInterpretation dec_grey(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_GREY16
                                                : VIPS_INTERPRETATION_B_W;
}

/* Whole numbers of the format that image has, to the nearest. */
static int settle_format(VipsObject *scope, VipsImage *made, VipsBandFormat format, VipsImage **ret)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 1);

    if (made->BandFmt == format) {
        *ret = made;
        g_object_ref(made);
        return 0;
    }
    if (!vips_band_format_isfloat(made->BandFmt))
        return vips_cast(made, ret, format, NULL);
    return vips_rint(made, &t[0], NULL) || vips_cast(t[0], ret, format, NULL) ? -1 : 0;
}

static enum dec_failure step(struct dec_picture *picture, dec_step_fn *fn, const struct mr_op *op,
                             VipsImage **ret, struct dec_fault *fault)
{
    VipsObject *scope = VIPS_OBJECT(vips_image_new());
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 1);
    int rc = fn(scope, picture->image, &t[0], op);

    if (!rc)
        rc = settle_format(scope, t[0], picture->image->BandFmt, ret);
    g_object_unref(scope);
    return rc ? dec_fail_vips(fault, DEC_CORRUPT, op->at) : DEC_OK;
}

enum dec_failure dec_step(struct dec_picture *picture, dec_step_fn *fn, const struct mr_op *op,
                          struct dec_fault *fault)
{
    VipsImage *out;
    enum dec_failure failure = step(picture, fn, op, &out, fault);

    if (!failure)
        dec_picture_swap(picture, out);
    return failure;
}

enum dec_failure dec_step_resized(struct dec_picture *picture, dec_step_fn *fn,
                                  const struct mr_op *op, struct dec_fault *fault)
{
    VipsImage *out;
    enum dec_failure failure = step(picture, fn, op, &out, fault);

    if (!failure)
        dec_picture_take(picture, out);
    return failure;
}

int dec_step_colours(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op,
                     dec_step_fn *fn)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 4);

    if (!vips_image_hasalpha(in))
        return fn(scope, in, ret, op);
    if (vips_extract_band(in, &t[0], 0, "n", in->Bands - 1, NULL) ||
        vips_extract_band(in, &t[1], in->Bands - 1, NULL) || fn(scope, t[0], &t[2], op) ||
        settle_format(scope, t[2], in->BandFmt, &t[3]))
        return -1;
    return vips_bandjoin2(t[3], t[1], ret, NULL);
}

int dec_step_premultiplied(VipsObject *scope, VipsImage *in, VipsImage **ret,
                           const struct mr_op *op, dec_step_fn *fn)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 4);

    if (!vips_image_hasalpha(in))
        return fn(scope, in, ret, op);
    if (vips_premultiply(in, &t[0], NULL) || vips_cast(t[0], &t[1], in->BandFmt, NULL) ||
        fn(scope, t[1], &t[2], op) || vips_unpremultiply(t[2], &t[3], NULL))
        return -1;
    return vips_cast(t[3], ret, in->BandFmt, NULL);
}

enum dec_failure dec_background(struct dec_picture *picture, struct mr_color color,
                                VipsArrayDouble **ret, struct dec_fault *fault)
{
    double values[4], scale;
    enum dec_failure failure = dec_picture_colored(picture, color, fault);
    int bands;

    if (!failure && color.a < 255)
        failure = dec_picture_alpha(picture, fault);
    if (failure)
        return failure;
    scale = dec_white(picture->image) / 255;
    bands = picture->image->Bands <= 4 ? picture->image->Bands : 4;
    values[0] = color.r * scale;
    values[1] = (bands == 2 ? color.a : color.g) * scale;
    values[2] = color.b * scale;
    values[3] = color.a * scale;
    *ret = vips_array_double_new(values, bands);
    return DEC_OK;
}
