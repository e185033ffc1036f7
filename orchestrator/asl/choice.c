/* choice.c -- testing rules.  parse_choice.c makes them. */
#include "orchestrator/asl/choice.h"

#include "orchestrator/asl/scope.h"

#include <string.h>

/* clang-format off */
#define COMPARISONS(type, operand) \
    {type "Equals",                operand, ASL_TEST_EQUALS,         false}, \
    {type "EqualsPath",            operand, ASL_TEST_EQUALS,         true},  \
    {type "LessThan",              operand, ASL_TEST_LESS,           false}, \
    {type "LessThanPath",          operand, ASL_TEST_LESS,           true},  \
    {type "GreaterThan",           operand, ASL_TEST_GREATER,        false}, \
    {type "GreaterThanPath",       operand, ASL_TEST_GREATER,        true},  \
    {type "LessThanEquals",        operand, ASL_TEST_LESS_EQUALS,    false}, \
    {type "LessThanEqualsPath",    operand, ASL_TEST_LESS_EQUALS,    true},  \
    {type "GreaterThanEquals",     operand, ASL_TEST_GREATER_EQUALS, false}, \
    {type "GreaterThanEqualsPath", operand, ASL_TEST_GREATER_EQUALS, true}

static const struct asl_operator operators[] = {
    COMPARISONS("String", ASL_OPERAND_STRING),
    COMPARISONS("Numeric", ASL_OPERAND_NUMERIC),
    COMPARISONS("Timestamp", ASL_OPERAND_TIMESTAMP),
    {"BooleanEquals",     ASL_OPERAND_BOOLEAN, ASL_TEST_EQUALS,       false},
    {"BooleanEqualsPath", ASL_OPERAND_BOOLEAN, ASL_TEST_EQUALS,       true},
    {"StringMatches",     ASL_OPERAND_STRING,  ASL_TEST_MATCHES,      false},
    {"IsNull",            ASL_OPERAND_TYPE,    ASL_TEST_IS_NULL,      false},
    {"IsPresent",         ASL_OPERAND_TYPE,    ASL_TEST_IS_PRESENT,   false},
    {"IsNumeric",         ASL_OPERAND_TYPE,    ASL_TEST_IS_NUMERIC,   false},
    {"IsString",          ASL_OPERAND_TYPE,    ASL_TEST_IS_STRING,    false},
    {"IsBoolean",         ASL_OPERAND_TYPE,    ASL_TEST_IS_BOOLEAN,   false},
    {"IsTimestamp",       ASL_OPERAND_TYPE,    ASL_TEST_IS_TIMESTAMP, false},
};
/* clang-format on */

const struct asl_operator *asl_operator_find(const char *name)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (strcmp(operators[i].name, name) == 0)
            return &operators[i];
    return NULL;
}

int asl_string_order(const char *a, const char *b)
{
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    if (*x >= 0xEE && *y >= 0xEE && (*x >= 0xF0) != (*y >= 0xF0))
        return *x >= 0xF0 ? -1 : 1; /* a pair of surrogates against a later character */
    return *x - *y;
}

