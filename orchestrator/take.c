/* take.c -- K1 to K6 of docs/lifecycle.md: who owns which shard, and how a shard becomes live. */
#include "orchestrator/orchestrator.h"

#include "common/base/failpoint.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- giving up ----------------------------------------------------------------------------------
 */

void oc_shard_lose(struct oc *oc, struct oc_shard *shard, const char *why,
                   const struct mr_error *err)
{
    mr_log_error(MR_WARN, "shard.lost", err, " shard=%" PRIu32 " at=%s epoch=%" PRId64,
                 shard->number, why, shard->epoch);
    mr_log_stop(oc->log, (int32_t)shard->number);
    shard->pause_until_ms = oc->clock->mono_ms(oc->clock) + oc->config->take_retry_ms;
    shard->blameless = strcmp(why, OC_LOST_APPLY) != 0 || !err || mr_code_retriable(err->code) ||
                       err->code == MR_FENCED;
    oc_shard_drop(shard);
}

void oc_shard_stop(struct oc *oc, struct oc_shard *shard, const struct mr_error *err)
{
    mr_log_error(MR_ALARM, "shard.stopped", err, " shard=%" PRIu32 " next=%" PRId64, shard->number,
                 shard->next);
    mr_log_stop(oc->log, (int32_t)shard->number);
    shard->state = OC_SHARD_STOPPED;
    oc_shard_drop(shard);
}

void oc_shard_live(struct oc *oc, struct oc_shard *shard)
{
    shard->state = OC_SHARD_LIVE;
    shard->careful = false;
    shard->timer_next_ms = 0; /* look at once */
    shard->scan_next_ms = oc->clock->mono_ms(oc->clock) + oc->config->scan_ms;
    mr_log(MR_INFO, "shard.live", " shard=%" PRIu32 " epoch=%" PRId64 " rebuilt=%s", shard->number,
           shard->epoch, shard->rebuild ? "true" : "false");
    mr_fail_point("take.live");
}

/* ---- K3, K4: the takeover event is in the log ---------------------------------------------------
 */

struct load_outbox {
    struct oc *oc;
    struct oc_shard *shard;
    enum mr_code rc;
    struct mr_error *err;
};

static void load_effect(void *ctx, const char *field, const char *value, size_t len)
{
    struct load_outbox *load = ctx;

    if (load->rc == MR_OK)
        load->rc =
            oc_outbox_load(&load->shard->outbox, field, value, len, &load->oc->topics, load->err);
}

/* Does the log hold what this position goes on from? MR_TRUNCATED: it does not.  MR_FENCED: it
 * does, and the shard is another's. */
static enum mr_code compare(const struct oc *oc, const struct oc_shard *shard,
                            const struct mr_pos *pos, int64_t first, int64_t end,
                            struct mr_error *err)
{
    if (!pos->present && first > 0)
        return mr_fail(err, MR_TRUNCATED,
                       "Redis holds no position, and the log begins at %" PRId64 ", not at 0",
                       first);
    if (!pos->present)
        return MR_OK;
    if (strcmp(pos->log_id, oc->log_id) != 0)
        return mr_fail(err, MR_TRUNCATED, "the position is of log %s, but this is log %s",
                       pos->log_id, oc->log_id);
    if (pos->next > end)
        return mr_fail(err, MR_TRUNCATED,
                       "the position is %" PRId64 ", but the log ends at %" PRId64, pos->next, end);
    if (pos->next < first)
        return mr_fail(err, MR_TRUNCATED,
                       "the position is %" PRId64 ", but the log begins at %" PRId64, pos->next,
                       first);
    if (pos->epoch >= end)
        return mr_fail(err, MR_TRUNCATED,
                       "epoch %" PRId64 " has written, but the log ends at %" PRId64, pos->epoch,
                       end);
    if (pos->epoch > shard->epoch) /* our report came late: another took it after us */
        return mr_fail(err, MR_FENCED,
                       "epoch %" PRId64 " has written, but our takeover event is at %" PRId64,
                       pos->epoch, shard->epoch);
    return MR_OK;
}

