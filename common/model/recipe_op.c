/* recipe_op.c -- one operation from its JSON: each op's fields, ranges and defaults. */
#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double sigma_min = 0.01, blur_sigma_max = 1000, sharpen_sigma_max = 10,
                    sharpen_max = 1000000, angle_max = 1000000;

/* Where an operation is being read from, and what its reader needs to know beside it. */
struct place {
    struct mr_recipe *recipe;
    const cJSON *item;
    const char *at;
    unsigned nesting;
};

static enum mr_code side_opt(const struct place *place, const char *name, int64_t min, int *ret,
                             struct mr_error *err)
{
    int64_t n = *ret;
    enum mr_code rc =
        mr_json_int_opt(place->item, place->at, name, min, MR_RECIPE_SIDE_MAX, &n, err);

    *ret = (int)n;
    return rc;
}

/* `words` are the gravities that make sense here: MR_GRAVITY_NORTHWEST or MR_GRAVITY_ENTROPY is
 * the last. */
static enum mr_code gravity_opt(const struct place *place, enum mr_gravity_kind last,
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

static enum mr_code resize_parse(const struct place *place, struct mr_op *op, struct mr_error *err)
{
    struct mr_op_resize *resize = &op->resize;
    const cJSON *item = place->item;
    int fit = MR_FIT_COVER, kernel = MR_KERNEL_LANCZOS3;
    enum mr_code rc;

    resize->background = (struct mr_color){0, 0, 0, 255};
    rc = side_opt(place, "width", 1, &resize->width, err);
    if (!rc)
        rc = side_opt(place, "height", 1, &resize->height, err);
    if (!rc && !resize->width && !resize->height)
        rc = mr_fail(err, MR_INVALID, "%s/width: is missing, and so is height", place->at);
    if (!rc)
        rc = mr_word_opt(item, place->at, "fit", mr_fit_names, &fit, err);
    if (!rc)
        rc = gravity_opt(place, MR_GRAVITY_ENTROPY, &resize->gravity, err);
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

/* left and top come together, and instead of gravity. */
static enum mr_code position_parse(const struct place *place, int64_t min, bool *placed, int *left,
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
    rc = side_opt(place, "left", min, left, err);
    if (!rc)
        rc = side_opt(place, "top", min, top, err);
    return rc;
}

static enum mr_code crop_parse(const struct place *place, struct mr_op *op, struct mr_error *err)
{
    struct mr_op_crop *crop = &op->crop;
    enum mr_code rc = position_parse(place, 0, &crop->placed, &crop->left, &crop->top, err);

    if (!rc)
        rc = side_opt(place, "width", 1, &crop->width, err);
    if (!rc)
        rc = side_opt(place, "height", 1, &crop->height, err);
    if (!rc && (!crop->width || !crop->height))
        rc = mr_fail(err, MR_INVALID, "%s/%s: is missing", place->at,
                     crop->width ? "height" : "width");
    if (!rc)
        rc = gravity_opt(place, MR_GRAVITY_ENTROPY, &crop->gravity, err);
    return rc;
}

static enum mr_code rotate_parse(const struct place *place, struct mr_op *op, struct mr_error *err)
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

static enum mr_code blur_parse(const struct place *place, struct mr_op *op, struct mr_error *err)
{
    return mr_json_num_opt(place->item, place->at, "sigma", sigma_min, blur_sigma_max,
                           &op->blur.sigma, err);
}

static enum mr_code sharpen_parse(const struct place *place, struct mr_op *op, struct mr_error *err)
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

static enum mr_code nothing_parse(const struct place *place, struct mr_op *op, struct mr_error *err)
{
    (void)place, (void)op, (void)err;
    return MR_OK;
}

static enum mr_code flatten_parse(const struct place *place, struct mr_op *op, struct mr_error *err)
{
    op->flatten.background = (struct mr_color){0, 0, 0, 255};
    return mr_color_opt(place->item, place->at, "background", &op->flatten.background, err);
}

/* "color-dodge" is "colour-dodge", as in sharp. */
static enum mr_code blend_opt(const struct place *place, enum mr_blend *ret, struct mr_error *err)
{
    const char *text = NULL;
    int blend = MR_BLEND_OVER;
    enum mr_code rc = mr_json_str_opt(place->item, place->at, "blend", 64, &text, err);

    if (!rc && text && strcmp(text, "color-dodge") == 0)
        blend = MR_BLEND_COLOUR_DODGE;
    else if (!rc && text && strcmp(text, "color-burn") == 0)
        blend = MR_BLEND_COLOUR_BURN;
    else if (!rc)
        rc = mr_word_opt(place->item, place->at, "blend", mr_blend_names, &blend, err);
    *ret = (enum mr_blend)blend;
    return rc;
}

static enum mr_code layer_parse(const struct place *place, struct mr_layer *layer,
                                struct mr_error *err)
{
    static const char *const known[] = {"source",  "gravity", "left", "top", "blend",
                                        "opacity", "tile",    "ops",  NULL};
    enum mr_code rc = mr_json_known(place->item, place->at, known, err);

    layer->opacity = 1;
    if (!rc)
        rc = mr_source_parse(place->recipe, place->item, place->at, &layer->source, err);
    if (!rc)
        rc = position_parse(place, -MR_RECIPE_SIDE_MAX, &layer->placed, &layer->left, &layer->top,
                            err);
    if (!rc)
        rc = gravity_opt(place, MR_GRAVITY_NORTHWEST, &layer->gravity, err);
    if (!rc)
        rc = blend_opt(place, &layer->blend, err);
    if (!rc)
        rc = mr_json_num_opt(place->item, place->at, "opacity", 0, 1, &layer->opacity, err);
    if (!rc)
        rc = mr_json_bool_opt(place->item, place->at, "tile", &layer->tile, err);
    if (!rc)
        rc = mr_ops_parse(place->recipe, place->item, place->at, place->nesting + 1, &layer->ops,
                          err);
    return rc;
}

static enum mr_code composite_parse(const struct place *place, struct mr_op *op,
                                    struct mr_error *err)
{
    const cJSON *list = mr_json_get(place->item, "layers");
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    char at[MR_POINTER_MAX];
    const cJSON *item;
    enum mr_code rc = MR_OK;

    if (count < 1 || count > MR_RECIPE_LAYERS_MAX)
        return mr_fail(err, MR_INVALID, "%s/layers: must be an array of 1..%d layers", place->at,
                       MR_RECIPE_LAYERS_MAX);
    if (place->nesting >= MR_RECIPE_NESTING_MAX)
        return mr_fail(err, MR_INVALID, "%s: composites may be within each other %d deep",
                       place->at, MR_RECIPE_NESTING_MAX);
    op->composite.layers = calloc((size_t)count, sizeof(*op->composite.layers));
    if (!op->composite.layers)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a recipe");
    cJSON_ArrayForEach(item, list)
    {
        size_t n = op->composite.count++;
        struct place inner = {place->recipe, item, at, place->nesting};
        snprintf(at, sizeof(at), "%s/layers/%zu", place->at, n);
        rc = layer_parse(&inner, &op->composite.layers[n], err);
        if (rc)
            return rc;
    }
    return rc;
}

/* clang-format off */
static const struct {
    enum mr_code (*parse)(const struct place *, struct mr_op *, struct mr_error *);
    const char *const fields[10]; /* "op" first; NULL-terminated */
} ops[] = {
    [MR_OP_RESIZE]    = {resize_parse, {"op", "width", "height", "fit", "gravity", "kernel", "background",
                                        "without_enlargement", "without_reduction", NULL}},
    [MR_OP_CROP]      = {crop_parse, {"op", "left", "top", "width", "height", "gravity", NULL}},
    [MR_OP_ROTATE]    = {rotate_parse, {"op", "angle", "background", NULL}},
    [MR_OP_FLIP]      = {nothing_parse, {"op", NULL}},
    [MR_OP_FLOP]      = {nothing_parse, {"op", NULL}},
    [MR_OP_BLUR]      = {blur_parse, {"op", "sigma", NULL}},
    [MR_OP_SHARPEN]   = {sharpen_parse, {"op", "sigma", "m1", "m2", "x1", "y2", "y3", NULL}},
    [MR_OP_GRAYSCALE] = {nothing_parse, {"op", NULL}},
    [MR_OP_FLATTEN]   = {flatten_parse, {"op", "background", NULL}},
    [MR_OP_COMPOSITE] = {composite_parse, {"op", "layers", NULL}},
};
/* clang-format on */

static const char *const ops_later[] = {"trim",         "extend",
                                        "affine",       "median",
                                        "convolve",     "pixelate",
                                        "dilate",       "erode",
                                        "gamma",        "negate",
                                        "normalize",    "clahe",
                                        "threshold",    "linear",
                                        "modulate",     "recomb",
                                        "tint",         "duotone",
                                        "unflatten",    "ensure_alpha",
                                        "remove_alpha", "extract_channel",
                                        "text",         "redact",
                                        "colorspace",   NULL};

static enum mr_code op_parse(const struct place *place, struct mr_op *op, struct mr_error *err)
{
    const char *name = NULL;
    int type = 0;
    enum mr_code rc = mr_json_str(place->item, place->at, "op", 64, &name, err);

    if (rc)
        return rc;
    if (mr_word_find(ops_later, name) >= 0)
        return mr_fail(err, MR_INVALID, "%s/op: \"%s\" is not supported yet", place->at, name);
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
        struct place place = {recipe, item, here, nesting};
        size_t n = ret->count++;
        snprintf(here, sizeof(here), "%s/ops/%zu", at, n);
        rc = op_parse(&place, &ret->list[n], err);
        if (rc)
            return rc;
    }
    return rc;
}

void mr_ops_release(struct mr_ops *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct mr_op *op = &list->list[i];
        if (op->type != MR_OP_COMPOSITE)
            continue;
        for (size_t n = 0; n < op->composite.count; n++)
            mr_ops_release(&op->composite.layers[n].ops);
        free(op->composite.layers);
    }
    free(list->list);
    *list = (struct mr_ops){NULL, 0};
}
