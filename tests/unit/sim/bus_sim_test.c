/* bus_sim_test.c -- what the twin of the bus does beyond the contract: faults at a chosen call,
 * clients that die, virtual time, the same run for the same seed. */
#include "common/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct bench {
    struct mr_sim_world world;
    struct mr_sim_broker *broker;
    struct mr_bus *bus;
    int outcomes;
    enum mr_code code; /* of the last one */
    int64_t time_ms;
};

static void on_sent(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                    int64_t time_ms)
{
    struct bench *bench = owner;

    (void)tag;
    (void)partition;
    (void)offset;
    bench->outcomes++;
    bench->code = code;
    bench->time_ms = time_ms;
}

static struct mr_bus *client(struct bench *bench)
{
    struct mr_bus *bus = mr_bus_sim_new(bench->broker, NULL);

    assert_non_null(bus);
    bus->on_sent = on_sent;
    bus->owner = bench;
    return bus;
}

static void setup(struct bench *bench)
{
    struct mr_topic_spec spec = {.name = "t", .partitions = 2, .retention_ms = -1};

    *bench = (struct bench){.world = {.seed = 7, .now_ms = 1000}};
    bench->broker = mr_sim_broker_new(&bench->world);
    bench->bus = client(bench);
    assert_int_equal(mr_bus_ensure(bench->bus, &spec, 1, NULL), MR_OK);
}

static void teardown(struct bench *bench)
{
    mr_bus_free(bench->bus);
    mr_sim_broker_free(bench->broker);
}

static void send(struct bench *bench, const char *value)
{
    assert_int_equal(mr_bus_send(bench->bus, "t", 0, "k", 1, value, strlen(value), NULL, NULL),
                     MR_OK);
}

static int stored(struct bench *bench)
{
    struct mr_bus *bus = client(bench);
    struct mr_log *log = mr_log_open(bus, "t", NULL);
    int64_t first, end;

    assert_int_equal(mr_log_bounds(log, 0, &first, &end, NULL), MR_OK);
    mr_log_free(log);
    mr_bus_free(bus);
    return (int)(end - first);
}

static void a_send_that_fails_before_is_not_stored(void **state)
{
    struct bench bench;

    (void)state;
    setup(&bench);
    bench.world.fail_at = bench.world.calls + 1;
    bench.world.fault = MR_SIM_BEFORE;
    send(&bench, "a");
    assert_int_equal(mr_bus_poll(bench.bus), 1);
    assert_int_equal(bench.code, MR_UNAVAILABLE);
    assert_int_equal(stored(&bench), 0);
    teardown(&bench);
}

static void a_send_whose_answer_is_lost_is_stored_all_the_same(void **state)
{
    struct bench bench;

    (void)state;
    setup(&bench);
    bench.world.fail_at = bench.world.calls + 1;
    bench.world.fault = MR_SIM_AFTER;
    send(&bench, "a");
    assert_int_equal(mr_bus_flush(bench.bus, 0, NULL), MR_OK);
    assert_int_equal(bench.outcomes, 1);
    assert_int_equal(bench.code, MR_UNAVAILABLE);
    assert_int_equal(stored(&bench), 1);
    teardown(&bench);
}

static void a_read_that_fails_is_made_good_by_the_next(void **state)
{
    struct bench bench;
    struct mr_log *log;
    struct mr_msg msg;
    struct mr_error err;

    (void)state;
    for (int fault = MR_SIM_BEFORE; fault <= MR_SIM_AFTER; fault++) {
        setup(&bench);
        send(&bench, "a");
        mr_bus_poll(bench.bus);
        log = mr_log_open(bench.bus, "t", NULL);
        assert_int_equal(mr_log_start(log, 0, MR_LOG_FIRST, NULL), MR_OK);
        bench.world.fail_at = bench.world.calls + 1;
        bench.world.fault = (enum mr_sim_fault)fault;
        assert_int_equal(mr_log_poll(log, &msg, 1, &err), -1);
        assert_true(mr_code_retriable(err.code));
        assert_int_equal(mr_log_poll(log, &msg, 1, &err), 1);
        assert_int_equal(msg.value[0], 'a');
        mr_log_free(log);
        teardown(&bench);
    }
}

static void a_poll_with_nothing_to_tell_is_no_counted_call(void **state)
{
    struct bench bench;
    struct mr_log *log;
    struct mr_queue *queue;
    struct mr_msg msg;
    uint64_t calls;

    (void)state;
    setup(&bench);
    log = mr_log_open(bench.bus, "t", NULL);
    queue = mr_queue_open(bench.bus, "t", "g", 1, NULL);
    assert_int_equal(mr_log_start(log, 0, MR_LOG_FIRST, NULL), MR_OK);
    calls = bench.world.calls;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(mr_bus_poll(bench.bus), 0);
        assert_int_equal(mr_log_poll(log, &msg, 1, NULL), 0);
        assert_int_equal(mr_queue_take(queue, &msg, 1, NULL), 0);
    }
    assert_int_equal(bench.world.calls, calls);
    mr_log_free(log);
    mr_queue_free(queue);
    teardown(&bench);
}

