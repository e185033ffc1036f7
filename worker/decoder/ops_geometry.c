/* ops_geometry.c -- where a picture's pixels go: turned, mirrored, with more or less around them.
 */
#include "worker/decoder/ops_step.h"

#include <math.h>

/* ---- flip, flop ------------------------------------------------------------------------------ */

static int flip(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    (void)scope;
    return vips_flip(in, ret,
                     op->type == MR_OP_FLIP ? VIPS_DIRECTION_VERTICAL : VIPS_DIRECTION_HORIZONTAL,
                     NULL);
}

enum dec_failure dec_op_flip(struct dec_picture *picture, const struct mr_op *op,
                             const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    return dec_step(picture, flip, op, fault); /* it may still be smaller than it counts */
}

/* ---- rotate -------------------------------------------------------------------------------- */

static enum dec_failure rotate_exact(struct dec_picture *picture, int quarters, const char *at,
                                     struct dec_fault *fault)
{
    static const VipsAngle angles[] = {VIPS_ANGLE_D0, VIPS_ANGLE_D90, VIPS_ANGLE_D180,
                                       VIPS_ANGLE_D270};
    VipsImage *out = NULL;

    if (quarters == 0)
        return DEC_OK;
    if (vips_rot(picture->image, &out, angles[quarters], NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, at);
    dec_picture_swap(picture, out); /* it may still be smaller than it counts */
    if (quarters % 2) {
        int width = picture->width;
        picture->width = picture->height;
        picture->height = width;
    }
    return DEC_OK;
}

enum dec_failure dec_op_rotate(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    double angle = fmod(op->rotate.angle, 360), radians;
    double w = picture->width, h = picture->height;
    VipsArrayDouble *background;
    VipsImage *out = NULL;
    enum dec_failure failure;
    int rc;

    if (angle < 0)
        angle += 360;
    if (fmod(angle, 90) == 0)
        return rotate_exact(picture, (int)(angle / 90) % 4, op->at, fault);
    radians = angle / 180 * G_PI;
    failure =
        dec_size_check(scene->limits, (int64_t)(w * fabs(cos(radians)) + h * fabs(sin(radians))),
                       (int64_t)(w * fabs(sin(radians)) + h * fabs(cos(radians))), op->at, fault);
    if (!failure)
        failure = dec_background(picture, op->rotate.background, &background, fault);
    if (failure)
        return failure;
    rc = vips_rotate(picture->image, &out, angle, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    return dec_op_done(picture, rc, out, op->at, fault);
}

/* ---- affine ---------------------------------------------------------------------------------- */

struct corners {
    double left, top, right, bottom;
};

/* Where a picture's corners go: its size after the transform, before any pixel. */
static struct corners corners_of(const struct mr_op_affine *affine, double width, double height)
{
    const double *m = affine->matrix;
    struct corners c = {0, 0, 0, 0};

    for (int i = 1; i < 4; i++) {
        double u = i & 1 ? width : 0, v = i & 2 ? height : 0;
        double x = m[0] * u + m[1] * v, y = m[2] * u + m[3] * v;
        c.left = fmin(c.left, x);
        c.right = fmax(c.right, x);
        c.top = fmin(c.top, y);
        c.bottom = fmax(c.bottom, y);
    }
    return c;
}

enum dec_failure dec_op_affine(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    const struct mr_op_affine *a = &op->affine;
    struct corners c = corners_of(a, picture->width, picture->height);
    double width = c.right - c.left, height = c.bottom - c.top;
    VipsArrayDouble *background;
    VipsImage *out = NULL;
    enum dec_failure failure;
    int rc;

    if (width < 0.5 || height < 0.5)
        return dec_fail(fault, DEC_OUT_OF_BOUNDS, "%s: would be %gx%g", op->at, width, height);
    if (width > MR_RECIPE_SIDE_MAX || height > MR_RECIPE_SIDE_MAX)
        return dec_fail(fault, DEC_TOO_LARGE, "%s: would be %gx%g, the limit is %d a side", op->at,
                        width, height, MR_RECIPE_SIDE_MAX);
    failure = dec_size_check(scene->limits, (int64_t)width, (int64_t)height, op->at, fault);
    if (!failure)
        failure = dec_background(picture, a->background, &background, fault);
    if (failure)
        return failure;
    rc = vips_affine(picture->image, &out, a->matrix[0], a->matrix[1], a->matrix[2], a->matrix[3],
                     "background", background, "idx", a->idx, "idy", a->idy, "odx", a->odx, "ody",
                     a->ody, NULL);
    vips_area_unref(VIPS_AREA(background));
    return dec_op_done(picture, rc, out, op->at, fault);
}

/* ---- extend ---------------------------------------------------------------------------------- */

static const VipsExtend modes[] = {
    [MR_EXTEND_BACKGROUND] = VIPS_EXTEND_BACKGROUND,
    [MR_EXTEND_COPY] = VIPS_EXTEND_COPY,
    [MR_EXTEND_REPEAT] = VIPS_EXTEND_REPEAT,
    [MR_EXTEND_MIRROR] = VIPS_EXTEND_MIRROR,
};

enum dec_failure dec_op_extend(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    const struct mr_op_extend *e = &op->extend;
    int64_t width = (int64_t)picture->width + e->left + e->right;
    int64_t height = (int64_t)picture->height + e->top + e->bottom;
    VipsArrayDouble *background = NULL;
    VipsImage *out = NULL;
    enum dec_failure failure = dec_size_check(scene->limits, width, height, op->at, fault);
    int rc;

    if (!failure && e->mode == MR_EXTEND_BACKGROUND)
        failure = dec_background(picture, e->background, &background, fault);
    else if (!failure)
        failure = dec_picture_settle(picture, fault);
    if (failure)
        return failure;
    if (background) {
        rc = vips_embed(picture->image, &out, e->left, e->top, (int)width, (int)height, "extend",
                        VIPS_EXTEND_BACKGROUND, "background", background, NULL);
        vips_area_unref(VIPS_AREA(background));
    } else {
        rc = vips_embed(picture->image, &out, e->left, e->top, (int)width, (int)height, "extend",
                        modes[e->mode], NULL);
    }
    return dec_op_done(picture, rc, out, op->at, fault);
}

/* ---- trim ------------------------------------------------------------------------------------ */

struct box {
    int left, top, width, height;
};

static bool empty(const struct box *box)
{
    return box->width <= 0 || box->height <= 0;
}

static struct box both(const struct box *a, const struct box *b)
{
    struct box box = {VIPS_MIN(a->left, b->left), VIPS_MIN(a->top, b->top), 0, 0};

    box.width = VIPS_MAX(a->left + a->width, b->left + b->width) - box.left;
    box.height = VIPS_MAX(a->top + a->height, b->top + b->height) - box.top;
    return box;
}

/* The part that is not of this colour. */
static int box_find(VipsImage *image, const double *color, int n, double threshold, struct box *ret)
{
    VipsArrayDouble *background = vips_array_double_new(color, n);
    int rc = vips_find_trim(image, &ret->left, &ret->top, &ret->width, &ret->height, "background",
                            background, "threshold", threshold, NULL);

    vips_area_unref(VIPS_AREA(background));
    return rc;
}

/* The colour given, or that of the top-left pixel, in the picture's bands. */
static int edge_color(VipsImage *image, const struct mr_op_trim *trim, double ret[4])
{
    double scale = dec_white(image) / 255, *values;
    int n, alpha = vips_image_hasalpha(image) ? image->Bands - 1 : image->Bands;

    if (trim->colored) {
        const struct mr_color c = trim->background;
        const double colours[4] = {c.r * scale, c.g * scale, c.b * scale, c.a * scale};
        for (int i = 0; i < image->Bands && i < 4; i++)
            ret[i] = i == alpha ? colours[3] : colours[i];
        return 0;
    }
    if (vips_getpoint(image, &values, &n, 0, 0, NULL))
        return -1;
    for (int i = 0; i < n && i < 4; i++)
        ret[i] = values[i];
    g_free(values);
    return 0;
}

/* What stands out in colour or in alpha. */
static int box_of(VipsObject *scope, VipsImage *image, const struct mr_op_trim *trim,
                  struct box *ret)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 1);
    bool alpha = vips_image_hasalpha(image);
    int colours = image->Bands - (alpha ? 1 : 0);
    double color[4] = {0}, threshold = trim->threshold * dec_white(image) / 255;
    struct box there;

