/* contract_logs.c -- a log is read from any offset and again, and tells where it was cut off. */
#include "tests/contract/bus/bus_contract_kit.h"

static void a_log_is_read_from_any_offset_and_again(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "seek", 1, KIT_LOG);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_seen all[10], some[7];

    (void)state;
    kit_send_many(bus, topic, 10, 1);
    kit_start(log, 0, MR_LOG_FIRST);
    kit_read(log, all, 10);
    for (int round = 0; round < 2; round++) {
        kit_start(log, 0, all[3].offset); /* seeks */
        kit_read(log, some, 7);
        assert_int_equal(some[0].offset, all[3].offset);
        assert_string_equal(some[6].value, "9");
    }
    mr_log_free(log);
    mr_bus_free(bus);
}

static void the_end_is_where_the_next_message_will_be(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "end", 1, KIT_LOG);
    struct mr_log *by_name = kit_log(bus, topic), *by_offset = kit_log(bus, topic);
    struct kit_sent sent = {0};
    struct kit_seen seen;
    int64_t first, end;
    struct mr_error err;

    (void)state;
    kit_send_many(bus, topic, 5, 1);
    kit_start(by_name, 0, MR_LOG_END);
    assert_int_equal(mr_log_bounds(by_offset, 0, &first, &end, &err), MR_OK);
    kit_start(by_offset, 0, end);
    kit_send(bus, topic, 0, "k", "later", &sent);
    assert_true(sent.offset >= end);
    kit_read(by_name, &seen, 1);
    assert_string_equal(seen.value, "later");
    kit_read(by_offset, &seen, 1);
    assert_string_equal(seen.value, "later");
    mr_log_free(by_name);
    mr_log_free(by_offset);
    mr_bus_free(bus);
}

static void bounds_hold_what_is_there(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "bounds", 2, KIT_LOG);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_seen seen[5];
    int64_t first, end;
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_log_bounds(log, 1, &first, &end, &err), MR_OK);
    assert_true(first <= end);
    kit_send_many(bus, topic, 10, 2);
    kit_start(log, 1, MR_LOG_FIRST);
    kit_read(log, seen, 5);
    assert_int_equal(mr_log_bounds(log, 1, &first, &end, &err), MR_OK);
    assert_true(first <= seen[0].offset);
    assert_true(end > seen[4].offset);
    mr_log_free(log);
    mr_bus_free(bus);
}

static void a_stopped_partition_is_silent_and_the_others_are_not(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "stop", 2, KIT_LOG);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_seen seen[6];

    (void)state;
    kit_send_many(bus, topic, 6, 2);
    kit_start(log, 0, MR_LOG_FIRST);
    kit_start(log, 1, MR_LOG_FIRST);
    kit_read(log, seen, 6);
    mr_log_stop(log, 0);
    kit_send_many(bus, topic, 6, 2);
    kit_read(log, seen, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seen[i].partition, 1);
    kit_read_nothing(log);
    mr_log_free(log);
    mr_bus_free(bus);
}

static void a_poll_gives_no_more_than_asked_for(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "max", 1, KIT_LOG);
    struct mr_log *log = kit_log(bus, topic);
    struct mr_msg msgs[4];
    int total = 0, n;
    int64_t deadline_ms = kit_now_ms() + contract->wait_ms;

    (void)state;
    kit_send_many(bus, topic, 10, 1);
    kit_start(log, 0, MR_LOG_FIRST);
    while (total < 10 && kit_now_ms() < deadline_ms) {
        n = mr_log_poll(log, msgs, 3, NULL);
        assert_in_range(n, 0, 3);
        for (int i = 0; i < n; i++)
            assert_int_equal(msgs[i].value[0], '0' + total + i);
        total += n;
        if (n == 0)
            kit_pause(mr_log_fd(log));
    }
    assert_int_equal(total, 10);
    mr_log_free(log);
    mr_bus_free(bus);
}

static void two_logs_read_the_same_messages(void **state)
{
    struct mr_bus *one = kit_connect(), *two = kit_connect();
    const char *topic = kit_topic(one, "both", 1, KIT_LOG);
    struct mr_log *first = kit_log(one, topic), *second = kit_log(two, topic);
    struct kit_seen seen[5];

    (void)state;
    kit_send_many(one, topic, 5, 1);
    kit_start(first, 0, MR_LOG_FIRST);
    kit_start(second, 0, MR_LOG_FIRST);
    kit_read(first, seen, 5);
    kit_are_all(seen, 5);
    kit_read(second, seen, 5);
    kit_are_all(seen, 5);
    mr_log_free(first);
    mr_log_free(second);
    mr_bus_free(one);
    mr_bus_free(two);
}

