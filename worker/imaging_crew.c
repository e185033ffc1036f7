/* imaging_crew.c -- who of a slot's decoders works, who waits, who is replaced. */
#include "worker/imaging_crew.h"

#include "common/base/log.h"
#include "common/base/program.h"
#include "common/ports/clock.h"
#include "worker/imaging_fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WARM_MS_MAX = 30000, SANDBOX_STRICT = 0, ENDED_TEXT_MAX = 64 };

/* ---- one child ------------------------------------------------------------------------------ */

static void child_set(struct wk_crew *crew, struct wk_child *place, struct wk_child value)
{
    pthread_mutex_lock(&crew->lock);
    *place = value;
    pthread_mutex_unlock(&crew->lock);
}

static bool is_there(const struct wk_child *child)
{
    return child->process.pid > 0;
}

static enum mr_code child_begin(struct wk_crew *crew, struct wk_child *place, uint32_t untrusted,
                                struct mr_error *err)
{
    struct wk_child child;
    enum mr_code rc = wk_child_start(&child, crew->path, &crew->config, untrusted, err);

    child_set(crew, place, child);
    return rc;
}

bool wk_crew_buried(struct wk_crew *crew, bool wait)
{
    size_t left = 0;

    for (size_t i = 0; i < crew->dying_count; i++) {
        if (wait)
            sb_child_end(&crew->dying[i]);
        else if (!sb_child_gone(&crew->dying[i]))
            crew->dying[left++] = crew->dying[i];
    }
    crew->dying_count = left;
    return left == 0;
}

/* The kernel takes milliseconds to take a process apart, up to a hundred on a busy machine: nobody
 * waits for it. */
static void child_drop(struct wk_crew *crew, struct wk_child *place)
{
    struct sb_child process = place->process;

    child_set(crew, place, wk_child_none);
    if (process.pid <= 0)
        return;
    sb_child_dismiss(&process);
    if (!wk_crew_buried(crew, false) && crew->dying_count == WK_DYING_MAX)
        (void)wk_crew_buried(crew, true);
    crew->dying[crew->dying_count++] = process;
}

/* One that died idle: no task's fault, and no task's failure. */
static void bury_dead(struct wk_crew *crew, struct wk_child *place)
{
    if (!is_there(place) || wk_child_alive(place))
        return;
    child_drop(crew, place);
    (void)wk_crew_buried(crew, true); /* what it shared may hold the next task's sources by now */
    mr_log(MR_WARN, "decoder.died", "idle=true");
}

/* Until it is warm, and locked as the settings want it. */
static enum mr_code child_ready(struct wk_crew *crew, struct wk_child *child, int64_t deadline_ms,
                                struct wk_fault *fault)
{
    const int64_t warm_ms = mr_mono_ms() + WARM_MS_MAX;
    const struct wk_patience patience = {deadline_ms < warm_ms ? deadline_ms : warm_ms,
                                         crew->wake_fd};
    struct mr_error err;
    enum wk_heard heard = wk_child_ready(child, &patience);

    if (heard)
        return wk_crew_lost(crew, child, heard, "its start", fault);
    if (crew->config.sandbox == SANDBOX_STRICT && sb_report_check(&child->process.report, &err)) {
        child_drop(crew, child);
        return wk_fault_set(fault, WK_CRASHED, "WORKER_SANDBOX=strict: %.400s", err.text);
    }
    return MR_OK;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static enum mr_code path_find(const struct wk_imaging_config *config, char *path, size_t size,
                              struct mr_error *err)
{
    int n;

