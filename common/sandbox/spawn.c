/* spawn.c -- the parent's side: a child in name spaces of its own, with limits, an empty
 * environment and one socket.  Between clone and exec the child is a copy of one thread of a
 * program with many: only calls that are safe in a signal handler are made there. */
#include "common/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EXIT_NOT_STARTED = 127,
    START_MS = 10000, /* until the name spaces are made: a process that is held is given up */
    LOW_FDS = 10,
    STAT_BYTES = 2048,
    STAT_FIELDS_TO_STATUS = 49,
};

const struct sb_child sb_child_none = {.pid = -1, .pidfd = -1, .sock = -1};

/* All that the child needs between clone and exec, made before. */
struct plan {
    const char *path;
    const struct sb_limits *limits;
    bool keep_stderr;
    int sock;        /* the child's end */
    int clone_flags; /* those that worked */
    char uid_map[48], gid_map[48];
};

static int file_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return errno;
    if (write(fd, text, strlen(text)) < 0)
        rc = errno;
    close(fd);
    return rc;
}

/* Root of its own name space, so that the warm child can still make itself an empty root. */
static int user_map(const struct plan *plan)
{
    int rc = file_write("/proc/self/setgroups", "deny");

    if (!rc)
        rc = file_write("/proc/self/uid_map", plan->uid_map);
    if (!rc)
        rc = file_write("/proc/self/gid_map", plan->gid_map);
    return rc;
}

static void spaces_make(const struct plan *plan, struct sb_report *report, int clone_error)
{
    static const struct {
        enum sb_layer layer;
        int flag;
    } spaces[] = {{SB_NET, CLONE_NEWNET}, {SB_IPC, CLONE_NEWIPC}, {SB_UTS, CLONE_NEWUTS}};

    sb_report_hold(report, SB_USER,
                   plan->clone_flags & CLONE_NEWUSER ? user_map(plan) : clone_error);
    sb_report_hold(report, SB_PID, plan->clone_flags & CLONE_NEWPID ? 0 : clone_error);
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
        sb_report_hold(report, spaces[i].layer, unshare(spaces[i].flag) < 0 ? errno : 0);
    /* The mount name space counts when sb_lock() has emptied it; until then its error is kept. */
    report->error[SB_MOUNT] = unshare(CLONE_NEWNS) < 0 ? errno : 0;
}

static int limit_set(int resource, int64_t value)
{
    struct rlimit limit = {(rlim_t)value, (rlim_t)value};

    return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? errno : 0;
}

static int limits_set(const struct sb_limits *limits)
{
    int rc = limit_set(RLIMIT_CORE, 0);

    if (!rc)
        rc = limit_set(RLIMIT_MEMLOCK, 0);
    if (!rc)
        rc = limit_set(RLIMIT_MSGQUEUE, 0);
    if (!rc && limits->address_space)
        rc = limit_set(RLIMIT_AS, limits->address_space);
    if (!rc && limits->file_bytes)
        rc = limit_set(RLIMIT_FSIZE, limits->file_bytes);
    if (!rc && limits->open_files)
        rc = limit_set(RLIMIT_NOFILE, limits->open_files);
    return rc;
}

static void signals_reset(void)
{
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* 0, 1, 2: /dev/null; SB_SOCKET: the socket; nothing else. */
static int descriptors_set(const struct plan *plan)
{
    int sock = fcntl(plan->sock, F_DUPFD, LOW_FDS);
    int null = open("/dev/null", O_RDWR);

    if (sock < 0 || null < 0)
        return errno;
    null = fcntl(null, F_DUPFD, LOW_FDS);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        return errno;
    if (!plan->keep_stderr && dup2(null, 2) < 0)
        return errno;
    if (dup2(sock, SB_SOCKET) < 0)
        return errno;
    if (syscall(SYS_close_range, SB_SOCKET + 1, ~0U, 0) < 0)
        return errno;
    return 0;
}

/* In the child.  The report is its first message; then the socket is the program's. */
static _Noreturn void child_run(const struct plan *plan, int clone_error)
{
    static char *const no_environment[] = {NULL};
    char *const argv[] = {(char[]){"sandboxed"}, NULL};
    struct sb_report report = {0};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signals_reset();
    spaces_make(plan, &report, clone_error);
    if (descriptors_set(plan))
        _exit(EXIT_NOT_STARTED);
    sb_report_hold(&report, SB_RLIMITS, limits_set(plan->limits));
    if (send(SB_SOCKET, &report, sizeof(report), MSG_NOSIGNAL) != sizeof(report))
        _exit(EXIT_NOT_STARTED);
    execve(plan->path, argv, no_environment);
    _exit(EXIT_NOT_STARTED);
}

/* With as many of the name spaces that only clone can give as the platform lets us have. */
static pid_t clone_try(struct plan *plan, int *ret_pidfd, int *ret_error)
{
    static const int tries[] = {CLONE_NEWUSER | CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWPID, 0};
    pid_t pid = -1;

    *ret_error = 0;
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        plan->clone_flags = tries[i];
        pid = (pid_t)syscall(SYS_clone, (unsigned long)(tries[i] | CLONE_PIDFD | SIGCHLD), NULL,
                             ret_pidfd, NULL, NULL);
        if (pid >= 0)
            break;
        if (!*ret_error)
            *ret_error = errno;
    }
    return pid;
}

