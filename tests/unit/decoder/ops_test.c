/* ops_test.c -- every operation does what the vocabulary says, looked at in pixels. */
#include "tests/unit/decoder/ops_kit.h"

#include <stdio.h>
#include <string.h>

/* The four corners after ops, clockwise from the upper left. */
static void corners(const char *ops, int width, int height, struct kit_pixel a, struct kit_pixel b,
                    struct kit_pixel c, struct kit_pixel d)
{
    VipsImage *image = kit_done(decoder, ops, &quarters, 1);

    if (image->Xsize != width || image->Ysize != height)
        fail_msg("%s: %dx%d, wanted %dx%d", ops, image->Xsize, image->Ysize, width, height);
    kit_is(image, 1, 1, a, 2);
    kit_is(image, width - 2, 1, b, 2);
    kit_is(image, width - 2, height - 2, c, 2);
    kit_is(image, 1, height - 2, d, 2);
    g_object_unref(image);
}

static void sizes_are_as_every_fit_says(void **state)
{
    static const struct {
        const char *fields;
        int width, height;
    } cases[] = {
        {"\"width\":32", 32, 16},
        {"\"height\":8", 16, 8},
        {"\"width\":15", 15, 8}, /* 7.5 rounds up */
        {"\"width\":1", 1, 1},   /* at least 1 */
        {"\"width\":20,\"height\":20", 20, 20},
        {"\"width\":20,\"height\":20,\"fit\":\"contain\"", 20, 20},
        {"\"width\":20,\"height\":20,\"fit\":\"fill\"", 20, 20},
        {"\"width\":20,\"height\":20,\"fit\":\"inside\"", 20, 10},
        {"\"width\":20,\"height\":20,\"fit\":\"outside\"", 40, 20},
        {"\"width\":128,\"without_enlargement\":true", 64, 32},
        {"\"width\":128,\"height\":20,\"without_enlargement\":true", 64, 20},
        {"\"width\":16,\"fit\":\"inside\",\"without_reduction\":true", 64, 32},
        {"\"width\":128,\"fit\":\"inside\",\"without_reduction\":true", 128, 64},
        {"\"width\":200,\"height\":100,\"kernel\":\"nearest\"", 200, 100},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char ops[256];
        VipsImage *image;
        snprintf(ops, sizeof(ops), "{\"op\":\"resize\",%s}", cases[i].fields);
        image = kit_done(decoder, ops, &quarters, 1);
        if (image->Xsize != cases[i].width || image->Ysize != cases[i].height)
            fail_msg("%s: %dx%d, wanted %dx%d", ops, image->Xsize, image->Ysize, cases[i].width,
                     cases[i].height);
        g_object_unref(image);
    }
}

static void a_size_is_of_the_full_picture_however_it_is_decoded(void **state)
{
    static const char *const suffixes[] = {".jpg", ".webp", ".png"};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int width = 301; width < 305; width++) {
            struct kit_file file = kit_noise(width, 226, suffixes[i]);
            VipsImage *image = kit_done(decoder, "{\"op\":\"resize\",\"width\":37}", &file, 1);
            assert_int_equal(image->Xsize, 37);
            assert_int_equal(image->Ysize, (2 * 226 * 37 + width) / (2 * width));
            g_object_unref(image);
            g_free(file.data);
        }
}

static void what_covers_is_cut_where_gravity_says(void **state)
{
    (void)state;
    corners("{\"op\":\"resize\",\"width\":16,\"height\":32,\"gravity\":\"west\"}", 16, 32, kit_red,
            kit_red, kit_blue, kit_blue);
    corners("{\"op\":\"resize\",\"width\":16,\"height\":32,\"gravity\":\"northeast\"}", 16, 32,
            kit_green, kit_green, kit_white, kit_white);
    corners("{\"op\":\"resize\",\"width\":64,\"height\":8,\"gravity\":\"south\"}", 64, 8, kit_blue,
            kit_white, kit_white, kit_blue);
    corners("{\"op\":\"resize\",\"width\":16,\"height\":32,\"gravity\":{\"x\":1,\"y\":0}}", 16, 32,
            kit_green, kit_green, kit_white, kit_white);
    corners("{\"op\":\"resize\",\"width\":16,\"height\":32,\"gravity\":{\"x\":0.1,\"y\":0}}", 16,
            32, kit_red, kit_red, kit_blue, kit_blue);
}

