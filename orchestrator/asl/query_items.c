/* query_items.c -- the ItemSelector of a Map that speaks JSONata: as many items as fit are asked
 * for in one evaluation, and what was selected is held until its items start. */
#include "orchestrator/asl/query_turn.h"

#include "common/base/json.h"

enum { SELECT_ITEMS_MAX = 100 /* of one evaluation; fewer where they are large */ };

/* What was selected for the items of the ask: a list of lists of values, made a list of inputs. */
enum mr_code asl_query_take_selected(struct asl_turn *turn, struct asl_frame *frame, uint32_t first,
                                     uint32_t count, const cJSON *lists, struct asl_fault *fault)
{
    const struct asl_query *selector = asl_turn_state(turn, frame)->queries->fields[ASL_Q_SELECTOR];
    cJSON *selected = cJSON_CreateArray(), *json = NULL;
    enum mr_code rc = selected ? MR_OK : MR_NO_MEMORY;
    struct asl_value *value;

    for (uint32_t i = 0; !rc && i < count; i++) {
        const cJSON *values = lists ? lists->child : NULL;
        rc = cJSON_IsArray(lists) ? asl_query_fill_in(selector, &values, &json, fault)
                                  : asl_query_misshapen(fault);
        if (!rc && !cJSON_AddItemToArray(selected, json)) {
            cJSON_Delete(json);
            rc = MR_NO_MEMORY;
        }
        lists = lists ? lists->next : NULL;
    }
    if (rc) {
        cJSON_Delete(selected);
        return rc;
    }
    value = asl_value_new_take(selected);
    if (!value)
        return MR_NO_MEMORY;
    if (frame->spread) {
        frame->spread->selected_first = frame->spread->items_started;
        asl_run_hold(turn->run, &frame->spread->slots[ASL_SLOT_SELECTED], value);
        asl_run_ready(turn->run, frame);
        return MR_OK;
    }
    frame->fork->selected_first = first;
    asl_run_hold(turn->run, &frame->fork->selected, value);
    asl_run_ready(turn->run, frame);
    return MR_OK;
}

/* As many items from index on as fit into one request. */
static uint32_t count_items(const struct asl_turn *turn, const struct asl_fork_run *fork,
                            uint32_t index)
{
    uint32_t count = 0;
    size_t sum = 0, bytes;
    unsigned depth;

    while (count < SELECT_ITEMS_MAX && index + count < fork->count) {
        const cJSON *item = fork->children[index + count].item;
        if (!asl_json_fits(item, turn->data_max, &bytes, &depth))
            bytes = turn->data_max;
        sum += bytes;
        if (count > 0 && sum > turn->data_max)
            break;
        count++;
    }
    return count;
}

enum mr_code asl_query_select(struct asl_turn *turn, struct asl_frame *frame, uint32_t index,
                              struct asl_value **ret, struct asl_fault *fault)
{
    struct asl_fork_run *fork = frame->fork;
    const struct asl_query *selector = asl_turn_state(turn, frame)->queries->fields[ASL_Q_SELECTOR];
    const cJSON *found = NULL, *nothing = NULL;
    struct asl_ask ask = {.stage = ASL_STAGE_SELECT, .which = index};
    cJSON *json;
    enum mr_code rc;

    *ret = NULL;
    if (selector->expressions == 0) {
        rc = asl_query_fill_in(selector, &nothing, &json, fault);
        *ret = rc ? NULL : asl_value_new_take(json);
        return rc ? rc : *ret ? MR_OK : MR_NO_MEMORY;
    }
    if (fork->selected && index >= fork->selected_first)
        found = cJSON_GetArrayItem(fork->selected->json, (int)(index - fork->selected_first));
    if (found) {
        *ret = asl_value_view(fork->selected, found);
        return *ret ? MR_OK : MR_NO_MEMORY;
    }
    if (frame->ask)
        return MR_OK;
    ask.count = count_items(turn, fork, index);
    return asl_query_run(turn, frame, ask, fault);
}

/* ---- items of a distributed Map -----------------------------------------------------------------
 */

/* As many items of the page from the next on as fit into one request; of batches whole ones. */
static uint32_t count_page(const struct asl_turn *turn, const struct asl_spread_run *spread)
{
    uint32_t count = 0;
    size_t sum = 0, bytes;
    unsigned depth;

    for (const cJSON *item = spread->item; item && count < SELECT_ITEMS_MAX; item = item->next) {
        if (!asl_json_fits(item, turn->data_max, &bytes, &depth))
            bytes = turn->data_max;
        sum += bytes;
        if (count > 0 && sum > turn->data_max)
            break;
        count++;
    }
    if (spread->batch_items > 0 && count > spread->batch_items)
        count -= count % spread->batch_items;
    return count;
}

bool asl_query_selected(const struct asl_turn *turn, const struct asl_frame *frame)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_spread_run *spread = frame->spread;
    const struct asl_value *selected = spread->slots[ASL_SLOT_SELECTED];

    if (!asl_query_selects(state) || state->queries->fields[ASL_Q_SELECTOR]->expressions == 0)
        return true;
    return selected && spread->items_started >= spread->selected_first &&
           spread->items_started - spread->selected_first <
               (uint64_t)cJSON_GetArraySize(selected->json);
}

enum mr_code asl_query_prepare(struct asl_turn *turn, struct asl_frame *frame, bool *ret_ready,
                               struct asl_fault *fault)
{
    const struct asl_spread_run *spread = frame->spread;
    struct asl_ask ask = {.stage = ASL_STAGE_SELECT, .which = (uint32_t)spread->items_started};

    *ret_ready = asl_query_selected(turn, frame);
    if (*ret_ready || frame->ask || spread->exchange != ASL_EXCHANGE_NONE)
        return MR_OK;
    ask.count = count_page(turn, spread);
    return asl_query_run(turn, frame, ask, fault);
}

enum mr_code asl_query_pick(struct asl_turn *turn, struct asl_frame *frame, struct asl_value **ret,
                            struct asl_fault *fault)
{
    const struct asl_query *selector = asl_turn_state(turn, frame)->queries->fields[ASL_Q_SELECTOR];
    const struct asl_spread_run *spread = frame->spread;
    struct asl_value *selected = spread->slots[ASL_SLOT_SELECTED];
    const cJSON *nothing = NULL;
    cJSON *json;
    enum mr_code rc = MR_OK;

    if (selector->expressions == 0) {
        rc = asl_query_fill_in(selector, &nothing, &json, fault);
        *ret = rc ? NULL : asl_value_new_take(json);
    } else {
        *ret = asl_value_view(
            selected, cJSON_GetArrayItem(selected->json,
                                         (int)(spread->items_started - spread->selected_first)));
    }
    return rc ? rc : *ret ? MR_OK : MR_NO_MEMORY;
}
