/* worker.c -- the verbs put together: setup, one pass, drain, tear down in reverse. */
#include "worker/worker.h"

#include "common/base/log.h"
#include "worker/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IDLE_SLEEP_MS = 100, SLOTS_MAX = 256 };

static enum mr_code name_classes(struct wk *wk, struct mr_error *err)
{
    char words[1024], *save = NULL;

    (void)snprintf(words, sizeof words, "%s", wk->config->classes);
    for (char *word = strtok_r(words, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
        struct wk_class *class = &wk->classes[wk->class_count];

        if (wk->class_count == WK_CLASSES_MAX || !mr_class_valid(word, strlen(word)))
            return mr_fail(err, MR_INVALID,
                           "WORKER_CLASSES: \"%.60s\": must be at most %d names of A-Z a-z 0-9 _ -",
                           word, WK_CLASSES_MAX);
        for (size_t i = 0; i < wk->class_count; i++)
            if (strcmp(wk->classes[i].name, word) == 0)
                return mr_fail(err, MR_INVALID, "WORKER_CLASSES: \"%.60s\" is there twice", word);
        (void)snprintf(class->name, sizeof class->name, "%s", word);
        mr_topic_of_class(&wk->topics, word, class->topic);
        class->heavy = true; /* until a take shows that it is not */
        wk->class_count++;
    }
    if (wk->class_count == 0)
        return mr_fail(err, MR_INVALID, "WORKER_CLASSES: must name at least one class");
    return MR_OK;
}

static enum mr_code ensure_topics(struct wk *wk, struct mr_error *err)
{
    struct mr_topic_spec specs[MR_TOPICS_COUNT + WK_CLASSES_MAX];
    int32_t partitions;
    enum mr_code rc;

    mr_topics_specs(&wk->topics, wk->cluster, specs);
    for (size_t i = 0; i < wk->class_count; i++)
        specs[MR_TOPICS_COUNT + i] = mr_topic_task_spec(wk->classes[i].topic, wk->cluster);
    rc = mr_bus_ensure(wk->bus, specs, MR_TOPICS_COUNT + wk->class_count, err);
    if (rc)
        return rc;
    partitions = mr_bus_partitions(wk->bus, wk->topics.log, err);
    if (partitions < 0)
        return err->code;
    if ((uint32_t)partitions != wk->shard_count)
        return mr_fail(err, MR_INVALID,
                       "MILLRACE_SHARDS is %" PRIu32 ", but %s has %" PRId32
                       " partitions: set it to %" PRId32,
                       wk->shard_count, wk->topics.log, partitions, partitions);
    return MR_OK;
}

static enum mr_code open_queues(struct wk *wk, struct mr_error *err)
{
    for (size_t i = 0; i < wk->class_count; i++) {
        struct wk_class *class = &wk->classes[i];
        char group[MR_TOPIC_MAX + MR_CLASS_MAX];

        (void)snprintf(group, sizeof group, "%.60s.worker.%s", wk->cluster->topics, class->name);
        class->queue = mr_queue_open(wk->bus, class->topic, group, (int)wk->config->window, err);
        if (!class->queue)
            return err->code;
    }
    return MR_OK;
}

static bool serves(const struct wk *wk, const char *name)
{
    for (size_t i = 0; i < wk->class_count; i++)
        if (strcmp(wk->classes[i].name, name) == 0)
            return true;
    return false;
}

static enum mr_code open_slots(struct wk *wk, const struct wk_imaging_config *imaging,
                               const struct wk_ports *ports, struct mr_error *err)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct wk_slots_setup setup = {.imaging = imaging,
                                   .fetch = ports->fetch,
                                   .room = ports->fetch ? &wk->fetch_room : NULL,
                                   .blob = ports->blob,
                                   .clock = ports->clock,
                                   .worker = wk->id,
                                   .bucket = wk->config->bucket,
                                   .count = (int)wk->config->slots,
                                   .task_timeout_ms = wk->config->task_timeout_ms,
                                   .memory = wk->config->memory,
                                   .warm = serves(wk, "image"),
                                   .same_thread = ports->same_thread};

    if (ports->fetch)
        wk->fetch_room.bytes_max = ports->fetch->memory;
    if (setup.count == 0)
        setup.count = cores < 1 ? 1 : cores > SLOTS_MAX ? SLOTS_MAX : (int)cores;
    if (setup.same_thread)
        setup.count = 1;
    return wk_slots_new(&setup, &wk->slots, err);
}

static void name_self(struct wk *wk)
{
    char host[64] = "host";

    (void)gethostname(host, sizeof host - 1);
    if (wk->config->id[0])
        (void)snprintf(wk->id, sizeof wk->id, "%s", wk->config->id);
    else
        (void)snprintf(wk->id, sizeof wk->id, "%s-%ld", host, (long)getpid());
}

