/* evaluate_test.c -- E1 to E5 of docs/lifecycle.md: JSONata goes out of the outbox and comes back
 * through the log, whatever dies or gets lost on the way.  The evaluator is a few lines of this
 * file: it knows the expressions $states.input and $states.result. */
#include "common/base/json.h"
#include "orchestrator/evaluator/port.h"
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char machine[] =
    "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\","
    "\"Resource\":"
    "\"millrace:noop\",\"Arguments\":\"{% $states.input %}\",\"Output\":\"{% $states.result %}\","
    "\"Next\":\"B\"},\"B\":{\"Type\":\"Pass\",\"Output\":{\"b\":\"{% $states.input "
    "%}\"},\"End\":true}}}";
static const char wanted[] = "{\"b\":{\"x\":1}}";

enum { UNDER_WAY_MAX = 64 };

struct fake { /* an evaluator */
    struct ev_port port;
    struct {
        void *ticket;
        struct mr_buf answer;
    } items[UNDER_WAY_MAX];
    int count;
    int asked;       /* so far */
    bool holds;      /* gives no answer */
    int unavailable; /* so many are given back unevaluated first */
};

static void evaluate(const char *request, size_t len, struct mr_buf *ret)
{
    cJSON *json = cJSON_ParseWithLength(request, len), *e;
    const cJSON *states = mr_json_get(json, "states"), *groups = mr_json_get(json, "groups");
    bool comma = false;

    assert_non_null(json);
    mr_buf_add_str(ret, "{\"chosen\":0,\"values\":[");
    cJSON_ArrayForEach(e, groups->child)
    {
        const char *text = cJSON_GetStringValue(mr_json_get(e, "text"));
        const cJSON *value = mr_json_get(states, text + strlen("$states."));

        assert_non_null(value);
        if (comma)
            mr_buf_add_char(ret, ',');
        comma = true;
        (void)mr_json_print(value, ret);
    }
    mr_buf_add_str(ret, "]}");
    cJSON_Delete(json);
}

static enum mr_code fake_post(struct ev_port *port, void *ticket, const char *request, size_t len,
                              const struct ev_asker *asker)
{
    struct fake *fake = (struct fake *)port;

    (void)asker;
    if (fake->count == UNDER_WAY_MAX)
        return MR_BUSY;
    fake->asked++;
    fake->items[fake->count].ticket = ticket;
    fake->items[fake->count].answer = (struct mr_buf){0};
    evaluate(request, len, &fake->items[fake->count++].answer);
    return MR_OK;
}

static bool fake_take(struct ev_port *port, struct ev_answered *ret)
{
    struct fake *fake = (struct fake *)port;

    if (fake->count == 0 || fake->holds)
        return false;
    fake->count--;
    *ret = (struct ev_answered){.ticket = fake->items[fake->count].ticket,
                                .text = fake->items[fake->count].answer};
    if (fake->unavailable > 0) {
        fake->unavailable--;
        ret->code = MR_UNAVAILABLE;
    }
    return true;
}

static void fake_stop(struct ev_port *port)
{
    ((struct fake *)port)->holds = false;
}

static int fake_fd(struct ev_port *port)
{
    (void)port;
    return -1;
}

static struct fake fakes[FLOW_NODES];

static void start(struct flow *flow, int node)
{
    fakes[node] = (struct fake){.port = {fake_post, fake_take, fake_stop, fake_fd}};
    flow_start(flow, node);
    flow->nodes[node].oc.evaluators = &fakes[node].port;
}

static void settle(struct flow *flow)
{
    for (int i = 0; i < 60; i++)
        flow_pass(flow);
}

static void ends_right(struct flow *flow)
{
    assert_true(flow_run(flow, "job-1", 200000));
    for (int i = 0; i < 20 && flow_outbox(flow) > 0; i++) /* an owner that died has a lease still */
        settle(flow);
    settle(flow);
    assert_string_equal(flow_row(flow, "job-1", "status"), "SUCCEEDED");
    assert_string_equal(flow_row(flow, "job-1", "output"), wanted);
    assert_int_equal(flow_outbox(flow), 0);
    assert_int_equal(flow->notices, 1);
    flow_teardown(flow);
}

static void begin(struct flow *flow, uint64_t seed)
{
    flow_setup(flow, seed);
    start(flow, 0);
    flow_submit(flow, "job-1", machine, "{\"x\":1}");
}

static void an_answer_comes_through_the_log(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 31);
    ends_right(&flow);
    assert_int_equal(fakes[0].asked, 3);
}

