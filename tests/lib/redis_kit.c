/* redis_kit.c -- a connection of the test's own, beside those under test. */
#include "tests/lib/redis_kit.h"

#include "common/adapters/redis_conn.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIT_DB = 9, URL_MAX = 512 };

static redisContext *own;
static char url[URL_MAX];

bool redis_kit_config(struct mr_redis_config *ret)
{
    const char *given = getenv("MILLRACE_REDIS_URL");
    struct mr_redis_conn conn = {0};
    struct mr_error err = {MR_OK, ""};
    const char *authority, *slash;

    *ret = (struct mr_redis_config){
        .timeout_ms = 5000, .reclaim_ms = 1000, .send_queue_max = 100000, .unread_max = 1000};
    if (!given || !given[0]) {
        printf("skipped: MILLRACE_REDIS_URL is not set, so there is no Redis to test against\n");
        return false;
    }
    if (strncmp(given, "redis://", 8) != 0 || strlen(given) + 8 > sizeof url) {
        printf("skipped: MILLRACE_REDIS_URL must be redis://host:port for these tests\n");
        return false;
    }
    authority = given + 8;
    slash = strchr(authority, '/');
    (void)snprintf(url, sizeof url, "%.*s/%d",
                   (int)(slash ? slash - given : (ptrdiff_t)strlen(given)), given, KIT_DB);
    ret->url = url;
    if (mr_redis_conn_init(&conn, ret, &err) || mr_redis_conn_open(&conn, &err)) {
        printf("skipped: no Redis answers: %s\n", err.text);
        mr_redis_conn_release(&conn);
        return false;
    }
    own = redisConnect(conn.host, conn.port);
    if (conn.password)
        freeReplyObject(
            redisCommand(own, "AUTH %s %s", conn.user ? conn.user : "default", conn.password));
    freeReplyObject(redisCommand(own, "SELECT %d", KIT_DB));
    mr_redis_conn_release(&conn);
    redis_kit_wipe();
    (void)signal(SIGPIPE, SIG_IGN); /* as every program of ours */
    return true;
}

void redis_kit_release(struct mr_redis_config *config)
{
    redis_kit_wipe();
    redisFree(own);
    own = NULL;
    config->url = NULL;
}

redisReply *redis_kit_command(const char *fmt, ...)
{
    redisReply *reply;
    va_list args;

    va_start(args, fmt);
    reply = redisvCommand(own, fmt, args);
    va_end(args);
    if (!reply) {
        printf("the test's own connection to Redis: %s\n", own->errstr);
        abort();
    }
    return reply;
}

int64_t redis_kit_int(const char *fmt, ...)
{
    redisReply *reply;
    va_list args;
    int64_t n;

    va_start(args, fmt);
    reply = redisvCommand(own, fmt, args);
    va_end(args);
    n = mr_redis_reply_int(reply, -1);
    freeReplyObject(reply);
    return n;
}

void redis_kit_wipe(void)
{
    char cursor[32] = "0";

    do {
        redisReply *reply = redis_kit_command("SCAN %s COUNT 1000", cursor);

        (void)snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
        for (size_t i = 0; i < reply->element[1]->elements; i++) {
            const redisReply *key = reply->element[1]->element[i];

            freeReplyObject(redis_kit_command("UNLINK %b", key->str, key->len));
        }
        freeReplyObject(reply);
    } while (strcmp(cursor, "0") != 0);
}
