/* intrinsic_json.c -- between values and their texts. */
#include "orchestrator/asl/intrinsic_call.h"

#include "common/base/json.h"
#include "orchestrator/asl/value.h"

#include <stdlib.h>
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

/* The members of an object, sorted by name. */
struct members {
    const cJSON **items;
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;

    return strcmp((*x)->string, (*y)->string);
}

static bool read_members(struct members *members, const cJSON *object)
{
    members->count = 0;
    members->items = malloc(((size_t)cJSON_GetArraySize(object) + 1) * sizeof(cJSON *));
    if (!members->items)
        return false;
    for (const cJSON *item = object->child; item; item = item->next)
        members->items[members->count++] = item;
    qsort(members->items, members->count, sizeof(cJSON *), by_name);
    return true;
}

static const cJSON *member_of(const struct members *members, const cJSON *named)
{
    const cJSON **found =
        members->count ? bsearch(&named, members->items, members->count, sizeof(cJSON *), by_name)
                       : NULL;

    return found ? *found : NULL;
}

/* What is in both has the second's value, at the first's place. */
static enum mr_code merge(struct asl_call *call, const struct members *first,
                          const struct members *second, cJSON *into)
{
    enum mr_code rc = MR_OK;

    for (const cJSON *item = call->args[0]->child; !rc && item; item = item->next) {
        const cJSON *other = member_of(second, item);
        rc = asl_call_add(call, into, other ? other : item);
    }
    for (const cJSON *item = call->args[1]->child; !rc && item; item = item->next)
        if (!member_of(first, item))
            rc = asl_call_add(call, into, item);
    return rc;
}

enum mr_code asl_fn_json_merge(struct asl_call *call, cJSON **ret)
{
    const cJSON *first, *second;
    struct members a = {0}, b = {0};
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
    if (merged && read_members(&a, first) && read_members(&b, second))
        rc = merge(call, &a, &b, merged);
    else
        rc = MR_NO_MEMORY;
    free(a.items);
    free(b.items);
    return asl_call_end(rc, merged, ret);
}
