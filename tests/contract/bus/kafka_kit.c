/* kafka_kit.c -- see kafka_kit.h. */
#include "tests/contract/bus/kafka_kit.h"

#include "common/adapters/bus_kafka.h"

#include <stdio.h>
#include <stdlib.h>

bool kafka_kit_config(struct mr_kafka_config *ret)
{
    struct mr_settings_part part = {"Kafka", mr_kafka_settings, mr_kafka_settings_count, ret};
    struct mr_error err;

    if (!getenv("MILLRACE_KAFKA_BROKERS")) {
        fprintf(stderr,
                "skipped: MILLRACE_KAFKA_BROKERS does not say where a Kafka to test on is\n");
        return false;
    }
    if (mr_config_load(&part, 1, 0, NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return true;
}

void kafka_kit_config_release(struct mr_kafka_config *config)
{
    struct mr_settings_part part = {"Kafka", mr_kafka_settings, mr_kafka_settings_count, config};

    mr_config_release(&part, 1);
}

static enum mr_code admin_answer(rd_kafka_queue_t *queue, rd_kafka_event_t **ret,
                                 struct mr_error *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, MR_KAFKA_BLOCK_MS);

    *ret = event;
    if (!event || rd_kafka_event_error(event))
        return mr_fail(err, MR_UNAVAILABLE, "admin: %s",
                       event ? rd_kafka_event_error_string(event) : "no answer");
    return MR_OK;
}

enum mr_code kafka_kit_truncate(const struct mr_kafka_config *config, const char *topic,
                                int32_t partition, int64_t before, struct mr_error *err)
{
    rd_kafka_t *rk = mr_kafka_client_take(RD_KAFKA_PRODUCER, mr_kafka_conf_new(config, err), err);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_DeleteRecords_t *records;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event = NULL;
    enum mr_code rc;

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = before;
    records = rd_kafka_DeleteRecords_new(list);
    queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteRecords(rk, &records, 1, NULL, queue);
    rc = admin_answer(queue, &event, err);
    if (!rc) {
        const rd_kafka_topic_partition_list_t *done =
            rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
        if (done->elems[0].err)
            rc = mr_kafka_fail(err, done->elems[0].err, topic);
    }
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return rc;
}

enum mr_code kafka_kit_alter(const struct mr_kafka_config *config, const char *topic,
                             const char *name, const char *value, struct mr_error *err)
{
    rd_kafka_t *rk = mr_kafka_client_take(RD_KAFKA_PRODUCER, mr_kafka_conf_new(config, err), err);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_event_t *event = NULL;
    enum mr_code rc;

    rd_kafka_error_destroy(rd_kafka_ConfigResource_add_incremental_config(
        resource, name, RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value));
    rd_kafka_IncrementalAlterConfigs(rk, &resource, 1, NULL, queue);
    rc = admin_answer(queue, &event, err);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_destroy(rk);
    return rc;
}