    if (!config->decoder || !*config->decoder)
        return mr_program_beside("millrace-decoder", path, size, err);
    n = snprintf(path, size, "%s", config->decoder);
    if (n < 0 || (size_t)n >= size)
        return mr_fail(err, MR_TOO_LARGE, "WORKER_DECODER: longer than %zu bytes", size - 1);
    return MR_OK;
}

enum mr_code wk_crew_setup(struct wk_crew *crew, const struct wk_imaging_config *config,
                           int wake_fd, struct mr_error *err)
{
    *crew = (struct wk_crew){.config = *config,
                             .wake_fd = wake_fd,
                             .child = wk_child_none,
                             .spare = wk_child_none,
                             .single = wk_child_none};
    crew->config.decoder = crew->config.untrusted = NULL;
    pthread_mutex_init(&crew->lock, NULL);
    return path_find(config, crew->path, sizeof(crew->path), err);
}

void wk_crew_release(struct wk_crew *crew)
{
    child_drop(crew, &crew->child);
    child_drop(crew, &crew->spare);
    child_drop(crew, &crew->single);
    (void)wk_crew_buried(crew, true);
    pthread_mutex_destroy(&crew->lock);
}

void wk_crew_tenant(struct wk_crew *crew, const char *tenant)
{
    snprintf(crew->tenant, sizeof(crew->tenant), "%s", tenant);
}

static void take_over(struct wk_crew *crew)
{
    child_set(crew, &crew->child, crew->spare);
    crew->spare = wk_child_none;
}

static enum mr_code common_need(struct wk_crew *crew, int64_t deadline_ms, struct wk_child **ret,
                                struct wk_fault *fault)
{
    struct mr_error err;

    bury_dead(crew, &crew->child);
    bury_dead(crew, &crew->spare);
    if (is_there(&crew->child) && crew->child.tasks && strcmp(crew->child_of, crew->tenant) != 0)
        child_drop(crew, &crew->child);
    if (!is_there(&crew->child))
        take_over(crew);
    if (!is_there(&crew->child) && child_begin(crew, &crew->child, 0, &err))
        return wk_fault_set(fault, WK_CRASHED, "%.400s", err.text);
    memcpy(crew->child_of, crew->tenant, sizeof(crew->child_of));
    *ret = &crew->child;
    return child_ready(crew, &crew->child, deadline_ms, fault);
}

enum mr_code wk_crew_need(struct wk_crew *crew, uint32_t untrusted, int64_t deadline_ms,
                          struct wk_child **ret, struct wk_fault *fault)
{
    struct mr_error err;

    if (!untrusted)
        return common_need(crew, deadline_ms, ret, fault);
    child_drop(crew, &crew->single);
    if (child_begin(crew, &crew->single, untrusted, &err))
        return wk_fault_set(fault, WK_CRASHED, "%.400s", err.text);
    *ret = &crew->single;
    return child_ready(crew, &crew->single, deadline_ms, fault);
}

void wk_crew_prepare(struct wk_crew *crew)
{
    struct mr_error err;

    bury_dead(crew, &crew->spare);
    if (!is_there(&crew->spare) && child_begin(crew, &crew->spare, 0, &err))
        mr_log_error(MR_ERROR, "decoder.start", &err, "path=%s", crew->path);
}

void wk_crew_done(struct wk_crew *crew, struct wk_child *child)
{
    child->tasks++;
    if (child == &crew->single) {
        child_drop(crew, child);
    } else if (child->tasks >= crew->config.tasks_max) {
        child_drop(crew, child);
        take_over(crew);
    }
}

enum mr_code wk_crew_lost(struct wk_crew *crew, struct wk_child *child, enum wk_heard heard,
                          const char *during, struct wk_fault *fault)
{
    char ended[ENDED_TEXT_MAX] = "";
    bool no_memory = false;

    if (heard == WK_GONE)
        wk_child_ended(child, ended, sizeof(ended), &no_memory);
    child_drop(crew, child);
    if (child == &crew->child)
        take_over(crew);
    switch (heard) {
    case WK_LATE:
        return wk_fault_set(fault, WK_TIMEOUT, "the deadline passed during %s", during);
    case WK_STOPPED:
        return wk_fault_set(fault, WK_CANCELLED, "stopped during %s", during);
    case WK_NONSENSE:
    case WK_STALE:
        return wk_fault_set(fault, WK_CRASHED, "the decoder broke its protocol during %s", during);
    case WK_HEARD:
    case WK_GONE:
        break;
    }
    if (no_memory)
        return wk_fault_set(
            fault, WK_OUT_OF_MEMORY, "the decoder needed more than its %" PRIu64 " bytes during %s",
            crew->granted ? crew->granted : (uint64_t)crew->config.memory_max, during);
    return wk_fault_set(fault, WK_CRASHED, "the decoder ended by %s during %s", ended, during);
}

int wk_crew_pid(struct wk_crew *crew)
{
    int pid;

    pthread_mutex_lock(&crew->lock);
    pid = (int)crew->single.process.pid;
    if (pid < 0)
        pid = (int)crew->child.process.pid;
    pthread_mutex_unlock(&crew->lock);
    return pid;
}
