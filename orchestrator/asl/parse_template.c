/* parse_template.c -- reading Parameters, ItemSelector and ResultSelector. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

static bool ends_in_path(const char *key, size_t *ret_len)
{
    size_t len = strlen(key);

    if (len < 2 || strcmp(key + len - 2, ".$") != 0)
        return false;
    *ret_len = len - 2;
    return true;
}

/* Whether anything below json is to be filled in.  Nesting is bounded by the JSON check. */
static bool is_constant(const cJSON *json)
{
    size_t len;

    for (const cJSON *item = json->child; item; item = item->next)
        if ((cJSON_IsObject(json) && ends_in_path(item->string, &len)) || !is_constant(item))
            return false;
    return true;
}

/* text as a path or a call; what is wrong with it is in err. */
static enum mr_code read_text(struct asl_parser *parser, const char *text, struct asl_template *ret,
                              struct mr_error *err)
{
    struct asl_intrinsic *call = NULL;
    enum mr_code rc;

    if (!asl_intrinsic_is(text)) {
        ret->kind = ASL_TEMPLATE_PATH;
        return asl_parse_path(parser, text, &ret->path, err);
    }
    ret->kind = ASL_TEMPLATE_CALL;
    rc = asl_parse_intrinsic(parser, text, &call, err);
    ret->call = call;
    return rc;
}

static bool read_path(struct asl_parser *parser, const cJSON *json, size_t key_len,
                      struct asl_template *ret)
{
    struct mr_error err;

    ret->kind = ASL_TEMPLATE_PATH;
    ret->field = json->string;
    ret->key = asl_arena_copy(&parser->machine->arena, json->string, key_len);
    if (!ret->key) {
        parser->no_memory = true;
        return false;
    }
    if (!cJSON_IsString(json))
        return asl_report(parser, ASL_SCHEMA,
                          "The value for the field '%.80s' must be a path, as text", json->string);
    return !read_text(parser, json->valuestring, ret, &err) ||
           asl_report(parser, ASL_SCHEMA,
                      "The value for the field '%.80s' must be a valid JSONPath or a valid "
                      "intrinsic function call: %s",
                      json->string, err.text);
}

bool asl_read_source(struct asl_parser *parser, const cJSON *object, const char *name,
                     struct asl_template **ret)
{
    const cJSON *item = mr_json_get(object, name);
    struct asl_template *source;
    struct mr_error err;

    if (!item)
        return true;
    if (!cJSON_IsString(item))
        return asl_report_at(parser, name, ASL_SCHEMA, "Expected a path, as text");
    source = asl_take(parser, sizeof(*source));
    if (!source)
        return false;
    source->field = item->string;
    if (read_text(parser, item->valuestring, source, &err))
        return asl_report_at(parser, name, ASL_SCHEMA, "%s", err.text);
    *ret = source;
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct asl_template *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

/* "x" and "x.$" in one object. */
static bool check_keys(struct asl_parser *parser, const struct asl_template *template)
{
    const struct asl_template **items = calloc(template->count, sizeof(*items));
    bool ok = true;

    if (!items) {
        parser->no_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < template->count; i++)
        items[i] = &template->items[i];
    qsort(items, template->count, sizeof(*items), by_key);
    for (uint32_t i = 1; ok && i < template->count; i++)
        if (by_key(&items[i - 1], &items[i]) == 0)
            ok = asl_report(parser, ASL_SCHEMA, "'%.80s' and '%.80s.$' would make the same field",
                            items[i]->key, items[i]->key);
    free(items);
    return ok;
}

static bool read(struct asl_parser *parser, const cJSON *json, struct asl_template *ret)
{
    bool object = cJSON_IsObject(json), ok = true;
    uint32_t i = 0;
    size_t len;

    ret->json = json;
    ret->key = json->string;
    if (is_constant(json))
        return true;
    ret->kind = object ? ASL_TEMPLATE_OBJECT : ASL_TEMPLATE_ARRAY;
    ret->count = (uint32_t)cJSON_GetArraySize(json);
    ret->items = asl_take(parser, ret->count * sizeof(*ret->items));
    if (!ret->items)
        return false;
    for (const cJSON *item = json->child; item; item = item->next, i++) {
        size_t mark = object ? asl_at(parser, item->string) : asl_at_index(parser, i);
        if (object && ends_in_path(item->string, &len))
            ok &= read_path(parser, item, len, &ret->items[i]);
        else
            ok &= read(parser, item, &ret->items[i]);
        if (!object)
            ret->items[i].key = NULL;
        asl_at_leave(parser, mark);
    }
    return ok && (!object || check_keys(parser, ret));
}

bool asl_read_member(struct asl_parser *parser, const cJSON *json, struct asl_template *ret)
{
    size_t len;

    return ends_in_path(json->string, &len) ? read_path(parser, json, len, ret)
                                            : read(parser, json, ret);
}

bool asl_read_template(struct asl_parser *parser, const cJSON *object, const char *name,
                       struct asl_template **ret)
{
    const cJSON *item = mr_json_get(object, name);
    struct asl_template *template;
    size_t mark;
    bool ok;

    if (!item)
        return true;
    if (!cJSON_IsObject(item))
        return asl_report_at(parser, name, ASL_SCHEMA, "Expected value of type Object");
    template = asl_take(parser, sizeof(*template));
    if (!template)
        return false;
    mark = asl_at(parser, name);
    ok = read(parser, item, template);
    asl_at_leave(parser, mark);
    if (ok)
        *ret = template;
    return ok;
}
