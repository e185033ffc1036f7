/* bus_kafka_topics.c -- topics by the admin API: makes the missing ones, and checks of those that
 * are there every setting whose wrong value would lose messages. */
#include "common/adapters/bus_kafka.h"

#include "common/base/log.h"
#include "common/ports/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENSURE_MS = 30 * 1000, /* all of an ensure */
    SETTLE_MS = 100,       /* between two looks at topics being made */
    ISR_FROM_REPLICAS = 3, /* copies from which two must have a message */
};

/* ---- asking -----------------------------------------------------------------------------------
 */

struct topic_state {
    rd_kafka_resp_err_t rerr;
    int32_t partitions;
    int replicas; /* of the partition that has fewest */
    bool ready;   /* every partition has a leader */
};

static enum mr_code state_get(rd_kafka_t *rk, const char *name, struct topic_state *ret,
                              struct mr_error *err)
{
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *meta = NULL;
    const struct rd_kafka_metadata_topic *topic;
    rd_kafka_resp_err_t rerr;

    if (!rkt)
        return mr_kafka_fail(err, rd_kafka_last_error(), name);
    rerr = rd_kafka_metadata(rk, 0, rkt, &meta, MR_KAFKA_BLOCK_MS);
    rd_kafka_topic_destroy(rkt);
    if (rerr)
        return mr_kafka_fail(err, rerr, name);
    *ret = (struct topic_state){.rerr = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART};
    if (meta->topic_cnt == 1) {
        topic = &meta->topics[0];
        ret->rerr = topic->err;
        ret->partitions = topic->partition_cnt;
        ret->ready = topic->partition_cnt > 0 && !topic->err;
        for (int i = 0; i < topic->partition_cnt; i++) {
            ret->ready &= topic->partitions[i].leader >= 0;
            if (i == 0 || topic->partitions[i].replica_cnt < ret->replicas)
                ret->replicas = topic->partitions[i].replica_cnt;
        }
    }
    rd_kafka_metadata_destroy(meta);
    return MR_OK;
}

/* A client of its own for these rare questions: a consumer's, since a producer's question after a
 * topic makes a broker with auto.create.topics.enable make it, with settings that are not ours. */
static rd_kafka_t *client_new(struct mr_bus *base, struct mr_error *err)
{
    struct mr_kafka_bus *bus = (struct mr_kafka_bus *)base;

    return mr_kafka_client_take(RD_KAFKA_CONSUMER, rd_kafka_conf_dup(bus->conf), err);
}

int32_t mr_kafka_topic_count(rd_kafka_t *rk, const char *name, struct mr_error *err)
{
    struct topic_state state = {0};

    if (state_get(rk, name, &state, err))
        return -1;
    if (state.rerr || state.partitions < 1) {
        mr_kafka_fail(err, state.rerr ? state.rerr : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, name);
        return -1;
    }
    return state.partitions;
}

int32_t mr_kafka_partitions(struct mr_bus *bus, const char *name, struct mr_error *err)
{
    rd_kafka_t *rk = client_new(bus, err);
    int32_t partitions = -1;

    if (rk) {
        partitions = mr_kafka_topic_count(rk, name, err);
        rd_kafka_destroy(rk);
    }
    return partitions;
}

/* An admin call's answer: an event, the caller's to destroy. */
static enum mr_code admin_wait(rd_kafka_queue_t *queue, const char *what, rd_kafka_event_t **ret,
                               struct mr_error *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, MR_KAFKA_BLOCK_MS + 1000);
    enum mr_code rc;

    if (!event)
        return mr_fail(err, MR_TIMEOUT, "kafka: %s: no answer within %d ms", what,
                       MR_KAFKA_BLOCK_MS);
    if (rd_kafka_event_error(event)) {
        rc = mr_fail(err, mr_kafka_code(rd_kafka_event_error(event)), "kafka: %s: %s", what,
                     rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
        return rc;
    }
    *ret = event;
    return MR_OK;
}

