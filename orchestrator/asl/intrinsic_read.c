/* intrinsic_read.c -- a call's text: States.Name(argument, ...), where an argument is a 'string', a
 * number, true, false, null, a path or a call. */
#include "orchestrator/asl/intrinsic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct asl_arena *arena;
    const char *text;
    const char *at;
    unsigned depth;
    struct mr_error *err;
};

static enum mr_code read_call(struct reader *r, struct asl_intrinsic **ret);

static enum mr_code wrong(struct reader *r, const char *why)
{
    return mr_fail(r->err, MR_INVALID, "'%.120s' is not a valid intrinsic function call: %s",
                   r->text, why);
}

static enum mr_code no_memory(struct reader *r)
{
    return mr_fail(r->err, MR_NO_MEMORY, "no memory for an intrinsic function call");
}

static void blanks(struct reader *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')
        r->at++;
}

/* Between quotes; ' { } and \ are written behind a backslash, which means nothing else.  raw:
 * escapes stay as they are. */
static enum mr_code read_string(struct reader *r, bool raw, cJSON *ret)
{
    char *text = asl_arena_take(r->arena, strcspn(r->at + 1, "") + 1);
    size_t len = 0;

    if (!text)
        return no_memory(r);
    for (r->at++; *r->at != '\''; r->at++) {
        if (!*r->at)
            return wrong(r, "a quote is not closed");
        if (*r->at == '\\') {
            if (!r->at[1] || !strchr("'{}\\", r->at[1]))
                return wrong(r, "behind a backslash stands ', {, } or another one");
            if (raw)
                text[len++] = *r->at;
            r->at++;
        }
        text[len++] = *r->at;
    }
    r->at++;
    ret->type = cJSON_String;
    ret->valuestring = text;
    return MR_OK;
}

static enum mr_code read_number(struct reader *r, cJSON *ret)
{
    char digits[64], *end;
    size_t len = strspn(r->at, "+-.0123456789eE");

    if (len == 0 || len >= sizeof(digits))
        return wrong(r, "an argument is a 'string', a number, true, false, null, a path or a call");
    memcpy(digits, r->at, len);
    digits[len] = '\0';
    ret->type = cJSON_Number;
    ret->valuedouble = strtod(digits, &end);
    if (*end || !isfinite(ret->valuedouble) || fabs(ret->valuedouble) > 9007199254740991.0)
        return wrong(r, "a number is none, or too large");
    ret->valueint = (int)fmax(fmin(ret->valuedouble, INT32_MAX), INT32_MIN);
    r->at += len;
    return MR_OK;
}

static bool word(struct reader *r, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(r->at, text, len) != 0)
        return false;
    r->at += len;
    return true;
}

static enum mr_code read_literal(struct reader *r, bool raw, struct asl_argument *ret)
{
    cJSON *json = asl_arena_take(r->arena, sizeof(*json));

    if (!json)
        return no_memory(r);
    ret->json = json;
    if (*r->at == '\'')
        return read_string(r, raw, json);
    if (word(r, "true"))
        json->type = cJSON_True;
    else if (word(r, "false"))
        json->type = cJSON_False;
    else if (word(r, "null"))
        json->type = cJSON_NULL;
    else
        return read_number(r, json);
    return MR_OK;
}

/* Where a path ends: at a comma, a blank or a parenthesis that it did not open; brackets and quotes
 * hide all of these. */
static size_t path_len(const char *text)
{
    const char *p = text;
    char quote = '\0';
    int brackets = 0, parentheses = 0;

    for (; *p; p++) {
        if (quote) {
            if (*p == '\\' && p[1])
                p++;
            else if (*p == quote)
                quote = '\0';
        } else if (brackets > 0 && (*p == '\'' || *p == '"')) {
            quote = *p;
        } else if (*p == '[' || *p == ']') {
            brackets += *p == '[' ? 1 : -1;
        } else if (*p == '(') {
            parentheses++;
        } else if (*p == ')' && parentheses > 0) {
            parentheses--;
        } else if (brackets <= 0 && (*p == ',' || *p == ')' || *p == ' ')) {
            break;
        }
    }
    return (size_t)(p - text);
}

static enum mr_code read_path(struct reader *r, struct asl_argument *ret)
{
    size_t len = path_len(r->at);
    char *text = asl_arena_copy(r->arena, r->at, len);

