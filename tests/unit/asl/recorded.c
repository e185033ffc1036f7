/* recorded.c -- see recorded.h. */
#include "tests/unit/asl/recorded.h"

#include "common/base/id.h"
#include "common/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_number(cJSON *json, const char *name, double n)
{
    if (n != 0)
        (void)cJSON_AddNumberToObject(json, name, n);
}

cJSON *recorded_event(const struct asl_event *event)
{
    cJSON *json = cJSON_CreateObject();

    (void)cJSON_AddNumberToObject(json, "k", event->kind);
    (void)cJSON_AddNumberToObject(json, "ms", (double)event->time_ms);
    add_number(json, "seq", (double)event->seq);
    add_number(json, "attempt", event->attempt);
    add_number(json, "number", event->number);
    add_number(json, "index", event->index);
    add_number(json, "items", event->items);
    add_number(json, "timer", event->timer);
    if (event->data)
        (void)cJSON_AddItemToObject(json, "data", cJSON_Duplicate(event->data, true));
    if (event->error)
        (void)cJSON_AddStringToObject(json, "error", event->error);
    if (event->cause)
        (void)cJSON_AddStringToObject(json, "cause", event->cause);
    return json;
}

static double number(const cJSON *json, const char *name)
{
    const cJSON *item = mr_json_get(json, name);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static struct asl_event event_of(const cJSON *json)
{
    return (struct asl_event){
        .kind = (enum asl_event_kind)number(json, "k"),
        .time_ms = (int64_t)number(json, "ms"),
        .seq = (uint64_t)number(json, "seq"),
        .attempt = (uint32_t)number(json, "attempt"),
        .number = (uint32_t)number(json, "number"),
        .index = (uint32_t)number(json, "index"),
        .items = (uint32_t)number(json, "items"),
        .timer = (enum asl_timer)number(json, "timer"),
        .data = mr_json_get(json, "data"),
        .error = cJSON_GetStringValue(mr_json_get(json, "error")),
        .cause = cJSON_GetStringValue(mr_json_get(json, "cause")),
    };
}

/* ---- the digest --------------------------------------------------------------------------- */

struct replay {
    uint64_t digest;
    struct mr_buf text;
};

static void add(struct replay *replay, const void *data, size_t len)
{
    replay->digest = mr_hash64(replay->digest, data, len);
}

static void on_put(void *ctx, uint32_t id, const char *json, size_t len)
{
    add(ctx, &id, sizeof(id));
    add(ctx, json, len);
}

static void on_drop(void *ctx, uint32_t id)
{
    add(ctx, &id, sizeof(id));
}

static void add_effect(struct replay *replay, const struct asl_effect *effect)
{
    char line[256];
    int len = snprintf(line, sizeof(line),
                       "%d %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRId64 " %" PRId64 " %d %" PRIu32
                       " %d %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %d %d %" PRId64,
                       (int)effect->kind, effect->seq, effect->attempt, effect->entry,
                       effect->timeout_ms, effect->heartbeat_ms, effect->token, effect->number,
                       effect->wanted, effect->index, effect->born, effect->items, effect->flow,
                       effect->record, (int)effect->timer, effect->due_ms);

    add(replay, line, (size_t)len);
    if (effect->resource)
        add(replay, effect->resource, strlen(effect->resource));
    if (effect->input)
        add(replay, effect->input, effect->input_len);
}

static bool make_token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    (void)ctx;
    return snprintf(buf, size, "token-%" PRIu64 "-%" PRIu32, seq, attempt) < (int)size;
}

static enum mr_code step(struct replay *replay, struct asl_run *run, const struct asl_env *env,
                         const cJSON *said, struct asl_effects *effects, struct mr_error *err)
{
    const struct asl_values_fn values = {on_put, on_drop, replay};
    const struct asl_event event = event_of(said);
    bool changed = false;
    enum mr_code rc = asl_step(run, &event, env, effects, &changed, err);

    for (size_t i = 0; !rc && i < effects->count; i++)
        add_effect(replay, &effects->items[i]);
    mr_buf_reset(&replay->text);
    if (!rc)
        rc = asl_run_encode(run, &values, &replay->text, err);
    if (!rc)
        add(replay, replay->text.data, replay->text.len);
    return rc;
}

enum mr_code recorded_replay(const cJSON *log, char digest[RECORDED_DIGEST],
                             struct asl_run **ret_run, struct mr_error *err)
{
    const cJSON *limits = mr_json_get(log, "limits"), *events = mr_json_get(log, "events");
    const struct asl_start start = {.job = "job-1",
                                    .workflow = "flow",
                                    .tenant = "t",
                                    .seed = 42,
                                    .engine = (uint32_t)number(log, "engine")};
    const struct asl_env env = {.token = make_token,
                                .entries_max = (uint32_t)number(limits, "entries"),
                                .step_work = (uint32_t)number(limits, "work"),
                                .step_entries = (uint32_t)number(limits, "step"),
                                .in_flight_max = (uint32_t)number(limits, "in_flight"),
                                .data_max = (int64_t)number(limits, "data")};
    struct replay replay = {0};
    struct asl_effects effects = {0};
    struct asl_machine *machine = NULL;
    struct asl_run *run = NULL;
    struct mr_buf text = {0};
    enum mr_code rc = mr_json_print(mr_json_get(log, "definition"), &text);

    if (!rc)
        rc = asl_machine_parse(text.data, text.len, NULL, &machine, err);
    if (!rc)
        rc = asl_run_new(machine, &start, &run, err);
    for (const cJSON *said = events ? events->child : NULL; !rc && said; said = said->next)
        rc = step(&replay, run, &env, said, &effects, err);
    (void)snprintf(digest, RECORDED_DIGEST, "%016" PRIx64, replay.digest);
    if (rc)
        asl_run_free(run);
    else
        *ret_run = run;
    asl_machine_unref(machine);
    asl_effects_release(&effects);
    mr_buf_release(&replay.text);
    mr_buf_release(&text);
    return rc;
}
