/* decode_fork.c -- what a frame's state has set going: children, a distributed Map, expressions. */
#include "orchestrator/asl/decode.h"
#include "orchestrator/asl/encoding.h"
#include "orchestrator/asl/spread_text.h"

#include <stdlib.h>

enum { ITEMS_MAX = 1 << 26 };

/* What is asked for must be something that the state can ask. */
static bool ask_fits(const struct asl_decoder *d, const struct asl_frame *frame,
                     const struct asl_ask *ask)
{
    const struct asl_state *state = asl_decode_state(d, frame);
    const struct asl_fork_run *fork = frame->fork;

    switch (ask->stage) {
    case ASL_STAGE_ENTER:
        return !fork && state->type != ASL_PASS && state->type != ASL_SUCCEED && !ask->value;
    case ASL_STAGE_RESULT:
        return !fork && state->type != ASL_FAIL && state->type != ASL_CHOICE;
    case ASL_STAGE_CAUGHT:
        return !fork && ask->which < state->catcher_count && ask->value;
    case ASL_STAGE_SELECT:
        if (frame->spread)
            return state->queries->fields[ASL_Q_SELECTOR] && frame->spread->item &&
                   frame->spread->exchange == ASL_EXCHANGE_NONE && ask->count > 0 && !ask->value &&
                   ask->which == (uint32_t)frame->spread->items_started;
        return fork && fork->items && state->queries->fields[ASL_Q_SELECTOR] && ask->count > 0 &&
               ask->which <= fork->count && ask->count <= fork->count - ask->which && !ask->value;
    case ASL_STAGE_COUNT:
        break;
    }
    return false;
}

static bool read_ask(struct asl_decoder *d, struct asl_frame *frame, const cJSON *item)
{
    struct asl_ask *ask = frame->ask = calloc(1, sizeof(*ask));

    if (!ask) {
        d->no_memory = true;
        return false;
    }
    ask->stage = (enum asl_stage)asl_decode_integer(d, item, 0, ASL_STAGE_COUNT - 1, "query");
    item = item->next;
    ask->number = (uint32_t)asl_decode_integer(d, item, 1, frame->asked, "query");
    item = item->next;
    ask->which = (uint32_t)asl_decode_integer(d, item, 0, UINT32_MAX, "query");
    item = item->next;
    ask->count = (uint32_t)asl_decode_integer(d, item, 0, UINT32_MAX, "query");
    item = item->next;
    ask->since_ms = asl_decode_time(d, item);
    if (d->wrong || !asl_decode_value(d, item->next, false, &ask->value))
        return false;
    return ask_fits(d, frame, ask) || asl_decode_wrong(d, "query");
}

/* After the fork, which it may belong to. */
bool asl_decode_query(struct asl_decoder *d, struct asl_frame *frame, const cJSON *list)
{
    const cJSON *item = list->child;
    int size = cJSON_GetArraySize(list);

    if (cJSON_IsNumber(list))
        return true;
    if (!cJSON_IsArray(list) ||
        (size != ASL_QUERY_FIELDS && size != ASL_QUERY_FIELDS + ASL_ASK_FIELDS))
        return asl_decode_wrong(d, "query");
    frame->asked = (uint32_t)asl_decode_integer(d, item, 0, UINT32_MAX, "query");
    item = item->next;
    if (!asl_decode_value(d, item, false, &frame->arguments))
        return false;
    item = item->next;
    if (frame->fork && !asl_decode_value(d, item, false, &frame->fork->selected))
        return false;
    if (frame->fork && frame->fork->selected && !cJSON_IsArray(frame->fork->selected->json))
        return asl_decode_wrong(d, "query");
    item = item->next;
    if (frame->fork)
        frame->fork->selected_first =
            (uint32_t)asl_decode_integer(d, item, 0, frame->fork->count, "query");
    if (d->wrong || size == ASL_QUERY_FIELDS) /* a redrive may have made a JSONPath state of it */
        return !d->wrong;
    return asl_decode_state(d, frame)->queries ? read_ask(d, frame, item->next)
                                               : asl_decode_wrong(d, "query");
}

static bool read_outputs(struct asl_decoder *d, struct asl_fork_run *fork, const cJSON *list)
{
    uint32_t i = 0;

    if (!list || !cJSON_IsArray(list) || (uint32_t)cJSON_GetArraySize(list) != fork->next)
        return asl_decode_wrong(d, "outputs");
    for (const cJSON *item = list->child; item; item = item->next, i++) {
        if (!asl_decode_value(d, item, false, &fork->children[i].output))
            return false;
        if (fork->children[i].output)
            fork->done[i / 64] |= UINT64_C(1) << (i % 64);
    }
    return true;
}

static bool read_items(struct asl_decoder *d, struct asl_fork_run *fork)
{
    uint32_t i = 0;

    if (!cJSON_IsArray(fork->items->json) ||
        (uint32_t)cJSON_GetArraySize(fork->items->json) != fork->count)
        return asl_decode_wrong(d, "items");
    for (const cJSON *item = fork->items->json->child; item; item = item->next)
        fork->children[i++].item = item;
    return true;
}

static bool spread_value(void *ctx, const cJSON *item, bool required, struct asl_value **slot)
{
    return asl_decode_value(ctx, item, required, slot);
}

static bool read_spread(struct asl_decoder *d, struct asl_frame *frame, const cJSON *json)
{
    const struct asl_state *state = asl_decode_state(d, frame);
    bool no_memory;

    if (state->type != ASL_MAP || !state->fork.spread)
        return asl_decode_wrong(d, "fork");
    if (asl_spread_decode(json, state->fork.spread, spread_value, d, &frame->spread, &no_memory))
        return true;
    d->no_memory |= no_memory;
    return asl_decode_wrong(d, "a distributed Map");
}

bool asl_decode_fork(struct asl_decoder *d, struct asl_frame *frame, const cJSON *list)
{
    const struct asl_state *state = asl_decode_state(d, frame);
    const cJSON *item = list->child;
    struct asl_fork_run *fork;
    uint32_t count;

    if (cJSON_IsNumber(list))
        return true;
    if (cJSON_IsObject(list))
        return read_spread(d, frame, list);
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != ASL_FORK_FIELDS ||
        (state->type != ASL_PARALLEL && state->type != ASL_MAP) ||
        (state->type == ASL_MAP && state->fork.spread))
        return asl_decode_wrong(d, "fork");
    count = (uint32_t)asl_decode_integer(d, item, 0, ITEMS_MAX, "fork");
    if (d->wrong || (state->type == ASL_PARALLEL && count != state->fork.flows))
        return asl_decode_wrong(d, "fork");
    fork = frame->fork = asl_fork_run_new(count);
    if (!fork) {
        d->no_memory = true;
        return false;
    }
    item = item->next;
    fork->next = (uint32_t)asl_decode_integer(d, item, 0, count, "fork");
    item = item->next;
    fork->concurrency = (uint32_t)asl_decode_integer(d, item, 0, UINT32_MAX, "fork");
    item = item->next;
    if (!asl_decode_value(d, item, true, &fork->input) ||
        !asl_decode_value(d, item->next, state->type == ASL_MAP, &fork->items))
        return false;
    if (state->type == ASL_MAP ? !read_items(d, fork) : fork->items != NULL)
        return asl_decode_wrong(d, "fork");
    return read_outputs(d, fork, item->next->next);
}
