/* local_name.c -- names of outputs out of a pattern.  Pure text. */
#include "gateway/cli/local.h"

#include <stdio.h>
#include <string.h>

struct variable {
    const char *name, *value;
};

static const char *find(const struct variable *all, const char *name, size_t len)
{
    for (; all->name; all++)
        if (strlen(all->name) == len && memcmp(all->name, name, len) == 0)
            return all->value;
    return NULL;
}

/* Below the folder, and a file's. */
static enum mr_code check(const char *path, struct mr_error *err)
{
    const char *last = strrchr(path, '/');
    const char *name = last ? last + 1 : path;

    if (path[0] == '/')
        return mr_fail(err, MR_INVALID, "--name: is below --to, so it must not begin with a /");
    if (!name[0])
        return mr_fail(err, MR_INVALID, "--name: must end with the name of a file");
    for (const char *p = path; *p;) {
        const size_t len = strcspn(p, "/");

        if ((len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
            return mr_fail(err, MR_INVALID, "--name: must not hold the folders . and ..");
        p += len + (p[len] == '/');
    }
    return MR_OK;
}

enum mr_code cli_local_name(const char *pattern, const struct cli_local_vars *vars,
                            char ret[CLI_LOCAL_PATH_MAX], struct mr_error *err)
{
    char width[16], height[16], path[CLI_LOCAL_PATH_MAX];
    const struct variable all[] = {
        {"stem", vars->stem}, {"name", vars->name}, {"ext", vars->ext}, {"sha256", vars->sha256},
        {"width", width},     {"height", height},   {NULL, NULL}};
    size_t len = 0;
    enum mr_code rc;

    (void)snprintf(width, sizeof width, "%d", vars->width);
    (void)snprintf(height, sizeof height, "%d", vars->height);
    for (const char *p = pattern; *p;) {
        const char *from = p, *value = NULL;
        size_t n = strcspn(p, "{}");

        if (n == 0) {
            const size_t inside = *p == '{' ? strcspn(p + 1, "{}") : 0;

            if (*p == '}' || p[1 + inside] != '}')
                return mr_fail(err, MR_INVALID, "--name: a { and a } go together");
            value = find(all, p + 1, inside);
            if (!value)
                return mr_fail(err, MR_INVALID,
                               "--name: {%.*s} is no variable; allowed: {stem} {name} {ext} "
                               "{sha256} {width} {height}",
                               (int)(inside < 40 ? inside : 40), p + 1);
            p += inside + 2;
            from = value;
            n = strlen(value);
        } else {
            p += n;
        }
        if (len + n >= sizeof path)
            return mr_fail(err, MR_TOO_LARGE, "--name: longer than %zu bytes when filled in",
                           sizeof path - 1);
        memcpy(path + len, from, n);
        len += n;
    }
    path[len] = '\0';
    rc = check(path, err);
    if (!rc)
        memcpy(ret, path, len + 1);
    return rc;
}

void cli_local_stem(const char *file, char *ret, size_t size)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    const int len = dot && dot > name ? (int)(dot - name) : (int)strlen(name);

    (void)snprintf(ret, size, "%.*s", len, name);
}
