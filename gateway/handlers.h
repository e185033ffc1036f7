/* handlers.h -- what stands behind each route; the files are named as the functions. */
#ifndef GW_HANDLERS_H
#define GW_HANDLERS_H

#include "gateway/app.h"
#include "gateway/state.h"
#include "gateway/workflow_find.h"
#include "orchestrator/asl/machine.h"

/* health.c */
void gw_health_live(struct gw_app *, struct gw_exchange *);
void gw_health_ready(struct gw_app *, struct gw_exchange *);
void gw_health_metrics(struct gw_app *, struct gw_exchange *);
/* upload.c, download.c */
void gw_upload(struct gw_app *, struct gw_exchange *);
void gw_download(struct gw_app *, struct gw_exchange *);
/* submit.c */
void gw_submit(struct gw_app *, struct gw_exchange *);
/* jobs.c */
void gw_jobs_get(struct gw_app *, struct gw_exchange *);
void gw_jobs_list(struct gw_app *, struct gw_exchange *);
void gw_jobs_cancel(struct gw_app *, struct gw_exchange *);
void gw_jobs_redrive(struct gw_app *, struct gw_exchange *);
/* outputs.c */
void gw_outputs_list(struct gw_app *, struct gw_exchange *);
/* history.c */
void gw_history(struct gw_app *, struct gw_exchange *);
/* workflows.c */
void gw_workflows_put(struct gw_app *, struct gw_exchange *);
void gw_workflows_get(struct gw_app *, struct gw_exchange *);
void gw_workflows_list(struct gw_app *, struct gw_exchange *);
void gw_workflows_delete(struct gw_app *, struct gw_exchange *);
void gw_validate(struct gw_app *, struct gw_exchange *);
/* test_state.c */
void gw_test_state(struct gw_app *, struct gw_exchange *);
/* versions.c */
void gw_versions_list(struct gw_app *, struct gw_exchange *);
void gw_versions_delete(struct gw_app *, struct gw_exchange *);
void gw_aliases_put(struct gw_app *, struct gw_exchange *);
void gw_aliases_delete(struct gw_app *, struct gw_exchange *);
/* false: answered. The configuration is there, and the path's first word is a workflow's name, or
 * (whole) may name a version or an alias of it too. */
bool gw_workflow_asked(struct gw_app *, struct gw_exchange *, bool whole,
                       struct mr_workflow_ref *ret);
/* keys.c */
void gw_keys_add(struct gw_app *, struct gw_exchange *);
void gw_keys_list(struct gw_app *, struct gw_exchange *);
void gw_keys_delete(struct gw_app *, struct gw_exchange *);

/* Is this a machine?  false: the exchange has its 422 with every diagnostic. */
bool gw_definition_check(struct gw_app *, struct gw_exchange *, const char *text, size_t len);
/* config_change.c: changes of the configuration, sent one after the other, kept when the broker has
 * them; then the answer (status, body).  value and body are taken in; value NULL: removed. */
struct gw_changes { /* zeroed at first; sent once */
    struct change *first, *last;
    bool failed;
};
void gw_changes_add(struct gw_changes *, const char *key, struct mr_buf *value);
void gw_changes_send(struct gw_app *, struct gw_exchange *, struct gw_changes *, int status,
                     struct mr_buf *body);
/* A single one. */
void gw_config_change(struct gw_app *, struct gw_exchange *, const char *key, struct mr_buf *value,
                      int status, struct mr_buf *body);
/* Milliseconds since 1970 as "2026-01-31T12:00:00.123Z". */
enum { GW_TIME_MAX = 32 };
void gw_time_print(int64_t ms, char ret[GW_TIME_MAX]);

struct gw_output {    /* one output of a job, out of its row; lent by the row */
    const char *step; /* number of the task that made it */
    size_t step_len;
    const char *name;
    const char *json;
};
/* Outputs one by one; *at is 0 at first. */
bool gw_output_next(const struct gw_row *, size_t *at, struct gw_output *ret);
/* The newest output of a name.  false: none. */
bool gw_output_find(const struct gw_row *, const char *name, struct gw_output *ret);

#endif
