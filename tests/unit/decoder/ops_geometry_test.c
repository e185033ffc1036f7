/* ops_geometry_test.c -- trim, extend and affine, looked at in pixels. */
#include "tests/unit/decoder/ops_kit.h"

#include <stdio.h>
#include <string.h>

/* A square of 10 in one colour on another, 3 from the left and 5 from the top. */
static VipsImage *framed(const char *ops, struct kit_pixel ground, struct kit_pixel square)
{
    struct kit_file files[] = {kit_plain(20, 30, ground, ".png"),
                               kit_plain(10, 10, square, ".png")};
    char all[1024];
    VipsImage *image;

    snprintf(all, sizeof(all),
             "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},\"left\":3,\"top"
             "\":5}]},%s",
             ops);
    image = kit_done(decoder, all, files, 2);
    g_free(files[0].data);
    g_free(files[1].data);
    return image;
}

static void size_is(VipsImage *image, int width, int height)
{
    if (image->Xsize != width || image->Ysize != height)
        fail_msg("%dx%d, wanted %dx%d", image->Xsize, image->Ysize, width, height);
}

static void trim_leaves_what_stands_out(void **state)
{
    VipsImage *image = framed("{\"op\":\"trim\"}", kit_white, kit_red);

    (void)state;
    size_is(image, 10, 10);
    kit_is(image, 0, 0, kit_red, 0);
    kit_is(image, 9, 9, kit_red, 0);
    g_object_unref(image);
    image = framed("{\"op\":\"trim\",\"background\":\"#00f\"}", kit_white, kit_red);
    size_is(image, 20, 30); /* none of it is blue */
    g_object_unref(image);
    image = framed("{\"op\":\"trim\",\"threshold\":60}", kit_white,
                   (struct kit_pixel){215, 215, 215, 255});
    size_is(image, 20, 30); /* nothing stands out by so much: it stays */
    g_object_unref(image);
    image = framed("{\"op\":\"trim\",\"threshold\":20}", kit_white,
                   (struct kit_pixel){215, 215, 215, 255});
    size_is(image, 10, 10);
    g_object_unref(image);
}

static void trim_sees_what_is_only_in_alpha(void **state)
{
    VipsImage *image = framed("{\"op\":\"trim\"}", (struct kit_pixel){0, 0, 0, 0}, kit_black);

    (void)state;
    size_is(image, 10, 10);
    kit_is(image, 5, 5, kit_black, 0);
    g_object_unref(image);
}

static void a_picture_of_one_colour_is_not_trimmed_away(void **state)
{
    struct kit_file file = kit_plain(12, 9, kit_blue, ".png");
    VipsImage *image = kit_done(decoder, "{\"op\":\"trim\"}", &file, 1);

    (void)state;
    size_is(image, 12, 9);
    g_object_unref(image);
    g_free(file.data);
}

static void extend_puts_around_it_what_its_mode_says(void **state)
{
    static const struct {
        const char *mode;
        struct kit_pixel left, top; /* just outside of the upper left corner, which is red */
    } cases[] = {
        {"\"background\":\"#0080ff\"", {0, 128, 255, 255}, {0, 128, 255, 255}},
        {"\"mode\":\"copy\"", {255, 0, 0, 255}, {255, 0, 0, 255}},
        {"\"mode\":\"mirror\"", {255, 0, 0, 255}, {255, 0, 0, 255}},
        {"\"mode\":\"repeat\"", {0, 255, 0, 255}, {0, 0, 255, 255}}, /* the other side's */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char op[128];
        VipsImage *image;
        snprintf(op, sizeof(op), "{\"op\":\"extend\",\"left\":6,\"top\":4,\"right\":2,%s}",
                 cases[i].mode);
        image = kit_done(decoder, op, &quarters, 1);
        size_is(image, 72, 36);
        kit_is(image, 6, 4, kit_red, 0);
        kit_is(image, 5, 5, cases[i].left, 0);
        kit_is(image, 7, 3, cases[i].top, 0);
        kit_is(image, 68, 35, kit_white, 0);
        g_object_unref(image);
    }
}

