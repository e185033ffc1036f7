/* warm.h -- everything that is loaded, opened or computed at first use, used once. */
#ifndef DEC_WARM_H
#define DEC_WARM_H

#include <stdbool.h>

/* False: a codec that we promise is not there; libvips' error buffer says which. */
bool dec_warm(void);

#endif
