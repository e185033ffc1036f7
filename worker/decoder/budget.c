/* budget.c -- pixels times bytes: what a reader holds, what the operations hold, what a writer
 * holds. The factors were measured (tests/unit/decoder/budget_test.c measures them again): peak of
 * the resident set beyond an idle decoder's, by format. */
#include "worker/decoder/budget.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    TASK_BYTES = 32 << 20, /* of any task: rows under way, tables, threads, code (shed.c) */
    LOAD_PIXEL_BYTES_MAX = 16,
    SEARCH_PIXEL_BYTES = 32, /* of an output that is searched: two files, and what comes back */
};

struct area { /* px of one page, and pages */
    double width, height, pages;
};

/* What a header says, as far as memory goes. */
struct seen {
    enum mr_format format;
    struct area area;
    double pixel;      /* bytes of one */
    double load_pixel; /* bytes that its reader holds for each pixel of it */
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

/* Rows alone are in TASK_BYTES. */
static double load_pixel_bytes(VipsImage *image, enum mr_format format)
{
    const double pixel = (double)VIPS_IMAGE_SIZEOF_PEL(image);

    switch (format) {
    case MR_FORMAT_JPEG:
        return jpeg_pixel_bytes(image);
    case MR_FORMAT_PNG:
        return flagged(image, "interlaced") ? pixel : 0;
    case MR_FORMAT_AVIF:
    case MR_FORMAT_HEIC:
        return 4 + 4 * pixel;
    case MR_FORMAT_GIF:
        return 6;
    default:
        break;
    }
    return 2 * pixel < LOAD_PIXEL_BYTES_MAX ? 2 * pixel : LOAD_PIXEL_BYTES_MAX;
}

static unsigned little(const unsigned char *p, size_t bytes)
{
    unsigned value = 0;

    for (size_t i = bytes; i > 0; i--)
        value = value << 8 | p[i - 1];
    return value;
}

/* libvips takes a whole WebP's memory to read its header, so its size is read here.  False: no
 * header that we know, and libvips may say what is wrong. */
static bool webp_see(const struct dec_source *source, struct seen *seen)
{
    enum { LOSSLESS_HEAD = 25, HEAD = 30, ANIMATED = 2 };
    const unsigned char *p = source->data;
    unsigned width, height;

    if (source->format != MR_FORMAT_WEBP || source->len < LOSSLESS_HEAD)
        return false;
    if (memcmp(p + 12, "VP8L", 4) == 0) {
        width = (little(p + 21, 4) & 0x3fff) + 1;
        height = (little(p + 21, 4) >> 14 & 0x3fff) + 1;
    } else if (source->len < HEAD) {
        return false;
    } else if (memcmp(p + 12, "VP8X", 4) == 0) {
        if (p[20] & ANIMATED) /* libvips counts its pages */
            return false;
        width = little(p + 24, 3) + 1;
        height = little(p + 27, 3) + 1;
    } else if (memcmp(p + 12, "VP8 ", 4) == 0) {
        width = little(p + 26, 2) & 0x3fff;
        height = little(p + 28, 2) & 0x3fff;
    } else {
        return false;
    }
    *seen = (struct seen){MR_FORMAT_WEBP, {width, height, 1}, 4, 14};
    return width && height;
}

static enum dec_failure see(const struct dec_source *source, const struct dec_limits *limits,
                            struct seen *ret, struct dec_fault *fault)
{
    struct dec_header header;
    VipsImage *image;
    enum dec_failure failure;

