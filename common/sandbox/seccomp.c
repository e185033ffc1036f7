/* seccomp.c -- the system calls that are left: memory, threads, time, and the descriptors that it
 * has.  Everything else ends the process, so that an attempt is seen and not merely refused. */
#include "common/sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* With any arguments: none of them names a thing outside of the process. */
static const int plain[] = {
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    /* threads of its own */
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    /* time, chance, use */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    /* the descriptors that it has, and what comes over its socket */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    SCMP_SYS(dup),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
};

static int allow_plain(scmp_filter_ctx filter)
{
    int rc = 0;

    for (size_t i = 0; !rc && i < sizeof(plain) / sizeof(plain[0]); i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain[i], 0);
    return rc;
}

/* Memory is never executable. */
static int allow_mapping(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp data_only = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, data_only);

    if (!rc)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, data_only);
    return rc;
}

/* Threads, never processes, nor name spaces.  The flags of clone3 are out of a filter's sight: it
 * is said not to exist, and the C library takes clone. */
static int allow_threads(scmp_filter_ctx filter)
{
    const scmp_datum_t must = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
    const scmp_datum_t never = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                               CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    static const scmp_datum_t fcntls[] = {F_GETFD, F_SETFD, F_GETFL};
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, must | never, must));

    if (!rc)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (!rc)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    /* flags of a descriptor, none of which opens anything */
    for (size_t i = 0; !rc && i < sizeof(fcntls) / sizeof(fcntls[0]); i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                              SCMP_A1(SCMP_CMP_EQ, fcntls[i]));
    /* abort() */
    if (!rc)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    return rc;
}

int sb_seccomp_load(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc;

    if (!filter)
        return ENOMEM;
    rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: 60 calls, few steps */
    if (!rc)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!rc)
        rc = allow_plain(filter);
    if (!rc)
        rc = allow_mapping(filter);
    if (!rc)
        rc = allow_threads(filter);
    if (!rc)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc < 0 ? -rc : 0;
}