static void what_is_contained_has_the_background_around_it(void **state)
{
    const struct kit_pixel teal = {0, 128, 128, 255}, none = {0, 0, 0, 0};

    (void)state;
    corners("{\"op\":\"resize\",\"width\":64,\"height\":64,\"fit\":\"contain\",\"background\":"
            "\"teal\"}",
            64, 64, teal, teal, teal, teal);
    corners("{\"op\":\"resize\",\"width\":64,\"height\":64,\"fit\":\"contain\",\"background\":"
            "\"#00000000\",\"gravity\":\"north\"}",
            64, 64, kit_red, kit_green, none, none);
    corners("{\"op\":\"grayscale\"},{\"op\":\"resize\",\"width\":64,\"height\":64,\"fit\":"
            "\"contain\",\"background\":\"red\",\"gravity\":\"south\"}",
            64, 64, kit_red, kit_red, kit_white, (struct kit_pixel){76, 76, 76, 255});
}

static void attention_and_entropy_find_what_stands_out(void **state)
{
    struct kit_file files[] = {kit_plain(200, 60, kit_black, ".png"), kit_noise(40, 60, ".png")};
    static const char *const looks[] = {"attention", "entropy"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char ops[512];
        VipsImage *image;
        snprintf(ops, sizeof(ops),
                 "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},\"left\":150,"
                 "\"top\":0}]},{\"op\":\"crop\",\"width\":40,\"height\":60,\"gravity\":\"%s\"}",
                 looks[i]);
        image = kit_done(decoder, ops, files, 2);
        assert_int_equal(image->Xsize, 40);
        assert_true(kit_at(image, 20, 30).r + kit_at(image, 21, 30).g + kit_at(image, 20, 31).b >
                    0);
        g_object_unref(image);
    }
    g_free(files[0].data);
    g_free(files[1].data);
}

static void crops_are_exact(void **state)
{
    (void)state;
    corners("{\"op\":\"crop\",\"left\":32,\"top\":16,\"width\":32,\"height\":16}", 32, 16,
            kit_white, kit_white, kit_white, kit_white);
    corners("{\"op\":\"crop\",\"left\":24,\"top\":8,\"width\":16,\"height\":16}", 16, 16, kit_red,
            kit_green, kit_white, kit_blue);
    corners("{\"op\":\"crop\",\"width\":10,\"height\":10,\"gravity\":\"southwest\"}", 10, 10,
            kit_blue, kit_blue, kit_blue, kit_blue);
}

static void turns_and_mirrors_put_every_corner_in_its_place(void **state)
{
    (void)state;
    corners("{\"op\":\"rotate\",\"angle\":90}", 32, 64, kit_blue, kit_red, kit_green, kit_white);
    corners("{\"op\":\"rotate\",\"angle\":-90}", 32, 64, kit_green, kit_white, kit_blue, kit_red);
    corners("{\"op\":\"rotate\",\"angle\":180}", 64, 32, kit_white, kit_blue, kit_red, kit_green);
    corners("{\"op\":\"rotate\",\"angle\":450}", 32, 64, kit_blue, kit_red, kit_green, kit_white);
    corners("{\"op\":\"rotate\",\"angle\":0}", 64, 32, kit_red, kit_green, kit_white, kit_blue);
    corners("{\"op\":\"flip\"}", 64, 32, kit_blue, kit_white, kit_green, kit_red);
    corners("{\"op\":\"flop\"}", 64, 32, kit_green, kit_red, kit_blue, kit_white);
    corners("{\"op\":\"rotate\",\"angle\":90},{\"op\":\"flop\"},{\"op\":\"resize\",\"width\":16}",
            16, 32, kit_red, kit_blue, kit_white, kit_green);
}

