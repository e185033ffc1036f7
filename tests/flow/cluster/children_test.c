/* children_test.c -- "Children" of docs/lifecycle.md on simulated ports and virtual time: the items
 * of a distributed Map as jobs of their own, through crashes, faults, cancel, redrive, rebuild. */
#include "common/sim/store_sim.h"
#include "gateway/cli/asl_objects.h"
#include "orchestrator/child.h"
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PROCESSOR                                                                                  \
    "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"          \
    "\"STANDARD\"},\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"           \
    "\"millrace:noop\",\"End\":true}}}"
#define MAP(rest)                                                                                  \
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\"," PROCESSOR rest ",\"End\":true}}}"
#define READER                                                                                     \
    ",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"  \
    "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{\"InputType\":\"JSONL\"}}"
#define WRITER                                                                                     \
    ",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\",\"Parameters\":{"           \
    "\"Bucket\":\"b\",\"Prefix\":\"out\"}}"

static void settle(struct flow *flow)
{
    for (int i = 0; i < 30; i++)
        flow_pass(flow);
}

static const char *child_of(const char *parent, uint32_t index)
{
    static char id[4][MR_JOB_ID_MAX + 1];

    oc_child_id(parent, 1, 1, index, id[index % 4]);
    return id[index % 4];
}

static void each_item_is_a_job_of_its_own(void **state)
{
    struct flow flow;
    uint32_t shards = 0;

    (void)state;
    flow_setup(&flow, 1);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(""), "[\"a\",\"b\",\"c\",\"d\"]");
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[\"a\",\"b\",\"c\",\"d\"]");
    assert_int_equal(flow.tasks_seen, 4);
    assert_int_equal(flow.notices, 1); /* of the job, not of its items */
    assert_int_equal(flow.letters, 0);
    for (uint32_t i = 0; i < 4; i++) {
        const char *id = child_of("job-1", i);

        assert_string_equal(flow_row(&flow, id, "status"), "SUCCEEDED");
        assert_string_equal(flow_row(&flow, id, "parent"), "job-1");
        shards |= 1u << mr_shard_of(id, strlen(id), 2);
    }
    assert_int_equal(shards, 3); /* some on each: the definition went to both logs */
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void a_workflow_by_name_has_children_too_and_they_have_children(void **state)
{
    static const char inner[] =
        "{\"StartAt\":\"N\",\"States\":{\"N\":{\"Type\":\"Map\",\"ItemProcessor\":{"
        "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},"
        "\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\"," PROCESSOR ",\"End\":true}}},"
        "\"End\":true}}}";
    struct flow flow;

    (void)state;
    flow_setup(&flow, 2);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", inner, "[[1,2],[],[3]]");
    assert_true(flow_run(&flow, "job-1", 40000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[[1,2],[],[3]]");
    assert_int_equal(flow.tasks_seen, 3);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void one_failed_item_fails_the_map_and_cancels_the_others(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 3);
    flow.refused = "bad";
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":2"), "[\"bad\",\"b\",\"c\",\"d\"]");
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"),
                        "States.ExceedToleratedFailureThreshold");
    assert_string_equal(flow_row(&flow, child_of("job-1", 0), "error"), "Item.Refused");
    assert_int_equal(flow.letters, 1); /* of the job, with the item's error in its chain */
    assert_non_null(strstr(flow.last_letter, "Item.Refused"));
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void a_redrive_runs_only_what_failed(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 4);
    flow.refused = "bad";
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(",\"ToleratedFailureCount\":1"),
                "[\"a\",\"bad-1\",\"c\",\"bad-2\"]");
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    flow.refused = NULL;
    flow.tasks_seen = 0;
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"redrive\",\"job\":\"job-1\"}");
    settle(&flow);
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[\"a\",\"bad-1\",\"c\",\"bad-2\"]");
    assert_true(flow.tasks_seen == 2 || flow.tasks_seen == 3); /* "c" may have been cancelled */
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void a_cancel_reaches_the_children(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 5);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(""), "[1,2,3]");
    settle(&flow);
    assert_string_equal(flow_row(&flow, child_of("job-1", 2), "status"), "RUNNING");
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"cancel\",\"job\":\"job-1\"}");
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    for (uint32_t i = 0; i < 3; i++)
        assert_string_equal(flow_row(&flow, child_of("job-1", i), "status"), "ABORTED");
    flow.worker_off = false;
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"redrive\",\"job\":\"job-1\"}");
    settle(&flow);
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,3]");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* What was wrong with the items is mended in the definition: those that failed run again in it, and
 * no others; also where it all happens after a crash and a flush. */
