/* config_copy.c -- a compacted topic is a table: the newest value of each key. */
#include "orchestrator/config_copy.h"

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/model/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_MS = 2000, POLL_MAX = 64, KEY_MAX = 1200 };
#define MARKER "copied" /* this key of mr:config says that the copy was not flushed */

enum mr_code oc_config_copy_open(struct oc_config_copy *copy, struct mr_bus *bus,
                                 struct mr_store *store, const char *topic, struct mr_error *err)
{
    int64_t first = 0;
    enum mr_code rc;

    *copy = (struct oc_config_copy){.store = store};
    copy->log = mr_log_open(bus, topic, err);
    if (!copy->log)
        return err ? err->code : MR_UNAVAILABLE;
    rc = mr_log_bounds(copy->log, 0, &first, &copy->first_end, err);
    if (rc)
        return rc;
    copy->next = first == copy->first_end ? first : 0;
    return mr_log_start(copy->log, 0, MR_LOG_FIRST, err);
}

bool oc_config_copy_ready(const struct oc_config_copy *copy)
{
    return copy->next >= copy->first_end;
}

static void forget(struct oc_config_copy *copy, struct oc_workflow *workflow)
{
    HASH_DEL(copy->by_name, workflow);
    free(workflow->text);
    free(workflow);
}

static void forget_arn(struct oc_config_copy *copy, struct oc_arn *arn)
{
    HASH_DEL(copy->by_arn, arn);
    free(arn);
}

void oc_config_copy_close(struct oc_config_copy *copy)
{
    while (copy->by_arn)
        forget_arn(copy, copy->by_arn);
    while (copy->by_name)
        forget(copy, copy->by_name);
    oc_quarantine_release(&copy->quarantine);
    if (copy->log)
        mr_log_free(copy->log);
    copy->log = NULL;
}

enum mr_code oc_config_copy_end(struct oc_config_copy *copy, int64_t *ret, struct mr_error *err)
{
    int64_t first = 0;

    return mr_log_bounds(copy->log, 0, &first, ret, err);
}

static const struct oc_workflow *find(const struct oc_config_copy *copy, const char *name)
{
    struct oc_workflow *workflow = NULL;

    HASH_FIND_STR(copy->by_name, name, workflow);
    return workflow;
}

/* Its own record, or the newest version's where that is it. */
static const struct oc_workflow *find_version(const struct oc_config_copy *copy, const char *name,
                                              int64_t version)
{
    char key[MR_WORKFLOW_REF_MAX + 1];
    const struct oc_workflow *workflow;

    (void)snprintf(key, sizeof key, "%s:%" PRId64, name, version);
    workflow = find(copy, key);
    if (workflow)
        return workflow;
    workflow = find(copy, name);
    return workflow && workflow->version == version ? workflow : NULL;
}

const struct oc_workflow *oc_config_copy_workflow(const struct oc_config_copy *copy,
                                                  const struct mr_workflow_ref *ref,
                                                  const char *job)
{
    char key[MR_WORKFLOW_REF_MAX + 1];
    const struct oc_workflow *workflow;

    if (ref->version > 0)
        return find_version(copy, ref->name, ref->version);
    (void)snprintf(key, sizeof key, "%s%s%s", ref->name, ref->alias[0] ? ":" : "", ref->alias);
    workflow = find(copy, key);
    if (!workflow || !ref->alias[0])
        return workflow;
    return find_version(copy, ref->name, mr_alias_pick(&workflow->alias, job));
}

static enum mr_code alias_new(const char *name, const struct mr_msg *msg, struct oc_workflow **ret,
                              struct mr_error *err)
{
    struct oc_workflow *workflow = calloc(1, sizeof *workflow);
    enum mr_code rc = workflow ? mr_alias_parse(msg->value, msg->value_len, &workflow->alias, err)
                               : mr_fail(err, MR_NO_MEMORY, "alias %s", name);

    if (rc) {
        free(workflow);
        return rc;
    }
    (void)snprintf(workflow->name, sizeof workflow->name, "%s", name);
    *ret = workflow;
    return MR_OK;
}

static enum mr_code workflow_new(const char *name, const struct mr_msg *msg,
                                 struct oc_workflow **ret, struct mr_error *err)
{
    struct mr_config_workflow record = {0};
    struct mr_buf text = {0};
    struct oc_workflow *workflow = NULL;
    enum mr_code rc = mr_config_workflow_parse(msg->value, msg->value_len, &record, err);

    if (rc)
        return rc;
    if (mr_json_print(record.definition, &text) == MR_OK)
        workflow = calloc(1, sizeof *workflow);
    if (workflow) {
        (void)snprintf(workflow->name, sizeof workflow->name, "%s", name);
        (void)snprintf(workflow->def, sizeof workflow->def, "%s", record.def);
        workflow->version = record.version;
        workflow->text_len = text.len;
        workflow->text = mr_buf_detach(&text);
        *ret = workflow;
    } else {
        rc = mr_fail(err, MR_NO_MEMORY, "workflow %s", name);
    }
    mr_buf_release(&text);
    mr_config_workflow_release(&record);
    return rc;
}

