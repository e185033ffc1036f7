/* fanout_bench.c -- twelve outputs of one source: 320, 640, 1280, 1920 wide, each as JPEG 80, WebP
 * 80 and AVIF 50.
 *
 *     fanout_bench fanout  FILE DIR [AVIF]   all in one task
 *     fanout_bench singles FILE DIR [AVIF]   each in a task of its own
 *     fanout_bench look    FILE DIR          how far what lies in DIR is from the source
 *
 * AVIF: its quality instead of 50, since encoders do not mean the same by a number.
 * The first two render twice, write the files of the second time to DIR, and print one JSON line:
 * microseconds of CPU of decoder and supervisor, by stage.  `look` prints for each file its bytes,
 * its structural dissimilarity and SSIMULACRA2, against the source scaled to its size by libvips
 * out of all its pixels. */
#include "common/ports/clock.h"
#include "tests/bench/picture_kit.h"
#include "worker/decoder/measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

enum { WIDTHS = 4, FORMATS = 3, DEADLINE_MS = 300000, TEXT_MAX = 4096 };

static const int widths[WIDTHS] = {320, 640, 1280, 1920};
static struct {
    const char *name, *extension;
    int quality;
} formats[FORMATS] = {{"jpeg", "jpg", 80}, {"webp", "webp", 80}, {"avif", "avif", 50}};

struct source {
    gchar *data;
    gsize len;
};

static struct source source_of(const char *file)
{
    struct source source;

    if (!g_file_get_contents(file, &source.data, &source.len, NULL)) {
        fprintf(stderr, "fanout_bench: %s: cannot be read\n", file);
        exit(1);
    }
    return source;
}

static int output_print(char *text, size_t size, int w, int f)
{
    return snprintf(text, size,
                    "{\"name\":\"%d-%s\",\"format\":\"%s\",\"quality\":%d,\"ops\":[{\"op\":"
                    "\"resize\",\"width\":%d}]}",
                    widths[w], formats[f].name, formats[f].name, formats[f].quality, widths[w]);
}

static struct mr_recipe *recipe_of(int w, int f) /* w -1: of all */
{
    char text[TEXT_MAX];
    size_t len = (size_t)snprintf(text, sizeof(text), "{\"source\":{\"key\":\"in\"},\"outputs\":[");

    for (int i = 0; i < WIDTHS * FORMATS; i++)
        if (w < 0 || (i / FORMATS == w && i % FORMATS == f)) {
            if (text[len - 1] == '}')
                text[len++] = ',';
            len += (size_t)output_print(text + len, sizeof(text) - len, i / FORMATS, i % FORMATS);
        }
    snprintf(text + len, sizeof(text) - len, "]}");
    return bench_recipe(text);
}

static void keep(const struct wk_rendered *rendered, const char *dir)
{
    for (size_t i = 0; i < rendered->output_count; i++) {
        const struct wk_output *output = &rendered->outputs[i];
        gchar *path = g_strdup_printf("%s/%s.%s", dir, output->name, output->extension);
        if (!g_file_set_contents(path, output->data, (gssize)output->len, NULL)) {
            fprintf(stderr, "fanout_bench: %s: cannot be written\n", path);
            exit(1);
        }
        g_free(path);
    }
}

struct cost { /* us */
    int64_t total, decode, scale, encode, peak_bytes;
};

static void render(struct wk_decoder *decoder, const struct source *source, int w, int f,
                   const char *dir, struct cost *cost)
{
    struct mr_recipe *recipe = recipe_of(w, f);
    const struct wk_source in = {source->data, source->len};
    struct wk_rendered rendered;
    struct wk_fault fault;
    int64_t start = bench_cpu_us();

    if (wk_decoder_render(decoder, recipe, &in, 1, mr_mono_ms() + DEADLINE_MS, &rendered, &fault)) {
        fprintf(stderr, "fanout_bench: %s: %s\n", fault.name, fault.cause);
        exit(1);
    }
    cost->total += rendered.cpu_us + bench_cpu_us() - start;
    cost->decode += rendered.decode_us;
    cost->scale += rendered.scale_us;
    cost->encode += rendered.encode_us;
    cost->peak_bytes = MAX(cost->peak_bytes, rendered.peak_bytes);
    keep(&rendered, dir);
    mr_recipe_free(recipe);
}

