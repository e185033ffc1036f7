/* ops_size.c -- resize and crop: other sizes, and what is cut off or filled then. */
#include "worker/decoder/ops_step.h"

#include <math.h>

static const VipsKernel kernels[] = {
    [MR_KERNEL_NEAREST] = VIPS_KERNEL_NEAREST,   [MR_KERNEL_LINEAR] = VIPS_KERNEL_LINEAR,
    [MR_KERNEL_CUBIC] = VIPS_KERNEL_CUBIC,       [MR_KERNEL_MITCHELL] = VIPS_KERNEL_MITCHELL,
    [MR_KERNEL_LANCZOS2] = VIPS_KERNEL_LANCZOS2, [MR_KERNEL_LANCZOS3] = VIPS_KERNEL_LANCZOS3,
};

/* ---- sizes, in whole numbers --------------------------------------------------------------- */

struct ratio {
    int64_t to, from;
};

static bool smaller(struct ratio a, struct ratio b)
{
    return a.to * b.from < b.to * a.from;
}

static int scaled(int side, struct ratio ratio)
{
    int64_t n = (2 * (int64_t)side * ratio.to + ratio.from) / (2 * ratio.from); /* half rounds up */

    return n < 1 ? 1 : n > INT32_MAX ? INT32_MAX : (int)n;
}

static struct ratio bounded(struct ratio ratio, const struct mr_op_resize *resize)
{
    const struct ratio one = {1, 1};

    if (resize->without_reduction && smaller(ratio, one))
        return one;
    if (!resize->without_reduction && resize->without_enlargement && smaller(one, ratio))
        return one;
    return ratio;
}

struct dec_size dec_resize_scaled(const struct mr_op_resize *resize, int width, int height)
{
    struct ratio across = {resize->width, width}, down = {resize->height, height};
    bool larger = resize->fit == MR_FIT_COVER || resize->fit == MR_FIT_OUTSIDE;

    if (!resize->width)
        across = down;
    else if (!resize->height)
        down = across;
    else if (resize->fit != MR_FIT_FILL)
        across = down = smaller(across, down) == larger ? down : across;
    return (struct dec_size){scaled(width, bounded(across, resize)),
                             scaled(height, bounded(down, resize))};
}

/* ---- places -------------------------------------------------------------------------------- */

static int middle(int outer, int inner, enum dec_place place)
{
    return (outer - inner + (place == DEC_PLACE_CROP ? 1 : 0)) / 2;
}

static int focal(int outer, int inner, double at)
{
    int left = (int)lround(at * outer - inner / 2.0);
    int end = outer - inner;

    return left < 0 ? 0 : left > end ? end : left;
}

void dec_place(const struct mr_gravity *gravity, enum dec_place place, struct dec_size outer,
               struct dec_size inner, int *ret_left, int *ret_top)
{
    /* -1: at the start, 0: in the middle, 1: at the end */
    static const struct {
        int x, y;
    } sides[] = {
        [MR_GRAVITY_CENTER] = {0, 0},      [MR_GRAVITY_NORTH] = {0, -1},
        [MR_GRAVITY_NORTHEAST] = {1, -1},  [MR_GRAVITY_EAST] = {1, 0},
        [MR_GRAVITY_SOUTHEAST] = {1, 1},   [MR_GRAVITY_SOUTH] = {0, 1},
        [MR_GRAVITY_SOUTHWEST] = {-1, 1},  [MR_GRAVITY_WEST] = {-1, 0},
        [MR_GRAVITY_NORTHWEST] = {-1, -1}, [MR_GRAVITY_ATTENTION] = {0, 0},
        [MR_GRAVITY_ENTROPY] = {0, 0},     [MR_GRAVITY_FOCAL] = {0, 0},
    };
    int x = sides[gravity->kind].x, y = sides[gravity->kind].y;
    int right = outer.width - inner.width, bottom = outer.height - inner.height;

    if (gravity->kind == MR_GRAVITY_FOCAL) {
        *ret_left = focal(outer.width, inner.width, gravity->x);
        *ret_top = focal(outer.height, inner.height, gravity->y);
        return;
    }
    *ret_left = x < 0 ? 0 : x > 0 ? right : middle(outer.width, inner.width, place);
    *ret_top = y < 0 ? 0 : y > 0 ? bottom : middle(outer.height, inner.height, place);
}

/* ---- resize -------------------------------------------------------------------------------- */

/* vips_resize() would average blocks of pixels down to twice the size, and filter then.  The filter
 * alone is vectorised, which the blocks are not: from 2725 to 640 px it takes 13 ms instead of 47,
 * and it is sharper.  But beyond FILTER_MOST the masks of its whole numbers no longer add up to one
 * (white comes out as 253), so that the first steps are by 4 or 2. */
