/* config_test.c -- the promises of common/base/config.h. */
#include "common/base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct toy {
    char *brokers, *key;
    int64_t slots, offset;
    bool json;
    int level;
};
struct other {
    int64_t slots;
    char *must;
};

/* clang-format off */
static const struct mr_setting toy_rows[] = {
    MR_STR(toy, brokers, "TOY_BROKERS", "kafka:9092", "where the queue is | or was"),
    MR_SECRET(toy, key, "TOY_KEY", "", "the key"),
    MR_LONG(toy, slots, "TOY_SLOTS", "4", 1, 1 << 30, "tasks at once"),
    MR_LONG(toy, offset, "TOY_OFFSET", "-5", INT64_MIN, INT64_MAX, "where to start"),
    MR_BOOL(toy, json, "TOY_JSON", "no", "log lines as JSON"),
    MR_CHOICE(toy, level, "TOY_LEVEL", "info", "debug info warn", "least level"),
};
static const struct mr_setting other_rows[] = {
    MR_LONG(other, slots, "TOY_SLOTS", "4", 1, 1 << 30, "tasks at once"),
    MR_STR(other, must, "TOY_MUST", NULL, "has no default"),
};
/* clang-format on */

static struct toy toy;
static struct other other;
static struct mr_settings_part part = {"Toy", toy_rows, sizeof(toy_rows) / sizeof(toy_rows[0]),
                                       &toy};
static struct mr_error err;

static int setup(void **state)
{
    static const char *const names[] = {"TOY_BROKERS", "TOY_KEY",  "TOY_KEY_FILE", "TOY_SLOTS",
                                        "TOY_OFFSET",  "TOY_JSON", "TOY_LEVEL",    "TOY_MUST"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    memset(&toy, 0xA5, sizeof(toy)); /* the struct may hold anything before the load */
    memset(&err, 0, sizeof(err));
    return 0;
}

static enum mr_code load(const char *a, const char *b)
{
    char *argv[2] = {0};
    int argc = 0;
    if (a)
        argv[argc++] = strdup(a);
    if (b)
        argv[argc++] = strdup(b);
    enum mr_code rc = mr_config_load(&part, 1, argc, argv, &err);
    while (argc > 0)
        free(argv[--argc]);
    return rc;
}

static void release(void)
{
    mr_config_release(&part, 1);
}

static void assert_refused(const char *a, const char *message)
{
    assert_int_equal(load(a, NULL), MR_INVALID);
    assert_string_equal(err.text, message);
    assert_null(toy.brokers); /* nothing stays allocated */
}

static void write_secret(char *path, const char *data, size_t len)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

static void defaults_fill_every_field(void **state)
{
    (void)state;
    assert_int_equal(load(NULL, NULL), MR_OK);
    assert_string_equal(toy.brokers, "kafka:9092");
    assert_string_equal(toy.key, "");
    assert_int_equal(toy.slots, 4);
    assert_int_equal(toy.offset, -5);
    assert_false(toy.json);
    assert_int_equal(toy.level, 1);
    release();
    assert_null(toy.brokers);
}

static void the_environment_wins_over_the_default(void **state)
{
    (void)state;
    setenv("TOY_SLOTS", "9", 1);
    setenv("TOY_JSON", "on", 1);
    setenv("TOY_LEVEL", "warn", 1);
    assert_int_equal(load(NULL, NULL), MR_OK);
    assert_int_equal(toy.slots, 9);
    assert_true(toy.json);
    assert_int_equal(toy.level, 2);
    release();
}

static void the_command_line_wins_over_the_environment(void **state)
{
    (void)state;
    setenv("TOY_SLOTS", "broken", 1);
    setenv("TOY_BROKERS", "env:1", 1);
    assert_int_equal(load("--toy-slots=7", "--toy-brokers=a=b"), MR_OK);
    assert_int_equal(toy.slots, 7);
    assert_string_equal(toy.brokers, "a=b");
    release();
}

static void an_empty_variable_counts_as_not_set(void **state)
{
    (void)state;
    setenv("TOY_SLOTS", "", 1);
    setenv("TOY_BROKERS", "", 1);
    assert_int_equal(load(NULL, NULL), MR_OK);
    assert_int_equal(toy.slots, 4);
    assert_string_equal(toy.brokers, "kafka:9092");
    release();
}

static void an_option_can_make_a_text_empty(void **state)
{
    (void)state;
    assert_int_equal(load("--toy-brokers=", NULL), MR_OK);
    assert_string_equal(toy.brokers, "");
    release();
}

static void a_bool_option_alone_is_true(void **state)
{
    (void)state;
    assert_int_equal(load("--toy-json", NULL), MR_OK);
    assert_true(toy.json);
    release();
}

static void every_word_for_true_and_false_is_read(void **state)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    (void)state;
    assert_int_equal(load(NULL, NULL), MR_OK);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(mr_config_set(&part, 1, "TOY_JSON", words[i], &err), MR_OK);
        assert_int_equal(toy.json, i % 2);
    }
    assert_int_equal(mr_config_set(&part, 1, "TOY_JSON", "TRUE", &err), MR_INVALID);
    release();
}

