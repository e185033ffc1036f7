/* picture_kit.h -- what the benches of pictures share.  Every helper ends the program by itself. */
#ifndef BENCH_PICTURE_KIT_H
#define BENCH_PICTURE_KIT_H

#include "worker/imaging.h"

/* MILLRACE_DECODER, else beside this program or in ../bin. */
struct wk_decoder *bench_decoder(const char *argv0);
struct mr_recipe *bench_recipe(const char *json); /* mr_recipe_free() */
int64_t bench_cpu_us(void);                       /* of this process */

#endif
