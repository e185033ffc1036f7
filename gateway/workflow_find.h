/* workflow_find.h -- workflows, their versions and aliases, in the configuration that is in memory.
 */
#ifndef GW_WORKFLOW_FIND_H
#define GW_WORKFLOW_FIND_H

#include "common/model/message.h"
#include "common/model/workflow_ref.h"
#include "gateway/config_copy.h"

enum { GW_WORKFLOW_KEY_MAX = sizeof("workflow/") + MR_WORKFLOW_REF_MAX };

/* of: "" the workflow, or a version's number or an alias as text. */
void gw_workflow_key(const char *name, const char *of, char ret[GW_WORKFLOW_KEY_MAX]);
void gw_version_key(const char *name, int64_t version, char ret[GW_WORKFLOW_KEY_MAX]);
/* The versions and aliases of name, one by one, sorted as text; *at is 0 at first. */
bool gw_workflow_next(const struct gw_config_copy *, const char *name, size_t *at,
                      const char **ret_of, const struct gw_config_entry **ret);
/* The record that ref leads to, for this job where an alias has several routes; NULL: none. */
const struct gw_config_entry *gw_workflow_find(const struct gw_config_copy *,
                                               const struct mr_workflow_ref *, const char *job);
/* Which version a workflow's record is; 0: it cannot be read. */
int64_t gw_workflow_version(const struct gw_config_entry *);

#endif
