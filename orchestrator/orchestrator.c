/* orchestrator.c -- the verbs put together: setup, one pass, tear down in reverse. */
#include "orchestrator/orchestrator.h"

#include "common/base/log.h"
#include "orchestrator/evaluator/port.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IDLE_SLEEP_MS = 100 };

static enum mr_code ensure_topics(struct oc *oc, struct mr_error *err)
{
    struct mr_topic_spec specs[MR_TOPICS_COUNT + 16];
    char names[16][MR_TOPIC_MAX], classes[1024];
    char *save = NULL;
    size_t n = 0;

    mr_topics_specs(&oc->topics, oc->cluster, specs);
    (void)snprintf(classes, sizeof classes, "%s", oc->config->classes);
    for (char *word = strtok_r(classes, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
        if (n == sizeof names / sizeof names[0] || !mr_class_valid(word, strlen(word)))
            return mr_fail(err, MR_INVALID,
                           "ORCH_CLASSES: \"%.60s\": must be at most 16 names of A-Z a-z 0-9 _ -",
                           word);
        if (oc_relay_know(oc, word))
            return mr_fail(err, MR_NO_MEMORY, "ORCH_CLASSES");
        mr_topic_of_class(&oc->topics, word, names[n]);
        specs[MR_TOPICS_COUNT + n] = mr_topic_task_spec(names[n], oc->cluster);
        n++;
    }
    return mr_bus_ensure(oc->bus, specs, MR_TOPICS_COUNT + n, err);
}

static enum mr_code open_log(struct oc *oc, struct mr_error *err)
{
    struct mr_buf id = {0};
    int32_t partitions;
    enum mr_code rc;

    oc->log = mr_log_open(oc->bus, oc->topics.log, err);
    if (!oc->log)
        return err->code;
    rc = mr_log_id(oc->log, &id, err);
    if (!rc)
        (void)snprintf(oc->log_id, sizeof oc->log_id, "%s", id.data ? id.data : "");
    mr_buf_release(&id);
    if (rc)
        return rc;
    partitions = mr_bus_partitions(oc->bus, oc->topics.log, err);
    if (partitions < 0)
        return err->code;
    if ((uint32_t)partitions != oc->shard_count)
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_SHARDS is %" PRIu32 ", but %s has %" PRId32
                       " partitions: set it to %" PRId32,
                       oc->shard_count, oc->topics.log, partitions, partitions);
    return MR_OK;
}

static void name_self(struct oc *oc)
{
    char host[64] = "host";

    (void)gethostname(host, sizeof host - 1);
    if (oc->config->id[0])
        (void)snprintf(oc->id, sizeof oc->id, "%s", oc->config->id);
    else
        (void)snprintf(oc->id, sizeof oc->id, "%s-%ld", host, (long)getpid());
}

enum mr_code oc_setup(struct oc *oc, const struct oc_config *config,
                      const struct mr_cluster_config *cluster, struct mr_bus *bus,
                      struct mr_store *store, struct mr_clock *clock, struct mr_error *err)
{
    struct mr_error local;
    enum mr_code rc;

    err = err ? err : &local;
    *oc = (struct oc){.config = config,
                      .cluster = cluster,
                      .bus = bus,
                      .store = store,
                      .clock = clock,
                      .shard_count = (uint32_t)cluster->shards};
    mr_topics_init(&oc->topics, cluster->topics);
    name_self(oc);
    bus->on_sent = oc_send_report;
    bus->owner = oc;
    oc->machines.bytes_max = (size_t)config->machines_cached_bytes;
    oc->shards = calloc(oc->shard_count, sizeof *oc->shards);
    if (!oc->shards)
        return mr_fail(err, MR_NO_MEMORY, "%" PRIu32 " shards", oc->shard_count);
    for (uint32_t s = 0; s < oc->shard_count; s++)
        oc_shard_init(&oc->shards[s], s, oc);
    if ((rc = mr_store_check(store, cluster->bus == MR_BUS_REDIS, oc->shard_count, err)) ||
        (rc = ensure_topics(oc, err)) || (rc = open_log(oc, err)) ||
        (rc = oc_config_copy_open(&oc->workflows, bus, store, oc->topics.config, err)) ||
        (rc = oc_advance_open(oc, err)) || (rc = oc_admit_open(oc, err)))
        return rc;
    mr_log(MR_INFO, "orchestrator.ready", " id=%s shards=%" PRIu32, oc->id, oc->shard_count);
    return MR_OK;
}

int oc_pass(struct oc *oc)
{
    int done = 0;

    done += oc_relay_pass(oc);
    done += oc_config_copy_pass(&oc->workflows, oc->clock->mono_ms(oc->clock));
    done += oc_take_pass(oc);
    done += oc_admit_pass(oc);
    done += oc_advance_pass(oc);
    done += oc_timers_pass(oc);
    done += oc_scan_pass(oc);
    done += oc_evaluate_pass(oc);
    done += oc_relay_pass(oc); /* what the batch just wrote leaves at once */
    return done;
}

int oc_sleep_ms(const struct oc *oc)
{
    const int64_t wall = oc->clock->wall_ms(oc->clock), mono = oc->clock->mono_ms(oc->clock);
    int64_t sleep = IDLE_SLEEP_MS;

    for (uint32_t s = 0; s < oc->shard_count; s++) {
        const struct oc_shard *shard = &oc->shards[s];

        if (shard->state != OC_SHARD_LIVE)
            continue;
        if (shard->timer_next_ms - wall < sleep)
            sleep = shard->timer_next_ms - wall;
        if (shard->outbox.sent_count &&
            shard->outbox.sent_since_ms + oc->config->trim_quiet_ms - mono < sleep)
            sleep = shard->outbox.sent_since_ms + oc->config->trim_quiet_ms - mono;
    }
    return sleep < 1 ? 1 : (int)sleep;
}

int oc_fds(const struct oc *oc, int fds[8])
{
    struct mr_queue *queues[2];

    oc_admit_queues(oc, queues);
    fds[0] = mr_bus_fd(oc->bus);
    fds[1] = mr_log_fd(oc->log);
    fds[2] = mr_log_fd(oc->workflows.log);
    fds[3] = mr_queue_fd(queues[0]);
    fds[4] = mr_queue_fd(queues[1]);
    if (!oc->evaluators)
        return 5;
    fds[5] = oc->evaluators->fd(oc->evaluators);
    return 6;
}

void oc_teardown(struct oc *oc, int64_t timeout_ms)
{
    struct mr_error err;

    if (oc->shards) {
        oc_stats_flush(oc);
        oc_give_all(oc);
    }
    oc_evaluate_close(oc);
    if (oc->bus && mr_bus_flush(oc->bus, timeout_ms, &err))
        mr_log_error(MR_WARN, "orchestrator.flush", &err, " pending=%zu", oc_admit_pending(oc));
    oc_admit_close(oc);
    oc_advance_close(oc);
    oc_config_copy_close(&oc->workflows);
    for (uint32_t s = 0; oc->shards && s < oc->shard_count; s++) {
        oc_shard_drop(&oc->shards[s]);
    }
    free(oc->shards);
    oc_relay_close(oc);
    if (oc->log)
        mr_log_free(oc->log);
    oc_machines_release(&oc->machines);
    asl_effects_release(&oc->effects);
    *oc = (struct oc){0};
}
