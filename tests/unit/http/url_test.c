/* url_test.c -- the URLs of strangers: what they are taken for, where a redirect leads, and the
 * lists of an operator. */
#include "common/adapters/http_reach.h"
#include "common/adapters/http_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct mr_error err;

static void a_url_is_taken_apart_as_it_will_be_sent(void **state)
{
    static const struct {
        const char *text, *host, *sent;
        int port;
        bool https;
    } cases[] = {
        {"https://h.example", "h.example", "https://h.example/", 443, true},
        {"http://H.Example:8080/a/../b?c=%2F", "h.example", "http://H.Example:8080/a/../b?c=%2F",
         8080, false},
        {"http://h.example./a", "h.example", "http://h.example./a", 80, false},
        {"http://2130706433/", "127.0.0.1", "http://127.0.0.1/", 80, false},
        {"http://0177.0.0.1/", "127.0.0.1", "http://127.0.0.1/", 80, false},
        {"http://0x7f.1/", "127.0.0.1", "http://127.0.0.1/", 80, false},
        {"https://[::FFFF:127.0.0.1]/", "::ffff:127.0.0.1", NULL, 443, true},
        {"https://[::1]:444/", "::1", "https://[::1]:444/", 444, true},
        {"https://%6cocalhost/", "localhost", "https://localhost/", 443, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_http_url url = {0};
        if (mr_http_url_parse(cases[i].text, &url, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_string_equal(url.host, cases[i].host);
        assert_int_equal(url.port, cases[i].port);
        assert_int_equal(url.https, cases[i].https);
        if (cases[i].sent)
            assert_string_equal(url.text, cases[i].sent);
        mr_http_url_release(&url);
    }
}

static void what_is_no_url_of_ours_is_refused(void **state)
{
    static const char *const cases[] = {"",
                                        "h.example",
                                        "ftp://h/",
                                        "http:/h/",
                                        "http:///h/",
                                        "http://",
                                        "http://a@b/",
                                        "http://:pw@b/",
                                        "http://h:0/",
                                        "http://h:65536/",
                                        "http://h:x/",
                                        "http://[::1/",
                                        "http://[fe80::1%25eth0]/",
                                        "http://h/#a",
                                        "http://h /",
                                        "http://h\\@i/",
                                        "http://%00/",
                                        "http://a%0ab/",
                                        "http://a%2fb/",
                                        "http://a%40b/",
                                        "http://2%33/",
                                        "http://a..b!/",
                                        "http://[1.2]/"};
    struct mr_http_url url = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (mr_http_url_parse(cases[i], &url, &err) != MR_INVALID)
            fail_msg("%s was taken for %s", cases[i], url.text ? url.text : "nothing");
        assert_null(url.text);
    }
}

static void a_redirect_leads_where_a_browser_would_go(void **state)
{
    static const struct {
        const char *location, *text; /* NULL: it is refused */
    } cases[] = {
        {"https://other.example/x?y", "https://other.example/x?y"},
        {"/root", "http://h.example:81/root"},
        {"near?q=1", "http://h.example:81/a/near?q=1"},
        {"../up#part", "http://h.example:81/up"},
        {"?q", "http://h.example:81/a/b?q"},
        {"//other.example/x", "http://other.example/x"},
        {"http://2130706433/", "http://127.0.0.1/"},
        {"//2%33/x", NULL},
        {"ftp://other.example/", NULL},
        {"file:///etc/passwd", NULL},
        {"javascript:alert(1)", NULL},
        {"http:other", NULL},
        {"http:/other.example/", NULL},
        {"///other.example/", NULL},
        {"/\\other.example/", NULL},
        {"http://me:pw@other.example/", NULL},
        {"//me@other.example/", NULL},
        {"/a b", "http://h.example:81/a%20b"},
        {"/\xc3\xa4", "http://h.example:81/%c3%a4"},
        {"/a\"b", NULL},
    };
    struct mr_http_url base, next = {0};
    (void)state;
    assert_int_equal(mr_http_url_parse("http://h.example:81/a/b?c", &base, &err), MR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum mr_code rc = mr_http_url_follow(&base, cases[i].location, &next, &err);
        if (rc != (cases[i].text ? MR_OK : MR_INVALID))
            fail_msg("%s: %s", cases[i].location, rc ? err.text : next.text);
        if (rc)
            continue;
        assert_string_equal(next.text, cases[i].text);
        mr_http_url_release(&next);
    }
    mr_http_url_release(&base);
}

static bool held(const struct mr_http_hosts *hosts, const char *text)
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
    return mr_http_hosts_hold(hosts, (struct sockaddr *)&storage);
}

static void a_list_holds_what_it_names_and_nothing_else(void **state)
{
    struct mr_http_hosts *hosts = NULL;
    (void)state;
    assert_int_equal(mr_http_hosts_new("10.1.0.0/16, 192.168.1.5 fd00::/8,172.16.0.0/12,"
                                       "images.Internal,*.cdn.example",
                                       &hosts, &err),
                     MR_OK);
    assert_true(held(hosts, "10.1.255.255") && held(hosts, "::ffff:10.1.2.3"));
    assert_true(held(hosts, "192.168.1.5") && held(hosts, "fdff::1") && held(hosts, "172.31.0.1"));
    assert_false(held(hosts, "10.2.0.0") || held(hosts, "10.0.255.255") ||
                 held(hosts, "192.168.1.4"));
    assert_false(held(hosts, "fc00::1") || held(hosts, "::10.1.2.3") || held(hosts, "172.32.0.1"));
    assert_true(mr_http_hosts_name(hosts, "images.internal"));
    assert_true(mr_http_hosts_name(hosts, "a.cdn.example") &&
                mr_http_hosts_name(hosts, "a.b.cdn.example"));
    assert_false(mr_http_hosts_name(hosts, "cdn.example") ||
                 mr_http_hosts_name(hosts, "xcdn.example"));
    assert_false(mr_http_hosts_name(hosts, "a.images.internal") ||
                 mr_http_hosts_name(hosts, "internal"));
    mr_http_hosts_free(hosts);
    assert_int_equal(mr_http_hosts_new("0.0.0.0/0", &hosts, &err), MR_OK);
    assert_true(held(hosts, "8.8.8.8"));
    assert_false(held(hosts, "2001:db8::1")); /* all of IPv4 is none of IPv6 */
    mr_http_hosts_free(hosts);
    assert_int_equal(mr_http_hosts_new(" , ", &hosts, &err), MR_OK);
    assert_true(mr_http_hosts_empty(hosts) && mr_http_hosts_empty(NULL));
    mr_http_hosts_free(hosts);
}

static void a_word_that_is_none_is_shown(void **state)
{
    static const char *const cases[] = {
        "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/8x", "10.0.0", "fd00::/129",
        "fd00:::1",    "*",          "*.",        "a..b",        "a_b!",   ".a",
        "a.",          "*.*.a",      "http://a",  "a:80",        "-1"};
    struct mr_http_hosts *hosts = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (mr_http_hosts_new(cases[i], &hosts, &err) != MR_INVALID)
            fail_msg("%s was taken", cases[i]);
        assert_non_null(strstr(err.text, cases[i]));
        assert_null(hosts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart_as_it_will_be_sent),
        cmocka_unit_test(what_is_no_url_of_ours_is_refused),
        cmocka_unit_test(a_redirect_leads_where_a_browser_would_go),
        cmocka_unit_test(a_list_holds_what_it_names_and_nothing_else),
        cmocka_unit_test(a_word_that_is_none_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
