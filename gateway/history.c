/* history.c -- GET /v1/jobs/{id}/history: the job's events cut from the shard's log and folded
 * again with a sink, so that nothing has to be written for it while the job runs.  Done by a thread
 * with a bus and a store of its own; bounded in events, bytes and time. */
#include "gateway/history.h"

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/model/resource.h"
#include "common/model/starters.h"
#include "gateway/handlers.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES_A_POLL = 64, POLL_MS = 20 };
static const struct asl_parse_options admitted = {.admitted = true};

/* ---- folding
 * ------------------------------------------------------------------------------------------------
 */

void gw_fold_release(struct gw_fold *fold)
{
    asl_run_free(fold->run);
    asl_machine_unref(fold->machine);
    asl_effects_release(&fold->effects);
    mr_buf_release(&fold->events);
    cJSON_Delete(fold->starters);
}

/* The token's text without its mac, and the mac: as orchestrator/job.c makes them. */
static void token_mac(const struct gw_fold *fold, uint64_t seq, uint32_t attempt, char mac[33])
{
    char said[MR_JOB_ID_MAX + 48];
    uint8_t sum[MR_SHA256_LEN];
    int len = snprintf(said, sizeof(said), "%s.%" PRIu64 ".%" PRIu32, fold->job, seq, attempt);

    mr_hmac_sha256(fold->nonce, strlen(fold->nonce), said, (size_t)len, sum);
    mr_hex(sum, 16, mac);
}

static bool env_token(void *ctx, uint64_t seq, uint32_t attempt, char *buf, size_t size)
{
    const struct gw_fold *fold = ctx;
    char mac[33];
    int len;

    token_mac(fold, seq, attempt, mac);
    len = snprintf(buf, size, "%s.%" PRIu64 ".%" PRIu32 ".%s", fold->job, seq, attempt, mac);
    return len > 0 && (size_t)len < size;
}

static void add_entry(void *ctx, uint64_t id, uint64_t previous_id, const char *type,
                      int64_t time_ms, const cJSON *details)
{
    struct gw_fold *fold = ctx;
    char time[GW_TIME_MAX];
    struct mr_jw w;

    if (id <= fold->after)
        return;
    if (fold->events.len > GW_HISTORY_BYTES_MAX) {
        fold->cut = true;
        return;
    }
    fold->last = id;
    gw_time_print(time_ms, time);
    if (fold->events.len > 0)
        (void)mr_buf_add_char(&fold->events, ',');
    mr_jw_begin(&w, &fold->events);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "id", (int64_t)id);
    mr_jw_int(&w, "previousEventId", (int64_t)previous_id);
    mr_jw_str(&w, "type", type);
    mr_jw_str(&w, "timestamp", time);
    if (details)
        mr_jw_item(&w, "details", details);
    mr_jw_close(&w, '}');
}

static enum mr_code begin_run(struct gw_fold *fold, const struct mr_event *submit,
                              struct mr_error *err)
{
    struct asl_start start = {.job = fold->job};
    struct mr_buf text = {0};
    enum mr_code rc;

    (void)snprintf(fold->nonce, sizeof(fold->nonce), "%s", submit->nonce ? submit->nonce : "");
    (void)snprintf(fold->workflow, sizeof(fold->workflow), "%s",
                   submit->workflow ? submit->workflow : "");
    (void)snprintf(fold->tenant, sizeof(fold->tenant), "%s", submit->tenant ? submit->tenant : "");
    (void)snprintf(fold->def, sizeof(fold->def), "%s", submit->def ? submit->def : "");
    (void)snprintf(fold->sum, sizeof(fold->sum), "%s", submit->sum ? submit->sum : "");
    if (submit->definition)
        rc = mr_json_print(submit->definition, &text);
    else
        rc = fold->definition(fold->ctx, submit->def, &text, err);
    if (!rc)
        rc = asl_machine_parse_as(text.data, text.len, &admitted, NULL, &fold->machine, err);
    start.workflow = fold->workflow;
    start.tenant = fold->tenant;
    start.name = submit->name;
    start.flow = submit->parent.flow;
    start.engine = (uint32_t)submit->engine;
    start.seed = mr_hash64(0, fold->nonce, strlen(fold->nonce));
    if (!rc)
        rc = asl_run_new(fold->machine, &start, &fold->run, err);
    mr_buf_release(&text);
    return rc;
}

