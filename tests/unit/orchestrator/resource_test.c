/* resource_test.c -- every row of the table in resource.h, and what is none of it. */
#include "orchestrator/resource.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_row_of_the_table_gives_its_class_and_type(void **state)
{
    static const struct {
        const char *resource, *class_name, *type;
    } rows[] = {
        {"millrace:image.render", "image", "image.render"},
        {"millrace:noop", "io", "noop"},
        {"millrace:shop.mail.waitForTaskToken", "shop", "shop.mail"},
        {"arn:aws:lambda:eu-west-1:123456789012:function:Thumbs", "Thumbs", "Thumbs"},
        {"arn:aws:lambda:eu-west-1:123456789012:function:Thumbs:7", "Thumbs", "Thumbs"},
        {"arn:aws:states:eu-west-1:123456789012:activity:Review", "Review", "Review"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct oc_resource found;

        assert_int_equal(oc_resource_resolve(rows[i].resource, &found, NULL), MR_OK);
        assert_string_equal(found.class_name, rows[i].class_name);
        assert_string_equal(found.type, rows[i].type);
    }
}

static void what_is_not_in_the_table_is_refused_and_named(void **state)
{
    static const char *const refused[] = {
        "",
        "millrace:",
        "millrace:.x",
        "millrace:no/slash.x",
        "millrace:a b.x",
        "image.render",
        "arn:aws:lambda:eu-west-1:1:function:",
        "arn:aws:lambda:eu-west-1:1:layer:x",
        "arn:aws:sns:eu-west-1:1:topic",
        "arn:aws:states:::activity:no/slash",
        "millrace:classnamesareonlyallowedtobefortysevencharacterslong.x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct oc_resource found = {.class_name = "before"};
        struct mr_error err;

        assert_int_equal(oc_resource_resolve(refused[i], &found, &err), MR_UNSUPPORTED);
        assert_string_equal(found.class_name, "before");
        assert_non_null(strstr(err.text, refused[i]));
    }
}

static void a_type_as_long_as_the_table_allows_fits_and_a_longer_one_does_not(void **state)
{
    char resource[400] = "millrace:a.";
    struct oc_resource found;
    const size_t start = strlen("millrace:");

    (void)state;
    memset(resource + start + 2, 'x', 253);
    assert_int_equal(oc_resource_resolve(resource, &found, NULL), MR_OK);
    assert_int_equal(strlen(found.type), 255);
    strcat(resource, "x");
    assert_int_equal(oc_resource_resolve(resource, &found, NULL), MR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_gives_its_class_and_type),
        cmocka_unit_test(what_is_not_in_the_table_is_refused_and_named),
        cmocka_unit_test(a_type_as_long_as_the_table_allows_fits_and_a_longer_one_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
