/* ops_filter_test.c -- operations that look at a pixel's neighbours, compared with the plain
 * definition. */
#include "tests/unit/decoder/ops_kit.h"

#include <stdio.h>
#include <string.h>

enum { SIDE = 24 };

/* 8-bit grey noise, and what ops make of it, pixel by pixel. */
static VipsImage *noise_done(const char *ops, VipsImage **ret_before)
{
    struct kit_file file = kit_noise(SIDE, SIDE, ".png");
    char all[512];
    VipsImage *image;

    *ret_before = kit_done(decoder, "{\"op\":\"grayscale\"}", &file, 1);
    snprintf(all, sizeof(all), "{\"op\":\"grayscale\"},%s", ops);
    image = kit_done(decoder, all, &file, 1);
    assert_int_equal(image->Xsize, SIDE);
    g_free(file.data);
    return image;
}

static int level(VipsImage *image, int x, int y) /* edges go on as they are */
{
    return VIPS_IMAGE_ADDR(image, VIPS_CLIP(0, x, SIDE - 1), VIPS_CLIP(0, y, SIDE - 1))[1];
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Every pixel is the index-th of the width x width around it; part: index / count. */
static void ranks(const char *op, int width, double part)
{
    VipsImage *before, *after = noise_done(op, &before);
    int *window = malloc(sizeof(int) * (size_t)(width * width));

    assert_non_null(window);
    for (int y = 0; y < SIDE; y += 3)
        for (int x = 0; x < SIDE; x++) {
            size_t n = 0;
            for (int j = 0; j < width; j++)
                for (int i = 0; i < width; i++)
                    window[n++] = level(before, x + i - width / 2, y + j - width / 2);
            qsort(window, n, sizeof(int), by_value);
            if (level(after, x, y) != window[(size_t)((double)(n - 1) * part)])
                fail_msg("%s: at %d,%d: %d, wanted %d", op, x, y, level(after, x, y),
                         window[(size_t)((double)(n - 1) * part)]);
        }
    free(window);
    g_object_unref(before);
    g_object_unref(after);
}

static void median_is_the_middle_of_the_window_at_every_size(void **state)
{
    (void)state;
    ranks("{\"op\":\"median\"}", 3, 0.5);
    ranks("{\"op\":\"median\",\"size\":5}", 5, 0.5);
    ranks("{\"op\":\"median\",\"size\":11}", 11, 0.5);
    ranks("{\"op\":\"median\",\"size\":31}", 31, 0.5); /* larger than the picture */
}

static void dilate_and_erode_are_the_least_and_the_most_of_the_window(void **state)
{
    (void)state;
    ranks("{\"op\":\"dilate\"}", 3, 0);
    ranks("{\"op\":\"erode\"}", 3, 1);
    ranks("{\"op\":\"dilate\",\"width\":4}", 9, 0);
    ranks("{\"op\":\"erode\",\"width\":15}", 31, 1);
}

static void a_median_works_at_16_bits(void **state)
{
    struct kit_file file = kit_plain(9, 9, (struct kit_pixel){10, 200, 90, 255}, ".png");
    VipsImage *image = kit_done(
        decoder, "{\"op\":\"colorspace\",\"space\":\"rgb16\"},{\"op\":\"median\",\"size\":5}",
        &file, 1);

    (void)state;
    kit_is(image, 4, 4, (struct kit_pixel){10, 200, 90, 255}, 0);
    kit_is(image, 0, 8, (struct kit_pixel){10, 200, 90, 255}, 0);
    g_object_unref(image);
    g_free(file.data);
}

static void convolve_is_the_weighted_sum(void **state)
{
    VipsImage *before,
        *after = noise_done(
            "{\"op\":\"convolve\",\"width\":3,\"height\":3,\"kernel\":[0,1,0,1,2,1,0,1,0],"
            "\"offset\":5}",
            &before);

    (void)state;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int sum = level(before, x, y - 1) + level(before, x - 1, y) + 2 * level(before, x, y) +
                      level(before, x + 1, y) + level(before, x, y + 1);
            int wanted = VIPS_MIN(255, (int)(sum / 6.0 + 5.5));
            if (abs(level(after, x, y) - wanted) > 1)
                fail_msg("at %d,%d: %d, wanted %d", x, y, level(after, x, y), wanted);
        }
    g_object_unref(before);
    g_object_unref(after);
}

