/* keys.c -- API keys: records "key/<sha256 of the key>" of millrace.config.  A key's text is shown
 * once, to who made it; its id is its hash. */
#include "common/base/json.h"
#include "common/model/message.h"
#include "gateway/auth.h"
#include "gateway/handlers.h"

#include <stdio.h>
#include <string.h>

enum { KEY_RANDOM_BYTES = 20, KEY_NAME_MAX = 100, ID_LEN = 2 * MR_SHA256_LEN };
static const char kind[] = "key/";

struct wish { /* what is asked for; lent by root */
    cJSON *root;
    const char *tenant, *name;
    unsigned scopes;
};

static enum mr_code read_scopes(const cJSON *list, unsigned *ret, struct mr_error *err)
{
    const cJSON *item;
    unsigned set = 0, scope;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0)
        return mr_fail(err, MR_INVALID, "/scopes: must be an array of submit, read, write, admin");
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || !gw_scope_of(item->valuestring, &scope))
            return mr_fail(err, MR_INVALID, "/scopes: must be of submit, read, write, admin");
        set |= scope;
    }
    *ret = set;
    return MR_OK;
}

static enum mr_code read_wish(const struct gw_exchange *ex, struct wish *ret, struct mr_error *err)
{
    static const char *const known[] = {"tenant", "scopes", "name", NULL};
    enum mr_code rc;

    rc = mr_json_parse(ex->body.data, ex->body.len, &mr_json_limits_message, &ret->root, err);
    if (!rc && !cJSON_IsObject(ret->root))
        rc = mr_fail(err, MR_INVALID, "the body must be an object");
    if (!rc)
        rc = mr_json_known(ret->root, "", known, err);
    if (!rc)
        rc = mr_json_str_opt(ret->root, "", "tenant", MR_TENANT_MAX, &ret->tenant, err);
    if (!rc)
        rc = mr_json_str_opt(ret->root, "", "name", KEY_NAME_MAX, &ret->name, err);
    if (!rc)
        rc = read_scopes(mr_json_get(ret->root, "scopes"), &ret->scopes, err);
    if (!rc && !ret->tenant)
        ret->tenant = ex->who.tenant;
    if (!rc && !mr_id_valid(ret->tenant, strlen(ret->tenant)))
        rc = mr_fail(err, MR_INVALID, "/tenant: must be 1..%d of A-Z a-z 0-9 _ -", MR_TENANT_MAX);
    return rc;
}

static void print_key(struct mr_buf *buf, const struct wish *wish, int64_t created_ms)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_int(&w, "v", MR_MESSAGE_VERSION);
    mr_jw_str(&w, "tenant", wish->tenant);
    gw_scopes_print(wish->scopes, "scopes", buf);
    mr_jw_str(&w, "name", wish->name ? wish->name : "");
    mr_jw_int(&w, "created_ms", created_ms);
    mr_jw_close(&w, '}');
}

static void print_made(struct mr_buf *buf, const struct wish *wish, const char *id,
                       const char *text)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "id", id);
    mr_jw_str(&w, "key", text);
    mr_jw_str(&w, "tenant", wish->tenant);
    gw_scopes_print(wish->scopes, "scopes", buf);
    mr_jw_str(&w, "name", wish->name ? wish->name : "");
    mr_jw_close(&w, '}');
}

static bool check_room(struct gw_app *app, struct gw_exchange *ex)
{
    if (!gw_config_copy_ready(&app->copy))
        gw_problem_more(ex, 503, mr_code_name(MR_UNAVAILABLE), "the keys are not yet read",
                        "Retry-After: 1\r\n", NULL);
    else if (app->copy.count >= (size_t)app->config->config_entries_max)
        gw_problem(ex, 413, mr_code_name(MR_TOO_LARGE),
                   "the cluster has GATEWAY_CONFIG_ENTRIES_MAX workflows and keys");
    else
        return true;
    return false;
}

void gw_keys_add(struct gw_app *app, struct gw_exchange *ex)
{
    uint8_t bytes[KEY_RANDOM_BYTES];
    char text[sizeof("mrk_") + (KEY_RANDOM_BYTES * 8 + 4) / 5];
    char key[sizeof(kind) + ID_LEN];
    struct mr_buf value = {0}, body = {0};
    struct wish wish = {0};
    struct mr_error err;

    if (!check_room(app, ex))
        return;
    if (read_wish(ex, &wish, &err) || mr_random(bytes, sizeof(bytes), &err)) {
        gw_problem_error(ex, &err);
        cJSON_Delete(wish.root);
        return;
    }
    memcpy(text, gw_key_prefix, strlen(gw_key_prefix));
    mr_base32(bytes, sizeof(bytes), text + strlen(gw_key_prefix));
    memcpy(key, kind, sizeof(kind));
    mr_sha256_hex(text, strlen(text), key + sizeof(kind) - 1);
    print_key(&value, &wish, app->ports.clock->wall_ms(app->ports.clock));
    print_made(&body, &wish, key + sizeof(kind) - 1, text);
    cJSON_Delete(wish.root);
    gw_config_change(app, ex, key, &value, 201, &body);
}

static void add_key(struct mr_buf *body, const struct gw_config_entry *entry)
{
    cJSON *root = NULL;
    const char *name = NULL;
    struct mr_jw w;

    if (mr_json_parse(entry->value, entry->len, &mr_json_limits_message, &root, NULL))
        return;
    if (mr_json_str_opt(root, "", "name", KEY_NAME_MAX, &name, NULL))
        name = NULL;
    if (body->data[body->len - 1] != '[')
        (void)mr_buf_add_char(body, ',');
    mr_jw_begin(&w, body);
    mr_jw_open(&w, NULL, '{');
    mr_jw_str(&w, "id", entry->key + sizeof(kind) - 1);
    mr_jw_str(&w, "tenant", entry->who.tenant);
    gw_scopes_print(entry->who.scopes, "scopes", body);
    mr_jw_str(&w, "name", name ? name : "");
    mr_jw_close(&w, '}');
    cJSON_Delete(root);
}

void gw_keys_list(struct gw_app *app, struct gw_exchange *ex)
{
    const struct gw_config_copy *copy = &app->copy;
    struct mr_buf body = {0};

    if (mr_buf_add_str(&body, "{\"keys\":[")) {
        gw_exchange_json(ex, 200, &body);
        return;
    }
    for (size_t i = gw_config_copy_from(copy, kind); i < copy->count; i++) {
        if (strncmp(copy->entries[i]->key, kind, sizeof(kind) - 1) != 0)
            break;
        if (copy->entries[i]->has_who)
            add_key(&body, copy->entries[i]);
    }
    (void)mr_buf_add_str(&body, "]}");
    gw_exchange_json(ex, 200, &body);
}

void gw_keys_delete(struct gw_app *app, struct gw_exchange *ex)
{
    char key[sizeof(kind) + ID_LEN];

    if (strlen(ex->params[0]) != ID_LEN) {
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such key");
        return;
    }
    (void)snprintf(key, sizeof(key), "%s%.*s", kind, (int)ID_LEN, ex->params[0]);
    if (!gw_config_copy_get(&app->copy, key))
        gw_problem(ex, 404, mr_code_name(MR_NOT_FOUND), "there is no such key");
    else
        gw_config_change(app, ex, key, NULL, 204, NULL);
}
