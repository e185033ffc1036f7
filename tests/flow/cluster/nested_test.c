/* nested_test.c -- workflows that start workflows, and Resources as Step Functions writes them, on
 * simulated ports and virtual time. */
#include "orchestrator/child.h"
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TASK(resource, rest)                                                                       \
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"" resource "\"" rest   \
    ",\"End\":true}}}"

static const char *child_id(const char *parent)
{
    static char id[MR_JOB_ID_MAX + 1];

    oc_child_id(parent, 1, 1, 0, id);
    return id;
}

static void run(struct flow *flow, const char *definition, const char *input)
{
    flow_start(flow, 0);
    flow_submit(flow, "job-1", definition, input);
    assert_true(flow_run(flow, "job-1", 60000));
    flow_settle(flow);
}

static void expect_part(struct flow *flow, const char *field, const char *part)
{
    const char *text = flow_row(flow, "job-1", field);

    if (!strstr(text, part))
        fail_msg("%s is \"%s\", without \"%s\"", field, text, part);
}

static void a_nested_workflow_is_waited_for_and_answers_as_in_aws(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 1);
    flow_put_workflow(&flow, "inner", flow_one_task);
    run(&flow, TASK("arn:aws:states:::states:startExecution.sync:2", ""),
        "{\"StateMachineArn\":\"arn:aws:states:eu-west-1:1:stateMachine:inner\",\"Input\":{\"x\":1}"
        "}");
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    expect_part(&flow, "output", "\"Output\":{\"x\":1}");
    expect_part(&flow, "output", "\"Status\":\"SUCCEEDED\"");
    expect_part(&flow, "output",
                "\"RedriveCount\":0,\"RedriveStatus\":\"NOT_REDRIVABLE\",\"RedriveStatusReason\":"
                "\"Execution is SUCCEEDED and cannot be redriven\"");
    expect_part(&flow, "output", child_id("job-1"));
    assert_string_equal(flow_row(&flow, child_id("job-1"), "workflow"), "inner");
    assert_string_equal(flow_row(&flow, child_id("job-1"), "parent"), "job-1");
    assert_int_equal(flow.notices, 2); /* a nested workflow is told of, unlike an item */
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void sync_gives_text_and_the_plain_form_does_not_wait(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 2);
    flow_put_workflow(&flow, "inner", flow_one_task);
    run(&flow, TASK("millrace:job.start.sync", ""), "{\"workflow\":\"inner\",\"input\":[1]}");
    expect_part(&flow, "output", "\"Output\":\"[1]\"");
    flow_teardown(&flow);

    flow_setup(&flow, 3);
    flow_put_workflow(&flow, "inner", flow_wait);
    run(&flow, TASK("millrace:job.start", ""), "{\"workflow\":\"inner\"}");
    expect_part(&flow, "output", "\"ExecutionArn\":");
    assert_string_equal(flow_row(&flow, child_id("job-1"), "status"), "RUNNING");
    assert_true(flow_run(&flow, child_id("job-1"), 20000));
    assert_string_equal(flow_row(&flow, child_id("job-1"), "status"), "SUCCEEDED");
    flow_settle(&flow);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void a_nested_failure_fails_its_task_with_the_record_in_the_cause(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 4);
    flow.worker_fails = 1;
    flow_put_workflow(&flow, "inner", flow_one_task);
    run(&flow, TASK("millrace:job.start.sync", ""), "{\"workflow\":\"inner\"}");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.TaskFailed");
    expect_part(&flow, "cause", "\"Error\":\"Image.Crashed\"");
    expect_part(&flow, "cause", "\"RedriveStatus\":\"REDRIVABLE\",\"StartDate\"");
    flow_teardown(&flow);
}

static void what_is_not_there_is_named(void **state)
{
    static const char *const cases[][3] = {
        {"{\"workflow\":\"nobody\"}", "StepFunctions.StateMachineDoesNotExistException", "nobody"},
        {"{}", "States.Runtime", "/StateMachineArn"},
        {"{\"StateMachineArn\":\"inner\",\"Input\":\"{\"}", "States.Runtime", "/Input"},
    };
    struct flow flow;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flow_setup(&flow, 5);
        flow_put_workflow(&flow, "inner", flow_one_task);
        run(&flow, TASK("millrace:job.start.sync", ""), cases[i][0]);
        assert_string_equal(flow_row(&flow, "job-1", "error"), cases[i][1]);
        expect_part(&flow, "cause", cases[i][2]);
        flow_teardown(&flow);
    }
}

