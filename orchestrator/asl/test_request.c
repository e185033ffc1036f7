/* test_request.c -- see test_request.h.  A state alone becomes a machine of its own: where it may
 * go, stubs that end at once stand in for the states of its flow. */
#include "orchestrator/asl/test_request.h"

#include "common/base/json.h"
#include "orchestrator/asl/fault.h"
#include "orchestrator/asl/service_result.h"
#include "orchestrator/asl/test_context.h"
#include "orchestrator/asl/test_items.h"
#include "orchestrator/asl/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char validation[] = "ValidationException", definition_error[] = "InvalidDefinition";
static const char default_name[] = "StateName";

void asl_test_request_release(struct asl_test_request *request)
{
    cJSON_Delete(request->machine);
    cJSON_Delete(request->context);
    cJSON_Delete(request->variables);
    cJSON_Delete(request->result);
    cJSON_Delete(request->items);
    *request = (struct asl_test_request){0};
}

MR_PRINTF(3, 4)
static enum mr_code reject(struct asl_rejection *why, const char *error, const char *fmt, ...)
{
    va_list args;

    why->error = error;
    va_start(args, fmt);
    (void)vsnprintf(why->cause, sizeof(why->cause), fmt, args);
    va_end(args);
    return MR_INVALID;
}

/* JSON as text in a string, as AWS takes it, or as it is; NULL stays NULL. *ret is the caller's. */
static enum mr_code read_json(const cJSON *said, const char *what, size_t bytes_max, cJSON **ret,
                              struct asl_rejection *why)
{
    const struct mr_json_limits limits = {bytes_max, MR_JSON_DEPTH_MAX};
    struct mr_error err;
    enum mr_code rc;

    if (!said)
        return MR_OK;
    if (!cJSON_IsString(said)) {
        *ret = cJSON_Duplicate(said, true);
        return *ret ? MR_OK : MR_NO_MEMORY;
    }
    rc = mr_json_parse(said->valuestring, strlen(said->valuestring), &limits, ret, &err);
    if (!rc || rc == MR_NO_MEMORY)
        return rc;
    return reject(why, validation, "%s must be valid JSON: %s", what, err.text);
}

/* ---- the options -------------------------------------------------------------------------- */

static enum mr_code check_known(const cJSON *object, const char *what, const char *const *names,
                                struct asl_rejection *why)
{
    if (object && !cJSON_IsObject(object))
        return reject(why, validation, "%s must be an object", what);
    for (const cJSON *item = object ? object->child : NULL; item; item = item->next) {
        const char *const *name = names;
        while (*name && strcmp(*name, item->string) != 0)
            name++;
        if (!*name)
            return reject(why, validation, "Unknown parameter in %s: '%.80s'", what, item->string);
    }
    return MR_OK;
}

static enum mr_code check_one_of(const cJSON *object, const char *name, const char *const *words,
                                 struct asl_rejection *why)
{
    const cJSON *item = mr_json_get(object, name);
    const char *const *word = words;

    if (!item)
        return MR_OK;
    while (*word && (!cJSON_IsString(item) || strcmp(*word, item->valuestring) != 0))
        word++;
    return *word ? MR_OK
                 : reject(why, validation, "%s must be one of %s, %s, %s", name, words[0], words[1],
                          words[2]);
}

static enum mr_code read_count(const cJSON *object, const char *name, double max, int64_t *ret,
                               struct asl_rejection *why)
{
    const cJSON *item = mr_json_get(object, name);

    if (!item)
        return MR_OK;
    if (!cJSON_IsNumber(item) || item->valuedouble != floor(item->valuedouble) ||
        item->valuedouble < 0 || item->valuedouble > max)
        return reject(why, validation, "%s must be an integer from 0 to %.0f", name, max);
    *ret = (int64_t)item->valuedouble;
    return MR_OK;
}

static enum mr_code check_name(const cJSON *object, const char *name, struct asl_rejection *why)
{
    const cJSON *item = mr_json_get(object, name);
    size_t chars = 0;

    for (const char *p = cJSON_IsString(item) ? item->valuestring : ""; *p; p++)
        chars += ((unsigned char)*p & 0xC0) != 0x80;
    if (!item || (chars > 0 && chars <= ASL_STATE_NAME_MAX))
        return MR_OK;
    return reject(why, validation, "%s must be a state's name, of 1 to %d characters", name,
                  ASL_STATE_NAME_MAX);
}

