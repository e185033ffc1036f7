/* path_read_filter.c -- a filter's text.  || binds weakest, then &&, then ! and parentheses. */
#include "orchestrator/asl/path_read.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum mr_code read_or(struct asl_path_reader *r, const struct asl_filter **ret);
static enum mr_code read_literal(struct asl_path_reader *r, cJSON *ret);

static struct asl_filter *new_filter(struct asl_path_reader *r, enum asl_filter_kind kind)
{
    struct asl_filter *filter = asl_arena_take(r->arena, sizeof(*filter));

    if (filter)
        filter->kind = kind;
    return filter;
}

static enum mr_code deeper(struct asl_path_reader *r)
{
    if (++r->depth > ASL_FILTER_DEPTH_MAX)
        return asl_path_wrong(r, "a filter is nested too deep");
    return MR_OK;
}

/* ---- values ------------------------------------------------------------------------------- */

static enum mr_code read_number(struct asl_path_reader *r, cJSON *ret)
{
    char digits[64];
    size_t len = strspn(r->at, "+-.0123456789eE");
    char *end;

    if (len == 0 || len >= sizeof(digits))
        return asl_path_wrong(r, "a filter wants a path from @ or $, a number, a text in quotes, "
                                 "true, false, null or a list");
    memcpy(digits, r->at, len);
    digits[len] = '\0';
    ret->type = cJSON_Number;
    ret->valuedouble = strtod(digits, &end);
    if (*end || !isfinite(ret->valuedouble))
        return asl_path_wrong(r, "a number in a filter is none");
    ret->valueint = ret->valuedouble >= INT32_MAX   ? INT32_MAX
                    : ret->valuedouble <= INT32_MIN ? INT32_MIN
                                                    : (int)ret->valuedouble;
    r->at += len;
    return MR_OK;
}

static bool word(struct asl_path_reader *r, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (tolower((unsigned char)r->at[i]) != text[i])
            return false;
    if (isalnum((unsigned char)r->at[len]) || r->at[len] == '_')
        return false;
    r->at += len;
    return true;
}

/* A member of a list or an object, hung behind *last. */
static enum mr_code read_member(struct asl_path_reader *r, cJSON *into, cJSON **last)
{
    cJSON *item = asl_arena_take(r->arena, sizeof(*item));
    enum mr_code rc = MR_OK;
    const char *key;

    if (!item)
        return asl_path_no_memory(r);
    if (into->type == cJSON_Object) {
        if (*r->at != '\'' && *r->at != '"')
            return asl_path_wrong(r, "a name in quotes is missing");
        rc = asl_path_read_quoted(r, &key);
        if (rc)
            return rc;
        item->string = (char *)(uintptr_t)key; /* in the arena: nobody changes or frees it */
        asl_path_blanks(r);
        if (*r->at != ':')
            return asl_path_wrong(r, "':' is missing");
        r->at++;
        asl_path_blanks(r);
    }
    rc = read_literal(r, item);
    if (*last)
        (*last)->next = item;
    else
        into->child = item;
    item->prev = *last;
    *last = item;
    return rc;
}

/* [1, 'a'] or {"a": 1}, the reader at its bracket. */
static enum mr_code read_list(struct asl_path_reader *r, cJSON *ret)
{
    char end = *r->at == '[' ? ']' : '}';
    cJSON *last = NULL;
    enum mr_code rc = deeper(r);

    ret->type = end == ']' ? cJSON_Array : cJSON_Object;
    r->at++;
    asl_path_blanks(r);
    while (!rc && *r->at != end) {
        rc = read_member(r, ret, &last);
        if (rc)
            return rc;
        asl_path_blanks(r);
        if (*r->at != ',' && *r->at != end)
            return asl_path_wrong(r, "a list is not closed");
        if (*r->at == ',') {
            r->at++;
            asl_path_blanks(r);
        }
    }
    if (last)
        ret->child->prev = last; /* as cJSON keeps it */
    r->at += !rc;
    r->depth--;
    return rc;
}

static enum mr_code read_literal(struct asl_path_reader *r, cJSON *ret)
{
    const char *text;
    enum mr_code rc;

