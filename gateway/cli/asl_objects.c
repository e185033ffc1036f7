/* asl_objects.c -- see asl_objects.h. */
#include "gateway/cli/asl_objects.h"

#include "common/adapters/crypto.h"
#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = mr_json_get(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static enum mr_code get(void *ctx, const char *bucket, const char *key, size_t len_max,
                        struct mr_buf *ret, struct mr_error *err)
{
    const cJSON *stored = ctx, *object;

    cJSON_ArrayForEach(object, stored)
    {
        const char *body = text_of(object, "body");

        if (strcmp(text_of(object, "bucket"), bucket) != 0 ||
            strcmp(text_of(object, "key"), key) != 0)
            continue;
        if (strlen(body) > len_max)
            return mr_fail(err, MR_TOO_LARGE, "%s", key);
        return mr_buf_add_str(ret, body);
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

static enum mr_code list(void *ctx, const char *bucket, const char *prefix,
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
            strncmp(text_of(object, "key"), prefix, strlen(prefix)) == 0)
            found[count++] = object;
    }
    qsort(found, count, sizeof found[0], by_key);
    for (size_t i = 0; i < count && !rc; i++) {
        const char *body = text_of(found[i], "body");
        char etag[40] = "\"";

        mr_md5_hex(body, strlen(body), etag + 1);
        strcat(etag, "\"");
        rc = each(
            each_ctx,
            &(struct mr_object){text_of(found[i], "key"), (int64_t)strlen(body), STORED_MS, etag},
            err);
    }
    return rc;
}

static enum mr_code put(void *ctx, const char *bucket, const char *key, const char *type,
                        const void *data, size_t len, struct mr_error *err)
{
    cJSON *object = cJSON_CreateObject();
    struct mr_buf body = {0};
    bool ok;

    (void)type;
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
    return (struct mr_objects){stored, get, list, put, NULL};
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
