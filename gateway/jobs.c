/* jobs.c -- what became of jobs, and what can still be done to them. */
#include "common/base/json.h"
#include "common/model/message.h"
#include "gateway/handlers.h"
#include "gateway/ids.h"
#include "gateway/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void gw_time_print(int64_t ms, char ret[GW_TIME_MAX])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    size_t n = gmtime_r(&seconds, &tm) ? strftime(ret, GW_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm) : 0;

    (void)snprintf(ret + n, GW_TIME_MAX - n, ".%03dZ", (int)(ms % 1000));
}

/* ---- one job
 * ------------------------------------------------------------------------------------------------
 */

static void add_time(struct mr_jw *w, const struct gw_row *row, const char *name)
{
    const char *value = gw_row_field(row, name);
    char text[GW_TIME_MAX];

    if (!value[0])
        return;
    gw_time_print(strtoll(value, NULL, 10), text);
    mr_jw_str(w, name, text);
}

static void add_text(struct mr_jw *w, const struct gw_row *row, const char *name)
{
    const char *value = gw_row_field(row, name);

    if (value[0])
        mr_jw_str(w, name, value);
}

static void add_job(struct mr_jw *w, const char *id, const struct gw_row *row, bool whole)
{
    static const char *const numbers[] = {"rev", "steps_entered", "steps_done"};
    const char *output = gw_row_field(row, "output");

    mr_jw_str(w, "id", id);
    add_text(w, row, "status");
    add_text(w, row, "workflow");
    add_time(w, row, "created");
    add_time(w, row, "ended");
    add_text(w, row, "state");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (gw_row_field(row, numbers[i])[0])
            mr_jw_int(w, numbers[i], strtoll(gw_row_field(row, numbers[i]), NULL, 10));
    add_text(w, row, "error");
    add_text(w, row, "cause");
    if (whole && output[0] &&
        mr_json_check(output, strlen(output), &mr_json_limits_message, NULL) == MR_OK)
        mr_jw_raw(w, "output", output, strlen(output));
}

static void add_links(struct mr_buf *body, const char *id)
{
    (void)mr_buf_addf(body,
                      ",\"links\":{\"self\":\"/v1/jobs/%s\",\"outputs\":\"/v1/jobs/%s/outputs\","
                      "\"history\":\"/v1/jobs/%s/history\"}",
                      id, id, id);
}

void gw_jobs_get(struct gw_app *app, struct gw_exchange *ex)
{
    const char *id = ex->params[0];
    struct gw_row row = {0};
    struct mr_buf body = {0};
    struct mr_error err;
    struct mr_jw w;
    enum mr_code rc;

    if (!mr_id_valid(id, strlen(id))) {
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "no job can have such an id");
        return;
    }
    rc = gw_row_get(app, ex->who.tenant, id, &row, NULL, &err);
    mr_jw_begin(&w, &body);
    mr_jw_open(&w, NULL, '{');
    if (rc == MR_OK) {
        add_job(&w, id, &row, true);
    } else if (rc == MR_NOT_FOUND && gw_id_issued(app, ex->who.tenant, id)) {
        mr_jw_str(&w, "id", id); /* in the queue; or forgotten, long after its end */
        mr_jw_str(&w, "status", "ACCEPTED");
    } else {
        mr_buf_release(&body);
        gw_problem_error(ex, &err);
        return;
    }
    add_links(&body, id);
    mr_jw_close(&w, '}');
    gw_row_release(&row);
    gw_exchange_json(ex, 200, &body);
}

/* ---- cancel and redrive
 * --------------------------------------------------------------------------------------- */

struct order {
    struct gw_send send;
    char job[MR_JOB_ID_MAX + 1];
    const char *word; /* what the answer says */
};

