/* problem.c -- answers that say no: RFC 9457.  Knows statuses and codes, not what made them. */
#include "common/base/json.h"
#include "gateway/exchange.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *reason, *code;
} statuses[] = {
    {200, "OK", "HTTP_OK"},
    {201, "Created", "HTTP_CREATED"},
    {202, "Accepted", "HTTP_ACCEPTED"},
    {204, "No Content", "HTTP_NO_CONTENT"},
    {304, "Not Modified", "HTTP_NOT_MODIFIED"},
    {400, "Bad Request", "HTTP_BAD_REQUEST"},
    {401, "Unauthorized", "HTTP_UNAUTHORIZED"},
    {403, "Forbidden", "HTTP_FORBIDDEN"},
    {404, "Not Found", "HTTP_NOT_FOUND"},
    {405, "Method Not Allowed", "HTTP_METHOD_NOT_ALLOWED"},
    {408, "Request Timeout", "HTTP_REQUEST_TIMEOUT"},
    {409, "Conflict", "HTTP_CONFLICT"},
    {410, "Gone", "HTTP_GONE"},
    {411, "Length Required", "HTTP_LENGTH_REQUIRED"},
    {412, "Precondition Failed", "HTTP_PRECONDITION_FAILED"},
    {413, "Content Too Large", "HTTP_CONTENT_TOO_LARGE"},
    {414, "URI Too Long", "HTTP_URI_TOO_LONG"},
    {415, "Unsupported Media Type", "HTTP_UNSUPPORTED_MEDIA_TYPE"},
    {417, "Expectation Failed", "HTTP_EXPECTATION_FAILED"},
    {422, "Unprocessable Content", "HTTP_UNPROCESSABLE_CONTENT"},
    {429, "Too Many Requests", "HTTP_TOO_MANY_REQUESTS"},
    {431, "Request Header Fields Too Large", "HTTP_HEADERS_TOO_LARGE"},
    {500, "Internal Server Error", "HTTP_INTERNAL_SERVER_ERROR"},
    {501, "Not Implemented", "HTTP_NOT_IMPLEMENTED"},
    {502, "Bad Gateway", "HTTP_BAD_GATEWAY"},
    {503, "Service Unavailable", "HTTP_SERVICE_UNAVAILABLE"},
    {504, "Gateway Timeout", "HTTP_GATEWAY_TIMEOUT"},
    {505, "HTTP Version Not Supported", "HTTP_VERSION_NOT_SUPPORTED"},
};

const char *gw_status_reason(int status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].status == status)
            return statuses[i].reason;
    return "Unknown";
}

const char *gw_status_code(int status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].status == status)
            return statuses[i].code;
    return "HTTP_UNKNOWN";
}

/* Length of the JSON pointer in front of "/a/b: text"; 0 where there is none. */
static size_t pointer_len(const char *detail)
{
    size_t n = strcspn(detail, ": ");

    return detail[0] == '/' && detail[n] == ':' ? n : 0;
}

void gw_problem_print(struct mr_buf *buf, int status, const char *code, const char *detail,
                      const char *members)
{
    size_t pointer = pointer_len(detail);
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "type", "about:blank");
    mr_jw_str(&w, "title", gw_status_reason(status));
    mr_jw_int(&w, "status", status);
    mr_jw_str(&w, "code", code);
    mr_jw_str(&w, "detail", detail);
    if (pointer > 0) {
        (void)mr_buf_add_str(buf, ",\"pointer\":");
        (void)mr_buf_add_json(buf, detail, pointer);
    }
    if (members)
        (void)mr_buf_add_str(buf, members);
    mr_jw_close(&w, '}');
}

void gw_problem_more(struct gw_exchange *ex, int status, const char *code, const char *detail,
                     const char *headers, const char *members)
{
    struct gw_answer answer = {
        .status = status,
        .content_type = "application/problem+json",
        .headers = headers,
    };
    struct mr_buf body = {0};

    gw_problem_print(&body, status, code, detail, members);
    if (body.failed) /* the status alone is an answer, too */
        answer.content_type = NULL;
    answer.body = body.data;
    answer.len = body.failed ? 0 : body.len;
    gw_exchange_answer(ex, &answer);
    mr_buf_release(&body);
}

void gw_problem(struct gw_exchange *ex, int status, const char *code, const char *detail)
{
    gw_problem_more(ex, status, code, detail, NULL, NULL);
}

/* Does the text of an error of this code speak of the request alone? */
static bool tells_of_request(enum mr_code code)
{
    return code == MR_INVALID || code == MR_TOO_LARGE || code == MR_UNSUPPORTED ||
           code == MR_UNAUTHENTICATED || code == MR_DENIED || code == MR_NOT_FOUND ||
           code == MR_CONFLICT || code == MR_BUSY;
}

void gw_problem_error(struct gw_exchange *ex, const struct mr_error *err)
{
    int status = err->code == MR_BUSY ? 503 : mr_code_http(err->code);
    const char *detail = tells_of_request(err->code) ? err->text : mr_code_meaning(err->code);

    gw_problem_more(ex, status, mr_code_name(err->code), detail,
                    mr_code_retriable(err->code) ? "Retry-After: 1\r\n" : NULL, NULL);
}

void gw_exchange_json(struct gw_exchange *ex, int status, struct mr_buf *buf)
{
    struct gw_answer answer = {
        .status = status,
        .content_type = "application/json",
        .body = buf->data,
        .len = buf->len,
    };

    if (buf->failed)
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
    else
        gw_exchange_answer(ex, &answer);
    mr_buf_release(buf);
}
