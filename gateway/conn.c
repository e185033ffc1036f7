/* conn.c -- the life of a connection as a table of states: idle, head, body, work, send, linger.
 * Each state has an absolute deadline, so that a slow client costs a known time at most. */
#include "gateway/conn.h"

#include "common/base/log.h"
#include "gateway/response.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t now(struct gw_conn *conn)
{
    return conn->env->clock->mono_ms(conn->env->clock);
}

static void enter(struct gw_conn *conn, enum gw_conn_state state, int64_t ms)
{
    conn->state = state;
    conn->deadline_ms = now(conn) + ms;
}

static int64_t ms_for(struct gw_conn *conn, int64_t base_ms, int64_t bytes)
{
    return base_ms + bytes / conn->env->limits->rate_min * 1000;
}

static void keep_body(void *ctx, const char *data, size_t len)
{
    struct gw_conn *conn = ctx;
    struct gw_exchange *ex = &conn->ex;

    if (conn->answered || conn->too_large)
        return;
    if (ex->push)
        ex->push(ex, data, len);
    else if (len > ex->body_max - ex->body.len)
        conn->too_large = true;
    else
        (void)mr_buf_add(&ex->body, data, len); /* `failed` is looked at when it is complete */
}

struct gw_conn *gw_conn_new(const struct gw_conn_env *env, int fd, struct mr_error *err)
{
    struct gw_conn *conn = calloc(1, sizeof(*conn));

    if (!conn) {
        (void)mr_fail(err, MR_NO_MEMORY, "connection: memory ran out");
        return NULL;
    }
    conn->parser = gw_parser_new((size_t)env->limits->head_bytes_max, keep_body, conn, err);
    if (!conn->parser) {
        free(conn);
        return NULL;
    }
    conn->env = env;
    conn->fd = fd;
    enter(conn, GW_CONN_IDLE, env->limits->head_ms);
    return conn;
}

/* The exchange is over: whoever works on it is told, its memory is given back. */
static void end_exchange(struct gw_conn *conn, bool cut)
{
    struct gw_exchange *ex = &conn->ex;

    if (!conn->begun)
        return;
    conn->begun = false;
    if (ex->gone)
        ex->gone(ex);
    conn->env->hooks->ended(conn->env->hooks->ctx, ex, cut);
    mr_buf_release(&ex->body);
}

void gw_conn_free(struct gw_conn *conn)
{
    if (!conn)
        return;
    end_exchange(conn, true);
    if (conn->fd >= 0)
        close(conn->fd);
    gw_parser_free(conn->parser);
    mr_buf_release(&conn->out);
    free(conn);
}

static void touch(struct gw_conn *conn)
{
    if (conn->touched)
        return;
    conn->touched = true;
    conn->next_touched = *conn->env->touched;
    *conn->env->touched = conn;
}

static void close_now(struct gw_conn *conn)
{
    touch(conn);
    end_exchange(conn, true);
    conn->state = GW_CONN_CLOSED;
}

void gw_conn_hang_up(struct gw_conn *conn)
{
    if (conn->state != GW_CONN_CLOSED)
        close_now(conn);
}

/* ---- answering
 * ------------------------------------------------------------------------------------------ */

static void make_id(struct gw_conn *conn)
{
    const char *given =
        conn->ex.request ? gw_request_header(conn->ex.request, "x-request-id") : NULL;
    uint64_t n = ++*conn->env->requests;

    if (given && mr_id_valid(given, strlen(given)))
        (void)snprintf(conn->ex.id, sizeof(conn->ex.id), "%s", given);
    else
        (void)snprintf(conn->ex.id, sizeof(conn->ex.id), "%016" PRIx64,
                       mr_hash64(conn->env->seed, &n, sizeof(n)));
}

static void begin_exchange(struct gw_conn *conn, bool has_head)
{
    conn->ex = (struct gw_exchange){.conn = conn, .began_ms = now(conn)};
    conn->ex.request = has_head ? gw_parser_request(conn->parser) : NULL;
    conn->begun = true;
    conn->answered = conn->too_large = false;
    make_id(conn);
}

/* Appends the head, and the body but for HEAD; from now on the connection sends. */
static void send_answer(struct gw_conn *conn, const struct gw_answer *answer, int64_t len)
{
    struct gw_exchange *ex = &conn->ex;
    bool whole = conn->state == GW_CONN_WORK;
    struct gw_response_head head = {
        .answer = answer,
        .len = len,
        .id = ex->id,
        .wall_ms = conn->env->clock->wall_ms(conn->env->clock),
    };

    if (!whole || answer->close || !ex->request || !ex->request->keep_alive || *conn->env->draining)
        conn->close = true;
    head.close = conn->close;
    head.keep_alive_told = ex->request && ex->request->minor == 0;
    conn->answered = true;
    ex->status = answer->status;
    gw_response_print(&head, &conn->out);
    if (ex->request && ex->request->method == GW_HEAD)
        ex->pull = NULL;
    else if (!ex->pull && answer->len > 0)
        (void)mr_buf_add(&conn->out, answer->body, answer->len);
    enter(conn, GW_CONN_SEND, ms_for(conn, conn->env->limits->write_ms, len));
    if (conn->out.failed)
        close_now(conn);
}