static void on_report(struct gw_send *send, enum mr_code code, int64_t offset, int64_t time_ms)
{
    struct order *order = (struct order *)send;
    struct mr_buf body = {0};

    (void)offset;
    (void)time_ms;
    if (!send->ex)
        return;
    if (code) {
        gw_send_problem(send->ex, code);
        return;
    }
    (void)mr_buf_addf(&body, "{\"id\":\"%s\",\"requested\":\"%s\"", order->job, order->word);
    add_links(&body, order->job);
    (void)mr_buf_add_char(&body, '}');
    gw_exchange_json(send->ex, 202, &body);
}

static void send_event(struct gw_app *app, struct gw_exchange *ex, const struct mr_event *event,
                       const char *word)
{
    struct order *order = calloc(1, sizeof(*order));
    struct mr_buf text = {0};

    if (!order || mr_event_print(event, &text)) {
        free(order);
        mr_buf_release(&text);
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
        return;
    }
    order->send.done = on_report;
    order->word = word;
    (void)snprintf(order->job, sizeof(order->job), "%s", event->job);
    gw_send_take(app, ex, &order->send,
                 &(struct gw_message){.topic = app->topics.log,
                                      .partition = (int32_t)gw_shard_of(app, event->job),
                                      .key = event->job,
                                      .value = text.data,
                                      .len = text.len});
    mr_buf_release(&text);
}

/* The job's status, or an answer (404, 409, 503) and false. */
static bool find_status(struct gw_app *app, struct gw_exchange *ex, char *ret, size_t size)
{
    struct gw_row row = {0};
    struct mr_error err;
    enum mr_code rc = gw_row_get(app, ex->who.tenant, ex->params[0], &row, NULL, &err);

    if (rc == MR_NOT_FOUND && gw_id_issued(app, ex->who.tenant, ex->params[0]))
        gw_problem_more(ex, 409, mr_code_name(MR_CONFLICT), "the job is not yet admitted",
                        "Retry-After: 1\r\n", NULL);
    else if (rc)
        gw_problem_error(ex, &err);
    else
        (void)snprintf(ret, size, "%s", gw_row_field(&row, "status"));
    gw_row_release(&row);
    return rc == MR_OK;
}

/* {"cause": text} where there is a body. */
static enum mr_code read_cause(const struct gw_exchange *ex, cJSON **ret_root,
                               const char **ret_cause, struct mr_error *err)
{
    static const char *const known[] = {"cause", NULL};
    enum mr_code rc;

    if (ex->body.len == 0)
        return MR_OK;
    rc = mr_json_parse(ex->body.data, ex->body.len, &mr_json_limits_message, ret_root, err);
    if (!rc && !cJSON_IsObject(*ret_root))
        rc = mr_fail(err, MR_INVALID, "the body must be an object");
    if (!rc)
        rc = mr_json_known(*ret_root, "", known, err);
    if (!rc)
        rc = mr_json_str_opt(*ret_root, "", "cause", MR_CAUSE_MAX, ret_cause, err);
    return rc;
}

void gw_jobs_cancel(struct gw_app *app, struct gw_exchange *ex)
{
    struct mr_event event = {.kind = MR_EVENT_CANCEL, .job = ex->params[0]};
    char status[32];
    struct mr_error err;
    cJSON *root = NULL;

    if (read_cause(ex, &root, &event.cause, &err)) {
        gw_problem_error(ex, &err);
    } else if (find_status(app, ex, status, sizeof(status))) {
        if (strcmp(status, "RUNNING") == 0)
            send_event(app, ex, &event, "cancel");
        else
            gw_problem(ex, 409, mr_code_name(MR_CONFLICT), "the job is closed already");
    }
    cJSON_Delete(root);
}

/* ---- redrive with another definition */

struct redrive {
    cJSON *root;                      /* of the body */
    struct mr_config_workflow record; /* of the workflow that it names */
    const cJSON *definition;          /* NULL: the job's own */
    char def[2 * MR_SHA256_LEN + 1];
    struct mr_buf text;
};

static void redrive_release(struct redrive *redrive)
{
    cJSON_Delete(redrive->root);
    mr_config_workflow_release(&redrive->record);
    mr_buf_release(&redrive->text);
}

