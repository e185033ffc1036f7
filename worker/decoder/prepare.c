/* prepare.c -- what stands between the last operation and the codec. */
#include "worker/decoder/prepare.h"

#include <string.h>

/* ---- colours and depth ---------------------------------------------------------------------- */

static bool deep(const VipsImage *image)
{
    return image->Type == VIPS_INTERPRETATION_RGB16 || image->Type == VIPS_INTERPRETATION_GREY16;
}

/* True where a file of the format can hold the picture's own colours and depth. */
static bool holds(enum mr_format format, const struct mr_recipe_output *output,
                  const VipsImage *image)
{
    bool cmyk = image->Type == VIPS_INTERPRETATION_CMYK && image->BandFmt == VIPS_FORMAT_UCHAR;

    switch (format) {
    case MR_FORMAT_RAW:
        return true;
    case MR_FORMAT_JPEG:
        return cmyk;
    case MR_FORMAT_TIFF:
        if (output->bitdepth && output->bitdepth < 16)
            return false;
        if (output->tiff == MR_TIFF_JPEG)
            return cmyk;
        return cmyk || deep(image) || image->Type == VIPS_INTERPRETATION_LAB;
    case MR_FORMAT_PNG:
        return deep(image) && !output->palette && (!output->bitdepth || output->bitdepth == 16);
    case MR_FORMAT_JXL:
        return deep(image);
    case MR_FORMAT_AVIF:
    case MR_FORMAT_HEIC:
        return deep(image) && output->bitdepth > 8;
    case MR_FORMAT_AUTO:
    case MR_FORMAT_WEBP:
    case MR_FORMAT_GIF:
    case MR_FORMAT_BEST:
    case MR_FORMAT_SVG:
    case MR_FORMAT_PDF:
    case MR_FORMAT_JP2:
    case MR_FORMAT_COUNT:
        break;
    }
    return false;
}

static enum dec_failure space_set(struct dec_picture *picture, VipsInterpretation space,
                                  struct dec_fault *fault)
{
    VipsImage *out;

    if (picture->image->Type == space)
        return DEC_OK;
    if (vips_colourspace(picture->image, &out, space, NULL))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, "colours");
    dec_picture_swap(picture, out);
    return DEC_OK;
}

static enum dec_failure alpha_drop(struct dec_picture *picture, struct dec_fault *fault)
{
    VipsImage *out;

    if (!vips_image_hasalpha(picture->image))
        return DEC_OK;
    if (vips_flatten(picture->image, &out, NULL))
        return dec_fail_vips(fault, DEC_UNSUPPORTED, "alpha");
    dec_picture_swap(picture, out);
    return DEC_OK;
}

static enum dec_failure tiff_fit(struct dec_picture *picture, const struct mr_recipe_output *output,
                                 struct dec_fault *fault)
{
    enum dec_failure failure = DEC_OK;

    if (output->bitdepth && output->bitdepth < 8)
        failure = space_set(picture, VIPS_INTERPRETATION_B_W, fault);
    if (!failure && (output->tiff == MR_TIFF_JPEG || (output->bitdepth && output->bitdepth < 8)))
        failure = alpha_drop(picture, fault);
    return failure;
}

static enum dec_failure depth_fit(struct dec_picture *picture,
                                  const struct mr_recipe_output *output, enum mr_format format,
                                  struct dec_fault *fault)
{
    bool grey = picture->image->Bands < 3;

    if (format == MR_FORMAT_TIFF) {
        enum dec_failure failure = tiff_fit(picture, output, fault);
        if (failure)
            return failure;
    }
    if (output->bitdepth == 16 && picture->image->BandFmt == VIPS_FORMAT_UCHAR &&
        (format == MR_FORMAT_PNG || (format == MR_FORMAT_TIFF && output->tiff != MR_TIFF_JPEG)) &&
        picture->image->Type != VIPS_INTERPRETATION_CMYK)
        return space_set(picture, grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16,
                         fault);
    return DEC_OK;
}

/* ---- profiles ------------------------------------------------------------------------------- */

/* The colours of the embedded profile are the picture's: "RGB ", "GRAY", "CMYK" in its header. */
static bool profile_fits(VipsImage *image, bool *ret_color)
{
    enum { SPACE_AT = 16 };
    const void *data;
    const char *space;
    size_t len;

    if (vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &len) || len < SPACE_AT + 4)
        return false;
    space = (const char *)data + SPACE_AT;
    *ret_color = memcmp(space, "RGB ", 4) == 0;
    if (image->Type == VIPS_INTERPRETATION_CMYK)
        return memcmp(space, "CMYK", 4) == 0;
    return image->Bands < 3 ? memcmp(space, "GRAY", 4) == 0 : *ret_color;
}

/* The profile stays where it is, with pixels that it fits. */
static enum dec_failure profile_keep(struct dec_picture *picture, struct dec_fault *fault)
{
    bool color = false;

    if (!vips_image_get_typeof(picture->image, VIPS_META_ICC_NAME) ||
        profile_fits(picture->image, &color) || !color || picture->image->Bands > 2)
        return DEC_OK;
    return space_set(picture,
                     picture->image->Type == VIPS_INTERPRETATION_GREY16 ? VIPS_INTERPRETATION_RGB16
                                                                        : VIPS_INTERPRETATION_sRGB,
                     fault);
}

static enum dec_failure profile_apply(struct dec_picture *picture, const char *name,
                                      struct dec_fault *fault)
{
    bool own = vips_image_get_typeof(picture->image, VIPS_META_ICC_NAME) != 0;
    enum dec_failure failure = DEC_OK;
    VipsImage *out;
    int rc;

