/* recipe_op_test.c -- every operation's fields: defaults, what is refused and where. */
#include "tests/unit/recipe/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The one op, parsed; lent until the next call. */
static const struct mr_op *op_of(const char *op)
{
    static struct mr_recipe *last;
    char text[1024];

    mr_recipe_free(last);
    last = NULL;
    if (!op)
        return NULL;
    snprintf(text, sizeof(text), "{" SOURCE ",\"ops\":[%s]," OUTPUT "}", op);
    last = parsed(text);
    return &last->ops.list[0];
}

static void what_is_left_out_is_the_vocabularys_default(void **state)
{
    const double rows[4] = {1, 2, 3, 4};
    const struct mr_op *op;

    (void)state;
    op = op_of("{\"op\":\"trim\"}");
    assert_true(op->trim.threshold == 10 && !op->trim.colored);
    op = op_of("{\"op\":\"extend\"}");
    assert_int_equal(op->extend.top | op->extend.bottom | op->extend.left | op->extend.right, 0);
    assert_int_equal(op->extend.mode, MR_EXTEND_BACKGROUND);
    assert_int_equal(op->extend.background.a, 255);
    op = op_of("{\"op\":\"affine\",\"matrix\":[[1,2],[3,4]]}");
    assert_memory_equal(op->affine.matrix, rows, sizeof(rows));
    assert_true(op->affine.idx == 0 && op->affine.ody == 0);
    assert_int_equal(op_of("{\"op\":\"median\"}")->median.size, 3);
    assert_int_equal(op_of("{\"op\":\"dilate\"}")->morph.width, 1);
    assert_true(op_of("{\"op\":\"gamma\"}")->gamma.gamma == 2.2);
    assert_true(op_of("{\"op\":\"negate\"}")->negate.alpha);
    op = op_of("{\"op\":\"normalize\"}");
    assert_true(op->normalize.lower == 1 && op->normalize.upper == 99);
    assert_int_equal(op_of("{\"op\":\"clahe\",\"width\":3,\"height\":4}")->clahe.max_slope, 3);
    op = op_of("{\"op\":\"threshold\"}");
    assert_true(op->threshold.threshold == 128 && op->threshold.grayscale);
    op = op_of("{\"op\":\"modulate\"}");
    assert_true(op->modulate.brightness == 1 && op->modulate.saturation == 1);
    assert_true(op->modulate.hue == 0 && op->modulate.lightness == 0);
    assert_true(op_of("{\"op\":\"ensure_alpha\"}")->ensure_alpha.alpha == 1);
    op = op_of("{\"op\":\"redact\",\"regions\":[{\"left\":1,\"top\":2,\"width\":3,\"height\":4}]}");
    assert_int_equal(op->redact.mode, MR_REDACT_FILL);
}

static void a_kernel_is_scaled_by_its_sum_which_is_at_least_1(void **state)
{
    const struct mr_op *op;

    (void)state;
    op = op_of("{\"op\":\"convolve\",\"width\":3,\"height\":1,\"kernel\":[1,2,1]}");
    assert_true(op->convolve.scale == 4 && op->convolve.offset == 0);
    assert_true(op->convolve.kernel[1] == 2);
    op = op_of("{\"op\":\"convolve\",\"width\":3,\"height\":1,\"kernel\":[-1,0,1]}");
    assert_true(op->convolve.scale == 1);
    op = op_of("{\"op\":\"convolve\",\"width\":1,\"height\":1,\"kernel\":[1],\"scale\":0.5}");
    assert_true(op->convolve.scale == 0.5);
}