    if (webp_see(source, ret)) {
        if (pixels_of(&ret->area) <= (double)limits->pixels_max)
            return DEC_OK;
        return dec_fail(
            fault, DEC_TOO_LARGE, "source of %.0fx%.0f is %.0f pixels, the limit is %" PRIu64,
            ret->area.width, ret->area.height, pixels_of(&ret->area), limits->pixels_max);
    }
    failure = dec_load_open(source, limits, &header, &image, fault);
    if (failure)
        return failure;
    *ret = (struct seen){
        .format = header.format,
        .area = {image->Xsize, header.height, image->Ysize / (double)header.height},
        .pixel = (double)VIPS_IMAGE_SIZEOF_PEL(image),
        .load_pixel = load_pixel_bytes(image, header.format),
    };
    if (image->Bands < 3) /* grey may become coloured */
        ret->pixel *= 3;
    g_object_unref(image);
    return DEC_OK;
}

/* What the writer of a format holds for each pixel of its output. */
static double save_pixel_bytes(const struct mr_recipe_output *output, enum mr_format format)
{
    switch (format) {
    case MR_FORMAT_JPEG:
    case MR_FORMAT_PNG:
        return output->progressive ? 5 : 1;
    case MR_FORMAT_WEBP:
        return output->lossless ? 48 : 9;
    case MR_FORMAT_TIFF:
        return 4;
    case MR_FORMAT_GIF:
        return 16;
    case MR_FORMAT_AVIF:
        return 32;
    default:
        break;
    }
    return 48; /* HEIF, JPEG XL: a whole frame in several planes */
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

/* A square around whatever becomes of it. */
static double turned_side(const struct mr_op *op, const struct area *in)
{
    double side = hypot(in->width, in->height);

    if (op->type == MR_OP_AFFINE) {
        const double *m = op->affine.matrix;
        side *= fmax(hypot(m[0], m[2]), hypot(m[1], m[3]));
    }
    return side;
}

/* What an operation makes of an area.  What grows beyond the limit of pixels is refused by the
 * operation itself, before there is one: nothing is held. */
static struct area made_of(struct area in, const struct mr_op *op, const struct dec_limits *limits)
{
    struct area area = in;

    if (op->type == MR_OP_RESIZE)
        area = resized(in, &op->resize);
    if (op->type == MR_OP_EXTEND) {
        area.width += op->extend.left + op->extend.right;
        area.height += op->extend.top + op->extend.bottom;
    }
    if (op->type == MR_OP_ROTATE || op->type == MR_OP_AFFINE)
        area.width = area.height = turned_side(op, &in);
    if (op->type == MR_OP_CROP && op->crop.width < in.width && op->crop.height < in.height)
        area.width = op->crop.width, area.height = op->crop.height;
    return pixels_of(&area) > (double)limits->pixels_max ? (struct area){0} : area;
}

/* The most that a list of operations holds at a time, one's picture and the next one's; *area
 * becomes its result's. */
static double list_bytes(const struct mr_ops *ops, struct area *area, double pixel,
                         const struct dec_limits *limits)
{
    double most = 0, before = 0;

    for (size_t i = 0; i < ops->count; i++) {
        const struct mr_op *op = &ops->list[i];
        const struct area in = *area;
        double held;

        *area = made_of(in, op, limits);
        if (streams(op))
            continue;
        held = (pixels_of(&in) > pixels_of(area) ? pixels_of(&in) : pixels_of(area)) * pixel;
        if (before + held > most)
            most = before + held;
        before = held;
    }
    return most;
}

/* By how much less is read for a recipe whose every way begins with a resize. */
static double shrink_of(const struct mr_recipe *recipe, const struct area *full)
{
    double least = 0;

    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_ops *ops = recipe->ops.count ? &recipe->ops : &recipe->outputs[i].ops;
        struct area area;
        double x, y;
        if (ops->count == 0 || ops->list[0].type != MR_OP_RESIZE)
            return 1;
        area = resized(*full, &ops->list[0].resize);
        x = full->width / area.width;
        y = full->height / area.height;
        if (i == 0 || (x < y ? x : y) < least)
            least = x < y ? x : y;
    }
    return least;
}

/* Has no pixels of its own: it is drawn at the size that is wanted, a larger one too. */
static bool drawn(enum mr_format format)
{
    return format == MR_FORMAT_SVG || format == MR_FORMAT_PDF;
}

/* What the operations get after the reader left out what it can. */
static struct area loaded(const struct seen *seen, double shrink)
{
    struct area area = seen->area;
    double factor = 1;

