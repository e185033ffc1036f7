/* advance.c -- V1 to V5 of docs/lifecycle.md: a batch of each shard's log, stepped and written.
 * All shards' writes are under way at once, so that Redis makes them durable together. */
#include "orchestrator/orchestrator.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUND_BYTES_MAX = 8 * 1024 * 1024, /* of one write to Redis, about */
    UNDER_WAY_MAX = 64,                /* writes; see mr_store_advance_send() */
    ROUND_MS_MAX = 500, /* of stepping: then what is there is written, and leases are renewed */
};

struct item { /* one message of the pass */
    const struct mr_msg *msg;
    struct mr_event event;
    bool parsed;
    const struct oc_held *held; /* not parsed: to be passed over */
    struct item *next;          /* of its shard */
};

struct queue { /* what a shard still has to apply of this pass */
    struct item *first, *last;
    struct oc_loads loads;
};

struct oc_advance {
    struct mr_msg *msgs;
    struct item *items;
    struct queue *queues; /* one a shard */
};

enum mr_code oc_advance_open(struct oc *oc, struct mr_error *err)
{
    const size_t max = (size_t)oc->config->batch_max;
    struct oc_advance *advance = calloc(1, sizeof *advance);

    if (!advance)
        return mr_fail(err, MR_NO_MEMORY, "advance");
    oc->advance = advance;
    advance->msgs = calloc(max, sizeof *advance->msgs);
    advance->items = calloc(max, sizeof *advance->items);
    advance->queues = calloc(oc->shard_count, sizeof *advance->queues);
    if (!advance->msgs || !advance->items || !advance->queues)
        return mr_fail(err, MR_NO_MEMORY, "advance: %zu events", max);
    return MR_OK;
}

void oc_advance_close(struct oc *oc)
{
    struct oc_advance *advance = oc->advance;

    if (!advance)
        return;
    free(advance->msgs);
    free(advance->items);
    free(advance->queues);
    free(advance);
    oc->advance = NULL;
}

/* ---- V1, V2 -------------------------------------------------------------------------------------
 */

/* The message at next - 1 must be the one that was applied there. */
static bool verified(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg)
{
    char identity[64];
    struct mr_error err;

    if (!shard->verify || msg->offset != shard->next - 1)
        return true;
    shard->verify = false;
    oc_event_identity(msg, identity);
    if (strcmp(identity, shard->last_id) == 0)
        return true;
    (void)mr_fail(&err, MR_TRUNCATED,
                  "event %" PRId64 " is %s, but %s was applied there: this is another log",
                  msg->offset, identity, shard->last_id);
    oc_shard_stop(oc, shard, &err);
    return false;
}

static void enqueue(struct oc *oc, struct item *item)
{
    struct oc_shard *shard = &oc->shards[item->msg->partition];
    struct queue *queue = &oc->advance->queues[item->msg->partition];

    if (shard->state != OC_SHARD_REPLAYING && shard->state != OC_SHARD_LIVE)
        return;
    if (!verified(oc, shard, item->msg) || item->msg->offset < shard->next)
        return;
    item->next = NULL;
    if (queue->last)
        queue->last->next = item;
    else
        queue->first = item;
    queue->last = item;
}

static void clear(struct queue *queue)
{
    for (struct item *item = queue->first; item; item = item->next)
        if (item->parsed)
            mr_event_release(&item->event);
    queue->first = queue->last = NULL;
    oc_loads_release(&queue->loads);
}

/* Which jobs of these events are not in memory? All of them in one exchange. */
static enum mr_code load(struct oc *oc, struct oc_shard *shard, struct queue *queue,
                         struct mr_error *err)
{
    enum mr_code rc;

    for (struct item *item = queue->first; item; item = item->next) {
        const struct mr_event *event = &item->event;

        if (!item->parsed || !event->job || oc_shard_job(shard, event->job))
            continue;
        rc = oc_loads_want(&queue->loads, event->job,
                           event->kind != MR_EVENT_SUBMIT || event->parent.named, err);
        if (rc)
            return rc;
    }
    if (queue->loads.count == 0)
        return MR_OK;
    oc_loads_sort(&queue->loads);
    return mr_store_load(oc->store, shard->number, queue->loads.items, queue->loads.count, err);
}

static int read_log(struct oc *oc)
{
    struct oc_advance *advance = oc->advance;
    struct mr_error err;
    int n = mr_log_poll(oc->log, advance->msgs, (int)oc->config->batch_max, &err);

    if (n < 0) {
        if (err.code == MR_TRUNCATED)
            oc->log_ended = true; /* take.c asks each partition what is wrong */
        mr_log_error(MR_WARN, "log.read", &err, " topic=%s", oc->topics.log);
        return 0;
    }
    if (n > 0)
        mr_fail_point("advance.read");
    for (int i = 0; i < n; i++) {
        struct item *item = &advance->items[i];

        *item = (struct item){.msg = &advance->msgs[i]};
        if (item->msg->partition >= 0 && (uint32_t)item->msg->partition < oc->shard_count)
            enqueue(oc, item);
    }
    return n;
}

