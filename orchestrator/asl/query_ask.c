/* query_ask.c -- the request for an evaluation, made of what the frame holds: the same frame asks
 * the same again. */
#include "orchestrator/asl/spread_turn.h"

#include "common/base/id.h"
#include "common/base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_TEXT_MAX = 4000 /* of a value that a fault quotes */ };

/* ---- expressions ---------------------------------------------------------------------------- */

/* with_rule: fields are told with the rule or the catcher that they are of. */
static void add_expressions(struct mr_buf *buf, const struct asl_query *query, bool with_rule,
                            bool *comma)
{
    if (query->kind == ASL_QUERY_EXPRESSION) {
        const char *field = query->field + (with_rule ? 0 : query->under);
        mr_buf_add_str(buf, *comma ? ",{\"field\":" : "{\"field\":");
        mr_buf_add_json(buf, field, strlen(field));
        mr_buf_add_str(buf, ",\"text\":");
        mr_buf_add_json(buf, query->text, strlen(query->text));
        mr_buf_add_char(buf, '}');
        *comma = true;
    }
    for (uint32_t i = 0; i < query->count; i++)
        if (query->items[i].expressions > 0)
            add_expressions(buf, &query->items[i], with_rule, comma);
}

static void add_group(struct mr_buf *buf, const struct asl_way *way, bool with_rule)
{
    bool comma = false;

    mr_buf_add_char(buf, '[');
    if (way->output)
        add_expressions(buf, way->output, with_rule, &comma);
    for (uint32_t i = 0; i < way->assign_count; i++)
        add_expressions(buf, &way->assign[i].value, with_rule, &comma);
    mr_buf_add_char(buf, ']');
}

static void add_choices(struct mr_buf *buf, const struct asl_state *state, bool with_rule)
{
    bool comma = false;

    mr_buf_add_str(buf, ",\"conditions\":[");
    for (uint32_t i = 0; i < state->choices.count; i++)
        add_expressions(buf, &state->choices.rules[i].query->condition, with_rule, &comma);
    mr_buf_add_str(buf, "],\"groups\":[");
    for (uint32_t i = 0; i < state->choices.count; i++) {
        add_group(buf, &state->choices.rules[i].query->way, with_rule);
        mr_buf_add_char(buf, ',');
    }
    add_group(buf, &state->queries->way, with_rule);
    mr_buf_add_char(buf, ']');
}

static void add_fields(struct mr_buf *buf, const struct asl_queries *queries)
{
    bool comma = false;

    mr_buf_add_str(buf, ",\"conditions\":[],\"groups\":[[");
    for (int i = 0; i < ASL_Q_ENTER_COUNT; i++)
        if (queries->fields[i])
            add_expressions(buf, queries->fields[i], true, &comma);
    mr_buf_add_str(buf, "]]");
}

static const struct asl_way *way_of(const struct asl_state *state, const struct asl_ask *ask)
{
    return ask->stage == ASL_STAGE_CAUGHT ? &state->catchers[ask->which].way : &state->queries->way;
}

static void add_stage(struct mr_buf *buf, const struct asl_turn *turn,
                      const struct asl_state *state, const struct asl_ask *ask)
{
    const bool with_rule = asl_turn_since(turn, ASL_ENGINE_REVIEW);
    bool comma = false;

    switch (ask->stage) {
    case ASL_STAGE_ENTER:
        if (state->type == ASL_CHOICE)
            add_choices(buf, state, with_rule);
        else
            add_fields(buf, state->queries);
        break;
    case ASL_STAGE_RESULT:
    case ASL_STAGE_CAUGHT:
        mr_buf_add_str(buf, ",\"conditions\":[],\"groups\":[");
        add_group(buf, way_of(state, ask), with_rule);
        mr_buf_add_char(buf, ']');
        break;
    case ASL_STAGE_SELECT:
        mr_buf_add_str(buf, ",\"conditions\":[],\"groups\":[[");
        add_expressions(buf, state->queries->fields[ASL_Q_SELECTOR], with_rule, &comma);
        mr_buf_add_str(buf, "]]");
        break;
    case ASL_STAGE_COUNT:
        break;
    }
}

uint32_t asl_query_expressions(const struct asl_turn *turn, const struct asl_frame *frame,
                               const struct asl_ask *ask)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    uint32_t count = 0;

    if (ask->stage == ASL_STAGE_SELECT)
        return state->queries->fields[ASL_Q_SELECTOR]->expressions;
    if (ask->stage != ASL_STAGE_ENTER)
        return way_of(state, ask)->expressions;
    if (state->type == ASL_CHOICE)
        return state->choices.count; /* a condition is always one */
    for (int i = 0; i < ASL_Q_ENTER_COUNT; i++)
        if (state->queries->fields[i])
            count += state->queries->fields[i]->expressions;
    return count;
}

/* ---- what they read -------------------------------------------------------------------------- */

static bool add_value(struct mr_buf *buf, struct asl_value *value)
{
    size_t len;
    const char *text = asl_value_text(value, &len);

    return text && mr_buf_add(buf, text, len) == MR_OK;
}

