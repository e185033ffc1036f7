/* contract_shared.c -- what is no shard's own: who is alive, configuration, counts, and how
 * often one place was tried. */
#include "tests/contract/store/store_contract_kit.h"

static void collect(void *ctx, const char *name, const char *value, size_t len)
{
    struct mr_buf *all = ctx;

    (void)len;
    mr_buf_addf(all, "%s=%s;", name, value);
}

static void beats_tell_who_is_alive(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_buf all = {0};

    (void)state;
    assert_int_equal(mr_store_beat(store, "worker", "w1",
                                   "slots\0"
                                   "4\0old\0x",
                                   14, 300, NULL),
                     MR_OK);
    assert_int_equal(mr_store_beat(store, "gateway", "g1",
                                   "port\0"
                                   "80",
                                   8, 300, NULL),
                     MR_OK);
    assert_int_equal(mr_store_beat(store, "worker", "w1",
                                   "slots\0"
                                   "5\"",
                                   9, 300, NULL),
                     MR_OK);
    assert_int_equal(mr_store_beats_each(store, "worker", collect, &all, NULL), MR_OK);
    assert_string_equal(all.data, "w1={\"slots\":\"5\\\"\"};"); /* only what it says now */
    mr_buf_reset(&all);
    contract->pass_time(contract->ctx, 400);
    assert_int_equal(mr_store_beats_each(store, "worker", collect, &all, NULL), MR_OK);
    assert_int_equal(all.len, 0);
    assert_int_equal(mr_store_beat(store, "worker", "w2", "odd", 4, 300, NULL), MR_INVALID);
    mr_buf_release(&all);
    mr_store_free(store);
}

static void config_keeps_the_newest_of_two_copiers(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_buf value = {0}, all = {0};

    (void)state;
    assert_int_equal(mr_store_config_put(store, "workflow/a", "v1", 2, 10, NULL), MR_OK);
    assert_int_equal(mr_store_config_put(store, "workflow/a", "v2", 2, 12, NULL), MR_OK);
    assert_int_equal(mr_store_config_put(store, "workflow/a", "late", 4, 11, NULL), MR_OK);
    assert_int_equal(mr_store_config_put(store, "key/k", "x", 1, 13, NULL), MR_OK);
    assert_int_equal(mr_store_config_get(store, "workflow/a", &value, NULL), MR_OK);
    assert_string_equal(value.data, "v2");
    assert_int_equal(mr_store_config_each(store, "workflow/", collect, &all, NULL), MR_OK);
    assert_string_equal(all.data, "workflow/a=v2;");
    assert_int_equal(mr_store_config_put(store, "workflow/a", NULL, 0, 14, NULL), MR_OK);
    assert_int_equal(mr_store_config_put(store, "workflow/a", "late", 4, 13, NULL), MR_OK);
    assert_int_equal(mr_store_config_get(store, "workflow/a", &value, NULL), MR_NOT_FOUND);
    mr_buf_release(&value);
    mr_buf_release(&all);
    mr_store_free(store);
}

static int64_t tries(struct mr_store *store, const char *what, int64_t offset, bool add)
{
    int64_t ret = -1;

    assert_int_equal(mr_store_tries(store, 1, what, offset, add, &ret, NULL), MR_OK);
    return ret;
}

static void tries_of_one_place_are_counted_and_another_begins_anew(void **state)
{
    struct mr_store *store = kit_connect();

    (void)state;
    assert_int_equal(tries(store, "event", 7, false), 0);
    assert_int_equal(tries(store, "event", 7, true), 1);
    assert_int_equal(tries(store, "event", 7, true), 2);
    assert_int_equal(tries(store, "event", 7, false), 2);
    assert_int_equal(tries(store, "take", 7, true), 1);
    assert_int_equal(tries(store, "event", 8, false), 0); /* asked alone changes nothing */
    assert_int_equal(tries(store, "event", 7, true), 3);
    assert_int_equal(tries(store, "event", 9007199254740993, true), 1);
    assert_int_equal(tries(store, "event", 9007199254740993, true), 2);
    assert_int_equal(tries(store, "event", 7, true), 1);
    mr_store_free(store);
}

static void hints_are_written(void **state)
{
    struct mr_store *store = kit_connect();
    const char *const names[] = {"submitted", "closed"};
    const int64_t amounts[] = {5, 3};

    (void)state;
    assert_int_equal(mr_store_count(store, 28333333, names, amounts, 2, NULL), MR_OK);
    assert_int_equal(mr_store_count(store, 28333333, names, amounts, 2, NULL), MR_OK);
    assert_int_equal(mr_store_count(store, 28333333, names, amounts, 0, NULL), MR_OK);
    mr_store_free(store);
}

const struct CMUnitTest store_contract_shared[] = {
    STORE_CASE(beats_tell_who_is_alive),
    STORE_CASE(config_keeps_the_newest_of_two_copiers),
    STORE_CASE(tries_of_one_place_are_counted_and_another_begins_anew),
    STORE_CASE(hints_are_written),
};
const size_t store_contract_shared_count =
    sizeof store_contract_shared / sizeof store_contract_shared[0];
