/* curl_kit.c -- see curl_kit.h. */
#include "tests/unit/http/curl_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct curl_kit curl_kit;

int curl_open(void **state)
{
    (void)state;
    if (http_server_start(&curl_kit.server))
        return -1;
    curl_kit.http = mr_http_curl_new(&curl_kit.err);
    return curl_kit.http ? 0 : -1;
}

int curl_close(void **state)
{
    (void)state;
    mr_http_response_release(&curl_kit.response);
    mr_http_free(curl_kit.http);
    http_server_stop(&curl_kit.server);
    return 0;
}

void curl_reopen(const struct mr_http_curl_options *options)
{
    mr_http_free(curl_kit.http);
    curl_kit.http = mr_http_curl_new_with(options, &curl_kit.err);
    assert_non_null(curl_kit.http);
}

struct mr_http_request curl_request(const char *path)
{
    static char urls[4][256];
    static int next;
    char *url = urls[next++ % 4];

    snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", curl_kit.server.port, path);
    return (struct mr_http_request){.method = "GET", .url = url, .response_max = 100000};
}

enum mr_code curl_send(const struct mr_http_request *request)
{
    return mr_http_request(curl_kit.http, request, &curl_kit.response, &curl_kit.err);
}

enum mr_code curl_get(const char *path)
{
    struct mr_http_request request = curl_request(path);

    return curl_send(&request);
}

enum mr_code curl_sink_write(void *ctx, const void *data, size_t len, struct mr_error *err)
{
    struct curl_sink *sink = ctx;

    (void)data;
    sink->received += (int64_t)len;
    sink->status_seen = curl_kit.response.status;
    return sink->fail_at && sink->received >= sink->fail_at ? mr_fail(err, MR_BUSY, "enough")
                                                            : MR_OK;
}

void assert_body(const char *text)
{
    const struct mr_buf *body = &curl_kit.response.body;

    assert_int_equal(body->len, strlen(text));
    if (*text)
        assert_memory_equal(body->data, text, body->len);
}
