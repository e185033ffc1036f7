/* contract_positions.c -- of a shard only a batch of its owner that follows the last one is
 * applied, and it is applied once. */
#include "tests/contract/store/store_contract_kit.h"

static void an_empty_shard_has_no_position(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_pos pos;

    (void)state;
    assert_int_equal(mr_store_pos_get(store, 3, &pos, NULL), MR_OK);
    assert_false(pos.present);
    assert_int_equal(pos.epoch, -1);
    mr_store_free(store);
}

static void only_a_rebuild_may_start_a_shard(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_pos pos;

    (void)state;
    assert_int_equal(kit_advance(store, (struct kit_batch){3, 7, 0, 1, false}, NULL, 0),
                     MR_NOT_FOUND);
    assert_int_equal(kit_advance(store, (struct kit_batch){3, 7, 40, 45, true}, NULL, 0), MR_OK);
    assert_int_equal(mr_store_pos_get(store, 3, &pos, NULL), MR_OK);
    assert_true(pos.present);
    assert_int_equal(pos.next, 45);
    assert_int_equal(pos.epoch, 7);
    assert_string_equal(pos.log_id, "log-1");
    assert_string_equal(pos.last_id, "1:abc");
    assert_int_equal(mr_store_pos_get(store, 4, &pos, NULL), MR_OK);
    assert_false(pos.present); /* another shard is another shard */
    mr_store_free(store);
}

static void a_batch_is_applied_once(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_batch_op ops[] = {kit_op(MR_BATCH_OUT, "f", "again", NULL, 0)};

    (void)state;
    assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 0, 5, true}, NULL, 0), MR_OK);
    assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 0, 5, true}, ops, 1), MR_CONFLICT);
    assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 6, 7, true}, ops, 1), MR_CONFLICT);
    assert_string_equal(kit_outbox_text(store, 0), ""); /* and nothing of a refused one */
    mr_store_free(store);
}

static void an_owner_that_was_overtaken_is_fenced(void **state)
{
    struct mr_store *old = kit_connect(), *young = kit_connect();
    struct mr_batch_op ops[] = {kit_op(MR_BATCH_OUT, "f", "late", NULL, 0)};
    struct mr_pos pos;

    (void)state;
    assert_int_equal(kit_advance(old, (struct kit_batch){0, 10, 0, 20, true}, NULL, 0), MR_OK);
    assert_int_equal(kit_advance(young, (struct kit_batch){0, 25, 20, 21, false}, NULL, 0), MR_OK);
    assert_int_equal(kit_advance(old, (struct kit_batch){0, 10, 21, 22, false}, ops, 1), MR_FENCED);
    assert_int_equal(kit_advance(old, (struct kit_batch){0, 10, 20, 22, false}, ops, 1), MR_FENCED);
    assert_int_equal(mr_store_pos_get(old, 0, &pos, NULL), MR_OK);
    assert_int_equal(pos.epoch, 25);
    assert_int_equal(pos.next, 21);
    assert_string_equal(kit_outbox_text(young, 0), "");
    mr_store_free(old);
    mr_store_free(young);
}

static void batches_under_way_are_answered_in_order(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_batch batch = {.shard = 1, .epoch = 1, .rebuild = true, .log_id = "l", .last_id = ""};
    struct mr_pos pos;
    struct mr_error err;

    (void)state;
    for (int i = 0; i < 64; i++) {
        batch.expect = i == 40 ? 1000 : i; /* one of them is wrong, and so are all behind it */
        batch.next = batch.expect + 1;
        assert_int_equal(mr_store_advance_send(store, &batch, &err), MR_OK);
    }
    assert_int_equal(mr_store_advance_send(store, &batch, &err), MR_BUSY);
    assert_int_equal(mr_store_pos_get(store, 1, &pos, NULL), MR_OK); /* reads go between */
    assert_int_equal(pos.next, 40);
    for (int i = 0; i < 64; i++)
        assert_int_equal(mr_store_advance_wait(store, &err), i < 40 ? MR_OK : MR_CONFLICT);
    assert_int_equal(mr_store_advance_wait(store, &err), MR_INTERNAL); /* none is left */
    mr_store_free(store);
}

static void a_malformed_batch_is_refused_before_it_is_sent(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_batch_op odd = {
        .kind = MR_BATCH_ROW, .key = "j", .key_len = 1, .a = "name", .a_len = 5};
    struct mr_batch_op open = {
        .kind = MR_BATCH_ROW, .key = "j", .key_len = 1, .a = "a\0b", .a_len = 3};
    struct mr_batch_op nameless = {.kind = MR_BATCH_OUT_DEL, .key = "", .key_len = 0};

    (void)state;
    assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 0, 1, true}, &odd, 1),
                     MR_INTERNAL);
    assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 0, 1, true}, &open, 1),
                     MR_INTERNAL);
    assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 0, 1, true}, &nameless, 1),
                     MR_INTERNAL);
    assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 0, 1, true}, NULL, 0), MR_OK);
    mr_store_free(store);
}

static void a_server_that_forgot_everything_is_noticed(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_pos pos;

    (void)state;
    APPLY(store, 0, ROW("j", "status\0RUNNING", 0));
    contract->wipe(contract->ctx);
    assert_int_equal(kit_advance(store, (struct kit_batch){0, 1, 1, 2, false}, NULL, 0),
                     MR_NOT_FOUND);
    assert_int_equal(mr_store_pos_get(store, 0, &pos, NULL), MR_OK);
    assert_false(pos.present);
    mr_store_free(store);
}

const struct CMUnitTest store_contract_positions[] = {
    STORE_CASE(an_empty_shard_has_no_position),
    STORE_CASE(only_a_rebuild_may_start_a_shard),
    STORE_CASE(a_batch_is_applied_once),
    STORE_CASE(an_owner_that_was_overtaken_is_fenced),
    STORE_CASE(batches_under_way_are_answered_in_order),
    STORE_CASE(a_malformed_batch_is_refused_before_it_is_sent),
    STORE_CASE(a_server_that_forgot_everything_is_noticed),
};
const size_t store_contract_positions_count =
    sizeof store_contract_positions / sizeof store_contract_positions[0];
