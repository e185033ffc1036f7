/* query_stage.c -- a state that speaks JSONata, stage by stage: what it asks for, and what it does
 * with the answer.  A stage without expressions goes on at once. */
#include "orchestrator/asl/spread_turn.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

enum { SELECT_ITEMS_MAX = 100 /* of one evaluation; fewer where they are large */ };

/* ---- answers ------------------------------------------------------------------------------------
 */

/* The evaluator is in a cage, and what it says is looked at like any stranger's word. */
static enum mr_code not_of_its_form(struct asl_fault *fault)
{
    return asl_fault_set(fault, ASL_QUERY_ERROR,
                         "The answer of the evaluation is not of its form.");
}

static enum mr_code fill(const struct asl_query *query, const cJSON **values, cJSON **ret,
                         struct asl_fault *fault)
{
    enum mr_code rc = asl_query_fill(query, values, ret);

    return rc == MR_INVALID ? not_of_its_form(fault) : rc;
}

/* ---- the way out
 * ---------------------------------------------------------------------------------- */

static enum mr_code fill_assign(const struct asl_way *way, const cJSON **values,
                                struct asl_variables *ret, struct asl_fault *fault)
{
    for (uint32_t i = 0; i < way->assign_count; i++) {
        cJSON *json;
        enum mr_code rc = fill(&way->assign[i].value, values, &json, fault);
        if (rc)
            return rc;
        if (!asl_variables_add(ret, way->assign[i].name, asl_value_new_take(json)))
            return MR_NO_MEMORY;
    }
    return MR_OK;
}

/* Output, else otherwise; *ret is the caller's. */
static enum mr_code fill_output(struct asl_turn *turn, struct asl_frame *frame,
                                const struct asl_way *way, struct asl_value *otherwise,
                                const cJSON **values, struct asl_value **ret,
                                struct asl_fault *fault)
{
    struct asl_value *output;
    cJSON *json;
    enum mr_code rc;

    if (way->output) {
        rc = fill(way->output, values, &json, fault);
        if (rc)
            return rc;
        output = asl_value_new_take(json);
    } else {
        output = asl_value_ref(otherwise);
    }
    if (!output)
        return MR_NO_MEMORY;
    rc = asl_io_check(turn, frame, output, fault);
    if (rc)
        asl_value_unref(output);
    else
        *ret = output;
    return rc;
}

static enum mr_code leave(struct asl_turn *turn, struct asl_frame *frame, const struct asl_way *way,
                          struct asl_value *otherwise, const cJSON *values, int32_t next,
                          struct asl_fault *fault)
{
    struct asl_variables assigned = {0};
    struct asl_value *output = NULL;
    enum mr_code rc = fill_output(turn, frame, way, otherwise, &values, &output, fault);

    if (!rc)
        rc = fill_assign(way, &values, &assigned, fault);
    if (!rc && assigned.count > 0)
        rc = asl_variables_check(turn, frame, &assigned, fault);
    if (!rc) {
        asl_variables_apply(turn, frame, &assigned);
        return asl_turn_leave(turn, frame, output, next);
    }
    asl_value_unref(output);
    asl_variables_release(&assigned);
    return rc;
}

/* ---- the way in
 * ------------------------------------------------------------------------------------ */

static enum mr_code fill_fields(const struct asl_queries *queries, const cJSON *values,
                                struct asl_filled *ret, struct asl_fault *fault)
{
    for (int i = 0; i < ASL_Q_ENTER_COUNT; i++) {
        enum mr_code rc;
        if (!queries->fields[i])
            continue;
        rc = fill(queries->fields[i], &values, &ret->fields[i], fault);
        if (rc)
            return rc;
    }
    return MR_OK;
}

/* A number of seconds and the like.  The field absent: *ret stays as it was. */
static enum mr_code integer_of(struct asl_turn *turn, const struct asl_queries *queries,
                               const struct asl_filled *filled, enum asl_query_id id, double min,
                               double max, int64_t *ret, struct asl_fault *fault)
{
    double n;
    enum mr_code rc;

    if (!filled->fields[id])
        return MR_OK;
    rc = asl_query_number(turn, queries->fields[id], filled->fields[id], true, min, max, &n, fault);
    if (!rc)
        *ret = (int64_t)n;
    return rc;
}

/* A field's value, moved out of filled; else a reference to otherwise. NULL: no memory. */
static struct asl_value *value_of(struct asl_filled *filled, enum asl_query_id id,
                                  struct asl_value *otherwise)
{
    cJSON *json = filled->fields[id];

    filled->fields[id] = NULL;
    return json ? asl_value_new_take(json) : asl_value_ref(otherwise);
}

