/* picture.c -- what every operation needs of a picture first: memory, a direction, colours. */
#include "worker/decoder/picture.h"

#include <inttypes.h>

void dec_picture_swap(struct dec_picture *picture, VipsImage *image)
{
    if (picture->image)
        g_object_unref(picture->image);
    picture->image = image;
}

void dec_picture_take(struct dec_picture *picture, VipsImage *image)
{
    dec_picture_swap(picture, image);
    picture->width = image->Xsize;
    picture->height = image->Ysize;
}

void dec_picture_release(struct dec_picture *picture)
{
    if (picture->image)
        g_object_unref(picture->image);
    *picture = (struct dec_picture){0};
}

struct dec_picture dec_picture_copy(const struct dec_picture *picture)
{
    struct dec_picture copy = *picture;

    g_object_ref(copy.image);
    return copy;
}

enum dec_failure dec_picture_settle(struct dec_picture *picture, struct dec_fault *fault)
{
    VipsImage *memory;

    if (!picture->streamed)
        return DEC_OK;
    memory = vips_image_copy_memory(picture->image);
    if (!memory)
        return dec_fail_vips(fault, DEC_CORRUPT, "decode");
    dec_picture_swap(picture, memory);
    picture->streamed = false;
    return DEC_OK;
}

enum dec_failure dec_picture_upright(struct dec_picture *picture, struct dec_fault *fault)
{
    VipsImage *turned;
    enum dec_failure failure;

    if (picture->turn == VIPS_ANGLE_D0 && !picture->flop)
        return DEC_OK;
    failure = dec_picture_settle(picture, fault);
    if (failure)
        return failure;
    if (picture->turn != VIPS_ANGLE_D0) {
        if (vips_rot(picture->image, &turned, picture->turn, NULL))
            return dec_fail_vips(fault, DEC_UNSUPPORTED, "orientation");
        dec_picture_swap(picture, turned);
        picture->turn = VIPS_ANGLE_D0;
    }
    if (picture->flop) {
        if (vips_flip(picture->image, &turned, VIPS_DIRECTION_HORIZONTAL, NULL))
            return dec_fail_vips(fault, DEC_UNSUPPORTED, "orientation");
        dec_picture_swap(picture, turned);
        picture->flop = false;
    }
    return DEC_OK;
}

void dec_picture_still(VipsImage *image)
{
    static const char *const fields[] = {
        VIPS_META_PAGE_HEIGHT, VIPS_META_N_PAGES, "delay", "gif-delay", "loop", "gif-loop"};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        vips_image_remove(image, fields[i]);
}

/* The embedded profile, or libvips' own for CMYK without one.  As sharp: perceptual; a profile that
 * is broken is as good as none. */
static VipsImage *profile_apply(VipsImage *image, int depth)
{
    VipsImage *out;

    if (image->Type != VIPS_INTERPRETATION_LABS &&
        vips_image_get_typeof(image, VIPS_META_ICC_NAME) &&
        vips_icc_transform(image, &out, "srgb", "embedded", TRUE, "depth", depth, "intent",
                           VIPS_INTENT_PERCEPTUAL, NULL) == 0)
        return out;
    vips_error_clear();
    if (image->Type != VIPS_INTERPRETATION_CMYK) {
        g_object_ref(image);
        return image;
    }
    if (vips_icc_transform(image, &out, "srgb", "input_profile", "cmyk", "depth", depth, "intent",
                           VIPS_INTENT_PERCEPTUAL, NULL))
        return NULL;
    return out;
}

struct space { /* what a picture is to be in */
    VipsInterpretation grey, color;
    VipsBandFormat format;
};
static const struct space plain = {VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_sRGB,
                                   VIPS_FORMAT_UCHAR};
static const struct space deep = {VIPS_INTERPRETATION_GREY16, VIPS_INTERPRETATION_RGB16,
                                  VIPS_FORMAT_USHORT};

static bool is_in(const VipsImage *image, const struct space *space)
{
    return image->BandFmt == space->format && image->Bands <= 4 &&
           (image->Type == space->color || (image->Type == space->grey && image->Bands <= 2));
}

static int space_make(VipsImage *image, const struct space *space, VipsImage **ret)
{
    VipsImage *there, *cast;

    if (vips_colourspace(image, &there, image->Bands < 3 ? space->grey : space->color,
                         "source_space", vips_image_guess_interpretation(image), NULL))
        return -1;
    if (vips_cast(there, &cast, space->format, NULL)) {
        g_object_unref(there);
        return -1;
    }
    g_object_unref(there);
    *ret = cast;
    return 0;
}

static enum dec_failure space_take(struct dec_picture *picture, const struct space *space,
                                   struct dec_fault *fault)
{
    VipsImage *image;

    if (picture->profiled || picture->image->Type == VIPS_INTERPRETATION_CMYK) {
        image = profile_apply(picture->image, space == &deep ? 16 : 8);
        if (!image)
            return dec_fail_vips(fault, DEC_UNSUPPORTED, "colours");
        dec_picture_swap(picture, image);
        picture->profiled = false;
    }
    if (is_in(picture->image, space))
        return DEC_OK;
    if (space_make(picture->image, space, &image))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, "colours");
    dec_picture_swap(picture, image);
    return DEC_OK;
}

enum dec_failure dec_picture_srgb(struct dec_picture *picture, struct dec_fault *fault)
{
    return space_take(picture, &plain, fault);
}

enum dec_failure dec_picture_srgb_deep(struct dec_picture *picture, struct dec_fault *fault)
{
    return space_take(picture, picture->image->BandFmt == VIPS_FORMAT_UCHAR ? &plain : &deep,
                      fault);
}

enum dec_failure dec_picture_colored(struct dec_picture *picture, struct mr_color color,
                                     struct dec_fault *fault)
{
    VipsImage *image;

    if (picture->image->Bands > 2 || (color.r == color.g && color.g == color.b))
        return DEC_OK;
    if (vips_colourspace(picture->image, &image, VIPS_INTERPRETATION_sRGB, NULL))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, "colours");
    dec_picture_swap(picture, image);
    return DEC_OK;
}

enum dec_failure dec_picture_alpha(struct dec_picture *picture, struct dec_fault *fault)
{
    VipsImage *image;

    if (vips_image_hasalpha(picture->image))
        return DEC_OK;
    if (vips_addalpha(picture->image, &image, NULL))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, "alpha");
    dec_picture_swap(picture, image);
    return DEC_OK;
}

enum dec_failure dec_size_check(const struct dec_limits *limits, int64_t width, int64_t height,
                                const char *at, struct dec_fault *fault)
{
    if ((uint64_t)(width * height) <= limits->pixels_max)
        return DEC_OK;
    return dec_fail(fault, DEC_TOO_LARGE,
                    "%s: would be %" PRId64 "x%" PRId64 ", the limit is %" PRIu64 " pixels", at,
                    width, height, limits->pixels_max);
}
