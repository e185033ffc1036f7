/* machines.c -- see machines.h */
#include "tests/fuzz/machines.h"

#include "common/base/json.h"

#include <cjson/cJSON.h>

enum {
    EVENTS_MAX = 40,
    PAIRS_MAX = 16,
    ENTRIES_MAX = 60,
    DATA_BYTES_MAX = 3000,
    LARGE_BYTES = 1500
};

/* clang-format off */
static const char fixed[] =
    "{\"StartAt\":\"A\",\"TimeoutSeconds\":3600,\"States\":{"
    "\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:a.b\",\"TimeoutSeconds\":5,\"HeartbeatSeconds\":2,"
      "\"ResultPath\":\"$.r\",\"Retry\":[{\"ErrorEquals\":[\"E\",\"States.Timeout\"],\"IntervalSeconds\":1,"
      "\"MaxAttempts\":2,\"BackoffRate\":2,\"JitterStrategy\":\"FULL\"}],"
      "\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"C\",\"ResultPath\":\"$.e\"}],\"Next\":\"C\"},"
    "\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.e\",\"IsPresent\":true,\"Next\":\"W\"},"
      "{\"Variable\":\"$.a\",\"NumericGreaterThan\":5,\"Next\":\"F\"}],\"Default\":\"P\"},"
    "\"W\":{\"Type\":\"Wait\",\"Seconds\":3,\"Next\":\"P\"},"
    "\"P\":{\"Type\":\"Parallel\",\"Branches\":["
      "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Pass\",\"Result\":{\"x\":1},\"End\":true}}},"
      "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemsPath\":\"$.list\",\"MaxConcurrency\":2,"
        "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"INLINE\"},\"StartAt\":\"I\",\"States\":{"
          "\"I\":{\"Type\":\"Task\",\"Resource\":\"millrace:i.t\",\"End\":true}}},\"End\":true}}}],"
      "\"Catch\":[{\"ErrorEquals\":[\"E\"],\"Next\":\"S\"}],\"Next\":\"T\"},"
    "\"T\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::lambda:invoke.waitForTaskToken\","
      "\"Parameters\":{\"t.$\":\"$$.Task.Token\"},\"Next\":\"S\"},"
    "\"S\":{\"Type\":\"Succeed\"},"
    "\"F\":{\"Type\":\"Fail\",\"Error\":\"Big\",\"Cause\":\"a > 5\"}}}";
/* clang-format on */

struct asl_machine *fuzz_machine(void)
{
    static struct asl_machine *machine;
    struct mr_error err = {0};

    if (!machine)
        FUZZ_PROMISE(!asl_machine_parse(fixed, sizeof fixed - 1, NULL, &machine, &err), "%s",
                     err.text);
    return machine;
}

struct asl_run *fuzz_run_new(struct asl_machine *machine)
{
    struct asl_start start = {.job = "j", .workflow = "w", .tenant = "t", .seed = 1};
    struct asl_run *run = NULL;

    FUZZ_PROMISE(!asl_run_new(machine, &start, &run, NULL), "a run");
    return run;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void put(void *ctx, uint32_t id, const char *json, size_t len)
{
    struct fuzz_values *values = ctx;

    FUZZ_PROMISE(!mr_json_check(json, len, &mr_json_limits_message, NULL), "a value is JSON");
    if (!values || id >= FUZZ_VALUES_MAX)
        return;
    FUZZ_PROMISE(!values->text[id], "value %u is written once", id);
    values->text[id] = fuzz_text((const uint8_t *)json, len);
    values->len[id] = len;
}

static void drop(void *ctx, uint32_t id)
{
    struct fuzz_values *values = ctx;

    if (!values || id >= FUZZ_VALUES_MAX)
        return;
    FUZZ_PROMISE(values->text[id], "value %u was kept", id);
    free(values->text[id]);
    values->text[id] = NULL;
}

bool fuzz_value_get(void *ctx, uint32_t id, const char **json, size_t *len)
{
    const struct fuzz_values *values = ctx;

    if (id >= FUZZ_VALUES_MAX || !values->text[id])
        return false;
    *json = values->text[id];
    *len = values->len[id];
    return true;
}

void fuzz_values_release(struct fuzz_values *values)
{
    for (size_t i = 0; i < FUZZ_VALUES_MAX; i++)
        free(values->text[i]);
    *values = (struct fuzz_values){0};
}

void fuzz_encode(struct asl_run *run, struct fuzz_values *values, struct mr_buf *buf)
{
    struct asl_values_fn fn = {.put = put, .drop = drop, .ctx = values};
    struct mr_error err = {0};

    mr_buf_reset(buf);
    FUZZ_PROMISE(!asl_run_encode(run, &fn, buf, &err) && !buf->failed, "encode: %s", err.text);
}

/* ---- events out of bytes --------------------------------------------------------------------- */

struct pairs { /* the tasks and timers that effects spoke of last */
    struct {
        uint64_t seq;
        uint32_t attempt;
        enum asl_timer timer;
        bool child; /* of a distributed Map, and which */
        uint32_t index;
    } items[PAIRS_MAX];
    size_t next;
    int64_t now_ms;
};

static const cJSON *answer(unsigned which)
{
    static const char *const texts[] = {
        "{\"x\":[{\"y\":1}],\"list\":[1,2,3],\"a\":1,\"b\":\"2\",\"t\":\"2030-01-01T00:00:00Z\"}",
        "[1,{\"list\":[]},null]", "\"text\"", "{\"a\":9,\"list\":\"none\"}"};
    static cJSON *answers[5];

    if (!answers[0]) {
        char large[LARGE_BYTES + 1];

        for (unsigned i = 0; i < 4; i++)
            answers[i] = cJSON_Parse(texts[i]);
        memset(large, 'L', LARGE_BYTES);
        large[LARGE_BYTES] = '\0';
        answers[4] = cJSON_CreateObject();
        FUZZ_PROMISE(cJSON_AddStringToObject(answers[4], "large", large), "memory ran out");
    }
    return answers[which % 5];
}

static struct asl_event event_of(struct pairs *pairs, uint8_t byte)
{
    static const char *const errors[] = {"E", "States.Timeout", "", NULL};
    struct asl_event event = {0};
    const size_t i = byte >> 4;

