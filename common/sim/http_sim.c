/* http_sim.c -- the twin of http_curl.c: answers from a script, and remembers what was asked. */
#include "common/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_MAX = 64, PIECE_BYTES = 1024 /* what on_body and body_read get at a time */ };

struct sim_http {
    struct mr_http http;
    struct mr_sim_world *world;
    const struct mr_sim_answer *answers; /* lent */
    size_t count;
    size_t asked;                 /* requests so far */
    struct mr_buf seen[SEEN_MAX]; /* of the last ones, the n-th at n % SEEN_MAX */
};

/* A server reads the body before it answers. */
static enum mr_code take_request(const struct mr_http_request *request, struct mr_buf *seen,
                                 struct mr_error *err)
{
    char piece[PIECE_BYTES];

    mr_buf_reset(seen);
    mr_buf_addf(seen, "%s %s\n", request->method, request->url);
    for (size_t i = 0; i < request->header_count; i++)
        mr_buf_addf(seen, "%s: %s\n", request->headers[i].name, request->headers[i].value);
    mr_buf_add_char(seen, '\n');
    if (request->body)
        mr_buf_add(seen, request->body, (size_t)request->body_len);
    for (int64_t left = request->body ? 0 : request->body_len; left > 0;) {
        if (request->stop && atomic_load(request->stop))
            return mr_fail(err, MR_CANCELLED, "%s: stopped", request->method);
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        err->code = MR_OK;
        int64_t n = request->body_read(request->body_ctx, piece, size, err);
        if (n <= 0)
            return err->code ? err->code : mr_fail(err, MR_INVALID, "body: ended too early");
        mr_buf_add(seen, piece, (size_t)n);
        left -= n;
    }
    return seen->failed ? mr_fail(err, MR_NO_MEMORY, "no memory for a request") : MR_OK;
}

static enum mr_code give_body(const struct mr_http_request *request, const char *body,
                              struct mr_http_response *ret, struct mr_error *err)
{
    size_t len = strlen(body);
    bool streams = request->on_body && ret->status >= 200 && ret->status < 300;
    enum mr_code rc = MR_OK;

    if (request->on_body && !streams && len > MR_HTTP_REFUSAL_MAX)
        len = MR_HTTP_REFUSAL_MAX;
    else if ((streams || !request->on_body) && (int64_t)len > request->response_max)
        return mr_fail(err, MR_TOO_LARGE, "the answer is longer than %" PRId64 " bytes",
                       request->response_max);
    if (!streams && mr_buf_add(&ret->body, body, len))
        return mr_fail(err, MR_NO_MEMORY, "no memory for an answer");
    for (size_t at = 0; streams && !rc && at < len; at += PIECE_BYTES) {
        size_t n = len - at < PIECE_BYTES ? len - at : PIECE_BYTES;
        rc = request->stop && atomic_load(request->stop)
                 ? mr_fail(err, MR_CANCELLED, "%s: stopped", request->method)
                 : request->on_body(request->on_body_ctx, body + at, n, err);
    }
    return rc;
}

static enum mr_code sim_request(struct mr_http *http, const struct mr_http_request *request,
                                struct mr_http_response *ret, struct mr_error *err)
{
    struct sim_http *sim = (struct sim_http *)http;
    static const struct mr_sim_answer no_content = {.status = 204};

    mr_sim_call(sim->world);
    if (mr_sim_fails(sim->world, MR_SIM_BEFORE))
        return mr_fail(err, MR_UNAVAILABLE, "%s: no connection, as told", request->method);
    size_t n = sim->asked++;
    enum mr_code rc = take_request(request, &sim->seen[n % SEEN_MAX], err);
    if (rc)
        return rc;
    if (mr_sim_fails(sim->world, MR_SIM_AFTER))
        return mr_fail(err, MR_UNAVAILABLE, "%s: the answer is lost, as told", request->method);
    const struct mr_sim_answer *answer =
        sim->count ? &sim->answers[n < sim->count ? n : sim->count - 1] : &no_content;
    if (answer->code)
        return mr_fail(err, answer->code, "%s: fails, as told", request->method);
    ret->status = answer->status;
    ret->began = true;
    if (answer->headers && mr_buf_add_str(&ret->headers, answer->headers))
        return mr_fail(err, MR_NO_MEMORY, "no memory for an answer");
    if (!answer->body || strcmp(request->method, "HEAD") == 0)
        return MR_OK;
    return give_body(request, answer->body, ret, err);
}

static void sim_free(struct mr_http *http)
{
    struct sim_http *sim = (struct sim_http *)http;
    for (size_t i = 0; i < SEEN_MAX; i++)
        mr_buf_release(&sim->seen[i]);
    free(sim);
}

struct mr_http *mr_http_sim_new(struct mr_sim_world *world, const struct mr_sim_answer *answers,
                                size_t n, struct mr_error *err)
{
    static const struct mr_http_ops ops = {.request = sim_request, .free = sim_free};
    struct sim_http *sim = calloc(1, sizeof *sim);
    if (!sim) {
        mr_fail(err, MR_NO_MEMORY, "no memory for a simulated http");
        return NULL;
    }
    sim->http.ops = &ops;
    sim->world = world;
    sim->answers = answers;
    sim->count = n;
    return &sim->http;
}

const char *mr_http_sim_seen(struct mr_http *http, size_t n)
{
    struct sim_http *sim = (struct sim_http *)http;
    if (n >= sim->asked || sim->asked - n > SEEN_MAX)
        return NULL;
    return sim->seen[n % SEEN_MAX].data;
}
