/* asl_objects.c -- see asl_objects.h. */
#include "gateway/cli/asl_objects.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = mr_json_get(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static void set_etag(char ret[MR_ITEMS_ETAG_MAX], const char *body)
{
    char sum[40];

    mr_md5_hex(body, strlen(body), sum);
    (void)snprintf(ret, MR_ITEMS_ETAG_MAX, "\"%s\"", sum);
}

static enum mr_code give(const char *key, const char *body, const struct mr_object_range *range,
                         struct mr_buf *ret, struct mr_object_now *now, struct mr_error *err)
{
    const size_t len = strlen(body);
    const size_t at = range->at > (int64_t)len ? len : (size_t)range->at;
    const size_t n = len - at < range->len_max ? len - at : range->len_max;

    now->bytes = (int64_t)len;
    set_etag(now->etag, body);
    if (range->etag[0] && strcmp(range->etag, now->etag) != 0)
        return mr_fail(err, MR_CHANGED, "%s: overwritten since it was read", key);
    mr_buf_reset(ret);
    return mr_buf_add(ret, body + at, n) ? mr_fail(err, MR_NO_MEMORY, "%s", key) : MR_OK;
}

static enum mr_code get(void *ctx, const char *bucket, const char *key,
                        const struct mr_object_range *range, struct mr_buf *ret,
                        struct mr_object_now *now, struct mr_error *err)
{
    const cJSON *stored = ctx, *object;

    cJSON_ArrayForEach(object, stored)
    {
        if (strcmp(text_of(object, "bucket"), bucket) == 0 &&
            strcmp(text_of(object, "key"), key) == 0)
            return give(key, text_of(object, "body"), range, ret, now, err);
    }
    return mr_fail(err, MR_NOT_FOUND, "%s/%s: there is no such object", bucket, key);
}

static int by_key(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;

    return strcmp(text_of(*x, "key"), text_of(*y, "key"));
}

enum { OBJECTS_MAX = 1000 };
#define STORED_MS INT64_C(1700000000000) /* when all of them were stored */

static enum mr_code list(void *ctx, const char *bucket, const struct mr_objects_span *span,
                         enum mr_code (*each)(void *each_ctx, const struct mr_object *,
                                              struct mr_error *err),
                         void *each_ctx, struct mr_error *err)
{
    const cJSON *stored = ctx, *object, *found[OBJECTS_MAX];
    size_t count = 0;
    enum mr_code rc = MR_OK;

    cJSON_ArrayForEach(object, stored)
    {
        if (strcmp(text_of(object, "bucket"), bucket) == 0 && count < OBJECTS_MAX &&
            strncmp(text_of(object, "key"), span->prefix, strlen(span->prefix)) == 0 &&
            strcmp(text_of(object, "key"), span->after) > 0)
            found[count++] = object;
    }
    qsort(found, count, sizeof found[0], by_key);
    if (span->count_max > 0 && count > span->count_max)
        count = span->count_max;
    for (size_t i = 0; i < count && !rc; i++) {
        const char *body = text_of(found[i], "body");
        char etag[MR_ITEMS_ETAG_MAX];

        set_etag(etag, body);
        rc = each(
            each_ctx,
            &(struct mr_object){text_of(found[i], "key"), (int64_t)strlen(body), STORED_MS, etag},
            err);
    }
    return rc;
}

/* As storage does: an object takes the place of one that has its key. */
static void forget(cJSON *stored, const char *bucket, const char *key)
{
    cJSON *object = stored->child, *next;

    for (; object; object = next) {
        const char *its_bucket = cJSON_GetStringValue(mr_json_get(object, "bucket"));
        const char *its_key = cJSON_GetStringValue(mr_json_get(object, "key"));

        next = object->next;
        if (its_bucket && its_key && strcmp(its_bucket, bucket) == 0 && strcmp(its_key, key) == 0)
            cJSON_Delete(cJSON_DetachItemViaPointer(stored, object));
    }
}

static enum mr_code put(void *ctx, const char *bucket, const char *key, const char *type,
                        const void *data, size_t len, struct mr_error *err)
{
    cJSON *object = cJSON_CreateObject();
    struct mr_buf body = {0};
    bool ok;

    (void)type;
    forget(ctx, bucket, key);
    ok = object && mr_buf_add(&body, data, len) == MR_OK &&
         cJSON_AddStringToObject(object, "bucket", bucket) &&
         cJSON_AddStringToObject(object, "key", key) &&
         cJSON_AddStringToObject(object, "body", body.data ? body.data : "") &&
         cJSON_AddItemToArray(ctx, object);
    mr_buf_release(&body);
    if (ok)
        return MR_OK;
    cJSON_Delete(object);
    return mr_fail(err, MR_NO_MEMORY, "%s", key);
}

struct mr_objects asl_objects_of(cJSON *stored)
{
    return (struct mr_objects){.ctx = stored, .get = get, .list = list, .put = put};
}

bool asl_objects_answer(cJSON *stored, const struct asl_effect *task, const cJSON *input,
                        struct asl_answer *ret)
{
    static struct mr_error err;
    const struct mr_objects objects = asl_objects_of(stored);
    const bool reads = strcmp(task->resource, ASL_RESOURCE_READ) == 0;
    struct mr_buf text = {0};
    enum mr_code rc;

    if (!reads && strcmp(task->resource, ASL_RESOURCE_WRITE) != 0)
        return false;
    rc = reads ? mr_items_read(input, &objects, &text, &err)
               : mr_items_write(input, &objects, &text, &err);
    *ret = (struct asl_answer){.kind = rc ? ASL_ANSWER_FAILED : ASL_ANSWER_OK};
    if (rc) {
        ret->error = mr_code_name(rc);
        ret->cause = err.text;
    } else {
        ret->output = cJSON_ParseWithLength(text.data, text.len);
    }
    mr_buf_release(&text);
    return true;
}
