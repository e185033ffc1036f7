/* ops_colour.c -- operations that change colours. */
#include "worker/decoder/ops_step.h"

#include <math.h>

static const struct mr_color colorful = {1, 0, 0, 255}; /* none that grey could be */

enum dec_failure dec_op_grayscale(struct dec_picture *picture, const struct mr_op *op,
                                  const struct dec_scene *scene, struct dec_fault *fault)
{
    VipsImage *out = NULL;

    (void)scene;
    if (vips_colourspace(picture->image, &out, dec_grey(picture->image), NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, op->at);
    dec_picture_swap(picture, out);
    return DEC_OK;
}

static int lch(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    const struct mr_op_modulate *m = &op->modulate;
    const double a[3] = {m->brightness, m->saturation, 1}, b[3] = {m->lightness, 0, m->hue};
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 2);

    if (vips_colourspace(in, &t[0], VIPS_INTERPRETATION_LCH, NULL) ||
        vips_linear(t[0], &t[1], a, b, 3, NULL))
        return -1;
    return vips_colourspace(t[1], ret, in->Type, NULL);
}

static int modulate(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_colours(scope, in, ret, op, lch);
}

enum dec_failure dec_op_modulate(struct dec_picture *picture, const struct mr_op *op,
                                 const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, modulate, op, fault);
}

/* ---- recomb ---------------------------------------------------------------------------------- */

static int recomb(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 1);
    int side = (int)op->recomb.side;

    t[0] = vips_image_new_matrix_from_array(side, side, op->recomb.matrix, side * side);
    return t[0] ? vips_recomb(in, ret, t[0], NULL) : -1;
}

static int recomb_colours(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_colours(scope, in, ret, op, recomb);
}

/* A matrix of 4 is for four channels: alpha is one of them, and made where there is none. */
enum dec_failure dec_op_recomb(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    enum dec_failure failure = dec_picture_colored(picture, colorful, fault);

    (void)scene;
    if (failure || op->recomb.side == 3)
        return failure ? failure : dec_step(picture, recomb_colours, op, fault);
    failure = dec_picture_alpha(picture, fault);
    return failure ? failure : dec_step(picture, recomb, op, fault);
}

/* ---- colours by brightness ------------------------------------------------------------------- */

/* The brightness of in through a table of 256 colours. */
static int lut_apply(VipsObject *scope, VipsImage *in, VipsImage **ret, const uint8_t *table)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 4);

    t[0] = vips_image_new_from_memory_copy(table, 256 * 3, 256, 1, 3, VIPS_FORMAT_UCHAR);
    if (!t[0] || vips_colourspace(in, &t[1], VIPS_INTERPRETATION_B_W, NULL) ||
        vips_maplut(t[1], &t[2], t[0], NULL) ||
        vips_copy(t[2], &t[3], "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
        return -1;
    return vips_colourspace(t[3], ret, in->Type, NULL);
}

static void lab_of(int r, int g, int b, float lab[3])
{
    float red, green, blue, x, y, z;

    vips_col_sRGB2scRGB_8(r, g, b, &red, &green, &blue);
    vips_col_scRGB2XYZ(red, green, blue, &x, &y, &z);
    vips_col_XYZ2Lab(x, y, z, &lab[0], &lab[1], &lab[2]);
}

static void srgb_of(const float lab[3], uint8_t *ret)
{
    float red, green, blue, x, y, z;
    int r, g, b;

    vips_col_Lab2XYZ(lab[0], lab[1], lab[2], &x, &y, &z);
    vips_col_XYZ2scRGB(x, y, z, &red, &green, &blue);
    vips_col_scRGB2sRGB_8(red, green, blue, &r, &g, &b, NULL);
    ret[0] = (uint8_t)r;
    ret[1] = (uint8_t)g;
    ret[2] = (uint8_t)b;
}

/* Each brightness as it is, in the hue of the colour: none of it in black and white, most in the
 * middle. */
static int tint(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    const struct mr_color color = op->tint.color;
    uint8_t table[256 * 3];
    float hue[3], lab[3];

    lab_of(color.r, color.g, color.b, hue);
    for (int i = 0; i < 256; i++) {
        float part, weight;
        lab_of(i, i, i, lab);
        part = lab[0] / 100 - 0.5f;
        weight = 1 - 4 * part * part;
        lab[1] = weight * hue[1];
        lab[2] = weight * hue[2];
        srgb_of(lab, table + 3 * i);
    }
    return lut_apply(scope, in, ret, table);
}

static uint8_t between(uint8_t from, uint8_t to, int i)
{
    return (uint8_t)lround(from + (to - from) * i / 255.0);
}

static int duotone(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    const struct mr_color from = op->duotone.shadow, to = op->duotone.highlight;
    uint8_t table[256 * 3];

    for (int i = 0; i < 256; i++) {
        table[3 * i] = between(from.r, to.r, i);
        table[3 * i + 1] = between(from.g, to.g, i);
        table[3 * i + 2] = between(from.b, to.b, i);
    }
    return lut_apply(scope, in, ret, table);
}

static int by_brightness(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    return dec_step_colours(scope, in, ret, op, op->type == MR_OP_TINT ? tint : duotone);
}

enum dec_failure dec_op_tint(struct dec_picture *picture, const struct mr_op *op,
                             const struct dec_scene *scene, struct dec_fault *fault)
{
    enum dec_failure failure = dec_picture_colored(picture, colorful, fault);

    (void)scene;
    return failure ? failure : dec_step(picture, by_brightness, op, fault);
}

/* ---- colour spaces --------------------------------------------------------------------------- */

enum dec_failure dec_op_colorspace(struct dec_picture *picture, const struct mr_op *op,
                                   const struct dec_scene *scene, struct dec_fault *fault)
{
    static const VipsInterpretation spaces[] = {
        [MR_SPACE_SRGB] = VIPS_INTERPRETATION_sRGB,
        [MR_SPACE_BW] = VIPS_INTERPRETATION_B_W,
        [MR_SPACE_RGB16] = VIPS_INTERPRETATION_RGB16,
        [MR_SPACE_GREY16] = VIPS_INTERPRETATION_GREY16,
        [MR_SPACE_CMYK] = VIPS_INTERPRETATION_CMYK,
        [MR_SPACE_LAB] = VIPS_INTERPRETATION_LAB,
    };
    VipsImage *out;

    (void)scene;
    if (vips_colourspace(picture->image, &out, spaces[op->colorspace.space], NULL))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, op->at);
    dec_picture_swap(picture, out);
    return DEC_OK;
}
