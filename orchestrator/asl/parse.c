/* parse.c -- the readers of single fields, and where they report what they find. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"
#include "common/base/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUGGESTIONS_MAX = 20 };

static void append(struct asl_parser *parser, char c)
{
    if (parser->at_len + 1 < sizeof(parser->at))
        parser->at[parser->at_len++] = c;
    parser->at[parser->at_len] = '\0';
}

size_t asl_at(struct asl_parser *parser, const char *token)
{
    size_t mark = parser->at_len;

    append(parser, '/');
    for (; *token; token++) {
        if (*token == '~' || *token == '/') {
            append(parser, '~');
            append(parser, *token == '~' ? '0' : '1');
        } else {
            append(parser, *token);
        }
    }
    return mark;
}

size_t asl_at_index(struct asl_parser *parser, uint32_t index)
{
    char token[16];

    (void)snprintf(token, sizeof(token), "%u", index);
    return asl_at(parser, token);
}

void asl_at_leave(struct asl_parser *parser, size_t mark)
{
    parser->at_len = mark;
    parser->at[mark] = '\0';
}

static void add(struct asl_parser *parser, enum asl_severity severity, const char *code,
                const char *fmt, va_list args)
{
    if (!asl_diagnostics_add(parser->diags, severity, code, parser->at_len ? parser->at : "/", fmt,
                             args))
        parser->no_memory = true;
}

void asl_warn(struct asl_parser *parser, const char *code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(parser, ASL_SEVERITY_WARNING, code, fmt, args);
    va_end(args);
}

bool asl_report(struct asl_parser *parser, const char *code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(parser, ASL_SEVERITY_ERROR, code, fmt, args);
    va_end(args);
    return false;
}

bool asl_report_later(struct asl_parser *parser, const char *code, const char *message)
{
    return parser->options.admitted || asl_report(parser, code, "%s", message);
}

bool asl_report_at(struct asl_parser *parser, const char *name, const char *code, const char *fmt,
                   ...)
{
    size_t mark = asl_at(parser, name);
    va_list args;

    va_start(args, fmt);
    add(parser, ASL_SEVERITY_ERROR, code, fmt, args);
    va_end(args);
    asl_at_leave(parser, mark);
    return false;
}

struct asl_suggestion asl_suggest(const struct asl_parser *parser, const char *word)
{
    return (struct asl_suggestion){.word = parser->diags->count < SUGGESTIONS_MAX ? word : NULL};
}

void *asl_take(struct asl_parser *parser, size_t size)
{
    void *piece = asl_arena_take(&parser->machine->arena, size);

    if (!piece)
        parser->no_memory = true;
    return piece;
}

bool asl_read_str(struct asl_parser *parser, const cJSON *object, const char *name,
                  const char **ret)
{
    const cJSON *item = mr_json_get(object, name);

    if (!item)
        return true;
    if (!cJSON_IsString(item))
        return asl_report_at(parser, name, ASL_SCHEMA, "Expected value of type String");
    *ret = item->valuestring;
    return true;
}

bool asl_read_bool(struct asl_parser *parser, const cJSON *object, const char *name, bool *ret)
{
    const cJSON *item = mr_json_get(object, name);

    if (!item)
        return true;
    if (!cJSON_IsBool(item))
        return asl_report_at(parser, name, ASL_SCHEMA, "Expected value of type Boolean");
    *ret = cJSON_IsTrue(item);
    return true;
}

bool asl_read_int(struct asl_parser *parser, const cJSON *object, const char *name, int64_t min,
                  int64_t max, int64_t *ret)
{
    const cJSON *item = mr_json_get(object, name);

    if (!item)
        return true;
    if (!cJSON_IsNumber(item) || item->valuedouble != floor(item->valuedouble))
        return asl_report_at(parser, name, ASL_SCHEMA, "Expected value of type Integer");
    if (item->valuedouble < (double)min || item->valuedouble > (double)max)
        return asl_report_at(parser, name, ASL_SCHEMA,
                             "%.17g is out of range: from %lld to %lld is allowed",
                             item->valuedouble, (long long)min, (long long)max);
    *ret = (int64_t)item->valuedouble;
    return true;
}

enum mr_code asl_parse_path(struct asl_parser *parser, const char *text, struct asl_path *ret,
                            struct mr_error *err)
{
    enum mr_code rc = asl_path_parse(&parser->machine->arena, text, ret, err);

    if (!rc && ret->variable) {
        ret->variable = asl_name_variable(parser, ret->variable);
        if (!ret->variable || !asl_note_variable(parser, ret->variable))
            rc = mr_fail(err, MR_NO_MEMORY, "no memory for a path");
    }
    if (rc == MR_NO_MEMORY)
        parser->no_memory = true;
    return rc;
}

static bool adopt(struct asl_parser *parser, struct asl_intrinsic *call)
{
    call->number = parser->machine->calls++;
    for (uint32_t i = 0; i < call->count; i++) {
        struct asl_argument *arg = &call->args[i];
        if (arg->call && !adopt(parser, arg->call))
            return false;
        if (!arg->path || !arg->path->variable)
            continue;
        arg->path->variable = asl_name_variable(parser, arg->path->variable);
        if (!arg->path->variable || !asl_note_variable(parser, arg->path->variable))
            return false;
    }
    return true;
}

enum mr_code asl_parse_intrinsic(struct asl_parser *parser, const char *text,
                                 struct asl_intrinsic **ret, struct mr_error *err)
{
    enum mr_code rc = asl_intrinsic_parse(&parser->machine->arena, text, ret, err);

    if (!rc && !adopt(parser, *ret))
        rc = mr_fail(err, MR_NO_MEMORY, "no memory for an intrinsic function call");
    if (rc == MR_NO_MEMORY)
        parser->no_memory = true;
    return rc;
}

bool asl_read_path(struct asl_parser *parser, const cJSON *object, const char *name, unsigned rules,
                   struct asl_path **ret)
{
    const cJSON *item = mr_json_get(object, name);
    struct asl_path *path;
    struct mr_error err;
    enum mr_code rc;

    if (!item)
        return true;
    path = asl_take(parser, sizeof(*path));
    if (!path)
        return false;
    if ((rules & ASL_PATH_NULLABLE) && cJSON_IsNull(item)) {
        path->null = true;
        path->text = "null";
        *ret = path;
        return true;
    }
    if (!cJSON_IsString(item))
        return asl_report_at(parser, name, ASL_SCHEMA, "Expected a path, as text%s",
                             rules & ASL_PATH_NULLABLE ? ", or null" : "");
    rc = asl_parse_path(parser, item->valuestring, path, &err);
    if (rc)
        return asl_report_at(parser, name, ASL_SCHEMA, "%s", err.text);
    if ((rules & ASL_PATH_REFERENCE) && !path->reference)
        return asl_report_at(
            parser, name, ASL_SCHEMA,
            "'%.120s' is not a reference path: only names and indexes may stand in "
            "one",
            path->text);
    if ((rules & ASL_PATH_REFERENCE) && (path->context || path->variable))
        return asl_report_at(parser, name, ASL_SCHEMA,
                             "'%.120s' is not allowed: %s cannot be written to", path->text,
                             path->context ? "the context object" : "a variable");
    *ret = path;
    return true;
}

bool asl_read_number(struct asl_parser *parser, const cJSON *object, const char *name, int64_t min,
                     struct asl_number *ret)
{
    char path_name[64];

    (void)snprintf(path_name, sizeof(path_name), "%sPath", name);
    if (mr_json_get(object, name) && mr_json_get(object, path_name))
        return asl_report(parser, ASL_SCHEMA, "Only one of %s and %s may be given", name,
                          path_name);
    ret->set = mr_json_get(object, name) || mr_json_get(object, path_name);
    return asl_read_int(parser, object, name, min, ASL_SECONDS_MAX, &ret->n) &&
           asl_read_path(parser, object, path_name, ASL_PATH_ANY, &ret->path);
}

bool asl_check_count_path(struct asl_parser *parser, const char *name, const struct asl_path *path)
{
    size_t mark;
    bool ok;

    if (!path || (path->reference && !path->context))
        return true;
    mark = asl_at(parser, name);
    ok = asl_report_later(parser, ASL_SCHEMA,
                          "Value is not a Reference Path: only names and indexes may stand in one, "
                          "and it does not lead into the context object");
    asl_at_leave(parser, mark);
    return ok;
}

static bool refuse_field(struct asl_parser *parser, const char *field, const char *const *names)
{
    struct asl_suggestion suggestion = asl_suggest(parser, field);

    for (; *names; names++)
        asl_suggest_offer(&suggestion, *names);
    return asl_report_at(parser, field, ASL_SCHEMA, "Field '%.80s' is not supported here%s%.80s%s",
                         field, ASL_SUGGESTED(suggestion));
}

bool asl_read_known(struct asl_parser *parser, const cJSON *object, const char *const *names)
{
    bool ok = true;

    for (const cJSON *item = object->child; item; item = item->next) {
        const char *const *name = names;
        while (*name && strcmp(*name, item->string) != 0)
            name++;
        if (!*name)
            ok = refuse_field(parser, item->string, names);
    }
    return ok;
}
