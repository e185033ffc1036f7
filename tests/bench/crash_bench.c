/* crash_bench.c -- what the end of a decoder costs its slot.
 *
 *     crash_bench [N]     each way of ending N times; 200 without it
 *
 * A picture is under way that would take seconds, and the spare is warm; then the decoder gets
 * SIGSEGV (a crash of its own), SIGKILL (the kernel's), is stopped (a cancel), or its deadline
 * passes.  Last, `again`: a crash at once in the task after a crash, when no spare can be warm. One
 * JSON line for each way, in microseconds: from that moment to the failed attempt's answer; from
 * there to the answer of a small picture, the next task; and what the small picture takes once
 * more. */
#include "common/ports/clock.h"
#include "tests/bench/picture_kit.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vips/vips.h>

enum {
    RUNS = 200,
    RUNS_MAX = 10000,
    BEGUN_MS = 20,  /* after which a picture is under way */
    DONE_MS = 1500, /* the deadline of a picture that takes longer, and by when a spare is warm */
    DEADLINE_MS = 60000,
    SIDE = 3000,
    SMALL = 64,
};

enum way { WAY_SEGV, WAY_KILL, WAY_STOP, WAY_LATE, WAY_AGAIN, WAY_COUNT };
static const char *const way_names[WAY_COUNT] = {"segv", "kill", "stop", "deadline", "again"};

struct bench {
    struct wk_decoder *decoder;
    struct mr_recipe *large, *small; /* recipes */
    struct wk_source long_one, short_one;
    enum way way;
    int64_t ended_us, answered_us; /* of the last end */
};
struct series {
    int64_t us[RUNS_MAX];
    int count;
};

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void pause_ms(int ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* Alive, and at the last step before it says that it is warm. */
static bool is_locked(int pid)
{
    char path[64], line[256];
    bool locked = false, alive = false;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file)) {
        alive = alive || strncmp(line, "VmRSS:", strlen("VmRSS:")) == 0;
        locked = locked || strcmp(line, "Seccomp:\t2\n") == 0;
    }
    if (file)
        fclose(file);
    return locked && alive;
}

/* The child of this process that is not at work. */
static bool spare_warm(int at_work)
{
    char path[64];
    bool warm = false;
    FILE *file;
    int pid;

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "r");
    while (file && fscanf(file, "%d", &pid) == 1)
        warm = warm || (pid != at_work && is_locked(pid));
    if (file)
        fclose(file);
    return warm;
}

static void *end_it(void *arg)
{
    struct bench *bench = arg;

    while (bench->way == WAY_AGAIN ? !is_locked(wk_decoder_pid(bench->decoder))
                                   : !spare_warm(wk_decoder_pid(bench->decoder)))
        pause_ms(1);
    pause_ms(BEGUN_MS);
    bench->ended_us = now_us();
    if (bench->way == WAY_STOP)
        wk_decoder_stop(bench->decoder);
    else
        kill(wk_decoder_pid(bench->decoder), bench->way == WAY_KILL ? SIGKILL : SIGSEGV);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void series_print(const char *name, struct series *series)
{
    const int n = series->count;

    qsort(series->us, (size_t)n, sizeof(series->us[0]), by_size);
    printf(",\"%s\":{\"p50\":%" PRId64 ",\"p90\":%" PRId64 ",\"worst\":%" PRId64 "}", name,
           series->us[n / 2], series->us[n * 9 / 10], series->us[n - 1]);
}

static void small_render(struct bench *bench)
{
    struct wk_rendered rendered;
    struct wk_fault fault;

    if (wk_decoder_render(bench->decoder, bench->small, &bench->short_one, 1,
                          mr_mono_ms() + DEADLINE_MS, &rendered, &fault) == MR_OK)
        return;
    fprintf(stderr, "crash_bench: %s: %s\n", fault.name, fault.cause);
    exit(1);
}

/* One end; the fault is what the failed attempt is answered with. */
static void end_once(struct bench *bench, struct wk_fault *fault)
{
    const int64_t deadline_ms = mr_mono_ms() + (bench->way == WAY_LATE ? DONE_MS : DEADLINE_MS);
    struct wk_rendered rendered;
    pthread_t thread;

    bench->ended_us = deadline_ms * 1000;
    if (bench->way != WAY_LATE && pthread_create(&thread, NULL, end_it, bench))
        exit(1);
    if (wk_decoder_render(bench->decoder, bench->large, &bench->long_one, 1, deadline_ms, &rendered,
                          fault) == MR_OK) {
        fprintf(stderr, "crash_bench: the picture was done too soon\n");
        exit(1);
    }
    bench->answered_us = now_us();
    if (bench->way != WAY_LATE)
        pthread_join(thread, NULL);
}

static void run(struct bench *bench, enum way way, int runs)
{
    static struct series answer, next, warm;
    struct wk_fault fault = {0};

    answer.count = next.count = warm.count = 0;
    for (int i = 0; i < runs; i++) {
        int64_t start_us, next_us;
        bench->way = way == WAY_AGAIN ? WAY_SEGV : way;
        end_once(bench, &fault);
        bench->way = way;
        if (way == WAY_AGAIN)
            end_once(bench, &fault);
        start_us = now_us();
        small_render(bench);
        next_us = now_us();
        small_render(bench);
        warm.us[warm.count++] = now_us() - next_us;
        answer.us[answer.count++] = bench->answered_us - bench->ended_us;
        next.us[next.count++] = next_us - start_us;
    }
    printf("{\"work\":\"crash\",\"by\":\"%s\",\"runs\":%d", way_names[way], runs);
    series_print("answer_us", &answer);
    series_print("next_us", &next);
    series_print("warm_us", &warm);
    printf(",\"says\":\"%s\"}\n", fault.cause);
    fflush(stdout);
}

static struct wk_source noise(int side)
{
    VipsImage *image = NULL;
    struct wk_source source = {0};
    void *data;

    if (vips_gaussnoise(&image, side, side, "mean", 128.0, "sigma", 40.0, NULL) ||
        vips_jpegsave_buffer(image, &data, &source.len, NULL))
        vips_error_exit(NULL);
    g_object_unref(image);
    source.data = data;
    return source;
}

int main(int argc, char **argv)
{
    const int runs = argc > 1 ? atoi(argv[1]) : RUNS;
    struct bench bench = {0};

    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: crash_bench [N]\n");
        return 2;
    }
    if (vips_init("crash_bench"))
        vips_error_exit(NULL);
    bench.decoder = bench_decoder(argv[0]);
    bench.large =
        bench_recipe("{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":"
                     "\"avif\",\"effort\":9}]}");
    bench.small =
        bench_recipe("{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":"
                     "\"jpeg\"}]}");
    bench.long_one = noise(SIDE);
    bench.short_one = noise(SMALL);
    for (int way = 0; way < WAY_COUNT; way++)
        run(&bench, (enum way)way, runs);
    mr_recipe_free(bench.large);
    mr_recipe_free(bench.small);
    wk_decoder_free(bench.decoder);
    return 0;
}
