/* workflows.c -- definitions by name: records "workflow/<name>" of millrace.config.  They belong to
 * the cluster, not to a tenant. */
#include "common/base/json.h"
#include "common/model/message.h"
#include "gateway/handlers.h"
#include "gateway/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kind[] = "workflow/";

/* ---- a change of the configuration, of keys too
 * ---------------------------------------------------------- */

struct change {
    struct gw_send send;
    char *key;
    struct mr_buf value; /* len 0: removed */
    struct mr_buf body;  /* of the answer; len 0: none */
    int status;
};

static void release(struct gw_send *send)
{
    struct change *change = (struct change *)send;

    free(change->key);
    mr_buf_release(&change->value);
    mr_buf_release(&change->body);
}

/* What the broker has holds, whatever becomes of the topic's reader or of Redis. */
static void on_report(struct gw_send *send, enum mr_code code, int64_t offset, int64_t time_ms)
{
    struct change *change = (struct change *)send;
    struct gw_answer answer = {.status = change->status};

    (void)time_ms;
    if (code == MR_OK)
        gw_config_copy_apply(send->app, change->key, strlen(change->key),
                             change->value.len ? change->value.data : NULL, change->value.len,
                             offset);
    if (!send->ex)
        return;
    if (code) {
        gw_send_problem(send->ex, code);
    } else if (change->body.len > 0) {
        answer.content_type = "application/json";
        answer.body = change->body.data;
        answer.len = change->body.len;
        gw_exchange_answer(send->ex, &answer);
    } else {
        gw_exchange_answer(send->ex, &answer);
    }
}

void gw_config_change(struct gw_app *app, struct gw_exchange *ex, const char *key,
                      struct mr_buf *value, int status, struct mr_buf *body)
{
    struct change *change = calloc(1, sizeof(*change));
    bool failed = !change || (value && value->failed) || (body && body->failed);

    if (change) {
        change->send.done = on_report;
        change->send.release = release;
        change->status = status;
        change->key = malloc(strlen(key) + 1);
        if (value)
            change->value = *value;
        if (body)
            change->body = *body;
    } else {
        mr_buf_release(value ? value : &(struct mr_buf){0});
        mr_buf_release(body ? body : &(struct mr_buf){0});
    }
    if (failed || !change->key) {
        if (change)
            release(&change->send);
        free(change);
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
        return;
    }
    memcpy(change->key, key, strlen(key) + 1);
    gw_send_take(app, ex, &change->send,
                 &(struct gw_message){.topic = app->topics.config,
                                      .partition = -1,
                                      .key = key,
                                      .value = change->value.len ? change->value.data : NULL,
                                      .len = change->value.len});
}

/* ---- workflows
 * -------------------------------------------------------------------------------------------- */

/* The record's key of the name in the path; false: answered. */
static bool find_key(struct gw_app *app, struct gw_exchange *ex, char ret[MR_NAME_MAX + 16])
{
    const char *name = ex->params[0];

    if (!mr_name_valid(name, strlen(name))) {
        gw_problem(ex, 422, mr_code_name(MR_INVALID),
                   "a workflow's name must be 1..80 of A-Z a-z 0-9 . _ -, not starting with a dot");
        return false;
    }
    if (!gw_config_copy_ready(&app->copy)) {
        gw_problem_more(ex, 503, mr_code_name(MR_UNAVAILABLE), "the workflows are not yet read",
                        "Retry-After: 1\r\n", NULL);
        return false;
    }
    (void)snprintf(ret, MR_NAME_MAX + 16, "%s%.*s", kind, MR_NAME_MAX, name);
    return true;
}

static void print_record(struct mr_buf *buf, const char *def, const char *text, size_t len,
                         int64_t created_ms)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "def", def);
    mr_jw_int(&w, "created_ms", created_ms);
    mr_jw_raw(&w, "definition", text, len);
    mr_jw_close(&w, '}');
}

static void print_summary(struct mr_buf *buf, const char *name, const char *def, int64_t created_ms,
                          const cJSON *definition)
{
    char time[GW_TIME_MAX];
    struct mr_jw w;

    gw_time_print(created_ms, time);
    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "name", name);
    mr_jw_str(&w, "def", def);
    mr_jw_str(&w, "created", time);
    if (definition)
        mr_jw_item(&w, "definition", definition);
    mr_jw_close(&w, '}');
}

