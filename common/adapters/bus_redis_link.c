/* bus_redis_link.c -- how a handle waits and comes back: one epoll descriptor that outlives every
 * connection in it, a timer for what is due, pauses between tries. */
#include "common/adapters/bus_redis.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { PAUSE_FIRST_MS = 20, PAUSE_MAX_MS = 2000, WRITE_AGAIN_MS = 1 };

/* ---- waker
 * ---------------------------------------------------------------------------------------- */

static bool watch(const struct bus_waker *waker, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(waker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum mr_code bus_waker_init(struct bus_waker *waker, struct mr_error *err)
{
    *waker = (struct bus_waker){.epoll_fd = epoll_create1(EPOLL_CLOEXEC), .timer_fd = -1};
    if (waker->epoll_fd >= 0)
        waker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (waker->timer_fd < 0 || !watch(waker, waker->timer_fd)) {
        (void)mr_fail(err, MR_IO, "bus: no descriptor to wait on: %s", strerror(errno));
        bus_waker_release(waker);
        return MR_IO;
    }
    return MR_OK;
}

void bus_waker_release(struct bus_waker *waker)
{
    if (waker->timer_fd >= 0)
        (void)close(waker->timer_fd);
    if (waker->epoll_fd >= 0)
        (void)close(waker->epoll_fd);
    waker->timer_fd = waker->epoll_fd = -1;
}

void bus_waker_in(struct bus_waker *waker, int64_t ms)
{
    const int64_t due_ms = mr_redis_mono_ms() + ms;
    struct itimerspec when = {.it_value = {ms / 1000, ms % 1000 * 1000000}};

    if (waker->due_ms != 0 && waker->due_ms <= due_ms)
        return;
    if (ms <= 0)
        when.it_value = (struct timespec){0, 1}; /* 0 would stop it */
    if (timerfd_settime(waker->timer_fd, 0, &when, NULL) == 0)
        waker->due_ms = due_ms;
}

void bus_waker_clear(struct bus_waker *waker)
{
    uint64_t times;

    if (waker->due_ms == 0)
        return;
    if (read(waker->timer_fd, &times, sizeof times) == (ssize_t)sizeof times)
        waker->due_ms = 0;
}

/* ---- link
 * ------------------------------------------------------------------------------------------- */

void bus_link_failed(struct bus_link *link)
{
    mr_redis_conn_close(&link->conn);
    if (link->pause_ms < PAUSE_FIRST_MS)
        link->pause_ms = PAUSE_FIRST_MS;
    link->retry_ms = mr_redis_mono_ms() + link->pause_ms;
    bus_waker_in(link->waker, link->pause_ms);
    link->pause_ms = 2 * link->pause_ms < PAUSE_MAX_MS ? 2 * link->pause_ms : PAUSE_MAX_MS;
}

void bus_link_works(struct bus_link *link)
{
    link->retry_ms = link->pause_ms = 0;
}

enum mr_code bus_link_open(struct bus_link *link, struct mr_error *err)
{
    enum mr_code rc;

    if (link->conn.ctx)
        return MR_OK;
    if (link->retry_ms > mr_redis_mono_ms()) {
        bus_waker_in(link->waker, link->retry_ms - mr_redis_mono_ms());
        return MR_BUSY;
    }
    rc = mr_redis_conn_open(&link->conn, err);
    if (!rc && !watch(link->waker, link->conn.ctx->fd)) /* closing it takes it out again */
        rc = mr_fail(err, MR_IO, "bus: epoll: %s", strerror(errno));
    if (rc)
        bus_link_failed(link);
    return rc;
}

enum mr_code bus_link_send(struct bus_link *link, struct mr_redis_cmd *cmd, struct mr_error *err)
{
    enum mr_code rc = mr_redis_conn_append(&link->conn, cmd, err);
    bool done = true;

    if (!rc)
        rc = mr_redis_conn_push(&link->conn, &done, err);
    if (!rc && !done)
        bus_waker_in(link->waker, WRITE_AGAIN_MS);
    return rc;
}
