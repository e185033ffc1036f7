/* child.c -- the supervisor's end of the socket.  Every wait has an end, sending too. */
#include "orchestrator/evaluator/child.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

/* A checked build maps terabytes of shadow and says what it found on stderr. */
#if !defined(__has_feature)
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CHECKED_BUILD 1
#else
#define CHECKED_BUILD 0
#endif

enum { OPEN_FILES_MAX = 16, PROGRAM_BYTES = 256 << 20 /* its own, libraries, the C library's */ };

const struct ev_child ev_child_none = {.process = {.pid = -1, .pidfd = -1, .sock = -1},
                                       .stop_fd = -1};

int64_t ev_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Until the socket is ready for events (POLLIN, POLLOUT). */
static enum ev_heard wait_for(const struct ev_child *child, short events, int64_t deadline_us)
{
    struct pollfd fds[] = {{child->process.sock, events, 0}, {child->stop_fd, POLLIN, 0}};

    for (;;) {
        int64_t left_ms = (deadline_us - ev_now_us() + 999) / 1000;
        if (left_ms <= 0)
            return EV_LATE;
        if (poll(fds, 2, left_ms < INT_MAX ? (int)left_ms : INT_MAX) < 0 && errno != EINTR)
            return EV_GONE;
        if (fds[1].revents)
            return EV_GONE;
        if (fds[0].revents & events)
            return EV_HEARD;
        if (fds[0].revents)
            return EV_GONE;
    }
}

static enum ev_heard packet_send(const struct ev_child *child, const struct iovec *parts,
                                 size_t count, int64_t deadline_us)
{
    const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                                   .msg_iovlen = count};

    for (;;) {
        enum ev_heard heard;
        if (sendmsg(child->process.sock, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return EV_HEARD;
        if (errno != EAGAIN && errno != EINTR)
            return EV_GONE;
        heard = wait_for(child, POLLOUT, deadline_us);
        if (heard)
            return heard;
    }
}

static enum ev_heard packet_receive(const struct ev_child *child, void *data, size_t size,
                                    size_t *ret_len, int64_t deadline_us)
{
    struct iovec part = {data, size};

    for (;;) {
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        enum ev_heard heard = wait_for(child, POLLIN, deadline_us);
        ssize_t n;
        if (heard)
            return heard;
        n = recvmsg(child->process.sock, &message, MSG_DONTWAIT);
        if (n > 0) {
            *ret_len = (size_t)n;
            return message.msg_flags & MSG_TRUNC ? EV_NONSENSE : EV_HEARD;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return EV_GONE;
    }
}

enum mr_code ev_child_start(struct ev_child *child, const char *path,
                            const struct ev_config *config, struct mr_error *err)
{
    const struct sb_limits limits = {
        .address_space =
            CHECKED_BUILD ? 0 : config->memory_max / 2 * 3 + config->stack_max + PROGRAM_BYTES,
        .file_bytes = 1,
        .open_files = OPEN_FILES_MAX,
    };
    struct ev_settings_packet packet = {
        .head = {EV_MAGIC, EV_VERSION, EV_SETTINGS, 0, 0, 0, 0},
        .settings = {config->memory_max, config->stack_max, config->depth_max, config->text_max},
    };
    const struct iovec part = {&packet, sizeof(packet)};
    enum mr_code rc;

    child->process = sb_child_none;
    child->ready = false;
    rc = sb_spawn(path, &limits, CHECKED_BUILD, &child->process, err);
    if (rc)
        return rc;
    if (packet_send(child, &part, 1, ev_now_us() + 1000000) == EV_HEARD)
        return MR_OK;
    ev_child_end(child);
    return mr_fail(err, MR_UNAVAILABLE, "%s: it does not read its settings", path);
}

static bool head_sound(const struct ev_head *head, size_t len, size_t text_max)
{
    return len >= sizeof(*head) && head->magic == EV_MAGIC && head->version == EV_VERSION &&
           head->text_len <= text_max && len - sizeof(*head) <= head->text_len;
}

static enum ev_heard message_receive(const struct ev_child *child, size_t text_max,
                                     struct ev_head *ret, struct mr_buf *text, int64_t deadline_us)
{
    unsigned char packet[EV_PACKET_MAX];
    enum ev_heard heard;
    size_t n;

    mr_buf_reset(text);
    heard = packet_receive(child, packet, sizeof(packet), &n, deadline_us);
    if (heard)
        return heard;
    if (n < sizeof(*ret))
        return EV_NONSENSE;
    memcpy(ret, packet, sizeof(*ret));
    if (!head_sound(ret, n, text_max) || mr_buf_add(text, packet + sizeof(*ret), n - sizeof(*ret)))
        return EV_NONSENSE;
    while (text->len < ret->text_len) {
        heard = packet_receive(child, packet, sizeof(packet), &n, deadline_us);
        if (heard)
            return heard;
        if (n > ret->text_len - text->len || mr_buf_add(text, packet, n))
            return EV_NONSENSE;
    }
    return EV_HEARD;
}

enum ev_heard ev_child_ready(struct ev_child *child, int64_t deadline_us)
{
    struct sb_report report;
    struct mr_buf text = {0};
    struct ev_head head;
    enum ev_heard heard;

    if (child->ready)
        return EV_HEARD;
    heard = message_receive(child, sizeof(report), &head, &text, deadline_us);
    if (!heard && (head.kind != EV_HELLO || text.len != sizeof(report)))
        heard = EV_NONSENSE;
    if (!heard) {
        memcpy(&report, text.data, sizeof(report));
        sb_report_merge(&child->process.report, &report);
        child->ready = true;
    }
    mr_buf_release(&text);
    return heard;
}

static enum ev_heard message_send(const struct ev_child *child, const struct ev_head *head,
                                  const char *text, int64_t deadline_us)
{
    size_t len = (size_t)head->text_len, room = EV_PACKET_MAX - sizeof(*head);
    size_t sent = len < room ? len : room;
    const struct iovec first[] = {{(void *)(uintptr_t)head, sizeof(*head)},
                                  {(void *)(uintptr_t)text, sent}};
    enum ev_heard heard = packet_send(child, first, 2, deadline_us);

    while (!heard && sent < len) {
        size_t piece = len - sent < EV_PACKET_MAX ? len - sent : EV_PACKET_MAX;
        const struct iovec part = {(void *)(uintptr_t)(text + sent), piece};
        heard = packet_send(child, &part, 1, deadline_us);
        sent += piece;
    }
    return heard;
}

enum ev_heard ev_child_exchange(struct ev_child *child, const struct ev_head *request,
                                const char *request_text, size_t text_max, struct ev_head *ret,
                                struct mr_buf *text, int64_t deadline_us)
{
    enum ev_heard heard = message_send(child, request, request_text, deadline_us);

    if (!heard)
        heard = message_receive(child, text_max, ret, text, deadline_us);
    if (heard)
        return heard;
    if (ret->sequence != request->sequence)
        return EV_NONSENSE;
    if (ret->kind == EV_ANSWER)
        return EV_HEARD;
    return ret->kind == EV_LIMIT && ret->limit > EV_LIMIT_NONE && ret->limit < EV_LIMIT_COUNT
               ? EV_HEARD
               : EV_NONSENSE;
}

enum ev_limit ev_child_end(struct ev_child *child)
{
    int status = sb_child_end(&child->process);

    child->process = sb_child_none;
    child->ready = false;
    return WIFEXITED(status) && WEXITSTATUS(status) == EV_EXIT_NO_MEMORY ? EV_LIMIT_MEMORY
                                                                         : EV_LIMIT_CRASH;
}
