/* measure_test.c -- the measures of likeness against the programs that others use for them: values
 * of libjxl 0.11.2's ssimulacra2 and of scikit-image's structural_similarity on the same pixels. */
#include "worker/decoder/measure.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum harm { NOISE, DARKER, BLOCKS, BLUR, HARMS };

struct pair {
    uint8_t *original, *other;
    int width, height;
};

static uint32_t chance(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static uint8_t byte_of(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Waves, edges and a little noise in three channels. */
static void original_fill(uint8_t *rgb, int width, int height)
{
    uint32_t state = 7;

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                int wave = (x * (c + 2) + y * (5 - c)) % 64, tile = ((x / 16 + y / 24) % 3) * 40;
                rgb[((size_t)y * width + x) * 3 + c] =
                    byte_of(40 + wave * 2 + tile + (int)(chance(&state) % 9) - 4);
            }
}

static int harmed(const uint8_t *in, int width, int height, int x, int y, int c, enum harm harm,
                  uint32_t *state)
{
    size_t at = ((size_t)y * width + x) * 3 + c, row = (size_t)width * 3;
    int v = in[at];

    switch (harm) {
    case NOISE:
        return v + (int)(chance(state) % 25) - 12;
    case DARKER:
        return v * 9 / 10;
    case BLOCKS:
        return in[((size_t)(y / 4 * 4) * width + x / 4 * 4) * 3 + c];
    case BLUR:
        return (2 * v + (x + 1 < width ? in[at + 3] : v) + (y + 1 < height ? in[at + row] : v)) / 4;
    case HARMS:
        break;
    }
    return v;
}

static struct pair pair_make(int width, int height, enum harm harm)
{
    size_t len = (size_t)width * height * 3;
    struct pair pair = {malloc(len), malloc(len), width, height};
    uint32_t state = 11;

    assert_non_null(pair.original);
    assert_non_null(pair.other);
    original_fill(pair.original, width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                pair.other[((size_t)y * width + x) * 3 + c] =
                    byte_of(harmed(pair.original, width, height, x, y, c, harm, &state));
    return pair;
}

static void pair_release(struct pair *pair)
{
    free(pair->original);
    free(pair->other);
}

static void ssimulacra2_is_what_its_author_s_program_says(void **state)
{
    static const struct {
        int width, height;
        double scores[HARMS];
    } published[] = {
        {256, 192, {81.65442262, 65.21703644, -55.77088215, 51.20622679}},
        {131, 67, {56.03049045, 65.57269151, -34.80598695, 44.89246402}},
        {33, 9, {91.42709023, 98.11322658, 72.45664425, 89.14464128}}, /* fewer scales */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
        for (int harm = 0; harm < HARMS; harm++) {
            struct pair pair = pair_make(published[i].width, published[i].height, (enum harm)harm);
            double score = dec_ssimulacra2(pair.original, pair.other, pair.width, pair.height);
            /* that program approximates cube roots and powers */
            assert_float_equal(score, published[i].scores[harm], 0.05);
            pair_release(&pair);
        }
}

static void dssim_is_what_scikit_image_says(void **state)
{
    static const struct {
        int width, height;
        double scores[HARMS];
    } published[] = {
        {256, 192, {0.0139626047, 0.0054962372, 0.2881202202, 0.0439167169}},
        {131, 67, {0.0143273926, 0.0054901018, 0.2899084978, 0.0440440296}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
        for (int harm = 0; harm < HARMS; harm++) {
            struct pair pair = pair_make(published[i].width, published[i].height, (enum harm)harm);
            double score = dec_dssim(pair.original, pair.other, pair.width, pair.height);
            assert_float_equal(score, published[i].scores[harm], 1e-6);
            pair_release(&pair);
        }
}

static void a_picture_is_as_like_itself_as_can_be_at_any_size(void **state)
{
    static const int sizes[][2] = {{1, 1}, {7, 300}, {8, 8}, {300, 1}, {65, 130}};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct pair pair = pair_make(sizes[i][0], sizes[i][1], BLUR);
        assert_float_equal(dec_ssimulacra2(pair.original, pair.original, pair.width, pair.height),
                           100, 1e-9);
        assert_float_equal(dec_dssim(pair.original, pair.original, pair.width, pair.height), 0,
                           1e-9);
        assert_false(isnan(dec_ssimulacra2(pair.original, pair.other, pair.width, pair.height)));
        pair_release(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ssimulacra2_is_what_its_author_s_program_says),
        cmocka_unit_test(dssim_is_what_scikit_image_says),
        cmocka_unit_test(a_picture_is_as_like_itself_as_can_be_at_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
