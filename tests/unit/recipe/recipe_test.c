/* recipe_test.c -- recipes are taken or refused with the place that is wrong. */
#include "common/base/json.h"
#include "tests/unit/recipe/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void refused_output(const char *fields, const char *start)
{
    char text[1024];

    snprintf(text, sizeof(text), "{" SOURCE ",\"outputs\":[{%s}]}", fields);
    refused(text, start);
}

static void defaults_are_those_of_the_vocabulary(void **state)
{
    struct mr_recipe *recipe =
        parsed("{" SOURCE ",\"ops\":[{\"op\":\"resize\",\"width\":10},{\"op\":\"blur\"},"
               "{\"op\":\"sharpen\",\"sigma\":1},{\"op\":\"composite\",\"layers\":[{\"source\":{"
               "\"key\":\"b\"}}]}],\"outputs\":[{\"name\":\"o\"}]}");
    const struct mr_op *ops = recipe->ops.list;

    (void)state;
    assert_true(recipe->auto_orient);
    assert_int_equal(ops[0].resize.fit, MR_FIT_COVER);
    assert_int_equal(ops[0].resize.kernel, MR_KERNEL_LANCZOS3);
    assert_int_equal(ops[0].resize.gravity.kind, MR_GRAVITY_CENTER);
    assert_int_equal(ops[0].resize.background.a, 255);
    assert_true(ops[1].blur.sigma == 0);
    assert_true(ops[2].sharpen.m1 == 1 && ops[2].sharpen.m2 == 2 && ops[2].sharpen.x1 == 2 &&
                ops[2].sharpen.y2 == 10 && ops[2].sharpen.y3 == 20);
    assert_int_equal(ops[3].composite.layers[0].blend, MR_BLEND_OVER);
    assert_true(ops[3].composite.layers[0].opacity == 1);
    assert_int_equal(recipe->outputs[0].format, MR_FORMAT_AUTO);
    assert_int_equal(recipe->outputs[0].metadata, MR_METADATA_NONE);
    assert_int_equal(recipe->outputs[0].icc, MR_ICC_SRGB);
    assert_string_equal(mr_recipe_output_key(recipe, 0), "out/{job}/{step}/{name}.{ext}");
    assert_null(mr_recipe_output_cache_control(recipe, 0));
    mr_recipe_free(recipe);
}

static void metadata_kept_keeps_the_profile_unless_icc_says_otherwise(void **state)
{
    struct mr_recipe *recipe =
        parsed("{" SOURCE ",\"outputs\":[{\"name\":\"a\",\"metadata\":\"keep\"},"
               "{\"name\":\"b\",\"metadata\":\"keep\",\"icc\":\"srgb\"}]}");

    (void)state;
    assert_int_equal(recipe->outputs[0].icc, MR_ICC_KEEP);
    assert_int_equal(recipe->outputs[1].icc, MR_ICC_SRGB);
    mr_recipe_free(recipe);
}

static void sources_are_listed_once_each_the_picture_first(void **state)
{
    struct mr_recipe *recipe = parsed(
        "{" SOURCE ",\"ops\":[{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"x\"}},"
        "{\"source\":{\"key\":\"in/a.jpg\"}},{\"source\":{\"key\":\"y\"},\"ops\":[{\"op\":"
        "\"composite\",\"layers\":[{\"source\":{\"key\":\"z\"}},{\"source\":{\"key\":\"x\"}}]}]}]}"
        "]," OUTPUT "}");
    struct mr_recipe_source sources[MR_RECIPE_SOURCES_MAX];

    (void)state;
    assert_int_equal(mr_recipe_sources(recipe, sources), 4);
    assert_string_equal(sources[0].key, "in/a.jpg");
    assert_string_equal(sources[1].key, "x");
    assert_string_equal(sources[2].key, "y");
    assert_string_equal(sources[3].key, "z");
    assert_string_equal(sources[0].at, "/source");
    assert_string_equal(sources[3].at, "/ops/0/layers/2/ops/0/layers/0/source");
    mr_recipe_free(recipe);
}