/* On failure the name means what it meant before. */
static enum mr_code learn_workflow(struct oc_config_copy *copy, const char *name,
                                   const struct mr_msg *msg, struct mr_error *err)
{
    struct oc_workflow *old = NULL, *workflow = NULL;
    struct mr_workflow_ref ref = {0};
    enum mr_code rc = mr_workflow_ref_parse(name, &ref, err);

    if (rc)
        return mr_fail_in(err, rc, "workflow");
    if (msg->value) /* else it is removed */
        rc = ref.alias[0] ? alias_new(name, msg, &workflow, err)
                          : workflow_new(name, msg, &workflow, err);
    if (rc)
        return rc;
    HASH_FIND_STR(copy->by_name, name, old);
    if (old)
        forget(copy, old);
    if (workflow)
        HASH_ADD_STR(copy->by_name, name, workflow);
    return MR_OK;
}

const struct mr_resource *oc_config_copy_arn(const struct oc_config_copy *copy,
                                             const char *resource)
{
    struct oc_arn *arn = NULL;

    HASH_FIND_STR(copy->by_arn, resource, arn);
    return arn ? &arn->resource : NULL;
}

static enum mr_code learn_arn(struct oc_config_copy *copy, const char *name,
                              const struct mr_msg *msg, struct mr_error *err)
{
    struct oc_arn *old = NULL, *arn = NULL;
    const size_t len = strlen(name);
    enum mr_code rc = MR_OK;

    if (msg->value) { /* else it is removed */
        arn = calloc(1, sizeof *arn + len + 1);
        rc = arn ? mr_config_arn_parse(msg->value, msg->value_len, &arn->resource, err)
                 : mr_fail(err, MR_NO_MEMORY, "arn %s", name);
    }
    if (rc) {
        free(arn);
        return rc;
    }
    HASH_FIND_STR(copy->by_arn, name, old);
    if (old)
        forget_arn(copy, old);
    if (arn) {
        memcpy(arn->name, name, len + 1);
        HASH_ADD_KEYPTR(hh, copy->by_arn, arn->name, len, arn);
    }
    return MR_OK;
}

/* MR_NO_MEMORY: to be read again. What is read a second time is only copied: a name must not mean
 * for a while what it meant before. */
static enum mr_code learn(struct oc_config_copy *copy, const struct mr_msg *msg)
{
    static const char workflow[] = "workflow/", quarantine[] = "quarantine/", arn[] = "arn/";
    const bool is_new = msg->offset >= copy->next;
    char key[KEY_MAX];
    struct mr_error err;
    enum mr_code rc = MR_OK;

    if (!msg->key || msg->key_len >= sizeof key) {
        mr_log(MR_WARN, "config.skipped", " offset=%" PRId64 " key_bytes=%zu", msg->offset,
               msg->key_len);
        goto done;
    }
    memcpy(key, msg->key, msg->key_len);
    key[msg->key_len] = '\0';
    if (is_new && strncmp(key, workflow, sizeof workflow - 1) == 0)
        rc = learn_workflow(copy, key + sizeof workflow - 1, msg, &err);
    else if (is_new && strncmp(key, quarantine, sizeof quarantine - 1) == 0)
        rc = oc_quarantine_learn(&copy->quarantine, key + sizeof quarantine - 1, msg, &err);
    else if (is_new && strncmp(key, arn, sizeof arn - 1) == 0)
        rc = learn_arn(copy, key + sizeof arn - 1, msg, &err);
    if (rc) {
        mr_log_error(MR_ERROR, "config.bad", &err, " offset=%" PRId64, msg->offset);
        goto done;
    }
    if (mr_store_config_put(copy->store, key, msg->value, msg->value_len, msg->offset, &err)) {
        copy->stale = true;
        mr_log_error(MR_WARN, "config.copy", &err, " offset=%" PRId64, msg->offset);
    }
done:
    if (is_new && rc != MR_NO_MEMORY)
        copy->next = msg->offset + 1;
    return rc;
}

/* The copy in Redis was flushed, or a put of it failed: all of it again. */
static void check(struct oc_config_copy *copy)
{
    struct mr_buf marker = {0};
    struct mr_error err;
    enum mr_code rc = mr_store_config_get(copy->store, MARKER, &marker, &err);

    mr_buf_release(&marker);
    if (rc == MR_OK ? !copy->stale : rc != MR_NOT_FOUND)
        return;
    rc = mr_store_config_put(copy->store, MARKER, "1", 1, 0, &err);
    if (!rc)
        rc = mr_log_start(copy->log, 0, MR_LOG_FIRST, &err);
    copy->stale = rc != MR_OK;
    if (rc)
        mr_log_error(MR_WARN, "config.copy", &err, " %s", "again=true");
}

int oc_config_copy_pass(struct oc_config_copy *copy, int64_t now_ms)
{
    struct mr_msg msgs[POLL_MAX];
    struct mr_error err;
    int n;

    if (now_ms >= copy->check_next_ms) {
        copy->check_next_ms = now_ms + CHECK_MS;
        check(copy);
    }
    n = mr_log_poll(copy->log, msgs, POLL_MAX, &err);
    if (n < 0) {
        mr_log_error(MR_WARN, "config.read", &err, " %s", "");
        return 0;
    }
    for (int i = 0; i < n; i++) {
        if (learn(copy, &msgs[i]) != MR_NO_MEMORY)
            continue;
        if (mr_log_start(copy->log, 0, msgs[i].offset, &err))
            mr_log_error(MR_WARN, "config.read", &err, " offset=%" PRId64, msgs[i].offset);
        break;
    }
    return n;
}
