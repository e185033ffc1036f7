/* task_test.c -- a task goes to a worker until there is an answer or its time is over, and only
 * its own answer counts. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_task_that_fails_twice_is_retried_with_back_off(void **state)
{
    struct flow flow;
    int64_t start;

    (void)state;
    flow_setup(&flow, 4);
    flow.worker_fails = 2;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_retry, "{}");
    start = flow.world.now_ms;
    assert_true(flow_run(&flow, "job-1", 60000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    assert_int_equal(flow.tasks_seen, 3);
    assert_true(flow.world.now_ms - start >= 6000); /* 2 s, then 4 s */
    flow_teardown(&flow);
}

static void a_task_without_an_answer_times_out(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 7);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_wait, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.Timeout");
    flow_teardown(&flow);
}

static void say_alive(struct flow *flow, const char *token)
{
    char text[MR_TOKEN_MAX + 64];

    (void)snprintf(text, sizeof text, "{\"token\":\"%s\",\"heartbeat\":true}", token);
    flow_produce(flow, "millrace.results", "job-1", text);
}

static const char flow_heartbeat[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:noop\","
    "\"TimeoutSeconds\":600,\"HeartbeatSeconds\":10,\"End\":true}}}";

static void signs_of_life_keep_a_task_and_their_end_fails_it(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 70);
    flow.worker_mute = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_heartbeat, "{}");
    flow_settle(&flow);
    for (int i = 0; i < 5; i++) { /* 40 s where 10 without a sign would be too many */
        flow_passes(&flow, 8000);
        assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
        say_alive(&flow, flow.last_token);
    }
    assert_false(flow_run(&flow, "job-1", 9000));
    assert_true(flow_run(&flow, "job-1", 9000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.Timeout");
    assert_int_equal(flow.tasks_seen, 1);
    flow_teardown(&flow);
}

static void a_sign_of_life_with_a_forged_token_keeps_nothing(void **state)
{
    char forged[MR_TOKEN_MAX + 1];
    struct flow flow;
    size_t end;

    (void)state;
    flow_setup(&flow, 71);
    flow.worker_mute = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_heartbeat, "{}");
    flow_settle(&flow);
    memcpy(forged, flow.last_token, sizeof forged);
    end = strlen(forged) - 1;
    forged[end] = forged[end] == '0' ? '1' : '0';
    flow_passes(&flow, 8000);
    say_alive(&flow, forged);
    assert_true(flow_run(&flow, "job-1", 5000));
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.Timeout");
    flow_teardown(&flow);
}

static void forged_stale_and_foreign_tokens_change_nothing(void **state)
{
    struct flow flow;
    char forged[4][MR_TOKEN_MAX + 64];
    size_t len;

    (void)state;
    flow_setup(&flow, 9);
    flow_start(&flow, 0);
    flow_submit(&flow, "job-0", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-0", 20000)); /* its token is a foreign one for job-1 */
    len = strlen(flow.last_token);
    flow.worker_off = true;
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    flow_settle(&flow);
    (void)snprintf(forged[0], sizeof forged[0], "job-1.1.1.%032d", 0);
    (void)snprintf(forged[1], sizeof forged[1], "job-1%s", flow.last_token + strlen("job-0"));
    (void)snprintf(forged[2], sizeof forged[2], "%s", flow.last_token);
    (void)snprintf(forged[3], sizeof forged[3], "job-1.1.2.%s", flow.last_token + len - 32);
    for (size_t i = 0; i < 4; i++) {
        char text[1024];

        (void)snprintf(text, sizeof text, "{\"token\":\"%s\",\"output\":{\"evil\":true}}",
                       forged[i]);
        flow_produce(&flow, "millrace.results", "x", text);
    }
    flow_settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    assert_string_equal(flow_row(&flow, "job-0", "output"), "{}");
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 20000));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{}");
    flow_teardown(&flow);
}

static void a_task_whose_record_is_gone_is_sent_again(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 16);
    flow.worker_off = true;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{\"x\":1}");
    flow_settle(&flow);
    mr_sim_broker_truncate(flow.broker, "millrace.tasks.io", 0, 1000);
    flow.worker_off = false;
    assert_true(flow_run(&flow, "job-1", 200000));
    assert_string_equal(flow_row(&flow, "job-1", "output"), "{\"x\":1}");
    flow_teardown(&flow);
}

