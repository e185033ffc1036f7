/* inspect_test.c -- image.inspect through a real decoder: the header, and what is asked for. The
 * counts are held against libvips' own operations on the same pixels. */
#include "tests/unit/decoder/kit.h"

#include "common/base/json.h"
#include "common/model/inspect.h"
#include "common/ports/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct wk_decoder *decoder;

static int setup(void **state)
{
    struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("inspect_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

static cJSON *inspect(const struct kit_file *file, unsigned wanted)
{
    const struct wk_source source = {file->data, file->len};
    struct wk_fault fault = {0};
    cJSON *answer = NULL;

    if (wk_decoder_inspect(decoder, &source, wanted, mr_mono_ms() + KIT_DEADLINE_MS, &answer,
                           &fault))
        fail_msg("%s: %s", fault.name, fault.cause);
    return answer;
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = mr_json_get(object, name);

    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void close_to(double v, double expected, double within)
{
    if (!(fabs(v - expected) <= within))
        fail_msg("%.9g, wanted %.9g", v, expected);
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *item = mr_json_get(object, name);

    assert_true(cJSON_IsString(item));
    return item->valuestring;
}

static void only_what_is_asked_for_is_answered(void **state)
{
    struct kit_file file = kit_quarters(64, 64, ".png");

    (void)state;
    for (unsigned i = 0; mr_inspect_words[i]; i++) {
        cJSON *answer = inspect(&file, 1U << i);
        for (unsigned j = 0; mr_inspect_words[j]; j++)
            assert_int_equal(mr_json_get(answer, mr_inspect_words[j]) != NULL, i == j);
        cJSON_Delete(answer);
    }
    g_free(file.data);
}

static void counts_are_those_of_libvips(void **state)
{
    struct kit_file file = kit_noise(321, 123, ".png");
    cJSON *answer = inspect(&file, MR_INSPECT_ALL);
    const cJSON *channel = mr_json_get(mr_json_get(answer, "stats"), "channels")->child;
    VipsImage *image, *stats, *grey, *histogram, *mask, *edges;
    double entropy, sharpness;

    (void)state;
    assert_int_equal(vips_pngload_buffer(file.data, file.len, &image, NULL), 0);
    assert_int_equal(vips_stats(image, &stats, NULL), 0);
    for (int band = 0; band < image->Bands; band++, channel = channel->next) {
        const double *row = (double *)VIPS_IMAGE_ADDR(stats, 0, band + 1);
        close_to(number(channel, "min"), row[0], 0);
        close_to(number(channel, "max"), row[1], 0);
        close_to(number(channel, "mean"), row[4], 1e-3);
        close_to(number(channel, "stdev"), row[5], 1e-3);
    }
    assert_null(channel);
    assert_int_equal(vips_colourspace(image, &grey, VIPS_INTERPRETATION_B_W, NULL), 0);
    assert_int_equal(vips_hist_find(grey, &histogram, NULL), 0);
    assert_int_equal(vips_hist_entropy(histogram, &entropy, NULL), 0);
    close_to(number(answer, "entropy"), entropy, 0.05); /* its grey is rounded in the dark */
    mask = vips_image_new_matrixv(3, 3, 0.0, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0);
    vips_image_set_double(mask, "scale", 9);
    assert_int_equal(vips_conv(grey, &edges, mask, NULL), 0);
    assert_int_equal(vips_deviate(edges, &sharpness, NULL), 0);
    close_to(number(answer, "sharpness"), sharpness, 0.02 * sharpness);
    g_object_unref(edges);
    g_object_unref(mask);
    g_object_unref(histogram);
    g_object_unref(grey);
    g_object_unref(stats);
    g_object_unref(image);
    cJSON_Delete(answer);
    g_free(file.data);
}

static void a_plain_picture_is_its_colour_and_nothing_else(void **state)
{
    struct kit_file file = kit_plain(300, 200, (struct kit_pixel){200, 100, 40, 255}, ".png");
    cJSON *answer = inspect(&file, MR_INSPECT_ALL);
    const cJSON *palette = mr_json_get(answer, "palette");

    (void)state;
    assert_string_equal(text(answer, "dominant"), "#c86828"); /* the middle of its box of 16 */
    assert_int_equal(cJSON_GetArraySize(palette), 1);
    assert_string_equal(text(palette->child, "color"), "#c86428");
    close_to(number(palette->child, "share"), 1, 0);
    close_to(number(answer, "entropy"), 0, 0);
    close_to(number(answer, "sharpness"), 0, 0);
    assert_int_equal(strlen(text(answer, "blurhash")), 28);
    cJSON_Delete(answer);
    g_free(file.data);
}

/* Bits in which two hashes differ. */
static int apart(const cJSON *a, const cJSON *b)
{
    uint64_t bits = strtoull(text(a, "phash"), NULL, 16) ^ strtoull(text(b, "phash"), NULL, 16);
    int count = 0;

    for (; bits; bits &= bits - 1)
        count++;
    return count;
}

/* The same picture at any width. */
static struct kit_file clouds(int width, const char *suffix, int seed)
{
    VipsImage *noise, *sized, *bytes;
    struct kit_file file;

    if (vips_perlin(&noise, 640, 480, "cell_size", 80, "seed", seed, NULL) ||
        vips_resize(noise, &sized, width / 640.0, NULL) ||
        vips_linear1(sized, &bytes, 100, 128, "uchar", TRUE, NULL) ||
        vips_image_write_to_buffer(bytes, suffix, &file.data, &file.len, NULL))
        fail_msg("libvips: %s", vips_error_buffer());
    g_object_unref(noise);
    g_object_unref(sized);
    g_object_unref(bytes);
    return file;
}

static void the_perceptual_hash_outlives_format_and_size_and_tells_pictures_apart(void **state)
{
    struct kit_file png = clouds(640, ".png", 1), jpeg = clouds(200, ".jpg[Q=40]", 1);
    struct kit_file other = clouds(640, ".jpg", 2);
    cJSON *a = inspect(&png, MR_INSPECT_PHASH), *b = inspect(&jpeg, MR_INSPECT_PHASH);
    cJSON *c = inspect(&other, MR_INSPECT_PHASH);

    (void)state;
    assert_int_equal(strlen(text(a, "phash")), 16);
    assert_true(apart(a, b) <= 10); /* of 64; two pictures that have nothing in common: about 32 */
    assert_true(apart(a, c) >= 20);
    cJSON_Delete(a);
    cJSON_Delete(b);
    cJSON_Delete(c);
    g_free(png.data);
    g_free(jpeg.data);
    g_free(other.data);
}

static void hashes_are_of_the_picture_as_it_is_shown(void **state)
{
    struct kit_file upright = kit_turned(1), turned = kit_turned(6);
    cJSON *a = inspect(&upright, MR_INSPECT_ALL), *b = inspect(&turned, MR_INSPECT_ALL);

    (void)state;
    assert_int_equal(number(b, "orientation"), 6);
    assert_int_equal(number(a, "width"), number(b, "height")); /* as the file has it */
    assert_true(apart(a, b) <= 4);
    assert_memory_equal(text(a, "blurhash"), text(b, "blurhash"), 1); /* the same shape */
    cJSON_Delete(a);
    cJSON_Delete(b);
    g_free(upright.data);
    g_free(turned.data);
}

static void a_picture_that_is_cut_off_is_corrupt_when_its_pixels_are_asked_for(void **state)
{
    struct kit_file file = kit_cut(kit_noise(400, 300, ".jpg"), 0.5);
    const struct wk_source source = {file.data, file.len};
    struct wk_fault fault = {0};
    cJSON *answer = inspect(&file, 0);

    (void)state;
    assert_int_equal(number(answer, "width"), 400);
    cJSON_Delete(answer);
    answer = NULL;
    for (unsigned i = 0; mr_inspect_words[i]; i++) {
        assert_int_equal(wk_decoder_inspect(decoder, &source, 1U << i,
                                            mr_mono_ms() + KIT_DEADLINE_MS, &answer, &fault),
                         MR_CORRUPT);
        assert_string_equal(fault.name, "Image.Corrupt");
        assert_null(answer);
    }
    g_free(file.data);
}

static void parsed(const char *json, unsigned wanted)
{
    cJSON *item = NULL;
    struct mr_inspect inspect;
    struct mr_error err;

    assert_int_equal(mr_json_parse(json, strlen(json), &mr_json_limits_message, &item, &err), 0);
    assert_int_equal(mr_inspect_parse(item, &inspect, &err), MR_OK);
    assert_int_equal(inspect.wanted, wanted);
    assert_string_equal(inspect.source.key, "a");
    cJSON_Delete(item);
}

static void refused(const char *json, const char *start)
{
    cJSON *item = NULL;
    struct mr_inspect inspect;
    struct mr_error err;

    assert_int_equal(mr_json_parse(json, strlen(json), &mr_json_limits_message, &item, &err), 0);
    assert_int_equal(mr_inspect_parse(item, &inspect, &err), MR_INVALID);
    if (strncmp(err.text, start, strlen(start)) != 0)
        fail_msg("%s\n  gave   %s\n  wanted %s", json, err.text, start);
    cJSON_Delete(item);
}

static void its_input_is_read_strictly(void **state)
{
    (void)state;
    parsed("{\"source\":{\"key\":\"a\"}}", 0);
    parsed("{\"source\":{\"key\":\"a\"},\"stats\":true,\"phash\":true,\"palette\":false}",
           MR_INSPECT_STATS | MR_INSPECT_PHASH);
    refused("[]", "(root): must be an object");
    refused("{}", "/source");
    refused("{\"source\":{\"key\":\"a\"},\"hash\":true}", "/hash");
    refused("{\"source\":{\"key\":\"a\"},\"stats\":1}", "/stats: must be");
    refused("{\"source\":{\"key\":\"a\",\"kee\":\"b\"}}", "/source/kee");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_asked_for_is_answered),
        cmocka_unit_test(counts_are_those_of_libvips),
        cmocka_unit_test(a_plain_picture_is_its_colour_and_nothing_else),
        cmocka_unit_test(the_perceptual_hash_outlives_format_and_size_and_tells_pictures_apart),
        cmocka_unit_test(hashes_are_of_the_picture_as_it_is_shown),
        cmocka_unit_test(a_picture_that_is_cut_off_is_corrupt_when_its_pixels_are_asked_for),
        cmocka_unit_test(its_input_is_read_strictly),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