static void linear_takes_one_number_for_all_or_one_for_each(void **state)
{
    const struct mr_op *op;

    (void)state;
    op = op_of("{\"op\":\"linear\"}");
    assert_true(op->linear.count == 1 && op->linear.a[0] == 1 && op->linear.b[0] == 0);
    op = op_of("{\"op\":\"linear\",\"a\":2,\"b\":[1,2,3]}");
    assert_int_equal(op->linear.count, 3);
    assert_true(op->linear.a[2] == 2 && op->linear.b[2] == 3);
    op = op_of("{\"op\":\"linear\",\"b\":[1,2,3,4]}");
    assert_true(op->linear.count == 4 && op->linear.a[3] == 1);
    refused_op("{\"op\":\"linear\",\"a\":[1,2,3],\"b\":[1,2]}", "/ops/0/b: has 2 numbers, a has 3");
    refused_op("{\"op\":\"linear\",\"a\":[1,2,3,4,5]}", "/ops/0/a: must be a number or an array");
    refused_op("{\"op\":\"linear\",\"a\":[]}", "/ops/0/a: ");
    refused_op("{\"op\":\"linear\",\"a\":[1,\"2\",3]}", "/ops/0/a/1: must be a number");
    refused_op("{\"op\":\"linear\",\"a\":\"2\"}", "/ops/0/a: must be a number");
}

static void sizes_and_places_are_refused_where_they_are_wrong(void **state)
{
    (void)state;
    refused_op("{\"op\":\"trim\",\"threshold\":-1}", "/ops/0/threshold: ");
    refused_op("{\"op\":\"trim\",\"background\":7}", "/ops/0/background: ");
    refused_op("{\"op\":\"extend\",\"top\":-1}", "/ops/0/top: ");
    refused_op("{\"op\":\"extend\",\"right\":1.5}", "/ops/0/right: ");
    refused_op("{\"op\":\"extend\",\"mode\":\"wrap\"}", "/ops/0/mode: is \"wrap\"; allowed: ");
    refused_op("{\"op\":\"affine\"}", "/ops/0/matrix: must be 2 rows of 2");
    refused_op("{\"op\":\"affine\",\"matrix\":[[1,2],[3]]}", "/ops/0/matrix/1: must be an array");
    refused_op("{\"op\":\"affine\",\"matrix\":[[1,2],[2,4]]}", "/ops/0/matrix: has no inverse");
    refused_op("{\"op\":\"affine\",\"matrix\":[[1,0],[0,1]],\"odx\":\"1\"}", "/ops/0/odx: ");
    refused_op("{\"op\":\"redact\"}", "/ops/0/regions: must be an array of 1..256");
    refused_op("{\"op\":\"redact\",\"regions\":[{\"left\":1,\"top\":1,\"width\":1}]}",
               "/ops/0/regions/0/height: is missing");
    refused_op("{\"op\":\"redact\",\"regions\":[{\"left\":-1,\"top\":1,\"width\":1,\"height\":1}]}",
               "/ops/0/regions/0/left: ");
    refused_op("{\"op\":\"redact\",\"regions\":[{\"left\":1,\"top\":1,\"width\":1,\"height\":1,"
               "\"x\":1}]}",
               "/ops/0/regions/0/x: ");
    refused_op("{\"op\":\"redact\",\"regions\":[{\"left\":1,\"top\":1,\"width\":1,\"height\":1}],"
               "\"mode\":\"hide\"}",
               "/ops/0/mode: ");
}

static void filters_are_refused_where_they_are_wrong(void **state)
{
    (void)state;
    refused_op("{\"op\":\"median\",\"size\":0}", "/ops/0/size: ");
    refused_op("{\"op\":\"median\",\"size\":1001}", "/ops/0/size: ");
    refused_op("{\"op\":\"pixelate\"}", "/ops/0/size: is missing");
    refused_op("{\"op\":\"pixelate\",\"size\":0}", "/ops/0/size: ");
    refused_op("{\"op\":\"dilate\",\"width\":0}", "/ops/0/width: ");
    refused_op("{\"op\":\"erode\",\"width\":1.5}", "/ops/0/width: ");
    refused_op("{\"op\":\"clahe\",\"width\":3}", "/ops/0/height: is missing");
    refused_op("{\"op\":\"clahe\",\"width\":3,\"height\":3,\"max_slope\":101}",
               "/ops/0/max_slope: ");
    refused_op("{\"op\":\"convolve\",\"width\":3,\"height\":3}", "/ops/0/kernel: is missing");
    refused_op("{\"op\":\"convolve\",\"width\":3,\"height\":3,\"kernel\":[1,2,3]}",
               "/ops/0/kernel: must be an array of 9 numbers");
    refused_op("{\"op\":\"convolve\",\"width\":102,\"height\":1,\"kernel\":[1]}",
               "/ops/0/width: must be");
    refused_op("{\"op\":\"convolve\",\"width\":1,\"height\":1,\"kernel\":[1],\"scale\":0}",
               "/ops/0/scale: must not be 0");
}

