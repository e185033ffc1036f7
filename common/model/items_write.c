/* items_write.c -- a part of a distributed Map's results, and the manifest of all parts. */
#include "common/model/items.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form { FORM_NONE, FORM_COMPACT, FORM_FLATTEN };

struct writing {
    const struct mr_objects *to;
    const char *bucket, *prefix, *dir;
    enum form form;
    bool lines; /* JSONL */
};

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = mr_json_get(object, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static enum mr_code read_request(const cJSON *request, struct writing *ret, struct mr_error *err)
{
    const cJSON *parameters = mr_json_get(request, "Parameters");
    const cJSON *config = mr_json_get(request, "WriterConfig");
    const char *form = text_of(config, "Transformation"), *type = text_of(config, "OutputType");

    ret->bucket = text_of(parameters, "Bucket");
    ret->prefix = text_of(parameters, "Prefix");
    ret->dir = text_of(request, "dir");
    if (!ret->bucket)
        return mr_fail(err, MR_INVALID, "/Parameters/Bucket: must be a string");
    if (!ret->prefix)
        ret->prefix = "";
    if (!ret->dir)
        return mr_fail(err, MR_INVALID, "/dir: must be a string");
    ret->form = form && strcmp(form, "COMPACT") == 0   ? FORM_COMPACT
                : form && strcmp(form, "FLATTEN") == 0 ? FORM_FLATTEN
                                                       : FORM_NONE;
    ret->lines = type && strcmp(type, "JSONL") == 0;
    return MR_OK;
}

static void add_key(struct mr_buf *buf, const struct writing *writing, const char *name)
{
    size_t len = strlen(writing->prefix);

    while (len > 0 && writing->prefix[len - 1] == '/')
        len--;
    (void)mr_buf_add(buf, writing->prefix, len);
    (void)mr_buf_addf(buf, "%s%s/%s", len ? "/" : "", writing->dir, name);
}

/* ---- a part -----------------------------------------------------------------------------------
 */

/* Of which files it is one. */
static const char *status_of(const cJSON *record)
{
    const char *status = text_of(record, "Status");

    if (!status)
        return mr_json_get(record, "Output") ? "SUCCEEDED" : "FAILED";
    return strcmp(status, "SUCCEEDED") == 0 || strcmp(status, "PENDING") == 0 ? status : "FAILED";
}

static bool succeeded(const cJSON *record)
{
    return strcmp(status_of(record), "SUCCEEDED") == 0;
}

static void add_piece(struct mr_buf *buf, const struct writing *writing, const char *json,
                      size_t len)
{
    if (writing->lines) {
        (void)mr_buf_add(buf, json, len);
        (void)mr_buf_add_char(buf, '\n');
        return;
    }
    (void)mr_buf_add_char(buf, buf->len ? ',' : '[');
    (void)mr_buf_add(buf, json, len);
}

static void add_item(struct mr_buf *buf, const struct writing *writing, const cJSON *item)
{
    struct mr_buf text = {0};

    if (mr_json_print(item, &text) == MR_OK)
        add_piece(buf, writing, text.data, text.len);
    else
        buf->failed = true;
    mr_buf_release(&text);
}

/* As Transformation wants it; failures keep what is known of them. */
static void add_record(struct mr_buf *buf, const struct writing *writing, const cJSON *record)
{
    const char *output = text_of(record, "Output");
    cJSON *list;

    if (writing->form == FORM_NONE || !succeeded(record) || !output) {
        add_item(buf, writing, record);
        return;
    }
    list = writing->form == FORM_FLATTEN && output[0] == '[' ? cJSON_Parse(output) : NULL;
    if (!list)
        add_piece(buf, writing, output, strlen(output));
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next)
        add_item(buf, writing, item);
    cJSON_Delete(list);
}

static enum mr_code put_part(const struct writing *writing, const char *status, int part,
                             const cJSON *results, struct mr_error *err)
{
    struct mr_buf body = {0}, key = {0};
    char name[48];
    bool any = false;
    enum mr_code rc = MR_OK;

    for (const cJSON *record = results->child; record; record = record->next) {
        if (strcmp(status_of(record), status) != 0)
            continue;
        any = true;
        add_record(&body, writing, record);
    }
    if (!any)
        return MR_OK;
    if (!writing->lines)
        (void)mr_buf_add_str(&body, body.len ? "]" : "[]");
    (void)snprintf(name, sizeof name, "%s_%d.%s", status, part, writing->lines ? "jsonl" : "json");
    add_key(&key, writing, name);
    if (body.failed || key.failed)
        rc = mr_fail(err, MR_NO_MEMORY, "results of a Map");
    if (!rc)
        rc = writing->to->put(writing->to->ctx, writing->bucket, key.data,
                              writing->lines ? "application/jsonl" : "application/json",
                              body.data ? body.data : "", body.len, err);
    if (rc && rc != MR_NO_MEMORY)
        rc = mr_fail_in(err, rc, key.data);
    mr_buf_release(&body);
    mr_buf_release(&key);
    return rc;
}

static enum mr_code write_part(const struct writing *writing, const cJSON *request,
                               struct mr_buf *buf, struct mr_error *err)
{
    const cJSON *part = mr_json_get(request, "part"), *results = mr_json_get(request, "results");
    enum mr_code rc;

