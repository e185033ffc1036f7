/* parts.c -- the first lines of every main: settings, log, ports.  Knows which adapter stands
 * behind which setting, and nothing of what the program does. */
#include "common/parts/parts.h"

#include "common/base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

/* clang-format off */
static const struct mr_setting common_settings[] = {
    MR_CHOICE(mr_common_config, log_level, "MILLRACE_LOG_LEVEL", "info", "debug info warn error",
              "least important lines that are written"),
    MR_CHOICE(mr_common_config, log_format, "MILLRACE_LOG", "text", "text json",
              "form of the log on stderr"),
};
/* clang-format on */

void mr_parts_settings(struct mr_parts_config *config,
                       struct mr_settings_part ret[MR_PARTS_SETTINGS])
{
    const struct mr_settings_part parts[MR_PARTS_SETTINGS] = {
        {"Every program", common_settings, sizeof common_settings / sizeof common_settings[0],
         &config->common},
        {"Cluster (the same for every program of one cluster)", mr_cluster_settings,
         mr_cluster_settings_count, &config->cluster},
        {"Kafka", mr_kafka_settings, mr_kafka_settings_count, &config->kafka},
        {"Redis", mr_redis_settings, mr_redis_settings_count, &config->redis},
        {"Blob storage", mr_blob_settings, mr_blob_settings_count, &config->blob},
    };

    memcpy(ret, parts, sizeof parts);
}

/* The shared tables and the program's own, one behind the other. */
enum { PARTS_MAX = MR_PARTS_SETTINGS + 4 };

static size_t all_parts(struct mr_parts_config *config, const struct mr_settings_part *own,
                        size_t own_count, struct mr_settings_part ret[PARTS_MAX])
{
    size_t n = MR_PARTS_SETTINGS;

    mr_parts_settings(config, ret);
    for (size_t i = 0; i < own_count && n < PARTS_MAX; i++)
        ret[n++] = own[i];
    return n;
}

static bool asked_for_text(const char *program, const struct mr_settings_part *parts, size_t n,
                           int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", program, MR_VERSION);
            return true;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            printf("Usage: %s [--setting-name=VALUE]...\n\n"
                   "Every setting is an environment variable, or an option of the same name.\n\n",
                   program);
            mr_config_help(parts, n, stdout);
            return true;
        }
        if (strcmp(argv[i], "--settings-markdown") == 0) {
            mr_config_markdown(parts, n, stdout);
            return true;
        }
    }
    return false;
}

enum mr_code mr_parts_start(const char *program, struct mr_parts_config *config,
                            struct mr_settings_part *own, size_t own_count, int argc, char **argv,
                            bool *ret_done, struct mr_error *err)
{
    struct mr_settings_part parts[PARTS_MAX];
    const size_t n = all_parts(config, own, own_count, parts);
    struct mr_log_settings log = {program, MR_INFO, false, mr_wall_ms};
    enum mr_code rc;

    *ret_done = asked_for_text(program, parts, n, argc, argv);
    if (*ret_done)
        return MR_OK;
    rc = mr_config_load(parts, n, argc - 1, argv + 1, err);
    if (rc)
        return rc;
    if (config->cluster.dedupe_ms <= config->cluster.jobs_keep_ms) {
        mr_config_release(parts, n);
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_DEDUPE_MS: must be more than MILLRACE_JOBS_KEEP_MS, or a job that "
                       "is read again could run again");
    }
    log.level_min = (enum mr_log_level)config->common.log_level;
    log.json = config->common.log_format == 1;
    mr_log_setup(&log);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        mr_config_release(parts, n);
        return mr_fail(err, MR_IO, "signal: %s", strerror(errno));
    }
    return MR_OK;
}

void mr_parts_stop(struct mr_parts_config *config, struct mr_settings_part *own, size_t own_count)
{
    struct mr_settings_part parts[PARTS_MAX];
    const size_t n = all_parts(config, own, own_count, parts);

    mr_config_release(parts, n);
}

struct mr_bus *mr_parts_bus(const struct mr_parts_config *config, struct mr_error *err)
{
    if (config->cluster.bus == MR_BUS_REDIS)
        return mr_bus_redis_new(&config->redis, err);
    return mr_bus_kafka_new(&config->kafka, err);
}

int mr_parts_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
