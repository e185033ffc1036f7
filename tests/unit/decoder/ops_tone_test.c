/* ops_tone_test.c -- operations on brightness, looked at in pixels. */
#include "tests/unit/decoder/ops_kit.h"

#include <stdio.h>
#include <string.h>

/* The same in 8 and in 16 bits. */
static void becomes(struct kit_pixel color, const char *ops, struct kit_pixel wanted)
{
    char deep[512];

    snprintf(deep, sizeof(deep), "{\"op\":\"colorspace\",\"space\":\"rgb16\"},%s", ops);
    for (int i = 0; i < 2; i++) {
        struct kit_pixel p = ops_pixel(color, i ? deep : ops);
        if (abs(p.r - wanted.r) > 1 || abs(p.g - wanted.g) > 1 || abs(p.b - wanted.b) > 1 ||
            abs(p.a - wanted.a) > 1)
            fail_msg("%s: %d %d %d %d, wanted %d %d %d %d", i ? deep : ops, p.r, p.g, p.b, p.a,
                     wanted.r, wanted.g, wanted.b, wanted.a);
    }
}

static void gamma_brightens_and_leaves_alpha(void **state)
{
    (void)state;
    becomes((struct kit_pixel){128, 0, 255, 255}, "{\"op\":\"gamma\"}",
            (struct kit_pixel){186, 0, 255, 255});
    becomes((struct kit_pixel){64, 64, 64, 100}, "{\"op\":\"gamma\",\"gamma\":2}",
            (struct kit_pixel){128, 128, 128, 100});
}

static void negate_turns_alpha_too_unless_told_not_to(void **state)
{
    const struct kit_pixel color = {200, 100, 0, 60};

    (void)state;
    becomes(color, "{\"op\":\"negate\"}", (struct kit_pixel){55, 155, 255, 195});
    becomes(color, "{\"op\":\"negate\",\"alpha\":false}", (struct kit_pixel){55, 155, 255, 60});
}

static void threshold_is_black_or_white_by_brightness_or_by_channel(void **state)
{
    (void)state;
    becomes((struct kit_pixel){250, 200, 10, 255}, "{\"op\":\"threshold\"}", kit_white);
    becomes((struct kit_pixel){100, 90, 200, 255}, "{\"op\":\"threshold\"}", kit_black);
    becomes((struct kit_pixel){100, 100, 100, 255}, "{\"op\":\"threshold\",\"threshold\":100}",
            kit_white);
    becomes((struct kit_pixel){100, 100, 100, 255}, "{\"op\":\"threshold\",\"threshold\":101}",
            kit_black);
    becomes((struct kit_pixel){250, 127, 128, 255}, "{\"op\":\"threshold\",\"grayscale\":false}",
            (struct kit_pixel){255, 0, 255, 255});
}

static void linear_multiplies_and_adds_in_8_bit_units(void **state)
{
    const struct kit_pixel color = {100, 50, 200, 128};

    (void)state;
    becomes(color, "{\"op\":\"linear\",\"a\":1.5,\"b\":-20}",
            (struct kit_pixel){130, 55, 255, 128});
    becomes(color, "{\"op\":\"linear\",\"b\":-60}", (struct kit_pixel){40, 0, 140, 128});
    becomes(color, "{\"op\":\"linear\",\"a\":[1,2,0.5],\"b\":[1,2,3]}",
            (struct kit_pixel){101, 102, 103, 128});
    becomes(color, "{\"op\":\"linear\",\"a\":[1,1,1,0.5]}", (struct kit_pixel){100, 50, 200, 64});
    becomes((struct kit_pixel){90, 90, 90, 255},
            "{\"op\":\"grayscale\"},{\"op\":\"linear\",\"a\":[1,0,2]}",
            (struct kit_pixel){90, 0, 180, 255});
}

static void a_channel_that_is_not_there_is_out_of_bounds(void **state)
{
    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"linear\",\"a\":[1,1,1,1]}],\"ou"
              "tputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
              &quarters, 1, "Recipe.OutOfBounds", "/ops/0: has 4 numbers, the picture 3 channels");
}

static void normalize_makes_the_darkest_black_and_the_lightest_white(void **state)
{
    static const char dull[] = "{\"op\":\"grayscale\"},{\"op\":\"linear\",\"a\":0.3,\"b\":90}";
    char ops[256];
    VipsImage *image = kit_done(decoder, dull, &quarters, 1);

    (void)state;
    assert_in_range(kit_at(image, 60, 30).g, 160, 170);
    assert_in_range(kit_at(image, 2, 30).g, 90, 130);
    g_object_unref(image);
    snprintf(ops, sizeof(ops), "%s,%s", dull, "{\"op\":\"normalize\"}");
    image = kit_done(decoder, ops, &quarters, 1);
    assert_in_range(kit_at(image, 60, 30).g, 238, 255); /* was white; percentiles are whole */
    assert_in_range(kit_at(image, 2, 30).g, 0, 15);     /* what was blue */
    g_object_unref(image);
    becomes((struct kit_pixel){70, 70, 70, 255}, "{\"op\":\"normalize\"}", /* nothing to stretch */
            (struct kit_pixel){70, 70, 70, 255});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gamma_brightens_and_leaves_alpha),
        cmocka_unit_test(negate_turns_alpha_too_unless_told_not_to),
        cmocka_unit_test(threshold_is_black_or_white_by_brightness_or_by_channel),
        cmocka_unit_test(linear_multiplies_and_adds_in_8_bit_units),
        cmocka_unit_test(a_channel_that_is_not_there_is_out_of_bounds),
        cmocka_unit_test(normalize_makes_the_darkest_black_and_the_lightest_white),
    };
    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