    pairs->now_ms += byte & 8 ? 1500 : -200; /* the broker's time may go back */
    event.time_ms = pairs->now_ms;
    event.seq = pairs->items[i].seq;
    event.attempt = pairs->items[i].attempt;
    event.timer = pairs->items[i].timer ? pairs->items[i].timer : ASL_TIMER_WAIT;
    switch (byte & 7) {
    case 0:
    case 1:
        event.kind = ASL_EVENT_TASK_OK;
        event.data = answer((unsigned)i + (byte & 1));
        break;
    case 2:
        event.kind = ASL_EVENT_TASK_FAILED;
        event.error = errors[i % 4];
        event.cause = i & 1 ? "why" : NULL;
        break;
    case 3:
        event.kind = ASL_EVENT_TIMER;
        break;
    case 4:
        event.kind = ASL_EVENT_HEARTBEAT;
        break;
    case 5:
        event.kind = ASL_EVENT_CANCEL;
        event.error = errors[i % 4];
        break;
    case 6:
        event.kind = ASL_EVENT_REDRIVE;
        break;
    default:
        event.kind = ASL_EVENT_TASK_OK;
        event.data = answer(4);
        break;
    }
    if (pairs->items[i].child &&
        (event.kind == ASL_EVENT_TASK_OK || event.kind == ASL_EVENT_TASK_FAILED)) {
        event.kind = event.kind == ASL_EVENT_TASK_OK ? ASL_EVENT_CHILD_OK : ASL_EVENT_CHILD_FAILED;
        event.index = pairs->items[i].index;
        event.items = 1 + (byte & 1);
    }
    return event;
}

static void note_effects(struct pairs *pairs, const struct asl_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        const struct asl_effect *effect = &effects->items[i];

        const bool child =
            effect->kind == ASL_EFFECT_CHILD || effect->kind == ASL_EFFECT_CHILD_AGAIN;

        if (effect->kind != ASL_EFFECT_TASK && effect->kind != ASL_EFFECT_TIMER && !child)
            continue;
        pairs->items[pairs->next].child = child;
        pairs->items[pairs->next].index = effect->index;
        pairs->items[pairs->next].seq = effect->seq;
        pairs->items[pairs->next].attempt = effect->attempt;
        pairs->items[pairs->next].timer = effect->kind == ASL_EFFECT_TIMER ? effect->timer : 0;
        pairs->next = (pairs->next + 1) % PAIRS_MAX;
    }
}

static bool token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    (void)ctx, (void)attempt;
    return snprintf(buf, size, "token-%llu", (unsigned long long)seq) < (int)size;
}

static const struct asl_env env = {
    .token = token, .entries_max = ENTRIES_MAX, .data_max = DATA_BYTES_MAX, .in_flight_max = 20};

static void same_effects(const struct asl_effects *a, const struct asl_effects *b)
{
    FUZZ_PROMISE(a->count == b->count, "%zu effects, the twin has %zu", a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct asl_effect *x = &a->items[i], *y = &b->items[i];

        FUZZ_PROMISE(x->kind == y->kind && x->seq == y->seq && x->attempt == y->attempt &&
                         x->due_ms == y->due_ms && x->input_len == y->input_len &&
                         (x->input_len == 0 || memcmp(x->input, y->input, x->input_len) == 0),
                     "effect %zu is another one of the twin", i);
    }
}

