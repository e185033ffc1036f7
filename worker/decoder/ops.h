/* ops.h -- the operations of a recipe on a picture.  What they mean is what sharp makes of them,
 * each as a call of its own. */
#ifndef DEC_OPS_H
#define DEC_OPS_H

#include "worker/decoder/load.h"

/* Where the first page of several was cut, so that the others are cut there too: what looks at the
 * pixels to decide would have the picture jump about. */
struct dec_places {
    struct {
        const struct mr_gravity *of; /* whose decision it was */
        int left, top;
    } list[MR_RECIPE_OPS_MAX];
    size_t count;
};

struct dec_scene { /* what a task has, for operations that need more than their picture */
    const struct dec_source *sources;
    size_t source_count;
    const struct dec_limits *limits;
    struct dec_meter *meter;   /* of everything that is decoded */
    struct dec_places *places; /* NULL: a picture of one page */
};

enum dec_failure dec_ops_run(struct dec_picture *picture, const struct mr_ops *ops,
                             const struct dec_scene *scene, struct dec_fault *fault);
/* By how much a picture of width x height may be smaller from the start, when these lists of
 * operations, one after the other, are all that becomes of it; below 1: they begin by making it
 * larger, and a drawing is better drawn larger. */
double dec_ops_shrink(const struct mr_ops *const lists[], size_t count, int width, int height);

/* ---- for ops_*.c --------------------------------------------------------------------------- */

struct dec_size {
    int width, height;
};
/* The picture's size before anything is cut off or put around it. */
struct dec_size dec_resize_scaled(const struct mr_op_resize *resize, int width, int height);

typedef enum dec_failure dec_op_fn(struct dec_picture *picture, const struct mr_op *op,
                                   const struct dec_scene *scene, struct dec_fault *fault);
dec_op_fn dec_op_resize, dec_op_crop; /* ops_size.c */
dec_op_fn dec_op_trim, dec_op_extend, dec_op_rotate, dec_op_flip,
    dec_op_affine; /* ops_geometry.c */
dec_op_fn dec_op_blur, dec_op_sharpen, dec_op_median, dec_op_convolve, dec_op_pixelate,
    dec_op_morph, dec_op_clahe; /* ops_filter.c */
dec_op_fn dec_op_gamma, dec_op_negate, dec_op_normalize, dec_op_threshold,
    dec_op_linear; /* ops_tone.c */
dec_op_fn dec_op_modulate, dec_op_recomb, dec_op_grayscale, dec_op_tint,
    dec_op_colorspace; /* ops_colour.c; tint does duotone too */
dec_op_fn dec_op_flatten, dec_op_unflatten, dec_op_ensure_alpha, dec_op_remove_alpha,
    dec_op_extract_channel; /* ops_channel.c */
dec_op_fn dec_op_composite; /* ops_composite.c */
dec_op_fn dec_op_text;      /* ops_text.c */
dec_op_fn dec_op_redact;    /* ops_redact.c */

/* Blocks of size x size pixels, each in the mean of what is in it; *ret is the caller's. */
int dec_blocks(VipsObject *scope, VipsImage *in, VipsImage **ret, int size);
/* Left upper corner of a part of `inner` size in `outer`; CROP rounds the middle up and EMBED down,
 * as in sharp. */
enum dec_place { DEC_PLACE_CROP, DEC_PLACE_EMBED };
void dec_place(const struct mr_gravity *gravity, enum dec_place place, struct dec_size outer,
               struct dec_size inner, int *ret_left, int *ret_top);
/* Takes result where rc is 0; else the fault is libvips'. */
enum dec_failure dec_op_done(struct dec_picture *picture, int rc, VipsImage *result, const char *at,
                             struct dec_fault *fault);

#endif
