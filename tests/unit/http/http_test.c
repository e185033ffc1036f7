/* http_test.c -- what the port refuses before any driver sees it, the twin, and which addresses are
 * public. */
#include "common/adapters/http_address.h"
#include "common/sim/sim.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct mr_sim_world world;
static const struct mr_sim_answer answers[] = {
    {.status = 200, .headers = "content-type: text/plain\netag: \"1\"\n", .body = "hello"},
    {.code = MR_TIMEOUT},
    {.status = 404, .body = "no such thing"},
};
static struct mr_http *http;
static struct mr_http_response response;
static struct mr_error err;

static int open_sim(void **state)
{
    (void)state;
    world = (struct mr_sim_world){.seed = 1};
    http = mr_http_sim_new(&world, answers, 3, &err);
    return http ? 0 : -1;
}

static int close_sim(void **state)
{
    (void)state;
    mr_http_response_release(&response);
    mr_http_free(http);
    return 0;
}

static struct mr_http_request plain(void)
{
    return (struct mr_http_request){.method = "GET", .url = "http://h/", .response_max = 100};
}

static void assert_refused(const struct mr_http_request *request, const char *why)
{
    assert_int_equal(mr_http_request(http, request, &response, &err), MR_INVALID);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    assert_int_equal(world.calls, 0); /* no driver saw it */
}