static void a_redrive_in_a_corrected_definition_reaches_the_items(void **state)
{
    static const char def[] = "00000000000000000000000000000000000000000000000000000000000000cd";
    /* a flow before the Map's own: the items' flow has another number now */
    static const char fixed[] =
        "{\"StartAt\":\"Q\",\"States\":{\"Q\":{\"Type\":\"Parallel\",\"Branches\":[{\"StartAt\":"
        "\"N\",\"States\":{\"N\":{\"Type\":\"Succeed\"}}}],\"Next\":\"M\"},\"M\":{\"Type\":\"Map\","
        "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"
        "\"STANDARD\"},\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
        "\"millrace:noop\",\"Parameters\":{\"mended.$\":\"$\"},\"Next\":\"W\"},\"W\":{\"Type\":"
        "\"Wait\",\"Seconds\":2,\"End\":true}}},\"End\":true}}}";

    (void)state;
    for (int crash = 0; crash < 3; crash++) {
        cJSON *json = cJSON_Parse(fixed);
        const struct mr_event redrive = {
            .kind = MR_EVENT_REDRIVE, .job = "job-1", .def = def, .definition = json};
        struct mr_buf text = {0};
        struct flow flow;

        flow_setup(&flow, 31);
        flow.refused = "bad";
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":1"), "[\"a\",\"bad\",\"c\"]");
        assert_true(flow_run(&flow, "job-1", 20000));
        assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
        settle(&flow);
        flow.refused = NULL;
        flow.tasks_seen = 0;
        assert_int_equal(mr_event_print(&redrive, &text), MR_OK);
        flow_produce(&flow, "millrace.log", "job-1", text.data);
        flow_passes(&flow, 500);
        assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
        assert_string_equal(flow_row(&flow, child_of("job-1", 1), "def"), def);
        if (crash > 0) {
            flow_kill(&flow, 0);
            flow_start(&flow, 1);
        }
        if (crash > 1)
            mr_sim_redis_flushall(flow.redis);
        assert_true(flow_run(&flow, "job-1", 60000));
        assert_string_equal(flow_row(&flow, "job-1", "output"),
                            "[\"a\",{\"mended\":\"bad\"},{\"mended\":\"c\"}]");
        assert_int_equal(flow.tasks_seen, 2);
        settle(&flow);
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
        mr_buf_release(&text);
        cJSON_Delete(json);
    }
}

/* The state that an item failed in is gone: the item stays failed, and its Map is told why. */
static void an_item_that_finds_no_place_in_a_corrected_definition_says_so(void **state)
{
    static const char def[] = "00000000000000000000000000000000000000000000000000000000000000ce";
    cJSON *json = cJSON_Parse(
        "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":{"
        "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},\"StartAt\":"
        "\"X\",\"States\":{\"X\":{\"Type\":\"Succeed\"}}},\"Catch\":[{\"ErrorEquals\":["
        "\"States.ALL\"],\"Next\":\"Z\"}],\"End\":true},\"Z\":{\"Type\":\"Succeed\"}}}");
    const struct mr_event redrive = {
        .kind = MR_EVENT_REDRIVE, .job = "job-1", .def = def, .definition = json};
    struct mr_buf text = {0};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 32);
    flow.refused = "bad";
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(""), "[\"bad\"]");
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    assert_int_equal(mr_event_print(&redrive, &text), MR_OK);
    flow_produce(&flow, "millrace.log", "job-1", text.data);
    flow_passes(&flow, 1000);
    assert_true(flow_run(&flow, "job-1", 60000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED"); /* it caught that */
    assert_non_null(strstr(flow_row(&flow, "job-1", "output"), "\"Error\":\"States."));
    assert_string_equal(flow_row(&flow, child_of("job-1", 0), "status"), "FAILED");
    assert_string_equal(flow_row(&flow, child_of("job-1", 0), "error"), "Item.Refused");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
    mr_buf_release(&text);
    cJSON_Delete(json);
}

static void redis_is_rebuilt_with_children_in_all_stages(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 6);
    flow_start(&flow, 0);
    flow_submit(&flow, "done", MAP(""), "[1,2]");
    assert_true(flow_run(&flow, "done", 20000));
    flow.worker_off = true;
    flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":2"), "[1,2,3]");
    settle(&flow);
    mr_sim_redis_flushall(flow.redis);
    settle(&flow);
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 30000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,3]");
    assert_string_equal(flow_row(&flow, "done", "output"), "[1,2]");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* The orchestrator is killed after pass 1, 2, 3 ...: another goes on, whatever was under way. */
