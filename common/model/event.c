/* event.c -- everything that can happen to a job: the messages of millrace.log. */
#include "common/model/message_read.h"

#include <string.h>

static const char *const kind_names[MR_EVENT_KIND_COUNT] = {
#define KIND_NAME(name, word) [name] = word,
    MR_EVENT_KINDS(KIND_NAME)
#undef KIND_NAME
};

const char *mr_event_kind_name(enum mr_event_kind kind)
{
    return kind < MR_EVENT_KIND_COUNT ? kind_names[kind] : "?";
}

static enum mr_code read_submit(struct mr_event *event, struct mr_error *err)
{
    const cJSON *root = event->root;
    enum mr_code rc;

    if ((rc = mr_message_id(root, "job", true, &event->job, err)) ||
        (rc = mr_message_id(root, "tenant", true, &event->tenant, err)) ||
        (rc = mr_json_str_opt(root, "", "workflow", MR_NAME_MAX, &event->workflow, err)) ||
        (rc = mr_json_str_opt(root, "", "name", MR_NAME_MAX, &event->name, err)) ||
        (rc = mr_json_str(root, "", "def", 64, &event->def, err)) ||
        (rc = mr_json_str(root, "", "nonce", 2 * MR_NONCE_LEN, &event->nonce, err)) ||
        (rc = mr_json_str(root, "", "sum", 64, &event->sum, err)) ||
        (rc = mr_json_str_opt(root, "", "from", 256, &event->from, err)) ||
        (rc = mr_json_int(root, "", "engine", 1, INT32_MAX, &event->engine, err)))
        return rc;
    event->definition = mr_json_get(root, "definition");
    event->input = mr_json_get(root, "input");
    return mr_parent_read(mr_json_get(root, "parent"), &event->parent, err);
}

static enum mr_code read_token(struct mr_event *event, struct mr_error *err)
{
    enum mr_code rc;

    if ((rc = mr_json_str(event->root, "", "token", MR_TOKEN_MAX, &event->token_text, err)) ||
        (rc = mr_token_parse(event->token_text, &event->token, err)) ||
        (rc = mr_json_str_opt(event->root, "", "worker", 128, &event->worker, err)))
        return rc;
    event->seq = event->token.seq;
    event->attempt = event->token.attempt;
    return MR_OK;
}

static enum mr_code read_result(struct mr_event *event, struct mr_error *err)
{
    enum mr_code rc = read_token(event, err);

    return rc ? rc
              : mr_message_answer(event->root, &event->output, &event->error, &event->cause, err);
}

/* A child that failed may have no error's name, and may have an output: its record. */
static enum mr_code read_child(struct mr_event *event, struct mr_error *err)
{
    const cJSON *root = event->root;
    enum mr_code rc = mr_parent_read(mr_json_get(root, "parent"), &event->parent, err);

    if (!rc && !event->parent.token_text)
        rc = mr_fail(err, MR_INVALID, "/parent: is wanted");
    if (rc || (rc = mr_json_bool_opt(root, "", "ok", &event->ok, err)) ||
        (rc = mr_json_str_opt(root, "", "error", MR_ERROR_NAME_MAX, &event->error, err)) ||
        (rc = mr_json_str_opt(root, "", "cause", MR_CAUSE_MAX, &event->cause, err)))
        return rc;
    event->output = mr_json_get(root, "output");
    event->token = event->parent.token;
    event->seq = event->token.seq;
    event->attempt = event->token.attempt;
    return MR_OK;
}

static enum mr_code read_timer(struct mr_event *event, struct mr_error *err)
{
    int64_t seq = 0, attempt = 0;
    const char *timer = NULL;
    enum mr_code rc;

    if ((rc = mr_message_id(event->root, "job", true, &event->job, err)) ||
        (rc = mr_json_int(event->root, "", "seq", 0, INT64_MAX, &seq, err)) ||
        (rc = mr_json_int(event->root, "", "attempt", 0, UINT32_MAX, &attempt, err)) ||
        (rc = mr_json_str(event->root, "", "timer", 1, &timer, err)) ||
        (rc = mr_json_int(event->root, "", "due_ms", 0, INT64_MAX, &event->due_ms, err)))
        return rc;
    event->seq = (uint64_t)seq;
    event->attempt = (uint32_t)attempt;
    event->timer = timer[0];
    return MR_OK;
}

static enum mr_code read_redrive(struct mr_event *event, struct mr_error *err)
{
    enum mr_code rc = mr_message_id(event->root, "job", true, &event->job, err);