void fuzz_play(struct asl_machine *machine, struct asl_run *run, const uint8_t *data, size_t len)
{
    struct fuzz_values values = {0};
    struct pairs pairs = {.now_ms = 1700000000000};
    struct asl_effects effects = {0}, twin_effects = {0};
    struct asl_event event = {
        .kind = ASL_EVENT_START, .time_ms = pairs.now_ms, .data = answer(len ? data[0] : 0)};
    struct mr_buf text = {0}, twin_text = {0};
    struct mr_error err = {0};

    fuzz_encode(run, &values, &text);
    for (size_t i = 0; i <= len && i < EVENTS_MAX; i++) {
        struct asl_run *twin = NULL;
        bool changed = false, twin_changed = false;

        FUZZ_PROMISE(
            !asl_run_decode(machine, text.data, text.len, fuzz_value_get, &values, &twin, &err),
            "decode: %s: %s", err.text, text.data);
        FUZZ_PROMISE(!asl_step(run, &event, &env, &effects, &changed, &err), "%s", err.text);
        FUZZ_PROMISE(!asl_step(twin, &event, &env, &twin_effects, &twin_changed, &err), "twin: %s",
                     err.text);
        FUZZ_PROMISE(changed == twin_changed, "only one of the twins changed");
        same_effects(&effects, &twin_effects);
        fuzz_encode(run, &values, &text);
        fuzz_encode(twin, NULL, &twin_text);
        fuzz_same(&text, &twin_text, "the twin's state");
        asl_run_free(twin);
        note_effects(&pairs, &effects);
        if (i < len)
            event = event_of(&pairs, data[i]);
    }
    asl_effects_release(&effects);
    asl_effects_release(&twin_effects);
    fuzz_values_release(&values);
    mr_buf_release(&text);
    mr_buf_release(&twin_text);
}

static void note_task(void *ctx, uint64_t seq, uint32_t attempt, const char *resource,
                      int64_t since_ms)
{
    struct pairs *pairs = ctx;

    (void)since_ms;
    FUZZ_PROMISE(resource, "a task has its resource");
    pairs->items[pairs->next].seq = seq;
    pairs->items[pairs->next].attempt = attempt;
    pairs->next = (pairs->next + 1) % PAIRS_MAX;
}

static void note_timer(void *ctx, uint64_t seq, uint32_t attempt, char kind, int64_t due_ms)
{
    struct pairs *pairs = ctx;

    (void)due_ms;
    pairs->items[pairs->next].seq = seq;
    pairs->items[pairs->next].attempt = attempt;
    pairs->items[pairs->next].timer = (enum asl_timer)kind;
    pairs->next = (pairs->next + 1) % PAIRS_MAX;
}

void fuzz_poke(struct asl_run *run, const uint8_t *data, size_t len)
{
    struct pairs pairs = {.now_ms = 1700000000000};
    struct asl_effects effects = {0};
    struct mr_error err = {0};
    char where[64];

    asl_run_where(run, where, sizeof where);
    asl_run_tasks(run, note_task, &pairs);
    asl_run_timers(run, note_timer, &pairs);
    for (size_t i = 0; i < len && i < EVENTS_MAX; i++) {
        struct asl_event event = event_of(&pairs, data[i]);
        bool changed = false;

        if (asl_step(run, &event, &env, &effects, &changed, &err)) {
            FUZZ_PROMISE(err.text[0], "a refusal has its reason");
            break;
        }
        note_effects(&pairs, &effects);
    }
    asl_effects_release(&effects);
}

static void come_to_an_end(struct asl_machine *machine, const cJSON *input, struct mr_buf *buf)
{
    struct asl_run *run = fuzz_run_new(machine);
    struct asl_event event = {.kind = ASL_EVENT_START, .time_ms = 1000, .data = input};
    struct asl_env env = {0};
    struct asl_effects effects = {0};
    struct mr_error err;
    bool changed;

    FUZZ_PROMISE(!asl_step(run, &event, &env, &effects, &changed, &err), "%s", err.text);
    FUZZ_PROMISE(asl_run_status(run) != ASL_RUNNING, "it waits for something");
    FUZZ_PROMISE(asl_run_status(run) == ASL_SUCCEEDED || asl_run_error(run), "no reason");
    fuzz_encode(run, NULL, buf);
    asl_effects_release(&effects);
    asl_run_free(run);
}

void fuzz_at_once(struct asl_machine *machine, const char *input, size_t len)
{
    struct mr_buf first = {0}, second = {0};
    cJSON *json = NULL;

    if (mr_json_parse(input, len, &mr_json_limits_message, &json, NULL))
        json = cJSON_CreateObject();
    come_to_an_end(machine, json, &first);
    come_to_an_end(machine, json, &second);
    fuzz_same(&first, &second, "a replay gives the same");
    mr_buf_release(&first);
    mr_buf_release(&second);
    cJSON_Delete(json);
}