static void a_url_of_the_wrong_form_is_refused(void **state)
{
    static const struct {
        const char *url, *why;
    } cases[] = {
        {"", "must begin"},
        {"ftp://h/", "must begin"},
        {"file:///etc/passwd", "must begin"},
        {"HTTP://h/", "must begin"},
        {"http://", "has no host"},
        {"http:///path", "has no host"},
        {"http://user@h/", "user name"},
        {"http://user:pw@h/", "user name"},
        {"http://h/#part", "fragment"},
        {"http://h/a b", "0x20"},
        {"http://h/a\r\nX: y", "0x0d"},
        {"http://h/\x7f", "0x7f"},
        {"http://h/\xc3\xa4", "0xc3"},
        {"http://h\\@x/", "0x5c"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_http_request request = plain();
        request.url = cases[i].url;
        assert_refused(&request, cases[i].why);
    }
}

static void a_header_that_could_end_a_line_is_refused(void **state)
{
    static const struct {
        struct mr_http_header header;
        const char *why;
    } cases[] = {
        {{"x", "a\r\nb: c"}, "0x0d"},
        {{"x", "a\nb"}, "0x0a"},
        {{"x", "\x01"}, "0x01"},
        {{"x", "\x7f"}, "0x7f"},
        {{"x y", "1"}, "token"},
        {{"x:", "1"}, "token"},
        {{"x\r\ny", "1"}, "token"},
        {{"", "1"}, "token"},
        {{NULL, "1"}, "token"},
        {{"x", NULL}, "value"},
        {{"Host", "other"}, "is made"},
        {{"content-length", "1"}, "is made"},
        {{"Transfer-Encoding", "chunked"}, "is made"},
        {{"Expect", "100-continue"}, "is made"},
        {{"Connection", "close"}, "is made"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_http_request request = plain();
        request.headers[0] = cases[i].header;
        request.header_count = 1;
        assert_refused(&request, cases[i].why);
    }
}

static void a_request_of_the_wrong_form_is_refused(void **state)
{
    static const char *const methods[] = {"",        "G T",   "GET\r\n",
                                          "CONNECT", "TRACE", "AVERYLONGMETHODNAME"};
    struct mr_http_request request = plain();
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        request = plain();
        request.method = methods[i];
        assert_refused(&request, "method");
    }
    request = plain();
    request.body_len = 1;
    assert_refused(&request, "exactly one of body");
    request = plain();
    request.body_len = -1;
    assert_refused(&request, "negative");
    request = plain();
    request.header_count = MR_HTTP_HEADERS_MAX + 1;
    assert_refused(&request, "at most 48");
}

static void a_header_is_found_by_its_whole_name(void **state)
{
    char value[8];
    (void)state;
    mr_buf_add_str(&response.headers, "x-long: 123456789\nx: 1\nxx: 2\nempty: \n");
    assert_true(mr_http_header_get(&response, "x", value, sizeof value));
    assert_string_equal(value, "1");
    assert_true(mr_http_header_get(&response, "empty", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(mr_http_header_get(&response, "x-long", value, sizeof value)); /* cut: absent */
    assert_false(mr_http_header_get(&response, "x-lon", value, sizeof value));
    mr_buf_release(&response.headers);
    assert_false(mr_http_header_get(&response, "x", value, sizeof value));
}

static void the_twin_answers_from_its_script(void **state)
{
    struct mr_http_request request = plain();
    (void)state;
    request.method = "PUT";
    request.headers[0] = (struct mr_http_header){"a", "b"};
    request.header_count = 1;
    request.body = "data";
    request.body_len = 4;
    assert_int_equal(mr_http_request(http, &request, &response, &err), MR_OK);
    assert_int_equal(response.status, 200);
    assert_memory_equal(response.body.data, "hello", 5);
    assert_string_equal(mr_http_sim_seen(http, 0), "PUT http://h/\na: b\n\ndata");
    assert_int_equal(mr_http_request(http, &request, &response, &err), MR_TIMEOUT);
    for (int i = 0; i < 2; i++) { /* the last repeats */
        assert_int_equal(mr_http_request(http, &request, &response, &err), MR_OK);
        assert_int_equal(response.status, 404);
    }
    assert_null(mr_http_sim_seen(http, 4));
    request.response_max = 3;
    assert_int_equal(mr_http_request(http, &request, &response, &err), MR_TOO_LARGE);
}

static void the_twin_fails_when_told_to(void **state)
{
    struct mr_http_request request = plain();
    (void)state;
    world.fail_at = 1;
    world.fault = MR_SIM_BEFORE;
    assert_int_equal(mr_http_request(http, &request, &response, &err), MR_UNAVAILABLE);
    assert_null(mr_http_sim_seen(http, 0)); /* nothing was done */
    world.fail_at = 2;
    world.fault = MR_SIM_AFTER;
    assert_int_equal(mr_http_request(http, &request, &response, &err), MR_UNAVAILABLE);
    assert_non_null(mr_http_sim_seen(http, 0)); /* it was done, and only the answer is lost */
}

static bool is_public(const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        memcpy(&storage, &in, sizeof in);
    else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        memcpy(&storage, &in6, sizeof in6);
    else
        fail_msg("%s is no address", text);
    return mr_http_address_public((struct sockaddr *)&storage);
}

static void only_addresses_of_the_internet_are_public(void **state)
{
    static const char *const public[] = {"1.1.1.1",        "9.255.255.255",   "11.0.0.0",
                                         "100.63.255.255", "100.128.0.0",     "172.15.255.255",
                                         "172.32.0.0",     "192.167.255.255", "198.17.255.255",
                                         "198.20.0.0",     "223.255.255.255", "2606:4700::1111",
                                         "2a00::1",        "2002:101:101::1", "::ffff:1.1.1.1"};
    static const char *const hidden[] = {"0.0.0.0",
                                         "10.1.2.3",
                                         "100.64.0.1",
                                         "127.0.0.1",
                                         "127.255.255.255",
                                         "169.254.169.254",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.0.0.1",
                                         "192.0.2.1",
                                         "192.168.1.1",
                                         "198.18.0.1",
                                         "198.19.255.255",
                                         "198.51.100.1",
                                         "203.0.113.9",
                                         "224.0.0.1",
                                         "240.0.0.1",
                                         "255.255.255.255",
                                         "::",
                                         "::1",
                                         "::ffff:127.0.0.1",
                                         "::ffff:10.0.0.1",
                                         "::127.0.0.1",
                                         "64:ff9b::7f00:1",
                                         "fe80::1",
                                         "fc00::1",
                                         "fd00::1",
                                         "ff02::1",
                                         "2001:db8::1",
                                         "2001::1",
                                         "2002:7f00:1::1",
                                         "2002:a00:1::1",
                                         "3fff::1"};
    struct sockaddr other = {.sa_family = AF_UNIX};
    (void)state;
    for (size_t i = 0; i < sizeof public / sizeof *public; i++)
        if (!is_public(public[i]))
            fail_msg("%s is public", public[i]);
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (is_public(hidden[i]))
            fail_msg("%s is not public", hidden[i]);
    assert_false(mr_http_address_public(&other));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_sim, close_sim)
    const struct CMUnitTest tests[] = {
        CASE(a_url_of_the_wrong_form_is_refused),
        CASE(a_header_that_could_end_a_line_is_refused),
        CASE(a_request_of_the_wrong_form_is_refused),
        CASE(a_header_is_found_by_its_whole_name),
        CASE(the_twin_answers_from_its_script),
        CASE(the_twin_fails_when_told_to),
        CASE(only_addresses_of_the_internet_are_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
