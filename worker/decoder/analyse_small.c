/* analyse_small.c -- hashes and palette, which say what a glance sees: of a small picture, decoded
 * no larger than that takes, and upright, since it stands for what is shown. */
#include "worker/decoder/analyse.h"

#include "common/model/inspect.h"
#include "worker/decoder/ops.h"
#include "worker/decoder/pixels.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    ENOUGH = 256, /* px of the shorter side that are decoded: more changes no hash */
    BLURHASH_LONG = 4,
    BLURHASH_SHORT = 3,
    OF_PIXELS = MR_INSPECT_PALETTE | MR_INSPECT_BLURHASH | MR_INSPECT_THUMBHASH,
};

static enum dec_failure scaled(const struct dec_picture *picture, int width, int height,
                               enum mr_fit fit, const struct dec_limits *limits,
                               struct dec_picture *ret, struct dec_fault *fault)
{
    const struct mr_op op = {.type = MR_OP_RESIZE,
                             .at = "inspect",
                             .resize = {.width = width,
                                        .height = height,
                                        .fit = fit,
                                        .kernel = MR_KERNEL_LANCZOS3,
                                        .background = {0, 0, 0, 255},
                                        .without_enlargement = fit == MR_FIT_INSIDE}};
    const struct dec_scene scene = {.limits = limits};
    enum dec_failure failure;

    *ret = dec_picture_copy(picture);
    failure = dec_op_resize(ret, &op, &scene, fault);
    if (failure)
        dec_picture_release(ret);
    return failure;
}

/* *ret_data: g_free(). */
static enum dec_failure pixels_of(struct dec_picture *picture, struct dec_pixels *ret,
                                  void **ret_data, struct dec_fault *fault)
{
    static const struct mr_color any = {1, 2, 3, 255}; /* a colour that grey cannot hold */
    size_t len;
    enum dec_failure failure = dec_picture_colored(picture, any, fault);

    if (!failure)
        failure = dec_picture_alpha(picture, fault);
    if (failure)
        return failure;
    *ret_data = vips_image_write_to_memory(picture->image, &len);
    if (!*ret_data)
        return dec_fail_vips(fault, DEC_CORRUPT, "decode");
    *ret = (struct dec_pixels){*ret_data, picture->image->Xsize, picture->image->Ysize};
    return DEC_OK;
}

static void base64_print(struct mr_jw *w, const char *name, const uint8_t *data, size_t len)
{
    gchar *text = g_base64_encode(data, len);

    mr_jw_str(w, name, text);
    g_free(text);
}

static enum dec_failure palette_print(const struct dec_pixels *pixels, struct mr_jw *w,
                                      struct dec_fault *fault)
{
    struct dec_swatch swatches[DEC_PALETTE_MAX];
    const int count = dec_palette(pixels, swatches);

    if (count < 0)
        return dec_fail(fault, DEC_NO_MEMORY, "no memory for a palette");
    mr_jw_open(w, "palette", '[');
    for (int i = 0; i < count; i++) {
        mr_jw_open(w, NULL, '{');
        dec_color_print(w, "color", swatches[i].r, swatches[i].g, swatches[i].b);
        dec_number_print(w, "share", swatches[i].share);
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
    return DEC_OK;
}

/* What shows through shows white, as on most pages. */
static void on_white(uint8_t *p, size_t count)
{
    for (size_t i = 0; i < count; i++, p += 4)
        for (int band = 0; band < 3; band++)
            p[band] = (uint8_t)((p[band] * p[3] + 255 * (255 - p[3]) + 127) / 255);
}

static enum dec_failure of_pixels(const struct dec_picture *picture,
                                  const struct dec_limits *limits, unsigned wanted, struct mr_jw *w,
                                  struct dec_fault *fault)
{
    char blurhash[DEC_BLURHASH_SIZE];
    uint8_t thumbhash[DEC_THUMBHASH_SIZE];
    struct dec_picture small;
    struct dec_pixels pixels;
    void *data = NULL;
    enum dec_failure failure = scaled(picture, DEC_PIXELS_SIDE_MAX, DEC_PIXELS_SIDE_MAX,
                                      MR_FIT_INSIDE, limits, &small, fault);

    if (failure)
        return failure;
    failure = pixels_of(&small, &pixels, &data, fault);
    if (!failure && (wanted & MR_INSPECT_PALETTE))
        failure = palette_print(&pixels, w, fault);
    if (!failure && (wanted & MR_INSPECT_THUMBHASH))
        base64_print(w, "thumbhash", thumbhash, dec_thumbhash(&pixels, thumbhash));
    if (!failure && (wanted & MR_INSPECT_BLURHASH)) { /* which has no alpha */
        on_white(data, (size_t)pixels.width * pixels.height);
        dec_blurhash(&pixels, pixels.width >= pixels.height ? BLURHASH_LONG : BLURHASH_SHORT,
                     pixels.height >= pixels.width ? BLURHASH_LONG : BLURHASH_SHORT, blurhash);
        mr_jw_str(w, "blurhash", blurhash);
    }
    g_free(data);
    dec_picture_release(&small);
    return failure;
}

/* Luma as ITU-R BT.601 weights it, in 16 bits of fraction, as Pillow's "L". */
static void luma_of(const struct dec_pixels *pixels, uint8_t *ret)
{
    for (int i = 0; i < pixels->width * pixels->height; i++) {
        const uint8_t *p = pixels->data + 4 * (size_t)i;
        ret[i] = (uint8_t)((19595U * p[0] + 38470U * p[1] + 7471U * p[2] + 0x8000U) >> 16);
    }
}

static enum dec_failure phash_print(const struct dec_picture *picture,
                                    const struct dec_limits *limits, struct mr_jw *w,
                                    struct dec_fault *fault)
{
    uint8_t luma[DEC_PHASH_SIDE * DEC_PHASH_SIDE];
    struct dec_picture square;
    struct dec_pixels pixels;
    char text[17];
    void *data = NULL;
    enum dec_failure failure =
        scaled(picture, DEC_PHASH_SIDE, DEC_PHASH_SIDE, MR_FIT_FILL, limits, &square, fault);

    if (failure)
        return failure;
    failure = pixels_of(&square, &pixels, &data, fault);
    if (!failure) {
        on_white(data, (size_t)pixels.width * pixels.height);
        luma_of(&pixels, luma);
        snprintf(text, sizeof(text), "%016" PRIx64, dec_phash(luma));
        mr_jw_str(w, "phash", text);
    }
    g_free(data);
    dec_picture_release(&square);
    return failure;
}

enum dec_failure dec_analyse_small(const struct dec_source *source, const struct dec_limits *limits,
                                   unsigned wanted, struct mr_jw *w, struct dec_fault *fault)
{
    struct dec_meter meter = {0};
    struct dec_picture picture;
    enum dec_failure failure = dec_analyse_load(source, limits, ENOUGH, &meter, &picture, fault);

    if (failure)
        return failure;
    failure = dec_picture_settle(&picture, fault);
    if (!failure)
        failure = dec_picture_upright(&picture, fault);
    if (!failure && (wanted & OF_PIXELS))
        failure = of_pixels(&picture, limits, wanted, w, fault);
    if (!failure && (wanted & MR_INSPECT_PHASH))
        failure = phash_print(&picture, limits, w, fault);
    dec_picture_release(&picture);
    return failure;
}