/* A message that cannot be understood ends the batch before it, and then stops the shard. */
static void parse(struct oc *oc, const struct oc_shard *shard, struct queue *queue)
{
    for (struct item *item = queue->first; item; item = item->next) {
        const struct mr_msg *msg = item->msg;

        item->held = oc_quarantine_of(&oc->workflows.quarantine, shard->log_id, msg);
        item->parsed = !item->held && msg->value &&
                       mr_event_parse(msg->value, msg->value_len, &item->event, NULL) == MR_OK;
    }
}

/* ---- V3 -----------------------------------------------------------------------------------------
 */

static enum mr_code not_understood(struct oc *oc, struct oc_shard *shard, const struct mr_msg *msg)
{
    struct mr_event event;
    struct mr_error err;
    enum mr_code rc = mr_event_parse(msg->value ? msg->value : "", msg->value_len, &event, &err);

    if (rc == MR_NO_MEMORY || rc == MR_OK) {
        if (!rc) { /* there was no memory for it at first */
            mr_event_release(&event);
            (void)mr_fail(&err, MR_NO_MEMORY, "event %" PRId64, msg->offset);
        }
        oc_shard_lose(oc, shard, "parse", &err);
        return MR_NO_MEMORY;
    }
    (void)mr_fail_in(&err, rc, "millrace.log");
    oc_shard_stop(oc, shard, &err);
    return rc;
}

/* Steps events of the queue into the shard's batch until the queue is empty, the batch is large,
 * its time is over, or an event cannot be understood and others stand before it. Nothing is in the
 * batch on failure. */
static enum mr_code step_round(struct oc *oc, struct oc_shard *shard, struct queue *queue,
                               int64_t until_ms)
{
    struct mr_error err;
    size_t events = 0; /* bytes of them: about what rows and runs will take */
    enum mr_code rc;

    oc_shard_batch_reset(shard);
    while (queue->first &&
           shard->arena.bytes + shard->outbox.fresh_bytes + events < ROUND_BYTES_MAX &&
           (shard->batch_next == shard->next || oc->clock->mono_ms(oc->clock) < until_ms)) {
        struct item *item = queue->first;

        if (item->msg->offset < shard->batch_next)
            goto next;
        if (item->msg->offset > shard->batch_next) {
            (void)mr_fail(&err, MR_TRUNCATED, "events %" PRId64 " to %" PRId64 " are missing",
                          shard->batch_next, item->msg->offset - 1);
            oc_shard_stop(oc, shard, &err);
            return MR_TRUNCATED;
        }
        if (!item->parsed && !item->held) {
            if (shard->batch_next > shard->next)
                return MR_OK; /* first what stands before it */
            return not_understood(oc, shard, item->msg);
        }
        if (item->held)
            rc = oc_apply_held(oc, shard, item->held, item->msg, &err);
        else
            rc = oc_apply(oc, shard, item->msg, &item->event, &queue->loads, &err);
        if (rc == MR_UNSUPPORTED)
            oc_shard_stop(oc, shard, &err);
        else if (rc)
            oc_shard_lose(oc, shard, OC_LOST_APPLY, &err);
        if (rc)
            return rc;
        events += item->msg->value_len;
        shard->batch_next = item->msg->offset + 1;
        oc_event_identity(item->msg, shard->batch_last_id);
    next:
        queue->first = item->next;
        if (item->parsed)
            mr_event_release(&item->event);
    }
    return MR_OK;
}

/* ---- V4, V5 -------------------------------------------------------------------------------------
 */

static void send_batch(struct oc *oc, struct oc_shard *shard)
{
    struct mr_batch batch;
    struct mr_error err;
    enum mr_code rc = oc_batch_finish(oc, shard, &batch, &err);

    if (!rc)
        rc = mr_store_advance_send(oc->store, &batch, &err);
    if (rc) {
        oc_shard_lose(oc, shard, "write", &err);
        return;
    }
    shard->batch_sent = true;
    mr_fail_point("advance.sent");
}

static void wait_batch(struct oc *oc, struct oc_shard *shard)
{
    struct mr_error err;
    enum mr_code rc = mr_store_advance_wait(oc->store, &err);

    if (rc) {
        oc_shard_lose(oc, shard, "write", &err);
        return;
    }
    mr_fail_point("advance.written");
    oc_batch_commit(oc, shard);
}

void oc_batch_write(struct oc *oc, struct oc_shard *shard)
{
    send_batch(oc, shard);
    if (shard->batch_sent)
        wait_batch(oc, shard);
}

