/* auth.c -- keys, scopes, tenants.  A key's text is hashed at once and neither kept nor logged. */
#include "gateway/auth.h"

#include "common/base/json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char gw_key_prefix[] = "mrk_";

static const struct {
    const char *word;
    enum gw_scope scope;
} scopes[] = {
    {"submit", GW_SCOPE_SUBMIT},
    {"read", GW_SCOPE_READ},
    {"write", GW_SCOPE_WRITE},
    {"admin", GW_SCOPE_ADMIN},
};
enum { SCOPES = sizeof(scopes) / sizeof(scopes[0]) };

bool gw_scope_of(const char *word, unsigned *ret)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (strcmp(scopes[i].word, word) == 0) {
            *ret = scopes[i].scope;
            return true;
        }
    return false;
}

static const char *scope_word(enum gw_scope scope)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (scopes[i].scope == scope)
            return scopes[i].word;
    return "";
}

void gw_scopes_print(unsigned set, const char *name, struct mr_buf *buf)
{
    struct mr_jw w;

    mr_jw_begin(&w, buf);
    mr_buf_addf(buf, ",\"%s\":", name);
    mr_jw_open(&w, NULL, '[');
    for (size_t i = 0; i < SCOPES; i++)
        if (set & scopes[i].scope)
            mr_jw_str(&w, NULL, scopes[i].word);
    mr_jw_close(&w, ']');
}

enum mr_code gw_auth_parse(const char *text, size_t len, struct gw_who *ret)
{
    struct gw_who who = {0};
    const char *tenant = NULL;
    const cJSON *list, *item;
    cJSON *root = NULL;
    enum mr_code rc = mr_json_parse(text, len, &mr_json_limits_message, &root, NULL);

    if (rc)
        return rc;
    rc = mr_json_str(root, "", "tenant", MR_TENANT_MAX, &tenant, NULL);
    list = mr_json_get(root, "scopes");
    if (!rc && (!mr_id_valid(tenant, strlen(tenant)) || !cJSON_IsArray(list)))
        rc = MR_INVALID;
    if (!rc) {
        (void)snprintf(who.tenant, sizeof(who.tenant), "%s", tenant);
        cJSON_ArrayForEach(item, list)
        {
            unsigned scope = 0;
            if (cJSON_IsString(item) && gw_scope_of(item->valuestring, &scope))
                who.scopes |= scope;
        }
        *ret = who;
    }
    cJSON_Delete(root);
    return rc;
}

/* The key's text in the header; NULL where there is none. */
static const char *bearer(const struct gw_request *request)
{
    const char *value = gw_request_header(request, "authorization");

    if (!value || strncasecmp(value, "bearer ", 7) != 0)
        return NULL;
    value += 7;
    while (*value == ' ')
        value++;
    return value[0] && strlen(value) <= GW_KEY_TEXT_MAX ? value : NULL;
}

static enum mr_code find_who(const struct gw_app *app, const char *key, struct gw_who *ret,
                             struct mr_error *err)
{
    char name[4 + 2 * MR_SHA256_LEN + 1] = "key/";
    const struct gw_config_entry *entry;
    uint8_t hash[MR_SHA256_LEN];

    mr_sha256_of(key, strlen(key), hash);
    if (app->has_admin && mr_same_bytes(hash, app->admin_hash, sizeof(hash))) {
        *ret = (struct gw_who){.tenant = "default", .scopes = GW_SCOPE_ALL};
        return MR_OK;
    }
    mr_hex(hash, sizeof(hash), name + 4);
    entry = gw_config_copy_get(&app->copy, name);
    if (entry && entry->has_who) {
        *ret = entry->who;
        return MR_OK;
    }
    if (!gw_config_copy_ready(&app->copy))
        return mr_fail(err, MR_UNAVAILABLE, "the keys are not yet read");
    return mr_fail(err, MR_UNAUTHENTICATED, "Authorization: the key is not known");
}

enum mr_code gw_auth_check(const struct gw_app *app, struct gw_exchange *ex, enum gw_scope scope,
                           struct mr_error *err)
{
    const char *key = bearer(ex->request);
    enum mr_code rc;

    if (!key)
        return mr_fail(err, MR_UNAUTHENTICATED, "Authorization: must be Bearer and an API key");
    rc = find_who(app, key, &ex->who, err);
    if (!rc && scope != GW_SCOPE_NONE && !(ex->who.scopes & scope))
        rc = mr_fail(err, MR_DENIED, "the key does not have the scope %s", scope_word(scope));
    return rc;
}
