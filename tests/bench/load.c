/* load.c -- the load generator of tests/bench/run: writes jobs, fills a log, or runs one job at a
 * time. Its own CPU is printed, not counted.  Prints one JSON line. */
#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "common/model/message.h"
#include "common/parts/parts.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char noop_text[] =
    "{\"StartAt\":\"Work\",\"States\":{\"Work\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
    "\"End\":true}}}";
static const char steps_text[] =
    "{\"StartAt\":\"One\",\"States\":{\"One\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
    "\"Next\":\"Two\"},\"Two\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\",\"Next\":"
    "\"Three\"},"
    "\"Three\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\",\"End\":true}}}";
static const char input_text[] = "{\"source\":{\"key\":\"in/photo.jpg\"},\"width\":720}";

struct load {
    struct mr_parts_config config;
    struct mr_topics topics;
    struct mr_bus *bus;
    long failed, reported;
};

static void on_sent(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                    int64_t time_ms)
{
    struct load *load = owner;

    (void)tag, (void)partition, (void)offset, (void)time_ms;
    load->reported++;
    load->failed += code != MR_OK;
}

static void send(struct load *load, const char *topic, int32_t partition, const char *key,
                 const struct mr_buf *text)
{
    struct mr_error err;
    enum mr_code rc;

    do {
        rc = mr_bus_send(load->bus, topic, partition, key, key ? strlen(key) : 0, text->data,
                         text->len, NULL, &err);
        if (rc == MR_BUSY) {
            struct pollfd fd = {.fd = mr_bus_fd(load->bus), .events = POLLIN};

            (void)poll(&fd, 1, 10);
        }
        (void)mr_bus_poll(load->bus);
    } while (rc == MR_BUSY);
    if (rc) {
        fprintf(stderr, "bench-load: %s\n", err.text);
        exit(1);
    }
}

static void flush(struct load *load)
{
    struct mr_error err;

    if (mr_bus_flush(load->bus, 60000, &err) || load->failed) {
        fprintf(stderr, "bench-load: %ld sends failed\n", load->failed);
        exit(1);
    }
}

static void ensure(struct load *load)
{
    struct mr_topic_spec specs[MR_TOPICS_COUNT + 1];
    char io[MR_TOPIC_MAX];
    struct mr_error err;

    mr_topics_specs(&load->topics, &load->config.cluster, specs);
    mr_topic_of_class(&load->topics, "io", io);
    specs[MR_TOPICS_COUNT] = mr_topic_task_spec(io, &load->config.cluster);
    if (mr_bus_ensure(load->bus, specs, MR_TOPICS_COUNT + 1, &err)) {
        fprintf(stderr, "bench-load: %s\n", err.text);
        exit(1);
    }
}

static void put_workflow(struct load *load, const char *name, const char *definition)
{
    char key[100], def[65];
    struct mr_buf text = {0};

    mr_sha256_hex(definition, strlen(definition), def);
    (void)snprintf(key, sizeof key, "workflow/%s", name);
    (void)mr_buf_addf(&text, "{\"v\":1,\"def\":\"%s\",\"definition\":%s,\"created_ms\":0}", def,
                      definition);
    send(load, load->topics.config, 0, key, &text);
    mr_buf_release(&text);
    flush(load);
}

/* ---- fill: a log of n jobs, a submit and a result each ------------------------------------------
 */

static void write_result(struct load *load, const char *job, const char *nonce, int32_t shard)
{
    char said[MR_JOB_ID_MAX + 32], mac[33], token[MR_TOKEN_MAX + 1];
    struct mr_event event = {.kind = MR_EVENT_RESULT,
                             .token_text = token,
                             .output_text = input_text,
                             .output_len = sizeof input_text - 1,
                             .worker = "bench"};
    uint8_t sum[MR_SHA256_LEN];
    struct mr_buf text = {0};
    int len = snprintf(said, sizeof said, "%s.1.1", job);

    mr_hmac_sha256(nonce, strlen(nonce), said, (size_t)len, sum);
    mr_hex(sum, 16, mac);
    (void)snprintf(token, sizeof token, "%s.%s", said, mac);
    (void)mr_event_print(&event, &text);
    send(load, load->topics.log, shard, job, &text);
    mr_buf_release(&text);
}

static void write_submit(struct load *load, const char *job, const char *nonce, const char *def,
                         const cJSON *input, int32_t shard)
{
    char sum[65];
    struct mr_event event = {.kind = MR_EVENT_SUBMIT,
                             .job = job,
                             .tenant = "default",
                             .workflow = "noop",
                             .def = def,
                             .nonce = nonce,
                             .sum = sum,
                             .engine = 1,
                             .from = "bench/0/0",
                             .input = input};
    struct mr_buf text = {0};

    mr_sha256_hex(job, strlen(job), sum);
    (void)mr_event_print(&event, &text);
    send(load, load->topics.log, shard, job, &text);
    mr_buf_release(&text);
}