    if (!rc)
        rc = mr_parent_read(mr_json_get(event->root, "parent"), &event->parent, err);
    event->definition = mr_json_get(event->root, "definition");
    if (rc || !event->definition)
        return rc ? rc : mr_json_str_opt(event->root, "", "def", 64, &event->def, err);
    if (!cJSON_IsObject(event->definition))
        return mr_fail(err, MR_INVALID, "/definition: must be an object");
    return mr_json_str(event->root, "", "def", 64, &event->def, err);
}

static enum mr_code read_evaluated(struct mr_event *event, struct mr_error *err)
{
    int64_t seq = 0, attempt = 0, number = 0;
    enum mr_code rc;

    if ((rc = mr_message_id(event->root, "job", true, &event->job, err)) ||
        (rc = mr_json_int(event->root, "", "seq", 1, INT64_MAX, &seq, err)) ||
        (rc = mr_json_int(event->root, "", "attempt", 1, UINT32_MAX, &attempt, err)) ||
        (rc = mr_json_int(event->root, "", "number", 1, UINT32_MAX, &number, err)))
        return rc;
    event->seq = (uint64_t)seq;
    event->attempt = (uint32_t)attempt;
    event->number = (uint32_t)number;
    event->answer = mr_json_get(event->root, "answer");
    return cJSON_IsObject(event->answer) ? MR_OK
                                         : mr_fail(err, MR_INVALID, "/answer: must be an object");
}

static enum mr_code read_kind(struct mr_event *event, struct mr_error *err)
{
    const cJSON *root = event->root;
    enum mr_code rc;

    switch (event->kind) {
    case MR_EVENT_TAKEOVER:
        return mr_json_str(root, "", "owner", 128, &event->owner, err);
    case MR_EVENT_DEFINITION:
        rc = mr_json_str(root, "", "def", 64, &event->def, err);
        event->definition = mr_json_get(root, "definition");
        if (!rc && !cJSON_IsObject(event->definition))
            rc = mr_fail(err, MR_INVALID, "/definition: must be an object");
        return rc;
    case MR_EVENT_SUBMIT:
        return read_submit(event, err);
    case MR_EVENT_RESULT:
        return read_result(event, err);
    case MR_EVENT_TIMER:
        return read_timer(event, err);
    case MR_EVENT_HEARTBEAT:
        return read_token(event, err);
    case MR_EVENT_EVALUATED:
        return read_evaluated(event, err);
    case MR_EVENT_CANCEL:
        rc = mr_json_str_opt(root, "", "error", MR_ERROR_NAME_MAX, &event->error, err);
        if (!rc)
            rc = mr_json_str_opt(root, "", "cause", MR_CAUSE_MAX, &event->cause, err);
        if (!rc)
            rc = mr_parent_read(mr_json_get(root, "parent"), &event->parent, err);
        return rc ? rc : mr_message_id(root, "job", true, &event->job, err);
    case MR_EVENT_REDRIVE:
        return read_redrive(event, err);
    case MR_EVENT_ASK:
        rc = mr_parent_read(mr_json_get(root, "parent"), &event->parent, err);
        if (!rc && !event->parent.token_text)
            rc = mr_fail(err, MR_INVALID, "/parent: is wanted");
        return rc ? rc : mr_message_id(root, "job", true, &event->job, err);
    case MR_EVENT_CHILD:
        return read_child(event, err);
    case MR_EVENT_KIND_COUNT:
        break;
    }
    return mr_fail(err, MR_INTERNAL, "event of no kind");
}

enum mr_code mr_event_parse(const char *text, size_t len, struct mr_event *ret,
                            struct mr_error *err)
{
    struct mr_event event = {0};
    const char *word = NULL;
    enum mr_code rc;

    rc = mr_message_read(text, len, MR_EVENT_BYTES_MAX, NULL, &event.root, err);
    if (rc)
        return rc;
    rc = mr_json_str(event.root, "", "k", 32, &word, err);
    if (rc)
        goto failed;
    event.kind = MR_EVENT_KIND_COUNT;
    for (unsigned i = 0; i < MR_EVENT_KIND_COUNT; i++)
        if (strcmp(word, kind_names[i]) == 0)
            event.kind = (enum mr_event_kind)i;
    if (event.kind == MR_EVENT_KIND_COUNT) {
        rc = mr_fail(err, MR_UNSUPPORTED, "/k: \"%.32s\" is no kind of event that is known", word);
        goto failed;
    }
    rc = read_kind(&event, err);
    if (rc)
        goto failed;
    *ret = event;
    if (event.kind == MR_EVENT_RESULT || event.kind == MR_EVENT_HEARTBEAT ||
        event.kind == MR_EVENT_CHILD)
        ret->job = ret->token.job;
    return MR_OK;
failed:
    mr_event_release(&event);
    return rc;
}

