/* ops_redact_test.c -- regions that nobody shall see, looked at in pixels. */
#include "tests/unit/decoder/ops_kit.h"

#include <stdio.h>
#include <string.h>

static double rough(VipsImage *image, int left, int top, int side) /* of neighbours */
{
    double sum = 0;

    for (int y = top; y < top + side; y++)
        for (int x = left; x < left + side - 1; x++)
            sum += abs(VIPS_IMAGE_ADDR(image, x, y)[1] - VIPS_IMAGE_ADDR(image, x + 1, y)[1]);
    return sum / (side * (side - 1));
}

static void a_filled_region_is_black_and_the_rest_as_it_was(void **state)
{
    VipsImage *image =
        kit_done(decoder,
                 "{\"op\":\"redact\",\"regions\":[{\"left\":10,\"top\":4,\"width\":30,\"height\""
                 ":20},{\"left\":60,\"top\":30,\"width\":900,\"height\":900}]}",
                 &quarters, 1);

    (void)state;
    kit_is(image, 10, 4, kit_black, 0);
    kit_is(image, 39, 23, kit_black, 0);
    kit_is(image, 9, 4, kit_red, 0);
    kit_is(image, 40, 4, kit_green, 0);
    kit_is(image, 63, 31, kit_black, 0); /* the part of it that is there */
    kit_is(image, 59, 31, kit_white, 0);
    g_object_unref(image);
}

static void a_filled_region_hides_what_alpha_shows(void **state)
{
    struct kit_file file = kit_plain(40, 40, (struct kit_pixel){255, 0, 0, 60}, ".png");
    VipsImage *image =
        kit_done(decoder,
                 "{\"op\":\"redact\",\"regions\":[{\"left\":5,\"top\":5,\"width\":10,\"height\":"
                 "10}]}",
                 &file, 1);

    (void)state;
    kit_is(image, 8, 8, kit_black, 0);
    kit_is(image, 20, 20, (struct kit_pixel){255, 0, 0, 60}, 0);
    g_object_unref(image);
    g_free(file.data);
}

static void blocks_and_blur_leave_nothing_to_read(void **state)
{
    static const char *const modes[] = {"pixelate", "blur"};
    struct kit_file file = kit_noise(96, 96, ".png");
    VipsImage *before = kit_done(decoder, "{\"op\":\"grayscale\"}", &file, 1);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char op[256];
        VipsImage *after;
        snprintf(op, sizeof(op),
                 "{\"op\":\"grayscale\"},{\"op\":\"redact\",\"mode\":\"%s\",\"regions\":[{\"left"
                 "\":16,\"top\":16,\"width\":64,\"height\":64}]}",
                 modes[i]);
        after = kit_done(decoder, op, &file, 1);
        assert_true(rough(before, 20, 20, 56) > 20);
        assert_true(rough(after, 20, 20, 56) < 3);
        assert_int_equal(kit_at(after, 15, 40).g, kit_at(before, 15, 40).g);
        assert_int_equal(kit_at(after, 80, 40).g, kit_at(before, 80, 40).g);
        g_object_unref(after);
    }
    g_object_unref(before);
    g_free(file.data);
}

static void a_region_that_is_nowhere_is_an_error_not_a_leak(void **state)
{
    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"redact\",\"regions\":[{\"left\""
              ":0,\"top\":0,\"width\":5,\"height\":5},{\"left\":64,\"top\":0,\"width\":5,\"he"
              "ight\":5}]}],\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
              &quarters, 1, "Recipe.OutOfBounds",
              "/ops/0/regions/1: begins at 64,0, the picture is 64x32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filled_region_is_black_and_the_rest_as_it_was),
        cmocka_unit_test(a_filled_region_hides_what_alpha_shows),
        cmocka_unit_test(blocks_and_blur_leave_nothing_to_read),
        cmocka_unit_test(a_region_that_is_nowhere_is_an_error_not_a_leak),
    };
    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
