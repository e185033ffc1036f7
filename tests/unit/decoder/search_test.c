/* search_test.c -- max_bytes is never exceeded, target is reached by no more quality than it takes,
 * best is the shortest of those that could be. */
#include "tests/unit/decoder/kit.h"
#include "worker/decoder/measure.h"

#include <stdio.h>
#include <string.h>

static struct wk_decoder *decoder;
static struct kit_file photo; /* something with edges and gradients */

/* A gradient under a grid of lines, with some noise on it. */
static struct kit_file photo_make(void)
{
    VipsImage *t[8] = {0};
    struct kit_file file;

    if (vips_xyz(&t[0], 160, 120, NULL) || vips_linear1(t[0], &t[1], 1.3, 10, NULL) ||
        vips_gaussnoise(&t[2], 160, 120, "sigma", 5.0, "mean", 0.0, "seed", 3, NULL) ||
        vips_add(t[1], t[2], &t[3], NULL) || vips_extract_band(t[3], &t[4], 1, NULL) ||
        vips_bandjoin2(t[3], t[4], &t[5], NULL) ||
        vips_cast(t[5], &t[6], VIPS_FORMAT_UCHAR, NULL) ||
        vips_copy(t[6], &t[7], "interpretation", VIPS_INTERPRETATION_sRGB, NULL) ||
        vips_pngsave_buffer(t[7], &file.data, &file.len, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    for (size_t i = 0; i < 8; i++)
        g_object_unref(t[i]);
    return file;
}

/* A landscape of all sizes of detail, in colour. */
static struct kit_file surface_make(void)
{
    VipsImage *t[8] = {0};
    struct kit_file file;

    for (int i = 0; i < 3; i++)
        if (vips_perlin(&t[i], 640, 480, "cell_size", 20 << 2 * i, "seed", i + 1, NULL))
            fail_msg("libvips: %s", vips_error_buffer());
    if (vips_bandjoin(t, &t[3], 3, NULL) ||
        vips_gaussnoise(&t[4], 640, 480, "sigma", 0.05, "mean", 0.0, "seed", 7, NULL) ||
        vips_add(t[3], t[4], &t[7], NULL) || vips_linear1(t[7], &t[5], 90, 128, NULL) ||
        vips_copy(t[5], &t[6], "interpretation", VIPS_INTERPRETATION_sRGB, NULL) ||
        vips_pngsave_buffer(t[6], &file.data, &file.len, "bitdepth", 8, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    for (size_t i = 0; i < 8; i++)
        g_object_unref(t[i]);
    return file;
}

/* RGB of 8 bits, in memory. */
static VipsImage *colours_of(const void *data, size_t len)
{
    VipsImage *opened = kit_open(data, len), *colours, *out;

    if (vips_extract_band(opened, &colours, 0, "n", 3, NULL) ||
        !(out = vips_image_copy_memory(colours)))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(opened);
    g_object_unref(colours);
    return out;
}

static int setup(void **state)
{
    const struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("search_test");
    decoder = kit_decoder(&config);
    photo = photo_make();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    g_free(photo.data);
    wk_decoder_free(decoder);
    return 0;
}

static struct wk_output written(const char *fields)
{
    struct wk_rendered rendered;
    char json[512];

    snprintf(json, sizeof(json), "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",%s}]}",
             fields);
    kit_render(decoder, json, &photo, 1, &rendered);
    return rendered.outputs[0];
}

static size_t length_at(const char *format, int quality)
{
    char fields[96];

    snprintf(fields, sizeof(fields), "\"format\":\"%s\",\"quality\":%d", format, quality);
    return written(fields).len;
}

static void max_bytes_takes_the_highest_quality_that_fits(void **state)
{
    static const char *const formats[] = {"jpeg", "webp", "avif", "heif", "jxl"};

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        size_t low = length_at(formats[i], 20), high = length_at(formats[i], 70);
        size_t max = (low + high) / 2;
        char fields[96];
        struct wk_output output;
        int quality;
        snprintf(fields, sizeof(fields), "\"format\":\"%s\",\"quality\":90,\"max_bytes\":%zu",
                 formats[i], max);
        output = written(fields);
        quality = output.quality;
        assert_true(output.len <= max);
        assert_int_equal(output.width, 160);
        assert_in_range(quality, 20, 70);
        print_message("    %s: %zu at %d, of %zu\n", formats[i], output.len, quality, max);
        assert_int_equal(length_at(formats[i], quality), output.len); /* it is that quality */
        assert_true(length_at(formats[i], quality + 2) > max);
    }
}

