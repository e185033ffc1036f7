/* bus_bench.c -- the bus on Redis Streams: how long from a send to the reader that wakes, and what
 * a message costs Redis, appended, taken and released.
 *
 *   MILLRACE_REDIS_URL=redis://127.0.0.1:6379/0 bus_bench [messages [window]]
 *
 * Redis must run on this machine: its CPU is read from /proc. Database 9 is wiped. */
#include "tests/lib/redis_kit.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 300, MSGS_MAX = 1000, PARTITIONS = 4, VALUE_LEN = 400 };

static double seconds(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* User and system time of Redis, from its own account. */
static double redis_cpu(void)
{
    static const char *const fields[] = {"used_cpu_sys:", "used_cpu_user:"};
    redisReply *reply = redis_kit_command("INFO cpu");
    double sum = 0;

    for (size_t i = 0; i < 2; i++) {
        const char *at = strstr(reply->str, fields[i]);

        sum += at ? atof(at + strlen(fields[i])) : 0;
    }
    freeReplyObject(reply);
    return sum;
}

static void sleep_on(int fd)
{
    struct pollfd one = {fd, POLLIN, 0};

    (void)poll(&one, 1, 1000);
}

static int by_size(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 : 1;
}

static bool wake(struct mr_bus *bus, struct mr_log *log, double *ret)
{
    struct mr_msg msg;
    double start = seconds(CLOCK_MONOTONIC);

    if (mr_bus_send(bus, "bench.log", 0, "k", 1, "v", 1, NULL, NULL))
        return false;
    (void)mr_bus_poll(bus);
    while (mr_log_poll(log, &msg, 1, NULL) == 0)
        sleep_on(mr_log_fd(log));
    *ret = seconds(CLOCK_MONOTONIC) - start;
    return mr_bus_flush(bus, 1000, NULL) == MR_OK;
}

static bool latency(struct mr_bus *bus)
{
    struct mr_log *log = mr_log_open(bus, "bench.log", NULL);
    double took[ROUNDS];
    bool ok = log && mr_log_start(log, 0, MR_LOG_END, NULL) == MR_OK;
    struct mr_msg msg;

    for (int i = 0; ok && i < ROUNDS; i++) {
        (void)mr_log_poll(log, &msg, 1, NULL); /* asks again, waits at the server */
        ok = wake(bus, log, &took[i]);
    }
    if (ok) {
        qsort(took, ROUNDS, sizeof *took, by_size);
        printf("send to wake-up of a log: median %.0f us, 99 %% %.0f us\n", took[ROUNDS / 2] * 1e6,
               took[ROUNDS * 99 / 100] * 1e6);
    }
    mr_log_free(log);
    return ok;
}

static bool send_all(struct mr_bus *bus, int messages)
{
    char value[VALUE_LEN], key[32];
    enum mr_code rc = MR_OK;

    memset(value, 'x', sizeof value);
    for (int i = 0; i < messages && !rc; i++) {
        int len = snprintf(key, sizeof key, "job-%d", i);

        rc = mr_bus_send(bus, "bench.tasks", -1, key, (size_t)len, value, sizeof value, NULL, NULL);
        if (i % 500 == 499)
            (void)mr_bus_poll(bus);
    }
    return !rc && mr_bus_flush(bus, 60000, NULL) == MR_OK;
}

static bool take_all(struct mr_bus *bus, int messages, int window)
{
    static struct mr_msg msgs[MSGS_MAX];
    struct mr_queue *queue = mr_queue_open(bus, "bench.tasks", "bench", window, NULL);
    int done = 0;

    while (queue && done < messages) {
        int n = mr_queue_take(queue, msgs, MSGS_MAX, NULL);

        if (n < 0)
            break;
        for (int i = 0; i < n; i++)
            mr_queue_release(queue, msgs[i].partition, msgs[i].offset);
        done += n;
        if (n == 0)
            sleep_on(mr_queue_fd(queue));
    }
    if (queue && mr_queue_flush(queue, NULL))
        done = 0;
    mr_queue_free(queue);
    return done == messages;
}

int main(int argc, char **argv)
{
    const int messages = argc > 1 ? atoi(argv[1]) : 50000, window = argc > 2 ? atoi(argv[2]) : 1000;
    const struct mr_topic_spec specs[] = {{"bench.log", 1, false, -1},
                                          {"bench.tasks", PARTITIONS, false, 3600000}};
    struct mr_redis_config config;
    struct mr_bus *bus;
    double cpu[3], wall[3], own[3];
    bool ok;

    if (!redis_kit_config(&config))
        return REDIS_KIT_SKIPPED;
    config.unread_max = 0;
    bus = mr_bus_redis_new(&config, NULL);
    ok = bus && mr_bus_ensure(bus, specs, 2, NULL) == MR_OK && latency(bus);
    for (int i = 0; ok && i < 3; i++) {
        cpu[i] = redis_cpu();
        own[i] = seconds(CLOCK_PROCESS_CPUTIME_ID);
        wall[i] = seconds(CLOCK_MONOTONIC);
        if (i < 2)
            ok = i == 0 ? send_all(bus, messages) : take_all(bus, messages, window);
    }
    for (int i = 0; ok && i < 2; i++)
        printf("%s: redis %.2f us/message CPU, client %.2f, %.0f messages/s\n",
               i == 0 ? "append" : "take and release", (cpu[i + 1] - cpu[i]) * 1e6 / messages,
               (own[i + 1] - own[i]) * 1e6 / messages, messages / (wall[i + 1] - wall[i]));
    mr_bus_free(bus);
    redis_kit_release(&config);
    return ok ? 0 : 1;
}
