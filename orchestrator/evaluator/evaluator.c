/* evaluator.c -- one child and what holds it: started when it is wanted, given one request at a
 * time with a deadline, ended when it passes a limit or breaks the protocol. */
#include "orchestrator/evaluator/evaluator.h"

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/base/utf8.h"
#include "orchestrator/evaluator/child.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    START_MS_MAX = 30000, /* a child warms up in a few ms; a loaded machine takes longer */
    /* The interpreter looks at its deadline every 10,000 calls; then it can still name the field.
     */
    GRACE_US = 250 * 1000,
    GRACE_QUICK_US =
        5 * 1000, /* where the request goes on elsewhere, and nobody asks for the name */
    SANDBOX_STRICT = 0,
};

struct ev {
    const struct ev_config *config;
    char path[PATH_MAX];
    struct ev_child child;
    int nice;
    uint32_t sequence;
    struct mr_buf text;
    char field[EV_FIELD_MAX + 1]; /* of the last limit */
    bool said;                    /* which layers hold */
};

/* ---- the child ------------------------------------------------------------------------------- */

static enum mr_code program_find(const struct ev_config *config, char path[PATH_MAX],
                                 struct mr_error *err)
{
    if (!config->program || !config->program[0])
        return mr_program_beside("millrace-evaluator", path, PATH_MAX, err);
    if (strlen(config->program) >= PATH_MAX)
        return mr_fail(err, MR_INVALID, "ORCH_EVALUATOR: the path is too long");
    memcpy(path, config->program, strlen(config->program) + 1);
    return MR_OK;
}

enum mr_code ev_new(const struct ev_config *config, struct ev **ret, struct mr_error *err)
{
    struct ev *ev = calloc(1, sizeof(*ev));
    enum mr_code rc;

    if (!ev)
        return mr_fail(err, MR_NO_MEMORY, "no memory for an evaluator");
    ev->config = config;
    ev->child = ev_child_none;
    rc = program_find(config, ev->path, err);
    if (rc)
        ev_free(ev);
    else
        *ret = ev;
    return rc;
}

void ev_free(struct ev *ev)
{
    if (!ev)
        return;
    (void)ev_child_end(&ev->child);
    mr_buf_release(&ev->text);
    free(ev);
}

int64_t ev_check_until_us(const struct ev *ev)
{
    return ev->config->check_ms ? ev_now_us() + ev->config->check_ms * 1000 : INT64_MAX;
}

int64_t ev_pid(const struct ev *ev)
{
    return ev->child.process.pid;
}

static enum mr_code layers_check(struct ev *ev, struct mr_error *err)
{
    char text[SB_LAYERS_TEXT_MAX];
    struct mr_error missing;
    enum mr_code rc = sb_report_check(&ev->child.process.report, &missing);

    if (rc && ev->config->sandbox == SANDBOX_STRICT) {
        (void)ev_child_end(&ev->child);
        return mr_fail(err, rc, "ORCH_EVALUATOR_SANDBOX is strict: %s", missing.text);
    }
    if (!ev->said) {
        ev->said = true;
        if (rc)
            mr_log_error(MR_WARN, "evaluator.sandbox", &missing, " layers=%s",
                         sb_report_text(&ev->child.process.report, text));
    }
    return MR_OK;
}

static enum mr_code child_want(struct ev *ev, struct mr_error *err)
{
    const int64_t start_ms = ev->config->start_ms ? ev->config->start_ms : START_MS_MAX;
    enum mr_code rc;

    if (ev->child.ready)
        return MR_OK;
    if (ev->child.process.pid < 0) {
        rc = ev_child_start(&ev->child, ev->path, ev->config, err);
        if (rc)
            return rc;
        if (ev->nice && setpriority(PRIO_PROCESS, (id_t)ev->child.process.pid, ev->nice) < 0)
            mr_log(MR_WARN, "evaluator.nice", " errno=%d", errno);
    }
    if (ev_child_ready(&ev->child, ev_now_us() + start_ms * 1000) == EV_HEARD)
        return layers_check(ev, err);
    (void)ev_child_end(&ev->child);
    return mr_fail(err, MR_UNAVAILABLE, "%s: it ended before it was ready", ev->path);
}

void ev_stop_with(struct ev *ev, int fd)
{
    ev->child.stop_fd = fd;
}

void ev_be_nice(struct ev *ev, int n)
{
    ev->nice = n;
}

enum mr_code ev_start(struct ev *ev, struct mr_error *err)
{
    return child_want(ev, err);
}

/* ---- a request ----------------------------------------------------------------------------------
 */