static void tones_and_colours_are_refused_where_they_are_wrong(void **state)
{
    (void)state;
    refused_op("{\"op\":\"gamma\",\"gamma\":0.5}", "/ops/0/gamma: must be a number 1..3");
    refused_op("{\"op\":\"negate\",\"alpha\":1}", "/ops/0/alpha: must be true or false");
    refused_op("{\"op\":\"normalize\",\"lower\":90,\"upper\":10}", "/ops/0/lower: is 90");
    refused_op("{\"op\":\"normalize\",\"upper\":101}", "/ops/0/upper: ");
    refused_op("{\"op\":\"threshold\",\"threshold\":256}", "/ops/0/threshold: ");
    refused_op("{\"op\":\"modulate\",\"brightness\":-1}", "/ops/0/brightness: ");
    refused_op("{\"op\":\"recomb\"}", "/ops/0/matrix: must be 3 rows of 3 numbers, or 4 of 4");
    refused_op("{\"op\":\"recomb\",\"matrix\":[[1,2],[3,4]]}", "/ops/0/matrix: must be 3 rows");
    refused_op("{\"op\":\"recomb\",\"matrix\":[[1,2,3],[1,2,3],[1,2]]}", "/ops/0/matrix/2: ");
    refused_op("{\"op\":\"tint\"}", "/ops/0/color: is missing");
    refused_op("{\"op\":\"duotone\",\"shadow\":\"#000\"}", "/ops/0/highlight: is missing");
    refused_op("{\"op\":\"ensure_alpha\",\"alpha\":2}", "/ops/0/alpha: ");
    refused_op("{\"op\":\"extract_channel\"}", "/ops/0/channel: is missing");
    refused_op("{\"op\":\"extract_channel\",\"channel\":4}", "/ops/0/channel: ");
    refused_op("{\"op\":\"colorspace\"}", "/ops/0/space: is missing");
    refused_op("{\"op\":\"colorspace\",\"space\":\"hsv\"}", "/ops/0/space: is \"hsv\"; allowed: ");
}

static void text_is_refused_where_it_is_wrong(void **state)
{
    const struct mr_op *op = op_of("{\"op\":\"text\",\"text\":\"Hello\"}");

    (void)state;
    assert_string_equal(op->text.font, "sans");
    assert_true(op->text.size == 32 && op->text.opacity == 1 && op->text.color.a == 255 &&
                op->text.background.a == 0 && op->text.width == 0);
    refused_op("{\"op\":\"text\"}", "/ops/0/text: is missing");
    refused_op("{\"op\":\"text\",\"text\":\"\"}", "/ops/0/text: must not be empty");
    refused_op("{\"op\":\"text\",\"text\":7}", "/ops/0/text: ");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"font\":\"/etc/x.ttf\"}",
               "/ops/0/font: must be a family's name");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"font\":\"\"}", "/ops/0/font: must not be empty");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"size\":0}", "/ops/0/size: ");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"size\":2001}", "/ops/0/size: ");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"color\":\"inky\"}", "/ops/0/color: ");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"left\":1}", "/ops/0/top: is missing");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"gravity\":\"entropy\"}", "/ops/0/gravity: ");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"align\":\"justify\"}", "/ops/0/align: ");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"padding\":-1}", "/ops/0/padding: ");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"opacity\":1.5}", "/ops/0/opacity: ");
    refused_op("{\"op\":\"text\",\"text\":\"a\",\"width\":0}", "/ops/0/width: ");
    same_when_printed("{" SOURCE ",\"ops\":[{\"op\":\"text\",\"text\":\"a \\\"b\\\" <i>\"},{\"op\":"
                      "\"text\",\"text\":\"b\",\"left\":-3,\"top\":4,\"width\":70,\"align\":"
                      "\"right\",\"background\":\"#fff8\",\"padding\":3}]," OUTPUT "}");
}