static bool add_context(struct mr_buf *buf, struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_scope scope = {.turn = turn, .frame = frame, .data = frame->input};
    struct mr_jw w = {.buf = buf};
    bool ok = asl_scope_context(&scope) == MR_OK;

    if (ok)
        mr_jw_item(&w, NULL, scope.context);
    asl_scope_release(&scope);
    return ok;
}

static unsigned reads_of(const struct asl_state *state, const struct asl_ask *ask)
{
    unsigned reads = 0;

    if (ask->stage == ASL_STAGE_SELECT)
        return state->queries->fields[ASL_Q_SELECTOR]->reads;
    if (ask->stage != ASL_STAGE_ENTER)
        return way_of(state, ask)->reads;
    for (int i = 0; i < ASL_Q_ENTER_COUNT; i++)
        if (state->queries->fields[i])
            reads |= state->queries->fields[i]->reads;
    if (state->type != ASL_CHOICE)
        return reads;
    for (uint32_t i = 0; i < state->choices.count; i++)
        reads |= state->choices.rules[i].query->condition.reads |
                 state->choices.rules[i].query->way.reads;
    return reads | state->queries->way.reads;
}

static bool add_states(struct mr_buf *buf, struct asl_turn *turn, struct asl_frame *frame)
{
    const struct asl_ask *ask = frame->ask;
    const unsigned reads = reads_of(asl_turn_state(turn, frame), ask);
    const char *comma = "";
    bool ok = true;

    mr_buf_add_str(buf, ",\"states\":{");
    if (reads & ASL_READS_INPUT) {
        mr_buf_add_str(buf, "\"input\":");
        ok = add_value(buf, frame->input);
        comma = ",";
    }
    if (ok && (reads & ASL_READS_CONTEXT)) {
        mr_buf_addf(buf, "%s\"context\":", comma);
        ok = add_context(buf, turn, frame);
        comma = ",";
    }
    if (ok && ask->stage == ASL_STAGE_RESULT && ask->value && (reads & ASL_READS_RESULT)) {
        mr_buf_addf(buf, "%s\"result\":", comma);
        ok = add_value(buf, ask->value);
        comma = ",";
    }
    if (ok && ask->stage == ASL_STAGE_CAUGHT && (reads & ASL_READS_ERROR)) {
        mr_buf_addf(buf, "%s\"errorOutput\":", comma);
        ok = add_value(buf, ask->value);
    }
    mr_buf_add_char(buf, '}');
    return ok;
}

static bool add_variables(struct mr_buf *buf, const struct asl_queries *queries,
                          const struct asl_frame *frame)
{
    bool comma = false, ok = true;

    mr_buf_add_str(buf, ",\"variables\":{");
    for (const struct asl_query_name *name = queries->names; ok && name; name = name->next) {
        struct asl_value *value = asl_variable_get(frame, name->name);
        if (!value)
            continue;
        if (comma)
            mr_buf_add_char(buf, ',');
        comma = true;
        mr_buf_add_json(buf, name->name, strlen(name->name));
        mr_buf_add_char(buf, ':');
        ok = add_value(buf, value);
    }
    mr_buf_add_char(buf, '}');
    return ok;
}

/* $states.context.Map.Item, but for the index: of a run of the first engine the values alone. */
static bool add_items(struct mr_buf *buf, const struct asl_turn *turn,
                      const struct asl_frame *frame)
{
    const struct asl_spread_run *spread = frame->spread;
    const bool keyed = spread && cJSON_IsObject(spread->slots[ASL_SLOT_PAGE]->json);
    struct mr_jw w = {.buf = buf, .comma = true};
    struct mr_buf source = {0};
    uint32_t count = 0;
    bool ok = true;

    if (frame->ask->stage != ASL_STAGE_SELECT)
        return true;
    mr_jw_open(&w, "items", '{');
    mr_jw_int(&w, "first", frame->ask->which);
    mr_jw_open(&w, "values", '[');
    for (uint32_t i = 0; frame->fork && i < frame->ask->count; i++)
        mr_jw_item(&w, NULL, frame->fork->children[frame->ask->which + i].item);
    for (const cJSON *item = spread ? spread->item : NULL; item && count < frame->ask->count;
         item = item->next, count++)
        mr_jw_item(&w, NULL, item);
    mr_jw_close(&w, ']');
    if (keyed && turn->run->engine >= ASL_ENGINE_ITEMS) {
        mr_jw_open(&w, "keys", '[');
        count = 0;
        for (const cJSON *item = spread->item; item && count < frame->ask->count;
             item = item->next, count++)
            mr_jw_str(&w, NULL, item->string);
        mr_jw_close(&w, ']');
    }
    if (turn->run->engine >= ASL_ENGINE_ITEMS) {
        ok = asl_scope_source(frame, &source);
        if (source.len > 0)
            mr_jw_str(&w, "source", source.data);
        mr_buf_release(&source);
    }
    mr_jw_close(&w, '}');
    return ok;
}

