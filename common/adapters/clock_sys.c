/* clock_sys.c -- the machine's clocks: the only file that asks the system what time it is. */
#include "common/ports/clock.h"

#include <time.h>

static int64_t now_ms(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now); /* cannot fail for these two clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t mr_wall_ms(void)
{
    return now_ms(CLOCK_REALTIME);
}

int64_t mr_mono_ms(void)
{
    return now_ms(CLOCK_MONOTONIC);
}

static int64_t sys_wall_ms(struct mr_clock *clock)
{
    (void)clock;
    return mr_wall_ms();
}

static int64_t sys_mono_ms(struct mr_clock *clock)
{
    (void)clock;
    return mr_mono_ms();
}

struct mr_clock *mr_clock_sys(void)
{
    static struct mr_clock clock = {.wall_ms = sys_wall_ms, .mono_ms = sys_mono_ms};
    return &clock;
}
