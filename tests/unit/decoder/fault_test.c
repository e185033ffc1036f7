/* fault_test.c -- pictures and recipes that cannot be done fail by name, with the limit or the
 * place, and do not harm the decoder. */
#include "common/ports/clock.h"
#include "tests/unit/decoder/kit.h"

#include <string.h>

static const char plain[] = "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":"
                            "\"png\"}]}";
static struct wk_decoder *decoder;

static int setup(void **state)
{
    const struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("fault_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

static void what_is_no_image_that_we_read_is_unsupported(void **state)
{
    static const char *const texts[] = {"",
                                        "a",
                                        "hello, world",
                                        "%PDF-1.7 and so on",
                                        "<?xml version=\"1.0\"?><svg width=\"10\" height=\"10\"/>",
                                        "RIFF....WAVEfmt ",
                                        "BM not a bitmap for us",
                                        "\xff\x0a jpeg xl"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct kit_file file = kit_text(texts[i]);
        kit_fails(decoder, plain, &file, 1, "Image.Unsupported", i ? "" : "empty");
        g_free(file.data);
    }
}

static void a_format_that_is_not_opted_in_is_unsupported_and_says_by_which_setting(void **state)
{
    static const struct {
        const char *text, *name;
    } files[] = {{"%PDF-1.7", "pdf"}, {"<svg/>", "svg"}, {"\xff\x0a jpeg xl", "jxl"}};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct kit_file file = kit_text(files[i].text);
        kit_fails(decoder, plain, &file, 1, "Image.Unsupported", "WORKER_FORMATS_UNTRUSTED");
        kit_fails(decoder, plain, &file, 1, "Image.Unsupported", files[i].name);
        g_free(file.data);
    }
}

static void a_magic_number_alone_is_corrupt(void **state)
{
    const struct kit_file files[] = {
        {(char[]){"\xff\xd8\xff\xe0"}, 4},
        {(char[]){"\x89PNG\r\n\x1a\n"}, 8},
        {(char[]){"GIF89a"}, 6},
        {(char[]){"II*\0\0\0\0\0"}, 8},
        {(char[]){"RIFF\4\0\0\0WEBP"}, 12},
        {(char[]){"\0\0\0\x18"
                  "ftypavif\0\0\0\0mif1avif"},
         24},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        kit_fails(decoder, plain, &files[i], 1, "Image.Corrupt", "");
}

static void a_truncated_file_is_corrupt_in_every_format(void **state)
{
    static const char *const suffixes[] = {".jpg",
                                           ".jpg[interlace]",
                                           ".png",
                                           ".png[interlace]",
                                           ".webp",
                                           ".webp[lossless]",
                                           ".avif[effort=0]",
                                           ".gif",
                                           ".tif",
                                           ".tif[compression=deflate]"};
    static const double parts[] = {0.9, 0.5, 0.1};

    (void)state;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        for (size_t p = 0; p < 3; p++) {
            struct kit_file file = kit_cut(kit_noise(120, 90, suffixes[i]), parts[p]);
            print_message("    %s %g\n", suffixes[i], parts[p]);
            kit_fails(decoder, plain, &file, 1, "Image.Corrupt", "");
            g_free(file.data);
        }
}

static void a_truncated_file_is_corrupt_when_it_is_made_smaller_too(void **state)
{
    struct kit_file file = kit_cut(kit_noise(800, 600, ".jpg"), 0.7);

    (void)state;
    kit_fails(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":50}],\"outputs\":[{"
        "\"name\":\"o\",\"format\":\"webp\"},{\"name\":\"p\",\"format\":\"jpeg\"}]}",
        &file, 1, "Image.Corrupt", "");
    kit_fails(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":50}],\"outputs\":[{"
        "\"name\":\"o\",\"format\":\"webp\"}]}",
        &file, 1, "Image.Corrupt", "");
    g_free(file.data);
}

static void damage_within_a_file_never_takes_the_decoder_down(void **state)
{
    static const char *const suffixes[] = {
        ".jpg", ".png", ".webp", ".avif[effort=0]", ".gif", ".tif[compression=lzw]"};
    unsigned seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        for (int round = 0; round < 12; round++) {
            struct kit_file file = kit_noise(64, 48, suffixes[i]);
            struct wk_rendered rendered;
            struct wk_fault fault = {0};
            for (int n = 0; n < 8; n++) {
                seed = seed * 1103515245 + 12345;
                ((unsigned char *)file.data)[seed % file.len] ^= (unsigned char)(seed >> 16);
            }
            if (kit_try(decoder, plain, &file, 1, &rendered, &fault) != MR_OK)
                assert_string_not_equal(fault.name, "Image.Crashed");
            g_free(file.data);
        }
}

/* A PNG's header and nothing else of it. */
static struct kit_file png_header(unsigned width, unsigned height)
{
    unsigned char *p = g_malloc0(64);
    static const unsigned char start[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                          0,    0,   0,   13,  'I',  'H',  'D',  'R'};
    unsigned crc = ~0U;

    memcpy(p, start, sizeof(start));
    for (int i = 0; i < 4; i++) {
        p[16 + i] = (unsigned char)(width >> (24 - 8 * i));
        p[20 + i] = (unsigned char)(height >> (24 - 8 * i));
    }
    p[24] = 8;
    p[25] = 2;
    for (int i = 12; i < 29; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320U : crc >> 1;
    }
    crc = ~crc;
    for (int i = 0; i < 4; i++)
        p[29 + i] = (unsigned char)(crc >> (24 - 8 * i));
    memcpy(p + 33, "\0\0\0\0IDAT\x35\xaf\x06\x1e", 12);
    return (struct kit_file){p, 45};
}

static void too_many_pixels_are_refused_by_the_header(void **state)
{
    struct kit_file file = png_header(100000, 100000), real = kit_noise(101, 100, ".webp");
    struct wk_imaging_config config = kit_config();
    struct wk_decoder *small;

    (void)state;
    kit_fails(decoder, plain, &file, 1, "Image.TooLarge",
              "10000000000 pixels, the limit is 268402689");
    config.pixels_max = 10000;
    small = kit_decoder(&config);
    kit_fails(small, plain, &real, 1, "Image.TooLarge", "10100 pixels, the limit is 10000");
    wk_decoder_free(small);
    g_free(file.data);
    g_free(real.data);
}

static void too_many_bytes_are_refused_on_both_sides(void **state)
{
    struct wk_imaging_config config = kit_config();
    struct kit_file file = kit_noise(100, 100, ".png");
    struct wk_decoder *small;

    (void)state;
    config.source_bytes_max = 20000;
    small = kit_decoder(&config);
    kit_fails(small, plain, &file, 1, "Image.TooLarge", "the limit is 20000 bytes");
    wk_decoder_free(small);
    config = kit_config();
    config.output_bytes_max = 20000;
    small = kit_decoder(&config);
    kit_fails(small, plain, &file, 1, "Image.TooLarge",
              "/outputs/0: longer than the limit of 20000 bytes");
    kit_fails(small,
              "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":\"webp\","
              "\"lossless\":true}]}",
              &file, 1, "Image.TooLarge", "20000");
    wk_decoder_free(small);
    g_free(file.data);
}

static void an_output_beyond_its_codec_or_the_limit_is_too_large(void **state)
{
    struct kit_file file = kit_quarters(64, 64, ".png");

    (void)state;
    kit_fails(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":20000,\"height\":10,"
        "\"fit\":\"fill\"}],\"outputs\":[{\"name\":\"o\",\"format\":\"webp\"}]}",
        &file, 1, "Image.TooLarge", "webp has at most 16383");
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":100000,\"height\":"
              "100000}],\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
              &file, 1, "Image.TooLarge", "/ops/0: would be 100000x100000");
    g_free(file.data);
}

static void a_crop_that_is_not_there_is_out_of_bounds(void **state)
{
    struct kit_file file = kit_quarters(320, 240, ".jpg");

    (void)state;
    kit_fails(
        decoder,
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"crop\",\"left\":300,\"top\":0,\"width\":"
        "21,\"height\":10}],\"outputs\":[{\"name\":\"o\"}]}",
        &file, 1, "Recipe.OutOfBounds", "/ops/0: 21x10 at 300,0 is not within 320x240");
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\"},{\"name\":\"p\",\"ops\":[{"
              "\"op\":\"resize\",\"width\":100},{\"op\":\"crop\",\"width\":101,\"height\":9}]}]}",
              &file, 1, "Recipe.OutOfBounds", "/outputs/1/ops/1: ");
    g_free(file.data);
}