static void wherever_it_is_killed_another_goes_on(void **state)
{
    struct flow flow;

    (void)state;
    for (int passes = 1; passes < 26; passes++) {
        flow_setup(&flow, 7);
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":2" READER WRITER), "{}");
        for (int i = 0; i < 4; i++) {
            cJSON *object = cJSON_CreateObject();

            cJSON_AddStringToObject(object, "bucket", "b");
            cJSON_AddStringToObject(object, "key", i ? "unused" : "k");
            cJSON_AddStringToObject(object, "body", "1\n2\n3\n4\n");
            cJSON_AddItemToArray(flow.stored, object);
        }
        for (int i = 0; i < passes; i++)
            flow_pass(&flow);
        flow_kill(&flow, 0);
        flow_start(&flow, 1);
        if (!flow_run(&flow, "job-1", 60000))
            fail_msg("killed after pass %d: the job has not ended", passes);
        flow_passes(&flow, 5000); /* where it had ended before: until the leases ran out */
        assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
        assert_non_null(strstr(flow_row(&flow, "job-1", "output"), "manifest.json"));
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
    }
}

/* Port call 1 fails, then 2, then 3 ...: before it was done, and after. */
static void whichever_port_call_fails_the_map_ends_right(void **state)
{
    struct flow flow;
    uint64_t calls;

    (void)state;
    flow_setup(&flow, 8);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(""), "[1,2,3]");
    assert_true(flow_run(&flow, "job-1", 60000));
    settle(&flow);
    calls = flow.world.calls;
    flow_teardown(&flow);
    assert_true(calls > 50);
    for (uint64_t n = 1; n <= calls; n += 1 + n / 200) {
        for (int fault = 0; fault < 2; fault++) {
            flow_setup(&flow, 8);
            flow.world.calls = 0;
            flow.world.fail_at = n;
            flow.world.fault = fault ? MR_SIM_AFTER : MR_SIM_BEFORE;
            flow_start(&flow, 0);
            flow_submit(&flow, "job-1", MAP(""), "[1,2,3]");
            if (!flow_run(&flow, "job-1", 120000))
                fail_msg("call %llu, fault %d: the job has not ended", (unsigned long long)n,
                         fault);
            for (int i = 0; i < 100; i++)
                flow_pass(&flow);
            assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,3]");
            for (uint32_t i = 0; i < 3; i++)
                assert_string_equal(flow_row(&flow, child_of("job-1", i), "status"), "SUCCEEDED");
            assert_int_equal(flow.notices, 1);
            assert_int_equal(flow_outbox(&flow), 0);
            flow_teardown(&flow);
        }
    }
}

/* The job is cancelled while its children's submits are still to be sent; the orchestrator dies,
 * and another sends what stands in Redis.  A cancel that came before its child's submit would find
 * nobody, and the child would run on. */
static void a_cancel_does_not_overtake_its_child(void **state)
{
    unsigned unsent = 0;

    (void)state;
    for (uint64_t n = 1; n < 60; n++) {
        struct flow flow;
        bool known;

        flow_setup(&flow, 30);
        flow.config.send_retry_ms = 2000; /* what could not be sent waits in Redis */
        flow.worker_off = true;
        flow_start(&flow, 0);
        settle(&flow);
        flow.world.fail_at = flow.world.calls + n;
        flow.world.fault = MR_SIM_BEFORE;
        flow_submit(&flow, "job-1", MAP(""), "[1,2,3]");
        flow_passes(&flow, 100);
        known = strcmp(flow_row(&flow, "job-1", "status"), "RUNNING") == 0; /* else: not yet */
        unsent += known && flow_outbox(&flow) >= 3;
        flow_produce(&flow, "millrace.log", "job-1",
                     "{\"v\":1,\"k\":\"cancel\",\"job\":\"job-1\"}");
        flow_passes(&flow, 100);
        flow_kill(&flow, 0);
        flow.world.fail_at = 0;
        flow_start(&flow, 1);
        flow_passes(&flow, 8000);
        for (uint32_t i = 0; known && i < 3; i++)
            assert_string_equal(flow_row(&flow, child_of("job-1", i), "status"), "ABORTED");
        assert_int_equal(known ? flow_outbox(&flow) : 0, 0);
        flow_teardown(&flow);
    }
    assert_true(unsent > 0);
}

