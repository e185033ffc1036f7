/* named_test.c -- children whose Name is their identity (docs/notes/014-names.md), on simulated
 * ports and virtual time: two parents, the same input and another, while it runs and afterwards,
 * through crashes, faults, an emptied Redis, retries, redrives and cancels. */
#include "orchestrator/named.h"
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALREADY "StepFunctions.ExecutionAlreadyExistsException"
#define START   "arn:aws:states:::states:startExecution"
/* A parent that starts inner under a name with its own input. */
#define PARENT(resource, rest)                                                                     \
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"" resource             \
    "\",\"Parameters\":{\"StateMachineArn\":\"inner\",\"Name\":\"night-1\",\"Input.$\":\"$"        \
    "\"}" rest ",\"End\":true}}}"
#define CATCH                                                                                      \
    ",\"Catch\":[{\"ErrorEquals\":[\"" ALREADY "\"],\"Next\":\"Z\"}],\"End\":true},\"Z\":{"        \
    "\"Type\":\"Pass\",\"Result\":\"caught\""

static const char *child(void)
{
    static char id[MR_JOB_ID_MAX + 1];

    oc_named_id("default", "inner", "night-1", id);
    return id;
}

static void begin(struct flow *flow, uint64_t seed, const char *inner)
{
    flow_setup(flow, seed);
    flow_put_workflow(flow, "inner", inner);
    flow_start(flow, 0);
}

static void expect(struct flow *flow, const char *job, const char *field, const char *part)
{
    const char *text = flow_row(flow, job, field);

    if (!strstr(text, part))
        fail_msg("%s of %s is \"%s\", without \"%s\"", field, job, text, part);
}

static void end(struct flow *flow, const char *job)
{
    if (!flow_run(flow, job, 120000))
        fail_msg("%s has not ended", job);
}

static void two_parents_with_the_same_input_have_one_child(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 1, flow_wait);
    flow_submit(&flow, "job-1", PARENT(START ".sync:2", ""), "{\"x\":1}");
    flow_passes(&flow, 1000);
    flow_submit(&flow, "job-2", PARENT(START ".sync", ""), "{\"x\":1}");
    flow_submit(&flow, "job-3", PARENT(START, ""), "{\"x\":1}");
    end(&flow, "job-3"); /* it waits for nothing */
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    expect(&flow, "job-3", "output", "\"StartDate\":");
    expect(&flow, "job-3", "output", child());
    end(&flow, "job-1");
    end(&flow, "job-2");
    flow_settle(&flow);
    expect(&flow, "job-1", "output", "\"Output\":{\"x\":1}");
    expect(&flow, "job-2", "output", "\"Output\":\"{\\\"x\\\":1}\"");
    expect(&flow, "job-1", "output", child());
    expect(&flow, "job-2", "output", "\"Name\":\"night-1\"");
    assert_string_equal(flow_row(&flow, child(), "parent"), "job-1");
    assert_int_equal(flow.tasks_seen, 1);
    assert_int_equal(flow.notices, 4);
    assert_int_equal(flow.letters, 0);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void another_input_is_refused_by_a_name_that_can_be_caught(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 2, flow_wait);
    flow_submit(&flow, "job-1", PARENT(START ".sync:2", ""), "{\"x\":1}");
    flow_passes(&flow, 1000);
    flow_submit(&flow, "job-2", PARENT(START ".sync:2", ""), "{\"x\":2}");
    flow_submit(&flow, "job-3", PARENT(START, CATCH), "{\"x\":2}");
    flow_submit(&flow, "job-4", PARENT("arn:aws:states:::aws-sdk:sfn:startExecution", ""), "{}");
    end(&flow, "job-2");
    end(&flow, "job-3");
    end(&flow, "job-4");
    assert_string_equal(flow_row(&flow, "job-2", "error"), ALREADY);
    expect(&flow, "job-2", "cause", "Execution Already Exists: ");
    expect(&flow, "job-2", "cause", child());
    assert_string_equal(flow_row(&flow, "job-3", "output"), "\"caught\"");
    assert_string_equal(flow_row(&flow, "job-4", "error"), "Sfn.ExecutionAlreadyExistsException");
    end(&flow, "job-1"); /* they took nothing from it */
    expect(&flow, "job-1", "output", "\"Output\":{\"x\":1}");
    flow_settle(&flow);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* Well or badly, with the same input or another: once it has ended the name is used, until it is
 * forgotten. */
