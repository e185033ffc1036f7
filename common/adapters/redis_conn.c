/* redis_conn.c -- one connection: made, used without blocking, waited on with a deadline, thrown
 * away at its first failure.  Knows the protocol's framing through hiredis, and no key. */
#include "common/adapters/redis_conn.h"

#include "common/adapters/redis_functions.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { KEEPALIVE_S = 15, CONNECT_MS_MAX = 5000 };

/* clang-format off */
const struct mr_setting mr_redis_settings[] = {
    MR_SECRET(mr_redis_config, url, "MILLRACE_REDIS_URL", "redis://127.0.0.1:6379/0",
              "where Redis is: redis://[user:password@]host[:port][/db] or unix:///path[?db=n]"),
    MR_LONG(mr_redis_config, timeout_ms, "MILLRACE_REDIS_TIMEOUT_MS", "5000", 10, 600000,
            "how long one exchange with Redis may take, ms"),
    MR_LONG(mr_redis_config, reclaim_ms, "MILLRACE_REDIS_RECLAIM_MS", "15000", 100, 3600000,
            "bus on Redis: a taken message whose consumer is silent so long goes to another, ms"),
    MR_LONG(mr_redis_config, send_queue_max, "MILLRACE_REDIS_SEND_QUEUE_MAX", "100000", 1, 10000000,
            "bus on Redis: messages that wait for their outcome"),
    MR_LONG(mr_redis_config, unread_max, "MILLRACE_REDIS_UNREAD_MAX", "100000", 1, 1000000000,
            "bus on Redis: messages kept in each partition of a topic that no group reads (events, dlq, control)"),
};
/* clang-format on */
const size_t mr_redis_settings_count = sizeof mr_redis_settings / sizeof mr_redis_settings[0];

int64_t mr_redis_mono_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t mr_redis_reply_int(const redisReply *reply, int64_t fallback)
{
    char *end;
    long long n;

    if (!reply)
        return fallback;
    if (reply->type == REDIS_REPLY_INTEGER)
        return reply->integer;
    if ((reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS) || reply->len == 0)
        return fallback;
    errno = 0;
    n = strtoll(reply->str, &end, 10);
    return errno == 0 && end == reply->str + reply->len ? n : fallback;
}

/* ---- failures
 * ------------------------------------------------------------------------------------- */

static enum mr_code transport_failed(struct mr_redis_conn *conn, const char *doing,
                                     struct mr_error *err)
{
    enum mr_code rc = MR_UNAVAILABLE;
    const char *why = "not connected";

    if (conn->ctx) {
        why = conn->ctx->errstr;
        if (conn->ctx->err == REDIS_ERR_TIMEOUT ||
            (conn->ctx->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT)))
            rc = MR_TIMEOUT;
        else if (conn->ctx->err == REDIS_ERR_OOM)
            rc = MR_NO_MEMORY;
    }
    if (conn->path)
        rc = mr_fail(err, rc, "redis at %s: %s: %s", conn->path, doing, why);
    else
        rc = mr_fail(err, rc, "redis at %s:%d: %s: %s", conn->host, conn->port, doing, why);
    mr_redis_conn_close(conn);
    return rc;
}

static const struct refusal { /* how an error reply begins, what it means, does a new connection
                                 help */
    const char *word;
    enum mr_code code;
    bool reconnect;
} refusals[] = {
    {"NOAUTH", MR_UNAUTHENTICATED, true},
    {"WRONGPASS", MR_UNAUTHENTICATED, true},
    {"NOPERM", MR_DENIED, false},
    {"OOM", MR_UNAVAILABLE, false},
    {"LOADING", MR_UNAVAILABLE, true},
    {"BUSY ", MR_UNAVAILABLE, false},
    {"MISCONF", MR_UNAVAILABLE, false},
    {"READONLY", MR_UNAVAILABLE, true},
    {"MASTERDOWN", MR_UNAVAILABLE, true},
    {"CLUSTERDOWN", MR_UNAVAILABLE, true},
    {"ERR Function not found", MR_UNAVAILABLE, true},
    {"ERR max number of clients", MR_UNAVAILABLE, true},
    {"NOGROUP", MR_NOT_FOUND, false},
    {"UNBLOCKED", MR_UNAVAILABLE, false},
    {"MOVED", MR_UNSUPPORTED, false},
};

enum mr_code mr_redis_conn_check(struct mr_redis_conn *conn, const redisReply *reply,
                                 struct mr_error *err)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return MR_OK;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (strncmp(reply->str, refusals[i].word, strlen(refusals[i].word)) != 0)
            continue;
        if (refusals[i].reconnect)
            mr_redis_conn_close(conn);
        return mr_fail(err, refusals[i].code, "redis: %s", reply->str);
    }
    return mr_fail(err, MR_INTERNAL, "redis: %s", reply->str);
}

