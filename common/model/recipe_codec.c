/* recipe_codec.c -- how an output is written: its format, and the fields that each format has. */
#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <stdio.h>
#include <string.h>

#define BIT(format) (1u << (format))

enum {
    JPEG = BIT(MR_FORMAT_JPEG),
    PNG = BIT(MR_FORMAT_PNG),
    WEBP = BIT(MR_FORMAT_WEBP),
    AVIF = BIT(MR_FORMAT_AVIF),
    HEIF = BIT(MR_FORMAT_HEIC),
    GIF = BIT(MR_FORMAT_GIF),
    TIFF = BIT(MR_FORMAT_TIFF),
    JXL = BIT(MR_FORMAT_JXL),
    /* these may become any of the others */
    OPEN = BIT(MR_FORMAT_AUTO) | BIT(MR_FORMAT_BEST),
};

static const char *const format_names[] = {"auto", "jpeg", "png",  "webp", "avif", "gif",
                                           "tiff", "jxl",  "heif", "raw",  "best", NULL};
static const enum mr_format formats[] = {
    MR_FORMAT_AUTO, MR_FORMAT_JPEG, MR_FORMAT_PNG,  MR_FORMAT_WEBP, MR_FORMAT_AVIF, MR_FORMAT_GIF,
    MR_FORMAT_TIFF, MR_FORMAT_JXL,  MR_FORMAT_HEIC, MR_FORMAT_RAW,  MR_FORMAT_BEST};

/* A field that the format has no use for is an error, not a surprise. */
static const struct {
    const char *name;
    unsigned formats;
} fields_of[] = {
    {"quality", JPEG | WEBP | AVIF | HEIF | TIFF | JXL},
    {"effort", PNG | WEBP | AVIF | HEIF | GIF | JXL},
    {"lossless", WEBP | AVIF | JXL},
    {"progressive", JPEG | PNG | GIF},
    {"palette", PNG},
    {"colors", PNG | GIF},
    {"bitdepth", PNG | AVIF | TIFF},
    {"tile", TIFF},
    {"pyramid", TIFF},
    {"compression", PNG | TIFF},
    {"chroma", JPEG | AVIF},
    {"target", JPEG | WEBP | AVIF | HEIF}, /* the decoder reads them back */
};

static bool has(enum mr_format format, const char *field)
{
    for (size_t i = 0; i < sizeof(fields_of) / sizeof(fields_of[0]); i++)
        if (strcmp(fields_of[i].name, field) == 0)
            return (fields_of[i].formats | OPEN) & BIT(format);
    return true;
}

static enum mr_code fields_check(const cJSON *item, const char *at, enum mr_format format,
                                 struct mr_error *err)
{
    for (size_t i = 0; i < sizeof(fields_of) / sizeof(fields_of[0]); i++)
        if (mr_json_get(item, fields_of[i].name) && !has(format, fields_of[i].name))
            return mr_fail(err, MR_INVALID, "%s/%s: %s has none", at, fields_of[i].name,
                           mr_format_name(format));
    return MR_OK;
}

struct range {
    int min, max;
};

static struct range effort_range(enum mr_format format)
{
    if (BIT(format) & WEBP)
        return (struct range){0, 6};
    if (BIT(format) & (AVIF | HEIF))
        return (struct range){0, 9};
    if (BIT(format) & JXL)
        return (struct range){1, 9};
    if (BIT(format) & OPEN) /* whatever it becomes can do as much */
        return (struct range){1, 6};
    return (struct range){1, 10};
}

/* ---- fields with words or few numbers ------------------------------------------------------- */

static bool bitdepth_known(enum mr_format format, int bits)
{
    bool small = bits == 1 || bits == 2 || bits == 4, deep = bits == 10 || bits == 12;

    if (BIT(format) & (PNG | TIFF))
        return small || bits == 8 || bits == 16;
    return bits == 8 || deep;
}

