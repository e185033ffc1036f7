/* ops_composite.c -- layers on a picture. */
#include "worker/decoder/ops.h"

/* In the order of enum mr_blend. */
static const VipsBlendMode modes[] = {
    VIPS_BLEND_MODE_CLEAR,      VIPS_BLEND_MODE_SOURCE,       VIPS_BLEND_MODE_OVER,
    VIPS_BLEND_MODE_IN,         VIPS_BLEND_MODE_OUT,          VIPS_BLEND_MODE_ATOP,
    VIPS_BLEND_MODE_DEST,       VIPS_BLEND_MODE_DEST_OVER,    VIPS_BLEND_MODE_DEST_IN,
    VIPS_BLEND_MODE_DEST_OUT,   VIPS_BLEND_MODE_DEST_ATOP,    VIPS_BLEND_MODE_XOR,
    VIPS_BLEND_MODE_ADD,        VIPS_BLEND_MODE_SATURATE,     VIPS_BLEND_MODE_MULTIPLY,
    VIPS_BLEND_MODE_SCREEN,     VIPS_BLEND_MODE_OVERLAY,      VIPS_BLEND_MODE_DARKEN,
    VIPS_BLEND_MODE_LIGHTEN,    VIPS_BLEND_MODE_COLOUR_DODGE, VIPS_BLEND_MODE_COLOUR_BURN,
    VIPS_BLEND_MODE_HARD_LIGHT, VIPS_BLEND_MODE_SOFT_LIGHT,   VIPS_BLEND_MODE_DIFFERENCE,
    VIPS_BLEND_MODE_EXCLUSION,
};

/* What is opaque stays opaque under these, so that no alpha needs to be kept. */
static bool keeps_opaque(enum mr_blend blend)
{
    switch (blend) {
    case MR_BLEND_CLEAR:
    case MR_BLEND_SOURCE:
    case MR_BLEND_IN:
    case MR_BLEND_OUT:
    case MR_BLEND_DEST_IN:
    case MR_BLEND_DEST_OUT:
    case MR_BLEND_DEST_ATOP:
    case MR_BLEND_XOR:
        return false;
    case MR_BLEND_OVER:
    case MR_BLEND_ATOP:
    case MR_BLEND_DEST:
    case MR_BLEND_DEST_OVER:
    case MR_BLEND_ADD:
    case MR_BLEND_SATURATE:
    case MR_BLEND_MULTIPLY:
    case MR_BLEND_SCREEN:
    case MR_BLEND_OVERLAY:
    case MR_BLEND_DARKEN:
    case MR_BLEND_LIGHTEN:
    case MR_BLEND_COLOUR_DODGE:
    case MR_BLEND_COLOUR_BURN:
    case MR_BLEND_HARD_LIGHT:
    case MR_BLEND_SOFT_LIGHT:
    case MR_BLEND_DIFFERENCE:
    case MR_BLEND_EXCLUSION:
        break;
    }
    return true;
}

static enum dec_failure srgb_alpha(struct dec_picture *picture, struct dec_fault *fault)
{
    const struct mr_color colorful = {1, 0, 0, 255}; /* none that grey could be */
    enum dec_failure failure = dec_picture_srgb(picture, fault);

    if (!failure)
        failure = dec_picture_upright(picture, fault);
    if (!failure)
        failure = dec_picture_settle(picture, fault);
    if (!failure)
        failure = dec_picture_colored(picture, colorful, fault);
    if (!failure)
        failure = dec_picture_alpha(picture, fault);
    return failure;
}

static enum dec_failure opacity_apply(struct dec_picture *picture, double opacity,
                                      struct dec_fault *fault)
{
    const double scale[4] = {1, 1, 1, opacity}, zero[4] = {0};
    VipsImage *out = NULL;

    if (opacity >= 1)
        return DEC_OK;
    if (vips_linear(picture->image, &out, scale, zero, 4, "uchar", TRUE, NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, "opacity");
    dec_picture_swap(picture, out);
    return DEC_OK;
}

static enum dec_failure layer_load(const struct mr_layer *layer, const struct dec_scene *scene,
                                   struct dec_picture *ret, struct dec_fault *fault)
{
    const struct mr_ops *lists[] = {&layer->ops};
    struct dec_source source = scene->sources[layer->source];
    struct dec_want want = {.orient = true};
    struct dec_header header;
    VipsImage *image;
    int width, height;
    enum dec_failure failure;