static void field_note(struct ev *ev, const struct mr_buf *text)
{
    size_t len = text->len < EV_FIELD_MAX ? text->len : EV_FIELD_MAX;

    memcpy(ev->field, text->data ? text->data : "", len);
    ev->field[len] = '\0';
    mr_utf8_clean(ev->field, strlen(ev->field));
}

/* What the end of the exchange says of the limits; the child is ended where it is not to go on. */
static enum ev_limit judge(struct ev *ev, enum ev_heard heard, const struct ev_head *head)
{
    enum ev_limit ended;

    ev->field[0] = '\0';
    if (heard == EV_HEARD && head->kind == EV_ANSWER)
        return EV_LIMIT_NONE;
    ended = ev_child_end(&ev->child);
    if (heard == EV_HEARD) {
        field_note(ev, &ev->text);
        return (enum ev_limit)head->limit;
    }
    if (heard == EV_NONSENSE)
        mr_log(MR_ERROR, "evaluator.nonsense", " path=%s", ev->path);
    return heard == EV_LATE ? EV_LIMIT_TIME : heard == EV_OVERDUE ? EV_LIMIT_WALL : ended;
}

/* What a child said is data of whoever asked, if it is JSON that an event can hold. */
static enum mr_code answer_take(const struct mr_buf *text, struct mr_buf *ret, struct mr_error *err)
{
    static const struct mr_json_limits limits = {EV_ANSWER_BYTES_MAX, EV_ANSWER_DEPTH_MAX};
    struct mr_error why;
    char cause[MR_ERROR_TEXT_MAX + 64];

    if (text->len == 0 || text->data[0] != '{' ||
        mr_json_check(text->data, text->len, &limits, &why) != MR_OK) {
        (void)snprintf(cause, sizeof(cause),
                       "The values of the JSONata expressions cannot be kept: %s",
                       text->len && text->data[0] == '{' ? why.text : "they are no object");
        return ev_error_answer(cause, "", ret) ? mr_fail(err, MR_NO_MEMORY, "an answer") : MR_OK;
    }
    if (mr_buf_add(ret, text->data, text->len))
        return mr_fail(err, MR_NO_MEMORY, "an answer of %zu bytes", text->len);
    return MR_OK;
}

enum mr_code ev_ask(struct ev *ev, const char *request, size_t len, int64_t time_ms,
                    struct mr_buf *ret, enum ev_limit *ret_limit, struct mr_error *err)
{
    struct ev_head head = {.magic = EV_MAGIC,
                           .version = EV_VERSION,
                           .kind = EV_REQUEST,
                           .time_us = time_ms * 1000,
                           .text_len = len};
    struct ev_patience patience = {
        .work_us = time_ms * 1000 + (time_ms < ev->config->time_ms ? GRACE_QUICK_US : GRACE_US),
        .near = !ev->nice};
    struct ev_head answer;
    enum ev_heard heard;
    enum mr_code rc;

    if (len > (size_t)ev->config->text_max)
        return mr_fail(err, MR_TOO_LARGE,
                       "a request of %zu bytes is beyond ORCH_EVALUATOR_TEXT_MAX, %" PRId64, len,
                       ev->config->text_max);
    rc = child_want(ev, err);
    if (rc)
        return rc;
    head.sequence = ++ev->sequence;
    patience.overdue_us = ev_now_us() + patience.work_us * ev->config->patience;
    heard = ev_child_exchange(&ev->child, &head, request, (size_t)ev->config->text_max, &answer,
                              &ev->text, &patience);
    *ret_limit = judge(ev, heard, &answer);
    if (*ret_limit)
        return MR_OK;
    return answer_take(&ev->text, ret, err);
}

const char *ev_limit_field(const struct ev *ev)
{
    return ev->field;
}

enum mr_code ev_error_answer(const char *cause, const char *field, struct mr_buf *ret)
{
    struct mr_jw w;

    mr_jw_begin(&w, ret);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "error", "States.QueryEvaluationError");
    mr_jw_str(&w, "cause", cause);
    mr_jw_str(&w, "field", field);
    mr_jw_close(&w, '}');
    return ret->failed ? MR_NO_MEMORY : MR_OK;
}

