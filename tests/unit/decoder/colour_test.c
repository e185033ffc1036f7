/* colour_test.c -- pictures in every colour come out in the right ones: profiles, depths, CMYK,
 * Lab, grey with transparency, and what is said beside the pixels. */
#include "tests/unit/decoder/kit.h"

#include <stdio.h>
#include <string.h>

static struct wk_decoder *decoder;

static int setup(void **state)
{
    const struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("colour_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

static struct wk_output written(const char *ops, const char *fields, const struct kit_file *file)
{
    struct wk_rendered rendered;
    char json[512];

    snprintf(json, sizeof(json),
             "{\"source\":{\"key\":\"a\"},\"ops\":[%s],\"outputs\":[{\"name\":\"o\",%s}]}", ops,
             fields);
    kit_render(decoder, json, file, 1, &rendered);
    return rendered.outputs[0];
}

static VipsImage *opened(const struct wk_output *output)
{
    VipsImage *image = vips_image_new_from_buffer(output->data, output->len, "", NULL);

    if (!image)
        fail_msg("libvips: %s", vips_error_buffer());
    return image;
}

static bool has(VipsImage *image, const char *field)
{
    return vips_image_get_typeof(image, field) != 0;
}

/* sRGB's (200, 60, 60), as the numbers of another space or profile, in a file that says so. */
static struct kit_file reddish(const char *profile, VipsInterpretation space, const char *suffix)
{
    struct kit_file plain = kit_plain(48, 32, (struct kit_pixel){200, 60, 60, 255}, ".png"), file;
    VipsImage *image = kit_open(plain.data, plain.len), *flat, *there;

    if (vips_flatten(image, &flat, NULL) ||
        (profile ? vips_icc_transform(flat, &there, profile, "input_profile", "srgb", "depth",
                                      space == VIPS_INTERPRETATION_RGB16 ? 16 : 8, "intent",
                                      VIPS_INTENT_PERCEPTUAL, NULL)
                 : vips_colourspace(flat, &there, space, NULL)) ||
        vips_image_write_to_buffer(there, suffix, &file.data, &file.len, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(image);
    g_object_unref(flat);
    g_object_unref(there);
    g_free(plain.data);
    return file;
}

static void whatever_it_is_stored_in_it_looks_as_it_did(void **state)
{
    static const struct {
        const char *what, *profile;
        VipsInterpretation space;
        const char *suffix;
        int tolerance;
    } sources[] = {
        {"P3", "p3", VIPS_INTERPRETATION_sRGB, ".png", 3},
        {"P3 in 16 bits", "p3", VIPS_INTERPRETATION_RGB16, ".png", 3},
        {"CMYK with a profile", "cmyk", VIPS_INTERPRETATION_CMYK, ".tif", 20},
        {"CMYK as JPEG", "cmyk", VIPS_INTERPRETATION_CMYK, ".jpg[Q=100,subsample_mode=off]", 20},
        {"16 bits", NULL, VIPS_INTERPRETATION_RGB16, ".png", 2},
        {"Lab", NULL, VIPS_INTERPRETATION_LAB, ".tif", 3},
        {"Lab in 16 bits", NULL, VIPS_INTERPRETATION_LABS, ".tif", 3},
        {"linear light", NULL, VIPS_INTERPRETATION_scRGB, ".tif", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct kit_file file = reddish(sources[i].profile, sources[i].space, sources[i].suffix);
        struct wk_output output =
            written("{\"op\":\"resize\",\"width\":24}", "\"format\":\"png\"", &file);
        VipsImage *image = opened(&output), *plain = kit_open(output.data, output.len);
        print_message("    %s\n", sources[i].what);
        assert_int_equal(image->BandFmt, VIPS_FORMAT_UCHAR);
        assert_false(has(image, VIPS_META_ICC_NAME));
        kit_is(plain, 10, 8, (struct kit_pixel){200, 60, 60, 255}, sources[i].tolerance);
        g_object_unref(image);
        g_object_unref(plain);
        g_free(file.data);
    }
}

static void grey_with_transparency_stays_that(void **state)
{
    VipsImage *black, *two, *named, *image;
    struct kit_file file;
    struct wk_output output;
    const double scale[] = {0, 0}, values[] = {90, 128};

    (void)state;
    if (vips_black(&black, 16, 16, "bands", 2, NULL) ||
        vips_linear(black, &two, scale, values, 2, "uchar", TRUE, NULL) ||
        vips_copy(two, &named, "interpretation", VIPS_INTERPRETATION_B_W, NULL) ||
        vips_pngsave_buffer(named, &file.data, &file.len, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    output = written("{\"op\":\"flip\"}", "\"format\":\"png\"", &file);
    image = kit_open(output.data, output.len);
    kit_is(image, 3, 3, (struct kit_pixel){90, 90, 90, 128}, 0);
    g_object_unref(image);
    output = written("", "\"format\":\"webp\",\"lossless\":true", &file);
    image = kit_open(output.data, output.len);
    kit_is(image, 3, 3, (struct kit_pixel){90, 90, 90, 128}, 1);
    g_object_unref(image);
    g_object_unref(black);
    g_object_unref(two);
    g_object_unref(named);
    g_free(file.data);
}

static size_t profile_length(VipsImage *image)
{
    const void *data;
    size_t len = 0;

    if (has(image, VIPS_META_ICC_NAME))
        vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &len);
    return len;
}

static void a_profile_by_name_is_written_and_its_numbers_fit(void **state)
{
    static const char *const formats[] = {"jpeg", "png", "webp", "tiff", "avif"};
    struct kit_file file = reddish(NULL, VIPS_INTERPRETATION_sRGB, ".png");

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        char fields[96];
        struct wk_output output;
        VipsImage *image, *plain, *stored;
        snprintf(fields, sizeof(fields), "\"format\":\"%s\",\"quality\":100,\"icc\":\"p3\"",
                 formats[i]);
        if (i == 1)
            snprintf(fields, sizeof(fields), "\"format\":\"png\",\"icc\":\"p3\"");
        output = written("", fields, &file);
        image = opened(&output);
        assert_true(profile_length(image) > 0);
        stored = vips_image_copy_memory(image);
        /* the same colour has less of red in the wider space */
        assert_in_range(*(uint8_t *)VIPS_IMAGE_ADDR(stored, 5, 5), 180, 192);
        if (vips_icc_transform(image, &plain, "srgb", "embedded", TRUE, NULL))
            fail_msg("libvips: %s", vips_error_buffer());
        g_object_unref(stored);
        stored = vips_image_copy_memory(plain);
        assert_in_range(*(uint8_t *)VIPS_IMAGE_ADDR(stored, 5, 5), 195, 205);
        g_object_unref(stored);
        g_object_unref(image);
        g_object_unref(plain);
    }
    g_free(file.data);
}

static void cmyk_is_written_where_it_is_asked_for(void **state)
{
    struct kit_file file = reddish(NULL, VIPS_INTERPRETATION_sRGB, ".png");
    struct wk_output output = written("", "\"format\":\"jpeg\",\"icc\":\"cmyk\"", &file);
    VipsImage *image = opened(&output), *plain = kit_open(output.data, output.len);

    (void)state;
    assert_int_equal(image->Type, VIPS_INTERPRETATION_CMYK);
    assert_true(profile_length(image) > 0);
    kit_is(plain, 5, 5, (struct kit_pixel){200, 60, 60, 255}, 14);
    g_object_unref(image);
    g_object_unref(plain);
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"icc\":\"cmyk\"}]}", &file,
              1, "Recipe.Invalid", "/outputs/0/icc: png holds no CMYK");
    g_free(file.data);
}

static void a_wide_colour_is_kept_wide_for_those_who_ask_and_made_srgb_for_the_others(void **state)
{
    struct kit_file file = reddish("p3", VIPS_INTERPRETATION_sRGB, ".png");
    struct wk_rendered rendered;
    VipsImage *image;

    (void)state;
    kit_render(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":24}],\"outputs\":["
        "{\"name\":\"k\",\"format\":\"png\",\"icc\":\"keep\"},"
        "{\"name\":\"s\",\"format\":\"png\"},"
        "{\"name\":\"p\",\"format\":\"png\",\"icc\":\"p3\"}]}",
        &file, 1, &rendered);
    for (size_t i = 0; i < 3; i++) {
        image = opened(&rendered.outputs[i]);
        assert_int_equal(profile_length(image) > 0, i != 1);
        g_object_unref(image);
        image = kit_open(rendered.outputs[i].data, rendered.outputs[i].len);
        if (i == 1)
            kit_is(image, 5, 5, (struct kit_pixel){200, 60, 60, 255}, 3);
        g_object_unref(image);
    }
    g_free(file.data);
}

/* The profile of CMYK cannot stay with pixels that are none: it is sRGB's then. */
static void a_profile_that_is_kept_fits_the_pixels(void **state)
{
    struct kit_file file = reddish("cmyk", VIPS_INTERPRETATION_CMYK, ".tif");
    struct wk_output output =
        written("", "\"format\":\"jpeg\",\"quality\":100,\"metadata\":\"keep\"", &file);
    VipsImage *image = opened(&output), *plain;

    (void)state;
    assert_int_equal(image->Type, VIPS_INTERPRETATION_sRGB);
    assert_in_range(profile_length(image), 1, 4096);
    if (vips_icc_transform(image, &plain, "srgb", "embedded", TRUE, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(image);
    image = vips_image_copy_memory(plain);
    assert_in_range(*(uint8_t *)VIPS_IMAGE_ADDR(image, 5, 5), 190, 210);
    g_object_unref(image);
    g_object_unref(plain);
    g_free(file.data);
    /* and one of colours is not left to grey */
    file = reddish("p3", VIPS_INTERPRETATION_sRGB, ".png");
    output = written("{\"op\":\"grayscale\"}", "\"format\":\"png\",\"icc\":\"keep\"", &file);
    image = opened(&output);
    assert_true(image->Bands == 3 || profile_length(image) == 0);
    g_object_unref(image);
    g_free(file.data);
}

static struct kit_file signed_photo(void)
{
    struct kit_file plain = kit_plain(32, 32, kit_red, ".png"), file;
    VipsImage *image = kit_open(plain.data, plain.len), *flat;

    if (vips_flatten(image, &flat, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    vips_image_set_string(flat, "exif-ifd0-Artist", "Ada");
    vips_image_set_string(flat, "exif-ifd0-Copyright", "2026 Ada");
    vips_image_set_string(flat, "exif-ifd0-Make", "Kamera");
    vips_image_set_string(flat, "exif-ifd3-GPSLatitude", "1/1 2/1 3/1");
    vips_image_set_blob_copy(flat, VIPS_META_XMP_NAME, "<x:xmpmeta/>", 12);
    if (vips_jpegsave_buffer(flat, &file.data, &file.len, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(image);
    g_object_unref(flat);
    g_free(plain.data);
    return file;
}

static void copyright_keeps_whose_it_is_and_nothing_else(void **state)
{
    static const char *const formats[] = {"jpeg", "webp"};
    struct kit_file file = signed_photo();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char fields[64];
        struct wk_output output;
        VipsImage *image;
        const char *text;
        snprintf(fields, sizeof(fields), "\"format\":\"%s\",\"metadata\":\"copyright\"",
                 formats[i]);
        output = written("", fields, &file);
        image = opened(&output);
        assert_int_equal(vips_image_get_string(image, "exif-ifd0-Copyright", &text), 0);
        assert_non_null(strstr(text, "2026 Ada"));
        assert_int_equal(vips_image_get_string(image, "exif-ifd0-Artist", &text), 0);
        assert_false(has(image, "exif-ifd0-Make"));
        assert_false(has(image, "exif-ifd3-GPSLatitude"));
        assert_false(has(image, VIPS_META_XMP_NAME));
        g_object_unref(image);
    }
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_it_is_stored_in_it_looks_as_it_did),
        cmocka_unit_test(grey_with_transparency_stays_that),
        cmocka_unit_test(a_profile_by_name_is_written_and_its_numbers_fit),
        cmocka_unit_test(cmyk_is_written_where_it_is_asked_for),
        cmocka_unit_test(a_wide_colour_is_kept_wide_for_those_who_ask_and_made_srgb_for_the_others),
        cmocka_unit_test(a_profile_that_is_kept_fits_the_pixels),
        cmocka_unit_test(copyright_keeps_whose_it_is_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