static enum mr_code begin_replay(struct oc *oc, struct oc_shard *shard, struct mr_error *err)
{
    struct load_outbox load = {oc, shard, MR_OK, err};
    struct mr_pos pos;
    int64_t first = 0, end = 0, takes = 0;
    enum mr_code rc;

    if ((rc = mr_store_pos_get(oc->store, shard->number, &pos, err)) ||
        (rc = mr_log_bounds(oc->log, (int32_t)shard->number, &first, &end, err)) ||
        (rc = compare(oc, shard, &pos, first, end, err)) ||
        (rc = mr_store_outbox_each(oc->store, shard->number, load_effect, &load, err)) ||
        (rc = load.rc))
        return rc;
    oc_outbox_loaded(&shard->outbox);
    shard->rebuild = !pos.present;
    shard->next = pos.present ? pos.next : 0;
    rc = mr_store_tries(oc->store, shard->number, "take", shard->next, !shard->blameless, &takes,
                        err);
    if (rc)
        return rc;
    shard->careful = takes > 1;
    memcpy(shard->last_id, pos.last_id, sizeof shard->last_id);
    memcpy(shard->log_id, oc->log_id, sizeof shard->log_id);
    shard->verify = pos.present && pos.next > first && pos.last_id[0] != '\0';
    rc = mr_log_start(oc->log, (int32_t)shard->number, shard->verify ? pos.next - 1 : shard->next,
                      err);
    if (rc)
        return rc;
    oc_shard_batch_reset(shard);
    shard->state = OC_SHARD_REPLAYING;
    mr_log(MR_INFO, "shard.taken",
           " shard=%" PRIu32 " epoch=%" PRId64 " next=%" PRId64 " rebuild=%s careful=%s",
           shard->number, shard->epoch, shard->next, shard->rebuild ? "true" : "false",
           shard->careful ? "true" : "false");
    return MR_OK;
}

struct take { /* a takeover event under way */
    struct oc_send send;
    struct oc *oc;
    uint32_t shard;
    uint64_t generation;
};

static void reported(struct oc_send *send, enum mr_code code, int32_t partition, int64_t offset,
                     int64_t time_ms)
{
    struct take *take = (struct take *)send;
    struct oc *oc = take->oc;
    struct oc_shard *shard = &oc->shards[take->shard];
    struct mr_error err;
    enum mr_code rc = code;

    (void)partition;
    if (shard->generation != take->generation || shard->state != OC_SHARD_TAKING)
        goto done; /* given up meanwhile */
    (void)mr_fail(&err, code, "takeover event: no delivery report");
    if (!rc) {
        shard->epoch = offset;
        shard->took_ms = time_ms;
        rc = begin_replay(oc, shard, &err);
    }
    if (rc == MR_TRUNCATED)
        oc_shard_stop(oc, shard, &err);
    else if (rc)
        oc_shard_lose(oc, shard, "take", &err);
done:
    free(take);
}

/* K2 */
static void append_takeover(struct oc *oc, struct oc_shard *shard)
{
    const struct mr_event event = {.kind = MR_EVENT_TAKEOVER, .owner = oc->id};
    struct take *take = calloc(1, sizeof *take);
    struct mr_buf text = {0};
    struct mr_error err;
    enum mr_code rc = mr_fail(&err, MR_NO_MEMORY, "takeover event");

    if (!take || mr_event_print(&event, &text))
        goto failed;
    *take = (struct take){{reported}, oc, shard->number, shard->generation};
    rc = mr_bus_send(oc->bus, oc->topics.log, (int32_t)shard->number, NULL, 0, text.data, text.len,
                     &take->send, &err);
    if (rc)
        goto failed;
    shard->state = OC_SHARD_TAKING;
    mr_fail_point("take.appended");
    mr_buf_release(&text);
    return;
failed:
    free(take);
    mr_buf_release(&text);
    oc_shard_lose(oc, shard, "take", &err);
}

/* ---- K1: leases ---------------------------------------------------------------------------------
 */

