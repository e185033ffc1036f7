/* intrinsic_json.c -- between values and their texts. */
#include "orchestrator/asl/intrinsic_call.h"

#include "common/base/json.h"
#include "orchestrator/asl/value.h"

#include <string.h>

static const struct mr_json_limits limits = {ASL_INTRINSIC_BYTES_MAX, ASL_DATA_DEPTH_MAX};

/* A text without anything in it is null. */
enum mr_code asl_fn_string_to_json(struct asl_call *call, cJSON **ret)
{
    const char *text;
    struct mr_error err;
    cJSON *json = NULL;
    enum mr_code rc = asl_call_string(call, 0, &text);

    if (rc)
        return rc;
    if (text[strspn(text, " \t\r\n")] == '\0')
        return asl_call_end(MR_OK, cJSON_CreateNull(), ret);
    rc = mr_json_parse(text, strlen(text), &limits, &json, &err);
    if (rc && rc != MR_NO_MEMORY)
        return asl_call_fail(call, "The string is not JSON: %.160s", err.text);
    return asl_call_end(rc, json, ret);
}

enum mr_code asl_fn_json_to_string(struct asl_call *call, cJSON **ret)
{
    struct mr_buf buf = {0};
    cJSON *json = NULL;
    enum mr_code rc = mr_json_print(call->args[0], &buf);

    if (!rc && buf.len > ASL_INTRINSIC_BYTES_MAX)
        rc = asl_call_fail(call, "What it makes is larger than %d bytes", ASL_INTRINSIC_BYTES_MAX);
    if (!rc)
        json = cJSON_CreateString(buf.data);
    mr_buf_release(&buf);
    return asl_call_end(rc, json, ret);
}

enum mr_code asl_fn_json_merge(struct asl_call *call, cJSON **ret)
{
    const cJSON *first, *second;
    cJSON *merged;
    enum mr_code rc = asl_call_object(call, 0, &first);

    if (!rc)
        rc = asl_call_object(call, 1, &second);
    if (!rc && !cJSON_IsFalse(call->args[2]))
        rc = asl_call_fail(call, "The third argument must be false: objects in objects are not "
                                 "merged");
    if (rc)
        return rc;
    merged = cJSON_CreateObject();
    rc = merged ? MR_OK : MR_NO_MEMORY;
    for (const cJSON *item = first->child; !rc && item; item = item->next)
        if (!mr_json_get(second, item->string))
            rc = asl_call_put(call, merged, item->string, item);
        else /* keeps its place */
            rc = asl_call_put(call, merged, item->string, mr_json_get(second, item->string));
    for (const cJSON *item = second->child; !rc && item; item = item->next)
        if (!mr_json_get(first, item->string))
            rc = asl_call_put(call, merged, item->string, item);
    return asl_call_end(rc, merged, ret);
}