static enum mr_code read_configuration(const cJSON *said, struct asl_test_request *request,
                                       struct asl_rejection *why)
{
    static const char *const names[] = {"retrierRetryCount", "errorCausedByState",
                                        "mapIterationFailureCount", "mapItemReaderData", NULL};
    int64_t tries = 0;
    enum mr_code rc = check_known(said, "stateConfiguration", names, why);

    if (!rc)
        rc = check_name(said, "errorCausedByState", why);
    if (!rc)
        rc = read_count(said, "retrierRetryCount", 99999999, &tries, why);
    if (!rc)
        rc = read_count(said, "mapIterationFailureCount", 1e9, &request->failures, why);
    request->tries = (uint32_t)tries;
    return rc;
}

static enum mr_code read_mock(const cJSON *options, struct asl_test_request *request,
                              struct asl_rejection *why)
{
    static const char *const names[] = {"result", "errorOutput", "fieldValidationMode", NULL};
    static const char *const modes[] = {"STRICT", "PRESENT", "NONE", NULL};
    static const char *const error_names[] = {"error", "cause", NULL};
    const cJSON *mock = mr_json_get(options, "mock"), *item;
    const char *mode;
    size_t max;
    enum mr_code rc = check_known(mock, "mock", names, why);

    if (rc || !mock)
        return rc;
    if (cJSON_IsTrue(mr_json_get(options, "revealSecrets")))
        return reject(why, validation,
                      "TestState does not support RevealSecrets when a mock is specified.");
    if (!mr_json_get(mock, "result") == !mr_json_get(mock, "errorOutput"))
        return reject(why, validation,
                      "A test mock should have only one of the following fields: [result, "
                      "errorOutput].");
    rc = check_one_of(mock, "fieldValidationMode", modes, why);
    mode = cJSON_GetStringValue(mr_json_get(mock, "fieldValidationMode"));
    for (int i = 0; !rc && mode && modes[i]; i++)
        if (strcmp(mode, modes[i]) == 0)
            request->fields = (enum asl_test_fields)i;
    if (!rc)
        rc = read_json(mr_json_get(mock, "result"), "Mocked result", ASL_DATA_MAX, &request->result,
                       why);
    request->raised = mr_json_get(mock, "errorOutput");
    if (!rc)
        rc = check_known(request->raised, "errorOutput", error_names, why);
    cJSON_ArrayForEach(item, request->raised)
    {
        if (rc)
            break; /* it may be no object, whose members have names */
        max = strcmp(item->string, "error") == 0 ? ASL_ERROR_MAX : ASL_CAUSE_MAX;
        if (!cJSON_IsString(item) || strlen(item->valuestring) > max)
            rc = reject(why, validation, "errorOutput/%.20s must be a string of at most %zu bytes",
                        item->string, max);
    }
    return rc;
}

/* ---- the state ---------------------------------------------------------------------------- */

static const cJSON *find_below(const cJSON *state, const char *name, bool *ret_in_map);

/* The state of that name in flow (an object with States) or below it.  Trees are no deeper than the
 * parser's limit, so recursion is bounded. */
static const cJSON *find_state(const cJSON *flow, const char *name, bool *ret_in_map)
{
    const cJSON *states = mr_json_get(flow, "States"), *state, *found;

    if (!cJSON_IsObject(states))
        return NULL;
    if ((found = mr_json_get(states, name)))
        return found;
    cJSON_ArrayForEach(state, states)
    {
        if ((found = find_below(state, name, ret_in_map)))
            return found;
    }
    return NULL;
}

/* Within a Map or Parallel; *ret_in_map: in an iteration. */
static const cJSON *find_below(const cJSON *state, const char *name, bool *ret_in_map)
{
    const cJSON *branch, *found;

    if ((found = find_state(mr_json_get(state, "ItemProcessor"), name, ret_in_map)) ||
        (found = find_state(mr_json_get(state, "Iterator"), name, ret_in_map))) {
        *ret_in_map = true;
        return found;
    }
    cJSON_ArrayForEach(branch, mr_json_get(state, "Branches"))
    {
        if ((found = find_state(branch, name, ret_in_map)))
            return found;
    }
    return NULL;
}

static bool add_text(cJSON *object, const char *name, const char *text)
{
    return object && cJSON_AddStringToObject(object, name, text);
}

static enum mr_code add_stub(cJSON *states, const cJSON *target)
{
    cJSON *stub;

    if (!cJSON_IsString(target) || mr_json_get(states, target->valuestring))
        return MR_OK;
    stub = cJSON_AddObjectToObject(states, target->valuestring);
    return add_text(stub, "Type", "Succeed") ? MR_OK : MR_NO_MEMORY;
}

static enum mr_code add_stubs(cJSON *states, const cJSON *state)
{
    const cJSON *item;
    enum mr_code rc = add_stub(states, mr_json_get(state, "Next"));

