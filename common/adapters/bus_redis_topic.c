/* bus_redis_topic.c -- topics as Redis keeps them, and entries as it gives them. */
#include "common/adapters/bus_redis.h"

#include "common/adapters/crypto.h"
#include "common/base/id.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bus_stream_word(struct mr_redis_cmd *cmd, const char *topic, int32_t partition)
{
    mr_redis_cmd_addf(cmd, "mr:bus:{%s/%" PRId32 "}", topic, partition);
}

static bool topic_parse(const char *text, struct bus_topic *ret)
{
    int compacted, read;
    long long retention_ms;
    struct bus_topic topic;

    if (sscanf(text, "%32s %" SCNd32 " %d %lld %d", topic.id, &topic.partitions, &compacted,
               &retention_ms, &read) != 5 ||
        topic.partitions < 1)
        return false;
    topic.compacted = compacted != 0;
    topic.retention_ms = retention_ms;
    *ret = topic;
    return true;
}

enum mr_code bus_topic_get(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd, const char *topic,
                           struct bus_topic *ret, struct mr_error *err)
{
    redisReply *reply;
    enum mr_code rc;

    mr_redis_cmd_begin(cmd, "HGET");
    mr_redis_cmd_str(cmd, "mr:bus:topics");
    mr_redis_cmd_str(cmd, topic);
    rc = mr_redis_conn_call(conn, cmd, &reply, err);
    if (rc)
        return rc;
    if (reply->type != REDIS_REPLY_STRING)
        rc = mr_fail(err, MR_NOT_FOUND, "topic %s: no such topic", topic);
    else if (!topic_parse(reply->str, ret))
        rc = mr_fail(err, MR_CORRUPT, "topic %s: mr:bus:topics says \"%s\" of it", topic,
                     reply->str);
    freeReplyObject(reply);
    return rc;
}

static enum mr_code topic_make(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                               const struct mr_topic_spec *spec, struct mr_error *err)
{
    uint8_t bytes[(BUS_ID_MAX - 1) / 2];
    char id[BUS_ID_MAX];
    redisReply *reply;
    enum mr_code rc = mr_random(bytes, sizeof bytes, err);

    if (rc)
        return rc;
    mr_hex(bytes, sizeof bytes, id);
    mr_redis_cmd_begin(cmd, "HSETNX");
    mr_redis_cmd_str(cmd, "mr:bus:topics");
    mr_redis_cmd_str(cmd, spec->name);
    mr_redis_cmd_addf(cmd, "%s %" PRId32 " %d %" PRId64 " 0", id, spec->partitions,
                      spec->compacted ? 1 : 0, spec->compacted ? -1 : spec->retention_ms);
    rc = mr_redis_conn_call(conn, cmd, &reply, err);
    freeReplyObject(reply);
    return rc;
}

/* Is the topic that is there one that keeps what the spec promises? */
static enum mr_code topic_check(const struct mr_topic_spec *spec, const struct bus_topic *topic,
                                struct mr_error *err)
{
    const bool log = !spec->compacted && spec->retention_ms == -1;

    if (log ? topic->partitions != spec->partitions : topic->partitions < spec->partitions)
        return mr_fail(err, MR_INVALID, "topic %s: partitions is %" PRId32 ", must be %s%" PRId32,
                       spec->name, topic->partitions, log ? "" : "at least ", spec->partitions);
    if (topic->compacted != spec->compacted)
        return mr_fail(err, MR_INVALID, "topic %s: compacted is %s, must be %s", spec->name,
                       topic->compacted ? "true" : "false", spec->compacted ? "true" : "false");
    if (!spec->compacted && topic->retention_ms != -1 &&
        (log || topic->retention_ms < spec->retention_ms))
        return mr_fail(err, MR_INVALID, "topic %s: retention_ms is %" PRId64 ", must be %s%" PRId64,
                       spec->name, topic->retention_ms, log ? "" : "at least ", spec->retention_ms);
    return MR_OK;
}

enum mr_code bus_topic_ensure(struct mr_redis_conn *conn, struct mr_redis_cmd *cmd,
                              const struct mr_topic_spec *spec, struct mr_error *err)
{
    struct bus_topic topic;
    enum mr_code rc = topic_make(conn, cmd, spec, err);

    if (!rc)
        rc = bus_topic_get(conn, cmd, spec->name, &topic, err);
    return rc ? rc : topic_check(spec, &topic, err);
}

/* ---- entries
 * ------------------------------------------------------------------------------------------ */

bool bus_entry_read(const redisReply *entry, struct mr_msg *ret)
{
    const redisReply *fields;

    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING ||
        entry->element[1]->type != REDIS_REPLY_ARRAY || entry->element[1]->elements % 2 != 0)
        return false;
    fields = entry->element[1];
    *ret = (struct mr_msg){.offset = strtoll(entry->element[0]->str, NULL, 10) - 1};
    for (size_t i = 0; i < fields->elements; i += 2) {
        const redisReply *value = fields->element[i + 1];

        switch (fields->element[i]->str[0]) {
        case 't':
            ret->time_ms = mr_redis_reply_int(value, 0);
            break;
        case 'k':
            ret->key = value->str;
            ret->key_len = value->len;
            break;
        case 'v':
            ret->value = value->str;
            ret->value_len = value->len;
            break;
        }
    }
    return ret->offset >= 0;
}
