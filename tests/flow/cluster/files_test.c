/* files_test.c -- what is in storage once a distributed Map with a ResultWriter has failed: each
 * item that it read is in one file, by how it ended, whoever dies meanwhile. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "bad" is refused, "good" is done at once, and any other waits for long. */
#define MAP(rest)                                                                                  \
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{"                   \
    "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},"               \
    "\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$\","   \
    "\"StringMatches\":\"*d\",\"Next\":\"T\"}],\"Default\":\"W\"},\"T\":{\"Type\":\"Task\","       \
    "\"Resource\":\"millrace:noop\",\"End\":true},\"W\":{\"Type\":\"Wait\",\"Seconds\":1000,"      \
    "\"End\":true}}},\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\","            \
    "\"Parameters\":{\"Bucket\":\"b\",\"Prefix\":\"out\"}}" rest ",\"End\":true}}}"

struct counts { /* of records in all files */
    int succeeded, failed, aborted, pending;
};

static cJSON *object_of(const struct flow *flow, const char *key)
{
    cJSON *object;

    cJSON_ArrayForEach(object, flow->stored)
    {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(object, "key")), key) == 0)
            return cJSON_Parse(cJSON_GetStringValue(cJSON_GetObjectItem(object, "body")));
    }
    fail_msg("there is no %s", key);
    return NULL;
}

static void count_record(const cJSON *record, const char *file, struct counts *counts,
                         struct mr_buf *inputs)
{
    const char *status = cJSON_GetStringValue(cJSON_GetObjectItem(record, "Status"));
    const char *input = cJSON_GetStringValue(cJSON_GetObjectItem(record, "Input"));

    assert_true(status && input);
    if (strstr(inputs->data, input))
        fail_msg("%s is in the files twice: %s", input, inputs->data);
    (void)mr_buf_add_str(inputs, input);
    if (strcmp(status, "ABORTED") == 0) {
        assert_string_equal(file, "FAILED");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(record, "Error")),
                            "States.Aborted");
        counts->aborted++;
        return;
    }
    assert_string_equal(file, status);
    counts->succeeded += strcmp(status, "SUCCEEDED") == 0;
    counts->failed += strcmp(status, "FAILED") == 0;
    counts->pending += strcmp(status, "PENDING") == 0;
}

/* The records of the files that the manifest names; all their inputs are different. */
static struct counts count(const struct flow *flow)
{
    struct counts counts = {0};
    struct mr_buf inputs = {0};
    cJSON *manifest = NULL, *records;
    const cJSON *object, *kind, *file, *record;

    (void)mr_buf_add_str(&inputs, "");
    cJSON_ArrayForEach(object, flow->stored)
    {
        const char *key = cJSON_GetStringValue(cJSON_GetObjectItem(object, "key"));

        if (strstr(key, "/manifest.json")) {
            assert_null(manifest);
            manifest = object_of(flow, key);
        }
    }
    assert_non_null(manifest);
    cJSON_ArrayForEach(kind, cJSON_GetObjectItem(manifest, "ResultFiles"))
    {
        cJSON_ArrayForEach(file, kind)
        {
            records = object_of(flow, cJSON_GetStringValue(cJSON_GetObjectItem(file, "Key")));
            cJSON_ArrayForEach(record, records)
                count_record(record, kind->string, &counts, &inputs);
            cJSON_Delete(records);
        }
    }
    cJSON_Delete(manifest);
    mr_buf_release(&inputs);
    return counts;
}

static void expect(const struct flow *flow, struct counts want, const char *where, uint64_t n)
{
    const struct counts got = count(flow);

    if (memcmp(&got, &want, sizeof got) != 0)
        fail_msg("%s %llu: %d succeeded, %d failed, %d aborted, %d pending", where,
                 (unsigned long long)n, got.succeeded, got.failed, got.aborted, got.pending);
}

static void fails(struct flow *flow, int64_t limit_ms, const char *where, uint64_t n)
{
    if (!flow_run(flow, "job-1", limit_ms))
        fail_msg("%s %llu: the job has not ended", where, (unsigned long long)n);
    assert_string_equal(flow_row(flow, "job-1", "error"), "States.ExceedToleratedFailureThreshold");
}

static void what_is_not_started_is_pending(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 34);
    flow.refused = "bad";
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":1"), "[\"good\",\"bad\",\"c\",\"e\"]");
    fails(&flow, 30000, "run", 1);
    expect(&flow, (struct counts){1, 1, 0, 2}, "run", 1);
    flow_teardown(&flow);
}

static void what_is_stopped_is_aborted(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 35);
    flow.refused = "bad";
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":3"), "[\"a\",\"b\",\"bad\",\"c\",\"e\"]");
    fails(&flow, 30000, "run", 1);
    expect(&flow, (struct counts){0, 1, 2, 2}, "run", 1);
    flow.refused = NULL;
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"redrive\",\"job\":\"job-1\"}");
    flow_passes(&flow, 200);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    assert_true(flow_run(&flow, "job-1", 3000000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    expect(&flow, (struct counts){5, 0, 0, 0}, "redrive", 1);
    flow_passes(&flow, 1000);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* The orchestrator is killed after pass 1, 2, 3 ..., or Redis is flushed. */
static void wherever_it_is_killed_each_item_is_in_one_file(void **state)
{
    struct flow flow;

    (void)state;
    for (int n = 0; n < 60; n++) {
        flow_setup(&flow, 36);
        flow.refused = "bad";
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":3"),
                    "[\"a\",\"b\",\"bad\",\"c\",\"e\"]");
        for (int i = 0; i < n / 2; i++)
            flow_pass(&flow);
        if (n % 2) {
            flow_kill(&flow, 0);
            flow_start(&flow, 1);
        } else {
            mr_sim_redis_flushall(flow.redis);
        }
        fails(&flow, 60000, "pass", (uint64_t)n / 2);
        expect(&flow, (struct counts){0, 1, 2, 2}, "pass", (uint64_t)n / 2);
        flow_teardown(&flow);
    }
}

/* Port call 1 fails, then 2, then 3 ...: before it was done, and after. */
static void whichever_port_call_fails_each_item_is_in_one_file(void **state)
{
    for (uint64_t n = 1, calls = 2; n <= calls; n += 1 + n / 100) {
        for (int fault = 0; fault < 2; fault++) {
            struct flow flow;

            flow_setup(&flow, 37);
            flow.refused = "bad";
            flow_fault(&flow, n, fault);
            flow_start(&flow, 0);
            flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":3"),
                        "[\"a\",\"b\",\"bad\",\"c\",\"e\"]");
            fails(&flow, 120000, fault ? "after call" : "before call", n);
            expect(&flow, (struct counts){0, 1, 2, 2}, fault ? "after call" : "before call", n);
            if (n == 1)
                calls = flow.world.calls;
            flow_teardown(&flow);
        }
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_started_is_pending),
        cmocka_unit_test(what_is_stopped_is_aborted),
        cmocka_unit_test(wherever_it_is_killed_each_item_is_in_one_file),
        cmocka_unit_test(whichever_port_call_fails_each_item_is_in_one_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
