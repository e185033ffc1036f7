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
    assert_in_range(mr_wall_ms() / 1000, (int64_t)time(NULL) - 1, (int64_t)time(NULL) + 1);
    int64_t wall = clock->wall_ms(clock);
    assert_in_range(mr_wall_ms() - wall, 0, 1000);
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
