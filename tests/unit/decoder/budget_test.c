/* budget_test.c -- the memory that a task is said to need, by its headers, is what it then needs:
 * no less, and not many times more. */
#include "tests/unit/decoder/kit.h"

#include <stdio.h>
#include <string.h>

enum { SIDE_X = 2000, SIDE_Y = 1300, IDLE_BYTES = 64 << 20 };

struct told { /* what a gate was asked for */
    int64_t bytes;
    enum mr_code answer;
    int64_t first; /* so much is granted to the first that asks, whatever it needs; 0: all */
    int asked;
};

static enum mr_code listen(void *owner, int64_t bytes, int64_t *ret_granted, struct wk_fault *fault)
{
    struct told *told = owner;

    told->bytes = bytes;
    *ret_granted = told->first && !told->asked ? told->first : bytes;
    told->asked++;
    if (told->answer == MR_NO_MEMORY)
        *fault = (struct wk_fault){.name = "Image.OutOfMemory", .cause = "said the gate"};
    return told->answer;
}

static struct wk_decoder *gated(struct told *told)
{
    struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder;

    config.tasks_max = 1; /* each has its own peak */
    decoder = kit_decoder(&config);
    wk_decoder_gate(decoder, (struct wk_gate){told, listen});
    return decoder;
}

static void measure(struct wk_decoder *decoder, struct told *told, const struct kit_file *file,
                    const char *what, const char *ops, const char *outputs)
{
    struct wk_rendered rendered;
    char json[2048];

    snprintf(json, sizeof(json), "{\"source\":{\"key\":\"a\"},\"ops\":[%s],\"outputs\":[%s]}", ops,
             outputs);
    kit_render(decoder, json, file, 1, &rendered);
    print_message("    %-28s need %4lld MiB, peak %4lld MiB\n", what,
                  (long long)(told->bytes >> 20), (long long)(rendered.peak_bytes >> 20));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (rendered.peak_bytes > told->bytes + IDLE_BYTES)
        fail_msg("%s: it needed more than it said", what);
#endif
}

static void what_is_said_to_be_needed_is_enough_in_every_format(void **state)
{
    static const struct {
        const char *suffix, *what;
    } sources[] = {{".jpg", "jpeg"},
                   {".jpg[interlace]", "jpeg, progressive"},
                   {".jpg[interlace,subsample_mode=off]", "jpeg, progressive 4:4:4"},
                   {".png[compression=1]", "png"},
                   {".png[interlace,compression=1]", "png, interlaced"},
                   {".webp[effort=0]", "webp"},
                   {".avif[effort=0]", "avif"},
                   {".gif[effort=1]", "gif"},
                   {".tif", "tiff"},
                   {".tif[tile,compression=jpeg]", "tiff, tiles"}};
    struct told told = {.answer = MR_OK};
    struct wk_decoder *decoder = gated(&told);

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct kit_file file = kit_noise(SIDE_X, SIDE_Y, sources[i].suffix);
        measure(decoder, &told, &file, sources[i].what, "{\"op\":\"resize\",\"width\":300}",
                "{\"name\":\"o\",\"format\":\"jpeg\"}");
        measure(decoder, &told, &file, "  and upside down", "{\"op\":\"flip\"}",
                "{\"name\":\"o\",\"format\":\"jpeg\"}");
        g_free(file.data);
    }
    wk_decoder_free(decoder);
}

