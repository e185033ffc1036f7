/* landlock.c -- Landlock with no rule at all: nothing of the file system, no TCP port, no abstract
 * socket and no signal to a process outside. */
#include "common/sandbox/internal.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's structure as of version 6 of the interface; an older kernel takes the head of it. */
struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

enum {
    NET_ALL = 0x3,   /* bind, connect: version 4 */
    SCOPE_ALL = 0x3, /* abstract sockets, signals: version 6 */
};

/* Rights of the file system by version of the interface: 1 has 13, 2 refer, 3 truncate, 5 ioctl. */
static uint64_t fs_rights(long version)
{
    unsigned bits = 13;

    if (version >= 2)
        bits = 14;
    if (version >= 3)
        bits = 15;
    if (version >= 5)
        bits = 16;
    return (UINT64_C(1) << bits) - 1;
}

int sb_landlock_open(int *ret_fd)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset ruleset = {0};
    size_t size = offsetof(struct ruleset, handled_access_net);
    int fd;

    if (version < 1)
        return version < 0 ? errno : ENOSYS;
    ruleset.handled_access_fs = fs_rights(version);
    if (version >= 4) {
        ruleset.handled_access_net = NET_ALL;
        size = offsetof(struct ruleset, scoped);
    }
    if (version >= 6) {
        ruleset.scoped = SCOPE_ALL;
        size = sizeof(ruleset);
    }
    fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
    if (fd < 0)
        return errno;
    *ret_fd = fd;
    return 0;
}

int sb_landlock_restrict(int fd)
{
    return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? errno : 0;
}