static void count_one(void *ctx, const char *name, const char *value, size_t len)
{
    (void)name, (void)value, (void)len;
    (*(uint32_t *)ctx)++;
}

static void lease_name(const struct oc *oc, uint32_t shard, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%s:%" PRIu32, oc->topics.log, shard);
}

/* Takes or renews it. true: Redis says that it is ours; false: it is another's, or nobody knows. */
static bool lease(struct oc *oc, struct oc_shard *shard)
{
    char name[MR_TOPIC_MAX + 16];
    struct mr_error err;
    bool mine = false;

    lease_name(oc, shard->number, name, sizeof name);
    if (mr_store_lease(oc->store, name, oc->id, oc->config->lease_ms, &mine, &err)) {
        mr_log_error(MR_WARN, "lease", &err, " shard=%" PRIu32, shard->number);
        return false; /* what is ours stays so: the epoch decides */
    }
    if (shard->mine && !mine && shard->state != OC_SHARD_IDLE) {
        (void)mr_fail(&err, MR_FENCED, "the lease is another's");
        oc_shard_lose(oc, shard, "lease", &err);
    }
    shard->mine = mine;
    return mine;
}

static void hand_over(struct oc *oc, struct oc_shard *shard)
{
    char name[MR_TOPIC_MAX + 16];
    struct mr_error err;

    (void)mr_fail(&err, MR_OK, "an orchestrator with fewer shards is there");
    oc_shard_lose(oc, shard, "share", &err);
    shard->mine = false;
    lease_name(oc, shard->number, name, sizeof name);
    if (mr_store_lease_drop(oc->store, name, oc->id, &err))
        mr_log_error(MR_WARN, "lease.drop", &err, " shard=%" PRIu32, shard->number);
}

void oc_give_all(struct oc *oc)
{
    char name[MR_TOPIC_MAX + 16];

    for (uint32_t s = 0; s < oc->shard_count; s++) {
        if (!oc->shards[s].mine)
            continue;
        lease_name(oc, s, name, sizeof name);
        if (mr_store_lease_drop(oc->store, name, oc->id, NULL))
            continue; /* it runs out by itself */
        oc->shards[s].mine = false;
    }
}

static void write_beat(struct oc *oc, uint32_t mine)
{
    struct mr_buf pairs = {0};
    struct mr_error err;

    (void)mr_buf_add(&pairs, "shards", sizeof "shards");
    (void)mr_buf_addf(&pairs, "%" PRIu32, mine);
    (void)mr_buf_add_char(&pairs, '\0');
    if (!pairs.failed && mr_store_beat(oc->store, "orchestrator", oc->id, pairs.data, pairs.len,
                                       oc->config->lease_ms, &err))
        mr_log_error(MR_WARN, "beat", &err, " id=%s", oc->id);
    mr_buf_release(&pairs);
}

/* A shard with nothing to write would not see that Redis was flushed, or that it was taken. */
static void check_position(struct oc *oc, struct oc_shard *shard)
{
    struct mr_pos pos;
    struct mr_error err;

    if (shard->state != OC_SHARD_LIVE || mr_store_pos_get(oc->store, shard->number, &pos, &err))
        return; /* Redis is away: the next write tells */
    if (pos.present && pos.epoch <= shard->epoch)
        return;
    if (pos.present)
        (void)mr_fail(&err, MR_FENCED, "epoch %" PRId64 " has written", pos.epoch);
    else
        (void)mr_fail(&err, MR_NOT_FOUND, "Redis holds no position any more");
    oc_shard_lose(oc, shard, "position", &err);
}

/* Where the bus keeps the log in memory, what is far enough behind the position goes; Kafka's
 * stays. */
static void trim_log(struct oc *oc, struct oc_shard *shard)
{
    struct mr_error err;

    if (shard->state != OC_SHARD_LIVE || shard->next <= oc->config->log_keep)
        return;
    if (mr_log_trim(oc->log, (int32_t)shard->number, shard->next - oc->config->log_keep, &err))
        mr_log_error(MR_WARN, "log.trim", &err, " shard=%" PRIu32, shard->number);
}