static enum mr_code bitdepth_parse(const cJSON *item, const char *at, enum mr_format format,
                                   int *ret, struct mr_error *err)
{
    int64_t bits = 0;
    enum mr_code rc = mr_json_int_opt(item, at, "bitdepth", 1, 16, &bits, err);

    if (!rc && bits && (BIT(format) & OPEN ? bits != 8 : !bitdepth_known(format, (int)bits)))
        rc = mr_fail(err, MR_INVALID, "%s/bitdepth: is %d; allowed for %s: %s", at, (int)bits,
                     mr_format_name(format),
                     BIT(format) & (PNG | TIFF) ? "1 2 4 8 16"
                     : BIT(format) & OPEN       ? "8"
                                                : "8 10 12");
    *ret = (int)bits;
    return rc;
}

/* A number for PNG, a word for TIFF; what may become either takes both. */
static enum mr_code compression_parse(const cJSON *item, const char *at,
                                      struct mr_recipe_output *output, struct mr_error *err)
{
    const cJSON *value = mr_json_get(item, "compression");
    int64_t level = 6;
    int word = MR_TIFF_JPEG;
    bool tiff = output->format == MR_FORMAT_TIFF ||
                (output->format != MR_FORMAT_PNG && value && cJSON_IsString(value));
    enum mr_code rc = tiff ? mr_word_opt(item, at, "compression", mr_tiff_names, &word, err)
                           : mr_json_int_opt(item, at, "compression", 0, 9, &level, err);

    output->compression = (int)level;
    output->tiff = (enum mr_tiff)word;
    if (!rc && output->format == MR_FORMAT_TIFF && word == MR_TIFF_CCITTFAX4 &&
        output->bitdepth != 1)
        rc = mr_fail(err, MR_INVALID, "%s/compression: ccittfax4 needs a bitdepth of 1", at);
    return rc;
}

static enum mr_code target_parse(const cJSON *item, const char *at, struct mr_target *ret,
                                 struct mr_error *err)
{
    static const char *const known[] = {"metric", "score", NULL};
    const cJSON *target = mr_json_get(item, "target");
    char here[MR_POINTER_MAX];
    int metric = -1;
    double score = 0;
    enum mr_code rc;

    if (!target || cJSON_IsNull(target))
        return MR_OK;
    snprintf(here, sizeof(here), "%s/target", at);
    rc = mr_json_known(target, here, known, err);
    if (!rc)
        rc = mr_word_opt(target, here, "metric", mr_metric_names, &metric, err);
    if (!rc && metric < 0)
        rc = mr_fail(err, MR_INVALID, "%s/metric: is missing", here);
    if (!rc && !mr_json_get(target, "score"))
        rc = mr_fail(err, MR_INVALID, "%s/score: is missing", here);
    if (!rc)
        rc = metric == 0 ? mr_json_num_opt(target, here, "score", 1, 100, &score, err)
                         : mr_json_num_opt(target, here, "score", 0, 1, &score, err);
    *ret = (struct mr_target){(enum mr_metric)(metric + 1), score};
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static enum mr_code flags_parse(const cJSON *item, const char *at, struct mr_recipe_output *output,
                                struct mr_error *err)
{
    const struct {
        const char *name;
        bool *ret;
    } flags[] = {{"lossless", &output->lossless},
                 {"progressive", &output->progressive},
                 {"palette", &output->palette},
                 {"tile", &output->tile},
                 {"pyramid", &output->pyramid}};
    enum mr_code rc = MR_OK;

    for (size_t i = 0; !rc && i < sizeof(flags) / sizeof(flags[0]); i++)
        rc = mr_json_bool_opt(item, at, flags[i].name, flags[i].ret, err);
    return rc;
}

static enum mr_code numbers_parse(const cJSON *item, const char *at,
                                  struct mr_recipe_output *output, struct mr_error *err)
{
    const struct range effort_of = effort_range(output->format);
    int64_t quality = 0, effort = -1, colors = 256;
    enum mr_code rc = mr_json_int_opt(item, at, "quality", 1, 100, &quality, err);