static void a_name_is_used_once_its_child_has_ended(void **state)
{
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        struct flow flow;

        begin(&flow, 3, flow_one_task);
        flow.worker_fails = fails;
        flow_submit(&flow, "job-1", PARENT(START ".sync", ""), "{\"x\":1}");
        end(&flow, "job-1");
        assert_string_equal(flow_row(&flow, "job-1", "status"), fails ? "FAILED" : "SUCCEEDED");
        flow_settle(&flow);
        flow_submit(&flow, "job-2", PARENT(START ".sync", ""), "{\"x\":1}");
        end(&flow, "job-2");
        assert_string_equal(flow_row(&flow, "job-2", "error"), ALREADY);
        assert_int_equal(flow.tasks_seen, 1);
        flow_passes(&flow, 10);
        flow.world.now_ms += flow.cluster.dedupe_ms;
        flow_passes(&flow, 10000); /* leases ran out meanwhile */
        flow_submit(&flow, "job-3", PARENT(START ".sync", ""), "{\"x\":1}");
        end(&flow, "job-3");
        assert_string_equal(flow_row(&flow, "job-3", "error"), "");
        assert_int_equal(flow.tasks_seen, 2);
        flow_teardown(&flow);
    }
}

/* What AWS does: a Name that is not made anew for each try is good for one try. */
static void a_retry_and_a_redrive_of_the_task_find_the_name_used(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 4, flow_one_task);
    flow.worker_fails = 1;
    flow_submit(&flow, "job-1",
                PARENT(START ".sync",
                       ",\"Retry\":[{\"ErrorEquals\":[\"States.TaskFailed\"],\"MaxAttempts\":3}]"),
                "{}");
    end(&flow, "job-1");
    assert_string_equal(flow_row(&flow, "job-1", "error"), ALREADY);
    assert_int_equal(flow.tasks_seen, 1);
    flow_produce(&flow, "millrace.log", "job-1", "{\"v\":1,\"k\":\"redrive\",\"job\":\"job-1\"}");
    flow_settle(&flow);
    end(&flow, "job-1");
    assert_string_equal(flow_row(&flow, "job-1", "error"), ALREADY);
    /* The child itself can be redriven, and while it runs it is the same execution. */
    flow.worker_off = true;
    flow_produce(&flow, "millrace.log", child(), "{\"v\":1,\"k\":\"redrive\",\"job\":\"x\"}");
    flow_settle(&flow);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