enum mr_code wk_setup(struct wk *wk, const struct wk_config *config,
                      const struct wk_imaging_config *imaging,
                      const struct mr_cluster_config *cluster, const struct wk_ports *ports,
                      struct mr_error *err)
{
    struct mr_error local;
    enum mr_code rc;

    err = err ? err : &local;
    *wk = (struct wk){.config = config,
                      .cluster = cluster,
                      .bus = ports->bus,
                      .store = ports->store,
                      .clock = ports->clock,
                      .shard_count = (uint32_t)cluster->shards,
                      .heart_next_ms = INT64_MAX};
    wk->since_ms = wk->clock->wall_ms(wk->clock);
    mr_topics_init(&wk->topics, cluster->topics);
    name_self(wk);
    wk->bus->on_sent = wk_answer_report;
    wk->bus->owner = wk;
    wk->msgs = calloc(WK_TAKE_MAX, sizeof *wk->msgs);
    if (!wk->msgs)
        return mr_fail(err, MR_NO_MEMORY, "a worker");
    if ((rc = name_classes(wk, err)) || (rc = ensure_topics(wk, err)) ||
        (rc = open_slots(wk, imaging, ports, err)) || (rc = wk_control_open(wk, err)) ||
        (rc = open_queues(wk, err)))
        return rc;
    mr_log(MR_INFO, "worker.ready", " id=%s classes=%s slots=%d layers=%s", wk->id, config->classes,
           wk_slots_count(wk->slots), wk_slots_layers(wk->slots));
    return MR_OK;
}

/* ---- one pass ------------------------------------------------------------------------------- */

static int collect(struct wk *wk)
{
    struct wk_item *item;
    int done = 0;

    while ((item = wk_slots_done(wk->slots))) {
        item->class->in_slots--;
        done++;
        if (item->cancelled) {
            wk_answer_none(wk, item);
        } else if (item->abandoned) {
            wk_item_end(&wk->items, item);
        } else {
            wk_answer_send(wk, item);
        }
    }
    return done;
}

int wk_pass(struct wk *wk)
{
    int done = mr_bus_poll(wk->bus);

    done += wk_control_pass(wk);
    done += wk_answer_pass(wk);
    wk_slots_stop_late(wk->slots);
    done += collect(wk);
    done += wk_take_pass(wk);
    wk_heart_pass(wk);
    wk_beat_pass(wk);
    return done;
}

int wk_sleep_ms(const struct wk *wk)
{
    const int64_t left = wk->send_pause_ms - wk->clock->mono_ms(wk->clock);

    if (!wk->unsent || left > IDLE_SLEEP_MS)
        return IDLE_SLEEP_MS;
    return left < 1 ? 1 : (int)left;
}

int wk_fds(const struct wk *wk, int fds[WK_FDS_MAX])
{
    int n = 0;

    fds[n++] = mr_bus_fd(wk->bus);
    fds[n++] = mr_log_fd(wk->control);
    fds[n++] = wk_slots_fd(wk->slots);
    for (size_t i = 0; i < wk->class_count; i++)
        fds[n++] = mr_queue_fd(wk->classes[i].queue);
    return n;
}

/* ---- the end -------------------------------------------------------------------------------- */

void wk_drain(struct wk *wk)
{
    if (wk->drain_until_ms)
        return;
    wk->drain_until_ms = wk->clock->mono_ms(wk->clock) + wk->config->drain_ms;
    wk->beat_next_ms = 0;
    wk_slots_drain(wk->slots);
    mr_log(MR_INFO, "worker.drain", " id=%s running=%d unanswered=%zu", wk->id,
           wk_slots_busy(wk->slots), wk->items.live_count);
}

bool wk_drained(struct wk *wk)
{
    return wk->drain_until_ms &&
           (wk->items.live_count == 0 || wk->clock->mono_ms(wk->clock) >= wk->drain_until_ms);
}

void wk_teardown(struct wk *wk, int64_t timeout_ms)
{
    struct mr_error err;

    wk_slots_free(wk->slots);
    if (wk->bus && wk->sending && mr_bus_flush(wk->bus, timeout_ms, &err))
        mr_log_error(MR_WARN, "worker.flush", &err, " unreported=%zu", wk->sending);
    for (size_t i = 0; i < wk->class_count; i++)
        if (wk->classes[i].queue)
            mr_queue_free(wk->classes[i].queue);
    wk_control_close(wk);
    wk_items_release(&wk->items);
    mr_buf_release(&wk->scratch);
    free(wk->msgs);
    *wk = (struct wk){0};
}
