/* load_open.h -- what load.c asks of the loaders. */
#ifndef DEC_LOAD_OPEN_H
#define DEC_LOAD_OPEN_H

#include "worker/decoder/load.h"

/* jpeg_shrink: 1 2 4 8; scale: of WebP (<= 1) and of drawings.  Only the format in question looks
 * at its own.  0, or -1 as libvips does. */
int dec_load_exact(const struct dec_source *source, int jpeg_shrink, double scale, VipsImage **ret);
/* Size against the limits, before any pixel. */
enum dec_failure dec_load_check(const VipsImage *image, const struct dec_limits *limits,
                                enum mr_format format, struct dec_fault *fault);

#endif
