/* stage.c -- see stage.h. */
#include "tests/unit/worker/stage.h"

#include "tests/unit/worker/stage_blob.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_TURNS = 3000 };

static void texts_open(struct stage *stage, struct stage_texts *texts, const char *topic)
{
    struct mr_error err;
    const int32_t partitions = mr_bus_partitions(stage->client, topic, &err);

    assert_true(partitions > 0);
    texts->log = mr_log_open(stage->client, topic, &err);
    assert_non_null(texts->log);
    for (int32_t i = 0; i < partitions; i++)
        assert_int_equal(mr_log_start(texts->log, i, 0, &err), MR_OK);
}

static void texts_read(struct stage_texts *texts)
{
    struct mr_msg msgs[8];
    struct mr_error err;
    int n;

    while ((n = mr_log_poll(texts->log, msgs, 8, &err)) > 0)
        for (int i = 0; i < n; i++) {
            assert_true(texts->count < STAGE_TEXTS_MAX);
            texts->texts[texts->count++] = strndup(msgs[i].value, msgs[i].value_len);
        }
}

static void texts_close(struct stage_texts *texts)
{
    mr_log_free(texts->log);
    for (size_t i = 0; i < texts->count; i++)
        free(texts->texts[i]);
}

void stage_open(struct stage *stage)
{
    static char id[] = "w1", classes[] = "image,io", prefix[] = "millrace";
    struct mr_topic_spec specs[MR_TOPICS_COUNT + 2];
    struct mr_topics topics;
    char names[2][MR_TOPIC_MAX];
    struct mr_error err;

    *stage = (struct stage){
        .world = {.seed = 1, .now_ms = 1000},
        .blob_world = {.seed = 2, .now_ms = 1000},
        .config = {.id = id,
                   .classes = classes,
                   .slots = 2,
                   .window = 64,
                   .ahead = 2,
                   .task_timeout_ms = 60000,
                   .send_retry_ms = 50,
                   .cancels_max = 64,
                   .beat_ms = 1000,
                   .drain_ms = 1000},
        .imaging = {.source_bytes_max = 1000, .output_bytes_max = 1000},
        .cluster = {.topics = prefix,
                    .shards = 4,
                    .task_partitions = 2,
                    .jobs_keep_ms = 60000,
                    .dedupe_ms = 70000},
    };
    imaging_twin_reset();
    mr_sim_clock_init(&stage->clock, &stage->world);
    stage->broker = mr_sim_broker_new(&stage->world);
    stage->bucket = mr_sim_bucket_new(&stage->blob_world);
    stage->blob = stage_blob_new_take(mr_blob_sim_new(stage->bucket, &err));
    stage->client = mr_bus_sim_new(stage->broker, &err);
    assert_non_null(stage->client);
    mr_topics_init(&topics, prefix);
    mr_topics_specs(&topics, &stage->cluster, specs);
    mr_topic_of_class(&topics, "image", names[0]);
    mr_topic_of_class(&topics, "io", names[1]);
    specs[MR_TOPICS_COUNT] = mr_topic_task_spec(names[0], &stage->cluster);
    specs[MR_TOPICS_COUNT + 1] = mr_topic_task_spec(names[1], &stage->cluster);
    assert_int_equal(mr_bus_ensure(stage->client, specs, MR_TOPICS_COUNT + 2, &err), MR_OK);
    texts_open(stage, &stage->answers, topics.log);
    texts_open(stage, &stage->dead, topics.dlq);
}

void stage_close(struct stage *stage)
{
    stage_end(stage);
    texts_close(&stage->answers);
    texts_close(&stage->dead);
    mr_bus_free(stage->client);
    mr_blob_free(stage->blob);
    mr_sim_bucket_free(stage->bucket);
    mr_sim_broker_free(stage->broker);
    assert_int_equal(atomic_load(&imaging_twin.alive), 0);
}

void stage_start(struct stage *stage)
{
    struct mr_error err = {0};
    struct wk_ports ports = {.blob = stage->blob,
                             .clock = stage->threads ? mr_clock_sys() : &stage->clock.clock,
                             .fetch = stage->fetch,
                             .same_thread = !stage->threads};

    stage->bus = ports.bus = mr_bus_sim_new(stage->broker, &err);
    assert_non_null(stage->bus);
    if (wk_setup(&stage->wk, &stage->config, &stage->imaging, &stage->cluster, &ports, &err))
        fail_msg("%s", err.text);
}

void stage_end(struct stage *stage)
{
    if (!stage->bus)
        return;
    wk_teardown(&stage->wk, 1000);
    mr_bus_free(stage->bus);
    stage->bus = NULL;
}

void stage_kill(struct stage *stage)
{
    mr_sim_bus_kill(stage->bus);
    stage_end(stage);
}

static void send(struct stage *stage, const char *topic, const char *key, const char *bytes,
                 size_t len)
{
    struct mr_error err;

    assert_int_equal(
        mr_bus_send(stage->client, topic, -1, key, key ? strlen(key) : 0, bytes, len, NULL, &err),
        MR_OK);
    assert_int_equal(mr_bus_flush(stage->client, 1000, &err), MR_OK);
}

