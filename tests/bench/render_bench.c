/* render_bench.c -- what the decoder's cage costs, beside libvips alone in this process.
 *
 *     render_bench render FILE WIDTH FORMAT [N]   through a decoder: its CPU and the supervisor's
 *     render_bench codec  FILE WIDTH FORMAT [N]   the same pixels by libvips, here
 *
 * FORMAT: jpeg and webp of quality 80, avif of 50.  One JSON line, times in microseconds of CPU for
 * one picture: the mean, and the least, which other work on the machine disturbs less; and of
 * `render` the most memory that the decoder had. */
#include "common/ports/clock.h"
#include "tests/bench/picture_kit.h"
#include "worker/decoder/heif.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

enum { WARM_RUNS = 5, RUNS = 100, DEADLINE_MS = 60000 };

struct job {
    char *data;
    size_t len;
    int width;
    const char *format;
    int runs;
};
struct cost { /* of one picture, us */
    int64_t total, decode, scale, encode, supervisor, peak_bytes;
    size_t bytes;
};

static void report(const char *work, const struct job *job, const struct cost *sum,
                   const struct cost *least)
{
    printf("{\"work\":\"%s\",\"format\":\"%s\",\"width\":%d,\"runs\":%d,\"cpu_us\":%" PRId64
           ",\"cpu_us_min\":%" PRId64 ",\"bytes\":%zu",
           work, job->format, job->width, job->runs, sum->total / job->runs, least->total,
           least->bytes);
    if (sum->encode > 0) /* libvips alone does not tell them apart */
        printf(",\"decode_us\":%" PRId64 ",\"scale_us\":%" PRId64 ",\"encode_us\":%" PRId64
               ",\"supervisor_us\":%" PRId64 ",\"peak_mib\":%.1f",
               sum->decode / job->runs, sum->scale / job->runs, sum->encode / job->runs,
               sum->supervisor / job->runs, (double)sum->peak_bytes / 1048576);
    printf("}\n");
}

static void add(struct cost *sum, struct cost *least, const struct cost *cost)
{
    sum->total += cost->total;
    sum->decode += cost->decode;
    sum->scale += cost->scale;
    sum->encode += cost->encode;
    sum->supervisor += cost->supervisor;
    if (cost->peak_bytes > sum->peak_bytes)
        sum->peak_bytes = cost->peak_bytes;
    if (least->total == 0 || cost->total < least->total)
        *least = *cost;
}

static int quality_of(const char *format)
{
    return strcmp(format, "avif") == 0 ? 50 : 80;
}

/* ---- through a decoder ------------------------------------------------------------------------
 */

static struct mr_recipe *recipe_of(const struct job *job)
{
    char text[256];

    snprintf(text, sizeof(text),
             "{\"source\":{\"key\":\"in\"},\"ops\":[{\"op\":\"resize\",\"width\":%d}],"
             "\"outputs\":[{\"name\":\"o\",\"format\":\"%s\",\"quality\":%d}]}",
             job->width, job->format, quality_of(job->format));
    return bench_recipe(text);
}

static int render(const char *argv0, const struct job *job)
{
    struct wk_decoder *decoder = bench_decoder(argv0);
    struct mr_recipe *recipe = recipe_of(job);
    const struct wk_source source = {job->data, job->len};
    struct cost sum = {0}, least = {0};

    for (int i = -WARM_RUNS; i < job->runs; i++) {
        struct wk_rendered rendered;
        struct wk_fault fault;
        int64_t start = bench_cpu_us();
        struct cost cost;
        if (wk_decoder_render(decoder, recipe, &source, 1, mr_mono_ms() + DEADLINE_MS, &rendered,
                              &fault)) {
            fprintf(stderr, "render_bench: %s: %s\n", fault.name, fault.cause);
            return 1;
        }
        cost = (struct cost){rendered.cpu_us,        rendered.decode_us,     rendered.scale_us,
                             rendered.encode_us,     bench_cpu_us() - start, rendered.peak_bytes,
                             rendered.outputs[0].len};
        cost.total += cost.supervisor;
        if (i >= 0)
            add(&sum, &least, &cost);
    }
    report("render", job, &sum, &least);
    mr_recipe_free(recipe);
    wk_decoder_free(decoder);
    return 0;
}

