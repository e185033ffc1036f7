/* budget.c -- pixels times bytes: what a reader holds, what the operations hold, what a writer
 * holds. The factors were measured (tests/unit/decoder/budget_test.c measures them again): peak of
 * the resident set beyond an idle decoder's, by format. */
#include "worker/decoder/budget.h"

#include <string.h>

enum {
    TASK_BYTES = 24 << 20, /* of any task: rows under way, tables, threads */
    LOAD_PIXEL_BYTES_MAX = 16,
};

struct area { /* px of one page, and pages */
    double width, height, pages;
};

static double pixels_of(const struct area *area)
{
    return area->width * area->height * area->pages;
}

static bool flagged(VipsImage *image, const char *name)
{
    int value = 0;

    return vips_image_get_typeof(image, name) && vips_image_get_int(image, name, &value) == 0 &&
           value;
}

/* Coefficients of a whole progressive picture: two bytes each, chroma by its subsampling. */
static double jpeg_pixel_bytes(VipsImage *image)
{
    const char *chroma = "";

    if (!flagged(image, "interlaced") && !flagged(image, "jpeg-multiscan"))
        return 0;
    if (vips_image_get_typeof(image, "jpeg-chroma-subsample"))
        (void)vips_image_get_string(image, "jpeg-chroma-subsample", &chroma);
    return strcmp(chroma, "4:2:0") == 0 ? 3.2 : 2.1 * image->Bands;
}

/* What the reader of a format holds for each pixel of the picture; rows alone are in TASK_BYTES. */
static double load_pixel_bytes(VipsImage *image, enum mr_format format)
{
    const double pixel = (double)VIPS_IMAGE_SIZEOF_PEL(image);

    switch (format) {
    case MR_FORMAT_JPEG:
        return jpeg_pixel_bytes(image);
    case MR_FORMAT_PNG:
        return flagged(image, "interlaced") ? pixel : 0;
    case MR_FORMAT_WEBP:
        return 6;
    case MR_FORMAT_AVIF:
    case MR_FORMAT_HEIC:
        return 3 + 3 * pixel;
    case MR_FORMAT_GIF:
        return 5;
    default:
        break;
    }
    return 2 * pixel < LOAD_PIXEL_BYTES_MAX ? 2 * pixel : LOAD_PIXEL_BYTES_MAX;
}

/* What the writer of a format holds for each pixel of its output. */
static double save_pixel_bytes(const struct mr_recipe_output *output, enum mr_format format)
{
    switch (format) {
    case MR_FORMAT_JPEG:
        return output->progressive ? 8 : 2;
    case MR_FORMAT_PNG:
        return output->progressive ? 8 : 4;
    case MR_FORMAT_WEBP:
        return output->lossless ? 48 : 12;
    case MR_FORMAT_TIFF:
        return 8;
    case MR_FORMAT_GIF:
        return 24;
    default:
        break;
    }
    return 64; /* AVIF, HEIF, JPEG XL: a whole frame in several planes */
}

static struct area resized(struct area in, const struct mr_op_resize *resize)
{
    const double x = resize->width / in.width, y = resize->height / in.height;
    double scale_x = x, scale_y = y;

    if ((!resize->width && !resize->height) || in.width <= 0 || in.height <= 0)
        return in;
    if (!resize->height || (resize->width && resize->fit == MR_FIT_INSIDE && x < y) ||
        (resize->width && resize->fit == MR_FIT_OUTSIDE && x > y))
        scale_y = x;
    else if (!resize->width || resize->fit == MR_FIT_INSIDE || resize->fit == MR_FIT_OUTSIDE)
        scale_x = y;
    in.width *= scale_x;
    in.height *= scale_y;
    return in;
}

/* Rows go through these; any other one may want the whole picture. */
static bool streams(const struct mr_op *op)
{
    if (op->type == MR_OP_CROP)
        return op->crop.placed || op->crop.gravity.kind < MR_GRAVITY_ATTENTION;
    if (op->type == MR_OP_RESIZE)
        return op->resize.gravity.kind < MR_GRAVITY_ATTENTION || op->resize.fit != MR_FIT_COVER;
    return op->type == MR_OP_FLATTEN || op->type == MR_OP_GRAYSCALE;
}

/* The most that a list of operations holds at a time; *area becomes its result's.  What grows
 * beyond the limit of pixels is refused by the operation itself, before there is one: nothing is
 * held. */
static double list_bytes(const struct mr_ops *ops, struct area *area, double pixel,
                         const struct dec_limits *limits)
{
    double most = 0;

    for (size_t i = 0; i < ops->count; i++) {
        const struct mr_op *op = &ops->list[i];
        const struct area in = *area;
        double held;

        if (op->type == MR_OP_RESIZE)
            *area = resized(in, &op->resize);
        if (op->type == MR_OP_CROP && op->crop.width < in.width && op->crop.height < in.height)
            area->width = op->crop.width, area->height = op->crop.height;
        if (pixels_of(area) > (double)limits->pixels_max)
            *area = (struct area){0};
        held = streams(op) ? 0 : (pixels_of(&in) + pixels_of(area)) * pixel;
        if (held > most)
            most = held;
    }
    return most;
}

