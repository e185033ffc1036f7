/* rank.h -- the n-th of the pixels around each.  libvips 8.16.1 answers wrongly beyond 3x3 (noise,
 * median of 5x5: three pixels of four), so this is our own; its smallest windows are libvips'. */
#ifndef DEC_RANK_H
#define DEC_RANK_H

#include <vips/vips.h>

enum { DEC_RANK_MEDIAN = -1, DEC_RANK_LEAST = -2, DEC_RANK_MOST = -3 };

/* which: a DEC_RANK_.  Edges are continued by their outermost pixels; in has 8 or 16 bits and is
 * in memory.  0 and *ret, a reference of the caller's, or -1 as libvips does. */
int dec_rank(VipsImage *in, VipsImage **ret, int width, int height, int which);

#endif
