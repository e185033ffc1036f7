/* buf_test.c -- the promises of common/base/buf.h. */
#include "common/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_zeroed_struct_is_an_empty_buffer(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    assert_null(mr_buf_detach(&buf));
    mr_buf_reset(&buf);
    mr_buf_release(&buf);
    mr_buf_release(NULL);
}

static void what_is_added_is_held_and_ends_in_a_zero(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mr_buf_add(&buf, "a\0b", 3), MR_OK);
        assert_int_equal(buf.data[buf.len], '\0');
        assert_true(buf.cap > buf.len);
    }
    assert_int_equal(buf.len, 3000);
    assert_memory_equal(buf.data + 2997, "a\0b", 4);
    mr_buf_release(&buf);
    assert_null(buf.data);
}

static void adding_nothing_is_no_fault(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    assert_int_equal(mr_buf_add(&buf, NULL, 0), MR_OK);
    assert_string_equal(buf.data, "");
    assert_int_equal(mr_buf_add_str(&buf, ""), MR_OK);
    assert_int_equal(buf.len, 0);
    mr_buf_release(&buf);
}

static void integers_are_exact_at_both_ends(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    mr_buf_add_int(&buf, INT64_MIN);
    mr_buf_add_char(&buf, ' ');
    mr_buf_add_int(&buf, INT64_MAX);
    mr_buf_add_char(&buf, ' ');
    mr_buf_add_int(&buf, 0);
    mr_buf_add_char(&buf, ' ');
    mr_buf_add_int(&buf, -10);
    assert_string_equal(buf.data, "-9223372036854775808 9223372036854775807 0 -10");
    mr_buf_release(&buf);
}

static void formatted_text_of_any_length_is_added_whole(void **state)
{
    struct mr_buf buf = {0};
    char text[5001];
    (void)state;
    memset(text, 'x', 5000);
    text[5000] = '\0';
    assert_int_equal(mr_buf_addf(&buf, "%d:%s", 42, text), MR_OK);
    assert_int_equal(buf.len, 5003);
    assert_memory_equal(buf.data, "42:xxx", 6);
    assert_int_equal(mr_buf_addf(&buf, "%s", ""), MR_OK);
    assert_int_equal(buf.len, 5003);
    for (size_t len = 50; len < 80; len++) { /* around the first capacity */
        struct mr_buf small = {0};
        assert_int_equal(mr_buf_addf(&small, "%.*s", (int)len, text), MR_OK);
        assert_int_equal(small.len, len);
        assert_int_equal(strlen(small.data), len);
        mr_buf_release(&small);
    }
    mr_buf_release(&buf);
}

static void a_json_string_escapes_what_it_must_and_nothing_else(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    mr_buf_add_json(&buf, "a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9", 16);
    assert_string_equal(buf.data, "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"");
    mr_buf_reset(&buf);
    mr_buf_add_json(&buf, "\0", 1);
    assert_string_equal(buf.data, "\"\\u0000\"");
    mr_buf_reset(&buf);
    mr_buf_add_json(&buf, "", 0);
    assert_string_equal(buf.data, "\"\"");
    mr_buf_release(&buf);
}

static void a_failed_append_leaves_the_buffer_as_it_was_and_stays_seen(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    mr_buf_add_str(&buf, "kept");
    assert_int_equal(mr_buf_reserve(&buf, SIZE_MAX), MR_NO_MEMORY);
    assert_true(buf.failed);
    assert_string_equal(buf.data, "kept");
    assert_int_equal(mr_buf_add_str(&buf, " hole"), MR_NO_MEMORY);
    assert_int_equal(mr_buf_add_char(&buf, 'x'), MR_NO_MEMORY);
    assert_int_equal(mr_buf_add_int(&buf, 1), MR_NO_MEMORY);
    assert_int_equal(mr_buf_addf(&buf, "%d", 1), MR_NO_MEMORY);
    assert_int_equal(mr_buf_add_json(&buf, "x", 1), MR_NO_MEMORY);
    assert_string_equal(buf.data, "kept");
    mr_buf_reset(&buf);
    assert_false(buf.failed);
    assert_int_equal(mr_buf_add_str(&buf, "again"), MR_OK);
    assert_string_equal(buf.data, "again");
    mr_buf_release(&buf);
}

static void a_length_near_the_end_of_memory_is_refused(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    mr_buf_add_str(&buf, "x");
    assert_int_equal(mr_buf_add(&buf, "y", SIZE_MAX - 1), MR_NO_MEMORY);
    mr_buf_reset(&buf);
    assert_int_equal(mr_buf_reserve(&buf, SIZE_MAX / 2), MR_NO_MEMORY);
    mr_buf_release(&buf);
}

static void a_detached_text_is_the_callers(void **state)
{
    struct mr_buf buf = {0};
    char *text;
    (void)state;
    mr_buf_add_str(&buf, "mine");
    text = mr_buf_detach(&buf);
    assert_string_equal(text, "mine");
    assert_null(buf.data);
    assert_int_equal(buf.cap, 0);
    free(text);
}

static void a_failed_buffer_detaches_nothing_and_leaks_nothing(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    mr_buf_add_str(&buf, "half");
    assert_int_equal(mr_buf_reserve(&buf, SIZE_MAX), MR_NO_MEMORY);
    assert_null(mr_buf_detach(&buf));
    assert_null(buf.data);
    assert_false(buf.failed);
}

static void a_reset_keeps_the_memory(void **state)
{
    struct mr_buf buf = {0};
    size_t cap;
    (void)state;
    assert_int_equal(mr_buf_reserve(&buf, 1000), MR_OK);
    assert_string_equal(buf.data, "");
    cap = buf.cap;
    mr_buf_add_str(&buf, "x");
    mr_buf_reset(&buf);
    assert_int_equal(buf.cap, cap);
    assert_string_equal(buf.data, "");
    mr_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_struct_is_an_empty_buffer),
        cmocka_unit_test(what_is_added_is_held_and_ends_in_a_zero),
        cmocka_unit_test(adding_nothing_is_no_fault),
        cmocka_unit_test(integers_are_exact_at_both_ends),
        cmocka_unit_test(formatted_text_of_any_length_is_added_whole),
        cmocka_unit_test(a_json_string_escapes_what_it_must_and_nothing_else),
        cmocka_unit_test(a_failed_append_leaves_the_buffer_as_it_was_and_stays_seen),
        cmocka_unit_test(a_length_near_the_end_of_memory_is_refused),
        cmocka_unit_test(a_detached_text_is_the_callers),
        cmocka_unit_test(a_failed_buffer_detaches_nothing_and_leaks_nothing),
        cmocka_unit_test(a_reset_keeps_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
