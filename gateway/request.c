/* request.c -- what a well-formed request is, beyond what llhttp checks.  Knows no sockets and no
 * routes.  Everything ambiguous is refused: two readers of one request must not differ. */
#include "gateway/request.h"

#include "common/base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const method_names[GW_METHOD_COUNT] = {
    [GW_GET] = "GET",       [GW_HEAD] = "HEAD",   [GW_POST] = "POST",       [GW_PUT] = "PUT",
    [GW_DELETE] = "DELETE", [GW_PATCH] = "PATCH", [GW_OPTIONS] = "OPTIONS",
};

const char *gw_method_name(enum gw_method method)
{
    return method_names[method];
}

static bool refuse(struct gw_refusal *refusal, int status, const char *detail)
{
    *refusal = (struct gw_refusal){.status = status, .detail = detail};
    return false;
}

static bool alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!alnum(text[i]) && (text[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", text[i])))
            return false;
    return len > 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* ---- the request line
 * ---------------------------------------------------------------------------- */

/* Finds the three words.  false: there are not exactly three. */
static bool split_line(const char *line, size_t len, const char **target, size_t *target_len,
                       const char **version, size_t *version_len)
{
    const char *end = line + len;
    const char *first = memchr(line, ' ', len), *second;

    if (!first)
        return false;
    second = memchr(first + 1, ' ', (size_t)(end - first - 1));
    if (!second)
        return false;
    *target = first + 1;
    *target_len = (size_t)(second - first - 1);
    *version = second + 1;
    *version_len = (size_t)(end - second - 1);
    return true;
}

static bool check_version(const char *version, size_t len, int *ret_minor,
                          struct gw_refusal *refusal)
{
    if (len == 8 && memcmp(version, "HTTP/1.", 7) == 0 &&
        (version[7] == '0' || version[7] == '1')) {
        *ret_minor = version[7] - '0';
        return true;
    }
    if (len >= 6 && memcmp(version, "HTTP/", 5) == 0 && isdigit((unsigned char)version[5]))
        return refuse(refusal, 505, "the version must be HTTP/1.1 or HTTP/1.0");
    return refuse(refusal, 400, "the request line must end with HTTP/1.1 or HTTP/1.0");
}

/* Decodes a path; what could be read in two ways is refused. */
static bool decode_path(const char *path, size_t len, char *ret, struct gw_refusal *refusal)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)path[i];
        if (c == '%') {
            c = (unsigned char)(hex_digit(path[i + 1]) * 16 + hex_digit(path[i + 2]));
            i += 2;
            if (c < 0x20 || c == 0x7F || c == '/' || c == '\\')
                return refuse(
                    refusal, 400,
                    "the path must not have encoded control bytes, slashes or backslashes");
        }
        ret[n++] = (char)c;
    }
    ret[n] = '\0';
    if (!mr_utf8_valid(ret, n))
        return refuse(refusal, 400, "the path must be UTF-8");
    for (const char *segment = ret; segment; segment = strchr(segment + 1, '/')) {
        size_t span = strcspn(segment + 1, "/");
        if ((span == 1 && segment[1] == '.') || (span == 2 && memcmp(segment + 1, "..", 2) == 0))
            return refuse(refusal, 400, "the path must not have . or .. segments");
    }
    return true;
}

static bool check_target_bytes(const char *target, size_t len, struct gw_refusal *refusal)
{
    for (size_t i = 0; i < len; i++) {
        if (!alnum(target[i]) && (target[i] == '\0' || !strchr("-._~:/?@!$&'()*+,;=%", target[i])))
            return refuse(refusal, 400, "the target has a byte that must be percent-encoded");
        if (target[i] == '%' &&
            (i + 2 >= len || hex_digit(target[i + 1]) < 0 || hex_digit(target[i + 2]) < 0))
            return refuse(refusal, 400, "a % in the target must be followed by two hex digits");
    }
    return true;
}

/* Length of "http://" or "https://" in front; 0 where the target is no absolute-form. */
static size_t scheme_len(const char *target, size_t len)
{
    if (len >= 7 && strncasecmp(target, "http://", 7) == 0)
        return 7;
    if (len >= 8 && strncasecmp(target, "https://", 8) == 0)
        return 8;
    return 0;
}

