/* key.c -- templates of keys.  Pure text. */
#include "worker/key.h"

#include <stdio.h>
#include <string.h>

enum { VARIABLES = 9, VALUE_MAX = 1600 };

struct variable {
    const char *name, *value;
};

static const struct variable *find(const struct variable *all, const char *name, size_t len)
{
    for (size_t i = 0; i < VARIABLES; i++)
        if (strlen(all[i].name) == len && memcmp(all[i].name, name, len) == 0)
            return &all[i];
    return NULL;
}

/* What the orchestrator has not encoded yet: a step must stay one segment of a key. */
static void encode_step(const char *step, char *ret, size_t size)
{
    static const char safe[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~.%";
    size_t len = 0;

    for (const unsigned char *p = (const unsigned char *)step; *p && len + 4 < size; p++) {
        if (strchr(safe, *p))
            ret[len++] = (char)*p;
        else
            len += (size_t)snprintf(ret + len, size - len, "%%%02X", *p);
    }
    ret[len] = '\0';
}

static enum mr_code expand(const char *pattern, const struct variable *all, char *ret,
                           struct mr_error *err)
{
    size_t len = 0;

    for (const char *p = pattern; *p;) {
        const char *from = p++, *end;
        size_t n = 1;

        if (*from == '}')
            return mr_fail(err, MR_INVALID, "a } without its {");
        if (*from == '{') {
            const struct variable *variable;

            end = strchr(from, '}');
            if (!end)
                return mr_fail(err, MR_INVALID, "a { without its }");
            variable = find(all, from + 1, (size_t)(end - from - 1));
            if (!variable)
                return mr_fail(err, MR_INVALID,
                               "\"%.*s\" is no variable; allowed: {job} {tenant} {step} {attempt} "
                               "{name} {ext} {sha256} {width} {height}",
                               (int)(end - from + 1 < 40 ? end - from + 1 : 40), from);
            p = end + 1;
            from = variable->value;
            n = strlen(from);
        }
        if (len + n > MR_BLOB_KEY_MAX)
            return mr_fail(err, MR_INVALID, "must be at most %d bytes when filled in",
                           MR_BLOB_KEY_MAX);
        memcpy(ret + len, from, n);
        len += n;
    }
    ret[len] = '\0';
    return MR_OK;
}

enum mr_code wk_key_expand(const char *pattern, const struct wk_key_vars *vars,
                           char ret[MR_BLOB_KEY_MAX + 1], struct mr_error *err)
{
    char step[VALUE_MAX], attempt[16], width[16], height[16], key[MR_BLOB_KEY_MAX + 1];
    const struct variable all[VARIABLES] = {
        {"job", vars->job},       {"tenant", vars->tenant}, {"step", step},
        {"attempt", attempt},     {"name", vars->name},     {"ext", vars->ext},
        {"sha256", vars->sha256}, {"width", width},         {"height", height},
    };
    enum mr_code rc;

    encode_step(vars->step, step, sizeof step);
    (void)snprintf(attempt, sizeof attempt, "%u", (unsigned)vars->attempt);
    (void)snprintf(width, sizeof width, "%d", vars->width);
    (void)snprintf(height, sizeof height, "%d", vars->height);
    rc = expand(pattern, all, key, err);
    if (!rc)
        rc = mr_blob_key_check(key, err);
    if (!rc)
        memcpy(ret, key, strlen(key) + 1);
    return rc;
}

bool wk_key_is_own(const char *pattern)
{
    return strstr(pattern, "{job}") && strstr(pattern, "{step}");
}
