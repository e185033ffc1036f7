/* contract_lists.c -- each job is in the list of its status, newest first, as long as lists are
 * kept. */
#include "tests/contract/store/store_contract_kit.h"

#define DAY_MS (24LL * 3600 * 1000)

enum { T = 1000 }; /* some moment */

static void a_job_is_open_then_closed_then_open_again(void **state)
{
    struct mr_store *store = kit_connect();

    (void)state;
    APPLY(store, 0, kit_op(MR_BATCH_OPEN, "a", NULL, NULL, 1),
          kit_op(MR_BATCH_OPEN, "b", NULL, NULL, 2));
    APPLY(store, 0, kit_op(MR_BATCH_CLOSED, "a", "FAILED", NULL, T));
    assert_string_equal(kit_list_text(store, 0, "OPEN", INT64_MAX, 10), "b=2");
    assert_string_equal(kit_list_text(store, 0, "FAILED", INT64_MAX, 10), "a=1000");
    APPLY(store, 0, kit_op(MR_BATCH_REOPENED, "a", "FAILED", NULL, 1));
    assert_string_equal(kit_list_text(store, 0, "OPEN", INT64_MAX, 10), "b=2 a=1");
    assert_string_equal(kit_list_text(store, 0, "FAILED", INT64_MAX, 10), "");
    mr_store_free(store);
}

static void one_batch_may_close_and_reopen(void **state)
{
    struct mr_store *store = kit_connect();

    (void)state;
    APPLY(store, 0, kit_op(MR_BATCH_OPEN, "a", NULL, NULL, 1),
          kit_op(MR_BATCH_CLOSED, "a", "FAILED", NULL, T),
          kit_op(MR_BATCH_REOPENED, "a", "FAILED", NULL, 1));
    assert_string_equal(kit_list_text(store, 0, "OPEN", INT64_MAX, 10), "a=1");
    assert_string_equal(kit_list_text(store, 0, "FAILED", INT64_MAX, 10), "");
    APPLY(store, 0, kit_op(MR_BATCH_CLOSED, "a", "FAILED", NULL, T),
          kit_op(MR_BATCH_REOPENED, "a", "FAILED", NULL, 1),
          kit_op(MR_BATCH_CLOSED, "a", "SUCCEEDED", NULL, T + 1));
    assert_string_equal(kit_list_text(store, 0, "OPEN", INT64_MAX, 10), "");
    assert_string_equal(kit_list_text(store, 0, "FAILED", INT64_MAX, 10), "");
    assert_string_equal(kit_list_text(store, 0, "SUCCEEDED", INT64_MAX, 10), "a=1001");
    mr_store_free(store);
}

static void lists_are_newest_first_in_pages(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_error err;

    (void)state;
    APPLY(store, 0, kit_op(MR_BATCH_OPEN, "a", NULL, NULL, 10),
          kit_op(MR_BATCH_OPEN, "b", NULL, NULL, 20), kit_op(MR_BATCH_OPEN, "c", NULL, NULL, 30));
    assert_string_equal(kit_list_text(store, 0, "OPEN", INT64_MAX, 2), "c=30 b=20");
    assert_string_equal(kit_list_text(store, 0, "OPEN", 20, 2), "a=10");
    assert_int_equal(mr_store_jobs_list(store, 0, "OPEN", 1, 0, 0, NULL, NULL, &err), MR_INVALID);
    assert_int_equal(mr_store_jobs_list(store, 0, "OPEN", 1, 0, MR_LIST_MAX + 1, NULL, NULL, &err),
                     MR_INVALID);
    mr_store_free(store);
}

static void closed_jobs_leave_the_lists_after_eight_days(void **state)
{
    struct mr_store *store = kit_connect();

    (void)state;
    APPLY(store, 0, kit_op(MR_BATCH_CLOSED, "old", "FAILED", NULL, T),
          kit_op(MR_BATCH_CLOSED, "other", "SUCCEEDED", NULL, T));
    APPLY(store, 0, kit_op(MR_BATCH_CLOSED, "new", "FAILED", NULL, T + 8 * DAY_MS));
    assert_string_equal(kit_list_text(store, 0, "FAILED", INT64_MAX, 10), "new=691201000");
    assert_string_equal(kit_list_text(store, 0, "SUCCEEDED", INT64_MAX, 10), "other=1000");
    mr_store_free(store);
}

const struct CMUnitTest store_contract_lists[] = {
    STORE_CASE(a_job_is_open_then_closed_then_open_again),
    STORE_CASE(one_batch_may_close_and_reopen),
    STORE_CASE(lists_are_newest_first_in_pages),
    STORE_CASE(closed_jobs_leave_the_lists_after_eight_days),
};
const size_t store_contract_lists_count =
    sizeof store_contract_lists / sizeof store_contract_lists[0];
