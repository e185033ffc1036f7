/* download.c -- GET /v1/jobs/{id}/outputs/{name}: bytes from storage as the client reads them.  A
 * thread gets the object into a pipe, the loop takes it out as the socket has room.  The head goes
 * out with the first bytes, so that an object that is not there is still a 404; what breaks later
 * cuts the connection, so that the client sees fewer bytes than Content-Length said. */
#include "common/base/json.h"
#include "common/base/log.h"
#include "gateway/handlers.h"
#include "gateway/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_MAX = 128, HEADERS_MAX = 512 };

struct download {
    struct gw_work work;
    struct gw_app *app;
    struct mr_blob *blob;
    char key[MR_BLOB_KEY_MAX + 1];
    char type[TYPE_MAX];
    char sha256[MR_SHA256_HEX];
    int64_t len, given;
    bool started; /* the head is out */
    bool ended;   /* the thread has ended */
    enum mr_code rc;
    struct mr_error err;
};

/* ---- the thread
 * ------------------------------------------------------------------------------------------- */

static enum mr_code write_body(void *ctx, const void *data, size_t len, struct mr_error *err)
{
    struct download *down = ctx;

    if (gw_pipe_put_wait(&down->work.pipe, data, len))
        return MR_OK;
    return mr_fail(err, MR_CANCELLED, "the client left");
}

static void run(struct gw_work *work)
{
    struct download *down = (struct download *)work;
    struct mr_blob_info info;

    down->rc =
        mr_blob_get_stream(down->blob, down->key, down->len, write_body, down, &info, &down->err);
    if (down->rc == MR_OK)
        gw_pipe_end(&work->pipe);
}

/* ---- the loop
 * -----------------------------------------------------------------------------------------------
 */

/* Freed when the thread has ended and the exchange is over, whichever is later. */
static void release(struct download *down)
{
    if (!down->ended || down->work.ex)
        return;
    gw_works_blob_back(&down->app->works, down->blob);
    gw_pipe_release(&down->work.pipe);
    free(down);
}

static void gone(struct gw_exchange *ex)
{
    struct download *down = ex->work;

    ex->work = NULL;
    gw_work_leave(&down->work);
    release(down);
}

static enum gw_pull pull(struct gw_exchange *ex, struct mr_buf *out)
{
    struct download *down = ex->work;
    bool all = false;
    size_t n;

    if (mr_buf_reserve(out, GW_PULL_BYTES))
        return GW_PULL_CUT;
    n = gw_pipe_get(&down->work.pipe, out->data + out->len, GW_PULL_BYTES, &all);
    out->len += n;
    down->given += (int64_t)n;
    if (down->given > down->len)
        return GW_PULL_CUT;
    if (n > 0) {
        gw_count(GW_METRIC_DOWNLOADED_BYTES, (int64_t)n);
        return GW_PULL_MORE;
    }
    if (all)
        return down->given == down->len ? GW_PULL_END : GW_PULL_CUT;
    return down->ended ? GW_PULL_CUT : GW_PULL_WAIT;
}

static void print_headers(const struct download *down, char *ret, size_t size)
{
    int n = 0;

    if (down->sha256[0])
        n = snprintf(ret, size, "ETag: \"%s\"\r\n", down->sha256);
    (void)snprintf(ret + n, size - (size_t)n,
                   "Cache-Control: private, no-cache\r\nContent-Security-Policy: default-src "
                   "'none'; sandbox\r\n");
}

static void begin_answer(struct download *down)
{
    char headers[HEADERS_MAX];
    const struct gw_answer answer = {.status = 200, .content_type = down->type, .headers = headers};

    print_headers(down, headers, sizeof(headers));
    down->started = true;
    down->work.ex->pull = pull;
    gw_exchange_answer_stream(down->work.ex, &answer, down->len);
}

static bool has_bytes(struct download *down)
{
    struct gw_pipe *pipe = &down->work.pipe;
    bool has;

    pthread_mutex_lock(&pipe->lock);
    has = pipe->len > 0 || pipe->ended;
    pipe->loop_waits = !has;
    pthread_mutex_unlock(&pipe->lock);
    return has;
}

static void progress(struct gw_work *work)
{
    struct download *down = (struct download *)work;

    if (down->started)
        gw_exchange_wake(work->ex);
    else if (has_bytes(down))
        begin_answer(down);
}

static void answer_failed(struct download *down)
{
    struct gw_exchange *ex = down->work.ex;

    if (down->rc == MR_NOT_FOUND) {
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "the output is no longer in storage");
        return;
    }
    mr_log_error(MR_WARN, "gateway.download_failed", &down->err, " request=%s key=%s", ex->id,
                 down->key);
    if (mr_code_retriable(down->rc))
        gw_problem_more(ex, 503, mr_code_name(MR_UNAVAILABLE), "storage did not answer",
                        "Retry-After: 1\r\n", NULL);
    else
        gw_problem(ex, 502, mr_code_name(down->rc), "storage did not give the output");
}

static void finish(struct gw_work *work)
{
    struct download *down = (struct download *)work;

    down->ended = true;
    if (!work->ex)
        release(down);
    else if (!down->started && down->rc)
        answer_failed(down); /* gone() releases it */
    else
        progress(work);
}

/* ---- the request
 * ---------------------------------------------------------------------------------------------- */

