/* store_contract.c -- the cases.  They know store.h, no implementation and no key. */
#include "tests/contract/store/store_contract_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS (24LL * 3600 * 1000)
enum { T = 1000 }; /* some moment */

static int wiped(void **state)
{
    (void)state;
    contract->wipe(contract->ctx);
    return 0;
}

/* ---- positions ---------------------------------------------------------------------------------
 */

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

/* ---- what a batch writes
 * ------------------------------------------------------------------------- */

static void a_row_grows_field_by_field(void **state)
{
    struct mr_store *store = kit_connect();

    (void)state;
    APPLY(store, 2, ROW("j1", "status\0RUNNING\0tenant\0t", 0), ROW("j2", "status\0RUNNING", 0));
    APPLY(store, 2,
          ROW("j1",
              "status\0SUCCEEDED\0ended\0"
              "9",
              0),
          ROW("j1",
              "ended\0"
              "10",
              0));
    assert_string_equal(kit_row_text(store, 2, "j1"), "ended=10 status=SUCCEEDED tenant=t");
    assert_string_equal(kit_row_text(store, 2, "j2"), "status=RUNNING");
    assert_string_equal(kit_row_text(store, 2, "j3"), "");
    assert_string_equal(kit_row_text(store, 1, "j1"), "");
    mr_store_free(store);
}

static void states_and_values_come_and_go(void **state)
{
    struct mr_store *store = kit_connect();

    (void)state;
    APPLY(store, 0, kit_op(MR_BATCH_RUN, "j", "{1}", NULL, 0),
          kit_op(MR_BATCH_VAL, "j", "big", "1", 0), kit_op(MR_BATCH_VAL, "j", "bigger", "2", 0));
    assert_string_equal(kit_load_text(store, 0, "j"), "run={1} vals=1:big 2:bigger");
    APPLY(store, 0, kit_op(MR_BATCH_RUN, "j", "{2}", NULL, 0),
          kit_op(MR_BATCH_VAL_DEL, "j", NULL, "1", 0));
    assert_string_equal(kit_load_text(store, 0, "j"), "run={2} vals=2:bigger");
    APPLY(store, 0, kit_op(MR_BATCH_RUN_DEL, "j", NULL, NULL, 0));
    assert_string_equal(kit_load_text(store, 0, "j"), "run=- vals=");
    APPLY(store, 0, kit_op(MR_BATCH_RUN, "k", "{1}", NULL, 0));
    APPLY(store, 0, kit_op(MR_BATCH_RUN_DEL, "k", NULL, NULL, MR_RUN_DEL_NO_VALUES));
    assert_string_equal(kit_load_text(store, 0, "k"), "run=- vals=");
    mr_store_free(store);
}

static void an_outbox_holds_what_is_still_to_be_sent(void **state)
{
    struct mr_store *store = kit_connect();

    (void)state;
    APPLY(store, 0, kit_op(MR_BATCH_OUT, "1:0", "task", NULL, 0),
          kit_op(MR_BATCH_OUT, "1:1", "event", NULL, 0), kit_op(MR_BATCH_OUT, "2:0", "x", NULL, 0));
    APPLY(store, 0, kit_op(MR_BATCH_OUT_DEL, "1:1", NULL, NULL, 0),
          kit_op(MR_BATCH_OUT_DEL, "none", NULL, NULL, 0));
    assert_string_equal(kit_outbox_text(store, 0), "1:0=task 2:0=x");
    mr_store_free(store);
}

static void the_last_word_about_a_thing_counts(void **state)
{
    struct mr_store *store = kit_connect();
    int64_t next;

    (void)state;
    APPLY(store, 0, kit_op(MR_BATCH_OUT, "sent", "x", NULL, 0),
          kit_op(MR_BATCH_OUT_DEL, "sent", NULL, NULL, 0),
          kit_op(MR_BATCH_OUT_DEL, "kept", NULL, NULL, 0),
          kit_op(MR_BATCH_OUT, "kept", "y", NULL, 0), kit_op(MR_BATCH_TIMER, "gone", NULL, NULL, 5),
          kit_op(MR_BATCH_TIMER_DEL, "gone", NULL, NULL, 0),
          kit_op(MR_BATCH_TIMER_DEL, "moved", NULL, NULL, 0),
          kit_op(MR_BATCH_TIMER, "moved", NULL, NULL, 7),
          kit_op(MR_BATCH_TIMER, "moved", NULL, NULL, 8),
          kit_op(MR_BATCH_RUN, "over", "{1}", NULL, 0), kit_op(MR_BATCH_VAL, "over", "v", "1", 0),
          kit_op(MR_BATCH_RUN_DEL, "over", NULL, NULL, 0),
          kit_op(MR_BATCH_RUN, "on", "{1}", NULL, 0), kit_op(MR_BATCH_VAL, "on", "old", "1", 0),
          kit_op(MR_BATCH_RUN_DEL, "on", NULL, NULL, 0), kit_op(MR_BATCH_RUN, "on", "{2}", NULL, 0),
          kit_op(MR_BATCH_VAL, "on", "new", "2", 0));
    assert_string_equal(kit_outbox_text(store, 0), "kept=y");
    assert_string_equal(kit_due_text(store, 0, 100, 10, &next), "moved=8");
    assert_string_equal(kit_load_text(store, 0, "over"), "run=- vals=");
    assert_string_equal(kit_load_text(store, 0, "on"), "run={2} vals=2:new");
    mr_store_free(store);
}

