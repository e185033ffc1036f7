/* children_test.c -- each item of a distributed Map is a job of its own, and what they come to
 * is what the Map comes to. */
#include "tests/flow/cluster/children_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void each_item_is_a_job_of_its_own(void **state)
{
    struct flow flow;
    uint32_t shards = 0;

    (void)state;
    flow_setup(&flow, 1);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(""), "[\"a\",\"b\",\"c\",\"d\"]");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[\"a\",\"b\",\"c\",\"d\"]");
    assert_int_equal(flow.tasks_seen, 4);
    assert_int_equal(flow.notices, 1); /* of the job, not of its items */
    assert_int_equal(flow.letters, 0);
    for (uint32_t i = 0; i < 4; i++) {
        const char *id = children_id("job-1", i);

        assert_string_equal(flow_row(&flow, id, "status"), "SUCCEEDED");
        assert_string_equal(flow_row(&flow, id, "parent"), "job-1");
        shards |= 1u << mr_shard_of(id, strlen(id), 2);
    }
    assert_int_equal(shards, 3); /* some on each: the definition went to both logs */
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void a_workflow_by_name_has_children_too_and_they_have_children(void **state)
{
    static const char inner[] =
        "{\"StartAt\":\"N\",\"States\":{\"N\":{\"Type\":\"Map\",\"ItemProcessor\":{"
        "\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"STANDARD\"},"
        "\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\"," PROCESSOR ",\"End\":true}}},"
        "\"End\":true}}}";
    struct flow flow;

    (void)state;
    flow_setup(&flow, 2);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", inner, "[[1,2],[],[3]]");
    assert_true(flow_run(&flow, "job-1", 40000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[[1,2],[],[3]]");
    assert_int_equal(flow.tasks_seen, 3);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void one_failed_item_fails_the_map_and_cancels_the_others(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 3);
    flow.refused = "bad";
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(",\"MaxConcurrency\":2"), "[\"bad\",\"b\",\"c\",\"d\"]");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"),
                        "States.ExceedToleratedFailureThreshold");
    assert_string_equal(flow_row(&flow, children_id("job-1", 0), "error"), "Item.Refused");
    assert_int_equal(flow.letters, 1); /* of the job, with the item's error in its chain */
    assert_non_null(strstr(flow.last_letter, "Item.Refused"));
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void many_items_come_in_pages_and_go_in_parts(void **state)
{
    enum { ITEMS = 3000 };
    struct mr_buf lines = {0};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 11);
    flow.config.batch_max = 2000;
    flow.config.outstanding_max = 2000;
    for (int i = 0; i < ITEMS; i++)
        (void)mr_buf_addf(&lines, "{\"n\":%d,\"pad\":\"%0400d\"}\n", i, i);
    children_store(&flow, "k", lines.data);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", MAP(READER WRITER), "{}");
    assert_true(flow_run(&flow, "job-1", 600000));
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_int_equal(flow.tasks_seen, ITEMS);
    assert_true(cJSON_GetArraySize(flow.stored) > 3); /* several parts and the manifest */
    assert_int_equal(flow_outbox(&flow), 0);
    mr_buf_release(&lines);
    flow_teardown(&flow);
}

/* LOAD_AND_FLATTEN: the items of all listed objects, one after the other. */
static void the_items_of_listed_objects_are_children_of_one_map(void **state)
{
    static const char definition[] =
        MAP(",\"ItemReader\":{\"Resource\":\"arn:aws:states:::s3:listObjectsV2\",\"Parameters\":{"
            "\"Bucket\":\"b\",\"Prefix\":\"in/\"},\"ReaderConfig\":{\"Transformation\":"
            "\"LOAD_AND_FLATTEN\",\"InputType\":\"JSONL\"}}");
    static const char *const bodies[] = {"1\n2\n", "", "[3]\n"};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 33);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char key[8];

        (void)snprintf(key, sizeof key, "in/%zu", i);
        children_store(&flow, key, bodies[i]);
    }
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", definition, "{}");
    assert_true(flow_run(&flow, "job-1", 30000));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "[1,2,[3]]");
    assert_int_equal(flow.tasks_seen, 3);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_a_job_of_its_own),
        cmocka_unit_test(a_workflow_by_name_has_children_too_and_they_have_children),
        cmocka_unit_test(one_failed_item_fails_the_map_and_cancels_the_others),
        cmocka_unit_test(the_items_of_listed_objects_are_children_of_one_map),
        cmocka_unit_test(many_items_come_in_pages_and_go_in_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