static void a_number_may_end_in_k_m_or_g(void **state)
{
    static const struct {
        const char *text;
        int64_t n;
    } good[] = {
        {"1k", 1024}, {"3M", 3 << 20}, {"1G", 1 << 30}, {"0001", 1}, {"1073741824", 1 << 30}};
    (void)state;
    assert_int_equal(load(NULL, NULL), MR_OK);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(mr_config_set(&part, 1, "TOY_SLOTS", good[i].text, &err), MR_OK);
        assert_int_equal(toy.slots, good[i].n);
    }
    release();
}

static void a_number_of_another_form_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        " 1",
        "1 ",
        "+1",
        "0x10",
        "1.5",
        "1e3",
        "-",
        "1KB",
        "K",
        "1KK",
        "0",
        "-1",
        "2G",
        "1T",
        "1073741825",
        "99999999999999999999",
        "9223372036854775807K",
        "18446744073709551617",
    };
    (void)state;
    assert_int_equal(load(NULL, NULL), MR_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(mr_config_set(&part, 1, "TOY_SLOTS", bad[i], &err), MR_INVALID);
    assert_int_equal(toy.slots, 4);
    release();
}

static void numbers_reach_both_ends_of_64_bits(void **state)
{
    (void)state;
    assert_int_equal(load("--toy-offset=-9223372036854775808", NULL), MR_OK);
    assert_true(toy.offset == INT64_MIN);
    assert_int_equal(mr_config_set(&part, 1, "TOY_OFFSET", "9223372036854775807", &err), MR_OK);
    assert_true(toy.offset == INT64_MAX);
    assert_int_equal(mr_config_set(&part, 1, "TOY_OFFSET", "-0", &err), MR_OK);
    assert_true(toy.offset == 0);
    assert_int_equal(mr_config_set(&part, 1, "TOY_OFFSET", "9223372036854775808", &err),
                     MR_INVALID);
    assert_int_equal(mr_config_set(&part, 1, "TOY_OFFSET", "-9223372036854775809", &err),
                     MR_INVALID);
    assert_int_equal(mr_config_set(&part, 1, "TOY_OFFSET", "1K", &err), MR_INVALID);
    release();
}

static void a_refusal_says_which_what_and_what_would_be_right(void **state)
{
    (void)state;
    assert_refused("--toy-slots=0", "TOY_SLOTS: must be a whole number 1..1073741824 "
                                    "(K, M, G are 1024s), is \"0\"");
    assert_refused("--toy-level=loud", "TOY_LEVEL: must be one of: debug info warn; is \"loud\"");
    assert_refused("--toy-level=deb", "TOY_LEVEL: must be one of: debug info warn; is \"deb\"");
    assert_refused("--toy-json=maybe",
                   "TOY_JSON: must be true or false (1 0 yes no on off), is \"maybe\"");
    assert_refused("--toy-slots", "--toy-slots: needs a value: --toy-slots=...");
    assert_refused("--toy-slot=1", "--toy-slot: no such option; --help lists them");
    assert_refused("--TOY-SLOTS=1", "--TOY-SLOTS: no such option; --help lists them");
    assert_refused("--toy_slots=1", "--toy_slots: no such option; --help lists them");
    assert_refused("-v", "\"-v\" is no --option=value");
    assert_refused("photo.jpg", "\"photo.jpg\" is no --option=value");
}

