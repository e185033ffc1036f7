/* intrinsic.c -- the table of functions, and what each call of one needs.  Knows no function. */
#include "orchestrator/asl/intrinsic_call.h"

#include "common/base/id.h"
#include "common/base/utf8.h"
#include "orchestrator/asl/turn.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct asl_function {
    const char *name;
    asl_function_fn *fn;
    uint32_t min, max; /* arguments */
    const char *wanted;
};

static const struct asl_function functions[] = {
    {"Array", asl_fn_array, 0, ASL_INTRINSIC_ARGS_MAX, "any number of values"},
    {"ArrayPartition", asl_fn_array_partition, 2, 2, "an array and a size"},
    {"ArrayContains", asl_fn_array_contains, 2, 2, "an array and a value"},
    {"ArrayRange", asl_fn_array_range, 3, 3, "a first, a last and a step"},
    {"ArrayGetItem", asl_fn_array_get_item, 2, 2, "an array and an index"},
    {"ArrayLength", asl_fn_array_length, 1, 1, "an array"},
    {"ArrayUnique", asl_fn_array_unique, 1, 1, "an array"},
    {"Base64Encode", asl_fn_base64_encode, 1, 1, "a string"},
    {"Base64Decode", asl_fn_base64_decode, 1, 1, "a string"},
    {"Format", asl_fn_format, 1, ASL_INTRINSIC_ARGS_MAX, "a pattern and a value for each {}"},
    {"Hash", asl_fn_hash, 2, 2, "a string and an algorithm"},
    {"JsonMerge", asl_fn_json_merge, 3, 3, "two objects and false"},
    {"JsonToString", asl_fn_json_to_string, 1, 1, "a value"},
    {"MathAdd", asl_fn_math_add, 2, 2, "two numbers"},
    {"MathRandom", asl_fn_math_random, 2, 3, "a start, an end and perhaps a seed"},
    {"StringSplit", asl_fn_string_split, 2, 2, "a string and the characters to split at"},
    {"StringToJson", asl_fn_string_to_json, 1, 1, "a string"},
    {"UUID", asl_fn_uuid, 0, 0, "nothing"},
};

const struct asl_function *asl_function_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (strlen(functions[i].name) == len && strncmp(functions[i].name, name, len) == 0)
            return &functions[i];
    return NULL;
}

bool asl_function_takes(const struct asl_function *function, uint32_t count,
                        const char **ret_wanted)
{
    *ret_wanted = function->wanted;
    return count >= function->min && count <= function->max;
}

bool asl_function_formats(const struct asl_function *function)
{
    return function->fn == asl_fn_format;
}

bool asl_intrinsic_is(const char *text)
{
    return strncmp(text, "States.", 7) == 0;
}

/* ---- what functions need ------------------------------------------------------------------ */

static void fail(struct asl_call *call, const char *error, const char *fmt, va_list args)
{
    char why[ASL_FAULT_TEXT_MAX / 2];

    (void)vsnprintf(why, sizeof(why), fmt, args);
    mr_utf8_clean(why, strlen(why));
    asl_fault_text(call->fault, error, "The function '%.240s' had the following error: %s",
                   call->intrinsic->text, why);
}

void asl_call_fail_text(struct asl_call *call, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fail(call, ASL_INTRINSIC_FAILURE, fmt, args);
    va_end(args);
}

static enum mr_code fail_runtime(struct asl_call *call, const char *fmt, ...) MR_PRINTF(2, 3);
static enum mr_code fail_runtime(struct asl_call *call, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fail(call, ASL_RUNTIME, fmt, args);
    va_end(args);
    return MR_INVALID;
}

static enum mr_code wrong_type(struct asl_call *call, uint32_t index, const char *wanted)
{
    return asl_call_fail(call, "Argument %u must be %s", index + 1, wanted);
}

enum mr_code asl_call_array(struct asl_call *call, uint32_t index, const cJSON **ret)
{
    *ret = call->args[index];
    return cJSON_IsArray(*ret) ? MR_OK : wrong_type(call, index, "an array");
}

enum mr_code asl_call_object(struct asl_call *call, uint32_t index, const cJSON **ret)
{
    *ret = call->args[index];
    return cJSON_IsObject(*ret) ? MR_OK : wrong_type(call, index, "an object");
}

enum mr_code asl_call_string(struct asl_call *call, uint32_t index, const char **ret)
{
    *ret = cJSON_GetStringValue(call->args[index]);
    return *ret ? MR_OK : wrong_type(call, index, "a string");
}

enum mr_code asl_call_short_string(struct asl_call *call, uint32_t index, const char **ret)
{
    enum mr_code rc = asl_call_string(call, index, ret);
    size_t chars = 0;

    if (rc)
        return rc;
    for (const char *p = *ret; *p; p++)
        chars += ((unsigned char)*p & 0xC0) != 0x80;
    if (chars <= ASL_INTRINSIC_TEXT_MAX)
        return MR_OK;
    return asl_call_fail(call, "Argument %u has %zu characters, and %d are allowed", index + 1,
                         chars, ASL_INTRINSIC_TEXT_MAX);
}

