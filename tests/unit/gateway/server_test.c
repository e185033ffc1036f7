/* server_test.c -- connections: the probes again over real sockets, deadlines, order, limits. */
#include "tests/unit/gateway/fixture.h"
#include "tests/unit/gateway/probes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

/* ---- a server whose one answer is 200
 * -------------------------------------------------------------------- */

static void take_all(void *ctx, struct gw_exchange *ex)
{
    (void)ctx;
    ex->body_max = 1 << 20;
}

static void answer_200(void *ctx, struct gw_exchange *ex)
{
    (void)ctx;
    gw_exchange_answer(ex, &(struct gw_answer){.status = 200});
}

static void ended(void *ctx, struct gw_exchange *ex, bool cut)
{
    (void)ctx;
    (void)ex;
    (void)cut;
}

static void tick(void *ctx, int64_t now_ms)
{
    (void)ctx;
    (void)now_ms;
}

static void step_server(struct gw_server *server, int times)
{
    struct mr_error err;

    for (int i = 0; i < times; i++)
        assert_int_equal(gw_server_step(server, 0, &err), MR_OK);
}

/* Statuses of all answers in what came, in order. */
static void statuses_of(const struct mr_buf *in, char *ret, size_t size)
{
    size_t out = 0;

    ret[0] = '\0';
    for (const char *p = in->len ? in->data : ""; *p; p++)
        if ((p == in->data || p[-1] == '\n') && strncmp(p, "HTTP/1.1 ", 9) == 0)
            out += (size_t)snprintf(ret + out, size - out, "%s%.3s", out ? " " : "", p + 9);
}

static void check_probe(struct gw_server *server, const struct probe *probe, size_t cut)
{
    struct fixture fx = {.app.server = server}; /* the port is all that is asked of it */
    struct client client = client_open(&fx);
    char got[256], piece[4096];
    bool refused = probe->answers[0] && strcmp(probe->answers + strlen(probe->answers) - 3, "200");
    size_t at = 0, sent;
    ssize_t n = -1;

    while (at < probe->len) {
        size_t len = probe->len - at < cut ? probe->len - at : cut;
        if (!client_try_send(&client, probe->bytes + at, len, &sent))
            break;
        at += sent;
        step_server(server, 1);
    }
    for (int i = 0; i < 10; i++) {
        step_server(server, 1);
        while ((n = recv(client.fd, piece, sizeof(piece), 0)) > 0)
            assert_int_equal(mr_buf_add(&client.in, piece, (size_t)n), MR_OK);
    }
    statuses_of(&client.in, got, sizeof(got));
    if (strcmp(got, probe->answers) != 0)
        fail_msg("%s (cut %zu): \"%s\", not \"%s\"", probe->name, cut, got, probe->answers);
    if (refused && n != 0)
        fail_msg("%s (cut %zu): refused, but not closed", probe->name, cut);
    client_close(&client);
    step_server(server, 3);
    assert_int_equal(gw_server_connections(server), 0);
}

static void every_probe_is_answered_over_a_socket_and_refusals_close_it(void **state)
{
    const struct gw_limits limits = {.connections_max = 4,
                                     .head_bytes_max = 16384,
                                     .head_ms = 1000,
                                     .body_ms = 1000,
                                     .rate_min = 1000,
                                     .idle_ms = 1000,
                                     .answer_ms = 1000,
                                     .write_ms = 1000};
    const struct gw_hooks hooks = {
        .head = take_all, .ready = answer_200, .ended = ended, .tick = tick};
    struct mr_sim_world world = {.seed = 1, .now_ms = 1700000000000};
    struct mr_sim_clock clock;
    struct gw_server *server;
    struct mr_error err;

    (void)state;
    mr_sim_clock_init(&clock, &world);
    server = gw_server_new("127.0.0.1:0", &limits, &hooks, &clock.clock, &err);
    assert_non_null(server);
    for (size_t i = 0; i < PROBE_COUNT; i++) {
        check_probe(server, &probes[i], 1 << 20);
        check_probe(server, &probes[i], 1000);
        if (probes[i].len < 1000)
            check_probe(server, &probes[i], 1);
    }
    gw_server_free(server);
}

/* ---- the whole gateway
 * -------------------------------------------------------------------------------------- */

