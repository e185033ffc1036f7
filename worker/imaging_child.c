/* imaging_child.c -- the supervisor's end of the socket.  Every wait has an end, sending too: a
 * child that does not read must not hold its supervisor. */
#include "worker/imaging_child.h"

#include "common/ports/clock.h"
#include "worker/decoder/files.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of address space beyond a task's need: stacks of threads, what is mapped and not used. */
enum { LIMIT_SLACK_BYTES = 128 << 20 };
enum { PACKETS_LEFT_MAX = 16 }; /* that a child which is gone may have sent before its last word */
enum { OPEN_FILES_MAX = DEC_SLOTS + 2 * DEC_FILES_MAX + 16 };

/* A checked build maps terabytes of shadow and says what it found on stderr. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECKED_BUILD 1
#else
#define CHECKED_BUILD 0
#endif

const struct wk_child wk_child_none = {.process = {.pid = -1, .pidfd = -1, .sock = -1}};

enum mr_code wk_child_start(struct wk_child *child, const char *path,
                            const struct wk_imaging_config *config, uint32_t untrusted,
                            struct mr_error *err)
{
    const struct sb_limits limits = {.address_space = CHECKED_BUILD ? 0 : config->memory_max,
                                     .file_bytes = config->output_bytes_max,
                                     .open_files = OPEN_FILES_MAX};

    const struct dec_start start = {.head = {DEC_MAGIC, DEC_VERSION, DEC_START, sizeof(start), 0},
                                    .untrusted = untrusted};
    enum mr_code rc;

    *child = wk_child_none;
    rc = sb_spawn_begin(path, &limits, CHECKED_BUILD, &child->process, err);
    if (!rc) /* one that is gone by now is found to be so by whoever waits for it */
        (void)!send(child->process.sock, &start, sizeof(start), MSG_NOSIGNAL | MSG_DONTWAIT);
    return rc;
}

/* Until the socket is ready for events (POLLIN, POLLOUT). */
static enum wk_heard wait_for(const struct wk_child *child, short events,
                              const struct wk_patience *patience)
{
    struct pollfd fds[] = {{child->process.sock, events, 0}, {patience->wake_fd, POLLIN, 0}};
    int64_t left;

    for (;;) {
        left = patience->deadline_ms - mr_mono_ms();
        if (left <= 0)
            return WK_LATE;
        if (poll(fds, 2, left < INT_MAX ? (int)left : INT_MAX) < 0 && errno != EINTR)
            return WK_GONE;
        if (fds[1].revents)
            return WK_STOPPED;
        if (fds[0].revents & events)
            return WK_HEARD;
        if (fds[0].revents)
            return WK_GONE;
    }
}