    ret->path = asl_arena_take(r->arena, sizeof(*ret->path));
    if (!text || !ret->path)
        return no_memory(r);
    r->at += len;
    return asl_path_parse(r->arena, text, ret->path, r->err);
}

static enum mr_code read_argument(struct reader *r, bool raw, struct asl_argument *ret)
{
    struct asl_intrinsic *call = NULL;
    enum mr_code rc;

    if (*r->at == '$')
        return read_path(r, ret);
    if (!asl_intrinsic_is(r->at))
        return read_literal(r, raw, ret);
    rc = read_call(r, &call);
    ret->call = call;
    return rc;
}

/* The arguments and the ')'. */
static enum mr_code read_arguments(struct reader *r, struct asl_intrinsic *call)
{
    struct asl_argument args[ASL_INTRINSIC_ARGS_MAX];
    enum mr_code rc;

    blanks(r);
    while (*r->at != ')') {
        if (call->count == ASL_INTRINSIC_ARGS_MAX)
            return wrong(r, "it has too many arguments");
        args[call->count] = (struct asl_argument){0};
        rc = read_argument(r, call->count == 0 && asl_function_formats(call->function),
                           &args[call->count]);
        if (rc)
            return rc;
        call->count++;
        blanks(r);
        if (*r->at == ')')
            break;
        if (*r->at != ',')
            return wrong(r, "between arguments stands ',', behind the last one ')'");
        r->at++;
        blanks(r);
        if (*r->at == ')')
            return wrong(r, "an argument is missing");
    }
    r->at++;
    call->args = asl_arena_take(r->arena, call->count * sizeof(*call->args) + 1);
    if (!call->args)
        return no_memory(r);
    if (call->count > 0)
        memcpy(call->args, args, call->count * sizeof(*call->args));
    return MR_OK;
}

/* States.Format('{}') needs a value for each {}. */
static bool pattern_fits(const struct asl_intrinsic *call)
{
    const cJSON *pattern = call->args[0].json;
    uint32_t holes = 0;

    if (!pattern || call->args[0].call || call->args[0].path || !cJSON_IsString(pattern))
        return true; /* nobody knows yet */
    for (const char *p = pattern->valuestring; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (p[0] == '{' && p[1] == '}')
            holes++;
    }
    return holes == call->count - 1;
}

static enum mr_code read_call(struct reader *r, struct asl_intrinsic **ret)
{
    struct asl_intrinsic *call = asl_arena_take(r->arena, sizeof(*call));
    const char *start = r->at, *name = r->at + 7, *wanted;
    size_t len = strcspn(name, "( \t,)");
    enum mr_code rc;

    if (!call)
        return no_memory(r);
    if (++r->depth > ASL_INTRINSIC_DEPTH_MAX)
        return wrong(r, "calls are nested too deep");
    call->function = asl_function_find(name, len);
    if (!call->function)
        return wrong(r, "there is no such function");
    r->at = name + len;
    blanks(r);
    if (*r->at != '(')
        return wrong(r, "'(' is missing");
    r->at++;
    rc = read_arguments(r, call);
    if (rc)
        return rc;
    if (!asl_function_takes(call->function, call->count, &wanted))
        return mr_fail(r->err, MR_INVALID,
                       "'%.120s' is not a valid intrinsic function call: %u arguments are given, "
                       "and it takes %s",
                       r->text, call->count, wanted);
    if (asl_function_formats(call->function) && !pattern_fits(call))
        return wrong(r, "the number of {} is not that of the values");
    call->text = asl_arena_copy(r->arena, start, (size_t)(r->at - start));
    if (!call->text)
        return no_memory(r);
    r->depth--;
    *ret = call;
    return MR_OK;
}

enum mr_code asl_intrinsic_parse(struct asl_arena *arena, const char *text,
                                 struct asl_intrinsic **ret, struct mr_error *err)
{
    struct reader r = {.arena = arena, .text = text, .at = text, .err = err};
    struct asl_intrinsic *call = NULL;
    enum mr_code rc;

    if (!asl_intrinsic_is(text))
        return wrong(&r, "it begins with 'States.'");
    rc = read_call(&r, &call);
    if (rc)
        return rc;
    blanks(&r);
    if (*r.at)
        return wrong(&r, "something stands behind it");
    *ret = call;
    return MR_OK;
}
