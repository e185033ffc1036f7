/* service_result.c -- see service_result.h.  A model is read as it is looked at: a line of it is
 * "KIND NAME WORD ...", and a shape is found by its name. */
#include "orchestrator/asl/service_result.h"

#include "common/base/json.h"

#include "services.h" /* made by deploy/texts.cmake */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128 };

#define SERVICE_ROW(name) {#name, asl_service_##name},
static const struct model {
    const char *service; /* as aws-sdk says it */
    const char *text;
} models[] = {ASL_SERVICES(SERVICE_ROW)};

/* Integrations of Step Functions' own that say a service otherwise than aws-sdk does. */
static const struct {
    const char *integration, *service;
} own_names[] = {
    {"states", "sfn"},
    {"events", "eventbridge"},
    {"bedrock", "bedrockruntime"},
};

/* Calls whose end is waited for: what is polled until then answers. */
static const struct {
    const char *service, *call, *polled;
} polled_calls[] = {
    {"sfn", "startExecution", "DescribeExecution"},
    {"athena", "startQueryExecution", "GetQueryExecution"},
};

/* Members that are bytes or text for the service and that Step Functions' own integrations hand on
 * as the JSON that they hold. */
static const struct {
    const char *service, *call, *member;
} unpacked[] = {
    {"lambda", "Invoke", "Payload"},
    {"bedrockruntime", "InvokeModel", "Body"},
};

struct call {
    const char *service; /* a model's */
    const char *model;
    char name[NAME_MAX_BYTES];
    bool sdk; /* by aws-sdk, as the service itself answers */
    bool complete;
};

/* ---- the model ---------------------------------------------------------------------------- */

/* The next word of the line; NULL: there is none. */
static const char *next_word(const char **p, size_t *ret_len)
{
    const char *word;

    while (**p == ' ')
        ++*p;
    if (**p == '\0' || **p == '\n')
        return NULL;
    word = *p;
    while (**p && **p != ' ' && **p != '\n')
        ++*p;
    *ret_len = (size_t)(*p - word);
    return word;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end ? end + 1 : NULL;
}

static bool is_word(const char *word, size_t len, const char *text)
{
    return strlen(text) == len && strncmp(word, text, len) == 0;
}

/* What stands behind "KIND NAME"; calls and shapes have names of their own. */
static const char *find_line(const char *model, bool call, const char *name, size_t name_len,
                             char *ret_kind)
{
    for (const char *line = model; line; line = next_line(line)) {
        const char *p = line;
        size_t kind_len, len;
        const char *kind = next_word(&p, &kind_len), *word = next_word(&p, &len);
        if (!word || (kind[0] == 'c') != call || len != name_len || strncmp(word, name, len) != 0)
            continue;
        *ret_kind = kind[0];
        return p;
    }
    return NULL;
}

/* ---- which call it is --------------------------------------------------------------------- */

static const struct model *find_model(const char *service, size_t len)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
        if (is_word(service, len, models[i].service))
            return &models[i];
    return NULL;
}

/* The part behind SERVICE: ACTION and how it is called.  false: nothing answers that is modelled.
 */
static bool read_action(struct call *call, const char *action)
{
    size_t len = strcspn(action, ".:");
    const char *pattern = action + len;

    if (len == 0 || len >= sizeof(call->name) || strcmp(pattern, ".waitForTaskToken") == 0)
        return false;
    (void)snprintf(call->name, sizeof(call->name), "%.*s", (int)len, action);
    if (strncmp(pattern, ".sync", 5) != 0) {
        call->name[0] = (char)toupper((unsigned char)call->name[0]);
        return true;
    }
    for (size_t i = 0; i < sizeof(polled_calls) / sizeof(polled_calls[0]); i++) {
        if (strcmp(polled_calls[i].service, call->service) != 0 ||
            strcmp(polled_calls[i].call, call->name) != 0)
            continue;
        (void)snprintf(call->name, sizeof(call->name), "%s", polled_calls[i].polled);
        return true;
    }
    return false;
}

/* arn:PARTITION:states:::[aws-sdk:]SERVICE:ACTION */
static bool read_resource(struct call *call, const char *resource)
{
    const char *service = strstr(resource, ":states:::");
    const struct model *model;
    size_t len;

    if (strncmp(resource, "arn:", 4) != 0 || !service)
        return false;
    service += strlen(":states:::");
    call->sdk = strncmp(service, "aws-sdk:", 8) == 0;
    service += call->sdk ? 8 : 0;
    len = strcspn(service, ":");
    if (service[len] != ':')
        return false;
    model = find_model(service, len);
    for (size_t i = 0; !call->sdk && i < sizeof(own_names) / sizeof(own_names[0]); i++)
        if (is_word(service, len, own_names[i].integration))
            model = find_model(own_names[i].service, strlen(own_names[i].service));
    if (!model)
        return false;
    call->service = model->service;
    call->model = model->text;
    return read_action(call, service + len + 1);
}

/* ---- what is there against the model ------------------------------------------------------ */

static enum mr_code must_be(struct mr_error *err, const char *name, const char *what)
{
    return mr_fail(err, MR_INVALID, "Field '%.80s' must be %s", name, what);
}

