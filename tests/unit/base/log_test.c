/* log_test.c -- the promises of common/base/log.h.  Standard error is a file while a line is made.
 */
#include "common/base/log.h"

#include "common/base/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char out[32768];
static FILE *file;
static int stderr_before;
static int64_t now;

static int64_t clock_ms(void)
{
    return now;
}

static void setup_log(bool json, enum mr_log_level level_min)
{
    struct mr_log_settings settings = {"worker", level_min, json, clock_ms};
    now = INT64_C(1769860800123);
    mr_log_setup(&settings);
}

static void begin(void)
{
    fflush(stderr);
    file = tmpfile();
    assert_non_null(file);
    stderr_before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
}

static const char *end(void)
{
    size_t len;
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    rewind(file);
    len = fread(out, 1, sizeof(out) - 1, file);
    fclose(file);
    out[len] = '\0';
    return out;
}

/* The line is one line and strict JSON, and has value as its member name. */
static void assert_member(const char *line, const char *name, const char *value)
{
    static const struct mr_json_limits limits = {1 << 20, 2};
    size_t len = strlen(line);
    const char *text = NULL;
    struct mr_error err = {0};
    cJSON *item = NULL;
    assert_int_equal(line[len - 1], '\n');
    assert_null(memchr(line, '\n', len - 1));
    assert_int_equal(mr_json_parse(line, len - 1, &limits, &item, &err), MR_OK);
    assert_int_equal(mr_json_str(item, "", name, 1 << 20, &text, &err), MR_OK);
    assert_string_equal(text, value);
    cJSON_Delete(item);
}

static void a_text_line_has_time_level_event_and_pairs(void **state)
{
    (void)state;
    setup_log(false, MR_INFO);
    begin();
    mr_log(MR_WARN, "job.retry", " job=%s attempt=%d", "j1", 2);
    assert_string_equal(end(), "2026-01-31T12:00:00.123Z WARN job.retry job=j1 attempt=2\n");
}

static void pairs_without_a_space_in_front_are_apart_from_the_event(void **state)
{
    (void)state;
    setup_log(false, MR_INFO);
    begin();
    mr_log(MR_ALARM, "shard.stop", "shard=%d", 3);
    mr_log(MR_INFO, "start", "%s", "");
    assert_string_equal(end(), "2026-01-31T12:00:00.123Z ALARM shard.stop shard=3\n"
                               "2026-01-31T12:00:00.123Z INFO start\n");
}

static void a_json_line_has_the_pairs_as_members(void **state)
{
    (void)state;
    setup_log(true, MR_INFO);
    begin();
    mr_log(MR_WARN, "job.retry", "job=%s attempt=%d", "j1", 2);
    assert_string_equal(end(), "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"warn\","
                               "\"program\":\"worker\",\"event\":\"job.retry\",\"job\":\"j1\","
                               "\"attempt\":\"2\"}\n");
}

static void a_level_below_the_least_is_not_written(void **state)
{
    (void)state;
    setup_log(false, MR_WARN);
    begin();
    mr_log(MR_INFO, "quiet", " a=1");
    mr_log_error(MR_DEBUG, "quiet", NULL, " a=1");
    assert_string_equal(end(), "");
}

