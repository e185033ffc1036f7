/* json_check_test.c -- what the strict door lets in and what it refuses, in the spirit of
 * JSONTestSuite.  Texts stand in heap blocks of their exact length, so that a sanitizer sees a byte
 * read too many. */
#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct text {
    const char *bytes;
    size_t len;
};
#define T(literal)   {literal, sizeof(literal) - 1}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mr_json_limits limits = {8 << 20, 64};
static struct mr_error err;

static enum mr_code check_limited(const char *text, size_t len, const struct mr_json_limits *with)
{
    char *copy = malloc(len ? len : 1);
    enum mr_code rc;
    cJSON *item = NULL;
    memcpy(copy, text, len);
    err.text[0] = '\0';
    rc = mr_json_check(copy, len, with, &err);
    if (rc)
        assert_true(err.text[0] != '\0');
    /* What is let in, cJSON reads too, and nothing else comes to it. */
    assert_int_equal(mr_json_parse(copy, len, with, &item, NULL), rc);
    assert_int_equal(item != NULL, rc == MR_OK);
    cJSON_Delete(item);
    free(copy);
    return rc;
}

static enum mr_code check(const char *text)
{
    return check_limited(text, strlen(text), &limits);
}

/* clang-format off */
static const struct text accepted[] = {
    T("null"), T("true"), T("false"), T("0"), T("\"\""), T("[]"), T("{}"), T(" \t\r\n[ ] \t\r\n"),
    T("[null]"), T("[[]]"), T("[[],[]]"), T("[{}]"), T("[ 1 , 2 ]"), T("[1,\n2]"), T("[[[[[[[]]]]]]]"),
    T("[\"a\"]"), T("[true,false,null,1,\"\",[],{}]"), T("[\"a\",\"a\"]"), T("[1,1]"),
    T("-0"), T("-1"), T("-123"), T("10"), T("100"), T("0.0"), T("-0.0"), T("1.5"), T("123.456789"), T("0.5e0"),
    T("0e0"), T("0e1"), T("0e+1"), T("0E-1"), T("1e1"), T("1E1"), T("1e+2"), T("1E-2"), T("1e01"), T("1e00"),
    T("1e-10000"), T("-1e-10000"), T("0e99999999999"), T("0.0e999"), T("1e308"), T("-1e308"), T("1.7976931348623157e308"),
    T("1.7976931348623158e308"), T("0.00000000000000000000001e330"), T("100000000000000000000.0"), T("5e-324"), T("1e-324"),
    T("9007199254740991"), T("-9007199254740991"), T("9007199254740992.0"), T("9007199254740993e0"),
    T("0.1234567890123456789012345678901234567890123456789012345678901"), /* 63 characters */
    T("\"a\""), T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), T("\"\\u0041\""), T("\"\\u00e9\\u00E9\""), T("\"\\uD83D\\uDE00\""),
    T("\"\\ud800\\udc00\""), T("\"\\uDBFF\\uDFFF\""), T("\"\\uFFFF\""), T("\"\\uFFFE\""), T("\"\\u0001\""), T("\"\\u007f\""),
    T("\"\x7f\""), T("\" \""), T("\"/\""), T("\"'\""), T("\"//\""), T("\"/* */\""), T("\"\\\\u0000\""), T("\"\\\\\""),
    T("\"\xc2\x80\""), T("\"\xc3\xa9\""), T("\"\xdf\xbf\""), T("\"\xe0\xa0\x80\""), T("\"\xe2\x82\xac\""), T("\"\xed\x9f\xbf\""),
    T("\"\xee\x80\x80\""), T("\"\xef\xbf\xbf\""), T("\"\xef\xbb\xbf\""), T("\"\xf0\x90\x80\x80\""), T("\"\xf0\x9f\x98\x80\""),
    T("\"\xf4\x8f\xbf\xbf\""), T("\"\xe2\x80\xa8\xe2\x80\xa9\""), T("\"a\xc3\xa9" "b\xe2\x82\xac" "c\""),
    T("\"0123456\""), T("\"01234567\""), T("\"012345678\""), T("\"0123456789abcdef0123456789\xc3\xa9 0123456789abcdef\""),
    T("{\"a\":1}"), T("{\"\":0}"), T("{\"a\":1,\"b\":2}"), T("{ \"a\" : 1 , \"b\" : 2 }"), T("{\"a\":{\"a\":{\"a\":1}}}"),
    T("{\"a\":[{\"a\":1},{\"a\":1}]}"), T("{\"a\":{\"b\":1},\"b\":2}"), T("{\"a\":1,\"A\":2}"), T("{\"a\":1,\"a \":2}"),
    T("{\"aaaaaaaab\":1,\"aaaaaaaac\":2}"), T("{\"aaaaaaaa\":1,\"aaaaaaaaa\":2,\"aaaaaaa\":3}"), T("{\"\\u0061b\":1,\"a\":2}"),
    T("{\"\\n\":1,\"n\":2}"), T("{\"\\ud83d\\ude00\":1,\"\\ud83d\\ude01\":2}"), T("{\"\xc3\xa9\":1,\"e\xcc\x81\":2}"),
    T("{\"__proto__\":1}"), T("{\"\\u0001\":1,\"\":2}"),
};