/* By how much less is read for a recipe whose every way begins with the same kind of resize. */
static double shrink_of(const struct mr_recipe *recipe, const struct dec_header *header)
{
    const struct area full = {header->width, header->height, 1};
    double least = 0;

    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_ops *ops = recipe->ops.count ? &recipe->ops : &recipe->outputs[i].ops;
        struct area area = full;
        double shrink;
        if (ops->count == 0 || ops->list[0].type != MR_OP_RESIZE)
            return 1;
        area = resized(full, &ops->list[0].resize);
        shrink = full.width / area.width < full.height / area.height ? full.width / area.width
                                                                     : full.height / area.height;
        if (i == 0 || shrink < least)
            least = shrink;
    }
    return least;
}

/* What is left to the operations after the reader left out what it can. */
static struct area loaded(const struct dec_header *header, VipsImage *image, double shrink)
{
    struct area area = {image->Xsize, header->height, image->Ysize / (double)header->height};
    double factor = 1;

    if (header->format == MR_FORMAT_JPEG)
        factor = shrink >= 8 ? 8 : shrink >= 4 ? 4 : shrink >= 2 ? 2 : 1;
    if (header->format == MR_FORMAT_WEBP && shrink > 1)
        factor = shrink;
    area.width /= factor;
    area.height /= factor;
    return area;
}

static double load_bytes(VipsImage *image, const struct dec_header *header, const struct area *area)
{
    const double full = (double)image->Xsize * image->Ysize;
    const double seen = header->format == MR_FORMAT_WEBP ? pixels_of(area) : full;

    return seen * load_pixel_bytes(image, header->format);
}

/* A layer is read whole and kept. */
static enum dec_failure layer_bytes(const struct dec_source *source,
                                    const struct dec_limits *limits, double *sum,
                                    struct dec_fault *fault)
{
    struct dec_header header;
    VipsImage *image;
    enum dec_failure failure = dec_load_open(source, limits, &header, &image, fault);

    if (failure)
        return failure;
    *sum += (double)image->Xsize * image->Ysize * (load_pixel_bytes(image, header.format) + 8);
    g_object_unref(image);
    return DEC_OK;
}

static double outputs_bytes(const struct mr_recipe *recipe, enum mr_format source_format,
                            const struct area *shared, double pixel,
                            const struct dec_limits *limits)
{
    double most = 0;

    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_recipe_output *output = &recipe->outputs[i];
        struct area area = *shared;
        double bytes = list_bytes(&output->ops, &area, pixel, limits);
        enum mr_format format = output->format == MR_FORMAT_AUTO ? source_format : output->format;

        bytes += pixels_of(&area) * (save_pixel_bytes(output, format) + pixel);
        if (bytes > most)
            most = bytes;
    }
    return most;
}

enum dec_failure dec_budget_render(const struct mr_recipe *recipe, const struct dec_source *sources,
                                   size_t source_count, const struct dec_limits *limits,
                                   uint64_t *ret, struct dec_fault *fault)
{
    double bytes = TASK_BYTES, pixel;
    struct dec_header header;
    struct area area;
    VipsImage *image;
    enum dec_failure failure = dec_load_open(&sources[0], limits, &header, &image, fault);

    if (failure)
        return failure;
    area = loaded(&header, image, shrink_of(recipe, &header));
    bytes += load_bytes(image, &header, &area);
    pixel = image->BandFmt == VIPS_FORMAT_UCHAR ? 4 : 8;
    bytes += list_bytes(&recipe->ops, &area, pixel, limits);
    if (recipe->output_count > 1)
        bytes += pixels_of(&area) * pixel;
    bytes += outputs_bytes(recipe, header.format, &area, pixel, limits);
    g_object_unref(image);
    for (size_t i = 1; !failure && i < source_count; i++)
        failure = layer_bytes(&sources[i], limits, &bytes, fault);
    *ret = (uint64_t)bytes;
    return failure;
}

enum dec_failure dec_budget_inspect(const struct dec_source *source, bool pixels,
                                    const struct dec_limits *limits, uint64_t *ret,
                                    struct dec_fault *fault)
{
    double bytes = TASK_BYTES;
    struct dec_header header;
    VipsImage *image;
    enum dec_failure failure = dec_load_open(source, limits, &header, &image, fault);

    if (failure)
        return failure;
    if (pixels)
        bytes +=
            (double)image->Xsize * image->Ysize *
            (load_pixel_bytes(image, header.format) + 2 * (double)VIPS_IMAGE_SIZEOF_PEL(image));
    g_object_unref(image);
    *ret = (uint64_t)bytes;
    return DEC_OK;
}
