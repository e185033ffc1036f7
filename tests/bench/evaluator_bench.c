/* evaluator_bench.c -- what a state's JSONata costs: N exchanges of three small expressions with
 * one evaluator, parsed before, as CPU of both sides and as time. usage: evaluator_bench [N [PATH
 * of millrace-evaluator]] */
#include "orchestrator/evaluator/evaluator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char request[] =
    "{\"now_ms\":1700000000000,\"seed\":\"0123456789abcdef\",\"states\":{\"input\":{\"order\":{"
    "\"id\":"
    "\"a-17\",\"lines\":[{\"price\":3,\"count\":2},{\"price\":5,\"count\":1}]},\"width\":640}},"
    "\"variables\":{\"limit\":10},\"conditions\":[],\"groups\":[["
    "{\"field\":\"Output/total\",\"text\":\"$sum($states.input.order.lines.(price * count))\"},"
    "{\"field\":\"Output/name\",\"text\":\"'order-' & $states.input.order.id\"},"
    "{\"field\":\"Output/large\",\"text\":\"$states.input.width > $limit\"}]]}";

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Of the child, read while it is there. */
static int64_t child_cpu_ns(int64_t pid)
{
    clockid_t clock;

    return clock_getcpuclockid((pid_t)pid, &clock) == 0 ? now_ns(clock) : 0;
}

int main(int argc, char **argv)
{
    const long count = argc > 1 ? strtol(argv[1], NULL, 10) : 20000;
    struct ev_config config;
    struct mr_buf answer = {0};
    struct mr_error err;
    struct ev *ev = NULL;
    int64_t wall, own, child;

    ev_config_default(&config);
    config.program = argc > 2 ? argv[2] : NULL;
    if (ev_new(&config, &ev, &err) || ev_eval(ev, request, sizeof request - 1, &answer, &err)) {
        fprintf(stderr, "evaluator_bench: %s\n", err.text);
        return 1;
    }
    printf("%.*s\n", (int)answer.len, answer.data);
    for (long i = 0; i < 1000; i++) {
        mr_buf_reset(&answer);
        if (ev_eval(ev, request, sizeof request - 1, &answer, &err))
            return 1;
    }
    wall = now_ns(CLOCK_MONOTONIC);
    own = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    child = child_cpu_ns(ev_pid(ev));
    for (long i = 0; i < count; i++) {
        mr_buf_reset(&answer);
        if (ev_eval(ev, request, sizeof request - 1, &answer, &err)) {
            fprintf(stderr, "evaluator_bench: %s\n", err.text);
            return 1;
        }
    }
    wall = now_ns(CLOCK_MONOTONIC) - wall;
    own = now_ns(CLOCK_PROCESS_CPUTIME_ID) - own;
    child = child_cpu_ns(ev_pid(ev)) - child;
    printf("3 expressions, exchange included: %.1f us CPU (%.1f supervisor, %.1f evaluator), %.1f "
           "us wall\n",
           (double)(own + child) / 1e3 / (double)count, (double)own / 1e3 / (double)count,
           (double)child / 1e3 / (double)count, (double)wall / 1e3 / (double)count);
    ev_free(ev);
    mr_buf_release(&answer);
    return 0;
}
