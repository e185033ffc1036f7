/* versions.c -- the versions of a workflow, and the aliases that lead to them.  A version never
 * changes; an alias is moved at will.  A job keeps what it began with. */
#include "common/base/json.h"
#include "gateway/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- versions ----------------------------------------------------------------------------- */

struct listed {
    int64_t version;
    const struct gw_config_entry *entry;
};

static int newest_first(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;

    return (x->version < y->version) - (x->version > y->version);
}

static void print_version(struct mr_jw *w, const struct listed *listed)
{
    struct mr_config_workflow record = {0};
    char time[GW_TIME_MAX];

    if (mr_config_workflow_parse(listed->entry->value, listed->entry->len, &record, NULL))
        return;
    gw_time_print(record.created_ms, time);
    mr_jw_open(w, NULL, '{');
    mr_jw_int(w, "version", record.version);
    mr_jw_str(w, "def", record.def);
    mr_jw_str(w, "created", time);
    mr_jw_close(w, '}');
    mr_config_workflow_release(&record);
}

static void print_routes(struct mr_jw *w, const struct mr_alias *alias)
{
    mr_jw_open(w, "routes", '[');
    for (size_t i = 0; i < alias->count; i++) {
        mr_jw_open(w, NULL, '{');
        mr_jw_int(w, "version", alias->routes[i].version);
        mr_jw_int(w, "weight", alias->routes[i].weight);
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
}

static void print_aliases(struct mr_jw *w, const struct gw_config_copy *copy, const char *name)
{
    const struct gw_config_entry *entry;
    struct mr_alias alias;
    const char *of;
    size_t at = 0;

    mr_jw_open(w, "aliases", '[');
    while (gw_workflow_next(copy, name, &at, &of, &entry)) {
        if (mr_version_parse(of) > 0 || mr_alias_parse(entry->value, entry->len, &alias, NULL))
            continue;
        mr_jw_open(w, NULL, '{');
        mr_jw_str(w, "alias", of);
        print_routes(w, &alias);
        mr_jw_close(w, '}');
    }
    mr_jw_close(w, ']');
}

/* All versions' records, newest first; NULL: memory ran out. */
static struct listed *list_versions(const struct gw_config_copy *copy, const char *name,
                                    const struct gw_config_entry *newest, size_t *ret_count)
{
    const struct gw_config_entry *entry;
    size_t at = 0, cap = 1, count = 0;
    int64_t last = gw_workflow_version(newest), version;
    struct listed *list;
    const char *of;
    bool has_last = false;

    while (gw_workflow_next(copy, name, &at, &of, &entry))
        cap++;
    list = malloc(cap * sizeof(*list));
    if (!list)
        return NULL;
    at = 0;
    while (gw_workflow_next(copy, name, &at, &of, &entry)) {
        if ((version = mr_version_parse(of)) == 0)
            continue;
        has_last |= version == last;
        list[count++] = (struct listed){version, entry};
    }
    if (!has_last)
        list[count++] = (struct listed){last, newest};
    qsort(list, count, sizeof(*list), newest_first);
    *ret_count = count;
    return list;
}

/* The newest record of the workflow in the path; NULL: answered. */
static const struct gw_config_entry *asked(struct gw_app *app, struct gw_exchange *ex,
                                           struct mr_workflow_ref *ref)
{
    const struct gw_config_entry *newest;
    char key[GW_WORKFLOW_KEY_MAX];

    if (!gw_workflow_asked(app, ex, false, ref))
        return NULL;
    gw_workflow_key(ref->name, "", key);
    newest = gw_config_copy_get(&app->copy, key);
    if (!newest)
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such workflow");
    return newest;
}

void gw_versions_list(struct gw_app *app, struct gw_exchange *ex)
{
    struct mr_workflow_ref ref;
    const struct gw_config_entry *newest = asked(app, ex, &ref);
    struct mr_buf body = {0};
    struct listed *list;
    size_t count = 0;
    struct mr_jw w;

    if (!newest)
        return;
    list = list_versions(&app->copy, ref.name, newest, &count);
    body.failed = !list;
    mr_jw_begin(&w, &body);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "name", ref.name);
    mr_jw_open(&w, "versions", '[');
    for (size_t i = 0; i < count; i++)
        print_version(&w, &list[i]);
    mr_jw_close(&w, ']');
    print_aliases(&w, &app->copy, ref.name);
    mr_jw_close(&w, '}');
    free(list);
    gw_exchange_json(ex, 200, &body);
}

/* The alias that leads to a version; NULL: none. */
static const char *routed_by(const struct gw_config_copy *copy, const char *name, int64_t version)
{
    const struct gw_config_entry *entry;
    struct mr_alias alias;
    const char *of;
    size_t at = 0;

    while (gw_workflow_next(copy, name, &at, &of, &entry)) {
        if (mr_version_parse(of) > 0 || mr_alias_parse(entry->value, entry->len, &alias, NULL))
            continue;
        for (size_t i = 0; i < alias.count; i++)
            if (alias.routes[i].version == version)
                return of;
    }
    return NULL;
}

