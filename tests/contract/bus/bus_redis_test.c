/* bus_redis_test.c -- the bus contract on real Redis Streams, the ones of MILLRACE_REDIS_URL, and
 * what is this driver's own: consumers that fall silent, connections that break, streams that stay
 * short. */
#include "tests/contract/bus/bus_contract_kit.h"
#include "tests/lib/redis_kit.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct mr_redis_config config; /* reclaim_ms 1000, unread_max 1000 */

static struct mr_bus *connect_redis(void *ctx, struct mr_error *err)
{
    return mr_bus_redis_new(ctx, err);
}

static enum mr_code truncate_redis(void *ctx, const char *topic, int32_t partition, int64_t before,
                                   struct mr_error *err)
{
    (void)ctx;
    (void)err;
    freeReplyObject(redis_kit_command("XTRIM mr:bus:{%s/%d} MINID %lld", topic, (int)partition,
                                      (long long)(before + 1)));
    return MR_OK;
}

static void pass_time(int64_t ms)
{
    (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void kill_connections(void)
{
    freeReplyObject(redis_kit_command("CLIENT KILL TYPE normal SKIPME yes"));
}

/* ---- consumers
 * ------------------------------------------------------------------------------------ */

static void what_a_silent_consumer_held_goes_to_another(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "silent", 2, KIT_QUEUE);
    struct mr_queue *silent = kit_queue(bus, topic, "g", 10), *other;
    struct kit_seen seen[4];

    (void)state;
    kit_send_many(bus, topic, 4, 2);
    kit_take(silent, seen, 4);
    other = kit_queue(bus, topic, "g", 10);
    pass_time(1200); /* silent is not called: it might as well be dead */
    kit_take(other, seen, 4);
    for (int i = 0; i < 4; i++) {
        mr_queue_release(other, seen[i].partition, seen[i].offset);
        mr_queue_release(silent, seen[i].partition, seen[i].offset); /* passed over */
    }
    assert_int_equal(mr_queue_flush(silent, NULL), MR_OK);
    assert_int_equal(mr_queue_flush(other, NULL), MR_OK);
    assert_int_equal(redis_kit_int("XLEN mr:bus:{%s/0}", topic), 0);
    mr_queue_free(silent);
    mr_queue_free(other);
    mr_bus_free(bus);
}

static void what_a_living_consumer_works_on_stays_its_own(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "living", 2, KIT_QUEUE);
    struct mr_queue *busy = kit_queue(bus, topic, "g", 10), *idle = kit_queue(bus, topic, "g", 10);
    struct mr_msg msg;
    struct kit_seen seen[4];
    int64_t until_ms;

    (void)state;
    kit_send_many(bus, topic, 4, 2);
    kit_take(busy, seen, 4);
    until_ms = kit_now_ms() + 2500; /* two and a half times reclaim_ms */
    while (kit_now_ms() < until_ms) {
        struct pollfd fds[] = {{mr_queue_fd(busy), POLLIN, 0}, {mr_queue_fd(idle), POLLIN, 0}};

        (void)poll(fds, 2, 500); /* nothing but the descriptors says when to call */
        assert_int_equal(mr_queue_take(busy, NULL, 0, NULL), 0);
        assert_int_equal(mr_queue_take(idle, &msg, 1, NULL), 0);
    }
    mr_queue_free(busy); /* and then goes: the other has them within a fraction of reclaim_ms */
    kit_take(idle, seen, 4);
    mr_queue_free(idle);
    mr_bus_free(bus);
}

static void consumers_that_left_are_not_kept(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "left", 1, KIT_QUEUE);
    redisReply *consumers;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct mr_queue *queue = kit_queue(bus, topic, "g", 10);

        kit_take_nothing(queue);
        mr_queue_free(queue);
    }
    consumers = redis_kit_command("XINFO CONSUMERS mr:bus:{%s/0} g", topic);
    assert_int_equal(consumers->elements, 0);
    freeReplyObject(consumers);
    mr_bus_free(bus);
}

static void a_small_window_takes_no_more_though_there_are_many_partitions(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "narrow", 8, KIT_QUEUE);
    struct mr_queue *one = kit_queue(bus, topic, "g", 2), *two = kit_queue(bus, topic, "g", 100);
    struct kit_seen seen[16];

    (void)state;
    kit_send_many(bus, topic, 16, 8);
    kit_take(one, seen, 2);
    kit_take(two, seen, 14); /* nothing lies in the hands of the first */
    mr_queue_free(one);
    mr_queue_free(two);
    mr_bus_free(bus);
}

/* ---- connections
 * ------------------------------------------------------------------------------------ */

