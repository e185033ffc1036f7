/* formats_test.c -- every format that is written, and every field of it: the file is read back and
 * says so itself. */
#include "tests/unit/decoder/kit.h"

#include <stdio.h>
#include <string.h>

enum { COMPRESSION = 259, TILE_WIDTH = 322 }; /* tags of TIFF */

static struct wk_decoder *decoder;

static int setup(void **state)
{
    const struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("formats_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

/* The one output with these fields; its bytes are the decoder's until its next call. */
static struct wk_output written(const char *fields, const struct kit_file *file)
{
    struct wk_rendered rendered;
    char json[512];

    snprintf(json, sizeof(json), "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",%s}]}",
             fields);
    kit_render(decoder, json, file, 1, &rendered);
    return rendered.outputs[0];
}

/* As it is, without a change of colours. */
static VipsImage *opened(const struct wk_output *output)
{
    VipsImage *image = vips_image_new_from_buffer(output->data, output->len, "", NULL);

    if (!image)
        fail_msg("libvips: %s", vips_error_buffer());
    return image;
}

static int number(VipsImage *image, const char *field)
{
    int n = -1;

    if (vips_image_get_typeof(image, field) && vips_image_get_int(image, field, &n))
        fail_msg("libvips: %s", vips_error_buffer());
    return n;
}

static const char *text(VipsImage *image, const char *field)
{
    const char *value = "";

    if (vips_image_get_typeof(image, field) && vips_image_get_string(image, field, &value))
        fail_msg("libvips: %s", vips_error_buffer());
    return value;
}

static void each_format_is_a_file_of_its_kind(void **state)
{
    static const struct {
        const char *name, *extension, *type, *loader;
        int tolerance;
    } formats[] = {
        {"gif", "gif", "image/gif", "gifload_buffer", 8},
        {"tiff", "tiff", "image/tiff", "tiffload_buffer", 12},
        {"jxl", "jxl", "image/jxl", "jxlload_buffer", 30},
        {"heif", "heic", "image/heic", "heifload_buffer", 30},
        {"avif", "avif", "image/avif", "heifload_buffer", 30},
    };
    struct kit_file file = kit_quarters(96, 64, ".png");

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        char fields[64];
        struct wk_output output;
        VipsImage *image, *plain;
        snprintf(fields, sizeof(fields), "\"format\":\"%s\"", formats[i].name);
        output = written(fields, &file);
        assert_string_equal(output.format, formats[i].name);
        assert_string_equal(output.extension, formats[i].extension);
        assert_string_equal(output.content_type, formats[i].type);
        assert_int_equal(output.pages, 1);
        image = opened(&output);
        assert_string_equal(text(image, VIPS_META_LOADER), formats[i].loader);
        g_object_unref(image);
        plain = kit_open(output.data, output.len);
        assert_int_equal(plain->Xsize, 96);
        assert_int_equal(plain->Ysize, 64);
        kit_is(plain, 10, 10, kit_red, formats[i].tolerance);
        kit_is(plain, 80, 10, kit_green, formats[i].tolerance);
        kit_is(plain, 80, 50, kit_white, formats[i].tolerance);
        g_object_unref(plain);
    }
    g_free(file.data);
}

static void raw_is_the_pixels_row_by_row(void **state)
{
    struct kit_file file = kit_quarters(4, 2, ".png");
    static const uint8_t expected[] = {255, 0, 0,   255, 0, 0,   0,   255, 0,   0,   255, 0,
                                       0,   0, 255, 0,   0, 255, 255, 255, 255, 255, 255, 255};
    struct wk_output output = written("\"format\":\"raw\"", &file);

    (void)state;
    assert_int_equal(output.len, sizeof(expected));
    assert_memory_equal(output.data, expected, sizeof(expected));
    assert_int_equal(output.quality, 0);
    assert_string_equal(output.content_type, "application/octet-stream");
    g_free(file.data);
}

