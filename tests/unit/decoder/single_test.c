/* single_test.c -- formats whose readers are not trusted: opted in by name, each read by a decoder
 * of its own that is used for one task. */
#include "tests/unit/decoder/kit.h"

#include <stdio.h>
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

/* Two pages of 72 x 48 points: red on the left of the first, blue at the top of the second. */
static const char document[] =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 48]/Contents 4 0 R/Resources<<>>>>endobj\n"
    "4 0 obj<</Length 27>>stream\n1 0 0 rg 0 0 36 48 re f    \nendstream endobj\n"
    "5 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 48]/Contents 6 0 R/Resources<<>>>>endobj\n"
    "6 0 obj<</Length 27>>stream\n0 0 1 rg 0 24 72 24 re f   \nendstream endobj\n"
    "trailer<</Root 1 0 R/Size 7>>\n%%EOF\n";

/* The document as its source's fields say. */
static VipsImage *document_done(struct wk_decoder *decoder, const char *fields)
{
    struct kit_file file = kit_text(document);
    struct wk_rendered rendered;
    char json[256];

    snprintf(json, sizeof(json),
             "{\"source\":{\"key\":\"a\"%s},\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
             fields);
    kit_render(decoder, json, &file, 1, &rendered);
    g_free(file.data);
    return kit_open(rendered.outputs[0].data, rendered.outputs[0].len);
}

static void pages_of_a_document_are_drawn_as_they_are_written(void **state)
{
    struct wk_decoder *decoder = decoder_of(untrusted);
    VipsImage *image;

    (void)state;
    image = document_done(decoder, "");
    assert_int_equal(image->Xsize, 72);
    assert_int_equal(image->Ysize, 48);
    kit_is(image, 5, 5, kit_red, 2);
    kit_is(image, 34, 44, kit_red, 2);
    kit_is(image, 38, 24, kit_white, 2);
    g_object_unref(image);
    image = document_done(decoder, ",\"page\":1");
    kit_is(image, 5, 5, kit_blue, 2);
    kit_is(image, 66, 22, kit_blue, 2);
    kit_is(image, 5, 26, kit_white, 2);
    g_object_unref(image);
    image = document_done(decoder, ",\"dpi\":144");
    assert_int_equal(image->Xsize, 144);
    assert_int_equal(image->Ysize, 96);
    kit_is(image, 70, 90, kit_red, 2);
    kit_is(image, 74, 90, kit_white, 2);
    g_object_unref(image);
    wk_decoder_free(decoder);
}

static void a_page_that_a_document_has_not_is_out_of_bounds(void **state)
{
    struct wk_decoder *decoder = decoder_of(untrusted);
    struct kit_file file = kit_text(document);

    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\",\"page\":2},\"outputs\":[{\"name\":\"o\","
              "\"format\":\"png\"}]}",
              &file, 1, "Recipe.OutOfBounds", "");
    wk_decoder_free(decoder);
    g_free(file.data);
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
        cmocka_unit_test(pages_of_a_document_are_drawn_as_they_are_written),
        cmocka_unit_test(a_page_that_a_document_has_not_is_out_of_bounds),
        cmocka_unit_test(one_that_is_not_named_stays_off),
        cmocka_unit_test(a_word_that_is_no_such_format_is_refused_at_the_start),
    };
    kit_setup("single_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
