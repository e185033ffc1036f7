/* spread_pages_test.c -- what a Map in DISTRIBUTED mode reads and writes: pages of items, parts of
 * results, pending ones, and what its reader and writer say.  See spread_test.c. */
#include "tests/unit/asl/spread_kit.h"

#include <string.h>

static void pages_are_read_one_ahead_and_never_taken_twice(void **state)
{
    struct play play;
    struct asl_event late = {.kind = ASL_EVENT_TASK_OK};
    cJSON *page = cJSON_Parse("{\"items\":[9,9]}");

    (void)state;
    play_begin(&play, MAP_ONLY(READER("") ",\"MaxConcurrency\":1"));
    play_start(&play, "{\"key\":\"k\"}");
    assert_int_equal(play.child_count, 0);
    assert_string_equal(play.tasks[0].resource, "millrace:map.read");
    assert_string_equal(
        play.tasks[0].input,
        "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Bucket\":"
        "\"b\",\"Key\":\"k\"},\"ReaderConfig\":{\"InputType\":\"JSONL\"}}");
    late.seq = play.tasks[0].seq;
    late.attempt = play.tasks[0].attempt;
    late.data = page;
    play_ok(&play, "M", "{\"items\":[1,2],\"cursor\":{\"at\":5}}");
    assert_int_equal(play.task_count, 1);
    assert_non_null(strstr(play.tasks[0].input, "\"cursor\":{\"at\":5}"));
    play_event(&play, &late); /* the first page once more */
    assert_false(play.changed);
    play_ok(&play, "M", "{\"items\":[3],\"cursor\":6}");
    assert_int_equal(play.task_count, 0); /* two pages are here: no third */
    play_child_ok(&play, 0, "1");         /* the last of the first page begins */
    assert_int_equal(play.task_count, 1);
    play_child_ok(&play, 1, "2");
    assert_string_equal(play.children[0].input, "3");
    play_child_ok(&play, 2, "3");
    assert_false(play.closed);
    play_ok(&play, "M", "{\"items\":[]}");
    assert_output(&play, "[1,2,3]");
    cJSON_Delete(page);
    play_end(&play);
}

static void what_a_reader_says_is_an_item_reader_failure(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(READER("") CATCH("States.ItemReaderFailed")));
    play_start(&play, "{\"key\":\"k\"}");
    play_fail(&play, "M", "Blob.NotFound", "there is no k");
    assert_output(&play, "{\"Error\":\"States.ItemReaderFailed\",\"Cause\":\"there is no k\"}");
    play_end(&play);
    play_begin(&play, MAP_ONLY(READER(",\"MaxItemsPath\":\"$.n\"")));
    play_start(&play, "{\"key\":\"k\",\"n\":-1}");
    assert_string_equal(asl_run_error(play.run), "States.ItemReaderFailed");
    assert_string_equal(asl_run_cause(play.run), "field MaxItems must be positive");
    assert_string_equal(play.history.data,
                        "ExecutionStarted,MapStateEntered,MapStateStarted,MapRunStarted,"
                        "MapRunFailed,MapStateFailed,ExecutionFailed");
    play_end(&play);
}

static void results_are_written_and_the_manifest_is_the_result(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(WRITER ",\"ToleratedFailureCount\":1"));
    play_start(&play, "[1,2]");
    assert_true(play.children[0].record);
    play_child_ok(&play, 1, "{\"Status\":\"SUCCEEDED\"}");
    assert_int_equal(play.task_count, 0); /* little waits yet */
    play_child_fail(&play, 0, "E");
    assert_string_equal(play.tasks[0].resource, "millrace:map.write");
    assert_non_null(strstr(play.tasks[0].input,
                           "\"part\":0,\"results\":[{\"Status\":\"SUCCEEDED\"},{\"Error\":\"E\","));
    play_ok(&play, "M", "{}");
    assert_non_null(strstr(play.tasks[0].input, "\"finish\":true"));
    /* Definitions take the part behind the seventh ':'; StringSplit skips what is empty. */
    assert_non_null(
        strstr(play.tasks[0].input, "\"MapRunArn\":\"arn:aws:states:local:000000000000:mapRun:"));
    play_ok(&play, "M", "{\"MapRunArn\":\"a\"}");
    assert_output(&play, "{\"MapRunArn\":\"a\"}");
    play_end(&play);
}

