/* render_test.c -- formats in and out, several outputs of one decode, what is kept and what is not,
 * and what a picture says about itself. */
#include "common/base/json.h"
#include "common/ports/clock.h"
#include "tests/unit/decoder/kit.h"

#include <stdio.h>
#include <string.h>

static struct wk_decoder *decoder;

static int setup(void **state)
{
    const struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("render_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

static void every_format_that_is_read_comes_out_as_every_one_that_is_written(void **state)
{
    static const char *const suffixes[] = {
        ".jpg[Q=100,subsample_mode=off]", ".png", ".webp[lossless]",
        ".avif[Q=95,effort=0]",           ".gif", ".tif"};
    static const char *const names[] = {"jpeg", "png", "webp", "avif", "gif", "tiff"};
    static const char *const types[] = {"image/jpeg", "image/png", "image/webp", "image/avif"};
    static const char *const extensions[] = {"jpg", "png", "webp", "avif"};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct kit_file file = kit_quarters(64, 32, suffixes[i]);
        struct wk_rendered rendered;
        kit_render(decoder,
                   "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"j\",\"format\":\"jpeg\","
                   "\"quality\":95},{\"name\":\"p\",\"format\":\"png\"},{\"name\":\"w\",\"format\":"
                   "\"webp\",\"quality\":95},{\"name\":\"a\",\"format\":\"avif\",\"quality\":90}]}",
                   &file, 1, &rendered);
        assert_string_equal(rendered.source_format, names[i]);
        assert_int_equal(rendered.source_width, 64);
        assert_int_equal(rendered.source_height, 32);
        assert_int_equal(rendered.output_count, 4);
        for (size_t o = 0; o < 4; o++) {
            const struct wk_output *output = &rendered.outputs[o];
            VipsImage *image = kit_open(output->data, output->len);
            assert_string_equal(output->format, names[o]);
            assert_string_equal(output->content_type, types[o]);
            assert_string_equal(output->extension, extensions[o]);
            assert_int_equal(output->width, 64);
            assert_int_equal(output->pages, 1);
            kit_is(image, 8, 8, kit_red, 12);
            kit_is(image, 56, 24, kit_white, 12);
            g_object_unref(image);
        }
        assert_int_equal(rendered.outputs[0].quality, 95);
        assert_int_equal(rendered.outputs[1].quality, 0);
        g_free(file.data);
    }
}

static void one_decode_serves_outputs_of_every_size(void **state)
{
    struct kit_file file = kit_quarters(1200, 800, ".jpg[Q=95]");
    struct wk_rendered rendered;
    static const int widths[] = {40, 300, 900};

    (void)state;
    kit_render(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"s\",\"ops\":[{\"op\":\"resize\","
        "\"width\":40}],\"format\":\"png\"},{\"name\":\"m\",\"ops\":[{\"op\":\"rotate\","
        "\"angle\":180},{\"op\":\"resize\",\"width\":300}],\"format\":\"png\"},{\"name\":\"l\","
        "\"ops\":[{\"op\":\"resize\",\"width\":900}],\"format\":\"png\"}]}",
        &file, 1, &rendered);
    for (size_t i = 0; i < 3; i++) {
        VipsImage *image = kit_open(rendered.outputs[i].data, rendered.outputs[i].len);
        assert_int_equal(image->Xsize, widths[i]);
        kit_is(image, 4, 4, i == 1 ? kit_white : kit_red, 8);
        g_object_unref(image);
    }
    g_free(file.data);
}

static void outer_operations_are_of_all_outputs_and_own_ones_of_each(void **state)
{
    struct kit_file file = kit_quarters(64, 32, ".png");
    struct wk_rendered rendered;
    VipsImage *plain, *mirrored;

    (void)state;
    kit_render(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"flip\"}],\"outputs\":[{\"name\":\"a\","
        "\"format\":\"png\"},{\"name\":\"b\",\"ops\":[{\"op\":\"flop\"}],\"format\":\"png\"}]}",
        &file, 1, &rendered);
    plain = kit_open(rendered.outputs[0].data, rendered.outputs[0].len);
    mirrored = kit_open(rendered.outputs[1].data, rendered.outputs[1].len);
    kit_is(plain, 1, 1, kit_blue, 0);
    kit_is(mirrored, 1, 1, kit_white, 0);
    g_object_unref(plain);
    g_object_unref(mirrored);
    g_free(file.data);
}

static void auto_is_the_format_of_the_source(void **state)
{
    static const char *const suffixes[] = {".jpg", ".png", ".webp", ".avif[effort=0]"};
    static const char *const names[] = {"jpeg", "png", "webp", "avif"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct kit_file file = kit_quarters(32, 32, suffixes[i]);
        struct wk_rendered rendered;
        kit_render(decoder, "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\"}]}", &file, 1,
                   &rendered);
        assert_string_equal(rendered.outputs[0].format, names[i]);
        g_free(file.data);
    }
}

static size_t length_of(const char *fields, const struct kit_file *file)
{
    struct wk_rendered rendered;
    char json[512];

    snprintf(json, sizeof(json), "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",%s}]}",
             fields);
    kit_render(decoder, json, file, 1, &rendered);
    return rendered.outputs[0].len;
}

