/* handover_test.c -- where a child and who asks it may run, during and after an exchange. */
#include "tests/unit/evaluator/ask.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cpu_set_t usual;

static int setup(void **state)
{
    static struct ev_config config;
    struct mr_error err;
    struct ev *ev;

    ask_config(&config);
    assert_int_equal(sched_getaffinity(0, sizeof(usual), &usual), 0);
    assert_int_equal(ev_new(&config, &ev, &err), MR_OK);
    *state = ev;
    return 0;
}

static int teardown(void **state)
{
    ev_free(*state);
    return sched_setaffinity(0, sizeof(usual), &usual);
}

static void expect(pid_t who, const cpu_set_t *want)
{
    cpu_set_t got;

    assert_int_equal(sched_getaffinity(who, sizeof(got), &got), 0);
    assert_true(CPU_EQUAL(&got, want));
}

static void says(struct ev *ev, const char *expression, const char *want)
{
    char *got = ask_value(ev, expression, "{}");

    assert_string_equal(got, want);
    free(got);
}

/* Longer than EV_NEAR_US on any machine. */
static const char slow[] = "$count([1..20000].{'a': $ * 2})";

static void who_asked_may_go_where_it_could_before(void **state)
{
    says(*state, "1 + 1", "2");
    expect(0, &usual);
    says(*state, slow, "20000");
    expect(0, &usual);
}

/* At least one of many takes less than EV_NEAR_US; with one processor all keep to it. */
static void a_short_exchange_keeps_the_child_where_its_caller_was(void **state)
{
    cpu_set_t got;

    for (int i = 0; i < 1000; i++) {
        says(*state, "1 + 1", "2");
        assert_int_equal(sched_getaffinity((pid_t)ev_pid(*state), sizeof(got), &got), 0);
        if (CPU_COUNT(&got) == 1)
            return;
        assert_true(CPU_EQUAL(&got, &usual));
    }
    fail_msg("it was never kept");
}

/* A caller that is kept on one processor stays there, and its child is no longer kept elsewhere. */
static void a_caller_of_one_processor_keeps_it(void **state)
{
    cpu_set_t one, got;

    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &usual))
            CPU_SET(i, &one);
    for (int i = 0; i < 100; i++)
        says(*state, "1 + 1", "2");
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    says(*state, slow, "20000");
    expect(0, &one);
    assert_int_equal(sched_getaffinity((pid_t)ev_pid(*state), sizeof(got), &got), 0);
    assert_true(CPU_EQUAL(&got, &one) || CPU_EQUAL(&got, &usual));
}

static void a_child_that_works_for_long_may_go_anywhere(void **state)
{
    says(*state, "1 + 1", "2");
    says(*state, slow, "20000");
    expect((pid_t)ev_pid(*state), &usual);
}

/* The slow ones are asked for what takes long: nothing is kept near. */
static void a_nice_child_is_never_kept(void **state)
{
    ev_be_nice(*state, 5);
    says(*state, "1 + 1", "2");
    expect((pid_t)ev_pid(*state), &usual);
    expect(0, &usual);
}

static void a_child_that_dies_meanwhile_leaves_its_caller_free(void **state)
{
    char *got = ask_value(*state, "$pad('x', 9e8)", "{}");

    assert_non_null(strstr(got, "limit"));
    free(got);
    expect(0, &usual);
    says(*state, "1 + 1", "2");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(who_asked_may_go_where_it_could_before),
        CASE(a_short_exchange_keeps_the_child_where_its_caller_was),
        CASE(a_caller_of_one_processor_keeps_it),
        CASE(a_child_that_works_for_long_may_go_anywhere),
        CASE(a_nice_child_is_never_kept),
        CASE(a_child_that_dies_meanwhile_leaves_its_caller_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
