/* contract_topics.c -- a topic is made once; what is not there, or makes no sense, is refused. */
#include "tests/contract/bus/bus_contract_kit.h"

#include <string.h>

static void ensuring_a_topic_again_changes_nothing(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "again", 3, KIT_LOG);
    struct mr_topic_spec spec = kit_spec(topic, 3, KIT_LOG);
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_bus_ensure(bus, &spec, 1, &err), MR_OK);
    assert_int_equal(mr_bus_partitions(bus, topic, &err), 3);
    mr_bus_free(bus);
}

static void a_log_with_another_number_of_partitions_is_refused(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "count", 3, KIT_LOG);
    struct mr_topic_spec spec = kit_spec(topic, 2, KIT_LOG);
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_bus_ensure(bus, &spec, 1, &err), MR_INVALID);
    assert_non_null(strstr(err.text, topic));
    assert_non_null(strstr(err.text, "partitions"));
    mr_bus_free(bus);
}

static void a_topic_that_is_not_there_is_not_found(void **state)
{
    struct mr_bus *bus = kit_connect();
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_bus_partitions(bus, "contract-no-such-topic", &err), -1);
    assert_int_equal(err.code, MR_NOT_FOUND);
    assert_non_null(strstr(err.text, "contract-no-such-topic"));
    assert_null(mr_queue_open(bus, "contract-no-such-topic", "g", 1, &err));
    assert_int_equal(err.code, MR_NOT_FOUND);
    assert_null(mr_log_open(bus, "contract-no-such-topic", &err));
    assert_int_equal(err.code, MR_NOT_FOUND);
    mr_bus_free(bus);
}

static void what_makes_no_sense_is_refused_before_the_driver(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "refused", 1, KIT_QUEUE);
    struct mr_topic_spec spec = kit_spec("a b", 1, KIT_LOG);
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_bus_ensure(bus, &spec, 1, &err), MR_INVALID);
    assert_int_equal(mr_bus_send(bus, topic, -2, NULL, 0, "v", 1, NULL, &err), MR_INVALID);
    assert_int_equal(mr_bus_send(bus, "", 0, NULL, 0, "v", 1, NULL, &err), MR_INVALID);
    assert_int_equal(mr_bus_flush(bus, -1, &err), MR_INVALID);
    assert_null(mr_queue_open(bus, topic, "g", 0, &err));
    assert_int_equal(err.code, MR_INVALID);
    assert_null(mr_queue_open(bus, topic, "", 1, &err));
    assert_null(mr_log_open(bus, "", &err));
    mr_bus_free(bus);
}

const struct CMUnitTest bus_contract_topics[] = {
    cmocka_unit_test(ensuring_a_topic_again_changes_nothing),
    cmocka_unit_test(a_log_with_another_number_of_partitions_is_refused),
    cmocka_unit_test(a_topic_that_is_not_there_is_not_found),
    cmocka_unit_test(what_makes_no_sense_is_refused_before_the_driver),
};
const size_t bus_contract_topics_count = sizeof bus_contract_topics / sizeof bus_contract_topics[0];
