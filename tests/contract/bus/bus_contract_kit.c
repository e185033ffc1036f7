/* bus_contract_kit.c -- see bus_contract_kit.h. */
#include "tests/contract/bus/bus_contract_kit.h"

#include "common/base/id.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS = 10, TOPICS_MAX = 64, QUEUE_KEEP_MS = 7 * 24 * 3600 * 1000 };

const struct bus_contract *contract;

static int64_t virtual_ms;

int64_t kit_now_ms(void)
{
    struct timespec now;

    if (contract->pass_time)
        return virtual_ms;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kit_pause(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    if (contract->pass_time) {
        virtual_ms += PAUSE_MS;
        contract->pass_time(contract->ctx, PAUSE_MS);
    } else {
        poll(&ready, 1, PAUSE_MS);
    }
}

bool kit_wait_fd(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    return poll(&ready, 1, (int)contract->wait_ms) == 1;
}

static void on_sent(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                    int64_t time_ms)
{
    struct kit_sent *sent = tag;

    (void)owner;
    if (!sent)
        return;
    sent->outcomes++;
    sent->code = code;
    sent->partition = partition;
    sent->offset = offset;
    sent->time_ms = time_ms;
}

struct mr_bus *kit_connect(void)
{
    struct mr_error err = {0};
    struct mr_bus *bus = contract->connect(contract->ctx, &err);

    if (!bus)
        fail_msg("connect: %s", err.text);
    bus->on_sent = on_sent;
    return bus;
}

struct mr_topic_spec kit_spec(const char *topic, int32_t partitions, enum kit_kind kind)
{
    return (struct mr_topic_spec){.name = topic,
                                  .partitions = partitions,
                                  .compacted = kind == KIT_COMPACTED,
                                  .retention_ms = kind == KIT_QUEUE ? QUEUE_KEEP_MS : -1};
}

const char *kit_topic(struct mr_bus *bus, const char *word, int32_t partitions, enum kit_kind kind)
{
    static char names[TOPICS_MAX][96];
    static int count;
    char *name = names[count++];
    struct mr_topic_spec spec = kit_spec(name, partitions, kind);
    struct mr_error err = {0};

    assert_true(count < TOPICS_MAX);
    snprintf(name, sizeof(names[0]), "contract.%lx.%d.%s", (unsigned long)time(NULL), (int)getpid(),
             word);
    if (mr_bus_ensure(bus, &spec, 1, &err))
        fail_msg("ensure %s: %s", name, err.text);
    return name;
}

void kit_send_start(struct mr_bus *bus, const char *topic, int32_t partition, const char *key,
                    const char *value, struct kit_sent *sent)
{
    struct mr_error err = {0};
    enum mr_code rc;

    do {
        rc = mr_bus_send(bus, topic, partition, key, key ? strlen(key) : 0, value,
                         value ? strlen(value) : 0, sent, &err);
        if (rc == MR_BUSY && mr_bus_poll(bus) == 0)
            kit_pause(mr_bus_fd(bus));
    } while (rc == MR_BUSY);
    if (rc)
        fail_msg("send to %s: %s", topic, err.text);
}

void kit_send(struct mr_bus *bus, const char *topic, int32_t partition, const char *key,
              const char *value, struct kit_sent *sent)
{
    struct mr_error err = {0};

    memset(sent, 0, sizeof(*sent));
    kit_send_start(bus, topic, partition, key, value, sent);
    if (mr_bus_flush(bus, contract->wait_ms, &err))
        fail_msg("flush: %s", err.text);
    assert_int_equal(sent->outcomes, 1);
    assert_int_equal(sent->code, MR_OK);
}

void kit_send_from(struct mr_bus *bus, const char *topic, int from, int to, int32_t partitions)
{
    struct mr_error err = {0};
    char text[16];

    for (int i = from; i < to; i++) {
        snprintf(text, sizeof(text), "%d", i);
        kit_send_start(bus, topic, i % partitions, text, text, NULL);
    }
    if (mr_bus_flush(bus, contract->wait_ms, &err))
        fail_msg("flush: %s", err.text);
}

void kit_send_many(struct mr_bus *bus, const char *topic, int n, int32_t partitions)
{
    kit_send_from(bus, topic, 0, n, partitions);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static void copy_text(char *to, size_t size, const char *from, size_t len)
{
    if (len >= size)
        len = size - 1;
    if (len)
        memcpy(to, from, len);
    to[len] = '\0';
}

static void see(struct kit_seen *seen, const struct mr_msg *msg)
{
    copy_text(seen->topic, sizeof(seen->topic), msg->topic, strlen(msg->topic));
    copy_text(seen->key, sizeof(seen->key), msg->key, msg->key_len);
    copy_text(seen->value, sizeof(seen->value), msg->value, msg->value_len);
    seen->value_len = msg->value_len;
    seen->value_null = !msg->value;
    seen->hash = mr_hash64(0, msg->value_len ? msg->value : "", msg->value_len);
    seen->partition = msg->partition;
    seen->offset = msg->offset;
    seen->time_ms = msg->time_ms;
}

void kit_are_all(const struct kit_seen *seen, int n)
{
    uint64_t came = 0;

    assert_in_range(n, 1, 63);
    for (int i = 0; i < n; i++) {
        const int number = atoi(seen[i].value);

        assert_in_range(number, 0, n - 1);
        assert_string_equal(seen[i].key, seen[i].value);
        came |= UINT64_C(1) << number;
        for (int before = 0; before < i; before++)
            if (seen[before].partition == seen[i].partition)
                assert_true(seen[before].offset < seen[i].offset &&
                            atoi(seen[before].value) < number);
    }
    assert_int_equal(came, (UINT64_C(1) << n) - 1);
}

struct mr_log *kit_log(struct mr_bus *bus, const char *topic)
{
    struct mr_error err = {0};
    struct mr_log *log = mr_log_open(bus, topic, &err);

    if (!log)
        fail_msg("log of %s: %s", topic, err.text);
    return log;
}

void kit_start(struct mr_log *log, int32_t partition, int64_t from)
{
    struct mr_error err = {0};

    if (mr_log_start(log, partition, from, &err))
        fail_msg("start: %s", err.text);
}

void kit_read(struct mr_log *log, struct kit_seen *seen, int n)
{
    int64_t deadline_ms = kit_now_ms() + contract->wait_ms;
    struct mr_error err = {0};
    struct mr_msg msgs[64];
    int total = 0;

    while (total < n && kit_now_ms() < deadline_ms) {
        int got = mr_log_poll(log, msgs, n - total < 64 ? n - total : 64, &err);
        if (got < 0)
            fail_msg("read: %s", err.text);
        for (int i = 0; i < got; i++)
            see(&seen[total++], &msgs[i]);
        if (got == 0)
            kit_pause(mr_log_fd(log));
    }
    if (total < n)
        fail_msg("%d of %d messages came", total, n);
}

void kit_read_nothing(struct mr_log *log)
{
    int64_t deadline_ms = kit_now_ms() + contract->calm_ms;
    struct mr_error err = {0};
    struct mr_msg msg;

    while (kit_now_ms() < deadline_ms) {
        int got = mr_log_poll(log, &msg, 1, &err);
        if (got < 0)
            fail_msg("read: %s", err.text);
        assert_int_equal(got, 0);
        kit_pause(mr_log_fd(log));
    }
}

void kit_read_fault(struct mr_log *log, enum mr_code code, const char *names)
{
    int64_t deadline_ms = kit_now_ms() + contract->wait_ms;
    struct mr_error err = {0};
    struct mr_msg msg;
    int got = 0;

    while (got == 0 && kit_now_ms() < deadline_ms) {
        got = mr_log_poll(log, &msg, 1, &err);
        if (got == 0)
            kit_pause(mr_log_fd(log));
    }
    assert_int_equal(got, -1);
    assert_int_equal(err.code, code);
    if (!strstr(err.text, names))
        fail_msg("\"%s\" does not name %s", err.text, names);
}

/* ---- taking -----------------------------------------------------------------------------------
 */

struct mr_queue *kit_queue(struct mr_bus *bus, const char *topic, const char *group, int window)
{
    struct mr_error err = {0};
    char name[160];
    struct mr_queue *queue;

    snprintf(name, sizeof(name), "%s.%s", topic, group);
    queue = mr_queue_open(bus, topic, name, window, &err);
    if (!queue)
        fail_msg("queue of %s: %s", topic, err.text);
    return queue;
}

void kit_take_raw(struct mr_queue *queue, struct mr_msg *msgs, int n)
{
    int64_t deadline_ms = kit_now_ms() + contract->wait_ms;
    struct mr_error err = {0};
    int total = 0;

    while (total < n && kit_now_ms() < deadline_ms) {
        int got = mr_queue_take(queue, msgs + total, n - total, &err);
        if (got < 0)
            fail_msg("take: %s", err.text);
        total += got;
        if (got == 0)
            kit_pause(mr_queue_fd(queue));
    }
    if (total < n)
        fail_msg("%d of %d messages were taken", total, n);
}

void kit_take(struct mr_queue *queue, struct kit_seen *seen, int n)
{
    struct mr_msg msgs[64];

    assert_true(n <= 64);
    kit_take_raw(queue, msgs, n);
    for (int i = 0; i < n; i++)
        see(&seen[i], &msgs[i]);
}

void kit_take_nothing(struct mr_queue *queue)
{
    int64_t deadline_ms = kit_now_ms() + contract->calm_ms;
    struct mr_error err = {0};
    struct mr_msg msg;

    while (kit_now_ms() < deadline_ms) {
        int got = mr_queue_take(queue, &msg, 1, &err);
        if (got < 0)
            fail_msg("take: %s", err.text);
        assert_int_equal(got, 0);
        kit_pause(mr_queue_fd(queue));
    }
}
