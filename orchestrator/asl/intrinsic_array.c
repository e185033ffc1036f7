/* intrinsic_array.c -- States.Array and what takes arrays apart. */
#include "orchestrator/asl/intrinsic_call.h"

#include "common/base/id.h"
#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

enum mr_code asl_fn_array(struct asl_call *call, cJSON **ret)
{
    cJSON *array = cJSON_CreateArray();
    enum mr_code rc = array ? MR_OK : MR_NO_MEMORY;

    for (uint32_t i = 0; !rc && i < call->count; i++)
        rc = asl_call_append(call, array, call->args[i]);
    return asl_call_end(rc, array, ret);
}

enum mr_code asl_fn_array_partition(struct asl_call *call, cJSON **ret)
{
    const cJSON *array;
    cJSON *chunks, *chunk = NULL;
    int64_t size, at = 0;
    enum mr_code rc = asl_call_array(call, 0, &array);

    if (!rc)
        rc = asl_call_integer(call, 1, &size);
    if (!rc && size <= 0)
        rc = asl_call_fail(call, "The size of a chunk must be greater than 0");
    if (rc)
        return rc;
    chunks = cJSON_CreateArray();
    if (!chunks)
        return MR_NO_MEMORY;
    for (const cJSON *item = array->child; !rc && item; item = item->next, at++) {
        if (at % size == 0) {
            chunk = cJSON_CreateArray();
            if (!chunk || !cJSON_AddItemToArray(chunks, chunk)) {
                cJSON_Delete(chunk);
                return asl_call_end(MR_NO_MEMORY, chunks, ret);
            }
        }
        rc = asl_call_append(call, chunk, item);
    }
    return asl_call_end(rc, chunks, ret);
}

/* Equal values print alike once their members are sorted; so large objects cost no more than that.
 */
enum mr_code asl_fn_array_contains(struct asl_call *call, cJSON **ret)
{
    struct mr_buf wanted = {0}, text = {0};
    const cJSON *array, *value = call->args[1];
    bool found = false;
    enum mr_code rc = asl_call_array(call, 0, &array);

    if (rc)
        return rc;
    rc = mr_json_print_sorted(value, &wanted);
    for (const cJSON *item = array->child; !rc && !found && item; item = item->next) {
        if ((item->type & 0xFF) != (value->type & 0xFF))
            continue;
        mr_buf_reset(&text);
        rc = mr_json_print_sorted(item, &text);
        found = !rc && text.len == wanted.len && memcmp(text.data, wanted.data, text.len) == 0;
    }
    mr_buf_release(&wanted);
    mr_buf_release(&text);
    return asl_call_end(rc, rc ? NULL : cJSON_CreateBool(found), ret);
}

/* Its end is part of it, where a step meets it. */
enum mr_code asl_fn_array_range(struct asl_call *call, cJSON **ret)
{
    int64_t first, last, step, count;
    cJSON *array;
    enum mr_code rc = asl_call_integer(call, 0, &first);

    if (!rc)
        rc = asl_call_integer(call, 1, &last);
    if (!rc)
        rc = asl_call_integer(call, 2, &step);
    if (!rc && step == 0)
        rc = asl_call_fail(call, "The step must not be 0");
    if (rc)
        return rc;
    count = (last - first) / step + 1;
    if ((step > 0 && last < first) || (step < 0 && last > first))
        count = 0;
    if (count > ASL_INTRINSIC_RANGE_MAX)
        return asl_call_fail(call, "A range has at most %d items", ASL_INTRINSIC_RANGE_MAX);
    array = cJSON_CreateArray();
    for (int64_t i = 0; array && i < count; i++) {
        cJSON *item = cJSON_CreateNumber((double)(first + i * step));
        if (item && cJSON_AddItemToArray(array, item))
            continue;
        cJSON_Delete(item);
        return asl_call_end(MR_NO_MEMORY, array, ret);
    }
    return asl_call_end(MR_OK, array, ret);
}

enum mr_code asl_fn_array_get_item(struct asl_call *call, cJSON **ret)
{
    const cJSON *array, *item;
    int64_t index;
    enum mr_code rc = asl_call_array(call, 0, &array);

    if (!rc)
        rc = asl_call_integer(call, 1, &index);
    if (rc)
        return rc;
    item = index >= 0 && index < INT32_MAX ? cJSON_GetArrayItem(array, (int)index) : NULL;
    if (!item)
        return asl_call_fail(call, "The index %lld is outside of the array, which has %d items",
                             (long long)index, cJSON_GetArraySize(array));
    return asl_call_end(MR_OK, cJSON_Duplicate(item, true), ret);
}

enum mr_code asl_fn_array_length(struct asl_call *call, cJSON **ret)
{
    const cJSON *array;
    enum mr_code rc = asl_call_array(call, 0, &array);

    return rc ? rc : asl_call_end(MR_OK, cJSON_CreateNumber(cJSON_GetArraySize(array)), ret);
}

/* A hash table of texts that stand one behind the other in a buffer. */
struct seen {
    struct mr_buf texts;
    size_t *slots; /* where a text begins, + 1; 0: empty */
    size_t cap;    /* a power of two */
};

/* Whether the text from start to the buffer's end is new; if so it is kept. */
static bool is_new(struct seen *seen, size_t start)
{
    const char *text = seen->texts.data + start;
    size_t at = (size_t)mr_hash64(1, text, strlen(text)) & (seen->cap - 1);

    for (; seen->slots[at]; at = (at + 1) & (seen->cap - 1))
        if (strcmp(seen->texts.data + seen->slots[at] - 1, text) == 0)
            return false;
    seen->slots[at] = start + 1;
    return true;
}

static enum mr_code add_new(struct asl_call *call, struct seen *seen, const cJSON *array,
                            cJSON *into)
{
    enum mr_code rc = MR_OK;

    for (const cJSON *item = array->child; !rc && item; item = item->next) {
        size_t start = seen->texts.len;
        rc = mr_json_print_sorted(item, &seen->texts); /* equal values print alike */
        if (!rc)
            rc = mr_buf_add_char(&seen->texts, '\0');
        if (!rc && is_new(seen, start))
            rc = asl_call_append(call, into, item);
        else
            seen->texts.len = start;
    }
    return rc;
}

enum mr_code asl_fn_array_unique(struct asl_call *call, cJSON **ret)
{
    struct seen seen = {.cap = 16};
    const cJSON *array;
    cJSON *unique;
    enum mr_code rc = asl_call_array(call, 0, &array);

    if (rc)
        return rc;
    while (seen.cap < 2 * (size_t)cJSON_GetArraySize(array))
        seen.cap *= 2;
    seen.slots = calloc(seen.cap, sizeof(*seen.slots));
    unique = cJSON_CreateArray();
    rc = seen.slots && unique ? add_new(call, &seen, array, unique) : MR_NO_MEMORY;
    free(seen.slots);
    mr_buf_release(&seen.texts);
    return asl_call_end(rc, unique, ret);
}
