/* kit.c -- the cluster of the flow tests. */
#include "tests/flow/cluster/kit.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"
#include "gateway/cli/asl_objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char flow_one_task[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
    "\"End\":true}}}";
const char flow_retry[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
    "\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"],\"IntervalSeconds\":2,\"MaxAttempts\":2,"
    "\"BackoffRate\":2}],\"End\":true}}}";
const char flow_wait[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Wait\",\"Seconds\":5,\"Next\":\"B\"},"
    "\"B\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\",\"TimeoutSeconds\":3,\"End\":true}}}";
const char flow_parallel[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Next\":\"Z\",\"Branches\":["
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
    "\"End\":true}}},"
    "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
    "\"Next\":\"C\"},\"C\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":true}}}]},"
    "\"Z\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\",\"End\":true}}}";

static void no_report(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                      int64_t time_ms)
{
    (void)owner, (void)tag, (void)code, (void)partition, (void)offset, (void)time_ms;
}

/* Faults are for the cluster; the world around it sees none and is not counted. */
static uint64_t calm(struct flow *flow, uint64_t *calls)
{
    const uint64_t fail_at = flow->world.fail_at;

    *calls = flow->world.calls;
    flow->world.fail_at = 0;
    return fail_at;
}

static void stormy(struct flow *flow, uint64_t fail_at, uint64_t calls)
{
    flow->world.fail_at = fail_at;
    flow->world.calls = calls;
}

static void open_world(struct flow *flow)
{
    struct mr_topic_spec specs[MR_TOPICS_COUNT + 1];
    struct mr_topics topics;

    mr_topics_init(&topics, flow->cluster.topics);
    mr_topics_specs(&topics, &flow->cluster, specs);
    specs[MR_TOPICS_COUNT] = mr_topic_task_spec("millrace.tasks.io", &flow->cluster);
    assert_int_equal(mr_bus_ensure(flow->bus, specs, MR_TOPICS_COUNT + 1, NULL), MR_OK);
    flow->tasks = mr_queue_open(flow->bus, "millrace.tasks.io", "millrace.worker.io", 100, NULL);
    flow->events = mr_log_open(flow->bus, topics.events, NULL);
    flow->dlq = mr_log_open(flow->bus, topics.dlq, NULL);
    assert_true(flow->tasks && flow->events && flow->dlq);
    for (int32_t p = 0; p < (int32_t)flow->cluster.task_partitions; p++)
        assert_int_equal(mr_log_start(flow->events, p, MR_LOG_FIRST, NULL), MR_OK);
    assert_int_equal(mr_log_start(flow->dlq, 0, MR_LOG_FIRST, NULL), MR_OK);
}

void flow_setup(struct flow *flow, uint64_t seed)
{
    flow_setup_shards(flow, seed, 2);
}

void flow_setup_shards(struct flow *flow, uint64_t seed, int shards)
{
    static char prefix[] = "millrace", classes[] = "image,io", none[] = "";

    *flow = (struct flow){
        .world = {.seed = seed, .now_ms = 1700000000000},
        .cluster = {.bus = MR_BUS_KAFKA,
                    .topics = prefix,
                    .shards = shards,
                    .task_partitions = 1,
                    .jobs_keep_ms = 604800000,
                    .dedupe_ms = 691200000},
        .config = {.id = none,
                   .batch_max = 100,
                   .admit_window = 100,
                   .outstanding_max = 50,
                   .jobs_cached_max = 1000,
                   .lease_ms = 3000,
                   .take_retry_ms = 100,
                   .trim_quiet_ms = 50,
                   .send_retry_ms = 100,
                   .scan_ms = 20000,
                   .task_resend_ms = 60000,
                   .ask_resend_ms = 30000,
                   .event_tries = 3,
                   .classes_max = 100,
                   .events_replay_ms = 3600000,
                   .child_keep_ms = 3600000,
                   .log_keep = 1000,
                   .machines_cached_bytes = 1048576,
                   .events = true,
                   .classes = classes},
    };
    flow->stored = cJSON_CreateArray();
    assert_non_null(flow->stored);
    mr_sim_clock_init(&flow->clock, &flow->world);
    flow->broker = mr_sim_broker_new(&flow->world);
    flow->redis = mr_sim_redis_new(&flow->world);
    assert_true(flow->broker && flow->redis);
    flow->bus = mr_bus_sim_new(flow->broker, NULL);
    flow->store = mr_store_sim_new(flow->redis, NULL);
    assert_true(flow->bus && flow->store);
    flow->bus->on_sent = no_report;
    open_world(flow);
}

