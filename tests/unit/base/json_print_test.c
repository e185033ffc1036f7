/* json_print_test.c -- what trees and the writer of common/base/json.h come to as text. */
#include "common/base/json.h"

#include <locale.h>
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

static void assert_printed(const char *text, const char *printed)
{
    struct mr_buf buf = {0};
    cJSON *item = parse(text);
    assert_int_equal(mr_json_print(item, &buf), MR_OK);
    assert_string_equal(buf.data, printed);
    mr_buf_release(&buf);
    cJSON_Delete(item);
}

static void assert_number(double d, const char *printed)
{
    struct mr_buf buf = {0};
    cJSON *item = cJSON_CreateNumber(d);
    assert_int_equal(mr_json_print(item, &buf), MR_OK);
    assert_string_equal(buf.data, printed);
    mr_buf_release(&buf);
    cJSON_Delete(item);
}

static void a_tree_is_printed_compactly_in_its_order(void **state)
{
    (void)state;
    assert_printed(
        " { \"b\" : [ 1 , true , false , null , \"x\\u0041\" ] , \"a\" : { } , \"\" : [ ] } ",
        "{\"b\":[1,true,false,null,\"xA\"],\"a\":{},\"\":[]}");
    assert_printed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u20ac\"",
                   "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\xe2\x82\xac\"");
}

static void integers_are_printed_exactly(void **state)
{
    (void)state;
    assert_printed("[0,1,-1,2147483648,9007199254740991,-9007199254740991]",
                   "[0,1,-1,2147483648,9007199254740991,-9007199254740991]");
    assert_printed("[1.0,1e3,100e-2]", "[1,1000,1]");
}

static void minus_zero_is_printed_as_zero(void **state)
{
    (void)state; /* equal values give equal bytes, and -0 == 0 */
    assert_printed("[-0,-0.0,-1e-999]", "[0,0,0]");
}

static void doubles_are_printed_in_the_fewest_digits_that_read_back(void **state)
{
    (void)state;
    assert_number(0.1, "0.1");
    assert_number(1.5, "1.5");
    assert_number(-0.5, "-0.5");
    assert_number(10.05, "10.05");
    assert_number(0.0001, "0.0001");
    assert_number(0.000101, "0.000101");
    assert_number(0.00005, "5e-05");
    assert_number(123456789.123456, "123456789.123456");
    assert_number(999999999999999.5, "999999999999999.5");
    assert_number(4503599627370495.5, "4503599627370495.5");
    assert_number(-0.000001, "-1e-06");
    assert_number(1.0 / 3, "0.3333333333333333");
    assert_number(0.1 + 0.2, "0.30000000000000004");
    assert_number(2.0 / 3, "0.6666666666666666");
    assert_number(1e300, "1e+300");
    assert_number(1.7976931348623157e308, "1.7976931348623157e+308");
    assert_number(2.2250738585072014e-308, "2.2250738585072014e-308");
    assert_number(5e-324, "5e-324");
    assert_number(1e-310, "1e-310");
}

static void a_whole_double_beyond_2_53_is_not_printed_as_an_integer(void **state)
{
    (void)state;
    assert_number(9007199254740992.0, "9007199254740992.0");
    assert_number(-9007199254740994.0, "-9007199254740994.0");
    assert_number(12345678901234567890.0, "1.2345678901234567e+19");
    assert_number(1e15 + 0.5, "1000000000000000.5");
}

static void a_number_that_is_not_finite_is_printed_as_null(void **state)
{
    (void)state;
    assert_number(NAN, "null");
    assert_number(INFINITY, "null");
    assert_number(-INFINITY, "null");
}

static void every_double_that_is_printed_passes_the_check_and_reads_back(void **state)
{
    uint64_t x = 88172645463325252; /* xorshift64: all signs, exponents and fractions */
    struct mr_buf buf = {0};
    (void)state;
    for (int i = 0; i < 100000; i++) {
        double d;
        cJSON *back = NULL, item = {.type = cJSON_Number};
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(&d, &x, sizeof(d));
        if (i % 4 == 1)
            d = ldexp((double)(int64_t)x, -11 - i % 40); /* of everyday size */
        else if (i % 4 == 2)
            d = (double)(x % 200000) / 1000;
        if (!isfinite(d))
            continue;
        item.valuedouble = d;
        mr_buf_reset(&buf);
        assert_int_equal(mr_json_print(&item, &buf), MR_OK);
        if (mr_json_parse(buf.data, buf.len, &mr_json_limits_message, &back, &err) != MR_OK)
            fail_msg("%s: %s", buf.data, err.text);
        if (back->valuedouble != d)
            fail_msg("%a printed as %s", d, buf.data);
        cJSON_Delete(back);
    }
    mr_buf_release(&buf);
}