static void a_layer_that_is_no_image_is_unsupported(void **state)
{
    struct kit_file files[] = {kit_quarters(32, 32, ".png"), kit_text("nothing")};

    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"composite\",\"layers\":[{\"source\":{"
              "\"key\":\"b\"}}]}],\"outputs\":[{\"name\":\"o\"}]}",
              files, 2, "Image.Unsupported", "7 bytes");
    g_free(files[0].data);
    g_free(files[1].data);
}

static void a_source_that_is_missing_is_a_fault_and_not_a_crash(void **state)
{
    struct kit_file file = kit_quarters(32, 32, ".png");

    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"composite\",\"layers\":[{\"source\":{"
              "\"key\":\"b\"}}]}],\"outputs\":[{\"name\":\"o\"}]}",
              &file, 1, "Recipe.Invalid", "not all sources");
    kit_fails(decoder, plain, &file, 0, "Recipe.Invalid", "0 sources");
    g_free(file.data);
}

/* Whose header says that it is too much says so the next time, too; by name, for that is what a
 * workflow's Retry goes by. */
static void what_a_header_needs_beyond_the_limit_is_not_retriable(void **state)
{
    struct wk_imaging_config config = kit_config();
    struct wk_decoder *small;
    struct wk_rendered rendered;
    struct wk_fault fault = {0};
    struct kit_file file, little;

    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* a checked build has no limit of address space */
#endif
    config.memory_max = 560 << 20; /* the picture alone takes 432 million bytes */
    small = kit_decoder(&config);
    file = kit_plain(12000, 12000, kit_red, ".png");
    little = kit_quarters(32, 32, ".png");
    assert_int_equal(kit_try(small,
                             "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"flip\"}],"
                             "\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
                             &file, 1, &rendered, &fault),
                     MR_TOO_LARGE);
    assert_string_equal(fault.name, "Image.TooLarge");
    assert_non_null(strstr(fault.cause, "(WORKER_DECODER_MEMORY)"));
    assert_false(fault.retriable);
    kit_render(small, plain, &little, 1, &rendered);
    wk_decoder_free(small);
    g_free(file.data);
    g_free(little.data);
}