static void a_source_may_lie_at_a_url(void **state)
{
    struct mr_recipe *recipe =
        parsed("{\"source\":{\"url\":\"https://h.example/a?sig=s3cret\"},\"ops\":[{\"op\":"
               "\"composite\",\"layers\":[{\"source\":{\"url\":\"http://h.example/b\"}},"
               "{\"source\":{\"key\":\"http://h.example/b\"}},{\"source\":{\"url\":"
               "\"http://h.example/b\"}},{\"source\":{\"url\":\"http://h.example/b\",\"page\":1}}]}"
               "]," OUTPUT "}");
    struct mr_recipe_source sources[MR_RECIPE_SOURCES_MAX];
    struct mr_buf text = {0};

    (void)state;
    assert_int_equal(mr_recipe_sources(recipe, sources), 4);
    assert_string_equal(sources[0].url, "https://h.example/a?sig=s3cret");
    assert_null(sources[0].key);
    assert_string_equal(sources[1].url, "http://h.example/b");
    assert_string_equal(sources[2].key, "http://h.example/b");
    assert_null(sources[2].url);
    assert_string_equal(sources[3].url, sources[1].url); /* another page of it */
    assert_int_equal(mr_recipe_print(recipe, &text), MR_OK);
    assert_null(strstr(text.data, "s3cret")); /* a decoder has no use for it */
    mr_buf_release(&text);
    mr_recipe_free(recipe);
}

static void a_url_is_read_strictly(void **state)
{
    static const struct {
        const char *url, *why;
    } cases[] = {
        {"", "must begin"},
        {"ftp://h/", "must begin"},
        {"file:///etc/passwd", "must begin"},
        {"gopher://h:6379/_FLUSHALL", "must begin"},
        {"//h/a.png", "must begin"},
        {"http:/h/", "must begin"},
        {"https://", "has no host"},
        {"https:///a", "has no host"},
        {"https://me@h/", "must not hold a user"},
        {"https://me:pw@h/", "must not hold a user"},
        {"https://h/#a", "must not have a fragment"},
        {"https://h/a b", "byte 0x20 at 11"},
        {"https://h\\\\@127.0.0.1/", "byte 0x5c"},
        {"https://h/\xc3\xa4", "byte 0xc3"},
        {"https://h/a\\r\\nX: b", "byte 0x0d"},
    };
    char text[300], why[100];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "{\"source\":{\"url\":\"%s\"}," OUTPUT "}", cases[i].url);
        snprintf(why, sizeof(why), "/source/url: %s", cases[i].why);
        refused(text, why);
    }
    refused("{\"source\":{\"url\":7}," OUTPUT "}", "/source/url: ");
    refused("{\"source\":{\"url\":\"https://h/\",\"key\":\"a\"}," OUTPUT "}",
            "/source/url: must not stand beside key");
}