    source.pages = 1; /* a layer lies still */
    failure = dec_load_open(&source, scene->limits, &header, &image, fault);
    if (failure)
        return failure;
    width = header.orientation >= 5 ? header.height : header.width;
    height = header.orientation >= 5 ? header.width : header.height;
    want.shrink = dec_ops_shrink(lists, 1, width, height);
    failure =
        dec_load_picture(&source, scene->limits, &header, image, &want, scene->meter, ret, fault);
    if (!failure)
        failure = dec_ops_run(ret, &layer->ops, scene, fault);
    if (!failure)
        failure = srgb_alpha(ret, fault);
    if (!failure)
        failure = opacity_apply(ret, layer->opacity, fault);
    return failure;
}

static int tiles_of(int outer, int inner, bool middle)
{
    int count = (outer + inner - 1) / inner;

    return middle ? count | 1 : count; /* an odd count has one in the middle */
}

/* Side by side over the whole picture, from where gravity or left and top say. */
static enum dec_failure tile(struct dec_picture *picture, const struct mr_layer *layer,
                             struct dec_size base, struct dec_fault *fault)
{
    enum mr_gravity_kind kind = layer->gravity.kind;
    bool x_middle = kind == MR_GRAVITY_CENTER || kind == MR_GRAVITY_NORTH ||
                    kind == MR_GRAVITY_SOUTH || kind == MR_GRAVITY_FOCAL;
    bool y_middle = kind == MR_GRAVITY_CENTER || kind == MR_GRAVITY_EAST ||
                    kind == MR_GRAVITY_WEST || kind == MR_GRAVITY_FOCAL;
    int across = tiles_of(base.width, picture->width, x_middle);
    int down = tiles_of(base.height, picture->height, y_middle);
    struct dec_size whole = {picture->width * across, picture->height * down};
    VipsImage *many, *out = NULL;
    int left, top, rc;

    if (vips_replicate(picture->image, &many, across, down, NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, "tile");
    if (layer->placed) {
        left = VIPS_CLIP(0, layer->left, whole.width - base.width);
        top = VIPS_CLIP(0, layer->top, whole.height - base.height);
    } else {
        dec_place(&layer->gravity, DEC_PLACE_CROP, whole, base, &left, &top);
    }
    rc = vips_extract_area(many, &out, left, top, base.width, base.height, NULL);
    g_object_unref(many);
    return dec_op_done(picture, rc, out, "tile", fault);
}

static enum dec_failure layer_apply(struct dec_picture *picture, const struct mr_layer *layer,
                                    const struct dec_scene *scene, const char *at,
                                    struct dec_fault *fault)
{
    struct dec_size base = {picture->width, picture->height}, size;
    struct dec_picture over = {0};
    VipsImage *out = NULL;
    int left = layer->left, top = layer->top, rc;
    enum dec_failure failure = layer_load(layer, scene, &over, fault);

    if (!failure && layer->tile)
        failure = tile(&over, layer, base, fault);
    if (!failure) {
        size = (struct dec_size){over.width, over.height};
        if (layer->tile)
            left = top = 0;
        else if (!layer->placed)
            dec_place(&layer->gravity, DEC_PLACE_CROP, base, size, &left, &top);
        rc = vips_composite2(picture->image, over.image, &out, modes[layer->blend], "x", left, "y",
                             top, "compositing_space", VIPS_INTERPRETATION_sRGB, NULL);
        failure = dec_op_done(picture, rc, out, at, fault);
    }
    dec_picture_release(&over);
    return failure;
}

/* One layer after the other, each into memory: the picture under it may then be read again, and
 * the layer's own pixels are let go. */
enum dec_failure dec_op_composite(struct dec_picture *picture, const struct mr_op *op,
                                  const struct dec_scene *scene, struct dec_fault *fault)
{
    bool opaque = !vips_image_hasalpha(picture->image);
    VipsImage *out = NULL, *bytes = NULL;
    enum dec_failure failure = srgb_alpha(picture, fault);
    int rc;

    for (size_t i = 0; !failure && i < op->composite.count; i++) {
        const struct mr_layer *layer = &op->composite.layers[i];
        if (layer->source >= scene->source_count)
            return dec_fail(fault, DEC_RECIPE_INVALID, "%s/layers/%zu: no such source", op->at, i);
        opaque = opaque && keeps_opaque(layer->blend);
        failure = layer_apply(picture, layer, scene, op->at, fault);
        if (!failure) {
            picture->streamed = true; /* not yet made: made now, into memory */
            failure = dec_picture_settle(picture, fault);
        }
    }
    if (failure)
        return failure;
    if (vips_cast(picture->image, &bytes, VIPS_FORMAT_UCHAR, NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, op->at);
    if (!opaque)
        return dec_op_done(picture, 0, bytes, op->at, fault);
    rc = vips_extract_band(bytes, &out, 0, "n", 3, NULL);
    g_object_unref(bytes);
    return dec_op_done(picture, rc, out, op->at, fault);
}