static void end_node(struct flow_node *node)
{
    oc_teardown(&node->oc, 0);
    mr_bus_free(node->bus);
    mr_store_free(node->store);
    *node = (struct flow_node){0};
}

void flow_teardown(struct flow *flow)
{
    flow->world.fail_at = 0;
    for (int i = 0; i < FLOW_NODES; i++)
        if (flow->nodes[i].alive)
            end_node(&flow->nodes[i]);
    cJSON_Delete(flow->stored);
    mr_queue_free(flow->tasks);
    mr_log_free(flow->events);
    mr_log_free(flow->dlq);
    mr_bus_free(flow->bus);
    mr_store_free(flow->store);
    mr_sim_broker_free(flow->broker);
    mr_sim_redis_free(flow->redis);
}

static bool try_start(struct flow *flow, int i)
{
    struct flow_node *node = &flow->nodes[i];
    struct mr_error err = {0};

    node->bus = mr_bus_sim_new(flow->broker, &err);
    node->store = mr_store_sim_new(flow->redis, &err);
    assert_true(node->bus && node->store);
    flow->config.id = i == 0 ? (char[]){"node-0"} : (char[]){"node-1"};
    if (oc_setup(&node->oc, &flow->config, &flow->cluster, node->bus, node->store,
                 &flow->clock.clock, &err) != MR_OK) {
        if (!flow->world.fail_at)
            fail_msg("setup: %s", err.text);
        end_node(node);
        return false;
    }
    node->alive = true;
    return true;
}

void flow_start(struct flow *flow, int i)
{
    for (int tries = 0; tries < 5 && !flow->nodes[i].alive; tries++)
        (void)try_start(flow, i);
    assert_true(flow->nodes[i].alive);
}

void flow_kill(struct flow *flow, int i)
{
    struct flow_node *node = &flow->nodes[i];
    uint64_t calls, fail_at = calm(flow, &calls);

    for (uint32_t s = 0; s < node->oc.shard_count; s++)
        node->oc.shards[s].mine = false; /* no farewell */
    end_node(node);
    stormy(flow, fail_at, calls);
}

void flow_produce(struct flow *flow, const char *topic, const char *key, const char *text)
{
    uint64_t calls, fail_at = calm(flow, &calls);

    assert_int_equal(mr_bus_send(flow->bus, topic, -1, key, key ? strlen(key) : 0, text,
                                 strlen(text), NULL, NULL),
                     MR_OK);
    assert_int_equal(mr_bus_flush(flow->bus, 1000, NULL), MR_OK);
    stormy(flow, fail_at, calls);
}

void flow_event(struct flow *flow, const struct mr_event *event)
{
    struct mr_buf text = {0};

    assert_int_equal(mr_event_print(event, &text), MR_OK);
    flow_produce(flow, "millrace.log", event->job, text.data);
    mr_buf_release(&text);
}

void flow_submit(struct flow *flow, const char *id, const char *definition, const char *input)
{
    struct mr_buf text = {0};

    (void)mr_buf_addf(&text, "{\"id\":\"%s\",\"definition\":%s,\"input\":%s}", id, definition,
                      input);
    flow_produce(flow, "millrace.jobs", id, text.data);
    mr_buf_release(&text);
}

