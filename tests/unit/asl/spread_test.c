/* spread_test.c -- a Map in DISTRIBUTED mode: children, pages, batches, tolerances, results,
 * redrive. Every event is also applied to a twin decoded from the last encoding (play.c). */
#include "tests/unit/asl/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROCESSOR                                                                                  \
    "{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},"              \
    "\"StartAt\":\"I\",\"States\":{\"I\":{\"Type\":\"Pass\",\"End\":true}}}"
#define MAP(rest)                                                                                  \
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":" PROCESSOR rest     \
    ",\"End\":true},\"C\":{\"Type\":\"Pass\",\"End\":true}}}"
#define MAP_ONLY(rest)                                                                             \
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemProcessor\":" PROCESSOR rest     \
    ",\"End\":true}}}"
#define CATCH(name) ",\"Catch\":[{\"ErrorEquals\":[\"" name "\"],\"Next\":\"C\"}]"
#define READER(config)                                                                             \
    ",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{"             \
    "\"Bucket\":\"b\",\"Key.$\":\"$.key\"},\"ReaderConfig\":{\"InputType\":\"JSONL\"" config "}}"
#define WRITER                                                                                     \
    ",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\",\"Parameters\":{"           \
    "\"Bucket\":\"b\",\"Prefix\":\"out\"}}"

static void each_item_is_a_child_and_outputs_stand_in_order(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"ResultPath\":\"$.r\",\"ItemsPath\":\"$.items\""));
    play_start(&play, "{\"items\":[\"a\",\"b\",\"c\"]}");
    assert_int_equal(play.child_count, 3);
    assert_int_equal(play.task_count, 0);
    assert_where(&play, "M");
    assert_string_equal(play.children[1].input, "\"b\"");
    assert_int_equal(play.children[1].flow, 1);
    play_child_ok(&play, 2, "3");
    play_child_ok(&play, 0, "1");
    play_child_ok(&play, 1, "2");
    assert_output(&play, "{\"items\":[\"a\",\"b\",\"c\"],\"r\":[1,2,3]}");
    assert_string_equal(play.history.data,
                        "ExecutionStarted,MapStateEntered,MapStateStarted,MapRunStarted,"
                        "MapRunSucceeded,MapStateSucceeded,MapStateExited,ExecutionSucceeded");
    play_end(&play);
}

static void an_empty_map_needs_no_child(void **state)
{
    (void)state;
    play_expect(MAP_ONLY(""), "[]", "[]");
}

static void an_end_that_comes_twice_counts_once(void **state)
{
    struct play play;
    struct asl_event again = {.kind = ASL_EVENT_CHILD_OK, .items = 1};

    (void)state;
    play_begin(&play, MAP_ONLY(""));
    play_start(&play, "[1,2]");
    again.seq = play.children[0].seq;
    again.attempt = play.children[0].attempt;
    play_child_ok(&play, 0, "1");
    for (uint32_t index = 0; index < 9; index++) {
        again.index = index == 1 ? 0 : index; /* one that has ended, others that never were */
        play_event(&play, &again);
        assert_false(play.changed);
    }
    again.index = 1;
    again.attempt++; /* of another round */
    play_event(&play, &again);
    assert_false(play.changed);
    play_child_ok(&play, 1, "2");
    assert_output(&play, "[1,2]");
    play_end(&play);
}

static void a_selector_sees_the_item_its_index_and_key(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"ItemSelector\":{\"v.$\":\"$$.Map.Item.Value\",\"i.$\":"
                               "\"$$.Map.Item.Index\",\"k.$\":\"$$.Map.Item.Key\"}"));
    play_start(&play, "{\"x\":10,\"y\":20}");
    assert_int_equal(play.child_count, 2);
    assert_string_equal(play.children[0].input, "{\"v\":10,\"i\":0,\"k\":\"x\"}");
    assert_string_equal(play.children[1].input, "{\"v\":20,\"i\":1,\"k\":\"y\"}");
    play_end(&play);
}