static void a_definition_is_kept_by_its_hash(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_buf text = {0};
    struct mr_error err;

    (void)state;
    APPLY(store, 5, kit_op(MR_BATCH_DEF, "0a1b", "{\"StartAt\":\"A\"}", NULL, 0));
    assert_int_equal(mr_store_def_get(store, 5, "0a1b", &text, &err), MR_OK);
    assert_string_equal(text.data, "{\"StartAt\":\"A\"}");
    assert_int_equal(mr_store_def_get(store, 5, "ffff", &text, &err), MR_NOT_FOUND);
    assert_non_null(strstr(err.text, "ffff"));
    mr_buf_release(&text);
    mr_store_free(store);
}

static void every_byte_comes_back(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_job_load load = {.job = "j", .want_run = true};
    struct mr_buf def = {0};
    char bytes[256];
    struct mr_batch_op ops[2];

    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    ops[0] = kit_op(MR_BATCH_RUN, "j", "", NULL, 0);
    ops[1] = kit_op(MR_BATCH_DEF, "\r\n$3", "", NULL, 0);
    ops[0].a = ops[1].a = bytes;
    ops[0].a_len = ops[1].a_len = sizeof bytes;
    kit_apply(store, 0, ops, 2);
    assert_int_equal(mr_store_load(store, 0, &load, 1, NULL), MR_OK);
    assert_int_equal(load.run.len, sizeof bytes);
    assert_memory_equal(load.run.data, bytes, sizeof bytes);
    assert_int_equal(mr_store_def_get(store, 0, "\r\n$3", &def, NULL), MR_OK);
    assert_memory_equal(def.data, bytes, sizeof bytes);
    mr_buf_release(&def);
    mr_job_load_release(&load);
    mr_store_free(store);
}

static void a_batch_of_thousands_is_one_step(void **state)
{
    enum { N = 5000 };
    struct mr_store *store = kit_connect();
    struct mr_batch_op *ops = calloc(5 * N, sizeof *ops);
    char(*names)[16] = calloc(N, sizeof *names);
    struct mr_job_load load;
    int64_t next;

    (void)state;
    assert_non_null(ops);
    assert_non_null(names);
    for (int i = 0; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "job-%d", i);
        ops[5 * i] = ROW(names[i], "status\0RUNNING\0sum\0s", 0);
        ops[5 * i + 1] = kit_op(MR_BATCH_RUN, names[i], names[i], NULL, 0);
        ops[5 * i + 2] = kit_op(MR_BATCH_OPEN, names[i], NULL, NULL, i + 1);
        ops[5 * i + 3] = kit_op(MR_BATCH_OUT, names[i], "task", NULL, 0);
        ops[5 * i + 4] = kit_op(MR_BATCH_TIMER, names[i], NULL, NULL, i + 1);
    }
    kit_apply(store, 0, ops, 5 * N);
    for (int i = 0; i < N; i++) {
        ops[2 * i] = kit_op(MR_BATCH_CLOSED, names[i], i % 2 ? "FAILED" : "SUCCEEDED", NULL, T + i);
        ops[2 * i + 1] = kit_op(MR_BATCH_OUT_DEL, names[i], NULL, NULL, 0);
    }
    kit_apply(store, 0, ops, 2 * (N - 1)); /* all but the last */
    assert_string_equal(kit_list_text(store, 0, "OPEN", INT64_MAX, 10), "job-4999=5000");
    assert_string_equal(kit_outbox_text(store, 0), "job-4999=task");
    assert_string_equal(kit_list_text(store, 0, "SUCCEEDED", INT64_MAX, 1), "job-4998=5998");
    assert_string_equal(kit_list_text(store, 0, "FAILED", INT64_MAX, 1), "job-4997=5997");
    assert_string_equal(kit_due_text(store, 0, 2, 10, &next), "job-0=1 job-1=2");
    assert_int_equal(next, 3);
    load = (struct mr_job_load){.job = "job-3000", .want_run = true};
    assert_int_equal(mr_store_load(store, 0, &load, 1, NULL), MR_OK);
    assert_string_equal(load.run.data, "job-3000");
    mr_job_load_release(&load);
    free(names);
    free(ops);
    mr_store_free(store);
}

