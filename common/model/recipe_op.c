/* recipe_op.c -- one operation from its JSON: the table of all, and what their readers share.
 * The fields of each are read in recipe_op_size.c, _filter.c, _tone.c and _layer.c. */
#include "common/model/recipe_op_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const mr_op_names[] = {"resize",
                                   "crop",
                                   "trim",
                                   "extend",
                                   "rotate",
                                   "flip",
                                   "flop",
                                   "affine",
                                   "blur",
                                   "sharpen",
                                   "median",
                                   "convolve",
                                   "pixelate",
                                   "dilate",
                                   "erode",
                                   "gamma",
                                   "negate",
                                   "normalize",
                                   "clahe",
                                   "threshold",
                                   "linear",
                                   "modulate",
                                   "recomb",
                                   "grayscale",
                                   "tint",
                                   "duotone",
                                   "flatten",
                                   "unflatten",
                                   "ensure_alpha",
                                   "remove_alpha",
                                   "extract_channel",
                                   "composite",
                                   "text",
                                   "redact",
                                   "colorspace",
                                   NULL};

/* ---- members --------------------------------------------------------------------------------- */

enum mr_code mr_place_side(const struct mr_place *place, const char *name, int64_t min, int *ret,
                           struct mr_error *err)
{
    int64_t n = *ret;
    enum mr_code rc =
        mr_json_int_opt(place->item, place->at, name, min, MR_RECIPE_SIDE_MAX, &n, err);

    *ret = (int)n;
    return rc;
}

enum mr_code mr_place_int(const struct mr_place *place, const char *name, int64_t min, int64_t max,
                          int *ret, struct mr_error *err)
{
    int64_t n = *ret;
    enum mr_code rc = mr_json_int_opt(place->item, place->at, name, min, max, &n, err);

    *ret = (int)n;
    return rc;
}

enum mr_code mr_place_num(const struct mr_place *place, const char *name, double min, double max,
                          double *ret, struct mr_error *err)
{
    return mr_json_num_opt(place->item, place->at, name, min, max, ret, err);
}

enum mr_code mr_place_need(const struct mr_place *place, const char *name, struct mr_error *err)
{
    if (mr_json_get(place->item, name))
        return MR_OK;
    return mr_fail(err, MR_INVALID, "%s/%s: is missing", place->at, name);
}

enum mr_code mr_place_gravity(const struct mr_place *place, enum mr_gravity_kind last,
                              struct mr_gravity *ret, struct mr_error *err)
{
    static const char *const known[] = {"x", "y", NULL};
    const cJSON *item = mr_json_get(place->item, "gravity");
    char at[MR_POINTER_MAX];
    int kind = MR_GRAVITY_CENTER;
    double x = -1, y = -1;
    enum mr_code rc;

    if (!item)
        return MR_OK;
    if (!cJSON_IsObject(item)) {
        rc = mr_word_opt(place->item, place->at, "gravity", mr_gravity_names, &kind, err);
        if (!rc && kind > (int)last)
            rc = mr_fail(err, MR_INVALID, "%s/gravity: \"%s\" is only for resize and crop",
                         place->at, mr_gravity_names[kind]);
        ret->kind = (enum mr_gravity_kind)kind;
        return rc;
    }
    snprintf(at, sizeof(at), "%s/gravity", place->at);
    rc = mr_json_known(item, at, known, err);
    if (!rc)
        rc = mr_json_num_opt(item, at, "x", 0, 1, &x, err);
    if (!rc)
        rc = mr_json_num_opt(item, at, "y", 0, 1, &y, err);
    if (!rc && (x < 0 || y < 0))
        rc = mr_fail(err, MR_INVALID, "%s/%s: is missing", at, x < 0 ? "x" : "y");
    *ret = (struct mr_gravity){MR_GRAVITY_FOCAL, x, y};
    return rc;
}

enum mr_code mr_place_position(const struct mr_place *place, int64_t min, bool *placed, int *left,
                               int *top, struct mr_error *err)
{
    bool has_left = mr_json_get(place->item, "left") != NULL;
    bool has_top = mr_json_get(place->item, "top") != NULL;
    enum mr_code rc;

    *placed = has_left || has_top;
    if (has_left != has_top)
        return mr_fail(err, MR_INVALID, "%s/%s: is missing, left and top come together", place->at,
                       has_left ? "top" : "left");
    if (*placed && mr_json_get(place->item, "gravity"))
        return mr_fail(err, MR_INVALID, "%s/gravity: left and top say where already", place->at);
    rc = mr_place_side(place, "left", min, left, err);
    if (!rc)
        rc = mr_place_side(place, "top", min, top, err);
    return rc;
}

