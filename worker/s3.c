/* s3.c -- the actions of Step Functions' s3 integration on storage: s3.getObject, s3.putObject,
 * s3.headObject, s3.deleteObject, s3.listObjectsV2.  Fields as AWS names them; bodies are text. */
#include "worker/objects.h"

#include "common/base/json.h"
#include "common/base/utf8.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { KEYS_MAX = 1000 /* of one listing */ };

/* What storage said, with the names that AWS gives. */
static enum mr_code refused(struct wk_run *run, struct wk_fault *fault, const char *key,
                            const struct mr_error *err)
{
    if (err->code == MR_NOT_FOUND)
        return wk_task_fault(fault, MR_NOT_FOUND, "S3.NoSuchKeyException",
                             "The specified key does not exist: %s", key);
    if (err->code == MR_DENIED || err->code == MR_UNAUTHENTICATED)
        return wk_task_fault(fault, err->code, "S3.AccessDeniedException", "%s: %s", key,
                             err->text);
    return wk_task_fault_blob(run, fault, key, err);
}

static enum mr_code text(struct wk_run *run, const char *name, bool required, const char **ret,
                         struct wk_fault *fault)
{
    const cJSON *item = mr_json_get(run->task->input, name);

    *ret = "";
    if (!item && !required)
        return MR_OK;
    if (!cJSON_IsString(item))
        return wk_task_fault(fault, MR_INVALID, "States.Runtime", "/%s: must be a string", name);
    *ret = item->valuestring;
    return MR_OK;
}

/* The key in storage that Bucket and Key mean. */
static enum mr_code place(struct wk_run *run, struct mr_buf *ret, struct wk_fault *fault)
{
    const char *bucket, *key;
    enum mr_code rc = text(run, "Bucket", true, &bucket, fault);

    if (!rc)
        rc = text(run, "Key", true, &key, fault);
    if (rc)
        return rc;
    wk_objects_key(run, bucket, key, ret);
    return ret->failed ? wk_task_fault_own(run->task, fault, MR_NO_MEMORY, "a key") : MR_OK;
}

static enum mr_code answered(struct wk_run *run, struct wk_fault *fault)
{
    return run->output->failed ? wk_task_fault_own(run->task, fault, MR_NO_MEMORY, "the answer")
                               : MR_OK;
}

static void add_info(struct mr_jw *w, const struct mr_blob_info *info)
{
    mr_jw_int(w, "ContentLength", info->bytes);
    if (info->content_type[0])
        mr_jw_str(w, "ContentType", info->content_type);
    if (info->sha256[0])
        mr_jw_str(w, "ChecksumSHA256", info->sha256);
}

enum mr_code wk_s3_get_run(struct wk_run *run, struct wk_fault *fault)
{
    struct mr_buf key = {0}, body = {0};
    struct mr_blob_info info = {0};
    struct mr_error err;
    struct mr_jw w;
    enum mr_code rc = place(run, &key, fault);

    if (rc)
        goto done;
    rc = mr_blob_get(run->blob, key.data, MR_INPUT_MAX, &body, &info, &err);
    if (rc == MR_TOO_LARGE)
        rc = wk_task_fault(fault, rc, "States.DataLimitExceeded", "%s: %s", key.data, err.text);
    else if (rc)
        rc = refused(run, fault, key.data, &err);
    if (rc)
        goto done;
    for (const char *p = body.data, *end = p + body.len; p && p < end;) {
        const size_t step =
            *p ? mr_utf8_len((const unsigned char *)p, (const unsigned char *)end) : 0;

        if (step == 0) {
            rc = wk_task_fault(fault, MR_INVALID, "S3.InvalidBody",
                               "%s: is not text in UTF-8, which a workflow's data are", key.data);
            goto done;
        }
        p += step;
    }
    mr_jw_begin(&w, run->output);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "Body", body.data ? body.data : "");
    add_info(&w, &info);
    mr_jw_close(&w, '}');
    rc = answered(run, fault);
done:
    mr_buf_release(&key);
    mr_buf_release(&body);
    return rc;
}

enum mr_code wk_s3_head_run(struct wk_run *run, struct wk_fault *fault)
{
    struct mr_buf key = {0};
    struct mr_blob_info info = {0};
    struct mr_error err;
    struct mr_jw w;
    enum mr_code rc = place(run, &key, fault);

    if (!rc && mr_blob_head(run->blob, key.data, &info, &err))
        rc = refused(run, fault, key.data, &err);
    if (!rc) {
        mr_jw_begin(&w, run->output);
        mr_jw_open(&w, NULL, '{');
        add_info(&w, &info);
        mr_jw_close(&w, '}');
        rc = answered(run, fault);
    }
    mr_buf_release(&key);
    return rc;
}

/* Body: text as it is, anything else as JSON. */
enum mr_code wk_s3_put_run(struct wk_run *run, struct wk_fault *fault)
{
    const cJSON *body = mr_json_get(run->task->input, "Body");
    struct mr_buf key = {0}, json = {0};
    struct mr_blob_info info = {0};
    struct mr_blob_put how = {.content_type = "application/json"};
    struct mr_error err;
    struct mr_jw w;
    const char *type;
    enum mr_code rc = place(run, &key, fault);

