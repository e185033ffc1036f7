/* redis_conn.h -- one connection to Redis: where it is, how long it may take, what is under way.
 * Shared by store_redis*.c and bus_redis*.c, the only ones that see hiredis.
 *
 * The socket never blocks: a command is sent, its reply is looked for (_poll) or waited for
 * (_wait). Replies come in the order of the commands.  Any failure of the transport closes the
 * connection (hiredis's errors are sticky) and every reply that was still to come is lost; _open()
 * makes it anew: AUTH, SELECT, and the library of orchestrator/functions, loaded where it is
 * missing. A connection has one owner thread; the process ignores SIGPIPE. */
#ifndef MR_REDIS_CONN_H
#define MR_REDIS_CONN_H

#include "common/adapters/adapters.h"
#include "common/base/buf.h"
#include "common/base/error.h"

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>

/* ---- commands: written in Redis's protocol as they are built, copied once ----------------------
 */

struct mr_redis_cmd { /* zeroed: empty. One is used again and again. */
    struct mr_buf words;
    size_t count;
};
void mr_redis_cmd_begin(struct mr_redis_cmd *cmd, const char *name);
/* FCALL of one of orchestrator/functions; the keys are the first words after it. */
void mr_redis_cmd_fcall(struct mr_redis_cmd *cmd, const char *function, int keys);
void mr_redis_cmd_add(struct mr_redis_cmd *cmd, const void *data, size_t len);
/* One word of two parts: a key's prefix and its name. */
void mr_redis_cmd_join(struct mr_redis_cmd *cmd, const char *head, const void *data, size_t len);
void mr_redis_cmd_str(struct mr_redis_cmd *cmd, const char *text);
void mr_redis_cmd_int(struct mr_redis_cmd *cmd, int64_t n);
void mr_redis_cmd_addf(struct mr_redis_cmd *cmd, const char *fmt, ...) MR_PRINTF(2, 3);
void mr_redis_cmd_release(struct mr_redis_cmd *cmd);

/* ---- the connection -----------------------------------------------------------------------------
 */

struct mr_redis_conn {
    struct redisContext *ctx;     /* NULL: not connected */
    char *host, *user, *password; /* NULL where not given */
    char *path;                   /* of a Unix socket; then host is NULL */
    int port, db;
    int64_t timeout_ms;
};

/* Reads the URL; connects nothing.  MR_INVALID: not a URL of the three forms. */
MR_MUST_USE enum mr_code mr_redis_conn_init(struct mr_redis_conn *conn,
                                            const struct mr_redis_config *config,
                                            struct mr_error *err);
void mr_redis_conn_release(struct mr_redis_conn *conn); /* accepts a zeroed one */
/* Connects where it is not connected.  Blocks up to timeout_ms. */
MR_MUST_USE enum mr_code mr_redis_conn_open(struct mr_redis_conn *conn, struct mr_error *err);
void mr_redis_conn_close(struct mr_redis_conn *conn);

/* Puts a command behind those under way; nothing is written yet. */
MR_MUST_USE enum mr_code mr_redis_conn_append(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                                              struct mr_error *err);
/* The same, and writes what the socket takes; never waits. */
MR_MUST_USE enum mr_code mr_redis_conn_send(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                                            struct mr_error *err);
/* Writes what the socket takes.  *ret_done: nothing is left. */
MR_MUST_USE enum mr_code mr_redis_conn_push(struct mr_redis_conn *conn, bool *ret_done,
                                            struct mr_error *err);
/* The next reply, NULL where it is not there yet; the caller's, to freeReplyObject(). */
MR_MUST_USE enum mr_code mr_redis_conn_poll(struct mr_redis_conn *conn, redisReply **ret,
                                            struct mr_error *err);
/* The next reply, waited for: MR_TIMEOUT after timeout_ms, and the connection is closed. */
MR_MUST_USE enum mr_code mr_redis_conn_wait(struct mr_redis_conn *conn, int64_t timeout_ms,
                                            redisReply **ret, struct mr_error *err);
/* Opens, sends one command and waits.  Nothing else may be under way.  Where an old connection
 * turns out to be broken, the command is sent once more on a new one: it must be one that may be
 * done twice. An error reply becomes a code: *ret is then NULL. */
MR_MUST_USE enum mr_code mr_redis_conn_call(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                                            redisReply **ret, struct mr_error *err);
/* What an error reply means; MR_OK for every other reply.  Closes the connection where only a new
 * one can help (the functions are gone, the server is no longer the one that takes writes). */
MR_MUST_USE enum mr_code mr_redis_conn_check(struct mr_redis_conn *conn, const redisReply *reply,
                                             struct mr_error *err);

int64_t mr_redis_mono_ms(void); /* for waits */
/* The bytes of a reply as a number; fallback where it is none. */
int64_t mr_redis_reply_int(const redisReply *reply, int64_t fallback);

#endif