static void what_is_printed_is_read_back_to_the_same(void **state)
{
    static const char *const recipes[] = {
        "{" SOURCE "," OUTPUT "}",
        "{" SOURCE ",\"auto_orient\":false,\"ops\":[{\"op\":\"resize\",\"height\":7,\"fit\":"
        "\"contain\",\"background\":\"tomato\",\"gravity\":{\"x\":0.25,\"y\":0.1}},{\"op\":"
        "\"crop\",\"left\":1,\"top\":2,\"width\":3,\"height\":4},{\"op\":\"crop\",\"width\":3,"
        "\"height\":4,\"gravity\":\"entropy\"},{\"op\":\"rotate\",\"angle\":-12.5},{\"op\":\"flip\""
        "},{\"op\":\"flop\"},{\"op\":\"blur\",\"sigma\":0.3},{\"op\":\"sharpen\"},{\"op\":"
        "\"sharpen\",\"sigma\":2,\"m1\":0},{\"op\":\"grayscale\"},{\"op\":\"flatten\","
        "\"background\""
        ":\"#abc\"},{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"b\"},\"left\":-3,"
        "\"top\":0,\"blend\":\"color-dodge\",\"opacity\":0.1,\"tile\":true}]}],\"outputs\":[{"
        "\"name\":\"a\",\"format\":\"avif\",\"quality\":1,\"effort\":0,\"chroma\":\"4:4:4\"},{"
        "\"name\":\"b\",\"format\":\"png\",\"compression\":0,\"key\":\"k/{name}\"},{\"name\":\"c\","
        "\"cache_control\":\"no-cache\",\"content_disposition\":\"inline\"}]}",
        "{\"source\":{\"url\":\"https://h/a\"},\"ops\":[{\"op\":\"composite\",\"layers\":[{"
        "\"source\":{\"url\":\"https://h/b\",\"page\":2}}]}]," OUTPUT "}",
        "{\"source\":{\"key\":\"a\",\"page\":3,\"pages\":-1,\"dpi\":144.5},\"outputs\":["
        "{\"name\":\"a\",\"format\":\"gif\",\"colors\":16,\"effort\":1,\"progressive\":true},"
        "{\"name\":\"b\",\"format\":\"tiff\",\"compression\":\"ccittfax4\",\"bitdepth\":1,"
        "\"tile\":true,\"pyramid\":true},{\"name\":\"c\",\"format\":\"heif\",\"effort\":0},"
        "{\"name\":\"d\",\"format\":\"jxl\",\"quality\":90,\"lossless\":true},"
        "{\"name\":\"e\",\"format\":\"raw\",\"metadata\":\"copyright\",\"icc\":\"p3\"},"
        "{\"name\":\"f\",\"format\":\"best\",\"target\":{\"metric\":\"dssim\",\"score\":0.01},"
        "\"max_bytes\":5000},{\"name\":\"g\",\"format\":\"png\",\"palette\":true,\"colors\":9},"
        "{\"name\":\"h\",\"compression\":\"lzw\"},{\"name\":\"i\",\"compression\":3}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++)
        same_when_printed(recipes[i]);
}

static void colours_are_read_in_every_form_of_writing(void **state)
{
    static const struct {
        const char *text;
        struct mr_color color;
    } colors[] = {
        {"#f80", {255, 136, 0, 255}},           {"#FF8800", {255, 136, 0, 255}},
        {"#11223344", {17, 34, 51, 68}},        {"rebeccapurple", {0x66, 0x33, 0x99, 255}},
        {"aliceblue", {0xf0, 0xf8, 0xff, 255}}, {"yellowgreen", {0x9a, 0xcd, 0x32, 255}},
        {"transparent", {0, 0, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
        char text[256];
        struct mr_recipe *recipe;
        snprintf(text, sizeof(text),
                 "{" SOURCE ",\"ops\":[{\"op\":\"flatten\",\"background\":\"%s\"}]," OUTPUT "}",
                 colors[i].text);
        recipe = parsed(text);
        assert_memory_equal(&recipe->ops.list[0].flatten.background, &colors[i].color,
                            sizeof(struct mr_color));
        mr_recipe_free(recipe);
    }
}

static void a_field_or_op_that_is_not_known_is_named_by_its_pointer(void **state)
{
    (void)state;
    refused("{" SOURCE "," OUTPUT ",\"colour\":1}", "/colour: ");
    refused_op("{\"op\":\"resise\"}", "/ops/0/op: is \"resise\"; allowed: resize crop");
    refused_op("{\"op\":\"flip\"},{\"op\":\"nope\"}", "/ops/1/op: ");
    refused_op("{\"width\":3}", "/ops/0/op: is missing");
    refused_op("{\"op\":\"flip\",\"angle\":3}", "/ops/0/angle: ");
    refused_op("3", "/ops/0: must be an object");
    refused_output("\"name\":\"o\",\"qualty\":5", "/outputs/0/qualty: ");
    refused_op("{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"x\"},\"ops\":[{\"op\":"
               "\"flop\",\"a\":1}]}]}",
               "/ops/0/layers/0/ops/0/a: ");
}

static void tags_are_joined_as_storage_takes_them(void **state)
{
    struct mr_recipe *recipe =
        parsed("{" SOURCE ",\"outputs\":[{\"name\":\"a\",\"tags\":{\"album\":\"summer +sun=1\","
               "\"kind\":\"\"}},{\"name\":\"b\"}]}");

    (void)state;
    assert_string_equal(mr_recipe_output_tags(recipe, 0), "album=summer%20%2Bsun%3D1&kind=");
    assert_null(mr_recipe_output_tags(recipe, 1));
    mr_recipe_free(recipe);
    refused_output("\"name\":\"o\",\"tags\":[]", "/outputs/0/tags: must be an object of strings");
    refused_output("\"name\":\"o\",\"tags\":{\"a\":1}", "/outputs/0/tags/a: must be a string");
    refused_output("\"name\":\"o\",\"tags\":{\"\":\"x\"}",
                   "/outputs/0/tags: a name must be 1..128");
    refused_output("\"name\":\"o\",\"tags\":{\"a\":\"b\\nc\"}",
                   "/outputs/0/tags/a: must be a string");
    refused_output("\"name\":\"o\",\"tags\":{\"a\":\"b&c\"}", /* S3 has no such tags */
                   "/outputs/0/tags/a: must be a string");
    refused_output("\"name\":\"o\",\"tags\":{\"a&b\":\"c\"}",
                   "/outputs/0/tags: a name must be 1..128");
    refused_output("\"name\":\"o\",\"tags\":{\"aws:a\":\"c\"}",
                   "/outputs/0/tags: a name must not begin with aws:");
    refused_output("\"name\":\"o\",\"tags\":{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\",\"e\":"
                   "\"\",\"f\":\"\",\"g\":\"\",\"h\":\"\",\"i\":\"\",\"j\":\"\",\"k\":\"\"}",
                   "/outputs/0/tags: at most 10");
}

static void values_out_of_range_are_refused_at_their_place(void **state)
{
    (void)state;
    refused_op("{\"op\":\"resize\",\"width\":\"300\"}", "/ops/0/width: ");
    refused_op("{\"op\":\"resize\",\"width\":-5}", "/ops/0/width: ");
    refused_op("{\"op\":\"resize\",\"width\":10.5}", "/ops/0/width: ");
    refused_op("{\"op\":\"resize\",\"width\":0}", "/ops/0/width: ");
    refused_op("{\"op\":\"resize\"}", "/ops/0/width: is missing");
    refused_op("{\"op\":\"resize\",\"width\":1,\"fit\":\"stretch\"}", "/ops/0/fit: ");
    refused_op("{\"op\":\"resize\",\"width\":1,\"gravity\":\"middle\"}", "/ops/0/gravity: ");
    refused_op("{\"op\":\"resize\",\"width\":1,\"gravity\":{\"x\":2,\"y\":0.5}}",
               "/ops/0/gravity/x: ");
    refused_op("{\"op\":\"resize\",\"width\":1,\"gravity\":{\"x\":1}}",
               "/ops/0/gravity/y: is missing");
    refused_op("{\"op\":\"crop\",\"left\":0,\"top\":0,\"width\":0,\"height\":9}", "/ops/0/width: ");
    refused_op("{\"op\":\"crop\",\"left\":0,\"width\":1,\"height\":9}", "/ops/0/top: is missing");
    refused_op("{\"op\":\"crop\",\"left\":0,\"top\":0,\"gravity\":\"north\",\"width\":1,"
               "\"height\":9}",
               "/ops/0/gravity: ");
    refused_op("{\"op\":\"crop\",\"width\":1}", "/ops/0/height: is missing");
    refused_op("{\"op\":\"rotate\"}", "/ops/0/angle: is missing");
    refused_op("{\"op\":\"rotate\",\"angle\":\"left\"}", "/ops/0/angle: ");
    refused_op("{\"op\":\"blur\",\"sigma\":-1}", "/ops/0/sigma: ");
    refused_op("{\"op\":\"sharpen\",\"m1\":1}", "/ops/0/m1: needs a sigma");
    refused_op("{\"op\":\"flatten\",\"background\":\"#12345\"}", "/ops/0/background: ");
    refused_op("{\"op\":\"flatten\",\"background\":\"reddish\"}", "/ops/0/background: ");
    refused_op("{\"op\":\"composite\",\"layers\":[]}", "/ops/0/layers: ");
    refused_op("{\"op\":\"composite\",\"layers\":[{\"gravity\":\"north\"}]}",
               "/ops/0/layers/0/source: is missing");
    refused_op("{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"x\"},\"blend\":\"mix\"}]}",
               "/ops/0/layers/0/blend: ");
    refused_op("{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"x\"},\"opacity\":2}]}",
               "/ops/0/layers/0/opacity: ");
    refused_op("{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"x\"},\"gravity\":"
               "\"attention\"}]}",
               "/ops/0/layers/0/gravity: ");
}

static void an_output_is_refused_where_it_is_wrong(void **state)
{
    (void)state;
    refused("{" SOURCE "}", "/outputs: ");
    refused("{" SOURCE ",\"outputs\":[]}", "/outputs: ");
    refused_output("\"format\":\"jpeg\"", "/outputs/0/name: is missing");
    refused_output("\"name\":\"A\"", "/outputs/0/name: ");
    refused_output("\"name\":\"o\",\"format\":\"jpg\"", "/outputs/0/format: ");
    refused_output("\"name\":\"o\",\"format\":\"jpeg\",\"quality\":101", "/outputs/0/quality: ");
    refused_output("\"name\":\"o\",\"format\":\"jpeg\",\"quality\":\"high\"",
                   "/outputs/0/quality: ");
    refused_output("\"name\":\"o\",\"format\":\"jpeg\",\"lossless\":true",
                   "/outputs/0/lossless: jpeg has none");
    refused_output("\"name\":\"o\",\"format\":\"png\",\"quality\":80",
                   "/outputs/0/quality: png has none");
    refused_output("\"name\":\"o\",\"format\":\"webp\",\"effort\":7", "/outputs/0/effort: ");
    refused_output("\"name\":\"o\",\"format\":\"gif\",\"colors\":1", "/outputs/0/colors: ");
    refused_output("\"name\":\"o\",\"format\":\"jpeg\",\"palette\":true",
                   "/outputs/0/palette: jpeg has none");
    refused_output("\"name\":\"o\",\"format\":\"png\",\"bitdepth\":3",
                   "/outputs/0/bitdepth: is 3; allowed for png: 1 2 4 8 16");
    refused_output("\"name\":\"o\",\"format\":\"heif\",\"bitdepth\":12",
                   "/outputs/0/bitdepth: heif has none");
    refused_output("\"name\":\"o\",\"format\":\"png\",\"tile\":true", "/outputs/0/tile: png has");
    refused_output("\"name\":\"o\",\"format\":\"png\",\"compression\":10",
                   "/outputs/0/compression: ");
    refused_output("\"name\":\"o\",\"format\":\"png\",\"compression\":\"lzw\"",
                   "/outputs/0/compression: ");
    refused_output("\"name\":\"o\",\"format\":\"tiff\",\"compression\":6",
                   "/outputs/0/compression: ");
    refused_output("\"name\":\"o\",\"format\":\"tiff\",\"compression\":\"ccittfax4\"",
                   "/outputs/0/compression: ccittfax4 needs a bitdepth of 1");
    refused_output("\"name\":\"o\",\"max_bytes\":0", "/outputs/0/max_bytes: ");
    refused_output("\"name\":\"o\",\"target\":{\"score\":3}",
                   "/outputs/0/target/metric: is missing");
    refused_output("\"name\":\"o\",\"target\":{\"metric\":\"psnr\",\"score\":3}",
                   "/outputs/0/target/metric: is \"psnr\"; allowed: ssimulacra2 dssim");
    refused_output("\"name\":\"o\",\"target\":{\"metric\":\"dssim\"}",
                   "/outputs/0/target/score: is missing");
    refused_output("\"name\":\"o\",\"target\":{\"metric\":\"dssim\",\"score\":2}",
                   "/outputs/0/target/score: ");
    refused_output("\"name\":\"o\",\"format\":\"png\",\"target\":{\"metric\":\"dssim\","
                   "\"score\":0.1}",
                   "/outputs/0/target: png has none");
    refused_output("\"name\":\"o\",\"format\":\"webp\",\"lossless\":true,\"target\":{"
                   "\"metric\":\"dssim\",\"score\":0.1}",
                   "/outputs/0/target: lossless has no quality");
    refused_output("\"name\":\"o\",\"metadata\":\"some\"", "/outputs/0/metadata: ");
    refused_output("\"name\":\"o\",\"icc\":\"adobe\"", "/outputs/0/icc: is \"adobe\"; allowed: ");
    refused_output("\"name\":\"o\",\"format\":\"webp\",\"icc\":\"cmyk\"",
                   "/outputs/0/icc: webp holds no CMYK");
    refused_output("\"name\":\"o\",\"key\":\"\"", "/outputs/0/key: ");
    refused_output("\"name\":\"o\",\"cache_control\":\"a\\r\\nb: c\"",
                   "/outputs/0/cache_control: must not hold control");
    refused("{" SOURCE ",\"outputs\":[{\"name\":\"o\"},{\"name\":\"o\"}]}", "/outputs/1/name: ");
}

static void a_source_is_refused_where_it_is_wrong(void **state)
{
    (void)state;
    refused("{" OUTPUT "}", "/source: is missing");
    refused("{\"source\":\"a\"," OUTPUT "}", "/source: must be an object");
    refused("{\"source\":{}," OUTPUT "}", "/source/key: is missing");
    refused("{\"source\":{\"key\":\"\"}," OUTPUT "}", "/source/key: ");
    refused("{\"source\":{\"key\":\"a\\nb\"}," OUTPUT "}", "/source/key: ");
    refused("{\"source\":{\"key\":\"a\",\"page\":-1}," OUTPUT "}", "/source/page: ");
    refused("{\"source\":{\"key\":\"a\",\"page\":1.5}," OUTPUT "}", "/source/page: ");
    refused("{\"source\":{\"key\":\"a\",\"pages\":0}," OUTPUT "}", "/source/pages: is 0");
    refused("{\"source\":{\"key\":\"a\",\"pages\":-2}," OUTPUT "}", "/source/pages: ");
    refused("{\"source\":{\"key\":\"a\",\"dpi\":0}," OUTPUT "}", "/source/dpi: ");
}

/* "item" count times, with commas. */
static char *repeated(const char *head, const char *item, size_t count, const char *tail)
{
    struct mr_buf buf = {0};

    mr_buf_add_str(&buf, head);
    for (size_t i = 0; i < count; i++)
        mr_buf_addf(&buf, "%s%s", i ? "," : "", item);
    mr_buf_add_str(&buf, tail);
    return mr_buf_detach(&buf);
}

static void lists_have_limits(void **state)
{
    char *text = repeated("{" SOURCE ",\"ops\":[", "{\"op\":\"flip\"}", MR_RECIPE_OPS_MAX + 1,
                          "]," OUTPUT "}");
    struct mr_buf outputs = {0};

    (void)state;
    refused(text, "/ops: must be an array of 0..64");
    free(text);
    mr_buf_add_str(&outputs, "{" SOURCE ",\"outputs\":[");
    for (int i = 0; i <= MR_RECIPE_OUTPUTS_MAX; i++)
        mr_buf_addf(&outputs, "%s{\"name\":\"o%d\"}", i ? "," : "", i);
    mr_buf_add_str(&outputs, "]}");
    refused(outputs.data, "/outputs: must be an array of 1..32");
    mr_buf_release(&outputs);
    text = repeated("{" SOURCE ",\"ops\":[{\"op\":\"composite\",\"layers\":[",
                    "{\"source\":{\"key\":\"x\"}}", MR_RECIPE_LAYERS_MAX + 1, "]}]," OUTPUT "}");
    refused(text, "/ops/0/layers: must be an array of 1..32");
    free(text);
    outputs = (struct mr_buf){0};
    mr_buf_add_str(&outputs, "{" SOURCE ",\"ops\":[{\"op\":\"composite\",\"layers\":[");
    for (int i = 0; i < MR_RECIPE_SOURCES_MAX; i++)
        mr_buf_addf(&outputs, "%s{\"source\":{\"key\":\"k%d\"}}", i ? "," : "", i);
    mr_buf_add_str(&outputs, "]}]," OUTPUT "}");
    refused(outputs.data, "/ops/0/layers/15/source: a recipe has at most 16");
    mr_buf_release(&outputs);
}

static void composites_within_composites_end_somewhere(void **state)
{
    static const char open[] = "{\"op\":\"composite\",\"layers\":[{\"source\":{\"key\":\"x\"},"
                               "\"ops\":[";
    struct mr_buf buf = {0};

    (void)state;
    mr_buf_add_str(&buf, "{" SOURCE ",\"ops\":[");
    for (int i = 0; i < MR_RECIPE_NESTING_MAX + 1; i++)
        mr_buf_add_str(&buf, open);
    for (int i = 0; i < MR_RECIPE_NESTING_MAX + 1; i++)
        mr_buf_add_str(&buf, "]}]}");
    mr_buf_add_str(&buf, "]," OUTPUT "}");
    refused(buf.data, "/ops/0/layers/0/ops/0/layers/0/ops/0/layers/0/ops/0: composites may be");
    mr_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_vocabulary),
        cmocka_unit_test(metadata_kept_keeps_the_profile_unless_icc_says_otherwise),
        cmocka_unit_test(sources_are_listed_once_each_the_picture_first),
        cmocka_unit_test(a_source_may_lie_at_a_url),
        cmocka_unit_test(a_url_is_read_strictly),
        cmocka_unit_test(what_is_printed_is_read_back_to_the_same),
        cmocka_unit_test(colours_are_read_in_every_form_of_writing),
        cmocka_unit_test(a_field_or_op_that_is_not_known_is_named_by_its_pointer),
        cmocka_unit_test(tags_are_joined_as_storage_takes_them),
        cmocka_unit_test(values_out_of_range_are_refused_at_their_place),
        cmocka_unit_test(an_output_is_refused_where_it_is_wrong),
        cmocka_unit_test(a_source_is_refused_where_it_is_wrong),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(composites_within_composites_end_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
