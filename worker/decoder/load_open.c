/* load_open.c -- the loaders of libvips that we call, each by name, and the header's limits. */
#include "worker/decoder/load_open.h"

#include <inttypes.h>
#include <string.h>

#define LOAD_OPTIONS "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_TRUNCATED

static const double dpi_default = 72;

enum { DRAWING_SIDE_MAX = 32767 }; /* px: what the libraries that draw can address */

static int pages_of(const struct dec_source *source)
{
    return source->pages ? source->pages : 1;
}

/* HEIF says which of its pictures is the one meant: the first page is that. */
static int open_heif(void *data, const struct dec_source *source, VipsImage **ret)
{
    if (source->page == 0 && pages_of(source) == 1)
        return vips_heifload_buffer(data, source->len, ret, LOAD_OPTIONS, NULL);
    return vips_heifload_buffer(data, source->len, ret, "page", source->page, "n", pages_of(source),
                                LOAD_OPTIONS, NULL);
}

static int open_drawing(void *data, const struct dec_source *source, double scale, VipsImage **ret)
{
    double dpi = source->dpi > 0 ? source->dpi : dpi_default;

    if (source->format == MR_FORMAT_PDF)
        return vips_pdfload_buffer(data, source->len, ret, "page", source->page, "n",
                                   pages_of(source), "dpi", dpi, "scale", scale, LOAD_OPTIONS,
                                   NULL);
    return vips_svgload_buffer(data, source->len, ret, "dpi", dpi, "scale", scale, LOAD_OPTIONS,
                               NULL);
}

int dec_load_exact(const struct dec_source *source, int jpeg_shrink, double scale, VipsImage **ret)
{
    /* libvips does not write to it */
    void *data = (void *)(uintptr_t)source->data;
    size_t len = source->len;
    int page = source->page, n = pages_of(source);

    switch (source->format) {
    case MR_FORMAT_JPEG:
        return vips_jpegload_buffer(data, len, ret, "shrink", jpeg_shrink, LOAD_OPTIONS, NULL);
    case MR_FORMAT_PNG:
        return vips_pngload_buffer(data, len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_WEBP:
        return vips_webpload_buffer(data, len, ret, "page", page, "n", n, "scale", scale,
                                    LOAD_OPTIONS, NULL);
    case MR_FORMAT_AVIF:
    case MR_FORMAT_HEIC:
        return open_heif(data, source, ret);
    case MR_FORMAT_GIF:
        return vips_gifload_buffer(data, len, ret, "page", page, "n", n, LOAD_OPTIONS, NULL);
    case MR_FORMAT_TIFF:
        return vips_tiffload_buffer(data, len, ret, "page", page, "n", n, LOAD_OPTIONS, NULL);
    case MR_FORMAT_JXL:
        return vips_jxlload_buffer(data, len, ret, "page", page, "n", n, LOAD_OPTIONS, NULL);
    case MR_FORMAT_JP2:
        return vips_jp2kload_buffer(data, len, ret, LOAD_OPTIONS, NULL);
    case MR_FORMAT_SVG:
    case MR_FORMAT_PDF:
        return open_drawing(data, source, scale, ret);
    case MR_FORMAT_AUTO:
    case MR_FORMAT_RAW:
    case MR_FORMAT_BEST:
    case MR_FORMAT_COUNT:
        break;
    }
    vips_error("load", "no loader for %s", mr_format_name(source->format));
    return -1;
}

static int orientation_of(VipsImage *image)
{
    int orientation = 1;

    if (vips_image_get_typeof(image, VIPS_META_ORIENTATION))
        orientation = vips_image_get_orientation(image);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

/* Formats whose files hold one picture have no second page. */
static bool one_page(enum mr_format format)
{
    return format == MR_FORMAT_JPEG || format == MR_FORMAT_PNG || format == MR_FORMAT_SVG ||
           format == MR_FORMAT_JP2;
}

static enum dec_failure no_such_page(const struct dec_source *source, int pages,
                                     struct dec_fault *fault)
{
    return dec_fail(fault, DEC_OUT_OF_BOUNDS,
                    "source: page %d and %d from there, of %d; pages count from 0", source->page,
                    pages_of(source), pages);
}

/* What could not be opened as it was asked for: is it the page that is not there, or the file? */
/* libvips reads many pages as one roll, for which they must be alike. */
static bool pages_differ(const char *words)
{
    return strstr(words, "differs from page") != NULL;
}

static enum dec_failure open_failed(const struct dec_source *source, struct dec_fault *fault)
{
    const struct dec_source first = {
        .data = source->data, .len = source->len, .format = source->format};
    enum dec_failure failure = dec_fail_vips(fault, DEC_CORRUPT, mr_format_name(source->format));
    VipsImage *image;
    int pages;

    if (source->page == 0 && pages_of(source) == 1)
        return failure;
    if (dec_load_exact(&first, 1, 1, &image)) {
        vips_error_clear();
        return failure;
    }
    pages = vips_image_get_n_pages(image);
    g_object_unref(image);
    if (pages_differ(fault->cause))
        return dec_fail(fault, DEC_UNSUPPORTED,
                        "source: its pages differ in size or colours; read them one at a time");
    if (source->page >= pages || source->page + pages_of(source) > pages)
        return no_such_page(source, pages, fault);
    return failure;
}

enum dec_failure dec_load_check(const VipsImage *image, const struct dec_limits *limits,
                                enum mr_format format, struct dec_fault *fault)
{
    uint64_t pixels = (uint64_t)image->Xsize * (uint64_t)image->Ysize;

    if (pixels > limits->pixels_max)
        return dec_fail(fault, DEC_TOO_LARGE,
                        "source of %dx%d is %" PRIu64 " pixels, the limit is %" PRIu64,
                        image->Xsize, image->Ysize, pixels, limits->pixels_max);
    if (format == MR_FORMAT_SVG &&
        (image->Xsize > DRAWING_SIDE_MAX || image->Ysize > DRAWING_SIDE_MAX))
        return dec_fail(fault, DEC_TOO_LARGE, "source drawn at %dx%d, the limit is %d a side",
                        image->Xsize, image->Ysize, DRAWING_SIDE_MAX);
    return DEC_OK;
}

enum dec_failure dec_load_open(const struct dec_source *source, const struct dec_limits *limits,
                               struct dec_header *ret, VipsImage **ret_image,
                               struct dec_fault *fault)
{
    enum mr_format format = source->format;
    VipsImage *image = NULL;
    enum dec_failure failure;
    int height;

    if (one_page(format) && (source->page > 0 || pages_of(source) > 1))
        return no_such_page(source, 1, fault);
    if (dec_load_exact(source, 1, 1, &image))
        return open_failed(source, fault);
    failure = dec_load_check(image, limits, format, fault);
    if (failure) {
        g_object_unref(image);
        return failure;
    }
    height = vips_image_get_page_height(image);
    *ret = (struct dec_header){.format = format,
                               .width = image->Xsize,
                               .height = height,
                               .pages = vips_image_get_n_pages(image),
                               .read = image->Ysize / height,
                               .orientation = orientation_of(image)};
    *ret_image = image;
    return DEC_OK;
}
