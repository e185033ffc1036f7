/* child.c -- fork, exec, wait. */
#include "gateway/cli/child.h"

#include "common/base/program.h"
#include "common/ports/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    END_MS = 10000,
    PAUSE_MIN_MS = 200,
    PAUSE_MAX_MS = 10000,
    STEADY_MS = 5000,
    ANSWER_MS = 1000, /* one question to a Redis */
    SAY_MS = 5000,    /* between two words about a wait */
};

/* Millrace's own programs stand beside this one; others are looked for as a shell would. */
static void own_path(const char *name, char *buf, size_t size)
{
    if (strncmp(name, "millrace", 8) != 0 || mr_program_beside(name, buf, size, NULL) != MR_OK)
        (void)snprintf(buf, size, "%s", name);
}

static _Noreturn void become(const char *path, const struct cli_child *child, pid_t parent)
{
    char name[64], argument[4300];
    char *words[3] = {name, argument, NULL};
    const int log = open(child->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int nothing = open("/dev/null", O_RDONLY);

    (void)snprintf(name, sizeof name, "%s", child->name);
    (void)snprintf(argument, sizeof argument, "%s", child->argument ? child->argument : "");
    if (!child->argument)
        words[1] = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0); /* Ctrl-C is for the keeper, which ends all in order */
    if (getppid() == parent && log >= 0 && dup2(log, STDOUT_FILENO) >= 0 &&
        dup2(log, STDERR_FILENO) >= 0 && dup2(nothing, STDIN_FILENO) >= 0)
        (void)execvp(path, words);
    dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
    _exit(127);
}

static enum mr_code launch(struct cli_child *child, struct mr_error *err)
{
    const pid_t parent = getpid();
    char path[4300];

    own_path(child->name, path, sizeof path);
    child->started_ms = mr_mono_ms();
    child->pid = fork();
    if (child->pid == 0)
        become(path, child, parent);
    if (child->pid < 0) {
        child->pid = 0;
        return mr_fail(err, MR_IO, "%s: fork: %s", child->name, strerror(errno));
    }
    return MR_OK;
}

enum mr_code cli_child_start(struct cli_child *child, const char *name, const char *argument,
                             const char *data, struct mr_error *err)
{
    *child = (struct cli_child){.name = name, .argument = argument, .pause_ms = PAUSE_MIN_MS};
    (void)snprintf(child->log, sizeof child->log, "%s/logs/%s.log", data, name);
    return launch(child, err);
}

bool cli_child_ended(struct cli_child *child)
{
    int status = 0;

    if (child->pid && waitpid(child->pid, &status, WNOHANG) == child->pid) {
        if (WIFSIGNALED(status))
            (void)snprintf(child->how, sizeof child->how, "signal %d", WTERMSIG(status));
        else
            (void)snprintf(child->how, sizeof child->how, "status %d", WEXITSTATUS(status));
        child->pid = 0;
        if (mr_mono_ms() - child->started_ms > STEADY_MS)
            child->pause_ms = PAUSE_MIN_MS;
        child->again_ms = mr_mono_ms() + child->pause_ms;
        child->pause_ms = child->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : child->pause_ms * 2;
        fprintf(stderr, "millrace up: %s ended (%s), starting it again; its log: %s\n", child->name,
                child->how, child->log);
    }
    return child->pid == 0;
}

enum mr_code cli_child_again(struct cli_child *child, const char *data, struct mr_error *err)
{
    (void)data;
    if (child->pid || mr_mono_ms() < child->again_ms)
        return MR_OK;
    return launch(child, err);
}

void cli_child_end(struct cli_child *child)
{
    const int64_t limit = mr_mono_ms() + END_MS;

    if (child->pid <= 0)
        return;
    (void)kill(child->pid, SIGTERM);
    while (waitpid(child->pid, NULL, WNOHANG) == 0) {
        if (mr_mono_ms() > limit)
            (void)kill(child->pid, SIGKILL);
        (void)poll(NULL, 0, 10);
    }
    child->pid = 0;
}

static int connect_to(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

bool cli_port_open(int port)
{
    const int fd = connect_to(port);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

/* A Redis that listens may still be reading its data: it answers every command with LOADING then.
 */
static bool redis_answers(int port)
{
    static const char ping[] = "PING\r\n", pong[] = "+PONG";
    char answer[sizeof pong - 1];
    const int fd = connect_to(port);
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    const bool answers = fd >= 0 && send(fd, ping, sizeof ping - 1, MSG_NOSIGNAL) > 0 &&
                         poll(&readable, 1, ANSWER_MS) == 1 &&
                         recv(fd, answer, sizeof answer, MSG_WAITALL) == sizeof answer &&
                         memcmp(answer, pong, sizeof answer) == 0;

    if (fd >= 0)
        (void)close(fd);
    return answers;
}

enum mr_code cli_child_wait_redis(struct cli_child *child, int port,
                                  const volatile sig_atomic_t *end, struct mr_error *err)
{
    int64_t say_ms = mr_mono_ms() + SAY_MS;

    while (!redis_answers(port)) {
        if (cli_child_ended(child))
            return mr_fail(err, MR_UNAVAILABLE, "%s ended (%s); see %s", child->name, child->how,
                           child->log);
        if (*end)
            return mr_fail(err, MR_CANCELLED, "asked to end");
        if (mr_mono_ms() > say_ms) {
            fprintf(stderr, "millrace up: %s is still reading its data; its log: %s\n", child->name,
                    child->log);
            say_ms = mr_mono_ms() + SAY_MS;
        }
        (void)poll(NULL, 0, 20);
    }
    return MR_OK;
}

enum mr_code cli_port_free(int port, const char *setting, struct mr_error *err)
{
    if (!cli_port_open(port))
        return MR_OK;
    return mr_fail(err, MR_CONFLICT,
                   "port %d is in use: is a cluster up already? Else set %s to another", port,
                   setting);
}

enum mr_code cli_child_wait_port(struct cli_child *child, int port, int64_t limit_ms,
                                 struct mr_error *err)
{
    const int64_t limit = mr_mono_ms() + limit_ms;

    while (!cli_port_open(port)) {
        if (cli_child_ended(child))
            return mr_fail(err, MR_UNAVAILABLE, "%s ended (%s); see %s", child->name, child->how,
                           child->log);
        if (mr_mono_ms() > limit)
            return mr_fail(err, MR_TIMEOUT, "%s does not listen on port %d; see %s", child->name,
                           port, child->log);
        (void)poll(NULL, 0, 5);
    }
    return MR_OK;
}
