/* value.c -- see value.h.  Knows cJSON and nothing of runs. */
#include "orchestrator/asl/value.h"

#include "common/base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct asl_value *asl_value_new_take(cJSON *json)
{
    struct asl_value *value;

    if (!json)
        return NULL;
    value = calloc(1, sizeof(*value));
    if (!value) {
        cJSON_Delete(json);
        return NULL;
    }
    value->refs = 1;
    value->json = json;
    return value;
}

static struct asl_value *view(struct asl_value *whole, const cJSON *part)
{
    struct asl_value *value = calloc(1, sizeof(*value));

    if (!value)
        return NULL;
    value->refs = 1;
    value->json = (cJSON *)(uintptr_t)part; /* not changed: a value with an owner is copied */
    value->owner = asl_value_ref(whole->owner ? whole->owner : whole);
    return value;
}

struct asl_value *asl_value_view(struct asl_value *whole, const cJSON *part)
{
    return part == whole->json ? asl_value_ref(whole) : view(whole, part);
}

struct asl_value *asl_value_alias(struct asl_value *whole)
{
    return view(whole, whole->json);
}

struct asl_value *asl_value_ref(struct asl_value *value)
{
    value->refs++;
    return value;
}

void asl_value_unref(struct asl_value *value)
{
    if (!value || --value->refs > 0)
        return;
    if (value->owner)
        asl_value_unref(value->owner); /* an owner has no owner: this ends here */
    else
        cJSON_Delete(value->json);
    free(value->text);
    free(value);
}

const char *asl_value_text(struct asl_value *value, size_t *ret_len)
{
    if (!value->text) {
        struct mr_buf buf = {0};
        if (mr_json_print(value->json, &buf)) {
            mr_buf_release(&buf);
            return NULL;
        }
        value->text_len = buf.len;
        value->text = mr_buf_detach(&buf);
    }
    *ret_len = value->text_len;
    return value->text;
}

cJSON *asl_value_detach(struct asl_value *value)
{
    cJSON *json;

    if (value->refs == 1 && !value->owner) {
        json = value->json;
        value->json = NULL;
    } else {
        json = cJSON_Duplicate(value->json, true);
    }
    asl_value_unref(value);
    return json;
}

static size_t string_len(const char *text)
{
    size_t len = 2;

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p >= 0x20 && *p != '"' && *p != '\\')
            len++;
        else if (*p == '"' || *p == '\\' || *p == '\n' || *p == '\t' || *p == '\r' || *p == '\b' ||
                 *p == '\f')
            len += 2;
        else
            len += 6;
    }
    return len;
}

static size_t number_len(double n)
{
    size_t len = n < 0 ? 2 : 1;

    if (n != floor(n) || fabs(n) >= 9007199254740992.0)
        return 20; /* at most about that; the limit is not about single bytes */
    for (uint64_t rest = (uint64_t)fabs(n); rest >= 10; rest /= 10)
        len++;
    return len;
}

struct count {
    size_t bytes, bytes_max;
    unsigned depth;
};

static bool count(const cJSON *json, unsigned depth, struct count *c)
{
    if (depth > c->depth)
        c->depth = depth;
    if (depth > ASL_DATA_DEPTH_MAX)
        return false;
    if (cJSON_IsString(json))
        c->bytes += string_len(json->valuestring);
    else if (cJSON_IsNumber(json))
        c->bytes += number_len(json->valuedouble);
    else if (!cJSON_IsArray(json) && !cJSON_IsObject(json))
        c->bytes += cJSON_IsFalse(json) ? 5 : 4;
    else
        c->bytes += 2;
    for (const cJSON *item = json->child; item && c->bytes <= c->bytes_max; item = item->next) {
        c->bytes += item->next != NULL;
        if (cJSON_IsObject(json))
            c->bytes += string_len(item->string) + 1;
        if (!count(item, depth + 1, c))
            return false;
    }
    return c->bytes <= c->bytes_max;
}

bool asl_json_fits(const cJSON *json, size_t bytes_max, size_t *ret_bytes, unsigned *ret_depth)
{
    struct count c = {.bytes_max = bytes_max};
    bool fits = count(json, 1, &c);

    *ret_bytes = c.bytes;
    *ret_depth = c.depth;
    return fits;
}

bool asl_value_fits(struct asl_value *value, size_t bytes_max)
{
    size_t bytes;
    unsigned depth;

    if (value->bytes > 0 && value->bytes <= bytes_max && value->depth <= ASL_DATA_DEPTH_MAX)
        return true;
    if (!asl_json_fits(value->json, bytes_max, &bytes, &depth))
        return false;
    value->bytes = bytes;
    value->depth = depth;
    value->exact = true;
    return true;
}

size_t asl_value_bytes(struct asl_value *value)
{
    size_t bytes;
    unsigned depth;

    if (value->exact)
        return value->bytes;
    if (!asl_json_fits(value->json, SIZE_MAX, &bytes, &depth))
        return bytes; /* too deep: counted so far */
    value->bytes = bytes;
    value->depth = depth;
    value->exact = true;
    return bytes;
}

size_t asl_json_bytes(const cJSON *json)
{
    size_t bytes = sizeof(*json);

    if (json->string)
        bytes += strlen(json->string) + 1;
    if (json->valuestring)
        bytes += strlen(json->valuestring) + 1;
    for (const cJSON *item = json->child; item; item = item->next)
        bytes += asl_json_bytes(item);
    return bytes;
}