void oc_take_keep(struct oc *oc)
{
    const int64_t now = oc->clock->mono_ms(oc->clock);

    if (now < oc->lease_kept_ms + oc->config->lease_ms / 3)
        return;
    oc->lease_kept_ms = now;
    for (uint32_t s = 0; s < oc->shard_count; s++)
        if (oc->shards[s].mine)
            (void)lease(oc, &oc->shards[s]);
}

/* Every lease_ms / 3: renew ours, take what is free up to our share, give what is above it. */
static void leases(struct oc *oc)
{
    uint32_t alive = 0, mine = 0, share;
    struct mr_error err;

    oc->lease_kept_ms = oc->clock->mono_ms(oc->clock);
    for (uint32_t s = 0; s < oc->shard_count; s++) {
        if (oc->shards[s].mine)
            (void)lease(oc, &oc->shards[s]);
        check_position(oc, &oc->shards[s]);
        trim_log(oc, &oc->shards[s]);
        mine += oc->shards[s].mine;
    }
    write_beat(oc, mine);
    oc_stats_flush(oc);
    if (mr_store_beats_each(oc->store, "orchestrator", count_one, &alive, &err) || alive == 0)
        alive = 1;
    share = (oc->shard_count + alive - 1) / alive;
    for (uint32_t s = 0; s < oc->shard_count && mine < share; s++) {
        if (oc->shards[s].mine)
            continue;
        mine += lease(oc, &oc->shards[s]);
    }
    for (uint32_t s = oc->shard_count; s-- > 0 && mine > share;) {
        if (!oc->shards[s].mine || oc->shards[s].state != OC_SHARD_LIVE)
            continue;
        hand_over(oc, &oc->shards[s]);
        mine--;
    }
}

/* The bus says that a partition's log was cut off, and reads it no more: which? The others go on
 * from where they are. */
static void check_bounds(struct oc *oc)
{
    oc->log_ended = false;
    for (uint32_t s = 0; s < oc->shard_count; s++) {
        struct oc_shard *shard = &oc->shards[s];
        int64_t first = 0, end = 0;
        struct mr_error err;

        if (shard->state != OC_SHARD_LIVE && shard->state != OC_SHARD_REPLAYING)
            continue;
        if (mr_log_bounds(oc->log, (int32_t)s, &first, &end, &err)) {
            oc_shard_lose(oc, shard, "bounds", &err);
            continue;
        }
        if (shard->next >= first && shard->next <= end) {
            if (mr_log_start(oc->log, (int32_t)s, shard->verify ? shard->next - 1 : shard->next,
                             &err))
                oc_shard_lose(oc, shard, "bounds", &err);
            continue;
        }
        (void)mr_fail(&err, MR_TRUNCATED,
                      "the log holds %" PRId64 " to %" PRId64 ", the position is %" PRId64, first,
                      end, shard->next);
        oc_shard_stop(oc, shard, &err);
    }
}

int oc_take_pass(struct oc *oc)
{
    const int64_t now = oc->clock->mono_ms(oc->clock);
    int done = 0;

    if (oc->log_ended)
        check_bounds(oc);
    if (now >= oc->lease_next_ms) {
        oc->lease_next_ms = now + oc->config->lease_ms / 3;
        leases(oc);
        done++;
    }
    if (!oc_config_copy_ready(&oc->workflows)) /* which jobs are set aside is still to be read */
        return done;
    for (uint32_t s = 0; s < oc->shard_count; s++) {
        struct oc_shard *shard = &oc->shards[s];

        if (!shard->mine || shard->state != OC_SHARD_IDLE || now < shard->pause_until_ms)
            continue;
        /* Asked once more: one that is cut off from Redis would fence the one that is not, again
         * and again. */
        if (lease(oc, shard))
            append_takeover(oc, shard);
        else
            shard->pause_until_ms = now + oc->config->take_retry_ms;
        done++;
    }
    return done;
}
