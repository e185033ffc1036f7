/* parse_task.c -- what only a Task, a Wait or a Fail state has. */
#include "orchestrator/asl/parse.h"

#include "common/base/json.h"

#include <ctype.h>
#include <string.h>

enum { RESOURCE_MAX = 1024 };

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The part of an ARN behind its n-th colon, up to the next; the last one goes to the end. */
static const char *arn_part(const char *text, int n, size_t *ret_len)
{
    for (; n > 0 && text; n--) {
        text = strchr(text, ':');
        text = text ? text + 1 : NULL;
    }
    if (text)
        *ret_len = strcspn(text, ":");
    return text;
}

static bool is_part(const char *text, int n, const char *word)
{
    size_t len;
    const char *part = arn_part(text, n, &len);

    return part && len == strlen(word) && strncmp(part, word, len) == 0;
}

static bool has_part(const char *text, int n)
{
    size_t len;

    return arn_part(text, n, &len) && len > 0;
}

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:REST. Of Lambda it is a function; of Step Functions an
 * activity, or SERVICE:ACTION of an integration, perhaps behind aws-sdk. */
static bool is_arn(const char *text)
{
    if (!is_part(text, 0, "arn") || !has_part(text, 1) || !has_part(text, 2) ||
        !has_part(text, 5) || ends_with(text, ":"))
        return false;
    if (is_part(text, 2, "lambda"))
        return is_part(text, 5, "function") && has_part(text, 6);
    if (!is_part(text, 2, "states"))
        return true;
    if (is_part(text, 5, "activity"))
        return has_part(text, 4) && has_part(text, 6);
    return is_part(text, 5, "aws-sdk") ? has_part(text, 6) && has_part(text, 7) : has_part(text, 6);
}

/* millrace:class.name, or an ARN. */
static bool is_resource(const char *text)
{
    if (strlen(text) > RESOURCE_MAX)
        return false;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= 0x20 || *p == 0x7f)
            return false;
    if (strncmp(text, "millrace:", 9) == 0)
        return text[9] != '\0';
    return is_arn(text);
}

static void not_express(struct asl_parser *parser, const char *how)
{
    asl_report_at(parser, "Resource", ASL_SCHEMA,
                  "Express state machine does not support '%s' service integration", how);
}

/* Behind the action of an integration of Step Functions: how it is called. */
static bool check_pattern(struct asl_parser *parser, const char *resource)
{
    static const char *const patterns[] = {"", ".sync", ".sync:2", ".waitForTaskToken"};
    size_t mark, len;
    const char *action = arn_part(resource, is_part(resource, 5, "aws-sdk") ? 7 : 6, &len);
    const char *pattern;
    bool ok = false;

    if (strncmp(resource, "arn:", 4) != 0 || !is_part(resource, 2, "states") || !action ||
        is_part(resource, 5, "activity"))
        return true;
    pattern = action + strcspn(action, ".:");
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        ok |= strcmp(patterns[i], pattern) == 0;
    if (ok)
        return true;
    mark = asl_at(parser, "Resource");
    ok = asl_report_later(parser, ASL_BAD_RESOURCE,
                          "An action is called as it is, or with .sync, .sync:2 or "
                          ".waitForTaskToken");
    asl_at_leave(parser, mark);
    return ok;
}

static void read_resource(struct asl_parser *parser, const cJSON *json, struct asl_task *task)
{
    if (!mr_json_get(json, "Resource")) {
        asl_report(parser, ASL_SCHEMA, "The field 'Resource' is required but was missing");
        return;
    }
    if (!asl_read_str(parser, json, "Resource", &task->resource))
        return;
    if (!is_resource(task->resource)) {
        asl_report_at(parser, "Resource", ASL_BAD_RESOURCE,
                      "'%.80s' is neither millrace:CLASS.NAME nor an ARN", task->resource);
        return;
    }
    if (!check_pattern(parser, task->resource))
        return;
    if (strstr(task->resource, ":lambda:") && strstr(task->resource, ":function:"))
        task->kind = ASL_RESOURCE_LAMBDA;
    else if (strstr(task->resource, ":activity:"))
        task->kind = ASL_RESOURCE_ACTIVITY;
    task->token = ends_with(task->resource, ".waitForTaskToken");
    if (parser->options.express && task->token)
        not_express(parser, ".waitForTaskToken");
    else if (parser->options.express && strstr(task->resource, ".sync"))
        not_express(parser, ".sync");
    else if (parser->options.express && task->kind == ASL_RESOURCE_ACTIVITY)
        asl_report_at(parser, "Resource", ASL_SCHEMA,
                      "Express state machine does not support Activity ARN");
    task->submitted =
        task->token || ends_with(task->resource, ".sync") || ends_with(task->resource, ".sync:2");
}

