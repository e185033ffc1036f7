/* warm.c -- after the lock no file can be opened: modules of libvips, plugins of libheif, colour
 * profiles and tables have to be there by then.  So each is made to work once, on a tiny picture.
 */
#include "worker/decoder/warm.h"

#include "worker/decoder/files.h"
#include "worker/decoder/load.h"
#include "worker/decoder/ops.h"
#include "worker/decoder/sniff.h"

#include <errno.h>
#include <string.h>
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
    const struct dec_want want = {.shrink = shrink, .orient = true};
    struct dec_source source = {.data = data, .len = len};
    struct dec_meter meter = {0};
    struct dec_header header;
    struct dec_fault fault;
    struct dec_picture picture;
    VipsImage *opened;
    const char *word;
    bool good = dec_sniff(data, len, &source.format, &word) &&
                dec_load_open(&source, &limits, &header, &opened, &fault) == DEC_OK &&
                dec_load_picture(&source, &limits, &header, opened, &want, &meter, &picture,
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
    static char letters[] = "Rg", sans[] = "sans";
    const struct dec_limits limits = {.pixels_max = 1 << 20};
    struct dec_meter meter = {0};
    const struct dec_scene scene = {NULL, 0, &limits, &meter, NULL};
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
        {.type = MR_OP_TEXT,
         .text = {.text = letters, .font = sans, .size = 9, .color = black, .opacity = 1}},
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

/* Drawings are text: one with words, so that fonts are found and opened. */
static bool drawing_once(const char *text)
{
    return decode_once(text, strlen(text), 1);
}

static bool untrusted_once(VipsImage *image, uint32_t untrusted)
{
    static const char svg[] =
        "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'><defs><linearGradient "
        "id='g'><stop stop-color='red'/><stop offset='1' stop-color='blue'/></linearGradient>"
        "<filter id='f'><feGaussianBlur stdDeviation='2'/></filter></defs><rect width='40' "
        "height='40' fill='url(#g)' filter='url(#f)'/><text y='20' font-family='sans'>Az0"
        "<tspan font-weight='bold'>b</tspan><tspan font-family='serif'>s</tspan>"
        "<tspan font-family='serif' font-weight='bold'>s</tspan>"
        "<tspan font-family='monospace'>m</tspan>"
        "<tspan font-family='monospace' font-weight='bold'>m</tspan></text></svg>";
    static const char pdf[] =
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 64 64]/Contents 4 0 R/Resources<</Font<<"
        "/F 5 0 R/G 6 0 R/H 7 0 R>>>>>>endobj\n"
        "4 0 obj<</Length 78>>stream\n"
        "BT /F 12 Tf 4 40 Td (Az0) Tj /G 12 Tf (s) Tj /H 12 Tf (m) Tj ET 0 0 9 9 re f   \n"
        "endstream endobj\n"
        "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
        "6 0 obj<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>endobj\n"
        "7 0 obj<</Type/Font/Subtype/Type1/BaseFont/Courier>>endobj\n"
        "trailer<</Root 1 0 R/Size 8>>\n%%EOF\n";
    bool good = true;

    if (untrusted & DEC_FORMAT_BIT(MR_FORMAT_JXL))
        good = codec_once(image, ".jxl[effort=1]", 1);
    if (good && untrusted & DEC_FORMAT_BIT(MR_FORMAT_JP2))
        good = codec_once(image, ".jp2", 1);
    if (good && untrusted & DEC_FORMAT_BIT(MR_FORMAT_SVG))
        good = drawing_once(svg);
    if (good && untrusted & DEC_FORMAT_BIT(MR_FORMAT_PDF))
        good = drawing_once(pdf);
    return good;
}

bool dec_warm(uint32_t untrusted)
{
    static const char *const codecs[] = {".jpg[Q=80]", ".png", ".webp[Q=80,effort=4]",
                                         ".avif[effort=0]"};
    static const char *const read_only[] = {".gif", ".tif"};
    VipsImage *image = sample();
    bool good = image != NULL;

    words_once();
    dec_files_keep_fonts();
    for (size_t i = 0; good && i < sizeof(codecs) / sizeof(codecs[0]); i++)
        good = codec_once(image, codecs[i], 3.5);
    for (size_t i = 0; good && i < sizeof(read_only) / sizeof(read_only[0]); i++)
        (void)codec_once(image, read_only[i], 1); /* their writers may be missing */
    good =
        good && colours_once(image) && operations_once(image) && untrusted_once(image, untrusted);
    g_clear_object(&image);
    if (good)
        vips_error_clear();
    return good;
}
