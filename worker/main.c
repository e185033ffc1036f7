/* main.c -- millrace-worker: settings, parts, run, tear down in reverse. */
#include "common/base/log.h"
#include "common/parts/parts.h"
#include "worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { BUSY_PASSES = 64, END_FLUSH_MS = 5000, OWN_PARTS = 3 };

/* Sleeps until a descriptor says something or it is time to look; *ret_signals grows by those that
 * came.  false: poll(2) itself fails. */
static bool wait_for_work(struct wk *wk, int signals, int timeout_ms, int *ret_signals)
{
    struct signalfd_siginfo info;
    struct pollfd fds[WK_FDS_MAX + 1];
    int handles[WK_FDS_MAX];
    const int n = wk_fds(wk, handles);

    for (int i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = handles[i], .events = POLLIN};
    fds[n] = (struct pollfd){.fd = signals, .events = POLLIN};
    if (poll(fds, (nfds_t)n + 1, timeout_ms) < 0 && errno != EINTR) {
        mr_log(MR_ERROR, "poll", " errno=%d", errno);
        return false;
    }
    if ((fds[n].revents & POLLIN) && read(signals, &info, sizeof info) == (ssize_t)sizeof info)
        ++*ret_signals;
    return true;
}

/* Until the first signal, then until it is drained or a second one comes: false, end at once. */
static bool run(struct wk *wk, int signals)
{
    int busy = 0, came = 0;

    while (!wk_drained(wk)) {
        const int done = wk_pass(wk);

        if (done > 0 && ++busy < BUSY_PASSES)
            continue;
        busy = 0;
        if (!wait_for_work(wk, signals, done > 0 ? 0 : wk_sleep_ms(wk), &came) || came > 1)
            return false;
        if (came)
            wk_drain(wk);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct mr_parts_config config = {0};
    struct wk_config own = {0};
    struct wk_imaging_config imaging = {0};
    struct wk_fetch_config fetch = {0};
    struct mr_settings_part parts[OWN_PARTS] = {
        {"Worker", wk_settings, wk_settings_count, &own},
        {"Decoders", wk_imaging_settings, wk_imaging_settings_count, &imaging},
        {"Sources by URL", wk_fetch_settings, wk_fetch_settings_count, &fetch},
    };
    struct wk_ports ports = {.clock = mr_clock_sys(), .fetch = &fetch};
    struct wk wk = {0};
    struct mr_error err;
    bool done = false, drained = true;
    int signals, status = 1;

    if (mr_parts_start("millrace-worker", &config, parts, OWN_PARTS, argc, argv, &done, &err)) {
        fprintf(stderr, "millrace-worker: %s\n", err.text);
        return 2;
    }
    if (done)
        return 0;
    signals = mr_parts_signals(); /* before any library or slot makes threads */
    if (!(ports.blob = mr_blob_new(&config.blob, &err)) || mr_blob_check(ports.blob, &err) ||
        !(ports.bus = mr_parts_bus(&config, &err)) ||
        !(ports.store = mr_store_redis_new(&config.redis, &err)) ||
        wk_setup(&wk, &own, &imaging, &config.cluster, &ports, &err)) {
        mr_log_error(MR_ERROR, "worker.start", &err, " classes=%s", own.classes);
        goto end;
    }
    drained = run(&wk, signals);
    status = 0;
    mr_log(MR_INFO, "worker.end", " id=%s done=%lld failed=%lld left=%zu", wk.id,
           (long long)wk.done, (long long)wk.failed, wk.items.live_count);
end:
    wk_teardown(&wk, drained ? END_FLUSH_MS : 0);
    if (ports.bus)
        mr_bus_free(ports.bus);
    mr_store_free(ports.store);
    mr_blob_free(ports.blob);
    mr_parts_stop(&config, parts, OWN_PARTS);
    if (signals >= 0)
        (void)close(signals);
    return status;
}