static rd_kafka_AdminOptions_t *admin_options(rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
    char text[MR_KAFKA_ERRSTR];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);

    if (options)
        rd_kafka_AdminOptions_set_request_timeout(options, MR_KAFKA_BLOCK_MS, text, sizeof(text));
    return options;
}

static enum mr_code id_of(rd_kafka_event_t *event, const char *name, struct mr_buf *ret,
                          struct mr_error *err)
{
    size_t n;
    const rd_kafka_TopicDescription_t **found =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &n);
    const rd_kafka_error_t *fault;
    enum mr_code rc;

    if (n != 1)
        return mr_fail(err, MR_UNAVAILABLE, "kafka: %s: asked for one topic, told of %zu", name, n);
    fault = rd_kafka_TopicDescription_error(found[0]);
    if (fault)
        return mr_kafka_fail(err, rd_kafka_error_code(fault), name);
    rc = mr_buf_add_str(ret, rd_kafka_Uuid_base64str(rd_kafka_TopicDescription_topic_id(found[0])));
    return rc ? mr_fail(err, rc, "kafka: no memory for the id of %s", name) : MR_OK;
}

enum mr_code mr_kafka_topic_id(rd_kafka_t *rk, const char *name, struct mr_buf *ret,
                               struct mr_error *err)
{
    const char *names[] = {name};
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(names, 1);
    rd_kafka_AdminOptions_t *options = admin_options(rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_event_t *event = NULL;
    enum mr_code rc;

    rd_kafka_DescribeTopics(rk, topics, options, queue);
    rc = admin_wait(queue, name, &event, err);
    if (!rc)
        rc = id_of(event, name, ret, err);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_TopicCollection_destroy(topics);
    return rc;
}

/* ---- making -----------------------------------------------------------------------------------
 */

static rd_kafka_NewTopic_t *new_topic(const struct mr_topic_spec *spec, int replicas,
                                      struct mr_error *err)
{
    char text[MR_KAFKA_ERRSTR], bytes[32], retention[32];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(spec->name, spec->partitions, replicas, text, sizeof(text));
    const struct mr_kafka_prop props[] = {
        {"cleanup.policy", spec->compacted ? "compact" : "delete"},
        {"retention.ms", retention},
        {"retention.bytes", "-1"},
        {"max.message.bytes", bytes},
        {"message.timestamp.type", "LogAppendTime"},
        {"min.insync.replicas", replicas >= ISR_FROM_REPLICAS ? "2" : "1"},
        {"unclean.leader.election.enable", "false"},
    };

    snprintf(bytes, sizeof(bytes), "%d", MR_BUS_MESSAGE_MAX + MR_KAFKA_HEADROOM);
    snprintf(retention, sizeof(retention), "%" PRId64, spec->compacted ? -1 : spec->retention_ms);
    if (!topic) {
        mr_fail(err, MR_INVALID, "kafka: topic %s: %s", spec->name, text);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(props) / sizeof(props[0]); i++)
        if (rd_kafka_NewTopic_set_config(topic, props[i].name, props[i].value)) {
            mr_fail(err, MR_INVALID, "kafka: topic %s: %s=%s was refused", spec->name,
                    props[i].name, props[i].value);
            rd_kafka_NewTopic_destroy(topic);
            return NULL;
        }
    return topic;
}

/* Another program making it at the same time is as good. */
static enum mr_code created(rd_kafka_event_t *event, const struct mr_topic_spec *spec,
                            struct mr_error *err)
{
    size_t n;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    rd_kafka_resp_err_t rerr;
    const char *text;

