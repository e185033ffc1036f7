/* settings.c -- the orchestrator's settings table. */
#include "orchestrator/settings.h"

/* clang-format off */
const struct mr_setting oc_settings[] = {
    MR_STR(oc_config, id, "ORCH_ID", "",
           "name of this orchestrator in leases and take-over events; empty: host and process"),
    MR_LONG(oc_config, batch_max, "ORCH_BATCH_MAX", "2000", 1, 10000,
            "events applied in one pass over all shards"),
    MR_LONG(oc_config, gather_ms, "ORCH_GATHER_MS", "5", 0, 1000,
            "pause after a pass that did much, so that the next batches are larger, ms; 0: none"),
    MR_LONG(oc_config, admit_window, "ORCH_ADMIT_WINDOW", "4000", 1, 100000,
            "messages of jobs, and of results, that are taken and not yet in the log"),
    MR_LONG(oc_config, outstanding_max, "ORCH_OUTSTANDING_MAX", "2000", 1, 1000000,
            "tasks of one class and shard that are sent and not answered; the rest waits in Redis"),
    MR_LONG(oc_config, jobs_cached_max, "ORCH_JOBS_CACHED_MAX", "20000", 100, 10000000,
            "open jobs of one shard kept in memory; others are read from Redis when needed"),
    MR_LONG(oc_config, lease_ms, "ORCH_LEASE_MS", "6000", 300, 600000,
            "a shard whose owner is silent for so long goes to another, ms"),
    MR_LONG(oc_config, take_retry_ms, "ORCH_TAKE_RETRY_MS", "500", 10, 60000,
            "pause before a shard that was lost is taken again, ms"),
    MR_LONG(oc_config, trim_quiet_ms, "ORCH_TRIM_QUIET_MS", "50", 1, 60000,
            "sent effects leave Redis with the next write, or alone after so much quiet, ms"),
    MR_LONG(oc_config, send_retry_ms, "ORCH_SEND_RETRY_MS", "500", 10, 60000,
            "pause before a send without delivery report is repeated, ms"),
    MR_LONG(oc_config, scan_ms, "ORCH_SCAN_MS", "60000", 100, 86400000,
            "from one look at every open job to the next, ms"),
    MR_LONG(oc_config, task_resend_ms, "ORCH_TASK_RESEND_MS", "3600000", 100, 604800000,
            "a task without answer for so long is sent again, ms"),
    MR_LONG(oc_config, event_tries, "ORCH_EVENT_TRIES", "3", 1, 1000,
            "an event that ended its orchestrator so often, applied alone, is passed over and its job set aside"),
    MR_LONG(oc_config, events_replay_ms, "ORCH_EVENTS_REPLAY_MS", "3600000", 0, 604800000,
            "after a rebuild from the log, notices younger than this are sent again, ms"),
    MR_LONG(oc_config, log_keep, "ORCH_LOG_KEEP", "10000", 100, 10000000,
            "redis bus: events of a shard kept behind its position, for the history"),
    MR_LONG(oc_config, machines_cached_bytes, "ORCH_MACHINES_CACHED_BYTES", "64M", 1048576,
            17179869184, "parsed definitions kept in memory, bytes"),
    MR_BOOL(oc_config, events, "ORCH_EVENTS", "true", "write a CloudEvent for every closed job"),
    MR_STR(oc_config, classes, "ORCH_CLASSES", "image,io",
           "task classes whose topics are made at the start; others when first used"),
};
/* clang-format on */
const size_t oc_settings_count = sizeof oc_settings / sizeof oc_settings[0];
