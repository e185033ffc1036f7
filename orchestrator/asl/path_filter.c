/* path_filter.c -- what a filter accepts.  path_parse.c and path_parse_filter.c read filters. */
#include "orchestrator/asl/path_filter.h"

#include "orchestrator/asl/choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- two values --------------------------------------------------------------------------- */

/* Of the whole text. */
static bool number_in(const char *text, double *ret)
{
    char *end;

    if (!(*text == '-' || *text == '+' || *text == '.' || (*text >= '0' && *text <= '9')) ||
        strpbrk(text, "xXnN"))
        return false; /* strtod() knows more numbers than JSON does */
    *ret = strtod(text, &end);
    return end != text && *end == '\0';
}

static bool deep_equal(struct asl_walk *walk, const cJSON *a, const cJSON *b);

static bool equal_members(struct asl_walk *walk, const cJSON *a, const cJSON *b)
{
    const cJSON *other = b->child;

    if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
        return false;
    for (const cJSON *item = a->child; item; item = item->next) {
        if (cJSON_IsObject(a))
            other = other && strcmp(other->string, item->string) == 0
                        ? other /* mostly they stand in the same order */
                        : asl_walk_member(walk, b, item->string);
        if (!other || !deep_equal(walk, item, other))
            return false;
        other = other->next;
    }
    return true;
}

/* Of one type and value. */
static bool deep_equal(struct asl_walk *walk, const cJSON *a, const cJSON *b)
{
    if (!asl_walk_visit(walk) || (a->type & 0xFF) != (b->type & 0xFF))
        return false;
    if (cJSON_IsString(a))
        return strcmp(a->valuestring, b->valuestring) == 0;
    if (cJSON_IsNumber(a))
        return a->valuedouble >= b->valuedouble && a->valuedouble <= b->valuedouble;
    return a->child || b->child ? equal_members(walk, a, b) : true;
}

/* A number and a text are equal when the text reads as that number. */
static bool equal(struct asl_walk *walk, const cJSON *a, const cJSON *b)
{
    double number;

    if (cJSON_IsString(a) && cJSON_IsNumber(b)) {
        const cJSON *text = a;
        a = b;
        b = text;
    }
    if (cJSON_IsNumber(a) && cJSON_IsString(b))
        return number_in(b->valuestring, &number) && a->valuedouble >= number &&
               a->valuedouble <= number;
    return deep_equal(walk, a, b);
}

/* Whether the two have an order; it is then in *ret. */
static bool order(const cJSON *a, const cJSON *b, int *ret)
{
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b))
        *ret = (a->valuedouble > b->valuedouble) - (a->valuedouble < b->valuedouble);
    else if (cJSON_IsString(a) && cJSON_IsString(b))
        *ret = asl_string_order(a->valuestring, b->valuestring);
    else
        return false;
    return true;
}

static bool is_in(struct asl_walk *walk, const cJSON *value, const cJSON *list)
{
    for (const cJSON *item = cJSON_IsArray(list) ? list->child : NULL; item && !walk->rc;
         item = item->next)
        if (equal(walk, value, item))
            return true;
    return false;
}

/* How many of the list few are in the list many. */
static int count_in(struct asl_walk *walk, const cJSON *few, const cJSON *many)
{
    int count = 0;

    for (const cJSON *item = few->child; item && !walk->rc; item = item->next)
        count += is_in(walk, item, many);
    return count;
}

static bool overlap(struct asl_walk *walk, enum asl_filter_op op, const cJSON *a, const cJSON *b)
{
    int count;

    if (!cJSON_IsArray(a) || !cJSON_IsArray(b))
        return false;
    count = count_in(walk, a, b);
    if (op == ASL_OP_SUBSETOF)
        return count == cJSON_GetArraySize(a);
    return op == ASL_OP_ANYOF ? count > 0 : count == 0;
}

/* Of a text in characters, of a list in items; -1: it has none. */
static int size_of(const cJSON *value)
{
    int size = 0;

    if (cJSON_IsArray(value))
        return cJSON_GetArraySize(value);
    if (!cJSON_IsString(value))
        return -1;
    for (const char *p = value->valuestring; *p; p++)
        size += ((unsigned char)*p & 0xC0) != 0x80;
    return size;
}

