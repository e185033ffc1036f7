/* parse_query.c -- fields where JSONata is spoken: which text is an expression, where it stands,
 * and what it reads.  The expressions themselves are parsed by who evaluates them. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_MAX = 512 };

/* Where a field stands in its state, as AWS writes it: "Output/list[0]/name". */
struct place {
    char text[FIELD_MAX];
    size_t len;
    size_t under; /* of it: the rule or catcher, "Catch[1]/", that the field is of */
};

static size_t place_enter(struct place *place, const char *before, const char *name)
{
    size_t mark = place->len;
    int n = snprintf(place->text + mark, sizeof(place->text) - mark, "%s%s", before, name);

    place->len += n > 0 ? (size_t)n : 0;
    if (place->len >= sizeof(place->text))
        place->len = sizeof(place->text) - 1;
    return mark;
}

static size_t place_enter_index(struct place *place, uint32_t index)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "[%u]", index);
    return place_enter(place, "", text);
}

static void place_leave(struct place *place, size_t mark)
{
    place->len = mark;
    place->text[mark] = '\0';
}

/* ---- expressions ------------------------------------------------------------------------------
 */

static bool is_opened(const char *text)
{
    return strncmp(text, "{%", 2) == 0;
}

static bool is_closed(const char *text)
{
    size_t len = strlen(text);

    return len >= 2 && strcmp(text + len - 2, "%}") == 0;
}

bool asl_is_expression(const cJSON *json)
{
    return cJSON_IsString(json) && strlen(json->valuestring) >= 4 && is_opened(json->valuestring) &&
           is_closed(json->valuestring);
}

