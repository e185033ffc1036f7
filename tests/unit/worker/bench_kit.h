/* bench_kit.h -- for tests of one type of task by itself: a run, storage, the decoder's twin.
 * *state of a test is a bench with the pictures in/a.jpg and in/b.png. */
#ifndef TESTS_BENCH_KIT_H
#define TESTS_BENCH_KIT_H

#include "common/sim/sim.h"
#include "worker/tasks.h"

struct bench {
    struct mr_sim_world world;
    struct mr_sim_bucket *bucket;
    struct wk_imaging_config imaging;
    struct mr_task task;
    struct mr_buf output;
    struct wk_run run;
    struct wk_fault fault;
};

int bench_open(void **state);
int bench_close(void **state);
#define BENCH_CASE(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

void bench_put(struct bench *, const char *key, const char *text);
/* The task of job-1 of the tenant shop, third attempt; input NULL: it has none. */
enum mr_code bench_run(struct bench *, const char *type, const char *input);
/* What a run must have come to. */
void bench_fails(struct bench *, enum mr_code rc, const char *name, const char *cause);

#endif