static void a_workflow_that_starts_itself_comes_to_an_end(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 6);
    flow_put_workflow(&flow, "inner", TASK("millrace:job.start.sync", ""));
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1",
                TASK("millrace:job.start.sync", ",\"Parameters\":{\"workflow\":"
                                                "\"loop\"}"),
                "{}");
    flow_put_workflow(&flow, "loop",
                      TASK("millrace:job.start.sync", ",\"Parameters\":{\"workflow\":"
                                                      "\"loop\"}"));
    flow_settle(&flow);
    assert_true(flow_run(&flow, "job-1", 120000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    flow_teardown(&flow);
}

static void a_time_out_or_a_cancel_ends_the_nested_workflow(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 7);
    flow_put_workflow(&flow, "inner", flow_wait);
    run(&flow, TASK("millrace:job.start.sync", ",\"TimeoutSeconds\":2"),
        "{\"workflow\":\"inner\"}");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.Timeout");
    assert_string_equal(flow_row(&flow, child_id("job-1"), "status"), "ABORTED");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void a_job_started_with_a_token_waits_for_the_token(void **state)
{
    char text[400];
    struct flow flow;
    const struct oc_job *job;
    char token[MR_TOKEN_MAX + 1];

    (void)state;
    flow_setup(&flow, 8);
    flow_put_workflow(&flow, "inner", flow_one_task);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1",
                TASK("arn:aws:states:::states:startExecution.waitForTaskToken",
                     ",\"Parameters\":{\"StateMachineArn\":\"inner\",\"Input\":{\"t.$\":"
                     "\"$$.Task.Token\"}}"),
                "{}");
    flow_settle(&flow);
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, child_id("job-1"), "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    job = oc_shard_job(&flow.nodes[0].oc.shards[mr_shard_of("job-1", 5, 2)], "job-1");
    assert_non_null(job);
    assert_true(oc_token_make(job, 1, 1, token, sizeof token));
    (void)snprintf(text, sizeof text, "{\"token\":\"%s\",\"output\":\"by token\"}", token);
    flow_produce(&flow, "millrace.results", "x", text);
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "\"by token\"");
    flow_teardown(&flow);
}

static void lambda_invoke_is_the_class_of_its_function_and_answers_in_payload(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 9);
    run(&flow, TASK("arn:aws:states:::lambda:invoke", ""),
        "{\"FunctionName\":\"arn:aws:lambda:eu-west-1:1:function:io:7\",\"Payload\":{\"x\":1}}");
    assert_string_equal(
        flow_row(&flow, "job-1", "output"),
        "{\"ExecutedVersion\":\"$LATEST\",\"Payload\":{\"x\":1},\"StatusCode\":200}");
    flow_teardown(&flow);
    flow_setup(&flow, 9);
    run(&flow, TASK("arn:aws:states:::lambda:invoke", ""), "{\"Payload\":1}");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.Runtime");
    expect_part(&flow, "cause", "/FunctionName");
    flow_teardown(&flow);
}

static void a_row_of_the_arn_table_goes_first(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 10);
    flow_produce(&flow, "millrace.config", "arn/arn:aws:states:::sqs:sendMessage",
                 "{\"v\":1,\"class\":\"io\",\"type\":\"noop\"}");
    flow_produce(&flow, "millrace.config", "arn/bad", "{\"v\":1,\"class\":\"no/class\"}");
    run(&flow, TASK("arn:aws:states:::sqs:sendMessage", ""), "{\"x\":1}");
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"x\":1}"); /* the io worker echoed */
    flow_teardown(&flow);
}

static void whichever_port_call_fails_the_nested_job_ends_right(void **state)
{
    static const char definition[] = TASK("millrace:job.start.sync", ",\"ResultSelector\":{\"o.$\":"
                                                                     "\"$.Output\"}");
    struct flow flow;
    uint64_t calls;

    (void)state;
    flow_setup(&flow, 11);
    flow_put_workflow(&flow, "inner", flow_one_task);
    run(&flow, definition, "{\"workflow\":\"inner\",\"input\":5}");
    calls = flow.world.calls;
    flow_teardown(&flow);
    for (uint64_t n = 1; n <= calls; n += 1 + n / 150) {
        for (int fault = 0; fault < 2; fault++) {
            flow_setup(&flow, 11);
            flow_put_workflow(&flow, "inner", flow_one_task);
            flow_fault(&flow, n, fault);
            flow_start(&flow, 0);
            flow_submit(&flow, "job-1", definition, "{\"workflow\":\"inner\",\"input\":5}");
            if (!flow_run(&flow, "job-1", 120000))
                fail_msg("call %llu, fault %d: the job has not ended", (unsigned long long)n,
                         fault);
            for (int i = 0; i < 100; i++)
                flow_pass(&flow);
            assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"o\":\"5\"}");
            assert_int_equal(flow_outbox(&flow), 0);
            flow_teardown(&flow);
        }
    }
}

