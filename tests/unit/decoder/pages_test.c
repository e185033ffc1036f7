/* pages_test.c -- animations and pages: read as many as asked for, each through every operation for
 * itself, and written with their delays and their loop. */
#include "tests/unit/decoder/kit.h"

#include <stdio.h>
#include <string.h>

enum { FRAMES = 4, WIDTH = 40, HEIGHT = 24 };

static const struct kit_pixel *const colors[FRAMES] = {&kit_red, &kit_green, &kit_blue, &kit_white};
static const int delays[FRAMES] = {100, 250, 40, 500};

static struct wk_decoder *decoder;

static int setup(void **state)
{
    const struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("pages_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

/* A frame of each colour, the lower half of it black. */
static struct kit_file frames(const char *suffix)
{
    VipsImage *parts[2 * FRAMES], *out;
    struct kit_file file;

    for (int i = 0; i < 2 * FRAMES; i++) {
        struct kit_file part =
            kit_plain(WIDTH, HEIGHT / 2, i % 2 ? kit_black : *colors[i / 2], ".png");
        VipsImage *with_alpha = kit_open(part.data, part.len);
        if (vips_flatten(with_alpha, &parts[i], NULL))
            fail_msg("libvips: %s", vips_error_buffer());
        g_object_unref(with_alpha);
        g_free(part.data);
    }
    if (vips_arrayjoin(parts, &out, 2 * FRAMES, "across", 1, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    vips_image_set_int(out, VIPS_META_PAGE_HEIGHT, HEIGHT);
    vips_image_set_int(out, "loop", 3);
    vips_image_set_array_int(out, "delay", delays, FRAMES);
    if (vips_image_write_to_buffer(out, suffix, &file.data, &file.len, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    for (int i = 0; i < 2 * FRAMES; i++)
        g_object_unref(parts[i]);
    g_object_unref(out);
    return file;
}

static struct wk_output done(const char *source, const char *ops, const char *fields,
                             const struct kit_file *file)
{
    struct wk_rendered rendered;
    char json[512];

    snprintf(json, sizeof(json),
             "{\"source\":{\"key\":\"a\"%s},\"ops\":[%s],\"outputs\":[{\"name\":\"o\",%s}]}",
             source, ops, fields);
    kit_render(decoder, json, file, 1, &rendered);
    return rendered.outputs[0];
}

/* All pages, one below the other. */
static VipsImage *roll_of(const struct wk_output *output)
{
    VipsImage *image = vips_image_new_from_buffer(output->data, output->len, "", "n", -1, NULL);
    VipsImage *rgb, *alpha, *memory;

    if (!image || vips_colourspace(image, &rgb, VIPS_INTERPRETATION_sRGB, NULL) ||
        vips_addalpha(rgb, &alpha, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    memory = vips_image_copy_memory(vips_image_hasalpha(rgb) ? rgb : alpha);
    g_object_unref(image);
    g_object_unref(rgb);
    g_object_unref(alpha);
    return memory;
}

static int number(VipsImage *image, const char *field)
{
    int n = -1;

    if (vips_image_get_typeof(image, field) && vips_image_get_int(image, field, &n))
        fail_msg("libvips: %s", vips_error_buffer());
    return n;
}

static void plays_as_before(VipsImage *roll, int from, int count, int page_height)
{
    int *found, n;

    assert_int_equal(number(roll, VIPS_META_N_PAGES), count);
    assert_int_equal(vips_image_get_page_height(roll), page_height);
    assert_int_equal(number(roll, "loop"), 3);
    assert_int_equal(vips_image_get_array_int(roll, "delay", &found, &n), 0);
    assert_int_equal(n, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(found[i], delays[from + i]);
}

static void an_animation_stays_one_in_every_format_that_plays(void **state)
{
    static const char *const sources[] = {".gif", ".webp[lossless]"};
    static const char *const outputs[] = {"\"format\":\"gif\"",
                                          "\"format\":\"webp\",\"lossless\":true"};

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        struct kit_file file = frames(sources[s]);
        for (size_t o = 0; o < 2; o++) {
            struct wk_output output = done(",\"pages\":-1", "", outputs[o], &file);
            VipsImage *roll = roll_of(&output);
            assert_int_equal(output.pages, FRAMES);
            assert_int_equal(output.width, WIDTH);
            assert_int_equal(output.height, HEIGHT);
            plays_as_before(roll, 0, FRAMES, HEIGHT);
            for (int i = 0; i < FRAMES; i++) {
                kit_is(roll, 5, HEIGHT * i + 3, *colors[i], 8);
                kit_is(roll, 5, HEIGHT * i + HEIGHT - 3, kit_black, 8);
            }
            g_object_unref(roll);
        }
        g_free(file.data);
    }
}

static void pages_are_read_from_the_one_that_is_named(void **state)
{
    static const char *const suffixes[] = {".gif", ".webp[lossless]", ".tif[compression=lzw]"};

    (void)state;
    for (size_t s = 0; s < 3; s++) {
        struct kit_file file = frames(suffixes[s]);
        struct wk_output output = done("", "", "\"format\":\"png\"", &file);
        VipsImage *image = kit_open(output.data, output.len);
        assert_int_equal(output.height, HEIGHT); /* the first, where nothing is said */
        kit_is(image, 3, 3, kit_red, 8);
        g_object_unref(image);
        output = done(",\"page\":2", "", "\"format\":\"png\"", &file);
        image = kit_open(output.data, output.len);
        assert_int_equal(output.height, HEIGHT);
        kit_is(image, 3, 3, kit_blue, 8);
        g_object_unref(image);
        g_free(file.data);
    }
}

static void a_part_of_an_animation_has_the_delays_of_that_part(void **state)
{
    struct kit_file file = frames(".gif");
    struct wk_output output = done(",\"page\":1,\"pages\":2", "", "\"format\":\"gif\"", &file);
    VipsImage *roll = roll_of(&output);

    (void)state;
    plays_as_before(roll, 1, 2, HEIGHT);
    kit_is(roll, 3, 3, kit_green, 8);
    kit_is(roll, 3, HEIGHT + 3, kit_blue, 8);
    g_object_unref(roll);
    g_free(file.data);
}

static void every_operation_is_done_to_each_page_for_itself(void **state)
{
    static const struct {
        const char *ops;
        int width, height;
        int x, y;             /* of each page: its colour, */
        int black_x, black_y; /* and its black half */
    } cases[] = {
        {"{\"op\":\"resize\",\"width\":20}", 20, 12, 3, 2, 3, 10},
        {"{\"op\":\"rotate\",\"angle\":90}", 24, 40, 20, 5, 3, 5},
        {"{\"op\":\"flip\"}", 40, 24, 3, 20, 3, 3},
        {"{\"op\":\"crop\",\"left\":4,\"top\":6,\"width\":10,\"height\":12}", 10, 12, 3, 2, 3, 10},
        {"{\"op\":\"resize\",\"width\":40,\"height\":40,\"fit\":\"contain\"}", 40, 40, 3, 12, 3, 2},
        {"{\"op\":\"resize\",\"width\":10,\"height\":10,\"gravity\":\"north\"},{\"op\":\"flop\"}",
         10, 10, 3, 1, 3, 9},
        {"{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"a\",\"page\":1},\"gravity\":"
         "\"south\",\"blend\":\"multiply\"}]},{\"op\":\"crop\",\"left\":0,\"top\":12,\"width\":40,"
         "\"height\":12}",
         40, 12, -1, 0, 3, 3},
        {"{\"op\":\"blur\",\"sigma\":1}", 40, 24, 3, 3, 3, 20},
    };
    struct kit_file file = frames(".webp[lossless]");
    const struct kit_file files[] = {file, file};

    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        struct wk_rendered rendered;
        char json[640];
        VipsImage *roll;
        snprintf(
            json, sizeof(json),
            "{\"source\":{\"key\":\"a\",\"pages\":-1},\"ops\":[%s],\"outputs\":[{\"name\":\"o\","
            "\"format\":\"webp\",\"lossless\":true}]}",
            cases[c].ops);
        kit_render(decoder, json, files, strstr(json, "composite") ? 2 : 1, &rendered);
        roll = roll_of(&rendered.outputs[0]);
        assert_int_equal(rendered.outputs[0].width, cases[c].width);
        assert_int_equal(rendered.outputs[0].height, cases[c].height);
        assert_int_equal(vips_image_get_page_height(roll), cases[c].height);
        for (int i = 0; i < rendered.outputs[0].pages; i++) {
            int top = cases[c].height * i;
            if (cases[c].x >= 0)
                kit_is(roll, cases[c].x, top + cases[c].y, *colors[i], 12);
            kit_is(roll, cases[c].black_x, top + cases[c].black_y, kit_black, 12);
        }
        if (cases[c].x >= 0)
            assert_int_equal(rendered.outputs[0].pages, FRAMES);
        g_object_unref(roll);
    }
    g_free(file.data);
}

/* What draws the eye moves from frame to frame; the frame that is cut out does not. */
static void a_cut_that_looks_at_the_picture_is_that_of_the_first_page(void **state)
{
    VipsImage *parts[2], *out, *roll;
    struct kit_file file;
    struct wk_output output;
    static const char *const gravities[] = {"attention", "entropy"};

    (void)state;
    for (int i = 0; i < 2; i++) { /* a red patch, left and then right */
        struct kit_file ground = kit_plain(120, 40, kit_black, ".png");
        struct kit_file patch = kit_quarters(30, 30, ".png");
        VipsImage *black = kit_open(ground.data, ground.len);
        VipsImage *patched = kit_open(patch.data, patch.len);
        if (vips_insert(black, patched, &parts[i], i ? 85 : 5, 5, NULL))
            fail_msg("libvips: %s", vips_error_buffer());
        g_object_unref(black);
        g_object_unref(patched);
        g_free(ground.data);
        g_free(patch.data);
    }
    if (vips_arrayjoin(parts, &out, 2, "across", 1, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    vips_image_set_int(out, VIPS_META_PAGE_HEIGHT, 40);
    if (vips_webpsave_buffer(out, &file.data, &file.len, "lossless", TRUE, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    for (size_t i = 0; i < 2; i++) {
        char ops[128];
        snprintf(ops, sizeof(ops),
                 "{\"op\":\"crop\",\"width\":40,\"height\":40,\"gravity\":\"%s\"}", gravities[i]);
        output = done(",\"pages\":-1", ops, "\"format\":\"webp\",\"lossless\":true", &file);
        roll = roll_of(&output);
        assert_int_equal(output.pages, 2);
        for (int x = 0; x < 40; x++) /* the patch of the second frame is not in it */
            kit_is(roll, x, 40 + 20, kit_black, 2);
        g_object_unref(roll);
    }
    g_object_unref(parts[0]);
    g_object_unref(parts[1]);
    g_object_unref(out);
    g_free(file.data);
}

static void outputs_of_one_decode_share_the_pages(void **state)
{
    struct kit_file file = frames(".gif");
    struct wk_rendered rendered;
    VipsImage *roll;

    (void)state;
    kit_render(decoder,
               "{\"source\":{\"key\":\"a\",\"pages\":-1},\"ops\":[{\"op\":\"flop\"}],\"outputs\":["
               "{\"name\":\"g\",\"format\":\"gif\",\"ops\":[{\"op\":\"resize\",\"width\":20}]},"
               "{\"name\":\"w\",\"format\":\"webp\",\"lossless\":true},"
               "{\"name\":\"t\",\"format\":\"tiff\",\"compression\":\"lzw\"}]}",
               &file, 1, &rendered);
    assert_int_equal(rendered.source_pages, FRAMES);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rendered.outputs[i].pages, FRAMES);
        assert_int_equal(rendered.outputs[i].height, i == 0 ? HEIGHT / 2 : HEIGHT);
        roll = roll_of(&rendered.outputs[i]);
        kit_is(roll, 3, rendered.outputs[i].height * 2 + 3, kit_blue, 8);
        g_object_unref(roll);
    }
    g_free(file.data);
}

/* Frames that are the same are one that lasts longer: the count is that of the file. */
static void the_answer_counts_the_frames_that_are_there(void **state)
{
    struct kit_file file = frames(".gif");
    struct wk_output output =
        done(",\"pages\":-1", "{\"op\":\"crop\",\"left\":0,\"top\":14,\"width\":8,\"height\":8}",
             "\"format\":\"webp\",\"lossless\":true", &file);
    VipsImage *roll = roll_of(&output);
    int pages = number(roll, VIPS_META_N_PAGES);

    (void)state;
    assert_int_equal(output.pages, pages > 1 ? pages : 1); /* all of it was black */
    assert_int_equal(output.height, 8);
    g_object_unref(roll);
    g_free(file.data);
}

static void a_page_that_is_not_there_is_out_of_bounds(void **state)
{
    static const char *const suffixes[] = {".gif", ".webp[lossless]", ".tif"};
    struct kit_file plain = kit_plain(8, 8, kit_red, ".png");

    (void)state;
    for (size_t s = 0; s < 3; s++) {
        struct kit_file file = frames(suffixes[s]);
        kit_fails(decoder,
                  "{\"source\":{\"key\":\"a\",\"page\":4},\"outputs\":[{\"name\":\"o\",\"format\":"
                  "\"png\"}]}",
                  &file, 1, "Recipe.OutOfBounds", "source: page 4 and 1 from there, of 4");
        kit_fails(decoder,
                  "{\"source\":{\"key\":\"a\",\"page\":2,\"pages\":3},\"outputs\":[{\"name\":\"o\","
                  "\"format\":\"png\"}]}",
                  &file, 1, "Recipe.OutOfBounds", "source: page 2 and 3 from there, of 4");
        g_free(file.data);
    }
    kit_fails(decoder, "{\"source\":{\"key\":\"a\",\"page\":1},\"outputs\":[{\"name\":\"o\"}]}",
              &plain, 1, "Recipe.OutOfBounds", "source: page 1 and 1 from there, of 1");
    g_free(plain.data);
}

/* All pages count: a small picture of many frames is a large one. */
static void the_limit_of_pixels_is_that_of_all_pages(void **state)
{
    struct wk_imaging_config config = kit_config();
    struct kit_file file = frames(".gif");
    struct wk_decoder *small;

    (void)state;
    config.pixels_max = WIDTH * HEIGHT * 3;
    small = kit_decoder(&config);
    kit_fails(small, "{\"source\":{\"key\":\"a\",\"pages\":-1},\"outputs\":[{\"name\":\"o\"}]}",
              &file, 1, "Image.TooLarge", "source of 40x96 is 3840 pixels, the limit is 2880");
    kit_fails(small,
              "{\"source\":{\"key\":\"a\",\"pages\":2},\"ops\":[{\"op\":\"resize\",\"width\":60}],"
              "\"outputs\":[{\"name\":\"o\"}]}",
              &file, 1, "Image.TooLarge", "would be 60x72");
    wk_decoder_free(small);
    g_free(file.data);
}

/* The palette that the file had knows no orange: it must not be used again. */
static void a_background_in_an_animation_is_flat(void **state)
{
    struct kit_file file = frames(".gif");
    struct wk_output output = done(",\"pages\":-1",
                                   "{\"op\":\"resize\",\"width\":40,\"height\":60,\"fit\":"
                                   "\"contain\",\"background\":\"#f80\"}",
                                   "\"format\":\"gif\"", &file);
    VipsImage *roll = roll_of(&output);

    (void)state;
    for (int x = 0; x < 40; x++) {
        kit_is(roll, x, 3, (struct kit_pixel){255, 136, 0, 255}, 6);
        kit_is(roll, x, 60 + 57, (struct kit_pixel){255, 136, 0, 255}, 6);
    }
    g_object_unref(roll);
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_animation_stays_one_in_every_format_that_plays),
        cmocka_unit_test(pages_are_read_from_the_one_that_is_named),
        cmocka_unit_test(a_part_of_an_animation_has_the_delays_of_that_part),
        cmocka_unit_test(every_operation_is_done_to_each_page_for_itself),
        cmocka_unit_test(a_cut_that_looks_at_the_picture_is_that_of_the_first_page),
        cmocka_unit_test(outputs_of_one_decode_share_the_pages),
        cmocka_unit_test(the_answer_counts_the_frames_that_are_there),
        cmocka_unit_test(a_page_that_is_not_there_is_out_of_bounds),
        cmocka_unit_test(the_limit_of_pixels_is_that_of_all_pages),
        cmocka_unit_test(a_background_in_an_animation_is_flat),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
