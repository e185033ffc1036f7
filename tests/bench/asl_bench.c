/* asl_bench.c -- what the language costs, one JSON line: an event of a machine of ten Pass, Choice
 * and Task states as step alone, and with its encoding; validation of a definition of 100 kB; and
 * what an open job takes in memory beyond its own data.  CPU time of this process.
 *
 *     asl_bench [RUNS] */
#include "orchestrator/asl/step.h"
#include "orchestrator/asl/value.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 100000, VALIDATIONS = 200, JOBS = 20000 };

/* P1 - C2 - T3 - P4 - P5 - C6 - T7 - P8 - T9 - P10: three tasks, so that a run takes four events.
 */
static const char machine_text[] =
    "{\"StartAt\":\"P1\",\"States\":{"
    "\"P1\":{\"Type\":\"Pass\",\"Parameters\":{\"key.$\":\"$.key\",\"n\":1},\"Next\":\"C2\"},"
    "\"C2\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.n\",\"NumericGreaterThan\":5,"
    "\"Next\":\"P10\"},{\"Variable\":\"$.key\",\"StringMatches\":\"in/*\",\"Next\":\"T3\"}],"
    "\"Default\":\"P10\"},"
    "\"T3\":{\"Type\":\"Task\",\"Resource\":\"millrace:image.inspect\",\"TimeoutSeconds\":60,"
    "\"ResultPath\":\"$.info\",\"Next\":\"P4\"},"
    "\"P4\":{\"Type\":\"Pass\",\"Result\":true,\"ResultPath\":\"$.seen\",\"Next\":\"P5\"},"
    "\"P5\":{\"Type\":\"Pass\",\"Next\":\"C6\"},"
    "\"C6\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.info.width\","
    "\"NumericGreaterThan\":1000,\"Next\":\"T7\"}],\"Default\":\"P10\"},"
    "\"T7\":{\"Type\":\"Task\",\"Resource\":\"millrace:image.render\",\"TimeoutSeconds\":60,"
    "\"ResultPath\":\"$.out\",\"Next\":\"P8\"},"
    "\"P8\":{\"Type\":\"Pass\",\"InputPath\":\"$.out\",\"ResultPath\":\"$.copy\",\"Next\":\"T9\"},"
    "\"T9\":{\"Type\":\"Task\",\"Resource\":\"millrace:manifest\",\"ResultPath\":null,"
    "\"Next\":\"P10\"},"
    "\"P10\":{\"Type\":\"Pass\",\"End\":true}}}";

static void *must(void *pointer)
{
    if (!pointer)
        exit(1);
    return pointer;
}

static void check(enum mr_code rc, const struct mr_error *err)
{
    if (rc == MR_OK)
        return;
    (void)fprintf(stderr, "asl_bench: %s\n", err->text);
    exit(1);
}

static double cpu_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct asl_machine *parse(const char *text, size_t len)
{
    struct asl_machine *machine = NULL;
    struct mr_error err;

    check(asl_machine_parse(text, len, NULL, &machine, &err), &err);
    return machine;
}

/* ---- step --------------------------------------------------------------------------------- */

struct bench {
    struct asl_machine *machine;
    cJSON *input, *answer;
    struct asl_effects effects;
    struct mr_buf text;
    bool encodes;
    uint64_t events;
};

static bool token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    (void)ctx;
    return snprintf(buf, size, "%llu.%u", (unsigned long long)seq, attempt) > 0;
}

static void no_put(void *ctx, uint32_t id, const char *json, size_t len)
{
    (void)ctx, (void)id, (void)json, (void)len;
}

static void no_drop(void *ctx, uint32_t id)
{
    (void)ctx, (void)id;
}

static void step(struct bench *bench, struct asl_run *run, const struct asl_event *event)
{
    static const struct asl_env env = {.token = token};
    static const struct asl_values_fn values = {no_put, no_drop, NULL};
    struct mr_error err;
    bool changed;

    check(asl_step(run, event, &env, &bench->effects, &changed, &err), &err);
    bench->events++;
    if (!bench->encodes)
        return;
    mr_buf_reset(&bench->text);
    check(asl_run_encode(run, &values, &bench->text, &err), &err);
}

static struct asl_run *start(struct bench *bench)
{
    const struct asl_start begin = {.job = "job", .workflow = "w", .tenant = "t", .seed = 7};
    const struct asl_event event = {
        .kind = ASL_EVENT_START, .time_ms = 1700000000000, .data = bench->input};
    struct asl_run *run = NULL;
    struct mr_error err;

    check(asl_run_new(bench->machine, &begin, &run, &err), &err);
    step(bench, run, &event);
    return run;
}

static void play(struct bench *bench)
{
    struct asl_run *run = start(bench);

    while (asl_run_status(run) == ASL_RUNNING) {
        struct asl_event event = {
            .kind = ASL_EVENT_TASK_OK, .time_ms = 1700000001000, .data = bench->answer};
        for (size_t i = 0; i < bench->effects.count; i++) {
            if (bench->effects.items[i].kind != ASL_EFFECT_TASK)
                continue;
            event.seq = bench->effects.items[i].seq;
            event.attempt = bench->effects.items[i].attempt;
        }
        step(bench, run, &event);
    }
    if (asl_run_status(run) != ASL_SUCCEEDED)
        exit(1);
    asl_run_free(run);
}