/* {"definition": {...}} or {"workflow": "name:version"}, where there is a body. */
static enum mr_code read_redrive(const struct gw_app *app, const struct gw_exchange *ex,
                                 struct redrive *redrive, struct mr_error *err)
{
    static const char *const known[] = {"definition", "workflow", NULL};
    const struct gw_config_entry *entry;
    struct mr_workflow_ref ref;
    const char *name = NULL;
    enum mr_code rc;

    if (ex->body.len == 0)
        return MR_OK;
    rc = mr_json_parse(ex->body.data, ex->body.len, &mr_json_limits_message, &redrive->root, err);
    if (!rc && !cJSON_IsObject(redrive->root))
        rc = mr_fail(err, MR_INVALID, "the body must be an object");
    if (!rc)
        rc = mr_json_known(redrive->root, "", known, err);
    if (!rc)
        rc = mr_json_str_opt(redrive->root, "", "workflow", MR_WORKFLOW_REF_MAX, &name, err);
    if (rc)
        return rc;
    redrive->definition = mr_json_get(redrive->root, "definition");
    if (redrive->definition && name)
        return mr_fail(err, MR_INVALID, "must have at most one of /definition and /workflow");
    if (redrive->definition && !cJSON_IsObject(redrive->definition))
        return mr_fail(err, MR_INVALID, "/definition: must be an object");
    if (!name)
        return MR_OK;
    rc = mr_workflow_ref_parse(name, &ref, err);
    if (rc)
        return mr_fail_in(err, rc, "/workflow");
    entry = gw_workflow_find(&app->copy, &ref, ex->params[0]);
    if (!entry)
        return mr_fail(err, MR_NOT_FOUND, "/workflow: there is no workflow %s", name);
    rc = mr_config_workflow_parse(entry->value, entry->len, &redrive->record, err);
    redrive->definition = redrive->record.definition;
    return rc;
}

/* Does the definition have every state that the job's row says it failed in?  The orchestrator
 * looks again, and closer. */
static enum mr_code check_states(const struct redrive *redrive, const char *where,
                                 struct mr_error *err)
{
    struct asl_machine *machine = NULL;
    char name[ASL_STATE_NAME_MAX * 4 + 1];
    static const struct asl_parse_options options = {.admitted = true};
    enum mr_code rc =
        asl_machine_parse_as(redrive->text.data, redrive->text.len, &options, NULL, &machine, err);
    const char *end;

    for (; !rc && *where; where = *end ? end + 1 : end) {
        end = strchr(where, ',');
        if (!end)
            end = where + strlen(where);
        if ((size_t)(end - where) >= sizeof(name) || strlen(where) > 200)
            continue; /* it may be cut */
        (void)snprintf(name, sizeof(name), "%.*s", (int)(end - where), where);
        if (!asl_machine_has(machine, name))
            rc = mr_fail(err, MR_INVALID,
                         "/definition: has no state \"%.80s\", which the job failed in", name);
    }
    asl_machine_unref(machine);
    return rc;
}

/* false: answered. */
static bool check_redrive(struct gw_app *app, struct gw_exchange *ex, struct redrive *redrive)
{
    struct gw_row row = {0};
    struct mr_error err;
    enum mr_code rc;

    if (!redrive->definition)
        return true;
    if (mr_json_print(redrive->definition, &redrive->text)) {
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
        return false;
    }
    if (!redrive->record.definition && /* a workflow's was checked when it was put */
        !gw_definition_check(app, ex, redrive->text.data, redrive->text.len))
        return false;
    mr_sha256_hex(redrive->text.data, redrive->text.len, redrive->def);
    rc = gw_row_get(app, ex->who.tenant, ex->params[0], &row, NULL, &err);
    if (!rc)
        rc = check_states(redrive, gw_row_field(&row, "state"), &err);
    gw_row_release(&row);
    if (rc)
        gw_problem_error(ex, &err);
    return rc == MR_OK;
}

