/* key_test.c -- templates of keys. */
#include "worker/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct wk_key_vars vars = {.job = "order-7",
                                        .tenant = "shop",
                                        .step = "Render.2",
                                        .name = "large",
                                        .ext = "jpg",
                                        .sha256 = "abc",
                                        .attempt = 3,
                                        .width = 640,
                                        .height = 480};

static void becomes(const char *pattern, const char *key)
{
    char ret[MR_BLOB_KEY_MAX + 1];
    struct mr_error err = {0};

    if (wk_key_expand(pattern, &vars, ret, &err))
        fail_msg("%s: %s", pattern, err.text);
    assert_string_equal(ret, key);
}

static void is_refused(const char *pattern, const char *part)
{
    char ret[MR_BLOB_KEY_MAX + 1] = "as it was";
    struct mr_error err = {0};

    assert_int_equal(wk_key_expand(pattern, &vars, ret, &err), MR_INVALID);
    assert_non_null(strstr(err.text, part));
    assert_string_equal(ret, "as it was");
}

static void every_variable_is_filled_in(void **state)
{
    (void)state;
    becomes("out/{job}/{step}/{name}.{ext}", "out/order-7/Render.2/large.jpg");
    becomes("{tenant}/{sha256}-{width}x{height}.{attempt}", "shop/abc-640x480.3");
    becomes("plain", "plain");
    becomes("{job}{job}", "order-7order-7");
}

static void what_is_no_template_is_refused(void **state)
{
    (void)state;
    is_refused("out/{user}", "\"{user}\" is no variable; allowed: {job}");
    is_refused("out/{job", "{ without its }");
    is_refused("out/job}", "} without its {");
    is_refused("out/{}", "\"{}\"");
}

static void what_is_no_key_is_refused(void **state)
{
    char pattern[2000];

    (void)state;
    is_refused("", "key");
    is_refused("/{job}", "segment");
    is_refused("a/../{job}", "segment");
    memset(pattern, 'a', sizeof pattern - 1);
    pattern[sizeof pattern - 1] = '\0';
    is_refused(pattern, "1024");
}

static void a_step_stays_one_segment(void **state)
{
    struct wk_key_vars odd = vars;
    char ret[MR_BLOB_KEY_MAX + 1];
    struct mr_error err;

    (void)state;
    odd.step = "a/../b c%20.1";
    assert_int_equal(wk_key_expand("{step}", &odd, ret, &err), MR_OK);
    assert_string_equal(ret, "a%2F..%2Fb%20c%20.1");
}

static void only_job_and_step_together_make_a_key_its_own(void **state)
{
    (void)state;
    assert_true(wk_key_is_own("out/{job}/{step}/{name}.{ext}"));
    assert_false(wk_key_is_own("out/{job}/{name}"));
    assert_false(wk_key_is_own("out/{step}/{name}"));
    assert_false(wk_key_is_own("logo.png"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variable_is_filled_in),
        cmocka_unit_test(what_is_no_template_is_refused),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_step_stays_one_segment),
        cmocka_unit_test(only_job_and_step_together_make_a_key_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