/* us an event, of runs whole runs; making and freeing them included. */
static double measure(struct bench *bench, long runs, bool encodes)
{
    double before;

    bench->encodes = encodes;
    for (long i = 0; i < runs / 10; i++)
        play(bench);
    bench->events = 0;
    before = cpu_us();
    for (long i = 0; i < runs; i++)
        play(bench);
    return (cpu_us() - before) / (double)bench->events;
}

/* ---- validation --------------------------------------------------------------------------- */

/* A chain of tasks with retries and catches, of at least so many bytes. */
static void large_definition(struct mr_buf *text, size_t bytes, int *ret_states)
{
    int i = 0;

    (void)mr_buf_add_str(text, "{\"StartAt\":\"State number 0\",\"States\":{");
    while (text->len < bytes) {
        (void)mr_buf_addf(
            text,
            "\"State number %d\":{\"Type\":\"Task\",\"Comment\":\"One of many\",\"Resource\":"
            "\"arn:aws:lambda:eu-west-1:123456789012:function:resize\",\"Parameters\":{\"key.$\":"
            "\"$.source.key\",\"width\":%d,\"name.$\":\"$$.Execution.Name\"},\"TimeoutSeconds\":60,"
            "\"Retry\":[{\"ErrorEquals\":[\"Image.Crashed\",\"States.Timeout\"],"
            "\"IntervalSeconds\":"
            "2,\"MaxAttempts\":3,\"BackoffRate\":1.5}],\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"]"
            ","
            "\"ResultPath\":\"$.error\",\"Next\":\"Last\"}],\"ResultPath\":\"$.results[%d]\","
            "\"Next\":\"Choice %d\"},\"Choice %d\":{\"Type\":\"Choice\",\"Choices\":[{\"And\":["
            "{\"Variable\":\"$.a\",\"NumericGreaterThan\":%d},{\"Not\":{\"Variable\":\"$.b\","
            "\"StringEquals\":\"x\"}}],\"Next\":\"Last\"}],\"Default\":\"State number %d\"},",
            i, i, i, i, i, i, i + 1);
        i++;
    }
    (void)mr_buf_addf(text,
                      "\"State number %d\":{\"Type\":\"Pass\",\"Next\":\"Last\"},"
                      "\"Last\":{\"Type\":\"Succeed\"}}}",
                      i);
    *ret_states = 2 * i + 2;
}

static double validate_ms(int *ret_states, size_t *ret_bytes)
{
    struct mr_buf text = {0};
    double before;

    large_definition(&text, 100000, ret_states);
    *ret_bytes = text.len;
    must(text.failed ? NULL : text.data);
    asl_machine_unref(parse(text.data, text.len));
    before = cpu_us();
    for (int i = 0; i < VALIDATIONS; i++)
        asl_machine_unref(parse(text.data, text.len));
    before = (cpu_us() - before) / VALIDATIONS / 1000;
    mr_buf_release(&text);
    return before;
}

/* ---- memory ------------------------------------------------------------------------------- */

static long rss_bytes(void)
{
    FILE *file = must(fopen("/proc/self/statm", "r"));
    long size = 0, pages = 0;

    if (fscanf(file, "%ld %ld", &size, &pages) != 2)
        exit(1);
    (void)fclose(file);
    return pages * 4096;
}

/* Bytes of resident memory an open job takes that waits for its first task. */
static double job_bytes(struct bench *bench)
{
    struct asl_run **runs = must(calloc(JOBS, sizeof(*runs)));
    long before;

    bench->encodes = true; /* as in its owner: numbers of values are there */
    for (int i = 0; i < JOBS; i++)
        runs[i] = NULL;
    before = rss_bytes();
    for (int i = 0; i < JOBS; i++)
        runs[i] = start(bench);
    before = rss_bytes() - before;
    for (int i = 0; i < JOBS; i++)
        asl_run_free(runs[i]);
    free(runs);
    return (double)before / JOBS;
}

int main(int argc, char **argv)
{
    struct bench bench = {.machine = parse(machine_text, sizeof(machine_text) - 1),
                          .input = must(cJSON_Parse("{\"key\":\"in/default/photo.jpg\"}")),
                          .answer = must(cJSON_Parse("{\"width\":2725,\"height\":2225,"
                                                     "\"format\":\"jpeg\"}"))};
    long runs = argc > 1 ? strtol(argv[1], NULL, 10) : RUNS;
    double memory = job_bytes(&bench), data = (double)asl_json_bytes(bench.input);
    int states = 0;
    size_t bytes = 0;
    double step_us = measure(&bench, runs, false), encoded_us = measure(&bench, runs, true);
    double validation = validate_ms(&states, &bytes);

    printf("{\"work\":\"asl\",\"step_us_per_event\":%.2f,\"step_and_encode_us_per_event\":%.2f,"
           "\"states_per_event\":2.5,\"validate_ms\":%.2f,\"validate_bytes\":%zu,"
           "\"validate_states\":%d,\"job_bytes\":%.0f,\"job_data_bytes\":%.0f}\n",
           step_us, encoded_us, validation, bytes, states, memory, data);
    asl_effects_release(&bench.effects);
    mr_buf_release(&bench.text);
    cJSON_Delete(bench.input);
    cJSON_Delete(bench.answer);
    asl_machine_unref(bench.machine);
    return 0;
}