static void other_angles_fill_the_corners_with_the_background(void **state)
{
    VipsImage *image = kit_done(
        decoder, "{\"op\":\"rotate\",\"angle\":45,\"background\":\"#00ff0080\"}", &quarters, 1);

    (void)state;
    assert_in_range(image->Xsize, 67, 69);
    kit_is(image, 0, 0, (struct kit_pixel){0, 255, 0, 128}, 1);
    g_object_unref(image);
}

static void orientation_is_followed_unless_the_recipe_says_otherwise(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++) {
        struct kit_file file = kit_turned(orientation);
        struct wk_rendered rendered;
        VipsImage *image;
        image = kit_done(decoder, "{\"op\":\"flip\"},{\"op\":\"flip\"}", &file, 1);
        assert_int_equal(image->Xsize, 64);
        kit_is(image, 2, 2, kit_red, 6);
        kit_is(image, 61, 2, kit_green, 6);
        kit_is(image, 2, 29, kit_blue, 6);
        g_object_unref(image);
        image = kit_done(decoder,
                         "{\"op\":\"resize\",\"width\":32,\"height\":32,\"gravity\":"
                         "\"east\"}",
                         &file, 1);
        kit_is(image, 29, 2, kit_green, 6);
        kit_is(image, 29, 29, kit_white, 6);
        g_object_unref(image);
        kit_render(decoder,
                   "{\"source\":{\"key\":\"a\"},\"auto_orient\":false,\"outputs\":[{\"name\":\"o\","
                   "\"format\":\"png\"}]}",
                   &file, 1, &rendered);
        assert_int_equal(rendered.outputs[0].width, orientation < 5 ? 64 : 32);
        g_free(file.data);
    }
}

static double rough(VipsImage *image) /* mean difference of neighbours */
{
    double sum = 0;

    for (int y = 4; y < 28; y++)
        for (int x = 4; x < 60; x++)
            sum += abs(kit_at(image, x, y).g - kit_at(image, x + 1, y).g);
    return sum / (24 * 56);
}

static void blur_smooths_and_sharpen_does_the_opposite(void **state)
{
    struct kit_file file = kit_noise(64, 32, ".png");
    static const char *const ops[] = {"{\"op\":\"flip\"}", "{\"op\":\"blur\"}",
                                      "{\"op\":\"blur\",\"sigma\":3}", "{\"op\":\"sharpen\"}",
                                      "{\"op\":\"sharpen\",\"sigma\":2}"};
    double roughness[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        VipsImage *image = kit_done(decoder, ops[i], &file, 1);
        roughness[i] = rough(image);
        g_object_unref(image);
    }
    assert_true(roughness[1] < roughness[0] / 2);
    assert_true(roughness[2] < roughness[1] / 2);
    assert_true(roughness[3] > roughness[0]);
    assert_true(roughness[4] > roughness[0]);
    g_free(file.data);
}

static void a_blur_does_not_bleed_colour_out_of_what_is_transparent(void **state)
{
    struct kit_file files[] = {kit_plain(40, 40, (struct kit_pixel){0, 0, 0, 0}, ".png"),
                               kit_plain(20, 40, kit_white, ".png")};
    VipsImage *image = kit_done(decoder,
                                "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},"
                                "\"left\":0,\"top\":0}]},{\"op\":\"blur\",\"sigma\":3}",
                                files, 2);
    struct kit_pixel edge = kit_at(image, 20, 20);

    (void)state;
    assert_in_range(edge.a, 40, 215);
    assert_true(edge.r > 240); /* white that fades, not grey */
    g_object_unref(image);
    g_free(files[0].data);
    g_free(files[1].data);
}

static void grayscale_has_no_colour_and_flatten_no_holes(void **state)
{
    struct kit_file file = kit_plain(20, 20, (struct kit_pixel){255, 255, 255, 0}, ".png");
    VipsImage *image = kit_done(decoder, "{\"op\":\"grayscale\"}", &quarters, 1);
    struct kit_pixel p = kit_at(image, 2, 2);

    (void)state;
    assert_true(p.r == p.g && p.g == p.b);
    g_object_unref(image);
    image = kit_done(decoder, "{\"op\":\"flatten\",\"background\":\"#ff8000\"}", &file, 1);
    kit_is(image, 5, 5, (struct kit_pixel){255, 128, 0, 255}, 1);
    g_object_unref(image);
    image = kit_done(decoder, "{\"op\":\"grayscale\"},{\"op\":\"flatten\",\"background\":\"blue\"}",
                     &file, 1);
    kit_is(image, 5, 5, kit_blue, 1);
    g_object_unref(image);
    g_free(file.data);
}

