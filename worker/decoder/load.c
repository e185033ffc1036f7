/* load.c -- the loaders of libvips that we call, each by name, and how little they may decode. */
#include "worker/decoder/load.h"

#include <inttypes.h>

#define LOAD_OPTIONS "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_TRUNCATED

/* jpeg_shrink: 1 2 4 8; webp_scale: <= 1.  Only the format in question looks at its own. */
static int open_exact(const struct dec_source *source, enum mr_format format, int jpeg_shrink,
                      double webp_scale, VipsImage **ret)
{
    /* libvips does not write to it */
    void *data = (void *)(uintptr_t)source->data;

    switch (format) {
    case MR_FORMAT_JPEG:
        return vips_jpegload_buffer(data, source->len, ret, "shrink", jpeg_shrink, LOAD_OPTIONS,
                                    NULL);
    case MR_FORMAT_PNG:
        return vips_pngload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_WEBP:
        return vips_webpload_buffer(data, source->len, ret, "scale", webp_scale, LOAD_OPTIONS,
                                    NULL);
    case MR_FORMAT_AVIF:
    case MR_FORMAT_HEIC:
        return vips_heifload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_GIF:
        return vips_gifload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_TIFF:
        return vips_tiffload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_JXL:
        return vips_jxlload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_JP2:
        return vips_jp2kload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_SVG:
        return vips_svgload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_PDF:
        return vips_pdfload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_AUTO:
    case MR_FORMAT_COUNT:
        break;
    }
    return -1;
}

static int orientation_of(VipsImage *image)
{
    int orientation = 1;

    if (vips_image_get_typeof(image, VIPS_META_ORIENTATION))
        orientation = vips_image_get_orientation(image);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

enum dec_failure dec_load_open(const struct dec_source *source, const struct dec_limits *limits,
                               struct dec_header *ret, VipsImage **ret_image,
                               struct dec_fault *fault)
{
    const enum mr_format format = source->format;
    VipsImage *image = NULL;
    uint64_t pixels;

    if (open_exact(source, format, 1, 1, &image))
        return dec_fail_vips(fault, DEC_CORRUPT, mr_format_name(format));
    pixels = (uint64_t)image->Xsize * (uint64_t)image->Ysize;
    *ret = (struct dec_header){.format = format,
                               .width = image->Xsize,
                               .height = vips_image_get_page_height(image),
                               .pages = vips_image_get_n_pages(image),
                               .orientation = orientation_of(image)};
    if (pixels > limits->pixels_max) {
        g_object_unref(image);
        return dec_fail(fault, DEC_TOO_LARGE,
                        "source of %dx%d is %" PRIu64 " pixels, the limit is %" PRIu64, ret->width,
                        ret->height, pixels, limits->pixels_max);
    }
    *ret_image = image;
    return DEC_OK;
}

/* As sharp has it: the largest of 8, 4, 2 that leaves the result no larger than asked for, but one
 * step less where the resize after it would have next to nothing to do, which shows the rounding of
 * libjpeg's own scaling. */
static int jpeg_shrink_of(double shrink)
{
    int factor = shrink >= 8 ? 8 : shrink >= 4 ? 4 : shrink >= 2 ? 2 : 1;

    if (factor > 1 && (int)shrink == factor)
        factor /= 2;
    return factor;
}

static enum dec_failure reload(const struct dec_source *source, const struct dec_header *header,
                               double shrink, VipsImage **image, struct dec_fault *fault)
{
    int jpeg_shrink = header->format == MR_FORMAT_JPEG ? jpeg_shrink_of(shrink) : 1;
    double webp_scale = header->format == MR_FORMAT_WEBP && shrink > 1 ? 1 / shrink : 1;
    VipsImage *smaller;

    if (jpeg_shrink == 1 && webp_scale >= 1)
        return DEC_OK;
    if (open_exact(source, header->format, jpeg_shrink, webp_scale, &smaller))
        return dec_fail_vips(fault, DEC_CORRUPT, mr_format_name(header->format));
    g_object_unref(*image);
    *image = smaller;
    return DEC_OK;
}

/* EXIF's eight orientations as a turn clockwise and then a mirroring, left to right. */
static void orient_by(struct dec_picture *picture, int orientation)
{
    static const struct {
        VipsAngle turn;
        bool flop;
    } moves[9] = {
        [2] = {VIPS_ANGLE_D0, true},    [3] = {VIPS_ANGLE_D180, false},
        [4] = {VIPS_ANGLE_D180, true},  [5] = {VIPS_ANGLE_D90, true},
        [6] = {VIPS_ANGLE_D90, false},  [7] = {VIPS_ANGLE_D270, true},
        [8] = {VIPS_ANGLE_D270, false},
    };

    picture->turn = moves[orientation].turn;
    picture->flop = moves[orientation].flop;
    if (picture->turn == VIPS_ANGLE_D90 || picture->turn == VIPS_ANGLE_D270) {
        int width = picture->width;
        picture->width = picture->height;
        picture->height = width;
    }
}

static void orientation_forget(VipsImage *image)
{
    vips_image_remove(image, VIPS_META_ORIENTATION);
    vips_image_remove(image, "exif-ifd0-Orientation");
}

enum dec_failure dec_load_picture(const struct dec_source *source, const struct dec_header *header,
                                  VipsImage *image, double shrink, bool orient, bool keep_profile,
                                  struct dec_meter *meter, struct dec_picture *ret,
                                  struct dec_fault *fault)
{
    struct dec_picture picture = {.width = header->width, .height = header->height};
    enum dec_failure failure = reload(source, header, shrink, &image, fault);

    if (!failure && dec_meter_insert(image, meter, &picture.image))
        failure = dec_fail_vips(fault, DEC_CORRUPT, mr_format_name(header->format));
    g_object_unref(image);
    if (failure)
        return failure;
    picture.streamed = true;
    picture.profiled = vips_image_get_typeof(picture.image, VIPS_META_ICC_NAME) != 0;
    if (orient) {
        orient_by(&picture, header->orientation);
        orientation_forget(picture.image);
    }
    /* Colours that no output can keep, and depths that operations do not work in, go at once; the
     * profile of plain pixels is applied when they are fewer. */
    if (picture.image->BandFmt != VIPS_FORMAT_UCHAR ||
        (picture.image->Type != VIPS_INTERPRETATION_sRGB &&
         picture.image->Type != VIPS_INTERPRETATION_B_W)) {
        failure = dec_picture_srgb(&picture, fault);
        if (!failure)
            vips_image_remove(picture.image, VIPS_META_ICC_NAME);
    } else if (keep_profile) {
        picture.profiled = false;
    }
    if (failure)
        dec_picture_release(&picture);
    else
        *ret = picture;
    return failure;
}