static void a_redriven_child_is_running_again_for_who_starts_it(void **state)
{
    char text[128];
    struct flow flow;

    (void)state;
    begin(&flow, 5, flow_one_task);
    flow.worker_fails = 1;
    flow_submit(&flow, "job-1", PARENT(START ".sync", ""), "{}");
    end(&flow, "job-1");
    flow_settle(&flow);
    flow.worker_off = true;
    (void)snprintf(text, sizeof text, "{\"v\":1,\"k\":\"redrive\",\"job\":\"%s\"}", child());
    flow_produce(&flow, "millrace.log", child(), text);
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, child(), "status"), "RUNNING");
    flow_submit(&flow, "job-2", PARENT(START ".sync", ""), "{}");
    flow_settle(&flow);
    flow.worker_off = false;
    end(&flow, "job-2");
    assert_string_equal(flow_row(&flow, "job-2", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    flow_teardown(&flow);
}

/* Who waits for it ends it, as in AWS, and all who wait are told; who only started it does not. */
static void the_end_of_a_parent_that_waits_ends_the_child(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 6, flow_wait);
    flow_submit(&flow, "job-1", PARENT(START ".sync", ""), "{}");
    flow_passes(&flow, 500);
    flow_submit(&flow, "job-2", PARENT(START ".waitForTaskToken", ",\"TimeoutSeconds\":1"), "{}");
    end(&flow, "job-2");
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-2", "error"), "States.Timeout");
    assert_string_equal(flow_row(&flow, child(), "status"), "RUNNING");
    flow_submit(&flow, "job-3", PARENT(START ".sync", ",\"TimeoutSeconds\":1"), "{}");
    end(&flow, "job-3");
    end(&flow, "job-1");
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-3", "error"), "States.Timeout");
    assert_string_equal(flow_row(&flow, child(), "status"), "ABORTED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.TaskFailed");
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

/* A parent that is cancelled before it heard that it was refused: the child is another's.  After
 * every pass from its submit on, so that the cancel meets each moment of that. */
static void a_parent_that_was_refused_ends_nothing(void **state)
{
    unsigned early = 0;

    (void)state;
    for (int passes = 1; passes < 14; passes++) {
        struct flow flow;

        begin(&flow, 7, flow_wait);
        flow_submit(&flow, "job-1", PARENT(START ".sync", ""), "{\"x\":1}");
        flow_passes(&flow, 1000);
        flow_submit(&flow, "job-2", PARENT(START ".sync", ""), "{\"x\":2}");
        for (int i = 0; i < passes; i++)
            flow_pass(&flow);
        early += strcmp(flow_row(&flow, "job-2", "status"), "RUNNING") == 0;
        flow_produce(&flow, "millrace.log", "job-2",
                     "{\"v\":1,\"k\":\"cancel\",\"job\":\"job-2\"}");
        end(&flow, "job-1");
        flow_settle(&flow);
        assert_string_equal(flow_row(&flow, child(), "status"), "SUCCEEDED");
        assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
        assert_int_equal(flow_outbox(&flow), 0);
        flow_teardown(&flow);
    }
    assert_true(early > 0);
}

/* The scanner sends a task's submit again and again: it is the same start. */
static void a_submit_that_comes_again_is_the_same_start(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 8);
    flow.config.task_resend_ms = 300;
    flow.config.scan_ms = 100;
    flow_put_workflow(&flow, "inner", flow_wait);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", PARENT(START ".sync", ""), "{}");
    flow_submit(&flow, "job-2", PARENT(START ".sync", ""), "{}");
    end(&flow, "job-1");
    end(&flow, "job-2");
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(&flow, "job-2", "status"), "SUCCEEDED");
    assert_int_equal(strlen(flow_row(&flow, child(), "starters")), 2 * 16 + 1);
    assert_int_equal(flow.tasks_seen, 1);
    flow_teardown(&flow);
}

struct outcome {
    int ok, already;
};

static struct outcome outcome_of(struct flow *flow)
{
    struct outcome outcome = {0};

    for (int i = 1; i <= 2; i++) {
        char job[16];

        (void)snprintf(job, sizeof job, "job-%d", i);
        outcome.ok += strcmp(flow_row(flow, job, "status"), "SUCCEEDED") == 0;
        outcome.already += strcmp(flow_row(flow, job, "error"), ALREADY) == 0;
    }
    return outcome;
}

/* Both parents run at once; their submits meet in the child's shard in either order. */
static void play(struct flow *flow, bool same)
{
    flow_submit(flow, "job-1", PARENT(START ".sync", ""), "{\"x\":1}");
    flow_submit(flow, "job-2", PARENT(START ".sync", ""), same ? "{\"x\":1}" : "{\"x\":2}");
}

static void expect_outcome(struct flow *flow, bool same, int at, int how)
{
    struct outcome outcome;

    for (int i = 1; i <= 2; i++)
        if (!flow_run(flow, i == 1 ? "job-1" : "job-2", 120000))
            fail_msg("at %d, %d: job-%d has not ended", at, how, i);
    flow_passes(flow, 8000);
    outcome = outcome_of(flow);
    if (outcome.ok != (same ? 2 : 1) || outcome.already != (same ? 0 : 1))
        fail_msg("at %d, %d: %d have succeeded, %d were refused", at, how, outcome.ok,
                 outcome.already);
    assert_int_equal(flow_outbox(flow), 0);
}

static void wherever_it_is_killed_the_name_is_one_child(void **state)
{
    (void)state;
    for (int passes = 1; passes < 22; passes++) {
        for (int how = 0; how < 4; how++) { /* same input or not; Redis emptied or not */
            struct flow flow;

            begin(&flow, 9, flow_wait);
            play(&flow, how & 1);
            for (int i = 0; i < passes; i++)
                flow_pass(&flow);
            flow_kill(&flow, 0);
            if (how & 2)
                mr_sim_redis_flushall(flow.redis);
            flow_start(&flow, 1);
            expect_outcome(&flow, how & 1, passes, how);
            flow_teardown(&flow);
        }
    }
}