static enum mr_code begin_task(struct asl_turn *turn, struct asl_frame *frame,
                               struct asl_filled *filled, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_task *task = &state->task;
    int64_t timeout_s = task->timeout_s.set ? task->timeout_s.n : 0;
    int64_t heartbeat_s = task->heartbeat_s.set ? task->heartbeat_s.n : 0;
    struct asl_value *input;
    enum mr_code rc =
        integer_of(turn, state->queries, filled, ASL_Q_TIMEOUT, 1, 99999999, &timeout_s, fault);

    if (!rc)
        rc = integer_of(turn, state->queries, filled, ASL_Q_HEARTBEAT, 1, 99999999, &heartbeat_s,
                        fault);
    if (rc)
        return rc;
    input = value_of(filled, ASL_Q_ARGUMENTS, frame->input);
    if (!input)
        return MR_NO_MEMORY;
    asl_probe_value(turn, "afterArguments", input);
    rc = asl_io_check(turn, frame, input, fault);
    if (rc) {
        asl_value_unref(input);
        return rc;
    }
    asl_run_hold(turn->run, &frame->arguments, input);
    return asl_task_begin(turn, frame, input, timeout_s, heartbeat_s);
}

static enum mr_code begin_wait(struct asl_turn *turn, struct asl_frame *frame,
                               const struct asl_filled *filled, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const cJSON *timestamp = filled->fields[ASL_Q_TIMESTAMP];
    struct asl_timestamp until = state->wait.until;
    int64_t seconds = -1, due_ms;
    enum mr_code rc =
        integer_of(turn, state->queries, filled, ASL_Q_SECONDS, 0, 99999999, &seconds, fault);

    if (rc)
        return rc;
    if (state->wait.seconds.set)
        seconds = state->wait.seconds.n;
    if (timestamp && !cJSON_IsString(timestamp))
        return asl_query_mistyped(turn, state->queries->fields[ASL_Q_TIMESTAMP], "string",
                                  timestamp, fault);
    if (timestamp && !asl_timestamp_parse(timestamp->valuestring, &until))
        return asl_fault_set(fault, ASL_QUERY_ERROR,
                             "The JSONata expression '%.200s' specified for the field 'Timestamp' "
                             "returned '%.80s', which is not a valid RFC3339 timestamp.",
                             state->queries->fields[ASL_Q_TIMESTAMP]->text, timestamp->valuestring);
    due_ms = seconds >= 0 ? turn->now_ms + seconds * 1000 : asl_timestamp_ms(&until);
    if (due_ms <= turn->now_ms)
        return asl_query_result(turn, frame, NULL, fault);
    return asl_wait_begin(turn, frame, due_ms);
}

static enum mr_code begin_fail(struct asl_turn *turn, struct asl_frame *frame,
                               const struct asl_filled *filled, struct asl_fault *fault)
{
    static const enum asl_query_id ids[] = {ASL_Q_ERROR, ASL_Q_CAUSE};
    const struct asl_state *state = asl_turn_state(turn, frame);
    const char *texts[] = {state->fail.error, state->fail.cause};

    for (int i = 0; i < 2; i++) {
        const cJSON *json = filled->fields[ids[i]];
        if (!json)
            continue;
        if (!cJSON_IsString(json))
            return asl_query_mistyped(turn, state->queries->fields[ids[i]], "string", json, fault);
        texts[i] = asl_turn_keep(turn, json->valuestring, strlen(json->valuestring));
        if (!texts[i])
            return MR_NO_MEMORY;
    }
    fault->error = texts[0];
    fault->cause = texts[1];
    return asl_turn_fail(turn, frame, fault);
}

static enum mr_code begin_parallel(struct asl_turn *turn, struct asl_frame *frame,
                                   struct asl_filled *filled, struct asl_fault *fault)
{
    struct asl_value *input = value_of(filled, ASL_Q_ARGUMENTS, frame->input);
    enum mr_code rc;

    if (!input)
        return MR_NO_MEMORY;
    asl_probe_value(turn, "afterArguments", input);
    rc = asl_io_check(turn, frame, input, fault);
    if (!rc)
        return asl_parallel_begin(turn, frame, input, fault);
    asl_value_unref(input);
    return rc;
}

static enum mr_code input_no_array(struct asl_turn *turn, struct asl_frame *frame,
                                   struct asl_fault *fault)
{
    size_t len;
    const char *text = asl_value_text(frame->input, &len);

    (void)turn;
    return text ? asl_fault_set(fault, ASL_QUERY_ERROR,
                                "Map state input must be an array but was: %.600s", text)
                : MR_NO_MEMORY;
}

