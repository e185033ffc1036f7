/* recipe_output.c -- one entry of "outputs": what is written, how, and where it lands. */
#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT(format) (1u << (format))

static const char key_default[] = "out/{job}/{step}/{name}.{ext}";

static const char *const format_names[] = {"auto", "jpeg", "png", "webp", "avif", NULL};
static const enum mr_format formats[] = {MR_FORMAT_AUTO, MR_FORMAT_JPEG, MR_FORMAT_PNG,
                                         MR_FORMAT_WEBP, MR_FORMAT_AVIF};
static const char *const formats_later[] = {"gif", "tiff", "jxl", "heif", "raw", "best", NULL};

/* A field that the format has no use for is an error, not a surprise.  `auto` may become any. */
static const struct {
    const char *name;
    unsigned formats;
} fields_of[] = {
    {"quality", BIT(MR_FORMAT_JPEG) | BIT(MR_FORMAT_WEBP) | BIT(MR_FORMAT_AVIF)},
    {"effort", BIT(MR_FORMAT_PNG) | BIT(MR_FORMAT_WEBP) | BIT(MR_FORMAT_AVIF)},
    {"lossless", BIT(MR_FORMAT_WEBP) | BIT(MR_FORMAT_AVIF)},
    {"progressive", BIT(MR_FORMAT_JPEG) | BIT(MR_FORMAT_PNG)},
    {"compression", BIT(MR_FORMAT_PNG)},
    {"chroma", BIT(MR_FORMAT_JPEG) | BIT(MR_FORMAT_AVIF)},
};

static int effort_max(enum mr_format format)
{
    switch (format) {
    case MR_FORMAT_WEBP:
        return 6;
    case MR_FORMAT_AVIF:
        return 9;
    case MR_FORMAT_AUTO: /* whatever it becomes can do as much */
        return 6;
    case MR_FORMAT_PNG:
    case MR_FORMAT_JPEG:
    case MR_FORMAT_HEIC:
    case MR_FORMAT_GIF:
    case MR_FORMAT_TIFF:
    case MR_FORMAT_JXL:
    case MR_FORMAT_JP2:
    case MR_FORMAT_SVG:
    case MR_FORMAT_PDF:
    case MR_FORMAT_COUNT:
        break;
    }
    return 10;
}

static enum mr_code format_parse(const cJSON *item, const char *at, enum mr_format *ret,
                                 struct mr_error *err)
{
    const char *text = NULL;
    int word = 0;
    enum mr_code rc = mr_json_str_opt(item, at, "format", 16, &text, err);

    if (!rc && text && mr_word_find(formats_later, text) >= 0)
        return mr_fail(err, MR_INVALID, "%s/format: \"%s\" is not supported yet", at, text);
    if (!rc)
        rc = mr_word_opt(item, at, "format", format_names, &word, err);
    if (!rc)
        *ret = formats[word];
    return rc;
}

static enum mr_code name_check(const char *name, const char *at, struct mr_error *err)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    if (!*name || name[len])
        return mr_fail(err, MR_INVALID, "%s/name: must be 1..%d of a-z 0-9 _ -", at,
                       MR_RECIPE_NAME_MAX);
    return MR_OK;
}

/* What is stored with an object goes into a request's head: no control characters. */
static enum mr_code text_opt(const cJSON *item, const char *at, const char *name, size_t len_max,
                             char **ret, struct mr_error *err)
{
    const char *text = NULL;
    enum mr_code rc = mr_json_str_opt(item, at, name, len_max, &text, err);

    if (rc || !text)
        return rc;
    if (!*text)
        return mr_fail(err, MR_INVALID, "%s/%s: must not be empty", at, name);
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return mr_fail(err, MR_INVALID, "%s/%s: must not hold control characters", at, name);
    return mr_dup(text, ret, err);
}

static enum mr_code codec_parse(const cJSON *item, const char *at, struct mr_recipe_output *output,
                                struct mr_error *err)
{
    int64_t quality = 0, effort = -1, compression = 6;
    int chroma = MR_CHROMA_420;
    enum mr_code rc = format_parse(item, at, &output->format, err);

