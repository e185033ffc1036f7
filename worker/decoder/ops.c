/* ops.c -- the operations one after the other, and what each needs of its picture. */
#include "worker/decoder/ops.h"

#include <math.h>

enum {              /* what an operation needs of its picture: */
       COLOURS = 1, /* sRGB or grey, not those of a profile */
       UPRIGHT = 2, /* the EXIF turn done */
       MEMORY = 4,  /* pixels in any order, more than once */
       BYTES = 8,   /* 8 bits a channel */
       EACH = 16, /* nothing of its size: what it does is the same before or after a resize, so that
                     the picture may be decoded smaller than it is */
};

/* clang-format off */
static const struct {
    dec_op_fn *run;
    unsigned needs;
} table[] = {
    [MR_OP_RESIZE]          = {dec_op_resize, 0},
    [MR_OP_CROP]            = {dec_op_crop, UPRIGHT},
    [MR_OP_TRIM]            = {dec_op_trim, UPRIGHT | MEMORY},
    [MR_OP_EXTEND]          = {dec_op_extend, COLOURS | UPRIGHT},
    [MR_OP_ROTATE]          = {dec_op_rotate, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_FLIP]            = {dec_op_flip, UPRIGHT | MEMORY | EACH},
    [MR_OP_FLOP]            = {dec_op_flip, UPRIGHT | EACH},
    [MR_OP_AFFINE]          = {dec_op_affine, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_BLUR]            = {dec_op_blur, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_SHARPEN]         = {dec_op_sharpen, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_MEDIAN]          = {dec_op_median, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_CONVOLVE]        = {dec_op_convolve, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_PIXELATE]        = {dec_op_pixelate, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_DILATE]          = {dec_op_morph, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_ERODE]           = {dec_op_morph, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_GAMMA]           = {dec_op_gamma, COLOURS},
    [MR_OP_NEGATE]          = {dec_op_negate, COLOURS | EACH},
    [MR_OP_NORMALIZE]       = {dec_op_normalize, COLOURS | MEMORY},
    [MR_OP_CLAHE]           = {dec_op_clahe, COLOURS | UPRIGHT | MEMORY | BYTES},
    [MR_OP_THRESHOLD]       = {dec_op_threshold, COLOURS},
    [MR_OP_LINEAR]          = {dec_op_linear, COLOURS},
    [MR_OP_MODULATE]        = {dec_op_modulate, COLOURS},
    [MR_OP_RECOMB]          = {dec_op_recomb, COLOURS},
    [MR_OP_GRAYSCALE]       = {dec_op_grayscale, COLOURS | EACH},
    [MR_OP_TINT]            = {dec_op_tint, COLOURS},
    [MR_OP_DUOTONE]         = {dec_op_tint, COLOURS},
    [MR_OP_FLATTEN]         = {dec_op_flatten, COLOURS | EACH},
    [MR_OP_UNFLATTEN]       = {dec_op_unflatten, COLOURS},
    [MR_OP_ENSURE_ALPHA]    = {dec_op_ensure_alpha, COLOURS | EACH},
    [MR_OP_REMOVE_ALPHA]    = {dec_op_remove_alpha, COLOURS},
    [MR_OP_EXTRACT_CHANNEL] = {dec_op_extract_channel, COLOURS},
    [MR_OP_COMPOSITE]       = {dec_op_composite, COLOURS | UPRIGHT | BYTES},
    [MR_OP_TEXT]            = {dec_op_text, COLOURS | UPRIGHT | BYTES},
    [MR_OP_REDACT]          = {dec_op_redact, COLOURS | UPRIGHT | MEMORY},
    [MR_OP_COLORSPACE]      = {dec_op_colorspace, COLOURS},
};
/* clang-format on */

enum dec_failure dec_op_done(struct dec_picture *picture, int rc, VipsImage *result, const char *at,
                             struct dec_fault *fault)
{
    if (rc)
        return dec_fail_vips(fault, DEC_CORRUPT, at);
    dec_picture_take(picture, result);
    return DEC_OK;
}

/* sRGB or grey, in 8 or 16 bits. */
static bool plain(const VipsImage *image)
{
    if (image->BandFmt == VIPS_FORMAT_USHORT)
        return image->Type == VIPS_INTERPRETATION_RGB16 ||
               image->Type == VIPS_INTERPRETATION_GREY16;
    return image->BandFmt == VIPS_FORMAT_UCHAR &&
           (image->Type == VIPS_INTERPRETATION_sRGB || image->Type == VIPS_INTERPRETATION_B_W);
}

/* What colorspace made is for the output; where an operation follows it, it is undone. */
static enum dec_failure prepare(struct dec_picture *picture, unsigned needs,
                                struct dec_fault *fault)
{
    bool deep = picture->image->BandFmt != VIPS_FORMAT_UCHAR;
    enum dec_failure failure = DEC_OK;

    if (!plain(picture->image) || (needs & COLOURS && picture->profiled) || (needs & BYTES && deep))
        failure = dec_picture_srgb(picture, fault);
    if (!failure && needs & UPRIGHT)
        failure = dec_picture_upright(picture, fault);
    if (!failure && needs & MEMORY)
        failure = dec_picture_settle(picture, fault);
    return failure;
}

/* What comes out has no colours that were not there, or only those between them. */
static bool keeps_palette(const struct mr_op *op)
{
    if (op->type == MR_OP_RESIZE)
        return op->resize.fit != MR_FIT_CONTAIN;
    if (op->type == MR_OP_ROTATE)
        return fmod(op->rotate.angle, 90) == 0;
    return op->type == MR_OP_CROP || op->type == MR_OP_TRIM || op->type == MR_OP_FLIP ||
           op->type == MR_OP_FLOP;
}

/* The palette of a file is its encoder's again; one that lacks a colour would scatter dots for it.
 */
static enum dec_failure palette_forget(struct dec_picture *picture, struct dec_fault *fault)
{
    static const char field[] = "gif-palette";
    VipsImage *own;

    if (!vips_image_get_typeof(picture->image, field))
        return DEC_OK;
    if (vips_copy(picture->image, &own, NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, field);
    vips_image_remove(own, field);
    dec_picture_swap(picture, own);
    return DEC_OK;
}

enum dec_failure dec_ops_run(struct dec_picture *picture, const struct mr_ops *ops,
                             const struct dec_scene *scene, struct dec_fault *fault)
{
    enum dec_failure failure = DEC_OK;

    for (size_t i = 0; !failure && i < ops->count; i++) {
        const struct mr_op *op = &ops->list[i];
        failure = prepare(picture, table[op->type].needs, fault);
        if (!failure)
            failure = table[op->type].run(picture, op, scene, fault);
        if (!failure && !keeps_palette(op))
            failure = palette_forget(picture, fault);
    }
    return failure;
}

/* True where op leaves every pixel as it is, or looks the same at any size; turned: the sides are
 * swapped by it. */
static bool size_blind(const struct mr_op *op, bool *ret_turned)
{
    double quarters = op->type == MR_OP_ROTATE ? op->rotate.angle / 90 : 0;

    *ret_turned = fmod(quarters, 2) != 0;
    if (op->type == MR_OP_ROTATE)
        return floor(quarters) == quarters;
    return table[op->type].needs & EACH;
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
                return shrink;
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
