/* program.c -- see program.h. */
#include "common/base/program.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static bool self_find(char self[PATH_MAX])
{
    const ssize_t len = readlink("/proc/self/exe", self, PATH_MAX - 1);
    const char *started;

    if (len > 0) {
        self[len] = '\0';
        return true;
    }
    started = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    return started && realpath(started, self);
}

enum mr_code mr_program_beside(const char *name, char *path, size_t size, struct mr_error *err)
{
    char self[PATH_MAX];
    const char *slash = self_find(self) ? strrchr(self, '/') : NULL;
    int n;

    if (!slash)
        return mr_fail(err, MR_UNAVAILABLE, "the folder of %s: /proc/self/exe: %s", name,
                       strerror(errno));
    n = snprintf(path, size, "%.*s/%s", (int)(slash - self), self, name);
    if (n < 0 || (size_t)n >= size)
        return mr_fail(err, MR_TOO_LARGE, "the path of %s: longer than %zu bytes", name, size - 1);
    return MR_OK;
}