static void a_smuggled_request_is_never_answered(void **state)
{
    static const char *const shapes[] = {
        "POST /v1/validate HTTP/1.1\r\n" H ADMIN
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
        "POST /v1/validate HTTP/1.1\r\n" H ADMIN "Content-Length: 4\r\nContent-Length: 0\r\n\r\n",
        "POST /v1/validate HTTP/1.1\r\n" H ADMIN
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "POST /v1/validate HTTP/1.1\r\n" H ADMIN
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/validate HTTP/1.0\r\n" ADMIN "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/validate HTTP/1.1\r\n" H ADMIN "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    };
    struct fixture *fx = fixture_new(NULL, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        static const char hidden[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
        struct client client = client_open(fx);
        struct response response;
        client_send(&client, shapes[i], strlen(shapes[i]));
        client_send(&client, hidden, sizeof(hidden) - 1);
        response = client_read(fx, &client, 50);
        assert_true(response.status == 400 || response.status == 501);
        assert_non_null(strstr(response.head, "Connection: close"));
        assert_non_null(strstr(response.head, "application/problem+json"));
        response_release(&response);
        response = client_read(fx, &client, 50);
        assert_int_equal(response.status, 0);
        assert_true(client.ended);
        client_close(&client);
    }
    fixture_free(fx);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client = client_open(fx);
    struct mr_buf text = {0};

    (void)state;
    for (int i = 0; i < 300; i++)
        (void)mr_buf_addf(&text, "GET /healthz HTTP/1.1\r\n" H "X-Request-Id: n%d\r\n\r\n", i);
    client_send(&client, text.data, text.len);
    mr_buf_release(&text);
    for (int i = 0; i < 300; i++) {
        struct response response = client_read(fx, &client, 100);
        char want[40];
        (void)snprintf(want, sizeof(want), "X-Request-Id: n%d\r\n", i);
        assert_int_equal(response.status, 200);
        assert_non_null(strstr(response.head, want));
        assert_non_null(strstr(response.head, "Date: "));
        response_release(&response);
    }
    client_close(&client);
    fixture_free(fx);
}

static void a_header_block_that_drips_is_ended_by_its_absolute_deadline(void **state)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: aaaaaaaaaaaaaaaaaaaa";
    const char *const changes[] = {"GATEWAY_HEAD_MS", "1000", NULL};
    struct fixture *fx = fixture_new(changes, NULL);
    struct client client = client_open(fx);
    struct response response;

    (void)state;
    for (int i = 0; i < 9; i++) { /* a byte every 100 ms: never idle */
        client_send(&client, text + i, 1);
        fixture_pass(fx, 100);
    }
    assert_int_equal(gw_server_connections(fx->app.server), 1);
    fixture_pass(fx, 300);
    response = client_read(fx, &client, 50);
    assert_int_equal(response.status, 408);
    response_release(&response);
    assert_true(client_ended(fx, &client, 50));
    client_close(&client);
    fixture_free(fx);
}

static void a_body_that_drips_is_ended_by_its_absolute_deadline(void **state)
{
    static const char head[] =
        "POST /v1/validate HTTP/1.1\r\n" H ADMIN "Content-Length: 50\r\n\r\n";
    const char *const changes[] = {"GATEWAY_BODY_MS", "1000", NULL};
    struct fixture *fx = fixture_new(changes, NULL);
    struct client client = client_open(fx);
    struct response response;

    (void)state;
    client_send(&client, head, sizeof(head) - 1);
    for (int i = 0; i < 9; i++) {
        fixture_pass(fx, 100);
        client_send(&client, "x", 1);
    }
    assert_int_equal(gw_server_connections(fx->app.server), 1);
    fixture_pass(fx, 300);
    response = client_read(fx, &client, 50);
    assert_int_equal(response.status, 408);
    response_release(&response);
    client_close(&client);
    fixture_free(fx);
}

static void an_idle_connection_is_closed_and_a_busy_one_is_kept(void **state)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\n" H "\r\n";
    const char *const changes[] = {"GATEWAY_IDLE_MS", "1000", NULL};
    struct fixture *fx = fixture_new(changes, NULL);
    struct client client = client_open(fx);

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct response response;
        client_send(&client, text, sizeof(text) - 1);
        response = client_read(fx, &client, 50);
        assert_int_equal(response.status, 200);
        assert_null(strstr(response.head, "Connection: close"));
        response_release(&response);
        fixture_pass(fx, 800);
    }
    fixture_pass(fx, 300);
    assert_true(client_ended(fx, &client, 50));
    client_close(&client);
    fixture_free(fx);
}