static void the_id_of_a_log_is_its_own_and_stays(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *here = kit_topic(bus, "here", 1, KIT_LOG),
               *there = kit_topic(bus, "there", 1, KIT_LOG);
    struct mr_log *log = kit_log(bus, here), *again = kit_log(bus, here),
                  *other = kit_log(bus, there);
    struct mr_buf id = {0}, id_again = {0}, id_other = {0};
    struct mr_error err;

    (void)state;
    assert_int_equal(mr_log_id(log, &id, &err), MR_OK);
    assert_int_equal(mr_log_id(again, &id_again, &err), MR_OK);
    assert_int_equal(mr_log_id(other, &id_other, &err), MR_OK);
    assert_true(id.len > 0);
    assert_string_equal(id.data, id_again.data);
    assert_string_not_equal(id.data, id_other.data);
    mr_buf_release(&id);
    mr_buf_release(&id_again);
    mr_buf_release(&id_other);
    mr_log_free(log);
    mr_log_free(again);
    mr_log_free(other);
    mr_bus_free(bus);
}

static void a_log_that_was_cut_off_says_so_and_the_others_go_on(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "cut", 2, KIT_LOG);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_seen seen[10];
    int64_t from, first, end;
    struct mr_error err;

    (void)state;
    if (!contract->truncate)
        skip();
    kit_send_many(bus, topic, 10, 2);
    kit_start(log, 0, MR_LOG_FIRST);
    kit_read(log, seen, 5);
    from = seen[0].offset;
    mr_log_stop(log, 0);
    assert_int_equal(contract->truncate(contract->ctx, topic, 0, seen[3].offset, &err), MR_OK);
    assert_int_equal(mr_log_bounds(log, 0, &first, &end, &err), MR_OK);
    assert_int_equal(first, seen[3].offset);
    kit_start(log, 0, from);
    kit_read_fault(log, MR_TRUNCATED, topic);
    kit_start(log, 1, MR_LOG_FIRST);
    kit_read(log, seen, 5);
    assert_int_equal(seen[0].partition, 1);
    kit_start(log, 0, first); /* its owner decides */
    kit_read(log, seen, 2);
    assert_int_equal(seen[0].offset, first);
    mr_log_free(log);
    mr_bus_free(bus);
}

static void an_offset_beyond_the_end_is_not_waited_for(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "beyond", 1, KIT_LOG);
    struct mr_log *log = kit_log(bus, topic);
    int64_t first, end;
    struct mr_error err;

    (void)state;
    kit_send_many(bus, topic, 3, 1);
    assert_int_equal(mr_log_bounds(log, 0, &first, &end, &err), MR_OK);
    kit_start(log, 0, end + 1000000);
    kit_read_fault(log, MR_TRUNCATED, topic);
    mr_log_free(log);
    mr_bus_free(bus);
}

static void trimming_leaves_what_is_not_before(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "trim", 1, KIT_LOG);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_seen seen[10];
    int64_t first, end;
    struct mr_error err;

    (void)state;
    kit_send_many(bus, topic, 10, 1);
    kit_start(log, 0, MR_LOG_FIRST);
    kit_read(log, seen, 10);
    assert_int_equal(mr_log_trim(log, 0, seen[4].offset, &err), MR_OK);
    kit_start(log, 0, seen[4].offset);
    kit_read(log, seen, 6);
    assert_string_equal(seen[0].value, "4");
    if (contract->log_trims) {
        assert_int_equal(mr_log_bounds(log, 0, &first, &end, &err), MR_OK);
        assert_int_equal(first, seen[0].offset);
    }
    mr_log_free(log);
    mr_bus_free(bus);
}

const struct CMUnitTest bus_contract_logs[] = {
    cmocka_unit_test(a_log_is_read_from_any_offset_and_again),
    cmocka_unit_test(the_end_is_where_the_next_message_will_be),
    cmocka_unit_test(bounds_hold_what_is_there),
    cmocka_unit_test(a_stopped_partition_is_silent_and_the_others_are_not),
    cmocka_unit_test(a_poll_gives_no_more_than_asked_for),
    cmocka_unit_test(two_logs_read_the_same_messages),
    cmocka_unit_test(the_id_of_a_log_is_its_own_and_stays),
    cmocka_unit_test(a_log_that_was_cut_off_says_so_and_the_others_go_on),
    cmocka_unit_test(an_offset_beyond_the_end_is_not_waited_for),
    cmocka_unit_test(trimming_leaves_what_is_not_before),
};
const size_t bus_contract_logs_count = sizeof bus_contract_logs / sizeof bus_contract_logs[0];
