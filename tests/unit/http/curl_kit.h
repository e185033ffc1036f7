/* curl_kit.h -- for tests of the real HTTP client: the client, the server that it asks, and the
 * last answer.  One pair a test: CURL_CASE() opens and closes it. */
#ifndef TESTS_CURL_KIT_H
#define TESTS_CURL_KIT_H

#include "common/ports/http.h"
#include "tests/unit/http/http_server.h"

#include <stdint.h>

extern struct curl_kit {
    struct http_server server;
    struct mr_http *http;
    struct mr_http_response response;
    struct mr_error err;
} curl_kit;

int curl_open(void **state);
int curl_close(void **state);
#define CURL_CASE(name) cmocka_unit_test_setup_teardown(name, curl_open, curl_close)

void curl_reopen(const struct mr_http_curl_options *); /* another client */
/* GET of a path of the server; change what the test is about. */
struct mr_http_request curl_request(const char *path);
enum mr_code curl_send(const struct mr_http_request *);
enum mr_code curl_get(const char *path);

struct curl_sink { /* takes an answer */
    int64_t received;
    int64_t fail_at; /* with MR_BUSY, from so many bytes on; 0: never */
    int status_seen; /* when the last bytes came */
};
enum mr_code curl_sink_write(void *sink, const void *data, size_t len, struct mr_error *);

void assert_body(const char *text); /* of the last answer */

#endif
