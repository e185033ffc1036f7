/* single_test.c -- formats whose readers are not trusted: opted in by name, each read by a decoder
 * of its own that is used for one task. */
#include "tests/unit/decoder/kit.h"

#include <string.h>

static const char render[] = "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":"
                             "\"png\"}]}";
static const char drawing[] =
    "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='48'><rect width='64' height='48' "
    "fill='#00f'/><rect width='32' height='24' fill='red'/><text x='4' y='40' "
    "font-family='sans'>Az</text></svg>";
static char untrusted[] = "jxl,jp2,svg,pdf";

static struct wk_decoder *decoder_of(char *formats)
{
    struct wk_imaging_config config = kit_config();

    config.untrusted = formats;
    return kit_decoder(&config);
}

static void a_drawing_is_drawn_by_a_child_of_its_own(void **state)
{
    struct wk_decoder *decoder = decoder_of(untrusted);
    struct kit_file file = kit_text(drawing), photo = kit_quarters(64, 64, ".png");
    struct wk_rendered rendered;
    VipsImage *image;
    int pid;

    (void)state;
    kit_render(decoder, render, &photo, 1, &rendered);
    pid = wk_decoder_pid(decoder);
    for (int i = 0; i < 2; i++) {
        image = kit_done(decoder, "", &file, 1);
        assert_int_equal(image->Xsize, 64);
        assert_int_equal(image->Ysize, 48);
        kit_is(image, 5, 5, kit_red, 2);
        kit_is(image, 60, 5, kit_blue, 2);
        g_object_unref(image);
    }
    kit_render(decoder, render, &photo, 1, &rendered);
    assert_int_equal(wk_decoder_pid(decoder), pid); /* the common one never saw it */
    wk_decoder_free(decoder);
    g_free(file.data);
    g_free(photo.data);
}

static void a_drawing_as_a_layer_takes_the_whole_task_with_it(void **state)
{
    struct wk_decoder *decoder = decoder_of(untrusted);
    struct kit_file files[] = {kit_plain(64, 48, kit_green, ".png"), kit_text(drawing)};
    VipsImage *image = kit_done(decoder,
                                "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},"
                                "\"left\":0,\"top\":24}]}",
                                files, 2);

    (void)state;
    kit_is(image, 5, 5, kit_green, 2);
    kit_is(image, 5, 30, kit_red, 2);
    g_object_unref(image);
    wk_decoder_free(decoder);
    g_free(files[0].data);
    g_free(files[1].data);
}

static void every_format_that_is_opted_in_is_read(void **state)
{
    static const char *const suffixes[] = {".jxl[lossless]", ".jp2[lossless]"};
    struct wk_decoder *decoder = decoder_of(untrusted);

    (void)state;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        struct kit_file file = kit_quarters(64, 64, suffixes[i]);
        VipsImage *image = kit_done(decoder, "", &file, 1);
        kit_is(image, 8, 8, kit_red, 4);
        kit_is(image, 56, 8, kit_green, 4);
        kit_is(image, 8, 56, kit_blue, 4);
        g_object_unref(image);
        g_free(file.data);
    }
    wk_decoder_free(decoder);
}

static void one_that_is_not_named_stays_off(void **state)
{
    static char only[] = "jxl";
    struct wk_decoder *decoder = decoder_of(only);
    struct kit_file file = kit_text(drawing);

    (void)state;
    kit_fails(decoder, render, &file, 1, "Image.Unsupported",
              "svg is not read, as WORKER_FORMATS_UNTRUSTED does not name it");
    wk_decoder_free(decoder);
    g_free(file.data);
}

static void a_word_that_is_no_such_format_is_refused_at_the_start(void **state)
{
    static char words[] = "svg,gif";
    struct wk_imaging_config config = kit_config();
    struct wk_decoder *decoder = NULL;
    struct mr_error err;

    (void)state;
    config.untrusted = words;
    assert_int_equal(wk_decoder_new(&config, &decoder, &err), MR_INVALID);
    assert_string_equal(err.text,
                        "WORKER_FORMATS_UNTRUSTED: \"gif\": must be any of jxl jp2 svg pdf");
    assert_null(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drawing_is_drawn_by_a_child_of_its_own),
        cmocka_unit_test(a_drawing_as_a_layer_takes_the_whole_task_with_it),
        cmocka_unit_test(every_format_that_is_opted_in_is_read),
        cmocka_unit_test(one_that_is_not_named_stays_off),
        cmocka_unit_test(a_word_that_is_no_such_format_is_refused_at_the_start),
    };
    kit_setup("single_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
