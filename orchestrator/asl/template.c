/* template.c -- filling templates in.  parse_template.c makes them. */
#include "orchestrator/asl/template.h"

#include "orchestrator/asl/turn.h"

static enum mr_code fill_items(const struct asl_template *template, struct asl_scope *scope,
                               cJSON *into, struct asl_fault *fault)
{
    for (uint32_t i = 0; i < template->count; i++) {
        const struct asl_template *item = &template->items[i];
        cJSON *json;
        enum mr_code rc = asl_template_fill(item, scope, &json, fault);
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

/* As the service: no path is followed in data that are null, "$" neither. */
static enum mr_code check_data(const struct asl_template *template, const struct asl_scope *scope,
                               struct asl_fault *fault)
{
    const struct asl_path *path = &template->path;

    if (path->variable || path->context || !cJSON_IsNull(scope->data->json) ||
        !asl_turn_since(scope->turn, ASL_ENGINE_REVIEW))
        return MR_OK;
    return asl_fault_set(fault, ASL_RUNTIME,
                         "Unable to apply Path transformation to null or empty input.");
}

enum mr_code asl_template_value(const struct asl_template *template, struct asl_scope *scope,
                                struct asl_value **ret, struct asl_fault *fault)
{
    cJSON *json;
    enum mr_code rc;

    if (template->kind == ASL_TEMPLATE_PATH) {
        rc = check_data(template, scope, fault);
        return rc ? rc : asl_scope_value(scope, &template->path, template->field, ret, fault);
    }
    rc = asl_template_fill(template, scope, &json, fault);
    if (rc)
        return rc;
    *ret = asl_value_new_take(json);
    return *ret ? MR_OK : MR_NO_MEMORY;
}

enum mr_code asl_template_fill(const struct asl_template *template, struct asl_scope *scope,
                               cJSON **ret, struct asl_fault *fault)
{
    const cJSON *found = template->json;
    enum mr_code rc = MR_OK;
    cJSON *json;

    if (template->kind == ASL_TEMPLATE_CALL)
        return asl_intrinsic_call(template->call, scope, ret, fault);
    if (template->kind == ASL_TEMPLATE_PATH)
        rc = check_data(template, scope, fault);
    if (!rc && template->kind == ASL_TEMPLATE_PATH)
        rc = asl_scope_get(scope, &template->path, template->field, &found, fault);
    if (rc)
        return rc;
    if (template->kind == ASL_TEMPLATE_OBJECT)
        json = cJSON_CreateObject();
    else if (template->kind == ASL_TEMPLATE_ARRAY)
        json = cJSON_CreateArray();
    else
        json = cJSON_Duplicate(found, true);
    if (!json)
        return MR_NO_MEMORY;
    if (template->count > 0)
        rc = fill_items(template, scope, json, fault);
    if (rc)
        cJSON_Delete(json);
    else
        *ret = json;
    return rc;
}