static void a_map_that_fails_still_writes_what_there_is(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(WRITER));
    play_start(&play, "[1,2,3]");
    play_child_ok(&play, 1, "{\"Status\":\"SUCCEEDED\"}");
    play_child_fail(&play, 0, "E");
    assert_int_equal(play.children_stopped, 1);
    assert_int_equal(play.task_count, 0); /* the one that was stopped has a record, too */
    assert_int_equal(play.child_count, 1);
    play_child_fail(&play, 2, "States.Aborted");
    assert_non_null(strstr(play.tasks[0].input, "{\"Error\":\"E\""));
    assert_non_null(strstr(play.tasks[0].input, "{\"Error\":\"States.Aborted\""));
    assert_false(play.closed);
    play_ok(&play, "M", "{}");
    play_ok(&play, "M", "{\"MapRunArn\":\"a\"}");
    assert_string_equal(asl_run_error(play.run), "States.ExceedToleratedFailureThreshold");
    play_redrive(&play);
    assert_int_equal(play.child_count, 2);
    play_child_ok(&play, 0, "{\"Status\":\"SUCCEEDED\"}");
    play_child_ok(&play, 2, "{\"Status\":\"SUCCEEDED\"}");
    play_ok(&play, "M", "{}");
    play_ok(&play, "M", "{\"MapRunArn\":\"b\"}");
    assert_output(&play, "{\"MapRunArn\":\"b\"}");
    play_end(&play);
}

/* One that succeeds before the word reaches it has succeeded: no redrive runs it again. */
static void what_succeeds_although_it_was_stopped_is_kept(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(WRITER));
    play_start(&play, "[1,2]");
    play_child_fail(&play, 0, "E");
    play_child_ok(&play, 1, "{\"Status\":\"SUCCEEDED\"}");
    play_ok(&play, "M", "{}");
    play_ok(&play, "M", "{\"MapRunArn\":\"a\"}");
    assert_true(play.closed);
    play_redrive(&play);
    assert_int_equal(play.child_count, 1);
    assert_int_equal(play.children[0].index, 0);
    play_child_ok(&play, 0, "{\"Status\":\"SUCCEEDED\"}");
    play_ok(&play, "M", "{}");
    play_ok(&play, "M", "{\"MapRunArn\":\"b\"}");
    assert_output(&play, "{\"MapRunArn\":\"b\"}");
    play_end(&play);
}

/* Whoever ends the job meanwhile ends the wait: nothing is told to end twice. */
static void a_job_that_is_cancelled_does_not_wait_for_what_was_stopped(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(WRITER));
    play_start(&play, "[1,2,3]");
    play_child_fail(&play, 0, "E");
    assert_int_equal(play.children_stopped, 2);
    play_cancel(&play);
    assert_int_equal(play.children_stopped, 2);
    assert_true(play.closed);
    play_end(&play);
}

/* AWS's PENDING files: what was read and not started when the Map failed; a redrive goes on with
 * it, and its manifest is told where its own failures begin. */
static void a_map_that_fails_writes_what_it_did_not_start(void **state)
{
    struct play play;
    const char *input;

    (void)state;
    play_begin(&play, MAP_ONLY(WRITER ",\"MaxConcurrency\":1,\"ItemSelector\":{\"v.$\":"
                                      "\"$$.Map.Item.Value\",\"i.$\":\"$$.Map.Item.Index\"}"));
    play_start(&play, "[1,2,3]");
    play_child_fail(&play, 0, "E");
    input = play.tasks[0].input;
    assert_non_null(strstr(input, "{\"Input\":\"{\\\"v\\\":2,\\\"i\\\":1}\",\"InputDetails\":{"
                                  "\"Included\":true},\"StateMachineArn\":\""));
    assert_non_null(strstr(input, "{\\\"v\\\":3,\\\"i\\\":2}"));
    assert_null(strstr(input, "{\\\"v\\\":1,"));
    assert_non_null(strstr(input, "\"Status\":\"PENDING\""));
    play_ok(&play, "M", "{}");
    assert_null(strstr(play.tasks[0].input, "\"since\""));
    play_ok(&play, "M", "{\"MapRunArn\":\"a\"}");
    assert_string_equal(asl_run_error(play.run), "States.ExceedToleratedFailureThreshold");
    play_redrive(&play);
    for (uint32_t i = 0; i < 3; i++)
        play_child_ok(&play, i, "{\"Status\":\"SUCCEEDED\"}");
    assert_null(strstr(play.tasks[0].input, "PENDING"));
    play_ok(&play, "M", "{}");
    assert_non_null(strstr(play.tasks[0].input, "\"finish\":true,\"since\":1}"));
    play_ok(&play, "M", "{\"MapRunArn\":\"b\"}");
    assert_output(&play, "{\"MapRunArn\":\"b\"}");
    play_end(&play);
}

