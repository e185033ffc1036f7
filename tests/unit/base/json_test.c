/* json_test.c -- parsing and the readers of members of common/base/json.h. */
#include "common/base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mr_error err;

static cJSON *parse(const char *text)
{
    cJSON *item = NULL;
    assert_int_equal(mr_json_parse(text, strlen(text), &mr_json_limits_message, &item, &err),
                     MR_OK);
    return item;
}

static void a_parsed_text_is_the_callers_tree(void **state)
{
    cJSON *item = parse("{\"a\":[1,2],\"b\":\"\\ud83d\\ude00\"}");
    (void)state;
    assert_int_equal(cJSON_GetArraySize(mr_json_get(item, "a")), 2);
    assert_string_equal(mr_json_get(item, "b")->valuestring, "\xf0\x9f\x98\x80");
    cJSON_Delete(item);
}

static void a_refused_text_leaves_the_result_as_it_was(void **state)
{
    cJSON *item = (cJSON *)&err;
    (void)state;
    assert_int_equal(mr_json_parse("{", 1, &mr_json_limits_message, &item, &err), MR_INVALID);
    assert_ptr_equal(item, &err);
}

static void *no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void a_parse_without_memory_says_so(void **state)
{
    cJSON_Hooks hooks = {no_memory, free};
    cJSON *item = NULL;
    (void)state;
    cJSON_InitHooks(&hooks);
    assert_int_equal(mr_json_parse("{}", 2, &mr_json_limits_message, &item, &err), MR_NO_MEMORY);
    cJSON_InitHooks(NULL);
    assert_null(item);
}

static void members_are_found_by_their_exact_name(void **state)
{
    cJSON *item = parse("{\"a\":1,\"A\":2,\"ab\":3}");
    cJSON *array = parse("[1]");
    (void)state;
    assert_int_equal((int)mr_json_get(item, "a")->valuedouble, 1);
    assert_int_equal((int)mr_json_get(item, "A")->valuedouble, 2);
    assert_null(mr_json_get(item, "Ab"));
    assert_null(mr_json_get(item, ""));
    assert_null(mr_json_get(array, "a"));
    assert_null(mr_json_get(NULL, "a"));
    cJSON_Delete(item);
    cJSON_Delete(array);
}

static void a_string_is_read_within_its_length(void **state)
{
    cJSON *item = parse("{\"key\":\"in/1\",\"n\":1,\"null\":null,\"empty\":\"\"}");
    const char *text = "before";
    (void)state;
    assert_int_equal(mr_json_str(item, "/source", "key", 4, &text, &err), MR_OK);
    assert_string_equal(text, "in/1");
    assert_int_equal(mr_json_str(item, "", "empty", 0, &text, &err), MR_OK);
    assert_string_equal(text, "");
    text = "before";
    assert_int_equal(mr_json_str(item, "/source", "key", 3, &text, &err), MR_INVALID);
    assert_string_equal(err.text, "/source/key: must be at most 3 bytes, is 4");
    assert_int_equal(mr_json_str(item, "/source", "n", 9, &text, &err), MR_INVALID);
    assert_string_equal(err.text, "/source/n: must be a string");
    assert_int_equal(mr_json_str(item, "", "none", 9, &text, &err), MR_INVALID);
    assert_string_equal(err.text, "/none: is missing");
    assert_string_equal(text, "before"); /* changed only on success */
    assert_int_equal(mr_json_str_opt(item, "", "null", 9, &text, &err), MR_INVALID);
    assert_int_equal(mr_json_str_opt(item, "", "none", 9, &text, &err), MR_OK);
    assert_null(text);
    cJSON_Delete(item);
}

static void what_is_no_object_has_no_members(void **state)
{
    cJSON *item = parse("[1]");
    const char *const names[] = {"a", NULL};
    const char *text;
    (void)state;
    assert_int_equal(mr_json_str(item, "", "a", 9, &text, &err), MR_INVALID);
    assert_string_equal(err.text, "(root): must be an object");
    assert_int_equal(mr_json_str_opt(item, "/x", "a", 9, &text, &err), MR_INVALID);
    assert_string_equal(err.text, "/x: must be an object");
    assert_int_equal(mr_json_known(item, "/x", names, &err), MR_INVALID);
    assert_int_equal(mr_json_str(NULL, "", "a", 9, &text, NULL), MR_INVALID);
    cJSON_Delete(item);
}

static void an_integer_is_read_exactly_and_within_its_range(void **state)
{
    cJSON *item =
        parse("{\"max\":9007199254740991,\"one\":1.0,\"e\":1e3,\"half\":0.5,\"big\":1e300,"
              "\"s\":\"1\",\"minus\":-9007199254740991,\"at\":9007199254740992.0}");
    int64_t n = -7;
    (void)state;
    assert_int_equal(mr_json_int(item, "", "max", 0, INT64_MAX, &n, &err), MR_OK);
    assert_true(n == INT64_C(9007199254740991));
    assert_int_equal(mr_json_int(item, "", "minus", INT64_MIN, INT64_MAX, &n, &err), MR_OK);
    assert_true(n == -INT64_C(9007199254740991));
    assert_int_equal(mr_json_int(item, "", "one", 1, 1, &n, &err), MR_OK);
    assert_true(n == 1);
    assert_int_equal(mr_json_int(item, "", "e", 0, 1000, &n, &err), MR_OK);
    assert_true(n == 1000);
    n = -7;
    assert_int_equal(mr_json_int(item, "", "half", 0, 9, &n, &err), MR_INVALID);
    assert_int_equal(mr_json_int(item, "", "big", INT64_MIN, INT64_MAX, &n, &err), MR_INVALID);
    assert_int_equal(mr_json_int(item, "", "at", INT64_MIN, INT64_MAX, &n, &err), MR_INVALID);
    assert_int_equal(mr_json_int(item, "", "s", 0, 9, &n, &err), MR_INVALID);
    assert_int_equal(mr_json_int(item, "", "none", 0, 9, &n, &err), MR_INVALID);
    assert_int_equal(mr_json_int(item, "/a", "e", 0, 999, &n, &err), MR_INVALID);
    assert_string_equal(err.text, "/a/e: must be a whole number 0..999");
    assert_int_equal(mr_json_int_opt(item, "", "none", 0, 9, &n, &err), MR_OK);
    assert_true(n == -7);
    assert_int_equal(mr_json_int_opt(item, "", "e", 2000, 3000, &n, &err), MR_INVALID);
    cJSON_Delete(item);
}

