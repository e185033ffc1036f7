/* recipe_op_filter.c -- fields of the operations that look at a pixel's neighbours. */
#include "common/model/recipe_op_parse.h"

#include <stdio.h>
#include <stdlib.h>

static const double sigma_min = 0.01, blur_sigma_max = 1000, sharpen_sigma_max = 10,
                    sharpen_max = 1000000;

enum {
    MEDIAN_SIZE_MAX = 1000,
    PIXELATE_SIZE_MAX = 65536,
    MORPH_WIDTH_MAX = 1000,
    CLAHE_SIDE_MAX = 65536,
    CLAHE_SLOPE_MAX = 100,
};

enum mr_code mr_op_blur_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    return mr_json_num_opt(place->item, place->at, "sigma", sigma_min, blur_sigma_max,
                           &op->blur.sigma, err);
}

enum mr_code mr_op_sharpen_parse(const struct mr_place *place, struct mr_op *op,
                                 struct mr_error *err)
{
    struct mr_op_sharpen *sharpen = &op->sharpen;
    const struct {
        const char *name;
        double *value;
    } fields[] = {{"m1", &sharpen->m1},
                  {"m2", &sharpen->m2},
                  {"x1", &sharpen->x1},
                  {"y2", &sharpen->y2},
                  {"y3", &sharpen->y3}};
    enum mr_code rc;

    *sharpen = (struct mr_op_sharpen){0, 1, 2, 2, 10, 20};
    rc = mr_json_num_opt(place->item, place->at, "sigma", sigma_min, sharpen_sigma_max,
                         &sharpen->sigma, err);
    for (size_t i = 0; !rc && i < sizeof(fields) / sizeof(fields[0]); i++) {
        rc = mr_json_num_opt(place->item, place->at, fields[i].name, 0, sharpen_max,
                             fields[i].value, err);
        if (!rc && sharpen->sigma == 0 && mr_json_get(place->item, fields[i].name))
            rc = mr_fail(err, MR_INVALID, "%s/%s: needs a sigma beside it", place->at,
                         fields[i].name);
    }
    return rc;
}

enum mr_code mr_op_median_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    op->median.size = 3;
    return mr_place_int(place, "size", 1, MEDIAN_SIZE_MAX, &op->median.size, err);
}

/* As in sharp: the sum of the kernel, but 1 where that would be less. */
static double kernel_sum(const struct mr_op_convolve *convolve)
{
    double sum = 0;

    for (int i = 0; i < convolve->width * convolve->height; i++)
        sum += convolve->kernel[i];
    return sum < 1 ? 1 : sum;
}

enum mr_code mr_op_convolve_parse(const struct mr_place *place, struct mr_op *op,
                                  struct mr_error *err)
{
    struct mr_op_convolve *convolve = &op->convolve;
    static const char *const needed[] = {"width", "height", "kernel"};
    char at[MR_POINTER_MAX + 16];
    size_t count;
    enum mr_code rc = MR_OK;

    for (size_t i = 0; !rc && i < 3; i++)
        rc = mr_place_need(place, needed[i], err);
    if (!rc)
        rc = mr_place_int(place, "width", 1, MR_RECIPE_KERNEL_SIDE_MAX, &convolve->width, err);
    if (!rc)
        rc = mr_place_int(place, "height", 1, MR_RECIPE_KERNEL_SIDE_MAX, &convolve->height, err);
    if (rc)
        return rc;
    count = (size_t)convolve->width * (size_t)convolve->height;
    convolve->kernel = calloc(count, sizeof(*convolve->kernel));
    if (!convolve->kernel)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a recipe");
    snprintf(at, sizeof(at), "%s/kernel", place->at);
    rc = mr_place_numbers(mr_json_get(place->item, "kernel"), at, count, MR_RECIPE_FACTOR_MAX,
                          convolve->kernel, err);
    if (rc)
        return rc;
    convolve->scale = kernel_sum(convolve);
    rc = mr_place_num(place, "scale", -MR_RECIPE_FACTOR_MAX, MR_RECIPE_FACTOR_MAX, &convolve->scale,
                      err);
    if (!rc && convolve->scale == 0)
        rc = mr_fail(err, MR_INVALID, "%s/scale: must not be 0", place->at);
    if (!rc)
        rc = mr_place_num(place, "offset", -MR_RECIPE_FACTOR_MAX, MR_RECIPE_FACTOR_MAX,
                          &convolve->offset, err);
    return rc;
}

enum mr_code mr_op_pixelate_parse(const struct mr_place *place, struct mr_op *op,
                                  struct mr_error *err)
{
    enum mr_code rc = mr_place_need(place, "size", err);

    if (!rc)
        rc = mr_place_int(place, "size", 1, PIXELATE_SIZE_MAX, &op->pixelate.size, err);
    return rc;
}

enum mr_code mr_op_morph_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    op->morph.width = 1;
    return mr_place_int(place, "width", 1, MORPH_WIDTH_MAX, &op->morph.width, err);
}

enum mr_code mr_op_clahe_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    struct mr_op_clahe *clahe = &op->clahe;
    enum mr_code rc = mr_place_need(place, "width", err);

    clahe->max_slope = 3;
    if (!rc)
        rc = mr_place_need(place, "height", err);
    if (!rc)
        rc = mr_place_int(place, "width", 1, CLAHE_SIDE_MAX, &clahe->width, err);
    if (!rc)
        rc = mr_place_int(place, "height", 1, CLAHE_SIDE_MAX, &clahe->height, err);
    if (!rc)
        rc = mr_place_int(place, "max_slope", 0, CLAHE_SLOPE_MAX, &clahe->max_slope, err);
    return rc;
}
