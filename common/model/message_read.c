/* message_read.c -- the part of reading that every message has: version, ids, answers. */
#include "common/model/message_read.h"

#include <stdio.h>
#include <string.h>

enum mr_code mr_message_read(const char *text, size_t len, size_t len_max, const char *const *known,
                             cJSON **ret, struct mr_error *err)
{
    struct mr_json_limits limits = mr_json_limits_message;
    int64_t version = MR_MESSAGE_VERSION;
    cJSON *root = NULL;
    enum mr_code rc;

    limits.len_max = len_max;
    rc = mr_json_parse(text, len, &limits, &root, err);
    if (rc)
        return rc;
    if (!cJSON_IsObject(root)) {
        rc = mr_fail(err, MR_INVALID, "must be a JSON object");
        goto failed;
    }
    rc = mr_json_int_opt(root, "", "v", 0, INT32_MAX, &version, err);
    if (rc)
        goto failed;
    if (version != MR_MESSAGE_VERSION) {
        rc = mr_fail(err, MR_UNSUPPORTED, "/v: version %lld is not known, must be %d",
                     (long long)version, MR_MESSAGE_VERSION);
        goto failed;
    }
    if (known) {
        rc = mr_json_known(root, "", known, err);
        if (rc)
            goto failed;
    }
    *ret = root;
    return MR_OK;
failed:
    cJSON_Delete(root);
    return rc;
}

enum mr_code mr_message_id(const cJSON *root, const char *name, bool required, const char **ret,
                           struct mr_error *err)
{
    const char *id = NULL;
    enum mr_code rc;

    if (required)
        rc = mr_json_str(root, "", name, MR_JOB_ID_MAX, &id, err);
    else
        rc = mr_json_str_opt(root, "", name, MR_JOB_ID_MAX, &id, err);
    if (rc)
        return rc;
    if (id && !mr_id_valid(id, strlen(id)))
        return mr_fail(err, MR_INVALID, "/%s: must be 1..%d of A-Z a-z 0-9 _ -", name,
                       MR_JOB_ID_MAX);
    if (id)
        *ret = id;
    return MR_OK;
}

enum mr_code mr_message_answer(const cJSON *root, const cJSON **output, const char **error,
                               const char **cause, struct mr_error *err)
{
    enum mr_code rc;

    *output = mr_json_get(root, "output");
    rc = mr_json_str_opt(root, "", "error", MR_ERROR_NAME_MAX, error, err);
    if (rc)
        return rc;
    rc = mr_json_str_opt(root, "", "cause", MR_CAUSE_MAX, cause, err);
    if (rc)
        return rc;
    if (!*output == !*error)
        return mr_fail(err, MR_INVALID, "must have exactly one of /output and /error");
    return MR_OK;
}

void mr_message_write_value(struct mr_jw *w, const char *name, const cJSON *item, const char *text,
                            size_t len)
{
    if (text)
        mr_jw_raw(w, name, text, len);
    else if (item)
        mr_jw_item(w, name, item);
    else
        mr_jw_str(w, name, NULL);
}
