/* picture.h -- a picture on its way through a recipe. */
#ifndef DEC_PICTURE_H
#define DEC_PICTURE_H

#include "common/model/recipe_ops.h"
#include "worker/decoder/fault.h"
#include "worker/decoder/meter.h"

#include <vips/vips.h>

struct dec_limits {
    uint64_t pixels_max, output_bytes_max;
};

/* Operations see one page at a time (worker/decoder/pages.h): to them every picture is plain.
 *
 * The pixels may be fewer than the picture is said to have: what a decoder could leave out on the
 * way in (shrink-on-load) is made up for by the first resize.  A turn out of the EXIF orientation
 * is kept back too, since turning the smaller result is cheaper. */
struct dec_picture {
    VipsImage *image;  /* owned */
    int width, height; /* as it counts: full size, turned, of one page */
    int pages;         /* of equal size, one below the other; 0 and 1: a plain picture */
    VipsAngle turn;    /* still to be done: first this, clockwise, */
    bool flop;         /* then this, left to right */
    bool streamed;     /* can be read once, from top to bottom */
    bool profiled;     /* in the colours of its profile, still to be made sRGB */
};

/* Takes image (moved in) as the result of an operation: its size is the size. */
void dec_picture_take(struct dec_picture *picture, VipsImage *image);
/* Takes image, which looks as before: size and what is kept back stay. */
void dec_picture_swap(struct dec_picture *picture, VipsImage *image);
void dec_picture_release(struct dec_picture *picture);
struct dec_picture dec_picture_copy(const struct dec_picture *picture); /* one more reference */

/* Nothing about pages, delays and loops, which are not a plain picture's. */
void dec_picture_still(VipsImage *image);
/* Pixels into memory, so that they can be read in any order and more than once. */
enum dec_failure dec_picture_settle(struct dec_picture *picture, struct dec_fault *fault);
/* Turned as it should be; settles where it turns. */
enum dec_failure dec_picture_upright(struct dec_picture *picture, struct dec_fault *fault);
/* 8-bit sRGB or grey, each with or without alpha. */
enum dec_failure dec_picture_srgb(struct dec_picture *picture, struct dec_fault *fault);
/* The same colours in 16 bits, where there are as many; else as dec_picture_srgb(). */
enum dec_failure dec_picture_srgb_deep(struct dec_picture *picture, struct dec_fault *fault);
/* sRGB rather than grey, where one of the channels of the colour needs it. */
enum dec_failure dec_picture_colored(struct dec_picture *picture, struct mr_color color,
                                     struct dec_fault *fault);
/* Alpha that hides nothing, where there is none. */
enum dec_failure dec_picture_alpha(struct dec_picture *picture, struct dec_fault *fault);
/* Size of an output of an operation against the limit, before its pixels are made. */
enum dec_failure dec_size_check(const struct dec_limits *limits, int64_t width, int64_t height,
                                const char *at, struct dec_fault *fault);

#endif
