/* machines_test.c -- a bounded number of bytes of definitions; the least recently used leave. */
#include "orchestrator/machines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void add(struct oc_machines *machines, int n)
{
    static const char text[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}";
    struct asl_machine *machine = NULL;
    char def[65];

    (void)snprintf(def, sizeof def, "%064d", n);
    assert_int_equal(oc_machines_add(machines, def, text, strlen(text), true, &machine, NULL),
                     MR_OK);
    assert_non_null(machine);
    asl_machine_unref(machine);
}

static bool has(struct oc_machines *machines, int n)
{
    struct asl_machine *machine;
    char def[65];

    (void)snprintf(def, sizeof def, "%064d", n);
    machine = oc_machines_get(machines, def);
    asl_machine_unref(machine);
    return machine != NULL;
}

static void the_least_recently_used_leaves_and_bytes_stay_bounded(void **state)
{
    struct oc_machines machines = {.bytes_max = SIZE_MAX};

    (void)state;
    add(&machines, 1);
    machines.bytes_max = 3 * machines.bytes;
    add(&machines, 2);
    add(&machines, 3);
    assert_true(has(&machines, 1)); /* used: 2 is the oldest now */
    add(&machines, 4);
    assert_true(machines.bytes <= machines.bytes_max);
    assert_false(has(&machines, 2));
    assert_true(has(&machines, 1) && has(&machines, 3) && has(&machines, 4));
    oc_machines_release(&machines);
    assert_int_equal(machines.bytes, 0);
}

static void one_larger_than_the_bound_is_kept_until_the_next_comes(void **state)
{
    struct oc_machines machines = {.bytes_max = 1};

    (void)state;
    add(&machines, 1);
    assert_true(has(&machines, 1));
    add(&machines, 2);
    assert_false(has(&machines, 1));
    oc_machines_release(&machines);
}

static void what_cannot_be_parsed_is_not_kept(void **state)
{
    struct oc_machines machines = {.bytes_max = SIZE_MAX};
    struct asl_machine *machine = NULL;

    (void)state;
    assert_int_not_equal(oc_machines_add(&machines, "d", "{}", 2, true, &machine, NULL), MR_OK);
    assert_null(machine);
    assert_null(machines.by_def);
    oc_machines_release(&machines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_recently_used_leaves_and_bytes_stay_bounded),
        cmocka_unit_test(one_larger_than_the_bound_is_kept_until_the_next_comes),
        cmocka_unit_test(what_cannot_be_parsed_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