    if (!rc)
        rc = mr_json_int_opt(item, at, "effort", effort_of.min, effort_of.max, &effort, err);
    if (!rc)
        rc = mr_json_int_opt(item, at, "colors", 2, 256, &colors, err);
    if (!rc)
        rc = mr_json_int_opt(item, at, "max_bytes", 1, (int64_t)1 << 33, &output->max_bytes, err);
    output->quality = (int)quality;
    output->effort = (int)effort;
    output->colors = (int)colors;
    return rc;
}

enum mr_code mr_codec_parse(const cJSON *item, const char *at, struct mr_recipe_output *output,
                            struct mr_error *err)
{
    int format = 0, chroma = MR_CHROMA_420;
    enum mr_code rc = mr_word_opt(item, at, "format", format_names, &format, err);

    output->format = formats[format];
    if (!rc)
        rc = fields_check(item, at, output->format, err);
    if (!rc)
        rc = numbers_parse(item, at, output, err);
    if (!rc)
        rc = flags_parse(item, at, output, err);
    if (!rc)
        rc = bitdepth_parse(item, at, output->format, &output->bitdepth, err);
    if (!rc)
        rc = compression_parse(item, at, output, err);
    if (!rc)
        rc = mr_word_opt(item, at, "chroma", mr_chroma_names, &chroma, err);
    if (!rc)
        rc = target_parse(item, at, &output->target, err);
    if (!rc && output->lossless && output->target.metric != MR_METRIC_NONE)
        rc = mr_fail(err, MR_INVALID, "%s/target: lossless has no quality to search", at);
    if (output->format == MR_FORMAT_PNG && mr_json_get(item, "colors"))
        output->palette = true;
    output->chroma = (enum mr_chroma)chroma;
    return rc;
}

static void target_print(struct mr_jw *w, const struct mr_target *target)
{
    if (target->metric == MR_METRIC_NONE)
        return;
    mr_jw_open(w, "target", '{');
    mr_jw_str(w, "metric", mr_metric_names[target->metric - 1]);
    mr_num_print(w, "score", target->score);
    mr_jw_close(w, '}');
}

/* Fields of the format only: mr_codec_parse() refuses the others. */
void mr_codec_print(struct mr_jw *w, const struct mr_recipe_output *output)
{
    enum mr_format format = output->format;

    mr_jw_str(w, "format", mr_format_name(format));
    if (output->quality)
        mr_jw_int(w, "quality", output->quality);
    if (output->effort >= 0)
        mr_jw_int(w, "effort", output->effort);
    if (has(format, "lossless"))
        mr_jw_bool(w, "lossless", output->lossless);
    if (has(format, "progressive"))
        mr_jw_bool(w, "progressive", output->progressive);
    if (has(format, "palette"))
        mr_jw_bool(w, "palette", output->palette);
    if (has(format, "colors") && output->colors < 256)
        mr_jw_int(w, "colors", output->colors);
    if (output->bitdepth)
        mr_jw_int(w, "bitdepth", output->bitdepth);
    if (has(format, "tile")) {
        mr_jw_bool(w, "tile", output->tile);
        mr_jw_bool(w, "pyramid", output->pyramid);
    }
    if (format == MR_FORMAT_TIFF || (BIT(format) & OPEN && output->tiff != MR_TIFF_JPEG))
        mr_jw_str(w, "compression", mr_tiff_names[output->tiff]);
    else if (has(format, "compression"))
        mr_jw_int(w, "compression", output->compression);
    if (has(format, "chroma"))
        mr_jw_str(w, "chroma", mr_chroma_names[output->chroma]);
    if (output->max_bytes)
        mr_jw_int(w, "max_bytes", output->max_bytes);
    target_print(w, &output->target);
    mr_jw_str(w, "metadata", mr_metadata_names[output->metadata]);
    mr_jw_str(w, "icc", mr_icc_names[output->icc]);
}