static const struct text refused[] = {
    T(""), T(" "), T("\n"), T("\0"), T("null\0"), T("nul"), T("nulll"), T("Null"), T("TRUE"), T("tru"), T("truee"), T("fals"),
    T("undefined"), T("NaN"), T("Infinity"), T("-Infinity"), T("-inf"), T("1 2"), T("[] []"), T("{}{}"), T("[]]"), T("{}}"),
    T("null,"), T(",null"), T("\"a\" \"b\""), T("[1]x"), T("{\"a\":1}#"), T("{}//"), T("/**/1"), T("1/**/"), T("\xef\xbb\xbf{}"),
    T("\xff\xfe[\0]\0"), T("\f1"), T("\v1"), T("\xc2\xa0[]"), T("\xe2\x80\xa8[]"), T("*"), T("a"), T("'a'"), T("<null>"), T("`a`"),
    T("["), T("]"), T("{"), T("}"), T("[1"), T("[1,"), T("[1,]"), T("[,1]"), T("[,]"), T("[1,,2]"), T("[1 2]"), T("[1;2]"), T("[1:2]"),
    T("[\"a\""), T("[\"a\","), T("[\"a"), T("[}"), T("{]"), T("[1}"), T("[[1]"), T("[[1]}"), T("[\0]"), T("[1\0]"), T("[(1)]"), T("[x"),
    T("{\"a\""), T("{\"a\":"), T("{\"a\":1"), T("{\"a\":1,"), T("{\"a\":1,}"), T("{,}"), T("{\"a\"}"), T("{\"a\",1}"), T("{\"a\" 1}"),
    T("{\"a\"::1}"), T("{\"a\":1,,\"b\":2}"), T("{\"a\":1;}"), T("{a:1}"), T("{'a':1}"), T("{1:1}"), T("{null:1}"), T("{[]:1}"), T("{\"a\":1]"),
    T("{\"a\":1 \"b\":2}"), T("{\"a\":}"), T("{:1}"), T("{\"a\":1,\"b\"}"), T("{\"a\":/*c*/1}"), T("{\"a\":a"), T("{\"a\x00\":1}"), T("{\"a"),
    T("-"), T("+1"), T("--1"), T("-a"), T("- 1"), T("00"), T("01"), T("-01"), T("-00"), T("012.5"), T(".5"), T("-.5"), T("1."), T("1.e1"),
    T("-1."), T("0."), T("1e"), T("1e+"), T("1E-"), T("1e1.5"), T("1e 1"), T("1ee1"), T("1e++1"), T("1.2.3"), T("1..2"), T("0x10"), T("0b1"),
    T("1_000"), T("1,000"), T("1a"), T("1 000"), T("1f"), T("1n"), T("\xef\xbc\x91"), T("1e1e1"), T("[-]"), T("[1.]"), T("[0e]"), T("[1-2]"), T("\xd9\xa1"),
    T("1e309"), T("-1e309"), T("1e999999999999999999999"), T("1.7976931348623159e308"), T("[1e400]"), T("123456789e301"),
    T("9007199254740992"), T("-9007199254740992"), T("9007199254740993"), T("10000000000000000"), T("18446744073709551617"),
    T("99999999999999999999999999999999999999999999999999999999999999999999999999999999"),
    T("0.123456789012345678901234567890123456789012345678901234567890123456"),
    T("\""), T("\"a"), T("\"a\\"), T("\"a\\\""), T("\"\\a\""), T("\"\\x41\""), T("\"\\0\""), T("\"\\'\""), T("\"\\U0041\""), T("\"\\ \""), T("\"\\\n\""),
    T("\"\\u\""), T("\"\\u1\""), T("\"\\u12\""), T("\"\\u123\""), T("\"\\u123"), T("\"\\u 123\""), T("\"\\u+123\""), T("\"\\u00g0\""), T("\"\\u\\u0041\""),
    T("\"\\u0000\""), T("[\"a\\u0000b\"]"), T("{\"\\u0000\":1}"), T("\"\0\""), T("\"a\nb\""), T("\"a\tb\""), T("\"\x01\""), T("\"\x1f\""), T("\"01234567\x1f" "01234567\""),
    T("\"\\ud800\""), T("\"\\uDBFF\""), T("\"\\udc00\""), T("\"\\uDFFF\""), T("\"\\ud800\\ud800\""), T("\"\\ud800x\""), T("\"\\ud800\\n\""), T("\"\\ud800\\u0041\""),
    T("\"\\udc00\\ud800\""), T("\"\\ud800\\udc0\""), T("\"\\ud800\\"), T("\"\\ud800\\u"), T("{\"\\ud800\":1}"),
    T("\"\x80\""), T("\"\xbf\""), T("\"\xc0\x80\""), T("\"\xc1\xbf\""), T("\"\xc2\""), T("\"\xc2"), T("\"\xc3\x28\""), T("\"\xe0\x80\x80\""), T("\"\xe0\x9f\xbf\""),
    T("\"\xe2\x82\""), T("\"\xe2\x82"), T("\"\xe2\x28\xa1\""), T("\"\xe2\x82\x28\""), T("\"\xed\xa0\x80\""), T("\"\xed\xbf\xbf\""), T("\"\xf0\x80\x80\x80\""),
    T("\"\xf0\x8f\xbf\xbf\""), T("\"\xf0\x9f\x98\""), T("\"\xf0\x9f\x98"), T("\"\xf4\x90\x80\x80\""), T("\"\xf5\x80\x80\x80\""), T("\"\xfe\""), T("\"\xff\""),
    T("\"\xf8\x88\x80\x80\x80\""), T("\"\xe9\""), T("{\"\xff\":1}"), T("\xff"), T("[\xc3\xa9]"), T("\"aaaaaaaaaaaaaaaa\xc3\""),
    T("{\"a\":1,\"a\":1}"), T("{\"a\":1,\"a\":2}"), T("{\"\":1,\"\":2}"), T("{\"a\":1,\"b\":2,\"a\":3}"), T("[{\"a\":1,\"a\":2}]"), T("{\"x\":{\"a\":1,\"a\":2}}"),
    T("{\"a\":{\"a\":1},\"a\":2}"), T("{\"a\":1,\"\\u0061\":2}"), T("{\"\\u0061\":1,\"a\":2}"), T("{\"\\u0061\":1,\"\\u0061\":2}"), T("{\"/\":1,\"\\/\":2}"),
    T("{\"\\n\":1,\"\\u000a\":2}"), T("{\"\\t\":1,\"\\u0009\":2}"), T("{\"\\b\":1,\"\\u0008\":2}"), T("{\"\\f\":1,\"\\u000C\":2}"), T("{\"\\r\":1,\"\\u000d\":2}"),
    T("{\"\\\\\":1,\"\\u005c\":2}"), T("{\"\\\"\":1,\"\\u0022\":2}"), T("{\"\xc3\xa9\":1,\"\\u00e9\":2}"), T("{\"\xe2\x82\xac\":1,\"\\u20AC\":2}"),
    T("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\uDE00\":2}"), T("{\"aaaaaaaab\":1,\"aaaaaaaab\":2}"), T("{\"a\":[{\"b\":1}],\"c\":{},\"a\":2}"), T("{\"\\u00e9x\":[],\"\xc3\xa9x\":2}"),
};
/* clang-format on */