static void codec_fields_reach_the_codec(void **state)
{
    struct kit_file file = kit_noise(96, 96, ".png");

    (void)state;
    assert_true(length_of("\"format\":\"jpeg\",\"quality\":30", &file) <
                length_of("\"format\":\"jpeg\"", &file));
    assert_true(length_of("\"format\":\"jpeg\"", &file) <
                length_of("\"format\":\"jpeg\",\"chroma\":\"4:4:4\"", &file));
    assert_true(length_of("\"format\":\"webp\",\"quality\":20", &file) <
                length_of("\"format\":\"webp\"", &file));
    assert_true(length_of("\"format\":\"avif\",\"quality\":20,\"effort\":0", &file) <
                length_of("\"format\":\"avif\",\"quality\":90,\"effort\":0", &file));
    assert_true(length_of("\"format\":\"png\",\"compression\":9", &file) <
                length_of("\"format\":\"png\",\"compression\":0", &file));
    assert_int_not_equal(length_of("\"format\":\"png\",\"progressive\":true", &file),
                         length_of("\"format\":\"png\"", &file));
    assert_int_not_equal(length_of("\"format\":\"jpeg\",\"progressive\":true", &file),
                         length_of("\"format\":\"jpeg\"", &file));
    g_free(file.data);
}

static void lossless_is_without_loss(void **state)
{
    struct kit_file file = kit_noise(40, 40, ".png");
    VipsImage *before = kit_open(file.data, file.len), *after;
    struct wk_rendered rendered;

    (void)state;
    kit_render(decoder,
               "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":\"webp\","
               "\"lossless\":true}]}",
               &file, 1, &rendered);
    after = kit_open(rendered.outputs[0].data, rendered.outputs[0].len);
    assert_int_equal(rendered.outputs[0].quality, 0);
    for (int i = 0; i < 40; i++)
        kit_is(after, i, i, kit_at(before, i, i), 0);
    g_object_unref(before);
    g_object_unref(after);
    g_free(file.data);
}

/* A JPEG with EXIF and the profile of libvips' own sRGB or P3. */
static struct kit_file with_metadata(const char *profile)
{
    struct kit_file plain = kit_plain(64, 64, (struct kit_pixel){200, 60, 60, 255}, ".png"), file;
    VipsImage *image = kit_open(plain.data, plain.len), *flat, *colored;