    for (size_t i = 0; !rc && i < sizeof(fields_of) / sizeof(fields_of[0]); i++)
        if (output->format != MR_FORMAT_AUTO && mr_json_get(item, fields_of[i].name) &&
            !(fields_of[i].formats & BIT(output->format)))
            rc = mr_fail(err, MR_INVALID, "%s/%s: %s has none", at, fields_of[i].name,
                         mr_format_name(output->format));
    if (!rc)
        rc = mr_json_int_opt(item, at, "quality", 1, 100, &quality, err);
    if (!rc)
        rc = mr_json_int_opt(item, at, "effort", output->format == MR_FORMAT_AVIF ? 0 : 1,
                             effort_max(output->format), &effort, err);
    if (!rc)
        rc = mr_json_int_opt(item, at, "compression", 0, 9, &compression, err);
    if (!rc)
        rc = mr_json_bool_opt(item, at, "lossless", &output->lossless, err);
    if (!rc)
        rc = mr_json_bool_opt(item, at, "progressive", &output->progressive, err);
    if (!rc)
        rc = mr_word_opt(item, at, "chroma", mr_chroma_names, &chroma, err);
    output->quality = (int)quality;
    output->effort = (int)effort;
    output->compression = (int)compression;
    output->chroma = (enum mr_chroma)chroma;
    return rc;
}

/* "copyright" of metadata and a profile's name as icc are words of the vocabulary. */
static enum mr_code metadata_parse(const cJSON *item, const char *at,
                                   struct mr_recipe_output *output, struct mr_error *err)
{
    const char *text = NULL;
    int metadata = MR_METADATA_NONE, icc;
    enum mr_code rc = mr_json_str_opt(item, at, "metadata", 64, &text, err);

    if (!rc && text && strcmp(text, "copyright") == 0)
        return mr_fail(err, MR_INVALID, "%s/metadata: \"copyright\" is not supported yet", at);
    if (!rc)
        rc = mr_word_opt(item, at, "metadata", mr_metadata_names, &metadata, err);
    icc = metadata == MR_METADATA_KEEP ? MR_ICC_KEEP : MR_ICC_SRGB;
    if (!rc)
        rc = mr_json_str_opt(item, at, "icc", 256, &text, err);
    if (!rc && text && mr_json_get(item, "icc")) {
        icc = mr_word_find(mr_icc_names, text);
        if (icc < 0)
            return mr_fail(err, MR_INVALID,
                           "%s/icc: is \"%.64s\"; a profile's name is not supported yet; "
                           "allowed: srgb keep",
                           at, text);
    }
    output->metadata = (enum mr_metadata)metadata;
    output->icc = (enum mr_icc)icc;
    return rc;
}

enum mr_code mr_output_parse(struct mr_recipe *recipe, const cJSON *item, const char *at,
                             struct mr_recipe_output *ret, struct mr_error *err)
{
    static const char *const known[] = {"name",
                                        "ops",
                                        "format",
                                        "quality",
                                        "effort",
                                        "lossless",
                                        "progressive",
                                        "chroma",
                                        "metadata",
                                        "icc",
                                        "compression",
                                        "key",
                                        "cache_control",
                                        "content_disposition",
                                        "palette",
                                        "colors",
                                        "bitdepth",
                                        "tile",
                                        "pyramid",
                                        "max_bytes",
                                        "target",
                                        "tags",
                                        NULL};
    static const char *const later[] = {"palette",   "colors", "bitdepth", "tile", "pyramid",
                                        "max_bytes", "target", "tags",     NULL};
    const char *name = NULL;
    enum mr_code rc = mr_json_known(item, at, known, err);

    if (!rc)
        rc = mr_not_yet(item, at, later, err);
    if (!rc)
        rc = mr_json_str(item, at, "name", MR_RECIPE_NAME_MAX, &name, err);
    if (!rc)
        rc = name_check(name, at, err);
    if (!rc)
        rc = mr_dup(name, &ret->name, err);
    if (!rc)
        rc = codec_parse(item, at, ret, err);
    if (!rc)
        rc = metadata_parse(item, at, ret, err);
    if (!rc)
        rc = text_opt(item, at, "key", MR_RECIPE_KEY_MAX, &ret->key, err);
    if (!rc && !ret->key)
        rc = mr_dup(key_default, &ret->key, err);
    if (!rc)
        rc = text_opt(item, at, "cache_control", MR_RECIPE_HEADER_MAX, &ret->cache_control, err);
    if (!rc)
        rc = text_opt(item, at, "content_disposition", MR_RECIPE_HEADER_MAX,
                      &ret->content_disposition, err);
    if (!rc)
        rc = mr_ops_parse(recipe, item, at, 0, &ret->ops, err);
    return rc;
}

void mr_output_release(struct mr_recipe_output *output)
{
    free(output->name);
    free(output->key);
    free(output->cache_control);
    free(output->content_disposition);
    mr_ops_release(&output->ops);
}
