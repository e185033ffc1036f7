/* record.c -- a closed run as AWS's DescribeExecution tells it. */
#include "orchestrator/asl/arn.h"
#include "orchestrator/asl/frame.h"
#include "orchestrator/asl/timestamp.h"

static bool add_str(cJSON *json, const char *name, const char *text)
{
    return !text || cJSON_AddStringToObject(json, name, text) != NULL;
}

static bool add_time(cJSON *json, const char *name, int64_t ms)
{
    char text[ASL_TIMESTAMP_SIZE];

    asl_timestamp_print(ms, text);
    return add_str(json, name, text);
}

/* JSON in text, and that it is all there. */
static bool add_data(cJSON *json, const char *name, const char *details, struct asl_value *value)
{
    cJSON *object;
    const char *text;
    size_t len;

    if (!value)
        return true;
    text = asl_value_text(value, &len);
    object = text && add_str(json, name, text) ? cJSON_AddObjectToObject(json, details) : NULL;
    return object && cJSON_AddTrueToObject(object, "Included");
}

cJSON *asl_run_record(const struct asl_run *run, int64_t stop_ms)
{
    const bool ok = run->status == ASL_SUCCEEDED;
    cJSON *json = cJSON_CreateObject();
    char arn[ASL_ARN_SIZE], of[ASL_ARN_SIZE];

    if (json && add_str(json, "ExecutionArn", asl_arn_execution(run, arn)) &&
        add_data(json, "Input", "InputDetails", run->input) &&
        add_str(json, "Name", run->name ? run->name : run->job) &&
        (!ok || add_data(json, "Output", "OutputDetails", run->output)) &&
        add_str(json, "Error", run->error) && add_str(json, "Cause", run->cause) &&
        cJSON_AddNumberToObject(json, "RedriveCount", run->redrives) &&
        add_str(json, "RedriveStatus", ok ? "NOT_REDRIVABLE" : "REDRIVABLE") &&
        add_str(json, "RedriveStatusReason",
                ok ? "Execution is SUCCEEDED and cannot be redriven" : NULL) &&
        add_time(json, "StartDate", run->start_ms) &&
        add_str(json, "StateMachineArn", asl_arn_workflow(run, of)) &&
        add_str(json, "Status", asl_status_name(run->status)) &&
        add_time(json, "StopDate", stop_ms))
        return json;
    cJSON_Delete(json);
    return NULL;
}