static enum wk_heard packet_send(const struct wk_child *child, const struct msghdr *message,
                                 const struct wk_patience *patience)
{
    for (;;) {
        enum wk_heard heard;
        if (sendmsg(child->process.sock, message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return WK_HEARD;
        if (errno != EAGAIN && errno != EINTR)
            return WK_GONE;
        heard = wait_for(child, POLLOUT, patience);
        if (heard)
            return heard;
    }
}

static enum wk_heard bytes_send(const struct wk_child *child, const void *data, size_t len,
                                const struct wk_patience *patience)
{
    struct iovec part = {(void *)(uintptr_t)data, len};
    const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    return packet_send(child, &message, patience);
}

static bool head_sound(const struct dec_head *head, enum dec_kind kind, size_t size, size_t len)
{
    return len == size && head->magic == DEC_MAGIC && head->version == DEC_VERSION &&
           head->kind == kind && head->size == size;
}

static bool last_word(struct wk_child *child, const void *data, size_t len)
{
    struct dec_last last;

    if (len != sizeof(last))
        return false;
    memcpy(&last, data, sizeof(last));
    if (!head_sound(&last.head, DEC_LAST, sizeof(last), len) || last.signal < 0 ||
        last.signal >= NSIG)
        return false;
    child->crashed = true;
    child->last = last;
    return true;
}

static enum wk_heard packet_receive(struct wk_child *child, void *data, size_t size,
                                    size_t *ret_len, const struct wk_patience *patience)
{
    struct iovec part = {data, size};

    for (;;) {
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        ssize_t n = recvmsg(child->process.sock, &message, MSG_DONTWAIT);
        enum wk_heard heard;
        if (n > 0 && last_word(child, data, (size_t)n))
            return WK_GONE;
        if (n > 0) {
            *ret_len = (size_t)n;
            return message.msg_flags & MSG_TRUNC ? WK_NONSENSE : WK_HEARD;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return WK_GONE;
        heard = wait_for(child, POLLIN, patience);
        if (heard)
            return heard;
    }
}

/* As the kernel counts it, not as the child would say; 0: it is not known. */
static uint64_t address_space(const struct wk_child *child)
{
    char path[64];
    unsigned long long pages = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%ld/statm", (long)child->process.pid);
    file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%llu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool wk_child_alive(const struct wk_child *child)
{
    struct pollfd fd = {child->process.sock, POLLIN, 0};

    return poll(&fd, 1, 0) == 0 || (!child->ready && !(fd.revents & (POLLHUP | POLLERR)));
}

enum wk_heard wk_child_ready(struct wk_child *child, const struct wk_patience *patience)
{
    struct dec_hello hello;
    enum wk_heard heard;
    size_t len;

    if (child->ready)
        return WK_HEARD;
    heard = packet_receive(child, &child->process.report, sizeof(child->process.report), &len,
                           patience);
    if (!heard && len != sizeof(child->process.report))
        heard = WK_NONSENSE;
    if (!heard)
        heard = packet_receive(child, &hello, sizeof(hello), &len, patience);
    if (heard)
        return heard;
    if (!head_sound(&hello.head, DEC_HELLO, sizeof(hello), len))
        return WK_NONSENSE;
    sb_report_merge(&child->process.report, &hello.report);
    child->idle_bytes = CHECKED_BUILD ? 0 : address_space(child); /* there it is mostly shadow */
    child->ready = true;
    return WK_HEARD;
}

void wk_child_limit(const struct wk_child *child, const struct wk_pool *pool, uint64_t bytes)
{
    struct rlimit limit;
    uint64_t most = child->idle_bytes + bytes + bytes / 4 + LIMIT_SLACK_BYTES;

    if (CHECKED_BUILD || !child->idle_bytes || prlimit(child->process.pid, RLIMIT_AS, NULL, &limit))
        return;
    for (size_t i = 0; i < DEC_SLOT_OUTPUTS; i++)
        most += pool->slots[i].size;
    limit.rlim_cur = bytes && most < limit.rlim_max ? (rlim_t)most : limit.rlim_max;
    (void)prlimit(child->process.pid, RLIMIT_AS, &limit, NULL);
}

enum wk_heard wk_child_grant(struct wk_child *child, uint32_t sequence, uint64_t bytes,
                             const struct wk_patience *patience)
{
    const struct dec_memory grant = {{DEC_MAGIC, DEC_VERSION, DEC_GRANT, sizeof(grant), sequence},
                                     bytes};

    return bytes_send(child, &grant, sizeof(grant), patience);
}

static enum wk_heard hand(struct wk_child *child, const struct wk_slot *slot, size_t index,
                          const struct wk_patience *patience)
{
    struct dec_hand packet = {
        .head = {DEC_MAGIC, DEC_VERSION, DEC_HAND, sizeof(packet), 0},
        .slot = (uint32_t)index,
        .size = slot->size,
    };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {&packet, sizeof(packet)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    enum wk_heard heard;

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &slot->fd, sizeof(int));
    heard = packet_send(child, &message, patience);
    if (heard == WK_HEARD)
        child->handed[index] = slot->made;
    return heard;
}

enum wk_heard wk_child_send(struct wk_child *child, const struct wk_pool *pool,
                            const struct dec_task *task, const struct mr_buf *text,
                            const struct wk_patience *patience)
{
    enum wk_heard heard = WK_HEARD;

    for (size_t i = 0; !heard && i < DEC_SLOTS; i++)
        if (pool->slots[i].fd >= 0 && child->handed[i] != pool->slots[i].made)
            heard = hand(child, &pool->slots[i], i, patience);
    if (!heard)
        heard = bytes_send(child, task, sizeof(*task), patience);
    for (size_t at = 0; !heard && at < text->len; at += DEC_TEXT_PIECE) {
        size_t left = text->len - at;
        heard = bytes_send(child, text->data + at, left < DEC_TEXT_PIECE ? left : DEC_TEXT_PIECE,
                           patience);
    }
    return heard;
}

static enum wk_heard text_hear(struct wk_child *child, uint64_t len, struct mr_buf *text,
                               const struct wk_patience *patience)
{
    char piece[DEC_TEXT_PIECE];
    enum wk_heard heard;
    size_t n;

    mr_buf_reset(text);
    if (len > DEC_ANSWER_MAX)
        return WK_NONSENSE;
    while (text->len < len) {
        heard = packet_receive(child, piece, sizeof(piece), &n, patience);
        if (heard)
            return heard;
        if (n > len - text->len || mr_buf_add(text, piece, n))
            return WK_NONSENSE;
    }
    return WK_HEARD;
}

enum wk_heard wk_child_hear(struct wk_child *child, uint32_t sequence, uint64_t *ret_need,
                            struct dec_reply *ret, struct mr_buf *ret_text,
                            const struct wk_patience *patience)
{
    struct dec_memory need;
    size_t len;
    enum wk_heard heard = packet_receive(child, ret, sizeof(*ret), &len, patience);

    if (heard)
        return heard;
    if (ret_need) {
        *ret_need = 0;
        memcpy(&need, ret, sizeof(need));
        if (head_sound(&need.head, DEC_NEED, sizeof(need), len) && need.head.sequence == sequence) {
            *ret_need = need.bytes;
            return need.bytes ? WK_HEARD : WK_NONSENSE;
        }
    }
    if (!head_sound(&ret->head, DEC_REPLY, sizeof(*ret), len) || ret->head.sequence > sequence)
        return WK_NONSENSE;
    if (ret->head.sequence < sequence)
        return WK_STALE;
    ret->cause[sizeof(ret->cause) - 1] = '\0';
    return text_hear(child, ret->text_len, ret_text, patience);
}

/* Of one that went while it was spoken to. */
static void last_word_look(struct wk_child *child)
{
    const struct wk_patience none = {0, -1};
    struct dec_reply packet; /* the longest */
    size_t len;

    for (int i = 0; i < PACKETS_LEFT_MAX && !child->crashed; i++)
        if (packet_receive(child, &packet, sizeof(packet), &len, &none))
            break;
}

void wk_child_ended(struct wk_child *child, char *text, size_t size, bool *ret_no_memory)
{
    int status;

    last_word_look(child);
    if (child->crashed) {
        *ret_no_memory = child->last.no_memory != 0;
        if (child->last.signal)
            snprintf(text, size, "signal %d (%s)", child->last.signal,
                     strsignal(child->last.signal));
        else
            snprintf(text, size, "a library's wish");
        return;
    }
    status = sb_child_status(&child->process);
    *ret_no_memory = WIFEXITED(status) && WEXITSTATUS(status) == DEC_EXIT_NO_MEMORY;
    if (status != -1 && WIFSIGNALED(status))
        snprintf(text, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (status != -1 && WIFEXITED(status))
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
    else
        snprintf(text, size, "no status");
}
