/* server.c -- epoll, the listener, and the deadlines of all connections.  Nothing here blocks but
 * the wait itself. */
#include "gateway/server.h"

#include "common/base/log.h"
#include "gateway/conn.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, WATCHES_MAX = 16 };

struct watch {
    int fd;
    gw_ready_fn *ready;
    void *ctx;
};

struct gw_server {
    struct gw_limits limits;
    const struct gw_hooks *hooks;
    struct gw_conn_env env;
    int epoll, listener;
    int port;
    struct watch watches[WATCHES_MAX];
    size_t watch_count;
    struct gw_conn **conns; /* room for connections_max */
    size_t conn_count;
    struct gw_conn *touched; /* those that settle() has to look at */
    uint64_t requests;
    int64_t tick_ms; /* of the last tick */
    bool draining, listening;
};

/* What an epoll event carries: a connection's address, or a watch's, told apart by range. */
static struct watch *watch_of(struct gw_server *server, void *ptr)
{
    struct watch *watch = ptr;

    for (size_t i = 0; i < server->watch_count; i++)
        if (watch == &server->watches[i])
            return watch;
    return NULL;
}

/* ---- life
 * ---------------------------------------------------------------------------------------------- */

static enum mr_code split_listen(const char *listen, char *host, size_t host_size, char *port,
                                 size_t port_size, struct mr_error *err)
{
    const char *colon = strrchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : 0;

    if (!colon || len >= host_size || strlen(colon + 1) >= port_size || colon[1] == '\0')
        return mr_fail(err, MR_INVALID, "GATEWAY_LISTEN: %s: must be host:port", listen);
    if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') { /* [::1]:8080 */
        listen++;
        len -= 2;
    }
    memcpy(host, listen, len);
    host[len] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return MR_OK;
}

static int bind_first(const struct addrinfo *list)
{
    const int yes = 1;
    int fd = -1;

    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
            bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, GW_LISTEN_BACKLOG)) {
            int saved = errno;
            close(fd);
            errno = saved;
            fd = -1;
        }
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &len))
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static enum mr_code open_listener(struct gw_server *server, const char *where, struct mr_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    char host[256], port[8];
    enum mr_code rc;
    int code;

    rc = split_listen(where, host, sizeof(host), port, sizeof(port), err);
    if (rc)
        return rc;
    code = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (code)
        return mr_fail(err, MR_INVALID, "GATEWAY_LISTEN: %s: %s", where, gai_strerror(code));
    server->listener = bind_first(list);
    if (server->listener < 0)
        rc = mr_fail(err, MR_IO, "GATEWAY_LISTEN: %s: %s", where, strerror(errno));
    freeaddrinfo(list);
    if (!rc)
        server->port = port_of(server->listener);
    return rc;
}

static void listen_again(struct gw_server *server, bool on)
{
    struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.ptr = &server->listener};

    if (server->listener < 0 || server->listening == on)
        return;
    if (epoll_ctl(server->epoll, EPOLL_CTL_MOD, server->listener, &event) == 0)
        server->listening = on;
}

static enum mr_code open_epoll(struct gw_server *server, struct mr_error *err)
{
    struct epoll_event accepts = {.events = EPOLLIN, .data.ptr = &server->listener};

    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0 || epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &accepts))
        return mr_fail(err, MR_IO, "epoll: %s", strerror(errno));
    server->listening = true;
    return MR_OK;
}

struct gw_server *gw_server_new(const char *where, const struct gw_limits *limits,
                                const struct gw_hooks *hooks, struct mr_clock *clock,
                                struct mr_error *err)
{
    struct gw_server *server = calloc(1, sizeof(*server));

    if (!server) {
        (void)mr_fail(err, MR_NO_MEMORY, "server: memory ran out");
        return NULL;
    }
    server->epoll = server->listener = -1;
    server->limits = *limits;
    server->hooks = hooks;
    server->env = (struct gw_conn_env){
        .limits = &server->limits,
        .hooks = hooks,
        .clock = clock,
        .seed = (uint64_t)clock->wall_ms(clock) ^ (uint64_t)getpid() << 48,
        .requests = &server->requests,
        .draining = &server->draining,
        .touched = &server->touched,
    };
    server->conns = calloc((size_t)limits->connections_max, sizeof(*server->conns));
    if (!server->conns)
        (void)mr_fail(err, MR_NO_MEMORY, "server: memory ran out");
    if (!server->conns || open_listener(server, where, err) || open_epoll(server, err)) {
        gw_server_free(server);
        return NULL;
    }
    return server;
}

void gw_server_free(struct gw_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->conn_count; i++)
        gw_conn_free(server->conns[i]);
    free(server->conns);
    if (server->listener >= 0)
        close(server->listener);
    if (server->epoll >= 0)
        close(server->epoll);
    free(server);
}

int gw_server_port(const struct gw_server *server)
{
    return server->port;
}

size_t gw_server_connections(const struct gw_server *server)
{
    return server->conn_count;
}