void gw_exchange_answer(struct gw_exchange *ex, const struct gw_answer *answer)
{
    if (ex->conn->answered)
        return;
    if (ex->gone)
        ex->gone(ex);
    ex->gone = NULL;
    ex->pull = NULL;
    send_answer(ex->conn, answer, (int64_t)answer->len);
    gw_conn_pump(ex->conn);
}

void gw_exchange_answer_stream(struct gw_exchange *ex, const struct gw_answer *answer, int64_t len)
{
    if (ex->conn->answered)
        return;
    send_answer(ex->conn, answer, len);
    gw_conn_pump(ex->conn);
}

void gw_exchange_wake(struct gw_exchange *ex)
{
    gw_conn_pump(ex->conn);
}

static void refuse(struct gw_conn *conn, int status, const char *detail)
{
    if (!conn->begun)
        begin_exchange(conn, false);
    gw_problem(&conn->ex, status, gw_status_code(status), detail);
}

/* ---- reading
 * ---------------------------------------------------------------------------------------------- */

static bool body_done(struct gw_conn *conn)
{
    struct gw_exchange *ex = &conn->ex;
    const struct gw_hooks *hooks = conn->env->hooks;

    enter(conn, GW_CONN_WORK, ex->answer_ms > 0 ? ex->answer_ms : conn->env->limits->answer_ms);
    if (ex->body.failed)
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
    else if (ex->pushed)
        ex->pushed(ex);
    else
        hooks->ready(hooks->ctx, ex);
    return true;
}

/* Says "100 Continue" where the client waits for it. */
static void invite_body(struct gw_conn *conn)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (!conn->ex.request->expect_continue || conn->in_at < conn->in_len)
        return;
    if (send(conn->fd, text, sizeof(text) - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof(text) - 1))
        close_now(conn); /* a fresh socket that does not take 25 bytes is gone */
}

static bool head_done(struct gw_conn *conn)
{
    const struct gw_hooks *hooks = conn->env->hooks;
    const struct gw_request *request = gw_parser_request(conn->parser);
    int64_t length = request->content_length > 0 ? request->content_length : 0;
    bool complete = gw_parser_complete(conn->parser);

    begin_exchange(conn, true);
    if (complete)
        enter(conn, GW_CONN_WORK, conn->env->limits->answer_ms);
    else
        enter(conn, GW_CONN_BODY, ms_for(conn, conn->env->limits->body_ms, length));
    hooks->head(hooks->ctx, &conn->ex);
    if (conn->answered)
        return true;
    if (complete)
        return body_done(conn);
    invite_body(conn);
    return true;
}

/* Bytes that may be read now. */
static size_t room(struct gw_conn *conn)
{
    struct gw_exchange *ex = &conn->ex;
    size_t n = GW_CONN_IN_BYTES;

    if (conn->state == GW_CONN_BODY && ex->room) {
        size_t space = ex->room(ex);
        n = space < n ? space : n;
    }
    return n;
}

/* Waiting for our own storage is not held against the client. */
static bool wait_for_room(struct gw_conn *conn, size_t space)
{
    if (space == 0) {
        if (!conn->paused_ms)
            conn->paused_ms = now(conn);
        return true;
    }
    if (conn->paused_ms)
        conn->deadline_ms += now(conn) - conn->paused_ms;
    conn->paused_ms = 0;
    return false;
}

