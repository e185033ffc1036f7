/* clock.h -- port: what time it is.  clock_sys.c and sim/clock_sim.c fill it.
 * wall_ms is for people and records, mono_ms for waits. Any thread may call. */
#ifndef MR_CLOCK_H
#define MR_CLOCK_H

#include <stdint.h>

struct mr_clock {
    int64_t (*wall_ms)(struct mr_clock *); /* since 1970, UTC */
    int64_t (*mono_ms)(struct mr_clock *); /* since some fixed moment; never goes back */
};

struct mr_clock *mr_clock_sys(void); /* the process's; never freed */
int64_t mr_wall_ms(void);            /* of the system; the log's clock */
int64_t mr_mono_ms(void);

#endif
