/* fetch_source_test.c -- what lies at a URL comes as it lies there, with the redirects that lead
 * to it, and nothing is said of us but our name. */
#include "tests/unit/worker/fetcher_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_source_comes_as_it_lies_there(void **state)
{
    (void)state;
    fetcher_brings(fetcher_get_path("/picture"), "picture");
    fetcher_brings(fetcher_get_path("/chunked"), "hello");
    fetcher_brings(fetcher_get_path("/interim"), "hello");
    assert_int_equal(atomic_load(&fetcher_kit.server.connections),
                     1); /* and the connection is kept */
}

static void nothing_is_said_of_us_but_our_name(void **state)
{
    (void)state;
    assert_int_equal(fetcher_get_path("/echo?sig=abc"), MR_OK);
    mr_buf_add_char(&fetcher_kit.bytes, '\0');
    assert_non_null(strstr(fetcher_kit.bytes.data, "GET /echo?sig=abc HTTP/1.1\r\n"));
    assert_non_null(strstr(fetcher_kit.bytes.data, "User-Agent: millrace/"));
    assert_non_null(strstr(fetcher_kit.bytes.data, "Accept-Encoding: identity\r\n"));
    assert_null(strstr(fetcher_kit.bytes.data, "Cookie"));
    assert_null(strstr(fetcher_kit.bytes.data, "Referer"));
    assert_null(strstr(fetcher_kit.bytes.data, "Authorization"));
    fetcher_brings(fetcher_get_path("/picture"), "picture");
    assert_int_equal(fetcher_get_path("/cookie"), MR_OK); /* sets one, and redirects to /echo */
    mr_buf_add_char(&fetcher_kit.bytes, '\0');
    assert_null(strstr(fetcher_kit.bytes.data, "Cookie"));
    assert_null(strstr(fetcher_kit.bytes.data, "Referer"));
}

static void a_redirect_is_followed_so_far(void **state)
{
    char two[10100], three[10200], four[10300];
    (void)state;
    fetcher_brings(fetcher_get_path("/redirect"), "hello");
    fetcher_brings(fetcher_get_path("/dir/near"), "hello");
    (void)snprintf(two, sizeof two, "/to?%s", fetcher_url("/redirect"));
    fetcher_brings(fetcher_get_path(two), "hello");
    (void)snprintf(three, sizeof three, "/to?%s", two);
    fetcher_brings(fetcher_get_path(three), "hello");
    (void)snprintf(four, sizeof four, "/to?%s", three);
    fetcher_fails(fetcher_get_path(four), "Blob.Denied",
                  "more than 3 redirects (WORKER_FETCH_REDIRECTS)");
    fetcher_fails(fetcher_get_path("/loop"), "Blob.Denied", "more than 3 redirects");
    fetcher_fails(fetcher_get_path("/nowhere"), "Blob.Denied", "302 without a Location");
}

static void every_failing_call_is_heard_of_and_can_be_repeated(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 301, .headers = "location: /moved\n"},
        {.status = 200, .body = "picture"},
    };
    (void)state;
    for (uint64_t fail_at = 1; fail_at <= 3; fail_at++) {
        struct mr_sim_world world = {.seed = 1, .fail_at = fail_at, .fault = MR_SIM_AFTER};
        struct mr_http *http = mr_http_sim_new(&world, answers, 2, &fetcher_kit.err);

        assert_int_equal(
            wk_fetcher_new_take(&fetcher_kit.config, http, &fetcher_kit.fetcher, &fetcher_kit.err),
            MR_OK);
        if (fail_at <= 2)
            fetcher_fails(fetcher_get("http://h.example/a?b=c", 1000, NULL), "Blob.Unavailable",
                          "as told");
        else
            fetcher_brings(fetcher_get("http://h.example/a?b=c", 1000, NULL), "picture");
        if (fail_at == 3)
            assert_string_equal(mr_http_sim_seen(http, 1),
                                "GET http://h.example/moved\nAccept-Encoding: identity\n\n");
        fetcher_forget();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCHER_CASE(a_source_comes_as_it_lies_there),
        FETCHER_CASE(nothing_is_said_of_us_but_our_name),
        FETCHER_CASE(a_redirect_is_followed_so_far),
        FETCHER_CASE(every_failing_call_is_heard_of_and_can_be_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
