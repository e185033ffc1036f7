/* contract_times.c -- what has a time ends or comes when that time has come, by the server's
 * clock. */
#include "tests/contract/store/store_contract_kit.h"

static int64_t server_now_ms(void)
{
    return contract->now_ms(contract->ctx);
}

static void a_closed_row_is_forgotten_in_time(void **state)
{
    struct mr_store *store = kit_connect();
    int64_t soon_ms = server_now_ms() + 600;

    (void)state;
    APPLY(store, 0, ROW("j", "status\0RUNNING", 0), kit_op(MR_BATCH_VAL, "j", "big", "1", 0),
          kit_op(MR_BATCH_RUN, "j", "{}", NULL, soon_ms));
    APPLY(store, 0, ROW("j", "status\0FAILED", soon_ms));
    assert_string_equal(kit_load_text(store, 0, "j"), "run={} vals=1:big");
    assert_string_equal(kit_row_text(store, 0, "j"), "status=FAILED");
    contract->pass_time(contract->ctx, 700);
    assert_string_equal(kit_row_text(store, 0, "j"), "");
    assert_string_equal(kit_load_text(store, 0, "j"), "run=- vals=");
    mr_store_free(store);
}

static void a_reopened_row_is_not_forgotten(void **state)
{
    struct mr_store *store = kit_connect();
    int64_t soon_ms = server_now_ms() + 600;

    (void)state;
    APPLY(store, 0, ROW("a", "status\0FAILED", soon_ms), ROW("b", "status\0FAILED", soon_ms),
          kit_op(MR_BATCH_REOPENED, "b", "FAILED", NULL, 1));
    APPLY(store, 0, kit_op(MR_BATCH_VAL, "a", "big", "1", 0),
          kit_op(MR_BATCH_RUN, "a", "{}", NULL, soon_ms));
    APPLY(store, 0, kit_op(MR_BATCH_REOPENED, "a", "FAILED", NULL, 1),
          ROW("a", "status\0RUNNING", 0), kit_op(MR_BATCH_RUN, "a", "{}", NULL, 0));
    APPLY(store, 0, kit_op(MR_BATCH_REOPENED, "c", "FAILED", NULL, 1),
          ROW("c", "status\0FAILED", soon_ms));
    contract->pass_time(contract->ctx, 700);
    assert_string_equal(kit_row_text(store, 0, "a"), "status=RUNNING");
    assert_string_equal(kit_load_text(store, 0, "a"), "run={} vals=1:big");
    assert_string_equal(kit_row_text(store, 0, "b"), "status=FAILED");
    assert_string_equal(kit_row_text(store, 0, "c"), "");
    mr_store_free(store);
}

static void timers_are_given_when_due_earliest_first(void **state)
{
    struct mr_store *store = kit_connect();
    int64_t next = 0;

    (void)state;
    assert_string_equal(kit_due_text(store, 0, 100, 10, &next), "");
    assert_true(next == INT64_MAX);
    APPLY(store, 0, kit_op(MR_BATCH_TIMER, "c", NULL, NULL, 30),
          kit_op(MR_BATCH_TIMER, "a", NULL, NULL, 10), kit_op(MR_BATCH_TIMER, "b", NULL, NULL, 20));
    assert_string_equal(kit_due_text(store, 0, 20, 10, &next), "a=10 b=20");
    assert_int_equal(next, 30);
    assert_string_equal(kit_due_text(store, 0, 50, 2, &next), "a=10 b=20");
    assert_int_equal(next, 30); /* due too, and not given */
    APPLY(store, 0, kit_op(MR_BATCH_TIMER, "a", NULL, NULL, 40),
          kit_op(MR_BATCH_TIMER_DEL, "b", NULL, NULL, 0));
    assert_string_equal(kit_due_text(store, 0, 50, 10, &next), "c=30 a=40");
    assert_true(next == INT64_MAX);
    mr_store_free(store);
}

static void a_lease_has_one_holder_until_it_ends(void **state)
{
    struct mr_store *store = kit_connect();
    bool mine = false;

    (void)state;
    assert_int_equal(mr_store_lease(store, "cron", "a", 1500, &mine, NULL), MR_OK);
    assert_true(mine);
    assert_int_equal(mr_store_lease(store, "cron", "b", 1500, &mine, NULL), MR_OK);
    assert_false(mine);
    contract->pass_time(contract->ctx, 900);
    assert_int_equal(mr_store_lease(store, "cron", "a", 1500, &mine, NULL), MR_OK); /* renewed */
    assert_true(mine);
    contract->pass_time(contract->ctx, 900);
    assert_int_equal(mr_store_lease(store, "cron", "b", 1500, &mine, NULL), MR_OK);
    assert_false(mine);
    assert_int_equal(mr_store_lease_drop(store, "cron", "b", NULL), MR_OK); /* not b's to drop */
    assert_int_equal(mr_store_lease(store, "cron", "b", 1500, &mine, NULL), MR_OK);
    assert_false(mine);
    assert_int_equal(mr_store_lease_drop(store, "cron", "a", NULL), MR_OK);
    assert_int_equal(mr_store_lease(store, "cron", "b", 100, &mine, NULL), MR_OK);
    assert_true(mine);
    contract->pass_time(contract->ctx, 200);
    assert_int_equal(mr_store_lease(store, "cron", "a", 100, &mine, NULL), MR_OK);
    assert_true(mine);
    mr_store_free(store);
}

const struct CMUnitTest store_contract_times[] = {
    STORE_CASE(a_closed_row_is_forgotten_in_time),
    STORE_CASE(a_reopened_row_is_not_forgotten),
    STORE_CASE(timers_are_given_when_due_earliest_first),
    STORE_CASE(a_lease_has_one_holder_until_it_ends),
};
const size_t store_contract_times_count =
    sizeof store_contract_times / sizeof store_contract_times[0];
