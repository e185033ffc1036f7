/* query.c -- values put where their expressions stand. */
#include "orchestrator/asl/query.h"

#include <string.h>

static enum mr_code fill_items(const struct asl_query *query, const cJSON **values, cJSON *into)
{
    for (uint32_t i = 0; i < query->count; i++) {
        const struct asl_query *item = &query->items[i];
        cJSON *json = NULL;
        enum mr_code rc = asl_query_fill(item, values, &json);
        if (rc)
            return rc;
        if (!(item->key ? cJSON_AddItemToObject(into, item->key, json)
                        : cJSON_AddItemToArray(into, json))) {
            cJSON_Delete(json);
            return MR_NO_MEMORY;
        }
    }
    return MR_OK;
}

enum mr_code asl_query_fill(const struct asl_query *query, const cJSON **values, cJSON **ret)
{
    const cJSON *value = query->json;
    enum mr_code rc = MR_OK;
    cJSON *json;

    if (query->kind == ASL_QUERY_EXPRESSION) {
        value = *values;
        if (!value)
            return MR_INVALID;
        *values = value->next;
    }
    if (query->kind == ASL_QUERY_OBJECT)
        json = cJSON_CreateObject();
    else if (query->kind == ASL_QUERY_ARRAY)
        json = cJSON_CreateArray();
    else
        json = cJSON_Duplicate(value, true);
    if (!json)
        return MR_NO_MEMORY;
    if (query->count > 0)
        rc = fill_items(query, values, json);
    if (rc)
        cJSON_Delete(json);
    else
        *ret = json;
    return rc;
}

const struct asl_query *asl_query_member(const struct asl_query *query, const char *name)
{
    for (uint32_t i = 0; query && query->kind == ASL_QUERY_OBJECT && i < query->count; i++)
        if (strcmp(query->items[i].key, name) == 0)
            return &query->items[i];
    return NULL;
}

void asl_filled_release(struct asl_filled *filled)
{
    for (int i = 0; i < ASL_Q_COUNT; i++)
        cJSON_Delete(filled->fields[i]);
    *filled = (struct asl_filled){0};
}
