/* admission_test.c -- what cannot be a job is a dead letter and holds nobody up; a name means
 * what it means now. */
#include "tests/flow/cluster/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void poison_is_a_dead_letter_and_the_next_is_served(void **state)
{
    static const char *const poison[] = {"\xff\xfe not json", "{\"v\":9,\"workflow\":\"x\"}",
                                         "{\"workflow\":\"nobody\"}", "[]",
                                         "{\"definition\":{\"StartAt\":\"A\"}}"};
    struct flow flow;

    (void)state;
    flow_setup(&flow, 10);
    flow_start(&flow, 0);
    for (size_t i = 0; i < sizeof poison / sizeof poison[0]; i++)
        flow_produce(&flow, "millrace.jobs", "p", poison[i]);
    flow_produce(&flow, "millrace.results", "p", "{\"token\":\"x\"}");
    flow_submit(&flow, "job-1", flow_one_task, "{}");
    assert_true(flow_run(&flow, "job-1", 20000));
    flow_settle(&flow);
    assert_int_equal(flow.letters, 6);
    flow_teardown(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poison_is_a_dead_letter_and_the_next_is_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