    if (!cJSON_IsNumber(part) || !cJSON_IsArray(results))
        return mr_fail(err, MR_INVALID, "part and results are wanted");
    rc = put_part(writing, "SUCCEEDED", part->valueint, results, err);
    if (!rc)
        rc = put_part(writing, "FAILED", part->valueint, results, err);
    if (!rc)
        rc = put_part(writing, "PENDING", part->valueint, results, err);
    if (!rc && mr_buf_add_str(buf, "{}"))
        rc = mr_fail(err, MR_NO_MEMORY, "an answer");
    return rc;
}

/* ---- the manifest ------------------------------------------------------------------------------
 */

struct files {
    size_t dir_len; /* of the keys' part before their names */
    long since;     /* parts before it are of an attempt that a redrive went on from */
    struct mr_buf succeeded, failed, pending;
};

/* The number of a file STATUS_n; -1: it is another. */
static long part_of(const char *name, const char *status)
{
    const size_t len = strlen(status);

    return strncmp(name, status, len) == 0 && name[len] == '_' ? strtol(name + len + 1, NULL, 10)
                                                               : -1;
}

static enum mr_code note_file(void *ctx, const struct mr_object *object, struct mr_error *err)
{
    const char *key = object->key;
    struct files *files = ctx;
    const char *name = key + files->dir_len;
    struct mr_buf *list = part_of(name, "SUCCEEDED") >= 0            ? &files->succeeded
                          : part_of(name, "FAILED") >= files->since  ? &files->failed
                          : part_of(name, "PENDING") >= files->since ? &files->pending
                                                                     : NULL;

    if (!list)
        return MR_OK;
    (void)mr_buf_add_str(list, list->len ? ",{\"Key\":" : "{\"Key\":");
    (void)mr_buf_add_json(list, key, strlen(key));
    (void)mr_buf_addf(list, ",\"Size\":%lld}", (long long)object->bytes);
    return list->failed ? mr_fail(err, MR_NO_MEMORY, "a manifest") : MR_OK;
}

static void print_manifest(const struct writing *writing, const char *arn,
                           const struct files *files, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "DestinationBucket", writing->bucket);
    mr_jw_str(&w, "MapRunArn", arn);
    mr_jw_open(&w, "ResultFiles", '{');
    (void)mr_buf_addf(buf, "\"FAILED\":[%s],\"PENDING\":[%s],\"SUCCEEDED\":[%s]",
                      files->failed.data ? files->failed.data : "",
                      files->pending.data ? files->pending.data : "",
                      files->succeeded.data ? files->succeeded.data : "");
    mr_jw_close(&w, '}');
    mr_jw_close(&w, '}');
}

static void print_answer(const struct writing *writing, const char *arn, const char *key,
                         struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "MapRunArn", arn);
    mr_jw_open(&w, "ResultWriterDetails", '{');
    mr_jw_str(&w, "Bucket", writing->bucket);
    mr_jw_str(&w, "Key", key);
    mr_jw_close(&w, '}');
    mr_jw_close(&w, '}');
}

static enum mr_code write_manifest(const struct writing *writing, const cJSON *request,
                                   struct mr_buf *buf, struct mr_error *err)
{
    const char *arn = text_of(request, "MapRunArn");
    const cJSON *since = mr_json_get(request, "since");
    struct mr_buf prefix = {0}, key = {0}, body = {0};
    struct files files = {0};
    enum mr_code rc;

    add_key(&prefix, writing, "");
    add_key(&key, writing, "manifest.json");
    if (prefix.failed || key.failed) {
        rc = mr_fail(err, MR_NO_MEMORY, "a manifest");
        goto done;
    }
    files.dir_len = prefix.len;
    files.since = cJSON_IsNumber(since) ? since->valueint : 0;
    rc = writing->to->list(writing->to->ctx, writing->bucket,
                           &(struct mr_objects_span){.prefix = prefix.data, .after = ""}, note_file,
                           &files, err);
    if (rc)
        goto done;
    print_manifest(writing, arn ? arn : "", &files, &body);
    if (body.failed)
        rc = mr_fail(err, MR_NO_MEMORY, "a manifest");
    if (!rc)
        rc = writing->to->put(writing->to->ctx, writing->bucket, key.data, "application/json",
                              body.data, body.len, err);
    if (!rc)
        print_answer(writing, arn ? arn : "", key.data, buf);
    if (!rc && buf->failed)
        rc = mr_fail(err, MR_NO_MEMORY, "an answer");
done:
    if (rc && rc != MR_NO_MEMORY)
        rc = mr_fail_in(err, rc, key.data ? key.data : "manifest.json");
    mr_buf_release(&files.succeeded);
    mr_buf_release(&files.failed);
    mr_buf_release(&files.pending);
    mr_buf_release(&prefix);
    mr_buf_release(&key);
    mr_buf_release(&body);
    return rc;
}

enum mr_code mr_items_write(const cJSON *request, const struct mr_objects *to, struct mr_buf *buf,
                            struct mr_error *err)
{
    struct writing writing = {.to = to};
    enum mr_code rc = read_request(request, &writing, err);

    if (rc)
        return rc;
    return cJSON_IsTrue(mr_json_get(request, "finish"))
               ? write_manifest(&writing, request, buf, err)
               : write_part(&writing, request, buf, err);
}
