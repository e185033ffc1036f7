/* ops_colour_test.c -- operations on colours and channels, looked at in pixels. */
#include "tests/unit/decoder/ops_kit.h"

#include <stdio.h>
#include <string.h>

static void becomes(struct kit_pixel color, const char *ops, struct kit_pixel wanted, int tolerance)
{
    struct kit_pixel p = ops_pixel(color, ops);

    if (abs(p.r - wanted.r) > tolerance || abs(p.g - wanted.g) > tolerance ||
        abs(p.b - wanted.b) > tolerance || abs(p.a - wanted.a) > tolerance)
        fail_msg("%s: %d %d %d %d, wanted %d %d %d %d", ops, p.r, p.g, p.b, p.a, wanted.r, wanted.g,
                 wanted.b, wanted.a);
}

static void modulate_changes_brightness_saturation_and_hue(void **state)
{
    const struct kit_pixel color = {180, 90, 60, 200};
    struct kit_pixel p;

    (void)state;
    becomes(color, "{\"op\":\"modulate\"}", color, 1);
    p = ops_pixel(color, "{\"op\":\"modulate\",\"saturation\":0}");
    assert_true(abs(p.r - p.g) <= 1 && abs(p.g - p.b) <= 1 && p.a == 200);
    p = ops_pixel(color, "{\"op\":\"modulate\",\"hue\":180}");
    assert_true(p.r < p.b && p.a == 200); /* the opposite colour */
    becomes(color, "{\"op\":\"modulate\",\"hue\":360}", color, 1);
    p = ops_pixel(color, "{\"op\":\"modulate\",\"brightness\":1.5}");
    assert_true(p.r > 220 && p.g > 110 && p.a == 200);
    p = ops_pixel(color, "{\"op\":\"modulate\",\"lightness\":-100}");
    assert_true(p.r + p.g + p.b < 60);
}

static void recomb_mixes_channels(void **state)
{
    const struct kit_pixel color = {200, 100, 50, 128};

    (void)state;
    becomes(color, "{\"op\":\"recomb\",\"matrix\":[[0,0,1],[0,1,0],[1,0,0]]}",
            (struct kit_pixel){50, 100, 200, 128}, 1);
    becomes(color, "{\"op\":\"recomb\",\"matrix\":[[0.5,0.5,0],[0,1,0],[0,0,1]]}",
            (struct kit_pixel){150, 100, 50, 128}, 1);
    becomes(color, "{\"op\":\"recomb\",\"matrix\":[[1,0,0,0],[0,1,0,0],[0,0,1,0],[1,0,0,0]]}",
            (struct kit_pixel){200, 100, 50, 200}, 1);
    becomes(kit_white,
            "{\"op\":\"grayscale\"},{\"op\":\"recomb\",\"matrix\":[[1,0,0],[0,0.5,0],[0,0,0"
            "]]}",
            (struct kit_pixel){255, 128, 0, 255}, 1);
}

static void tint_colours_the_middle_and_leaves_black_and_white(void **state)
{
    static const char orange[] = "{\"op\":\"tint\",\"color\":\"#ff8000\"}";
    struct kit_pixel p = ops_pixel((struct kit_pixel){128, 128, 128, 77}, orange);

    (void)state;
    assert_true(p.r > p.g + 30 && p.g > p.b + 30 && p.a == 77);
    becomes(kit_white, orange, kit_white, 1);
    becomes(kit_black, orange, kit_black, 1);
    p = ops_pixel((struct kit_pixel){128, 128, 128, 255},
                  "{\"op\":\"grayscale\"},{\"op\":\"tint\",\"color\":\"blue\"}");
    assert_true(p.b > p.r + 30); /* a grey picture takes colour */
}

static void duotone_goes_from_shadow_to_highlight(void **state)
{
    static const char op[] =
        "{\"op\":\"duotone\",\"shadow\":\"#204060\",\"highlight\":\"#ffe0c0\"}";

    (void)state;
    becomes(kit_black, op, (struct kit_pixel){32, 64, 96, 255}, 1);
    becomes(kit_white, op, (struct kit_pixel){255, 224, 192, 255}, 1);
    becomes((struct kit_pixel){128, 128, 128, 50}, op, (struct kit_pixel){144, 144, 144, 50}, 1);
}

static void alpha_is_made_taken_and_flattened(void **state)
{
    const struct kit_pixel half = {200, 100, 0, 128};

    (void)state;
    becomes(kit_red, "{\"op\":\"ensure_alpha\",\"alpha\":0.5}", (struct kit_pixel){255, 0, 0, 128},
            1);
    becomes(half, "{\"op\":\"ensure_alpha\",\"alpha\":1}", half, 0); /* it has one */
    becomes(half, "{\"op\":\"remove_alpha\"}", (struct kit_pixel){200, 100, 0, 255}, 0);
    becomes(half, "{\"op\":\"flatten\",\"background\":\"#00f\"}",
            (struct kit_pixel){100, 50, 127, 255}, 2);
    becomes(kit_red, "{\"op\":\"remove_alpha\"}", kit_red, 0);
}