static void a_text_that_is_too_long_is_refused_by_its_length(void **state)
{
    static char text[4200] = "--toy-brokers=";
    (void)state;
    memset(text + 14, 'x', 4097);
    assert_refused(text, "TOY_BROKERS: must be at most 4096 bytes, is 4097");
    text[14 + 4096] = '\0';
    assert_int_equal(load(text, NULL), MR_OK);
    release();
}

static void a_secret_is_never_in_an_error_or_in_the_help(void **state)
{
    static char text[4200] = "--toy-key=";
    static const struct mr_setting rows[] = {
        MR_SECRET(toy, key, "TOY_KEY", "hunter2", "the key"),
        {MR_SETTING_LONG, offsetof(struct toy, slots), "TOY_PIN", "1234", 0, 9999, NULL, "", true},
    };
    struct mr_settings_part secret = {"S", rows, 2, &toy};
    char *help = NULL;
    size_t len;
    FILE *out = open_memstream(&help, &len);
    (void)state;
    memset(text + 10, 'q', 4097);
    assert_refused(text, "TOY_KEY: must be at most 4096 bytes, is 4097");
    memset(&toy, 0, sizeof(toy));
    assert_int_equal(mr_config_set(&secret, 1, "TOY_PIN", "777777", &err), MR_INVALID);
    assert_null(strstr(err.text, "777777"));
    mr_config_help(&secret, 1, out);
    mr_config_markdown(&secret, 1, out);
    fclose(out);
    assert_null(strstr(help, "hunter2"));
    assert_null(strstr(help, "1234"));
    free(help);
}

static void a_secret_is_read_from_a_file_without_its_newline(void **state)
{
    char path[] = "/tmp/mr_config_test_XXXXXX", option[64];
    (void)state;
    write_secret(path, " s3cret \r\n", 10);
    setenv("TOY_KEY_FILE", path, 1);
    assert_int_equal(load(NULL, NULL), MR_OK);
    assert_string_equal(toy.key, " s3cret ");
    release();
    unsetenv("TOY_KEY_FILE");
    snprintf(option, sizeof(option), "--toy-key-file=%s", path);
    assert_int_equal(load(option, NULL), MR_OK);
    assert_string_equal(toy.key, " s3cret ");
    release();
    unlink(path);
}

static void a_secret_file_that_is_missing_too_long_or_binary_is_refused(void **state)
{
    static char data[5000];
    char path[] = "/tmp/mr_config_test_XXXXXX", zero[] = "/tmp/mr_config_test_XXXXXX";
    (void)state;
    setenv("TOY_KEY_FILE", "/nonexistent/key", 1);
    assert_refused(NULL,
                   "TOY_KEY_FILE: cannot open \"/nonexistent/key\": No such file or directory");
    setenv("TOY_KEY_FILE", "/", 1);
    assert_int_equal(load(NULL, NULL), MR_INVALID);
    memset(data, 'x', sizeof(data));
    write_secret(path, data, sizeof(data));
    setenv("TOY_KEY_FILE", path, 1);
    assert_int_equal(load(NULL, NULL), MR_INVALID);
    assert_non_null(strstr(err.text, "TOY_KEY: must be at most 4096"));
    write_secret(zero, "a\0b", 3);
    setenv("TOY_KEY_FILE", zero, 1);
    assert_int_equal(load(NULL, NULL), MR_INVALID);
    assert_non_null(strstr(err.text, "zero byte"));
    unlink(path);
    unlink(zero);
}

static void a_secret_given_twice_is_refused(void **state)
{
    (void)state;
    setenv("TOY_KEY", "a", 1);
    setenv("TOY_KEY_FILE", "/dev/null", 1);
    assert_refused(NULL, "TOY_KEY and TOY_KEY_FILE are both set: give one of them");
}

static void only_secrets_are_read_from_files(void **state)
{
    (void)state;
    assert_refused("--toy-brokers-file=/etc/passwd",
                   "--toy-brokers-file: no such option; --help lists them");
}

