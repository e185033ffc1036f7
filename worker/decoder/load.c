/* load.c -- how little of a file is decoded for what becomes of it, and in which colours. */
#include "worker/decoder/load.h"

#include "worker/decoder/load_open.h"

/* As sharp has it: the largest of 8, 4, 2 that leaves the result no larger than asked for, but one
 * step less where the resize after it would have next to nothing to do, which shows the rounding of
 * libjpeg's own scaling. */
int dec_load_jpeg_shrink(double shrink)
{
    int factor = shrink >= 8 ? 8 : shrink >= 4 ? 4 : shrink >= 2 ? 2 : 1;

    if (factor > 1 && (int)shrink == factor)
        factor /= 2;
    return factor;
}

static double scale_of(enum mr_format format, double shrink)
{
    if (format == MR_FORMAT_SVG || format == MR_FORMAT_PDF)
        return 1 / shrink;
    return format == MR_FORMAT_WEBP && shrink > 1 ? 1 / shrink : 1;
}

/* Opens it again, so that it comes smaller (a drawing: in any other size). */
static enum dec_failure reload(const struct dec_source *source, const struct dec_limits *limits,
                               const struct dec_header *header, double shrink, VipsImage **image,
                               struct dec_fault *fault)
{
    int jpeg_shrink = header->format == MR_FORMAT_JPEG ? dec_load_jpeg_shrink(shrink) : 1;
    double scale = scale_of(header->format, shrink);
    VipsImage *other;
    enum dec_failure failure;

    if (jpeg_shrink == 1 && scale >= 1 && scale <= 1)
        return DEC_OK;
    if (dec_load_exact(source, jpeg_shrink, scale, &other))
        return dec_fail_vips(fault, DEC_CORRUPT, mr_format_name(header->format));
    failure = dec_load_check(other, limits, header->format, fault);
    if (failure) {
        g_object_unref(other);
        return failure;
    }
    g_object_unref(*image);
    *image = other;
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

static bool plain_colours(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_UCHAR && image->Bands <= 4 &&
           (image->Type == VIPS_INTERPRETATION_sRGB ||
            (image->Type == VIPS_INTERPRETATION_B_W && image->Bands <= 2));
}

/* Colours that no output can keep, and depths that operations do not work in, go at once; the
 * profile of plain pixels is applied when they are fewer. */
static enum dec_failure colours_of(struct dec_picture *picture, const struct dec_want *want,
                                   struct dec_fault *fault)
{
    bool profiled = vips_image_get_typeof(picture->image, VIPS_META_ICC_NAME) != 0;
    enum dec_failure failure;

    picture->profiled = profiled;
    if (plain_colours(picture->image)) {
        if (want->keep_profile)
            picture->profiled = false;
        return DEC_OK;
    }
    failure = want->deep ? dec_picture_srgb_deep(picture, fault) : dec_picture_srgb(picture, fault);
    if (failure || !profiled)
        return failure;
    /* it is sRGB now, and says so only where a profile was to be kept */
    vips_image_remove(picture->image, VIPS_META_ICC_NAME);
    if (want->keep_profile) {
        VipsBlob *srgb;
        if (vips_profile_load("srgb", &srgb, NULL))
            return dec_fail_vips(fault, DEC_UNSUPPORTED, "colours");
        vips_image_set_blob_copy(picture->image, VIPS_META_ICC_NAME, VIPS_AREA(srgb)->data,
                                 VIPS_AREA(srgb)->length);
        vips_area_unref(VIPS_AREA(srgb));
    }
    return DEC_OK;
}

/* The delays of the pages that are read, out of those of all. */
static void delays_cut(VipsImage *image, const struct dec_source *source, int read)
{
    int *delays, n, *cut;

    if (!vips_image_get_typeof(image, "delay") ||
        vips_image_get_array_int(image, "delay", &delays, &n) || source->page == 0 ||
        source->page + read > n)
        return;
    cut = g_memdup2(delays + source->page, sizeof(int) * (size_t)read);
    vips_image_set_array_int(image, "delay", cut, read);
    g_free(cut);
}

enum dec_failure dec_load_picture(const struct dec_source *source, const struct dec_limits *limits,
                                  const struct dec_header *header, VipsImage *image,
                                  const struct dec_want *want, struct dec_meter *meter,
                                  struct dec_picture *ret, struct dec_fault *fault)
{
    struct dec_picture picture = {.width = header->width, .height = header->height, .pages = 1};
    enum dec_failure failure = reload(source, limits, header, want->shrink, &image, fault);

    if (!failure && dec_meter_insert(image, meter, &picture.image))
        failure = dec_fail_vips(fault, DEC_CORRUPT, mr_format_name(header->format));
    g_object_unref(image);
    if (failure)
        return failure;
    picture.streamed = true;
    picture.pages = header->read;
    if (picture.pages > 1)
        delays_cut(picture.image, source, picture.pages);
    else
        dec_picture_still(picture.image);
    if (want->orient) {
        orient_by(&picture, header->orientation);
        orientation_forget(picture.image);
    }
    failure = colours_of(&picture, want, fault);
    if (failure)
        dec_picture_release(&picture);
    else
        *ret = picture;
    return failure;
}