static void a_class_beyond_the_last_fails_its_task_and_no_other(void **state)
{
    char definition[256], id[16];
    struct flow flow;

    (void)state;
    flow_setup(&flow, 73);
    flow.config.classes_max = 3;
    flow.worker_mute = true;
    flow_start(&flow, 0);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(id, sizeof id, "job-%d", i);
        (void)snprintf(definition, sizeof definition,
                       "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
                       "\"millrace:class%d.work\",\"End\":true}}}",
                       i);
        flow_submit(&flow, id, definition, "{}");
        flow_passes(&flow, 1000);
    }
    assert_string_equal(flow_row(&flow, "job-2", "status"), "RUNNING");
    assert_string_equal(flow_row(&flow, "job-3", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-3", "error"), "States.Runtime");
    assert_non_null(strstr(flow_row(&flow, "job-3", "cause"), "ORCH_CLASSES_MAX (3)"));
    flow_submit(&flow, "job-4", flow_one_task, "{}"); /* of a class that the start has made */
    flow.worker_mute = false;
    assert_true(flow_run(&flow, "job-4", 20000));
    assert_string_equal(flow_row(&flow, "job-4", "status"), "SUCCEEDED");
    flow_teardown(&flow);
}

static void a_late_task_is_sent_again_once_a_period_not_with_every_look(void **state)
{
    struct flow flow;

    (void)state;
    flow_setup(&flow, 11);
    flow.worker_off = true;
    flow.config.scan_ms = 1000;
    flow.config.task_resend_ms = 10000;
    flow_start(&flow, 0);
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    flow_passes(&flow, 35000);
    flow.worker_off = false;
    flow_passes(&flow, 500);
    assert_in_range(flow.tasks_seen, 3, 4); /* at 0, 10, 20 and 30 s */
    assert_string_equal(flow_row(&flow, "job-1", "status"), "SUCCEEDED");
    flow_teardown(&flow);
}

static const char flow_bad_class[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"millrace:bad.x\","
    "\"End\":true}}}";

static void a_class_whose_topic_cannot_be_made_is_asked_for_now_and_then(void **state)
{
    const struct mr_topic_spec wrong = {"millrace.tasks.bad", 1, true, -1};
    struct flow flow;
    uint64_t quiet, noisy;

    (void)state;
    flow_setup(&flow, 16);
    assert_int_equal(mr_bus_ensure(flow.bus, &wrong, 1, NULL), MR_OK);
    flow_start(&flow, 0);
    flow_passes(&flow, 1000);
    quiet = flow.world.calls;
    flow_passes(&flow, 2000);
    quiet = flow.world.calls - quiet;
    flow_submit(&flow, "bad", flow_bad_class, "{}");
    flow_passes(&flow, 1000);
    noisy = flow.world.calls;
    flow_passes(&flow, 2000);
    noisy = flow.world.calls - noisy;
    assert_true(noisy < quiet + 20); /* each of them may block for long */
    flow_submit(&flow, "good", flow_one_task, "{}");
    assert_true(flow_run(&flow, "good", 20000));
    flow_teardown(&flow);
}

static const struct mr_bus_ops *real_ops;

static enum mr_code refuses_tasks(struct mr_bus *bus, const char *topic, int32_t partition,
                                  const char *key, size_t key_len, const char *value,
                                  size_t value_len, void *tag, struct mr_error *err)
{
    if (strstr(topic, ".tasks."))
        return mr_fail(err, MR_TOO_LARGE, "the broker's topic is smaller");
    return real_ops->send(bus, topic, partition, key, key_len, value, value_len, tag, err);
}

static void a_task_too_large_for_its_topic_fails_and_does_not_wait(void **state)
{
    struct mr_bus_ops small;
    struct flow flow;

    (void)state;
    flow_setup(&flow, 17);
    flow_start(&flow, 0);
    real_ops = flow.nodes[0].bus->ops;
    small = *real_ops;
    small.send = refuses_tasks;
    flow.nodes[0].bus->ops = &small;
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 10000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "FAILED");
    assert_string_equal(flow_row(&flow, "job-1", "error"), "States.DataLimitExceeded");
    flow_passes(&flow, 500);
    assert_int_equal(flow_outbox(&flow), 0);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_that_fails_twice_is_retried_with_back_off),
        cmocka_unit_test(a_task_without_an_answer_times_out),
        cmocka_unit_test(a_class_beyond_the_last_fails_its_task_and_no_other),
        cmocka_unit_test(signs_of_life_keep_a_task_and_their_end_fails_it),
        cmocka_unit_test(a_sign_of_life_with_a_forged_token_keeps_nothing),
        cmocka_unit_test(forged_stale_and_foreign_tokens_change_nothing),
        cmocka_unit_test(a_task_whose_record_is_gone_is_sent_again),
        cmocka_unit_test(a_late_task_is_sent_again_once_a_period_not_with_every_look),
        cmocka_unit_test(a_class_whose_topic_cannot_be_made_is_asked_for_now_and_then),
        cmocka_unit_test(a_task_too_large_for_its_topic_fails_and_does_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
