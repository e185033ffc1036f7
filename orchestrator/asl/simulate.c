/* simulate.c -- see simulate.h.  One heap holds what is still to come, by its time and the order in
 * which it was set; at NEVER what would not come by itself.  Nothing is ever taken out of it: what
 * has become stale changes nothing when it comes, by step's own promise, and moves no clock. */
#include "orchestrator/asl/simulate.h"

#include "common/base/json.h"
#include "orchestrator/asl/timestamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t NEVER = INT64_MAX;

struct coming { /* a task's answer, a timer, or a child's end */
    int64_t due_ms;
    uint64_t order;
    struct asl_event event;
    bool record; /* its data is a child's record */
    cJSON *data; /* owned: event.data */
    char *error; /* owned: event.error */
    char *cause; /* owned: event.cause */
};

struct player {
    const struct asl_simulation *plan;
    struct asl_machine *machine;
    struct asl_run *run;
    struct asl_env env;
    struct asl_effects effects;
    struct coming *heap;
    size_t count, cap;
    uint64_t order;
    int64_t now_ms;
};

/* ---- the heap ----------------------------------------------------------------------------- */

static void coming_release(struct coming *coming)
{
    cJSON_Delete(coming->data);
    free(coming->error);
    free(coming->cause);
}

static bool is_before(const struct coming *a, const struct coming *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static enum mr_code push(struct player *player, struct coming *coming, struct mr_error *err)
{
    size_t i = player->count;

    if (i == player->cap) {
        size_t cap = player->cap ? player->cap * 2 : 64;
        struct coming *heap = realloc(player->heap, cap * sizeof(*heap));
        if (!heap) {
            coming_release(coming);
            return mr_fail(err, MR_NO_MEMORY, "simulation: memory ran out");
        }
        player->heap = heap;
        player->cap = cap;
    }
    player->count++;
    coming->order = player->order++;
    for (; i > 0 && is_before(coming, &player->heap[(i - 1) / 2]); i = (i - 1) / 2)
        player->heap[i] = player->heap[(i - 1) / 2];
    player->heap[i] = *coming;
    return MR_OK;
}

static struct coming pop(struct player *player)
{
    struct coming first = player->heap[0], last = player->heap[--player->count];
    size_t i = 0;

    while (2 * i + 1 < player->count) {
        size_t child = 2 * i + 1;
        if (child + 1 < player->count && is_before(&player->heap[child + 1], &player->heap[child]))
            child++;
        if (!is_before(&player->heap[child], &last))
            break;
        player->heap[i] = player->heap[child];
        i = child;
    }
    if (player->count > 0)
        player->heap[i] = last;
    return first;
}

/* ---- effects ------------------------------------------------------------------------------ */

static char *copy_text(const char *text, bool *failed)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = text ? malloc(size) : NULL;

    if (copy)
        memcpy(copy, text, size);
    *failed |= text && !copy;
    return copy;
}

static enum mr_code on_task(struct player *player, const struct asl_effect *effect,
                            struct mr_error *err)
{
    static const struct mr_json_limits limits = {16 * ASL_DATA_MAX, MR_JSON_DEPTH_MAX};
    struct coming coming = {.event = {.seq = effect->seq, .attempt = effect->attempt}};
    struct asl_answer answer = {0};
    cJSON *input = NULL;
    bool failed = false;
    enum mr_code rc = mr_json_parse(effect->input, effect->input_len, &limits, &input, err);

    if (!rc)
        rc = player->plan->answer(player->plan->ctx, effect, input, &answer, err);
    cJSON_Delete(input);
    if (rc || answer.kind == ASL_ANSWER_NEVER) {
        cJSON_Delete(answer.output);
        return rc;
    }
    coming.due_ms = player->now_ms + answer.after_ms;
    coming.event.kind = answer.kind == ASL_ANSWER_OK ? ASL_EVENT_TASK_OK : ASL_EVENT_TASK_FAILED;
    coming.data = answer.output;
    coming.error = copy_text(answer.error, &failed);
    coming.cause = copy_text(answer.cause, &failed);
    if (failed) {
        coming_release(&coming);
        return mr_fail(err, MR_NO_MEMORY, "simulation: memory ran out");
    }
    return push(player, &coming, err);
}