static void extend_by_a_transparent_background_gives_alpha(void **state)
{
    VipsImage *image = kit_done(
        decoder, "{\"op\":\"extend\",\"bottom\":4,\"background\":\"#f008\"}", &quarters, 1);

    (void)state;
    kit_is(image, 3, 34, (struct kit_pixel){255, 0, 0, 136}, 0);
    kit_is(image, 3, 30, kit_blue, 0);
    g_object_unref(image);
}

static void a_grey_picture_takes_a_coloured_background(void **state)
{
    VipsImage *image = kit_done(
        decoder, "{\"op\":\"grayscale\"},{\"op\":\"extend\",\"left\":4,\"background\":\"#f80\"}",
        &quarters, 1);

    (void)state;
    kit_is(image, 1, 5, (struct kit_pixel){255, 136, 0, 255}, 0);
    kit_is(image, 60, 30, kit_white, 0);
    g_object_unref(image);
}

static void affine_scales_shears_and_fills(void **state)
{
    VipsImage *image =
        kit_done(decoder, "{\"op\":\"affine\",\"matrix\":[[2,0],[0,1.5]]}", &quarters, 1);

    (void)state;
    size_is(image, 128, 48);
    kit_is(image, 20, 10, kit_red, 0);
    kit_is(image, 110, 10, kit_green, 0);
    kit_is(image, 110, 40, kit_white, 0);
    g_object_unref(image);
    image =
        kit_done(decoder, "{\"op\":\"affine\",\"matrix\":[[1,0.5],[0,1]],\"background\":\"#ff0\"}",
                 &quarters, 1);
    size_is(image, 80, 32);
    kit_is(image, 2, 30, (struct kit_pixel){255, 255, 0, 255}, 2); /* shifted away to the right */
    kit_is(image, 20, 30, kit_blue, 2);
    kit_is(image, 77, 30, kit_white, 2);
    g_object_unref(image);
}

/* Between two pixels lies what is between them: no edge is made sharper than it was. */
static void affine_does_not_overshoot(void **state)
{
    struct kit_file files[] = {kit_plain(20, 8, (struct kit_pixel){100, 100, 100, 255}, ".png"),
                               kit_plain(10, 8, (struct kit_pixel){150, 150, 150, 255}, ".png")};
    VipsImage *image = kit_done(
        decoder,
        "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},\"left\":0,\"top\":0}]},"
        "{\"op\":\"affine\",\"matrix\":[[3,0],[0,1]]}",
        files, 2);

    (void)state;
    for (int x = 1; x < image->Xsize - 3; x++)
        assert_in_range(kit_at(image, x, 4).g, 100, 150);
    g_object_unref(image);
    g_free(files[0].data);
    g_free(files[1].data);
}

static void what_would_be_too_large_is_not_begun(void **state)
{
    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"affine\",\"matrix\":[[9000,0],["
              "0,9000]]}],\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
              &quarters, 1, "Image.TooLarge", "/ops/0: would be 576000x288000");
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"extend\",\"left\":1000000,\"top"
              "\":1000000}],\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
              &quarters, 1, "Image.TooLarge", "/ops/0: would be 1000064x1000032");
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"affine\",\"matrix\":[[0.001,0],"
              "[0,1]]}],\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
              &quarters, 1, "Recipe.OutOfBounds", "/ops/0: would be ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trim_leaves_what_stands_out),
        cmocka_unit_test(trim_sees_what_is_only_in_alpha),
        cmocka_unit_test(a_picture_of_one_colour_is_not_trimmed_away),
        cmocka_unit_test(extend_puts_around_it_what_its_mode_says),
        cmocka_unit_test(extend_by_a_transparent_background_gives_alpha),
        cmocka_unit_test(a_grey_picture_takes_a_coloured_background),
        cmocka_unit_test(affine_scales_shears_and_fills),
        cmocka_unit_test(affine_does_not_overshoot),
        cmocka_unit_test(what_would_be_too_large_is_not_begun),
    };
    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
