/* s3_test.c -- the contract on real S3-compatible storage, named by the settings of the program:
 * MILLRACE_S3_ENDPOINT, _BUCKET, _ACCESS_KEY, _SECRET_KEY, _REGION. */
#include "common/adapters/adapters.h"
#include "common/adapters/blob_s3.h"
#include "common/adapters/blob_xml.h"
#include "tests/contract/blob/blob_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct mr_blob_config config;

static struct mr_blob *open_s3(void)
{
    struct mr_error err;
    struct mr_blob *blob = mr_blob_s3_new(&config, &err);
    if (!blob)
        fprintf(stderr, "%s\n", err.text);
    return blob;
}

/* ---- what the port cannot ask: it is for whoever serves the objects ---------------------------
 */

static enum mr_code ask(struct mr_blob *blob, const char *key, const char *query,
                        struct mr_http_response *ret)
{
    struct mr_s3_call call = {.method = "GET", .key = key, .query = query};
    struct mr_error err;
    const enum mr_code rc = mr_s3_send((struct mr_s3 *)blob, &call, ret, &err);

    if (rc)
        fail_msg("GET %s?%s: %s", key, query ? query : "", err.text);
    return rc;
}

static void assert_header(const struct mr_http_response *response, const char *name,
                          const char *expected)
{
    char value[200] = "";

    assert_true(mr_http_header_get(response, name, value, sizeof value));
    assert_string_equal(value, expected);
}

struct tags {
    char key[100];
    char seen[500]; /* "key=value;" of each, decoded */
};

static enum mr_code on_element(void *ctx, const char *path, const char *text, struct mr_error *err)
{
    struct tags *tags = ctx;
    const size_t len = strlen(tags->seen);

    (void)err;
    if (strcmp(path, "Tagging/TagSet/Tag/Key") == 0)
        (void)snprintf(tags->key, sizeof tags->key, "%s", text);
    if (strcmp(path, "Tagging/TagSet/Tag/Value") == 0)
        (void)snprintf(tags->seen + len, sizeof tags->seen - len, "%s=%s;", tags->key, text);
    return MR_OK;
}

static int64_t read_text(void *ctx, void *buf, size_t size, struct mr_error *err)
{
    const char **text = ctx;
    const size_t len = strlen(*text) < size ? strlen(*text) : size;

    (void)err;
    memcpy(buf, *text, len);
    *text += len;
    return (int64_t)len;
}

static void assert_said(struct mr_blob *blob, const char *key)
{
    struct mr_http_response response = {0};
    struct tags tags = {0};
    struct mr_error err;

    (void)ask(blob, key, NULL, &response);
    assert_int_equal(response.body.len, 5);
    assert_header(&response, "content-type", "image/png");
    assert_header(&response, "cache-control", "public, max-age=60");
    assert_header(&response, "content-disposition", "inline; filename=\"a b.png\"");
    (void)ask(blob, key, "tagging=", &response);
    if (mr_xml_read(response.body.data, response.body.len, on_element, &tags, &err))
        fail_msg("%s: %s", err.text, response.body.data);
    assert_non_null(strstr(tags.seen, "album=summer 2026;"));
    assert_non_null(strstr(tags.seen, "a:b=c=d/e +@_.-;"));
    mr_http_response_release(&response);
}

static void what_is_said_of_an_object_is_what_a_browser_is_told(void **state)
{
    const struct mr_blob_put put = {.content_type = "image/png",
                                    .cache_control = "public, max-age=60",
                                    .content_disposition = "inline; filename=\"a b.png\"",
                                    .tags = "album=summer%202026&a%3Ab=c%3Dd%2Fe%20%2B%40_.-"};
    struct mr_blob *blob = open_s3();
    const char *text = "hello";
    struct mr_error err;
    char key[64];

    (void)state;
    assert_non_null(blob);
    (void)snprintf(key, sizeof key, "contract-said-%ld", (long)getpid());
    if (mr_blob_put(blob, key, &put, "hello", 5, NULL, &err))
        fail_msg("%s", err.text);
    assert_said(blob, key);
    assert_int_equal(mr_blob_remove(blob, key, &err), MR_OK);
    if (mr_blob_put_stream(blob, key, &put, 5, read_text, &text, NULL, &err))
        fail_msg("%s", err.text);
    assert_said(blob, key);
    assert_int_equal(mr_blob_remove(blob, key, &err), MR_OK);
    mr_blob_free(blob);
}

int main(void)
{
    const struct CMUnitTest own[] = {
        cmocka_unit_test(what_is_said_of_an_object_is_what_a_browser_is_told),
    };

    const struct blob_under_test s3 = {
        .name = "blob_s3", .open = open_s3, .has_threads = true, .streams = true};
    struct mr_settings_part part = {"S3", mr_blob_settings, mr_blob_settings_count, &config};
    struct mr_error err;

    if (!getenv("MILLRACE_S3_ENDPOINT")) {
        fprintf(stderr, "skipped: MILLRACE_S3_ENDPOINT names no storage\n");
        return 77;
    }
    if (mr_config_load(&part, 1, 0, NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    int failed = blob_contract_run(&s3) + cmocka_run_group_tests(own, NULL, NULL);
    mr_config_release(&part, 1);
    return failed;
}