void stage_ask_raw(struct stage *stage, const char *class_name, const char *bytes, size_t len)
{
    char topic[MR_TOPIC_MAX];

    (void)snprintf(topic, sizeof topic, "millrace.tasks.%s", class_name);
    send(stage, topic, NULL, bytes, len);
}

void stage_ask(struct stage *stage, const struct stage_task *task)
{
    const char *job = task->job ? task->job : "job-1";
    const char *input = task->input ? task->input : "{}";
    const char *type = task->type ? task->type : "noop";
    const char *class_name = task->class_name                  ? task->class_name
                             : strncmp(type, "image.", 6) == 0 ? "image"
                                                               : "io";
    char token[MR_TOKEN_MAX], topic[MR_TOPIC_MAX];
    const struct mr_task message = {.job = job,
                                    .tenant = task->tenant ? task->tenant : "shop",
                                    .step = task->step ? task->step : "Render.1",
                                    .token = token,
                                    .type = type,
                                    .seq = (uint64_t)(task->seq ? task->seq : 1),
                                    .attempt = (uint32_t)(task->attempt ? task->attempt : 1),
                                    .timeout_ms = task->timeout_ms,
                                    .heartbeat_ms = task->heartbeat_ms,
                                    .input_text = input,
                                    .input_len = strlen(input)};
    struct mr_buf text = {0};

    (void)snprintf(token, sizeof token, "%s.%" PRIu64 ".%u.%032d", job, message.seq,
                   (unsigned)message.attempt, 7);
    (void)snprintf(topic, sizeof topic, "millrace.tasks.%s", class_name);
    assert_int_equal(mr_task_print(&message, &text), MR_OK);
    send(stage, topic, job, text.data, text.len);
    mr_buf_release(&text);
}

void stage_cancel(struct stage *stage, const char *job, int seq, int attempt)
{
    struct mr_control control = {.seq = (uint64_t)seq, .attempt = (uint32_t)attempt};
    struct mr_buf text = {0};

    (void)snprintf(control.job, sizeof control.job, "%s", job);
    assert_int_equal(mr_control_print(&control, &text), MR_OK);
    send(stage, "millrace.control", job, text.data, text.len);
    mr_buf_release(&text);
}

void stage_store(struct stage *stage, const char *key, const char *text)
{
    struct mr_blob_put put = {0};
    struct mr_error err;

    assert_int_equal(mr_blob_put(stage->blob, key, &put, text, strlen(text), NULL, &err), MR_OK);
}

char *stage_fetch(struct stage *stage, const char *key)
{
    struct mr_buf buf = {0};
    struct mr_error err;

    if (mr_blob_get(stage->blob, key, 100000, &buf, NULL, &err))
        return NULL;
    return mr_buf_detach(&buf);
}

void stage_turn(struct stage *stage)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    stage->world.now_ms += 10;
    if (stage->bus)
        (void)wk_pass(&stage->wk);
    if (stage->threads)
        (void)nanosleep(&pause, NULL);
    texts_read(&stage->answers);
    texts_read(&stage->dead);
}

void stage_turns(struct stage *stage, int n)
{
    while (n-- > 0)
        stage_turn(stage);
}

void stage_until(struct stage *stage, size_t answers, size_t dead)
{
    for (int i = 0; i < WAIT_TURNS; i++) {
        if (stage->answers.count >= answers && stage->dead.count >= dead &&
            stage->wk.items.live_count == 0)
            break;
        stage_turn(stage);
    }
    assert_int_equal(stage->answers.count, answers);
    assert_int_equal(stage->dead.count, dead);
}

bool stage_all_released(struct stage *stage, const char *class_name)
{
    char topic[MR_TOPIC_MAX], group[MR_TOPIC_MAX];
    struct mr_queue *queue;
    struct mr_msg msg;
    struct mr_error err;
    int n;

    stage_end(stage);
    (void)snprintf(topic, sizeof topic, "millrace.tasks.%s", class_name);
    (void)snprintf(group, sizeof group, "millrace.worker.%s", class_name);
    queue = mr_queue_open(stage->client, topic, group, 1, &err);
    assert_non_null(queue);
    n = mr_queue_take(queue, &msg, 1, &err);
    mr_queue_free(queue);
    return n == 0;
}

void stage_until_calls(struct stage *stage, int n)
{
    for (int i = 0; i < 3000 && atomic_load(&imaging_twin.calls) < n; i++)
        stage_turn(stage);
    assert_int_equal(atomic_load(&imaging_twin.calls), n);
}

/* ---- for cmocka ---------------------------------------------------------------------------------
 */

const char stage_recipe[] =
    "{\"source\":{\"key\":\"in/a.jpg\"},\"ops\":[{\"op\":\"resize\","
    "\"width\":20}],\"outputs\":[{\"name\":\"small\",\"format\":\"jpeg\"}]}";

void stage_has(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("\"%s\" has no \"%s\"", text ? text : "(nothing)", part);
}

int stage_setup(void **state)
{
    struct stage *stage = malloc(sizeof *stage);

    stage_open(stage);
    stage_store(stage, "in/a.jpg", "picture");
    *state = stage;
    return 0;
}

int stage_teardown(void **state)
{
    struct stage *stage = *state;

    stage_close(stage);
    free(stage);
    return 0;
}