/* Killed while it runs, and while it ends: waiters are kept with it. */
static void who_waits_outlives_a_crash(void **state)
{
    (void)state;
    for (int ms = 500; ms < 6500; ms += 230) {
        struct flow flow;

        begin(&flow, 10, flow_wait);
        play(&flow, true);
        flow_passes(&flow, ms);
        flow_kill(&flow, 0);
        flow_start(&flow, 1);
        expect_outcome(&flow, true, ms, 0);
        flow_teardown(&flow);
    }
}

static void whichever_port_call_fails_the_name_is_one_child(void **state)
{
    struct flow flow;
    uint64_t calls;

    (void)state;
    begin(&flow, 11, flow_one_task);
    flow.worker_off = true;
    play(&flow, true);
    flow_settle(&flow);
    flow.worker_off = false;
    expect_outcome(&flow, true, 0, 0);
    calls = flow.world.calls;
    flow_teardown(&flow);
    for (uint64_t n = 1; n <= calls; n += 1 + n / 100) {
        for (int how = 0; how < 4; how++) {
            flow_setup(&flow, 11);
            flow_put_workflow(&flow, "inner", flow_wait);
            flow_fault(&flow, n, how & 2);
            flow_start(&flow, 0);
            play(&flow, how & 1);
            expect_outcome(&flow, how & 1, (int)n, how);
            flow_teardown(&flow);
        }
    }
}

/* Redis is emptied when all of it is long past: what was refused then is refused again, and the
 * child does not run once more. */
static void a_rebuild_long_afterwards_starts_nothing_again(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 12, flow_one_task);
    flow_submit(&flow, "job-1", PARENT(START ".sync", ""), "{}");
    end(&flow, "job-1");
    flow_passes(&flow, 3000);
    flow_submit(&flow, "job-2", PARENT(START ".sync", ""), "{}");
    end(&flow, "job-2");
    flow_settle(&flow);
    assert_int_equal(flow.tasks_seen, 1);
    flow.world.now_ms += 2 * flow.cluster.dedupe_ms;
    flow.config.batch_max = 1;
    flow_kill(&flow, 0);
    mr_sim_redis_flushall(flow.redis);
    flow_start(&flow, 1);
    flow_passes(&flow, 20000);
    assert_int_equal(flow.tasks_seen, 1);
    assert_string_equal(flow_row(&flow, "job-2", "error"), ALREADY);
    flow_teardown(&flow);
}

static void a_name_belongs_to_a_tenant_and_a_workflow(void **state)
{
    char ids[4][MR_JOB_ID_MAX + 1];

    (void)state;
    oc_named_id("a", "w", "n", ids[0]);
    oc_named_id("b", "w", "n", ids[1]);
    oc_named_id("a", "v", "n", ids[2]);
    oc_named_id("a", "w", "m", ids[3]);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_parents_with_the_same_input_have_one_child),
        cmocka_unit_test(another_input_is_refused_by_a_name_that_can_be_caught),
        cmocka_unit_test(a_name_is_used_once_its_child_has_ended),
        cmocka_unit_test(a_retry_and_a_redrive_of_the_task_find_the_name_used),
        cmocka_unit_test(a_redriven_child_is_running_again_for_who_starts_it),
        cmocka_unit_test(the_end_of_a_parent_that_waits_ends_the_child),
        cmocka_unit_test(a_parent_that_was_refused_ends_nothing),
        cmocka_unit_test(a_submit_that_comes_again_is_the_same_start),
        cmocka_unit_test(wherever_it_is_killed_the_name_is_one_child),
        cmocka_unit_test(who_waits_outlives_a_crash),
        cmocka_unit_test(whichever_port_call_fails_the_name_is_one_child),
        cmocka_unit_test(a_rebuild_long_afterwards_starts_nothing_again),
        cmocka_unit_test(a_name_belongs_to_a_tenant_and_a_workflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