    if (!rc)
        rc = text(run, "ContentType", false, &type, fault);
    if (!rc && cJSON_IsString(body)) {
        how.content_type = "text/plain; charset=utf-8";
        (void)mr_buf_add_str(&json, body->valuestring);
    } else if (!rc && body && mr_json_print(body, &json)) {
        rc = wk_task_fault_own(run->task, fault, MR_NO_MEMORY, "the body");
    }
    if (!rc && type[0])
        how.content_type = type;
    if (!rc &&
        mr_blob_put(run->blob, key.data, &how, json.data ? json.data : "", json.len, &info, &err))
        rc = refused(run, fault, key.data, &err);
    if (!rc) {
        mr_jw_begin(&w, run->output);
        mr_jw_open(&w, NULL, '{');
        mr_jw_str(&w, "ETag", info.sha256);
        mr_jw_str(&w, "ChecksumSHA256", info.sha256);
        mr_jw_close(&w, '}');
        rc = answered(run, fault);
    }
    mr_buf_release(&key);
    mr_buf_release(&json);
    return rc;
}

enum mr_code wk_s3_delete_run(struct wk_run *run, struct wk_fault *fault)
{
    struct mr_buf key = {0};
    struct mr_error err;
    enum mr_code rc = place(run, &key, fault);

    if (!rc && mr_blob_remove(run->blob, key.data, &err))
        rc = refused(run, fault, key.data, &err);
    if (!rc)
        (void)mr_buf_add_str(run->output, "{}");
    mr_buf_release(&key);
    return rc ? rc : answered(run, fault);
}

/* ---- listObjectsV2
 * ------------------------------------------------------------------------------- */

struct keys {
    struct mr_jw *w;
    int64_t count, max;
    bool more;
    struct mr_buf last;
};

/* As AWS's own answer has it: 2026-01-31T12:00:00Z. */
static void add_time(struct mr_jw *w, int64_t ms)
{
    const time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];

    if (ms > 0 && gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
        mr_jw_str(w, "LastModified", text);
}

static enum mr_code list_one(void *ctx, const struct mr_object *object, struct mr_error *err)
{
    struct keys *keys = ctx;
    const char *key = object->key;

    if (keys->count == keys->max || keys->w->buf->len > MR_INPUT_MAX - 4096) {
        keys->more = true;
        return mr_fail(err, MR_CANCELLED, "the listing is full");
    }
    keys->count++;
    mr_jw_open(keys->w, NULL, '{');
    if (object->etag[0])
        mr_jw_str(keys->w, "ETag", object->etag);
    mr_jw_str(keys->w, "Key", key);
    add_time(keys->w, object->modified_ms);
    mr_jw_int(keys->w, "Size", object->bytes);
    mr_jw_str(keys->w, "StorageClass", "STANDARD");
    mr_jw_close(keys->w, '}');
    mr_buf_reset(&keys->last);
    return mr_buf_add_str(&keys->last, key) ? mr_fail(err, MR_NO_MEMORY, "a listing") : MR_OK;
}

enum mr_code wk_s3_list_run(struct wk_run *run, struct wk_fault *fault)
{
    const struct mr_objects objects = wk_objects_of(run);
    const cJSON *max = mr_json_get(run->task->input, "MaxKeys");
    const char *bucket, *prefix, *token, *start;
    struct mr_error err = {0};
    struct mr_jw w;
    struct keys keys = {.w = &w, .max = KEYS_MAX};
    enum mr_code rc;

    if ((rc = text(run, "Bucket", true, &bucket, fault)) ||
        (rc = text(run, "Prefix", false, &prefix, fault)) ||
        (rc = text(run, "ContinuationToken", false, &token, fault)) ||
        (rc = text(run, "StartAfter", false, &start, fault)))
        return rc;
    if (cJSON_IsNumber(max) && max->valuedouble >= 0 && max->valuedouble < KEYS_MAX)
        keys.max = (int64_t)max->valuedouble;
    mr_jw_begin(&w, run->output);
    mr_jw_open(&w, NULL, '{');
    mr_jw_open(&w, "Contents", '[');
    /* one more than is wanted tells that there is more */
    const struct mr_objects_span span = {prefix, token[0] ? token : start, (size_t)keys.max + 1};
    rc = objects.list(objects.ctx, bucket, &span, list_one, &keys, &err);
    mr_jw_close(&w, ']');
    if (rc && !keys.more) {
        mr_buf_reset(run->output);
        rc = refused(run, fault, prefix, &err);
    } else {
        mr_jw_bool(&w, "IsTruncated", keys.more);
        mr_jw_int(&w, "KeyCount", keys.count);
        mr_jw_int(&w, "MaxKeys", keys.max);
        mr_jw_str(&w, "Name", bucket);
        mr_jw_str(&w, "Prefix", prefix);
        if (keys.more && keys.last.data)
            mr_jw_str(&w, "NextContinuationToken", keys.last.data);
        mr_jw_close(&w, '}');
        rc = answered(run, fault);
    }
    mr_buf_release(&keys.last);
    return rc;
}