/* Sends the child's shard an event about it, as its parent's shard would. */
static void say_to_child(struct flow *flow, enum mr_event_kind kind, const char *parent,
                         uint32_t index)
{
    struct oc_shard *shard = &flow->nodes[0].oc.shards[mr_shard_of(parent, strlen(parent), 2)];
    const struct oc_job *job = oc_shard_job(shard, parent);
    const char *id = child_of(parent, index);
    char token[MR_TOKEN_MAX + 1];
    struct mr_event event = {
        .kind = kind, .job = id, .parent = {.token_text = token, .index = index}};
    struct mr_buf text = {0};

    assert_non_null(job);
    assert_true(oc_token_make(job, 1, 1, token, sizeof token));
    assert_int_equal(mr_event_print(&event, &text), MR_OK);
    assert_int_equal(mr_bus_send(flow->bus, "millrace.log", (int32_t)mr_shard_of(id, strlen(id), 2),
                                 id, strlen(id), text.data, text.len, NULL, NULL),
                     MR_OK);
    mr_buf_release(&text);
}

static void a_child_that_is_asked_tells_its_end_once_more(void **state)
{
    char key[SIM_KEY_MAX];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 9);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(",\"ToleratedFailureCount\":9"), "[1,2]");
    settle(&flow);
    say_to_child(&flow, MR_EVENT_ASK, "job-1", 0); /* it runs: no answer */
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    /* A child that nothing is left of has failed: the Map is told, and does not wait for ever. */
    for (uint32_t s = 0; s < 2; s++) {
        const char *id = child_of("job-1", 0);
        struct oc_shard *shard = &flow.nodes[0].oc.shards[s];
        struct oc_job *job = oc_shard_job(shard, id);

        if (!job)
            continue;
        oc_shard_forget(shard, job);
        sim_key_remove(flow.redis, sim_store_key(key, s, "job:", id));
        sim_key_remove(flow.redis, sim_store_key(key, s, "run:", id));
    }
    say_to_child(&flow, MR_EVENT_ASK, "job-1", 0);
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 30000));
    assert_string_equal(flow_row(&flow, "job-1", "output"),
                        "[{\"Error\":\"States.Runtime\",\"Cause\":\"nothing is left of this "
                        "child\"},2]");
    flow_teardown(&flow);
}

/* A child whose event ends every orchestrator is set aside; its Map asks, and is told. */
static void a_child_that_is_set_aside_has_failed_for_its_map(void **state)
{
    struct mr_config_quarantine record = {.offset = 1, .at_ms = 1};
    struct mr_buf text = {0};
    char key[512];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 12);
    flow_start(&flow, 0);
    memcpy(record.log_id, flow.nodes[0].oc.log_id, sizeof record.log_id);
    assert_int_equal(mr_config_quarantine_print(&record, &text), MR_OK);
    (void)snprintf(key, sizeof key, "quarantine/%s", child_of("job-1", 0));
    flow_produce(&flow, "millrace.config", key, text.data);
    settle(&flow);
    flow_submit(&flow, "job-1", MAP(",\"ToleratedFailureCount\":9"), "[1,2]");
    assert_true(flow_run(&flow, "job-1", 200000));
    assert_non_null(strstr(flow_row(&flow, "job-1", "output"), "Millrace.Quarantined"));
    mr_buf_release(&text);
    flow_teardown(&flow);
}

