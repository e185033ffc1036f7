/* ids.c -- makes and knows again the ids that the gateway issues. */
#include "gateway/ids.h"

#include <string.h>

enum { TEXT_MAX = MR_TENANT_MAX + GW_QUERY_VALUE_MAX + 16 };

/* HMAC over "<what>\0<tenant>\0<text>" as base32. */
static void sign(const struct gw_app *app, const char *what, const char *tenant, const char *text,
                 size_t len, char *ret, size_t ret_len)
{
    char said[TEXT_MAX], coded[(MR_SHA256_LEN * 8 + 4) / 5 + 1];
    uint8_t mac[MR_SHA256_LEN];
    size_t n = 0, part;

    part = strlen(what) + 1;
    memcpy(said, what, part);
    n += part;
    part = strlen(tenant) + 1;
    memcpy(said + n, tenant, part);
    n += part;
    len = len < sizeof(said) - n ? len : sizeof(said) - n;
    memcpy(said + n, text, len);
    mr_hmac_sha256(app->id_key, sizeof(app->id_key), said, n + len, mac);
    mr_base32(mac, sizeof(mac), coded);
    memcpy(ret, coded, ret_len);
    ret[ret_len] = '\0';
}

enum mr_code gw_id_new(const struct gw_app *app, const char *tenant, char ret[GW_ID_LEN + 1],
                       struct mr_error *err)
{
    uint8_t bytes[16];
    char coded[(sizeof(bytes) * 8 + 4) / 5 + 1];
    enum mr_code rc = mr_random(bytes, sizeof(bytes), err);

    if (rc)
        return rc;
    mr_base32(bytes, sizeof(bytes), coded);
    memcpy(ret, coded, GW_ID_BODY);
    sign(app, "id", tenant, ret, GW_ID_BODY, ret + GW_ID_BODY, GW_ID_MAC);
    return MR_OK;
}

void gw_id_of_key(const struct gw_app *app, const char *tenant, const char *key,
                  char ret[GW_ID_LEN + 1])
{
    sign(app, "key", tenant, key, strlen(key), ret, GW_ID_BODY);
    sign(app, "id", tenant, ret, GW_ID_BODY, ret + GW_ID_BODY, GW_ID_MAC);
}

bool gw_id_issued(const struct gw_app *app, const char *tenant, const char *id)
{
    char mac[GW_ID_MAC + 1];

    if (strlen(id) != GW_ID_LEN)
        return false;
    sign(app, "id", tenant, id, GW_ID_BODY, mac, GW_ID_MAC);
    return mr_same_bytes(mac, id + GW_ID_BODY, GW_ID_MAC);
}