    if (*r->at == '[' || *r->at == '{')
        return read_list(r, ret);
    if (*r->at == '\'' || *r->at == '"') {
        rc = asl_path_read_quoted(r, &text);
        ret->type = cJSON_String;
        ret->valuestring = rc ? NULL : (char *)(uintptr_t)text; /* likewise */
        return rc;
    }
    if (word(r, "true"))
        ret->type = cJSON_True;
    else if (word(r, "false"))
        ret->type = cJSON_False;
    else if (word(r, "null"))
        ret->type = cJSON_NULL;
    else
        return read_number(r, ret);
    return MR_OK;
}

static enum mr_code read_value(struct asl_path_reader *r, struct asl_filter_value *ret)
{
    struct asl_path *path;
    cJSON *json;
    enum mr_code rc;

    if (*r->at != '@' && *r->at != '$') {
        json = asl_arena_take(r->arena, sizeof(*json));
        ret->json = json;
        return json ? read_literal(r, json) : asl_path_no_memory(r);
    }
    path = asl_arena_take(r->arena, sizeof(*path));
    if (!path)
        return asl_path_no_memory(r);
    ret->path = path;
    ret->root = *r->at == '$';
    path->text = r->at++;
    rc = deeper(r);
    if (!rc)
        rc = asl_path_read_parts(r, true, path);
    r->depth--;
    return rc;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* Behind ==, < and their like a text may stand without quotes, up to the end of its condition, as
 * in @.kind==photo && @.size>1: how much of it is there, 0 where another value stands.  What reads
 * as a number, true, false or null is that; /x/ is a regular expression, which stands behind =~. */
static size_t bare_len(const char *text)
{
    size_t len = strcspn(text, "()[]{}'\"@$&|");
    char *end = NULL;

    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    if (len && *text == '/' && text[len - 1] == '/')
        return 0;
    if (is_word(text, len, "true") || is_word(text, len, "false") || is_word(text, len, "null"))
        return 0;
    if (strspn(text, "+-.0123456789eE") >= len)
        (void)strtod(text, &end);
    return end == text + len ? 0 : len;
}

static enum mr_code read_operand(struct asl_path_reader *r, struct asl_filter_value *ret)
{
    size_t len = bare_len(r->at);
    cJSON *json;

    if (!len)
        return read_value(r, ret);
    json = asl_arena_take(r->arena, sizeof(*json));
    if (!json)
        return asl_path_no_memory(r);
    json->type = cJSON_String;
    json->valuestring = asl_arena_copy(r->arena, r->at, len);
    r->at += len;
    ret->json = json;
    return json->valuestring ? MR_OK : asl_path_no_memory(r);
}

/* ---- conditions --------------------------------------------------------------------------- */

static bool read_op(struct asl_path_reader *r, enum asl_filter_op *ret)
{
    static const struct {
        const char *text;
        enum asl_filter_op op;
    } signs[] = {
        {"===", ASL_OP_SAME}, {"!==", ASL_OP_NOT_SAME}, {"==", ASL_OP_EQ}, {"!=", ASL_OP_NE},
        {"<=", ASL_OP_LE},    {">=", ASL_OP_GE},        {"<", ASL_OP_LT},  {">", ASL_OP_GT},
    };
    static const struct {
        const char *text;
        enum asl_filter_op op;
    } words[] = {
        {"in", ASL_OP_IN},       {"nin", ASL_OP_NIN},       {"subsetof", ASL_OP_SUBSETOF},
        {"anyof", ASL_OP_ANYOF}, {"noneof", ASL_OP_NONEOF}, {"contains", ASL_OP_CONTAINS},
        {"size", ASL_OP_SIZE},   {"empty", ASL_OP_EMPTY},
    };

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        size_t len = strlen(signs[i].text);
        if (strncmp(r->at, signs[i].text, len) != 0)
            continue;
        r->at += len;
        *ret = signs[i].op;
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!word(r, words[i].text))
            continue;
        *ret = words[i].op;
        return true;
    }
    return false;
}

/* /pattern/ and perhaps i. */
static enum mr_code read_regex(struct asl_path_reader *r, const struct asl_regex **ret)
{
    const char *start, *why;
    char *pattern;
    size_t len = 0;