/* The definition as compact text, members in the order given: what `def` is the hash of. */
static enum mr_code compact(const struct gw_exchange *ex, struct mr_buf *ret, struct mr_error *err)
{
    const struct mr_json_limits limits = {ASL_DEFINITION_MAX, mr_json_limits_message.depth_max};
    cJSON *root = NULL;
    enum mr_code rc = mr_json_parse(ex->body.data, ex->body.len, &limits, &root, err);

    if (!rc && mr_json_print(root, ret))
        rc = mr_fail(err, MR_NO_MEMORY, "definition: memory ran out");
    cJSON_Delete(root);
    return rc;
}

void gw_workflows_put(struct gw_app *app, struct gw_exchange *ex)
{
    char key[MR_NAME_MAX + 16], def[2 * MR_SHA256_LEN + 1];
    int64_t now_ms = app->ports.clock->wall_ms(app->ports.clock);
    struct mr_buf text = {0}, value = {0}, body = {0};
    struct mr_error err;
    bool is_new;

    if (!find_key(app, ex, key))
        return;
    is_new = !gw_config_copy_get(&app->copy, key);
    if (is_new && app->copy.count >= (size_t)app->config->config_entries_max) {
        gw_problem(ex, 413, mr_code_name(MR_TOO_LARGE),
                   "the cluster has GATEWAY_CONFIG_ENTRIES_MAX workflows and keys");
        return;
    }
    if (!gw_definition_check(ex, ex->body.data, ex->body.len))
        return;
    if (compact(ex, &text, &err)) {
        gw_problem_error(ex, &err);
    } else {
        mr_sha256_hex(text.data, text.len, def);
        print_record(&value, def, text.data, text.len, now_ms);
        print_summary(&body, ex->params[0], def, now_ms, NULL);
        gw_config_change(app, ex, key, &value, is_new ? 201 : 200, &body);
    }
    mr_buf_release(&text);
}

void gw_workflows_get(struct gw_app *app, struct gw_exchange *ex)
{
    struct mr_config_workflow workflow = {0};
    const struct gw_config_entry *entry;
    char key[MR_NAME_MAX + 16];
    struct mr_buf body = {0};
    struct mr_error err;

    if (!find_key(app, ex, key))
        return;
    entry = gw_config_copy_get(&app->copy, key);
    if (!entry) {
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such workflow");
        return;
    }
    if (mr_config_workflow_parse(entry->value, entry->len, &workflow, &err)) {
        gw_problem_error(ex, &err);
        return;
    }
    print_summary(&body, ex->params[0], workflow.def, workflow.created_ms, workflow.definition);
    mr_config_workflow_release(&workflow);
    gw_exchange_json(ex, 200, &body);
}

void gw_workflows_list(struct gw_app *app, struct gw_exchange *ex)
{
    const struct gw_config_copy *copy = &app->copy;
    struct mr_buf body = {0};
    bool some = false;

    if (!gw_config_copy_ready(copy)) {
        gw_problem_more(ex, 503, mr_code_name(MR_UNAVAILABLE), "the workflows are not yet read",
                        "Retry-After: 1\r\n", NULL);
        return;
    }
    (void)mr_buf_add_str(&body, "{\"workflows\":[");
    for (size_t i = gw_config_copy_from(copy, kind); i < copy->count; i++) {
        const struct gw_config_entry *entry = copy->entries[i];
        struct mr_config_workflow workflow = {0};
        if (strncmp(entry->key, kind, sizeof(kind) - 1) != 0)
            break;
        if (!entry->value || mr_config_workflow_parse(entry->value, entry->len, &workflow, NULL))
            continue;
        if (some)
            (void)mr_buf_add_char(&body, ',');
        some = true;
        print_summary(&body, entry->key + sizeof(kind) - 1, workflow.def, workflow.created_ms,
                      NULL);
        mr_config_workflow_release(&workflow);
    }
    (void)mr_buf_add_str(&body, "]}");
    gw_exchange_json(ex, 200, &body);
}

void gw_workflows_delete(struct gw_app *app, struct gw_exchange *ex)
{
    char key[MR_NAME_MAX + 16];

    if (!find_key(app, ex, key))
        return;
    if (!gw_config_copy_get(&app->copy, key))
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such workflow");
    else
        gw_config_change(app, ex, key, NULL, 204, NULL);
}