static void a_send_over_a_broken_connection_is_told_and_the_next_one_arrives(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "broken", 1, KIT_LOG);
    struct kit_sent before = {0}, lost = {0}, after = {0};
    int fd = mr_bus_fd(bus);

    (void)state;
    kit_send(bus, topic, 0, "k", "before", &before);
    freeReplyObject(redis_kit_command("CLIENT PAUSE 200 WRITE"));
    kit_send_start(bus, topic, 0, "k", "lost", &lost);
    (void)mr_bus_poll(bus); /* it is under way */
    kill_connections();
    assert_int_equal(mr_bus_flush(bus, 5000, NULL), MR_OK);
    assert_int_equal(lost.outcomes, 1);
    assert_int_equal(lost.code, MR_UNAVAILABLE);
    kit_send(bus, topic, 0, "k", "after", &after);
    assert_true(after.offset > before.offset);
    assert_int_equal(mr_bus_fd(bus), fd);
    mr_bus_free(bus);
}

static void readers_come_back_after_a_broken_connection(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *log_topic = kit_topic(bus, "back-log", 2, KIT_LOG);
    const char *topic = kit_topic(bus, "back", 2, KIT_QUEUE);
    struct mr_log *log = kit_log(bus, log_topic);
    struct mr_queue *queue = kit_queue(bus, topic, "g", 10);
    struct kit_seen seen[8];
    struct mr_msg msg;
    struct mr_error err;
    int log_faults = 0, queue_faults = 0;

    (void)state;
    kit_send_many(bus, log_topic, 4, 2);
    kit_start(log, 0, MR_LOG_FIRST);
    kit_start(log, 1, MR_LOG_FIRST);
    kit_read(log, seen, 4);
    kit_read_nothing(log);
    kit_take_nothing(queue);
    kill_connections();
    pass_time(20);
    while (mr_log_poll(log, &msg, 1, &err) < 0) {
        assert_true(mr_code_retriable(err.code));
        assert_true(++log_faults < 3);
    }
    while (mr_queue_take(queue, &msg, 1, &err) < 0) {
        assert_true(mr_code_retriable(err.code));
        assert_true(++queue_faults < 3);
    }
    assert_int_equal(log_faults, 1); /* told once, not in every turn */
    assert_int_equal(queue_faults, 1);
    kit_send_many(bus, log_topic, 4, 2);
    kit_send_many(bus, topic, 4, 2);
    kit_read(log, seen, 4);
    kit_take(queue, seen, 4);
    mr_log_free(log);
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void a_full_send_queue_refuses(void **state)
{
    struct mr_redis_config small = config;
    struct mr_bus *bus, *maker = kit_connect();
    const char *topic = kit_topic(maker, "full", 1, KIT_QUEUE);
    struct mr_error err;

    (void)state;
    small.send_queue_max = 10;
    bus = mr_bus_redis_new(&small, &err);
    assert_non_null(bus);
    for (int i = 0; i < 10; i++)
        assert_int_equal(mr_bus_send(bus, topic, 0, "k", 1, "v", 1, NULL, &err), MR_OK);
    assert_int_equal(mr_bus_send(bus, topic, 0, "k", 1, "v", 1, NULL, &err), MR_BUSY);
    assert_int_equal(mr_bus_flush(bus, 5000, &err), MR_OK);
    assert_int_equal(mr_bus_send(bus, topic, 0, "k", 1, "v", 1, NULL, &err), MR_OK);
    mr_bus_free(bus);
    mr_bus_free(maker);
}

/* ---- what is kept
 * ------------------------------------------------------------------------------------ */

static void a_topic_that_no_group_reads_stays_short(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *unread = kit_topic(bus, "unread", 1, KIT_QUEUE),
               *read = kit_topic(bus, "read", 1, KIT_QUEUE),
               *log = kit_topic(bus, "log", 1, KIT_LOG);
    struct mr_queue *queue = kit_queue(bus, read, "g", 1);

    (void)state;
    for (int i = 0; i < 3; i++) {
        kit_send_many(bus, unread, 1000, 1);
        kit_send_many(bus, read, 1000, 1);
        kit_send_many(bus, log, 1000, 1);
    }
    assert_in_range(redis_kit_int("XLEN mr:bus:{%s/0}", unread), 1000, 1200);
    assert_int_equal(redis_kit_int("XLEN mr:bus:{%s/0}", read), 3000);
    assert_int_equal(redis_kit_int("XLEN mr:bus:{%s/0}", log), 3000);
    mr_queue_free(queue);
    mr_bus_free(bus);
}

static void a_topic_that_no_group_reads_forgets_what_is_old(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "old", 1, KIT_QUEUE);

    (void)state;
    freeReplyObject(redis_kit_command("EVAL %s 1 mr:bus:topics %s",
                                      "local s = redis.call('HGET', KEYS[1], ARGV[1]) "
                                      "s = string.gsub(s, ' %-?%d+ 0$', ' 100 0') "
                                      "return redis.call('HSET', KEYS[1], ARGV[1], s)",
                                      topic));
    kit_send_many(bus, topic, 50, 1);
    pass_time(150);
    kit_send_many(bus, topic, 50, 1);
    assert_int_equal(redis_kit_int("XLEN mr:bus:{%s/0}", topic), 50);
    mr_bus_free(bus);
}