enum { FILTER_MOST = 5 };
static const double no_blocks = 1e6;

static int step_of(double shrink)
{
    return shrink <= FILTER_MOST ? 1 : shrink < 8 ? 2 : 4;
}

/* *ret: image, or one that is no more than FILTER_MOST times as large as is asked for. */
static int steps(VipsImage *image, VipsImage **ret, struct dec_size to, VipsKernel kernel)
{
    g_object_ref(image);
    for (;;) {
        int across = step_of((double)image->Xsize / to.width);
        int down = step_of((double)image->Ysize / to.height);
        VipsImage *smaller;
        if (across == 1 && down == 1)
            break;
        if (vips_reduce(image, &smaller, across, down, "kernel", kernel, NULL)) {
            g_object_unref(image);
            return -1;
        }
        g_object_unref(image);
        image = smaller;
    }
    *ret = image;
    return 0;
}

static int scale_nearest(VipsImage *image, VipsImage **ret, struct dec_size to)
{
    double across = (double)to.width / image->Xsize, down = (double)to.height / image->Ysize;

    /* Which pixel is nearest hangs on the last digits: one scale for both sides, if it is meant. */
    if (lround(image->Ysize * across) == to.height)
        down = across;
    return vips_resize(image, ret, across, "vscale", down, "kernel", VIPS_KERNEL_NEAREST, NULL);
}

static int scale(VipsImage *image, VipsImage **ret, struct dec_size to, VipsKernel kernel)
{
    VipsImage *near;
    int rc;

    if (kernel == VIPS_KERNEL_NEAREST)
        return scale_nearest(image, ret, to);
    if (steps(image, &near, to, kernel))
        return -1;
    rc = vips_resize(near, ret, (double)to.width / near->Xsize, "vscale",
                     (double)to.height / near->Ysize, "kernel", kernel, "gap", no_blocks, NULL);
    g_object_unref(near);
    return rc;
}

/* With colours multiplied by alpha, as sharp: in bytes again before the scaling. */
static int scale_alpha(VipsImage *image, VipsImage **ret, struct dec_size to, VipsKernel kernel)
{
    VipsObject *scope = VIPS_OBJECT(vips_image_new());
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 4);
    int rc = vips_premultiply(image, &t[0], NULL) || vips_cast(t[0], &t[1], image->BandFmt, NULL) ||
                     scale(t[1], &t[2], to, kernel) || vips_unpremultiply(t[2], &t[3], NULL) ||
                     vips_cast(t[3], ret, image->BandFmt, NULL)
                 ? -1
                 : 0;

    g_object_unref(scope);
    return rc;
}

static bool quarter(const struct dec_picture *picture)
{
    return picture->turn == VIPS_ANGLE_D90 || picture->turn == VIPS_ANGLE_D270;
}

/* To exactly this size as it counts, and then upright. */
static enum dec_failure scale_to(struct dec_picture *picture, struct dec_size to, VipsKernel kernel,
                                 const char *at, struct dec_fault *fault)
{
    struct dec_size stored = quarter(picture) ? (struct dec_size){to.height, to.width} : to;
    VipsImage *out = NULL;
    enum dec_failure failure = DEC_OK;
    int rc;

    if (picture->image->Xsize != stored.width || picture->image->Ysize != stored.height) {
        if (vips_image_hasalpha(picture->image))
            rc = scale_alpha(picture->image, &out, stored, kernel);
        else
            rc = scale(picture->image, &out, stored, kernel);
        if (rc)
            return dec_fail_vips(fault, DEC_CORRUPT, at);
        dec_picture_swap(picture, out);
    }
    picture->width = to.width;
    picture->height = to.height;
    if (picture->profiled)
        failure = dec_picture_srgb(picture, fault);
    if (!failure)
        failure = dec_picture_upright(picture, fault);
    return failure;
}

static bool place_known(const struct dec_places *places, const struct mr_gravity *gravity,
                        int *ret_left, int *ret_top)
{
    for (size_t i = 0; places && i < places->count; i++)
        if (places->list[i].of == gravity) {
            *ret_left = places->list[i].left;
            *ret_top = places->list[i].top;
            return true;
        }
    return false;
}

static void place_keep(struct dec_places *places, const struct mr_gravity *gravity,
                       const VipsImage *cut_out)
{
    if (!places || places->count == MR_RECIPE_OPS_MAX)
        return;
    places->list[places->count].of = gravity;
    places->list[places->count].left = -cut_out->Xoffset; /* where it lies in what it is of */
    places->list[places->count++].top = -cut_out->Yoffset;
}

