/* task.c -- what a worker is asked to do, what it answers, and the token that ties the two. */
#include "common/model/message_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Decimal without sign, leading zero or overflow; *end is behind it. */
static bool read_number(const char *text, uint64_t max, uint64_t *ret, const char **end)
{
    uint64_t n = 0;
    const char *p = text;

    if (*p < '1' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');

        if (n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *ret = n;
    *end = p;
    return true;
}

enum mr_code mr_token_parse(const char *text, struct mr_token *ret, struct mr_error *err)
{
    struct mr_token token = {0};
    const char *dot = strchr(text, '.');
    uint64_t attempt = 0;
    const char *end = NULL;

    if (!dot || !mr_id_valid(text, (size_t)(dot - text)))
        goto failed;
    memcpy(token.job, text, (size_t)(dot - text));
    if (!read_number(dot + 1, INT64_MAX, &token.seq, &end) || *end != '.')
        goto failed;
    if (!read_number(end + 1, UINT32_MAX, &attempt, &end) || *end != '.')
        goto failed;
    token.attempt = (uint32_t)attempt;
    end++;
    if (strlen(end) != sizeof token.mac - 1 ||
        strspn(end, "0123456789abcdef") != sizeof token.mac - 1)
        goto failed;
    memcpy(token.mac, end, sizeof token.mac);
    *ret = token;
    return MR_OK;
failed:
    return mr_fail(err, MR_INVALID, "/token: is not a task token; send back the task's, unchanged");
}

enum mr_code mr_task_parse(const char *text, size_t len, struct mr_task *ret, struct mr_error *err)
{
    struct mr_task task = {.tenant = "default"};
    int64_t seq = 0, attempt = 0;
    enum mr_code rc;

    rc = mr_message_read(text, len, MR_JOB_MESSAGE_MAX, NULL, &task.root, err);
    if (rc)
        return rc;
    if ((rc = mr_message_id(task.root, "job", true, &task.job, err)) ||
        (rc = mr_message_id(task.root, "tenant", false, &task.tenant, err)) ||
        (rc = mr_json_str(task.root, "", "step", 512, &task.step, err)) ||
        (rc = mr_json_int(task.root, "", "seq", 1, INT64_MAX, &seq, err)) ||
        (rc = mr_json_int(task.root, "", "attempt", 1, UINT32_MAX, &attempt, err)) ||
        (rc = mr_json_str(task.root, "", "token", MR_TOKEN_MAX, &task.token, err)) ||
        (rc = mr_json_str(task.root, "", "type", 256, &task.type, err)) ||
        (rc = mr_json_int_opt(task.root, "", "timeout_ms", 0, INT64_MAX, &task.timeout_ms, err)) ||
        (rc = mr_json_int_opt(task.root, "", "heartbeat_ms", 0, INT64_MAX, &task.heartbeat_ms,
                              err))) {
        mr_task_release(&task);
        return rc;
    }
    task.seq = (uint64_t)seq;
    task.attempt = (uint32_t)attempt;
    task.input = mr_json_get(task.root, "input");
    *ret = task;
    return MR_OK;
}

void mr_task_release(struct mr_task *task)
{
    if (!task)
        return;
    cJSON_Delete(task->root);
    *task = (struct mr_task){0};
}

enum mr_code mr_task_print(const struct mr_task *task, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "job", task->job);
    mr_jw_str(&w, "tenant", task->tenant);
    mr_jw_str(&w, "step", task->step);
    mr_jw_int(&w, "seq", (int64_t)task->seq);
    mr_jw_int(&w, "attempt", task->attempt);
    mr_jw_str(&w, "token", task->token);
    mr_jw_str(&w, "type", task->type);
    if (task->timeout_ms)
        mr_jw_int(&w, "timeout_ms", task->timeout_ms);
    if (task->heartbeat_ms)
        mr_jw_int(&w, "heartbeat_ms", task->heartbeat_ms);
    mr_message_write_value(&w, "input", task->input, task->input_text, task->input_len);
    mr_jw_close(&w, '}');
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}

/* "heartbeat" stands alone and is true: a false one would be no message at all. */
static enum mr_code read_answer(struct mr_result *result, struct mr_error *err)
{
    const cJSON *heartbeat = mr_json_get(result->root, "heartbeat");

    if (!heartbeat)
        return mr_message_answer(result->root, &result->output, &result->error, &result->cause,
                                 err);
    if (!cJSON_IsTrue(heartbeat))
        return mr_fail(err, MR_INVALID, "/heartbeat: must be true, or left out");
    if (mr_json_get(result->root, "output") || mr_json_get(result->root, "error") ||
        mr_json_get(result->root, "cause"))
        return mr_fail(err, MR_INVALID,
                       "/heartbeat: a sign of life has no /output, /error or /cause");
    result->heartbeat = true;
    return MR_OK;
}

enum mr_code mr_result_parse(const char *text, size_t len, struct mr_result *ret,
                             struct mr_error *err)
{
    static const char *const known[] = {"v",     "token",  "output",    "error",
                                        "cause", "worker", "heartbeat", NULL};
    struct mr_result result = {0};
    struct mr_token token;
    enum mr_code rc;

    rc = mr_message_read(text, len, MR_JOB_MESSAGE_MAX, known, &result.root, err);
    if (rc)
        return rc;
    if ((rc = mr_json_str(result.root, "", "token", MR_TOKEN_MAX, &result.token, err)) ||
        (rc = mr_token_parse(result.token, &token, err)) ||
        (rc = mr_json_str_opt(result.root, "", "worker", 128, &result.worker, err)) ||
        (rc = read_answer(&result, err))) {
        mr_result_release(&result);
        return rc;
    }
    *ret = result;
    return MR_OK;
}

void mr_result_release(struct mr_result *result)
{
    if (!result)
        return;
    cJSON_Delete(result->root);
    *result = (struct mr_result){0};
}
