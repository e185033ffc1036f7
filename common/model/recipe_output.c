/* recipe_output.c -- one entry of "outputs": what is written and where it lands.  How it is
 * written is in recipe_codec.c. */
#include "common/base/json.h"
#include "common/model/recipe_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char key_default[] = "out/{job}/{step}/{name}.{ext}";

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

/* By what may come of the format. */
static bool cmyk_held(enum mr_format format)
{
    return format == MR_FORMAT_JPEG || format == MR_FORMAT_TIFF || format == MR_FORMAT_AUTO;
}

/* Absent, icc is what metadata asks for. */
static enum mr_code metadata_parse(const cJSON *item, const char *at,
                                   struct mr_recipe_output *output, struct mr_error *err)
{
    int metadata = MR_METADATA_NONE, icc;
    enum mr_code rc = mr_word_opt(item, at, "metadata", mr_metadata_names, &metadata, err);

    icc = metadata == MR_METADATA_KEEP ? MR_ICC_KEEP : MR_ICC_SRGB;
    if (!rc)
        rc = mr_word_opt(item, at, "icc", mr_icc_names, &icc, err);
    if (!rc && icc == MR_ICC_CMYK && !cmyk_held(output->format))
        rc = mr_fail(err, MR_INVALID, "%s/icc: %s holds no CMYK", at,
                     mr_format_name(output->format));
    output->metadata = (enum mr_metadata)metadata;
    output->icc = (enum mr_icc)icc;
    return rc;
}

/* ---- tags ---------------------------------------------------------------------------------- */

#define TAG_BYTES "letters, digits, spaces and + - = . _ : / @"

/* As S3 takes them; which characters of other scripts are letters, storage knows. */
static bool tag_sound(const char *text, size_t len_max)
{
    const size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < 0x80 && !isalnum(c) && !strchr(" +-=._:/@", c))
            return false;
    }
    return len <= len_max;
}

/* As a query has it: all but letters, digits and - . _ ~ by their numbers. */
static void tag_encode(struct mr_buf *buf, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (const char *p = text; *p; p++)
        if (strchr(plain, *p))
            mr_buf_add(buf, p, 1);
        else
            mr_buf_addf(buf, "%%%02X", (unsigned)(unsigned char)*p);
}

static enum mr_code tags_join(const char *at, struct mr_recipe_output *output, struct mr_error *err)
{
    struct mr_buf buf = {0};

    if (output->tag_count == 0)
        return MR_OK;
    for (size_t i = 0; i < output->tag_count; i++) {
        if (i > 0)
            mr_buf_add(&buf, "&", 1);
        tag_encode(&buf, output->tags[i].key);
        mr_buf_add(&buf, "=", 1);
        tag_encode(&buf, output->tags[i].value);
    }
    if (buf.failed) {
        mr_buf_release(&buf);
        return mr_fail(err, MR_NO_MEMORY, "no memory for a recipe");
    }
    if (buf.len > MR_RECIPE_TAGS_BYTES_MAX) {
        mr_buf_release(&buf);
        return mr_fail(err, MR_INVALID, "%s/tags: more than %d bytes when encoded", at,
                       MR_RECIPE_TAGS_BYTES_MAX);
    }
    output->tags_text = mr_buf_detach(&buf);
    return MR_OK;
}

static enum mr_code tags_parse(const cJSON *item, const char *at, struct mr_recipe_output *output,
                               struct mr_error *err)
{
    const cJSON *tags = mr_json_get(item, "tags"), *tag;
    enum mr_code rc = MR_OK;

    if (!tags || cJSON_IsNull(tags))
        return MR_OK;
    if (!cJSON_IsObject(tags))
        return mr_fail(err, MR_INVALID, "%s/tags: must be an object of strings", at);
    cJSON_ArrayForEach(tag, tags)
    {
        struct mr_tag *ret = &output->tags[output->tag_count];
        if (output->tag_count == MR_RECIPE_TAGS_MAX)
            return mr_fail(err, MR_INVALID, "%s/tags: at most %d", at, MR_RECIPE_TAGS_MAX);
        if (!*tag->string || !tag_sound(tag->string, MR_RECIPE_TAG_KEY_MAX))
            return mr_fail(err, MR_INVALID, "%s/tags: a name must be 1..%d bytes of " TAG_BYTES, at,
                           MR_RECIPE_TAG_KEY_MAX);
        if (strncasecmp(tag->string, "aws:", 4) == 0)
            return mr_fail(err, MR_INVALID, "%s/tags: a name must not begin with aws:", at);
        if (!cJSON_IsString(tag) || !tag_sound(tag->valuestring, MR_RECIPE_TAG_VALUE_MAX))
            return mr_fail(err, MR_INVALID,
                           "%s/tags/%.64s: must be a string of 0..%d bytes of " TAG_BYTES, at,
                           tag->string, MR_RECIPE_TAG_VALUE_MAX);
        output->tag_count++;
        rc = mr_dup(tag->string, &ret->key, err);
        if (!rc)
            rc = mr_dup(tag->valuestring, &ret->value, err);
        if (rc)
            return rc;
    }
    return tags_join(at, output, err);
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
                                        "palette",
                                        "colors",
                                        "bitdepth",
                                        "tile",
                                        "pyramid",
                                        "compression",
                                        "chroma",
                                        "max_bytes",
                                        "target",
                                        "metadata",
                                        "icc",
                                        "key",
                                        "cache_control",
                                        "content_disposition",
                                        "tags",
                                        NULL};
    const char *name = NULL;
    enum mr_code rc = mr_json_known(item, at, known, err);

    if (!rc)
        rc = mr_json_str(item, at, "name", MR_RECIPE_NAME_MAX, &name, err);
    if (!rc)
        rc = name_check(name, at, err);
    if (!rc)
        rc = mr_dup(name, &ret->name, err);
    if (!rc)
        rc = mr_codec_parse(item, at, ret, err);
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
        rc = tags_parse(item, at, ret, err);
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
    free(output->tags_text);
    for (size_t i = 0; i < output->tag_count; i++) {
        free(output->tags[i].key);
        free(output->tags[i].value);
    }
    mr_ops_release(&output->ops);
}
