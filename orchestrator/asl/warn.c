/* warn.c -- what a definition may say but hardly means: told where somebody asks for diagnostics,
 * and no reason to refuse it.  Looks at the text as it was written, once it is known to be right.
 */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <string.h>

static bool ends_in_path(const char *key)
{
    size_t len = strlen(key);

    return len > 2 && strcmp(key + len - 2, ".$") == 0;
}

static bool looks_like_a_path(const cJSON *item)
{
    const char *text = cJSON_GetStringValue(item);

    return text &&
           (strncmp(text, "$.", 2) == 0 || strncmp(text, "$$.", 3) == 0 || strcmp(text, "$") == 0 ||
            strcmp(text, "$$") == 0 || (strncmp(text, "States.", 7) == 0 && strchr(text, '(')));
}

/* Nesting is bounded by the JSON check, here and below. */
static void warn_template(struct asl_parser *parser, const cJSON *json)
{
    uint32_t i = 0;

    for (const cJSON *item = json->child; item; item = item->next, i++) {
        size_t mark = cJSON_IsObject(json) ? asl_at(parser, item->string) : asl_at_index(parser, i);
        if (cJSON_IsObject(json) && !ends_in_path(item->string) && looks_like_a_path(item))
            asl_warn(parser, "NO_DOLLAR",
                     "The value looks like a path or an intrinsic function, and is a plain text: "
                     "the field's name must end in .$ for it to be followed");
        warn_template(parser, item);
        asl_at_leave(parser, mark);
    }
}

static void warn_result(struct asl_parser *parser, const cJSON *json)
{
    uint32_t i = 0;

    for (const cJSON *item = json->child; item; item = item->next, i++) {
        size_t mark = cJSON_IsObject(json) ? asl_at(parser, item->string) : asl_at_index(parser, i);
        if (cJSON_IsObject(json) && ends_in_path(item->string) && looks_like_a_path(item))
            asl_warn(parser, "PASS_RESULT_IS_STATIC",
                     "A Result is handed on as it is written: Parameters would follow this path");
        warn_result(parser, item);
        asl_at_leave(parser, mark);
    }
}

static void warn_errors(struct asl_parser *parser, const cJSON *state, const char *field,
                        const char *verb)
{
    const cJSON *entry, *name;
    uint32_t i = 0;

    cJSON_ArrayForEach(entry, mr_json_get(state, field))
    {
        size_t mark = asl_at(parser, field);
        (void)asl_at_index(parser, i++);
        (void)asl_at(parser, "ErrorEquals");
        cJSON_ArrayForEach(name, mr_json_get(entry, "ErrorEquals"))
        {
            if (cJSON_IsString(name) && strcmp(name->valuestring, "States.Runtime") == 0)
                asl_warn(parser, "RUNTIME_IS_FINAL", "States.Runtime is never %s", verb);
        }
        asl_at_leave(parser, mark);
    }
}

static void warn_no_path(struct asl_parser *parser, const cJSON *object, const char *field)
{
    size_t mark = asl_at(parser, field);

    if (looks_like_a_path(mr_json_get(object, field)))
        asl_warn(parser, "NO_PATH",
                 "The value looks like a path, and is a plain text: %sPath would follow it", field);
    asl_at_leave(parser, mark);
}

/* Comparisons with a text, however deep in And, Or and Not. */
static void warn_rule(struct asl_parser *parser, const cJSON *rule)
{
    const cJSON *item, *inner, *list;
    uint32_t i = 0;
    size_t mark;

    cJSON_ArrayForEach(item, rule)
    {
        list = cJSON_IsArray(item) ? item : NULL;
        if (cJSON_IsString(item) && strncmp(item->string, "String", 6) == 0 &&
            !strstr(item->string, "Path") && strcmp(item->string, "StringMatches") != 0)
            warn_no_path(parser, rule, item->string);
        if (!list && !cJSON_IsObject(item))
            continue;
        mark = asl_at(parser, item->string);
        if (cJSON_IsObject(item))
            warn_rule(parser, item);
        cJSON_ArrayForEach(inner, list)
        {
            size_t here = asl_at_index(parser, i++);
            warn_rule(parser, inner);
            asl_at_leave(parser, here);
        }
        asl_at_leave(parser, mark);
    }
}

static void warn_flow(struct asl_parser *parser, const cJSON *flow, bool queries);

static void warn_flow_at(struct asl_parser *parser, const cJSON *state, const char *field,
                         bool queries)
{
    const cJSON *flow = mr_json_get(state, field);
    size_t mark = asl_at(parser, field);

    if (cJSON_IsObject(flow))
        warn_flow(parser, flow, queries);
    asl_at_leave(parser, mark);
}

static bool speaks_jsonata(const cJSON *json, bool otherwise)
{
    const char *language = cJSON_GetStringValue(mr_json_get(json, "QueryLanguage"));

    return language ? strcmp(language, "JSONata") == 0 : otherwise;
}

static void warn_state(struct asl_parser *parser, const cJSON *state, bool queries)
{
    static const char *const templates[] = {"Parameters", "ResultSelector", "ItemSelector"};
    const char *type = cJSON_GetStringValue(mr_json_get(state, "Type"));
    const cJSON *branch, *field;
    uint32_t i = 0;
    size_t mark;

    for (size_t n = 0; n < sizeof(templates) / sizeof(templates[0]); n++) {
        if (speaks_jsonata(state, queries) || !(field = mr_json_get(state, templates[n])))
            continue;
        mark = asl_at(parser, templates[n]);
        warn_template(parser, field);
        asl_at_leave(parser, mark);
    }
    if (type && strcmp(type, "Pass") == 0 && (field = mr_json_get(state, "Result"))) {
        mark = asl_at(parser, "Result");
        warn_result(parser, field);
        asl_at_leave(parser, mark);
    }
    if (type && strcmp(type, "Fail") == 0 && !speaks_jsonata(state, queries)) {
        warn_no_path(parser, state, "Error");
        warn_no_path(parser, state, "Cause");
    }
    mark = asl_at(parser, "Choices");
    cJSON_ArrayForEach(field, mr_json_get(state, "Choices"))
    {
        size_t here = asl_at_index(parser, i++);
        warn_rule(parser, field);
        asl_at_leave(parser, here);
    }
    asl_at_leave(parser, mark);
    i = 0;
    warn_errors(parser, state, "Retry", "retried");
    warn_errors(parser, state, "Catch", "caught");
    warn_flow_at(parser, state, "ItemProcessor", queries);
    warn_flow_at(parser, state, "Iterator", queries);
    cJSON_ArrayForEach(branch, mr_json_get(state, "Branches"))
    {
        mark = asl_at(parser, "Branches");
        (void)asl_at_index(parser, i++);
        warn_flow(parser, branch, queries);
        asl_at_leave(parser, mark);
    }
}

static void warn_flow(struct asl_parser *parser, const cJSON *flow, bool queries)
{
    size_t mark = asl_at(parser, "States");
    const cJSON *state;

    cJSON_ArrayForEach(state, mr_json_get(flow, "States"))
    {
        size_t here = asl_at(parser, state->string);
        warn_state(parser, state, queries);
        asl_at_leave(parser, here);
    }
    asl_at_leave(parser, mark);
}

void asl_warn_machine(struct asl_parser *parser)
{
    const cJSON *json = parser->machine->json;

    warn_flow(parser, json, speaks_jsonata(json, false));
    asl_warn_scopes(parser);
}