static void a_client_that_does_not_read_is_cut_off(void **state)
{
    static const char text[] = "GET /metrics HTTP/1.1\r\n" H "\r\n";
    const char *const changes[] = {"GATEWAY_WRITE_MS", "1000", NULL};
    struct fixture *fx = fixture_new(changes, NULL);
    struct client client = client_open(fx);
    struct mr_buf many = {0};
    size_t sent, at = 0;
    int still = 0;

    (void)state;
    for (int i = 0; i < 2000; i++)
        (void)mr_buf_add(&many, text, sizeof(text) - 1);
    while (still < 50) { /* until both buffers are full of answers that nobody reads */
        assert_true(client_try_send(&client, many.data + at, many.len - at, &sent));
        at = (at + sent) % many.len;
        still = sent ? 0 : still + 1;
        fixture_step(fx, 1);
    }
    mr_buf_release(&many);
    fixture_step(fx, 20);
    assert_int_equal(gw_server_connections(fx->app.server), 1);
    fixture_pass(fx, 1300);
    fixture_step(fx, 5);
    assert_int_equal(gw_server_connections(fx->app.server), 0);
    client_close(&client);
    fixture_free(fx);
}

static void expect_continue_is_answered_before_the_body(void **state)
{
    static const char head[] = "POST /v1/validate HTTP/1.1\r\n" H ADMIN
                               "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client = client_open(fx);
    struct response response;

    (void)state;
    client_send(&client, head, sizeof(head) - 1);
    response = client_read(fx, &client, 20);
    assert_int_equal(response.status, 0); /* the 100 is passed over by the reader: no answer yet */
    client_send(&client, "{}", 2);
    response = client_read(fx, &client, 50);
    assert_int_equal(response.status, 200);
    response_release(&response);
    client_close(&client);
    fixture_free(fx);
}

static void expect_continue_of_a_body_that_is_not_wanted_is_answered_by_its_refusal(void **state)
{
    static const char head[] =
        "POST /v1/validate HTTP/1.1\r\n" H "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client = client_open(fx);
    struct response response;

    (void)state;
    client_send(&client, head, sizeof(head) - 1);
    response = client_read(fx, &client, 50);
    assert_int_equal(response.status, 401);
    assert_null(strstr(response.head, "100 Continue"));
    response_release(&response);
    assert_true(client_ended(fx, &client, 50));
    client_close(&client);
    fixture_free(fx);
}