static void nothing_waits_for_an_evaluator(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 32);
    fakes[0].holds = true;
    settle(&flow);
    flow_submit(&flow, "other", flow_one_task, "{\"x\":1}");
    assert_true(flow_run(&flow, "other", 20000));
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    fakes[0].holds = false;
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_teardown(&flow);
}

static void what_was_not_evaluated_is_asked_again(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 33);
    fakes[0].unavailable = 2;
    ends_right(&flow);
    assert_int_equal(fakes[0].asked, 5);
}

static void the_next_owner_asks_what_the_last_one_had_out(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 34);
    fakes[0].holds = true;
    settle(&flow);
    flow_kill(&flow, 0);
    start(&flow, 1);
    ends_right(&flow);
}

static void replay_reads_the_answers_and_evaluates_nothing(void **state)
{
    struct flow flow;
    int asked;

    (void)state;
    begin(&flow, 35);
    assert_true(flow_run(&flow, "job-1", 20000));
    settle(&flow);
    asked = fakes[0].asked;
    mr_sim_redis_flushall(flow.redis);
    settle(&flow);
    settle(&flow);
    assert_string_equal(flow_row(&flow, "job-1", "output"), wanted);
    assert_int_equal(fakes[0].asked, asked);
    flow_teardown(&flow);
}

/* The outbox lost it (as no crash can make it: a fault of ours), the scanner finds the job. */
static void an_evaluation_that_is_lost_is_asked_again_by_the_scanner(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 36);
    fakes[0].holds = true;
    settle(&flow);
    assert_int_equal(fakes[0].count, 1);
    oc_outbox_sent(fakes[0].items[0].ticket, 0); /* says that it is in the log: it is not */
    mr_buf_release(&fakes[0].items[0].answer);
    fakes[0].count = 0;
    fakes[0].holds = false;
    settle(&flow);
    assert_int_equal(flow_outbox(&flow), 0);
    assert_string_equal(flow_row(&flow, "job-1", "status"), "RUNNING");
    ends_right(&flow);
}

static void an_answer_twice_counts_once(void **state)
{
    struct flow flow;

    (void)state;
    begin(&flow, 37);
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_teardown(&flow);
    begin(&flow, 37);
    flow.worker_off = true;
    settle(&flow);
    flow_produce(
        &flow, "millrace.log", "job-1",
        "{\"v\":1,\"k\":\"evaluated\",\"job\":\"job-1\",\"seq\":1,\"attempt\":1,\"number\":1,"
        "\"answer\":{\"chosen\":0,\"values\":[{\"x\":2}]}}");
    settle(&flow);
    flow.worker_off = false;
    ends_right(&flow);
}

/* Port call 1 fails, then 2, then 3 ...: before it was done, and after. */
static void whichever_port_call_fails_the_job_ends_right(void **state)
{
    struct flow flow;
    uint64_t calls;

    (void)state;
    begin(&flow, 38);
    assert_true(flow_run(&flow, "job-1", 60000));
    settle(&flow);
    calls = flow.world.calls;
    flow_teardown(&flow);
    for (uint64_t n = 1; n <= calls; n += 1 + n / 300) {
        for (int fault = 0; fault < 2; fault++) {
            flow_setup(&flow, 38);
            flow_fault(&flow, n, fault);
            start(&flow, 0);
            flow_submit(&flow, "job-1", machine, "{\"x\":1}");
            if (!flow_run(&flow, "job-1", 200000))
                fail_msg("call %llu, fault %d: the job has not ended", (unsigned long long)n,
                         fault);
            ends_right(&flow);
        }
    }
}

/* A crash after each pass: the next owner goes on, with nothing in its memory. */
static void whenever_the_owner_dies_the_job_ends_right(void **state)
{
    struct flow flow;

    (void)state;
    for (int passes = 1; passes < 60; passes++) {
        begin(&flow, 39);
        for (int i = 0; i < passes; i++)
            flow_pass(&flow);
        flow_kill(&flow, 0);
        start(&flow, 1);
        ends_right(&flow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_through_the_log),
        cmocka_unit_test(nothing_waits_for_an_evaluator),
        cmocka_unit_test(what_was_not_evaluated_is_asked_again),
        cmocka_unit_test(the_next_owner_asks_what_the_last_one_had_out),
        cmocka_unit_test(replay_reads_the_answers_and_evaluates_nothing),
        cmocka_unit_test(an_evaluation_that_is_lost_is_asked_again_by_the_scanner),
        cmocka_unit_test(an_answer_twice_counts_once),
        cmocka_unit_test(whichever_port_call_fails_the_job_ends_right),
        cmocka_unit_test(whenever_the_owner_dies_the_job_ends_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