/* ---- libvips alone ----------------------------------------------------------------------------
 */

/* The shrink-on-load that worker/decoder/load.c takes. */
static int shrink_of(double shrink)
{
    int factor = shrink >= 8 ? 8 : shrink >= 4 ? 4 : shrink >= 2 ? 2 : 1;

    return factor > 1 && (int)shrink == factor ? factor / 2 : factor;
}

static int codec_once(const struct job *job, int shrink, int height, size_t *ret_len)
{
    VipsImage *image = NULL, *small = NULL;
    void *data = NULL;
    int rc = vips_jpegload_buffer(job->data, job->len, &image, "shrink", shrink, "access",
                                  VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);

    if (!rc)
        rc = vips_resize(image, &small, (double)job->width / image->Xsize, "vscale",
                         (double)height / image->Ysize, NULL);
    dec_heif_tune(true); /* the same work for the encoder of AVIF */
    if (!rc && strcmp(job->format, "webp") == 0)
        rc = vips_webpsave_buffer(small, &data, ret_len, "Q", 80, "keep", VIPS_FOREIGN_KEEP_NONE,
                                  NULL);
    else if (!rc && strcmp(job->format, "avif") == 0)
        rc = vips_heifsave_buffer(small, &data, ret_len, "Q", 50, "compression",
                                  VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", 3, "subsample_mode",
                                  VIPS_FOREIGN_SUBSAMPLE_ON, "bitdepth", 8, "keep",
                                  VIPS_FOREIGN_KEEP_NONE, NULL);
    else if (!rc)
        rc = vips_jpegsave_buffer(small, &data, ret_len, "Q", 80, "optimize_coding", TRUE, "keep",
                                  VIPS_FOREIGN_KEEP_NONE, NULL);
    g_free(data);
    g_clear_object(&small);
    g_clear_object(&image);
    return rc;
}

static int codec(const struct job *job)
{
    struct cost sum = {0}, least = {0};
    VipsImage *image;
    int shrink, height;

    if (vips_init("render_bench"))
        vips_error_exit(NULL);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    if (vips_jpegload_buffer(job->data, job->len, &image, NULL))
        vips_error_exit(NULL);
    shrink = shrink_of((double)image->Xsize / job->width);
    height = (2 * image->Ysize * job->width + image->Xsize) / (2 * image->Xsize);
    g_object_unref(image);
    for (int i = -WARM_RUNS; i < job->runs; i++) {
        struct cost cost = {0};
        int64_t start = bench_cpu_us();
        if (codec_once(job, shrink, height, &cost.bytes))
            vips_error_exit(NULL);
        cost.total = bench_cpu_us() - start;
        if (i >= 0)
            add(&sum, &least, &cost);
    }
    report("codec", job, &sum, &least);
    return 0;
}

int main(int argc, char **argv)
{
    struct job job = {.runs = argc > 5 ? atoi(argv[5]) : RUNS};
    gsize len;

    if (argc < 5 || job.runs < 1 || atoi(argv[3]) < 1 ||
        (strcmp(argv[4], "jpeg") != 0 && strcmp(argv[4], "webp") != 0 &&
         strcmp(argv[4], "avif") != 0)) {
        fprintf(stderr, "usage: render_bench render|codec FILE.jpg WIDTH jpeg|webp|avif [N]\n");
        return 2;
    }
    if (!g_file_get_contents(argv[2], &job.data, &len, NULL)) {
        fprintf(stderr, "render_bench: %s: cannot be read\n", argv[2]);
        return 1;
    }
    job.len = len;
    job.width = atoi(argv[3]);
    job.format = argv[4];
    return strcmp(argv[1], "render") == 0 ? render(argv[0], &job) : codec(&job);
}
