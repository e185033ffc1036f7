/* hash_test.c -- the hashes against what their authors' programs made of the same pictures: Wolt's
 * C encoder of BlurHash (PyPI blurhash-python 1.2), npm thumbhash 0.1.1, PyPI ImageHash 4.3.2.  npm
 * blurhash 2.0 is no reference: it takes the largest term without its sign, and clips what lies
 * below.  And the palette. */
#include "worker/decoder/pixels.h"

#include <glib.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void pixel_fn(int x, int y, int w, int h, uint8_t *p);

static void slope(int x, int y, int w, int h, uint8_t *p)
{
    p[0] = (uint8_t)(w > 1 ? 255 * x / (w - 1) : 0);
    p[1] = (uint8_t)(h > 1 ? 255 * y / (h - 1) : 0);
    p[2] = (uint8_t)(w + h > 2 ? 255 * (x + y) / (w + h - 2) : 0);
    p[3] = 255;
}

static void weave(int x, int y, int w, int h, uint8_t *p)
{
    (void)w, (void)h;
    p[0] = (uint8_t)(x * 7 + y * 13);
    p[1] = (uint8_t)(x * y);
    p[2] = (uint8_t)((x ^ y) * 3);
    p[3] = 255;
}

static void veil(int x, int y, int w, int h, uint8_t *p) /* clear above, dense below */
{
    (void)w;
    p[0] = (uint8_t)(x * 5);
    p[1] = 200;
    p[2] = (uint8_t)(y * 3);
    p[3] = (uint8_t)(255 * y / (h - 1));
}

static void flat(int x, int y, int w, int h, uint8_t *p)
{
    static const uint8_t color[4] = {10, 120, 230, 255};

    (void)x, (void)y, (void)w, (void)h;
    memcpy(p, color, 4);
}

static uint8_t data[DEC_PIXELS_SIDE_MAX * DEC_PIXELS_SIDE_MAX * 4];

static struct dec_pixels drawn(pixel_fn *fn, int width, int height)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            fn(x, y, width, height, data + 4 * ((size_t)y * width + x));
    return (struct dec_pixels){data, width, height};
}

static void blurhash_is(pixel_fn *fn, int width, int height, int across, int down,
                        const char *expected)
{
    const struct dec_pixels pixels = drawn(fn, width, height);
    char hash[DEC_BLURHASH_SIZE];

    dec_blurhash(&pixels, across, down, hash);
    assert_string_equal(hash, expected);
}

static void blurhash_is_that_of_the_reference(void **state)
{
    (void)state;
    blurhash_is(slope, 60, 40, 4, 3, "L$HVCt2Q$8Sdl?a%jtf8gdfkfQfj");
    blurhash_is(slope, 60, 40, 3, 4, "T$HVCt2Q$8l?a%jtgdfkfQnja|jt");
    blurhash_is(slope, 60, 40, 1, 1, "00HVCt");
    blurhash_is(slope, 60, 40, 9, 9,
                "|$HVCt2Q$8Sdo1bGa{j[a{l?a%jtf8fRf7fRf6fRgdfkfQfjfQfjfQfjfQnja|jtfQfQfQfQfQfQfifR"
                "fQfQfQfQfQfQfQoLa{jtfQfQfQfQfQfQe:fRfQfQfQfQfQfQfQofa{jtfQfQfQfQfQfQe:fRfQfQfQfQ"
                "fQfQfQ");
    blurhash_is(weave, 48, 64, 4, 3, "LEHLL?r1Mjvnmkm$RXNIQ:V}Jpoc");
    blurhash_is(weave, 48, 64, 4, 4, "UEHLL?r1Mjvnmkm$RXNIQ:V}Jpocm=rzSrKI");
    blurhash_is(veil, 50, 50, 4, 3, "LwG-U92r$5SzoYa{jtfPfTfQfQfQ");
    blurhash_is(weave, 100, 100, 9, 9,
                "|JHV0EnVaTnSaKnii$njetnVaEjCWHjER;WCnjavaTabaaahava%jYfRfOnSakjIWcjbODSioMbGaKad"
                "ava#bDawoIfff,niWHjdW;n#ORSiohbLa5afaxbJW-W?oYj?fhnjWCjuW=oGK6SeoMbIaQava_bGX9W["
                "oIj]j=");
    blurhash_is(slope, 1, 1, 1, 1, "000000");
}

static void thumbhash_is(pixel_fn *fn, int width, int height, const char *expected)
{
    const struct dec_pixels pixels = drawn(fn, width, height);
    uint8_t hash[DEC_THUMBHASH_SIZE];
    gchar *text = g_base64_encode(hash, dec_thumbhash(&pixels, hash));

    assert_string_equal(text, expected);
    g_free(text);
}