enum mr_code gw_server_watch(struct gw_server *server, int fd, gw_ready_fn *ready, void *ctx,
                             struct mr_error *err)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct watch *watch = &server->watches[server->watch_count];

    if (fd < 0)
        return MR_OK;
    if (server->watch_count == WATCHES_MAX)
        return mr_fail(err, MR_INTERNAL, "more than %d watched descriptors", WATCHES_MAX);
    event.data.ptr = watch;
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
        return mr_fail(err, MR_IO, "epoll: %s", strerror(errno));
    *watch = (struct watch){.fd = fd, .ready = ready, .ctx = ctx};
    server->watch_count++;
    return MR_OK;
}

/* ---- connections
 * ---------------------------------------------------------------------------------------- */

/* Tells a client that there is no room, without making it a connection. */
static void turn_away(int fd)
{
    static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    char sink[1024];

    (void)!send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    (void)!recv(fd, sink, sizeof(sink), 0); /* so that the close is no reset in the usual case */
    close(fd);
}

static void add_conn(struct gw_server *server, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct gw_conn *conn = NULL;
    const int yes = 1;
    struct mr_error err;

    if (server->conn_count < (size_t)server->limits.connections_max)
        conn = gw_conn_new(&server->env, fd, &err);
    if (!conn) {
        turn_away(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    event.data.ptr = conn;
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event)) {
        gw_conn_free(conn);
        return;
    }
    conn->events = EPOLLIN;
    conn->slot = server->conn_count;
    server->conns[server->conn_count++] = conn;
}

static void accept_all(struct gw_server *server)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            add_conn(server, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            mr_log(MR_WARN, "gateway.accept", " errno=%d", errno);
            listen_again(server, false); /* until the next tick */
        }
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static void drop_conn(struct gw_server *server, struct gw_conn *conn)
{
    struct gw_conn *last = server->conns[--server->conn_count];

    server->conns[conn->slot] = last;
    last->slot = conn->slot;
    gw_conn_free(conn); /* closing takes it out of epoll */
}

/* After a turn: frees what is closed, tells epoll what each connection waits for. */
static void settle(struct gw_server *server)
{
    struct gw_conn *conn = server->touched, *next;

    server->touched = NULL;
    for (; conn; conn = next) {
        next = conn->next_touched;
        conn->touched = false;
        if (conn->state == GW_CONN_CLOSED) {
            drop_conn(server, conn);
            continue;
        }
        unsigned want = gw_conn_events(conn);
        struct epoll_event event = {.events = want, .data.ptr = conn};
        if (want != conn->events && epoll_ctl(server->epoll, EPOLL_CTL_MOD, conn->fd, &event) == 0)
            conn->events = want;
        if (conn->again) { /* stays in the list: pump_again() takes it up without waiting */
            conn->touched = true;
            conn->next_touched = server->touched;
            server->touched = conn;
        }
    }
}

/* What had more to do than one turn allows. */
static void pump_again(struct gw_server *server)
{
    for (struct gw_conn *conn = server->touched; conn; conn = conn->next_touched)
        if (conn->again)
            gw_conn_pump(conn);
}

static void tick(struct gw_server *server)
{
    int64_t now_ms = server->env.clock->mono_ms(server->env.clock);

    if (now_ms >= server->tick_ms && now_ms - server->tick_ms < GW_TICK_MS)
        return;
    server->tick_ms = now_ms;
    listen_again(server, !server->draining);
    for (size_t i = 0; i < server->conn_count; i++)
        gw_conn_expire(server->conns[i], now_ms);
    server->hooks->tick(server->hooks->ctx, now_ms);
}

static void handle(struct gw_server *server, const struct epoll_event *event)
{
    void *ptr = event->data.ptr;
    struct watch *watch = watch_of(server, ptr);

    if (ptr == &server->listener) {
        accept_all(server);
    } else if (watch) {
        watch->ready(watch->ctx);
    } else if (event->events & (EPOLLHUP | EPOLLERR)) {
        gw_conn_hang_up(ptr);
    } else {
        gw_conn_pump(ptr);
    }
}

enum mr_code gw_server_step(struct gw_server *server, int wait_ms, struct mr_error *err)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(server->epoll, events, EVENTS_MAX, server->touched ? 0 : wait_ms);

    if (n < 0 && errno != EINTR)
        return mr_fail(err, MR_IO, "epoll_wait: %s", strerror(errno));
    pump_again(server);
    for (int i = 0; i < n; i++)
        handle(server, &events[i]);
    tick(server);
    settle(server);
    return MR_OK;
}

void gw_server_drain(struct gw_server *server)
{
    server->draining = true;
    if (server->listener >= 0)
        close(server->listener);
    server->listener = -1;
    for (size_t i = 0; i < server->conn_count; i++)
        if (server->conns[i]->state == GW_CONN_IDLE)
            gw_conn_hang_up(server->conns[i]);
    settle(server);
}
