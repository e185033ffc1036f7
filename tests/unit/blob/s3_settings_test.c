/* s3_settings_test.c -- a setting that is wrong is named, and a right one makes storage. */
#include "tests/unit/blob/s3_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_wrong_setting_is_named(void **state)
{
    static char empty[] = "", ftp[] = "ftp://h", path[] = "http://h/path", bad_bucket[] = "a/b",
                user[] = "http://u:p@h";
    const struct {
        size_t field;
        char *value;
        const char *words;
    } cases[] = {
        {offsetof(struct mr_blob_config, endpoint), ftp, "MILLRACE_S3_ENDPOINT"},
        {offsetof(struct mr_blob_config, endpoint), path, "MILLRACE_S3_ENDPOINT"},
        {offsetof(struct mr_blob_config, endpoint), user, "MILLRACE_S3_ENDPOINT"},
        {offsetof(struct mr_blob_config, bucket), bad_bucket, "MILLRACE_S3_BUCKET"},
        {offsetof(struct mr_blob_config, access_key), empty, "MILLRACE_S3_ACCESS_KEY"},
        {offsetof(struct mr_blob_config, secret_key), NULL, "MILLRACE_S3_SECRET_KEY"},
        {offsetof(struct mr_blob_config, region), empty, "MILLRACE_S3_REGION"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_blob_config config = s3_config();
        *(char **)(void *)((char *)&config + cases[i].field) = cases[i].value;
        assert_null(mr_blob_s3_new(&config, &s3_kit.err));
        assert_int_equal(s3_kit.err.code, MR_INVALID);
        assert_non_null(strstr(s3_kit.err.text, cases[i].words));
    }
}

static void the_host_is_signed_as_it_is_sent(void **state)
{
    static char endpoint80[] = "http://Host:80", tls[] = "https://Host:443/",
                odd[] = "https://host:9443", v6[] = "http://[::1]:9000";
    struct {
        char *endpoint;
        const char *host, *base;
    } cases[] = {{endpoint80, "host", "http://host"},
                 {tls, "host", "https://host"},
                 {odd, "host:9443", "https://host:9443"},
                 {v6, "[::1]:9000", "http://[::1]:9000"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_blob_config config = s3_config();
        config.endpoint = cases[i].endpoint;
        struct mr_blob *made = mr_blob_s3_new(&config, &s3_kit.err);
        assert_non_null(made);
        assert_string_equal(((struct mr_s3 *)made)->host, cases[i].host);
        assert_string_equal(((struct mr_s3 *)made)->base, cases[i].base);
        mr_blob_free(made);
    }
}

static void a_check_that_fails_names_the_endpoint_and_the_bucket(void **state)
{
    static const struct mr_sim_answer answer = {.status = 404, .body = S3_ERROR("NoSuchBucket")};
    (void)state;
    s3_open(&answer, 1);
    assert_int_equal(mr_blob_check(s3_kit.blob, &s3_kit.err), MR_NOT_FOUND);
    assert_non_null(strstr(s3_kit.err.text, "MILLRACE_S3_ENDPOINT=http://storage:9000"));
    assert_non_null(strstr(s3_kit.err.text, "bucket pics"));
    assert_non_null(strstr(s3_kit.err.text, "create it"));
}

static void the_settings_make_storage_of_either_kind(void **state)
{
    struct mr_blob_config config = {0};
    struct mr_settings_part part = {"Storage", mr_blob_settings, mr_blob_settings_count, &config};
    char option[] = "--millrace-blob=s3", key1[] = "--millrace-s3-access-key=a";
    char *argv[] = {option, key1};
    (void)state;
    setenv("MILLRACE_S3_SECRET_KEY", "s", 1);
    assert_int_equal(mr_config_load(&part, 1, 2, argv, &s3_kit.err), MR_OK);
    unsetenv("MILLRACE_S3_SECRET_KEY");
    assert_int_equal(config.tries, 4);
    struct mr_blob *made = mr_blob_new(&config, &s3_kit.err);
    assert_non_null(made);
    mr_blob_free(made);
    mr_config_release(&part, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        S3_CASE(a_wrong_setting_is_named),
        S3_CASE(the_host_is_signed_as_it_is_sent),
        S3_CASE(a_check_that_fails_names_the_endpoint_and_the_bucket),
        S3_CASE(the_settings_make_storage_of_either_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