/* ---- making it
 * ------------------------------------------------------------------------------------- */

/* One blocking exchange while the connection is being made. Takes the command. */
static enum mr_code greet(struct mr_redis_conn *conn, int argc, const char **argv,
                          const size_t *lens, struct mr_error *err)
{
    redisReply *reply = redisCommandArgv(conn->ctx, argc, argv, lens);
    enum mr_code rc;

    if (!reply)
        return transport_failed(conn, argv[0], err);
    rc = MR_OK;
    if (reply->type != REDIS_REPLY_ERROR || !strstr(reply->str, "already exists"))
        rc = mr_redis_conn_check(conn, reply, err);
    freeReplyObject(reply);
    return rc;
}

static enum mr_code load_functions(struct mr_redis_conn *conn, struct mr_error *err)
{
    struct mr_buf text = {0};
    enum mr_code rc = mr_redis_functions_text(&text);

    if (rc)
        rc = mr_fail(err, rc, "redis: no memory for the functions");
    else
        rc = greet(conn, 3, (const char *[]){"FUNCTION", "LOAD", text.data},
                   (const size_t[]){8, 4, text.len}, err);
    if (rc == MR_DENIED)
        rc = mr_fail(err, rc,
                     "redis: the user may not load functions: it needs "
                     "+function|load +fcall (ACL SETUSER)");
    mr_buf_release(&text);
    return rc;
}

static enum mr_code introduce(struct mr_redis_conn *conn, struct mr_error *err)
{
    char db[16];
    enum mr_code rc = MR_OK;

    if (conn->password && conn->user)
        rc = greet(conn, 3, (const char *[]){"AUTH", conn->user, conn->password},
                   (const size_t[]){4, strlen(conn->user), strlen(conn->password)}, err);
    else if (conn->password)
        rc = greet(conn, 2, (const char *[]){"AUTH", conn->password},
                   (const size_t[]){4, strlen(conn->password)}, err);
    if (!rc && conn->db > 0) {
        int len = snprintf(db, sizeof db, "%d", conn->db);

        rc = greet(conn, 2, (const char *[]){"SELECT", db}, (const size_t[]){6, (size_t)len}, err);
    }
    if (!rc)
        rc = load_functions(conn, err);
    return rc;
}

enum mr_code mr_redis_conn_open(struct mr_redis_conn *conn, struct mr_error *err)
{
    int64_t connect_ms = conn->timeout_ms < CONNECT_MS_MAX ? conn->timeout_ms : CONNECT_MS_MAX;
    struct timeval connect = {connect_ms / 1000, connect_ms % 1000 * 1000};
    struct timeval answer = {conn->timeout_ms / 1000, conn->timeout_ms % 1000 * 1000};
    redisOptions options = {.connect_timeout = &connect, .command_timeout = &answer};
    enum mr_code rc;
    int flags;

    if (conn->ctx)
        return MR_OK;
    if (conn->path)
        REDIS_OPTIONS_SET_UNIX(&options, conn->path);
    else
        REDIS_OPTIONS_SET_TCP(&options, conn->host, conn->port);
    conn->ctx = redisConnectWithOptions(&options);
    if (!conn->ctx)
        return mr_fail(err, MR_NO_MEMORY, "redis: no memory for a connection");
    if (conn->ctx->err)
        return transport_failed(conn, "connect", err);
    if (!conn->path)
        (void)redisEnableKeepAliveWithInterval(conn->ctx, KEEPALIVE_S);
    rc = introduce(conn, err);
    if (rc) {
        mr_redis_conn_close(conn);
        return rc;
    }
    flags = fcntl(conn->ctx->fd, F_GETFL);
    if (flags < 0 || fcntl(conn->ctx->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        rc = mr_fail(err, MR_IO, "redis: fcntl: %s", strerror(errno));
        mr_redis_conn_close(conn);
        return rc;
    }
    conn->ctx->flags &= ~REDIS_BLOCK; /* from here on EAGAIN is no failure */
    return MR_OK;
}

void mr_redis_conn_close(struct mr_redis_conn *conn)
{
    if (conn->ctx)
        redisFree(conn->ctx);
    conn->ctx = NULL;
}

void mr_redis_conn_release(struct mr_redis_conn *conn)
{
    mr_redis_conn_close(conn);
    free(conn->host);
    free(conn->user);
    free(conn->password);
    free(conn->path);
    *conn = (struct mr_redis_conn){0};
}

/* ---- using it
 * ----------------------------------------------------------------------------------------- */

static bool ready(struct mr_redis_conn *conn, short events, int64_t wait_ms)
{
    struct pollfd fd = {.fd = conn->ctx->fd, .events = events};

    return poll(&fd, 1, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms) > 0;
}

enum mr_code mr_redis_conn_push(struct mr_redis_conn *conn, bool *ret_done, struct mr_error *err)
{
    int done = 0;