static void a_selector_sees_where_the_items_come_from(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"ItemSelector\":{\"s.$\":\"$$.Map.Item.Source\"}"));
    play_start(&play, "[1]");
    assert_string_equal(play.children[0].input, "{\"s\":\"STATE_DATA\"}");
    play_end(&play);
    play_begin(&play, MAP_ONLY(READER("") ",\"ItemSelector\":{\"s.$\":\"$$.Map.Item.Source\"}"));
    play_start(&play, "{\"key\":\"in/x.jsonl\"}");
    play_ok(&play, "M", "{\"items\":[1]}");
    assert_string_equal(play.children[0].input, "{\"s\":\"S3://b/in/x.jsonl\"}");
    play_end(&play);
}

static void max_concurrency_bounds_the_children_in_flight(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"MaxConcurrency\":2"));
    play_start(&play, "[0,1,2,3,4]");
    assert_int_equal(play.child_count, 2);
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(play.child_count <= 2);
        play_child_ok(&play, i, "1");
    }
    assert_output(&play, "[1,1,1,1,1]");
    play_end(&play);
}

static void one_failure_fails_the_map_where_none_is_tolerated(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(CATCH("States.ExceedToleratedFailureThreshold")));
    play_start(&play, "[1,2,3]");
    play_child_fail(&play, 1, "E");
    assert_int_equal(play.child_count, 0);
    assert_int_equal(play.children_stopped, 2);
    assert_output(&play,
                  "{\"Error\":\"States.ExceedToleratedFailureThreshold\",\"Cause\":\"The specified "
                  "tolerated failure threshold was exceeded\"}");
    assert_non_null(strstr(play.history.data, "MapRunFailed,MapStateFailed"));
    play_end(&play);
}

static void failures_within_the_count_are_tolerated(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"ToleratedFailureCount\":1"));
    play_start(&play, "[1,2,3]");
    play_child_fail(&play, 1, "E");
    play_child_ok(&play, 0, "1");
    play_child_ok(&play, 2, "3");
    assert_output(&play, "[1,{\"Error\":\"E\",\"Cause\":\"E\"},3]");
    play_end(&play);
}

static void a_percentage_is_of_all_items(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"ToleratedFailurePercentage\":50"));
    play_start(&play, "[1,2,3,4]");
    play_child_fail(&play, 0, "E");
    play_child_fail(&play, 1, "E");
    assert_false(play.closed);
    play_child_fail(&play, 2, "E");
    assert_true(play.closed);
    assert_string_equal(asl_run_error(play.run), "States.ExceedToleratedFailureThreshold");
    play_end(&play);
}

static void tolerances_that_are_no_numbers_fail_before_the_map_run(void **state)
{
    static const char *const inputs[] = {"{\"i\":[0],\"t\":{}}", "{\"i\":[0],\"t\":\"no\"}",
                                         "{\"i\":[0],\"t\":100.1}", "{\"i\":[0]}"};
    struct play play;

    (void)state;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        play_begin(&play, MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ToleratedFailurePercentagePath\":"
                                   "\"$.t\""));
        play_start(&play, inputs[i]);
        assert_string_equal(asl_run_error(play.run), "States.Runtime");
        assert_string_equal(play.history.data,
                            "ExecutionStarted,MapStateEntered,MapStateStarted,ExecutionFailed");
        play_end(&play);
    }
}

static void a_batch_holds_items_and_batch_input(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ItemBatcher\":{\"MaxItemsPerBatch\":2,"
                               "\"BatchInput\":{\"f.$\":\"$.f\"}},\"ToleratedFailureCount\":1"));
    play_start(&play, "{\"i\":[1,2,3],\"f\":7}");
    assert_int_equal(play.child_count, 2);
    assert_string_equal(play.children[0].input, "{\"BatchInput\":{\"f\":7},\"Items\":[1,2]}");
    assert_string_equal(play.children[1].input, "{\"BatchInput\":{\"f\":7},\"Items\":[3]}");
    assert_int_equal(play.children[0].items, 2);
    play_child_fail(&play, 0, "E"); /* two items: more than one is tolerated */
    assert_string_equal(asl_run_error(play.run), "States.ExceedToleratedFailureThreshold");
    play_end(&play);
}