static void valid_texts_are_let_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++)
        if (check_limited(accepted[i].bytes, accepted[i].len, &limits) != MR_OK)
            fail_msg("refused: %s: %s", accepted[i].bytes, err.text);
}

static void invalid_texts_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++)
        if (check_limited(refused[i].bytes, refused[i].len, &limits) != MR_INVALID)
            fail_msg("not refused: %zu: %s", i, refused[i].bytes);
}

static void invalid_texts_are_refused_inside_of_others_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char text[256];
        size_t len = refused[i].len + 9;
        memcpy(text, "[{\"k\":[1,", 9);
        memcpy(text + 9, refused[i].bytes, refused[i].len);
        /* "a,b" style leftovers ("null,") would be good text here: the end stays open. */
        assert_int_equal(check_limited(text, len, &limits), MR_INVALID);
    }
}

static void every_valid_text_cut_short_is_refused_or_valid_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) /* the sanitizer looks for reads beyond the end */
        for (size_t len = 0; len < accepted[i].len; len++)
            (void)check_limited(accepted[i].bytes, len, &limits);
    for (size_t len = 0; len < 26; len++)
        assert_int_equal(check_limited("{\"a\":[\"\\u00e9\xe2\x82\xac\",{},true]}", len, &limits),
                         MR_INVALID);
}

