/* failpoint.c -- one armed fail point a process, read from the environment at the first pass. */
#include "common/base/failpoint.h"

#if MR_FAIL_POINTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_long passes;

void mr_fail_point_hit(const char *name)
{
    const char *armed = getenv("MILLRACE_FAIL_POINT");
    const size_t len = strlen(name);
    long at = 1;

    if (!armed || strncmp(armed, name, len) != 0 || (armed[len] != '\0' && armed[len] != ':'))
        return;
    if (armed[len] == ':')
        at = strtol(armed + len + 1, NULL, 10);
    if (atomic_fetch_add(&passes, 1) + 1 == at)
        (void)raise(SIGKILL);
}

void mr_fail_point_hit_for(const char *name, const char *subject)
{
    const char *armed = getenv("MILLRACE_FAIL_POINT");
    const size_t len = strlen(name);

    if (armed && strncmp(armed, name, len) == 0 && armed[len] == '=' &&
        strcmp(armed + len + 1, subject) == 0)
        (void)raise(SIGKILL);
}
#else
_Static_assert(MR_FAIL_POINTS == 0, "fail points are compiled to nothing");
#endif