    if (n != 1)
        return mr_fail(err, MR_UNAVAILABLE, "kafka: making topic %s: told of %zu", spec->name, n);
    rerr = rd_kafka_topic_result_error(results[0]);
    if (rerr == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return MR_OK;
    if (rerr) {
        text = rd_kafka_topic_result_error_string(results[0]);
        return mr_fail(err, mr_kafka_code(rerr), "kafka: making topic %s: %s", spec->name,
                       text ? text : rd_kafka_err2str(rerr));
    }
    mr_log(MR_INFO, "kafka.topic_made", " topic=%s partitions=%" PRId32, spec->name,
           spec->partitions);
    return MR_OK;
}

static enum mr_code create(rd_kafka_t *rk, const struct mr_topic_spec *spec, int replicas,
                           struct mr_error *err)
{
    rd_kafka_NewTopic_t *topic = new_topic(spec, replicas, err);
    rd_kafka_AdminOptions_t *options;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event = NULL;
    enum mr_code rc;

    if (!topic)
        return MR_INVALID;
    queue = rd_kafka_queue_new(rk);
    options = admin_options(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(rk, &topic, 1, options, queue);
    rc = admin_wait(queue, spec->name, &event, err);
    if (!rc)
        rc = created(event, spec, err);
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    return rc;
}

/* ---- checking ---------------------------------------------------------------------------------
 */

enum rule { SAME, AT_LEAST };

struct promise { /* one setting that must be so, and what would break otherwise */
    const char *name;
    enum rule rule;
    char value[32];
    const char *why;
};

static const char *config_value(const rd_kafka_ConfigResource_t *resource, const char *name)
{
    size_t n;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);

    for (size_t i = 0; i < n; i++)
        if (!strcmp(rd_kafka_ConfigEntry_name(entries[i]), name))
            return rd_kafka_ConfigEntry_value(entries[i]);
    return NULL;
}

static enum mr_code promise_check(const char *topic, const rd_kafka_ConfigResource_t *resource,
                                  const struct promise *promise, struct mr_error *err)
{
    const char *is = config_value(resource, promise->name);
    bool kept;

    if (!is)
        return mr_fail(err, MR_UNSUPPORTED, "topic %s: the broker does not tell %s", topic,
                       promise->name);
    if (promise->rule == AT_LEAST)
        kept = strtoll(is, NULL, 10) >= strtoll(promise->value, NULL, 10);
    else
        kept = !strcmp(is, promise->value);
    if (kept)
        return MR_OK;
    return mr_fail(err, MR_INVALID,
                   "topic %s: %s is %s, must be %s%s: %s; change it with kafka-configs.sh --alter "
                   "--entity-type topics --entity-name %s --add-config %s=%s",
                   topic, promise->name, is, promise->rule == AT_LEAST ? "at least " : "",
                   promise->value, promise->why, topic, promise->name, promise->value);
}

static enum mr_code promises_check(const struct mr_topic_spec *spec, int replicas,
                                   const rd_kafka_ConfigResource_t *resource, struct mr_error *err)
{
    bool kept_for_ever = !spec->compacted && spec->retention_ms == -1;
    const char *why_retention = kept_for_ever ? "it is the only record of the jobs"
                                              : "senders and dedupe count on exactly this time";
    struct promise promises[] = {
        {"cleanup.policy", SAME, "",
         spec->compacted ? "the newest value of each key must stay"
                         : "no message may go before its time"},
        {"message.timestamp.type", SAME, "LogAppendTime", "time is the broker's, never a sender's"},
        {"max.message.bytes", AT_LEAST, "", "messages of the full size must fit"},
        {"unclean.leader.election.enable", SAME, "false", "an elected laggard loses messages"},
        {"min.insync.replicas", AT_LEAST, "", "a message on one copy only can be lost"},
        {"retention.ms", SAME, "", why_retention}, /* these two only where not compacted */
        {"retention.bytes", SAME, "-1", "messages would go before their time"},
    };
    size_t n = sizeof(promises) / sizeof(promises[0]) - (spec->compacted ? 2 : 0);
    enum mr_code rc = MR_OK;

    snprintf(promises[0].value, sizeof(promises[0].value), "%s",
             spec->compacted ? "compact" : "delete");
    snprintf(promises[2].value, sizeof(promises[2].value), "%d",
             MR_BUS_MESSAGE_MAX + MR_KAFKA_HEADROOM);
    snprintf(promises[4].value, sizeof(promises[4].value), "%d",
             replicas >= ISR_FROM_REPLICAS ? 2 : 1);
    snprintf(promises[5].value, sizeof(promises[5].value), "%" PRId64, spec->retention_ms);
    for (size_t i = 0; !rc && i < n; i++)
        rc = promise_check(spec->name, resource, &promises[i], err);
    return rc;
}

static enum mr_code config_check(rd_kafka_t *rk, const struct mr_topic_spec *spec, int replicas,
                                 struct mr_error *err)
{
    rd_kafka_ConfigResource_t *asked =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, spec->name);
    rd_kafka_AdminOptions_t *options = admin_options(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    const rd_kafka_ConfigResource_t **told = NULL;
    rd_kafka_event_t *event = NULL;
    enum mr_code rc;
    size_t n = 0;

    rd_kafka_DescribeConfigs(rk, &asked, 1, options, queue);
    rc = admin_wait(queue, spec->name, &event, err);
    if (!rc)
        told = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &n);
    if (!rc && n != 1)
        rc = mr_fail(err, MR_UNAVAILABLE, "kafka: %s: no settings were told", spec->name);
    if (!rc && rd_kafka_ConfigResource_error(told[0]))
        rc = mr_kafka_fail(err, rd_kafka_ConfigResource_error(told[0]), spec->name);
    if (!rc)
        rc = promises_check(spec, replicas, told[0], err);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(asked);
    return rc;
}

static enum mr_code partitions_check(const struct mr_topic_spec *spec, int32_t is,
                                     struct mr_error *err)
{
    bool fixed = !spec->compacted && spec->retention_ms == -1;

