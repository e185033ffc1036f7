/* recipe_op_layer.c -- fields of the operations that put something onto a picture. */
#include "common/model/recipe_op_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const mr_align_names[] = {"left", "center", "right", NULL};
const char *const mr_redact_names[] = {"fill", "blur", "pixelate", NULL};

/* "color-dodge" is "colour-dodge", as in sharp. */
static enum mr_code blend_opt(const struct mr_place *place, enum mr_blend *ret,
                              struct mr_error *err)
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

static enum mr_code layer_parse(const struct mr_place *place, struct mr_layer *layer,
                                struct mr_error *err)
{
    static const char *const known[] = {"source",  "gravity", "left", "top", "blend",
                                        "opacity", "tile",    "ops",  NULL};
    enum mr_code rc = mr_json_known(place->item, place->at, known, err);

    layer->opacity = 1;
    if (!rc)
        rc = mr_source_parse(place->recipe, place->item, place->at, &layer->source, err);
    if (!rc)
        rc = mr_place_position(place, -MR_RECIPE_SIDE_MAX, &layer->placed, &layer->left,
                               &layer->top, err);
    if (!rc)
        rc = mr_place_gravity(place, MR_GRAVITY_NORTHWEST, &layer->gravity, err);
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

enum mr_code mr_op_composite_parse(const struct mr_place *place, struct mr_op *op,
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
        struct mr_place inner = {place->recipe, item, at, place->nesting};
        snprintf(at, sizeof(at), "%s/layers/%zu", place->at, n);
        rc = layer_parse(&inner, &op->composite.layers[n], err);
        if (rc)
            return rc;
    }
    return rc;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Family names and styles, as Pango reads them; a path or an option of fontconfig is none. */
static enum mr_code font_check(const char *font, const char *at, struct mr_error *err)
{
    for (const char *p = font; *p; p++)
        if ((unsigned char)*p < 0x20 || strchr("/\\:=@#", *p))
            return mr_fail(err, MR_INVALID, "%s/font: must be a family's name, as \"sans bold\"",
                           at);
    return *font ? MR_OK : mr_fail(err, MR_INVALID, "%s/font: must not be empty", at);
}

static enum mr_code words_parse(const struct mr_place *place, struct mr_op_text *text,
                                struct mr_error *err)
{
    const char *words = NULL, *font = "sans";
    enum mr_code rc = mr_json_str(place->item, place->at, "text", MR_RECIPE_TEXT_MAX, &words, err);

    if (!rc && !*words)
        rc = mr_fail(err, MR_INVALID, "%s/text: must not be empty", place->at);
    if (!rc)
        rc = mr_dup(words, &text->text, err);
    if (!rc && mr_json_get(place->item, "font"))
        rc = mr_json_str(place->item, place->at, "font", MR_RECIPE_FONT_MAX, &font, err);
    if (!rc)
        rc = font_check(font, place->at, err);
    if (!rc)
        rc = mr_dup(font, &text->font, err);
    return rc;
}

enum mr_code mr_op_text_parse(const struct mr_place *place, struct mr_op *op, struct mr_error *err)
{
    struct mr_op_text *text = &op->text;
    int align = MR_ALIGN_LEFT;
    enum mr_code rc = words_parse(place, text, err);

    text->size = 32;
    text->color = (struct mr_color){0, 0, 0, 255};
    text->opacity = 1;
    if (!rc)
        rc = mr_place_int(place, "size", 1, MR_RECIPE_TEXT_SIZE_MAX, &text->size, err);
    if (!rc)
        rc = mr_color_opt(place->item, place->at, "color", &text->color, err);
    if (!rc)
        rc = mr_place_position(place, -MR_RECIPE_SIDE_MAX, &text->placed, &text->left, &text->top,
                               err);
    if (!rc)
        rc = mr_place_gravity(place, MR_GRAVITY_NORTHWEST, &text->gravity, err);
    if (!rc)
        rc = mr_place_side(place, "width", 1, &text->width, err);
    if (!rc)
        rc = mr_word_opt(place->item, place->at, "align", mr_align_names, &align, err);
    if (!rc)
        rc = mr_color_opt(place->item, place->at, "background", &text->background, err);
    if (!rc)
        rc = mr_place_int(place, "padding", 0, MR_RECIPE_PADDING_MAX, &text->padding, err);
    if (!rc)
        rc = mr_place_num(place, "opacity", 0, 1, &text->opacity, err);
    text->align = (enum mr_align)align;
    return rc;
}

/* ---- redact ---------------------------------------------------------------------------------- */

static enum mr_code region_parse(const struct mr_place *place, struct mr_region *region,
                                 struct mr_error *err)
{
    static const char *const known[] = {"left", "top", "width", "height", NULL};
    enum mr_code rc = mr_json_known(place->item, place->at, known, err);

    for (size_t i = 0; !rc && i < 4; i++)
        rc = mr_place_need(place, known[i], err);
    if (!rc)
        rc = mr_place_side(place, "left", 0, &region->left, err);
    if (!rc)
        rc = mr_place_side(place, "top", 0, &region->top, err);
    if (!rc)
        rc = mr_place_side(place, "width", 1, &region->width, err);
    if (!rc)
        rc = mr_place_side(place, "height", 1, &region->height, err);
    return rc;
}

enum mr_code mr_op_redact_parse(const struct mr_place *place, struct mr_op *op,
                                struct mr_error *err)
{
    struct mr_op_redact *redact = &op->redact;
    const cJSON *list = mr_json_get(place->item, "regions"), *item;
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0, mode = MR_REDACT_FILL;
    char at[MR_POINTER_MAX];
    enum mr_code rc;

    if (count < 1 || count > MR_RECIPE_REGIONS_MAX)
        return mr_fail(err, MR_INVALID, "%s/regions: must be an array of 1..%d regions", place->at,
                       MR_RECIPE_REGIONS_MAX);
    rc = mr_word_opt(place->item, place->at, "mode", mr_redact_names, &mode, err);
    redact->mode = (enum mr_redact)mode;
    if (rc)
        return rc;
    redact->regions = calloc((size_t)count, sizeof(*redact->regions));
    if (!redact->regions)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a recipe");
    cJSON_ArrayForEach(item, list)
    {
        const struct mr_place inner = {place->recipe, item, at, place->nesting};
        snprintf(at, sizeof(at), "%s/regions/%zu", place->at, redact->count);
        rc = region_parse(&inner, &redact->regions[redact->count++], err);
        if (rc)
            return rc;
    }
    return rc;
}