static enum mr_code check_type(const struct call *call, const char *type, size_t len,
                               const char *name, const cJSON *json, struct mr_error *err);

/* One of the words of line. */
static enum mr_code check_words(const char *line, const char *name, const cJSON *json,
                                struct mr_error *err)
{
    const char *word;
    size_t len;

    if (!cJSON_IsString(json))
        return must_be(err, name, "a string");
    while ((word = next_word(&line, &len)))
        if (is_word(word, len, json->valuestring))
            return MR_OK;
    return mr_fail(err, MR_INVALID, "Field '%.80s' is not an expected value", name);
}

/* Every element of an array, or every member of a map, is of the one type of line. */
static enum mr_code check_each(const struct call *call, const char *line, const char *name,
                               const cJSON *json, struct mr_error *err)
{
    size_t len;
    const char *type = next_word(&line, &len);
    enum mr_code rc = MR_OK;

    for (const cJSON *item = json->child; type && !rc && item; item = item->next)
        rc = check_type(call, type, len, item->string ? item->string : name, item, err);
    return rc;
}

static bool is_unpacked(const struct call *call, const char *member)
{
    for (size_t i = 0; !call->sdk && i < sizeof(unpacked) / sizeof(unpacked[0]); i++)
        if (strcmp(unpacked[i].service, call->service) == 0 &&
            strcmp(unpacked[i].call, call->name) == 0 && strcmp(unpacked[i].member, member) == 0)
            return true;
    return false;
}

/* word is [!]NAME[TYPE]. */
static enum mr_code check_member(const struct call *call, const char *word, size_t len, bool top,
                                 const cJSON *json, struct mr_error *err)
{
    const bool always = word[0] == '!';
    char name[NAME_MAX_BYTES];
    const char *type = "string";
    const cJSON *member;
    size_t name_len, type_len = 6;

    word += always;
    len -= always;
    name_len = strcspn(word, "#?: \n");
    if (name_len > len)
        name_len = len;
    if (name_len >= sizeof(name))
        return MR_OK;
    (void)snprintf(name, sizeof(name), "%.*s", (int)name_len, word);
    member = mr_json_get(json, name);
    if (!member || cJSON_IsNull(member))
        return always && call->complete
                   ? mr_fail(err, MR_INVALID, "Field '%s' is required but was missing", name)
                   : MR_OK;
    if (top && is_unpacked(call, name))
        return MR_OK;
    if (name_len < len && word[name_len] == ':') {
        type = word + name_len + 1;
        type_len = len - name_len - 1;
    } else if (name_len < len) {
        type = word[name_len] == '#' ? "number" : "boolean";
        type_len = strlen(type);
    }
    return check_type(call, type, type_len, name, member, err);
}

static enum mr_code check_object(const struct call *call, const char *line, bool top,
                                 const cJSON *json, struct mr_error *err)
{
    const char *word;
    size_t len;
    enum mr_code rc = MR_OK;

    while (!rc && (word = next_word(&line, &len)))
        rc = check_member(call, word, len, top, json, err);
    return rc;
}

/* A shape that calls itself ends where the JSON does, whose depth is bounded. */
static enum mr_code check_type(const struct call *call, const char *type, size_t len,
                               const char *name, const cJSON *json, struct mr_error *err)
{
    const char *line;
    char kind;

    if (cJSON_IsNull(json) || is_word(type, len, "any"))
        return MR_OK;
    if (is_word(type, len, "string"))
        return cJSON_IsString(json) ? MR_OK : must_be(err, name, "a string");
    if (is_word(type, len, "number"))
        return cJSON_IsNumber(json) ? MR_OK : must_be(err, name, "a number");
    if (is_word(type, len, "boolean"))
        return cJSON_IsBool(json) ? MR_OK : must_be(err, name, "a boolean");
    line = find_line(call->model, false, type, len, &kind);
    if (!line)
        return MR_OK;
    if (kind == 'w')
        return check_words(line, name, json, err);
    if (kind == 'l' && !cJSON_IsArray(json))
        return must_be(err, name, "an array");
    if (kind != 'l' && !cJSON_IsObject(json))
        return must_be(err, name, "an object");
    return kind == 'o' ? check_object(call, line, false, json, err)
                       : check_each(call, line, name, json, err);
}

enum mr_code asl_service_result_check(const char *resource, const cJSON *result, bool complete,
                                      struct mr_error *err)
{
    struct call call = {.complete = complete};
    const char *line, *shape;
    size_t len;
    char kind;

    if (!read_resource(&call, resource))
        return MR_OK;
    line = find_line(call.model, true, call.name, strlen(call.name), &kind);
    shape = line ? next_word(&line, &len) : NULL;
    if (!shape || is_word(shape, len, "any"))
        return MR_OK;
    if (!cJSON_IsObject(result))
        return mr_fail(err, MR_INVALID, "The result of %.80s must be an object", call.name);
    line = find_line(call.model, false, shape, len, &kind);
    return line && kind == 'o' ? check_object(&call, line, true, result, err) : MR_OK;
}
