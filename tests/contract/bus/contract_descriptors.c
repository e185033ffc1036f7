/* contract_descriptors.c -- a descriptor wakes its owner when there is something to take. */
#include "tests/contract/bus/bus_contract_kit.h"

static void a_descriptor_wakes_its_owner_and_falls_silent(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "wakes", 1, KIT_QUEUE);
    struct mr_queue *queue = kit_queue(bus, topic, "g", 10);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_sent sent = {0};
    struct kit_seen seen;

    (void)state;
    if (contract->fd_wakes) {
        kit_send(bus, topic, 0, "k", "first", &sent);
        kit_start(log, 0, MR_LOG_FIRST);
        kit_read(log, &seen, 1);
        kit_take(queue, &seen, 1);
        for (int i = 0; i < 3; i++) {
            kit_read_nothing(log);
            kit_take_nothing(queue);
            kit_send_start(bus, topic, 0, "k", "next", &sent);
            assert_true(kit_wait_fd(mr_bus_fd(bus)));
            assert_int_equal(mr_bus_flush(bus, contract->wait_ms, NULL), MR_OK);
            assert_true(kit_wait_fd(mr_log_fd(log)));
            assert_true(kit_wait_fd(mr_queue_fd(queue)));
            kit_read(log, &seen, 1);
            kit_take(queue, &seen, 1);
            assert_int_equal(mr_log_poll(log, NULL, 0, NULL), 0);
        }
    }
    mr_log_free(log);
    mr_queue_free(queue);
    mr_bus_free(bus);
}

const struct CMUnitTest bus_contract_descriptors[] = {
    cmocka_unit_test(a_descriptor_wakes_its_owner_and_falls_silent),
};
const size_t bus_contract_descriptors_count =
    sizeof bus_contract_descriptors / sizeof bus_contract_descriptors[0];