void gw_jobs_redrive(struct gw_app *app, struct gw_exchange *ex)
{
    struct mr_event event = {.kind = MR_EVENT_REDRIVE, .job = ex->params[0]};
    struct redrive redrive = {0};
    char status[32];
    struct mr_error err;

    if (read_redrive(app, ex, &redrive, &err)) {
        gw_problem_error(ex, &err);
    } else if (find_status(app, ex, status, sizeof(status))) {
        event.definition = redrive.definition;
        event.def = redrive.def;
        if (strcmp(status, "FAILED") != 0 && strcmp(status, "TIMED_OUT") != 0 &&
            strcmp(status, "ABORTED") != 0)
            gw_problem(ex, 409, mr_code_name(MR_CONFLICT),
                       "only a job that is FAILED, TIMED_OUT or ABORTED can be redriven");
        else if (check_redrive(app, ex, &redrive))
            send_event(app, ex, &event, "redrive");
    }
    redrive_release(&redrive);
}

/* ---- many jobs
 * -------------------------------------------------------------------------------------------------
 */

enum { LIST_DEFAULT = 50, LIST_MAX = 100, ROWS_READ_MAX = 500 };

struct listed {
    char id[MR_JOB_ID_MAX + 1];
    int64_t time_ms;
};

struct list {
    char status[16];
    int64_t limit, before;
    struct listed *items; /* of every shard */
    size_t count, cap;
    int64_t sure_from; /* below this time some shard may have items that were not read */
    bool failed;
};

static void keep_member(void *ctx, const char *member, int64_t n)
{
    struct list *list = ctx;

    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 256;
        struct listed *grown = realloc(list->items, cap * sizeof(*grown));
        if (!grown) {
            list->failed = true;
            return;
        }
        list->items = grown;
        list->cap = cap;
    }
    (void)snprintf(list->items[list->count].id, sizeof(list->items[0].id), "%s", member);
    list->items[list->count++].time_ms = n;
}

static int newest_first(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;

    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? 1 : -1;
    return strcmp(x->id, y->id);
}

static enum mr_code read_int(const struct gw_exchange *ex, const char *name, int64_t max,
                             int64_t *ret, struct mr_error *err)
{
    char text[GW_QUERY_VALUE_MAX + 1];
    bool found = false;
    enum mr_code rc = gw_request_query(ex->request, name, text, &found, err);

    if (rc || !found)
        return rc;
    size_t len = strlen(text);
    if (len == 0 || len > 18 || strspn(text, "0123456789") != len || strtoll(text, NULL, 10) < 1 ||
        strtoll(text, NULL, 10) > max)
        return mr_fail(err, MR_INVALID, "query parameter %s: must be 1..%lld", name,
                       (long long)max);
    *ret = strtoll(text, NULL, 10);
    return MR_OK;
}

static enum mr_code read_list_query(const struct gw_exchange *ex, struct list *list,
                                    struct mr_error *err)
{
    static const char *const known[] = {"status", "limit", "before", NULL};
    static const char *const words[] = {"OPEN",   "RUNNING",   "SUCCEEDED",
                                        "FAILED", "TIMED_OUT", "ABORTED"};
    char text[GW_QUERY_VALUE_MAX + 1] = "OPEN";
    bool found = false, right = false;
    enum mr_code rc = gw_request_query_known(ex->request, known, err);

    if (!rc)
        rc = gw_request_query(ex->request, "status", text, &found, err);
    if (!rc)
        rc = read_int(ex, "limit", LIST_MAX, &list->limit, err);
    if (!rc)
        rc = read_int(ex, "before", INT64_MAX, &list->before, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        right = right || strcmp(words[i], text) == 0;
    if (!right)
        return mr_fail(err, MR_INVALID,
                       "query parameter status: must be OPEN, SUCCEEDED, FAILED, "
                       "TIMED_OUT or ABORTED");
    (void)snprintf(list->status, sizeof(list->status), "%.15s",
                   strcmp(text, "RUNNING") == 0 ? "OPEN" : text);
    return MR_OK;
}

static enum mr_code read_shards(struct gw_app *app, struct list *list, struct mr_error *err)
{
    enum mr_code rc = gw_store_open(app, err);

