/* workflow_ref.c -- see workflow_ref.h. */
#include "common/model/workflow_ref.h"

#include "common/model/message_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIAS_BYTES_MAX = 4096, WEIGHT_SUM = 100 };

bool mr_alias_valid(const char *name)
{
    size_t len = strlen(name);

    return len <= MR_ALIAS_MAX && mr_id_valid(name, len) && (name[0] < '0' || name[0] > '9') &&
           name[0] != '-';
}

int64_t mr_version_parse(const char *text)
{
    size_t len = strlen(text);
    int64_t version;

    if (len < 1 || len > 9 || text[0] == '0' || strspn(text, "0123456789") != len)
        return 0;
    version = strtoll(text, NULL, 10);
    return version <= MR_VERSION_MAX ? version : 0;
}

enum mr_code mr_workflow_ref_parse(const char *text, struct mr_workflow_ref *ret,
                                   struct mr_error *err)
{
    size_t len = strcspn(text, ":");
    const char *rest = text[len] ? text + len + 1 : NULL;
    struct mr_workflow_ref ref = {.version = rest ? mr_version_parse(rest) : 0};

    if (!mr_name_valid(text, len))
        return mr_fail(err, MR_INVALID,
                       "must be 1..%d of A-Z a-z 0-9 . _ -, not starting with a dot", MR_NAME_MAX);
    if (rest && ref.version == 0 && !mr_alias_valid(rest))
        return mr_fail(
            err, MR_INVALID,
            "behind the colon there must be a version's number or an alias: 1..%d of A-Z "
            "a-z 0-9 _ -, starting with a letter or _",
            MR_ALIAS_MAX);
    memcpy(ref.name, text, len);
    if (rest && ref.version == 0)
        memcpy(ref.alias, rest, strlen(rest));
    *ret = ref;
    return MR_OK;
}

static enum mr_code read_route(const cJSON *item, size_t i, struct mr_alias *alias,
                               struct mr_error *err)
{
    static const char *const known[] = {"version", "weight", NULL};
    char at[32];
    enum mr_code rc;

    (void)snprintf(at, sizeof at, "/routes/%zu", i);
    rc = mr_json_known(item, at, known, err);
    if (!rc)
        rc = mr_json_int(item, at, "version", 1, MR_VERSION_MAX, &alias->routes[i].version, err);
    if (!rc)
        rc = mr_json_int(item, at, "weight", 0, WEIGHT_SUM, &alias->routes[i].weight, err);
    return rc;
}

enum mr_code mr_alias_parse(const char *text, size_t len, struct mr_alias *ret,
                            struct mr_error *err)
{
    static const char *const known[] = {"v", "routes", NULL};
    struct mr_alias alias = {0};
    const cJSON *list, *item;
    cJSON *root = NULL;
    int64_t sum = 0;
    enum mr_code rc = mr_message_read(text, len, ALIAS_BYTES_MAX, known, &root, err);

    if (rc)
        return rc;
    list = mr_json_get(root, "routes");
    if (!cJSON_IsArray(list) || !list->child || cJSON_GetArraySize(list) > MR_ALIAS_ROUTES_MAX)
        rc = mr_fail(err, MR_INVALID, "/routes: must be an array of 1 to %d routes",
                     MR_ALIAS_ROUTES_MAX);
    for (item = rc ? NULL : list->child; item && !rc; item = item->next) {
        rc = read_route(item, alias.count, &alias, err);
        sum += alias.routes[alias.count++].weight;
    }
    if (!rc && sum != WEIGHT_SUM)
        rc = mr_fail(err, MR_INVALID, "/routes: the weights must add up to %d", WEIGHT_SUM);
    if (!rc)
        *ret = alias;
    cJSON_Delete(root);
    return rc;
}

int64_t mr_alias_pick(const struct mr_alias *alias, const char *job)
{
    int64_t left = (int64_t)(mr_hash64(0, job, strlen(job)) % WEIGHT_SUM);
    size_t i = 0;

    while (i + 1 < alias->count && left >= alias->routes[i].weight)
        left -= alias->routes[i++].weight;
    return alias->routes[i].version;
}
