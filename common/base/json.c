/* json.c -- checked parsing, and readers of members that name what was wrong.  The check itself is
 * json_check.c; text is made in json_print.c. */
#include "common/base/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

_Static_assert(CJSON_NESTING_LIMIT > MR_JSON_DEPTH_MAX, "cJSON refuses what the check lets pass");

static const double WHOLE_MAX = 9007199254740991.0; /* 2^53 - 1 */

enum mr_code mr_json_parse(const char *text, size_t len, const struct mr_json_limits *limits,
                           cJSON **ret, struct mr_error *err)
{
    enum mr_code rc = mr_json_check(text, len, limits, err);
    const char *end = text;
    cJSON *item;

    if (rc)
        return rc;
    item = cJSON_ParseWithLengthOpts(text, len, &end, false);
    /* Debian's cJSON reads numbers with the locale's point: after a setlocale() it takes 1.5 for 1
     * and a rest.  Where it stopped tells. */
    if (end < text + len && *end == '.') {
        cJSON_Delete(item);
        return mr_fail(err, MR_INTERNAL, "JSON cannot be read in this locale: do not setlocale()");
    }
    if (!item) /* the text is good: there is no other reason left */
        return mr_fail(err, MR_NO_MEMORY, "no memory for %zu bytes of JSON", len);
    *ret = item;
    return MR_OK;
}

cJSON *mr_json_get(const cJSON *object, const char *name)
{
    if (!cJSON_IsObject(object))
        return NULL;
    for (cJSON *item = object->child; item; item = item->next)
        if (item->string && strcmp(item->string, name) == 0)
            return item;
    return NULL;
}

/* *ret is NULL where the member is absent; that is an error only when it is required. */
static enum mr_code find(const cJSON *object, const char *at, const char *name, bool required,
                         const cJSON **ret, struct mr_error *err)
{
    if (!cJSON_IsObject(object))
        return mr_fail(err, MR_INVALID, "%s: must be an object", *at ? at : "(root)");
    *ret = mr_json_get(object, name);
    if (!*ret && required)
        return mr_fail(err, MR_INVALID, "%s/%s: is missing", at, name);
    return MR_OK;
}

static enum mr_code read_str(const cJSON *object, const char *at, const char *name, size_t len_max,
                             bool required, const char **ret, struct mr_error *err)
{
    const cJSON *item = NULL;
    enum mr_code rc = find(object, at, name, required, &item, err);
    size_t len;

    if (rc)
        return rc;
    if (!item) {
        *ret = NULL;
        return MR_OK;
    }
    if (!cJSON_IsString(item))
        return mr_fail(err, MR_INVALID, "%s/%s: must be a string", at, name);
    len = strlen(item->valuestring);
    if (len > len_max)
        return mr_fail(err, MR_INVALID, "%s/%s: must be at most %zu bytes, is %zu", at, name,
                       len_max, len);
    *ret = item->valuestring;
    return MR_OK;
}

enum mr_code mr_json_str(const cJSON *object, const char *at, const char *name, size_t len_max,
                         const char **ret, struct mr_error *err)
{
    return read_str(object, at, name, len_max, true, ret, err);
}

enum mr_code mr_json_str_opt(const cJSON *object, const char *at, const char *name, size_t len_max,
                             const char **ret, struct mr_error *err)
{
    return read_str(object, at, name, len_max, false, ret, err);
}

static enum mr_code read_int(const cJSON *object, const char *at, const char *name, bool required,
                             int64_t min, int64_t max, int64_t *ret, struct mr_error *err)
{
    const cJSON *item = NULL;
    enum mr_code rc = find(object, at, name, required, &item, err);
    double d;

    if (rc || !item)
        return rc;
    d = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    /* 1.0 and 1e3 are whole numbers too, as in JSON Schema.  valueint is not looked at: it is cut
     * to an int.  The first comparison is false for NaN. */
    if (!(fabs(d) <= WHOLE_MAX) || floor(d) != d || (int64_t)d < min || (int64_t)d > max)
        return mr_fail(err, MR_INVALID, "%s/%s: must be a whole number %" PRId64 "..%" PRId64, at,
                       name, min, max);
    *ret = (int64_t)d;
    return MR_OK;
}

enum mr_code mr_json_int(const cJSON *object, const char *at, const char *name, int64_t min,
                         int64_t max, int64_t *ret, struct mr_error *err)
{
    return read_int(object, at, name, true, min, max, ret, err);
}

enum mr_code mr_json_int_opt(const cJSON *object, const char *at, const char *name, int64_t min,
                             int64_t max, int64_t *ret, struct mr_error *err)
{
    return read_int(object, at, name, false, min, max, ret, err);
}

enum mr_code mr_json_num_opt(const cJSON *object, const char *at, const char *name, double min,
                             double max, double *ret, struct mr_error *err)
{
    const cJSON *item = NULL;
    enum mr_code rc = find(object, at, name, false, &item, err);

    if (rc || !item)
        return rc;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= min && item->valuedouble <= max))
        return mr_fail(err, MR_INVALID, "%s/%s: must be a number %.15g..%.15g", at, name, min, max);
    *ret = item->valuedouble;
    return MR_OK;
}

enum mr_code mr_json_bool_opt(const cJSON *object, const char *at, const char *name, bool *ret,
                              struct mr_error *err)
{
    const cJSON *item = NULL;
    enum mr_code rc = find(object, at, name, false, &item, err);

    if (rc || !item)
        return rc;
    if (!cJSON_IsBool(item))
        return mr_fail(err, MR_INVALID, "%s/%s: must be true or false", at, name);
    *ret = cJSON_IsTrue(item);
    return MR_OK;
}

/* Names every one that is allowed, as far as they fit into the text. */
static enum mr_code unknown(const char *at, const char *name, const char *const *names,
                            struct mr_error *err)
{
    char pointer[132], allowed[MR_ERROR_TEXT_MAX / 2];
    size_t n = 0, len = 0;

    for (const char *p = name; *p && n < 128; p++) { /* ~ and / are escaped in a JSON pointer */
        if (*p == '~' || *p == '/')
            pointer[n++] = '~';
        pointer[n++] = (char)(*p == '~' ? '0' : *p == '/' ? '1' : *p);
    }
    pointer[n] = allowed[0] = '\0';
    for (; *names && len + strlen(*names) + 2 < sizeof(allowed); names++) {
        allowed[len] = ' ';
        memcpy(allowed + len + 1, *names, strlen(*names) + 1);
        len += strlen(*names) + 1;
    }
    return mr_fail(err, MR_INVALID, "%s/%s: is not known here; allowed:%s%s", at, pointer, allowed,
                   *names ? " ..." : "");
}

enum mr_code mr_json_known(const cJSON *object, const char *at, const char *const *names,
                           struct mr_error *err)
{
    if (!cJSON_IsObject(object))
        return mr_fail(err, MR_INVALID, "%s: must be an object", *at ? at : "(root)");
    for (const cJSON *item = object->child; item; item = item->next) {
        const char *const *name = names;
        while (*name && strcmp(*name, item->string) != 0)
            name++;
        if (!*name)
            return unknown(at, item->string, names, err);
    }
    return MR_OK;
}
