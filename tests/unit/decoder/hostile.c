/* hostile.c -- the deeds: each is to be refused, or to end the process; none is to work. */
#include "tests/unit/decoder/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char mark[] = DEC_HOSTILE_MARK;

/* The deed worked, or was refused with an errno: the reply says which. */
static void answer(struct dec_reply *reply, bool worked)
{
    reply->failure = DEC_UNSUPPORTED;
    snprintf(reply->cause, sizeof(reply->cause), "%s",
             worked ? "it worked" : strerrorname_np(errno));
}

static void *opening(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static void in_a_thread(void *(*fn)(void *))
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, fn, NULL) == 0)
        pthread_join(thread, NULL);
}

static void endless(void)
{
    for (;;)
        (void)time(NULL);
}

static void devour(void)
{
    size_t size = 16 << 20;

    for (;;) {
        char *block = malloc(size);
        if (!block)
            abort(); /* as libraries do */
        memset(block, 1, size);
    }
}

static volatile int floor_of_stack = -1; /* never reached, which a compiler does not know */

static int overflow_stack(int depth)
{
    volatile char more[65536];

    more[depth % (int)sizeof(more)] = 1;
    return depth == floor_of_stack ? 0 : overflow_stack(depth + 1) + more[0];
}

/* Deeds that end the process, or should. */
static void deed_fatal(const char *deed)
{
    char *const argv[] = {(char[]){"sh"}, NULL};

    if (strcmp(deed, "open") == 0)
        (void)syscall(SYS_open, "/etc/passwd", O_RDONLY);
    else if (strcmp(deed, "open-in-thread") == 0)
        in_a_thread(opening);
    else if (strcmp(deed, "socket") == 0)
        (void)socket(AF_INET, SOCK_STREAM, 0);
    else if (strcmp(deed, "execve") == 0)
        (void)execve("/bin/sh", argv, NULL);
    else if (strcmp(deed, "fork") == 0)
        (void)fork();
    else if (strcmp(deed, "vfork") == 0)
        (void)syscall(SYS_vfork);
    else if (strcmp(deed, "kill") == 0)
        (void)kill(getppid() ? getppid() : -1, SIGKILL);
    else if (strcmp(deed, "ptrace") == 0)
        (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    else if (strcmp(deed, "executable") == 0)
        (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    else if (strcmp(deed, "make-executable") == 0)
        (void)mprotect(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096,
                       PROT_READ | PROT_EXEC);
    else if (strcmp(deed, "memfd") == 0)
        (void)memfd_create("mine", 0);
    else if (strcmp(deed, "grow") == 0)
        (void)ftruncate(SB_SOCKET + 1, 1 << 30);
    else if (strcmp(deed, "segfault") == 0)
        raise(SIGSEGV);
    else if (strcmp(deed, "abort") == 0)
        abort();
    else if (strcmp(deed, "stack") == 0)
        (void)overflow_stack(0);
    else if (strcmp(deed, "exit") == 0)
        _exit(0);
    else if (strcmp(deed, "memory") == 0)
        devour();
    else if (strcmp(deed, "loop") == 0)
        endless();
    else if (strcmp(deed, "sleep") == 0)
        for (;;)
            (void)poll(NULL, 0, 1000);
}

/* Behind what this task's source holds: is there something of one before? */
static bool something_behind(const struct dec_slot *slot, size_t len)
{
    const char *bytes = slot->map;

    errno = ENODATA;
    for (size_t i = len; i < slot->size; i++)
        if (bytes[i])
            return true;
    return false;
}

/* Deeds of which the supervisor hears. */
static bool deed_told(const char *deed, struct dec_channel *channel, size_t source_len,
                      struct dec_reply *reply)
{
    const struct dec_slot *source = &channel->slots[0];
    const struct dec_slot *output = &channel->slots[DEC_SLOT_OUTPUTS];

    if (strcmp(deed, "write-source") == 0)
        answer(reply, pwrite(source->fd, "x", 1, 0) == 1);
    else if (strcmp(deed, "map-source") == 0)
        answer(reply,
               mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, source->fd, 0) != MAP_FAILED);
    else if (strcmp(deed, "write-past-end") == 0)
        answer(reply, pwrite(output->fd, "x", 1, (off_t)output->size) == 1);
    else if (strcmp(deed, "open-by-library") == 0)
        answer(reply, open("/etc/passwd", O_RDONLY) >= 0 || fopen("/etc/passwd", "r"));
    else if (strcmp(deed, "look-back") == 0)
        answer(reply, something_behind(source, source_len));
    else
        return false;
    return true;
}

/* Deeds that are lies about what was done. */
static bool deed_lie(const char *deed, struct dec_channel *channel, struct dec_reply *reply)
{
    struct dec_written *written = &reply->outputs[0];

    reply->output_count = 1;
    reply->source_width = reply->source_height = reply->source_pages = 1;
    *written = (struct dec_written){
        .len = 1, .format = MR_FORMAT_JPEG, .width = 1, .height = 1, .pages = 1};
    if (strcmp(deed, "lie-length") == 0)
        written->len = UINT64_MAX;
    else if (strcmp(deed, "lie-format") == 0)
        written->format = 1 << 30;
    else if (strcmp(deed, "lie-size") == 0)
        written->width = -1;
    else if (strcmp(deed, "lie-count") == 0)
        reply->output_count = UINT32_MAX;
    else if (strcmp(deed, "lie-failure") == 0)
        reply->failure = UINT32_MAX;
    else if (strcmp(deed, "lie-sequence") == 0)
        reply->head.sequence++;
    else if (strcmp(deed, "lie-cause") == 0)
        reply->failure = DEC_CORRUPT, memset(reply->cause, '\x1b', sizeof(reply->cause));
    else if (strcmp(deed, "lie-short") == 0)
        (void)!write(channel->sock, "x", 1);
    else if (strcmp(deed, "lie-twice") == 0)
        dec_channel_reply(channel, reply, &(struct mr_buf){0});
    else
        return false;
    return true;
}

bool dec_hostile_act(struct dec_channel *channel, const struct dec_source *source,
                     struct dec_reply *reply)
{
    char deed[32] = "";

    if (source->len < sizeof(mark) || memcmp(source->data, mark, sizeof(mark) - 1) != 0)
        return false;
    snprintf(deed, sizeof(deed), "%.*s", (int)(source->len - sizeof(mark) + 1),
             (const char *)source->data + sizeof(mark) - 1);
    if (deed_told(deed, channel, source->len, reply) || deed_lie(deed, channel, reply))
        return true;
    deed_fatal(deed);
    answer(reply, true); /* still here */
    return true;
}
