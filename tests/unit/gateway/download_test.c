/* download_test.c -- an output is given whole to whom it belongs, or its answer is cut; a slow
 * reader is waited for and holds up nobody. */
#include "tests/unit/gateway/fixture.h"
#include "tests/unit/gateway/told_blob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void nap(void)
{
    const struct timespec ms = {.tv_nsec = 1000000};

    nanosleep(&ms, NULL);
}

static void put_output(struct fixture *fx, const char *job, const char *key, long long bytes)
{
    char json[400];

    (void)snprintf(json, sizeof(json),
                   "{\"key\":\"%s\",\"bytes\":%lld,\"format\":\"webp\",\"width\":10,\"sha256\":"
                   "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"}",
                   key, bytes);
    put_row(fx, job, 1000,
            (const char *const[]){"status", "SUCCEEDED", "tenant", "default", "output:1/small",
                                  json, NULL});
}

/* The output of put_output(), without waiting for it. */
static void ask_output(struct client *client)
{
    static const char text[] = "GET /v1/jobs/j/outputs/small HTTP/1.1\r\nHost: a\r\n" ADMIN "\r\n";

    client_send(client, text, sizeof(text) - 1);
}

static void an_output_is_listed_and_given(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct response response;
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_blob_put(fx->blob, "out/j/small.webp", NULL, "hello", 5, NULL, &err),
                     MR_OK);
    put_output(fx, "j", "out/j/small.webp", 5);
    response = ask(fx, "GET", "/v1/jobs/j/outputs", ADMIN, NULL);
    assert_int_equal(response.status, 200);
    assert_non_null(strstr(response.body, "\"href\":\"/v1/jobs/j/outputs/small\""));
    response_release(&response);
    response = ask(fx, "GET", "/v1/jobs/j/outputs/small", ADMIN, NULL);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "hello");
    assert_non_null(strstr(response.head, "Content-Type: image/webp\r\n"));
    assert_non_null(strstr(response.head, "ETag: \"2cf24dba"));
    response_release(&response);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/j/outputs/small",
                                ADMIN "If-None-Match: \"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1"
                                      "fa7425e73043362938b9824\"\r\n",
                                NULL),
                     304);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/j/outputs/large", ADMIN, NULL), 404);
    fixture_free(fx);
}

static void an_output_that_is_not_the_jobs_to_give_is_404(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct mr_error err;

    (void)state;
    put_output(fx, "gone", "out/gone/small.webp", 5);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/gone/outputs/small", ADMIN, NULL), 404);
    assert_int_equal(mr_blob_put(fx->blob, "in/shop/secret", NULL, "hello", 5, NULL, &err), MR_OK);
    put_output(fx, "thief", "in/shop/secret", 5);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/thief/outputs/small", ADMIN, NULL), 404);
    fixture_free(fx);
}

static void an_object_that_is_not_what_its_row_says_cuts_the_connection(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client;
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_blob_put(fx->blob, "out/j/small.webp", NULL, "hell", 4, NULL, &err), MR_OK);
    put_output(fx, "j", "out/j/small.webp", 5);
    client = client_open(fx);
    ask_output(&client);
    assert_true(client_ended(fx, &client, 2000));
    assert_null(strstr(client.in.data, "hello"));
    client_close(&client);
    fixture_settle(fx);
    fixture_free(fx);
}

static void a_large_output_waits_for_a_slow_reader_and_ends_when_he_leaves(void **state)
{
    enum { LEN = 32 * 1024 * 1024 };
    struct fixture *fx;
    struct client client;
    struct response response;
    int64_t taken;

    (void)state;
    tell(false, -1, MR_OK);
    fx = fixture_new(NULL, told_blob_new());
    put_output(fx, "j", "out/j/small.webp", LEN);
    client = client_open(fx);
    ask_output(&client);
    tell(true, -1, MR_OK); /* counts from nothing */
    tell(false, -1, MR_OK);
    for (int i = 0; i < 100; i++) {
        fixture_step(fx, 1);
        nap();
    }
    taken = told_taken();
    assert_true(taken < 24 * 1024 * 1024); /* the pipe and the kernel's buffers, no more */
    response = client_read(fx, &client, 20000);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body_len, LEN);
    response_release(&response);
    ask_output(&client);
    fixture_step(fx, 20);
    client_close(&client);
    fixture_settle(fx);
    assert_int_equal(gw_server_connections(fx->app.server), 0);
    fixture_free(fx);
}

static void storage_that_fails_before_the_first_byte_is_a_status(void **state)
{
    struct fixture *fx = fixture_new(NULL, told_blob_new());

    (void)state;
    put_output(fx, "j", "out/j/small.webp", 16384);
    tell(false, 1, MR_UNAVAILABLE);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/j/outputs/small", ADMIN, NULL), 503);
    tell(false, 1, MR_DENIED);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/j/outputs/small", ADMIN, NULL), 502);
    tell(false, -1, MR_OK);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/j/outputs/small", ADMIN, NULL), 200);
    fixture_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_output_is_listed_and_given),
        cmocka_unit_test(an_output_that_is_not_the_jobs_to_give_is_404),
        cmocka_unit_test(an_object_that_is_not_what_its_row_says_cuts_the_connection),
        cmocka_unit_test(a_large_output_waits_for_a_slow_reader_and_ends_when_he_leaves),
        cmocka_unit_test(storage_that_fails_before_the_first_byte_is_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