    if (vips_flatten(image, &flat, NULL) ||
        vips_icc_transform(flat, &colored, profile, "input_profile", "srgb", NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    vips_image_set_string(colored, "exif-ifd0-Make", "Kamera");
    vips_image_set_string(colored, "exif-ifd2-FNumber", "28/10");
    vips_image_set_int(colored, VIPS_META_ORIENTATION, 6);
    if (vips_jpegsave_buffer(colored, &file.data, &file.len, "Q", 100, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(image);
    g_object_unref(flat);
    g_object_unref(colored);
    g_free(plain.data);
    return file;
}

static bool has(const struct wk_output *output, const char *field)
{
    VipsImage *image = vips_image_new_from_buffer(output->data, output->len, "", NULL);
    bool found;

    assert_non_null(image);
    found = vips_image_get_typeof(image, field) != 0;
    g_object_unref(image);
    return found;
}

static void metadata_goes_unless_it_is_kept(void **state)
{
    struct kit_file file = with_metadata("srgb");
    struct wk_rendered rendered;

    (void)state;
    kit_render(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"a\",\"format\":\"jpeg\"},{"
        "\"name\":\"b\",\"format\":\"jpeg\",\"metadata\":\"keep\"},{\"name\":\"c\",\"format\":"
        "\"webp\",\"metadata\":\"keep\",\"icc\":\"srgb\"},{\"name\":\"d\",\"format\":\"png\","
        "\"icc\":\"keep\"}]}",
        &file, 1, &rendered);
    assert_false(has(&rendered.outputs[0], "exif-ifd0-Make"));
    assert_false(has(&rendered.outputs[0], VIPS_META_ICC_NAME));
    assert_true(has(&rendered.outputs[1], "exif-ifd0-Make"));
    assert_true(has(&rendered.outputs[1], VIPS_META_ICC_NAME));
    assert_false(has(&rendered.outputs[1], VIPS_META_ORIENTATION) &&
                 strcmp(rendered.outputs[1].format, "jpeg") != 0);
    assert_true(has(&rendered.outputs[2], "exif-ifd0-Make"));
    assert_false(has(&rendered.outputs[2], VIPS_META_ICC_NAME));
    assert_false(has(&rendered.outputs[3], "exif-ifd0-Make"));
    assert_true(has(&rendered.outputs[3], VIPS_META_ICC_NAME));
    g_free(file.data);
}

static void colours_are_of_srgb_unless_their_profile_is_kept(void **state)
{
    struct kit_file file = with_metadata("p3");
    struct wk_rendered rendered;
    VipsImage *converted, *kept;

    (void)state;
    kit_render(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":32}],\"outputs\":[{"
        "\"name\":\"a\",\"format\":\"png\"},{\"name\":\"b\",\"format\":\"png\",\"icc\":"
        "\"keep\"}]}",
        &file, 1, &rendered);
    converted = kit_open(rendered.outputs[0].data, rendered.outputs[0].len);
    kept = kit_open(rendered.outputs[1].data, rendered.outputs[1].len);
    kit_is(converted, 16, 16, (struct kit_pixel){200, 60, 60, 255}, 4);
    assert_true(abs(kit_at(kept, 16, 16).r - 200) > 8); /* the same red has another number there */
    g_object_unref(converted);
    g_object_unref(kept);
    g_free(file.data);
}

static void the_same_recipe_on_the_same_bytes_gives_the_same_bytes(void **state)
{
    struct kit_file file = kit_noise(300, 200, ".jpg");
    struct wk_rendered rendered;
    void *first;
    size_t len;

    (void)state;
    for (int i = 0; i < 2; i++) {
        static const char *const formats[] = {"webp", "avif"};
        char json[256];
        snprintf(
            json, sizeof(json),
            "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":90}],\"outputs\":"
            "[{\"name\":\"o\",\"format\":\"%s\"}]}",
            formats[i]);
        kit_render(decoder, json, &file, 1, &rendered);
        len = rendered.outputs[0].len;
        first = g_memdup2(rendered.outputs[0].data, len);
        kit_render(decoder, json, &file, 1, &rendered);
        assert_int_equal(rendered.outputs[0].len, len);
        assert_memory_equal(rendered.outputs[0].data, first, len);
        g_free(first);
    }
    g_free(file.data);
}

static void what_it_cost_is_told_by_stage(void **state)
{
    struct kit_file file = kit_noise(800, 600, ".jpg");
    struct wk_rendered rendered;

    (void)state;
    kit_render(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":700}],\"outputs\":[{"
        "\"name\":\"o\",\"format\":\"webp\"}]}",
        &file, 1, &rendered);
    assert_true(rendered.decode_us > 0 && rendered.scale_us > 0 && rendered.encode_us > 0);
    assert_true(
        llabs(rendered.decode_us + rendered.scale_us + rendered.encode_us - rendered.cpu_us) < 100);
    assert_in_range(rendered.peak_bytes, 1 << 20, INT64_C(4) << 30);
    g_free(file.data);
}

static void a_source_put_into_place_is_not_copied_and_read_the_same(void **state)
{
    struct kit_file file = kit_quarters(64, 32, ".png");
    struct kit_file placed = {NULL, file.len};
    struct wk_rendered rendered;
    struct mr_error err;

    (void)state;
    assert_int_equal(wk_decoder_source(decoder, 0, file.len, &placed.data, &err), MR_OK);
    memcpy(placed.data, file.data, file.len);
    kit_render(decoder, "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\"}]}", &placed, 1,
               &rendered);
    assert_int_equal(rendered.source_width, 64);
    assert_int_equal(wk_decoder_source(decoder, 0, SIZE_MAX, &placed.data, &err), MR_TOO_LARGE);
    assert_int_equal(wk_decoder_source(decoder, 16, 1, &placed.data, &err), MR_INVALID);
    g_free(file.data);
}

static void inspect_tells_what_a_picture_is(void **state)
{
    struct kit_file file = with_metadata("srgb");
    const struct wk_source source = {file.data, file.len};
    struct wk_fault fault = {0};
    struct mr_buf text = {0};
    cJSON *answer = NULL;

    (void)state;
    assert_int_equal(
        wk_decoder_inspect(decoder, &source, 0, mr_mono_ms() + KIT_DEADLINE_MS, &answer, &fault),
        MR_OK);
    assert_int_equal(mr_json_print(answer, &text), MR_OK);
    assert_string_equal(
        text.data, "{\"format\":\"jpeg\",\"width\":64,\"height\":64,\"pages\":1,\"bands\":3,"
                   "\"depth\":\"uchar\",\"colorspace\":\"srgb\",\"orientation\":6,\"has_alpha\":"
                   "false,\"has_icc\":true,\"exif\":{\"make\":\"Kamera\",\"f_number\":\"28/10\"}}");
    mr_buf_release(&text);
    cJSON_Delete(answer);
    g_free(file.data);
}

static void inspect_of_what_is_no_picture_fails_by_name(void **state)
{
    const struct wk_source source = {"nothing", 7};
    cJSON *answer = NULL;
    struct wk_fault fault = {0};

    (void)state;
    assert_int_equal(
        wk_decoder_inspect(decoder, &source, 0, mr_mono_ms() + KIT_DEADLINE_MS, &answer, &fault),
        MR_UNSUPPORTED);
    assert_string_equal(fault.name, "Image.Unsupported");
    assert_null(answer);
}

/* The one real photo: only where the checkout has it beside it. */
static void a_real_photo_comes_out_well(void **state)
{
    const char *shared = getenv("MILLRACE_SHARED");
    char path[1024];
    struct kit_file file;
    struct wk_rendered rendered;

    (void)state;
    snprintf(path, sizeof(path), "%s/images/files/2569067123_aca715a2ee_o.jpg",
             shared ? shared : SHARED_DEFAULT);
    if (!g_file_get_contents(path, (gchar **)&file.data, &file.len, NULL))
        skip();
    kit_render(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":720}],\"outputs\":[{"
        "\"name\":\"j\",\"format\":\"jpeg\"},{\"name\":\"w\",\"format\":\"webp\"}]}",
        &file, 1, &rendered);
    assert_int_equal(rendered.source_width, 2725);
    assert_int_equal(rendered.outputs[0].width, 720);
    assert_int_equal(rendered.outputs[0].height, 588);
    assert_in_range(rendered.outputs[0].len, 40000, 100000);
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_that_is_read_comes_out_as_every_one_that_is_written),
        cmocka_unit_test(one_decode_serves_outputs_of_every_size),
        cmocka_unit_test(outer_operations_are_of_all_outputs_and_own_ones_of_each),
        cmocka_unit_test(auto_is_the_format_of_the_source),
        cmocka_unit_test(codec_fields_reach_the_codec),
        cmocka_unit_test(lossless_is_without_loss),
        cmocka_unit_test(metadata_goes_unless_it_is_kept),
        cmocka_unit_test(colours_are_of_srgb_unless_their_profile_is_kept),
        cmocka_unit_test(the_same_recipe_on_the_same_bytes_gives_the_same_bytes),
        cmocka_unit_test(what_it_cost_is_told_by_stage),
        cmocka_unit_test(a_source_put_into_place_is_not_copied_and_read_the_same),
        cmocka_unit_test(inspect_tells_what_a_picture_is),
        cmocka_unit_test(inspect_of_what_is_no_picture_fails_by_name),
        cmocka_unit_test(a_real_photo_comes_out_well),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
