/* blob_s3_request.c -- one signed request to S3: made, sent, tried again where that is safe, and
 * its refusal put into our codes.  Knows nothing of what the calls are for. */
#include "common/adapters/blob_s3.h"

#include "common/adapters/blob_xml.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    RETRY_WAIT_MAX_MS = 5000,
    NAP_MS = 20, /* how late a stop may be seen while waiting */
    SHOWN_MAX = 160,
};

void mr_s3_add_header(struct mr_s3_call *call, const char *name, const char *value)
{
    if (value && *value && call->header_count < MR_S3_HEADERS_MAX)
        call->headers[call->header_count++] = (struct mr_http_header){name, value};
}

/* ---- sending --------------------------------------------------------------------------------- */

static bool stopped(const struct mr_s3 *s3)
{
    return s3->blob.stop && atomic_load(s3->blob.stop);
}

static bool is_set(const char *text)
{
    return text && *text;
}

/* Signs the call and puts all its headers into request. */
static enum mr_code sign(struct mr_s3 *s3, struct mr_s3_call *call, const char *path,
                         char date[MR_SIGV4_DATE], struct mr_buf *authorization,
                         struct mr_http_request *request, struct mr_error *err)
{
    static const char empty_sha256[] =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct mr_http_header headers[MR_HTTP_HEADERS_MAX];
    size_t n = call->header_count;
    int64_t now_ms = s3->clock->wall_ms(s3->clock);
    const char *payload = call->payload_sha256 ? call->payload_sha256 : empty_sha256;
    const struct mr_sigv4_keys keys = {.access_key = s3->config.access_key,
                                       .secret_key = s3->config.secret_key,
                                       .region = s3->config.region,
                                       .service = "s3",
                                       .s3 = true};

    memcpy(headers, call->headers, n * sizeof *headers);
    mr_sigv4_date(now_ms, date);
    headers[n++] = (struct mr_http_header){"x-amz-date", date};
    headers[n++] = (struct mr_http_header){"x-amz-content-sha256", payload};
    if (is_set(s3->config.session_token))
        headers[n++] = (struct mr_http_header){"x-amz-security-token", s3->config.session_token};
    memcpy(request->headers, headers, n * sizeof *headers); /* but for host: curl sends that */
    request->header_count = n;
    headers[n++] = (struct mr_http_header){"host", s3->host};

    const struct mr_sigv4_request to_sign = {.method = call->method,
                                             .path = path,
                                             .query = call->query,
                                             .headers = headers,
                                             .header_count = n,
                                             .payload_sha256 = payload,
                                             .time_ms = now_ms};
    enum mr_code rc = mr_sigv4_sign(&keys, &to_sign, authorization, call->chain, err);
    if (!rc)
        request->headers[request->header_count++] =
            (struct mr_http_header){"authorization", authorization->data};
    return rc;
}

static enum mr_code send_once(struct mr_s3 *s3, struct mr_s3_call *call,
                              struct mr_http_response *response, struct mr_error *err)
{
    struct mr_buf path = {0}, url = {0}, authorization = {0};
    char date[MR_SIGV4_DATE];
    struct mr_http_request request = {
        .method = call->method,
        .body = call->body,
        .body_read = call->body_read,
        .body_ctx = call->body_ctx,
        .body_len = call->body_len,
        .on_body = call->on_body,
        .on_body_ctx = call->on_body_ctx,
        .response_max = call->on_body || call->response_max ? call->response_max : MR_S3_ANSWER_MAX,
        .connect_timeout_ms = s3->config.connect_ms,
        .timeout_ms = s3->config.timeout_ms,
        .stall_timeout_ms = s3->config.stall_ms,
        .stop = s3->blob.stop,
    };
    enum mr_code rc;