/* ---- where jobs stand
 * ------------------------------------------------------------------------------ */

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

/* ---- time
 * -------------------------------------------------------------------------------------------- */

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

/* ---- what is no shard's own
 * ----------------------------------------------------------------------------- */

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

static void many_jobs_are_loaded_in_one_exchange(void **state)
{
    struct mr_store *store = kit_connect();
    struct mr_job_load jobs[] = {{.job = "a", .want_run = true},
                                 {.job = "b", .want_run = false},
                                 {.job = "none", .want_run = true},
                                 {.job = "c", .want_run = true}};

    (void)state;
    APPLY(store, 0,
          ROW("a",
              "status\0RUNNING\0sum\0"
              "aa",
              0),
          kit_op(MR_BATCH_RUN, "a", "{a}", NULL, 0), kit_op(MR_BATCH_VAL, "a", "x\r\ny", "7", 0),
          ROW("b", "status\0FAILED\0sum\0bb", 0), ROW("c", "status\0RUNNING\0sum\0cc", 0),
          kit_op(MR_BATCH_RUN, "c", "{c}", NULL, 0));
    assert_int_equal(mr_store_load(store, 0, jobs, 4, NULL), MR_OK);
    assert_true(jobs[0].has_row && jobs[0].has_run);
    assert_string_equal(jobs[0].status, "RUNNING");
    assert_string_equal(jobs[0].sum, "aa");
    assert_string_equal(jobs[0].run.data, "{a}");
    assert_int_equal(jobs[0].vals.len, 2 + 2 + 4);
    assert_memory_equal(jobs[0].vals.data,
                        "7\0"
                        "4\0x\r\ny",
                        8);
    assert_true(jobs[1].has_row && !jobs[1].has_run);
    assert_string_equal(jobs[1].status, "FAILED");
    assert_false(jobs[2].has_row || jobs[2].has_run);
    assert_string_equal(jobs[3].run.data, "{c}");
    assert_int_equal(jobs[3].vals.len, 0);
    for (size_t i = 0; i < 4; i++)
        mr_job_load_release(&jobs[i]);
    assert_int_equal(mr_store_load(store, 0, jobs, 0, NULL), MR_OK);
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

int store_contract_run(const struct store_contract *given)
{
#define CASE(name) cmocka_unit_test_setup(name, wiped)
    const struct CMUnitTest cases[] = {
        CASE(an_empty_shard_has_no_position),
        CASE(only_a_rebuild_may_start_a_shard),
        CASE(a_batch_is_applied_once),
        CASE(an_owner_that_was_overtaken_is_fenced),
        CASE(batches_under_way_are_answered_in_order),
        CASE(a_malformed_batch_is_refused_before_it_is_sent),
        CASE(a_row_grows_field_by_field),
        CASE(states_and_values_come_and_go),
        CASE(an_outbox_holds_what_is_still_to_be_sent),
        CASE(the_last_word_about_a_thing_counts),
        CASE(a_definition_is_kept_by_its_hash),
        CASE(every_byte_comes_back),
        CASE(a_batch_of_thousands_is_one_step),
        CASE(a_job_is_open_then_closed_then_open_again),
        CASE(one_batch_may_close_and_reopen),
        CASE(lists_are_newest_first_in_pages),
        CASE(closed_jobs_leave_the_lists_after_eight_days),
        CASE(a_closed_row_is_forgotten_in_time),
        CASE(a_reopened_row_is_not_forgotten),
        CASE(timers_are_given_when_due_earliest_first),
        CASE(a_lease_has_one_holder_until_it_ends),
        CASE(beats_tell_who_is_alive),
        CASE(config_keeps_the_newest_of_two_copiers),
        CASE(tries_of_one_place_are_counted_and_another_begins_anew),
        CASE(hints_are_written),
        CASE(many_jobs_are_loaded_in_one_exchange),
        CASE(a_server_that_forgot_everything_is_noticed),
    };

    contract = given;
    return cmocka_run_group_tests_name(given->driver, cases, NULL, NULL);
}
