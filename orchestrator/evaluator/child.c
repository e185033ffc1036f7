/* child.c -- the supervisor's end of the socket.  Every wait has an end, sending too. */
#include "orchestrator/evaluator/child.h"

#include "orchestrator/evaluator/handover.h"

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

enum {
    OPEN_FILES_MAX = 16,
    PROGRAM_BYTES = 256 << 20, /* its own, libraries, the C library's */
    SETTINGS_US = 1000000,     /* for them to be taken */
};

const struct ev_child ev_child_none = {
    .process = {.pid = -1, .pidfd = -1, .sock = -1}, .stop_fd = -1, .kept = -1};

int64_t ev_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- waiting
 * -------------------------------------------------------------------------------------
 */

struct deadline {
    int64_t overdue_us;    /* of ev_now_us() */
    int64_t look_us;       /* of ev_now_us(): before this it cannot have worked for too long */
    int64_t worked_max_us; /* of worked_us() */
    int64_t near_us;       /* of ev_now_us(): until then both are kept on one processor */
    struct ev_handover handover;
};

/* The processor's time that a child has had; -1: it is not there. */
static int64_t worked_us(const struct ev_child *child)
{
    struct timespec worked;

    if (clock_gettime(child->clock, &worked) < 0)
        return -1;
    return (int64_t)worked.tv_sec * 1000000 + worked.tv_nsec / 1000;
}

/* Looks at the child's own clock only when as much time has passed here: it cannot run faster. */
static enum ev_heard look(const struct ev_child *child, struct deadline *deadline, int64_t now_us)
{
    int64_t worked;

    if (now_us >= deadline->overdue_us)
        return EV_OVERDUE;
    if (now_us < deadline->look_us)
        return EV_HEARD;
    worked = worked_us(child);
    if (worked < 0)
        return EV_GONE;
    if (worked >= deadline->worked_max_us)
        return EV_LATE;
    deadline->look_us = now_us + deadline->worked_max_us - worked;
    return EV_HEARD;
}

/* Until the socket is ready for events (POLLIN, POLLOUT). */
static enum ev_heard wait_for(struct ev_child *child, short events, struct deadline *deadline)
{
    struct pollfd fds[] = {{child->process.sock, events, 0}, {child->stop_fd, POLLIN, 0}};

