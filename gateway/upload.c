/* upload.c -- PUT or POST /v1/uploads: a body that goes to storage as it comes.  The loop puts
 * bytes into a pipe, a thread of the upload's own gives them to the blob port; when the pipe is
 * full the socket is not read.  Nothing is stored unless all of it came, and is what its digest
 * says. */
#include "common/base/json.h"
#include "common/base/log.h"
#include "gateway/handlers.h"
#include "gateway/metrics.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EXTENSION_MAX = 8, TYPE_MAX = 127, RANDOM_BYTES = 16 };

struct upload {
    struct gw_work work;
    struct gw_app *app;
    struct mr_blob *blob; /* the thread's until it has ended */
    char key[MR_BLOB_KEY_MAX + 1];
    char content_type[TYPE_MAX + 1];
    int64_t len, given;
    bool check;   /* the client told a digest */
    bool refused; /* by us, for its digest or because the client left */
    uint8_t want[MR_SHA256_LEN];
    struct mr_sha256 sha;
    struct mr_blob_info info;
    enum mr_code rc;
    struct mr_error err;
};

/* ---- the thread
 * -------------------------------------------------------------------------------------------- */

static int64_t read_body(void *ctx, void *buf, size_t size, struct mr_error *err)
{
    struct upload *up = ctx;
    int64_t n = gw_pipe_get_wait(&up->work.pipe, buf, size);
    uint8_t is[MR_SHA256_LEN];

    if (n < 0) {
        up->refused = true;
        (void)mr_fail(err, MR_CANCELLED, "the client left");
        return -1;
    }
    up->given += n;
    if (!up->check || n == 0)
        return n;
    mr_sha256_add(&up->sha, buf, (size_t)n);
    if (up->given < up->len)
        return n;
    mr_sha256_end(&up->sha, is); /* before the last bytes go: then nothing is stored */
    if (mr_same_bytes(is, up->want, sizeof(is)))
        return n;
    up->refused = true;
    (void)mr_fail(err, MR_INVALID, "Content-Digest: the body has another sha-256");
    return -1;
}

static void run(struct gw_work *work)
{
    struct upload *up = (struct upload *)work;
    const struct mr_blob_put put = {.content_type = up->content_type};

    up->rc =
        mr_blob_put_stream(up->blob, up->key, &put, up->len, read_body, up, &up->info, &up->err);
}

/* ---- the loop
 * ------------------------------------------------------------------------------------------------
 */

static void free_upload(struct upload *up)
{
    gw_works_blob_back(&up->app->works, up->blob);
    gw_pipe_release(&up->work.pipe);
    mr_sha256_release(&up->sha);
    free(up);
}

static void answer_stored(struct upload *up, struct gw_exchange *ex)
{
    struct mr_buf body = {0};
    struct mr_jw w;

    mr_jw_begin(&w, &body);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "key", up->key);
    mr_jw_int(&w, "bytes", up->len);
    mr_jw_str(&w, "sha256", up->info.sha256);
    mr_jw_close(&w, '}');
    gw_exchange_json(ex, 201, &body);
}

/* Storage's own words are for the log; the client is told whether it may try again. */
static void answer_failed(struct upload *up, struct gw_exchange *ex)
{
    if (up->refused && up->rc == MR_INVALID) {
        gw_problem_error(ex, &up->err);
        return;
    }
    mr_log_error(MR_WARN, "gateway.upload_failed", &up->err, " request=%s key=%s", ex->id, up->key);
    if (mr_code_retriable(up->rc))
        gw_problem_more(ex, 503, mr_code_name(MR_UNAVAILABLE), "storage did not take the upload",
                        "Retry-After: 1\r\n", NULL);
    else
        gw_problem(ex, 502, mr_code_name(up->rc), "storage refused the upload");
}

static void finish(struct gw_work *work)
{
    struct upload *up = (struct upload *)work;
    struct gw_exchange *ex = work->ex;

    if (up->rc == MR_OK)
        gw_count(GW_METRIC_UPLOADED_BYTES, up->len);
    if (ex && up->rc == MR_OK)
        answer_stored(up, ex);
    else if (ex)
        answer_failed(up, ex);
    free_upload(up);
}

static void progress(struct gw_work *work)
{
    gw_exchange_wake(work->ex);
}

static void gone(struct gw_exchange *ex)
{
    struct upload *up = ex->work;

    ex->work = NULL;
    gw_work_leave(&up->work);
}

static size_t room(struct gw_exchange *ex)
{
    return gw_pipe_room(&((struct upload *)ex->work)->work.pipe);
}

static void push(struct gw_exchange *ex, const char *data, size_t len)
{
    gw_pipe_put(&((struct upload *)ex->work)->work.pipe, data, len);
}

static void pushed(struct gw_exchange *ex)
{
    gw_pipe_end(&((struct upload *)ex->work)->work.pipe);
}

/* ---- the request
 * ---------------------------------------------------------------------------------------------- */

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* "sha-256=:<44 of base64>:" in a list of digests (RFC 9530). *ret_found: there is one of sha-256.
 */