static void every_byte_changed_is_answered_without_a_crash(void **state)
{
    static const char text[] =
        "{\"a\\n\":[-1.5e3,\"\\ud83d\\ude00\xe2\x82\xac\"],\"b\":{\"c\":null}}";
    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        for (int c = 0; c < 256; c++) {
            char changed[sizeof(text)];
            memcpy(changed, text, sizeof(text));
            changed[i] = (char)c;
            (void)check_limited(changed, sizeof(text) - 1, &limits);
        }
}

static void assert_error(const char *text, enum mr_code code, const char *message)
{
    assert_int_equal(check(text), code);
    assert_string_equal(err.text, message);
    assert_int_equal(err.code, code);
}

static void an_error_names_the_byte_and_the_reason(void **state)
{
    (void)state;
    assert_error("", MR_INVALID, "byte 0: the text ends too early");
    assert_error("[1,", MR_INVALID, "byte 3: the text ends too early");
    assert_error("{\"a\"", MR_INVALID, "byte 4: the text ends too early");
    assert_error("[1 2]", MR_INVALID, "byte 3: ',' or ']' must stand here");
    assert_error("{\"a\":1,}", MR_INVALID, "byte 7: a member's name in quotes must stand here");
    assert_error("[1] x", MR_INVALID, "byte 4: text behind the value");
    assert_error("[\"a\\q\"]", MR_INVALID, "byte 3: no such escape in a string");
    assert_error("[\"abc", MR_INVALID, "byte 1: a string without its end");
    assert_error("\"ab\xff\"", MR_INVALID, "byte 3: not UTF-8");
    assert_error("{\"a\":1,\"a\":2}", MR_INVALID, "byte 8: member \"a\" is there twice");
    assert_error("[01]", MR_INVALID, "byte 1: a number must not start with 0");
    assert_error("[1e999]", MR_INVALID, "byte 1: a number beyond what a double holds");
}

static void an_integer_beyond_2_53_is_refused(void **state)
{
    (void)state;
    assert_error("[9007199254740992]", MR_INVALID,
                 "byte 1: an integer beyond +-(2^53 - 1); send it as a string");
    assert_error("-9007199254740992", MR_INVALID,
                 "byte 1: an integer beyond +-(2^53 - 1); send it as a string");
    assert_int_equal(check("9007199254740991"), MR_OK);
}

static void a_number_of_63_characters_is_the_longest(void **state)
{
    char text[65] = "0.";
    (void)state;
    memset(text + 2, '3', 61);
    assert_int_equal(check(text), MR_OK);
    text[63] = '3';
    assert_error(text, MR_INVALID, "byte 0: a number of more than 63 characters");
}

static void a_text_longer_than_its_limit_is_too_large(void **state)
{
    struct mr_json_limits small = {4, 64};
    (void)state;
    assert_int_equal(check_limited("[10]", 4, &small), MR_OK);
    assert_int_equal(check_limited("[100]", 5, &small), MR_TOO_LARGE);
    assert_string_equal(err.text, "5 bytes of JSON, at most 4 are allowed");
}

static enum mr_code nested(const char *open, unsigned depth, unsigned depth_max)
{
    struct mr_json_limits with = {1 << 20, depth_max};
    struct mr_buf buf = {0};
    enum mr_code rc;
    for (unsigned i = 0; i < depth; i++)
        mr_buf_add_str(&buf, open);
    mr_buf_add_str(&buf, open[0] == '{' ? "1" : "");
    for (unsigned i = 0; i < depth; i++)
        mr_buf_add_char(&buf, open[0] == '[' ? ']' : '}');
    rc = check_limited(buf.data, buf.len, &with);
    mr_buf_release(&buf);
    return rc;
}

static void nesting_is_allowed_up_to_its_limit_and_no_further(void **state)
{
    static const char *const opens[] = {"[", "{\"a\":"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(nested(opens[i], 64, 64), MR_OK);
        assert_int_equal(nested(opens[i], 65, 64), MR_TOO_LARGE);
        assert_int_equal(nested(opens[i], 1, 1), MR_OK);
        assert_int_equal(nested(opens[i], 1, 0), MR_TOO_LARGE);
        assert_int_equal(nested(opens[i], MR_JSON_DEPTH_MAX, 10000), MR_OK);
        assert_int_equal(nested(opens[i], MR_JSON_DEPTH_MAX + 1, 10000), MR_TOO_LARGE);
        assert_int_equal(nested(opens[i], 100000, 64), MR_TOO_LARGE);
    }
    assert_int_equal(nested("[", 65, 64), MR_TOO_LARGE);
    assert_string_equal(err.text, "byte 64: nested deeper than 64");
}