static void a_deadline_that_passed_is_a_timeout(void **state)
{
    struct kit_file file = kit_noise(600, 600, ".png");
    struct mr_recipe *recipe = kit_recipe(
        "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":4000},{\"op\":\"blur\","
        "\"sigma\":40}],\"outputs\":[{\"name\":\"o\",\"format\":\"avif\",\"effort\":9}]}");
    const struct wk_source source = {file.data, file.len};
    struct wk_rendered rendered;
    struct wk_fault fault = {0};
    const int64_t start_ms = mr_mono_ms(), given_ms = 300;
    int64_t took_ms;

    (void)state;
    assert_int_equal(
        wk_decoder_render(decoder, recipe, &source, 1, start_ms + given_ms, &rendered, &fault),
        MR_TIMEOUT);
    took_ms = mr_mono_ms() - start_ms;
    assert_true(took_ms >= given_ms);
    print_message("    %lld ms after the deadline\n", (long long)(took_ms - given_ms));
    assert_string_equal(fault.name, "Image.Timeout");
    assert_true(fault.retriable);
    assert_int_equal(wk_decoder_render(decoder, recipe, &source, 1, start_ms, &rendered, &fault),
                     MR_TIMEOUT);
    mr_recipe_free(recipe);
    g_free(file.data);
}

static void only_what_another_attempt_can_help_is_retriable(void **state)
{
    struct kit_file file = kit_text("nothing");
    struct wk_rendered rendered;
    struct wk_fault fault = {0};

    (void)state;
    assert_int_equal(kit_try(decoder, plain, &file, 1, &rendered, &fault), MR_UNSUPPORTED);
    assert_false(fault.retriable);
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_image_that_we_read_is_unsupported),
        cmocka_unit_test(a_format_that_is_not_opted_in_is_unsupported_and_says_by_which_setting),
        cmocka_unit_test(a_magic_number_alone_is_corrupt),
        cmocka_unit_test(a_truncated_file_is_corrupt_in_every_format),
        cmocka_unit_test(a_truncated_file_is_corrupt_when_it_is_made_smaller_too),
        cmocka_unit_test(damage_within_a_file_never_takes_the_decoder_down),
        cmocka_unit_test(too_many_pixels_are_refused_by_the_header),
        cmocka_unit_test(too_many_bytes_are_refused_on_both_sides),
        cmocka_unit_test(an_output_beyond_its_codec_or_the_limit_is_too_large),
        cmocka_unit_test(a_crop_that_is_not_there_is_out_of_bounds),
        cmocka_unit_test(a_layer_that_is_no_image_is_unsupported),
        cmocka_unit_test(a_source_that_is_missing_is_a_fault_and_not_a_crash),
        cmocka_unit_test(a_deadline_that_passed_is_a_timeout),
        cmocka_unit_test(only_what_another_attempt_can_help_is_retriable),
        cmocka_unit_test(what_a_header_needs_beyond_the_limit_is_not_retriable),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