static bool write_request(struct mr_buf *buf, struct asl_turn *turn, struct asl_frame *frame)
{
    const struct asl_state *state = asl_turn_state(turn, frame);
    const struct asl_ask *ask = frame->ask;
    char key[64];
    int len = snprintf(key, sizeof(key), "%" PRIu64 ".%" PRIu32 ".%" PRIu32, frame->seq,
                       frame->attempt, ask->number);
    bool ok;

    mr_buf_addf(buf, "{\"now_ms\":%" PRId64 ",\"seed\":\"%016" PRIx64 "\"", ask->since_ms,
                mr_hash64(turn->run->seed, key, (size_t)len));
    ok = add_states(buf, turn, frame) && add_variables(buf, state->queries, frame);
    add_stage(buf, turn, state, ask);
    ok = add_items(buf, turn, frame) && ok;
    mr_buf_add_char(buf, '}');
    return ok && !buf->failed;
}

enum mr_code asl_query_effect(struct asl_turn *turn, struct asl_frame *frame)
{
    struct asl_effect *effect = asl_effect_add(turn->effects, ASL_EFFECT_EVALUATE, frame);
    struct mr_buf buf = {0};

    if (!effect)
        return MR_NO_MEMORY;
    if (!write_request(&buf, turn, frame)) {
        mr_buf_release(&buf);
        return MR_NO_MEMORY;
    }
    effect->number = frame->ask->number;
    effect->state = asl_turn_state(turn, frame)->name;
    effect->input_len = buf.len;
    effect->input = mr_buf_detach(&buf);
    return effect->input ? MR_OK : MR_NO_MEMORY;
}

void asl_query_forget(struct asl_frame *frame)
{
    if (!frame->ask)
        return;
    asl_value_unref(frame->ask->value);
    free(frame->ask);
    frame->ask = NULL;
}

/* ---- faults -----------------------------------------------------------------------------------
 */

static const char *type_name(const cJSON *value)
{
    if (cJSON_IsNull(value))
        return "null";
    if (cJSON_IsBool(value))
        return "boolean";
    if (cJSON_IsNumber(value))
        return "number";
    if (cJSON_IsString(value))
        return "string";
    return cJSON_IsArray(value) ? "array" : "object";
}

enum mr_code asl_query_number(struct asl_turn *turn, const struct asl_query *query,
                              const cJSON *json, bool whole, double min, double max, double *ret,
                              struct asl_fault *fault)
{
    const double n = cJSON_IsNumber(json) ? json->valuedouble : 0;

    if (!cJSON_IsNumber(json) || (whole && n != floor(n)))
        return asl_query_mistyped(turn, query, whole ? "integer" : "number", json, fault);
    *ret = n;
    if (n >= min && n <= max)
        return MR_OK;
    if (!query || query->kind != ASL_QUERY_EXPRESSION)
        return asl_fault_set(fault, ASL_QUERY_ERROR,
                             "A number is out of range: from %.0f to %.0f is allowed, but it was "
                             "%.17g.",
                             min, max, n);
    return asl_fault_set(fault, ASL_QUERY_ERROR,
                         "The JSONata expression '%.200s' specified for the field '%.80s' returned "
                         "a value that is out of range: from %.0f to %.0f is allowed, but it was "
                         "%.17g.",
                         query->text, query->field, min, max, n);
}

/* At most VALUE_TEXT_MAX bytes, cut between characters. */
static void quote(struct mr_buf *buf, const struct mr_buf *value)
{
    size_t len = value->len;

    if (len <= VALUE_TEXT_MAX) {
        mr_buf_add(buf, value->data, len);
        return;
    }
    for (len = VALUE_TEXT_MAX; len > 0 && ((unsigned char)value->data[len] & 0xC0) == 0x80;)
        len--;
    mr_buf_add(buf, value->data, len);
    mr_buf_add_str(buf, "...");
}

enum mr_code asl_query_mistyped(struct asl_turn *turn, const struct asl_query *query,
                                const char *expected, const cJSON *value, struct asl_fault *fault)
{
    const bool evaluated = query && query->kind == ASL_QUERY_EXPRESSION;
    struct mr_buf buf = {0}, text = {0};

    (void)mr_json_print(value, &text);
    if (evaluated)
        mr_buf_addf(&buf,
                    "The JSONata expression '%s' specified for the field '%s' returned an "
                    "unexpected result type. ",
                    query->text, query->field);
    mr_buf_addf(&buf, "Expected '%s', but was '%s' for value: ", expected, type_name(value));
    if (!text.failed)
        quote(&buf, &text);
    fault->error = ASL_QUERY_ERROR;
    fault->location = evaluated ? query->field : NULL;
    fault->cause = fault->inside =
        buf.failed || text.failed ? NULL : asl_turn_keep(turn, buf.data, buf.len);
    mr_buf_release(&buf);
    mr_buf_release(&text);
    return fault->cause ? MR_INVALID : MR_NO_MEMORY;
}
