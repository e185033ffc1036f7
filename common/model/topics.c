/* topics.c -- names and specs of the topics.  Pure text. */
#include "common/model/topics.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS (24LL * 3600 * 1000)

/* clang-format off */
const struct mr_setting mr_cluster_settings[] = {
    MR_CHOICE(mr_cluster_config, bus, "MILLRACE_BUS", "kafka", "kafka redis",
              "how messages travel: kafka, or redis (Redis Streams: one machine, no broker)"),
    MR_STR(mr_cluster_config, topics, "MILLRACE_TOPICS", "millrace",
           "what the name of every topic begins with"),
    MR_LONG(mr_cluster_config, shards, "MILLRACE_SHARDS", "8", 1, MR_SHARDS_MAX,
            "partitions of the log; fixed once the log is there"),
    MR_LONG(mr_cluster_config, task_partitions, "MILLRACE_TASK_PARTITIONS", "4", 1, 1024,
            "partitions of jobs, results and each task topic: as many workers a class share the work"),
    MR_LONG(mr_cluster_config, jobs_keep_ms, "MILLRACE_JOBS_KEEP_MS", "604800000", 60000,
            365 * DAY_MS, "how long jobs, results, tasks and events are kept by the broker, ms"),
    MR_LONG(mr_cluster_config, dedupe_ms, "MILLRACE_DEDUPE_MS", "691200000", 1000, 366 * DAY_MS,
            "how long a closed job is remembered, so that its id is not run again, ms; "
            "longer than MILLRACE_JOBS_KEEP_MS"),
};
/* clang-format on */
const size_t mr_cluster_settings_count = sizeof mr_cluster_settings / sizeof mr_cluster_settings[0];

void mr_topics_init(struct mr_topics *topics, const char *prefix)
{
    struct {
        char *name;
        const char *word;
    } all[] = {
        {topics->jobs, "jobs"},       {topics->results, "results"}, {topics->log, "log"},
        {topics->control, "control"}, {topics->events, "events"},   {topics->dlq, "dlq"},
        {topics->config, "config"},   {topics->tasks, "tasks."},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        (void)snprintf(all[i].name, MR_TOPIC_MAX, "%.60s.%s", prefix, all[i].word);
}

bool mr_class_valid(const char *name, size_t len)
{
    if (len == 0 || len >= MR_CLASS_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!word && (i == 0 || (c != '_' && c != '-')))
            return false;
    }
    return true;
}

void mr_topic_of_class(const struct mr_topics *topics, const char *class_name,
                       char ret[MR_TOPIC_MAX])
{
    (void)snprintf(ret, MR_TOPIC_MAX, "%.70s%.48s", topics->tasks, class_name);
}

void mr_topics_specs(const struct mr_topics *topics, const struct mr_cluster_config *config,
                     struct mr_topic_spec ret[MR_TOPICS_COUNT])
{
    const int32_t shards = (int32_t)config->shards;
    const int32_t spread = (int32_t)config->task_partitions;
    const struct mr_topic_spec specs[MR_TOPICS_COUNT] = {
        {topics->jobs, spread, false, config->jobs_keep_ms},
        {topics->results, spread, false, config->jobs_keep_ms},
        {topics->log, shards, false, -1}, /* the only record of the jobs: for ever */
        {topics->control, 1, false, 3600 * 1000},
        {topics->events, spread, false, config->jobs_keep_ms},
        {topics->dlq, 1, false, 4 * config->jobs_keep_ms},
        {topics->config, 1, true, 0},
    };

    memcpy(ret, specs, sizeof specs);
}

struct mr_topic_spec mr_topic_task_spec(const char *topic, const struct mr_cluster_config *config)
{
    return (struct mr_topic_spec){topic, (int32_t)config->task_partitions, false,
                                  config->jobs_keep_ms};
}