/* What step is told of an event.  false: it does not change the run. */
static bool event_of(const struct gw_fold *fold, const struct mr_event *event, int64_t time_ms,
                     struct asl_event *ret)
{
    char mac[33];

    *ret = (struct asl_event){.time_ms = time_ms, .error = event->error, .cause = event->cause};
    switch (event->kind) {
    case MR_EVENT_RESULT:
    case MR_EVENT_HEARTBEAT:
        token_mac(fold, event->token.seq, event->token.attempt, mac);
        if (!mr_same_bytes(mac, event->token.mac, 32))
            return false;
        ret->kind = event->output ? ASL_EVENT_TASK_OK : ASL_EVENT_TASK_FAILED;
        if (event->kind == MR_EVENT_HEARTBEAT)
            ret->kind = ASL_EVENT_HEARTBEAT;
        ret->seq = event->token.seq;
        ret->attempt = event->token.attempt;
        ret->data = event->output;
        return true;
    case MR_EVENT_TIMER:
        ret->kind = ASL_EVENT_TIMER;
        ret->seq = event->seq;
        ret->attempt = event->attempt;
        ret->timer = (enum asl_timer)event->timer;
        return true;
    case MR_EVENT_EVALUATED:
        ret->kind = ASL_EVENT_EVALUATED;
        ret->seq = event->seq;
        ret->attempt = event->attempt;
        ret->number = event->number;
        ret->data = event->answer;
        return true;
    case MR_EVENT_CANCEL:
        ret->kind = ASL_EVENT_CANCEL;
        return true;
    case MR_EVENT_REDRIVE:
        ret->kind = ASL_EVENT_REDRIVE;
        return true;
    case MR_EVENT_CHILD:
        token_mac(fold, event->token.seq, event->token.attempt, mac);
        if (!mr_same_bytes(mac, event->token.mac, 32))
            return false;
        ret->kind = event->ok ? ASL_EVENT_CHILD_OK : ASL_EVENT_CHILD_FAILED;
        ret->seq = event->token.seq;
        ret->attempt = event->token.attempt;
        ret->index = event->parent.index;
        ret->items = event->parent.items;
        ret->data = event->output;
        return true;
    case MR_EVENT_TAKEOVER:
    case MR_EVENT_DEFINITION:
    case MR_EVENT_SUBMIT:
    case MR_EVENT_ASK:
    case MR_EVENT_KIND_COUNT:
        break;
    }
    return false;
}

static enum mr_code step(struct gw_fold *fold, const struct asl_event *event, struct mr_error *err)
{
    const struct asl_env env = {.token = env_token, .history = add_entry, .ctx = fold};
    bool changed = false;

    asl_effects_reset(&fold->effects);
    return asl_step(fold->run, event, &env, &fold->effects, &changed, err);
}

/* As the orchestrator did: a definition that does not fit was refused, and the redrive with it.  A
 * child is told its parent's by its hash. */
static bool change_machine(struct gw_fold *fold, const struct mr_event *event)
{
    struct asl_machine *machine = NULL;
    struct mr_buf text = {0};
    struct mr_error err;
    enum mr_code rc = MR_INVALID;

    if (asl_run_status(fold->run) != ASL_RUNNING)
        rc = event->definition ? mr_json_print(event->definition, &text)
                               : fold->definition(fold->ctx, event->def, &text, &err);
    if (!rc)
        rc = asl_machine_parse_as(text.data, text.len, &admitted, NULL, &machine, NULL);
    if (!rc)
        rc = asl_run_migrate(fold->run, machine, event->parent.flow, NULL);
    if (!rc) {
        asl_machine_unref(fold->machine);
        fold->machine = asl_machine_ref(machine);
        (void)snprintf(fold->def, sizeof(fold->def), "%s", event->def);
    }
    asl_machine_unref(machine);
    mr_buf_release(&text);
    return rc == MR_OK;
}