void flow_put_workflow(struct flow *flow, const char *name, const char *definition)
{
    char def[65], key[96];
    struct mr_buf text = {0};

    mr_sha256_hex(definition, strlen(definition), def);
    (void)snprintf(key, sizeof key, "workflow/%s", name);
    (void)mr_buf_addf(&text, "{\"v\":1,\"def\":\"%s\",\"definition\":%s,\"created_ms\":1}", def,
                      definition);
    flow_produce(flow, "millrace.config", key, text.data);
    mr_buf_release(&text);
}

/* ---- the world's own pass -----------------------------------------------------------------------
 */

/* A page of a Map, read or written as the worker would. false: another kind of task. */
static bool do_page(struct flow *flow, const struct mr_task *task, struct mr_event *event,
                    struct mr_buf *text, struct mr_error *err)
{
    const struct mr_objects objects = asl_objects_of(flow->stored);
    const bool reads = strcmp(task->type, "map.read") == 0;
    enum mr_code rc;

    if (!reads && strcmp(task->type, "map.write") != 0)
        return false;
    rc = reads ? mr_items_read(task->input, &objects, text, err)
               : mr_items_write(task->input, &objects, text, err);
    if (rc) {
        event->error = "Blob.Failed";
        event->cause = err->text;
    }
    event->output_text = text->data;
    event->output_len = text->len;
    return true;
}

static bool is_refused(const struct flow *flow, const struct mr_task *task)
{
    struct mr_buf text = {0};
    bool refused;

    if (!flow->refused || !task->input || mr_json_print(task->input, &text))
        return false;
    refused = strstr(text.data, flow->refused) != NULL;
    mr_buf_release(&text);
    return refused;
}

static void answer(struct flow *flow, const struct mr_msg *msg)
{
    struct mr_task task = {0};
    struct mr_event event = {.kind = MR_EVENT_RESULT, .worker = "flow"};
    struct mr_buf text = {0}, page = {0};
    struct mr_error err;

    assert_int_equal(mr_task_parse(msg->value, msg->value_len, &task, NULL), MR_OK);
    flow->tasks_seen++;
    (void)snprintf(flow->last_token, sizeof flow->last_token, "%s", task.token);
    event.token_text = task.token;
    if (flow->worker_mute) {
        mr_task_release(&task);
        return;
    }
    if (do_page(flow, &task, &event, &page, &err)) {
        flow->tasks_seen--; /* counted are the workflow's own */
    } else if (is_refused(flow, &task)) {
        event.error = "Item.Refused";
        event.cause = "told to";
    } else if (flow->worker_fails > 0) {
        flow->worker_fails--;
        event.error = "Image.Crashed";
        event.cause = flow->cause ? flow->cause : "told to";
    } else {
        event.output = task.input;
    }
    assert_int_equal(mr_event_print(&event, &text), MR_OK);
    assert_int_equal(mr_bus_send(flow->bus, "millrace.log",
                                 (int32_t)mr_shard_of(task.job, strlen(task.job),
                                                      (uint32_t)flow->cluster.shards),
                                 task.job, strlen(task.job), text.data, text.len, NULL, NULL),
                     MR_OK);
    mr_buf_release(&text);
    mr_buf_release(&page);
    mr_task_release(&task);
}

static void read_letters(struct flow *flow)
{
    struct mr_msg msgs[16];
    int n = mr_log_poll(flow->dlq, msgs, 16, NULL);

    for (int i = 0; i < n; i++) {
        flow->letters++;
        (void)snprintf(flow->last_letter, sizeof flow->last_letter, "%.*s", (int)msgs[i].value_len,
                       msgs[i].value);
    }
}

static void read_notices(struct flow *flow)
{
    struct mr_msg msgs[16];
    int n = mr_log_poll(flow->events, msgs, 16, NULL);

    for (int i = 0; i < n; i++) {
        cJSON *notice = cJSON_ParseWithLength(msgs[i].value, msgs[i].value_len);
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(notice, "id"));
        bool known = false;

        assert_non_null(id);
        for (int k = 0; k < flow->notices && k < 64; k++)
            known = known || strcmp(flow->seen[k], id) == 0;
        if (!known && flow->notices < 64)
            (void)snprintf(flow->seen[flow->notices++], sizeof flow->seen[0], "%s", id);
        cJSON_Delete(notice);
    }
}