void asl_parse_task(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_task *task = &parser->machine->states[index].task;
    struct asl_queries *queries = parser->machine->states[index].queries;

    read_resource(parser, json, task);
    if (queries) {
        asl_read_query_number(parser, json, "TimeoutSeconds", 1, ASL_SECONDS_MAX, queries,
                              ASL_Q_TIMEOUT, &task->timeout_s);
        asl_read_query_number(parser, json, "HeartbeatSeconds", 1, ASL_SECONDS_MAX, queries,
                              ASL_Q_HEARTBEAT, &task->heartbeat_s);
    } else {
        asl_read_number(parser, json, "TimeoutSeconds", 1, &task->timeout_s);
        asl_read_number(parser, json, "HeartbeatSeconds", 1, &task->heartbeat_s);
    }
    if (task->timeout_s.n && task->heartbeat_s.n && task->heartbeat_s.n >= task->timeout_s.n) {
        size_t mark = asl_at(parser, "HeartbeatSeconds");
        asl_warn(parser, "HEARTBEAT_IS_LATE",
                 "%lld is not smaller than TimeoutSeconds, %lld: no heartbeat will be missed",
                 (long long)task->heartbeat_s.n, (long long)task->timeout_s.n);
        asl_at_leave(parser, mark);
    }
}

void asl_parse_wait(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    static const char *const ways[] = {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"};
    struct asl_wait *wait = &parser->machine->states[index].wait;
    struct asl_queries *queries = parser->machine->states[index].queries;
    const char *timestamp = NULL;
    int given = 0;

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        given += mr_json_get(json, ways[i]) != NULL;
    if (given != 1) {
        asl_report(parser, ASL_SCHEMA,
                   "Exactly one of [Seconds, SecondsPath, Timestamp, TimestampPath] is required");
        return;
    }
    if (queries) {
        asl_read_query_number(parser, json, "Seconds", 0, ASL_SECONDS_MAX, queries, ASL_Q_SECONDS,
                              &wait->seconds);
        asl_read_query_str(parser, json, "Timestamp", queries, ASL_Q_TIMESTAMP, &timestamp);
    } else {
        asl_read_number(parser, json, "Seconds", 0, &wait->seconds);
        asl_read_path(parser, json, "TimestampPath", ASL_PATH_ANY, &wait->until_path);
        asl_read_str(parser, json, "Timestamp", &timestamp);
    }
    if (timestamp && !asl_timestamp_parse(timestamp, &wait->until))
        asl_report_at(parser, "Timestamp", ASL_SCHEMA, "String does not match RFC3339 timestamp");
}

void asl_parse_fail(struct asl_parser *parser, const cJSON *json, uint32_t index)
{
    struct asl_fail *fail = &parser->machine->states[index].fail;
    struct asl_queries *queries = parser->machine->states[index].queries;

    if (queries) {
        asl_read_query_str(parser, json, "Error", queries, ASL_Q_ERROR, &fail->error);
        asl_read_query_str(parser, json, "Cause", queries, ASL_Q_CAUSE, &fail->cause);
        return;
    }
    asl_read_str(parser, json, "Error", &fail->error);
    asl_read_str(parser, json, "Cause", &fail->cause);
    asl_read_source(parser, json, "ErrorPath", &fail->error_path);
    asl_read_source(parser, json, "CausePath", &fail->cause_path);
    if (mr_json_get(json, "Error") && mr_json_get(json, "ErrorPath"))
        asl_report(parser, ASL_SCHEMA, "Only one of Error and ErrorPath may be given");
    if (mr_json_get(json, "Cause") && mr_json_get(json, "CausePath"))
        asl_report(parser, ASL_SCHEMA, "Only one of Cause and CausePath may be given");
}