static enum mr_code read_digest(const char *text, uint8_t ret[MR_SHA256_LEN], bool *ret_found,
                                struct mr_error *err)
{
    const char *at = text;
    uint32_t bits = 0;
    size_t n = 0, have = 0;

    *ret_found = false;
    while (at && strncasecmp(at, "sha-256=:", 9) != 0) {
        at = strchr(at, ',');
        at = at ? at + 1 + strspn(at + 1, " \t") : NULL;
    }
    if (!at)
        return MR_OK; /* digests of other kinds may be passed over */
    for (at += 9; base64_digit(*at) >= 0 && n < MR_SHA256_LEN; at++) {
        bits = bits << 6 | (uint32_t)base64_digit(*at);
        have += 6;
        if (have >= 8) {
            have -= 8;
            ret[n++] = (uint8_t)(bits >> have);
        }
    }
    if (n != MR_SHA256_LEN || strncmp(at, "=:", 2) != 0)
        return mr_fail(err, MR_INVALID, "Content-Digest: must be sha-256=:<44 of base64>:");
    *ret_found = true;
    return MR_OK;
}

static enum mr_code find_digest(struct upload *up, const struct gw_request *request,
                                struct mr_error *err)
{
    const char *text = gw_request_header(request, "content-digest");
    enum mr_code rc;

    if (!text)
        text = gw_request_header(request, "repr-digest");
    if (!text)
        return MR_OK;
    rc = read_digest(text, up->want, &up->check, err);
    if (!rc && up->check)
        rc = mr_sha256_init(&up->sha, err);
    return rc;
}

/* in/<tenant>/<random>[.<extension of name>] */
static enum mr_code make_key(struct upload *up, const struct gw_exchange *ex, struct mr_error *err)
{
    static const char *const known[] = {"name", NULL};
    char name[GW_QUERY_VALUE_MAX + 1], coded[(RANDOM_BYTES * 8 + 4) / 5 + 1];
    char extension[EXTENSION_MAX + 2] = "";
    uint8_t bytes[RANDOM_BYTES];
    bool named = false;
    enum mr_code rc;

    rc = gw_request_query_known(ex->request, known, err);
    if (!rc)
        rc = gw_request_query(ex->request, "name", name, &named, err);
    if (!rc)
        rc = mr_random(bytes, sizeof(bytes), err);
    if (rc)
        return rc;
    const char *dot = named ? strrchr(name, '.') : NULL;
    size_t len = dot ? strlen(dot + 1) : 0;
    if (len > 0 && len <= EXTENSION_MAX &&
        strspn(dot + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len)
        (void)snprintf(extension, sizeof(extension), "%s", dot);
    for (char *p = extension; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    mr_base32(bytes, sizeof(bytes), coded);
    (void)snprintf(up->key, sizeof(up->key), "in/%s/%s%s", ex->who.tenant, coded, extension);
    return MR_OK;
}

static void copy_type(struct upload *up, const struct gw_request *request)
{
    const char *type = gw_request_header(request, "content-type");
    bool fits = type && type[0] && strlen(type) <= TYPE_MAX;

    for (const char *p = type; fits && *p; p++)
        fits = *p >= 0x20 && *p < 0x7F;
    (void)snprintf(up->content_type, sizeof(up->content_type), "%s",
                   fits ? type : "application/octet-stream");
}

static enum mr_code start(struct gw_app *app, struct gw_exchange *ex, struct upload *up,
                          struct mr_error *err)
{
    enum mr_code rc = make_key(up, ex, err);

    if (!rc)
        rc = find_digest(up, ex->request, err);
    if (!rc)
        rc = gw_pipe_init(&up->work.pipe, (size_t)app->config->pipe_bytes, app->works.wake_fd, err);
    if (rc)
        return rc;
    copy_type(up, ex->request);
    up->blob = gw_works_blob(&app->works, err);
    if (!up->blob)
        return mr_fail(err, MR_UNAVAILABLE, "no handle of storage");
    up->blob->stop = &up->work.stop;
    return gw_works_start(&app->works, &up->work, err);
}

void gw_upload(struct gw_app *app, struct gw_exchange *ex)
{
    struct upload *up;
    struct mr_error err;

    if (gw_works_full(&app->works, GW_WORK_UPLOAD)) {
        gw_problem_more(ex, 503, mr_code_name(MR_BUSY), "GATEWAY_UPLOADS_MAX uploads are under way",
                        "Retry-After: 1\r\n", NULL);
        return;
    }
    up = calloc(1, sizeof(*up));
    if (!up) {
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
        return;
    }
    up->app = app;
    up->len = ex->request->content_length;
    up->work.kind = GW_WORK_UPLOAD;
    up->work.ex = ex;
    up->work.run = run;
    up->work.progress = progress;
    up->work.finish = finish;
    if (start(app, ex, up, &err)) {
        free_upload(up);
        gw_problem_error(ex, &err);
        return;
    }
    ex->work = up;
    ex->gone = gone;
    ex->room = room;
    ex->push = push;
    ex->pushed = pushed;
    /* storage's own time-outs end it; the answer waits for them */
    ex->answer_ms =
        app->config->answer_ms + ex->request->content_length / app->config->rate_min * 1000;
}