/* Locales with a comma, and with a point of two bytes: the machine's, or what make_locales() made.
 */
static bool set_foreign_locale(size_t i)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    return i < 3 && setlocale(LC_ALL, names[i]);
}

/* Debian's package locales has the sources; localedef makes locales of them in the current folder.
 */
static void make_locales(void)
{
    if (set_foreign_locale(0))
        return;
    (void)setenv("LOCPATH", "locales", 1);
    if (set_foreign_locale(0)) /* made by an earlier run */
        return;
    if (system("mkdir -p locales && localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 && "
               "localedef -i ps_AF -f UTF-8 locales/ps_AF.UTF-8") != 0)
        print_message("no locales could be made: is the package locales there?\n");
    (void)setlocale(LC_ALL, "C");
}

static void the_locale_does_not_change_a_byte(void **state)
{
    bool any = false;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        if (set_foreign_locale(i)) {
            any = true;
            assert_number(0.1 + 0.2, "0.30000000000000004");
            assert_number(1.5, "1.5");
            assert_number(-2.5e-300, "-2.5e-300");
            assert_int_equal(mr_json_check("1.9e308", 7, &mr_json_limits_message, NULL),
                             MR_INVALID);
            assert_int_equal(mr_json_check("1.7e308", 7, &mr_json_limits_message, NULL), MR_OK);
        }
    setlocale(LC_ALL, "C");
    assert_true(any);
}

static void a_number_is_never_read_wrongly_because_of_the_locale(void **state)
{
    static const char *const texts[] = {"1.5", "[1.5]", "{\"a\":[1,2.5]}"};
    bool any = false;
    (void)state;
    for (size_t i = 0; i < 9; i++)
        if (set_foreign_locale(i / 3)) {
            struct mr_buf buf = {0};
            cJSON *item = NULL;
            enum mr_code rc = mr_json_parse(texts[i % 3], strlen(texts[i % 3]),
                                            &mr_json_limits_message, &item, &err);
            any = true;
            assert_true(rc == MR_OK || rc == MR_INTERNAL);
            if (rc == MR_OK) {
                assert_int_equal(mr_json_print(item, &buf), MR_OK);
                assert_string_equal(buf.data, texts[i % 3]);
            }
            mr_buf_release(&buf);
            cJSON_Delete(item);
        }
    setlocale(LC_ALL, "C");
    assert_true(any);
}

static void equal_objects_give_equal_bytes_when_sorted(void **state)
{
    cJSON *a =
        parse("{\"b\":{\"y\":[{\"n\":1,\"m\":2}],\"x\":-0},\"a\":1,\"\":2,\"B\":3,\"\xc3\xa9\":4}");
    cJSON *b =
        parse("{\"\\u00e9\":4,\"\":2,\"B\":3,\"a\":1.0,\"b\":{\"x\":0,\"y\":[{\"m\":2,\"n\":1}]}}");
    struct mr_buf left = {0}, right = {0};
    (void)state;
    assert_int_equal(mr_json_print_sorted(a, &left), MR_OK);
    assert_int_equal(mr_json_print_sorted(b, &right), MR_OK);
    assert_string_equal(left.data,
                        "{\"\":2,\"B\":3,\"a\":1,\"b\":{\"x\":0,\"y\":[{\"m\":2,\"n\":1}]},"
                        "\"\xc3\xa9\":4}");
    assert_string_equal(right.data, left.data);
    assert_string_equal(a->child->string, "b"); /* the tree itself keeps its order */
    mr_buf_release(&left);
    mr_buf_release(&right);
    cJSON_Delete(a);
    cJSON_Delete(b);
}

static void an_object_of_many_members_is_sorted_too(void **state)
{
    struct mr_buf text = {0}, printed = {0};
    cJSON *item;
    (void)state;
    for (int i = 999; i >= 0; i--)
        mr_buf_addf(&text, "%s\"k%03d\":%d", i == 999 ? "{" : ",", i, i);
    mr_buf_add_char(&text, '}');
    item = parse(text.data);
    assert_int_equal(mr_json_print_sorted(item, &printed), MR_OK);
    assert_int_equal(printed.len, text.len);
    assert_memory_equal(printed.data, "{\"k000\":0,\"k001\":1,", 19);
    assert_non_null(strstr(printed.data, "\"k998\":998,\"k999\":999}"));
    cJSON_Delete(item);
    mr_buf_release(&text);
    mr_buf_release(&printed);
}