static size_t authority_len(const char *authority, size_t len)
{
    size_t n = 0;

    while (n < len && authority[n] != '/' && authority[n] != '?')
        n++;
    return n;
}

void gw_request_authority(const char *line, size_t len, char *ret, size_t size)
{
    const char *target, *version;
    size_t target_len, version_len, skip, n;

    ret[0] = '\0';
    if (!split_line(line, len, &target, &target_len, &version, &version_len))
        return;
    skip = scheme_len(target, target_len);
    if (skip == 0)
        return;
    n = authority_len(target + skip, target_len - skip);
    (void)snprintf(ret, size, "%.*s", (int)n, target + skip);
}

static bool find_method(const char *line, size_t len, enum gw_method *ret)
{
    for (int m = 0; m < GW_METHOD_COUNT; m++)
        if (strlen(method_names[m]) == len && memcmp(method_names[m], line, len) == 0) {
            *ret = (enum gw_method)m;
            return true;
        }
    return false;
}

bool gw_request_line(const char *line, size_t len, struct gw_request *ret, char *text,
                     struct gw_refusal *refusal)
{
    const char *target, *version, *mark;
    size_t target_len, version_len, skip, path_len;

    if (!split_line(line, len, &target, &target_len, &version, &version_len))
        return refuse(refusal, 400, "the request line must be: method target version");
    if (!is_token(line, (size_t)(target - 1 - line)))
        return refuse(refusal, 400, "the method is not a token");
    if (!check_version(version, version_len, &ret->minor, refusal))
        return false;
    if (!find_method(line, (size_t)(target - 1 - line), &ret->method))
        return refuse(refusal, 501, "the method must be GET, HEAD, POST, PUT or DELETE");
    if (!check_target_bytes(target, target_len, refusal))
        return false;
    skip = scheme_len(target, target_len);
    if (skip > 0) {
        skip += authority_len(target + skip, target_len - skip);
        target += skip;
        target_len -= skip;
    }
    mark = memchr(target, '?', target_len);
    path_len = mark ? (size_t)(mark - target) : target_len;
    if (skip > 0 && path_len == 0) {
        memcpy(text, "/", 2);
    } else {
        if (path_len == 0 || target[0] != '/')
            return refuse(refusal, 400, "the target must be a path that begins with /");
        if (!decode_path(target, path_len, text, refusal))
            return false;
    }
    ret->path = text;
    text += strlen(text) + 1;
    path_len = mark ? target_len - path_len - 1 : 0;
    if (path_len > 0)
        memcpy(text, mark + 1, path_len);
    text[path_len] = '\0';
    ret->query = text;
    return true;
}

/* ---- headers
 * --------------------------------------------------------------------------------------- */

const char *gw_request_header(const struct gw_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

static size_t header_times(const struct gw_request *request, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < request->header_count; i++)
        n += strcmp(request->headers[i].name, name) == 0;
    return n;
}

static bool check_host(const struct gw_request *request, const char *authority,
                       struct gw_refusal *refusal)
{
    const char *host = gw_request_header(request, "host");

    if (!host)
        return request->minor == 0 && authority[0] == '\0'
                   ? true
                   : refuse(refusal, 400, "HTTP/1.1 needs a Host header");
    if (host[0] == '\0' || strlen(host) > 255)
        return refuse(refusal, 400, "Host must have 1 to 255 characters");
    for (const char *p = host; *p; p++)
        if (!alnum(*p) && !strchr("-._~:[]%!$&'()*+;=", *p))
            return refuse(refusal, 400, "Host has a character that no host name has");
    if (authority[0] && strcasecmp(host, authority) != 0)
        return refuse(refusal, 400, "the target's authority and Host must be the same");
    return true;
}

static bool check_length(struct gw_request *request, struct gw_refusal *refusal)
{
    const char *length = gw_request_header(request, "content-length");
    int64_t n = 0;

    request->content_length = -1;
    if (!length)
        return true;
    if (length[0] == '\0')
        return refuse(refusal, 400, "Content-Length must be digits");
    for (const char *p = length; *p; p++) {
        if (*p < '0' || *p > '9')
            return refuse(refusal, 400, "Content-Length must be digits");
        if (p - length >= 18)
            return refuse(refusal, 413, "Content-Length has more than 18 digits");
        n = n * 10 + (*p - '0');
    }
    request->content_length = n;
    return true;
}

