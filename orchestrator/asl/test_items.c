/* test_items.c -- see test_items.h. */
#include "orchestrator/asl/test_items.h"

#include "common/base/json.h"
#include "orchestrator/asl/machine.h"

#include <stdlib.h>
#include <string.h>

static const struct mr_json_limits limits = {ASL_DATA_MAX, MR_JSON_DEPTH_MAX};

static enum mr_code parse_lines(const char *text, cJSON **ret, struct mr_error *err)
{
    cJSON *list = cJSON_CreateArray(), *item;
    enum mr_code rc = list ? MR_OK : MR_NO_MEMORY;
    size_t len;

    for (; !rc && *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        if (strspn(text, " \t\r") >= len)
            continue;
        rc = mr_json_parse(text, len, &limits, &item, err);
        if (!rc && !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            rc = MR_NO_MEMORY;
        }
    }
    if (rc)
        cJSON_Delete(list);
    else
        *ret = list;
    return rc;
}

enum mr_code asl_test_items_parse(const cJSON *said, const cJSON *state, cJSON **ret,
                                  struct mr_error *err)
{
    const cJSON *config = mr_json_get(mr_json_get(state, "ItemReader"), "ReaderConfig");
    const char *type = cJSON_GetStringValue(mr_json_get(config, "InputType"));

    *ret = NULL;
    if (!said)
        return MR_OK;
    if (!cJSON_IsString(said)) {
        *ret = cJSON_Duplicate(said, true);
        return *ret ? MR_OK : MR_NO_MEMORY;
    }
    if (type && strcmp(type, "JSONL") == 0)
        return parse_lines(said->valuestring, ret, err);
    if (type && strcmp(type, "JSON") != 0)
        return MR_OK;
    return mr_json_parse(said->valuestring, strlen(said->valuestring), &limits, ret, err);
}

/* The member that the pointer's next token names; *pointer goes behind it. */
static const cJSON *follow(const cJSON *json, const char **pointer)
{
    const char *p = *pointer + 1;
    size_t len = strcspn(p, "/");
    char *token = calloc(len + 1, 1), *end = token;
    const cJSON *found = NULL;

    *pointer = p + len;
    for (size_t i = 0; token && i < len; i++) {
        const bool escape = p[i] == '~' && i + 1 < len && (p[i + 1] == '0' || p[i + 1] == '1');
        *end++ = !escape ? p[i] : p[++i] == '0' ? '~' : '/';
    }
    if (token && cJSON_IsObject(json))
        found = mr_json_get(json, token);
    else if (token && cJSON_IsArray(json) && strspn(token, "0123456789") == strlen(token) &&
             token[0] && strlen(token) < 10)
        found = cJSON_GetArrayItem(json, atoi(token));
    free(token);
    return found;
}

/* The items, as many as MaxItems lets through; NULL: no memory. */
static cJSON *take(const cJSON *items, const cJSON *most)
{
    cJSON *copy = cJSON_Duplicate(items, true);
    int max = cJSON_IsNumber(most) && most->valuedouble > 0 && most->valuedouble < INT32_MAX
                  ? (int)most->valuedouble
                  : INT32_MAX;
    int count = copy ? cJSON_GetArraySize(copy) : 0;

    for (; count > max; count--)
        cJSON_Delete(cJSON_DetachItemViaPointer(copy, copy->child->prev)); /* the last */
    return copy;
}

enum mr_code asl_test_items_answer(const cJSON *read, const char *read_request, cJSON **ret_data,
                                   const cJSON **ret_pointed, struct mr_error *err)
{
    cJSON *request = cJSON_Parse(read_request), *items, *data;
    const cJSON *config = mr_json_get(request, "ReaderConfig"), *found = read;
    const char *pointer = cJSON_GetStringValue(mr_json_get(config, "ItemsPointer"));
    enum mr_code rc = MR_OK;

    *ret_pointed = NULL;
    for (const char *p = pointer; found && p && *p;)
        found = follow(found, &p);
    if (!cJSON_IsArray(found) && !cJSON_IsObject(found)) {
        rc = mr_fail(err, MR_INVALID, "ItemsPointer \"%.200s\" leads to no array and no object",
                     pointer ? pointer : "");
    } else {
        items = take(found, mr_json_get(config, "MaxItems"));
        data = cJSON_CreateObject();
        if (!items || !data || !cJSON_AddItemToObject(data, "items", items)) {
            cJSON_Delete(items);
            cJSON_Delete(data);
            rc = MR_NO_MEMORY;
        } else {
            *ret_data = data;
            *ret_pointed = pointer && *pointer ? found : NULL;
        }
    }
    cJSON_Delete(request);
    return rc;
}
