/* error_test.c -- the promises of common/base/error.h. */
#include "common/base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_failure_returns_its_code_and_fills_the_text(void **state)
{
    struct mr_error err;
    (void)state;
    assert_int_equal(mr_fail(&err, MR_NOT_FOUND, "no %s at %d", "key", 7), MR_NOT_FOUND);
    assert_int_equal(err.code, MR_NOT_FOUND);
    assert_string_equal(err.text, "no key at 7");
}

static void a_caller_without_an_error_struct_still_gets_the_code(void **state)
{
    (void)state;
    assert_int_equal(mr_fail(NULL, MR_IO, "x"), MR_IO);
    assert_int_equal(mr_fail_in(NULL, MR_IO, "x"), MR_IO);
}

static void control_bytes_never_reach_the_text(void **state)
{
    struct mr_error err;
    (void)state;
    mr_fail(&err, MR_INVALID,
            "a\nb\r\tc\x1b[31m\x7f \xc2\x9b"
            "31m");
    assert_string_equal(err.text, "a?b??c?[31m? ??31m");
}

static void bytes_that_are_not_utf8_become_question_marks(void **state)
{
    struct mr_error err;
    (void)state;
    mr_fail(&err, MR_INVALID, "\xff \xc0\xaf \xed\xa0\x80 \xc3\xa9 \xf0\x9f\x98\x80");
    assert_string_equal(err.text, "? ?? ??? \xc3\xa9 \xf0\x9f\x98\x80");
}

static void a_long_text_is_cut_to_fit_between_characters(void **state)
{
    struct mr_error err;
    char text[2 * MR_ERROR_TEXT_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof(text) - 2; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[sizeof(text) - 2] = '\0';
    mr_fail(&err, MR_INVALID, "%s", text);
    assert_int_equal(strlen(err.text), MR_ERROR_TEXT_MAX - 1);
    assert_string_equal(err.text + MR_ERROR_TEXT_MAX - 4, "\xc3\xa9?");
}

static void a_larger_thing_is_put_in_front(void **state)
{
    struct mr_error err;
    (void)state;
    mr_fail(&err, MR_CORRUPT, "bad header");
    assert_int_equal(mr_fail_in(&err, MR_INVALID, "in/1"), MR_INVALID);
    assert_int_equal(err.code, MR_INVALID);
    assert_string_equal(err.text, "in/1: bad header");
}

static void an_error_may_be_made_from_its_own_text(void **state)
{
    struct mr_error err;
    (void)state;
    mr_fail(&err, MR_CORRUPT, "inner");
    mr_fail(&err, MR_CORRUPT, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
}

static void every_code_has_a_name_a_meaning_and_a_status(void **state)
{
    (void)state;
    for (int i = 0; i < MR_CODE_COUNT; i++) {
        assert_int_equal(strncmp(mr_code_name((enum mr_code)i), "MR_", 3), 0);
        assert_true(strlen(mr_code_meaning((enum mr_code)i)) > 3);
        assert_in_range(mr_code_http((enum mr_code)i), 200, 599);
    }
    assert_string_equal(mr_code_name(MR_OK), "MR_OK");
    assert_int_equal(mr_code_http(MR_BUSY), 429);
    assert_true(mr_code_retriable(MR_UNAVAILABLE));
    assert_false(mr_code_retriable(MR_CORRUPT));
}

static void a_number_that_is_no_code_reads_as_a_fault(void **state)
{
    (void)state;
    assert_string_equal(mr_code_name((enum mr_code)4711), "MR_INTERNAL");
    assert_int_equal(mr_code_http((enum mr_code)4711), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_returns_its_code_and_fills_the_text),
        cmocka_unit_test(a_caller_without_an_error_struct_still_gets_the_code),
        cmocka_unit_test(control_bytes_never_reach_the_text),
        cmocka_unit_test(bytes_that_are_not_utf8_become_question_marks),
        cmocka_unit_test(a_long_text_is_cut_to_fit_between_characters),
        cmocka_unit_test(a_larger_thing_is_put_in_front),
        cmocka_unit_test(an_error_may_be_made_from_its_own_text),
        cmocka_unit_test(every_code_has_a_name_a_meaning_and_a_status),
        cmocka_unit_test(a_number_that_is_no_code_reads_as_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