static void two_groups_must_both_be_done_with_a_message(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "two", 1, KIT_QUEUE);
    struct mr_queue *a = kit_queue(bus, topic, "a", 10), *b = kit_queue(bus, topic, "b", 10);
    struct kit_seen seen[5];

    (void)state;
    kit_send_many(bus, topic, 5, 1);
    kit_take(a, seen, 5);
    for (int i = 0; i < 5; i++)
        mr_queue_release(a, 0, seen[i].offset);
    assert_int_equal(mr_queue_flush(a, NULL), MR_OK);
    kit_take(b, seen, 5);
    for (int i = 1; i < 5; i++)
        mr_queue_release(b, 0, seen[i].offset);
    assert_int_equal(mr_queue_flush(b, NULL), MR_OK);
    assert_int_equal(redis_kit_int("XLEN mr:bus:{%s/0}", topic), 5); /* the first is still held */
    mr_queue_release(b, 0, seen[0].offset);
    assert_int_equal(mr_queue_flush(b, NULL), MR_OK);
    assert_int_equal(redis_kit_int("XLEN mr:bus:{%s/0}", topic), 0);
    mr_queue_free(a);
    mr_queue_free(b);
    mr_bus_free(bus);
}

static void a_compacted_topic_keeps_the_newest_of_each_key(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "compacted", 1, KIT_COMPACTED);
    struct mr_log *log = kit_log(bus, topic);
    struct kit_sent sent;
    struct kit_seen seen[2];

    (void)state;
    for (int i = 0; i < 10; i++) {
        char value[8];

        (void)snprintf(value, sizeof value, "%d", i);
        sent = (struct kit_sent){0};
        kit_send(bus, topic, 0, i % 2 ? "odd" : "even", value, &sent);
    }
    kit_start(log, 0, MR_LOG_FIRST);
    kit_read(log, seen, 2);
    assert_string_equal(seen[0].value, "8");
    assert_string_equal(seen[1].value, "9");
    kit_start(log, 0, 3); /* compaction took it: nothing that counts is missing behind it */
    kit_read(log, seen, 2);
    assert_int_equal(redis_kit_int("XLEN mr:bus:{%s/0}", topic), 2);
    mr_log_free(log);
    mr_bus_free(bus);
}

static void what_was_flushed_is_gone_and_not_made_anew_in_silence(void **state)
{
    struct mr_bus *bus = kit_connect();
    const char *topic = kit_topic(bus, "flushed", 1, KIT_LOG);
    struct mr_log *log = kit_log(bus, topic);
    struct mr_buf id = {0};
    struct kit_sent sent = {0};
    struct mr_error err;

    (void)state;
    kit_send(bus, topic, 0, "k", "v", &sent);
    redis_kit_wipe();
    sent = (struct kit_sent){0};
    kit_send_start(bus, topic, 0, "k", "v", &sent);
    assert_int_equal(mr_bus_flush(bus, 5000, NULL), MR_OK);
    assert_int_equal(sent.code, MR_NOT_FOUND);
    assert_int_equal(redis_kit_int("EXISTS mr:bus:{%s/0}", topic), 0);
    assert_int_equal(mr_log_id(log, &id, &err), MR_NOT_FOUND);
    mr_log_free(log);
    mr_bus_free(bus);
}

int main(void)
{
    const struct CMUnitTest own[] = {
        cmocka_unit_test(what_a_silent_consumer_held_goes_to_another),
        cmocka_unit_test(what_a_living_consumer_works_on_stays_its_own),
        cmocka_unit_test(consumers_that_left_are_not_kept),
        cmocka_unit_test(a_small_window_takes_no_more_though_there_are_many_partitions),
        cmocka_unit_test(a_send_over_a_broken_connection_is_told_and_the_next_one_arrives),
        cmocka_unit_test(readers_come_back_after_a_broken_connection),
        cmocka_unit_test(a_full_send_queue_refuses),
        cmocka_unit_test(a_topic_that_no_group_reads_stays_short),
        cmocka_unit_test(a_topic_that_no_group_reads_forgets_what_is_old),
        cmocka_unit_test(two_groups_must_both_be_done_with_a_message),
        cmocka_unit_test(a_compacted_topic_keeps_the_newest_of_each_key),
        cmocka_unit_test(what_was_flushed_is_gone_and_not_made_anew_in_silence),
    };
    const struct bus_contract real = {
        .driver = "bus contract: redis",
        .connect = connect_redis,
        .truncate = truncate_redis,
        .ctx = &config,
        .wait_ms = 10000,
        .calm_ms = 100,
        .fd_wakes = true,
        .log_trims = true,
    };
    int failed;

    if (!redis_kit_config(&config))
        return REDIS_KIT_SKIPPED;
    failed = bus_contract_run(&real) + cmocka_run_group_tests_name("bus on redis", own, NULL, NULL);
    redis_kit_release(&config);
    return failed;
}