    if (*r->at != '/')
        return asl_path_wrong(r, "behind =~ stands /a regular expression/");
    start = ++r->at;
    pattern = asl_arena_take(r->arena, strcspn(start, "") + 1);
    if (!pattern)
        return asl_path_no_memory(r);
    for (; *r->at && *r->at != '/'; r->at++) { /* a slash in it is written behind a backslash */
        if (r->at[0] == '\\' && r->at[1] == '/')
            r->at++;
        else if (r->at[0] == '\\' && r->at[1])
            pattern[len++] = *r->at++;
        pattern[len++] = *r->at;
    }
    if (!*r->at)
        return asl_path_wrong(r, "a regular expression is not closed");
    r->at++;
    *ret = asl_regex_parse(r->arena, pattern, len, *r->at == 'i', &why);
    r->at += *r->at == 'i';
    if (!*ret && why)
        return mr_fail(r->err, MR_INVALID,
                       "'%.120s' is not a valid path: its regular expression: %s", r->text, why);
    return *ret ? MR_OK : asl_path_no_memory(r);
}

static enum mr_code read_test(struct asl_path_reader *r, const struct asl_filter **ret)
{
    struct asl_filter *filter = new_filter(r, ASL_FILTER_EXISTS);
    enum mr_code rc;

    if (!filter)
        return asl_path_no_memory(r);
    *ret = filter;
    rc = read_value(r, &filter->a);
    if (rc)
        return rc;
    asl_path_blanks(r);
    if (read_op(r, &filter->op)) {
        filter->kind = ASL_FILTER_COMPARE;
        asl_path_blanks(r);
        return filter->op <= ASL_OP_GE ? read_operand(r, &filter->b) : read_value(r, &filter->b);
    }
    if (strncmp(r->at, "=~", 2) == 0) {
        r->at += 2;
        asl_path_blanks(r);
        filter->kind = ASL_FILTER_COMPARE;
        filter->op = ASL_OP_MATCHES;
        return read_regex(r, &filter->b.regex);
    }
    if (!filter->a.path)
        return asl_path_wrong(r, "a condition is a path, or a comparison");
    return MR_OK;
}

static enum mr_code read_term(struct asl_path_reader *r, const struct asl_filter **ret)
{
    struct asl_filter *filter;
    enum mr_code rc = deeper(r);

    if (rc)
        return rc;
    asl_path_blanks(r);
    if (*r->at == '!') {
        r->at++;
        *ret = filter = new_filter(r, ASL_FILTER_NOT);
        rc = filter ? read_term(r, &filter->left) : asl_path_no_memory(r);
    } else if (*r->at == '(') {
        r->at++;
        rc = read_or(r, ret);
        if (!rc && *r->at != ')')
            rc = asl_path_wrong(r, "')' is missing");
        r->at += !rc;
    } else {
        rc = read_test(r, ret);
    }
    r->depth--;
    if (!rc)
        asl_path_blanks(r);
    return rc;
}

/* Terms with && between them, or, of these, with || between them. */
static enum mr_code read_chain(struct asl_path_reader *r, enum asl_filter_kind kind,
                               const struct asl_filter **ret)
{
    bool and = kind == ASL_FILTER_AND;
    const struct asl_filter *left = NULL;
    enum mr_code rc = and ? read_term(r, &left) : read_chain(r, ASL_FILTER_AND, &left);

    while (!rc && strncmp(r->at, and? "&&" : "||", 2) == 0) {
        struct asl_filter *filter = new_filter(r, kind);
        if (!filter)
            return asl_path_no_memory(r);
        r->at += 2;
        filter->left = left;
        rc = and ? read_term(r, &filter->right) : read_chain(r, ASL_FILTER_AND, &filter->right);
        left = filter;
    }
    *ret = left;
    return rc;
}

static enum mr_code read_or(struct asl_path_reader *r, const struct asl_filter **ret)
{
    return read_chain(r, ASL_FILTER_OR, ret);
}

enum mr_code asl_path_read_filter(struct asl_path_reader *r, const struct asl_filter **ret)
{
    return read_or(r, ret);
}
