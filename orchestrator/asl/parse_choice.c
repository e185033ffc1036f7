/* parse_choice.c -- the rules of a Choice state. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <string.h>

static bool parse_rule(struct asl_parser *parser, const cJSON *json, bool top,
                       struct asl_rule *ret);

static bool parse_rules(struct asl_parser *parser, const cJSON *list, struct asl_rule *ret)
{
    bool ok = true;
    uint32_t i = 0;
    size_t mark = asl_at(parser, list->string);

    if (!cJSON_IsArray(list) || !list->child) {
        asl_report(parser, ASL_SCHEMA, "Expected value of type Array with at least one rule");
        asl_at_leave(parser, mark);
        return false;
    }
    ret->count = (uint32_t)cJSON_GetArraySize(list);
    ret->rules = asl_take(parser, ret->count * sizeof(*ret->rules));
    for (const cJSON *item = list->child; ret->rules && item; item = item->next, i++) {
        size_t inner = asl_at_index(parser, i);
        ok &= parse_rule(parser, item, false, &ret->rules[i]);
        asl_at_leave(parser, inner);
    }
    asl_at_leave(parser, mark);
    return ok && ret->rules;
}

static bool parse_not(struct asl_parser *parser, const cJSON *json, struct asl_rule *ret)
{
    size_t mark = asl_at(parser, "Not");
    bool ok;

    ret->count = 1;
    ret->rules = asl_take(parser, sizeof(*ret->rules));
    ok = ret->rules && parse_rule(parser, json, false, ret->rules);
    asl_at_leave(parser, mark);
    return ok;
}

static bool check_operand(struct asl_parser *parser, const struct asl_operator *op,
                          const cJSON *json)
{
    struct asl_timestamp time;

    switch (op->operand) {
    case ASL_OPERAND_STRING:
        if (!cJSON_IsString(json))
            return asl_report_at(parser, op->name, ASL_SCHEMA, "Expected value of type String");
        return op->test != ASL_TEST_MATCHES || strlen(json->valuestring) <= ASL_MATCH_PATTERN_MAX ||
               asl_report_at(parser, op->name, ASL_SCHEMA, "a pattern has at most %d bytes",
                             ASL_MATCH_PATTERN_MAX);
    case ASL_OPERAND_NUMERIC:
        return cJSON_IsNumber(json) ||
               asl_report_at(parser, op->name, ASL_SCHEMA, "Expected value of type Number");
    case ASL_OPERAND_BOOLEAN:
    case ASL_OPERAND_TYPE:
        return cJSON_IsBool(json) ||
               asl_report_at(parser, op->name, ASL_SCHEMA, "Expected value of type Boolean");
    case ASL_OPERAND_TIMESTAMP:
        return (cJSON_IsString(json) && asl_timestamp_parse(json->valuestring, &time)) ||
               asl_report_at(parser, op->name, ASL_SCHEMA,
                             "String does not match RFC3339 timestamp");
    }
    return false;
}

static bool parse_test(struct asl_parser *parser, const cJSON *json, const cJSON *operand,
                       struct asl_rule *ret)
{
    struct asl_path *variable = NULL, *path = NULL;

    ret->kind = ASL_RULE_TEST;
    if (!mr_json_get(json, "Variable"))
        return asl_report(parser, ASL_SCHEMA, "The field 'Variable' is required but was missing");
    if (!asl_read_path(parser, json, "Variable", ASL_PATH_ANY, &variable))
        return false;
    ret->variable = *variable;
    ret->operand = operand;
    if (!ret->op->path)
        return check_operand(parser, ret->op, operand);
    if (!asl_read_path(parser, json, ret->op->name, ASL_PATH_ANY, &path))
        return false;
    ret->operand_path = *path;
    return true;
}

/* The one member of json that makes it a rule; other members are checked on the way. */
static bool find_kind(struct asl_parser *parser, const cJSON *json, bool top, const cJSON **ret)
{
    bool ok = true;

    *ret = NULL;
    for (const cJSON *item = json->child; item; item = item->next) {
        const char *name = item->string;
        bool kind = asl_operator_find(name) || strcmp(name, "And") == 0 ||
                    strcmp(name, "Or") == 0 || strcmp(name, "Not") == 0;
        if (kind && *ret)
            ok = asl_report(parser, ASL_SCHEMA, "Only one of %s and %s may be given",
                            (*ret)->string, name);
        else if (kind)
            *ret = item;
        else if (!top && (strcmp(name, "Next") == 0 || strcmp(name, "Assign") == 0))
            ok = asl_report_at(parser, name, ASL_SCHEMA, "only a rule at the top has it");
        else if (strcmp(name, "Variable") != 0 && strcmp(name, "Next") != 0 &&
                 strcmp(name, "Assign") != 0 && strcmp(name, "Comment") != 0)
            ok = asl_report_at(parser, name, ASL_SCHEMA,
                               "Field '%.80s' is not supported in a Choice rule", name);
    }
    if (!*ret && ok)
        ok = asl_report(parser, ASL_SCHEMA,
                        "a rule wants one of And, Or, Not, or a comparison such as StringEquals");
    return ok && *ret;
}

