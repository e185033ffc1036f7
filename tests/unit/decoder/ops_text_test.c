/* ops_text_test.c -- words on a picture, looked at in pixels. */
#include "tests/unit/decoder/ops_kit.h"

#include <stdio.h>
#include <string.h>

struct ink { /* where a white picture is no longer white */
    int left, top, right, bottom, count;
};

static struct ink ink_of(VipsImage *image)
{
    struct ink ink = {image->Xsize, image->Ysize, -1, -1, 0};

    for (int y = 0; y < image->Ysize; y++)
        for (int x = 0; x < image->Xsize; x++) {
            const VipsPel *p = VIPS_IMAGE_ADDR(image, x, y);
            if (p[0] + p[1] + p[2] > 720)
                continue;
            ink.left = VIPS_MIN(ink.left, x);
            ink.right = VIPS_MAX(ink.right, x);
            ink.top = VIPS_MIN(ink.top, y);
            ink.bottom = VIPS_MAX(ink.bottom, y);
            ink.count++;
        }
    return ink;
}

/* On 200x100 white. */
static struct ink written(const char *fields)
{
    struct kit_file file = kit_plain(200, 100, kit_white, ".png");
    char op[1024];
    VipsImage *image;
    struct ink ink;

    snprintf(op, sizeof(op), "{\"op\":\"text\",%s}", fields);
    image = kit_done(decoder, op, &file, 1);
    assert_int_equal(image->Xsize, 200);
    assert_int_equal(image->Ysize, 100);
    ink = ink_of(image);
    g_object_unref(image);
    g_free(file.data);
    return ink;
}

static void letters_stand_in_the_middle_at_their_size(void **state)
{
    struct ink ink = written("\"text\":\"Hxg\",\"size\":40");

    (void)state;
    assert_true(ink.count > 100);
    assert_in_range(ink.left + ink.right, 196, 204);
    assert_in_range(ink.top + ink.bottom, 94, 104);
    assert_in_range(ink.bottom - ink.top, 30, 45);
    ink = written("\"text\":\"Hxg\",\"size\":20");
    assert_in_range(ink.bottom - ink.top, 14, 23);
}

static void gravity_left_and_top_put_them_elsewhere(void **state)
{
    struct ink ink = written("\"text\":\"Hxg\",\"size\":20,\"gravity\":\"southeast\"");

    (void)state;
    assert_in_range(ink.right, 197, 199);
    assert_in_range(ink.bottom, 97, 99);
    ink = written("\"text\":\"Hxg\",\"size\":20,\"gravity\":\"southeast\",\"padding\":10");
    assert_in_range(ink.right, 187, 189);
    assert_in_range(ink.bottom, 87, 89);
    ink = written("\"text\":\"Hxg\",\"size\":20,\"left\":30,\"top\":5");
    assert_in_range(ink.left, 30, 34);
    assert_in_range(ink.top, 5, 8);
    ink = written("\"text\":\"Hxg\",\"size\":20,\"left\":-10,\"top\":-5"); /* cut off by the edge */
    assert_in_range(ink.left, 0, 2);
}

static void markup_is_text_like_any_other(void **state)
{
    struct ink plain = written("\"text\":\"x\",\"size\":20"),
               marked = written("\"text\":\"<b>x</b>&\",\"size\":20");

    (void)state;
    assert_true(marked.right - marked.left > 4 * (plain.right - plain.left));
}

static void lines_wrap_at_the_width_and_align(void **state)
{
    struct ink one = written("\"text\":\"aaaa aaaa aaaa\",\"size\":20");
    struct ink more = written("\"text\":\"aaaa aaaa aaaa\",\"size\":20,\"width\":60");

    (void)state;
    assert_true(more.right - more.left <= 60 && one.right - one.left > 100);
    assert_true(more.bottom - more.top > 2 * (one.bottom - one.top));
    one = written("\"text\":\"aaaaaaaa\\na\",\"size\":20,\"gravity\":\"northwest\"");
    more = written("\"text\":\"aaaaaaaa\\na\",\"size\":20,\"gravity\":\"northwest\",\"align\":\"ri"
                   "ght\"");
    assert_int_equal(one.count, more.count);
}

