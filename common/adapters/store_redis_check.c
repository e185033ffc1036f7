/* store_redis_check.c -- is this Redis one that keeps what it is given?  Asked once, at the start.
 */
#include "common/adapters/store_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION_MIN = 7, SCHEMA = 1 };

static enum mr_code check_version(struct redis_store *redis, struct mr_error *err)
{
    redisReply *reply;
    const char *at;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "INFO");
    mr_redis_cmd_str(&redis->cmd, "server");
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    at = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "redis_version:") : NULL;
    if (!at || atoi(at + strlen("redis_version:")) < VERSION_MIN)
        rc = mr_fail(err, MR_INVALID, "redis: version is %.*s, must be %d or newer (functions)",
                     at ? (int)strcspn(at + 14, "\r\n") : 7, at ? at + 14 : "unknown", VERSION_MIN);
    freeReplyObject(reply);
    return rc;
}

/* One setting, as text. */
static enum mr_code config_of(struct redis_store *redis, const char *name, char *ret, size_t size,
                              struct mr_error *err)
{
    redisReply *reply = NULL;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "CONFIG");
    mr_redis_cmd_str(&redis->cmd, "GET");
    mr_redis_cmd_str(&redis->cmd, name);
    rc = redis_store_call(redis, &reply, err);
    if (rc == MR_DENIED || rc == MR_INTERNAL)
        return mr_fail(
            err, MR_DENIED,
            "redis: CONFIG GET %s was refused, so what it keeps cannot be checked: allow "
            "it to this user (ACL SETUSER <user> +config|get)",
            name);
    if (rc)
        return rc;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        (void)snprintf(ret, size, "%s", reply->element[1]->str);
    else
        (void)snprintf(ret, size, "unknown");
    freeReplyObject(reply);
    return MR_OK;
}

static enum mr_code check_setting(struct redis_store *redis, const char *name, const char *must,
                                  const char *or_else, const char *why, struct mr_error *err)
{
    char is[64];
    enum mr_code rc = config_of(redis, name, is, sizeof is, err);

    if (rc)
        return rc;
    if (strcmp(is, must) == 0 || (or_else && strcmp(is, or_else) == 0))
        return MR_OK;
    return mr_fail(err, MR_INVALID, "redis: %s is %s, must be %s%s%s: %s", name, is, must,
                   or_else ? " or " : "", or_else ? or_else : "", why);
}

/* Where the log rests here too, FLUSHALL would lose the cluster: the command must not be there. */
static enum mr_code check_no_flush(struct redis_store *redis, struct mr_error *err)
{
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "COMMAND");
    mr_redis_cmd_str(&redis->cmd, "INFO");
    mr_redis_cmd_str(&redis->cmd, "FLUSHALL");
    mr_redis_cmd_str(&redis->cmd, "FLUSHDB");
    rc = redis_store_call(redis, &reply, err);
    if (rc == MR_DENIED)
        return MR_OK; /* a user who may not even look may not flush */
    if (rc)
        return rc;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_ARRAY && reply->element[i]->elements > 0)
            rc = mr_fail(
                err, MR_INVALID,
                "redis: FLUSHALL and FLUSHDB are on, must be off where the log rests in "
                "Redis: rename-command FLUSHALL \"\" and FLUSHDB \"\" in its configuration");
    freeReplyObject(reply);
    return rc;
}

static enum mr_code check_meta(struct redis_store *redis, const char *field, int64_t must,
                               const char *setting, struct mr_error *err)
{
    redisReply *reply;
    int64_t is;
    enum mr_code rc;

    mr_redis_cmd_begin(&redis->cmd, "HSETNX");
    mr_redis_cmd_str(&redis->cmd, "mr:meta");
    mr_redis_cmd_str(&redis->cmd, field);
    mr_redis_cmd_int(&redis->cmd, must);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    freeReplyObject(reply);
    mr_redis_cmd_begin(&redis->cmd, "HGET");
    mr_redis_cmd_str(&redis->cmd, "mr:meta");
    mr_redis_cmd_str(&redis->cmd, field);
    rc = redis_store_call(redis, &reply, err);
    if (rc)
        return rc;
    is = mr_redis_reply_int(reply, -1);
    freeReplyObject(reply);
    if (is != must)
        return mr_fail(err, MR_INVALID,
                       "redis: mr:meta says %s %" PRId64 ", %s is %" PRId64 ": they must be equal",
                       field, is, setting, must);
    return MR_OK;
}

enum mr_code redis_store_check(struct mr_store *store, bool durable, uint32_t shards,
                               struct mr_error *err)
{
    struct redis_store *redis = (struct redis_store *)store;
    enum mr_code rc = check_version(redis, err);

    if (!rc)
        rc = check_setting(redis, "maxmemory-policy", "noeviction", NULL,
                           "else Redis throws jobs away when its memory is full", err);
    if (!rc)
        rc = check_setting(redis, "appendonly", "yes", NULL, "else a restart forgets every job",
                           err);
    if (!rc && durable)
        rc = check_setting(redis, "appendfsync", "always", NULL,
                           "else a crash loses jobs that were answered for", err);
    if (!rc && !durable)
        rc = check_setting(redis, "appendfsync", "everysec", "always",
                           "else a crash costs a long rebuild", err);
    if (!rc && durable)
        rc = check_no_flush(redis, err);
    if (!rc)
        rc = check_meta(redis, "schema", SCHEMA, "this program's", err);
    if (!rc)
        rc = check_meta(redis, "shards", shards, "MILLRACE_SHARDS", err);
    return rc;
}
