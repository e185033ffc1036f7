/* inspect.c -- the input of image.inspect, read strictly. */
#include "common/model/inspect.h"

#include "common/base/json.h"

const char *const mr_inspect_words[] = {"stats",    "entropy",   "sharpness", "dominant", "palette",
                                        "blurhash", "thumbhash", "phash",     NULL};

enum mr_code mr_inspect_parse(const cJSON *input, struct mr_inspect *ret, struct mr_error *err)
{
    static const char *const known[] = {"source",  "stats",    "entropy",   "sharpness", "dominant",
                                        "palette", "blurhash", "thumbhash", "phash",     NULL};
    static const char *const source_known[] = {"key", "url", NULL};
    const cJSON *source = mr_json_get(input, "source");
    struct mr_inspect inspect = {0};
    enum mr_code rc;

    if (!cJSON_IsObject(input))
        return mr_fail(err, MR_INVALID, "(root): must be an object");
    rc = mr_json_known(input, "", known, err);
    if (!rc)
        rc = mr_json_known(source, "/source", source_known, err);
    if (!rc)
        rc = mr_recipe_source_parse(source, "/source", &inspect.source, err);
    for (unsigned i = 0; !rc && mr_inspect_words[i]; i++) {
        bool want = false;
        rc = mr_json_bool_opt(input, "", mr_inspect_words[i], &want, err);
        inspect.wanted |= want ? 1U << i : 0;
    }
    if (!rc)
        *ret = inspect;
    return rc;
}
