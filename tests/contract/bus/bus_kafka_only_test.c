/* bus_kafka_only_test.c -- promises of the Kafka driver alone: topics whose settings would lose
 * messages, a producer that broke, a broker that is not there. */
#include "tests/contract/bus/bus_contract_kit.h"
#include "tests/contract/bus/kafka_kit.h"

#include "common/adapters/bus_kafka.h"

#include <stdio.h>
#include <string.h>

static struct mr_kafka_config config;

static struct mr_bus *connect_kafka(void *ctx, struct mr_error *err)
{
    (void)ctx;
    return mr_bus_kafka_new(&config, err);
}

static void refused(const char *setting, const char *value, const char *must)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, setting, 1, KIT_LOG);
    struct mr_topic_spec spec = kit_spec(topic, 1, KIT_LOG);
    char is[128];
    struct mr_error err = {0};

    if (kafka_kit_alter(&config, topic, setting, value, &err))
        fail_msg("%s", err.text);
    assert_int_equal(mr_bus_ensure(bus, &spec, 1, &err), MR_INVALID);
    snprintf(is, sizeof(is), "%s is %s, must be %s", setting, value, must);
    if (!strstr(err.text, topic) || !strstr(err.text, is) || !strstr(err.text, "kafka-configs.sh"))
        fail_msg("\"%s\" does not say \"%s\"", err.text, is);
    mr_bus_free(bus);
}

static void a_topic_that_would_lose_messages_is_refused(void **state)
{
    (void)state;
    refused("retention.ms", "604800000", "-1");
    refused("retention.bytes", "1000000", "-1");
    refused("cleanup.policy", "compact", "delete");
    refused("message.timestamp.type", "CreateTime", "LogAppendTime");
    refused("max.message.bytes", "1048588", "at least 3211264");
    refused("unclean.leader.election.enable", "true", "false");
}

static void a_log_and_a_queue_of_one_name_are_told_apart(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "either", 1, KIT_QUEUE);
    struct mr_topic_spec spec = kit_spec(topic, 1, KIT_COMPACTED);
    struct mr_error err = {0};

    (void)state;
    assert_int_equal(mr_bus_ensure(bus, &spec, 1, &err), MR_INVALID);
    assert_non_null(strstr(err.text, "cleanup.policy"));
    mr_bus_free(bus);
}

static void a_broken_producer_is_replaced_and_every_send_has_its_outcome(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "broken", 1, KIT_LOG);
    struct kit_sent lost = {0}, sent = {0};
    struct mr_error err = {0};
    int64_t deadline_ms = kit_now_ms() + contract->wait_ms;

    (void)state;
    kit_send_start(bus, topic, 0, "k", "v", &lost);
    rd_kafka_test_fatal_error(((struct mr_kafka_bus *)bus)->rk,
                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test");
    while (!sent.outcomes && kit_now_ms() < deadline_ms) {
        enum mr_code rc = mr_bus_send(bus, topic, 0, "k", 1, "v", 1, &sent, &err);
        if (rc == MR_OK)
            assert_int_equal(mr_bus_flush(bus, contract->wait_ms, &err), MR_OK);
        else
            assert_int_equal(rc, MR_BUSY);
        if (mr_bus_poll(bus) == 0)
            kit_pause(mr_bus_fd(bus));
    }
    assert_int_equal(lost.outcomes, 1);
    assert_int_equal(sent.outcomes, 1);
    assert_int_equal(sent.code, MR_OK);
    mr_bus_free(bus);
}

static void without_a_broker_everything_ends_in_time(void **state)
{
    char nowhere[] = "127.0.0.1:1";
    struct mr_kafka_config lost = config;
    struct mr_bus *bus;
    struct kit_sent sent = {0};
    struct mr_error err = {0};
    int64_t begin_ms = kit_now_ms();

    (void)state;
    lost.brokers = nowhere;
    bus = mr_bus_kafka_new(&lost, &err);
    assert_non_null(bus);
    bus->on_sent = NULL;
    assert_int_equal(mr_bus_send(bus, "t", 0, "k", 1, "v", 1, &sent, &err), MR_OK);
    assert_null(mr_log_open(bus, "t", &err));
    assert_true(mr_code_retriable(err.code));
    assert_int_equal(mr_bus_flush(bus, 500, &err), MR_TIMEOUT);
    assert_null(mr_queue_open(bus, "t", "g", 1, &err));
    assert_true(mr_code_retriable(err.code));
    mr_bus_free(bus);
    assert_true(kit_now_ms() - begin_ms < 25000);
}

static void settings_that_kafka_does_not_know_are_named(void **state)
{
    char wrong[] = "sasl_carrier_pigeon";
    struct mr_kafka_config bad = config;
    struct mr_error err = {0};

    (void)state;
    bad.security_protocol = wrong;
    assert_null(mr_bus_kafka_new(&bad, &err));
    assert_int_equal(err.code, MR_INVALID);
    assert_non_null(strstr(err.text, "security.protocol"));
}

int main(void)
{
    static const struct bus_contract kit = {
        .driver = "kafka", .connect = connect_kafka, .wait_ms = 30000, .calm_ms = 300};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_that_would_lose_messages_is_refused),
        cmocka_unit_test(a_log_and_a_queue_of_one_name_are_told_apart),
        cmocka_unit_test(a_broken_producer_is_replaced_and_every_send_has_its_outcome),
        cmocka_unit_test(without_a_broker_everything_ends_in_time),
        cmocka_unit_test(settings_that_kafka_does_not_know_are_named),
    };
    int failed;

    if (!kafka_kit_config(&config))
        return KAFKA_KIT_SKIPPED;
    contract = &kit;
    failed = cmocka_run_group_tests_name("kafka alone", tests, NULL, NULL);
    kafka_kit_config_release(&config);
    return failed;
}
