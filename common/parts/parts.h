/* parts.h -- what each program puts together first: settings, log, ports. */
#ifndef MR_PARTS_H
#define MR_PARTS_H

#include "common/adapters/adapters.h"
#include "common/base/config.h"
#include "common/model/topics.h"
#include "common/ports/clock.h"

struct mr_common_config {
    int log_level;  /* MILLRACE_LOG_LEVEL "debug info warn error" */
    int log_format; /* MILLRACE_LOG "text json" */
};

struct mr_parts_config { /* the settings that gateway, orchestrator and worker share */
    struct mr_common_config common;
    struct mr_cluster_config cluster;
    struct mr_kafka_config kafka;
    struct mr_redis_config redis;
    struct mr_blob_config blob;
};

enum { MR_PARTS_SETTINGS = 5 };
/* Their tables, for mr_config_load(); a program adds its own behind them. */
void mr_parts_settings(struct mr_parts_config *, struct mr_settings_part ret[MR_PARTS_SETTINGS]);

/* Handles --help, --settings-markdown and --version (prints, *ret_done = true), loads the settings,
 * sets up the log, ignores SIGPIPE. own: the program's own tables. */
MR_MUST_USE enum mr_code mr_parts_start(const char *program, struct mr_parts_config *,
                                        struct mr_settings_part *own, size_t own_count, int argc,
                                        char **argv, bool *ret_done, struct mr_error *err);
void mr_parts_stop(struct mr_parts_config *, struct mr_settings_part *own, size_t own_count);

MR_MUST_USE struct mr_bus *mr_parts_bus(const struct mr_parts_config *, struct mr_error *err);

/* A file descriptor that is readable once SIGTERM or SIGINT came: the program's one way to end. */
int mr_parts_signals(void);

#endif
