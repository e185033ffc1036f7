/* store_bench.c -- what a transition costs Redis: batches of no-op jobs, half of the events
 * submits, half results, as an orchestrator writes them.  Prints Redis's CPU and ours for each
 * event.
 *
 *   MILLRACE_REDIS_URL=redis://127.0.0.1:6379/0 store_bench [batches [events [under way]]]
 *
 * Redis must run on this machine: its CPU is read from /proc. Database 9 is wiped. */
#include "tests/lib/redis_kit.h"

#include "common/ports/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 48, RUN_LEN = 300, ROW_LEN = 512, OPS_A_JOB = 8 };

struct job {
    char id[NAME_MAX_LEN];
    char out[NAME_MAX_LEN];
    char row[ROW_LEN];
    size_t row_len;
};

static int64_t cpu_ticks_of(int64_t pid)
{
    char path[64];
    long long user = 0, system = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    file = fopen(path, "r");
    if (!file || fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld",
                        &user, &system) != 2)
        printf("no CPU time in %s: is Redis on this machine?\n", path);
    if (file)
        fclose(file);
    return user + system;
}

static double seconds(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int64_t redis_pid(void)
{
    redisReply *reply = redis_kit_command("INFO server");
    const char *at = strstr(reply->str, "process_id:");
    int64_t pid = at ? atoll(at + strlen("process_id:")) : 0;

    freeReplyObject(reply);
    return pid;
}

static void make_job(struct job *job, int64_t n)
{
    static const char *const fields[] = {"status",  "RUNNING", "workflow", "noop",    "tenant",
                                         "default", "created", "17000000", "started", "17000001",
                                         "done",    "0",       "total",    "1",       "attempt",
                                         "1",       "rev",     "12345678"};
    size_t len = 0;

    (void)snprintf(job->id, sizeof job->id, "01jabcdefghjkmnp%010" PRId64, n);
    (void)snprintf(job->out, sizeof job->out, "%" PRId64 ":0", n);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        memcpy(job->row + len, fields[i], strlen(fields[i]) + 1);
        len += strlen(fields[i]) + 1;
    }
    memcpy(job->row + len, "sum", 4);
    memset(job->row + len + 4, 'a', 64);
    job->row[len + 68] = '\0';
    job->row_len = len + 69;
}

static struct mr_batch_op op(enum mr_batch_op_kind kind, const char *key, const char *a,
                             size_t a_len, int64_t n)
{
    return (struct mr_batch_op){
        .kind = kind, .key = key, .key_len = strlen(key), .a = a, .a_len = a_len, .n = n};
}

static size_t submit(struct mr_batch_op *ops, const struct job *job, const char *run)
{
    ops[0] = op(MR_BATCH_ROW, job->id, job->row, job->row_len, 0);
    ops[1] = op(MR_BATCH_RUN, job->id, run, RUN_LEN, 0);
    ops[2] = op(MR_BATCH_OPEN, job->id, NULL, 0, 1700000000000);
    ops[3] = op(MR_BATCH_OUT, job->out, run, RUN_LEN, 0);
    return 4;
}

static size_t finish(struct mr_batch_op *ops, const struct job *job)
{
    static const char row[] = "status\0SUCCEEDED\0ended\0"
                              "17000002\0done\0"
                              "1\0rev\0"
                              "12345679";

    ops[0] = op(MR_BATCH_ROW, job->id, row, sizeof row, 4000000000000);
    ops[1] = op(MR_BATCH_RUN_DEL, job->id, NULL, 0, MR_RUN_DEL_NO_VALUES);
    ops[2] = op(MR_BATCH_CLOSED, job->id, "SUCCEEDED", 9, 1700000000001);
    ops[3] = op(MR_BATCH_OUT_DEL, job->out, NULL, 0, 0);
    return 4;
}

/* Batch b submits its own jobs and finishes those of batch b - 1. */
static size_t fill(struct mr_batch_op *ops, struct job *jobs, int64_t b, int half, const char *run)
{
    struct job *mine = jobs + (b % 2) * half, *last = jobs + (1 - b % 2) * half;
    size_t n = 0;

    for (int i = 0; i < half; i++) {
        make_job(&mine[i], b * half + i);
        n += submit(ops + n, &mine[i], run);
        if (b > 0)
            n += finish(ops + n, &last[i]);
    }
    return n;
}

static bool run_batches(struct mr_store *store, int batches, int half, int window)
{
    struct job *jobs = calloc((size_t)half * 2, sizeof *jobs);
    struct mr_batch_op *ops = calloc((size_t)half * OPS_A_JOB, sizeof *ops);
    struct mr_batch batch = {.epoch = 1, .rebuild = true, .log_id = "l", .last_id = "1:abcdef"};
    struct mr_error err = {MR_OK, ""};
    char run[RUN_LEN];
    int under_way = 0;
    enum mr_code rc = jobs && ops ? MR_OK : MR_NO_MEMORY;

    memset(run, 'x', sizeof run);
    for (int b = 0; b < batches && !rc; b++) {
        batch.ops = ops;
        batch.op_count = fill(ops, jobs, b, half, run);
        batch.expect = (int64_t)b * half * 2;
        batch.next = batch.expect + half * 2;
        rc = mr_store_advance_send(store, &batch, &err);
        if (!rc && ++under_way >= window) {
            rc = mr_store_advance_wait(store, &err);
            under_way--;
        }
    }
    for (; under_way > 0 && !rc; under_way--)
        rc = mr_store_advance_wait(store, &err);
    if (rc)
        printf("%s\n", err.text);
    free(jobs);
    free(ops);
    return !rc;
}

int main(int argc, char **argv)
{
    const int batches = argc > 1 ? atoi(argv[1]) : 200, events = argc > 2 ? atoi(argv[2]) : 1000,
              window = argc > 3 ? atoi(argv[3]) : 4;
    const double total = (double)batches * events;
    struct mr_redis_config config;
    struct mr_store *store;
    double wall, cpu;
    int64_t pid, ticks;
    bool ok;

    if (!redis_kit_config(&config))
        return REDIS_KIT_SKIPPED;
    store = mr_store_redis_new(&config, NULL);
    if (!store || batches < 1 || events < 2)
        return 1;
    pid = redis_pid();
    wall = seconds(CLOCK_MONOTONIC);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    ticks = cpu_ticks_of(pid);
    ok = run_batches(store, batches, events / 2, window);
    ticks = cpu_ticks_of(pid) - ticks;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    printf("%.0f events in batches of %d, %d under way: redis %.2f us/event CPU, client %.2f, "
           "%.0f events/s\n",
           total, events, window, (double)ticks * 1e6 / (double)sysconf(_SC_CLK_TCK) / total,
           cpu * 1e6 / total, total / wall);
    mr_store_free(store);
    redis_kit_release(&config);
    return ok ? 0 : 1;
}
