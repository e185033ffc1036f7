/* config_copy.c -- follows millrace.config; sorted array in memory, copy in Redis. */
#include "gateway/config_copy.h"

#include "common/base/json.h"
#include "common/base/log.h"
#include "gateway/app.h"
#include "gateway/auth.h"
#include "gateway/metrics.h"
#include "gateway/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES_A_POLL = 64, COPIES_A_TICK = 200 };
static const char marker[] = "marker/gateway"; /* in Redis alone: its copy is whole */

static void free_entry(struct gw_config_entry *entry)
{
    if (!entry)
        return;
    free(entry->key);
    free(entry->value);
    free(entry);
}

/* ---- memory
 * ---------------------------------------------------------------------------------------------- */

size_t gw_config_copy_from(const struct gw_config_copy *copy, const char *prefix)
{
    size_t low = 0, high = copy->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(copy->entries[middle]->key, prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct gw_config_entry *gw_config_copy_get(const struct gw_config_copy *copy, const char *key)
{
    size_t i = gw_config_copy_from(copy, key);

    if (i < copy->count && strcmp(copy->entries[i]->key, key) == 0 && copy->entries[i]->value)
        return copy->entries[i];
    return NULL;
}

bool gw_config_copy_ready(const struct gw_config_copy *copy)
{
    return copy->loaded && !copy->lost;
}

static char *copy_text(const char *text, size_t len)
{
    char *ret = malloc(len + 1);

    if (ret) {
        memcpy(ret, text, len);
        ret[len] = '\0';
    }
    return ret;
}

/* The entry of key, made where there is none.  NULL: memory ran out. */
static struct gw_config_entry *place(struct gw_config_copy *copy, const char *key, size_t limit)
{
    size_t i = gw_config_copy_from(copy, key);
    struct gw_config_entry *entry;

    if (i < copy->count && strcmp(copy->entries[i]->key, key) == 0)
        return copy->entries[i];
    if (copy->count == limit)
        return NULL;
    if (copy->count == copy->cap) {
        size_t cap = copy->cap ? copy->cap * 2 : 64;
        struct gw_config_entry **grown = realloc(copy->entries, cap * sizeof(*grown));
        if (!grown)
            return NULL;
        copy->entries = grown;
        copy->cap = cap;
    }
    entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    entry->key = copy_text(key, strlen(key));
    entry->offset = -1;
    if (!entry->key) {
        free(entry);
        return NULL;
    }
    memmove(copy->entries + i + 1, copy->entries + i, (copy->count - i) * sizeof(*copy->entries));
    copy->entries[i] = entry;
    copy->count++;
    copy->copied = 0; /* indexes moved: where a copying is under way it begins again */
    return entry;
}

/* Keeps value (taken in; NULL: removed, the entry stays for its offset). */
static void set_value(struct gw_config_entry *entry, char *value, size_t len, int64_t offset)
{
    free(entry->value);
    entry->value = value;
    entry->len = value ? len : 0;
    entry->offset = offset;
    entry->has_who = value && strncmp(entry->key, "key/", 4) == 0 &&
                     gw_auth_parse(value, len, &entry->who) == MR_OK;
}

/* ---- Redis
 * ---------------------------------------------------------------------------------------------------
 */

static enum mr_code put(struct gw_app *app, const struct gw_config_entry *entry)
{
    struct mr_error err;
    enum mr_code rc;

    if (strncmp(entry->key, "key/", 4) == 0)
        return MR_OK;
    rc = gw_store_open(app, &err);
    if (rc)
        return rc;
    return gw_store_said(app,
                         mr_store_config_put(app->ports.store, entry->key, entry->value, entry->len,
                                             entry->offset, &err),
                         &err);
}

/* Gives Redis the next piece of the copy, and the marker behind the last. */
static void copy_some(struct gw_app *app)
{
    struct gw_config_copy *copy = &app->copy;
    struct mr_error err;

    for (int n = 0; n < COPIES_A_TICK && copy->copied < copy->count; n++) {
        if (put(app, copy->entries[copy->copied]))
            return; /* the next tick goes on from here */
        copy->copied++;
    }
    if (copy->copied < copy->count || gw_store_open(app, &err))
        return;
    if (gw_store_said(app,
                      mr_store_config_put(app->ports.store, marker, "{}", 2, copy->offset, &err),
                      &err) == MR_OK) {
        copy->copying = false;
        mr_log(MR_INFO, "gateway.config_copied", " entries=%zu", copy->count);
    }
}

static void begin_copying(struct gw_config_copy *copy)
{
    copy->copying = true;
    copy->copied = 0;
}

void gw_config_copy_tick(struct gw_app *app, int64_t now_ms)
{
    struct gw_config_copy *copy = &app->copy;
    struct mr_buf value = {0};
    struct mr_error err;
    enum mr_code rc;

    gw_config_copy_poll(app);
    if (copy->copying && copy->loaded)
        copy_some(app);
    if (now_ms - copy->check_ms < app->config->copy_check_ms || gw_store_open(app, &err))
        return;
    copy->check_ms = now_ms;
    rc = gw_store_said(app, mr_store_config_get(app->ports.store, marker, &value, &err), &err);
    app->store_ok = rc == MR_OK || rc == MR_NOT_FOUND;
    if (rc == MR_NOT_FOUND && !copy->copying)
        begin_copying(copy);
    mr_buf_release(&value);
}

/* ---- the topic
 * --------------------------------------------------------------------------------------------------
 */

void gw_config_copy_apply(struct gw_app *app, const char *key, size_t key_len, const char *value,
                          size_t len, int64_t offset)
{
    struct gw_config_copy *copy = &app->copy;
    struct gw_config_entry *entry = NULL;
    char *name = copy_text(key, key_len), *text = value ? copy_text(value, len) : NULL;

    if (name && (text || !value))
        entry = place(copy, name, (size_t)app->config->config_entries_max);
    free(name);
    if (!entry) {
        if (!copy->lost)
            mr_log(MR_ALARM, "gateway.config_lost", " entries=%zu max=%" PRId64 " offset=%" PRId64,
                   copy->count, app->config->config_entries_max, offset);
        copy->lost = true; /* not ready from here on: a restart reads all again */
        free(text);
        return;
    }
    if (offset <= entry->offset) {
        free(text);
        return;
    }
    set_value(entry, text, len, offset);
    copy->offset = offset > copy->offset ? offset : copy->offset;
    gw_gauge(GW_METRIC_CONFIG_ENTRIES, (int64_t)copy->count);
    if (copy->loaded && !copy->copying && put(app, entry))
        begin_copying(copy);
}

static void note_position(struct gw_config_copy *copy, const struct mr_msg *msg)
{
    if (msg->partition >= 0 && msg->partition < copy->partitions &&
        msg->offset + 1 >= copy->until[msg->partition])
        copy->until[msg->partition] = -1;
}

static void check_loaded(struct gw_config_copy *copy)
{
    if (copy->loaded)
        return;
    for (int32_t p = 0; p < copy->partitions; p++)
        if (copy->until[p] >= 0)
            return;
    copy->loaded = true;
    begin_copying(copy);
    mr_log(MR_INFO, "gateway.config_loaded", " entries=%zu", copy->count);
}

void gw_config_copy_poll(struct gw_app *app)
{
    struct gw_config_copy *copy = &app->copy;
    struct mr_msg msgs[MESSAGES_A_POLL];
    struct mr_error err;
    int n;

    while ((n = mr_log_poll(copy->log, msgs, MESSAGES_A_POLL, &err)) > 0)
        for (int i = 0; i < n; i++) {
            if (msgs[i].key && msgs[i].key_len > 0)
                gw_config_copy_apply(app, msgs[i].key, msgs[i].key_len, msgs[i].value,
                                     msgs[i].value_len, msgs[i].offset);
            note_position(copy, &msgs[i]);
        }
    if (n < 0 && !copy->lost && err.code == MR_TRUNCATED) {
        copy->lost = true;
        mr_log_error(MR_ALARM, "gateway.config_truncated", &err, "%s", "");
    }
    check_loaded(copy);
}

enum mr_code gw_config_copy_setup(struct gw_app *app, struct mr_error *err)
{
    struct gw_config_copy *copy = &app->copy;
    enum mr_code rc = MR_OK;

    *copy = (struct gw_config_copy){.check_ms = -app->config->copy_check_ms};
    copy->partitions = mr_bus_partitions(app->ports.bus, app->topics.config, err);
    if (copy->partitions < 0)
        return err ? err->code : MR_UNAVAILABLE;
    if (copy->partitions > GW_CONFIG_PARTITIONS_MAX)
        return mr_fail(err, MR_INVALID, "%s: %d partitions; at most %d", app->topics.config,
                       (int)copy->partitions, GW_CONFIG_PARTITIONS_MAX);
    copy->log = mr_log_open(app->ports.bus, app->topics.config, err);
    if (!copy->log)
        return err ? err->code : MR_UNAVAILABLE;
    for (int32_t p = 0; p < copy->partitions && !rc; p++) {
        int64_t first = 0, end = 0;
        rc = mr_log_bounds(copy->log, p, &first, &end, err);
        copy->until[p] = end > first ? end : -1;
        if (!rc)
            rc = mr_log_start(copy->log, p, MR_LOG_FIRST, err);
    }
    return rc;
}

void gw_config_copy_teardown(struct gw_app *app)
{
    struct gw_config_copy *copy = &app->copy;

    if (copy->log)
        mr_log_free(copy->log);
    for (size_t i = 0; i < copy->count; i++)
        free_entry(copy->entries[i]);
    free(copy->entries);
    *copy = (struct gw_config_copy){0};
}
