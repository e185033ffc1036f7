/* sim_test.c -- one seed is one history: random jobs, random faults at port calls, kills, pauses
 * and flushes, on virtual time.  Whatever happened, in the end every job that was accepted has
 * ended as its workflow says, is told of once, and nothing is left behind.
 *
 * MILLRACE_SIM_SEEDS: how many seeds (200); MILLRACE_SIM_SEED: the first, to see one again (1). */
#include "tests/flow/cluster/kit.h"

#include "common/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { JOBS = 28, KINDS = 7, STORM_MS = 20000, CALM_MS = 180000 };

static const char flow_pass_only[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}";

/* The input's one member is its one item: a job of its own, mostly on the other shard. */
static const char flow_map[] =
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{"
    "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},\"StartAt\":"
    "\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\",\"End\":true}}},"
    "\"ItemSelector\":{\"k.$\":\"$$.Map.Item.Key\",\"v.$\":\"$$.Map.Item.Value\"},\"End\":true}}}";

/* A loop of 2,203 states that wait for nothing: more than one step's budget. */
static const char flow_count[] =
    "{\"StartAt\":\"I\",\"States\":{\"I\":{\"Type\":\"Pass\",\"Result\":0,\"ResultPath\":\"$.k\","
    "\"Next\":\"A\"},\"A\":{\"Type\":\"Pass\",\"Parameters\":{\"n.$\":\"$.n\",\"k.$\":"
    "\"States.MathAdd($.k, 1)\"},\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{"
    "\"Variable\":\"$.k\",\"NumericEquals\":1100,\"Next\":\"Z\"}],\"Default\":\"A\"},\"Z\":{"
    "\"Type\":\"Pass\",\"Parameters\":{\"n.$\":\"$.n\"},\"End\":true}}}";

/* The world's own sequence is the twins': what is done must not change with what they ask. */
static uint64_t next_of(uint64_t *random)
{
    *random += 0x9e3779b97f4a7c15U;
    return mr_hash64(*random, "sim", 3);
}

static uint64_t below(uint64_t *random, uint64_t n)
{
    return next_of(random) % n;
}

static void job_name(char id[16], int n)
{
    (void)snprintf(id, 16, "s-%d", n);
}

static void submit_one(struct flow *flow, uint64_t *random, int n)
{
    static const char *const definitions[] = {flow_pass_only, flow_one_task, flow_retry, flow_wait,
                                              flow_parallel,  flow_map,      flow_count};
    const char *definition =
        definitions[(uint64_t)n % (sizeof definitions / sizeof definitions[0])];
    char id[16], input[64];

    job_name(id, n);
    (void)snprintf(input, sizeof input, "{\"n\":%d}", n);
    flow_submit(flow, id, definition, input);
    if (below(random, 4) == 0) /* a producer that did not hear and sends again */
        flow_submit(flow, id, definition, input);
}

/* A node that dies while faults are armed is started later, as a supervisor would. */
static void storm(struct flow *flow, uint64_t *random)
{
    const int node = (int)below(random, FLOW_NODES);

    if (flow->world.calls > flow->world.fail_at) {
        flow->world.fail_at = flow->world.calls + 1 + below(random, 60);
        flow->world.fault = below(random, 2) ? MR_SIM_AFTER : MR_SIM_BEFORE;
    }
    switch (below(random, 160)) {
    case 0:
    case 1:
        if (flow->nodes[node].alive)
            flow_kill(flow, node);
        break;
    case 2:
    case 3:
        flow->paused[node] = !flow->paused[node];
        break;
    case 4:
        mr_sim_redis_flushall(flow->redis);
        break;
    case 5:
        flow->worker_off = !flow->worker_off;
        break;
    default:
        break;
    }
    if (!flow->nodes[node].alive && below(random, 40) == 0) {
        flow->paused[node] = false;
        flow_start(flow, node);
    }
}

static void calm_down(struct flow *flow)
{
    flow->world.fail_at = 0;
    flow->worker_off = false;
    for (int i = 0; i < FLOW_NODES; i++) {
        flow->paused[i] = false;
        if (!flow->nodes[i].alive)
            flow_start(flow, i);
    }
}

static bool all_ended(struct flow *flow)
{
    for (int i = 0; i < JOBS; i++) {
        const char *status;
        char id[16];

        job_name(id, i);
        status = flow_row(flow, id, "status");
        if (status[0] == '\0' || strcmp(status, "RUNNING") == 0)
            return false;
    }
    return true;
}

static void check(struct flow *flow, uint64_t seed)
{
    for (int i = 0; i < JOBS; i++) {
        char id[16], entered[32], output[64];

        job_name(id, i);
        (void)snprintf(entered, sizeof entered, "%s", flow_row(flow, id, "steps_entered"));
        (void)snprintf(output, sizeof output,
                       i % KINDS == 5 ? "[{\"k\":\"n\",\"v\":%d}]" : "{\"n\":%d}", i);
        if (strcmp(flow_row(flow, id, "status"), "SUCCEEDED") == 0) {
            assert_string_equal(flow_row(flow, id, "steps_done"), entered);
            if (i % KINDS != 4)
                assert_string_equal(flow_row(flow, id, "output"), output);
        } else if (i % KINDS != 3 || strcmp(flow_row(flow, id, "error"), "States.Timeout") != 0) {
            fail_msg("seed %llu: job %s is \"%s\" (%s)", (unsigned long long)seed, id,
                     flow_row(flow, id, "status"), flow_row(flow, id, "error"));
        } /* flow_wait's task has three seconds, and the worker may have been off for longer */
    }
    if (flow->notices != JOBS)
        fail_msg("seed %llu: %d notices of %d jobs", (unsigned long long)seed, flow->notices, JOBS);
    if (flow_outbox(flow) != 0)
        fail_msg("seed %llu: the outbox holds %d", (unsigned long long)seed, flow_outbox(flow));
}

static void one_history(uint64_t seed)
{
    uint64_t random = seed;
    struct flow flow;
    int64_t end;
    int submitted = 0;

    flow_setup(&flow, seed);
    flow_start(&flow, 0);
    flow_start(&flow, 1);
    end = flow.world.now_ms + STORM_MS;
    while (flow.world.now_ms < end) {
        if (submitted < JOBS && below(&random, 40) == 0)
            submit_one(&flow, &random, submitted++);
        flow_pass(&flow);
        storm(&flow, &random);
    }
    while (submitted < JOBS)
        submit_one(&flow, &random, submitted++);
    calm_down(&flow);
    end = flow.world.now_ms + CALM_MS;
    while (flow.world.now_ms < end && !all_ended(&flow))
        flow_passes(&flow, 500);
    flow_passes(&flow, 5000); /* the last notices, the last trim */
    check(&flow, seed);
    flow_teardown(&flow);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && text[0] ? strtoull(text, NULL, 10) : otherwise;
}

static void every_accepted_job_ends_right_and_once_whatever_happens(void **state)
{
    const uint64_t first = setting("MILLRACE_SIM_SEED", 1);
    const uint64_t seeds = setting("MILLRACE_SIM_SEEDS", 200);

    (void)state;
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        (void)printf("seed %llu\n", (unsigned long long)seed);
        (void)fflush(stdout);
        one_history(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_accepted_job_ends_right_and_once_whatever_happens),
    };

    mr_log_setup(&(struct mr_log_settings){.program = "sim", .level_min = MR_ALARM});
    return cmocka_run_group_tests(tests, NULL, NULL);
}