static void what_fits_as_it_is_stays_as_it_is(void **state)
{
    struct wk_output output = written("\"format\":\"jpeg\",\"quality\":60,\"max_bytes\":1000000");

    (void)state;
    assert_int_equal(output.quality, 60);
    assert_int_equal(output.len, length_at("jpeg", 60));
}

static void where_quality_is_not_enough_the_picture_gets_smaller(void **state)
{
    static const struct {
        const char *format;
        double part; /* of what it takes at its least */
    } outputs[] = {{"\"format\":\"jpeg\",\"quality\":1", 0.9},
                   {"\"format\":\"webp\",\"quality\":1", 0.5},
                   {"\"format\":\"png\"", 0.3},
                   {"\"format\":\"gif\"", 0.3},
                   {"\"format\":\"webp\",\"lossless\":true", 0.3}};

    (void)state;
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        size_t max = (size_t)((double)written(outputs[i].format).len * outputs[i].part);
        char fields[96];
        struct wk_output output;
        VipsImage *image;
        snprintf(fields, sizeof(fields), "%s,\"max_bytes\":%zu", outputs[i].format, max);
        output = written(fields);
        image = kit_open(output.data, output.len);
        assert_in_range(output.len, max / 8, max);
        assert_true(output.width < 160);
        assert_int_equal(image->Xsize, output.width); /* the answer tells the size that it has */
        assert_int_equal(image->Ysize, output.height);
        assert_true(abs(output.width * 3 - output.height * 4) <= 4); /* and its shape is kept */
        g_object_unref(image);
    }
}

static void what_cannot_fit_at_any_size_is_too_large(void **state)
{
    (void)state;
    kit_fails(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"p\",\"format\":\"png\"},{\"name\":"
        "\"o\",\"format\":\"png\",\"max_bytes\":40}]}",
        &photo, 1, "Image.TooLarge", "/outputs/1/max_bytes: 40 is less than the");
}

static double likeness(const struct wk_output *output, bool dssim)
{
    VipsImage *a = kit_open(photo.data, photo.len), *b = kit_open(output->data, output->len);
    VipsImage *rgb_a, *rgb_b, *memory_a, *memory_b;
    double score;

    if (vips_extract_band(a, &rgb_a, 0, "n", 3, NULL) ||
        vips_extract_band(b, &rgb_b, 0, "n", 3, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    memory_a = vips_image_copy_memory(rgb_a);
    memory_b = vips_image_copy_memory(rgb_b);
    score = (dssim ? dec_dssim : dec_ssimulacra2)((const uint8_t *)VIPS_IMAGE_ADDR(memory_a, 0, 0),
                                                  (const uint8_t *)VIPS_IMAGE_ADDR(memory_b, 0, 0),
                                                  a->Xsize, a->Ysize);
    g_object_unref(a);
    g_object_unref(b);
    g_object_unref(rgb_a);
    g_object_unref(rgb_b);
    g_object_unref(memory_a);
    g_object_unref(memory_b);
    return score;
}

static double likeness_at(const char *format, int quality, bool dssim)
{
    char fields[96];
    struct wk_output output;

    snprintf(fields, sizeof(fields), "\"format\":\"%s\",\"quality\":%d", format, quality);
    output = written(fields);
    return likeness(&output, dssim);
}

/* What quality 55 reaches is asked for: no less quality is taken than reaches it, and no more than
 * needed. */
static void a_target_is_reached_by_no_more_quality_than_it_takes(void **state)
{
    static const char *const formats[] = {"jpeg", "webp", "avif"};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(formats) / sizeof(formats[0]); i++) {
        bool dssim = i % 2;
        const char *format = formats[i / 2];
        double reached = likeness_at(format, 55, dssim), less;
        char fields[160];
        struct wk_output output;
        int quality;
        if (reached < 1 && !dssim)
            continue; /* no score that may be asked for */
        snprintf(fields, sizeof(fields),
                 "\"format\":\"%s\",\"target\":{\"metric\":\"%s\",\"score\":%.9f}", format,
                 dssim ? "dssim" : "ssimulacra2", reached + (dssim ? 1e-8 : -1e-8));
        output = written(fields);
        quality = output.quality;
        print_message("    %s: %.4f takes quality %d\n", format, reached, quality);
        assert_in_range(quality, 2, 55);
        less = likeness(&output, dssim);
        assert_true(dssim ? less <= reached + 1e-7 : less >= reached - 1e-7);
        less = likeness_at(format, quality - 1, dssim);
        assert_true(dssim ? less > reached : less < reached);
    }
}

static void a_target_out_of_reach_takes_the_highest_quality_there_may_be(void **state)
{
    struct wk_output output = written("\"format\":\"jpeg\",\"target\":{\"metric\":\"ssimulacra2\","
                                      "\"score\":100}");

    (void)state;
    assert_int_equal(output.quality, 100);
    output = written("\"format\":\"jpeg\",\"quality\":40,\"target\":{\"metric\":\"ssimulacra2\","
                     "\"score\":99}");
    assert_int_equal(output.quality, 40);
}

static void best_is_the_shortest(void **state)
{
    static const char *const formats[] = {"jpeg", "webp", "png", "avif"};
    size_t shortest = SIZE_MAX;
    const char *expected = "";
    struct wk_output output;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char fields[32];
        size_t len;
        snprintf(fields, sizeof(fields), "\"format\":\"%s\"", formats[i]);
        len = written(fields).len;
        if (len < shortest) {
            shortest = len;
            expected = formats[i];
        }
    }
    output = written("\"format\":\"best\"");
    assert_int_equal(output.len, shortest);
    assert_string_equal(output.format, expected);
    /* within max_bytes too */
    output = written("\"format\":\"best\",\"max_bytes\":600");
    assert_true(output.len <= 600);
}