    mr_buf_addf(&path, "/%s", s3->config.bucket);
    if (call->key) {
        mr_buf_add_char(&path, '/');
        mr_sigv4_encode(&path, call->key, strlen(call->key), true);
    }
    if (!path.failed)
        mr_buf_addf(&url, "%s%s%s%s", s3->base, path.data, call->query ? "?" : "",
                    call->query ? call->query : "");
    if (path.failed || url.failed) {
        rc = mr_fail(err, MR_NO_MEMORY, "S3: no memory for a request");
        goto done;
    }
    rc = sign(s3, call, path.data, date, &authorization, &request, err);
    if (rc)
        goto done;
    request.url = url.data;
    rc = mr_http_request(s3->http, &request, response, err);
done:
    mr_buf_release(&authorization);
    mr_buf_release(&url);
    mr_buf_release(&path);
    return rc;
}

bool mr_s3_again(struct mr_s3 *s3, const struct mr_s3_call *call)
{
    uint32_t random = 0;

    if (call->tries >= s3->config.tries)
        return false;
    int64_t wait_ms = s3->config.retry_ms;
    for (int i = 1; i < call->tries && wait_ms < RETRY_WAIT_MAX_MS; i++)
        wait_ms *= 2;
    if (wait_ms > RETRY_WAIT_MAX_MS)
        wait_ms = RETRY_WAIT_MAX_MS;
    if (mr_random(&random, sizeof random, NULL))
        random = 0; /* then all wait alike */
    wait_ms = wait_ms / 2 + (int64_t)(random % (uint32_t)(wait_ms / 2 + 1));
    for (; wait_ms > 0 && !stopped(s3); wait_ms -= NAP_MS) {
        struct timespec nap = {.tv_nsec = (wait_ms < NAP_MS ? wait_ms : NAP_MS) * 1000000};
        nanosleep(&nap, NULL);
    }
    return !stopped(s3);
}

/* ---- refusals -------------------------------------------------------------------------------- */

struct refusal {
    char code[64]; /* "NoSuchKey"; "" where the answer has no body */
    char message[SHOWN_MAX];
};

static enum mr_code read_refusal(void *ctx, const char *path, const char *text,
                                 struct mr_error *err)
{
    struct refusal *refusal = ctx;
    (void)err;
    if (strcmp(path, "Error/Code") == 0)
        snprintf(refusal->code, sizeof refusal->code, "%s", text);
    else if (strcmp(path, "Error/Message") == 0)
        snprintf(refusal->message, sizeof refusal->message, "%s", text);
    return MR_OK;
}

/* Days since 1970 of a day in the Gregorian calendar (Howard Hinnant's days_from_civil). */
static int64_t days_since_1970(int year, int month, int day)
{
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

/* How far our clock is ahead of the server's, in seconds, by the answer's Date header. */
static bool clock_ahead_s(struct mr_s3 *s3, const struct mr_http_response *response, int64_t *ret)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char date[64], month[4];
    int day, year, hour, minute, second;

    if (!mr_http_header_get(response, "date", date, sizeof date) ||
        sscanf(date, "%*3s, %2d %3s %4d %2d:%2d:%2d", &day, month, &year, &hour, &minute,
               &second) != 6)
        return false;
    const char *at = strstr(months, month);
    if (!at || strlen(month) != 3 || (at - months) % 3 != 0)
        return false;
    int64_t theirs = days_since_1970(year, (int)(at - months) / 3 + 1, day);
    theirs = ((theirs * 24 + hour) * 60 + minute) * 60 + second;
    *ret = s3->clock->wall_ms(s3->clock) / 1000 - theirs;
    return true;
}

struct rule {
    const char *name; /* S3's code; NULL: any */
    int status;       /* 0: any */
    enum mr_code code;
    const char *hint;
};