static void a_setting_without_a_default_must_be_given(void **state)
{
    struct mr_settings_part both[] = {part, {"Other", other_rows, 2, &other}};
    char option[] = "--toy-must=x", slots[] = "--toy-slots=6";
    char *argv[] = {option, slots};
    (void)state;
    assert_int_equal(mr_config_load(both, 2, 0, NULL, &err), MR_INVALID);
    assert_string_equal(err.text, "TOY_MUST: must be set: has no default");
    assert_null(toy.brokers);
    assert_int_equal(mr_config_load(both, 2, 2, argv, &err), MR_OK);
    assert_string_equal(other.must, "x");
    assert_int_equal(toy.slots, 6); /* one setting of two parts reaches both */
    assert_int_equal(other.slots, 6);
    mr_config_release(both, 2);
    setenv("TOY_MUST", "env", 1);
    assert_int_equal(mr_config_load(both, 2, 0, NULL, &err), MR_OK);
    assert_string_equal(other.must, "env");
    mr_config_release(both, 2);
}

static void setting_one_replaces_it_or_leaves_it(void **state)
{
    (void)state;
    assert_int_equal(load(NULL, NULL), MR_OK);
    assert_int_equal(mr_config_set(&part, 1, "TOY_BROKERS", "one", &err), MR_OK);
    assert_int_equal(mr_config_set(&part, 1, "TOY_BROKERS", "two", &err), MR_OK);
    assert_string_equal(toy.brokers, "two");
    assert_int_equal(mr_config_set(&part, 1, "TOY_NONE", "x", &err), MR_INVALID);
    assert_string_equal(err.text, "TOY_NONE: no such setting");
    release();
}

static void the_help_and_the_markdown_come_from_the_rows(void **state)
{
    struct mr_settings_part text_only = {"Toy", part.rows, part.row_count, NULL};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    (void)state;
    mr_config_help(&text_only, 1, out);
    fclose(out);
    assert_non_null(strstr(text, "Toy:\n  --toy-brokers=...  (TOY_BROKERS)\n"));
    assert_non_null(strstr(text, "tasks at once\n      1..1073741824; default: 4\n"));
    assert_non_null(strstr(text, "debug info warn; default: info"));
    free(text);
    out = open_memstream(&text, &len);
    mr_config_markdown(&text_only, 1, out);
    fclose(out);
    assert_non_null(strstr(text, "## Toy\n"));
    assert_non_null(
        strstr(text, "| `TOY_BROKERS` | `kafka:9092` | text | where the queue is \\| or"));
    assert_non_null(strstr(text, "| `TOY_KEY` (or `_FILE`) | empty | text | the key |\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_fill_every_field, setup),
        cmocka_unit_test_setup(the_environment_wins_over_the_default, setup),
        cmocka_unit_test_setup(the_command_line_wins_over_the_environment, setup),
        cmocka_unit_test_setup(an_empty_variable_counts_as_not_set, setup),
        cmocka_unit_test_setup(an_option_can_make_a_text_empty, setup),
        cmocka_unit_test_setup(a_bool_option_alone_is_true, setup),
        cmocka_unit_test_setup(every_word_for_true_and_false_is_read, setup),
        cmocka_unit_test_setup(a_number_may_end_in_k_m_or_g, setup),
        cmocka_unit_test_setup(a_number_of_another_form_is_refused, setup),
        cmocka_unit_test_setup(numbers_reach_both_ends_of_64_bits, setup),
        cmocka_unit_test_setup(a_refusal_says_which_what_and_what_would_be_right, setup),
        cmocka_unit_test_setup(a_text_that_is_too_long_is_refused_by_its_length, setup),
        cmocka_unit_test_setup(a_secret_is_never_in_an_error_or_in_the_help, setup),
        cmocka_unit_test_setup(a_secret_is_read_from_a_file_without_its_newline, setup),
        cmocka_unit_test_setup(a_secret_file_that_is_missing_too_long_or_binary_is_refused, setup),
        cmocka_unit_test_setup(a_secret_given_twice_is_refused, setup),
        cmocka_unit_test_setup(only_secrets_are_read_from_files, setup),
        cmocka_unit_test_setup(a_setting_without_a_default_must_be_given, setup),
        cmocka_unit_test_setup(setting_one_replaces_it_or_leaves_it, setup),
        cmocka_unit_test_setup(the_help_and_the_markdown_come_from_the_rows, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