static const char *type_of(const cJSON *output)
{
    static const struct {
        const char *format, *type;
    } types[] = {
        {"jpeg", "image/jpeg"},     {"png", "image/png"}, {"webp", "image/webp"},
        {"avif", "image/avif"},     {"gif", "image/gif"}, {"tiff", "image/tiff"},
        {"heif", "image/heif"},     {"jxl", "image/jxl"}, {"json", "application/json"},
        {"pdf", "application/pdf"},
    };
    const cJSON *format = mr_json_get(output, "format");

    for (size_t i = 0; cJSON_IsString(format) && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].format, format->valuestring) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* A key under in/ belongs to the tenant that it names; a result cannot give away another's. */
static bool may_read(const char *tenant, const char *key)
{
    size_t len = strlen(tenant);

    return strncmp(key, "in/", 3) != 0 ||
           (strncmp(key + 3, tenant, len) == 0 && key[3 + len] == '/');
}

/* Fills what the row says of the output. */
static enum mr_code read_output(struct download *down, const char *tenant, const char *json,
                                struct mr_error *err)
{
    const char *key = NULL, *sha = NULL;
    cJSON *root = NULL;
    enum mr_code rc = mr_json_parse(json, strlen(json), &mr_json_limits_message, &root, err);

    if (!rc)
        rc = mr_json_str(root, "", "key", MR_BLOB_KEY_MAX, &key, err);
    if (!rc)
        rc = mr_json_int(root, "", "bytes", 0, INT64_MAX, &down->len, err);
    if (!rc)
        rc = mr_json_str_opt(root, "", "sha256", MR_SHA256_HEX - 1, &sha, err);
    if (!rc && !may_read(tenant, key))
        rc = mr_fail(err, MR_NOT_FOUND, "the job has no such output");
    else if (rc) /* a result of a custom worker without what is needed */
        rc = mr_fail(err, MR_NOT_FOUND, "the job's output names no key and bytes");
    if (!rc) {
        (void)snprintf(down->key, sizeof(down->key), "%s", key);
        (void)snprintf(down->type, sizeof(down->type), "%s", type_of(root));
        if (sha && strspn(sha, "0123456789abcdef") == MR_SHA256_HEX - 1)
            memcpy(down->sha256, sha, MR_SHA256_HEX);
    }
    cJSON_Delete(root);
    return rc;
}

static enum mr_code find_output(struct gw_app *app, struct gw_exchange *ex, struct download *down,
                                struct mr_error *err)
{
    struct gw_row row = {0};
    struct gw_output output;
    enum mr_code rc = gw_row_get(app, ex->who.tenant, ex->params[0], &row, NULL, err);

    if (rc)
        return rc;
    if (gw_output_find(&row, ex->params[1], &output))
        rc = read_output(down, ex->who.tenant, output.json, err);
    else
        rc = mr_fail(err, MR_NOT_FOUND, "the job has no such output");
    gw_row_release(&row);
    return rc;
}

/* HEAD, and a client that has it already, need nothing of storage. */
static bool answer_without_body(struct download *down, struct gw_exchange *ex)
{
    const char *has = gw_request_header(ex->request, "if-none-match");
    char headers[HEADERS_MAX];
    struct gw_answer answer = {.status = 200, .content_type = down->type, .headers = headers};

    print_headers(down, headers, sizeof(headers));
    if (has && down->sha256[0] && strstr(has, down->sha256)) {
        answer.status = 304;
        answer.content_type = NULL;
        gw_exchange_answer(ex, &answer);
        return true;
    }
    if (ex->request->method != GW_HEAD)
        return false;
    gw_exchange_answer_stream(ex, &answer, down->len);
    return true;
}

static enum mr_code start(struct gw_app *app, struct download *down, struct mr_error *err)
{
    enum mr_code rc =
        gw_pipe_init(&down->work.pipe, (size_t)app->config->pipe_bytes, app->works.wake_fd, err);

    if (rc)
        return rc;
    down->work.pipe.loop_waits = true;
    down->blob = gw_works_blob(&app->works, err);
    if (!down->blob)
        return mr_fail(err, MR_UNAVAILABLE, "no handle of storage");
    down->blob->stop = &down->work.stop;
    return gw_works_start(&app->works, &down->work, err);
}

void gw_download(struct gw_app *app, struct gw_exchange *ex)
{
    struct download *down;
    struct mr_error err;

    if (gw_works_full(&app->works, GW_WORK_DOWNLOAD)) {
        gw_problem_more(ex, 503, mr_code_name(MR_BUSY),
                        "GATEWAY_DOWNLOADS_MAX downloads are under way", "Retry-After: 1\r\n",
                        NULL);
        return;
    }
    down = calloc(1, sizeof(*down));
    if (!down) {
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
        return;
    }
    down->app = app;
    down->ended = true; /* no thread yet: release() frees at once */
    down->work.kind = GW_WORK_DOWNLOAD;
    down->work.run = run;
    down->work.progress = progress;
    down->work.finish = finish;
    if (find_output(app, ex, down, &err)) {
        release(down);
        gw_problem_error(ex, &err);
        return;
    }
    if (answer_without_body(down, ex)) {
        release(down);
        return;
    }
    if (start(app, down, &err)) {
        release(down);
        gw_problem_error(ex, &err);
        return;
    }
    down->ended = false;
    down->work.ex = ex;
    ex->work = down;
    ex->gone = gone;
}
