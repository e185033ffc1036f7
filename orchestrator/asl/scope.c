/* scope.c -- following paths for a state, and the context object. */
#include "orchestrator/asl/scope.h"
#include "orchestrator/asl/arn.h"

#include "common/base/json.h"
#include "orchestrator/asl/probe.h"
#include "orchestrator/asl/spread.h"
#include "orchestrator/asl/turn.h"

void asl_scope_release(struct asl_scope *scope)
{
    cJSON_Delete(scope->made); /* refers to the context */
    cJSON_Delete(scope->context);
    scope->made = scope->context = NULL;
}

/* Members of the context; large data are referred to, not copied.  (cJSON has a function for that,
 * which leaks when memory runs out.) */
static bool add_reference(cJSON *object, const char *name, const cJSON *item)
{
    cJSON *reference = cJSON_CreateNull();

    if (!reference)
        return false;
    *reference = *item;
    reference->next = reference->prev = NULL;
    reference->string = NULL;
    reference->type = (item->type & ~cJSON_StringIsConst) | cJSON_IsReference;
    if (cJSON_AddItemToObject(object, name, reference))
        return true;
    cJSON_Delete(reference);
    return false;
}

static bool add_str(cJSON *object, const char *name, const char *text)
{
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

static bool add_time(cJSON *object, const char *name, int64_t ms)
{
    char text[ASL_TIMESTAMP_SIZE];

    asl_timestamp_print(ms, text);
    return add_str(object, name, text);
}

static bool add_execution(cJSON *context, const struct asl_run *run)
{
    cJSON *object = cJSON_AddObjectToObject(context, "Execution");
    char arn[ASL_ARN_SIZE];

    return object && add_str(object, "Id", asl_arn_execution(run, arn)) &&
           add_reference(object, "Input", run->input->json) &&
           add_time(object, "StartTime", run->start_ms) &&
           add_str(object, "Name", run->name ? run->name : run->job) &&
           add_str(object, "RoleArn", asl_arn_role(run)) &&
           cJSON_AddNumberToObject(object, "RedriveCount", run->redrives) &&
           (run->redrives == 0 || add_time(object, "RedriveTime", run->redrive_ms));
}

static bool add_machine(cJSON *context, const struct asl_run *run)
{
    cJSON *object = cJSON_AddObjectToObject(context, "StateMachine");
    char arn[ASL_ARN_SIZE];

    return object && add_str(object, "Id", asl_arn_workflow(run, arn)) &&
           add_str(object, "Name", run->workflow);
}

static bool add_state(cJSON *context, const struct asl_state *state, const struct asl_frame *frame)
{
    cJSON *object = cJSON_AddObjectToObject(context, "State");

    if (!object || !add_str(object, "Name", state->name) ||
        !add_time(object, "EnteredTime", frame->entered_ms))
        return false;
    if (state->type != ASL_TASK && state->type != ASL_PARALLEL && state->type != ASL_MAP)
        return true;
    return cJSON_AddNumberToObject(object, "RetryCount", frame->retries) != NULL;
}

/* For tasks that are waited for: .waitForTaskToken and .sync. */
static bool add_task(cJSON *context, const struct asl_turn *turn, const struct asl_state *state,
                     const struct asl_frame *frame)
{
    char token[512];
    cJSON *object;

    if (state->type != ASL_TASK || !state->task.submitted || !turn->env->token ||
        !turn->env->token(turn->env->ctx, frame->seq, frame->attempt, token, sizeof(token)))
        return true;
    object = cJSON_AddObjectToObject(context, "Task");
    return object && add_str(object, "Token", token);
}

bool asl_scope_source(const struct asl_frame *map, struct mr_buf *ret)
{
    const struct asl_value *reader = map->spread ? map->spread->slots[ASL_SLOT_READER] : NULL;
    const char *bucket, *key;

    if (!reader)
        return mr_buf_add_str(ret, "STATE_DATA") == MR_OK;
    bucket = cJSON_GetStringValue(mr_json_get(reader->json, "Bucket"));
    key = cJSON_GetStringValue(mr_json_get(reader->json, "Key"));
    if (!bucket)
        return true; /* a reader of another kind */
    return mr_buf_addf(ret, "S3://%s%s%s", bucket, key ? "/" : "", key ? key : "") == MR_OK;
}

static bool add_source(cJSON *item, const struct asl_scope *scope)
{
    struct mr_buf text = {0};
    bool ok = true;

    if (!scope->item) /* of a Map above: its items were taken from data */
        return add_str(item, "Source", "STATE_DATA");
    ok = asl_scope_source(scope->frame, &text);
    if (ok && text.len > 0)
        ok = add_str(item, "Source", text.data);
    mr_buf_release(&text);
    return ok;
}

/* The item that the scope is about, or the one that the nearest Map above is at. */
static bool add_item(cJSON *context, const struct asl_scope *scope)
{
    const cJSON *item = scope->item;
    uint32_t index = scope->item_index;
    cJSON *object;

    for (const struct asl_frame *frame = scope->frame; !item && frame->parent;
         frame = frame->parent) {
        index = frame->index;
        item = frame->parent->fork->children[index].item;
    }
    if (!item)
        return true;
    object = cJSON_AddObjectToObject(context, "Map");
    object = object ? cJSON_AddObjectToObject(object, "Item") : NULL;
    return object && cJSON_AddNumberToObject(object, "Index", index) &&
           (!scope->item_key || add_str(object, "Key", scope->item_key)) &&
           add_reference(object, "Value", item) && add_source(object, scope);
}

static enum mr_code make_context(struct asl_scope *scope)
{
    const struct asl_state *state = asl_turn_state(scope->turn, scope->frame);
    const struct asl_probe *probe = scope->turn->env->probe;
    cJSON *context;

    if (probe && probe->context) {
        context = cJSON_Duplicate(probe->context, true);
        if (scope->item)
            cJSON_DeleteItemFromObjectCaseSensitive(context, "Map");
        if (!context || (scope->item && !add_item(context, scope))) {
            cJSON_Delete(context);
            return MR_NO_MEMORY;
        }
        scope->context = context;
        return MR_OK;
    }
    context = cJSON_CreateObject();

    if (!context || !add_execution(context, scope->turn->run) ||
        !add_machine(context, scope->turn->run) || !add_state(context, state, scope->frame) ||
        !add_task(context, scope->turn, state, scope->frame) || !add_item(context, scope)) {
        cJSON_Delete(context);
        return MR_NO_MEMORY;
    }
    scope->context = context;
    return MR_OK;
}

enum mr_code asl_scope_context(struct asl_scope *scope)
{
    return scope->context ? MR_OK : make_context(scope);
}

/* What path begins at; NULL: a variable that is not there. */
static const cJSON *root_of(const struct asl_scope *scope, const struct asl_path *path)
{
    const struct asl_value *variable;

    if (!path->variable)
        return path->context ? scope->context : scope->data->json;
    variable = asl_variable_get(scope->frame, path->variable);
    return variable ? variable->json : NULL;
}

/* What a path looks at counts as worked on: all that it searches; else what it found, but for the
 * data, which were counted when the state was entered. */
static void count_found(struct asl_scope *scope, const struct asl_path *path, const cJSON *found)
{
    size_t bytes;
    unsigned depth;

    if (!found || (!path->variable && !path->context))
        return;
    (void)asl_json_fits(found, scope->turn->data_max, &bytes, &depth);
    scope->turn->worked += bytes;
}

static void count_searched(struct asl_scope *scope, const struct asl_path *path)
{
    struct asl_value *value = path->variable  ? asl_variable_get(scope->frame, path->variable)
                              : path->context ? scope->turn->run->input
                                              : scope->data;

    if (value)
        scope->turn->worked += asl_value_bytes(value);
}

enum mr_code asl_scope_find(struct asl_scope *scope, const struct asl_path *path, const cJSON **ret,
                            struct asl_fault *fault)
{
    enum mr_code rc = path->context && !scope->context ? make_context(scope) : MR_OK;

    if (rc)
        return rc;
    if (path->reference) {
        *ret = asl_path_get(path, root_of(scope, path));
        count_found(scope, path, *ret);
        return MR_OK;
    }
    count_searched(scope, path);
    if (!scope->made)
        scope->made = cJSON_CreateArray();
    if (!scope->made)
        return MR_NO_MEMORY;
    rc = asl_path_find(path, root_of(scope, path), scope->made, ret);
    if (rc == MR_TOO_LARGE)
        return asl_fault_set(fault, ASL_RUNTIME,
                             "The JSONPath '%.120s' looks at more than %d values in the input",
                             path->text, ASL_PATH_VISITS_MAX);
    if (rc == MR_INVALID)
        return asl_fault_set(fault, ASL_RUNTIME,
                             "The function at the end of the JSONPath '%.120s' does not fit the "
                             "value that it is asked of",
                             path->text);
    return rc;
}

static enum mr_code not_found(struct asl_scope *scope, const struct asl_path *path,
                              const char *field, struct asl_fault *fault)
{
    const char *text;
    size_t len;

    if (path->variable && !asl_variable_get(scope->frame, path->variable))
        return asl_fault_set(fault, ASL_RUNTIME,
                             "The path '%.120s' specified for the field '%.80s' refers to the "
                             "variable '%.320s', to which nothing has been assigned",
                             path->text, field, path->variable);
    text = asl_value_text(scope->data, &len);
    if (!text)
        return MR_NO_MEMORY;
    return asl_fault_set(fault, ASL_RUNTIME,
                         "The JSONPath '%.120s' specified for the field '%.80s' could not be found "
                         "in the input '%.240s'",
                         path->text, field, text);
}

enum mr_code asl_scope_get(struct asl_scope *scope, const struct asl_path *path, const char *field,
                           const cJSON **ret, struct asl_fault *fault)
{
    const cJSON *found = NULL;
    enum mr_code rc = asl_scope_find(scope, path, &found, fault);

    if (!rc && !found)
        rc = not_found(scope, path, field, fault);
    if (!rc)
        *ret = found;
    return rc;
}

/* What was found, as a value: a part of one where it can be, else a copy. */
static struct asl_value *share(struct asl_scope *scope, const struct asl_path *path,
                               const cJSON *found)
{
    if (path->context || !path->reference)
        return asl_value_new_take(cJSON_Duplicate(found, true));
    return asl_value_view(
        path->variable ? asl_variable_get(scope->frame, path->variable) : scope->data, found);
}

enum mr_code asl_scope_value(struct asl_scope *scope, const struct asl_path *path,
                             const char *field, struct asl_value **ret, struct asl_fault *fault)
{
    struct asl_value *value;
    const cJSON *found;
    enum mr_code rc;

    if (!path) {
        *ret = asl_value_ref(scope->data);
        return MR_OK;
    }
    if (path->null) {
        value = asl_value_new_take(cJSON_CreateObject());
    } else {
        rc = asl_scope_get(scope, path, field, &found, fault);
        if (rc)
            return rc;
        value = share(scope, path, found);
    }
    if (!value)
        return MR_NO_MEMORY;
    *ret = value;
    return MR_OK;
}