static cJSON *nest(unsigned depth)
{
    cJSON *item = cJSON_CreateArray();
    for (unsigned i = 1; i < depth; i++) {
        cJSON *outer = i % 2 ? cJSON_CreateObject() : cJSON_CreateArray();
        if (i % 2)
            cJSON_AddItemToObject(outer, "a", item);
        else
            cJSON_AddItemToArray(outer, item);
        item = outer;
    }
    return item;
}

static void a_tree_too_deep_is_refused_and_the_text_before_it_kept(void **state)
{
    struct mr_buf buf = {0};
    cJSON *most = nest(MR_JSON_DEPTH_MAX), *more = nest(MR_JSON_DEPTH_MAX + 1);
    struct mr_jw w;
    (void)state;
    assert_int_equal(mr_json_print(most, &buf), MR_OK);
    assert_int_equal(mr_json_print_sorted(most, &buf), MR_OK);
    mr_buf_reset(&buf);
    mr_buf_add_str(&buf, "kept");
    assert_int_equal(mr_json_print(more, &buf), MR_TOO_LARGE);
    assert_int_equal(mr_json_print_sorted(more, &buf), MR_TOO_LARGE);
    assert_string_equal(buf.data, "kept");
    mr_jw_begin(&w, &buf);
    mr_jw_item(&w, NULL, more);
    assert_true(buf.failed);
    assert_int_equal(mr_json_print(most, &buf), MR_NO_MEMORY);
    mr_buf_release(&buf);
    cJSON_Delete(most);
    cJSON_Delete(more);
}

static void raw_and_missing_items_are_printed_as_they_are_and_as_null(void **state)
{
    struct mr_buf buf = {0};
    cJSON *item = cJSON_CreateArray();
    (void)state;
    cJSON_AddItemToArray(item, cJSON_CreateRaw("{\"x\": 1}"));
    assert_int_equal(mr_json_print(item, &buf), MR_OK);
    assert_string_equal(buf.data, "[{\"x\": 1}]");
    mr_buf_reset(&buf);
    assert_int_equal(mr_json_print(NULL, &buf), MR_OK);
    assert_string_equal(buf.data, "null");
    mr_buf_release(&buf);
    cJSON_Delete(item);
}

static void the_writer_sets_commas_and_names(void **state)
{
    struct mr_buf buf = {0};
    struct mr_jw w;
    cJSON *item = parse("{\"z\":[0.5]}");
    (void)state;
    mr_jw_begin(&w, &buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "id", "a\"b");
    mr_jw_str(&w, "none", NULL);
    mr_jw_int(&w, "n", -5);
    mr_jw_open(&w, "list", '[');
    mr_jw_open(&w, NULL, '{');
    mr_jw_close(&w, '}');
    mr_jw_bool(&w, NULL, true);
    mr_jw_open(&w, NULL, '[');
    mr_jw_close(&w, ']');
    mr_jw_int(&w, NULL, 1);
    mr_jw_close(&w, ']');
    mr_jw_bool(&w, "b", false);
    mr_jw_raw(&w, "raw", "[1,2]", 5);
    mr_jw_item(&w, "item", item);
    mr_jw_item(&w, "gone", NULL);
    mr_jw_close(&w, '}');
    assert_string_equal(buf.data,
                        "{\"id\":\"a\\\"b\",\"none\":null,\"n\":-5,\"list\":[{},true,[],1],"
                        "\"b\":false,\"raw\":[1,2],\"item\":{\"z\":[0.5]},\"gone\":null}");
    assert_int_equal(mr_json_check(buf.data, buf.len, &mr_json_limits_message, &err), MR_OK);
    mr_buf_release(&buf);
    cJSON_Delete(item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_is_printed_compactly_in_its_order),
        cmocka_unit_test(integers_are_printed_exactly),
        cmocka_unit_test(minus_zero_is_printed_as_zero),
        cmocka_unit_test(doubles_are_printed_in_the_fewest_digits_that_read_back),
        cmocka_unit_test(a_whole_double_beyond_2_53_is_not_printed_as_an_integer),
        cmocka_unit_test(a_number_that_is_not_finite_is_printed_as_null),
        cmocka_unit_test(every_double_that_is_printed_passes_the_check_and_reads_back),
        cmocka_unit_test(the_locale_does_not_change_a_byte),
        cmocka_unit_test(a_number_is_never_read_wrongly_because_of_the_locale),
        cmocka_unit_test(equal_objects_give_equal_bytes_when_sorted),
        cmocka_unit_test(an_object_of_many_members_is_sorted_too),
        cmocka_unit_test(a_tree_too_deep_is_refused_and_the_text_before_it_kept),
        cmocka_unit_test(raw_and_missing_items_are_printed_as_they_are_and_as_null),
        cmocka_unit_test(the_writer_sets_commas_and_names),
    };
    make_locales();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
