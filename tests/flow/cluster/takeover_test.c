/* takeover_test.c -- a shard has one owner at a time: another follows a dead one, and one that
 * was overtaken is fenced. */
#include "tests/flow/cluster/kit.h"
#include "tests/flow/cluster/many_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_killed_orchestrator_is_followed_by_another(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 12);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_parallel, "{\"x\":1}");
    flow_settle(&flow);
    flow_kill(&flow, 0);
    flow.worker_off = false;
    flow_start(&flow, 1);
    assert_true(flow_run(&flow, "job-1", 30000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void an_owner_that_slept_past_its_lease_is_fenced(void **state)
{
    struct flow flow;

    (void)state;
    for (int flushed = 0; flushed < 2; flushed++) {
        flow_setup(&flow, 14);
        flow_start(&flow, 0);
        flow.worker_off = true;
        flow_submit(&flow, "job-1", flow_parallel, "{}");
        flow_settle(&flow);
        flow.paused[0] = true; /* SIGSTOP */
        if (flushed)
            mr_sim_redis_flushall(flow.redis);
        flow_start(&flow, 1);
        for (int i = 0; i < 600; i++)
            flow_pass(&flow);
        flow.worker_off = false;
        flow.paused[0] = false; /* SIGCONT */
        assert_true(flow_run(&flow, "job-1", 60000));
        flow_settle(&flow);
        assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
        assert_int_equal(flow.notices, 1);
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
    }
}

static enum mr_code lease_away(struct mr_store *store, const char *name, const char *owner,
                               int64_t ttl_ms, bool *ret_mine, struct mr_error *err)
{
    (void)store, (void)name, (void)owner, (void)ttl_ms, (void)ret_mine;
    return mr_fail(err, MR_UNAVAILABLE, "away");
}

static enum mr_code pos_away(struct mr_store *store, uint32_t shard, struct mr_pos *pos,
                             struct mr_error *err)
{
    (void)store, (void)shard, (void)pos;
    return mr_fail(err, MR_UNAVAILABLE, "away");
}

static enum mr_code send_away(struct mr_store *store, const struct mr_batch *batch,
                              struct mr_error *err)
{
    (void)store, (void)batch;
    return mr_fail(err, MR_UNAVAILABLE, "away");
}

static enum mr_code beat_away(struct mr_store *store, const char *kind, const char *id,
                              const char *pairs, size_t len, int64_t ttl_ms, struct mr_error *err)
{
    (void)store, (void)kind, (void)id, (void)pairs, (void)len, (void)ttl_ms;
    return mr_fail(err, MR_UNAVAILABLE, "away");
}

static void an_owner_cut_off_from_redis_leaves_the_next_one_in_peace(void **state)
{
    struct mr_store_ops away;
    struct flow flow;
    uint64_t generation[2];

    (void)state;
    flow_setup(&flow, 4);
    flow_start(&flow, 0);
    flow_passes(&flow, 500);
    away = *flow.nodes[0].store->ops;
    away.lease = lease_away;
    away.pos_get = pos_away;
    away.advance_send = send_away;
    away.beat = beat_away;
    flow.nodes[0].store->ops = &away;
    flow_start(&flow, 1);
    many_submit(&flow, "a", 4, flow_wait);
    flow_passes(&flow, 5000);
    for (int s = 0; s < 2; s++)
        generation[s] = flow.nodes[1].oc.shards[s].generation;
    flow_passes(&flow, 10000);
    for (int s = 0; s < 2; s++) {
        assert_int_equal(flow.nodes[1].oc.shards[s].state, OC_SHARD_LIVE);
        assert_int_equal(flow.nodes[1].oc.shards[s].generation, generation[s]);
    }
    assert_int_equal(many_count(&flow, "a", 4, "SUCCEEDED"), 4);
    flow_teardown(&flow);
}

struct held { /* delivery reports that are slow to come */
    void *tags[8];
    int64_t offsets[8], times[8];
    int count;
};

static void hold(void *owner, void *tag, enum mr_code code, int32_t partition, int64_t offset,
                 int64_t time_ms)
{
    struct held *held = owner;

    (void)partition;
    assert_int_equal(code, MR_OK);
    assert_true(held->count < 8);
    held->tags[held->count] = tag;
    held->offsets[held->count] = offset;
    held->times[held->count++] = time_ms;
}

static void a_takeover_that_hears_late_is_fenced_not_stopped(void **state)
{
    struct held held = {0};
    struct flow flow;
    struct oc *oc = &flow.nodes[0].oc;

    (void)state;
    flow_setup(&flow, 5);
    flow_start(&flow, 0);
    (void)oc_take_pass(oc);
    assert_int_equal(oc->shards[0].state, OC_SHARD_TAKING);
    oc->bus->on_sent = hold;
    oc->bus->owner = &held;
    (void)mr_bus_poll(oc->bus);
    assert_int_equal(held.count, 2);
    flow.paused[0] = true;
    flow_start(&flow, 1);
    flow_passes(&flow, 6000);
    assert_int_equal(flow.nodes[1].oc.shards[0].state, OC_SHARD_LIVE);
    oc->bus->on_sent = oc_send_report;
    oc->bus->owner = oc;
    for (int i = 0; i < held.count; i++)
        oc_send_report(oc, held.tags[i], MR_OK, i, held.offsets[i], held.times[i]);
    flow.paused[0] = false;
    flow_passes(&flow, 3000);
    flow_kill(&flow, 1);
    flow_passes(&flow, 10000);
    for (int s = 0; s < 2; s++)
        assert_int_equal(oc->shards[s].state, OC_SHARD_LIVE);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_orchestrator_is_followed_by_another),
        cmocka_unit_test(an_owner_that_slept_past_its_lease_is_fenced),
        cmocka_unit_test(an_owner_cut_off_from_redis_leaves_the_next_one_in_peace),
        cmocka_unit_test(a_takeover_that_hears_late_is_fenced_not_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