    if (!rc)
        rc = add_stub(states, mr_json_get(state, "Default"));
    cJSON_ArrayForEach(item, mr_json_get(state, "Choices")) if (!rc) rc =
        add_stub(states, mr_json_get(item, "Next"));
    cJSON_ArrayForEach(item, mr_json_get(state, "Catch")) if (!rc) rc =
        add_stub(states, mr_json_get(item, "Next"));
    return rc;
}

static enum mr_code make_machine(const cJSON *state, const cJSON *language, const char *name,
                                 struct asl_test_request *request)
{
    cJSON *machine = request->machine = cJSON_CreateObject();
    cJSON *copy = cJSON_Duplicate(state, true), *states = NULL, *said = NULL;
    enum mr_code rc = MR_NO_MEMORY;

    if (machine && copy && add_text(machine, "StartAt", name))
        states = cJSON_AddObjectToObject(machine, "States");
    if (!states || !cJSON_AddItemToObject(states, name, copy)) {
        cJSON_Delete(copy);
        return rc;
    }
    request->state = copy;
    request->name = copy->string;
    if (language) {
        said = cJSON_Duplicate(language, true);
        if (!said || !cJSON_AddItemToObject(machine, "QueryLanguage", said)) {
            cJSON_Delete(said);
            return rc;
        }
    }
    return add_stubs(states, copy);
}

/* A whole definition is good, not only the state that is tested. */
static enum mr_code check_machine(const cJSON *definition, struct asl_rejection *why)
{
    struct asl_machine *machine = NULL;
    struct mr_buf text = {0};
    struct mr_error err;
    enum mr_code rc = mr_json_print(definition, &text);

    if (!rc)
        rc = asl_machine_parse(text.data, text.len, NULL, &machine, &err);
    mr_buf_release(&text);
    asl_machine_unref(machine);
    return rc == MR_INVALID || rc == MR_TOO_LARGE
               ? reject(why, definition_error, "Invalid State Machine Definition: '%.350s'",
                        err.text)
               : rc;
}

static enum mr_code read_state(const struct asl_test *test, struct asl_test_request *request,
                               struct asl_rejection *why)
{
    const char *name = cJSON_GetStringValue(mr_json_get(test->options, "stateName"));
    const cJSON *state;
    cJSON *definition = NULL;
    enum mr_code rc = check_name(test->options, "stateName", why);

    if (rc)
        return rc;
    rc = read_json(test->definition, "Definition", ASL_DEFINITION_MAX, &definition, why);
    why->error = rc ? definition_error : why->error;
    if (!rc && name)
        rc = check_machine(definition, why);
    if (rc) {
        cJSON_Delete(definition);
        return rc;
    }
    state = name ? find_state(definition, name, &request->in_map) : definition;
    if (name && !state)
        rc = reject(why, validation, "The definition has no state '%.80s'", name);
    else if (!cJSON_IsObject(state))
        rc = reject(why, definition_error, "The definition must be an object: a state");
    else if (!name && mr_json_get(state, "States"))
        rc = reject(why, definition_error,
                    "The definition is a state machine: stateName must say which state to test");
    else
        rc = make_machine(state, name ? mr_json_get(definition, "QueryLanguage") : NULL,
                          name ? name : default_name, request);
    cJSON_Delete(definition);
    return rc;
}

static enum mr_code read_items(const cJSON *options, struct asl_test_request *request,
                               struct asl_rejection *why)
{
    const cJSON *configuration = mr_json_get(options, "stateConfiguration");
    struct mr_error err;
    enum mr_code rc = asl_test_items_parse(mr_json_get(configuration, "mapItemReaderData"),
                                           request->state, &request->items, &err);

    return !rc || rc == MR_NO_MEMORY
               ? rc
               : reject(why, validation, "mapItemReaderData is not valid: %s", err.text);
}

/* ---- the context object ------------------------------------------------------------------- */

static enum mr_code read_context(const struct asl_test *test, struct asl_test_request *request,
                                 struct asl_rejection *why)
{
    const cJSON *said = mr_json_get(test->options, "context");
    const struct asl_test_begun begun = {
        .name = request->name,
        .state = request->state,
        .input = test->input,
        .role = cJSON_GetStringValue(mr_json_get(test->options, "roleArn")),
        .tries = request->tries,
        .in_map = request->in_map,
        .now_ms = test->now_ms};
    struct mr_error err;
    enum mr_code rc;