bool asl_string_matches(const char *text, const char *pattern)
{
    const char *star = NULL, *retry = NULL; /* the last '*', and where its match ends so far */

    while (*text) {
        bool escaped = *pattern == '\\' && (pattern[1] == '*' || pattern[1] == '\\');
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern && pattern[escaped] == *text) {
            pattern += 1 + escaped;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool holds(enum asl_test test, int order)
{
    switch (test) {
    case ASL_TEST_EQUALS:
        return order == 0;
    case ASL_TEST_LESS:
        return order < 0;
    case ASL_TEST_GREATER:
        return order > 0;
    case ASL_TEST_LESS_EQUALS:
        return order <= 0;
    case ASL_TEST_GREATER_EQUALS:
        return order >= 0;
    case ASL_TEST_MATCHES:
    case ASL_TEST_IS_NULL:
    case ASL_TEST_IS_PRESENT:
    case ASL_TEST_IS_NUMERIC:
    case ASL_TEST_IS_STRING:
    case ASL_TEST_IS_BOOLEAN:
    case ASL_TEST_IS_TIMESTAMP:
        break;
    }
    return false;
}

static bool compare(const struct asl_operator *op, const cJSON *value, const cJSON *operand)
{
    struct asl_timestamp a, b;

    if (!value || !operand)
        return false;
    switch (op->operand) {
    case ASL_OPERAND_STRING:
        if (!cJSON_IsString(value) || !cJSON_IsString(operand))
            return false;
        if (op->test == ASL_TEST_MATCHES)
            return asl_string_matches(value->valuestring, operand->valuestring);
        return holds(op->test, asl_string_order(value->valuestring, operand->valuestring));
    case ASL_OPERAND_NUMERIC:
        return cJSON_IsNumber(value) && cJSON_IsNumber(operand) &&
               holds(op->test, (value->valuedouble > operand->valuedouble) -
                                   (value->valuedouble < operand->valuedouble));
    case ASL_OPERAND_BOOLEAN:
        return cJSON_IsBool(value) && cJSON_IsBool(operand) &&
               holds(op->test, cJSON_IsTrue(value) != cJSON_IsTrue(operand));
    case ASL_OPERAND_TIMESTAMP:
        return cJSON_IsString(value) && cJSON_IsString(operand) &&
               asl_timestamp_parse(value->valuestring, &a) &&
               asl_timestamp_parse(operand->valuestring, &b) &&
               holds(op->test, asl_timestamp_compare(&a, &b));
    case ASL_OPERAND_TYPE:
        break;
    }
    return false;
}

static bool is_of_type(enum asl_test test, const cJSON *value)
{
    struct asl_timestamp time;

    switch (test) {
    case ASL_TEST_IS_NULL:
        return cJSON_IsNull(value);
    case ASL_TEST_IS_PRESENT:
        return value != NULL;
    case ASL_TEST_IS_NUMERIC:
        return cJSON_IsNumber(value);
    case ASL_TEST_IS_STRING:
        return cJSON_IsString(value);
    case ASL_TEST_IS_BOOLEAN:
        return cJSON_IsBool(value);
    case ASL_TEST_IS_TIMESTAMP:
        return cJSON_IsString(value) && asl_timestamp_parse(value->valuestring, &time);
    case ASL_TEST_EQUALS:
    case ASL_TEST_LESS:
    case ASL_TEST_GREATER:
    case ASL_TEST_LESS_EQUALS:
    case ASL_TEST_GREATER_EQUALS:
    case ASL_TEST_MATCHES:
        break;
    }
    return false;
}

static enum mr_code test_one(const struct asl_rule *rule, struct asl_scope *scope, bool *ret,
                             struct asl_fault *fault)
{
    const cJSON *value = NULL, *operand = rule->operand;
    enum mr_code rc = asl_scope_find(scope, &rule->variable, &value, fault);

    if (rc)
        return rc;
    if (!value && rule->op->test != ASL_TEST_IS_PRESENT)
        return asl_fault_set(fault, ASL_RUNTIME,
                             "Invalid path '%.200s': The choice state's condition path references "
                             "an invalid value.",
                             rule->variable.text);
    if (rule->op->operand == ASL_OPERAND_TYPE) {
        *ret = is_of_type(rule->op->test, value) == (bool)cJSON_IsTrue(operand);
        return MR_OK;
    }
    if (rule->op->path)
        rc = asl_scope_get(scope, &rule->operand_path, rule->op->name, &operand, fault);
    if (rc)
        return rc;
    *ret = compare(rule->op, value, operand);
    return MR_OK;
}

enum mr_code asl_rule_test(const struct asl_rule *rule, struct asl_scope *scope, bool *ret,
                           struct asl_fault *fault)
{
    bool stops_at = rule->kind == ASL_RULE_OR, answer = !stops_at;
    enum mr_code rc = MR_OK;

    if (rule->kind == ASL_RULE_TEST)
        return test_one(rule, scope, ret, fault);
    for (uint32_t i = 0; !rc && i < rule->count; i++) {
        rc = asl_rule_test(&rule->rules[i], scope, &answer, fault);
        if (answer == stops_at)
            break;
    }
    *ret = rule->kind == ASL_RULE_NOT ? !answer : answer;
    return rc;
}