static void a_child_whose_end_was_told_long_ago_is_not_counted_twice(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 10);
    flow.refused = "slow";
    flow.config.task_resend_ms = 300000;
    flow_start(&flow, 0);
    flow.refused = NULL;
    flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":1"), "[1,2,3]");
    for (int i = 0; i < 12; i++)
        flow_pass(&flow);
    if (strcmp(flow_row(&flow, child_of("job-1", 0), "status"), "SUCCEEDED") == 0 &&
        strcmp(flow_row(&flow, "job-1", "status"), "RUNNING") == 0) {
        say_to_child(&flow, MR_EVENT_ASK, "job-1", 0);
        say_to_child(&flow, MR_EVENT_REDRIVE, "job-1", 0);
    }
    assert_true(flow_run(&flow, "job-1", 30000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,3]");
    assert_int_equal(flow.tasks_seen, 3);
    flow_teardown(&flow);
}

static void many_items_come_in_pages_and_go_in_parts(void **state)
{
    enum { ITEMS = 3000 };
    struct mr_buf lines = {0};
    struct flow flow;
    cJSON *object = cJSON_CreateObject();

    (void)state;
    flow_setup(&flow, 11);
    flow.config.batch_max = 2000;
    flow.config.outstanding_max = 2000;
    for (int i = 0; i < ITEMS; i++)
        (void)mr_buf_addf(&lines, "{\"n\":%d,\"pad\":\"%0400d\"}\n", i, i);
    cJSON_AddStringToObject(object, "bucket", "b");
    cJSON_AddStringToObject(object, "key", "k");
    cJSON_AddStringToObject(object, "body", lines.data);
    cJSON_AddItemToArray(flow.stored, object);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(READER WRITER), "{}");
    assert_true(flow_run(&flow, "job-1", 600000));
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_int_equal(flow.tasks_seen, ITEMS);
    assert_true(cJSON_GetArraySize(flow.stored) > 3); /* several parts and the manifest */
    assert_int_equal(flow_outbox(&flow), 0);
    mr_buf_release(&lines);
    flow_teardown(&flow);
}

/* LOAD_AND_FLATTEN: the items of all listed objects, one after the other. */
static void the_items_of_listed_objects_are_children_of_one_map(void **state)
{
    static const char definition[] =
        MAP(",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{"
            "\"Bucket\":\"b\",\"Prefix\":\"in/\"},\"ReaderConfig\":{\"Transformation\":"
            "\"LOAD_AND_FLATTEN\",\"InputType\":\"JSONL\"}}");
    static const char *const bodies[] = {"1\n2\n", "", "[3]\n"};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 33);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        cJSON *object = cJSON_CreateObject();
        char key[8];

        (void)snprintf(key, sizeof key, "in/%zu", i);
        cJSON_AddStringToObject(object, "bucket", "b");
        cJSON_AddStringToObject(object, "key", key);
        cJSON_AddStringToObject(object, "body", bodies[i]);
        cJSON_AddItemToArray(flow.stored, object);
    }
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", definition, "{}");
    assert_true(flow_run(&flow, "job-1", 30000));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,[3]]");
    assert_int_equal(flow.tasks_seen, 3);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_a_job_of_its_own),
        cmocka_unit_test(a_workflow_by_name_has_children_too_and_they_have_children),
        cmocka_unit_test(one_failed_item_fails_the_map_and_cancels_the_others),
        cmocka_unit_test(a_redrive_runs_only_what_failed),
        cmocka_unit_test(a_cancel_reaches_the_children),
        cmocka_unit_test(a_cancel_does_not_overtake_its_child),
        cmocka_unit_test(the_items_of_listed_objects_are_children_of_one_map),
        cmocka_unit_test(a_redrive_in_a_corrected_definition_reaches_the_items),
        cmocka_unit_test(an_item_that_finds_no_place_in_a_corrected_definition_says_so),
        cmocka_unit_test(redis_is_rebuilt_with_children_in_all_stages),
        cmocka_unit_test(wherever_it_is_killed_another_goes_on),
        cmocka_unit_test(whichever_port_call_fails_the_map_ends_right),
        cmocka_unit_test(a_child_that_is_asked_tells_its_end_once_more),
        cmocka_unit_test(a_child_that_is_set_aside_has_failed_for_its_map),
        cmocka_unit_test(a_child_whose_end_was_told_long_ago_is_not_counted_twice),
        cmocka_unit_test(many_items_come_in_pages_and_go_in_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
