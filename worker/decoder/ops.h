/* ops.h -- the operations of a recipe on a picture.  What they mean is what sharp makes of them,
 * each as a call of its own. */
#ifndef DEC_OPS_H
#define DEC_OPS_H

#include "worker/decoder/load.h"

struct dec_scene { /* what a task has, for operations that need more than their picture */
    const struct dec_source *sources;
    size_t source_count;
    const struct dec_limits *limits;
    struct dec_meter *meter; /* of everything that is decoded */
};

enum dec_failure dec_ops_run(struct dec_picture *picture, const struct mr_ops *ops,
                             const struct dec_scene *scene, struct dec_fault *fault);
/* By how much (>= 1) a picture of width x height may be smaller from the start, when these lists of
 * operations, one after the other, are all that becomes of it. */
double dec_ops_shrink(const struct mr_ops *const lists[], size_t count, int width, int height);

/* ---- for ops_*.c --------------------------------------------------------------------------- */

struct dec_size {
    int width, height;
};
/* The picture's size before anything is cut off or put around it. */
struct dec_size dec_resize_scaled(const struct mr_op_resize *resize, int width, int height);
enum dec_failure dec_op_resize(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_limits *limits, struct dec_fault *fault);
enum dec_failure dec_op_crop(struct dec_picture *picture, const struct mr_op *op,
                             struct dec_fault *fault);
enum dec_failure dec_op_rotate(struct dec_picture *picture, const struct mr_op *op,
                               const struct dec_limits *limits, struct dec_fault *fault);
enum dec_failure dec_op_composite(struct dec_picture *picture, const struct mr_op *op,
                                  const struct dec_scene *scene, struct dec_fault *fault);
/* Left upper corner of a part of `inner` size in `outer`; CROP rounds the middle up and EMBED down,
 * as in sharp. */
enum dec_place { DEC_PLACE_CROP, DEC_PLACE_EMBED };
void dec_place(const struct mr_gravity *gravity, enum dec_place place, struct dec_size outer,
               struct dec_size inner, int *ret_left, int *ret_top);
/* Takes result where rc is 0; else the fault is libvips'. */
enum dec_failure dec_op_done(struct dec_picture *picture, int rc, VipsImage *result, const char *at,
                             struct dec_fault *fault);

#endif
