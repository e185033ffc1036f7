/* clock_test.c -- the machine's clocks. */
#include "common/ports/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static void the_wall_clock_counts_from_1970(void **state)
{
    struct mr_clock *clock = mr_clock_sys();
    (void)state;
    const int64_t before = (int64_t)time(NULL) - 1;
    const int64_t wall = clock->wall_ms(clock), again = mr_wall_ms();
    assert_in_range(wall / 1000, before, (int64_t)time(NULL) + 1);
    assert_in_range(again, wall, ((int64_t)time(NULL) + 1) * 1000);
}

static void the_other_one_never_goes_back(void **state)
{
    struct mr_clock *clock = mr_clock_sys();
    const struct timespec nap = {.tv_nsec = 5000000};
    (void)state;
    int64_t from = mr_mono_ms();
    nanosleep(&nap, NULL);
    assert_true(clock->mono_ms(clock) - from >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_counts_from_1970),
        cmocka_unit_test(the_other_one_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
