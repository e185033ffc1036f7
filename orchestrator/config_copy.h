/* config_copy.h -- what is no job: the workflows and quarantined jobs of millrace.config in memory,
 * and every record of it copied to mr:config for dashboards. */
#ifndef OC_CONFIG_COPY_H
#define OC_CONFIG_COPY_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/model/resource.h"
#include "common/model/workflow_ref.h"
#include "common/ports/bus.h"
#include "common/ports/store.h"
#include "orchestrator/quarantine.h"

#include <uthash.h>

struct oc_workflow { /* a workflow, a version of one, or an alias */
    char name[MR_WORKFLOW_REF_MAX + 1];
    char def[65];
    char *text; /* of the definition, owned; NULL: an alias */
    size_t text_len;
    int64_t version;
    struct mr_alias alias;
    UT_hash_handle hh;
};

struct oc_arn { /* a row of the table that goes before common/model/resource.h */
    struct mr_resource resource;
    UT_hash_handle hh;
    char name[]; /* the Resource */
};

struct oc_config_copy {
    struct mr_log *log; /* owned */
    struct mr_store *store;
    struct oc_workflow *by_name;
    struct oc_arn *by_arn;
    struct oc_quarantine quarantine;
    int64_t next;      /* offset of the next record: what was before it is known */
    int64_t first_end; /* end of the topic at the start */
    int64_t check_next_ms;
    bool stale; /* a record could not be copied to Redis */
};

MR_MUST_USE enum mr_code oc_config_copy_open(struct oc_config_copy *, struct mr_bus *,
                                             struct mr_store *, const char *topic,
                                             struct mr_error *err);
void oc_config_copy_close(struct oc_config_copy *);
/* Is all known that was there at the start? Before, a name may still have an older meaning. */
bool oc_config_copy_ready(const struct oc_config_copy *);
/* Reads what is new; every check_ms looks whether the copy in Redis is still there, and reads the
 * topic again from its start where it is not. */
int oc_config_copy_pass(struct oc_config_copy *, int64_t now_ms);
/* Everything below this offset is the config as it is now. */
MR_MUST_USE enum mr_code oc_config_copy_end(struct oc_config_copy *, int64_t *ret,
                                            struct mr_error *err);
/* What ref means for this job; NULL: it is not there. Never an alias. */
const struct oc_workflow *oc_config_copy_workflow(const struct oc_config_copy *,
                                                  const struct mr_workflow_ref *ref,
                                                  const char *job);
/* What the table says of this Resource; NULL: nothing. */
const struct mr_resource *oc_config_copy_arn(const struct oc_config_copy *, const char *resource);

#endif