    for (;;) {
        const int64_t now_us = ev_now_us();
        enum ev_heard heard = look(child, deadline, now_us);
        int64_t next_us, left_ms;
        if (heard)
            return heard;
        if (deadline->handover.is_near && now_us >= deadline->near_us)
            ev_handover_give_up(&deadline->handover, &child->kept);
        next_us =
            deadline->look_us < deadline->overdue_us ? deadline->look_us : deadline->overdue_us;
        if (deadline->handover.is_near && deadline->near_us < next_us)
            next_us = deadline->near_us;
        left_ms = (next_us - now_us + 999) / 1000;
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

/* ---- packets
 * -------------------------------------------------------------------------------------
 */

static enum ev_heard packet_send(struct ev_child *child, const struct iovec *parts, size_t count,
                                 struct deadline *deadline)
{
    const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                                   .msg_iovlen = count};

    for (;;) {
        enum ev_heard heard;
        if (sendmsg(child->process.sock, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            return EV_HEARD;
        if (errno != EAGAIN && errno != EINTR)
            return EV_GONE;
        heard = wait_for(child, POLLOUT, deadline);
        if (heard)
            return heard;
    }
}

static enum ev_heard packet_receive(struct ev_child *child, void *data, size_t size,
                                    size_t *ret_len, struct deadline *deadline)
{
    struct iovec part = {data, size};

    for (;;) {
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        enum ev_heard heard = wait_for(child, POLLIN, deadline);
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
    struct deadline deadline;
    enum mr_code rc;

    child->process = sb_child_none;
    child->ready = false;
    child->kept = -1;
    rc = sb_spawn(path, &limits, CHECKED_BUILD, &child->process, err);
    if (rc)
        return rc;
    deadline = (struct deadline){
        .overdue_us = ev_now_us() + SETTINGS_US, .look_us = INT64_MAX, .worked_max_us = INT64_MAX};
    if (clock_getcpuclockid(child->process.pid, &child->clock) == 0 &&
        packet_send(child, &part, 1, &deadline) == EV_HEARD)
        return MR_OK;
    ev_child_end(child);
    return mr_fail(err, MR_UNAVAILABLE, "%s: it does not read its settings", path);
}

static bool head_sound(const struct ev_head *head, size_t len, size_t text_max)
{
    return len >= sizeof(*head) && head->magic == EV_MAGIC && head->version == EV_VERSION &&
           head->text_len <= text_max && len - sizeof(*head) <= head->text_len;
}

static enum ev_heard message_receive(struct ev_child *child, size_t text_max, struct ev_head *ret,
                                     struct mr_buf *text, struct deadline *deadline)
{
    unsigned char packet[EV_PACKET_MAX];
    enum ev_heard heard;
    size_t n;

    mr_buf_reset(text);
    heard = packet_receive(child, packet, sizeof(packet), &n, deadline);
    if (heard)
        return heard;
    if (n < sizeof(*ret))
        return EV_NONSENSE;
    memcpy(ret, packet, sizeof(*ret));
    if (!head_sound(ret, n, text_max) || mr_buf_add(text, packet + sizeof(*ret), n - sizeof(*ret)))
        return EV_NONSENSE;
    while (text->len < ret->text_len) {
        heard = packet_receive(child, packet, sizeof(packet), &n, deadline);
        if (heard)
            return heard;
        if (n > ret->text_len - text->len || mr_buf_add(text, packet, n))
            return EV_NONSENSE;
    }
    return EV_HEARD;
}

enum ev_heard ev_child_ready(struct ev_child *child, int64_t overdue_us)
{
    struct deadline deadline = {
        .overdue_us = overdue_us, .look_us = INT64_MAX, .worked_max_us = INT64_MAX};
    struct sb_report report;
    struct mr_buf text = {0};
    struct ev_head head;
    enum ev_heard heard;

    if (child->ready)
        return EV_HEARD;
    heard = message_receive(child, sizeof(report), &head, &text, &deadline);
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

static enum ev_heard message_send(struct ev_child *child, const struct ev_head *head,
                                  const char *text, struct deadline *deadline)
{
    size_t len = (size_t)head->text_len, room = EV_PACKET_MAX - sizeof(*head);
    size_t sent = len < room ? len : room;
    const struct iovec first[] = {{(void *)(uintptr_t)head, sizeof(*head)},
                                  {(void *)(uintptr_t)text, sent}};
    enum ev_heard heard = packet_send(child, first, 2, deadline);

    while (!heard && sent < len) {
        size_t piece = len - sent < EV_PACKET_MAX ? len - sent : EV_PACKET_MAX;
        const struct iovec part = {(void *)(uintptr_t)(text + sent), piece};
        heard = packet_send(child, &part, 1, deadline);
        sent += piece;
    }
    return heard;
}

enum ev_heard ev_child_exchange(struct ev_child *child, const struct ev_head *request,
                                const char *request_text, size_t text_max, struct ev_head *ret,
                                struct mr_buf *text, const struct ev_patience *patience)
{
    const int64_t now_us = ev_now_us();
    struct deadline deadline = {.overdue_us = patience->overdue_us,
                                .look_us = now_us + patience->work_us,
                                .near_us = now_us + EV_NEAR_US};
    int64_t worked_before_us = worked_us(child);
    enum ev_heard heard;

    if (worked_before_us < 0)
        return EV_GONE;
    deadline.worked_max_us = worked_before_us + patience->work_us;
    if (patience->near)
        ev_handover_begin(&deadline.handover, (pid_t)child->process.pid, &child->kept);
    heard = message_send(child, request, request_text, &deadline);
    if (!heard)
        heard = message_receive(child, text_max, ret, text, &deadline);
    ev_handover_end(&deadline.handover);
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
