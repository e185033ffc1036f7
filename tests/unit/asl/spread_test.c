/* spread_test.c -- a Map in DISTRIBUTED mode: children, batches, tolerances, outputs, redrive.
 * Every event is also applied to a twin decoded from the last encoding (play.c). */
#include "tests/unit/asl/spread_kit.h"

#include <stdio.h>
#include <string.h>

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
        cmocka_unit_test(failures_within_the_count_are_tolerated),
        cmocka_unit_test(a_percentage_is_of_all_items),
        cmocka_unit_test(a_batch_holds_items_and_batch_input),
        cmocka_unit_test(a_batch_is_closed_by_its_bytes),
        cmocka_unit_test(a_redrive_runs_again_only_what_did_not_succeed),
        cmocka_unit_test(a_selector_in_jsonata_is_asked_for_the_items_that_come_next),
        cmocka_unit_test(a_selector_in_jsonata_knows_the_keys_of_an_objects_items),
        cmocka_unit_test(a_retry_begins_with_new_children),
        cmocka_unit_test(many_items_take_little_memory),
        cmocka_unit_test(outputs_of_many_children_are_sealed_in_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