static void thumbhash_is_that_of_the_reference(void **state)
{
    (void)state;
    thumbhash_is(slope, 60, 40, "H/gNDZqAh4eBh4d4eHh4eI9wCPh4");
    thumbhash_is(weave, 48, 64, "3BgGJQRFZQBoVmdYSXVmN1b89vvM");
    thumbhash_is(veil, 50, 50, "42mFHQw3gIe1h3p4iIC9A3iLh4eAiIh4iA==");
    thumbhash_is(flat, 7, 5, "3iIBBYAAAAAAAAAAAAAAAAAAAAAA"); /* its noise aside */
    thumbhash_is(weave, 100, 100, "nQgGHwKIZWYIhIhIcmZ4a2eGRkRP3q8N");
    thumbhash_is(slope, 1, 1, "AAgCBwAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

static void phash_is(pixel_fn *fn, uint64_t expected)
{
    const struct dec_pixels pixels = drawn(fn, DEC_PHASH_SIDE, DEC_PHASH_SIDE);
    uint8_t luma[DEC_PHASH_SIDE * DEC_PHASH_SIDE];

    for (size_t i = 0; i < sizeof(luma); i++) { /* Pillow's L */
        const uint8_t *p = pixels.data + 4 * i;
        luma[i] = (uint8_t)((19595U * p[0] + 38470U * p[1] + 7471U * p[2] + 0x8000U) >> 16);
    }
    assert_int_equal(dec_phash(luma), expected);
}

static void rings(int x, int y, int w, int h, uint8_t *p)
{
    (void)w, (void)h;
    memset(p, ((x - 9) * (x - 9) + (y - 20) * (y - 20)) * 255 / 1000 % 256, 3);
}

static void phash_is_that_of_the_reference(void **state)
{
    (void)state;
    phash_is(slope, UINT64_C(0xaa07b817d82caf2e));
    phash_is(weave, UINT64_C(0x813e19376c59565d));
    phash_is(rings, UINT64_C(0xaab8b9c2a393a9e4));
}

/* ---- palette -------------------------------------------------------------------------------- */

static void thirds(int x, int y, int w, int h, uint8_t *p) /* 6 parts red, 3 blue, 1 clear */
{
    static const uint8_t red[4] = {200, 20, 30, 255}, blue[4] = {10, 40, 250, 255}, none[4] = {0};

    (void)y, (void)h;
    memcpy(p, x * 10 < w * 6 ? red : x * 10 < w * 9 ? blue : none, 4);
}

static void palette_has_the_colours_that_are_there_most_frequent_first(void **state)
{
    const struct dec_pixels pixels = drawn(thirds, 20, 5);
    struct dec_swatch swatches[DEC_PALETTE_MAX];

    (void)state;
    assert_int_equal(dec_palette(&pixels, swatches), 2);
    assert_int_equal(swatches[0].r, 200);
    assert_int_equal(swatches[0].b, 30);
    assert_int_equal(swatches[1].b, 250);
    assert_float_equal(swatches[0].share, 2.0 / 3, 1e-9);
    assert_float_equal(swatches[1].share, 1.0 / 3, 1e-9);
}

static void palette_of_many_colours_has_as_many_as_it_may_and_counts_every_pixel(void **state)
{
    const struct dec_pixels pixels = drawn(weave, 100, 100);
    struct dec_swatch swatches[DEC_PALETTE_MAX];
    double sum = 0;

    (void)state;
    assert_int_equal(dec_palette(&pixels, swatches), DEC_PALETTE_MAX);
    for (int i = 0; i < DEC_PALETTE_MAX; i++) {
        assert_true(i == 0 || swatches[i].share <= swatches[i - 1].share);
        sum += swatches[i].share;
    }
    assert_float_equal(sum, 1, 1e-9);
}

static void clear(int x, int y, int w, int h, uint8_t *p)
{
    flat(x, y, w, h, p);
    p[3] = 0;
}

static void palette_of_nothing_is_empty(void **state)
{
    const struct dec_pixels pixels = drawn(clear, 9, 9);
    struct dec_swatch swatches[DEC_PALETTE_MAX];

    (void)state;
    assert_int_equal(dec_palette(&pixels, swatches), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blurhash_is_that_of_the_reference),
        cmocka_unit_test(thumbhash_is_that_of_the_reference),
        cmocka_unit_test(phash_is_that_of_the_reference),
        cmocka_unit_test(palette_has_the_colours_that_are_there_most_frequent_first),
        cmocka_unit_test(palette_of_many_colours_has_as_many_as_it_may_and_counts_every_pixel),
        cmocka_unit_test(palette_of_nothing_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
