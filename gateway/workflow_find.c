/* workflow_find.c -- workflows of the configuration by what people call them.  Records: the newest
 * version under "workflow/<name>", every version under "workflow/<name>:<number>", aliases under
 * "workflow/<name>:<alias>". */
#include "gateway/workflow_find.h"

#include "gateway/app.h"

#include <stdio.h>
#include <string.h>

static const char kind[] = "workflow/";

void gw_workflow_key(const char *name, const char *of, char ret[GW_WORKFLOW_KEY_MAX])
{
    (void)snprintf(ret, GW_WORKFLOW_KEY_MAX, "%s%s%s%s", kind, name, of[0] ? ":" : "", of);
}

void gw_version_key(const char *name, int64_t version, char ret[GW_WORKFLOW_KEY_MAX])
{
    char of[24];

    (void)snprintf(of, sizeof(of), "%lld", (long long)version);
    gw_workflow_key(name, of, ret);
}

bool gw_workflow_next(const struct gw_config_copy *copy, const char *name, size_t *at,
                      const char **ret_of, const struct gw_config_entry **ret)
{
    char prefix[GW_WORKFLOW_KEY_MAX + 2];
    size_t len;

    gw_workflow_key(name, "", prefix);
    len = strlen(prefix);
    prefix[len++] = ':';
    prefix[len] = '\0';
    if (*at == 0)
        *at = gw_config_copy_from(copy, prefix);
    for (; *at < copy->count; (*at)++) {
        const struct gw_config_entry *entry = copy->entries[*at];
        if (strncmp(entry->key, prefix, len) != 0)
            return false;
        if (!entry->value)
            continue;
        (*at)++;
        *ret_of = entry->key + len;
        *ret = entry;
        return true;
    }
    return false;
}

/* The record of a version: its own, or the newest's where that is it. */
static const struct gw_config_entry *find_version(const struct gw_config_copy *copy,
                                                  const char *name, int64_t version)
{
    const struct gw_config_entry *entry;
    char key[GW_WORKFLOW_KEY_MAX];

    gw_version_key(name, version, key);
    entry = gw_config_copy_get(copy, key);
    if (entry)
        return entry;
    gw_workflow_key(name, "", key);
    entry = gw_config_copy_get(copy, key);
    return entry && gw_workflow_version(entry) == version ? entry : NULL;
}

int64_t gw_workflow_version(const struct gw_config_entry *entry)
{
    struct mr_config_workflow record = {0};
    int64_t version = 0;

    if (mr_config_workflow_parse(entry->value, entry->len, &record, NULL) == MR_OK)
        version = record.version;
    mr_config_workflow_release(&record);
    return version;
}

const struct gw_config_entry *gw_workflow_find(const struct gw_config_copy *copy,
                                               const struct mr_workflow_ref *ref, const char *job)
{
    char key[GW_WORKFLOW_KEY_MAX];
    const struct gw_config_entry *entry;
    struct mr_alias alias;

    if (ref->version > 0)
        return find_version(copy, ref->name, ref->version);
    gw_workflow_key(ref->name, ref->alias, key);
    entry = gw_config_copy_get(copy, key);
    if (!entry || !ref->alias[0])
        return entry;
    if (mr_alias_parse(entry->value, entry->len, &alias, NULL))
        return NULL;
    return find_version(copy, ref->name, mr_alias_pick(&alias, job));
}
