/* recipe_op_size.c -- fields of the operations that change a picture's size or place. */
#include "common/model/recipe_op_parse.h"

static const double trim_threshold_max = 255, angle_max = 1000000;

const char *const mr_extend_names[] = {"background", "copy", "repeat", "mirror", NULL};
static const struct mr_color black = {0, 0, 0, 255};

enum mr_code mr_op_resize_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    struct mr_op_resize *resize = &op->resize;
    const cJSON *item = place->item;
    int fit = MR_FIT_COVER, kernel = MR_KERNEL_LANCZOS3;
    enum mr_code rc;

    resize->background = (struct mr_color){0, 0, 0, 255};
    rc = mr_place_side(place, "width", 1, &resize->width, err);
    if (!rc)
        rc = mr_place_side(place, "height", 1, &resize->height, err);
    if (!rc && !resize->width && !resize->height)
        rc = mr_fail(err, MR_INVALID, "%s/width: is missing, and so is height", place->at);
    if (!rc)
        rc = mr_word_opt(item, place->at, "fit", mr_fit_names, &fit, err);
    if (!rc)
        rc = mr_place_gravity(place, MR_GRAVITY_ENTROPY, &resize->gravity, err);
    if (!rc)
        rc = mr_word_opt(item, place->at, "kernel", mr_kernel_names, &kernel, err);
    if (!rc)
        rc = mr_color_opt(item, place->at, "background", &resize->background, err);
    if (!rc)
        rc = mr_json_bool_opt(item, place->at, "without_enlargement", &resize->without_enlargement,
                              err);
    if (!rc)
        rc =
            mr_json_bool_opt(item, place->at, "without_reduction", &resize->without_reduction, err);
    resize->fit = (enum mr_fit)fit;
    resize->kernel = (enum mr_kernel)kernel;
    return rc;
}

enum mr_code mr_op_crop_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    struct mr_op_crop *crop = &op->crop;
    enum mr_code rc = mr_place_position(place, 0, &crop->placed, &crop->left, &crop->top, err);

    if (!rc)
        rc = mr_place_side(place, "width", 1, &crop->width, err);
    if (!rc)
        rc = mr_place_side(place, "height", 1, &crop->height, err);
    if (!rc && (!crop->width || !crop->height))
        rc = mr_fail(err, MR_INVALID, "%s/%s: is missing", place->at,
                     crop->width ? "height" : "width");
    if (!rc)
        rc = mr_place_gravity(place, MR_GRAVITY_ENTROPY, &crop->gravity, err);
    return rc;
}

enum mr_code mr_op_trim_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    struct mr_op_trim *trim = &op->trim;
    enum mr_code rc;

    trim->threshold = 10;
    trim->colored = mr_json_get(place->item, "background") != NULL;
    rc = mr_place_num(place, "threshold", 0, trim_threshold_max, &trim->threshold, err);
    if (!rc)
        rc = mr_color_opt(place->item, place->at, "background", &trim->background, err);
    return rc;
}

enum mr_code mr_op_extend_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    struct mr_op_extend *extend = &op->extend;
    const struct {
        const char *name;
        int *value;
    } sides[] = {{"top", &extend->top},
                 {"bottom", &extend->bottom},
                 {"left", &extend->left},
                 {"right", &extend->right}};
    int mode = MR_EXTEND_BACKGROUND;
    enum mr_code rc = MR_OK;

    extend->background = black;
    for (size_t i = 0; !rc && i < sizeof(sides) / sizeof(sides[0]); i++)
        rc = mr_place_side(place, sides[i].name, 0, sides[i].value, err);
    if (!rc)
        rc = mr_color_opt(place->item, place->at, "background", &extend->background, err);
    if (!rc)
        rc = mr_word_opt(place->item, place->at, "mode", mr_extend_names, &mode, err);
    extend->mode = (enum mr_extend)mode;
    return rc;
}

enum mr_code mr_op_rotate_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    enum mr_code rc;

    op->rotate.background = (struct mr_color){0, 0, 0, 255};
    if (!mr_json_get(place->item, "angle"))
        return mr_fail(err, MR_INVALID, "%s/angle: is missing", place->at);
    rc = mr_json_num_opt(place->item, place->at, "angle", -angle_max, angle_max, &op->rotate.angle,
                         err);
    if (!rc)
        rc = mr_color_opt(place->item, place->at, "background", &op->rotate.background, err);
    return rc;
}

enum mr_code mr_op_affine_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    struct mr_op_affine *affine = &op->affine;
    const struct {
        const char *name;
        double *value;
    } shifts[] = {
        {"idx", &affine->idx}, {"idy", &affine->idy}, {"odx", &affine->odx}, {"ody", &affine->ody}};
    const double *m = affine->matrix;
    enum mr_code rc = mr_place_matrix(place, 2, 2, affine->matrix, err);

    affine->background = black;
    if (!rc && m[0] * m[3] - m[1] * m[2] == 0)
        rc = mr_fail(err, MR_INVALID, "%s/matrix: has no inverse", place->at);
    for (size_t i = 0; !rc && i < sizeof(shifts) / sizeof(shifts[0]); i++)
        rc = mr_place_num(place, shifts[i].name, -MR_RECIPE_SIDE_MAX, MR_RECIPE_SIDE_MAX,
                          shifts[i].value, err);
    if (!rc)
        rc = mr_color_opt(place->item, place->at, "background", &affine->background, err);
    return rc;
}
