/* recipe_op_tone.c -- fields of the operations that change each pixel by itself: tones, colours,
 * channels. */
#include "common/model/recipe_op_parse.h"

#include <stdio.h>

const char *const mr_space_names[] = {"srgb", "b-w", "rgb16", "grey16", "cmyk", "lab", NULL};
static const struct mr_color black = {0, 0, 0, 255};
static const double gamma_min = 1, gamma_max = 3, modulate_max = 1000, hue_max = 1000000;

enum mr_code mr_op_gamma_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    op->gamma.gamma = 2.2;
    return mr_place_num(place, "gamma", gamma_min, gamma_max, &op->gamma.gamma, err);
}

enum mr_code mr_op_negate_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    op->negate.alpha = true;
    return mr_json_bool_opt(place->item, place->at, "alpha", &op->negate.alpha, err);
}

enum mr_code mr_op_normalize_parse(const struct mr_place *place, struct mr_op *op,
                                   struct mr_error *err)
{
    struct mr_op_normalize *normalize = &op->normalize;
    enum mr_code rc;

    *normalize = (struct mr_op_normalize){1, 99};
    rc = mr_place_num(place, "lower", 0, 99, &normalize->lower, err);
    if (!rc)
        rc = mr_place_num(place, "upper", 1, 100, &normalize->upper, err);
    if (!rc && normalize->lower >= normalize->upper)
        rc = mr_fail(err, MR_INVALID, "%s/lower: is %g, must be less than upper, which is %g",
                     place->at, normalize->lower, normalize->upper);
    return rc;
}

enum mr_code mr_op_threshold_parse(const struct mr_place *place, struct mr_op *op,
                                   struct mr_error *err)
{
    enum mr_code rc;

    op->threshold = (struct mr_op_threshold){128, true};
    rc = mr_place_num(place, "threshold", 0, 255, &op->threshold.threshold, err);
    if (!rc)
        rc = mr_json_bool_opt(place->item, place->at, "grayscale", &op->threshold.grayscale, err);
    return rc;
}

/* A number, or an array of one for each band; *ret_count 0: absent. */
static enum mr_code per_band(const struct mr_place *place, const char *name, double *ret,
                             size_t *ret_count, struct mr_error *err)
{
    const cJSON *item = mr_json_get(place->item, name);
    size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 1;
    char at[MR_POINTER_MAX + 16];
    enum mr_code rc;

    *ret_count = 0;
    if (!item)
        return MR_OK;
    if (count < 1 || count > MR_RECIPE_BANDS_MAX)
        return mr_fail(err, MR_INVALID, "%s/%s: must be a number or an array of 1..%d", place->at,
                       name, MR_RECIPE_BANDS_MAX);
    snprintf(at, sizeof(at), "%s/%s", place->at, name);
    if (cJSON_IsArray(item))
        rc = mr_place_numbers(item, at, count, MR_RECIPE_FACTOR_MAX, ret, err);
    else
        rc = mr_place_num(place, name, -MR_RECIPE_FACTOR_MAX, MR_RECIPE_FACTOR_MAX, ret, err);
    if (!rc)
        *ret_count = count;
    return rc;
}

enum mr_code mr_op_linear_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    struct mr_op_linear *linear = &op->linear;
    size_t a = 0, b = 0;
    enum mr_code rc;

    *linear = (struct mr_op_linear){{1, 1, 1, 1}, {0}, 1};
    rc = per_band(place, "a", linear->a, &a, err);
    if (!rc)
        rc = per_band(place, "b", linear->b, &b, err);
    if (!rc && a > 1 && b > 1 && a != b)
        rc = mr_fail(err, MR_INVALID, "%s/b: has %zu numbers, a has %zu", place->at, b, a);
    if (rc)
        return rc;
    linear->count = a > b ? a : b;
    if (linear->count == 0)
        linear->count = 1;
    for (size_t i = 1; i < linear->count; i++) { /* one for all */
        if (a == 1)
            linear->a[i] = linear->a[0];
        if (b == 1)
            linear->b[i] = linear->b[0];
    }
    return rc;
}

enum mr_code mr_op_modulate_parse(const struct mr_place *place, struct mr_op *op,
                                  struct mr_error *err)
{
    struct mr_op_modulate *modulate = &op->modulate;
    enum mr_code rc;

    *modulate = (struct mr_op_modulate){1, 1, 0, 0};
    rc = mr_place_num(place, "brightness", 0, modulate_max, &modulate->brightness, err);
    if (!rc)
        rc = mr_place_num(place, "saturation", 0, modulate_max, &modulate->saturation, err);
    if (!rc)
        rc = mr_place_num(place, "hue", -hue_max, hue_max, &modulate->hue, err);
    if (!rc)
        rc = mr_place_num(place, "lightness", -modulate_max, modulate_max, &modulate->lightness,
                          err);
    return rc;
}

enum mr_code mr_op_recomb_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    const cJSON *list = mr_json_get(place->item, "matrix");

    op->recomb.side = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;
    if (op->recomb.side != 3 && op->recomb.side != 4)
        return mr_fail(err, MR_INVALID, "%s/matrix: must be 3 rows of 3 numbers, or 4 of 4",
                       place->at);
    return mr_place_matrix(place, op->recomb.side, op->recomb.side, op->recomb.matrix, err);
}

static enum mr_code color_needed(const struct mr_place *place, const char *name,
                                 struct mr_color *ret, struct mr_error *err)
{
    enum mr_code rc = mr_place_need(place, name, err);

    return rc ? rc : mr_color_opt(place->item, place->at, name, ret, err);
}

enum mr_code mr_op_tint_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    return color_needed(place, "color", &op->tint.color, err);
}

enum mr_code mr_op_duotone_parse(const struct mr_place *place, struct mr_op *op,
                                 struct mr_error *err)
{
    enum mr_code rc = color_needed(place, "shadow", &op->duotone.shadow, err);

    return rc ? rc : color_needed(place, "highlight", &op->duotone.highlight, err);
}

enum mr_code mr_op_flatten_parse(const struct mr_place *place, struct mr_op *op,
                                 struct mr_error *err)
{
    op->flatten.background = black;
    return mr_color_opt(place->item, place->at, "background", &op->flatten.background, err);
}

enum mr_code mr_op_ensure_alpha_parse(const struct mr_place *place, struct mr_op *op,
                                      struct mr_error *err)
{
    op->ensure_alpha.alpha = 1;
    return mr_place_num(place, "alpha", 0, 1, &op->ensure_alpha.alpha, err);
}

enum mr_code mr_op_extract_channel_parse(const struct mr_place *place, struct mr_op *op,
                                         struct mr_error *err)
{
    enum mr_code rc = mr_place_need(place, "channel", err);

    if (!rc)
        rc = mr_place_int(place, "channel", 0, MR_RECIPE_BANDS_MAX - 1,
                          &op->extract_channel.channel, err);
    return rc;
}

enum mr_code mr_op_colorspace_parse(const struct mr_place *place, struct mr_op *op,
                                    struct mr_error *err)
{
    int space = MR_SPACE_SRGB;
    enum mr_code rc = mr_place_need(place, "space", err);

    if (!rc)
        rc = mr_word_opt(place->item, place->at, "space", mr_space_names, &space, err);
    op->colorspace.space = (enum mr_space)space;
    return rc;
}
