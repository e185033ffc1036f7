/* timers.c -- T1 and T2 of docs/lifecycle.md: what is due becomes an event.  Only the event's own
 * application takes a timer out of the set. */
#include "orchestrator/orchestrator.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DUE_MAX = 500,      /* timers of a shard and pass */
    LOST_MS = 5000,     /* an event that was not applied for so long is appended again */
    LOOK_AGAIN_MS = 50, /* while due timers wait for their events */
};

struct due {
    struct oc *oc;
    struct oc_shard *shard;
    int64_t now_ms; /* wall */
    int fired, waiting;
};

static void reported(struct oc_send *send, enum mr_code code, int32_t partition, int64_t offset,
                     int64_t time_ms)
{
    (void)partition, (void)offset, (void)time_ms;
    if (code)
        mr_log(MR_WARN, "timer.again", " code=%s", mr_code_name(code)); /* after LOST_MS */
    free(send);
}

/* "<job>|<seq>|<attempt>|<letter>" */
static bool read_member(const char *member, struct mr_event *event, char job[MR_JOB_ID_MAX + 1])
{
    const char *bar = strchr(member, '|');
    char letter = '\0';

    if (!bar || !mr_id_valid(member, (size_t)(bar - member)))
        return false;
    memcpy(job, member, (size_t)(bar - member));
    job[bar - member] = '\0';
    if (sscanf(bar, "|%" SCNu64 "|%" SCNu32 "|%c", &event->seq, &event->attempt, &letter) != 3)
        return false;
    event->job = job;
    event->timer = letter;
    return true;
}

static void fire(void *ctx, const char *member, int64_t due_ms)
{
    struct due *due = ctx;
    struct oc *oc = due->oc;
    struct mr_event event = {.kind = MR_EVENT_TIMER, .due_ms = due_ms};
    char job[MR_JOB_ID_MAX + 1];
    struct oc_send *send = NULL;
    struct mr_buf text = {0};
    struct mr_error err;

    due->waiting++;
    if (oc_fired_has(due->shard, member, due->now_ms))
        return;
    if (!read_member(member, &event, job)) {
        mr_log(MR_ERROR, "timer.bad", " shard=%" PRIu32 " member_bytes=%zu", due->shard->number,
               strlen(member));
        return;
    }
    send = calloc(1, sizeof *send);
    if (!send || mr_event_print(&event, &text))
        goto failed;
    send->done = reported;
    if (oc_fired_add(due->shard, member, due->now_ms + LOST_MS, &err))
        goto failed;
    if (mr_bus_send(oc->bus, oc->topics.log, (int32_t)due->shard->number, job, strlen(job),
                    text.data, text.len, send, &err)) {
        oc_fired_end(due->shard, member);
        goto failed;
    }
    mr_fail_point("timer.appended");
    due->fired++;
    mr_buf_release(&text);
    return;
failed: /* tried again at the next look */
    free(send);
    mr_buf_release(&text);
}

int oc_timers_pass(struct oc *oc)
{
    const int64_t now = oc->clock->wall_ms(oc->clock);
    int fired = 0;

    for (uint32_t s = 0; s < oc->shard_count; s++) {
        struct oc_shard *shard = &oc->shards[s];
        struct due due = {oc, shard, now, 0, 0};
        struct mr_error err;
        int64_t next_ms = INT64_MAX;

        if (shard->state != OC_SHARD_LIVE || now < shard->timer_next_ms)
            continue;
        if (mr_store_timers_due(oc->store, s, now, DUE_MAX, fire, &due, &next_ms, &err)) {
            mr_log_error(MR_WARN, "timers", &err, " shard=%" PRIu32, s);
            next_ms = now + LOOK_AGAIN_MS;
        }
        if (due.waiting && next_ms > now + LOOK_AGAIN_MS)
            next_ms = now + LOOK_AGAIN_MS;
        shard->timer_next_ms = next_ms;
        fired += due.fired;
    }
    return fired;
}