static void what_is_said_to_be_needed_is_enough_for_every_writer(void **state)
{
    static const char *const outputs[] = {
        "{\"name\":\"o\",\"format\":\"jpeg\"}",
        "{\"name\":\"o\",\"format\":\"jpeg\",\"progressive\":true}",
        "{\"name\":\"o\",\"format\":\"png\"}",
        "{\"name\":\"o\",\"format\":\"png\",\"progressive\":true}",
        "{\"name\":\"o\",\"format\":\"webp\",\"effort\":1}",
        "{\"name\":\"o\",\"format\":\"webp\",\"lossless\":true,\"effort\":1}",
        "{\"name\":\"o\",\"format\":\"avif\",\"effort\":1}",
        "{\"name\":\"o\",\"format\":\"jpeg\"},{\"name\":\"p\",\"format\":\"webp\",\"effort\":1}"};
    struct told told = {.answer = MR_OK};
    struct wk_decoder *decoder = gated(&told);
    struct kit_file file = kit_noise(SIDE_X, SIDE_Y, ".jpg");

    (void)state;
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
        measure(decoder, &told, &file, outputs[i] + 11, "", outputs[i]);
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void what_is_said_to_be_needed_is_enough_for_outputs_that_share(void **state)
{
    struct told told = {.answer = MR_OK};
    struct wk_decoder *decoder = gated(&told);
    struct kit_file file = kit_noise(SIDE_X, SIDE_Y, ".jpg");
    char outputs[1024];
    size_t len = 0;

    (void)state;
    /* each goes on from the one before: only two of these pictures may be held */
    for (int i = 0; i < 5; i++) {
        len +=
            (size_t)snprintf(outputs + len, sizeof(outputs) - len,
                             "%s{\"name\":\"o%d\",\"format\":\"jpeg\",\"ops\":[", i ? "," : "", i);
        for (int n = 0; n <= i; n++)
            len += (size_t)snprintf(outputs + len, sizeof(outputs) - len, "%s{\"op\":\"%s\"}",
                                    n ? "," : "", n % 2 ? "flop" : "flip");
        len += (size_t)snprintf(outputs + len, sizeof(outputs) - len, "]}");
    }
    measure(decoder, &told, &file, "five, one on the other", "", outputs);
    /* less than half, but not by so much that libjpeg leaves anything out */
    snprintf(outputs, sizeof(outputs),
             "{\"name\":\"o\",\"format\":\"jpeg\",\"ops\":[{\"op\":\"resize\",\"width\":%d}]},"
             "{\"name\":\"p\",\"format\":\"jpeg\",\"ops\":[{\"op\":\"resize\",\"width\":%d}]}",
             SIDE_X * 10 / 21, SIDE_X * 10 / 22);
    measure(decoder, &told, &file, "two of less than half", "", outputs);
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void a_small_result_of_a_large_photo_needs_little(void **state)
{
    struct told told = {.answer = MR_OK};
    struct wk_decoder *decoder = gated(&told);
    struct kit_file file = kit_noise(7360, 4912, ".jpg");
    struct wk_rendered rendered;

    (void)state;
    kit_render(decoder,
               "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":1280}],"
               "\"outputs\":[{\"name\":\"o\",\"format\":\"jpeg\"}]}",
               &file, 1, &rendered);
    print_message("    7360x4912 to 1280: need %lld MiB, peak of the decoder %lld MiB\n",
                  (long long)(told.bytes >> 20), (long long)(rendered.peak_bytes >> 20));
    assert_true(told.bytes < 64 << 20);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(rendered.peak_bytes <= 96 << 20);
#endif
    wk_decoder_free(decoder);
    g_free(file.data);
}

/* As a photo, most of which is smooth: 7360x4912 in a few megabytes. */
static struct kit_file photo(const char *suffix)
{
    struct kit_file small = kit_noise(460, 307, ".png"), large;
    VipsImage *image = kit_open(small.data, small.len), *colours, *wide;

    if (vips_extract_band(image, &colours, 0, "n", 3, NULL) ||
        vips_resize(colours, &wide, 16, "kernel", VIPS_KERNEL_CUBIC, NULL) ||
        vips_image_write_to_buffer(wide, suffix, &large.data, &large.len, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(image);
    g_object_unref(colours);
    g_object_unref(wide);
    g_free(small.data);
    return large;
}

static int64_t peak_of(struct wk_decoder *decoder, const struct kit_file *file, const char *format,
                       int width)
{
    struct wk_rendered rendered;
    char json[256];

    snprintf(json, sizeof(json),
             "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":%d}],"
             "\"outputs\":[{\"name\":\"o\",\"format\":\"%s\",\"quality\":50}]}",
             width, format);
    kit_render(decoder, json, file, 1, &rendered);
    print_message("    7360x4912 to %d, %s: peak of the decoder %lld KiB\n", width, format,
                  (long long)(rendered.peak_bytes >> 10));
    return rendered.peak_bytes;
}