    if (edge_color(image, trim, color) || box_find(image, color, colours, threshold, ret))
        return -1;
    if (!alpha)
        return 0;
    if (vips_extract_band(image, &t[0], colours, NULL) ||
        box_find(t[0], &color[colours], 1, threshold, &there))
        return -1;
    if (!empty(&there))
        *ret = empty(ret) ? there : both(ret, &there);
    return 0;
}

enum dec_failure dec_op_trim(struct dec_picture *picture, const struct mr_op *op,
                             const struct dec_scene *scene, struct dec_fault *fault)
{
    VipsObject *scope;
    VipsImage *out = NULL;
    struct box box = {0};
    enum dec_failure failure = DEC_OK;
    int rc;

    (void)scene;
    if (op->trim.colored)
        failure = dec_picture_colored(picture, op->trim.background, fault);
    if (failure)
        return failure;
    scope = VIPS_OBJECT(vips_image_new());
    rc = box_of(scope, picture->image, &op->trim, &box);
    g_object_unref(scope);
    if (rc)
        return dec_fail_vips(fault, DEC_CORRUPT, op->at);
    if (empty(&box)) /* all of one colour: there is nothing to trim it to */
        return DEC_OK;
    rc = vips_extract_area(picture->image, &out, box.left, box.top, box.width, box.height, NULL);
    return dec_op_done(picture, rc, out, op->at, fault);
}