/* Text that is no expression does not look like half of one. */
static bool check_text(struct asl_parser *parser, const char *text)
{
    return (!is_opened(text) && !is_closed(text)) ||
           asl_report_later(parser, ASL_SCHEMA,
                            "A JSONata expression begins with {% and ends with %}, and nothing "
                            "stands before or behind");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool note_expression(struct asl_parser *parser, const char *text)
{
    struct asl_machine *machine = parser->machine;
    void *items = machine->expressions;
    char *at = asl_arena_copy(&machine->arena, parser->at_len ? parser->at : "/",
                              parser->at_len ? parser->at_len : 1);

    if (!at || !asl_grow(&items, &machine->expression_cap, machine->expression_count + 1,
                         sizeof(*machine->expressions))) {
        parser->no_memory = true;
        return false;
    }
    machine->expressions = items;
    machine->expressions[machine->expression_count++] = (struct asl_expression){text, at};
    return true;
}

static bool read_expression(struct asl_parser *parser, const cJSON *json,
                            struct asl_queries *queries, const struct place *place,
                            struct asl_query *ret)
{
    const char *from = json->valuestring + 2,
               *to = json->valuestring + strlen(json->valuestring) - 2;

    while (from < to && is_space(*from))
        from++;
    while (to > from && is_space(to[-1]))
        to--;
    ret->kind = ASL_QUERY_EXPRESSION;
    ret->expressions = 1;
    ret->text = asl_arena_copy(&parser->machine->arena, from, (size_t)(to - from));
    ret->field = asl_arena_copy(&parser->machine->arena, place->text, place->len);
    ret->under = (uint32_t)place->under;
    if (!ret->text || !ret->field) {
        parser->no_memory = true;
        return false;
    }
    if (from == to)
        return asl_report(parser, ASL_SCHEMA, "A JSONata expression must not be empty");
    return note_expression(parser, ret->text) &&
           asl_note_reads(parser, queries, ret->text, &ret->reads);
}

static bool read_tree(struct asl_parser *parser, const cJSON *json, struct asl_queries *queries,
                      struct place *place, struct asl_query *ret);

static bool read_items(struct asl_parser *parser, const cJSON *json, struct asl_queries *queries,
                       struct place *place, struct asl_query *ret)
{
    bool is_object = cJSON_IsObject(json), ok = true;
    uint32_t i = 0;

    ret->kind = is_object ? ASL_QUERY_OBJECT : ASL_QUERY_ARRAY;
    ret->count = (uint32_t)cJSON_GetArraySize(json);
    ret->items = asl_take(parser, (ret->count + 1) * sizeof(*ret->items));
    if (!ret->items)
        return false;
    for (const cJSON *item = json->child; item; item = item->next, i++) {
        size_t mark = is_object ? asl_at(parser, item->string) : asl_at_index(parser, i);
        size_t inner =
            is_object ? place_enter(place, "/", item->string) : place_enter_index(place, i);
        ret->items[i].key = is_object ? item->string : NULL;
        ok &= read_tree(parser, item, queries, place, &ret->items[i]);
        ret->expressions += ret->items[i].expressions;
        ret->reads |= ret->items[i].reads;
        place_leave(place, inner);
        asl_at_leave(parser, mark);
    }
    return ok;
}

static bool read_tree(struct asl_parser *parser, const cJSON *json, struct asl_queries *queries,
                      struct place *place, struct asl_query *ret)
{
    bool ok = true;

    ret->json = json;
    if (asl_is_expression(json))
        return read_expression(parser, json, queries, place, ret);
    if (cJSON_IsString(json))
        ok = check_text(parser, json->valuestring);
    if (cJSON_IsObject(json) || cJSON_IsArray(json))
        ok = read_items(parser, json, queries, place, ret);
    if (ret->expressions == 0) { /* one copy of the whole does */
        ret->kind = ASL_QUERY_CONSTANT;
        ret->count = 0;
    }
    return ok;
}

/* ---- fields
 * -------------------------------------------------------------------------------------- */

static bool read_query(struct asl_parser *parser, const cJSON *object, const char *name,
                       struct asl_queries *queries, struct place *place, struct asl_query **ret)
{
    const cJSON *json = mr_json_get(object, name);
    struct asl_query *query;
    size_t mark, inner;
    bool ok;

    if (!json)
        return true;
    query = asl_take(parser, sizeof(*query));
    if (!query)
        return false;
    inner = place_enter(place, "", name);
    mark = asl_at(parser, name);
    ok = read_tree(parser, json, queries, place, query);
    asl_at_leave(parser, mark);
    place_leave(place, inner);
    if (ok)
        *ret = query;
    return ok;
}

bool asl_read_query(struct asl_parser *parser, const cJSON *object, const char *name,
                    struct asl_queries *queries, struct asl_query **ret)
{
    struct place place = {.len = 0};

    return read_query(parser, object, name, queries, &place, ret);
}

bool asl_read_query_number(struct asl_parser *parser, const cJSON *object, const char *name,
                           int64_t min, int64_t max, struct asl_queries *queries,
                           enum asl_query_id id, struct asl_number *ret)
{
    const cJSON *json = mr_json_get(object, name);

    if (asl_is_expression(json))
        return asl_read_query(parser, object, name, queries, &queries->fields[id]);
    ret->set = json != NULL;
    return asl_read_int(parser, object, name, min, max, &ret->n);
}

bool asl_read_query_str(struct asl_parser *parser, const cJSON *object, const char *name,
                        struct asl_queries *queries, enum asl_query_id id, const char **ret)
{
    if (asl_is_expression(mr_json_get(object, name)))
        return asl_read_query(parser, object, name, queries, &queries->fields[id]);
    return asl_read_str(parser, object, name, ret);
}

static bool read_assign(struct asl_parser *parser, const cJSON *json, struct asl_queries *queries,
                        struct place *place, struct asl_way *way)
{
    bool ok = true;

    way->assign = asl_take(parser, ((size_t)cJSON_GetArraySize(json) + 1) * sizeof(*way->assign));
    if (!way->assign)
        return false;
    place_enter(place, "", "Assign");
    for (const cJSON *item = json->child; item; item = item->next) {
        struct asl_query_assignment *each = &way->assign[way->assign_count];
        size_t mark = asl_at(parser, item->string);
        size_t inner = place_enter(place, "/", item->string);
        each->name = asl_read_variable_name(parser, item->string);
        if (each->name && read_tree(parser, item, queries, place, &each->value)) {
            way->expressions += each->value.expressions;
            way->reads |= each->value.reads;
            way->assign_count++;
        } else {
            ok = false;
        }
        place_leave(place, inner);
        asl_at_leave(parser, mark);
    }
    return ok;
}

bool asl_read_way(struct asl_parser *parser, const cJSON *object, struct asl_queries *queries,
                  struct asl_way_of of, struct asl_way *ret)
{
    const cJSON *assign = mr_json_get(object, "Assign");
    struct place place = {.len = 0};
    size_t mark;
    bool ok;

    if (of.list) {
        place_enter(&place, "", of.list);
        place_enter_index(&place, of.index);
        place_enter(&place, "", "/");
        place.under = place.len;
    }

    parser->reads = of.reads;
    ok = read_query(parser, object, "Output", queries, &place, &ret->output);
    if (ret->output) {
        ret->expressions = ret->output->expressions;
        ret->reads = ret->output->reads;
    }
    mark = asl_at(parser, "Assign");
    if (cJSON_IsObject(assign))
        ok &= read_assign(parser, assign, queries, &place, ret);
    else if (assign)
        ok = asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
    asl_at_leave(parser, mark);
    parser->reads = 0;
    return ok;
}

/* A Condition is an expression, or the answer itself. */
bool asl_read_condition(struct asl_parser *parser, const cJSON *object, uint32_t index,
                        struct asl_queries *queries, struct asl_query *ret)
{
    const cJSON *json = mr_json_get(object, "Condition");
    struct place place = {.len = 0};
    size_t mark;
    bool ok = true;

    if (!json)
        return asl_report(parser, ASL_SCHEMA, "The field 'Condition' is required but was missing");
    if (!cJSON_IsBool(json) && !asl_is_expression(json))
        return asl_report_at(parser, "Condition", ASL_SCHEMA,
                             "Expected a JSONata expression, {%% ... %%}, or true or false");
    place_enter(&place, "", "Choices");
    place_enter_index(&place, index);
    place_enter(&place, "/", "Condition");
    if (cJSON_IsBool(json)) {
        *ret = (struct asl_query){
            .kind = ASL_QUERY_EXPRESSION,
            .expressions = 1,
            .text = cJSON_IsTrue(json) ? "true" : "false",
            .field = asl_arena_copy(&parser->machine->arena, place.text, place.len)};
        parser->no_memory |= !ret->field;
        return ret->field;
    }
    mark = asl_at(parser, "Condition");
    ok = read_expression(parser, json, queries, &place, ret);
    asl_at_leave(parser, mark);
    return ok;
}