static enum dec_failure cut(struct dec_picture *picture, const struct mr_gravity *gravity,
                            struct dec_size to, const struct dec_scene *scene, const char *at,
                            struct dec_fault *fault)
{
    bool looks = gravity->kind == MR_GRAVITY_ATTENTION || gravity->kind == MR_GRAVITY_ENTROPY;
    struct dec_size from = {picture->width, picture->height};
    VipsImage *out = NULL;
    int left, top, rc;
    enum dec_failure failure;

    if (!looks)
        dec_place(gravity, DEC_PLACE_CROP, from, to, &left, &top);
    if (!looks || place_known(scene->places, gravity, &left, &top)) {
        rc = vips_extract_area(picture->image, &out, left, top, to.width, to.height, NULL);
        return dec_op_done(picture, rc, out, at, fault);
    }
    failure = dec_picture_settle(picture, fault);
    if (failure)
        return failure;
    rc = vips_smartcrop(picture->image, &out, to.width, to.height, "interesting",
                        gravity->kind == MR_GRAVITY_ENTROPY ? VIPS_INTERESTING_ENTROPY
                                                            : VIPS_INTERESTING_ATTENTION,
                        NULL);
    if (!rc)
        place_keep(scene->places, gravity, out);
    return dec_op_done(picture, rc, out, at, fault);
}

static enum dec_failure embed(struct dec_picture *picture, const struct mr_op_resize *resize,
                              struct dec_size to, const char *at, struct dec_fault *fault)
{
    struct dec_size from = {picture->width, picture->height};
    VipsArrayDouble *background;
    VipsImage *out = NULL;
    int left, top, rc;
    enum dec_failure failure = dec_background(picture, resize->background, &background, fault);

    if (failure)
        return failure;
    dec_place(&resize->gravity, DEC_PLACE_EMBED, to, from, &left, &top);
    rc = vips_embed(picture->image, &out, left, top, to.width, to.height, "extend",
                    VIPS_EXTEND_BACKGROUND, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
    return dec_op_done(picture, rc, out, at, fault);
}

enum dec_failure dec_op_resize(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    const struct dec_limits *limits = scene->limits;
    const struct mr_op_resize *resize = &op->resize;
    struct dec_size size = dec_resize_scaled(resize, picture->width, picture->height);
    struct dec_size to = size;
    bool both = resize->width && resize->height;
    enum dec_failure failure;

    if (both && resize->fit == MR_FIT_COVER)
        to = (struct dec_size){VIPS_MIN(size.width, resize->width),
                               VIPS_MIN(size.height, resize->height)};
    if (both && resize->fit == MR_FIT_CONTAIN)
        to = (struct dec_size){VIPS_MAX(size.width, resize->width),
                               VIPS_MAX(size.height, resize->height)};
    failure = dec_size_check(limits, size.width, size.height, op->at, fault);
    if (!failure)
        failure = dec_size_check(limits, to.width, to.height, op->at, fault);
    if (!failure && resize->kernel == MR_KERNEL_NEAREST) /* which pixel is nearest depends on it */
        failure = dec_picture_upright(picture, fault);
    if (!failure)
        failure = scale_to(picture, size, kernels[resize->kernel], op->at, fault);
    if (failure || (to.width == size.width && to.height == size.height))
        return failure;
    if (resize->fit == MR_FIT_COVER)
        return cut(picture, &resize->gravity, to, scene, op->at, fault);
    return embed(picture, resize, to, op->at, fault);
}

/* ---- crop ---------------------------------------------------------------------------------- */

enum dec_failure dec_op_crop(struct dec_picture *picture, const struct mr_op *op,
                             const struct dec_scene *scene, struct dec_fault *fault)
{
    const struct mr_op_crop *crop = &op->crop;
    int64_t right = (int64_t)crop->left + crop->width, bottom = (int64_t)crop->top + crop->height;
    VipsImage *out = NULL;
    int rc;

    (void)scene;
    if (right > picture->width || bottom > picture->height)
        return dec_fail(fault, DEC_OUT_OF_BOUNDS, "%s: %dx%d at %d,%d is not within %dx%d", op->at,
                        crop->width, crop->height, crop->left, crop->top, picture->width,
                        picture->height);
    if (!crop->placed)
        return cut(picture, &crop->gravity, (struct dec_size){crop->width, crop->height}, scene,
                   op->at, fault);
    rc = vips_extract_area(picture->image, &out, crop->left, crop->top, crop->width, crop->height,
                           NULL);
    return dec_op_done(picture, rc, out, op->at, fault);
}