static void a_batch_is_closed_by_its_bytes(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"ItemBatcher\":{\"MaxInputBytesPerBatch\":40}"));
    play_start(&play, "[\"aaaaaaaaaa\",\"bbbbbbbbbb\",\"cccccccccc\",\"d\"]");
    assert_string_equal(play.children[0].input, "{\"Items\":[\"aaaaaaaaaa\",\"bbbbbbbbbb\"]}");
    assert_string_equal(play.children[1].input, "{\"Items\":[\"cccccccccc\",\"d\"]}");
    assert_int_equal(play.child_count, 2);
    play_end(&play);
}

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

static void a_redrive_runs_again_only_what_did_not_succeed(void **state)
{
    struct play play;
    struct asl_event stale = {.kind = ASL_EVENT_CHILD_FAILED, .items = 1, .index = 1};

    (void)state;
    play_begin(&play, MAP_ONLY(",\"MaxConcurrency\":3"));
    play_start(&play, "[1,2,3,4]");
    stale.seq = play.children[1].seq;
    stale.attempt = play.children[1].attempt;
    play_child_ok(&play, 0, "1"); /* the fourth begins */
    play_child_fail(&play, 1, "E");
    assert_true(play.closed);
    play_redrive(&play);
    assert_int_equal(play.child_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(play.children[i].again);
        assert_int_not_equal(play.children[i].index, 0);
        assert_int_equal(play.children[i].born, 1);
    }
    play_event(&play, &stale); /* its failure of before is told once more */
    assert_false(play.changed);
    for (uint32_t i = 1; i < 4; i++)
        play_child_ok(&play, i, "2");
    assert_output(&play, "[1,2,2,2]");
    play_end(&play);
}

static void a_map_whose_fields_came_to_nothing_is_entered_anew_by_a_redrive(void **state)
{
    static const char *const fields[] = {
        ",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Parameters\":{\"Key.$\":"
        "\"$.none\"},\"ReaderConfig\":{\"InputType\":\"JSON\"}}",
        ",\"ItemsPath\":\"$.i\",\"ResultWriter\":{\"Resource\":\"arn:aws:states:::s3:putObject\","
        "\"Parameters\":{\"Bucket.$\":\"$.none\"}}",
        ",\"ItemsPath\":\"$.i\",\"ItemBatcher\":{\"MaxItemsPerBatchPath\":\"$.none\"}",
        ",\"ItemsPath\":\"$.i\",\"ItemSelector\":{\"x.$\":\"$.none\"}",
    };
    char definition[1024];
    struct play play;

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        (void)snprintf(definition, sizeof definition, MAP_ONLY("%s"), fields[i]);
        play_begin(&play, definition);
        play_start(&play, "{\"i\":[1,2]}");
        assert_string_equal(asl_run_error(play.run),
                            i ? "States.Runtime" : "States.ItemReaderFailed");
        play_redrive(&play);
        assert_true(play.closed);
        assert_string_equal(asl_run_error(play.run),
                            i ? "States.Runtime" : "States.ItemReaderFailed");
        play_end(&play);
    }
}

/* JSONata's ItemSelector is evaluated for some items at a time, and never while a page is read. */
static void a_selector_in_jsonata_is_asked_for_the_items_that_come_next(void **state)
{
    static const char definition[] =
        "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\","
        "\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:getObject\",\"Arguments\":{\"Bucket\":"
        "\"b\","
        "\"Key\":\"k\"},\"ReaderConfig\":{\"InputType\":\"JSONL\"}},\"ItemBatcher\":{"
        "\"MaxItemsPerBatch\":2},\"ItemSelector\":{\"v\":\"{% $states.context.Map.Item.Value %}\"},"
        "\"ItemProcessor\":" PROCESSOR ",\"End\":true}}}";
    struct play play;

    (void)state;
    play_begin(&play, definition);
    play_start(&play, "{}");
    assert_int_equal(play.ask_count, 0);
    play_ok(&play, "M", "{\"items\":[1,2,3],\"cursor\":1}");
    assert_int_equal(play.task_count, 0); /* one thing at a time: first the selection */
    assert_int_equal(play.ask_count, 1);
    assert_non_null(strstr(play.asks[0].request, "\"items\":{\"first\":0,\"values\":[1,2],"
                                                 "\"source\":\"S3://b/k\"}"));
    play_answer(&play, "{\"chosen\":0,\"values\":[[10],[20]]}");
    assert_int_equal(play.child_count, 1);
    assert_string_equal(play.children[0].input, "{\"Items\":[{\"v\":10},{\"v\":20}]}");
    assert_int_equal(play.task_count, 1); /* a batch is not cut where a page ends */
    play_ok(&play, "M", "{\"items\":[4]}");
    assert_non_null(strstr(play.asks[0].request, "\"items\":{\"first\":2,\"values\":[3],"
                                                 "\"source\":\"S3://b/k\"}"));
    play_cancel(&play);
    assert_int_equal(play.ask_count, 0);
    play_redrive(&play);
    assert_int_equal(play.ask_count, 1);
    play_answer(&play, "{\"chosen\":0,\"values\":[[30]]}");
    assert_int_equal(play.ask_count, 1);
    play_answer(&play, "{\"chosen\":0,\"values\":[[40]]}");
    for (uint32_t i = 0; i < 3; i++)
        play_child_ok(&play, i, "1");
    assert_output(&play, "[1,1,1]");
    play_end(&play);
}