static enum mr_code begin_map(struct asl_turn *turn, struct asl_frame *frame,
                              struct asl_filled *filled, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const cJSON *json = filled->fields[ASL_Q_ITEMS];
    int64_t concurrency = state->fork.concurrency.set ? state->fork.concurrency.n : 0;
    struct asl_value *items;
    enum mr_code rc = integer_of(turn, state->queries, filled, ASL_Q_CONCURRENCY, 0, 99999999,
                                 &concurrency, fault);

    if (rc)
        return rc;
    if (state->fork.spread && state->fork.spread->reader)
        return asl_spread_enter(turn, frame, asl_value_ref(frame->input), NULL, concurrency, filled,
                                fault);
    if (json && !cJSON_IsArray(json) && !(state->fork.spread && cJSON_IsObject(json)))
        return asl_query_mistyped(turn, state->queries->fields[ASL_Q_ITEMS], "array", json, fault);
    if (!json && !cJSON_IsArray(frame->input->json) &&
        !(state->fork.spread && cJSON_IsObject(frame->input->json)))
        return input_no_array(turn, frame, fault);
    items = value_of(filled, ASL_Q_ITEMS, frame->input);
    if (!items)
        return MR_NO_MEMORY;
    if (state->fork.spread)
        return asl_spread_enter(turn, frame, asl_value_ref(frame->input), items, concurrency,
                                filled, fault);
    return asl_map_begin(turn, frame, frame->input, items, concurrency, fault);
}

static enum mr_code begin_choice(struct asl_turn *turn, struct asl_frame *frame, uint32_t chosen,
                                 const cJSON *values, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_choices *choices = &state->choices;

    if (chosen > choices->count)
        return not_of_its_form(fault);
    if (chosen < choices->count)
        return leave(turn, frame, &choices->rules[chosen].query->way, frame->input, values,
                     choices->rules[chosen].next, fault);
    if (choices->otherwise == ASL_NONE)
        return asl_fault_set(fault, ASL_NO_CHOICE_MATCHED,
                             "Failed to transition out of the state '%.80s'. The state does not "
                             "point to a next state.",
                             state->name);
    return leave(turn, frame, &state->queries->way, frame->input, values, choices->otherwise,
                 fault);
}

static enum mr_code begin(struct asl_turn *turn, struct asl_frame *frame, uint32_t chosen,
                          const cJSON *values, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    struct asl_filled filled = {0};
    enum mr_code rc;

    if (state->type == ASL_CHOICE)
        return begin_choice(turn, frame, chosen, values, fault);
    rc = fill_fields(state->queries, values, &filled, fault);
    if (!rc && state->type == ASL_TASK)
        rc = begin_task(turn, frame, &filled, fault);
    else if (!rc && state->type == ASL_WAIT)
        rc = begin_wait(turn, frame, &filled, fault);
    else if (!rc && state->type == ASL_FAIL)
        rc = begin_fail(turn, frame, &filled, fault);
    else if (!rc && state->type == ASL_PARALLEL)
        rc = begin_parallel(turn, frame, &filled, fault);
    else if (!rc)
        rc = begin_map(turn, frame, &filled, fault);
    asl_filled_release(&filled);
    return rc;
}

/* ---- items
 * ------------------------------------------------------------------------------------------ */