    for (uint32_t shard = 0; shard < (uint32_t)app->cluster->shards && !rc; shard++) {
        size_t from = list->count;
        rc = gw_store_said(app,
                           mr_store_jobs_list(app->ports.store, shard, list->status, list->before,
                                              0, (int)list->limit, keep_member, list, err),
                           err);
        if (rc == MR_OK && list->count - from == (size_t)list->limit &&
            list->items[list->count - 1].time_ms > list->sure_from)
            list->sure_from = list->items[list->count - 1].time_ms;
    }
    if (!rc && list->failed)
        rc = mr_fail(err, MR_NO_MEMORY, "list: memory ran out");
    return rc;
}

/* Appends the tenant's jobs; *ret_next: where the next page begins; 0: there is none.  Jobs of one
 * millisecond are never cut apart, since the next page begins below it. */
static enum mr_code print_items(struct gw_app *app, const struct gw_exchange *ex, struct list *list,
                                struct mr_buf *body, int64_t *ret_next, struct mr_error *err)
{
    /* a shard's list may have been cut in the midst of a millisecond: that one is the next page's,
     * unless it fills this one alone */
    bool later = list->count > 0 && list->items[0].time_ms > list->sure_from;
    int64_t shown = 0;

    *ret_next = list->sure_from > 0 && later ? list->sure_from + 1 : list->sure_from;
    for (size_t i = 0; i < list->count; i++) {
        const struct listed *item = &list->items[i];
        struct gw_row row = {0};
        struct mr_jw w;
        bool same_time = i > 0 && list->items[i - 1].time_ms == item->time_ms;
        if (item->time_ms < list->sure_from || (later && item->time_ms == list->sure_from))
            break;
        if ((shown >= list->limit || i >= ROWS_READ_MAX) && !same_time) {
            *ret_next = list->items[i - 1].time_ms;
            break;
        }
        enum mr_code rc = gw_row_get(app, ex->who.tenant, item->id, &row, NULL, err);
        if (rc == MR_NOT_FOUND)
            continue; /* another tenant's, or just forgotten */
        if (rc)
            return rc;
        if (shown++ > 0)
            (void)mr_buf_add_char(body, ',');
        mr_jw_begin(&w, body);
        mr_jw_open(&w, NULL, '{');
        add_job(&w, item->id, &row, false);
        mr_jw_close(&w, '}');
        gw_row_release(&row);
    }
    return MR_OK;
}

void gw_jobs_list(struct gw_app *app, struct gw_exchange *ex)
{
    struct list list = {.limit = LIST_DEFAULT, .before = INT64_MAX};
    struct mr_buf body = {0};
    struct mr_error err;
    int64_t next = 0;
    enum mr_code rc = read_list_query(ex, &list, &err);

    if (!rc)
        rc = read_shards(app, &list, &err);
    if (!rc) {
        if (list.count > 1)
            qsort(list.items, list.count, sizeof(*list.items), newest_first);
        (void)mr_buf_add_str(&body, "{\"jobs\":[");
        rc = print_items(app, ex, &list, &body, &next, &err);
    }
    free(list.items);
    if (rc) {
        mr_buf_release(&body);
        gw_problem_error(ex, &err);
        return;
    }
    (void)mr_buf_add_char(&body, ']');
    if (next > 0)
        (void)mr_buf_addf(&body, ",\"next\":\"/v1/jobs?status=%s&limit=%lld&before=%lld\"",
                          list.status, (long long)list.limit, (long long)next);
    (void)mr_buf_add_char(&body, '}');
    gw_exchange_json(ex, 200, &body);
}
