/* upload_test.c -- an upload is stored whole or not at all, in bounded memory, and holds up
 * nobody but its client. */
#include "common/base/json.h"
#include "tests/unit/gateway/fixture.h"
#include "tests/unit/gateway/told_blob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum {
    LITTLE_BYTES = 18 * 1024 * 1024
}; /* a sanitizer remembers much; still less than the upload */
#else
enum { LITTLE_BYTES = 2 * 1024 * 1024 };
#endif

static int64_t resident_bytes(void)
{
    long long pages = 0, all = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lld %lld", &all, &pages), 2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void begin_upload(struct client *client, int64_t len, const char *headers)
{
    char head[512];
    int n = snprintf(head, sizeof(head),
                     "PUT /v1/uploads?name=photo.JPG HTTP/1.1\r\nHost: a\r\n" ADMIN
                     "Content-Length: %lld\r\n%s\r\n",
                     (long long)len, headers);

    client_send(client, head, (size_t)n);
}

/* Sends len bytes as fast as the gateway takes them; gives up after `tries` turns without one. */
static int64_t send_bytes(struct fixture *fx, struct client *client, int64_t len, int tries)
{
    static const char piece[65536];
    int64_t done = 0;

    for (int still = 0; done < len && still < tries;) {
        size_t want = len - done < (int64_t)sizeof(piece) ? (size_t)(len - done) : sizeof(piece);
        size_t sent;
        if (!client_try_send(client, piece, want, &sent))
            break;
        done += (int64_t)sent;
        still = sent ? 0 : still + 1;
        fixture_step(fx, 1);
    }
    return done;
}

static enum mr_code count_one(void *ctx, const char *key, const struct mr_blob_info *info,
                              struct mr_error *err)
{
    (void)key;
    (void)info;
    (void)err;
    (*(int *)ctx)++;
    return MR_OK;
}

static int objects_in(struct fixture *fx)
{
    struct mr_error err;
    int n = 0;

    assert_int_equal(mr_blob_list(fx->blob, "", count_one, &n, &err), MR_OK);
    return n;
}

static void an_upload_is_stored_under_its_tenant_and_told_its_sum(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct response response = ask(fx, "PUT", "/v1/uploads?name=cat.photo.JPG",
                                   ADMIN "Content-Type: image/jpeg\r\n", "hello");
    struct mr_buf bytes = {0};
    struct mr_blob_info info;
    struct mr_error err;
    cJSON *root;

    (void)state;
    assert_int_equal(response.status, 201);
    root = json_of(&response);
    assert_memory_equal(text_of(root, "key"), "in/default/", 11);
    assert_string_equal(strrchr(text_of(root, "key"), '.'), ".jpg");
    assert_int_equal(mr_json_get(root, "bytes")->valueint, 5);
    assert_string_equal(text_of(root, "sha256"),
                        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_int_equal(mr_blob_get(fx->blob, text_of(root, "key"), 100, &bytes, &info, &err), MR_OK);
    assert_int_equal(bytes.len, 5);
    assert_memory_equal(bytes.data, "hello", 5);
    assert_string_equal(info.content_type, "image/jpeg");
    mr_buf_release(&bytes);
    cJSON_Delete(root);
    response_release(&response);
    fixture_free(fx);
}

static void a_digest_is_checked_before_anything_is_stored(void **state)
{
    static const char right[] =
        ADMIN "Content-Digest: sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:\r\n";
    static const char wrong[] =
        ADMIN "Repr-Digest: sha-256=:MPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:\r\n";
    static const char broken[] = ADMIN "Content-Digest: sha-256=:abc:\r\n";
    static const char other[] = ADMIN "Content-Digest: sha-512=:abcd:\r\n";
    struct fixture *fx = fixture_new(NULL, NULL);

    (void)state;
    assert_int_equal(ask_status(fx, "POST", "/v1/uploads", wrong, "hello"), 422);
    assert_int_equal(ask_status(fx, "POST", "/v1/uploads", broken, "hello"), 422);
    fixture_settle(fx);
    assert_int_equal(objects_in(fx), 0);
    assert_int_equal(ask_status(fx, "POST", "/v1/uploads", right, "hello"), 201);
    assert_int_equal(ask_status(fx, "POST", "/v1/uploads", other, "hello"), 201);
    assert_int_equal(objects_in(fx), 2);
    fixture_free(fx);
}

static void an_upload_without_length_or_bytes_or_of_too_many_is_refused(void **state)
{
    const char *const changes[] = {"GATEWAY_UPLOAD_BYTES_MAX", "4", NULL};
    struct fixture *fx = fixture_new(changes, NULL);

    (void)state;
    assert_int_equal(ask_status(fx, "PUT", "/v1/uploads", ADMIN, NULL), 411);
    assert_int_equal(
        ask_status(fx, "PUT", "/v1/uploads", ADMIN "Transfer-Encoding: chunked\r\n", NULL), 411);
    assert_int_equal(ask_status(fx, "PUT", "/v1/uploads", ADMIN, ""), 422);
    assert_int_equal(ask_status(fx, "PUT", "/v1/uploads", ADMIN, "hello"), 413);
    assert_int_equal(ask_status(fx, "PUT", "/v1/uploads?nome=x", ADMIN, "hell"), 422);
    assert_int_equal(ask_status(fx, "PUT", "/v1/uploads", ADMIN, "hell"), 201);
    fixture_free(fx);
}

static void twenty_megabytes_pass_through_little_memory(void **state)
{
    enum { LEN = 20 * 1024 * 1024 };
    struct fixture *fx;
    struct client client;
    struct response response;
    int64_t before, most = 0, done = 0;

    (void)state;
    tell(false, -1, MR_OK);
    fx = fixture_new(NULL, told_blob_new());
    assert_int_equal(ask_status(fx, "PUT", "/v1/uploads", ADMIN, "first"), 201);
    client = client_open(fx);
    begin_upload(&client, LEN, "");
    before = resident_bytes();
    while (done < LEN) {
        int64_t part = send_bytes(fx, &client, LEN - done < 262144 ? LEN - done : 262144, 5000);
        assert_true(part > 0);
        done += part;
        int64_t now = resident_bytes();
        most = now > most ? now : most;
    }
    response = client_read(fx, &client, 5000);
    assert_int_equal(response.status, 201);
    print_message("resident before %lld, at most %lld kB\n", (long long)before / 1024,
                  (long long)most / 1024);
    assert_true(most - before < LITTLE_BYTES);
    response_release(&response);
    client_close(&client);
    fixture_free(fx);
}

static void an_upload_that_is_cut_leaves_no_object(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client = client_open(fx);

    (void)state;
    begin_upload(&client, 1000000, "");
    assert_int_equal(send_bytes(fx, &client, 500000, 1000), 500000);
    assert_non_null(fx->app.works.active);
    client_close(&client);
    fixture_settle(fx);
    assert_int_equal(objects_in(fx), 0);
    assert_int_equal(gw_server_connections(fx->app.server), 0);
    fixture_free(fx);
}

static void storage_that_fails_is_answered_and_the_connection_ends(void **state)
{
    static const struct {
        int64_t after;
        enum mr_code code;
        int status;
    } cases[] = {
        {1, MR_UNAVAILABLE, 503}, {400000, MR_UNAVAILABLE, 503}, {1000000, MR_TIMEOUT, 503},
        {400000, MR_DENIED, 502}, {1, MR_NOT_FOUND, 502},        {1, MR_IO, 503},
    };
    struct fixture *fx = fixture_new(NULL, told_blob_new());

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct client client = client_open(fx);
        struct response response;
        tell(false, cases[i].after, cases[i].code);
        begin_upload(&client, 1000000, "");
        (void)send_bytes(fx, &client, 1000000, 300);
        response = client_read(fx, &client, 5000);
        assert_int_equal(response.status, cases[i].status);
        assert_null(
            strstr(response.body, "told to fail")); /* storage's words are not the client's */
        if (cases[i].status == 503)
            assert_non_null(strstr(response.head, "Retry-After"));
        response_release(&response);
        client_close(&client);
        fixture_settle(fx);
        assert_int_equal(told_stored(), 0);
    }
    tell(false, -1, MR_OK);
    assert_int_equal(ask_status(fx, "PUT", "/v1/uploads", ADMIN, "again"), 201);
    fixture_free(fx);
}

static void slow_storage_holds_up_its_client_and_nobody_else(void **state)
{
    const char *const changes[] = {
        "GATEWAY_UPLOADS_MAX", "1", "GATEWAY_BODY_MS", "1000", "GATEWAY_RATE_MIN", "10M", NULL};
    struct fixture *fx = fixture_new(changes, told_blob_new());
    struct client client = client_open(fx);
    struct response response;
    int64_t sent;

    (void)state;
    tell(true, -1, MR_OK);
    begin_upload(&client, 32 * 1024 * 1024, "");
    sent = send_bytes(fx, &client, 32 * 1024 * 1024, 50);
    assert_true(sent < 24 * 1024 * 1024); /* the pipe and the kernel's buffers, no more */
    assert_int_equal(ask_status(fx, "GET", "/healthz", NULL, NULL), 200);
    assert_int_equal(ask_status(fx, "PUT", "/v1/uploads", ADMIN, "another"), 503);
    fixture_pass(fx, 20000); /* waiting for our storage is not held against the client */
    assert_int_equal(gw_server_connections(fx->app.server), 1);
    tell(false, -1, MR_OK);
    (void)send_bytes(fx, &client, 32 * 1024 * 1024 - sent, 5000);
    response = client_read(fx, &client, 5000);
    assert_int_equal(response.status, 201);
    response_release(&response);
    client_close(&client);
    fixture_free(fx);
}

static void an_upload_slower_than_the_least_rate_is_408_and_leaves_nothing(void **state)
{
    const char *const changes[] = {"GATEWAY_BODY_MS", "1000", "GATEWAY_RATE_MIN", "1000", NULL};
    struct fixture *fx = fixture_new(changes, NULL);
    struct client client = client_open(fx);
    struct response response;

    (void)state;
    begin_upload(&client, 10000, ""); /* 1 s and 10 s for its bytes */
    for (int i = 0; i < 100; i++) {
        client_send(&client, "xxxx", 4);
        fixture_pass(fx, 100);
    }
    assert_int_equal(gw_server_connections(fx->app.server), 1);
    fixture_pass(fx, 1500);
    response = client_read(fx, &client, 100);
    assert_int_equal(response.status, 408);
    response_release(&response);
    client_close(&client);
    fixture_settle(fx);
    assert_int_equal(objects_in(fx), 0);
    fixture_free(fx);
}

static void a_connection_goes_on_behind_an_upload(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client = client_open(fx);

    (void)state;
    for (int i = 0; i < 3; i++) {
        static const char next[] = "xGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
        struct response response;
        begin_upload(&client, 300001, i == 1 ? "Expect: 100-continue\r\n" : "");
        assert_int_equal(send_bytes(fx, &client, 300000, 1000), 300000);
        client_send(&client, next, sizeof(next) - 1);
        response = client_read(fx, &client, 2000);
        assert_int_equal(response.status, 201);
        response_release(&response);
        response = client_read(fx, &client, 2000);
        assert_int_equal(response.status, 200);
        response_release(&response);
    }
    client_close(&client);
    fixture_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_is_stored_under_its_tenant_and_told_its_sum),
        cmocka_unit_test(a_digest_is_checked_before_anything_is_stored),
        cmocka_unit_test(an_upload_without_length_or_bytes_or_of_too_many_is_refused),
        cmocka_unit_test(twenty_megabytes_pass_through_little_memory),
        cmocka_unit_test(an_upload_that_is_cut_leaves_no_object),
        cmocka_unit_test(storage_that_fails_is_answered_and_the_connection_ends),
        cmocka_unit_test(slow_storage_holds_up_its_client_and_nobody_else),
        cmocka_unit_test(an_upload_slower_than_the_least_rate_is_408_and_leaves_nothing),
        cmocka_unit_test(a_connection_goes_on_behind_an_upload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
