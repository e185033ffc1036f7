/* resource.c -- text in, class and type out. */
#include "common/model/resource.h"

#include "common/base/json.h"
#include "common/model/message_read.h"

#include <stdio.h>
#include <string.h>

/* Actions of s3 that the io workers do on storage. */
static const char *const storage_actions[] = {"getObject",    "putObject",     "headObject",
                                              "deleteObject", "listObjectsV2", NULL};

static bool take_class(struct mr_resource *ret, const char *name, size_t len)
{
    if (!mr_class_valid(name, len))
        return false;
    memcpy(ret->class_name, name, len);
    ret->class_name[len] = '\0';
    return true;
}

static bool take_type(struct mr_resource *ret, const char *first, size_t first_len,
                      const char *second, size_t second_len)
{
    int len = snprintf(ret->type, sizeof ret->type, "%.*s.%.*s", (int)first_len, first,
                       (int)second_len, second);

    return first_len > 0 && second_len > 0 && len > 0 && (size_t)len < sizeof ret->type;
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    const size_t end_len = strlen(end);

    return len > end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

/* The length of text without its suffix, which goes into *ret. */
static size_t take_suffix(const char *text, struct mr_resource *ret)
{
    const size_t len = strlen(text);

    ret->want = MR_WANT_START;
    if (ends_with(text, len, ".waitForTaskToken")) {
        ret->token = true;
        ret->want = MR_WANT_NOTHING;
        return len - strlen(".waitForTaskToken");
    }
    if (ends_with(text, len, ".sync")) {
        ret->want = MR_WANT_SYNC;
        return len - strlen(".sync");
    }
    if (ends_with(text, len, ".sync:2")) {
        ret->want = MR_WANT_SYNC2;
        return len - strlen(".sync:2");
    }
    return len;
}

/* millrace:... */
static bool own(const char *type, size_t len, struct mr_resource *ret)
{
    const char *dot = memchr(type, '.', len);
    const size_t class_len = dot ? (size_t)(dot - type) : 0;

    if (len == 0 || len >= sizeof ret->type)
        return false;
    memcpy(ret->type, type, len);
    ret->type[len] = '\0';
    if (strcmp(ret->type, "job.start") == 0) {
        ret->service = MR_SERVICE_JOB;
        return true;
    }
    if (!dot || (class_len == 3 && strncmp(type, "map", 3) == 0) ||
        (class_len == 2 && strncmp(type, "s3", 2) == 0))
        return take_class(ret, "io", 2);
    return take_class(ret, type, class_len);
}

static bool is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* arn:aws:states:::SERVICE:ACTION, and the same behind aws-sdk: */
static bool integration(const char *rest, size_t len, struct mr_resource *ret)
{
    static const char sdk[] = "aws-sdk:";
    const char *colon, *action;
    size_t service_len, action_len;
    bool sync;

    ret->sdk = len > sizeof sdk - 1 && memcmp(rest, sdk, sizeof sdk - 1) == 0;
    if (ret->sdk) {
        rest += sizeof sdk - 1;
        len -= sizeof sdk - 1;
    }
    colon = memchr(rest, ':', len);
    if (!colon)
        return false;
    service_len = (size_t)(colon - rest);
    action = colon + 1;
    action_len = len - service_len - 1;
    sync = is(rest, service_len, "sfn") && is(action, action_len, "startSyncExecution");
    if (sync || ((is(rest, service_len, "states") || is(rest, service_len, "sfn")) &&
                 is(action, action_len, "startExecution"))) {
        ret->service = MR_SERVICE_JOB;
        if (sync && !ret->token)
            ret->want = MR_WANT_EXPRESS;
        return take_type(ret, "job", 3, "start", 5);
    }
    if (is(rest, service_len, "lambda") && is(action, action_len, "invoke"))
        ret->service = MR_SERVICE_INVOKE;
    else if (!take_class(ret, rest, service_len))
        return false;
    for (const char *const *known = storage_actions; *known; known++)
        if (is(rest, service_len, "s3") && is(action, action_len, *known))
            (void)take_class(ret, "io", 2);
    return take_type(ret, rest, service_len, action, action_len);
}

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:REST */
static bool arn(const char *text, size_t len, struct mr_resource *ret)
{
    const char *part[5], *p = text, *end = text + len, *name;
    size_t service_len, rest_len, name_len;

    for (int i = 0; i < 5; i++) {
        const char *colon = memchr(p, ':', (size_t)(end - p));
        if (!colon)
            return false;
        part[i] = p = colon + 1;
    }
    service_len = (size_t)(part[2] - part[1]) - 1;
    rest_len = (size_t)(end - part[4]);
    name = memchr(part[4], ':', rest_len);
    name = name ? name + 1 : end;
    name_len = strcspn(name, ":");
    if (name_len > (size_t)(end - name))
        name_len = (size_t)(end - name);
    if (is(part[1], service_len, "lambda") || is(part[4], (size_t)(name - part[4]), "activity:")) {
        const bool known = is(part[4], (size_t)(name - part[4]), "function:") ||
                           is(part[1], service_len, "states");
        (void)snprintf(ret->type, sizeof ret->type, "%.*s", (int)name_len, name);
        return known && take_class(ret, name, name_len);
    }
    if (is(part[1], service_len, "states"))
        return integration(part[4], rest_len, ret);
    return take_class(ret, part[1], service_len) &&
           take_type(ret, part[1], service_len, part[4], rest_len);
}

enum mr_code mr_resource_resolve(const char *resource, struct mr_resource *ret,
                                 struct mr_error *err)
{
    static const char prefix[] = "millrace:";
    struct mr_resource found = {0};
    const size_t len = take_suffix(resource, &found);
    bool ok = false;

    if (strncmp(resource, prefix, sizeof prefix - 1) == 0)
        ok = len > sizeof prefix - 1 &&
             own(resource + sizeof prefix - 1, len - (sizeof prefix - 1), &found);
    else if (strncmp(resource, "arn:", 4) == 0)
        ok = arn(resource, len, &found);
    if (ok) {
        *ret = found;
        return MR_OK;
    }
    return mr_fail(
        err, MR_UNSUPPORTED,
        "Resource \"%.100s\" is not served: use millrace:<class>.<name>, or an ARN of a Lambda "
        "function, an activity or a service whose name is a class (A-Z a-z 0-9 _ -, up to %d)",
        resource, MR_CLASS_MAX - 1);
}

/* ---- lambda:invoke ------------------------------------------------------------------------------
 */

enum mr_code mr_resource_invoke(const cJSON *input, struct mr_resource *resource,
                                const cJSON **ret_payload, struct mr_error *err)
{
    static const char mark[] = ":function:";
    const cJSON *function = mr_json_get(input, "FunctionName");
    const char *name, *behind;
    size_t len;

    *ret_payload = mr_json_get(input, "Payload");
    if (resource->class_name[0])
        return MR_OK;

    if (!cJSON_IsString(function))
        return mr_fail(err, MR_INVALID, "/FunctionName: must be a string");
    name = function->valuestring;
    behind = strstr(name, mark); /* of an ARN, or of ACCOUNT:function:NAME */
    if (behind)
        name = behind + sizeof mark - 1;
    len = strcspn(name, ":");
    if (!take_class(resource, name, len))
        return mr_fail(err, MR_INVALID,
                       "/FunctionName: \"%.100s\" is no class: A-Z a-z 0-9 _ -, up to %d are",
                       function->valuestring, MR_CLASS_MAX - 1);
    (void)snprintf(resource->type, sizeof resource->type, "%s", resource->class_name);
    return MR_OK;
}

enum mr_code mr_resource_answer(const char *resource, const cJSON *answer, cJSON **ret,
                                struct mr_error *err)
{
    struct mr_resource found;
    cJSON *json, *copy;

    *ret = NULL;
    if (mr_resource_resolve(resource, &found, NULL) || found.service != MR_SERVICE_INVOKE ||
        found.token)
        return MR_OK;
    json = cJSON_CreateObject();
    copy = answer ? cJSON_Duplicate(answer, true) : cJSON_CreateNull();
    if (json && cJSON_AddStringToObject(json, "ExecutedVersion", "$LATEST") && copy &&
        cJSON_AddItemToObject(json, "Payload", copy)) {
        copy = NULL;
        if (cJSON_AddNumberToObject(json, "StatusCode", 200)) {
            *ret = json;
            return MR_OK;
        }
    }
    cJSON_Delete(copy);
    cJSON_Delete(json);
    return mr_fail(err, MR_NO_MEMORY, "an answer of lambda:invoke");
}

/* ---- the table ----------------------------------------------------------------------------------
 */

enum mr_code mr_config_arn_parse(const char *text, size_t len, struct mr_resource *ret,
                                 struct mr_error *err)
{
    static const char *const known[] = {"v", "class", "type", NULL};
    struct mr_resource found = {0};
    const char *class_name = NULL, *type = NULL;
    cJSON *root = NULL;
    enum mr_code rc = mr_message_read(text, len, 4096, known, &root, err);

    if (rc)
        return rc;
    if ((rc = mr_json_str(root, "", "class", MR_CLASS_MAX - 1, &class_name, err)) ||
        (rc = mr_json_str_opt(root, "", "type", sizeof found.type - 1, &type, err)))
        goto done;
    if (!take_class(&found, class_name, strlen(class_name)))
        rc =
            mr_fail(err, MR_INVALID, "/class: must be A-Z a-z 0-9 _ -, up to %d", MR_CLASS_MAX - 1);
    (void)snprintf(found.type, sizeof found.type, "%s", type ? type : class_name);
    if (!rc)
        *ret = found;
done:
    cJSON_Delete(root);
    return rc;
}