void mr_event_release(struct mr_event *event)
{
    if (!event)
        return;
    cJSON_Delete(event->root);
    *event = (struct mr_event){0};
}

static void write_submit(const struct mr_event *event, struct mr_jw *w)
{
    mr_jw_str(w, "job", event->job);
    mr_jw_str(w, "tenant", event->tenant);
    if (event->workflow)
        mr_jw_str(w, "workflow", event->workflow);
    if (event->name)
        mr_jw_str(w, "name", event->name);
    mr_jw_str(w, "def", event->def);
    mr_jw_str(w, "nonce", event->nonce);
    mr_jw_str(w, "sum", event->sum);
    mr_jw_int(w, "engine", event->engine);
    if (event->from)
        mr_jw_str(w, "from", event->from);
    if (event->definition || event->definition_text)
        mr_message_write_value(w, "definition", event->definition, event->definition_text,
                               event->definition_len);
    if (event->input || event->input_text)
        mr_message_write_value(w, "input", event->input, event->input_text, event->input_len);
    if (event->parent.token_text)
        mr_parent_write(w, &event->parent);
}

static void write_kind(const struct mr_event *event, struct mr_jw *w)
{
    char timer[2] = {event->timer, '\0'};

    switch (event->kind) {
    case MR_EVENT_TAKEOVER:
        mr_jw_str(w, "owner", event->owner);
        break;
    case MR_EVENT_DEFINITION:
        mr_jw_str(w, "def", event->def);
        mr_message_write_value(w, "definition", event->definition, event->definition_text,
                               event->definition_len);
        break;
    case MR_EVENT_SUBMIT:
        write_submit(event, w);
        break;
    case MR_EVENT_RESULT:
        mr_jw_str(w, "token", event->token_text);
        if (event->worker)
            mr_jw_str(w, "worker", event->worker);
        if (event->error)
            mr_jw_str(w, "error", event->error);
        else
            mr_message_write_value(w, "output", event->output, event->output_text,
                                   event->output_len);
        if (event->error && event->cause)
            mr_jw_str(w, "cause", event->cause);
        break;
    case MR_EVENT_TIMER:
        mr_jw_str(w, "job", event->job);
        mr_jw_int(w, "seq", (int64_t)event->seq);
        mr_jw_int(w, "attempt", event->attempt);
        mr_jw_str(w, "timer", timer);
        mr_jw_int(w, "due_ms", event->due_ms);
        break;
    case MR_EVENT_HEARTBEAT:
        mr_jw_str(w, "token", event->token_text);
        if (event->worker)
            mr_jw_str(w, "worker", event->worker);
        break;
    case MR_EVENT_EVALUATED:
        mr_jw_str(w, "job", event->job);
        mr_jw_int(w, "seq", (int64_t)event->seq);
        mr_jw_int(w, "attempt", event->attempt);
        mr_jw_int(w, "number", event->number);
        mr_message_write_value(w, "answer", event->answer, event->output_text, event->output_len);
        break;
    case MR_EVENT_CANCEL:
        mr_jw_str(w, "job", event->job);
        if (event->error)
            mr_jw_str(w, "error", event->error);
        if (event->cause)
            mr_jw_str(w, "cause", event->cause);
        if (event->parent.token_text)
            mr_parent_write(w, &event->parent);
        break;
    case MR_EVENT_REDRIVE:
    case MR_EVENT_ASK:
        mr_jw_str(w, "job", event->job);
        if (event->def)
            mr_jw_str(w, "def", event->def);
        if (event->definition)
            mr_jw_item(w, "definition", event->definition);
        if (event->parent.token_text)
            mr_parent_write(w, &event->parent);
        break;
    case MR_EVENT_CHILD:
        mr_parent_write(w, &event->parent);
        mr_jw_bool(w, "ok", event->ok);
        if (event->output)
            mr_jw_item(w, "output", event->output);
        if (event->error)
            mr_jw_str(w, "error", event->error);
        if (event->cause)
            mr_jw_str(w, "cause", event->cause);
        break;
    case MR_EVENT_KIND_COUNT:
        break;
    }
}

enum mr_code mr_event_print(const struct mr_event *event, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "k", mr_event_kind_name(event->kind));
    write_kind(event, &w);
    mr_jw_close(&w, '}');
    return buf->failed ? MR_NO_MEMORY : MR_OK;
}