/* Both pages that are here, in batches, through an encoding; what is not read is in no file. */
static void pending_batches_are_of_what_was_read(void **state)
{
    struct play play;
    const char *input;

    (void)state;
    play_begin(&play, MAP_ONLY(READER("") WRITER
                               ",\"MaxConcurrency\":1,\"ItemBatcher\":{\"MaxItemsPerBatch\":2,"
                               "\"BatchInput\":{\"b\":9}}"));
    play_start(&play, "{\"key\":\"k\"}");
    play_ok(&play, "M", "{\"items\":[1,2,3,4],\"cursor\":1}");
    play_ok(&play, "M", "{\"items\":{\"k\":5},\"cursor\":2}");
    play_child_fail(&play, 0, "E");
    input = play.tasks[play.task_count - 1].input;
    assert_non_null(strstr(input, "{\\\"BatchInput\\\":{\\\"b\\\":9},\\\"Items\\\":[3,4]}"));
    assert_non_null(strstr(input, "[{\\\"Key\\\":\\\"k\\\",\\\"Value\\\":5}]"));
    play_ok(&play, "M", "{}");
    play_ok(&play, "M", "{\"MapRunArn\":\"a\"}");
    assert_true(play.closed);
    play_end(&play);
}

static void what_a_writer_says_is_a_result_writer_failure(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(WRITER CATCH("States.ResultWriterFailed")));
    play_start(&play, "[1]");
    play_child_ok(&play, 0, "{}");
    play_fail(&play, "M", "Blob.Denied", "no");
    assert_output(&play, "{\"Error\":\"States.ResultWriterFailed\",\"Cause\":\"no\"}");
    play_end(&play);
}

static void a_cancel_ends_children_and_the_page_under_way(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(READER("")));
    play_start(&play, "{\"key\":\"k\"}");
    play_ok(&play, "M", "{\"items\":[1,2],\"cursor\":1}");
    play_cancel(&play);
    assert_int_equal(play.children_stopped, 2);
    assert_int_equal(play.stopped, 1);
    play_redrive(&play);
    assert_int_equal(play.child_count, 2);
    assert_int_equal(play.task_count, 1);
    play_ok(&play, "M", "{\"items\":[3]}");
    for (uint32_t i = 0; i < 3; i++)
        play_child_ok(&play, i, "1");
    assert_output(&play, "[1,1,1]");
    play_end(&play);
}

static void outputs_beyond_a_states_limit_fail_it_at_its_end(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(""));
    play.env.data_max = 64;
    play_start(&play, "[1,2,3]");
    play_child_ok(&play, 0, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
    play_child_ok(&play, 1, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
    assert_false(play.closed);
    play_child_ok(&play, 2, "1");
    assert_string_equal(asl_run_error(play.run), "States.DataLimitExceeded");
    assert_string_equal(asl_run_cause(play.run),
                        "The state/task 'M' returned a result with a size exceeding the maximum "
                        "number of bytes service limit.");
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_read_one_ahead_and_never_taken_twice),
        cmocka_unit_test(what_a_reader_says_is_an_item_reader_failure),
        cmocka_unit_test(results_are_written_and_the_manifest_is_the_result),
        cmocka_unit_test(what_succeeds_although_it_was_stopped_is_kept),
        cmocka_unit_test(a_job_that_is_cancelled_does_not_wait_for_what_was_stopped),
        cmocka_unit_test(a_map_that_fails_still_writes_what_there_is),
        cmocka_unit_test(a_map_that_fails_writes_what_it_did_not_start),
        cmocka_unit_test(pending_batches_are_of_what_was_read),
        cmocka_unit_test(what_a_writer_says_is_a_result_writer_failure),
        cmocka_unit_test(a_cancel_ends_children_and_the_page_under_way),
        cmocka_unit_test(outputs_beyond_a_states_limit_fail_it_at_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