static void a_selector_in_jsonata_knows_the_keys_of_an_objects_items(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":"
               "\"Map\",\"ItemSelector\":{\"k\":\"{% $states.context.Map.Item.Key %}\"},"
               "\"ItemProcessor\":" PROCESSOR ",\"End\":true}}}");
    play_start(&play, "{\"a\":1,\"b \\\"\":[2]}");
    assert_non_null(strstr(play.asks[0].request,
                           "\"items\":{\"first\":0,\"values\":[1,[2]],\"keys\":[\"a\",\"b \\\"\"],"
                           "\"source\":\"STATE_DATA\"}"));
    play_end(&play);
}

static void a_selector_that_fails_fails_the_map(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play,
               "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":"
               "\"Map\",\"Items\":[1],\"ItemSelector\":{\"v\":\"{% $x %}\"},"
               "\"ItemProcessor\":" PROCESSOR ",\"End\":true}}}");
    play_start(&play, "{}");
    play_answer(&play, "{\"error\":\"States.QueryEvaluationError\",\"cause\":\"no\"}");
    assert_string_equal(asl_run_error(play.run), "States.QueryEvaluationError");
    assert_non_null(strstr(play.history.data, "MapRunFailed"));
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

static void a_retry_begins_with_new_children(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(",\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"],"
                               "\"IntervalSeconds\":1,\"MaxAttempts\":1}]"));
    play_start(&play, "[1,2]");
    play_child_fail(&play, 0, "E");
    assert_int_equal(play.child_count, 0);
    play_next_timer(&play);
    assert_int_equal(play.child_count, 2);
    assert_int_not_equal(play.children[0].born, 1);
    play_child_ok(&play, 0, "1");
    play_child_ok(&play, 1, "2");
    assert_output(&play, "[1,2]");
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
    play_end(&play);
}

/* 100,000 items in pages; what the run takes stays small. */
static void many_items_take_little_memory(void **state)
{
    enum { PAGE = 1000, PAGES = 100 };
    struct mr_buf page = {0};
    struct play play;
    size_t most = 0;

    (void)state;
    play_begin(&play, MAP_ONLY(READER("") WRITER));
    play.no_twin = true;
    play_start(&play, "{\"key\":\"k\"}");
    for (int p = 0; p < PAGES || play.child_count > 0;) {
        if (p < PAGES && play.task_count > 0 &&
            strcmp(play.tasks[0].resource, "millrace:map.read") == 0) {
            mr_buf_reset(&page);
            (void)mr_buf_add_str(&page, "{\"items\":[0");
            for (int i = 1; i < PAGE; i++)
                (void)mr_buf_addf(&page, ",%d", i);
            (void)mr_buf_add_str(&page, ++p < PAGES ? "],\"cursor\":1}" : "]}");
            play_ok(&play, "M", page.data);
        } else if (play.task_count > 0) {
            play_ok(&play, "M", "{}");
        } else if (play.timer_count > 0) {
            play_next_timer(&play);
        }
        while (play.child_count > 500)
            play_child_ok(&play, play.children[play.child_count - 1].index,
                          "{\"Status\":\"SUCCEEDED\",\"Output\":\"0\"}");
        if (p == PAGES && play.task_count == 0 && play.child_count > 0)
            play_child_ok(&play, play.children[0].index, "{\"Status\":\"SUCCEEDED\"}");
        most = asl_run_bytes(play.run) > most ? asl_run_bytes(play.run) : most;
    }
    while (!play.closed)
        play_ok(&play, "M", "{\"done\":true}");
    assert_output(&play, "{\"done\":true}");
    assert_true(most < 4 << 20);
    mr_buf_release(&page);
    play_end(&play);
}