/* Fills the empty input buffer.  false: nothing now, or the connection is closed. */
static bool fill(struct gw_conn *conn, size_t space)
{
    ssize_t n = recv(conn->fd, conn->in, space, 0);

    conn->in_at = conn->in_len = 0;
    if (n > 0) {
        conn->in_len = (size_t)n;
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return false;
    close_now(conn); /* the end of what it sends, in the midst of a request or between two */
    return false;
}

static bool take(struct gw_conn *conn)
{
    size_t space = room(conn), used, len;

    if (wait_for_room(conn, space))
        return false;
    if (conn->in_at == conn->in_len && !fill(conn, space))
        return false;
    if (conn->state == GW_CONN_IDLE)
        enter(conn, GW_CONN_HEAD, conn->env->limits->head_ms);
    len = conn->in_len - conn->in_at;
    switch (
        gw_parser_feed(conn->parser, conn->in + conn->in_at, len < space ? len : space, &used)) {
    case GW_PARSE_MORE:
        conn->in_at += used;
        if (conn->too_large)
            refuse(conn, 413, "the body is longer than this route takes");
        return true;
    case GW_PARSE_HEAD:
        conn->in_at += used;
        return head_done(conn);
    case GW_PARSE_END:
        conn->in_at += used;
        if (conn->too_large) {
            refuse(conn, 413, "the body is longer than this route takes");
            return true;
        }
        return body_done(conn);
    case GW_PARSE_REFUSED:
        refuse(conn, gw_parser_refusal(conn->parser).status,
               gw_parser_refusal(conn->parser).detail);
        return true;
    }
    return false;
}

/* ---- writing
 * ---------------------------------------------------------------------------------------------- */

/* The answer is out: the next request, or the end. */
static bool answer_done(struct gw_conn *conn)
{
    end_exchange(conn, false);
    mr_buf_reset(&conn->out);
    conn->out_at = 0;
    if (conn->close) {
        if (shutdown(conn->fd, SHUT_WR)) {
            close_now(conn);
            return false;
        }
        enter(conn, GW_CONN_LINGER, GW_LINGER_MS);
        return true;
    }
    conn->answered = false;
    conn->paused_ms = 0;
    gw_parser_reset(conn->parser);
    enter(conn, GW_CONN_IDLE, conn->env->limits->idle_ms);
    return true;
}

static bool give(struct gw_conn *conn)
{
    struct gw_exchange *ex = &conn->ex;
    ssize_t n;

    if (conn->out_at == conn->out.len) {
        enum gw_pull got = GW_PULL_END;
        mr_buf_reset(&conn->out);
        conn->out_at = 0;
        if (ex->pull)
            got = ex->pull(ex, &conn->out);
        if (got == GW_PULL_END)
            return answer_done(conn);
        if (got == GW_PULL_CUT || conn->out.failed)
            close_now(conn);
        return got == GW_PULL_MORE && conn->state == GW_CONN_SEND;
    }
    n = send(conn->fd, conn->out.data + conn->out_at, conn->out.len - conn->out_at, MSG_NOSIGNAL);
    if (n > 0)
        conn->out_at += (size_t)n;
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        close_now(conn);
    return n > 0;
}

static bool throw_away(struct gw_conn *conn)
{
    ssize_t n = recv(conn->fd, conn->in, sizeof(conn->in), 0);

    if (n > 0)
        return true;
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        conn->state = GW_CONN_CLOSED;
    return false;
}

/* ---- the table
 * ---------------------------------------------------------------------------------------------- */

static bool turn(struct gw_conn *conn)
{
    switch (conn->state) {
    case GW_CONN_IDLE:
    case GW_CONN_HEAD:
    case GW_CONN_BODY:
        return take(conn);
    case GW_CONN_SEND:
        return give(conn);
    case GW_CONN_LINGER:
        return throw_away(conn);
    case GW_CONN_WORK:
    case GW_CONN_CLOSED:
        break;
    }
    return false;
}

void gw_conn_pump(struct gw_conn *conn)
{
    int turns = 0;

    if (conn->pumping)
        return;
    touch(conn);
    conn->pumping = true;
    while (turns < GW_CONN_TURNS_MAX && turn(conn))
        turns++;
    conn->again = turns == GW_CONN_TURNS_MAX;
    conn->pumping = false;
}

unsigned gw_conn_events(struct gw_conn *conn)
{
    switch (conn->state) {
    case GW_CONN_IDLE:
    case GW_CONN_HEAD:
    case GW_CONN_BODY:
        return conn->paused_ms ? 0 : EPOLLIN;
    case GW_CONN_LINGER:
        return EPOLLIN;
    case GW_CONN_SEND:
        return conn->out_at < conn->out.len ? EPOLLOUT : 0;
    case GW_CONN_WORK:
    case GW_CONN_CLOSED:
        break;
    }
    return 0;
}

void gw_conn_expire(struct gw_conn *conn, int64_t now_ms)
{
    if (now_ms < conn->deadline_ms || conn->paused_ms)
        return;
    switch (conn->state) {
    case GW_CONN_IDLE:
        close_now(conn);
        break;
    case GW_CONN_HEAD:
        refuse(conn, 408, "the header block did not come in time");
        break;
    case GW_CONN_BODY:
        refuse(conn, 408, "the body did not come in time");
        break;
    case GW_CONN_WORK:
        gw_problem(&conn->ex, 504, mr_code_name(MR_TIMEOUT),
                   "no answer from within in time; it may still be done: ask again with the same "
                   "id or Idempotency-Key");
        break;
    case GW_CONN_SEND:
    case GW_CONN_LINGER:
        close_now(conn);
        break;
    case GW_CONN_CLOSED:
        break;
    }
}