static void a_large_photo_takes_a_decoder_no_more_than_96_mebibytes(void **state)
{
    static const char *const names[] = {"jpeg", "webp", "avif"};
    struct told told = {.answer = MR_OK};
    struct wk_decoder *decoder = gated(&told);
    struct kit_file file = photo(".jpg");

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (int width = 720; width <= 1920; width += 1200) {
            int64_t peak = peak_of(decoder, &file, names[i], width);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
            assert_true(peak <= 96 << 20);
#endif
            (void)peak;
        }
    wk_decoder_free(decoder);
    g_free(file.data);
}

/* Its reader holds the coefficients of the whole picture, whatever becomes of it: the header says
 * so before, and it is asked for. */
static void a_large_progressive_photo_asks_for_what_it_takes(void **state)
{
    static const char *const suffixes[] = {".jpg[interlace,subsample_mode=on]",
                                           ".jpg[interlace,subsample_mode=off]"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct told told = {.answer = MR_OK};
        struct wk_decoder *decoder = gated(&told);
        struct kit_file file = photo(suffixes[i]);
        const int64_t idle = kit_rss_bytes(wk_decoder_pid(decoder));
        int64_t peak = peak_of(decoder, &file, "jpeg", 1280);

        print_message("    %s: need %lld MiB\n", suffixes[i], (long long)(told.bytes >> 20));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        assert_true(peak - idle <= told.bytes);
#endif
        (void)idle, (void)peak;
        wk_decoder_free(decoder);
        g_free(file.data);
    }
}

static void a_gate_that_says_no_ends_the_call_before_any_pixel(void **state)
{
    static const char plain[] =
        "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}";
    struct told told = {.answer = MR_BUSY};
    struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = kit_decoder(&config);
    struct kit_file file = kit_noise(300, 200, ".png");
    struct wk_rendered rendered;
    struct wk_fault fault = {0};
    int pid = wk_decoder_pid(decoder);

    (void)state;
    wk_decoder_gate(decoder, (struct wk_gate){&told, listen});
    assert_int_equal(kit_try(decoder, plain, &file, 1, &rendered, &fault), MR_BUSY);
    told.answer = MR_NO_MEMORY;
    kit_fails(decoder, plain, &file, 1, "Image.OutOfMemory", "said the gate");
    told.answer = MR_OK;
    kit_render(decoder, plain, &file, 1, &rendered);
    assert_int_equal(wk_decoder_pid(decoder), pid); /* it was not its fault */
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void an_estimate_that_was_too_small_costs_a_second_run(void **state)
{
    struct told told = {.answer = MR_OK, .first = 64 << 20};
    struct wk_decoder *decoder;
    struct kit_file file;
    struct wk_rendered rendered;

    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* a checked build has no limit of address space */
#endif
    decoder = gated(&told);
    file = kit_plain(9000, 9000, kit_red, ".png[compression=1]");
    kit_render(decoder,
               "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"flip\"}],\"outputs\":[{\"name\":"
               "\"o\",\"format\":\"jpeg\"}]}",
               &file, 1, &rendered);
    assert_int_equal(told.asked, 2);
    assert_int_equal(rendered.outputs[0].width, 9000);
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void a_need_beyond_the_limit_is_refused_by_the_header(void **state)
{
    struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder;
    struct kit_file file = kit_plain(8000, 8000, kit_red, ".png[interlace,compression=1]");

    (void)state;
    config.memory_max = 560 << 20;
    decoder = kit_decoder(&config);
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"flip\"}],\"outputs\":[{\"name\":"
              "\"o\",\"format\":\"avif\"}]}",
              &file, 1, "Image.TooLarge", "by its header it needs ");
    wk_decoder_free(decoder);
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_to_be_needed_is_enough_in_every_format),
        cmocka_unit_test(what_is_said_to_be_needed_is_enough_for_every_writer),
        cmocka_unit_test(what_is_said_to_be_needed_is_enough_for_outputs_that_share),
        cmocka_unit_test(a_small_result_of_a_large_photo_needs_little),
        cmocka_unit_test(a_large_photo_takes_a_decoder_no_more_than_96_mebibytes),
        cmocka_unit_test(a_large_progressive_photo_asks_for_what_it_takes),
        cmocka_unit_test(a_gate_that_says_no_ends_the_call_before_any_pixel),
        cmocka_unit_test(an_estimate_that_was_too_small_costs_a_second_run),
        cmocka_unit_test(a_need_beyond_the_limit_is_refused_by_the_header),
    };
    kit_setup("budget_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