static bool is_elsewhere(const struct gw_fold *fold, const struct mr_event *event)
{
    return event->definition || (event->def && strcmp(event->def, fold->def) != 0);
}

/* The state gets a worker's answer as its Resource wants it: see common/model/resource.h. */
static enum mr_code step_answer(struct gw_fold *fold, struct asl_event *event, struct mr_error *err)
{
    const char *resource = event->kind == ASL_EVENT_TASK_OK
                               ? asl_run_resource(fold->run, event->seq, event->attempt)
                               : NULL;
    cJSON *wrapped = NULL;
    enum mr_code rc = resource ? mr_resource_answer(resource, event->data, &wrapped, err) : MR_OK;

    if (wrapped)
        event->data = wrapped;
    if (!rc)
        rc = step(fold, event, err);
    cJSON_Delete(wrapped);
    return rc;
}

/* Sent twice: the first counted.  But another task may start a child of a name once more, and end
 * it: orchestrator/named.c. */
static enum mr_code start_again(struct gw_fold *fold, const struct mr_event *event,
                                struct mr_error *err)
{
    enum mr_code rc = MR_OK;

    if (event->parent.named && asl_run_status(fold->run) == ASL_RUNNING &&
        strcmp(event->sum, fold->sum) == 0 &&
        !mr_starters_have(fold->starters, event->parent.token_text))
        rc = mr_starters_add(&fold->starters, &event->parent, err);
    return rc == MR_TOO_LARGE ? MR_OK : rc;
}

static enum mr_code apply(struct gw_fold *fold, const struct mr_event *event, int64_t time_ms,
                          struct mr_error *err)
{
    struct asl_event said;
    cJSON *empty = NULL;
    enum mr_code rc;

    if (event->kind == MR_EVENT_REDRIVE && fold->run && is_elsewhere(fold, event) &&
        !change_machine(fold, event))
        return MR_OK;
    if (event->kind == MR_EVENT_CANCEL && event->parent.token_text &&
        !mr_starters_have(fold->starters, event->parent.token_text))
        return MR_OK;
    if (event->kind != MR_EVENT_SUBMIT)
        return fold->run && event_of(fold, event, time_ms, &said) ? step_answer(fold, &said, err)
                                                                  : MR_OK;
    if (fold->run)
        return start_again(fold, event, err);
    rc = begin_run(fold, event, err);
    if (!rc)
        rc = start_again(fold, event, err);
    if (rc)
        return rc;
    if (!event->input)
        empty = cJSON_CreateObject();
    said = (struct asl_event){
        .kind = ASL_EVENT_START, .time_ms = time_ms, .data = event->input ? event->input : empty};
    rc = said.data ? step(fold, &said, err) : mr_fail(err, MR_NO_MEMORY, "history: memory ran out");
    cJSON_Delete(empty);
    return rc;
}

/* Most events of a shard are other jobs': the id is looked for before anything is parsed. */
static bool speaks_of(const char *value, size_t len, const char *job, size_t job_len)
{
    const char *end = value + len;

    for (const char *p = value; (size_t)(end - p) >= job_len; p++) {
        p = memchr(p, job[0], (size_t)(end - p) - job_len + 1);
        if (!p)
            return false;
        if (memcmp(p, job, job_len) == 0)
            return true;
    }
    return false;
}

enum mr_code gw_fold_message(struct gw_fold *fold, const struct mr_msg *msg, struct mr_error *err)
{
    struct mr_event event = {0};
    enum mr_code rc;

    if (!msg->value || !speaks_of(msg->value, msg->value_len, fold->job, strlen(fold->job)))
        return MR_OK;
    rc = mr_event_parse(msg->value, msg->value_len, &event, err);
    if (rc)
        return rc;
    if (event.job && strcmp(event.job, fold->job) == 0)
        rc = apply(fold, &event, msg->time_ms, err);
    mr_event_release(&event);
    return rc;
}