static bool compare(struct asl_walk *walk, enum asl_filter_op op, const cJSON *a, const cJSON *b)
{
    int sign;

    switch (op) {
    case ASL_OP_EQ:
        return equal(walk, a, b);
    case ASL_OP_NE:
        return !equal(walk, a, b);
    case ASL_OP_SAME:
        return deep_equal(walk, a, b);
    case ASL_OP_NOT_SAME:
        return !deep_equal(walk, a, b);
    case ASL_OP_LT:
        return order(a, b, &sign) && sign < 0;
    case ASL_OP_LE:
        return order(a, b, &sign) && sign <= 0;
    case ASL_OP_GT:
        return order(a, b, &sign) && sign > 0;
    case ASL_OP_GE:
        return order(a, b, &sign) && sign >= 0;
    case ASL_OP_IN:
        return is_in(walk, a, b);
    case ASL_OP_NIN:
        return !is_in(walk, a, b);
    case ASL_OP_SUBSETOF:
    case ASL_OP_ANYOF:
    case ASL_OP_NONEOF:
        return overlap(walk, op, a, b);
    case ASL_OP_CONTAINS:
        if (cJSON_IsString(a) && cJSON_IsString(b))
            return strstr(a->valuestring, b->valuestring) != NULL;
        return is_in(walk, b, a);
    case ASL_OP_SIZE:
        return cJSON_IsNumber(b) && size_of(a) >= 0 && size_of(a) == b->valueint;
    case ASL_OP_MATCHES: /* asked of a regex, not of a value */
        return false;
    case ASL_OP_EMPTY:
        return cJSON_IsBool(b) && (cJSON_IsObject(a) || size_of(a) >= 0) &&
               (cJSON_IsObject(a) ? !a->child : size_of(a) == 0) == (bool)cJSON_IsTrue(b);
    }
    return false;
}

/* ---- filters ------------------------------------------------------------------------------ */

/* NULL: nothing is there. */
static const cJSON *value_of(struct asl_walk *walk, const struct asl_filter_value *value,
                             const cJSON *node)
{
    const cJSON *ret;
    bool missing;

    if (!value->path)
        return value->json;
    ret = asl_walk_inner(walk, value->path, value->root ? walk->root : node, &missing);
    return missing ? NULL : ret;
}

static bool matches(struct asl_walk *walk, const struct asl_filter *filter, const cJSON *node)
{
    const cJSON *a = value_of(walk, &filter->a, node);
    uint64_t work = 0;
    bool holds =
        a && cJSON_IsString(a) && asl_regex_matches(filter->b.regex, a->valuestring, &work);

    asl_walk_pay(walk, work);
    return holds;
}

/* Where one side is nothing, only "is not equal" and "is not in" hold. */
static bool compare_values(struct asl_walk *walk, const struct asl_filter *filter,
                           const cJSON *node)
{
    const cJSON *a, *b;

    if (filter->op == ASL_OP_MATCHES)
        return matches(walk, filter, node);
    a = value_of(walk, &filter->a, node);
    b = value_of(walk, &filter->b, node);
    if (a && b)
        return compare(walk, filter->op, a, b);
    return filter->op == ASL_OP_NE || filter->op == ASL_OP_NOT_SAME || filter->op == ASL_OP_NIN;
}

bool asl_filter_accepts(struct asl_walk *walk, const struct asl_filter *filter, const cJSON *node)
{
    if (!asl_walk_visit(walk))
        return false;
    switch (filter->kind) {
    case ASL_FILTER_AND:
        return asl_filter_accepts(walk, filter->left, node) &&
               asl_filter_accepts(walk, filter->right, node);
    case ASL_FILTER_OR:
        return asl_filter_accepts(walk, filter->left, node) ||
               asl_filter_accepts(walk, filter->right, node);
    case ASL_FILTER_NOT:
        return !asl_filter_accepts(walk, filter->left, node);
    case ASL_FILTER_EXISTS:
        return value_of(walk, &filter->a, node) != NULL;
    case ASL_FILTER_COMPARE:
        return compare_values(walk, filter, node);
    }
    return false;
}
