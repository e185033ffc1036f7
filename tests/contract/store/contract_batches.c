/* contract_batches.c -- what a batch writes is there, all of it and to the byte, when it has
 * been applied. */
#include "tests/contract/store/store_contract_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum { T = 1000 }; /* some moment */

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

const struct CMUnitTest store_contract_batches[] = {
    STORE_CASE(a_row_grows_field_by_field),
    STORE_CASE(states_and_values_come_and_go),
    STORE_CASE(an_outbox_holds_what_is_still_to_be_sent),
    STORE_CASE(the_last_word_about_a_thing_counts),
    STORE_CASE(a_definition_is_kept_by_its_hash),
    STORE_CASE(every_byte_comes_back),
    STORE_CASE(a_batch_of_thousands_is_one_step),
    STORE_CASE(many_jobs_are_loaded_in_one_exchange),
};
const size_t store_contract_batches_count =
    sizeof store_contract_batches / sizeof store_contract_batches[0];
