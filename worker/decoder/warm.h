/* warm.h -- everything that is loaded, opened or computed at first use, used once. */
#ifndef DEC_WARM_H
#define DEC_WARM_H

#include <stdbool.h>
#include <stdint.h>

/* untrusted: bits (DEC_FORMAT_BIT) of what it reads besides the common formats.  False: a codec
 * that we promise is not there; libvips' error buffer says which. */
bool dec_warm(uint32_t untrusted);

#endif
