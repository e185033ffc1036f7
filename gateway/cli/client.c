/* client.c -- talking to the gateway. The key goes into one header and nowhere else. */
#include "gateway/cli/cli.h"

#include "common/adapters/adapters.h"
#include "common/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANSWER_MAX = 16 * 1024 * 1024, STALL_MS = 30000 };

enum mr_code cli_read_file(const char *file, size_t max, struct mr_buf *ret, struct mr_error *err)
{
    const bool is_stdin = strcmp(file, "-") == 0;
    const int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    struct mr_buf text = {0};
    char chunk[16384];
    ssize_t n = -1;

    if (fd < 0)
        return mr_fail(err, errno == ENOENT ? MR_NOT_FOUND : MR_IO, "%s: %s", file,
                       strerror(errno));
    while ((n = read(fd, chunk, sizeof chunk)) > 0 && text.len <= max)
        (void)mr_buf_add(&text, chunk, (size_t)n);
    if (!is_stdin)
        (void)close(fd);
    if (n < 0 || text.failed || text.len > max) {
        mr_buf_release(&text);
        return text.len > max ? mr_fail(err, MR_TOO_LARGE, "%s: at most %zu bytes", file, max)
                              : mr_fail(err, MR_IO, "%s: %s", file, strerror(errno));
    }
    *ret = text;
    return MR_OK;
}

/* One line of a file of the embedded cluster's folder, without its newline. */
static bool read_line(const struct cli *cli, const char *name, char *buf, size_t size)
{
    struct mr_buf text = {0};
    char path[4200];

    (void)snprintf(path, sizeof path, "%s/%s", cli->config.data, name);
    if (cli_read_file(path, size - 1, &text, NULL))
        return false;
    (void)snprintf(buf, size, "%.*s", (int)strcspn(text.data ? text.data : "", "\r\n"),
                   text.data ? text.data : "");
    mr_buf_release(&text);
    return buf[0] != '\0';
}

enum mr_code cli_connect(struct cli *cli, struct mr_error *err)
{
    const struct cli_config *config = &cli->config;

    if (config->url[0])
        (void)snprintf(cli->url, sizeof cli->url, "%s", config->url);
    else if (!read_line(cli, "url", cli->url, sizeof cli->url))
        return mr_fail(err, MR_NOT_FOUND,
                       "no cluster is known: start one with `millrace up`, or set MILLRACE_URL and "
                       "MILLRACE_KEY");
    while (cli->url[0] && cli->url[strlen(cli->url) - 1] == '/')
        cli->url[strlen(cli->url) - 1] = '\0';
    if (config->key[0])
        (void)snprintf(cli->key, sizeof cli->key, "%s", config->key);
    else
        (void)read_line(cli, "admin.key", cli->key, sizeof cli->key);
    cli->http = mr_http_curl_new(err);
    return cli->http ? MR_OK : err->code;
}

static void header(struct mr_http_request *request, const char *name, const char *value)
{
    request->headers[request->header_count++] = (struct mr_http_header){name, value};
}

/* The words of a problem+json answer. */
static enum mr_code problem(const struct cli *cli, const struct mr_http_response *response,
                            struct mr_error *err)
{
    const enum mr_code code = response->status == 404   ? MR_NOT_FOUND
                              : response->status == 401 ? MR_UNAUTHENTICATED
                              : response->status == 403 ? MR_DENIED
                              : response->status == 409 ? MR_CONFLICT
                              : response->status >= 500 ? MR_UNAVAILABLE
                                                        : MR_INVALID;
    cJSON *body = NULL;
    const cJSON *errors, *item;
    struct mr_buf text = {0};

    if (mr_json_parse(response->body.data ? response->body.data : "", response->body.len,
                      &mr_json_limits_message, &body, NULL))
        body = NULL; /* not ours: a proxy's page, perhaps */
    (void)mr_buf_addf(&text, "%s (%d)",
                      cli_text(body, "detail")[0] ? cli_text(body, "detail")
                                                  : cli_text(body, "title"),
                      response->status);
    errors = mr_json_get(body, "errors");
    cJSON_ArrayForEach(item, errors)
    {
        (void)mr_buf_addf(&text, "; %s: %s", cli_text(item, "location"), cli_text(item, "message"));
    }
    (void)mr_fail(err, code, "%s", text.data ? text.data : "");
    if (response->status == 401)
        (void)mr_fail(err, code, "%s did not take the key: set MILLRACE_KEY", cli->url);
    mr_buf_release(&text);
    cJSON_Delete(body);
    return code;
}

static enum mr_code exchange(struct cli *cli, struct mr_http_request *request, const char *path,
                             struct mr_http_response *response, struct mr_error *err)
{
    char url[2048], bearer[300];
    enum mr_code rc;

