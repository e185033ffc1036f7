/* workflows.c -- definitions by name: records "workflow/<name>" of millrace.config, and one more
 * for each version.  They belong to the cluster, not to a tenant. */
#include "common/base/json.h"
#include "common/model/message.h"
#include "gateway/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kind[] = "workflow/";

bool gw_workflow_asked(struct gw_app *app, struct gw_exchange *ex, bool whole,
                       struct mr_workflow_ref *ret)
{
    struct mr_error err;

    if (mr_workflow_ref_parse(ex->params[0], ret, &err) ||
        (!whole && (ret->alias[0] || ret->version > 0))) {
        gw_problem(ex, 422, mr_code_name(MR_INVALID),
                   "a workflow's name must be 1..80 of A-Z a-z 0-9 . _ -, not starting with a dot");
        return false;
    }
    if (!gw_config_copy_ready(&app->copy)) {
        gw_problem_more(ex, 503, mr_code_name(MR_UNAVAILABLE), "the workflows are not yet read",
                        "Retry-After: 1\r\n", NULL);
        return false;
    }
    return true;
}

static void print_record(struct mr_buf *buf, int64_t version, const char *def, const char *text,
                         size_t len, int64_t created_ms)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_int(&w, "version", version);
    mr_jw_str(&w, "def", def);
    mr_jw_int(&w, "created_ms", created_ms);
    mr_jw_raw(&w, "definition", text, len);
    mr_jw_close(&w, '}');
}

static void print_summary(struct mr_buf *buf, const char *name, int64_t version, const char *def,
                          int64_t created_ms, const cJSON *definition)
{
    char time[GW_TIME_MAX];
    struct mr_jw w;

    gw_time_print(created_ms, time);
    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "name", name);
    mr_jw_int(&w, "version", version);
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

/* The number of the next version of name, whose newest record is newest (NULL: none). */
static int64_t next_version(const struct gw_config_copy *copy, const char *name,
                            const struct gw_config_entry *newest)
{
    int64_t last = newest ? gw_workflow_version(newest) : 0, version;
    const struct gw_config_entry *entry;
    const char *of;
    size_t at = 0;

    while (gw_workflow_next(copy, name, &at, &of, &entry))
        if ((version = mr_version_parse(of)) > last)
            last = version;
    return last + 1;
}

/* Is it what the newest version says already?  Then it is answered. */
static bool is_same(struct gw_exchange *ex, const char *name, const struct gw_config_entry *newest,
                    const char *def)
{
    struct mr_config_workflow record = {0};
    struct mr_buf body = {0};
    bool same = newest &&
                mr_config_workflow_parse(newest->value, newest->len, &record, NULL) == MR_OK &&
                strcmp(record.def, def) == 0;

    if (same) {
        print_summary(&body, name, record.version, def, record.created_ms, NULL);
        gw_exchange_json(ex, 200, &body);
    }
    mr_config_workflow_release(&record);
    return same;
}

/* The version's own record first, then the name's. What was put before there were versions gets
 * its record now. */
static void put_version(struct gw_app *app, struct gw_exchange *ex, const char *name,
                        const struct gw_config_entry *newest, const char *def,
                        const struct mr_buf *text)
{
    int64_t now_ms = app->ports.clock->wall_ms(app->ports.clock);
    int64_t version = next_version(&app->copy, name, newest), old;
    struct gw_changes changes = {0};
    struct mr_buf value = {0}, body = {0};
    char key[GW_WORKFLOW_KEY_MAX];

    if (newest && (old = gw_workflow_version(newest)) > 0) {
        gw_version_key(name, old, key);
        if (!gw_config_copy_get(&app->copy, key)) {
            (void)mr_buf_add(&value, newest->value, newest->len);
            gw_changes_add(&changes, key, &value);
        }
    }
    gw_version_key(name, version, key);
    for (int i = 0; i < 2; i++) {
        value = (struct mr_buf){0};
        print_record(&value, version, def, text->data, text->len, now_ms);
        gw_changes_add(&changes, key, &value);
        gw_workflow_key(name, "", key);
    }
    print_summary(&body, name, version, def, now_ms, NULL);
    gw_changes_send(app, ex, &changes, newest ? 200 : 201, &body);
}

void gw_workflows_put(struct gw_app *app, struct gw_exchange *ex)
{
    char key[GW_WORKFLOW_KEY_MAX], def[2 * MR_SHA256_LEN + 1];
    const struct gw_config_entry *newest;
    struct mr_workflow_ref ref;
    struct mr_buf text = {0};
    struct mr_error err;

    if (!gw_workflow_asked(app, ex, false, &ref) ||
        !gw_definition_check(app, ex, ex->body.data, ex->body.len))
        return;
    gw_workflow_key(ref.name, "", key);
    newest = gw_config_copy_get(&app->copy, key);
    if (compact(ex, &text, &err)) {
        gw_problem_error(ex, &err);
    } else {
        mr_sha256_hex(text.data, text.len, def);
        if (is_same(ex, ref.name, newest, def))
            ;
        else if (app->copy.count + 2 > (size_t)app->config->config_entries_max)
            gw_problem(ex, 413, mr_code_name(MR_TOO_LARGE),
                       "the cluster has GATEWAY_CONFIG_ENTRIES_MAX workflows and keys");
        else
            put_version(app, ex, ref.name, newest, def, &text);
    }
    mr_buf_release(&text);
}

void gw_workflows_get(struct gw_app *app, struct gw_exchange *ex)
{
    struct mr_config_workflow workflow = {0};
    const struct gw_config_entry *entry;
    struct mr_workflow_ref ref;
    struct mr_buf body = {0};
    struct mr_error err;

    if (!gw_workflow_asked(app, ex, true, &ref))
        return;
    entry = gw_workflow_find(&app->copy, &ref, ex->id);
    if (!entry) {
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such workflow");
        return;
    }
    if (mr_config_workflow_parse(entry->value, entry->len, &workflow, &err)) {
        gw_problem_error(ex, &err);
        return;
    }
    print_summary(&body, ref.name, workflow.version, workflow.def, workflow.created_ms,
                  workflow.definition);
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
        if (!entry->value || strchr(entry->key, ':') ||
            mr_config_workflow_parse(entry->value, entry->len, &workflow, NULL))
            continue;
        if (some)
            (void)mr_buf_add_char(&body, ',');
        some = true;
        print_summary(&body, entry->key + sizeof(kind) - 1, workflow.version, workflow.def,
                      workflow.created_ms, NULL);
        mr_config_workflow_release(&workflow);
    }
    (void)mr_buf_add_str(&body, "]}");
    gw_exchange_json(ex, 200, &body);
}

/* Aliases and versions go first: what is left over by a crash can be deleted again by the name. */
void gw_workflows_delete(struct gw_app *app, struct gw_exchange *ex)
{
    char key[GW_WORKFLOW_KEY_MAX];
    const struct gw_config_entry *entry;
    struct gw_changes changes = {0};
    struct mr_workflow_ref ref;
    const char *of;
    size_t at = 0;

    if (!gw_workflow_asked(app, ex, false, &ref))
        return;
    gw_workflow_key(ref.name, "", key);
    if (!gw_config_copy_get(&app->copy, key)) {
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such workflow");
        return;
    }
    while (gw_workflow_next(&app->copy, ref.name, &at, &of, &entry))
        gw_changes_add(&changes, entry->key, NULL);
    gw_changes_add(&changes, key, NULL);
    gw_changes_send(app, ex, &changes, 204, NULL);
}
