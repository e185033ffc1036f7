/* heif.h -- what libvips cannot say to libheif. */
#ifndef DEC_HEIF_H
#define DEC_HEIF_H

#include <stdbool.h>

/* From now on AV1 is coded for what eyes see in stills (libaom's tune "iq"), or as libheif has it.
 */
void dec_heif_tune(bool stills);

#endif