static void times_before_1970_and_on_leap_days_are_right(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } times[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {INT64_C(951868799999), "2000-02-29T23:59:59.999Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
        {INT64_C(1735689599999), "2024-12-31T23:59:59.999Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    };
    (void)state;
    setup_log(false, MR_INFO);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        now = times[i].ms;
        begin();
        mr_log(MR_INFO, "x", "%s", "");
        assert_memory_equal(end(), times[i].text, 24);
    }
}

static void a_quoted_value_comes_back_whole_in_json(void **state)
{
    char quoted[256];
    static const char text[] = "say \"no\" \\ a=b\ttab\nline \x7f \xc3\xa9";
    (void)state;
    setup_log(true, MR_INFO);
    begin();
    mr_log(MR_INFO, "x", " a=%s b=2", mr_log_quote(text, quoted, sizeof(quoted)));
    assert_member(end(), "a", text);
    assert_member(out, "b", "2");
}

static void a_quoted_value_is_one_line_of_text(void **state)
{
    char quoted[256];
    (void)state;
    assert_string_equal(mr_log_quote("a b", quoted, sizeof(quoted)), "\"a b\"");
    assert_string_equal(mr_log_quote("a\n\"", quoted, sizeof(quoted)), "\"a\\u000a\\\"\"");
    assert_string_equal(mr_log_quote("\xff\xc3", quoted, sizeof(quoted)), "\"??\"");
    assert_string_equal(mr_log_quote(NULL, quoted, sizeof(quoted)), "\"\"");
}

static void a_quoted_value_is_cut_between_characters_and_still_closed(void **state)
{
    char quoted[16];
    (void)state;
    for (size_t size = 3; size <= sizeof(quoted); size++) {
        const char *text = mr_log_quote("\"\n\xc3\xa9\xf0\x9f\x98\x80zz", quoted, size);
        static const struct mr_json_limits limits = {100, 1};
        assert_true(strlen(text) < size);
        assert_int_equal(mr_json_check(text, strlen(text), &limits, NULL), MR_OK);
    }
    assert_string_equal(mr_log_quote("abc", quoted, 5), "\"ab\"");
    assert_string_equal(mr_log_quote("abc", quoted, 2), "");
    assert_string_equal(mr_log_quote("abc", quoted, 1), "");
    assert_string_equal(mr_log_quote("abc", quoted, 0), "");
}

static void a_value_given_without_quotes_cannot_break_the_line(void **state)
{
    (void)state;
    setup_log(true, MR_INFO);
    begin();
    mr_log(MR_INFO, "x", " a=%s", "x\"y\\\n\x1b\xff");
    assert_member(end(), "a", "x\"y\\???");
    setup_log(false, MR_INFO);
    begin();
    mr_log(MR_INFO, "x", " a=%s", "1\n2026-01-31T12:00:00.123Z ALARM forged");
    assert_non_null(strstr(end(), "a=1?2026"));
}

static void a_line_that_is_too_long_is_cut_and_still_json(void **state)
{
    static char text[8001], quoted[6000];
    (void)state;
    setup_log(true, MR_INFO);
    memset(text, '"', 8000);
    begin();
    mr_log(MR_INFO, "x", " a=%s", text);
    assert_member(end(), "event", "x");
    begin();
    mr_log(MR_INFO, "x", " a=1 b=%s", mr_log_quote(text, quoted, sizeof(quoted)));
    assert_member(end(), "a", "1");
    for (int i = 0; i < 8000; i += 2)
        memcpy(text + i, " \"", 2);
    begin();
    mr_log(MR_INFO, "x", "%s", text);
    end();
    assert_int_equal(out[strlen(out) - 1], '\n');
    assert_int_equal(out[strlen(out) - 2], '}');
}

static void an_error_is_appended_with_its_code_and_text(void **state)
{
    struct mr_error err;
    (void)state;
    setup_log(false, MR_INFO);
    mr_fail(&err, MR_TIMEOUT, "s3: \"in/1\" took too long");
    begin();
    mr_log_error(MR_ERROR, "task.failed", &err, " job=%s", "j1");
    assert_string_equal(end(), "2026-01-31T12:00:00.123Z ERROR task.failed job=j1 code=MR_TIMEOUT "
                               "error=\"s3: \\\"in/1\\\" took too long\"\n");
}

static void an_error_is_not_what_is_cut_from_a_long_line(void **state)
{
    struct mr_error err;
    static char text[8001], hostile[MR_ERROR_TEXT_MAX];
    (void)state;
    setup_log(true, MR_INFO);
    memset(text, 'x', 8000);
    memset(hostile, '"', sizeof(hostile) - 1);
    mr_fail(&err, MR_TIMEOUT, "%s", hostile);
    begin();
    mr_log_error(MR_ERROR, "task.failed", &err, " job=%s", text);
    assert_member(end(), "code", "MR_TIMEOUT");
    assert_member(out, "error", hostile);
}

static void logging_keeps_errno(void **state)
{
    (void)state;
    setup_log(false, MR_INFO);
    begin();
    errno = ENOENT;
    mr_log(MR_INFO, "x", " a=1");
    assert_int_equal(errno, ENOENT);
    end();
}

static void levels_are_read_by_their_words_only(void **state)
{
    enum mr_log_level level = MR_DEBUG;
    (void)state;
    assert_true(mr_log_level_parse("alarm", &level));
    assert_int_equal(level, MR_ALARM);
    assert_true(mr_log_level_parse("debug", &level));
    assert_int_equal(level, MR_DEBUG);
    assert_false(mr_log_level_parse("WARN", &level));
    assert_false(mr_log_level_parse("", &level));
    assert_int_equal(level, MR_DEBUG);
}

static void before_its_setup_a_program_can_log_without_a_clock(void **state)
{
    struct mr_log_settings settings = {"millrace", MR_INFO, false, NULL};
    (void)state;
    mr_log_setup(&settings);
    begin();
    mr_log(MR_INFO, "x", " a=1");
    assert_string_equal(end(), "- INFO x a=1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_line_has_time_level_event_and_pairs),
        cmocka_unit_test(pairs_without_a_space_in_front_are_apart_from_the_event),
        cmocka_unit_test(a_json_line_has_the_pairs_as_members),
        cmocka_unit_test(a_level_below_the_least_is_not_written),
        cmocka_unit_test(times_before_1970_and_on_leap_days_are_right),
        cmocka_unit_test(a_quoted_value_comes_back_whole_in_json),
        cmocka_unit_test(a_quoted_value_is_one_line_of_text),
        cmocka_unit_test(a_quoted_value_is_cut_between_characters_and_still_closed),
        cmocka_unit_test(a_value_given_without_quotes_cannot_break_the_line),
        cmocka_unit_test(a_line_that_is_too_long_is_cut_and_still_json),
        cmocka_unit_test(an_error_is_appended_with_its_code_and_text),
        cmocka_unit_test(an_error_is_not_what_is_cut_from_a_long_line),
        cmocka_unit_test(logging_keeps_errno),
        cmocka_unit_test(levels_are_read_by_their_words_only),
        cmocka_unit_test(before_its_setup_a_program_can_log_without_a_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
