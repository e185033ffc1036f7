/* fetch_reach_test.c -- a URL, and each redirect of it, reaches what an operator allows and
 * nothing else. */
#include "tests/unit/worker/fetcher_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_redirect_is_checked_as_the_url_was(void **state)
{
    static const struct {
        const char *location, *cause;
    } cases[] = {
        {"http://169.254.169.254/latest/meta-data/", "not of the public internet"},
        {"http://[::1]/", "not of the public internet"},
        {"http://10.0.0.1/", "not of the public internet"},
        {"http://0.0.0.0/", "not of the public internet"},
        {"http://[::ffff:10.0.0.1]/", "not of the public internet"},
        {"http://167772161/", "not of the public internet"}, /* 10.0.0.1 */
        {"http://012.0.0.1/", "not of the public internet"},
        {"http://127.0.0.1:6379/", "port 6379 is not one of WORKER_FETCH_PORTS"},
        {"ftp://127.0.0.1/", "redirect is refused"},
        {"file:///etc/passwd", "redirect is refused"},
        {"http://me:secret@127.0.0.1/", "redirect is refused"},
    };
    char path[200];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)snprintf(path, sizeof path, "/to?%s", cases[i].location);
        fetcher_fails(fetcher_get_path(path), "Blob.Denied", cases[i].cause);
        assert_null(strstr(fetcher_kit.fault.cause, "secret"));
    }
}

static void this_machine_is_not_reached_unless_it_is_listed(void **state)
{
    static const char *const names[] = {"127.0.0.1",          "localhost",  "[::1]",
                                        "[::ffff:127.0.0.1]", "2130706433", "0177.1",
                                        "0x7f000001"};
    char url[100];
    (void)state;
    fetcher_kit.config.private_hosts = fetcher_nowhere;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(url, sizeof url, "http://%s:%d/picture", names[i], fetcher_kit.server.port);
        fetcher_fails(fetcher_get(url, 1000, NULL), "Blob.Denied",
                      "WORKER_FETCH_PRIVATE does not list it");
    }
    assert_int_equal(atomic_load(&fetcher_kit.server.connections), 0);
}

static void what_an_operator_turned_off_is_off(void **state)
{
    (void)state;
    fetcher_kit.config.schemes = WK_FETCH_OFF;
    fetcher_fails(fetcher_get_path("/picture"), "Blob.Denied", "WORKER_FETCH is off");
    fetcher_kit.config.schemes = WK_FETCH_HTTPS;
    fetcher_fails(fetcher_get_path("/picture"), "Blob.Denied", "only https");
    fetcher_kit.config.schemes = WK_FETCH_HTTP;
    fetcher_brings(fetcher_get_path("/picture"), "picture");
    fetcher_forget();
    fetcher_kit.config.hosts = fetcher_kit.hosts;
    (void)snprintf(fetcher_kit.hosts, sizeof fetcher_kit.hosts,
                   "cdn.example,*.img.example,10.0.0.0/8");
    fetcher_fails(fetcher_get_path("/picture"), "Blob.Denied",
                  "WORKER_FETCH_HOSTS does not list its host");
    fetcher_forget();
    (void)snprintf(fetcher_kit.hosts, sizeof fetcher_kit.hosts, "127.0.0.0/8");
    fetcher_brings(fetcher_get_path("/picture"), "picture");
    fetcher_fails(fetcher_get_path("/to?http://elsewhere.example/"), "Blob.Denied",
                  "WORKER_FETCH_HOSTS");
}

static void a_url_that_is_none_is_the_recipes_fault(void **state)
{
    (void)state;
    fetcher_fails(fetcher_get("http://[::1/", 1000, NULL), "Recipe.Invalid", "url: ");
    fetcher_fails(fetcher_get("http://h:99999/", 1000, NULL), "Recipe.Invalid", "url: ");
}

static void a_list_that_does_not_read_is_named(void **state)
{
    static char bad[] = "80,http", words[] = "10.0.0.1/8";
    (void)state;
    fetcher_kit.config.ports = bad;
    assert_int_equal(wk_fetcher_new(&fetcher_kit.config, &fetcher_kit.fetcher, &fetcher_kit.err),
                     MR_INVALID);
    assert_non_null(strstr(fetcher_kit.err.text, "WORKER_FETCH_PORTS: \"http\""));
    fetcher_kit.config.ports = fetcher_kit.ports;
    fetcher_kit.config.hosts = words;
    assert_int_equal(wk_fetcher_new(&fetcher_kit.config, &fetcher_kit.fetcher, &fetcher_kit.err),
                     MR_INVALID);
    assert_non_null(strstr(fetcher_kit.err.text, "WORKER_FETCH_HOSTS: \"10.0.0.1/8\""));
    fetcher_kit.config.hosts = fetcher_nowhere;
    fetcher_kit.config.private_hosts = words;
    assert_int_equal(wk_fetcher_new(&fetcher_kit.config, &fetcher_kit.fetcher, &fetcher_kit.err),
                     MR_INVALID);
    assert_non_null(strstr(fetcher_kit.err.text, "WORKER_FETCH_PRIVATE"));
}

static void a_redirect_does_not_leave_https(void **state)
{
    static const struct mr_sim_answer answers[] = {
        {.status = 302, .headers = "location: http://h.example/b\n"}, {.status = 200, .body = "x"}};
    struct mr_sim_world world = {.seed = 1};
    struct mr_http *http = mr_http_sim_new(&world, answers, 2, &fetcher_kit.err);

    (void)state;
    assert_int_equal(
        wk_fetcher_new_take(&fetcher_kit.config, http, &fetcher_kit.fetcher, &fetcher_kit.err),
        MR_OK);
    fetcher_fails(fetcher_get("https://h.example/a", 1000, NULL), "Blob.Denied", "leaves https");
    assert_int_equal(world.calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCHER_CASE(a_redirect_is_checked_as_the_url_was),
        FETCHER_CASE(this_machine_is_not_reached_unless_it_is_listed),
        FETCHER_CASE(what_an_operator_turned_off_is_off),
        FETCHER_CASE(a_url_that_is_none_is_the_recipes_fault),
        FETCHER_CASE(a_list_that_does_not_read_is_named),
        FETCHER_CASE(a_redirect_does_not_leave_https),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
