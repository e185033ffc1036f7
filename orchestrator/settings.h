/* settings.h -- the orchestrator's own settings. */
#ifndef OC_SETTINGS_H
#define OC_SETTINGS_H

#include "common/base/config.h"
#include "common/parts/parts.h"

struct oc_config {
    char *id;                      /* who we are in leases and take-over events; "": host and pid */
    int64_t batch_max;             /* events of one pass of the loop, over all shards */
    int64_t gather_ms;             /* pause after a pass that did much, for larger batches */
    int64_t admit_window;          /* messages of jobs, and of results, taken and not released */
    int64_t outstanding_max;       /* tasks of a class and shard that are sent and not answered */
    int64_t jobs_cached_max;       /* open jobs of a shard kept in memory */
    int64_t lease_ms;              /* a shard whose owner is silent so long goes to another */
    int64_t take_retry_ms;         /* pause before a shard that was lost is taken again */
    int64_t trim_quiet_ms;         /* sent effects are taken out of Redis after so much quiet */
    int64_t send_retry_ms;         /* pause before a send without delivery report is repeated */
    int64_t scan_ms;               /* from one look at every open job to the next */
    int64_t task_resend_ms;        /* a task without answer for so long is sent again */
    int64_t ask_resend_ms;         /* an evaluation without answer for so long is asked again */
    int64_t event_tries;           /* an event tried so often alone is passed over */
    int64_t child_keep_ms;         /* of the row of a Map child that succeeded */
    int64_t events_replay_ms;      /* after a rebuild, events younger than this are sent again */
    int64_t log_keep;              /* redis bus: events kept behind the position, a shard */
    int64_t machines_cached_bytes; /* parsed definitions kept in memory */
    bool events;                   /* CloudEvents of closed jobs to <p>.events */
    int64_t classes_max;           /* task topics made when a workflow first names them */
    char *classes;                 /* task topics made at the start */
};
extern const struct mr_setting oc_settings[];
extern const size_t oc_settings_count;

#endif