void gw_versions_delete(struct gw_app *app, struct gw_exchange *ex)
{
    struct mr_workflow_ref ref;
    const struct gw_config_entry *newest = asked(app, ex, &ref);
    int64_t version = mr_version_parse(ex->params[1]);
    char key[GW_WORKFLOW_KEY_MAX], why[160];
    const char *alias;

    if (!newest)
        return;
    gw_version_key(ref.name, version, key);
    alias = routed_by(&app->copy, ref.name, version);
    if (version == gw_workflow_version(newest)) {
        gw_problem(ex, 409, mr_code_name(MR_CONFLICT), "the newest version goes with its workflow");
    } else if (version == 0 || !gw_config_copy_get(&app->copy, key)) {
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such version");
    } else if (alias) {
        (void)snprintf(why, sizeof(why), "the alias %.40s leads to it", alias);
        gw_problem(ex, 409, mr_code_name(MR_CONFLICT), why);
    } else {
        gw_config_change(app, ex, key, NULL, 204, NULL);
    }
}

/* ---- aliases ------------------------------------------------------------------------------ */

/* {"version": 3} is short for one route that has all the weight. */
static enum mr_code read_alias(const struct gw_exchange *ex, struct mr_alias *ret,
                               struct mr_error *err)
{
    static const char *const known[] = {"version", NULL};
    cJSON *root = NULL;
    enum mr_code rc =
        mr_json_parse(ex->body.data, ex->body.len, &mr_json_limits_message, &root, err);

    if (!rc && mr_json_get(root, "version")) {
        *ret = (struct mr_alias){.routes = {{.weight = 100}}, .count = 1};
        rc = mr_json_known(root, "", known, err);
        if (!rc)
            rc = mr_json_int(root, "", "version", 1, MR_VERSION_MAX, &ret->routes[0].version, err);
    } else if (!rc) {
        rc = mr_alias_parse(ex->body.data, ex->body.len, ret, err);
    }
    cJSON_Delete(root);
    return rc;
}

static void print_alias(struct mr_buf *buf, const char *name, const char *of,
                        const struct mr_alias *alias)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    if (name) {
        mr_jw_str(&w, "name", name);
        mr_jw_str(&w, "alias", of);
    } else {
        mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    }
    print_routes(&w, alias);
    mr_jw_close(&w, '}');
}

void gw_aliases_put(struct gw_app *app, struct gw_exchange *ex)
{
    struct mr_workflow_ref ref, wanted;
    char key[GW_WORKFLOW_KEY_MAX];
    struct mr_buf value = {0}, body = {0};
    struct mr_alias alias;
    struct mr_error err;
    enum mr_code rc;

    if (!asked(app, ex, &ref))
        return;
    if (!mr_alias_valid(ex->params[1])) {
        gw_problem(ex, 422, mr_code_name(MR_INVALID),
                   "an alias must be 1..32 of A-Z a-z 0-9 _ -, starting with a letter or _");
        return;
    }
    rc = read_alias(ex, &alias, &err);
    wanted = ref;
    for (size_t i = 0; !rc && i < alias.count; i++) {
        wanted.version = alias.routes[i].version;
        if (!gw_workflow_find(&app->copy, &wanted, ""))
            rc = mr_fail(&err, MR_NOT_FOUND, "/routes/%zu/version: there is no version %lld", i,
                         (long long)wanted.version);
    }
    gw_workflow_key(ref.name, ex->params[1], key);
    if (!rc && !gw_config_copy_get(&app->copy, key) &&
        app->copy.count >= (size_t)app->config->config_entries_max)
        rc = mr_fail(&err, MR_TOO_LARGE,
                     "the cluster has GATEWAY_CONFIG_ENTRIES_MAX workflows and keys");
    if (rc) {
        gw_problem_error(ex, &err);
        return;
    }
    print_alias(&value, NULL, NULL, &alias);
    print_alias(&body, ref.name, ex->params[1], &alias);
    gw_config_change(app, ex, key, &value, gw_config_copy_get(&app->copy, key) ? 200 : 201, &body);
}

void gw_aliases_delete(struct gw_app *app, struct gw_exchange *ex)
{
    struct mr_workflow_ref ref;
    char key[GW_WORKFLOW_KEY_MAX];

    if (!asked(app, ex, &ref))
        return;
    gw_workflow_key(ref.name, ex->params[1], key);
    if (!mr_alias_valid(ex->params[1]) || !gw_config_copy_get(&app->copy, key))
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such alias");
    else
        gw_config_change(app, ex, key, NULL, 204, NULL);
}
