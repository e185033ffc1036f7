/* contract_sends.c -- what is sent is told of once, and read as it was sent, in its order. */
#include "common/base/id.h"
#include "tests/contract/bus/bus_contract_kit.h"

#include <stdlib.h>
#include <string.h>

static void a_message_is_read_as_it_was_sent(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "sent", 2, KIT_LOG);
    struct kit_sent sent = {0};
    struct kit_seen seen;
    struct mr_log *log = kit_log(bus, topic);

    (void)state;
    kit_send(bus, topic, 1, "job-1", "{\"a\":1}", &sent);
    kit_start(log, 1, MR_LOG_FIRST);
    kit_read(log, &seen, 1);
    assert_int_equal(sent.partition, 1);
    assert_int_equal(seen.partition, 1);
    assert_int_equal(seen.offset, sent.offset);
    assert_string_equal(seen.topic, topic);
    assert_string_equal(seen.key, "job-1");
    assert_string_equal(seen.value, "{\"a\":1}");
    assert_true(seen.time_ms > 0);
    assert_int_equal(seen.time_ms, sent.time_ms);
    mr_log_free(log);
    mr_bus_free(bus);
}

static void messages_of_a_partition_keep_their_order(void **state)
{
    enum { N = 500 };
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "order", 3, KIT_LOG);
    static struct kit_seen seen[N];
    int next[3] = {0, 1, 2}; /* value i went to partition i % 3 */
    int64_t last[3] = {-1, -1, -1};
    struct mr_log *log = kit_log(bus, topic);

    (void)state;
    kit_send_many(bus, topic, N, 3);
    for (int i = 0; i < 3; i++)
        kit_start(log, i, MR_LOG_FIRST);
    kit_read(log, seen, N);
    for (int i = 0; i < N; i++) {
        int p = seen[i].partition;
        assert_int_equal(atoi(seen[i].value), next[p]);
        assert_true(seen[i].offset > last[p]);
        next[p] += 3;
        last[p] = seen[i].offset;
    }
    mr_log_free(log);
    mr_bus_free(bus);
}

static void a_key_goes_to_the_partition_that_murmur2_names(void **state)
{
    static const char *const keys[] = {"a", "job-17", "01JABCDEFG", "x-y_z"};
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "keys", 7, KIT_QUEUE);

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct kit_sent sent = {0};
        kit_send(bus, topic, -1, keys[i], "v", &sent);
        assert_int_equal(sent.partition, mr_shard_of(keys[i], strlen(keys[i]), 7));
    }
    mr_bus_free(bus);
}

static void every_send_has_one_outcome(void **state)
{
    enum { N = 2000 };
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "outcomes", 4, KIT_QUEUE);
    static struct kit_sent sent[N];

    (void)state;
    memset(sent, 0, sizeof(sent));
    for (int i = 0; i < N; i++)
        kit_send_start(bus, topic, i % 4, NULL, "v", &sent[i]);
    assert_int_equal(mr_bus_flush(bus, contract->wait_ms, NULL), MR_OK);
    for (int i = 0; i < N; i++) {
        assert_int_equal(sent[i].outcomes, 1);
        assert_int_equal(sent[i].code, MR_OK);
    }
    assert_int_equal(mr_bus_poll(bus), 0);
    mr_bus_free(bus);
}

static void an_outcome_comes_by_polling_alone(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "polled", 1, KIT_QUEUE);
    struct kit_sent sent = {0};
    int64_t deadline_ms = kit_now_ms() + contract->wait_ms;

    (void)state;
    kit_send_start(bus, topic, 0, "k", "v", &sent);
    while (!sent.outcomes && kit_now_ms() < deadline_ms) {
        if (mr_bus_poll(bus) == 0)
            kit_pause(mr_bus_fd(bus));
    }
    assert_int_equal(sent.outcomes, 1);
    assert_int_equal(sent.code, MR_OK);
    mr_bus_free(bus);
}

static void a_message_of_the_full_size_travels(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "large", 1, KIT_LOG);
    char *value = malloc(MR_BUS_MESSAGE_MAX + 1);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_sent sent = {0};
    struct kit_seen seen;
    struct mr_error err;

    (void)state;
    assert_non_null(value);
    for (size_t i = 0; i <= MR_BUS_MESSAGE_MAX; i++)
        value[i] = (char)(i * 2654435761U >> 24);
    assert_int_equal(mr_bus_send(bus, topic, 0, "k", 1, value, MR_BUS_MESSAGE_MAX + 1, &sent, &err),
                     MR_TOO_LARGE);
    assert_int_equal(mr_bus_send(bus, topic, 0, "k", 1, value, MR_BUS_MESSAGE_MAX, &sent, &err),
                     MR_OK);
    assert_int_equal(mr_bus_flush(bus, contract->wait_ms, &err), MR_OK);
    assert_int_equal(sent.code, MR_OK);
    kit_start(log, 0, MR_LOG_FIRST);
    kit_read(log, &seen, 1);
    assert_int_equal(seen.value_len, MR_BUS_MESSAGE_MAX);
    assert_int_equal(seen.hash, mr_hash64(0, value, MR_BUS_MESSAGE_MAX));
    free(value);
    mr_log_free(log);
    mr_bus_free(bus);
}

static void nothing_and_an_empty_value_are_told_apart(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "tombstone", 1, KIT_COMPACTED);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_sent sent = {0};
    struct kit_seen seen[2];

    (void)state;
    kit_send(bus, topic, 0, "gone", NULL, &sent);
    kit_send(bus, topic, 0, "empty", "", &sent);
    kit_start(log, 0, MR_LOG_FIRST);
    kit_read(log, seen, 2);
    assert_string_equal(seen[0].key, "gone");
    assert_true(seen[0].value_null);
    assert_string_equal(seen[1].key, "empty");
    assert_false(seen[1].value_null);
    assert_int_equal(seen[1].value_len, 0);
    mr_log_free(log);
    mr_bus_free(bus);
}

const struct CMUnitTest bus_contract_sends[] = {
    cmocka_unit_test(a_message_is_read_as_it_was_sent),
    cmocka_unit_test(messages_of_a_partition_keep_their_order),
    cmocka_unit_test(a_key_goes_to_the_partition_that_murmur2_names),
    cmocka_unit_test(every_send_has_one_outcome),
    cmocka_unit_test(an_outcome_comes_by_polling_alone),
    cmocka_unit_test(a_message_of_the_full_size_travels),
    cmocka_unit_test(nothing_and_an_empty_value_are_told_apart),
};
const size_t bus_contract_sends_count = sizeof bus_contract_sends / sizeof bus_contract_sends[0];