static void head_is_answered_as_get_without_its_body(void **state)
{
    static const char text[] = "HEAD /healthz HTTP/1.1\r\n" H "Connection: close\r\n\r\n";
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client = client_open(fx);

    (void)state;
    client_send(&client, text, sizeof(text) - 1);
    assert_true(client_ended(fx, &client, 50));
    assert_non_null(strstr(client.in.data, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(client.in.data, "Content-Length: 3\r\n"));
    assert_string_equal(client.in.data + client.in.len - 4, "\r\n\r\n");
    client_close(&client);
    fixture_free(fx);
}

static void unknown_paths_and_methods_are_told_apart(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    struct response response;

    (void)state;
    assert_int_equal(ask_status(fx, "GET", "/nothing", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "GET", "/v1/jobs/", ADMIN, NULL), 404);
    assert_int_equal(ask_status(fx, "GET", "//v1/jobs", ADMIN, NULL), 404);
    response = ask(fx, "DELETE", "/v1/jobs", ADMIN, NULL);
    assert_int_equal(response.status, 405);
    assert_non_null(strstr(response.head, "Allow: POST, GET, HEAD\r\n"));
    response_release(&response);
    response = ask(fx, "PATCH", "/v1/workflows/x", ADMIN, NULL);
    assert_int_equal(response.status, 405);
    assert_non_null(strstr(response.head, "Allow: PUT, GET, HEAD, DELETE\r\n"));
    response_release(&response);
    fixture_free(fx);
}

static void bodies_are_bounded_typed_and_plain(void **state)
{
    struct fixture *fx = fixture_new(NULL, NULL);
    char *big = malloc(70001);

    (void)state;
    memset(big, ' ', 70000);
    big[70000] = '\0';
    assert_int_equal(ask_status(fx, "POST", "/v1/keys", ADMIN, big), 413);
    assert_int_equal(ask_status(fx, "POST", "/v1/keys",
                                ADMIN "Content-Type: application/x-www-form-urlencoded\r\n", "a=b"),
                     415);
    assert_int_equal(ask_status(fx, "POST", "/v1/keys",
                                ADMIN "Content-Type: application/json; charset=utf-8\r\n", "{}"),
                     422);
    assert_int_equal(ask_status(fx, "POST", "/v1/keys", ADMIN "Content-Encoding: gzip\r\n", "{}"),
                     415);
    assert_int_equal(ask_status(fx, "POST", "/v1/keys", ADMIN, NULL), 400);
    assert_int_equal(ask_status(fx, "GET", "/v1/keys", ADMIN, "{}"), 400);
    free(big);
    fixture_free(fx);
}

static void a_chunked_body_over_its_limit_is_refused_as_it_comes(void **state)
{
    static const char head[] =
        "POST /v1/keys HTTP/1.1\r\n" H ADMIN "Transfer-Encoding: chunked\r\n\r\n";
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client = client_open(fx);
    struct response response;
    size_t sent;

    (void)state;
    client_send(&client, head, sizeof(head) - 1);
    for (int i = 0; i < 40; i++) {
        char chunk[2048 + 16];
        int n = snprintf(chunk, sizeof(chunk), "800\r\n%2048s\r\n", "");
        if (!client_try_send(&client, chunk, (size_t)n, &sent))
            break;
        fixture_step(fx, 1);
    }
    response = client_read(fx, &client, 50);
    assert_int_equal(response.status, 413);
    response_release(&response);
    client_close(&client);
    fixture_free(fx);
}

static void a_client_beyond_the_limit_is_told_so(void **state)
{
    const char *const changes[] = {"GATEWAY_CONNECTIONS_MAX", "2", NULL};
    struct fixture *fx = fixture_new(changes, NULL);
    struct client one = client_open(fx), two = client_open(fx), three;
    struct response response;

    (void)state;
    fixture_step(fx, 3);
    three = client_open(fx);
    response = client_read(fx, &three, 50);
    assert_int_equal(response.status, 503);
    assert_non_null(strstr(response.head, "Retry-After"));
    response_release(&response);
    client_close(&one);
    fixture_step(fx, 3);
    assert_int_equal(ask_status(fx, "GET", "/healthz", NULL, NULL), 200);
    client_close(&two);
    client_close(&three);
    fixture_free(fx);
}

static void a_client_that_closes_its_side_still_gets_its_answer(void **state)
{
    static const char text[] =
        "POST /v1/validate HTTP/1.1\r\n" H ADMIN "Content-Length: 2\r\n\r\n{}";
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client client = client_open(fx);
    struct response response;

    (void)state;
    client_send(&client, text, sizeof(text) - 1);
    assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
    response = client_read(fx, &client, 50);
    assert_int_equal(response.status, 200);
    response_release(&response);
    assert_true(client_ended(fx, &client, 50));
    client_close(&client);
    fixture_free(fx);
}

static void draining_lets_the_present_request_end_and_takes_no_other(void **state)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\n" H;
    struct fixture *fx = fixture_new(NULL, NULL);
    struct client busy = client_open(fx), idle = client_open(fx);
    struct response response;

    (void)state;
    client_send(&busy, text, sizeof(text) - 1);
    fixture_step(fx, 5);
    gw_server_drain(fx->app.server);
    assert_true(client_ended(fx, &idle, 50));
    client_send(&busy, "\r\n", 2);
    response = client_read(fx, &busy, 50);
    assert_int_equal(response.status, 200);
    assert_non_null(strstr(response.head, "Connection: close"));
    response_release(&response);
    client_close(&busy);
    client_close(&idle);
    fixture_step(fx, 5);
    assert_true(gw_app_idle(&fx->app));
    fixture_free(fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_probe_is_answered_over_a_socket_and_refusals_close_it),
        cmocka_unit_test(a_smuggled_request_is_never_answered),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_header_block_that_drips_is_ended_by_its_absolute_deadline),
        cmocka_unit_test(a_body_that_drips_is_ended_by_its_absolute_deadline),
        cmocka_unit_test(an_idle_connection_is_closed_and_a_busy_one_is_kept),
        cmocka_unit_test(a_client_that_does_not_read_is_cut_off),
        cmocka_unit_test(expect_continue_is_answered_before_the_body),
        cmocka_unit_test(expect_continue_of_a_body_that_is_not_wanted_is_answered_by_its_refusal),
        cmocka_unit_test(head_is_answered_as_get_without_its_body),
        cmocka_unit_test(unknown_paths_and_methods_are_told_apart),
        cmocka_unit_test(bodies_are_bounded_typed_and_plain),
        cmocka_unit_test(a_chunked_body_over_its_limit_is_refused_as_it_comes),
        cmocka_unit_test(a_client_beyond_the_limit_is_told_so),
        cmocka_unit_test(a_client_that_closes_its_side_still_gets_its_answer),
        cmocka_unit_test(draining_lets_the_present_request_end_and_takes_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