static void a_killed_client_loses_what_was_under_way(void **state)
{
    struct bench bench;
    struct mr_error err;

    (void)state;
    setup(&bench);
    send(&bench, "a");
    mr_sim_bus_kill(bench.bus);
    assert_int_equal(mr_bus_poll(bench.bus), 0);
    assert_int_equal(bench.outcomes, 0);
    assert_int_equal(mr_bus_send(bench.bus, "t", 0, NULL, 0, "b", 1, NULL, &err), MR_UNAVAILABLE);
    assert_int_equal(stored(&bench), 0);
    teardown(&bench);
}

static void what_a_killed_client_released_last_comes_again_elsewhere(void **state)
{
    struct bench bench;
    struct mr_bus *other;
    struct mr_queue *queue, *heir;
    struct mr_msg msgs[4];

    (void)state;
    setup(&bench);
    other = client(&bench);
    send(&bench, "a");
    send(&bench, "b");
    send(&bench, "c");
    mr_bus_poll(bench.bus);
    queue = mr_queue_open(bench.bus, "t", "g", 4, NULL);
    assert_int_equal(mr_queue_take(queue, msgs, 4, NULL), 3);
    mr_queue_release(queue, 0, 0);
    assert_int_equal(mr_queue_flush(queue, NULL), MR_OK);
    mr_queue_release(queue, 0, 1); /* not told to the broker any more */
    mr_sim_bus_kill(bench.bus);
    assert_int_equal(mr_queue_take(queue, msgs, 4, NULL), -1);
    heir = mr_queue_open(other, "t", "g", 4, NULL);
    assert_int_equal(mr_queue_take(heir, msgs, 4, NULL), 2);
    assert_int_equal(msgs[0].value[0], 'b');
    mr_queue_free(heir);
    mr_queue_free(queue);
    mr_bus_free(other);
    teardown(&bench);
}

static void a_message_that_comes_back_while_held_is_not_taken_twice(void **state)
{
    struct bench bench;
    struct mr_bus *other;
    struct mr_queue *queue, *guest;
    struct mr_msg msgs[4];

    (void)state;
    setup(&bench);
    other = client(&bench);
    assert_int_equal(mr_bus_send(bench.bus, "t", 1, NULL, 0, "x", 1, NULL, NULL), MR_OK);
    mr_bus_poll(bench.bus);
    queue = mr_queue_open(bench.bus, "t", "g", 4, NULL);
    assert_int_equal(mr_queue_take(queue, msgs, 4, NULL), 1);
    guest = mr_queue_open(other, "t", "g", 4, NULL); /* partition 1 goes to it, and back */
    mr_queue_free(guest);
    assert_int_equal(mr_queue_take(queue, msgs, 4, NULL), 0);
    mr_queue_release(queue, 1, 0);
    mr_queue_free(queue);
    queue = mr_queue_open(bench.bus, "t", "g", 4, NULL);
    assert_int_equal(mr_queue_take(queue, msgs, 4, NULL), 0);
    mr_queue_free(queue);
    mr_bus_free(other);
    teardown(&bench);
}

static void time_is_the_worlds(void **state)
{
    struct bench bench;
    struct mr_sim_clock clock;

    (void)state;
    setup(&bench);
    mr_sim_clock_init(&clock, &bench.world);
    send(&bench, "a");
    bench.world.now_ms = 5000;
    mr_bus_poll(bench.bus);
    assert_int_equal(bench.time_ms, 5000);
    assert_int_equal(clock.clock.wall_ms(&clock.clock), 5000);
    assert_int_equal(clock.clock.mono_ms(&clock.clock), 5000);
    teardown(&bench);
}

static void the_same_seed_gives_the_same_order(void **state)
{
    struct mr_sim_world one = {.seed = 42}, two = {.seed = 42}, other = {.seed = 43};

    (void)state;
    for (int i = 0; i < 100; i++) {
        uint64_t n = mr_sim_random(&one);
        assert_true(n == mr_sim_random(&two));
        assert_true(n != mr_sim_random(&other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_send_that_fails_before_is_not_stored),
        cmocka_unit_test(a_send_whose_answer_is_lost_is_stored_all_the_same),
        cmocka_unit_test(a_read_that_fails_is_made_good_by_the_next),
        cmocka_unit_test(a_poll_with_nothing_to_tell_is_no_counted_call),
        cmocka_unit_test(a_killed_client_loses_what_was_under_way),
        cmocka_unit_test(what_a_killed_client_released_last_comes_again_elsewhere),
        cmocka_unit_test(a_message_that_comes_back_while_held_is_not_taken_twice),
        cmocka_unit_test(time_is_the_worlds),
        cmocka_unit_test(the_same_seed_gives_the_same_order),
    };

    return cmocka_run_group_tests_name("bus twin", tests, NULL, NULL);
}