static bool check_framing(struct gw_request *request, struct gw_refusal *refusal)
{
    const char *coding = gw_request_header(request, "transfer-encoding");

    request->chunked = false;
    if (!check_length(request, refusal))
        return false;
    if (!coding)
        return true;
    if (request->content_length >= 0)
        return refuse(refusal, 400, "Content-Length and Transfer-Encoding together");
    if (request->minor == 0)
        return refuse(refusal, 400, "HTTP/1.0 has no Transfer-Encoding");
    if (strcasecmp(coding, "chunked") != 0)
        return refuse(refusal, 501, "Transfer-Encoding must be chunked and nothing else");
    request->chunked = true;
    return true;
}

bool gw_request_check(struct gw_request *request, const char *authority, struct gw_refusal *refusal)
{
    static const char *const once[] = {
        "host",          "content-length",  "transfer-encoding", "content-type", "content-encoding",
        "authorization", "idempotency-key", "content-digest",    "repr-digest",  "if-none-match",
        "x-request-id",
    };
    const char *expect = gw_request_header(request, "expect");

    for (size_t i = 0; i < request->header_count; i++)
        if (!is_token(request->headers[i].name, strlen(request->headers[i].name)))
            return refuse(refusal, 400, "a header's name is not a token");
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
        if (header_times(request, once[i]) > 1)
            return refuse(refusal, 400, "a header that may be there once is there twice");
    if (!check_host(request, authority, refusal) || !check_framing(request, refusal))
        return false;
    request->expect_continue = false;
    if (expect && request->minor == 1) {
        if (strcasecmp(expect, "100-continue") != 0)
            return refuse(refusal, 417, "Expect must be 100-continue");
        request->expect_continue = true;
    }
    return true;
}

/* ---- the query
 * ---------------------------------------------------------------------------------------- */

static bool decode_value(const char *text, size_t len, char *ret, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') { /* two hex digits follow: checked with the request line */
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        if (n == max || (unsigned char)c < 0x20 || c == 0x7F)
            return false;
        ret[n++] = c;
    }
    ret[n] = '\0';
    return mr_utf8_valid(ret, n);
}

enum mr_code gw_request_query(const struct gw_request *request, const char *name,
                              char ret[GW_QUERY_VALUE_MAX + 1], bool *ret_found,
                              struct mr_error *err)
{
    size_t name_len = strlen(name);

    *ret_found = false;
    for (const char *p = request->query; *p;) {
        size_t len = strcspn(p, "&");
        if (len >= name_len && memcmp(p, name, name_len) == 0 &&
            (len == name_len || p[name_len] == '=')) {
            const char *value = len == name_len ? p + len : p + name_len + 1;
            if (*ret_found)
                return mr_fail(err, MR_INVALID, "query parameter %s: must be given once", name);
            if (!decode_value(value, (size_t)(p + len - value), ret, GW_QUERY_VALUE_MAX))
                return mr_fail(err, MR_INVALID,
                               "query parameter %s: must be at most %d bytes of UTF-8 without "
                               "control characters",
                               name, GW_QUERY_VALUE_MAX);
            *ret_found = true;
        }
        p += len;
        p += *p == '&';
    }
    return MR_OK;
}

enum mr_code gw_request_query_known(const struct gw_request *request, const char *const *names,
                                    struct mr_error *err)
{
    for (const char *p = request->query; *p;) {
        size_t len = strcspn(p, "&"), name_len = strcspn(p, "&=");
        bool known = len == 0;
        for (const char *const *name = names; *name && !known; name++)
            known = strlen(*name) == name_len && memcmp(*name, p, name_len) == 0;
        if (!known)
            return mr_fail(err, MR_INVALID, "query parameter %.*s: is not known here",
                           (int)(name_len < 80 ? name_len : 80), p);
        p += len;
        p += *p == '&';
    }
    return MR_OK;
}
