/* decode_value.c -- values of a run's text: those in it, and those kept apart, fetched when met. */
#include "orchestrator/asl/decode.h"

#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

static const struct mr_json_limits text_limits = {(size_t)1 << 30, MR_JSON_DEPTH_MAX};

static size_t find(const struct asl_values *values, uint32_t id)
{
    size_t low = 0, high = values->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values->items[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct asl_value *add_value(struct asl_decoder *d, uint32_t id, cJSON *json)
{
    struct asl_value *value = asl_value_new_take(json);
    size_t at = find(&d->values, id);

    if (!value || !asl_values_add(&d->values, value)) {
        asl_value_unref(value);
        d->no_memory = true;
        return NULL;
    }
    value->id = id;
    memmove(d->values.items + at + 1, d->values.items + at,
            (d->values.count - 1 - at) * sizeof(struct asl_value *));
    d->values.items[at] = value;
    return value;
}

bool asl_decode_inline(struct asl_decoder *d)
{
    const cJSON *list = mr_json_get(d->json, "val");
    uint32_t last = 0;

    if (!cJSON_IsObject(list))
        return asl_decode_wrong(d, "val");
    for (const cJSON *item = list->child; item; item = item->next) {
        char *end;
        unsigned long id = strtoul(item->string, &end, 10);
        if (*end || id <= last || id > d->run->value_next)
            return asl_decode_wrong(d, "val");
        last = (uint32_t)id;
        if (!add_value(d, last, cJSON_Duplicate(item, true)))
            return false;
    }
    return true;
}

static struct asl_value *fetch(struct asl_decoder *d, uint32_t id)
{
    const char *text;
    size_t len;
    cJSON *json;
    enum mr_code rc;

    if (!d->get || !d->get(d->get_ctx, id, &text, &len)) {
        asl_decode_wrong(d, "a value that is kept apart is not there");
        return NULL;
    }
    rc = mr_json_parse(text, len, &text_limits, &json, NULL);
    if (rc) {
        d->no_memory |= rc == MR_NO_MEMORY;
        asl_decode_wrong(d, "a value that is kept apart is not JSON");
        return NULL;
    }
    return add_value(d, id, json);
}

bool asl_decode_value(struct asl_decoder *d, const cJSON *item, bool required,
                      struct asl_value **slot)
{
    uint32_t id = (uint32_t)asl_decode_integer(d, item, required, d->run->value_next,
                                               "the number of a value");
    struct asl_value *value;
    size_t at;

    if (d->wrong || id == 0)
        return !d->wrong;
    at = find(&d->values, id);
    value = at < d->values.count && d->values.items[at]->id == id ? d->values.items[at] : NULL;
    if (!value) {
        value = fetch(d, id);
        if (!value)
            return false;
        if (!asl_ids_add(&d->run->kept, id)) {
            d->no_memory = true;
            return false;
        }
    }
    *slot = asl_value_ref(value);
    return true;
}