static void colour_background_and_opacity_show(void **state)
{
    struct kit_file file = kit_plain(100, 60, kit_white, ".png");
    VipsImage *image =
        kit_done(decoder,
                 "{\"op\":\"text\",\"text\":\"l\",\"size\":40,\"color\":\"#fff\",\"background\":"
                 "\"#00f\",\"padding\":12,\"opacity\":0.5}",
                 &file, 1);
    struct ink ink = ink_of(image);

    (void)state;
    kit_is(image, ink.left + 2, ink.top + 2, (struct kit_pixel){127, 127, 255, 255}, 2);
    assert_true(ink.right - ink.left > 24);
    g_object_unref(image);
    image = kit_done(
        decoder, "{\"op\":\"text\",\"text\":\"\\u2588\",\"size\":40,\"color\":\"#f80\"}", &file, 1);
    ink = ink_of(image);
    kit_is(image, (ink.left + ink.right) / 2, (ink.top + ink.bottom) / 2,
           (struct kit_pixel){255, 136, 0, 255}, 2); /* a full block */
    g_object_unref(image);
    g_free(file.data);
}

static void fonts_scripts_and_sizes_do_not_end_a_decoder(void **state)
{
    static const char *const fields[] = {
        "\"text\":\"Serif\",\"font\":\"serif bold italic\",\"size\":17",
        "\"text\":\"mono\",\"font\":\"monospace\",\"size\":23",
        "\"text\":\"\\u0645\\u0631\\u062d\\u0628\\u0627 \\u05e9\\u05dc\\u05d5\\u05dd "
        "\\u03b5\\u03bb\",\"size\":21",
        "\"text\":\"\\u65e5\\u672c\\u8a9e \\ud83d\\ude00\",\"font\":\"No Such Font 3\","
        "\"size\":25",
        "\"text\":\"\\u0e2a\\u0e27\\u0e31\\u0e2a\\u0e14\\u0e35 \\u0928\\u092e\",\"size"
        "\":18",
    };
    int pid = wk_decoder_pid(decoder);

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        assert_true(written(fields[i]).count > 20);
    for (int size = 8; size < 60; size += 3) {
        char field[64];
        snprintf(field, sizeof(field), "\"text\":\"Rg\",\"size\":%d", size);
        assert_true(written(field).count > 5);
    }
    assert_int_equal(wk_decoder_pid(decoder), pid);
}

static void text_keeps_alpha_and_takes_grey(void **state)
{
    struct kit_file file = kit_plain(100, 60, (struct kit_pixel){0, 0, 0, 0}, ".png");
    VipsImage *image = kit_done(
        decoder, "{\"op\":\"text\",\"text\":\"\\u2588\",\"size\":40,\"color\":\"#f00\"}", &file, 1);

    (void)state;
    kit_is(image, 50, 30, kit_red, 2);
    assert_int_equal(kit_at(image, 2, 2).a, 0);
    g_object_unref(image);
    image =
        kit_done(decoder,
                 "{\"op\":\"grayscale\"},{\"op\":\"text\",\"text\":\"\\u2588\",\"size\":20,\"col"
                 "or\":\"#f00\"}",
                 &quarters, 1);
    kit_is(image, 32, 16, kit_red, 2);
    g_object_unref(image);
    g_free(file.data);
}

static void what_cannot_be_set_is_refused(void **state)
{
    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"text\",\"text\":\"  \"}],\"outp"
              "uts\":[{\"name\":\"o\",\"format\":\"png\"}]}",
              &quarters, 1, "Recipe.Invalid", "/ops/0/text: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_stand_in_the_middle_at_their_size),
        cmocka_unit_test(gravity_left_and_top_put_them_elsewhere),
        cmocka_unit_test(markup_is_text_like_any_other),
        cmocka_unit_test(lines_wrap_at_the_width_and_align),
        cmocka_unit_test(colour_background_and_opacity_show),
        cmocka_unit_test(fonts_scripts_and_sizes_do_not_end_a_decoder),
        cmocka_unit_test(text_keeps_alpha_and_takes_grey),
        cmocka_unit_test(what_cannot_be_set_is_refused),
    };
    return cmocka_run_group_tests(tests, ops_setup, ops_teardown);
}
