/* ops_redact.c -- regions that nobody shall see: filled, or made of so few pixels that nothing can
 * be read out of them. */
#include "worker/decoder/ops_step.h"

enum { CELLS = 6, CELL_MIN = 12 }; /* blocks across the longer side; px of one, at least */

static int cell_of(const struct mr_region *region)
{
    int cell = VIPS_MAX(region->width, region->height) / CELLS;

    return VIPS_MAX(cell, CELL_MIN);
}

/* A blur alone can be computed back: what is blurred are the blocks. */
static int hide(VipsObject *scope, VipsImage *part, const struct mr_region *region,
                enum mr_redact mode, VipsImage **ret)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 3);
    int cell = cell_of(region);

    if (mode == MR_REDACT_FILL) {
        const double scale[4] = {0, 0, 0, 0};
        double black[4] = {0, 0, 0, 0};
        if (vips_image_hasalpha(part))
            black[part->Bands - 1] = dec_white(part);
        if (vips_linear(part, &t[0], scale, black, part->Bands, NULL))
            return -1;
        return vips_cast(t[0], ret, part->BandFmt, NULL);
    }
    if (mode == MR_REDACT_PIXELATE)
        return dec_blocks(scope, part, ret, cell);
    if (dec_blocks(scope, part, &t[0], cell))
        return -1;
    return vips_gaussblur(t[0], ret, cell / 2.0, NULL);
}

static int redact(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, (int)op->redact.count * 3 + 1);
    VipsImage *image = in;

    for (size_t i = 0; i < op->redact.count; i++) {
        struct mr_region r = op->redact.regions[i];
        r.width = VIPS_MIN(r.width, in->Xsize - r.left);
        r.height = VIPS_MIN(r.height, in->Ysize - r.top);
        if (vips_extract_area(image, &t[3 * i], r.left, r.top, r.width, r.height, NULL) ||
            hide(scope, t[3 * i], &r, op->redact.mode, &t[3 * i + 1]) ||
            vips_insert(image, t[3 * i + 1], &t[3 * i + 2], r.left, r.top, NULL))
            return -1;
        image = t[3 * i + 2];
    }
    /* a small picture in the metadata would show it all */
    if (vips_copy(image, ret, NULL))
        return -1;
    vips_image_remove(*ret, "jpeg-thumbnail-data");
    return 0;
}

enum dec_failure dec_op_redact(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    (void)scene;
    for (size_t i = 0; i < op->redact.count; i++) {
        const struct mr_region *r = &op->redact.regions[i];
        if (r->left >= picture->width || r->top >= picture->height)
            return dec_fail(fault, DEC_OUT_OF_BOUNDS,
                            "%s/regions/%zu: begins at %d,%d, the picture is %dx%d", op->at, i,
                            r->left, r->top, picture->width, picture->height);
    }
    return dec_step(picture, redact, op, fault);
}