static void fill(struct load *load, long n)
{
    const uint32_t shards = (uint32_t)load->config.cluster.shards;
    struct mr_event definition = {.kind = MR_EVENT_DEFINITION,
                                  .definition_text = noop_text,
                                  .definition_len = sizeof noop_text - 1};
    struct mr_buf text = {0};
    cJSON *input = cJSON_Parse(input_text);
    char def[65];

    ensure(load);
    mr_sha256_hex(noop_text, sizeof noop_text - 1, def);
    definition.def = def;
    (void)mr_event_print(&definition, &text);
    for (uint32_t s = 0; s < shards; s++)
        send(load, load->topics.log, (int32_t)s, NULL, &text);
    mr_buf_release(&text);
    for (long i = 0; i < n + 100; i++) { /* results come some jobs behind their submits */
        char job[32], nonce[33];
        const long done = i - 100;

        (void)snprintf(job, sizeof job, "bench-%010ld", i);
        (void)snprintf(nonce, sizeof nonce, "%032lx", (unsigned long)i);
        if (i < n)
            write_submit(load, job, nonce, def, input,
                         (int32_t)mr_shard_of(job, strlen(job), shards));
        if (done < 0)
            continue;
        (void)snprintf(job, sizeof job, "bench-%010ld", done);
        (void)snprintf(nonce, sizeof nonce, "%032lx", (unsigned long)done);
        write_result(load, job, nonce, (int32_t)mr_shard_of(job, strlen(job), shards));
    }
    cJSON_Delete(input);
    flush(load);
}

/* ---- jobs and single ----------------------------------------------------------------------------
 */

static void write_job(struct load *load, const char *workflow, const char *prefix, long i)
{
    struct mr_buf text = {0};
    char job[64];

    (void)snprintf(job, sizeof job, "%s-%010ld", prefix, i);
    (void)mr_buf_addf(&text, "{\"v\":1,\"id\":\"%s\",\"workflow\":\"%s\",\"input\":%s}", job,
                      workflow, input_text);
    send(load, load->topics.jobs, -1, job, &text);
    mr_buf_release(&text);
}

static double now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Waits until the events topic says that this job has ended. */
static bool wait_end(struct load *load, struct mr_log *events, const char *job)
{
    const double limit = now_ms() + 20000;
    struct mr_msg msgs[16];
    struct mr_error err;

    while (now_ms() < limit) {
        struct pollfd fds[2] = {{.fd = mr_log_fd(events), .events = POLLIN},
                                {.fd = mr_bus_fd(load->bus), .events = POLLIN}};
        int n = mr_log_poll(events, msgs, 16, &err);

        (void)mr_bus_poll(load->bus);
        for (int i = 0; i < n; i++)
            if (msgs[i].key_len == strlen(job) && memcmp(msgs[i].key, job, msgs[i].key_len) == 0)
                return true;
        if (n == 0)
            (void)poll(fds, 2, 100);
    }
    return false;
}

static int by_value(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void single(struct load *load, long n, const char *prefix, double *p50, double *p99)
{
    double *times = calloc((size_t)n, sizeof *times);
    struct mr_error err;
    struct mr_log *events = mr_log_open(load->bus, load->topics.events, &err);
    const int32_t partitions = mr_bus_partitions(load->bus, load->topics.events, &err);

    for (int32_t p = 0; events && p < partitions; p++)
        if (mr_log_start(events, p, MR_LOG_END, &err))
            events = NULL;
    if (!events || !times) {
        fprintf(stderr, "bench-load: %s\n", err.text);
        exit(1);
    }
    (void)poll(NULL, 0, 500); /* until the readers stand at the end */
    for (long i = 0; i < n; i++) {
        char job[64];
        const double start = now_ms();

        (void)snprintf(job, sizeof job, "%s-%010ld", prefix, i);
        write_job(load, "noop", prefix, i);
        if (!wait_end(load, events, job)) {
            fprintf(stderr, "bench-load: job %s has not ended in 20 s\n", job);
            exit(1);
        }
        times[i] = now_ms() - start;
    }
    qsort(times, (size_t)n, sizeof *times, by_value);
    *p50 = times[n / 2];
    *p99 = times[n * 99 / 100];
    mr_log_free(events);
    free(times);
}

int main(int argc, char **argv)
{
    struct load load = {0};
    struct mr_error err;
    struct rusage used;
    const char *work = argc > 1 ? argv[1] : "";
    const long n = argc > 2 ? atol(argv[2]) : 0;
    const char *prefix = argc > 3 ? argv[3] : "bench";
    char *none[] = {argv[0]};
    double p50 = 0, p99 = 0, start;
    bool done = false;

    if (n <= 0 || mr_parts_start("bench-load", &load.config, NULL, 0, 1, none, &done, &err)) {
        fprintf(stderr, "bench-load: fill|noop|steps|single N [PREFIX]\n");
        return 2;
    }
    mr_topics_init(&load.topics, load.config.cluster.topics);
    load.bus = mr_parts_bus(&load.config, &err);
    if (!load.bus) {
        fprintf(stderr, "bench-load: %s\n", err.text);
        return 1;
    }
    load.bus->on_sent = on_sent;
    load.bus->owner = &load;
    start = now_ms();
    if (strcmp(work, "fill") == 0) {
        fill(&load, n);
    } else {
        ensure(&load);
        put_workflow(&load, "noop", noop_text);
        put_workflow(&load, "steps", steps_text);
        if (strcmp(work, "single") == 0)
            single(&load, n, prefix, &p50, &p99);
        else
            for (long i = 0; i < n; i++)
                write_job(&load, work, prefix, i);
        flush(&load);
    }
    (void)getrusage(RUSAGE_SELF, &used);
    printf(
        "{\"work\":\"%s\",\"n\":%ld,\"ms\":%.0f,\"cpu_ms\":%ld,\"p50_ms\":%.2f,\"p99_ms\":%.2f}\n",
        work, n, now_ms() - start,
        (long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
            (long)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000,
        p50, p99);
    mr_bus_free(load.bus);
    mr_parts_stop(&load.config, NULL, 0);
    return 0;
}
