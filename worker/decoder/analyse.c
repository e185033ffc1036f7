/* analyse.c -- stats, entropy, sharpness, dominant: every pixel once, in strips, nothing kept. */
#include "worker/decoder/analyse.h"

#include "common/model/inspect.h"
#include "worker/decoder/tally.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    OF_ALL = MR_INSPECT_STATS | MR_INSPECT_ENTROPY | MR_INSPECT_SHARPNESS | MR_INSPECT_DOMINANT,
    OF_GREY = MR_INSPECT_ENTROPY | MR_INSPECT_SHARPNESS,
    STRIP_ROWS = 16,
};

struct tally {
    unsigned wanted;
    int width, bands;
    struct dec_stats stats;
    struct dec_dominant dominant;
    struct dec_entropy entropy;
    struct dec_sharpness sharpness;
    uint8_t *grey; /* owned: one row */
};

void dec_number_print(struct mr_jw *w, const char *name, double v)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%.6g", v);

    mr_jw_raw(w, name, text, (size_t)len);
}

void dec_color_print(struct mr_jw *w, const char *name, int r, int g, int b)
{
    char text[32];

    snprintf(text, sizeof(text), "#%02x%02x%02x", (unsigned)r, (unsigned)g, (unsigned)b);
    mr_jw_str(w, name, text);
}

enum dec_failure dec_analyse_load(const struct dec_source *source, const struct dec_limits *limits,
                                  int side, struct dec_meter *meter, struct dec_picture *ret,
                                  struct dec_fault *fault)
{
    struct dec_picture picture;
    struct dec_header header;
    VipsImage *image;
    struct dec_want want = {.shrink = 1, .orient = side > 0};
    enum dec_failure failure = dec_load_open(source, limits, &header, &image, fault);

    if (failure)
        return failure;
    if (side > 0)
        want.shrink = VIPS_MAX(1.0, (double)VIPS_MIN(header.width, header.height) / side);
    failure = dec_load_picture(source, limits, &header, image, &want, meter, &picture, fault);
    if (failure)
        return failure;
    failure = dec_picture_srgb(&picture, fault);
    if (failure)
        dec_picture_release(&picture);
    else
        *ret = picture;
    return failure;
}

/* ---- the pass -------------------------------------------------------------------------------- */

static enum dec_failure tally_init(struct tally *tally, unsigned wanted, const VipsImage *image,
                                   struct dec_fault *fault)
{
    *tally = (struct tally){.wanted = wanted, .width = image->Xsize, .bands = image->Bands};
    dec_stats_init(&tally->stats);
    tally->grey = malloc((size_t)tally->width);
    if (!tally->grey || !dec_sharpness_init(&tally->sharpness, tally->width))
        return dec_fail(fault, DEC_NO_MEMORY, "no memory for a row of %d pixels", tally->width);
    return DEC_OK;
}

static void tally_release(struct tally *tally)
{
    dec_sharpness_release(&tally->sharpness);
    free(tally->grey);
}

static void tally_row(struct tally *tally, const uint8_t *row)
{
    if (tally->wanted & MR_INSPECT_STATS)
        dec_stats_row(&tally->stats, row, tally->width, tally->bands);
    if (tally->wanted & MR_INSPECT_DOMINANT)
        dec_dominant_row(&tally->dominant, row, tally->width, tally->bands);
    if (tally->wanted & OF_GREY)
        dec_grey_row(row, tally->width, tally->bands, tally->grey);
    if (tally->wanted & MR_INSPECT_ENTROPY)
        dec_entropy_row(&tally->entropy, tally->grey, tally->width);
    if (tally->wanted & MR_INSPECT_SHARPNESS)
        dec_sharpness_row(&tally->sharpness, tally->grey);
}

static enum dec_failure tally_picture(struct tally *tally, VipsImage *image,
                                      struct dec_fault *fault)
{
    VipsRegion *region = vips_region_new(image);
    enum dec_failure failure = DEC_OK;

    for (int top = 0; !failure && top < image->Ysize; top += STRIP_ROWS) {
        const VipsRect strip = {0, top, image->Xsize, VIPS_MIN(STRIP_ROWS, image->Ysize - top)};
        if (vips_region_prepare(region, &strip)) {
            failure = dec_fail_vips(fault, DEC_CORRUPT, "decode");
            break;
        }
        for (int y = top; y < top + strip.height; y++)
            tally_row(tally, VIPS_REGION_ADDR(region, 0, y));
    }
    g_object_unref(region);
    return failure;
}

static void stats_print(const struct tally *tally, VipsImage *image, struct mr_jw *w)
{
    const bool alpha = vips_image_hasalpha(image);

    mr_jw_open(w, "stats", '{');
    mr_jw_bool(w, "is_opaque", !alpha || tally->stats.channels[tally->bands - 1].min == UINT8_MAX);
    mr_jw_open(w, "channels", '[');
    for (int i = 0; i < tally->bands; i++) {
        mr_jw_open(w, NULL, '{');
        mr_jw_int(w, "min", tally->stats.channels[i].min);
        mr_jw_int(w, "max", tally->stats.channels[i].max);
        dec_number_print(w, "mean", dec_stats_mean(&tally->stats, i));
        dec_number_print(w, "stdev", dec_stats_stdev(&tally->stats, i));
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
    mr_jw_close(w, '}');
}

static void tally_print(struct tally *tally, VipsImage *image, struct mr_jw *w)
{
    int color[3];

    if (tally->wanted & MR_INSPECT_STATS)
        stats_print(tally, image, w);
    if (tally->wanted & MR_INSPECT_ENTROPY)
        dec_number_print(w, "entropy", dec_entropy_bits(&tally->entropy));
    if (tally->wanted & MR_INSPECT_SHARPNESS)
        dec_number_print(w, "sharpness", dec_sharpness_value(&tally->sharpness));
    if (tally->wanted & MR_INSPECT_DOMINANT) {
        dec_dominant_color(&tally->dominant, color);
        dec_color_print(w, "dominant", color[0], color[1], color[2]);
    }
}

static enum dec_failure all_of_it(const struct dec_source *source, const struct dec_limits *limits,
                                  unsigned wanted, struct mr_jw *w, struct dec_fault *fault)
{
    struct dec_meter meter = {0};
    struct dec_picture picture;
    struct tally *tally;
    enum dec_failure failure = dec_analyse_load(source, limits, 0, &meter, &picture, fault);

    if (failure)
        return failure;
    tally = malloc(sizeof(*tally));
    failure = tally ? tally_init(tally, wanted, picture.image, fault)
                    : dec_fail(fault, DEC_NO_MEMORY, "no memory to count pixels");
    if (!failure)
        failure = tally_picture(tally, picture.image, fault);
    if (!failure)
        tally_print(tally, picture.image, w);
    if (tally)
        tally_release(tally);
    free(tally);
    dec_picture_release(&picture);
    return failure;
}

enum dec_failure dec_analyse(const struct dec_source *source, const struct dec_limits *limits,
                             unsigned wanted, struct mr_jw *w, struct dec_fault *fault)
{
    enum dec_failure failure = DEC_OK;

    if (wanted & OF_ALL)
        failure = all_of_it(source, limits, wanted, w, fault);
    if (!failure && (wanted & ~(unsigned)OF_ALL))
        failure = dec_analyse_small(source, limits, wanted, w, fault);
    return failure;
}