static void operations_are_equal_that_mean_the_same(void **state)
{
    struct mr_recipe *recipe = parsed(
        "{" SOURCE
        ",\"outputs\":[{\"name\":\"a\",\"ops\":[{\"op\":\"median\"},{\"op\":\"tint\",\"color\":"
        "\"red\"}]},{\"name\":\"b\",\"ops\":[{\"op\":\"median\",\"size\":3},{\"color\":\"#f00\","
        "\"op\":"
        "\"tint\"}]},{\"name\":\"c\",\"ops\":[{\"op\":\"median\",\"size\":5},{\"op\":\"tint\","
        "\"color\":"
        "\"red\"}]},{\"name\":\"d\",\"ops\":[{\"op\":\"median\"}]},{\"name\":\"e\"}]}");
    const struct mr_ops *first = &recipe->outputs[0].ops;

    (void)state;
    assert_true(mr_ops_equal(recipe, first, &recipe->outputs[1].ops));
    for (size_t i = 2; i < 5; i++)
        assert_false(mr_ops_equal(recipe, first, &recipe->outputs[i].ops));
    mr_recipe_free(recipe);
}

static void every_operation_reads_the_same_when_it_was_printed(void **state)
{
    (void)state;
    same_when_printed(
        "{" SOURCE ",\"ops\":[{\"op\":\"trim\"},{\"op\":\"trim\",\"threshold\":0.5,\"background\":"
        "\"#0f08\"},{\"op\":\"extend\",\"top\":3,\"mode\":\"mirror\"},{\"op\":\"affine\",\"matrix\""
        ":[[1,0.25],[-0.1,2]],\"odx\":-3.5},{\"op\":\"median\",\"size\":7},{\"op\":\"convolve\","
        "\"width\":3,\"height\":2,\"kernel\":[1,2,3,4,5,-6.25],\"offset\":1},{\"op\":\"pixelate\","
        "\"size\":4},{\"op\":\"dilate\"},{\"op\":\"erode\",\"width\":9},{\"op\":\"gamma\"},{"
        "\"op\":\"negate\",\"alpha\":false},{\"op\":\"normalize\",\"lower\":2.5},{\"op\":\"clahe\","
        "\"width\":9,\"height\":8},{\"op\":\"threshold\",\"grayscale\":false},{\"op\":\"linear\","
        "\"a\":[1,2,3]},{\"op\":\"linear\",\"b\":7},{\"op\":\"modulate\",\"hue\":-30.5},{\"op\":"
        "\"recomb\",\"matrix\":[[1,2,3],[4,5,6],[7,8,9]]},{\"op\":\"tint\",\"color\":\"red\"},{"
        "\"op\":\"duotone\",\"shadow\":\"navy\",\"highlight\":\"#ffe\"},{\"op\":\"unflatten\"},{"
        "\"op\":\"ensure_alpha\",\"alpha\":0.25},{\"op\":\"remove_alpha\"},{\"op\":"
        "\"extract_channel\",\"channel\":2},{\"op\":\"redact\",\"mode\":\"blur\",\"regions\":[{"
        "\"left\":1,\"top\":2,\"width\":3,\"height\":4}]},{\"op\":\"colorspace\",\"space\":"
        "\"cmyk\"}]," OUTPUT "}");
}

static int teardown(void **state)
{
    (void)state;
    (void)op_of(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_is_the_vocabularys_default),
        cmocka_unit_test(a_kernel_is_scaled_by_its_sum_which_is_at_least_1),
        cmocka_unit_test(linear_takes_one_number_for_all_or_one_for_each),
        cmocka_unit_test(sizes_and_places_are_refused_where_they_are_wrong),
        cmocka_unit_test(filters_are_refused_where_they_are_wrong),
        cmocka_unit_test(tones_and_colours_are_refused_where_they_are_wrong),
        cmocka_unit_test(text_is_refused_where_it_is_wrong),
        cmocka_unit_test(operations_are_equal_that_mean_the_same),
        cmocka_unit_test(every_operation_reads_the_same_when_it_was_printed),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