    if (!said)
        return asl_test_context_make(&begun, &request->context);
    rc = read_json(said, "Context", ASL_DATA_MAX, &request->context, why);
    if (!rc && asl_test_context_check(request->context, &err))
        rc = reject(why, validation, "Invalid Context object provided: %s", err.text);
    return rc;
}

/* ---- what belongs together ---------------------------------------------------------------- */

static enum mr_code check_fork(const struct asl_test *test, const struct asl_test_request *request,
                               bool is_map, struct asl_rejection *why)
{
    const cJSON *configuration = mr_json_get(test->options, "stateConfiguration");
    const char *caused = cJSON_GetStringValue(mr_json_get(configuration, "errorCausedByState"));
    bool is_object = is_map && mr_json_get(request->state, "ResultWriter"), unused;

    if (!request->result && !request->raised)
        return reject(
            why, definition_error,
            "TestState API does not support Map or Parallel states without a mock of their "
            "result or error. Supported state types include: [Task, Wait, Pass, Succeed, "
            "Fail, Choice]");
    if (caused && !find_below(request->state, caused, &unused))
        return reject(why, validation, "errorCausedByState: it has no state '%.80s'", caused);
    if (!request->result)
        return MR_OK;
    if (is_object && !cJSON_IsObject(request->result))
        return reject(why, validation, "Mocked result must be a JSON object.");
    if (!is_object && !cJSON_IsArray(request->result))
        return reject(why, validation, "Mocked result must be an array.");
    return MR_OK;
}

/* The mocked result against the model of the service that the task calls. */
static enum mr_code check_fields(const struct asl_test_request *request, struct asl_rejection *why)
{
    const char *resource = cJSON_GetStringValue(mr_json_get(request->state, "Resource"));
    struct mr_error err;

    if (!resource || !request->result || request->fields == ASL_FIELDS_NONE ||
        !asl_service_result_check(resource, request->result, request->fields == ASL_FIELDS_STRICT,
                                  &err))
        return MR_OK;
    return reject(why, validation, "Mock result schema validation error: %s", err.text);
}

static enum mr_code check_type(const struct asl_test *test, const struct asl_test_request *request,
                               struct asl_rejection *why)
{
    const char *type = cJSON_GetStringValue(mr_json_get(request->state, "Type"));
    bool mocked = request->result || request->raised;

    if (!type)
        return reject(why, definition_error, "The state has no Type");
    if (strcmp(type, "Map") == 0 || strcmp(type, "Parallel") == 0)
        return check_fork(test, request, type[0] == 'M', why);
    if (strcmp(type, "Task") != 0)
        return mocked ? reject(why, validation,
                               "State type '%.40s' is not supported when a mock is specified", type)
                      : MR_OK;
    if (mocked)
        return check_fields(request, why);
    if (!mr_json_get(test->options, "roleArn"))
        return reject(why, validation, "RoleArn must be specified when testing a Task state");
    return reject(why, validation, "Nothing is called from here: a Task state needs a mock");
}

enum mr_code asl_test_request_read(const struct asl_test *test, struct asl_test_request *request,
                                   struct asl_rejection *why)
{
    static const char *const names[] = {"inspectionLevel", "stateName", "variables",
                                        "context",         "mock",      "stateConfiguration",
                                        "revealSecrets",   "roleArn",   NULL};
    static const char *const levels[] = {"INFO", "DEBUG", "TRACE", NULL};
    const cJSON *options = test->options;
    const char *level = cJSON_GetStringValue(mr_json_get(options, "inspectionLevel"));
    size_t bytes;
    unsigned depth;
    enum mr_code rc = check_known(options, "the request", names, why);

    if (!rc && test->input && !asl_json_fits(test->input, ASL_DATA_MAX, &bytes, &depth))
        rc =
            reject(why, validation, "The input is larger than %d bytes, or too deep", ASL_DATA_MAX);
    if (!rc)
        rc = check_one_of(options, "inspectionLevel", levels, why);
    if (!rc)
        rc = read_mock(options, request, why);
    if (!rc)
        rc = read_configuration(mr_json_get(options, "stateConfiguration"), request, why);
    if (!rc)
        rc = read_json(mr_json_get(options, "variables"), "Variables", ASL_DATA_MAX,
                       &request->variables, why);
    if (!rc && request->variables && !cJSON_IsObject(request->variables))
        rc = reject(why, validation, "Variables must be an object");
    if (!rc)
        rc = read_state(test, request, why);
    if (!rc)
        rc = read_items(options, request, why);
    if (!rc)
        rc = check_type(test, request, why);
    if (!rc)
        rc = read_context(test, request, why);
    request->inspects = level && strcmp(level, "INFO") != 0;
    return rc;
}