/* What was selected for the items of the ask: a list of lists of values, made a list of inputs. */
static enum mr_code take_selected(struct asl_turn *turn, struct asl_frame *frame, uint32_t first,
                                  uint32_t count, const cJSON *lists, struct asl_fault *fault)
{
    const struct asl_query *selector = asl_turn_state(turn, frame)->queries->fields[ASL_Q_SELECTOR];
    cJSON *selected = cJSON_CreateArray(), *json = NULL;
    enum mr_code rc = selected ? MR_OK : MR_NO_MEMORY;
    struct asl_value *value;

    for (uint32_t i = 0; !rc && i < count; i++) {
        const cJSON *values = lists ? lists->child : NULL;
        rc = cJSON_IsArray(lists) ? fill(selector, &values, &json, fault) : not_of_its_form(fault);
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

/* ---- asking
 * ------------------------------------------------------------------------------------------- */

/* ask, whose value is taken over, is sent to be evaluated; MAP: while the frame's children run. */
static enum mr_code send(struct asl_turn *turn, struct asl_frame *frame, struct asl_ask ask)
{
    asl_query_forget(frame);
    frame->ask = calloc(1, sizeof(*frame->ask));
    if (!frame->ask) {
        asl_value_unref(ask.value);
        return MR_NO_MEMORY;
    }
    *frame->ask = ask;
    frame->ask->number = ++frame->asked;
    frame->ask->since_ms = turn->now_ms;
    if (ask.value) {
        frame->ask->value = NULL;
        asl_run_hold(turn->run, &frame->ask->value, ask.value);
    }
    if (ask.stage != ASL_STAGE_SELECT)
        asl_run_phase(turn->run, frame, ASL_PHASE_EVALUATE);
    return asl_query_effect(turn, frame);
}

/* The stage that ask names, with its values there. */
static enum mr_code go_on(struct asl_turn *turn, struct asl_frame *frame, const struct asl_ask *ask,
                          uint32_t chosen, const cJSON *values, struct asl_fault *fault)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    enum mr_code rc = MR_OK;

    switch (ask->stage) {
    case ASL_STAGE_ENTER:
        return begin(turn, frame, chosen, values, fault);
    case ASL_STAGE_RESULT:
        return leave(turn, frame, &state->queries->way, ask->value ? ask->value : frame->input,
                     values, state->next, fault);
    case ASL_STAGE_CAUGHT:
        rc = leave(turn, frame, &state->catchers[ask->which].way, ask->value, values,
                   state->catchers[ask->which].next, fault);
        fault->own = rc == MR_INVALID;
        return rc;
    case ASL_STAGE_SELECT:
        return take_selected(turn, frame, ask->which, ask->count, values, fault);
    case ASL_STAGE_COUNT:
        break;
    }
    return rc;
}

/* ask's value is taken over. */
static enum mr_code run(struct asl_turn *turn, struct asl_frame *frame, struct asl_ask ask,
                        struct asl_fault *fault)
{
    enum mr_code rc;

    if (asl_query_expressions(turn, frame, &ask) > 0)
        return send(turn, frame, ask);
    rc = go_on(turn, frame, &ask, 0, NULL, fault);
    asl_value_unref(ask.value);
    return rc;
}

enum mr_code asl_query_enter(struct asl_turn *turn, struct asl_frame *frame,
                             struct asl_fault *fault)
{
    const enum asl_type type = asl_turn_state(turn, frame)->type;

    if (type == ASL_TASK && turn->run->in_flight >= turn->in_flight_max) {
        asl_run_phase(turn->run, frame, ASL_PHASE_QUEUED);
        return MR_OK;
    }
    if (type == ASL_PASS || type == ASL_SUCCEED)
        return run(turn, frame, (struct asl_ask){.stage = ASL_STAGE_RESULT}, fault);
    return run(turn, frame, (struct asl_ask){.stage = ASL_STAGE_ENTER}, fault);
}

enum mr_code asl_query_result(struct asl_turn *turn, struct asl_frame *frame,
                              struct asl_value *result, struct asl_fault *fault)
{
    return run(turn, frame, (struct asl_ask){.stage = ASL_STAGE_RESULT, .value = result}, fault);
}

enum mr_code asl_query_caught(struct asl_turn *turn, struct asl_frame *frame, uint32_t catcher,
                              struct asl_value *error, struct asl_fault *fault)
{
    return run(turn, frame,
               (struct asl_ask){.stage = ASL_STAGE_CAUGHT, .which = catcher, .value = error},
               fault);
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
        rc = fill(selector, &nothing, &json, fault);
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
    return run(turn, frame, ask, fault);
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
    return run(turn, frame, ask, fault);
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
        rc = fill(selector, &nothing, &json, fault);
        *ret = rc ? NULL : asl_value_new_take(json);
    } else {
        *ret = asl_value_view(
            selected, cJSON_GetArrayItem(selected->json,
                                         (int)(spread->items_started - spread->selected_first)));
    }
    return rc ? rc : *ret ? MR_OK : MR_NO_MEMORY;
}

enum mr_code asl_query_answered(struct asl_turn *turn, struct asl_frame *frame, const cJSON *answer,
                                struct asl_fault *fault)
{
    const cJSON *error = mr_json_get(answer, "error"), *cause = mr_json_get(answer, "cause");
    const cJSON *values = mr_json_get(answer, "values"), *chosen = mr_json_get(answer, "chosen");
    const cJSON *field = mr_json_get(answer, "field");
    struct asl_ask *ask = frame->ask;
    enum mr_code rc;

    frame->ask = NULL;
    if (ask->stage != ASL_STAGE_SELECT)
        asl_run_phase(turn->run, frame, ASL_PHASE_AGAIN);
    if (error) {
        fault->error = ASL_QUERY_ERROR;
        fault->cause = fault->inside = cJSON_IsString(cause) ? cause->valuestring : "";
        fault->location = cJSON_IsString(field) ? field->valuestring : NULL;
        fault->own = ask->stage == ASL_STAGE_CAUGHT;
        rc = MR_INVALID;
    } else if (!cJSON_IsArray(values) || !cJSON_IsNumber(chosen) || chosen->valuedouble < 0 ||
               chosen->valuedouble > UINT32_MAX) {
        rc = not_of_its_form(fault);
    } else {
        rc = go_on(turn, frame, ask, (uint32_t)chosen->valuedouble, values->child, fault);
    }
    asl_value_unref(ask->value);
    free(ask);
    return rc;
}
