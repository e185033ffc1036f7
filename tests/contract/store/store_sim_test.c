/* store_sim_test.c -- the store's contract on the twin, and what only a twin can show: faults. */
#include "tests/contract/store/store_contract_kit.h"

#include "common/sim/sim.h"

static struct mr_sim_world world = {.seed = 1, .now_ms = 1700000000000};
static struct mr_sim_redis *redis;

static struct mr_store *connect_twin(void *ctx, struct mr_error *err)
{
    (void)ctx;
    return mr_store_sim_new(redis, err);
}

static void wipe(void *ctx)
{
    (void)ctx;
    mr_sim_redis_flushall(redis);
}

static void pass_time(void *ctx, int64_t ms)
{
    (void)ctx;
    world.now_ms += ms;
}

static int64_t now_ms(void *ctx)
{
    (void)ctx;
    return world.now_ms;
}

static const struct store_contract twin = {.driver = "store contract: twin",
                                           .connect = connect_twin,
                                           .wipe = wipe,
                                           .pass_time = pass_time,
                                           .now_ms = now_ms};

static void a_lost_batch_was_applied_or_not(void **state)
{
    (void)state;
    for (int fault = MR_SIM_BEFORE; fault <= MR_SIM_AFTER; fault++) {
        struct mr_store *store;
        struct mr_pos pos;

        wipe(NULL);
        store = kit_connect();
        world.fault = (enum mr_sim_fault)fault;
        world.fail_at = world.calls + 1;
        assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 0, 9, true}, NULL, 0),
                         MR_UNAVAILABLE);
        assert_int_equal(mr_store_pos_get(store, 0, &pos, NULL), MR_OK); /* tells which */
        assert_int_equal(pos.present, fault == MR_SIM_AFTER);
        world.fail_at = 0;
        mr_store_free(store);
    }
}

static void all_batches_behind_a_lost_one_are_lost(void **state)
{
    struct mr_store *store;
    struct mr_batch batch = {.epoch = 1, .rebuild = true};
    struct mr_pos pos;

    (void)state;
    wipe(NULL);
    store = kit_connect();
    world.fault = MR_SIM_AFTER;
    world.fail_at = world.calls + 2;
    for (batch.expect = 0; batch.expect < 4; batch.expect++) {
        batch.next = batch.expect + 1;
        assert_int_equal(mr_store_advance_send(store, &batch, NULL), MR_OK);
    }
    assert_int_equal(mr_store_advance_wait(store, NULL), MR_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(mr_store_advance_wait(store, NULL), MR_UNAVAILABLE);
    assert_int_equal(mr_store_pos_get(store, 0, &pos, NULL), MR_OK);
    assert_int_equal(pos.next, 2);
    world.fail_at = 0;
    mr_store_free(store);
}

int main(void)
{
    const struct CMUnitTest faults[] = {
        cmocka_unit_test(a_lost_batch_was_applied_or_not),
        cmocka_unit_test(all_batches_behind_a_lost_one_are_lost),
    };
    int failed = 1;

    redis = mr_sim_redis_new(&world);
    if (redis)
        failed = store_contract_run(&twin) +
                 cmocka_run_group_tests_name("store twin: faults", faults, NULL, NULL);
    mr_sim_redis_free(redis);
    return failed;
}