static void outputs_of_many_children_are_sealed_in_blocks(void **state)
{
    enum { ITEMS = 2500 };
    struct mr_buf items = {0};
    struct play play;

    (void)state;
    play_begin(&play, MAP_ONLY(""));
    play.no_twin = true;
    (void)mr_buf_add_str(&items, "[0");
    for (int i = 1; i < ITEMS; i++)
        (void)mr_buf_addf(&items, ",%d", i);
    (void)mr_buf_add_char(&items, ']');
    play_start(&play, items.data);
    assert_int_equal(play.child_count, 1000);
    assert_int_equal(play.timer_count, 1);
    play_next_timer(&play);
    play_next_timer(&play);
    assert_int_equal(play.child_count, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        char number[16];

        (void)snprintf(number, sizeof number, "%u", ITEMS - 1 - i);
        play.no_twin = i % 250 != 0; /* now and then through the encoding, open blocks and sealed */
        if (!play.no_twin)
            play_sync(&play);
        play_child_ok(&play, ITEMS - 1 - i, number);
    }
    assert_output(&play, items.data);
    mr_buf_release(&items);
    play_end(&play);
}

/* Its cause begins with the state, as every fault in one. */
static void assert_cause_ends(struct play *play, const char *end)
{
    const char *cause = asl_run_cause(play->run);

    if (strlen(cause) < strlen(end) || strcmp(cause + strlen(cause) - strlen(end), end) != 0)
        fail_msg("'%s' does not end in '%s'", cause, end);
}

static void a_field_that_comes_to_nothing_good_fails_before_the_map_run(void **state)
{
    static const struct {
        const char *definition, *input, *cause;
    } bad[] = {
        {MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ToleratedFailureCountPath\":\"$.n\""),
         "{\"i\":[1],\"n\":{}}",
         "The ToleratedFailureCountPath field refers to value \"{}\" which is not a valid integer: "
         "$.n"},
        {MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ToleratedFailureCountPath\":\"$.n\""),
         "{\"i\":[1],\"n\":-1}", "ToleratedFailureCount cannot be negative."},
        {MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ToleratedFailurePercentagePath\":\"$.n\""),
         "{\"i\":[1],\"n\":\"x\"}",
         "The ToleratedFailurePercentagePath field refers to value \"x\" which is not a valid "
         "float: $.n"},
        {MAP_ONLY(",\"ItemsPath\":\"$.i\",\"ItemBatcher\":{\"MaxItemsPerBatchPath\":\"$.n\"}"),
         "{\"i\":[1]}",
         "The MaxItemsPerBatchPath parameter does not reference an input value: $.n"},
    };
    struct play play;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        play_begin(&play, bad[i].definition);
        play_start(&play, bad[i].input);
        assert_true(play.closed);
        assert_string_equal(asl_run_error(play.run), "States.Runtime");
        assert_cause_ends(&play, bad[i].cause);
        assert_string_equal(play.history.data,
                            "ExecutionStarted,MapStateEntered,MapStateStarted,ExecutionFailed");
        play_end(&play);
    }
}

/* Its run has begun, and the failure is the reader's, which can be caught. */
static void a_reader_that_comes_to_nothing_is_found_by_the_map_run(void **state)
{
    static const char *const bad[][2] = {
        {"", "The JSONPath '$.key' specified for the field 'Key.$' could not be found in the input "
             "'{\"n\":1.5}'"},
        {"\"key\":\"k\",",
         "The MaxItemsPath field refers to value \"1.5\" which is not a valid integer: $.n"},
    };
    char input[64];
    struct play play;

    (void)state;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(input, sizeof(input), "{%s\"n\":1.5}", bad[i][0]);
        play_begin(&play, MAP_ONLY(READER(",\"MaxItemsPath\":\"$.n\"")));
        play_start(&play, input);
        assert_string_equal(asl_run_error(play.run), "States.ItemReaderFailed");
        assert_cause_ends(&play, bad[i][1]);
        assert_non_null(
            strstr(play.history.data, "MapRunStarted,MapRunFailed,MapStateFailed,ExecutionFailed"));
        play_end(&play);
    }
}

