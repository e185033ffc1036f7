/* children_kit.c -- see children_kit.h. */
#include "tests/flow/cluster/children_kit.h"

#include "orchestrator/child.h"

#include <cjson/cJSON.h>

const char *children_id(const char *parent, uint32_t index)
{
    static char id[4][MR_JOB_ID_MAX + 1];

    oc_child_id(parent, 1, 1, index, id[index % 4]);
    return id[index % 4];
}

void children_store(struct flow *flow, const char *key, const char *body)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "bucket", "b");
    cJSON_AddStringToObject(object, "key", key);
    cJSON_AddStringToObject(object, "body", body);
    cJSON_AddItemToArray(flow->stored, object);
}