enum mr_code ev_limit_answer(const struct ev_config *config, enum ev_limit limit, int64_t time_ms,
                             const char *field, struct mr_buf *ret)
{
    char what[200] = "";
    struct mr_buf cause = {0};
    enum mr_code rc;

    switch (limit) {
    case EV_LIMIT_TIME:
        (void)snprintf(
            what, sizeof(what),
            "took longer than the time limit of %" PRId64 " ms (ORCH_EVALUATOR_TIME_MS).", time_ms);
        break;
    case EV_LIMIT_WALL:
        (void)snprintf(what, sizeof(what),
                       "got too little of a processor for %" PRId64
                       " times the time limit of %" PRId64
                       " ms (ORCH_EVALUATOR_PATIENCE, ORCH_EVALUATOR_TIME_MS).",
                       config->patience, time_ms);
        break;
    case EV_LIMIT_MEMORY:
        (void)snprintf(what, sizeof(what),
                       "needed more than the memory limit of %" PRId64
                       " bytes (ORCH_EVALUATOR_MEMORY).",
                       config->memory_max);
        break;
    case EV_LIMIT_STACK:
        (void)snprintf(what, sizeof(what),
                       "went deeper than the stack limit of %" PRId64
                       " levels (ORCH_EVALUATOR_DEPTH) or %" PRId64
                       " bytes (ORCH_EVALUATOR_STACK).",
                       config->depth_max, config->stack_max);
        break;
    case EV_LIMIT_CRASH:
    case EV_LIMIT_NONE:
    case EV_LIMIT_COUNT:
        (void)snprintf(what, sizeof(what), "ended the evaluator.");
        break;
    }
    if (field[0])
        (void)mr_buf_addf(&cause, "The JSONata expression specified for the field '%s' %s", field,
                          what);
    else
        (void)mr_buf_addf(&cause, "The state's JSONata expressions: one %s", what);
    rc = ev_error_answer(cause.data ? cause.data : what, field, ret);
    mr_buf_release(&cause);
    return rc;
}

enum mr_code ev_eval(struct ev *ev, const char *request, size_t len, struct mr_buf *ret,
                     struct mr_error *err)
{
    enum ev_limit limit;
    enum mr_code rc = ev_ask(ev, request, len, ev->config->time_ms, ret, &limit, err);

    if (!rc && limit)
        rc = ev_limit_answer(ev->config, limit, ev->config->time_ms, ev->field, ret);
    return rc;
}

/* ---- syntax
 * -------------------------------------------------------------------------------------- */

static void syntax_read(const cJSON *json, struct ev_syntax *ret)
{
    const cJSON *position = mr_json_get(json, "position"), *message = mr_json_get(json, "message");

    if (!cJSON_IsObject(json))
        return;
    ret->wrong = true;
    ret->outside = cJSON_IsTrue(mr_json_get(json, "outside"));
    ret->position =
        cJSON_IsNumber(position) && position->valuedouble >= 0 && position->valuedouble < 1e9
            ? (int64_t)position->valuedouble
            : 0;
    (void)snprintf(ret->message, sizeof(ret->message), "%s",
                   cJSON_IsString(message) ? message->valuestring : "not an expression");
    mr_utf8_clean(ret->message, strlen(ret->message));
}

static enum mr_code answer_read(const struct mr_buf *answer, struct ev_syntax *items, size_t count,
                                struct mr_error *err)
{
    static const struct mr_json_limits limits = {(size_t)1 << 28, MR_JSON_DEPTH_MAX};
    cJSON *json = NULL;
    enum mr_code rc = mr_json_parse(answer->data, answer->len, &limits, &json, err);
    const cJSON *list = rc ? NULL : mr_json_get(json, "errors");

    if (!rc && (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != count))
        rc = mr_fail(err, MR_INTERNAL, "the evaluator's answer to a check is not of its form");
    for (const cJSON *item = rc ? NULL : list->child; item; item = item->next)
        syntax_read(item, items++);
    cJSON_Delete(json);
    return rc;
}

enum mr_code ev_check(struct ev *ev, struct ev_syntax *items, size_t count, struct mr_error *err)
{
    struct mr_buf request = {0}, answer = {0};
    enum ev_limit limit = EV_LIMIT_NONE;
    struct mr_jw w;
    enum mr_code rc;

    mr_jw_begin(&w, &request);
    mr_jw_open(&w, NULL, '{');
    mr_jw_open(&w, "check", '[');
    for (size_t i = 0; i < count; i++)
        mr_jw_str(&w, NULL, items[i].text);
    mr_jw_close(&w, ']');
    mr_jw_close(&w, '}');
    rc = request.failed
             ? mr_fail(err, MR_NO_MEMORY, "a check of %zu expressions", count)
             : ev_ask(ev, request.data, request.len, ev->config->time_ms, &answer, &limit, err);
    if (!rc && limit)
        rc =
            mr_fail(err, MR_TOO_LARGE, "the expressions could not be checked within %" PRId64 " ms",
                    ev->config->time_ms);
    if (!rc)
        rc = answer_read(&answer, items, count, err);
    mr_buf_release(&answer);
    mr_buf_release(&request);
    return rc;
}