static void a_reader_may_ask_for_more_items_than_there_may_be(void **state)
{
    struct play play;

    (void)state;
    for (int i = 0; i < 2; i++) {
        play_begin(&play, MAP_ONLY(READER(",\"MaxItemsPath\":\"$.n\"")));
        play_start(&play,
                   i ? "{\"key\":\"k\",\"n\":5000000000}" : "{\"key\":\"k\",\"n\":100000000}");
        assert_int_equal(play.task_count, 1);
        assert_non_null(strstr(play.tasks[0].input, "\"MaxItems\":100000000}"));
        play_end(&play);
    }
}

static void less_items_than_none_is_found_by_the_map_run(void **state)
{
    struct play play;

    (void)state;
    play_begin(&play, MAP(READER(",\"MaxItemsPath\":\"$.n\"") CATCH("States.ItemReaderFailed")));
    play_start(&play, "{\"key\":\"k\",\"n\":-1}");
    assert_output(&play,
                  "{\"Error\":\"States.ItemReaderFailed\",\"Cause\":\"field MaxItems must be "
                  "positive\"}");
    assert_non_null(strstr(play.history.data, "MapRunStarted,MapRunFailed,MapStateFailed"));
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_a_child_and_outputs_stand_in_order),
        cmocka_unit_test(an_empty_map_needs_no_child),
        cmocka_unit_test(an_end_that_comes_twice_counts_once),
        cmocka_unit_test(a_selector_sees_the_item_its_index_and_key),
        cmocka_unit_test(a_selector_sees_where_the_items_come_from),
        cmocka_unit_test(max_concurrency_bounds_the_children_in_flight),
        cmocka_unit_test(one_failure_fails_the_map_where_none_is_tolerated),
        cmocka_unit_test(a_field_that_comes_to_nothing_good_fails_before_the_map_run),
        cmocka_unit_test(a_reader_that_comes_to_nothing_is_found_by_the_map_run),
        cmocka_unit_test(a_reader_may_ask_for_more_items_than_there_may_be),
        cmocka_unit_test(less_items_than_none_is_found_by_the_map_run),
        cmocka_unit_test(failures_within_the_count_are_tolerated),
        cmocka_unit_test(a_percentage_is_of_all_items),
        cmocka_unit_test(tolerances_that_are_no_numbers_fail_before_the_map_run),
        cmocka_unit_test(a_batch_holds_items_and_batch_input),
        cmocka_unit_test(a_batch_is_closed_by_its_bytes),
        cmocka_unit_test(pages_are_read_one_ahead_and_never_taken_twice),
        cmocka_unit_test(what_a_reader_says_is_an_item_reader_failure),
        cmocka_unit_test(results_are_written_and_the_manifest_is_the_result),
        cmocka_unit_test(a_map_that_fails_still_writes_what_there_is),
        cmocka_unit_test(a_map_that_fails_writes_what_it_did_not_start),
        cmocka_unit_test(pending_batches_are_of_what_was_read),
        cmocka_unit_test(what_a_writer_says_is_a_result_writer_failure),
        cmocka_unit_test(a_redrive_runs_again_only_what_did_not_succeed),
        cmocka_unit_test(a_map_whose_fields_came_to_nothing_is_entered_anew_by_a_redrive),
        cmocka_unit_test(a_selector_in_jsonata_knows_the_keys_of_an_objects_items),
        cmocka_unit_test(a_selector_in_jsonata_is_asked_for_the_items_that_come_next),
        cmocka_unit_test(a_selector_that_fails_fails_the_map),
        cmocka_unit_test(a_cancel_ends_children_and_the_page_under_way),
        cmocka_unit_test(a_retry_begins_with_new_children),
        cmocka_unit_test(outputs_beyond_a_states_limit_fail_it_at_its_end),
        cmocka_unit_test(many_items_take_little_memory),
        cmocka_unit_test(outputs_of_many_children_are_sealed_in_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