static void auto_is_png_where_the_source_s_own_is_not_written(void **state)
{
    static const char *const suffixes[] = {".gif", ".tif", ".heic[compression=hevc]"};
    static const char *const names[] = {"gif", "tiff", "heif"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct kit_file file = kit_quarters(64, 64, suffixes[i]);
        assert_string_equal(written("\"format\":\"auto\"", &file).format, names[i]);
        g_free(file.data);
    }
}

static int distinct_colors(VipsImage *image)
{
    static uint8_t seen[1 << 24];
    int n = 0;

    memset(seen, 0, sizeof(seen));
    for (int y = 0; y < image->Ysize; y++)
        for (int x = 0; x < image->Xsize; x++) {
            struct kit_pixel p = kit_at(image, x, y);
            size_t at = (size_t)p.r << 16 | (size_t)p.g << 8 | (size_t)p.b;
            n += !seen[at];
            seen[at] = 1;
        }
    return n;
}

static void a_palette_has_no_more_colours_than_asked_for(void **state)
{
    static const struct {
        const char *fields;
        int colors, bits;
    } palettes[] = {
        {"\"format\":\"png\",\"palette\":true", 256, 8},
        {"\"format\":\"png\",\"colors\":16", 16, 4},
        {"\"format\":\"png\",\"palette\":true,\"colors\":3", 4, 2},
        {"\"format\":\"png\",\"bitdepth\":2", 4, 2},
        {"\"format\":\"gif\",\"colors\":16", 16, 4},
        {"\"format\":\"gif\",\"colors\":2", 2, 1},
    };
    struct kit_file file = kit_noise(64, 64, ".png");

    (void)state;
    for (size_t i = 0; i < sizeof(palettes) / sizeof(palettes[0]); i++) {
        struct wk_output output = written(palettes[i].fields, &file);
        VipsImage *image = opened(&output), *plain = kit_open(output.data, output.len);
        assert_in_range(distinct_colors(plain), 2, palettes[i].colors);
        assert_int_equal(number(image, VIPS_META_PALETTE), 1);
        assert_int_equal(number(image, VIPS_META_BITS_PER_SAMPLE), palettes[i].bits);
        g_object_unref(image);
        g_object_unref(plain);
    }
    g_free(file.data);
}

/* Grey in 16 bits, where no two neighbours are the same in 8. */
static struct kit_file deep_ramp(void)
{
    VipsImage *ramp, *scaled, *deep, *named;
    struct kit_file file;

