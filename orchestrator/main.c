/* main.c -- millrace-orchestrator: settings, parts, run, tear down in reverse. */
#include "common/base/log.h"
#include "common/parts/parts.h"
#include "orchestrator/evaluator/pool.h"
#include "orchestrator/orchestrator.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Under load a short pause between passes makes fewer, larger batches for broker and Redis; a lone
 * job does not see it. */
enum { BUSY_PASSES = 64, GATHER_FROM = 24, END_FLUSH_MS = 5000, OWN_PARTS = 2 };

/* Sleeps until a descriptor says something or it is time to look; false: asked to end. */
static bool wait_for_work(struct oc *oc, int signals, int timeout_ms)
{
    struct pollfd fds[9];
    int handles[8];
    const int n = oc_fds(oc, handles);

    for (int i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = handles[i], .events = POLLIN};
    fds[n] = (struct pollfd){.fd = signals, .events = POLLIN};
    if (poll(fds, (nfds_t)n + 1, timeout_ms) < 0 && errno != EINTR) {
        mr_log(MR_ERROR, "poll", " errno=%d", errno);
        return false;
    }
    return !(fds[n].revents & POLLIN);
}

static void run(struct oc *oc, int signals)
{
    int busy = 0;

    for (;;) {
        const int done = oc_pass(oc);

        if (done >= GATHER_FROM && done < oc->config->batch_max && oc->config->gather_ms > 0)
            (void)poll(NULL, 0, (int)oc->config->gather_ms);
        if (done > 0 && ++busy < BUSY_PASSES)
            continue;
        if (!wait_for_work(oc, signals, done > 0 ? 0 : oc_sleep_ms(oc)))
            return;
        busy = 0;
    }
}

int main(int argc, char **argv)
{
    struct mr_parts_config config = {0};
    struct oc_config own = {0};
    struct ev_config evaluators = {0};
    struct mr_settings_part parts[OWN_PARTS] = {
        {"Orchestrator", oc_settings, oc_settings_count, &own},
        {"Evaluators", ev_settings, ev_settings_count, &evaluators},
    };
    struct mr_bus *bus = NULL;
    struct mr_store *store = NULL;
    struct ev_pool *pool = NULL;
    struct oc oc = {0};
    struct mr_error err;
    bool done = false;
    int signals, status = 1;

    if (mr_parts_start("millrace-orchestrator", &config, parts, OWN_PARTS, argc, argv, &done,
                       &err)) {
        fprintf(stderr, "millrace-orchestrator: %s\n", err.text);
        return 2;
    }
    if (done)
        return 0;
    signals = mr_parts_signals(); /* before librdkafka makes threads */
    bus = mr_parts_bus(&config, &err);
    if (!bus)
        goto failed;
    store = mr_store_redis_new(&config.redis, &err);
    if (!store)
        goto failed;
    if (oc_setup(&oc, &own, &config.cluster, bus, store, mr_clock_sys(), &err))
        goto failed;
    if (ev_pool_new(&evaluators, &pool, &err))
        goto failed;
    oc.evaluators = ev_pool_port(pool);
    run(&oc, signals);
    status = 0;
    mr_log(MR_INFO, "orchestrator.end", " id=%s", oc.id);
    goto end;
failed:
    mr_log_error(MR_ERROR, "orchestrator.start", &err, " %s", "");
end:
    oc_teardown(&oc, END_FLUSH_MS);
    ev_pool_free(pool);
    if (bus)
        mr_bus_free(bus);
    mr_store_free(store);
    mr_parts_stop(&config, parts, OWN_PARTS);
    if (signals >= 0)
        (void)close(signals);
    return status;
}