static void measure(const char *argv0, const char *work, const struct source *source,
                    const char *dir)
{
    struct wk_decoder *decoder = bench_decoder(argv0);
    const bool fanout = strcmp(work, "fanout") == 0;
    struct cost cost = {0};

    for (int run = 0; run < 2; run++) { /* the first warms up */
        cost = (struct cost){0};
        if (fanout)
            render(decoder, source, -1, 0, dir, &cost);
        for (int i = 0; !fanout && i < WIDTHS * FORMATS; i++)
            render(decoder, source, i / FORMATS, i % FORMATS, dir, &cost);
    }
    printf("{\"work\":\"%s\",\"cpu_us\":%" PRId64 ",\"decode_us\":%" PRId64 ",\"scale_us\":%" PRId64
           ",\"encode_us\":%" PRId64 ",\"peak_mib\":%.1f}\n",
           work, cost.total, cost.decode, cost.scale, cost.encode,
           (double)cost.peak_bytes / 1048576);
    wk_decoder_free(decoder);
}

/* ---- how it looks ------------------------------------------------------------------------------
 */

static uint8_t *rgb_of(VipsImage *image, int width, int height)
{
    VipsImage *scaled = NULL, *colours = NULL;
    void *pixels;
    size_t len;

    if (vips_colourspace(image, &colours, VIPS_INTERPRETATION_sRGB, NULL) ||
        vips_resize(colours, &scaled, (double)width / image->Xsize, "vscale",
                    (double)height / image->Ysize, NULL))
        vips_error_exit(NULL);
    pixels = vips_image_write_to_memory(scaled, &len);
    if (!pixels || len != (size_t)width * height * 3)
        vips_error_exit("not %dx%d of three bytes", width, height);
    g_object_unref(scaled);
    g_object_unref(colours);
    return pixels;
}

static void look_at(VipsImage *original, const char *dir, int w, int f)
{
    gchar *path =
        g_strdup_printf("%s/%d-%s.%s", dir, widths[w], formats[f].name, formats[f].extension);
    struct source file = source_of(path);
    VipsImage *image = vips_image_new_from_buffer(file.data, file.len, "", NULL);
    uint8_t *a, *b;

    if (!image)
        vips_error_exit("%s", path);
    a = rgb_of(original, image->Xsize, image->Ysize);
    b = rgb_of(image, image->Xsize, image->Ysize);
    printf("{\"file\":\"%d.%s\",\"bytes\":%zu,\"dssim\":%.5f,\"ssimulacra2\":%.2f}\n", widths[w],
           formats[f].name, (size_t)file.len, dec_dssim(a, b, image->Xsize, image->Ysize),
           dec_ssimulacra2(a, b, image->Xsize, image->Ysize));
    g_free(a);
    g_free(b);
    g_object_unref(image);
    g_free(file.data);
    g_free(path);
}

static void look(const char *file, const char *dir)
{
    VipsImage *original = vips_image_new_from_file(file, NULL);

    if (!original)
        vips_error_exit("%s", file);
    for (int i = 0; i < WIDTHS * FORMATS; i++)
        look_at(original, dir, i / FORMATS, i % FORMATS);
    g_object_unref(original);
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5 || (argc == 5 && atoi(argv[4]) < 1) || vips_init(argv[0])) {
        fprintf(stderr, "usage: fanout_bench fanout|singles|look FILE DIR [AVIF]\n");
        return 2;
    }
    if (argc == 5)
        formats[2].quality = atoi(argv[4]);
    vips_concurrency_set(1);
    if (strcmp(argv[1], "look") == 0) {
        look(argv[2], argv[3]);
    } else {
        struct source source = source_of(argv[2]);
        measure(argv[0], argv[1], &source, argv[3]);
        g_free(source.data);
    }
    return 0;
}