static void a_number_is_read_within_its_range(void **state)
{
    cJSON *item = parse("{\"q\":0.25,\"s\":\"x\"}");
    double d = 9;
    (void)state;
    assert_int_equal(mr_json_num_opt(item, "", "q", 0, 1, &d, &err), MR_OK);
    assert_true(d == 0.25);
    assert_int_equal(mr_json_num_opt(item, "", "none", 0, 1, &d, &err), MR_OK);
    assert_true(d == 0.25);
    assert_int_equal(mr_json_num_opt(item, "", "q", 0.5, 1, &d, &err), MR_INVALID);
    assert_string_equal(err.text, "/q: must be a number 0.5..1");
    assert_int_equal(mr_json_num_opt(item, "", "s", 0, 1, &d, &err), MR_INVALID);
    mr_json_get(item, "q")->valuedouble = NAN;
    assert_int_equal(mr_json_num_opt(item, "", "q", -INFINITY, INFINITY, &d, &err), MR_INVALID);
    cJSON_Delete(item);
}

static void a_bool_is_true_or_false_only(void **state)
{
    cJSON *item = parse("{\"t\":true,\"f\":false,\"n\":1}");
    bool b = false;
    (void)state;
    assert_int_equal(mr_json_bool_opt(item, "", "t", &b, &err), MR_OK);
    assert_true(b);
    assert_int_equal(mr_json_bool_opt(item, "", "none", &b, &err), MR_OK);
    assert_true(b);
    assert_int_equal(mr_json_bool_opt(item, "", "f", &b, &err), MR_OK);
    assert_false(b);
    assert_int_equal(mr_json_bool_opt(item, "", "n", &b, &err), MR_INVALID);
    assert_string_equal(err.text, "/n: must be true or false");
    cJSON_Delete(item);
}

static void an_unknown_member_is_named_with_what_is_allowed(void **state)
{
    const char *const names[] = {"a", "b", NULL};
    cJSON *good = parse("{\"b\":1,\"a\":2}"), *bad = parse("{\"a\":1,\"c~/d\":2,\"e\":3}");
    cJSON *empty = parse("{}");
    (void)state;
    assert_int_equal(mr_json_known(good, "", names, &err), MR_OK);
    assert_int_equal(mr_json_known(empty, "", names, &err), MR_OK);
    assert_int_equal(mr_json_known(bad, "/x", names, &err), MR_INVALID);
    assert_string_equal(err.text, "/x/c~0~1d: is not known here; allowed: a b");
    cJSON_Delete(good);
    cJSON_Delete(bad);
    cJSON_Delete(empty);
}

static void a_hostile_member_name_fits_into_the_error(void **state)
{
    static const char *const names[] = {
        "a_rather_long_name_of_a_member_that_is_allowed_here_number_one_of_five",
        "a_rather_long_name_of_a_member_that_is_allowed_here_number_two_of_five",
        "a_rather_long_name_of_a_member_that_is_allowed_here_number_three_of_five",
        "a_rather_long_name_of_a_member_that_is_allowed_here_number_four_of_five",
        "a_rather_long_name_of_a_member_that_is_allowed_here_number_five_of_five",
        NULL};
    struct mr_buf buf = {0};
    cJSON *item;
    (void)state;
    mr_buf_add_str(&buf, "{\"");
    for (int i = 0; i < 5000; i++)
        mr_buf_add_str(&buf, "~/\\n");
    mr_buf_add_str(&buf, "\":1}");
    item = parse(buf.data);
    assert_int_equal(mr_json_known(item, "", names, &err), MR_INVALID);
    assert_null(strchr(err.text, '\n'));
    assert_non_null(strstr(err.text, "number_one"));
    cJSON_Delete(item);
    mr_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parsed_text_is_the_callers_tree),
        cmocka_unit_test(a_refused_text_leaves_the_result_as_it_was),
        cmocka_unit_test(a_parse_without_memory_says_so),
        cmocka_unit_test(members_are_found_by_their_exact_name),
        cmocka_unit_test(a_string_is_read_within_its_length),
        cmocka_unit_test(what_is_no_object_has_no_members),
        cmocka_unit_test(an_integer_is_read_exactly_and_within_its_range),
        cmocka_unit_test(a_number_is_read_within_its_range),
        cmocka_unit_test(a_bool_is_true_or_false_only),
        cmocka_unit_test(an_unknown_member_is_named_with_what_is_allowed),
        cmocka_unit_test(a_hostile_member_name_fits_into_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
