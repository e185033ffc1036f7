/* parts_test.c -- the small parts: times, paths, patterns, values. */
#include "tests/unit/asl/play.h"

#include "orchestrator/asl/choice.h"
#include "orchestrator/asl/path.h"
#include "orchestrator/asl/timestamp.h"
#include "orchestrator/asl/value.h"

#include <string.h>

static void a_timestamp_is_read_to_the_nanosecond_and_printed_to_the_millisecond(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        int32_t nanos;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2016-03-05T21:29:29.243167252Z", 1457213369, 243167252},
        {"2000-02-29T23:59:59+14:00", 951818399, 0},
        {"1969-12-31T23:59:59.5Z", -1, 500000000},
        {"0000-01-01T00:00:00Z", INT64_C(-62167219200), 0},
        {"9999-12-31T23:59:59-23:59", INT64_C(253402387139), 0},
    };
    struct asl_timestamp time;
    char text[ASL_TIMESTAMP_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(asl_timestamp_parse(good[i].text, &time));
        assert_int_equal(time.seconds, good[i].seconds);
        assert_int_equal(time.nanos, good[i].nanos);
    }
    asl_timestamp_print(INT64_C(1457213369243), text);
    assert_string_equal(text, "2016-03-05T21:29:29.243Z");
    asl_timestamp_print(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    for (int64_t day = -800000; day < 2900000; day += 997) { /* there and back */
        asl_timestamp_print(day * 86400000 + 1, text);
        if (text[0] == '-')
            continue;
        assert_true(asl_timestamp_parse(text, &time));
        assert_int_equal(asl_timestamp_ms(&time), day * 86400000 + 1);
    }
}

static void what_is_no_timestamp_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2016-03-05",
        "2016-03-05T21:29:29",
        "2016-03-05 21:29:29Z",
        "2016-03-05t21:29:29z",
        "2016-13-05T21:29:29Z",
        "2015-02-29T21:29:29Z",
        "1900-02-29T21:29:29Z",
        "2016-00-05T21:29:29Z",
        "2016-03-00T21:29:29Z",
        "2016-03-05T24:00:00Z",
        "2016-03-05T21:60:29Z",
        "2016-03-05T21:29:60Z",
        "2016-03-05T21:29:29.Z",
        "2016-03-05T21:29:29.1234567890Z",
        "2016-03-05T21:29:29+0100",
        "2016-03-05T21:29:29+24:00",
        "2016-03-05T21:29:29Zx",
        "16-03-05T21:29:29Z",
    };
    struct asl_timestamp time;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (asl_timestamp_parse(bad[i], &time))
            fail_msg("'%s' passed", bad[i]);
}

static void a_timer_is_never_early_for_a_part_of_a_millisecond(void **state)
{
    struct asl_timestamp time;

    (void)state;
    assert_true(asl_timestamp_parse("1970-01-01T00:00:01.000000001Z", &time));
    assert_int_equal(asl_timestamp_ms(&time), 1001);
}

static void strings_are_in_the_order_of_their_utf_16_units(void **state)
{
    (void)state;
    assert_true(asl_string_order("a", "b") < 0);
    assert_true(asl_string_order("a", "a ") < 0);
    assert_true(asl_string_order("", "") == 0);
    assert_true(asl_string_order("z", "\u00e4") < 0);
    assert_true(asl_string_order("\u20ac", "\U0001f600") < 0);
    assert_true(asl_string_order("\U0001f600", "\uffe5") < 0); /* D83D DE00 before FFE5 */
    assert_true(asl_string_order("x\uffe5", "x\U0001f600") > 0);
    assert_true(asl_string_order("\U0001f600", "\U0001f601") < 0);
}

static void a_pattern_matches_as_a_shell_would(void **state)
{
    (void)state;
    assert_true(asl_string_matches("log-2026.txt", "log-*.txt"));
    assert_true(asl_string_matches("abcabc", "*abc"));
    assert_true(asl_string_matches("", "*"));
    assert_true(asl_string_matches("", ""));
    assert_true(asl_string_matches("a*b", "a\\*b"));
    assert_true(asl_string_matches("a\\b", "a\\\\b"));
    assert_true(asl_string_matches("aXbYc", "a*b*c"));
    assert_false(asl_string_matches("aXb", "a\\*b"));
    assert_false(asl_string_matches("log.txt", "log-*.txt"));
    assert_false(asl_string_matches("abc", "ab"));
    assert_false(asl_string_matches("ab", "abc"));
    assert_false(asl_string_matches("", "a"));
}

static void a_view_keeps_its_owner_and_what_is_shared_is_copied_before_a_change(void **state)
{
    struct asl_value *whole = asl_value_new_take(cJSON_Parse("{\"a\":[1,2]}"));
    struct asl_value *view = asl_value_view(whole, whole->json->child);
    cJSON *json;

    (void)state;
    json = asl_value_detach(asl_value_ref(whole));
    assert_ptr_not_equal(json, whole->json);
    cJSON_Delete(json);
    asl_value_unref(whole);
    assert_json(view->json, "[1,2]");
    json = asl_value_detach(view);
    assert_json(json, "[1,2]");
    whole = asl_value_new_take(json);
    assert_ptr_equal(asl_value_detach(whole), json); /* nobody else has it: no copy */
    cJSON_Delete(json);
}

static void size_is_counted_as_it_would_be_printed(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-12",
        "9007199254740991",
        "\"a\\nb\\\"c\\u0001\"",
        "[]",
        "{}",
        "[1,[2,{}],\"\"]",
        "{\"a\":{\"b\":[null,false]},\"c\":\"\u00e4\"}",
    };
    size_t bytes;
    unsigned depth;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cJSON *json = cJSON_Parse(texts[i]);
        assert_true(asl_json_fits(json, strlen(texts[i]), &bytes, &depth));
        assert_int_equal(bytes, strlen(texts[i]));
        assert_false(asl_json_fits(json, strlen(texts[i]) - 1, &bytes, &depth));
        cJSON_Delete(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timestamp_is_read_to_the_nanosecond_and_printed_to_the_millisecond),
        cmocka_unit_test(what_is_no_timestamp_is_refused),
        cmocka_unit_test(a_timer_is_never_early_for_a_part_of_a_millisecond),
        cmocka_unit_test(strings_are_in_the_order_of_their_utf_16_units),
        cmocka_unit_test(a_pattern_matches_as_a_shell_would),
        cmocka_unit_test(a_view_keeps_its_owner_and_what_is_shared_is_copied_before_a_change),
        cmocka_unit_test(size_is_counted_as_it_would_be_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
