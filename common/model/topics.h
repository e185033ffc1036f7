/* topics.h -- every topic, who writes it and who reads it.
 *
 *   topic                    key      written by                      read by
 *   <p>.jobs                 any      gateway, any producer           orchestrator (admit), a queue
 *   <p>.results              any      custom workers                  orchestrator (admit), a queue
 *   <p>.log                  job      gateway, orchestrator, worker   orchestrator (advance), a log
 *   <p>.tasks.<class>        job      orchestrator (relay)            workers, a queue
 *   <p>.control              job      orchestrator (relay)            every worker, a log from its
 * end <p>.events               job      orchestrator (relay)            anyone <p>.dlq job
 * orchestrator, worker            operators <p>.config               name     gateway gateway,
 * orchestrator, a log; compacted
 *
 * <p> is the setting MILLRACE_TOPICS, by default "millrace". */
#ifndef MR_TOPICS_H
#define MR_TOPICS_H

#include "common/base/config.h"
#include "common/base/error.h"
#include "common/base/id.h"
#include "common/ports/bus.h"

#include <stdint.h>

enum { MR_TOPIC_MAX = 120, MR_CLASS_MAX = 48, MR_TOPICS_COUNT = 7 };

struct mr_cluster_config {   /* what every program of one cluster must agree on */
    int bus;                 /* MILLRACE_BUS "kafka redis" */
    char *topics;            /* MILLRACE_TOPICS: prefix */
    int64_t shards;          /* MILLRACE_SHARDS: partitions of the log, fixed at creation */
    int64_t task_partitions; /* MILLRACE_TASK_PARTITIONS: of jobs, results and task topics */
    int64_t
        jobs_keep_ms;  /* MILLRACE_JOBS_KEEP_MS: how long jobs, results, tasks are kept: 7 days */
    int64_t dedupe_ms; /* MILLRACE_DEDUPE_MS: how long a closed job is remembered: 8 days */
};
enum { MR_BUS_KAFKA, MR_BUS_REDIS };
extern const struct mr_setting mr_cluster_settings[];
extern const size_t mr_cluster_settings_count;

struct mr_topics {
    char jobs[MR_TOPIC_MAX], results[MR_TOPIC_MAX], log[MR_TOPIC_MAX], control[MR_TOPIC_MAX],
        events[MR_TOPIC_MAX], dlq[MR_TOPIC_MAX], config[MR_TOPIC_MAX];
    char tasks[MR_TOPIC_MAX]; /* prefix of the task topics, with its last dot */
};
void mr_topics_init(struct mr_topics *, const char *prefix);
/* [A-Za-z0-9][A-Za-z0-9_-]{0,46} */
bool mr_class_valid(const char *name, size_t len);
void mr_topic_of_class(const struct mr_topics *, const char *class_name, char ret[MR_TOPIC_MAX]);
/* The fixed topics as the bus is to make them; ret[MR_TOPICS_COUNT], names lent by topics. */
void mr_topics_specs(const struct mr_topics *, const struct mr_cluster_config *,
                     struct mr_topic_spec ret[MR_TOPICS_COUNT]);
/* The spec of one task topic. */
struct mr_topic_spec mr_topic_task_spec(const char *topic, const struct mr_cluster_config *);

#endif
