/* fan_test.c -- outputs that share operations come out as each would alone. */
#include "tests/unit/decoder/kit.h"

#include <stdio.h>
#include <string.h>

static struct wk_decoder *decoder;

static int setup(void **state)
{
    struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("fan_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

struct wanted {
    const char *fields; /* of the output, behind its name */
    struct kit_file alone;
};

/* Each by a recipe of its own, then all by one: the same bytes. */
static void as_alone(const struct kit_file *file, const char *outer, struct wanted *wanted,
                     size_t count)
{
    struct wk_rendered rendered;
    char json[4096];
    size_t len;

    for (size_t i = 0; i < count; i++) {
        snprintf(json, sizeof(json),
                 "{\"source\":{\"key\":\"a\"},\"ops\":[%s],\"outputs\":[{\"name\":\"o\"%s}]}",
                 outer, wanted[i].fields);
        kit_render(decoder, json, file, 1, &rendered);
        wanted[i].alone.len = rendered.outputs[0].len;
        wanted[i].alone.data = g_memdup2(rendered.outputs[0].data, rendered.outputs[0].len);
    }
    len = (size_t)snprintf(json, sizeof(json),
                           "{\"source\":{\"key\":\"a\"},\"ops\":[%s],\"outputs\":[", outer);
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(json + len, sizeof(json) - len, "%s{\"name\":\"o%zu\"%s}",
                                i ? "," : "", i, wanted[i].fields);
    snprintf(json + len, sizeof(json) - len, "]}");
    kit_render(decoder, json, file, 1, &rendered);
    assert_int_equal(rendered.output_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rendered.outputs[i].len, wanted[i].alone.len);
        assert_memory_equal(rendered.outputs[i].data, wanted[i].alone.data, wanted[i].alone.len);
        g_free(wanted[i].alone.data);
    }
}

#define SMALL "{\"op\":\"resize\",\"width\":40}"
#define BLUR  "{\"op\":\"blur\",\"sigma\":2}"
#define FLIP  "{\"op\":\"flip\"}"

static void lists_that_begin_alike_share_and_come_out_as_alone(void **state)
{
    struct kit_file file = kit_noise(200, 120, ".png");
    struct wanted wanted[] = {
        {",\"format\":\"png\",\"ops\":[" SMALL "]", {0}},
        {",\"format\":\"png\",\"ops\":[" SMALL "," BLUR "," FLIP "]", {0}},
        {",\"format\":\"jpeg\",\"ops\":[" SMALL "," BLUR "]", {0}},
        {",\"format\":\"png\"", {0}},
        {",\"format\":\"webp\",\"ops\":[" SMALL "]", {0}},
        {",\"format\":\"png\",\"ops\":[{\"op\":\"resize\",\"width\":41}," BLUR "]", {0}},
        {",\"format\":\"jpeg\",\"ops\":[" SMALL "," BLUR "," FLIP "]", {0}},
        {",\"format\":\"jpeg\"", {0}},
        {",\"format\":\"png\",\"ops\":[" FLIP "," SMALL "]", {0}},
    };

    (void)state;
    as_alone(&file, "", wanted, sizeof(wanted) / sizeof(wanted[0]));
    g_free(file.data);
}

static void after_operations_that_all_have(void **state)
{
    struct kit_file file = kit_noise(300, 300, ".png");
    struct wanted wanted[] = {
        {",\"format\":\"png\"", {0}},
        {",\"format\":\"jpeg\"", {0}},
        {",\"format\":\"png\",\"ops\":[" SMALL "]", {0}},
    };

    (void)state;
    as_alone(&file, "{\"op\":\"rotate\",\"angle\":90},{\"op\":\"resize\",\"width\":90}", wanted, 3);
    g_free(file.data);
}

static void all_outputs_alike_are_one_pipeline_up_to_their_files(void **state)
{
    struct kit_file file = kit_turned(6);
    struct wanted wanted[] = {
        {",\"format\":\"png\",\"ops\":[" SMALL "," FLIP "]", {0}},
        {",\"format\":\"webp\",\"ops\":[" SMALL "," FLIP "]", {0}},
        {",\"format\":\"avif\",\"ops\":[" SMALL "," FLIP "]", {0}},
    };

    (void)state;
    as_alone(&file, "", wanted, 3);
    g_free(file.data);
}

/* Only one of them may be made sRGB before it is written. */
static void a_kept_profile_is_not_shared_with_who_has_it_applied(void **state)
{
    struct kit_file plain = kit_noise(90, 90, ".png"), file;
    VipsImage *image = kit_open(plain.data, plain.len), *wide, *flat;
    struct wanted wanted[] = {
        {",\"format\":\"png\",\"icc\":\"keep\",\"ops\":[" FLIP "]", {0}},
        {",\"format\":\"png\",\"ops\":[" FLIP "]", {0}},
        {",\"format\":\"png\",\"ops\":[" FLIP "," SMALL "]", {0}},
    };

    (void)state;
    assert_int_equal(vips_flatten(image, &flat, NULL), 0);
    assert_int_equal(
        vips_icc_transform(flat, &wide, "p3", "input_profile", "srgb", "depth", 8, NULL), 0);
    assert_int_equal(vips_image_write_to_buffer(wide, ".png", &file.data, &file.len, NULL), 0);
    as_alone(&file, "", wanted, 3);
    g_object_unref(wide);
    g_object_unref(flat);
    g_object_unref(image);
    g_free(plain.data);
    g_free(file.data);
}

static void an_error_names_the_first_output_that_has_the_operation(void **state)
{
    struct kit_file file = kit_noise(50, 50, ".png");

    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"a\"},"
              "{\"name\":\"b\",\"ops\":[{\"op\":\"crop\",\"left\":0,\"top\":0,\"width\":60,"
              "\"height\":10}]},{\"name\":\"c\",\"ops\":[{\"op\":\"crop\",\"left\":0,\"top\":0,"
              "\"width\":60,\"height\":10}]}]}",
              &file, 1, "Recipe.OutOfBounds", "/outputs/1/ops/0");
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_that_begin_alike_share_and_come_out_as_alone),
        cmocka_unit_test(after_operations_that_all_have),
        cmocka_unit_test(all_outputs_alike_are_one_pipeline_up_to_their_files),
        cmocka_unit_test(a_kept_profile_is_not_shared_with_who_has_it_applied),
        cmocka_unit_test(an_error_names_the_first_output_that_has_the_operation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