    if (seen->format == MR_FORMAT_JPEG)
        factor = dec_load_jpeg_shrink(shrink);
    if ((seen->format == MR_FORMAT_WEBP && shrink > 1) || drawn(seen->format))
        factor = shrink;
    area.width /= factor;
    area.height /= factor;
    return area;
}

/* Of a picture that some outputs go on from, beside the one that all do (fan.c): no more than the
 * largest that one of them makes, where there may be another that begins alike. */
static double branch_bytes(const struct mr_recipe *recipe, const struct area *shared, double pixel,
                           const struct dec_limits *limits)
{
    double most = 0;

    for (size_t i = 0; i < recipe->output_count; i++) {
        const struct mr_ops *ops = &recipe->outputs[i].ops;
        struct area area = *shared;
        bool alike = false;

        for (size_t j = 0; ops->count && j < recipe->output_count; j++)
            alike = alike || (j != i && recipe->outputs[j].ops.count &&
                              recipe->outputs[j].ops.list[0].type == ops->list[0].type);
        for (size_t o = 0; alike && o < ops->count; o++) {
            area = made_of(area, &ops->list[o], limits);
            most = pixels_of(&area) > most ? pixels_of(&area) : most;
        }
    }
    return most * pixel;
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
        if (output->max_bytes || output->target.metric != MR_METRIC_NONE)
            bytes += pixels_of(&area) * (SEARCH_PIXEL_BYTES + 2 * pixel);
        if (bytes > most)
            most = bytes;
    }
    return most;
}

enum dec_failure dec_budget_render(const struct mr_recipe *recipe, const struct dec_source *sources,
                                   size_t source_count, const struct dec_limits *limits,
                                   uint64_t *ret, struct dec_fault *fault)
{
    double bytes = TASK_BYTES;
    struct area area;
    struct seen seen;
    enum dec_failure failure = see(&sources[0], limits, &seen, fault);

    if (failure)
        return failure;
    area = loaded(&seen, shrink_of(recipe, &seen.area));
    /* libvips makes room for a whole WebP, and decodes into a part of it. */
    bytes += pixels_of(drawn(seen.format) ? &area : &seen.area) *
             (seen.format == MR_FORMAT_WEBP ? seen.pixel : seen.load_pixel);
    if (seen.format == MR_FORMAT_WEBP)
        bytes += pixels_of(&area) * (seen.load_pixel - seen.pixel);
    bytes += list_bytes(&recipe->ops, &area, seen.pixel, limits);
    if (recipe->output_count > 1)
        bytes += pixels_of(&area) * seen.pixel + branch_bytes(recipe, &area, seen.pixel, limits);
    if (area.pages > 1) /* pages are taken apart and put together again */
        bytes += 2 * pixels_of(&area) * seen.pixel;
    bytes += outputs_bytes(recipe, seen.format, &area, seen.pixel, limits);
    for (size_t i = 1; !failure && i < source_count; i++) { /* layers are read whole, and kept */
        struct dec_source still = sources[i];
        still.pages = 1;
        failure = see(&still, limits, &seen, fault);
        if (!failure)
            bytes += pixels_of(&seen.area) * (seen.load_pixel + 2 * seen.pixel);
    }
    *ret = (uint64_t)bytes;
    return failure;
}

enum dec_failure dec_budget_inspect(const struct dec_source *source, bool pixels,
                                    const struct dec_limits *limits, uint64_t *ret,
                                    struct dec_fault *fault)
{
    double bytes = TASK_BYTES;
    struct seen seen;
    enum dec_failure failure = see(source, limits, &seen, fault);

    if (failure)
        return failure;
    if (pixels)
        bytes += pixels_of(&seen.area) * (seen.load_pixel + 2 * seen.pixel);
    else if (seen.format == MR_FORMAT_WEBP)
        bytes += pixels_of(&seen.area) * seen.pixel;
    *ret = (uint64_t)bytes;
    return DEC_OK;
}