static bool parse_rule(struct asl_parser *parser, const cJSON *json, bool top, struct asl_rule *ret)
{
    const cJSON *kind;

    ret->next = ASL_NONE;
    if (!cJSON_IsObject(json))
        return asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
    if (!find_kind(parser, json, top, &kind))
        return false;
    ret->op = asl_operator_find(kind->string);
    if (ret->op)
        return parse_test(parser, json, kind, ret);
    if (mr_json_get(json, "Variable"))
        return asl_report_at(parser, "Variable", ASL_SCHEMA, "Field is not supported beside %s",
                             kind->string);
    if (strcmp(kind->string, "Not") == 0) {
        ret->kind = ASL_RULE_NOT;
        return parse_not(parser, kind, ret);
    }
    ret->kind = strcmp(kind->string, "And") == 0 ? ASL_RULE_AND : ASL_RULE_OR;
    return parse_rules(parser, kind, ret);
}

/* A rule where JSONata is spoken. */
static void parse_condition(struct asl_parser *parser, const cJSON *json, uint32_t index,
                            struct asl_queries *queries, struct asl_rule *ret)
{
    static const char *const names[] = {"Condition", "Next", "Output", "Assign", "Comment", NULL};

    if (!cJSON_IsObject(json)) {
        asl_report(parser, ASL_SCHEMA, "Expected value of type Object");
        return;
    }
    asl_read_known(parser, json, names);
    ret->query = asl_take(parser, sizeof(*ret->query));
    if (ret->query && asl_read_condition(parser, json, index, queries, &ret->query->condition))
        asl_read_way(parser, json, queries, (struct asl_way_of){.list = "Choices", .index = index},
                     &ret->query->way);
}

void asl_parse_choice(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_state *state = &parser->machine->states[index];
    const struct asl_flow *flow = &parser->machine->flows[state->flow];
    const cJSON *list = mr_json_get(json, "Choices");
    uint32_t i = 0;
    size_t mark;

    state->choices.otherwise = asl_read_target(parser, json, "Default", flow);
    if (!cJSON_IsArray(list) || !list->child) {
        asl_report(parser, ASL_SCHEMA,
                   "The field 'Choices' must be an Array with at least one rule");
        return;
    }
    state->choices.count = (uint32_t)cJSON_GetArraySize(list);
    state->choices.rules = asl_take(parser, state->choices.count * sizeof(struct asl_rule));
    mark = asl_at(parser, "Choices");
    for (const cJSON *item = list->child; state->choices.rules && item; item = item->next, i++) {
        size_t inner = asl_at_index(parser, i);
        if (state->queries) {
            parse_condition(parser, item, i, state->queries, &state->choices.rules[i]);
        } else {
            parse_rule(parser, item, true, &state->choices.rules[i]);
            asl_read_assign(parser, item, &state->choices.rules[i].assign);
        }
        if (cJSON_IsObject(item) && !mr_json_get(item, "Next"))
            asl_report(parser, ASL_SCHEMA, "The field 'Next' is required but was missing");
        state->choices.rules[i].next = asl_read_target(parser, item, "Next", flow);
        asl_at_leave(parser, inner);
    }
    asl_at_leave(parser, mark);
}
