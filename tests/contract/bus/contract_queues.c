/* contract_queues.c -- what is taken from a queue comes again until it is released, and is
 * shared without loss. */
#include "tests/contract/bus/bus_contract_kit.h"

#include <stdio.h>
#include <stdlib.h>

static void a_new_group_begins_with_the_oldest_message(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "oldest", 3, KIT_QUEUE);
    struct kit_seen seen[9];
    struct mr_queue *queue;

    (void)state;
    kit_send_many(bus, topic, 9, 3);
    queue = kit_queue(bus, topic, "g", 100);
    kit_take(queue, seen, 9);
    kit_take_nothing(queue);
    assert_string_equal(seen[0].topic, topic);
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void what_is_released_does_not_come_again_and_the_rest_does(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "released", 1, KIT_QUEUE);
    struct kit_seen seen[10];
    struct mr_queue *queue = kit_queue(bus, topic, "g", 100);
    int64_t fifth;

    (void)state;
    kit_send_many(bus, topic, 10, 1);
    kit_take(queue, seen, 10);
    fifth = seen[4].offset;
    for (int i = 3; i >= 0; i--) /* out of order */
        mr_queue_release(queue, 0, seen[i].offset);
    assert_int_equal(mr_queue_flush(queue, NULL), MR_OK);
    mr_queue_free(queue);

    queue = kit_queue(bus, topic, "g", 100);
    kit_take(queue, seen, 6);
    assert_int_equal(seen[0].offset, fifth);
    assert_string_equal(seen[5].value, "9");
    kit_take_nothing(queue);
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void a_release_without_a_flush_reaches_the_broker_too(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "background", 2, KIT_QUEUE);
    struct kit_seen seen[6];
    struct mr_queue *queue = kit_queue(bus, topic, "g", 100);

    (void)state;
    kit_send_many(bus, topic, 6, 2);
    kit_take(queue, seen, 6);
    kit_are_all(seen, 6);
    for (int i = 0; i < 6; i++)
        mr_queue_release(queue, seen[i].partition, seen[i].offset);
    kit_take_nothing(queue);
    mr_queue_free(queue);
    queue = kit_queue(bus, topic, "g", 100);
    kit_take_nothing(queue);
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void no_more_than_the_window_is_taken(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "window", 2, KIT_QUEUE);
    struct kit_seen seen[20];
    struct mr_queue *queue = kit_queue(bus, topic, "g", 5);

    (void)state;
    kit_send_many(bus, topic, 20, 2);
    kit_take(queue, seen, 5);
    kit_take_nothing(queue);
    mr_queue_release(queue, seen[4].partition, seen[4].offset);
    kit_take(queue, &seen[5], 1);
    kit_take_nothing(queue);
    for (int i = 0; i < 4; i++)
        mr_queue_release(queue, seen[i].partition, seen[i].offset);
    kit_take(queue, &seen[6], 4);
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < i; j++)
            assert_false(seen[i].partition == seen[j].partition &&
                         seen[i].offset == seen[j].offset);
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void a_long_one_does_not_stop_the_others(void **state)
{
    enum { N = 200 };
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "long", 1, KIT_QUEUE);
    struct kit_seen first, seen;
    struct mr_queue *queue = kit_queue(bus, topic, "g", 4);

    (void)state;
    kit_send_many(bus, topic, N, 1);
    kit_take(queue, &first, 1);
    for (int i = 1; i < N; i++) {
        kit_take(queue, &seen, 1);
        assert_int_equal(atoi(seen.value), i);
        mr_queue_release(queue, 0, seen.offset);
    }
    assert_int_equal(mr_queue_flush(queue, NULL), MR_OK);
    mr_queue_free(queue);
    queue = kit_queue(bus, topic, "g", 4); /* the long one is not lost */
    kit_take(queue, &seen, 1);
    assert_int_equal(seen.offset, first.offset);
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void a_taken_message_stays_readable_until_released(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "lent", 1, KIT_QUEUE);
    struct mr_queue *queue = kit_queue(bus, topic, "g", 100);
    struct mr_msg msgs[4];
    struct kit_seen seen[50];

    (void)state;
    kit_send_many(bus, topic, 4, 1);
    kit_take_raw(queue, msgs, 4);
    kit_send_many(bus, topic, 50, 1);
    kit_take(queue, seen, 50);
    for (int i = 0; i < 50; i++)
        mr_queue_release(queue, 0, seen[i].offset);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(msgs[i].value_len, 1);
        assert_int_equal(msgs[i].value[0], '0' + i);
        assert_memory_equal(msgs[i].key, msgs[i].value, 1);
    }
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void what_a_leaving_consumer_held_goes_to_another(void **state)
{
    struct mr_bus *one = kit_connect(), *two = kit_connect();
    const char *topic = kit_topic(one, "leaving", 2, KIT_QUEUE);
    struct mr_queue *leaving = kit_queue(one, topic, "g", 100), *staying;
    struct kit_seen seen[8];

    (void)state;
    kit_send_many(one, topic, 8, 2);
    kit_take(leaving, seen, 8);
    mr_queue_free(leaving);
    mr_bus_free(one);
    staying = kit_queue(two, topic, "g", 100);
    kit_take(staying, seen, 8);
    kit_are_all(seen, 8);
    mr_queue_free(staying);
    mr_bus_free(two);
}