static void layers_lie_where_they_are_put(void **state)
{
    struct kit_file files[] = {kit_plain(60, 60, kit_black, ".png"),
                               kit_plain(10, 10, kit_red, ".png"),
                               kit_plain(10, 10, kit_green, ".jpg[Q=100]")};
    VipsImage *image = kit_done(
        decoder,
        "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"}},{\"source\":{\"key\":\"b\"}"
        ","
        "\"left\":-5,\"top\":3},{\"source\":{\"key\":\"c\"},\"gravity\":\"southeast\",\"ops\":[{"
        "\"op\":\"resize\",\"width\":20}]}]}",
        files, 3);

    (void)state;
    kit_is(image, 30, 30, kit_red, 0);
    kit_is(image, 24, 24, kit_black, 0);
    kit_is(image, 4, 4, kit_red, 0);
    kit_is(image, 5, 4, kit_black, 0);
    kit_is(image, 41, 41, kit_green, 4);
    kit_is(image, 59, 59, kit_green, 4);
    kit_is(image, 39, 50, kit_black, 0);
    g_object_unref(image);
    for (size_t i = 0; i < 3; i++)
        g_free(files[i].data);
}

static void opacity_blend_and_tile_do_as_they_say(void **state)
{
    struct kit_file files[] = {kit_plain(50, 50, (struct kit_pixel){200, 100, 0, 255}, ".png"),
                               kit_plain(10, 10, kit_white, ".png")};
    VipsImage *image;

    (void)state;
    image =
        kit_done(decoder,
                 "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},\"opacity\":0.5,"
                 "\"tile\":true}]}",
                 files, 2);
    kit_is(image, 1, 1, (struct kit_pixel){228, 178, 128, 255}, 2);
    kit_is(image, 48, 48, (struct kit_pixel){228, 178, 128, 255}, 2);
    g_object_unref(image);
    image = kit_done(decoder,
                     "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},\"blend\":"
                     "\"difference\"}]}",
                     files, 2);
    kit_is(image, 25, 25, (struct kit_pixel){55, 155, 255, 255}, 2);
    kit_is(image, 2, 2, (struct kit_pixel){200, 100, 0, 255}, 0);
    g_object_unref(image);
    image = kit_done(decoder,
                     "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},\"blend\":"
                     "\"dest-out\"}]}",
                     files, 2);
    assert_int_equal(kit_at(image, 25, 25).a, 0);
    assert_int_equal(kit_at(image, 2, 2).a, 255);
    g_object_unref(image);
    g_free(files[0].data);
    g_free(files[1].data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_as_every_fit_says),
        cmocka_unit_test(a_size_is_of_the_full_picture_however_it_is_decoded),
        cmocka_unit_test(what_covers_is_cut_where_gravity_says),
        cmocka_unit_test(what_is_contained_has_the_background_around_it),
        cmocka_unit_test(attention_and_entropy_find_what_stands_out),
        cmocka_unit_test(crops_are_exact),
        cmocka_unit_test(turns_and_mirrors_put_every_corner_in_its_place),
        cmocka_unit_test(other_angles_fill_the_corners_with_the_background),
        cmocka_unit_test(orientation_is_followed_unless_the_recipe_says_otherwise),
        cmocka_unit_test(blur_smooths_and_sharpen_does_the_opposite),
        cmocka_unit_test(a_blur_does_not_bleed_colour_out_of_what_is_transparent),
        cmocka_unit_test(grayscale_has_no_colour_and_flatten_no_holes),
        cmocka_unit_test(layers_lie_where_they_are_put),
        cmocka_unit_test(opacity_blend_and_tile_do_as_they_say),
    };
    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