static enum mr_code report_read(struct sb_child *child, const char *path, int start_ms,
                                struct mr_error *err)
{
    struct pollfd fd = {child->sock, POLLIN, 0};
    ssize_t n;
    int ready;

    do
        ready = poll(&fd, 1, start_ms);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return mr_fail(err, MR_UNAVAILABLE, "%s: its process has not started in %d ms", path,
                       start_ms);
    n = recv(child->sock, &child->report, sizeof(child->report), MSG_DONTWAIT);
    if (n == (ssize_t)sizeof(child->report))
        return MR_OK;
    return mr_fail(err, MR_UNAVAILABLE, "%s: its process ended before it started", path);
}

enum mr_code sb_spawn_begin(const char *path, const struct sb_limits *limits, bool keep_stderr,
                            struct sb_child *ret, struct mr_error *err)
{
    struct plan plan = {.path = path, .limits = limits, .keep_stderr = keep_stderr};
    struct sb_child child = sb_child_none;
    int ends[2], clone_error;

    if (access(path, X_OK) < 0)
        return mr_fail(err, MR_UNAVAILABLE, "%s: %s", path, strerror(errno));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return mr_fail(err, MR_UNAVAILABLE, "%s: socketpair: %s", path, strerror(errno));
    snprintf(plan.uid_map, sizeof(plan.uid_map), "0 %ld 1", (long)geteuid());
    snprintf(plan.gid_map, sizeof(plan.gid_map), "0 %ld 1", (long)getegid());
    plan.sock = ends[1];
    child.sock = ends[0];
    child.pid = clone_try(&plan, &child.pidfd, &clone_error);
    if (child.pid == 0)
        child_run(&plan, clone_error);
    close(ends[1]);
    if (child.pid < 0) {
        close(ends[0]);
        return mr_fail(err, MR_UNAVAILABLE, "%s: clone: %s", path, strerror(clone_error));
    }
    *ret = child;
    return MR_OK;
}

enum mr_code sb_spawn(const char *path, const struct sb_limits *limits, bool keep_stderr,
                      struct sb_child *ret, struct mr_error *err)
{
    struct sb_child child;
    enum mr_code rc = sb_spawn_begin(path, limits, keep_stderr, &child, err);

    if (!rc) {
        rc = report_read(&child, path, limits->start_ms ? (int)limits->start_ms : START_MS, err);
        if (rc)
            sb_child_end(&child);
        else
            *ret = child;
    }
    return rc;
}

void sb_child_kill(const struct sb_child *child)
{
    if (child->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
}

/* The 52nd word of its line in /proc; the second one is its name, in brackets. */
static int status_told(pid_t pid)
{
    char path[48], line[STAT_BYTES];
    const char *at;
    ssize_t len;
    int fd;

    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    len = read(fd, line, sizeof(line) - 1);
    close(fd);
    line[len > 0 ? len : 0] = '\0';
    at = strrchr(line, ')');
    for (int i = 0; at && i <= STAT_FIELDS_TO_STATUS; i++)
        at = strchr(at + 1, ' ');
    return at ? (int)strtol(at, NULL, 10) : -1;
}

int sb_child_status(const struct sb_child *child)
{
    siginfo_t ended = {0};
    int status;

    if (child->pid <= 0)
        return -1;
    status = status_told(child->pid);
    if (status > 0)
        return status;
    sb_child_kill(child); /* 0: it ends so, or runs */
    while (waitid(P_PID, (id_t)child->pid, &ended, WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            return -1;
    return ended.si_code == CLD_EXITED ? ended.si_status << 8 : ended.si_status;
}

static void closed(struct sb_child *child)
{
    if (child->pidfd >= 0)
        close(child->pidfd);
    if (child->sock >= 0)
        close(child->sock);
    *child = sb_child_none;
}

int sb_child_end(struct sb_child *child)
{
    int status = -1;

    sb_child_kill(child);
    if (child->pid > 0)
        while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
            ;
    closed(child);
    return status;
}

void sb_child_dismiss(struct sb_child *child)
{
    sb_child_kill(child);
    if (child->sock >= 0)
        close(child->sock);
    child->sock = -1;
}

bool sb_child_gone(struct sb_child *child)
{
    if (child->pid > 0 && waitpid(child->pid, NULL, WNOHANG) == 0)
        return false;
    closed(child);
    return true;
}