    if (fixed ? is == spec->partitions : is >= spec->partitions)
        return MR_OK;
    return mr_fail(err, MR_INVALID,
                   "topic %s: has %" PRId32 " partitions, must have %s%" PRId32 "%s", spec->name,
                   is, fixed ? "" : "at least ", spec->partitions,
                   fixed ? ": the count is fixed when it is made" : "");
}

/* Waits for the topic, made by us or by another just now, and checks it. */
static enum mr_code settle(rd_kafka_t *rk, const struct mr_topic_spec *spec, int64_t deadline_ms,
                           struct mr_error *err)
{
    struct topic_state state = {0};
    enum mr_code rc;

    while (!(rc = state_get(rk, spec->name, &state, err)) && !state.ready) {
        if (mr_mono_ms() >= deadline_ms)
            return mr_fail(err, MR_TIMEOUT, "kafka: topic %s: not ready within %d ms: %s",
                           spec->name, ENSURE_MS, rd_kafka_err2str(state.rerr));
        rd_kafka_poll(rk, SETTLE_MS); /* sleeps: nothing comes to this client */
    }
    if (!rc)
        rc = partitions_check(spec, state.partitions, err);
    if (!rc)
        rc = config_check(rk, spec, state.replicas, err);
    return rc;
}

enum mr_code mr_kafka_ensure(struct mr_bus *base, const struct mr_topic_spec *specs, size_t n,
                             struct mr_error *err)
{
    int replicas = (int)((struct mr_kafka_bus *)base)->replication;
    int64_t deadline_ms = mr_mono_ms() + ENSURE_MS;
    struct topic_state state = {0};
    rd_kafka_t *rk = client_new(base, err);
    enum mr_code rc = MR_OK;

    if (!rk)
        return MR_INVALID;
    for (size_t i = 0; !rc && i < n; i++) {
        rc = state_get(rk, specs[i].name, &state, err);
        if (!rc && state.rerr == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            rc = create(rk, &specs[i], replicas, err);
    }
    for (size_t i = 0; !rc && i < n; i++)
        rc = settle(rk, &specs[i], deadline_ms, err);
    rd_kafka_destroy(rk);
    return rc;
}