static void a_child_workflow_goes_by_the_name_that_it_is_given(void **state)
{
    static const char inner[] =
        "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":2,\"Next\":\"A\"},"
        "\"A\":{"
        "\"Type\":\"Pass\",\"Parameters\":{\"name.$\":\"$$.Execution.Name\",\"id.$\":"
        "\"$$.Execution.Id\"},\"End\":true}}}";
    static const char *const names[] = {"\"nightly.run-7\"", "\"a b\"", "\"\"", "7", "\"a/b\""};
    struct flow flow;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mr_buf input = {0};

        flow_setup(&flow, 40);
        flow_put_workflow(&flow, "inner", inner);
        (void)mr_buf_addf(&input, "{\"StateMachineArn\":\"inner\",\"Name\":%s}", names[i]);
        flow_start(&flow, 0);
        flow_submit(&flow, "job-1", TASK("arn:aws:states:::states:startExecution.sync:2", ""),
                    input.data);
        flow_passes(&flow, 1000);
        flow_kill(&flow, 0); /* the name is kept with the run */
        flow_start(&flow, 1);
        assert_true(flow_run(&flow, "job-1", 60000));
        if (i == 0) {
            expect_part(&flow, "output",
                        "\"Output\":{\"name\":\"nightly.run-7\",\"id\":"
                        "\"arn:aws:states:local:000000000000:execution:inner:n");
            expect_part(&flow, "output", "\"Name\":\"nightly.run-7\"");
        } else {
            assert_string_equal(flow_row(&flow, "job-1", "error"),
                                "StepFunctions.InvalidNameException");
            expect_part(&flow, "cause", "Invalid Name");
        }
        flow_teardown(&flow);
        mr_buf_release(&input);
    }
}

/* startSyncExecution: its call is over with the child's end, and is no failure if that was none. */
static void a_synchronous_start_answers_with_the_end_well_or_badly(void **state)
{
    static const char sync[] = TASK("arn:aws:states:::aws-sdk:sfn:startSyncExecution",
                                    ",\"Parameters\":{\"StateMachineArn\":\"inner\",\"Name\":\"n\","
                                    "\"Input.$\":\"States.JsonToString($)\"}");
    struct flow flow;

    (void)state;
    flow_setup(&flow, 41);
    flow_put_workflow(&flow, "inner", flow_one_task);
    run(&flow, sync, "{\"x\":1}");
    expect_part(&flow, "output", "\"Status\":\"SUCCEEDED\"");
    expect_part(&flow, "output", "\"Output\":\"{\\\"x\\\":1}\"");
    expect_part(&flow, "output", "\"Name\":\"n\"");
    assert_null(strstr(flow_row(&flow, "job-1", "output"), "Redrive"));
    flow.worker_fails = 1; /* its name is no identity: an express execution has none */
    flow_submit(&flow, "job-2", sync, "{\"x\":2}");
    assert_true(flow_run(&flow, "job-2", 60000));
    assert_string_equal(flow_row(&flow, "job-2", "status"), "SUCCEEDED");
    assert_non_null(strstr(flow_row(&flow, "job-2", "output"), "\"Status\":\"FAILED\""));
    assert_non_null(strstr(flow_row(&flow, "job-2", "output"), "\"Error\":\"Image.Crashed\""));
    flow_submit(&flow, "job-3",
                TASK("arn:aws:states:::aws-sdk:sfn:startSyncExecution",
                     ",\"Parameters\":{\"StateMachineArn\":\"nobody\"}"),
                "{}");
    assert_true(flow_run(&flow, "job-3", 60000));
    assert_string_equal(flow_row(&flow, "job-3", "error"), "Sfn.StateMachineDoesNotExistException");
    flow_settle(&flow);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* A nested job that is set aside: its task is told once it is sent again. */
static void a_nested_job_that_is_set_aside_has_failed_for_its_task(void **state)
{
    struct mr_config_quarantine record = {.offset = 1, .at_ms = 1};
    struct mr_buf text = {0};
    char key[512];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 42);
    flow_put_workflow(&flow, "inner", flow_one_task);
    flow_start(&flow, 0);
    memcpy(record.log_id, flow.nodes[0].oc.log_id, sizeof record.log_id);
    assert_int_equal(mr_config_quarantine_print(&record, &text), MR_OK);
    (void)snprintf(key, sizeof key, "quarantine/%s", child_id("job-1"));
    flow_produce(&flow, "millrace.config", key, text.data);
    flow_settle(&flow);
    flow_submit(&flow, "job-1", TASK("millrace:job.start.sync", ""), "{\"workflow\":\"inner\"}");
    assert_true(flow_run(&flow, "job-1", 600000));
    assert_string_equal(flow_row(&flow, "job-1", "error"), "Millrace.Quarantined");
    mr_buf_release(&text);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_workflow_goes_by_the_name_that_it_is_given),
        cmocka_unit_test(a_synchronous_start_answers_with_the_end_well_or_badly),
        cmocka_unit_test(a_nested_job_that_is_set_aside_has_failed_for_its_task),
        cmocka_unit_test(a_nested_workflow_is_waited_for_and_answers_as_in_aws),
        cmocka_unit_test(sync_gives_text_and_the_plain_form_does_not_wait),
        cmocka_unit_test(a_nested_failure_fails_its_task_with_the_record_in_the_cause),
        cmocka_unit_test(what_is_not_there_is_named),
        cmocka_unit_test(a_workflow_that_starts_itself_comes_to_an_end),
        cmocka_unit_test(a_time_out_or_a_cancel_ends_the_nested_workflow),
        cmocka_unit_test(a_job_started_with_a_token_waits_for_the_token),
        cmocka_unit_test(lambda_invoke_is_the_class_of_its_function_and_answers_in_payload),
        cmocka_unit_test(a_row_of_the_arn_table_goes_first),
        cmocka_unit_test(whichever_port_call_fails_the_nested_job_ends_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
