/* test_context.c -- see test_context.h. */
#include "orchestrator/asl/test_context.h"

#include "common/base/json.h"
#include "orchestrator/asl/timestamp.h"

#include <stdbool.h>
#include <string.h>

/* ---- one that is given -------------------------------------------------------------------- */

enum kind { TEXT, NUMBER, ANY, OBJECT };
struct member { /* of a context object */
    const char *object, *name;
    enum kind kind;
};
static const struct member members[] = {
    {"", "Execution", OBJECT},
    {"", "StateMachine", OBJECT},
    {"", "State", OBJECT},
    {"", "Task", OBJECT},
    {"", "Map", OBJECT},
    {"Execution", "Id", TEXT},
    {"Execution", "Input", ANY},
    {"Execution", "Name", TEXT},
    {"Execution", "RoleArn", TEXT},
    {"Execution", "StartTime", TEXT},
    {"Execution", "RedriveTime", TEXT},
    {"Execution", "RedriveCount", NUMBER},
    {"StateMachine", "Id", TEXT},
    {"StateMachine", "Name", TEXT},
    {"State", "Name", TEXT},
    {"State", "EnteredTime", TEXT},
    {"State", "RetryCount", NUMBER},
    {"Task", "Token", TEXT},
    {"Map", "Item", OBJECT},
    {"Item", "Index", NUMBER},
    {"Item", "Value", ANY},
    {"Item", "Key", TEXT},
    {"Item", "Source", TEXT},
};

static enum mr_code check_object(const cJSON *context, const char *at, struct mr_error *err)
{
    const cJSON *item;
    enum mr_code rc;

    cJSON_ArrayForEach(item, context)
    {
        const struct member *member = members, *end = members + sizeof(members) / sizeof(*members);
        while (member < end &&
               (strcmp(member->object, at) != 0 || strcmp(member->name, item->string) != 0))
            member++;
        if (member == end)
            return mr_fail(err, MR_INVALID, "Field '%.80s' is not allowed", item->string);
        if ((member->kind == TEXT && !cJSON_IsString(item)) ||
            (member->kind == NUMBER && !cJSON_IsNumber(item)) ||
            (member->kind == OBJECT && !cJSON_IsObject(item)))
            return mr_fail(err, MR_INVALID, "Field '%s' must be %s", member->name,
                           member->kind == TEXT     ? "a string"
                           : member->kind == NUMBER ? "a number"
                                                    : "an object");
        rc = member->kind == OBJECT ? check_object(item, member->name, err) : MR_OK;
        if (rc)
            return rc;
    }
    return MR_OK;
}

enum mr_code asl_test_context_check(const cJSON *context, struct mr_error *err)
{
    return cJSON_IsObject(context) ? check_object(context, "", err)
                                   : mr_fail(err, MR_INVALID, "it must be an object");
}

/* ---- one of our own ----------------------------------------------------------------------- */

static bool add_text(cJSON *object, const char *name, const char *text)
{
    return object && cJSON_AddStringToObject(object, name, text);
}

/* As of a Map's first iteration. */
static bool add_item(cJSON *context, const cJSON *input)
{
    cJSON *item = cJSON_AddObjectToObject(cJSON_AddObjectToObject(context, "Map"), "Item");
    cJSON *value = cJSON_Duplicate(input, true);

    if (item && cJSON_AddNumberToObject(item, "Index", 0) && value &&
        cJSON_AddItemToObject(item, "Value", value))
        return true;
    cJSON_Delete(value);
    return false;
}

enum mr_code asl_test_context_make(const struct asl_test_begun *begun, cJSON **ret)
{
    const char *type = cJSON_GetStringValue(mr_json_get(begun->state, "Type"));
    const char *resource = cJSON_GetStringValue(mr_json_get(begun->state, "Resource"));
    cJSON *execution, *machine, *state, *input, *context = *ret = cJSON_CreateObject();
    char now[ASL_TIMESTAMP_SIZE];
    bool ok;

    asl_timestamp_print(begun->now_ms, now);
    execution = cJSON_AddObjectToObject(context, "Execution");
    machine = cJSON_AddObjectToObject(context, "StateMachine");
    state = cJSON_AddObjectToObject(context, "State");
    input = begun->input ? cJSON_Duplicate(begun->input, true) : cJSON_CreateObject();
    ok = execution && input && cJSON_AddItemToObject(execution, "Input", input);
    if (!ok)
        cJSON_Delete(input);
    ok = ok && add_text(execution, "Id", "test-state:test") &&
         add_text(execution, "Name", "test") &&
         add_text(execution, "RoleArn", begun->role ? begun->role : "") &&
         add_text(execution, "StartTime", now) && add_text(machine, "Id", "test-state") &&
         add_text(machine, "Name", "test-state") && add_text(state, "Name", begun->name) &&
         add_text(state, "EnteredTime", now);
    if (ok &&
        (strcmp(type, "Task") == 0 || strcmp(type, "Map") == 0 || strcmp(type, "Parallel") == 0))
        ok = cJSON_AddNumberToObject(state, "RetryCount", begun->tries);
    if (ok && resource && strstr(resource, ".waitForTaskToken"))
        ok = add_text(cJSON_AddObjectToObject(context, "Task"), "Token", "test-token");
    if (ok && begun->in_map)
        ok = add_item(context, input);
    return ok ? MR_OK : MR_NO_MEMORY;
}
