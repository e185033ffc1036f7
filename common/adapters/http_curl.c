/* http_curl.c -- HTTP by libcurl: one easy handle driven through a multi handle, whose waits are
 * short enough to see the stop flag, and which keeps the connections between requests. The
 * request's form has been checked by ports/http.c. */
#include "common/adapters/http_address.h"
#include "common/adapters/http_reach.h"
#include "common/adapters/http_url.h"
#include "common/base/url.h"
#include "common/ports/clock.h"
#include "common/ports/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    TIMEOUT_MS = 30000,
    WAIT_MS = 50, /* longest sleep: how late a stop or a stall may be seen */
    BUFFER_BYTES = 128 * 1024,
    IDLE_CONNECTION_S = 60,
    SHOWN_MAX = 200, /* bytes of the URL that errors show */
};

struct http_curl {
    struct mr_http http;
    CURLM *multi;
    CURL *easy;
    char *ca_file;
    bool public_only;
    const struct mr_http_hosts *reach; /* lent */
    struct curl_slist *resolve;
};

/* One request under way. */
struct transfer {
    const struct http_curl *curl;
    const struct mr_http_request *request;
    struct mr_http_response *ret;
    struct mr_error *err;
    enum mr_code code; /* why a callback of ours gave up; err says more */
    bool headers_done; /* what still comes as a header is a trailer */
    bool address_refused;
    bool started; /* the body has begun */
    bool cut; /* a refusal's body went on beyond what is kept of it: it is an answer all the same */
    int64_t received;
    int64_t sent;
    int64_t moved_ms;                  /* when a byte went either way */
    int64_t arrived;                   /* bytes of the answer, headers too */
    int64_t window_ms, window_arrived; /* when the rate was last looked at, and what was there */
    bool host_listed;                  /* its name is one of the handle's reach */
    char url[SHOWN_MAX];
    char why[CURL_ERROR_SIZE];
};

/* ---- what curl calls ------------------------------------------------------------------------- */

static bool stop_asked(const struct mr_http_request *request)
{
    return request->stop && atomic_load(request->stop);
}

static bool stopped(struct transfer *t)
{
    if (!t->code && stop_asked(t->request))
        t->code = mr_fail(t->err, MR_CANCELLED, "%s %s: stopped", t->request->method, t->url);
    return t->code != MR_OK;
}

static void add_header_line(struct mr_buf *headers, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon)
        return;
    for (const char *at = line; at < colon; at++)
        mr_buf_add_char(headers, (char)tolower((unsigned char)*at));
    mr_buf_add_str(headers, ": ");
    const char *at = colon + 1, *end = line + len;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && isspace((unsigned char)end[-1]))
        end--;
    for (; at < end; at++)
        mr_buf_add_char(headers, (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at);
    mr_buf_add_char(headers, '\n');
}

/* Gets every line of every answer: 1xx ones first, the final one's, then trailers. */
static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t len = size * count;

    t->moved_ms = mr_mono_ms();
    t->arrived += (int64_t)len;
    if (t->headers_done)
        return len;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        const char *space = memchr(line, ' ', len);
        mr_buf_reset(&t->ret->headers);
        t->ret->status = 0;
        for (const char *at = space ? space + 1 : line + len;
             at < line + len && isdigit((unsigned char)*at) && t->ret->status < 1000; at++)
            t->ret->status = t->ret->status * 10 + (*at - '0');
    } else if (len > 0 && (line[0] == '\r' || line[0] == '\n')) {
        t->headers_done = t->ret->began = t->ret->status >= 200;
    } else {
        add_header_line(&t->ret->headers, line, len);
    }
    if (t->ret->headers.failed)
        t->code = mr_fail(t->err, MR_NO_MEMORY, "%s: no memory for the headers", t->url);
    else if (t->ret->headers.len > MR_HTTP_ANSWER_HEADERS_MAX)
        t->code = mr_fail(t->err, MR_TOO_LARGE, "%s: the answer's headers exceed %d bytes", t->url,
                          MR_HTTP_ANSWER_HEADERS_MAX);
    return t->code ? 0 : len;
}

static bool is_success(const struct mr_http_response *response)
{
    return response->status >= 200 && response->status < 300;
}