enum mr_code mr_place_numbers(const cJSON *list, const char *at, size_t count, double limit,
                              double *ret, struct mr_error *err)
{
    const cJSON *item;
    size_t n = 0;

    if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != count)
        return mr_fail(err, MR_INVALID, "%s: must be an array of %zu numbers", at, count);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= -limit && item->valuedouble <= limit))
            return mr_fail(err, MR_INVALID, "%s/%zu: must be a number %.15g..%.15g", at, n, -limit,
                           limit);
        ret[n++] = item->valuedouble;
    }
    return MR_OK;
}

enum mr_code mr_place_matrix(const struct mr_place *place, size_t rows, size_t columns, double *ret,
                             struct mr_error *err)
{
    const cJSON *list = mr_json_get(place->item, "matrix"), *row;
    char at[MR_POINTER_MAX + 32];
    enum mr_code rc = MR_OK;
    size_t n = 0;

    if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != rows)
        return mr_fail(err, MR_INVALID, "%s/matrix: must be %zu rows of %zu numbers", place->at,
                       rows, columns);
    cJSON_ArrayForEach(row, list)
    {
        snprintf(at, sizeof(at), "%s/matrix/%zu", place->at, n);
        rc = mr_place_numbers(row, at, columns, MR_RECIPE_FACTOR_MAX, ret + n++ * columns, err);
        if (rc)
            return rc;
    }
    return rc;
}

/* ---- the table ------------------------------------------------------------------------------- */

static enum mr_code nothing_parse(const struct mr_place *place, struct mr_op *op,
                                  struct mr_error *err)
{
    (void)place, (void)op, (void)err;
    return MR_OK;
}

/* clang-format off */
static const struct {
    mr_op_parse_fn *parse;
    const char *const fields[14]; /* "op" first; NULL-terminated */
} ops[] = {
    [MR_OP_RESIZE]          = {mr_op_resize_parse, {"op", "width", "height", "fit", "gravity", "kernel", "background",
                                                    "without_enlargement", "without_reduction", NULL}},
    [MR_OP_CROP]            = {mr_op_crop_parse, {"op", "left", "top", "width", "height", "gravity", NULL}},
    [MR_OP_TRIM]            = {mr_op_trim_parse, {"op", "threshold", "background", NULL}},
    [MR_OP_EXTEND]          = {mr_op_extend_parse, {"op", "top", "bottom", "left", "right", "background", "mode", NULL}},
    [MR_OP_ROTATE]          = {mr_op_rotate_parse, {"op", "angle", "background", NULL}},
    [MR_OP_FLIP]            = {nothing_parse, {"op", NULL}},
    [MR_OP_FLOP]            = {nothing_parse, {"op", NULL}},
    [MR_OP_AFFINE]          = {mr_op_affine_parse, {"op", "matrix", "background", "idx", "idy", "odx", "ody", NULL}},
    [MR_OP_BLUR]            = {mr_op_blur_parse, {"op", "sigma", NULL}},
    [MR_OP_SHARPEN]         = {mr_op_sharpen_parse, {"op", "sigma", "m1", "m2", "x1", "y2", "y3", NULL}},
    [MR_OP_MEDIAN]          = {mr_op_median_parse, {"op", "size", NULL}},
    [MR_OP_CONVOLVE]        = {mr_op_convolve_parse, {"op", "width", "height", "kernel", "scale", "offset", NULL}},
    [MR_OP_PIXELATE]        = {mr_op_pixelate_parse, {"op", "size", NULL}},
    [MR_OP_DILATE]          = {mr_op_morph_parse, {"op", "width", NULL}},
    [MR_OP_ERODE]           = {mr_op_morph_parse, {"op", "width", NULL}},
    [MR_OP_GAMMA]           = {mr_op_gamma_parse, {"op", "gamma", NULL}},
    [MR_OP_NEGATE]          = {mr_op_negate_parse, {"op", "alpha", NULL}},
    [MR_OP_NORMALIZE]       = {mr_op_normalize_parse, {"op", "lower", "upper", NULL}},
    [MR_OP_CLAHE]           = {mr_op_clahe_parse, {"op", "width", "height", "max_slope", NULL}},
    [MR_OP_THRESHOLD]       = {mr_op_threshold_parse, {"op", "threshold", "grayscale", NULL}},
    [MR_OP_LINEAR]          = {mr_op_linear_parse, {"op", "a", "b", NULL}},
    [MR_OP_MODULATE]        = {mr_op_modulate_parse, {"op", "brightness", "saturation", "hue", "lightness", NULL}},
    [MR_OP_RECOMB]          = {mr_op_recomb_parse, {"op", "matrix", NULL}},
    [MR_OP_GRAYSCALE]       = {nothing_parse, {"op", NULL}},
    [MR_OP_TINT]            = {mr_op_tint_parse, {"op", "color", NULL}},
    [MR_OP_DUOTONE]         = {mr_op_duotone_parse, {"op", "shadow", "highlight", NULL}},
    [MR_OP_FLATTEN]         = {mr_op_flatten_parse, {"op", "background", NULL}},
    [MR_OP_UNFLATTEN]       = {nothing_parse, {"op", NULL}},
    [MR_OP_ENSURE_ALPHA]    = {mr_op_ensure_alpha_parse, {"op", "alpha", NULL}},
    [MR_OP_REMOVE_ALPHA]    = {nothing_parse, {"op", NULL}},
    [MR_OP_EXTRACT_CHANNEL] = {mr_op_extract_channel_parse, {"op", "channel", NULL}},
    [MR_OP_COMPOSITE]       = {mr_op_composite_parse, {"op", "layers", NULL}},
    [MR_OP_TEXT]            = {mr_op_text_parse, {"op", "text", "font", "size", "color", "gravity", "left", "top", "width",
                                                  "align", "background", "padding", "opacity", NULL}},
    [MR_OP_REDACT]          = {mr_op_redact_parse, {"op", "regions", "mode", NULL}},
    [MR_OP_COLORSPACE]      = {mr_op_colorspace_parse, {"op", "space", NULL}},
};
/* clang-format on */

