/* frames.h -- how many frames an animation has that we wrote: encoders make one of equal ones. */
#ifndef DEC_FRAMES_H
#define DEC_FRAMES_H

#include "common/model/format.h"

#include <stddef.h>

/* At least 1; of GIF and WebP only. */
int dec_frames_count(const void *data, size_t len, enum mr_format format);

#endif