static void unflatten_makes_white_transparent(void **state)
{
    VipsImage *image = kit_done(decoder, "{\"op\":\"unflatten\"}", &quarters, 1);

    (void)state;
    assert_int_equal(kit_at(image, 60, 30).a, 0);
    kit_is(image, 5, 5, kit_red, 0);
    g_object_unref(image);
    becomes((struct kit_pixel){255, 255, 230, 90}, "{\"op\":\"unflatten\"}",
            (struct kit_pixel){255, 255, 230, 90}, 0); /* not quite white */
    becomes((struct kit_pixel){255, 255, 255, 90}, "{\"op\":\"unflatten\"}",
            (struct kit_pixel){255, 255, 255, 0}, 0);
}

static void channels_count_from_0_and_alpha_is_the_last(void **state)
{
    const struct kit_pixel color = {10, 100, 200, 60};

    (void)state;
    becomes(color, "{\"op\":\"extract_channel\",\"channel\":1}",
            (struct kit_pixel){100, 100, 100, 255}, 0);
    becomes(color, "{\"op\":\"extract_channel\",\"channel\":3}",
            (struct kit_pixel){60, 60, 60, 255}, 0);
    becomes((struct kit_pixel){90, 90, 90, 255},
            "{\"op\":\"grayscale\"},{\"op\":\"extract_channel\",\"channel\":2}",
            (struct kit_pixel){90, 90, 90, 255}, 0);
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"flip\"},{\"op\":\"extract_chann"
              "el\",\"channel\":3}],\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
              &quarters, 1, "Recipe.OutOfBounds",
              "/ops/1/channel: is 3, the picture has channels 0..2");
}

/* What the file of an output is. */
static void file_is(const char *ops, const char *format, VipsInterpretation type,
                    VipsBandFormat band, int bands)
{
    struct wk_rendered rendered;
    char json[512];
    VipsImage *image;

    snprintf(json, sizeof(json),
             "{\"source\":{\"key\":\"a\"},\"ops\":[%s],\"outputs\":[{\"name\":\"o\",\"format"
             "\":\"%s\"}]}",
             ops, format);
    kit_render(decoder, json, &quarters, 1, &rendered);
    image = vips_image_new_from_buffer(rendered.outputs[0].data, rendered.outputs[0].len, "", NULL);
    assert_non_null(image);
    if (image->Type != type || image->BandFmt != band || image->Bands != bands)
        fail_msg("%s: %s %s %d bands", ops, vips_enum_nick(VIPS_TYPE_INTERPRETATION, image->Type),
                 vips_enum_nick(VIPS_TYPE_BAND_FORMAT, image->BandFmt), image->Bands);
    g_object_unref(image);
}

static void colorspace_is_that_of_the_file(void **state)
{
    (void)state;
    file_is("{\"op\":\"colorspace\",\"space\":\"srgb\"}", "png", VIPS_INTERPRETATION_sRGB,
            VIPS_FORMAT_UCHAR, 3);
    file_is("{\"op\":\"colorspace\",\"space\":\"b-w\"}", "png", VIPS_INTERPRETATION_B_W,
            VIPS_FORMAT_UCHAR, 1);
    file_is("{\"op\":\"colorspace\",\"space\":\"rgb16\"}", "png", VIPS_INTERPRETATION_RGB16,
            VIPS_FORMAT_USHORT, 3);
    file_is("{\"op\":\"colorspace\",\"space\":\"grey16\"}", "png", VIPS_INTERPRETATION_GREY16,
            VIPS_FORMAT_USHORT, 1);
    file_is("{\"op\":\"colorspace\",\"space\":\"cmyk\"}", "jpeg", VIPS_INTERPRETATION_CMYK,
            VIPS_FORMAT_UCHAR, 4);
}

static void an_operation_after_colorspace_sees_srgb_again(void **state)
{
    VipsImage *image =
        kit_done(decoder,
                 "{\"op\":\"colorspace\",\"space\":\"lab\"},{\"op\":\"extend\",\"left\":4,\"back"
                 "ground\":\"#08f\"},{\"op\":\"colorspace\",\"space\":\"cmyk\"},{\"op\":\"negate"
                 "\"}",
                 &quarters, 1);

    (void)state;
    kit_is(image, 1, 5, (struct kit_pixel){255, 119, 0, 255}, 60); /* CMYK has no such blue */
    kit_is(image, 64, 30, kit_black, 8);
    g_object_unref(image);
}

static void the_same_colours_come_out_of_cmyk_and_16_bits(void **state)
{
    static const char *const spaces[] = {"rgb16", "grey16", "lab", "cmyk"};

    (void)state;
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        char ops[256];
        snprintf(ops, sizeof(ops),
                 "{\"op\":\"colorspace\",\"space\":\"%s\"},{\"op\":\"resize\",\"width\":3}",
                 spaces[i]);
        becomes((struct kit_pixel){120, 120, 120, 255}, ops, (struct kit_pixel){120, 120, 120, 255},
                i == 3 ? 15 : 1); /* by two profiles, there and back */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modulate_changes_brightness_saturation_and_hue),
        cmocka_unit_test(recomb_mixes_channels),
        cmocka_unit_test(tint_colours_the_middle_and_leaves_black_and_white),
        cmocka_unit_test(duotone_goes_from_shadow_to_highlight),
        cmocka_unit_test(alpha_is_made_taken_and_flattened),
        cmocka_unit_test(unflatten_makes_white_transparent),
        cmocka_unit_test(channels_count_from_0_and_alpha_is_the_last),
        cmocka_unit_test(colorspace_is_that_of_the_file),
        cmocka_unit_test(an_operation_after_colorspace_sees_srgb_again),
        cmocka_unit_test(the_same_colours_come_out_of_cmyk_and_16_bits),
    };
    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