static enum mr_code op_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    const char *name = NULL;
    int type = 0;
    enum mr_code rc = mr_json_str(place->item, place->at, "op", 64, &name, err);

    if (rc)
        return rc;
    rc = mr_word_opt(place->item, place->at, "op", mr_op_names, &type, err);
    if (!rc)
        rc = mr_json_known(place->item, place->at, ops[type].fields, err);
    if (rc)
        return rc;
    op->type = (enum mr_op_type)type;
    snprintf(op->at, sizeof(op->at), "%s", place->at);
    return ops[type].parse(place, op, err);
}

enum mr_code mr_ops_parse(struct mr_recipe *recipe, const cJSON *object, const char *at,
                          unsigned nesting, struct mr_ops *ret, struct mr_error *err)
{
    const cJSON *list = mr_json_get(object, "ops");
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    char here[MR_POINTER_MAX];
    const cJSON *item;
    enum mr_code rc = MR_OK;

    if (!list || (cJSON_IsArray(list) && count == 0))
        return MR_OK;
    if (!cJSON_IsArray(list) || count > MR_RECIPE_OPS_MAX)
        return mr_fail(err, MR_INVALID, "%s/ops: must be an array of 0..%d operations", at,
                       MR_RECIPE_OPS_MAX);
    ret->list = calloc((size_t)count, sizeof(*ret->list));
    if (!ret->list)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a recipe");
    cJSON_ArrayForEach(item, list)
    {
        struct mr_place place = {recipe, item, here, nesting};
        size_t n = ret->count++;
        snprintf(here, sizeof(here), "%s/ops/%zu", at, n);
        rc = op_parse(&place, &ret->list[n], err);
        if (rc)
            return rc;
    }
    return rc;
}

static void op_release(struct mr_op *op)
{
    if (op->type == MR_OP_COMPOSITE) {
        for (size_t n = 0; n < op->composite.count; n++)
            mr_ops_release(&op->composite.layers[n].ops);
        free(op->composite.layers);
    } else if (op->type == MR_OP_CONVOLVE) {
        free(op->convolve.kernel);
    } else if (op->type == MR_OP_TEXT) {
        free(op->text.text);
        free(op->text.font);
    } else if (op->type == MR_OP_REDACT) {
        free(op->redact.regions);
    }
}

void mr_ops_release(struct mr_ops *list)
{
    for (size_t i = 0; i < list->count; i++)
        op_release(&list->list[i]);
    free(list->list);
    *list = (struct mr_ops){NULL, 0};
}
