/* hostile.c -- the deeds: each is to be refused, or to end the process; none is to work. */
#include "tests/unit/decoder/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FDS_LOOKED_AT = 1024 };

static const char mark[] = DEC_HOSTILE_MARK;

/* The deed worked, or was refused with an errno: the reply says which. */
static void answer(struct dec_reply *reply, bool worked)
{
    reply->failure = DEC_UNSUPPORTED;
    snprintf(reply->cause, sizeof(reply->cause), "%s",
             worked ? "it worked" : strerrorname_np(errno));
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
    for (size_t i = 0; i < dec_reaches_count; i++)
        if (strcmp(deed, dec_reaches[i].deed) == 0)
            dec_reaches[i].fn();
    if (strcmp(deed, "segfault") == 0)
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

/* A descriptor that is neither a device, nor a file of ours, nor our end of the one socket. */
static bool something_inherited(void)
{
    struct stat info;

    errno = EBADF;
    for (int fd = 0; fd < FDS_LOOKED_AT; fd++)
        if (fstat(fd, &info) == 0 && fd != SB_SOCKET &&
            (S_ISSOCK(info.st_mode) || S_ISDIR(info.st_mode) || S_ISFIFO(info.st_mode)))
            return true;
    errno = EBADF;
    return false;
}

/* What a process was told at its start; libvips sets names of its own. */
static bool something_in_environment(void)
{
    extern char **environ;

    errno = ENODATA;
    for (char **entry = environ; entry && *entry; entry++)
        if (strncmp(*entry, "VIPS", 4) != 0)
            return true;
    return false;
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
    else if (strcmp(deed, "clone3") == 0)
        answer(reply, syscall(SYS_clone3, NULL, 0) >= 0);
    else if (strcmp(deed, "inherited") == 0)
        answer(reply, something_inherited());
    else if (strcmp(deed, "environment") == 0)
        answer(reply, something_in_environment());
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
    else if (strcmp(deed, "lie-late") == 0) { /* again when the next task has been sent */
        dec_channel_reply(channel, reply, &(struct mr_buf){0});
        (void)poll(NULL, 0, 300);
    } else
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
