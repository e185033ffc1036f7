/* threads.c -- what the kernel keeps for each thread has to be changed by each thread: a signal
 * makes every one of them do it, as libpsx and the C library's setuid() do.  The others must be
 * idle: new threads made meanwhile by one that was not asked yet would be missed. */
#include "common/sandbox/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS_MAX = 2000 };

static int (*asked_fn)(void);
static atomic_int answers, failure;

static void asked(int signal)
{
    int saved = errno, rc = asked_fn();

    (void)signal;
    if (rc)
        atomic_store(&failure, rc);
    atomic_fetch_add(&answers, 1);
    errno = saved;
}

/* Waits until `count` threads answered. */
static int wait_answers(int count)
{
    const struct timespec pause = {0, 1000000};

    for (int waited = 0; atomic_load(&answers) < count; waited++) {
        if (waited == WAIT_MS_MAX)
            return ETIMEDOUT;
        nanosleep(&pause, NULL);
    }
    return atomic_load(&failure);
}

/* The thread's number in our own name space: /proc may be of the one outside, its folders have that
 * one's numbers, and the line NSpid has all, ours last.  -1: it is gone. */
static long inner_id(int tasks, const char *name)
{
    char path[64], text[4096], *line, *word;
    ssize_t len;
    int fd;

    snprintf(path, sizeof(path), "%.32s/status", name);
    fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    len = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[len > 0 ? len : 0] = '\0';
    line = strstr(text, "\nNSpid:");
    if (!line)
        return -1;
    line += strlen("\nNSpid:");
    line[strcspn(line, "\n")] = '\0';
    word = strrchr(line, '\t');
    return word ? strtol(word, NULL, 10) : -1;
}

static int ask_others(DIR *folder)
{
    const long self = syscall(SYS_gettid), process = getpid();
    const struct dirent *entry;
    int count = 0;

    while ((entry = readdir(folder))) {
        long thread = entry->d_name[0] == '.' ? -1 : inner_id(dirfd(folder), entry->d_name);
        if (thread <= 0 || thread == self)
            continue;
        if (syscall(SYS_tgkill, process, thread, SIGUSR1) == 0)
            count++;
        else if (errno != ESRCH) /* ended meanwhile */
            return errno;
    }
    return wait_answers(count);
}

int sb_threads_each(int tasks, int (*fn)(void))
{
    struct sigaction action = {.sa_handler = asked, .sa_flags = SA_RESTART}, before;
    DIR *folder = tasks >= 0 ? fdopendir(tasks) : NULL;
    int rc;

    if (!folder)
        return errno;
    asked_fn = fn;
    if (sigaction(SIGUSR1, &action, &before) < 0)
        rc = errno;
    else
        rc = ask_others(folder);
    closedir(folder);
    sigaction(SIGUSR1, &before, NULL);
    return rc ? rc : fn();
}