enum mr_code asl_call_integer(struct asl_call *call, uint32_t index, int64_t *ret)
{
    const cJSON *json = call->args[index];
    double n;

    if (!cJSON_IsNumber(json))
        return wrong_type(call, index, "a number");
    n = floor(json->valuedouble + 0.5);
    if (n < -9007199254740991.0 || n > 9007199254740991.0)
        return asl_call_fail(call, "Argument %u is too large a number", index + 1);
    *ret = (int64_t)n;
    return MR_OK;
}

/* A copy of json, paid for. */
static enum mr_code copy(struct asl_call *call, const cJSON *json, cJSON **ret)
{
    size_t bytes;
    unsigned depth;

    if (!asl_json_fits(json, call->bytes_left, &bytes, &depth))
        return asl_call_fail(call, "What it makes is larger than %d bytes, or deeper than %d",
                             ASL_INTRINSIC_BYTES_MAX, ASL_DATA_DEPTH_MAX);
    call->bytes_left -= bytes;
    *ret = cJSON_Duplicate(json, true);
    return *ret ? MR_OK : MR_NO_MEMORY;
}

enum mr_code asl_call_append(struct asl_call *call, cJSON *array, const cJSON *json)
{
    cJSON *item;
    enum mr_code rc = copy(call, json, &item);

    if (rc)
        return rc;
    if (cJSON_AddItemToArray(array, item))
        return MR_OK;
    cJSON_Delete(item);
    return MR_NO_MEMORY;
}

enum mr_code asl_call_add(struct asl_call *call, cJSON *object, const cJSON *member)
{
    cJSON *item;
    enum mr_code rc = copy(call, member, &item);

    if (rc)
        return rc;
    if (cJSON_AddItemToObject(object, member->string, item))
        return MR_OK;
    cJSON_Delete(item);
    return MR_NO_MEMORY;
}

uint64_t asl_call_random(const struct asl_call *call, uint32_t round)
{
    const struct asl_scope *scope = call->scope;
    char key[96];
    int len = snprintf(key, sizeof(key), "%" PRIu64 ".%" PRIu32 ".%" PRIu32 ".%" PRId64 ".%" PRIu32,
                       scope->frame->seq, scope->frame->attempt, call->intrinsic->number,
                       scope->item ? (int64_t)scope->item_index : -1, round);

    return mr_hash64(scope->turn->run->seed, key, (size_t)len);
}

enum mr_code asl_call_end(enum mr_code rc, cJSON *json, cJSON **ret)
{
    if (!rc && !json)
        rc = MR_NO_MEMORY;
    if (rc)
        cJSON_Delete(json);
    else
        *ret = json;
    return rc;
}

/* ---- a call ------------------------------------------------------------------------------- */

static enum mr_code path_argument(struct asl_call *call, const struct asl_path *path,
                                  const cJSON **ret)
{
    const cJSON *found = NULL;
    const char *text;
    size_t len;
    enum mr_code rc = asl_scope_find(call->scope, path, &found, call->fault);

    if (rc)
        return rc;
    if (found) {
        *ret = found;
        return MR_OK;
    }
    if (path->variable && !asl_variable_get(call->scope->frame, path->variable))
        return fail_runtime(call, "Nothing has been assigned to the variable of '%.200s'",
                            path->text);
    text = asl_value_text(call->scope->data, &len);
    if (!text)
        return MR_NO_MEMORY;
    return fail_runtime(
        call,
        "The JsonPath argument for the field '%.120s' could not be found in the input '%.160s'",
        path->text, text);
}

/* What a call in a call answered lives in the scope until that is released. */
static enum mr_code call_argument(struct asl_call *call, const struct asl_intrinsic *inner,
                                  const cJSON **ret)
{
    struct asl_scope *scope = call->scope;
    cJSON *json;
    enum mr_code rc = asl_intrinsic_call(inner, scope, &json, call->fault);

    if (rc)
        return rc;
    if (!scope->made)
        scope->made = cJSON_CreateArray();
    if (!scope->made || !cJSON_AddItemToArray(scope->made, json)) {
        cJSON_Delete(json);
        return MR_NO_MEMORY;
    }
    *ret = json;
    return MR_OK;
}

enum mr_code asl_intrinsic_call(const struct asl_intrinsic *intrinsic, struct asl_scope *scope,
                                cJSON **ret, struct asl_fault *fault)
{
    const cJSON *args[ASL_INTRINSIC_ARGS_MAX];
    struct asl_call call = {.intrinsic = intrinsic,
                            .scope = scope,
                            .args = args,
                            .count = intrinsic->count,
                            .bytes_left = ASL_INTRINSIC_BYTES_MAX,
                            .fault = fault};
    enum mr_code rc = MR_OK;

    for (uint32_t i = 0; !rc && i < intrinsic->count; i++) {
        const struct asl_argument *arg = &intrinsic->args[i];
        if (arg->call)
            rc = call_argument(&call, arg->call, &args[i]);
        else if (arg->path)
            rc = path_argument(&call, arg->path, &args[i]);
        else
            args[i] = arg->json;
    }
    return rc ? rc : intrinsic->function->fn(&call, ret);
}
