/* http.c -- what every HTTP driver need not check again: the request's form.  Bytes that could end
 * a line, or a header that the driver makes itself, never reach the wire. */
#include "common/ports/http.h"

#include "common/base/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
    METHOD_MAX = 16,
    URL_MAX = 16 * 1024,
    HEADER_NAME_MAX = 256,
    HEADER_VALUE_MAX = 16 * 1024,
    SHOWN_MAX = 120, /* bytes of a refused value that the error repeats */
};

/* Made from the request by the driver: a second one would let two readers see two requests. */
static const char *const made_by_driver[] = {"connection",
                                             "content-length",
                                             "expect",
                                             "host",
                                             "http2-settings",
                                             "keep-alive",
                                             "te",
                                             "trailer",
                                             "upgrade",
                                             "proxy-connection",
                                             "transfer-encoding"};

static bool is_token(const char *text, size_t len_max)
{
    size_t len = strnlen(text, len_max + 1);
    if (len == 0 || len > len_max)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("!#$%&'*+-.^_`|~", text[i]))
            return false;
    return true;
}

static enum mr_code check_method(const char *method, struct mr_error *err)
{
    if (!method || !is_token(method, METHOD_MAX))
        return mr_fail(err, MR_INVALID, "method \"%.*s\": must be a token of 1..%d bytes",
                       METHOD_MAX, method ? method : "", METHOD_MAX);
    if (strcmp(method, "CONNECT") == 0 || strcmp(method, "TRACE") == 0)
        return mr_fail(err, MR_INVALID, "method %s: is not sent", method);
    return MR_OK;
}

static enum mr_code check_header(const struct mr_http_header *header, struct mr_error *err)
{
    if (!header->name || !is_token(header->name, HEADER_NAME_MAX))
        return mr_fail(err, MR_INVALID, "header name \"%.*s\": must be a token of 1..%d bytes",
                       SHOWN_MAX, header->name ? header->name : "", HEADER_NAME_MAX);
    for (size_t i = 0; i < sizeof made_by_driver / sizeof *made_by_driver; i++)
        if (strcasecmp(header->name, made_by_driver[i]) == 0)
            return mr_fail(err, MR_INVALID, "header %s: is made from the request, not given",
                           header->name);
    if (!header->value || strnlen(header->value, HEADER_VALUE_MAX + 1) > HEADER_VALUE_MAX)
        return mr_fail(err, MR_INVALID, "header %s: value must be 0..%d bytes", header->name,
                       HEADER_VALUE_MAX);
    for (const char *at = header->value; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return mr_fail(err, MR_INVALID, "header %s: value holds control byte 0x%02x at %td",
                           header->name, c, at - header->value);
    }
    return MR_OK;
}

static enum mr_code check_request(const struct mr_http_request *request, struct mr_error *err)
{
    enum mr_code rc = check_method(request->method, err);
    if (!rc)
        rc = mr_url_check(request->url, "url", URL_MAX, err);
    if (!rc && request->header_count > MR_HTTP_HEADERS_MAX)
        rc = mr_fail(err, MR_INVALID, "headers: %zu, at most %d", request->header_count,
                     MR_HTTP_HEADERS_MAX);
    for (size_t i = 0; !rc && i < request->header_count; i++)
        rc = check_header(&request->headers[i], err);
    if (!rc && (request->body_len < 0 || request->response_max < 0))
        rc = mr_fail(err, MR_INVALID, "body_len and response_max: must not be negative");
    if (!rc && request->body_len > 0 && !request->body == !request->body_read)
        rc = mr_fail(err, MR_INVALID, "body: exactly one of body and body_read must be given");
    return rc;
}

enum mr_code mr_http_request(struct mr_http *http, const struct mr_http_request *request,
                             struct mr_http_response *ret, struct mr_error *err)
{
    struct mr_error unread;
    if (!err)
        err = &unread; /* drivers take a callback's code from it */

    ret->status = 0;
    ret->began = false;
    mr_buf_reset(&ret->headers);
    mr_buf_reset(&ret->body);
    enum mr_code rc = check_request(request, err);
    if (rc)
        return rc;
    if (request->stop && atomic_load(request->stop))
        return mr_fail(err, MR_CANCELLED, "%s: stopped before it was sent", request->method);
    return http->ops->request(http, request, ret, err);
}

bool mr_http_header_get(const struct mr_http_response *response, const char *name, char *buf,
                        size_t size)
{
    size_t name_len = strlen(name);
    const char *line = response->headers.data;

    while (line && *line) {
        const char *end = strchr(line, '\n');
        size_t len = end ? (size_t)(end - line) : strlen(line);
        if (len > name_len && line[name_len] == ':' && memcmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1;
            value += strspn(value, " ");
            size_t value_len = value < line + len ? (size_t)(line + len - value) : 0;
            if (value_len >= size)
                return false;
            memcpy(buf, value, value_len);
            buf[value_len] = '\0';
            return true;
        }
        line = end ? end + 1 : NULL;
    }
    return false;
}

void mr_http_response_release(struct mr_http_response *response)
{
    if (!response)
        return;
    mr_buf_release(&response->headers);
    mr_buf_release(&response->body);
    response->status = 0;
}

void mr_http_free(struct mr_http *http)
{
    if (http)
        http->ops->free(http);
}