/* Waits for every write that was sent, in the order of the sends. */
static int wait_all(struct oc *oc)
{
    int waited = 0;

    for (uint32_t s = 0; s < oc->shard_count; s++) {
        if (!oc->shards[s].batch_sent)
            continue;
        wait_batch(oc, &oc->shards[s]);
        waited++;
    }
    return waited;
}

/* What shards that were lost still had to apply is not theirs any more. */
static void clear_lost(struct oc *oc)
{
    for (uint32_t s = 0; s < oc->shard_count; s++) {
        const struct oc_shard *shard = &oc->shards[s];

        if (shard->state != OC_SHARD_LIVE && shard->state != OC_SHARD_REPLAYING)
            clear(&oc->advance->queues[s]);
    }
}

/* One round over all shards that have something: step, send each, then wait for each. */
static void round_of_all(struct oc *oc)
{
    const int64_t until_ms = oc->clock->mono_ms(oc->clock) + ROUND_MS_MAX;
    bool stepped = false;
    int under_way = 0;

    for (uint32_t s = 0; s < oc->shard_count; s++) {
        struct oc_shard *shard = &oc->shards[s];
        struct queue *queue = &oc->advance->queues[s];

        if (!queue->first)
            continue;
        if (step_round(oc, shard, queue, until_ms) != MR_OK) {
            clear(queue);
            continue;
        }
        if (!stepped)
            mr_fail_point("advance.stepped");
        stepped = true;
        if (shard->batch_next > shard->next)
            send_batch(oc, shard);
        under_way += shard->batch_sent;
        if (under_way == UNDER_WAY_MAX)
            under_way -= wait_all(oc);
    }
    (void)wait_all(oc);
    oc_take_keep(oc);
    clear_lost(oc);
}

static bool any_left(const struct oc *oc)
{
    for (uint32_t s = 0; s < oc->shard_count; s++)
        if (oc->advance->queues[s].first)
            return true;
    return false;
}

/* R3 alone: nothing else was written for a while, so what was sent leaves Redis by itself. */
static int trim_quiet(struct oc *oc)
{
    const int64_t now = oc->clock->mono_ms(oc->clock);
    int under_way = 0, trimmed = 0;

    for (uint32_t s = 0; s < oc->shard_count; s++) {
        struct oc_shard *shard = &oc->shards[s];

        if (shard->state != OC_SHARD_LIVE || shard->outbox.sent_count == 0 ||
            now < shard->outbox.sent_since_ms + oc->config->trim_quiet_ms)
            continue;
        oc_shard_batch_reset(shard);
        send_batch(oc, shard);
        trimmed += shard->batch_sent;
        under_way += shard->batch_sent;
        if (under_way == UNDER_WAY_MAX)
            under_way -= wait_all(oc);
    }
    if (wait_all(oc) > 0 || trimmed > 0)
        mr_fail_point("relay.trimmed");
    return trimmed;
}

/* V2 of what the shard's queue holds. */
static void prepare(struct oc *oc, uint32_t s)
{
    struct queue *queue = &oc->advance->queues[s];
    struct mr_error err;

    parse(oc, &oc->shards[s], queue);
    if (load(oc, &oc->shards[s], queue, &err)) {
        oc_shard_lose(oc, &oc->shards[s], "load", &err);
        clear(queue);
    }
}

/* A careful shard: each event alone, noted before it is looked at, until the shard is live.  What
 * is then left stays in the queue. */
static void one_by_one(struct oc *oc, uint32_t s)
{
    struct oc_shard *shard = &oc->shards[s];
    struct queue *queue = &oc->advance->queues[s];
    struct item *item = queue->first, *last = queue->last, *next;

    for (; item && shard->careful; item = next) {
        next = item->next;
        item->next = NULL;
        queue->first = queue->last = item;
        if (oc_trial(oc, shard, item->msg)) {
            prepare(oc, s);
            if (queue->first && step_round(oc, shard, queue, INT64_MAX) == MR_OK &&
                shard->batch_next > shard->next) {
                mr_fail_point("advance.stepped");
                oc_batch_write(oc, shard);
            }
        }
        clear(queue);
    }
    if (!item || (shard->state != OC_SHARD_LIVE && shard->state != OC_SHARD_REPLAYING))
        return;
    queue->first = item;
    queue->last = last;
}

int oc_advance_pass(struct oc *oc)
{
    const int n = read_log(oc);

    for (uint32_t s = 0; s < oc->shard_count; s++) {
        if (oc->shards[s].careful && oc->advance->queues[s].first)
            one_by_one(oc, s);
        if (oc->advance->queues[s].first)
            prepare(oc, s);
    }
    while (any_left(oc))
        round_of_all(oc);
    for (uint32_t s = 0; s < oc->shard_count; s++) {
        clear(&oc->advance->queues[s]);
        oc_shard_evict(&oc->shards[s], (size_t)oc->config->jobs_cached_max);
    }
    return n + trim_quiet(oc); /* other shards may be quiet */
}