/* ---- the thread
 * ---------------------------------------------------------------------------------------------- */

struct history {
    struct gw_work work;
    struct gw_app *app;
    struct gw_fold fold;
    struct mr_store *store; /* the thread's */
    uint32_t shard;
    int64_t first, last; /* offsets of the job's events */
    bool whole;
    enum mr_code rc;
    struct mr_error err;
};

static enum mr_code find_definition(void *ctx, const char *def, struct mr_buf *ret,
                                    struct mr_error *err)
{
    struct history *history = ctx;
    struct gw_app *app = history->app; /* its ports are constant */

    if (!def)
        return mr_fail(err, MR_CORRUPT, "a submit event names no definition");
    if (!history->store)
        history->store = app->ports.open_store(app->ports.ctx, err);
    if (!history->store)
        return err->code;
    return mr_store_def_get(history->store, history->shard, def, ret, err);
}

static enum mr_code read_log(struct history *history, struct mr_log *log, struct mr_error *err)
{
    struct mr_clock *clock = history->app->ports.clock;
    const struct gw_config *config = history->app->config;
    int64_t end_ms = clock->mono_ms(clock) + config->history_ms, scanned = 0;
    struct mr_msg msgs[MESSAGES_A_POLL];
    enum mr_code rc = MR_OK;

    while (!rc && !history->whole) {
        int n = mr_log_poll(log, msgs, MESSAGES_A_POLL, err);
        if (n < 0)
            return err->code;
        for (int i = 0; i < n && !rc && !history->whole; i++) {
            rc = gw_fold_message(&history->fold, &msgs[i], err);
            history->whole = msgs[i].offset >= history->last;
            if (++scanned >= config->history_events_max && !history->whole)
                return rc;
        }
        if (atomic_load(&history->work.stop) || clock->mono_ms(clock) >= end_ms)
            return rc;
        if (n == 0) {
            struct pollfd fd = {.fd = mr_log_fd(log), .events = POLLIN};
            (void)poll(&fd, 1, POLL_MS);
        }
    }
    return rc;
}

static enum mr_code cut(struct history *history, struct mr_bus *bus, struct mr_error *err)
{
    int64_t first = 0, end = 0;
    struct mr_log *log = mr_log_open(bus, history->app->topics.log, err);
    enum mr_code rc;

    if (!log)
        return err->code;
    rc = mr_log_bounds(log, (int32_t)history->shard, &first, &end, err);
    if (!rc && history->first < first)
        rc = mr_fail(err, MR_TRUNCATED, "the log begins at %" PRId64, first);
    if (!rc)
        rc = mr_log_start(log, (int32_t)history->shard, history->first, err);
    if (!rc)
        rc = read_log(history, log, err);
    mr_log_free(log);
    return rc;
}

static void run(struct gw_work *work)
{
    struct history *history = (struct history *)work;
    struct gw_app *app = history->app;
    struct mr_bus *bus = app->ports.open_bus(app->ports.ctx, &history->err);

    history->rc = bus ? cut(history, bus, &history->err) : history->err.code;
    mr_store_free(history->store);
    mr_bus_free(bus);
}

/* ---- the loop
 * --------------------------------------------------------------------------------------------------
 */

