/* warm.c -- after the lock no file can be opened: modules of libvips, plugins of libheif, colour
 * profiles and tables have to be there by then.  So each is made to work once, on a tiny picture.
 */
#include "worker/decoder/warm.h"

#include "worker/decoder/load.h"
#include "worker/decoder/ops.h"

#include <errno.h>
#include <vips/vips.h>

enum { SIDE = 64 };

/* Noise in colour, with alpha, so that no coder takes a way of its own for flat pictures. */
static VipsImage *sample(void)
{
    VipsImage *noise = NULL, *bytes = NULL, *four = NULL, *out = NULL;

    if (vips_gaussnoise(&noise, SIDE, SIDE, "mean", 128.0, "sigma", 40.0, NULL) == 0 &&
        vips_cast(noise, &bytes, VIPS_FORMAT_UCHAR, NULL) == 0) {
        VipsImage *bands[] = {bytes, bytes, bytes, bytes};
        if (vips_bandjoin(bands, &four, 4, NULL) == 0 &&
            vips_copy(four, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
            out = NULL;
    }
    g_clear_object(&noise);
    g_clear_object(&bytes);
    g_clear_object(&four);
    return out;
}

/* Decodes as a task would. */
static bool decode_once(const void *data, size_t len, double shrink)
{
    const struct dec_limits limits = {.pixels_max = 1 << 20};
    const struct dec_source source = {data, len};
    struct dec_meter meter = {0};
    struct dec_header header;
    struct dec_fault fault;
    struct dec_picture picture;
    VipsImage *opened;
    bool good = dec_load_open(&source, &limits, &header, &opened, &fault) == DEC_OK &&
                dec_load_picture(&source, &header, opened, shrink, true, false, &meter, &picture,
                                 &fault) == DEC_OK;

    if (good) {
        good = dec_picture_settle(&picture, &fault) == DEC_OK;
        dec_picture_release(&picture);
    }
    return good;
}

/* Encodes as suffix says, decodes that, and then a half of it, for the words of the error. */
static bool codec_once(VipsImage *image, const char *suffix, double shrink)
{
    void *data;
    size_t len;
    bool good;

    if (vips_image_write_to_buffer(image, suffix, &data, &len, NULL))
        return false;
    good = decode_once(data, len, shrink);
    (void)decode_once(data, len / 2, shrink);
    g_free(data);
    return good;
}

/* A picture with a profile, in grey and in CMYK. */
static bool colours_once(VipsImage *image)
{
    static const char *const profiles[] = {"srgb", "cmyk"};
    bool good = true;

    for (size_t i = 0; good && i < 2; i++) {
        VipsImage *there = NULL, *back = NULL, *pixels = NULL;
        good = vips_icc_transform(image, &there, profiles[i], "input_profile", "srgb", NULL) == 0 &&
               vips_icc_transform(there, &back, "srgb", "input_profile", profiles[i], "intent",
                                  VIPS_INTENT_PERCEPTUAL, NULL) == 0;
        pixels = good ? vips_image_copy_memory(back) : NULL;
        good = pixels != NULL;
        g_clear_object(&there);
        g_clear_object(&back);
        g_clear_object(&pixels);
    }
    return good;
}

/* Every operation once: what each needs of tables and threads is then there. */
static bool operations_once(VipsImage *image)
{
    static const struct mr_color black = {0, 0, 0, 255};
    const struct dec_limits limits = {.pixels_max = 1 << 20};
    struct dec_meter meter = {0};
    const struct dec_scene scene = {NULL, 0, &limits, &meter};
    struct mr_op list[] = {
        {.type = MR_OP_ROTATE, .rotate = {12, black}},
        {.type = MR_OP_RESIZE,
         .resize = {.width = 40,
                    .height = 20,
                    .gravity = {.kind = MR_GRAVITY_ATTENTION},
                    .kernel = MR_KERNEL_LANCZOS3,
                    .background = black}},
        {.type = MR_OP_BLUR, .blur = {1.5}},
        {.type = MR_OP_SHARPEN, .sharpen = {1, 1, 2, 2, 10, 20}},
        {.type = MR_OP_FLATTEN, .flatten = {black}},
        {.type = MR_OP_GRAYSCALE},
    };
    const struct mr_ops ops = {list, sizeof(list) / sizeof(list[0])};
    struct dec_picture picture = {
        .image = image, .width = image->Xsize, .height = image->Ysize, .streamed = false};
    struct dec_fault fault;
    bool good;

    g_object_ref(image);
    good = dec_ops_run(&picture, &ops, &scene, &fault) == DEC_OK;
    if (good) {
        picture.streamed = true;
        good = dec_picture_settle(&picture, &fault) == DEC_OK;
    }
    dec_picture_release(&picture);
    return good;
}

/* glib's words for errors go through the locale's character set, whose tables are files. */
static void words_once(void)
{
    const char *volatile word; /* g_strerror() is called const: without a use it is not called */

    (void)g_get_charset(NULL);
    word = g_strerror(EIO);
    (void)word;
}

bool dec_warm(void)
{
    static const char *const codecs[] = {".jpg[Q=80]", ".png", ".webp[Q=80,effort=4]",
                                         ".avif[effort=0]"};
    static const char *const read_only[] = {".gif", ".tif"};
    VipsImage *image = sample();
    bool good = image != NULL;

    words_once();
    for (size_t i = 0; good && i < sizeof(codecs) / sizeof(codecs[0]); i++)
        good = codec_once(image, codecs[i], 3.5);
    for (size_t i = 0; good && i < sizeof(read_only) / sizeof(read_only[0]); i++)
        (void)codec_once(image, read_only[i], 1); /* their writers may be missing */
    good = good && colours_once(image) && operations_once(image);
    g_clear_object(&image);
    if (good)
        vips_error_clear();
    return good;
}
