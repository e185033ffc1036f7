/* record.c -- the small messages: control, dead letters, config. */
#include "common/model/message_read.h"
#include "common/model/workflow_ref.h"

#include <stdio.h>
#include <string.h>

enum mr_code mr_control_parse(const char *text, size_t len, struct mr_control *ret,
                              struct mr_error *err)
{
    cJSON *root = NULL;
    const char *job = NULL, *kind = NULL;
    int64_t seq = 0, attempt = 0;
    enum mr_code rc;

    rc = mr_message_read(text, len, 4096, NULL, &root, err);
    if (rc)
        return rc;
    if ((rc = mr_json_str(root, "", "k", 32, &kind, err)) ||
        (rc = mr_message_id(root, "job", true, &job, err)) ||
        (rc = mr_json_int(root, "", "seq", 1, INT64_MAX, &seq, err)) ||
        (rc = mr_json_int(root, "", "attempt", 1, UINT32_MAX, &attempt, err)))
        goto done;
    if (strcmp(kind, "cancel") != 0) {
        rc = mr_fail(err, MR_UNSUPPORTED, "/k: must be \"cancel\"");
        goto done;
    }
    (void)snprintf(ret->job, sizeof ret->job, "%s", job);
    ret->seq = (uint64_t)seq;
    ret->attempt = (uint32_t)attempt;
done:
    cJSON_Delete(root);
    return rc;
}

enum mr_code mr_control_print(const struct mr_control *control, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "k", "cancel");
    mr_jw_str(&w, "job", control->job);
    mr_jw_int(&w, "seq", (int64_t)control->seq);
    mr_jw_int(&w, "attempt", control->attempt);
    mr_jw_close(&w, '}');
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}

/* RFC 4648, with padding, as the value of a JSON string. */
static void add_base64(struct mr_buf *buf, const unsigned char *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    (void)mr_buf_reserve(buf, len / 3 * 4 + 8);
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned n = (unsigned)data[i] << 16;
        char quad[4];

        n |= left > 1 ? (unsigned)data[i + 1] << 8 : 0;
        n |= left > 2 ? (unsigned)data[i + 2] : 0;
        quad[0] = digits[n >> 18];
        quad[1] = digits[n >> 12 & 63];
        quad[2] = left > 1 ? digits[n >> 6 & 63] : '=';
        quad[3] = left > 2 ? digits[n & 63] : '=';
        (void)mr_buf_add(buf, quad, sizeof quad);
    }
}

enum mr_code mr_dead_print(const char *reason, const char *error, const char *topic,
                           int32_t partition, int64_t offset, const void *bytes, size_t len,
                           struct mr_buf *buf)
{
    struct mr_buf coded = {0};
    struct mr_jw w;

    (void)mr_buf_add_char(&coded, '"');
    add_base64(&coded, bytes, !bytes ? 0 : len > MR_DEAD_BYTES_MAX ? MR_DEAD_BYTES_MAX : len);
    (void)mr_buf_add_char(&coded, '"');
    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "reason", reason);
    mr_jw_str(&w, "error", error);
    mr_jw_str(&w, "topic", topic);
    mr_jw_int(&w, "partition", partition);
    mr_jw_int(&w, "offset", offset);
    if (len > MR_DEAD_BYTES_MAX)
        mr_jw_int(&w, "bytes_total", (int64_t)len);
    if (!coded.failed)
        mr_jw_raw(&w, "bytes", coded.data, coded.len);
    mr_jw_close(&w, '}');
    if (coded.failed)
        buf->failed = true;
    mr_buf_release(&coded);
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}

enum mr_code mr_config_workflow_parse(const char *text, size_t len, struct mr_config_workflow *ret,
                                      struct mr_error *err)
{
    struct mr_config_workflow workflow = {0};
    enum mr_code rc;

    workflow.version = 1;
    rc = mr_message_read(text, len, MR_JOB_MESSAGE_MAX, NULL, &workflow.root, err);
    if (rc)
        return rc;
    rc = mr_json_str(workflow.root, "", "def", 64, &workflow.def, err);
    if (!rc)
        rc = mr_json_int_opt(workflow.root, "", "created_ms", 0, INT64_MAX, &workflow.created_ms,
                             err);
    if (!rc)
        rc = mr_json_int_opt(workflow.root, "", "version", 1, MR_VERSION_MAX, &workflow.version,
                             err);
    workflow.definition = mr_json_get(workflow.root, "definition");
    if (!rc && !cJSON_IsObject(workflow.definition))
        rc = mr_fail(err, MR_INVALID, "/definition: must be an object");
    if (rc) {
        mr_config_workflow_release(&workflow);
        return rc;
    }
    *ret = workflow;
    return MR_OK;
}

void mr_config_workflow_release(struct mr_config_workflow *workflow)
{
    if (!workflow)
        return;
    cJSON_Delete(workflow->root);
    *workflow = (struct mr_config_workflow){0};
}

enum mr_code mr_config_quarantine_parse(const char *text, size_t len,
                                        struct mr_config_quarantine *ret, struct mr_error *err)
{
    struct mr_config_quarantine record = {0};
    const char *log_id = NULL;
    cJSON *root = NULL;
    enum mr_code rc;

    rc = mr_message_read(text, len, 4096, NULL, &root, err);
    if (rc)
        return rc;
    if (!(rc = mr_json_str(root, "", "log", sizeof record.log_id - 1, &log_id, err)) &&
        !(rc = mr_json_int(root, "", "offset", 0, INT64_MAX, &record.offset, err)) &&
        !(rc = mr_json_int_opt(root, "", "at_ms", 0, INT64_MAX, &record.at_ms, err))) {
        memcpy(record.log_id, log_id, strlen(log_id) + 1);
        *ret = record;
    }
    cJSON_Delete(root);
    return rc;
}

enum mr_code mr_config_quarantine_print(const struct mr_config_quarantine *record,
                                        struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "log", record->log_id);
    mr_jw_int(&w, "offset", record->offset);
    mr_jw_int(&w, "at_ms", record->at_ms);
    mr_jw_close(&w, '}');
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}