    (void)snprintf(url, sizeof url, "%s%s", cli->url, path);
    (void)snprintf(bearer, sizeof bearer, "Bearer %s", cli->key);
    request->url = url;
    request->response_max = request->response_max ? request->response_max : ANSWER_MAX;
    if (cli->key[0])
        header(request, "Authorization", bearer);
    rc = mr_http_request(cli->http, request, response, err);
    if (rc == MR_UNAVAILABLE) {
        struct mr_error why = *err;

        (void)mr_fail(err, rc, "%s; is it running? `millrace doctor` looks", why.text);
    }
    if (!rc && (response->status < 200 || response->status > 299))
        rc = problem(cli, response, err);
    return rc;
}

enum mr_code cli_call(struct cli *cli, const char *method, const char *path,
                      const struct mr_buf *body, cJSON **ret, struct mr_error *err)
{
    struct mr_http_request request = {.method = method, .timeout_ms = cli->config.timeout_ms};
    struct mr_http_response response = {0};
    const struct mr_json_limits limits = {ANSWER_MAX, MR_JSON_DEPTH_MAX};
    enum mr_code rc;

    if (body) {
        request.body = body->data;
        request.body_len = (int64_t)body->len;
        header(&request, "Content-Type", "application/json");
    }
    *ret = NULL;
    rc = exchange(cli, &request, path, &response, err);
    if (!rc && response.body.len)
        rc = mr_json_parse(response.body.data, response.body.len, &limits, ret, err);
    mr_http_response_release(&response);
    return rc;
}

/* ---- files --------------------------------------------------------------------------------------
 */

static int64_t read_body(void *ctx, void *buf, size_t size, struct mr_error *err)
{
    const ssize_t n = read(*(int *)ctx, buf, size);

    if (n < 0)
        (void)mr_fail(err, MR_IO, "read: %s", strerror(errno));
    return n;
}

static enum mr_code write_body(void *ctx, const void *data, size_t len, struct mr_error *err)
{
    const char *p = data;

    while (len > 0) {
        const ssize_t n = write(*(int *)ctx, p, len);

        if (n < 0)
            return mr_fail(err, MR_IO, "write: %s", strerror(errno));
        p += n;
        len -= (size_t)n;
    }
    return MR_OK;
}

enum mr_code cli_upload(struct cli *cli, const char *file, cJSON **ret, struct mr_error *err)
{
    struct mr_http_request request = {.method = "POST",
                                      .stall_timeout_ms = STALL_MS,
                                      .timeout_ms = 3600 * 1000,
                                      .body_read = read_body};
    struct mr_http_response response = {0};
    const char *dot = strrchr(file, '.'), *slash = strrchr(file, '/');
    char path[128] = "/v1/uploads";
    struct stat st;
    enum mr_code rc;
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        rc = mr_fail(err, MR_NOT_FOUND, "%s: %s", file,
                     fd < 0 ? strerror(errno) : "is not a plain file");
        goto done;
    }
    if (dot && (!slash || dot > slash) && strlen(dot) < 8 &&
        strspn(dot + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
            strlen(dot + 1))
        (void)snprintf(path, sizeof path, "/v1/uploads?name=photo%s", dot);
    request.body_ctx = &fd;
    request.body_len = st.st_size;
    header(&request, "Content-Type", "application/octet-stream");
    rc = exchange(cli, &request, path, &response, err);
    if (!rc)
        rc =
            mr_json_parse(response.body.data, response.body.len, &mr_json_limits_message, ret, err);
done:
    if (fd >= 0)
        (void)close(fd);
    mr_http_response_release(&response);
    return rc;
}

enum mr_code cli_download(struct cli *cli, const char *path, const char *file, struct mr_error *err)
{
    struct mr_http_request request = {.method = "GET",
                                      .stall_timeout_ms = STALL_MS,
                                      .timeout_ms = 3600 * 1000,
                                      .on_body = write_body,
                                      .response_max = INT64_MAX};
    struct mr_http_response response = {0};
    char part[4200];
    enum mr_code rc;
    int fd;

    (void)snprintf(part, sizeof part, "%s.part", file);
    fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return mr_fail(err, MR_IO, "%s: %s", part, strerror(errno));
    request.on_body_ctx = &fd;
    rc = exchange(cli, &request, path, &response, err);
    mr_http_response_release(&response);
    if (close(fd) && !rc)
        rc = mr_fail(err, MR_IO, "%s: %s", part, strerror(errno));
    if (!rc && rename(part, file))
        rc = mr_fail(err, MR_IO, "%s: %s", file, strerror(errno));
    if (rc)
        (void)unlink(part);
    return rc;
}
