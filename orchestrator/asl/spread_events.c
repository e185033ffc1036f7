/* spread_events.c -- what comes for a distributed Map: ends of children, answers of its exchange,
 * and the end or the new beginning of the Map itself. */
#include "orchestrator/asl/spread_turn.h"

#include "common/base/json.h"

#include <stdlib.h>

/* ---- children ------------------------------------------------------------------------------ */

static cJSON *error_output(const struct asl_event *event)
{
    cJSON *json = cJSON_CreateObject();
    bool ok = json != NULL;

    if (ok && event->error)
        ok = cJSON_AddStringToObject(json, "Error", event->error) != NULL;
    if (ok && event->cause)
        ok = cJSON_AddStringToObject(json, "Cause", event->cause) != NULL;
    if (ok)
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* What the child gave is kept, or waits to be written. */
static enum mr_code take_result(struct asl_turn *turn, struct asl_frame *frame,
                                const struct asl_event *event)
{
    const struct asl_spread *fields = asl_turn_state(turn, frame)->fork.spread;
    struct asl_spread_run *spread = frame->spread;
    struct asl_value *value;
    cJSON *json;
    size_t len;

    if (spread->overflow)
        return MR_OK;
    if (event->data)
        json = cJSON_Duplicate(event->data, true);
    else
        json = event->kind == ASL_EVENT_CHILD_OK ? cJSON_CreateNull() : error_output(event);
    value = asl_value_new_take(json);
    if (!value || !asl_value_text(value, &len)) {
        asl_value_unref(value);
        return MR_NO_MEMORY;
    }
    if (fields->writer)
        return asl_spread_queue(turn->run, spread, value, len) ? MR_OK : MR_NO_MEMORY;
    if (!asl_spread_keep(turn->run, spread, event->index, value, len))
        return MR_NO_MEMORY;
    if (spread->output_bytes > turn->data_max) {
        spread->overflow = true;
        asl_spread_drop_outputs(spread);
    }
    return MR_OK;
}

enum mr_code asl_spread_child(struct asl_turn *turn, struct asl_frame *frame,
                              const struct asl_event *event, bool *ret_changed)
{
    struct asl_spread_run *spread = frame->spread;
    uint64_t bit = UINT64_C(1) << (event->index % 64);
    uint64_t items = event->items ? event->items : 1;

    if (event->attempt != spread->round || spread->failing == ASL_FAILING_ALONE ||
        !asl_spread_runs(spread, event->index))
        return MR_OK;
    *ret_changed = true;
    spread->running--;
    if (event->kind == ASL_EVENT_CHILD_OK) {
        spread->done[event->index / 64] |= bit;
        spread->items_ok += items;
    } else {
        spread->lost[event->index / 64] |= bit;
        spread->items_failed += items;
    }
    frame->since_ms = turn->now_ms; /* something moves: see the scanner */
    asl_run_ready(turn->run, frame);
    return take_result(turn, frame, event);
}

/* ---- exchanges ------------------------------------------------------------------------------ */

static enum mr_code end_exchange(struct asl_turn *turn, struct asl_frame *frame, bool wanted)
{
    struct asl_effect *effect;

    if (frame->spread->exchange == ASL_EXCHANGE_NONE)
        return MR_OK;
    effect = asl_effect_add(turn->effects, ASL_EFFECT_TASK_END, frame);
    if (!effect)
        return MR_NO_MEMORY;
    effect->wanted = wanted;
    effect->resource =
        frame->spread->exchange == ASL_EXCHANGE_READ ? ASL_RESOURCE_READ : ASL_RESOURCE_WRITE;
    return MR_OK;
}

static enum mr_code broken(struct asl_turn *turn, struct asl_frame *frame, const char *error,
                           const char *cause)
{
    struct asl_fault fault = {.error = error, .cause = cause};

    frame->spread->exchange = ASL_EXCHANGE_NONE;
    return asl_turn_fail(turn, frame, &fault);
}

static enum mr_code take_page(struct asl_turn *turn, struct asl_frame *frame, const cJSON *data)
{
    struct asl_spread_run *spread = frame->spread;
    const cJSON *items = mr_json_get(data, "items"), *cursor = mr_json_get(data, "cursor");
    struct asl_value *page, *next = NULL;

    if (!cJSON_IsArray(items) && !cJSON_IsObject(items))
        return broken(turn, frame, ASL_ITEM_READER_FAILED,
                      "The reader's answer is neither an array nor an object of items.");
    page = asl_value_new_take(cJSON_Duplicate(items, true));
    if (cursor)
        next = asl_value_new_take(cJSON_Duplicate(cursor, true));
    if (!page || (cursor && !next)) {
        asl_value_unref(page);
        return MR_NO_MEMORY;
    }
    spread->items_read += (uint64_t)cJSON_GetArraySize(page->json);
    spread->read_all = cursor == NULL;
    if (next) {
        asl_run_hold(turn->run, &spread->slots[ASL_SLOT_CURSOR], next);
    } else {
        asl_value_unref(spread->slots[ASL_SLOT_CURSOR]);
        spread->slots[ASL_SLOT_CURSOR] = NULL;
    }
    if (spread->item) {
        asl_run_hold(turn->run, &spread->slots[ASL_SLOT_NEXT], page);
    } else {
        asl_run_hold(turn->run, &spread->slots[ASL_SLOT_PAGE], page);
        spread->page_at = 0;
        asl_spread_find_item(spread);
    }
    asl_run_ready(turn->run, frame);
    return MR_OK;
}

static enum mr_code take_manifest(struct asl_turn *turn, struct asl_frame *frame, const cJSON *data)
{
    struct asl_value *result =
        asl_value_new_take(data ? cJSON_Duplicate(data, true) : cJSON_CreateNull());
    struct asl_fault fault = {0};
    enum mr_code rc;

    if (!result)
        return MR_NO_MEMORY;
    rc = asl_spread_finished(turn, frame, result, &fault);
    return rc == MR_INVALID ? asl_turn_fail(turn, frame, &fault) : rc;
}

enum mr_code asl_spread_answer(struct asl_turn *turn, struct asl_frame *frame, const cJSON *data)
{
    struct asl_spread_run *spread = frame->spread;
    enum asl_exchange what = spread->exchange;
    enum mr_code rc = end_exchange(turn, frame, true);

    if (rc)
        return rc;
    spread->exchange = ASL_EXCHANGE_NONE;
    switch (what) {
    case ASL_EXCHANGE_READ:
        return take_page(turn, frame, data);
    case ASL_EXCHANGE_WRITE:
        asl_spread_written(spread);
        spread->parts++;
        asl_run_ready(turn->run, frame);
        return MR_OK;
    case ASL_EXCHANGE_FINISH:
        return take_manifest(turn, frame, data);
    case ASL_EXCHANGE_NONE:
    case ASL_EXCHANGE_COUNT:
        break;
    }
    return MR_OK;
}

enum mr_code asl_spread_refusal(struct asl_turn *turn, struct asl_frame *frame, const char *cause)
{
    const bool reading = frame->spread->exchange == ASL_EXCHANGE_READ;
    enum mr_code rc = end_exchange(turn, frame, true);

    return rc ? rc
              : broken(turn, frame, reading ? ASL_ITEM_READER_FAILED : ASL_RESULT_WRITER_FAILED,
                       cause);
}

/* ---- the Map ends, or begins again ---------------------------------------------------------- */

enum mr_code asl_spread_stop(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_spread_run *spread = frame->spread;
    enum mr_code rc = end_exchange(turn, frame, false);

    if (!rc && frame->due_ms != ASL_NEVER)
        rc = asl_effect_timer_end(turn, frame, ASL_TIMER_MORE);
    frame->due_ms = ASL_NEVER;
    for (uint32_t i = 0; !rc && !spread->failing && i < spread->next; i++) {
        struct asl_effect *effect;
        if (!asl_spread_runs(spread, i))
            continue;
        effect = asl_effect_add(turn->effects, ASL_EFFECT_CHILD_END, frame);
        if (!effect)
            return MR_NO_MEMORY;
        effect->attempt = spread->round;
        effect->born = spread->born;
        effect->index = i;
    }
    return rc;
}

void asl_spread_resume(struct asl_run *run, struct asl_frame *frame)
{
    struct asl_spread_run *spread = frame->spread;

    spread->round = ++frame->attempt;
    spread->exchange = ASL_EXCHANGE_NONE;
    spread->writing = 0;
    spread->failing = ASL_FAILING_NOT;
    if (run->engine >= ASL_ENGINE_PENDING)
        spread->parts_then = spread->parts;
    spread->running = 0;
    spread->again = 0;
    spread->items_failed = 0;
    for (uint32_t i = 0; i < spread->words; i++)
        spread->lost[i] = 0;
    asl_run_phase(run, frame, ASL_PHASE_SPREAD);
    asl_run_ready(run, frame);
}
