/* share_test.c -- outputs that share work come out as each would alone. */
#include "tests/unit/decoder/kit.h"

#include <stdio.h>
#include <string.h>

static struct wk_decoder *decoder;

static int setup(void **state)
{
    const struct wk_imaging_config config = kit_config();

    (void)state;
    kit_setup("share_test");
    decoder = kit_decoder(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_decoder_free(decoder);
    return 0;
}

#define WIDE "\"ops\":[{\"op\":\"resize\",\"width\":40}]"
#define SAME "\"ops\":[{\"op\":\"resize\",\"width\":40,\"fit\":\"cover\",\"kernel\":\"lanczos3\"}]"
#define THIN "\"ops\":[{\"op\":\"resize\",\"width\":40},{\"op\":\"blur\",\"sigma\":2}]"

/* In an order in which nothing that is shared stands together. */
static const char *const outputs[] = {
    "{\"name\":\"a\",\"format\":\"png\"," WIDE "}",
    "{\"name\":\"b\",\"format\":\"png\"," THIN "}",
    "{\"name\":\"c\",\"format\":\"jpeg\"," SAME "}",
    "{\"name\":\"d\",\"format\":\"png\",\"icc\":\"keep\"," WIDE "}",
    "{\"name\":\"e\",\"format\":\"jpeg\"," THIN "}",
    "{\"name\":\"f\",\"format\":\"png\"}",
    "{\"name\":\"g\",\"format\":\"jpeg\",\"quality\":40," WIDE "}",
};
enum { COUNT = sizeof(outputs) / sizeof(outputs[0]) };

static void every_output_is_as_it_would_be_alone(void **state)
{
    struct kit_file file = kit_noise(160, 120, ".png");
    struct kit_file alone[COUNT];
    struct wk_rendered rendered;
    char json[2048];
    size_t len;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(json, sizeof(json), "{\"source\":{\"key\":\"a\"},\"outputs\":[%s]}", outputs[i]);
        kit_render(decoder, json, &file, 1, &rendered);
        alone[i].len = rendered.outputs[0].len;
        alone[i].data = g_memdup2(rendered.outputs[0].data, rendered.outputs[0].len);
    }
    len = (size_t)snprintf(json, sizeof(json), "{\"source\":{\"key\":\"a\"},\"outputs\":[");
    for (size_t i = 0; i < COUNT; i++)
        len += (size_t)snprintf(json + len, sizeof(json) - len, "%s%s", i ? "," : "", outputs[i]);
    snprintf(json + len, sizeof(json) - len, "]}");
    kit_render(decoder, json, &file, 1, &rendered);
    assert_int_equal(rendered.output_count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(rendered.outputs[i].name[0], 'a' + (int)i);
        assert_int_equal(rendered.outputs[i].len, alone[i].len);
        assert_memory_equal(rendered.outputs[i].data, alone[i].data, alone[i].len);
        g_free(alone[i].data);
    }
    g_free(file.data);
}

static void a_wrong_output_among_those_that_share_is_named(void **state)
{
    struct kit_file file = kit_noise(160, 120, ".png");

    (void)state;
    kit_fails(decoder,
              "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"a\",\"format\":\"png\"," WIDE
              "},{\"name\":\"b\",\"format\":\"png\",\"ops\":[{\"op\":\"crop\",\"left\":0,\"top\":0,"
              "\"width\":161,\"height\":1}]},{\"name\":\"c\",\"format\":\"jpeg\"," WIDE "}]}",
              &file, 1, "Recipe.OutOfBounds", "/outputs/1/ops/0: 161x1");
    g_free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_output_is_as_it_would_be_alone),
        cmocka_unit_test(a_wrong_output_among_those_that_share_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