static void answer(struct history *history, struct gw_exchange *ex)
{
    char next[MR_JOB_ID_MAX + 64];
    struct mr_buf body = {0};
    struct mr_jw w;

    if (history->rc == MR_TRUNCATED) {
        gw_problem(ex, 410, mr_code_name(history->rc), "the log no longer holds the job's events");
        return;
    }
    if (history->rc) {
        mr_log_error(MR_WARN, "gateway.history_failed", &history->err, " request=%s job=%s", ex->id,
                     history->fold.job);
        gw_problem_more(ex, 503, mr_code_name(MR_UNAVAILABLE), "the history could not be read",
                        "Retry-After: 1\r\n", NULL);
        return;
    }
    mr_jw_begin(&w, &body);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "id", history->fold.job);
    mr_jw_bool(&w, "truncated", !history->whole);
    if (history->fold.cut) {
        (void)snprintf(next, sizeof(next), "/v1/jobs/%s/history?after=%" PRIu64, history->fold.job,
                       history->fold.last);
        mr_jw_str(&w, "next", next);
    }
    (void)mr_buf_add_str(&body, ",\"events\":[");
    (void)mr_buf_add(&body, history->fold.events.data, history->fold.events.len);
    (void)mr_buf_add_char(&body, ']');
    mr_jw_close(&w, '}');
    body.failed = body.failed || history->fold.events.failed;
    gw_exchange_json(ex, 200, &body);
}

static void finish(struct gw_work *work)
{
    struct history *history = (struct history *)work;

    if (work->ex)
        answer(history, work->ex);
    gw_fold_release(&history->fold);
    free(history);
}

static void gone(struct gw_exchange *ex)
{
    struct history *history = ex->work;

    ex->work = NULL;
    gw_work_leave(&history->work);
}

static enum mr_code read_row(struct gw_app *app, struct gw_exchange *ex, struct history *history,
                             struct mr_error *err)
{
    struct gw_row row = {0};
    enum mr_code rc = gw_row_get(app, ex->who.tenant, ex->params[0], &row, NULL, err);

    if (rc)
        return rc;
    if (gw_row_field(&row, "log_first")[0] && gw_row_field(&row, "log_last")[0]) {
        history->first = strtoll(gw_row_field(&row, "log_first"), NULL, 10);
        history->last = strtoll(gw_row_field(&row, "log_last"), NULL, 10);
    } else {
        rc = mr_fail(err, MR_NOT_FOUND, "job %s: has no place in the log", ex->params[0]);
    }
    gw_row_release(&row);
    return rc;
}

/* ?after=ID: entries of higher ids alone. */
static enum mr_code read_after(const struct gw_exchange *ex, uint64_t *ret, struct mr_error *err)
{
    static const char *const known[] = {"after", NULL};
    char text[GW_QUERY_VALUE_MAX + 1];
    bool found = false;
    enum mr_code rc = gw_request_query_known(ex->request, known, err);

    if (!rc)
        rc = gw_request_query(ex->request, "after", text, &found, err);
    if (rc || !found)
        return rc;
    if (!text[0] || strlen(text) > 15 || strspn(text, "0123456789") != strlen(text))
        return mr_fail(err, MR_INVALID, "query parameter after: must be the id of an entry");
    *ret = strtoull(text, NULL, 10);
    return MR_OK;
}

void gw_history(struct gw_app *app, struct gw_exchange *ex)
{
    struct history *history;
    struct mr_error err;
    uint64_t after = 0;
    enum mr_code rc = read_after(ex, &after, &err);

    if (rc) {
        gw_problem_error(ex, &err);
        return;
    }

    if (gw_works_full(&app->works, GW_WORK_HISTORY)) {
        gw_problem_more(ex, 503, mr_code_name(MR_BUSY),
                        "GATEWAY_HISTORIES_MAX histories are being cut", "Retry-After: 1\r\n",
                        NULL);
        return;
    }
    history = calloc(1, sizeof(*history));
    if (!history) {
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
        return;
    }
    history->app = app;
    history->shard = gw_shard_of(app, ex->params[0]);
    history->fold.definition = find_definition;
    history->fold.ctx = history;
    history->fold.after = after;
    history->work.kind = GW_WORK_HISTORY;
    history->work.ex = ex;
    history->work.run = run;
    history->work.finish = finish;
    (void)snprintf(history->fold.job, sizeof(history->fold.job), "%.64s", ex->params[0]);
    rc = read_row(app, ex, history, &err);
    if (!rc)
        rc = gw_works_start(&app->works, &history->work, &err);
    if (rc) {
        free(history);
        gw_problem_error(ex, &err);
        return;
    }
    ex->work = history;
    ex->gone = gone;
}
