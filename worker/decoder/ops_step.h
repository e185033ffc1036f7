/* ops_step.h -- how an operation is put together out of libvips' own.  A step makes one image of
 * another; what it needs on the way lives in a scope, which ends with the step. */
#ifndef DEC_OPS_STEP_H
#define DEC_OPS_STEP_H

#include "worker/decoder/ops.h"

/* 0, and *ret a reference of the caller's; or -1 as libvips does. */
typedef int dec_step_fn(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op);

/* What the step makes becomes the picture, in the band format that it had.  It looks as large as
 * before: size and what is kept back stay. */
enum dec_failure dec_step(struct dec_picture *picture, dec_step_fn *fn, const struct mr_op *op,
                          struct dec_fault *fault);
/* The same for a step that changes the size: the image's is the picture's. */
enum dec_failure dec_step_resized(struct dec_picture *picture, dec_step_fn *fn,
                                  const struct mr_op *op, struct dec_fault *fault);

/* fn on the colours alone, alpha as it was. */
int dec_step_colours(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op,
                     dec_step_fn *fn);
/* fn on colours that are multiplied by their alpha, as neighbours must be for a weighted sum; in
 * the image's own band format, as sharp has it. */
int dec_step_premultiplied(VipsObject *scope, VipsImage *in, VipsImage **ret,
                           const struct mr_op *op, dec_step_fn *fn);

double dec_white(const VipsImage *image);            /* 255 or 65535 */
VipsInterpretation dec_grey(const VipsImage *image); /* of the same depth */
/* Gives the picture the bands that color needs (colours, alpha), and *ret, to be unreferenced: the
 * colour in these bands. */
enum dec_failure dec_background(struct dec_picture *picture, struct mr_color color,
                                VipsArrayDouble **ret, struct dec_fault *fault);

#endif
