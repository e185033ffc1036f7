/* curl_reach_test.c -- a client for strangers' addresses reaches what is of the public internet
 * or was listed, in whatever form it is written. */
#include "common/adapters/http_reach.h"
#include "tests/unit/http/curl_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void a_handle_for_strangers_does_not_reach_this_machine(void **state)
{
    const struct mr_http_curl_options options = {.public_only = true};
    struct mr_http_request request = curl_request("/hello");
    char url[100];
    (void)state;
    curl_reopen(&options);
    assert_int_equal(curl_send(&request), MR_DENIED);
    snprintf(url, sizeof url, "http://localhost:%d/hello", curl_kit.server.port);
    request.url = url;
    assert_int_equal(curl_send(&request), MR_DENIED);
    snprintf(url, sizeof url, "http://[::ffff:127.0.0.1]:%d/hello", curl_kit.server.port);
    assert_int_equal(curl_send(&request), MR_DENIED);
    snprintf(url, sizeof url, "http://2130706433:%d/hello", curl_kit.server.port); /* 127.0.0.1 */
    assert_int_equal(curl_send(&request), MR_DENIED);
    assert_int_equal(atomic_load(&curl_kit.server.connections), 0);
}

/* The request's URL is the server's under this name. */
static enum mr_code get_of(const char *host)
{
    struct mr_http_request request = curl_request("/hello");
    char url[100];

    snprintf(url, sizeof url, "http://%s:%d/hello", host, curl_kit.server.port);
    request.url = url;
    return curl_send(&request);
}

static void an_address_is_refused_in_whatever_form_it_is_written(void **state)
{
    static const char *const hosts[] = {"127.0.0.1",
                                        "127.1",
                                        "0177.0.0.1",
                                        "0x7f.0.0.1",
                                        "2130706433",
                                        "localhost",
                                        "localhost.",
                                        "[::1]",
                                        "[::ffff:127.0.0.1]",
                                        "[::ffff:7f00:1]",
                                        "[64:ff9b::7f00:1]",
                                        "[2002:7f00:1::]",
                                        "[fd00::1]",
                                        "[fe80::1]",
                                        "0",
                                        "10.0.0.1",
                                        "100.64.0.1",
                                        "169.254.169.254",
                                        "224.0.0.1",
                                        "255.255.255.255"};
    (void)state;
    curl_reopen(&(struct mr_http_curl_options){.public_only = true});
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (get_of(hosts[i]) != MR_DENIED)
            fail_msg("%s: %s", hosts[i], curl_kit.err.text);
    assert_int_equal(atomic_load(&curl_kit.server.connections), 0);
}

static void a_name_that_leads_here_is_refused_by_its_address(void **state)
{
    char resolve[60];
    (void)state;
    snprintf(resolve, sizeof resolve, "cdn.example:%d:127.0.0.1", curl_kit.server.port);
    curl_reopen(&(struct mr_http_curl_options){.public_only = true, .resolve = resolve});
    assert_int_equal(get_of("cdn.example"), MR_DENIED); /* whoever was asked before said else */
    assert_int_equal(atomic_load(&curl_kit.server.connections), 0);
    curl_reopen(&(struct mr_http_curl_options){.resolve = resolve});
    assert_int_equal(get_of("cdn.example"), MR_OK);
}

static void what_an_operator_lists_is_reached(void **state)
{
    struct mr_http_hosts *network = NULL, *name = NULL, *other = NULL;
    (void)state;
    assert_int_equal(mr_http_hosts_new("10.0.0.0/8, 127.0.0.0/8", &network, &curl_kit.err), MR_OK);
    assert_int_equal(mr_http_hosts_new("localhost", &name, &curl_kit.err), MR_OK);
    assert_int_equal(mr_http_hosts_new("10.0.0.0/8,example.com", &other, &curl_kit.err), MR_OK);
    curl_reopen(&(struct mr_http_curl_options){.public_only = true, .reach = network});
    assert_int_equal(get_of("127.0.0.1"), MR_OK);
    curl_reopen(&(struct mr_http_curl_options){.public_only = true, .reach = network});
    assert_int_equal(get_of("[::ffff:127.0.0.1]"), MR_OK); /* the same address */
    curl_reopen(&(struct mr_http_curl_options){.public_only = true, .reach = name});
    assert_int_equal(get_of("LOCALHOST"), MR_OK);
    assert_int_equal(get_of("127.0.0.1"), MR_DENIED); /* the name was listed, not the address */
    curl_reopen(&(struct mr_http_curl_options){.public_only = true, .reach = other});
    assert_int_equal(get_of("localhost"), MR_DENIED);
    assert_int_equal(get_of("127.0.0.1"), MR_DENIED);
    mr_http_free(curl_kit.http);
    curl_kit.http = NULL;
    mr_http_hosts_free(network);
    mr_http_hosts_free(name);
    mr_http_hosts_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CURL_CASE(a_handle_for_strangers_does_not_reach_this_machine),
        CURL_CASE(an_address_is_refused_in_whatever_form_it_is_written),
        CURL_CASE(a_name_that_leads_here_is_refused_by_its_address),
        CURL_CASE(what_an_operator_lists_is_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