static void convolve_finds_edges_both_ways(void **state)
{
    VipsImage *image =
        kit_done(decoder,
                 "{\"op\":\"convolve\",\"width\":3,\"height\":3,\"kernel\":[-1,0,1,-1,0,1,-1,0,1"
                 "],\"offset\":128}",
                 &quarters, 1);

    (void)state;
    kit_is(image, 10, 5, (struct kit_pixel){128, 128, 128, 255}, 0);
    kit_is(image, 31, 5, (struct kit_pixel){0, 255, 128, 255}, 0); /* red ends, green begins */
    g_object_unref(image);
}

static void pixelate_gives_each_block_its_mean(void **state)
{
    VipsImage *before, *after = noise_done("{\"op\":\"pixelate\",\"size\":8}", &before);

    (void)state;
    for (int y = 0; y < SIDE; y += 8)
        for (int x = 0; x < SIDE; x += 8) {
            int sum = 0;
            for (int i = 0; i < 64; i++)
                sum += level(before, x + i % 8, y + i / 8);
            assert_in_range(level(after, x, y), sum / 64 - 1, sum / 64 + 1);
            assert_int_equal(level(after, x + 7, y + 7), level(after, x, y));
        }
    g_object_unref(before);
    g_object_unref(after);
}

static void pixelate_does_not_mix_in_what_is_transparent(void **state)
{
    struct kit_file files[] = {kit_plain(8, 8, (struct kit_pixel){0, 0, 0, 0}, ".png"),
                               kit_plain(4, 8, kit_white, ".png")};
    VipsImage *image =
        kit_done(decoder,
                 "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},\"left\":0,\"top"
                 "\":0}]},{\"op\":\"pixelate\",\"size\":8}",
                 files, 2);

    (void)state;
    kit_is(image, 6, 6, (struct kit_pixel){255, 255, 255, 128}, 2);
    g_object_unref(image);
    g_free(files[0].data);
    g_free(files[1].data);
}

static void clahe_spreads_what_is_close_together(void **state)
{
    VipsImage *before, *flat = noise_done("{\"op\":\"linear\",\"a\":0.2,\"b\":100}", &before);
    VipsImage *after;
    double narrow = 0, wide = 0;

    (void)state;
    g_object_unref(before);
    after =
        noise_done("{\"op\":\"linear\",\"a\":0.2,\"b\":100},{\"op\":\"clahe\",\"width\":9,\"height"
                   "\":9,\"max_slope\":0}",
                   &before);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            narrow += abs(level(flat, x, y) - level(flat, x + 1, y));
            wide += abs(level(after, x, y) - level(after, x + 1, y));
        }
    assert_true(wide > 4 * narrow);
    g_object_unref(before);
    g_object_unref(flat);
    g_object_unref(after);
    after = noise_done("{\"op\":\"clahe\",\"width\":900,\"height\":900}",
                       &before); /* the whole picture */
    g_object_unref(before);
    g_object_unref(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_is_the_middle_of_the_window_at_every_size),
        cmocka_unit_test(dilate_and_erode_are_the_least_and_the_most_of_the_window),
        cmocka_unit_test(a_median_works_at_16_bits),
        cmocka_unit_test(convolve_is_the_weighted_sum),
        cmocka_unit_test(convolve_finds_edges_both_ways),
        cmocka_unit_test(pixelate_gives_each_block_its_mean),
        cmocka_unit_test(pixelate_does_not_mix_in_what_is_transparent),
        cmocka_unit_test(clahe_spreads_what_is_close_together),
    };
    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