static void two_consumers_share_and_lose_nothing(void **state)
{
    enum { N = 400, PARTITIONS = 4 };
    struct mr_bus *one = kit_connect(), *two = kit_connect();
    const char *topic = kit_topic(one, "shared", PARTITIONS, KIT_QUEUE);
    struct mr_queue *queues[2] = {kit_queue(one, topic, "g", 10), NULL};
    struct mr_msg msgs[16];
    int times[N] = {0}, done = 0;
    int64_t deadline_ms;

    (void)state;
    kit_send_many(one, topic, N / 2, PARTITIONS);
    deadline_ms = kit_now_ms() + contract->wait_ms;
    while (done < N && kit_now_ms() < deadline_ms) {
        int n = 0;
        if (done >= N / 4 && !queues[1]) { /* in the middle of the work */
            queues[1] = kit_queue(two, topic, "g", 10);
            kit_send_from(one, topic, N / 2, N, PARTITIONS);
            deadline_ms = kit_now_ms() + contract->wait_ms;
        }
        for (int q = 0; q < 2 && queues[q]; q++) {
            int got = mr_queue_take(queues[q], msgs, 7, NULL);
            for (int i = 0; i < got; i++) {
                char text[16];
                snprintf(text, sizeof(text), "%.*s", (int)msgs[i].value_len, msgs[i].value);
                done += times[atoi(text)]++ == 0;
                mr_queue_release(queues[q], msgs[i].partition, msgs[i].offset);
            }
            n += got;
        }
        if (n == 0)
            kit_pause(mr_queue_fd(queues[0]));
    }
    assert_int_equal(done, N);
    mr_queue_free(queues[0]);
    mr_queue_free(queues[1]);
    queues[0] = kit_queue(one, topic, "g", 10);
    kit_take_nothing(queues[0]);
    mr_queue_free(queues[0]);
    mr_bus_free(one);
    mr_bus_free(two);
}

static void two_groups_take_the_same_messages(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "groups", 1, KIT_QUEUE);
    struct mr_queue *a = kit_queue(bus, topic, "a", 10), *b = kit_queue(bus, topic, "b", 10);
    struct kit_seen seen[5];

    (void)state;
    kit_send_many(bus, topic, 5, 1);
    kit_take(a, seen, 5);
    kit_are_all(seen, 5);
    kit_take(b, seen, 5);
    kit_are_all(seen, 5);
    mr_queue_free(a);
    mr_queue_free(b);
    mr_bus_free(bus);
}

static void a_release_of_what_is_not_held_is_passed_over(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "passed", 2, KIT_QUEUE);
    struct mr_queue *queue = kit_queue(bus, topic, "g", 10);
    struct kit_seen seen[3];
    struct mr_error err;

    (void)state;
    mr_queue_release(queue, 0, 17);
    mr_queue_release(queue, 700, 0);
    kit_send_many(bus, topic, 3, 1);
    kit_take(queue, seen, 3);
    mr_queue_release(queue, 0, seen[0].offset);
    mr_queue_release(queue, 0, seen[0].offset); /* twice */
    mr_queue_release(queue, 1, seen[1].offset); /* of another partition */
    mr_queue_release(queue, 0, seen[2].offset + 1);
    assert_int_equal(mr_queue_flush(queue, &err), MR_OK);
    mr_queue_free(queue);
    queue = kit_queue(bus, topic, "g", 10);
    kit_take(queue, seen, 2);
    assert_string_equal(seen[0].value, "1");
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void a_queue_goes_on_behind_what_retention_took(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "retained", 1, KIT_QUEUE);
    struct mr_queue *queue = kit_queue(bus, topic, "g", 10);
    struct kit_seen seen[10];
    struct mr_error err;

    (void)state;
    if (!contract->truncate) {
        mr_queue_free(queue);
        mr_bus_free(bus);
        skip();
    }
    kit_send_many(bus, topic, 10, 1);
    kit_take(queue, seen, 10);
    mr_queue_release(queue, 0, seen[0].offset);
    assert_int_equal(mr_queue_flush(queue, &err), MR_OK);
    mr_queue_free(queue);
    assert_int_equal(contract->truncate(contract->ctx, topic, 0, seen[6].offset, &err), MR_OK);
    queue = kit_queue(bus, topic, "g", 10);
    kit_take(queue, seen, 4);
    assert_string_equal(seen[0].value, "6");
    mr_queue_free(queue);
    mr_bus_free(bus);
}

const struct CMUnitTest bus_contract_queues[] = {
    cmocka_unit_test(a_new_group_begins_with_the_oldest_message),
    cmocka_unit_test(what_is_released_does_not_come_again_and_the_rest_does),
    cmocka_unit_test(a_release_without_a_flush_reaches_the_broker_too),
    cmocka_unit_test(no_more_than_the_window_is_taken),
    cmocka_unit_test(a_long_one_does_not_stop_the_others),
    cmocka_unit_test(a_taken_message_stays_readable_until_released),
    cmocka_unit_test(what_a_leaving_consumer_held_goes_to_another),
    cmocka_unit_test(two_consumers_share_and_lose_nothing),
    cmocka_unit_test(two_groups_take_the_same_messages),
    cmocka_unit_test(a_release_of_what_is_not_held_is_passed_over),
    cmocka_unit_test(a_queue_goes_on_behind_what_retention_took),
};
const size_t bus_contract_queues_count = sizeof bus_contract_queues / sizeof bus_contract_queues[0];