/* A child of a distributed Map is a whole run of its own, which begins now and ends when it ends.
 */
static enum mr_code on_child(struct player *player, const struct asl_effect *effect,
                             struct mr_error *err)
{
    static const struct mr_json_limits limits = {16 * ASL_DATA_MAX, MR_JSON_DEPTH_MAX};
    struct asl_simulation plan = *player->plan;
    struct coming coming = {.record = effect->record,
                            .event = {.seq = effect->seq,
                                      .attempt = effect->attempt,
                                      .index = effect->index,
                                      .items = effect->items}};
    struct asl_run *run = NULL;
    char name[192];
    cJSON *input = NULL;
    bool failed = false;
    enum mr_code rc = mr_json_parse(effect->input, effect->input_len, &limits, &input, err);

    (void)snprintf(name, sizeof(name), "%.120s/%" PRIu64 "/%" PRIu32, plan.start.job, effect->seq,
                   effect->index);
    plan.start.job = name;
    plan.start.seed ^= effect->seq << 32 ^ effect->index;
    plan.start.flow = effect->flow;
    plan.input = input;
    plan.start_ms = player->now_ms;
    plan.history = NULL;
    if (!rc)
        rc = asl_simulate(player->machine, &plan, &run, &coming.due_ms, err);
    cJSON_Delete(input);
    if (rc)
        return rc;
    if (asl_run_status(run) == ASL_RUNNING) /* it waits for what never comes */
        coming.due_ms = NEVER;
    coming.event.kind =
        asl_run_status(run) == ASL_SUCCEEDED ? ASL_EVENT_CHILD_OK : ASL_EVENT_CHILD_FAILED;
    if (effect->record)
        coming.data = asl_run_record(run, coming.due_ms < NEVER ? coming.due_ms : plan.start_ms);
    else if (asl_run_status(run) == ASL_SUCCEEDED)
        coming.data = cJSON_Duplicate(asl_run_output(run), true);
    coming.error = copy_text(asl_run_error(run), &failed);
    coming.cause = copy_text(asl_run_cause(run), &failed);
    failed |= !coming.data && (effect->record || coming.event.kind == ASL_EVENT_CHILD_OK);
    asl_run_free(run);
    if (failed) {
        coming_release(&coming);
        return mr_fail(err, MR_NO_MEMORY, "simulation: memory ran out");
    }
    return push(player, &coming, err);
}

/* The record of a child that was cancelled instead of what it came to. */
static bool make_aborted(cJSON *record, int64_t now_ms, const struct asl_event *event)
{
    static const char *const other[] = {
        "Output",        "OutputDetails",       "Error",  "Cause",
        "RedriveStatus", "RedriveStatusReason", "Status", "StopDate",
    };
    char when[ASL_TIMESTAMP_SIZE];

    asl_timestamp_print(now_ms, when);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(record, other[i]);
    return cJSON_AddStringToObject(record, "Error", event->error) &&
           cJSON_AddStringToObject(record, "Cause", event->cause) &&
           cJSON_AddStringToObject(record, "RedriveStatus", "REDRIVABLE") &&
           cJSON_AddStringToObject(record, "Status", asl_status_name(ASL_ABORTED)) &&
           cJSON_AddStringToObject(record, "StopDate", when);
}

/* It ends now; its own end, which is still in the heap, is stale then. */
static enum mr_code on_child_end(struct player *player, const struct asl_effect *effect,
                                 struct mr_error *err)
{
    struct coming coming = {.due_ms = player->now_ms};
    struct coming *own = NULL;
    bool failed = false;

    for (size_t i = 0; i < player->count && !own; i++) {
        const struct asl_event *event = &player->heap[i].event;

        if ((event->kind == ASL_EVENT_CHILD_OK || event->kind == ASL_EVENT_CHILD_FAILED) &&
            event->seq == effect->seq && event->index == effect->index)
            own = &player->heap[i];
    }
    if (!own)
        return mr_fail(err, MR_INTERNAL, "simulation: child %" PRIu32 " is not there",
                       effect->index);
    coming.event = own->event;
    coming.event.kind = ASL_EVENT_CHILD_FAILED;
    coming.error = copy_text(ASL_STOPPED_ERROR, &failed);
    coming.cause = copy_text(ASL_STOPPED_CAUSE, &failed);
    coming.event.error = coming.error;
    coming.event.cause = coming.cause;
    if (own->record) {
        coming.data = own->data;
        own->data = NULL;
        failed |= !coming.data || !make_aborted(coming.data, player->now_ms, &coming.event);
    }
    if (failed) {
        coming_release(&coming);
        return mr_fail(err, MR_NO_MEMORY, "simulation: memory ran out");
    }
    return push(player, &coming, err);
}

