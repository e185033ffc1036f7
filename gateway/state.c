/* state.c -- rows of jobs, with the tenant checked before anything of them is shown. */
#include "gateway/state.h"

#include "common/base/log.h"
#include "gateway/metrics.h"

#include <string.h>

static int64_t now(const struct gw_app *app)
{
    return app->ports.clock->mono_ms(app->ports.clock);
}

enum mr_code gw_store_open(const struct gw_app *app, struct mr_error *err)
{
    if (now(app) < app->store_down_until_ms)
        return mr_fail(err, MR_UNAVAILABLE, "Redis did not answer a moment ago");
    return MR_OK;
}

enum mr_code gw_store_said(struct gw_app *app, enum mr_code rc, const struct mr_error *err)
{
    if (rc != MR_UNAVAILABLE && rc != MR_TIMEOUT)
        return rc;
    app->store_down_until_ms = now(app) + app->config->circuit_ms;
    if (app->store_ok)
        mr_log_error(MR_WARN, "gateway.redis_down", err, " pause_ms=%lld",
                     (long long)app->config->circuit_ms);
    app->store_ok = false;
    gw_count(GW_METRIC_REDIS_ERRORS, 1);
    return rc;
}

uint32_t gw_shard_of(const struct gw_app *app, const char *job)
{
    return mr_shard_of(job, strlen(job), (uint32_t)app->cluster->shards);
}

static void keep_pair(void *ctx, const char *name, const char *value, size_t len)
{
    struct gw_row *row = ctx;

    if (row->fields == GW_ROW_FIELDS_MAX || row->bytes.len + len > GW_ROW_BYTES_MAX)
        return;
    row->fields++;
    (void)mr_buf_add(&row->bytes, name, strlen(name) + 1);
    (void)mr_buf_add(&row->bytes, value, len);
    (void)mr_buf_add_char(&row->bytes, '\0');
}

enum mr_code gw_row_get(struct gw_app *app, const char *tenant, const char *job, struct gw_row *ret,
                        bool *ret_taken, struct mr_error *err)
{
    struct gw_row row = {0};
    enum mr_code rc = gw_store_open(app, err);

    if (ret_taken)
        *ret_taken = false;
    if (rc)
        return rc;
    rc = gw_store_said(
        app, mr_store_row_get(app->ports.store, gw_shard_of(app, job), job, keep_pair, &row, err),
        err);
    if (rc == MR_OK && row.bytes.failed)
        rc = mr_fail(err, MR_NO_MEMORY, "row of job %s: memory ran out", job);
    if (rc == MR_OK && strcmp(gw_row_field(&row, "tenant"), tenant) != 0) {
        if (ret_taken)
            *ret_taken = true;
        rc = MR_NOT_FOUND;
    }
    if (rc == MR_NOT_FOUND)
        rc = mr_fail(err, MR_NOT_FOUND, "job %s: there is no such job", job);
    if (rc)
        gw_row_release(&row);
    else
        *ret = row;
    return rc;
}

bool gw_row_next(const struct gw_row *row, size_t *at, const char **name, const char **value)
{
    if (*at >= row->bytes.len)
        return false;
    *name = row->bytes.data + *at;
    *at += strlen(*name) + 1;
    *value = row->bytes.data + *at;
    *at += strlen(*value) + 1;
    return true;
}

const char *gw_row_field(const struct gw_row *row, const char *name)
{
    const char *is, *value;

    for (size_t at = 0; gw_row_next(row, &at, &is, &value);)
        if (strcmp(is, name) == 0)
            return value;
    return "";
}

void gw_row_release(struct gw_row *row)
{
    mr_buf_release(&row->bytes);
    row->fields = 0;
}