/* The first row that fits. */
/* clang-format off */
static const struct rule rules[] = {
    {"NoSuchKey",                    404, MR_NOT_FOUND,   ""},
    {"NoSuchBucket",                 404, MR_NOT_FOUND,   ": no such bucket: create it, or correct MILLRACE_S3_BUCKET"},
    {"SignatureDoesNotMatch",          0, MR_DENIED,      ": check MILLRACE_S3_SECRET_KEY"},
    {"InvalidAccessKeyId",             0, MR_DENIED,      ": check MILLRACE_S3_ACCESS_KEY"},
    {"AuthorizationHeaderMalformed",   0, MR_DENIED,      ": check MILLRACE_S3_REGION"},
    {"PermanentRedirect",              0, MR_DENIED,      ": the bucket is elsewhere: check MILLRACE_S3_ENDPOINT and MILLRACE_S3_REGION"},
    {"ConditionalRequestConflict",     0, MR_UNAVAILABLE, ": another upload to the key is under way"},
    {"OperationAborted",               0, MR_UNAVAILABLE, ": another call to the key is under way"},
    {"RequestTimeout",                 0, MR_TIMEOUT,     ""},
    {"SlowDown",                       0, MR_UNAVAILABLE, ""},
    {"IncompleteBody",                 0, MR_UNAVAILABLE, ""},
    {"BadDigest",                      0, MR_UNAVAILABLE, ": the body was damaged on its way"},
    {"XAmzContentSHA256Mismatch",      0, MR_UNAVAILABLE, ": the body was damaged on its way"},
    {"XAmzContentChecksumMismatch",    0, MR_UNAVAILABLE, ": the body was damaged on its way"},
    {"EntityTooLarge",                 0, MR_TOO_LARGE,   ""},
    {NULL,                           403, MR_DENIED,      ""},
    {NULL,                           401, MR_DENIED,      ""},
    {NULL,                           404, MR_NOT_FOUND,   ""},
    {NULL,                           412, MR_EXISTS,      ""},
    {NULL,                           413, MR_TOO_LARGE,   ""},
    {NULL,                           429, MR_BUSY,        ""},
    {NULL,                             0, MR_INVALID,     ""},
};
/* clang-format on */

static enum mr_code refuse(struct mr_s3 *s3, const struct mr_s3_call *call,
                           const struct mr_http_response *response, struct mr_error *err)
{
    struct refusal refusal = {.code = ""};
    const struct rule *rule = rules;
    int64_t ahead_s;
    char skew[96] = "";

    if (response->body.len > 0 &&
        mr_xml_read(response->body.data, response->body.len, read_refusal, &refusal, NULL))
        refusal.message[0] = '\0'; /* a body that is no S3 answer: the status must do */
    while ((rule->name && strcmp(rule->name, refusal.code) != 0) ||
           (rule->status && rule->status != response->status))
        rule++;
    enum mr_code code = response->status >= 500 && !rule->name ? MR_UNAVAILABLE : rule->code;
    if (strcmp(refusal.code, "RequestTimeTooSkewed") == 0 && clock_ahead_s(s3, response, &ahead_s))
        snprintf(skew, sizeof skew,
                 ": this machine's clock is %" PRId64 " s %s the server's: set it right",
                 ahead_s < 0 ? -ahead_s : ahead_s, ahead_s < 0 ? "behind" : "ahead of");
    return mr_fail(err, code, "S3 %s %s%s%.*s: %d%s%s%s%s%s%s", call->method, s3->config.bucket,
                   call->key ? "/" : "", SHOWN_MAX, call->key ? call->key : "", response->status,
                   refusal.code[0] ? " " : "", refusal.code, refusal.message[0] ? ": " : "",
                   refusal.message, rule->hint, skew);
}

enum mr_code mr_s3_send(struct mr_s3 *s3, struct mr_s3_call *call,
                        struct mr_http_response *response, struct mr_error *err)
{
    for (;;) {
        call->tries++;
        enum mr_code rc = send_once(s3, call, response, err);
        if (!rc && response->status >= 200 && response->status < 300)
            return MR_OK;
        if (!rc)
            rc = refuse(s3, call, response, err);
        if (!mr_code_retriable(rc) || (call->touched && *call->touched))
            return rc;
        if (!mr_s3_again(s3, call))
            return stopped(s3) ? mr_fail(err, MR_CANCELLED, "S3: stopped between two tries") : rc;
    }
}