/* {"<prefix>0":0,"<prefix>1":0,...} with, where twice >= 0, that name once more at the end. */
static enum mr_code many(const char *prefix, int count, int twice)
{
    struct mr_buf buf = {0};
    enum mr_code rc;
    for (int i = 0; i < count; i++)
        mr_buf_addf(&buf, "%s\"%s%d\":0", i ? "," : "{", prefix, i);
    if (twice >= 0)
        mr_buf_addf(&buf, ",\"\\u%04x%s%d\":1", prefix[0], prefix + 1, twice);
    mr_buf_add_char(&buf, '}');
    rc = check_limited(buf.data, buf.len, &limits);
    mr_buf_release(&buf);
    return rc;
}

static void a_double_member_is_found_among_any_number_of_them(void **state)
{
    static const int counts[] = {1, 2, 15, 16, 17, 18, 63, 64, 65, 200, 3000};
    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        assert_int_equal(many("k", counts[i], -1), MR_OK);
        assert_int_equal(many("k", counts[i], 0), MR_INVALID);
        assert_int_equal(many("k", counts[i], counts[i] / 2), MR_INVALID);
        assert_int_equal(many("k", counts[i], counts[i] - 1), MR_INVALID);
        assert_non_null(strstr(err.text, "is there twice"));
        assert_int_equal(many("a long and common front of them all ", counts[i], -1), MR_OK);
        assert_int_equal(many("a long and common front of them all ", counts[i], 0), MR_INVALID);
    }
}

static void the_second_of_two_equal_members_is_the_one_named(void **state)
{
    char text[1024];
    int len = snprintf(text, sizeof(text), "{\"x\":0");
    (void)state;
    for (int i = 0; i < 30; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, ",\"k%02d\":0", i);
    snprintf(text + len, sizeof(text) - (size_t)len, ",\"k07\":1}");
    assert_int_equal(check(text), MR_INVALID);
    snprintf(text, sizeof(text), "byte %d: member \"k07\" is there twice", len + 2);
    assert_string_equal(err.text, text);
}

static void members_of_objects_inside_do_not_disturb_the_outer_ones(void **state)
{
    struct mr_buf buf = {0};
    (void)state;
    for (int i = 0; i < 40; i++)
        mr_buf_addf(&buf, "%s\"\\u006b%d\":{\"k0\":[{\"k1\":1,\"\\u006b2\":2}],\"k1\":{}}",
                    i ? "," : "{", i);
    mr_buf_add_str(&buf, "}");
    assert_int_equal(check(buf.data), MR_OK);
    buf.data[buf.len - 1] = ',';
    mr_buf_add_str(&buf, "\"k3\":1}");
    assert_int_equal(check(buf.data), MR_INVALID);
    mr_buf_release(&buf);
}

static void many_members_do_not_take_quadratic_time(void **state)
{
    (void)state; /* 300,000: compared one by one this would take minutes, the test's limit is 2 */
    assert_int_equal(many("aaaaaaaa", 300000, -1), MR_OK);
    assert_int_equal(many("aaaaaaaa", 300000, 0), MR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts_are_let_in),
        cmocka_unit_test(invalid_texts_are_refused),
        cmocka_unit_test(invalid_texts_are_refused_inside_of_others_too),
        cmocka_unit_test(every_valid_text_cut_short_is_refused_or_valid_itself),
        cmocka_unit_test(every_byte_changed_is_answered_without_a_crash),
        cmocka_unit_test(an_error_names_the_byte_and_the_reason),
        cmocka_unit_test(an_integer_beyond_2_53_is_refused),
        cmocka_unit_test(a_number_of_63_characters_is_the_longest),
        cmocka_unit_test(a_text_longer_than_its_limit_is_too_large),
        cmocka_unit_test(nesting_is_allowed_up_to_its_limit_and_no_further),
        cmocka_unit_test(a_double_member_is_found_among_any_number_of_them),
        cmocka_unit_test(the_second_of_two_equal_members_is_the_one_named),
        cmocka_unit_test(members_of_objects_inside_do_not_disturb_the_outer_ones),
        cmocka_unit_test(many_members_do_not_take_quadratic_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