static void best_keeps_transparency(void **state)
{
    struct kit_file clear = kit_plain(64, 64, (struct kit_pixel){10, 200, 30, 0}, ".png");
    struct wk_rendered rendered;
    VipsImage *image;

    (void)state;
    kit_render(decoder,
               "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":\"best\"}]}",
               &clear, 1, &rendered);
    image = kit_open(rendered.outputs[0].data, rendered.outputs[0].len);
    assert_int_equal(kit_at(image, 9, 9).a, 0);
    g_object_unref(image);
    g_free(clear.data);
}

/* Of one quality after another, the first that takes libvips alone as many bytes. */
static double score_of_as_many_bytes(VipsImage *picture, size_t bytes)
{
    for (int quality = 30; quality <= 100; quality++) {
        void *data;
        size_t len;
        VipsImage *image;
        double score;
        if (vips_heifsave_buffer(picture, &data, &len, "Q", quality, "compression",
                                 VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", 3, "subsample_mode",
                                 VIPS_FOREIGN_SUBSAMPLE_ON, "bitdepth", 8, NULL))
            fail_msg("libvips: %s", vips_error_buffer());
        image = len < bytes ? NULL : colours_of(data, len);
        score = image ? dec_ssimulacra2((const uint8_t *)picture->data,
                                        (const uint8_t *)image->data, image->Xsize, image->Ysize)
                      : 0;
        g_free(data);
        if (image) {
            g_object_unref(image);
            return score;
        }
    }
    fail_msg("no quality of libvips takes %zu bytes", bytes);
    return 0;
}

static void avif_looks_better_than_the_same_bytes_of_libvips_alone(void **state)
{
    struct kit_file file = surface_make();
    VipsImage *picture = colours_of(file.data, file.len), *image;
    struct wk_rendered rendered;
    double ours, theirs;

    (void)state;
    kit_render(decoder,
               "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":"
               "\"avif\",\"quality\":50}]}",
               &file, 1, &rendered);
    image = colours_of(rendered.outputs[0].data, rendered.outputs[0].len);
    ours = dec_ssimulacra2((const uint8_t *)picture->data, (const uint8_t *)image->data,
                           image->Xsize, image->Ysize);
    theirs = score_of_as_many_bytes(picture, rendered.outputs[0].len);
    print_message("    %zu bytes: %.1f, libvips alone %.1f\n", rendered.outputs[0].len, ours,
                  theirs);
    assert_true(ours > theirs + 1);
    g_object_unref(picture);
    g_object_unref(image);
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_bytes_takes_the_highest_quality_that_fits),
        cmocka_unit_test(what_fits_as_it_is_stays_as_it_is),
        cmocka_unit_test(where_quality_is_not_enough_the_picture_gets_smaller),
        cmocka_unit_test(what_cannot_fit_at_any_size_is_too_large),
        cmocka_unit_test(a_target_is_reached_by_no_more_quality_than_it_takes),
        cmocka_unit_test(a_target_out_of_reach_takes_the_highest_quality_there_may_be),
        cmocka_unit_test(best_is_the_shortest),
        cmocka_unit_test(best_keeps_transparency),
        cmocka_unit_test(avif_looks_better_than_the_same_bytes_of_libvips_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