/* A body that says beforehand that it is too long is not begun. */
static bool fits(struct transfer *t, size_t more)
{
    curl_off_t announced = -1;
    int64_t max = t->request->response_max;

    if (!t->started)
        curl_easy_getinfo(t->curl->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    t->started = true;
    if (announced <= max && (int64_t)more <= max - t->received)
        return true;
    t->code = mr_fail(t->err, MR_TOO_LARGE, "%s: the answer is longer than %lld bytes", t->url,
                      (long long)max);
    return false;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    const struct mr_http_request *request = t->request;
    size_t len = size * count, keep = len;

    if (stopped(t))
        return CURL_WRITEFUNC_ERROR;
    if (request->on_body && !is_success(t->ret)) {
        size_t room = MR_HTTP_REFUSAL_MAX - t->ret->body.len;
        keep = len < room ? len : room;
        t->cut = keep < len;
    } else if (!fits(t, len)) {
        return CURL_WRITEFUNC_ERROR;
    }
    if (request->on_body && is_success(t->ret))
        t->code = request->on_body(request->on_body_ctx, data, len, t->err);
    else if (mr_buf_add(&t->ret->body, data, keep))
        t->code = mr_fail(t->err, MR_NO_MEMORY, "%s: no memory for the answer", t->url);
    t->received += (int64_t)len;
    t->arrived += (int64_t)len;
    t->moved_ms = mr_mono_ms();
    return t->code || t->cut ? CURL_WRITEFUNC_ERROR : len;
}

static size_t read_body(char *buf, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    const struct mr_http_request *request = t->request;
    int64_t n = request->body_len - t->sent;

    if (stopped(t))
        return CURL_READFUNC_ABORT;
    if (n > (int64_t)(size * count))
        n = (int64_t)(size * count);
    if (n > 0 && request->body) {
        memcpy(buf, (const char *)request->body + t->sent, (size_t)n);
    } else if (n > 0) {
        t->err->code = MR_OK;
        n = request->body_read(request->body_ctx, buf, (size_t)n, t->err);
        if (n == 0)
            mr_fail(t->err, MR_INVALID, "body: ended after %lld of %lld bytes", (long long)t->sent,
                    (long long)request->body_len);
        if (n <= 0) {
            t->code = t->err->code ? t->err->code
                                   : mr_fail(t->err, MR_INTERNAL, "body: failed without a reason");
            return CURL_READFUNC_ABORT;
        }
    }
    t->sent += n;
    t->moved_ms = mr_mono_ms();
    return (size_t)n;
}

/* curl asks for it where a kept connection turns out to be dead and it takes a new one. */
static int rewind_body(void *ctx, curl_off_t offset, int origin)
{
    struct transfer *t = ctx;
    if (offset != 0 || origin != SEEK_SET || (t->request->body_read && t->sent > 0))
        return CURL_SEEKFUNC_CANTSEEK;
    t->sent = 0;
    return CURL_SEEKFUNC_OK;
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = ctx;
    (void)purpose;
    if (t->curl->public_only && !t->host_listed && !mr_http_address_public(&address->addr) &&
        !mr_http_hosts_hold(t->curl->reach, &address->addr)) {
        t->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int close_socket(void *ctx, curl_socket_t fd)
{
    (void)ctx; /* may be called after the transfer: the connection is kept */
    return close(fd);
}

/* ---- one request ----------------------------------------------------------------------------- */

static struct curl_slist *add_line(struct curl_slist *list, const char *line, bool *failed)
{
    struct curl_slist *longer = curl_slist_append(list, line);
    if (!longer)
        *failed = true;
    return longer ? longer : list;
}

/* The headers as curl wants them; NULL on failure. */
static struct curl_slist *make_headers(const struct mr_http_request *request)
{
    struct curl_slist *list = NULL;
    struct mr_buf line = {0};
    bool failed = false, has_agent = false, has_type = false;

    for (size_t i = 0; i < request->header_count && !failed; i++) {
        const struct mr_http_header *header = &request->headers[i];
        const char *value = header->value + strspn(header->value, " \t");
        has_agent |= strcasecmp(header->name, "user-agent") == 0;
        has_type |= strcasecmp(header->name, "content-type") == 0;
        mr_buf_reset(&line);
        if (*value)
            mr_buf_addf(&line, "%s: %s", header->name, value);
        else
            mr_buf_addf(&line, "%s;", header->name); /* curl's way to send an empty value */
        failed = line.failed;
        if (!failed)
            list = add_line(list, line.data, &failed);
    }
    list = add_line(list, "Expect:", &failed); /* no waiting for 100-continue */
    if (!has_type)
        list = add_line(list, "Content-Type:", &failed); /* none of curl's own */
    if (!has_agent)
        list = add_line(list, "User-Agent: millrace/" MR_VERSION, &failed);
    mr_buf_release(&line);
    if (failed) {
        curl_slist_free_all(list);
        return NULL;
    }
    return list;
}

static bool sends_length_zero(const char *method)
{
    return strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static CURLcode set_form(CURL *easy, const struct mr_http_request *request)
{
    CURLcode rc;
    if (strcmp(request->method, "HEAD") == 0)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (request->body_len > 0 || sends_length_zero(request->method)) {
        rc = curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        if (!rc)
            rc = curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_len);
        if (rc)
            return rc;
    }
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static int64_t or_default(int64_t ms, int64_t fallback)
{
    return ms > 0 ? ms : fallback;
}

/* The first failure is kept; the text says only which kind of thing failed, for they do so only
 * without memory. */
static CURLcode set_options(struct transfer *t, struct curl_slist *headers)
{
    CURL *easy = t->curl->easy;
    const struct mr_http_request *request = t->request;
    CURLcode rc = CURLE_OK;

#define SET(option, value) rc = rc ? rc : curl_easy_setopt(easy, CURLOPT_##option, value)
    curl_easy_reset(easy);
    SET(ERRORBUFFER, t->why);
    SET(URL, request->url);
    SET(PATH_AS_IS, 1L);
    SET(PROTOCOLS_STR, "http,https");
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(FOLLOWLOCATION, 0L);
    SET(PROXY, "");
    SET(NOSIGNAL, 1L);
    SET(QUICK_EXIT, 1L); /* a stop does not wait for the resolver */
    SET(NETRC, (long)CURL_NETRC_IGNORED);
    SET(BUFFERSIZE, (long)BUFFER_BYTES);
    SET(UPLOAD_BUFFERSIZE, (long)BUFFER_BYTES);
    SET(MAXAGE_CONN, (long)IDLE_CONNECTION_S);
    SET(CONNECTTIMEOUT_MS, (long)or_default(request->connect_timeout_ms, CONNECT_TIMEOUT_MS));
    SET(TIMEOUT_MS, (long)or_default(request->timeout_ms, TIMEOUT_MS));
    SET(HTTPHEADER, headers);
    SET(HEADERFUNCTION, on_header);
    SET(HEADERDATA, t);
    SET(WRITEFUNCTION, on_body);
    SET(WRITEDATA, t);
    SET(READFUNCTION, read_body);
    SET(READDATA, t);
    SET(SEEKFUNCTION, rewind_body);
    SET(SEEKDATA, t);
    SET(OPENSOCKETFUNCTION, open_socket);
    SET(OPENSOCKETDATA, t);
    SET(CLOSESOCKETFUNCTION, close_socket);
    if (t->curl->ca_file)
        SET(CAINFO, t->curl->ca_file);
    if (t->curl->resolve)
        SET(RESOLVE, t->curl->resolve);
#undef SET
    return rc ? rc : set_form(easy, request);
}

static bool stalled(struct transfer *t)
{
    int64_t max = t->request->stall_timeout_ms;
    if (max <= 0 || mr_mono_ms() - t->moved_ms < max)
        return false;
    t->code = mr_fail(t->err, MR_TIMEOUT, "%s %s: no byte either way for %lld ms",
                      t->request->method, t->url, (long long)max);
    return true;
}

/* Looks once a window, so that a burst does not pay for what comes after it. */
static bool crawls(struct transfer *t)
{
    const struct mr_http_request *request = t->request;
    const int64_t now_ms = mr_mono_ms(), ms = now_ms - t->window_ms;

    if (request->rate_min <= 0 || request->rate_window_ms <= 0 || ms < request->rate_window_ms)
        return false;
    if ((t->arrived - t->window_arrived) * 1000 >= request->rate_min * ms) {
        t->window_ms = now_ms;
        t->window_arrived = t->arrived;
        return false;
    }
    t->code = mr_fail(t->err, MR_TIMEOUT, "%s %s: slower than %lld bytes a second over %lld ms",
                      request->method, t->url, (long long)request->rate_min, (long long)ms);
    return true;
}

/* Runs what is in the multi handle to its end, or until a stop, a stall or a crawl. */
static CURLcode drive(struct transfer *t)
{
    CURLM *multi = t->curl->multi;
    int running = 1;

    for (;;) {
        CURLMcode rc = curl_multi_perform(multi, &running);
        if (rc)
            return rc == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
        if (!running || stopped(t) || stalled(t) || crawls(t))
            break;
        rc = curl_multi_poll(multi, NULL, 0, WAIT_MS, NULL);
        if (rc)
            return rc == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
    }
    int left;
    for (CURLMsg *msg; (msg = curl_multi_info_read(multi, &left));)
        if (msg->msg == CURLMSG_DONE)
            return msg->data.result;
    return CURLE_ABORTED_BY_CALLBACK;
}

static enum mr_code map_failure(struct transfer *t, CURLcode rc)
{
    const char *why = t->why[0] ? t->why : curl_easy_strerror(rc);
    const char *method = t->request->method;
    curl_off_t connected_us = 0;

    if (t->code)
        return t->code; /* a callback's, with its words in err */
    if (t->address_refused)
        return mr_fail(t->err, MR_DENIED, "%s %s: not an address of the public internet", method,
                       t->url);
    switch ((int)rc) {
    case CURLE_OUT_OF_MEMORY:
        return mr_fail(t->err, MR_NO_MEMORY, "%s %s: %s", method, t->url, why);
    case CURLE_URL_MALFORMAT:
        return mr_fail(t->err, MR_INVALID, "%s %s: %s", method, t->url, why);
    case CURLE_SSL_CACERT_BADFILE:
        return mr_fail(t->err, MR_INVALID, "%s %s: authorities file %s: %s", method, t->url,
                       t->curl->ca_file ? t->curl->ca_file : "of the system", why);
    case CURLE_TOO_LARGE: /* a line of a header that curl will not hold */
        return mr_fail(t->err, MR_TOO_LARGE, "%s %s: %s", method, t->url, why);
    case CURLE_FAILED_INIT:
        return mr_fail(t->err, MR_INTERNAL, "%s %s: %s", method, t->url, why);
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(t->curl->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
        return mr_fail(t->err, connected_us > 0 ? MR_TIMEOUT : MR_UNAVAILABLE, "%s %s: %s", method,
                       t->url, why);
    }
    return mr_fail(t->err, MR_UNAVAILABLE, "%s %s: %s", method, t->url, why);
}

static enum mr_code curl_request(struct mr_http *http, const struct mr_http_request *request,
                                 struct mr_http_response *ret, struct mr_error *err)
{
    struct http_curl *curl = (struct http_curl *)http;
    const int64_t now_ms = mr_mono_ms();
    struct transfer t = {.curl = curl,
                         .request = request,
                         .ret = ret,
                         .err = err,
                         .moved_ms = now_ms,
                         .window_ms = now_ms};
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    if (curl->reach) {
        struct mr_http_url url;
        const enum mr_code refused = mr_http_url_parse(request->url, &url, err);
        if (refused)
            return refused;
        t.host_listed = mr_http_hosts_name(curl->reach, url.host);
        mr_http_url_release(&url);
    }
    mr_url_show(request->url, t.url, sizeof t.url);
    struct curl_slist *headers = make_headers(request);
    if (headers)
        rc = set_options(&t, headers);
    if (!rc && curl_multi_add_handle(curl->multi, curl->easy))
        rc = CURLE_FAILED_INIT;
    else if (!rc) {
        rc = drive(&t);
        curl_multi_remove_handle(curl->multi, curl->easy);
    }
    enum mr_code code = rc && !(t.cut && !t.code) ? map_failure(&t, rc) : t.code;
    curl_easy_reset(curl->easy); /* forgets what is on this stack */
    curl_slist_free_all(headers);
    return code;
}

/* ---- the handle ------------------------------------------------------------------------------ */

static void curl_free_handle(struct mr_http *http)
{
    struct http_curl *curl = (struct http_curl *)http;
    if (curl->easy)
        curl_easy_cleanup(curl->easy);
    if (curl->multi)
        curl_multi_cleanup(curl->multi);
    curl_slist_free_all(curl->resolve);
    free(curl->ca_file);
    free(curl);
}

static CURLcode global_rc;

static void global_setup(void)
{
    global_rc = curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct mr_http *mr_http_curl_new_with(const struct mr_http_curl_options *options,
                                      struct mr_error *err)
{
    static const struct mr_http_ops ops = {.request = curl_request, .free = curl_free_handle};
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, global_setup);
    struct http_curl *curl = calloc(1, sizeof *curl);
    if (!curl || global_rc)
        goto fail;
    curl->http.ops = &ops;
    curl->public_only = options->public_only;
    curl->reach = options->reach;
    curl->multi = curl_multi_init();
    curl->easy = curl_easy_init();
    if (options->ca_file && *options->ca_file) {
        curl->ca_file = strdup(options->ca_file);
        if (!curl->ca_file)
            goto fail;
    }
    if (options->resolve && !(curl->resolve = curl_slist_append(NULL, options->resolve)))
        goto fail;
    if (curl->multi && curl->easy)
        return &curl->http;
fail:
    if (curl)
        curl_free_handle(&curl->http);
    mr_fail(err, MR_NO_MEMORY, "libcurl cannot be started: %s",
            global_rc ? curl_easy_strerror(global_rc) : "no memory");
    return NULL;
}

struct mr_http *mr_http_curl_new(struct mr_error *err)
{
    struct mr_http_curl_options options = {0};
    return mr_http_curl_new_with(&options, err);
}
