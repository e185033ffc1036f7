/* recipe_op_parse.h -- what the readers of operations, recipe_op*.c, share with nobody else. */
#ifndef MR_RECIPE_OP_PARSE_H
#define MR_RECIPE_OP_PARSE_H

#include "common/base/json.h"
#include "common/model/recipe_parse.h"

/* Where an operation is being read from, and what its reader needs to know beside it. */
struct mr_place {
    struct mr_recipe *recipe;
    const cJSON *item;
    const char *at; /* JSON pointer of item */
    unsigned nesting;
};

/* Members of the item; absent: *ret stays. */
enum mr_code mr_place_side(const struct mr_place *, const char *name, int64_t min, int *ret,
                           struct mr_error *err);
enum mr_code mr_place_int(const struct mr_place *, const char *name, int64_t min, int64_t max,
                          int *ret, struct mr_error *err);
enum mr_code mr_place_num(const struct mr_place *, const char *name, double min, double max,
                          double *ret, struct mr_error *err);
/* last is the last gravity that makes sense here: MR_GRAVITY_NORTHWEST or MR_GRAVITY_ENTROPY. */
enum mr_code mr_place_gravity(const struct mr_place *, enum mr_gravity_kind last,
                              struct mr_gravity *ret, struct mr_error *err);
/* left and top come together, and instead of gravity. */
enum mr_code mr_place_position(const struct mr_place *, int64_t min, bool *placed, int *left,
                               int *top, struct mr_error *err);
/* The member must be there. */
enum mr_code mr_place_need(const struct mr_place *, const char *name, struct mr_error *err);
/* The array list, which is at `at`, holds exactly count numbers in -limit..limit. */
enum mr_code mr_place_numbers(const cJSON *list, const char *at, size_t count, double limit,
                              double *ret, struct mr_error *err);
/* A square or wide matrix as rows: rows x columns numbers. */
enum mr_code mr_place_matrix(const struct mr_place *, size_t rows, size_t columns, double *ret,
                             struct mr_error *err);

typedef enum mr_code mr_op_parse_fn(const struct mr_place *, struct mr_op *, struct mr_error *);
/* recipe_op_size.c */
mr_op_parse_fn mr_op_resize_parse, mr_op_crop_parse, mr_op_trim_parse, mr_op_extend_parse,
    mr_op_rotate_parse, mr_op_affine_parse;
/* recipe_op_filter.c */
mr_op_parse_fn mr_op_blur_parse, mr_op_sharpen_parse, mr_op_median_parse, mr_op_convolve_parse,
    mr_op_pixelate_parse, mr_op_morph_parse, mr_op_clahe_parse;
/* recipe_op_tone.c */
mr_op_parse_fn mr_op_gamma_parse, mr_op_negate_parse, mr_op_normalize_parse, mr_op_threshold_parse,
    mr_op_linear_parse, mr_op_modulate_parse, mr_op_recomb_parse, mr_op_tint_parse,
    mr_op_duotone_parse, mr_op_flatten_parse, mr_op_ensure_alpha_parse, mr_op_extract_channel_parse,
    mr_op_colorspace_parse;
/* recipe_op_layer.c */
mr_op_parse_fn mr_op_composite_parse, mr_op_text_parse, mr_op_redact_parse;

#endif