static void world_pass(struct flow *flow)
{
    uint64_t calls, fail_at = calm(flow, &calls);
    struct mr_msg msgs[32];
    int n = flow->worker_off ? 0 : mr_queue_take(flow->tasks, msgs, 32, NULL);

    for (int i = 0; i < n; i++) {
        answer(flow, &msgs[i]);
        mr_queue_release(flow->tasks, msgs[i].partition, msgs[i].offset);
    }
    (void)mr_bus_poll(flow->bus);
    read_notices(flow);
    read_letters(flow);
    stormy(flow, fail_at, calls);
}

void flow_pass(struct flow *flow)
{
    for (int i = 0; i < FLOW_NODES; i++)
        if (flow->nodes[i].alive && !flow->paused[i])
            (void)oc_pass(&flow->nodes[i].oc);
    world_pass(flow);
    flow->world.now_ms += FLOW_STEP_MS;
}

void flow_passes(struct flow *flow, int64_t ms)
{
    const int64_t end = flow->world.now_ms + ms;

    while (flow->world.now_ms < end)
        flow_pass(flow);
}

void flow_settle(struct flow *flow)
{
    for (int i = 0; i < 30; i++)
        flow_pass(flow);
}

void flow_fault(struct flow *flow, uint64_t n, bool after)
{
    flow->world.calls = 0;
    flow->world.fail_at = n;
    flow->world.fault = after ? MR_SIM_AFTER : MR_SIM_BEFORE;
}

/* ---- looking ------------------------------------------------------------------------------------
 */

struct want {
    const char *field;
    char *buf;
    size_t size;
};

static void match(void *ctx, const char *name, const char *value, size_t len)
{
    struct want *want = ctx;

    if (strcmp(name, want->field) == 0)
        (void)snprintf(want->buf, want->size, "%.*s", (int)len, value);
}

const char *flow_row(struct flow *flow, const char *job, const char *field)
{
    static char buf[8192];
    struct want want = {field, buf, sizeof buf};
    uint64_t calls, fail_at = calm(flow, &calls);

    buf[0] = '\0';
    if (mr_store_row_get(flow->store, mr_shard_of(job, strlen(job), (uint32_t)flow->cluster.shards),
                         job, match, &want, NULL))
        buf[0] = '\0'; /* no row yet */
    stormy(flow, fail_at, calls);
    return buf;
}

bool flow_run(struct flow *flow, const char *job, int64_t limit_ms)
{
    const int64_t end = flow->world.now_ms + limit_ms;

    while (flow->world.now_ms < end) {
        const char *status;

        flow_pass(flow);
        status = flow_row(flow, job, "status");
        if (status[0] && strcmp(status, "RUNNING") != 0)
            return true;
    }
    return false;
}

static void count(void *ctx, const char *name, const char *value, size_t len)
{
    (void)name, (void)value, (void)len;
    (*(int *)ctx)++;
}

int flow_outbox(struct flow *flow)
{
    uint64_t calls, fail_at = calm(flow, &calls);
    int entries = 0;

    for (uint32_t s = 0; s < (uint32_t)flow->cluster.shards; s++)
        assert_int_equal(mr_store_outbox_each(flow->store, s, count, &entries, NULL), MR_OK);
    stormy(flow, fail_at, calls);
    return entries;
}

void flow_digest(struct flow *flow, const char *job, char *buf, size_t size)
{
    static const char *const fields[] = {"status",        "output",     "error", "cause",
                                         "steps_entered", "steps_done", "rev"};

    buf[0] = '\0';
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const size_t len = strlen(buf);

        (void)snprintf(buf + len, size - len, "%s=%s\n", fields[i], flow_row(flow, job, fields[i]));
    }
}