    if (!conn->ctx)
        return transport_failed(conn, "write", err);
    do {
        if (redisBufferWrite(conn->ctx, &done) != REDIS_OK)
            return transport_failed(conn, "write", err);
    } while (!done && ready(conn, POLLOUT, 0));
    *ret_done = done != 0;
    return MR_OK;
}

enum mr_code mr_redis_conn_append(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                                  struct mr_error *err)
{
    char head[32];
    int head_len = snprintf(head, sizeof head, "*%zu\r\n", cmd->count);

    if (cmd->words.failed)
        return mr_fail(err, MR_NO_MEMORY, "redis: no memory for a command");
    if (!conn->ctx)
        return transport_failed(conn, "send", err);
    if (redisAppendFormattedCommand(conn->ctx, head, (size_t)head_len) != REDIS_OK ||
        redisAppendFormattedCommand(conn->ctx, cmd->words.data, cmd->words.len) != REDIS_OK)
        return transport_failed(conn, "send", err);
    return MR_OK;
}

enum mr_code mr_redis_conn_send(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                                struct mr_error *err)
{
    enum mr_code rc = mr_redis_conn_append(conn, cmd, err);
    bool done;

    return rc ? rc : mr_redis_conn_push(conn, &done, err);
}

/* Reads what is there, until a reply is whole.  NULL: not yet. */
static enum mr_code next_reply(struct mr_redis_conn *conn, redisReply **ret, struct mr_error *err)
{
    void *reply = NULL;

    for (;;) {
        if (redisGetReplyFromReader(conn->ctx, &reply) != REDIS_OK)
            return transport_failed(conn, "read", err);
        if (reply || !ready(conn, POLLIN, 0))
            break;
        if (redisBufferRead(conn->ctx) != REDIS_OK)
            return transport_failed(conn, "read", err);
    }
    *ret = reply;
    return MR_OK;
}

enum mr_code mr_redis_conn_poll(struct mr_redis_conn *conn, redisReply **ret, struct mr_error *err)
{
    bool done;
    enum mr_code rc = mr_redis_conn_push(conn, &done, err);

    *ret = NULL;
    if (rc)
        return rc;
    return next_reply(conn, ret, err);
}

enum mr_code mr_redis_conn_wait(struct mr_redis_conn *conn, int64_t timeout_ms, redisReply **ret,
                                struct mr_error *err)
{
    const int64_t deadline_ms = mr_redis_mono_ms() + timeout_ms;
    redisReply *reply = NULL;
    int64_t left_ms;
    enum mr_code rc;
    bool done;

    *ret = NULL;
    for (;;) {
        rc = mr_redis_conn_push(conn, &done, err);
        if (!rc)
            rc = next_reply(conn, &reply, err);
        if (rc)
            return rc;
        if (reply)
            break;
        left_ms = deadline_ms - mr_redis_mono_ms();
        if (left_ms <= 0) {
            mr_redis_conn_close(conn); /* a late reply must not answer the next command */
            return mr_fail(err, MR_TIMEOUT, "redis: no answer within %lld ms",
                           (long long)timeout_ms);
        }
        (void)ready(conn, (short)(POLLIN | (done ? 0 : POLLOUT)), left_ms);
    }
    *ret = reply;
    return MR_OK;
}

static enum mr_code call_once(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                              redisReply **ret, struct mr_error *err)
{
    redisReply *reply = NULL;
    enum mr_code rc = mr_redis_conn_open(conn, err);

    if (!rc)
        rc = mr_redis_conn_send(conn, cmd, err);
    if (!rc)
        rc = mr_redis_conn_wait(conn, conn->timeout_ms, &reply, err);
    if (!rc)
        rc = mr_redis_conn_check(conn, reply, err);
    if (rc) {
        freeReplyObject(reply);
        return rc;
    }
    *ret = reply;
    return MR_OK;
}

enum mr_code mr_redis_conn_call(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                                redisReply **ret, struct mr_error *err)
{
    const bool old = conn->ctx != NULL; /* the server may have closed it while it was idle */
    enum mr_code rc;

    *ret = NULL;
    rc = call_once(conn, cmd, ret, err);
    if (rc == MR_UNAVAILABLE && old && !conn->ctx)
        rc = call_once(conn, cmd, ret, err);
    return rc;
}