    if (picture->image->Bands < 3) {
        failure = space_set(
            picture, deep(picture->image) ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB,
            fault);
        own = false;
    }
    if (failure)
        return failure;
    rc = vips_icc_transform(picture->image, &out, name, "embedded", own, "input_profile", "srgb",
                            "depth", deep(picture->image) && strcmp(name, "cmyk") != 0 ? 16 : 8,
                            "intent", VIPS_INTENT_PERCEPTUAL, NULL);
    if (rc)
        return dec_fail_vips(fault, DEC_UNSUPPORTED, "icc");
    dec_picture_swap(picture, out);
    return DEC_OK;
}

static enum dec_failure profile_set(struct dec_picture *picture,
                                    const struct mr_recipe_output *output, enum mr_format format,
                                    const char *at, struct dec_fault *fault)
{
    enum dec_failure failure = DEC_OK;

    switch (output->icc) {
    case MR_ICC_SRGB:
        break;
    case MR_ICC_KEEP:
        return profile_keep(picture, fault);
    case MR_ICC_P3:
        if (picture->image->Type == VIPS_INTERPRETATION_CMYK ||
            picture->image->Type == VIPS_INTERPRETATION_LAB)
            return dec_fail(fault, DEC_RECIPE_INVALID, "%s/icc: p3 is a profile of RGB", at);
        return profile_apply(picture, "p3", fault);
    case MR_ICC_CMYK:
        if (format != MR_FORMAT_JPEG && format != MR_FORMAT_TIFF)
            return dec_fail(fault, DEC_RECIPE_INVALID, "%s/icc: %s holds no CMYK", at,
                            mr_format_name(format));
        if (picture->image->Type == VIPS_INTERPRETATION_CMYK)
            return DEC_OK;
        failure = alpha_drop(picture, fault);
        return failure ? failure : profile_apply(picture, "cmyk", fault);
    }
    return DEC_OK;
}

enum dec_failure dec_prepare(struct dec_picture *picture, const struct mr_recipe_output *output,
                             enum mr_format format, const char *at, struct dec_fault *fault)
{
    enum dec_failure failure = DEC_OK;
    bool held = holds(format, output, picture->image);

    if (format == MR_FORMAT_TIFF && output->tiff == MR_TIFF_JPEG &&
        picture->image->Type == VIPS_INTERPRETATION_LAB)
        return dec_fail(fault, DEC_RECIPE_INVALID, "%s/compression: jpeg holds no Lab", at);
    if (picture->profiled && output->icc == MR_ICC_SRGB)
        failure = held ? dec_picture_srgb_deep(picture, fault) : dec_picture_srgb(picture, fault);
    if (!failure && !held &&
        (picture->image->BandFmt != VIPS_FORMAT_UCHAR ||
         (picture->image->Type != VIPS_INTERPRETATION_sRGB &&
          picture->image->Type != VIPS_INTERPRETATION_B_W)))
        failure = dec_picture_srgb(picture, fault);
    if (!failure)
        failure = profile_set(picture, output, format, at, fault);
    if (!failure)
        failure = depth_fit(picture, output, format, fault);
    return failure;
}

/* ---- words ---------------------------------------------------------------------------------- */

/* Of everything that EXIF says, who made it and whose it is. */
static void *only_rights(VipsImage *image, const char *field, GValue *value, void *fields)
{
    static const char *const kept[] = {"exif-ifd0-Copyright", "exif-ifd0-Artist"};

    (void)image, (void)value;
    if (strncmp(field, "exif-", 5) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (strcmp(field, kept[i]) == 0)
            return NULL;
    g_ptr_array_add(fields, g_strdup(field));
    return NULL;
}

static void rights_keep(VipsImage *image)
{
    GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);

    vips_image_map(image, only_rights, fields);
    for (guint i = 0; i < fields->len; i++)
        vips_image_remove(image, g_ptr_array_index(fields, i));
    g_ptr_array_unref(fields);
}

static void pages_say(VipsImage *image, int pages, enum mr_format format)
{
    if (pages <= 1) {
        dec_picture_still(image);
        return;
    }
    if (!mr_format_animated(format)) {
        vips_image_remove(image, "delay");
        vips_image_remove(image, "loop");
    }
    vips_image_set_int(image, VIPS_META_PAGE_HEIGHT, image->Ysize / pages);
    vips_image_set_int(image, VIPS_META_N_PAGES, pages);
}

unsigned dec_prepare_words(VipsImage *image, int pages, const struct mr_recipe_output *output,
                           enum mr_format format)
{
    unsigned keep = VIPS_FOREIGN_KEEP_NONE;
    bool color;

    pages_say(image, pages, format);
    switch (output->metadata) {
    case MR_METADATA_NONE:
        break;
    case MR_METADATA_KEEP:
        keep = VIPS_FOREIGN_KEEP_ALL & ~(unsigned)VIPS_FOREIGN_KEEP_ICC;
        break;
    case MR_METADATA_COPYRIGHT:
        rights_keep(image);
        keep = VIPS_FOREIGN_KEEP_EXIF;
        break;
    }
    if (output->icc != MR_ICC_SRGB && profile_fits(image, &color))
        keep |= VIPS_FOREIGN_KEEP_ICC;
    else
        vips_image_remove(image, VIPS_META_ICC_NAME); /* `keep` is not enough for all savers */
    return keep;
}