static enum mr_code on_evaluate(struct player *player, const struct asl_effect *effect,
                                struct mr_error *err)
{
    struct coming coming = {.due_ms = player->now_ms};
    enum mr_code rc = asl_evaluate(player->plan->evaluate, player->plan->ctx, effect, &coming.event,
                                   &coming.data, err);

    return rc ? rc : push(player, &coming, err);
}

static enum mr_code on_effect(struct player *player, const struct asl_effect *effect,
                              struct mr_error *err)
{
    struct coming coming = {.due_ms = effect->due_ms};

    switch (effect->kind) {
    case ASL_EFFECT_TASK:
        return on_task(player, effect, err);
    case ASL_EFFECT_EVALUATE:
        return on_evaluate(player, effect, err);
    case ASL_EFFECT_TIMER:
        coming.event = (struct asl_event){.kind = ASL_EVENT_TIMER,
                                          .seq = effect->seq,
                                          .attempt = effect->attempt,
                                          .timer = effect->timer};
        return push(player, &coming, err);
    case ASL_EFFECT_CHILD:
        return on_child(player, effect, err);
    case ASL_EFFECT_CHILD_END:
        return on_child_end(player, effect, err);
    case ASL_EFFECT_TASK_END:
    case ASL_EFFECT_TIMER_END:
    case ASL_EFFECT_CLOSED:
    case ASL_EFFECT_CHILD_AGAIN: /* nobody redrives a simulation */
        break;
    }
    return MR_OK;
}

/* ---- events ------------------------------------------------------------------------------- */

static enum mr_code step(struct player *player, struct asl_event *event, struct mr_error *err)
{
    bool changed = false;
    enum mr_code rc = asl_step(player->run, event, &player->env, &player->effects, &changed, err);

    if (!rc && changed)
        player->now_ms = event->time_ms;
    for (size_t i = 0; i < player->effects.count && !rc; i++)
        rc = on_effect(player, &player->effects.items[i], err);
    return rc;
}

static enum mr_code step_next(struct player *player, struct mr_error *err)
{
    struct coming coming = pop(player);
    enum mr_code rc;

    coming.event.time_ms = coming.due_ms > player->now_ms ? coming.due_ms : player->now_ms;
    coming.event.data = coming.data;
    coming.event.error = coming.error;
    coming.event.cause = coming.cause;
    rc = step(player, &coming.event, err);
    coming_release(&coming);
    return rc;
}

static bool make_token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    (void)ctx;
    return snprintf(buf, size, "token-%" PRIu64 "-%" PRIu32, seq, attempt) < (int)size;
}

enum mr_code asl_simulate(struct asl_machine *machine, const struct asl_simulation *plan,
                          struct asl_run **ret_run, int64_t *ret_end_ms, struct mr_error *err)
{
    struct player player = {.plan = plan,
                            .machine = machine,
                            .env = {.token = make_token,
                                    .history = plan->history,
                                    .ctx = plan->ctx,
                                    .data_max = plan->data_max},
                            .now_ms = plan->start_ms};
    struct asl_event event = {
        .kind = ASL_EVENT_START, .time_ms = plan->start_ms, .data = plan->input};
    enum mr_code rc = asl_run_new(machine, &plan->start, &player.run, err);

    if (!rc)
        rc = step(&player, &event, err);
    while (!rc && asl_run_status(player.run) == ASL_RUNNING && player.count > 0 &&
           player.heap[0].due_ms < NEVER)
        rc = step_next(&player, err);
    for (size_t i = 0; i < player.count; i++)
        coming_release(&player.heap[i]);
    free(player.heap);
    asl_effects_release(&player.effects);
    if (rc) {
        asl_run_free(player.run);
        return rc;
    }
    *ret_run = player.run;
    *ret_end_ms = player.now_ms;
    return MR_OK;
}