    if (vips_xyz(&ramp, 256, 4, NULL) || vips_extract_band(ramp, &scaled, 0, NULL) ||
        vips_linear1(scaled, &deep, 257, 3, NULL) ||
        vips_cast(deep, &named, VIPS_FORMAT_USHORT, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    named->Type = VIPS_INTERPRETATION_GREY16;
    if (vips_pngsave_buffer(named, &file.data, &file.len, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(ramp);
    g_object_unref(scaled);
    g_object_unref(deep);
    g_object_unref(named);
    return file;
}

static void sixteen_bits_stay_where_they_are_asked_for(void **state)
{
    struct kit_file file = deep_ramp();
    struct wk_output output = written("\"format\":\"png\"", &file);
    VipsImage *image = opened(&output), *memory;

    (void)state;
    assert_int_equal(image->BandFmt, VIPS_FORMAT_UCHAR);
    g_object_unref(image);
    output = written("\"format\":\"png\",\"bitdepth\":16", &file);
    image = opened(&output);
    memory = vips_image_copy_memory(image);
    assert_int_equal(image->BandFmt, VIPS_FORMAT_USHORT);
    for (int x = 0; x < 255; x++) /* as they were, to the last bit */
        assert_int_equal(*(uint16_t *)VIPS_IMAGE_ADDR(memory, x, 1), x * 257 + 3);
    g_object_unref(memory);
    g_object_unref(image);
    g_free(file.data);
    file = kit_quarters(32, 32, ".png"); /* and are made where there were eight */
    output = written("\"format\":\"tiff\",\"compression\":\"lzw\",\"bitdepth\":16", &file);
    image = opened(&output);
    assert_int_equal(image->BandFmt, VIPS_FORMAT_USHORT);
    g_object_unref(image);
    g_free(file.data);
}

static void avif_has_as_many_bits_as_asked_for(void **state)
{
    struct kit_file file = kit_quarters(64, 64, ".png");
    static const char *const fields[] = {"\"format\":\"avif\"",
                                         "\"format\":\"avif\",\"bitdepth\":10",
                                         "\"format\":\"avif\",\"bitdepth\":12"};
    static const int bits[] = {8, 10, 12};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct wk_output output = written(fields[i], &file);
        VipsImage *image = opened(&output), *plain = kit_open(output.data, output.len);
        assert_int_equal(number(image, VIPS_META_BITS_PER_SAMPLE), bits[i]);
        kit_is(plain, 8, 8, kit_red, 30);
        g_object_unref(image);
        g_object_unref(plain);
    }
    g_free(file.data);
}

/* A short of the first directory of a little-endian TIFF; -1: it has no such tag. */
static int tiff_tag(const struct wk_output *output, int tag)
{
    const uint8_t *p = output->data;
    size_t at = (size_t)p[4] | (size_t)p[5] << 8 | (size_t)p[6] << 16 | (size_t)p[7] << 24;

    assert_memory_equal(p, "II*\0", 4);
    for (int entries = p[at] | p[at + 1] << 8; entries > 0; entries--) {
        const uint8_t *entry = p + at + 2 + 12 * (entries - 1);
        if ((entry[0] | entry[1] << 8) == tag)
            return entry[8] | entry[9] << 8;
    }
    return -1;
}

static void tiff_is_compressed_tiled_and_layered_as_asked_for(void **state)
{
    static const char *const compressions[] = {"none", "lzw", "deflate", "jpeg"};
    static const int numbers[] = {1, 5, 8, 7};
    struct kit_file file = kit_quarters(600, 520, ".png");
    struct wk_output output;
    VipsImage *image;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char fields[96];
        snprintf(fields, sizeof(fields), "\"format\":\"tiff\",\"compression\":\"%s\"",
                 compressions[i]);
        output = written(fields, &file);
        image = opened(&output);
        assert_int_equal(tiff_tag(&output, COMPRESSION), numbers[i]);
        assert_int_equal(tiff_tag(&output, TILE_WIDTH), -1);
        assert_int_equal(output.quality, i == 3 ? 80 : 0);
        g_object_unref(image);
    }
    output = written("\"format\":\"tiff\",\"tile\":true,\"pyramid\":true,\"quality\":60", &file);
    image = opened(&output);
    assert_int_equal(tiff_tag(&output, TILE_WIDTH), 256);
    assert_int_equal(number(image, VIPS_META_N_PAGES), 3); /* 600, 300, 150 */
    assert_int_equal(output.quality, 60);
    g_object_unref(image);
    output = written("\"format\":\"tiff\",\"compression\":\"ccittfax4\",\"bitdepth\":1", &file);
    image = opened(&output);
    assert_int_equal(image->Bands, 1);
    assert_int_equal(number(image, VIPS_META_BITS_PER_SAMPLE), 1);
    assert_int_equal(tiff_tag(&output, COMPRESSION), 4);
    g_object_unref(image);
    g_free(file.data);
}

static size_t length_of(const char *fields, const struct kit_file *file)
{
    return written(fields, file).len;
}

static void each_field_reaches_its_codec(void **state)
{
    struct kit_file file = kit_noise(96, 96, ".png");

    (void)state;
    assert_true(length_of("\"format\":\"heif\",\"quality\":20", &file) <
                length_of("\"format\":\"heif\",\"quality\":90", &file));
    assert_true(length_of("\"format\":\"jxl\",\"quality\":20", &file) <
                length_of("\"format\":\"jxl\"", &file));
    assert_true(length_of("\"format\":\"tiff\",\"quality\":20", &file) <
                length_of("\"format\":\"tiff\"", &file));
    assert_int_not_equal(length_of("\"format\":\"gif\",\"progressive\":true", &file),
                         length_of("\"format\":\"gif\"", &file));
    assert_int_not_equal(length_of("\"format\":\"webp\",\"effort\":0", &file),
                         length_of("\"format\":\"webp\"", &file));
    assert_int_not_equal(length_of("\"format\":\"jxl\",\"effort\":3", &file),
                         length_of("\"format\":\"jxl\"", &file));
    g_free(file.data);
}

static void lossless_jxl_is_without_loss(void **state)
{
    struct kit_file file = kit_noise(40, 40, ".png");
    VipsImage *before = kit_open(file.data, file.len), *after;
    struct wk_output output = written("\"format\":\"jxl\",\"lossless\":true", &file);

    (void)state;
    assert_int_equal(output.quality, 0);
    after = kit_open(output.data, output.len);
    for (int i = 0; i < 40; i++)
        kit_is(after, i, i, kit_at(before, i, i), 0);
    g_object_unref(before);
    g_object_unref(after);
    g_free(file.data);
}

static void transparency_stays_where_the_format_has_it(void **state)
{
    static const char *const fields[] = {
        "\"format\":\"gif\"", "\"format\":\"tiff\",\"compression\":\"lzw\"",
        "\"format\":\"jxl\",\"lossless\":true", "\"format\":\"heif\"", "\"format\":\"avif\""};
    struct kit_file file = kit_plain(64, 64, (struct kit_pixel){200, 100, 50, 0}, ".png");

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct wk_output output = written(fields[i], &file);
        VipsImage *image = kit_open(output.data, output.len);
        assert_int_equal(kit_at(image, 5, 5).a, 0);
        g_object_unref(image);
    }
    /* and is black where it has not, as everywhere else */
    kit_is(kit_open(written("\"format\":\"tiff\"", &file).data,
                    written("\"format\":\"tiff\"", &file).len),
           5, 5, kit_black, 3);
    g_free(file.data);
}

static void an_output_that_its_format_cannot_hold_is_too_large(void **state)
{
    struct kit_file file = kit_plain(8, 8, kit_red, ".png");

    (void)state;
    kit_fails(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":65536,\"height\":1,"
        "\"fit\":\"fill\"}],\"outputs\":[{\"name\":\"o\",\"format\":\"gif\"}]}",
        &file, 1, "Image.TooLarge", "/outputs/0: 65536x1, gif has at most 65535 a side");
    kit_fails(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":16385,\"height\":1,"
        "\"fit\":\"fill\"}],\"outputs\":[{\"name\":\"o\",\"format\":\"heif\"}]}",
        &file, 1, "Image.TooLarge", "heif has at most 16384 a side");
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_is_a_file_of_its_kind),
        cmocka_unit_test(raw_is_the_pixels_row_by_row),
        cmocka_unit_test(auto_is_png_where_the_source_s_own_is_not_written),
        cmocka_unit_test(a_palette_has_no_more_colours_than_asked_for),
        cmocka_unit_test(sixteen_bits_stay_where_they_are_asked_for),
        cmocka_unit_test(avif_has_as_many_bits_as_asked_for),
        cmocka_unit_test(tiff_is_compressed_tiled_and_layered_as_asked_for),
        cmocka_unit_test(each_field_reaches_its_codec),
        cmocka_unit_test(lossless_jxl_is_without_loss),
        cmocka_unit_test(transparency_stays_where_the_format_has_it),
        cmocka_unit_test(an_output_that_its_format_cannot_hold_is_too_large),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
