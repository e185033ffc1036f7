/* beat.c -- signs of life for dashboards: mr:worker:<id>. Nothing depends on them. */
#include "common/base/log.h"
#include "worker/worker.h"

#include <inttypes.h>
#include <stdio.h>

enum { BEATS_MISSED = 3, BACK_OFF = 5 /* beats that are left out after one that failed */ };

static void add(struct mr_buf *pairs, const char *name, const char *value)
{
    (void)mr_buf_add_str(pairs, name);
    (void)mr_buf_add_char(pairs, '\0');
    (void)mr_buf_add_str(pairs, value);
    (void)mr_buf_add_char(pairs, '\0');
}

static void add_int(struct mr_buf *pairs, const char *name, int64_t n)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, n);
    add(pairs, name, text);
}

static void describe(struct wk *wk, struct mr_buf *pairs)
{
    int in_slots = 0, fetching = 0;
    const int busy = wk_slots_busy(wk->slots);

    for (size_t i = 0; i < wk->class_count; i++) {
        in_slots += wk->classes[i].in_slots;
        fetching += wk_slots_fetching(wk->slots, &wk->classes[i]);
    }
    mr_buf_reset(pairs);
    add(pairs, "classes", wk->config->classes);
    add(pairs, "version", MR_VERSION);
    add(pairs, "state", wk->drain_until_ms ? "draining" : "running");
    add(pairs, "layers", wk_slots_layers(wk->slots));
    add_int(pairs, "slots", wk_slots_count(wk->slots));
    add_int(pairs, "busy", busy);
    add_int(pairs, "fetching", fetching);
    add_int(pairs, "waiting", in_slots > busy + fetching ? in_slots - busy - fetching : 0);
    add_int(pairs, "sending", (int64_t)wk->sending);
    add_int(pairs, "done", wk->done);
    add_int(pairs, "failed", wk->failed);
    add_int(pairs, "cancelled", wk->cancelled);
    add_int(pairs, "dead", wk->dead);
    add_int(pairs, "since", wk->since_ms);
}

void wk_beat_pass(struct wk *wk)
{
    const int64_t now_ms = wk->clock->mono_ms(wk->clock);
    struct mr_error err;

    if (!wk->store || now_ms < wk->beat_next_ms)
        return;
    wk->beat_next_ms = now_ms + wk->config->beat_ms;
    describe(wk, &wk->scratch);
    if (wk->scratch.failed)
        return;
    if (mr_store_beat(wk->store, "worker", wk->id, wk->scratch.data, wk->scratch.len,
                      BEATS_MISSED * wk->config->beat_ms, &err)) {
        mr_log_error(MR_WARN, "worker.beat", &err, " id=%s", wk->id);
        wk->beat_next_ms += BACK_OFF * wk->config->beat_ms;
    }
}
