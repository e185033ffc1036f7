/* lock.c -- the child's side: it gives up all that it can reach. */
#include "common/sandbox/internal.h"
#include "common/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A root without a single file, that nothing can be written to: a tmpfs of no size becomes the root
 * of our mount name space and the old root is let go. */
static int root_empty(void)
{
    static const char place[] = "/proc"; /* a folder that is there; what it was is not needed */
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return errno;
    if (mount("none", place, "tmpfs", flags | MS_RDONLY, "size=4k,nr_inodes=1,mode=0") < 0)
        return errno;
    if (chdir(place) < 0)
        return errno;
    /* The old root is stacked on the new one at "." and then taken off again. */
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        return errno;
    if (umount2(".", MNT_DETACH) < 0)
        return errno;
    return chdir("/") < 0 ? errno : 0;
}

static int landlock_fd = -1; /* what rights_drop() restricts its thread with */

static int capabilities_drop(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return syscall(SYS_capset, &head, none) < 0 ? errno : 0;
}

/* Capabilities and Landlock are of a thread, not of the process. */
static int rights_drop(void)
{
    int rc = capabilities_drop();

    if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        rc = errno;
    if (!rc && landlock_fd >= 0)
        rc = sb_landlock_restrict(landlock_fd);
    return rc;
}

void sb_lock(struct sb_report *report)
{
    int landlock = sb_landlock_open(&landlock_fd);
    int tasks = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* exec may have taken it back */
    rc = root_empty();
    if (rc)
        (void)!chdir("/"); /* at least no folder of whoever started us is kept */
    sb_report_hold(report, SB_MOUNT, rc);
    rc = sb_threads_each(tasks, rights_drop);
    sb_report_hold(report, SB_LANDLOCK, landlock ? landlock : rc);
    if (landlock_fd >= 0)
        close(landlock_fd);
    /* whatever is missing above: the filter reaches all threads by itself */
    sb_report_hold(report, SB_SECCOMP, sb_seccomp_load());
}
