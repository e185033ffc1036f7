/* server.h -- the loop: a listener, connections, and whatever else has a descriptor, on one epoll.
 * Knows HTTP connections, not what is asked of them: that is behind the hooks.
 * One owner thread. */
#ifndef GW_SERVER_H
#define GW_SERVER_H

#include "common/ports/clock.h"
#include "gateway/exchange.h"

struct gw_limits { /* all times in ms */
    int64_t connections_max;
    int64_t head_bytes_max;
    int64_t head_ms;   /* from the first byte of a header block to its last */
    int64_t body_ms;   /* the same of a body; longer by its length over rate_min */
    int64_t rate_min;  /* bytes a second that a client must read or write at least */
    int64_t idle_ms;   /* between two requests of a connection */
    int64_t answer_ms; /* from the end of a request to its answer */
    int64_t write_ms;  /* of an answer; longer by its length over rate_min */
};

struct gw_hooks {
    void *ctx;
    /* The header block is complete: answer, or say what is to happen with the body (body_max, or
     * room, push and pushed). */
    void (*head)(void *ctx, struct gw_exchange *);
    /* The body is in exchange->body: answer, or see that an answer comes. */
    void (*ready)(void *ctx, struct gw_exchange *);
    /* The last byte of the answer is sent, or never will be (cut). */
    void (*ended)(void *ctx, struct gw_exchange *, bool cut);
    /* Called about every GW_TICK_MS. */
    void (*tick)(void *ctx, int64_t now_ms);
};

enum { GW_TICK_MS = 100, GW_LINGER_MS = 2000, GW_LISTEN_BACKLOG = 512 };

struct gw_server;
/* listen: "host:port"; port 0: any free one. hooks and clock are lent for the server's life. */
MR_MUST_USE struct gw_server *gw_server_new(const char *listen, const struct gw_limits *,
                                            const struct gw_hooks *, struct mr_clock *,
                                            struct mr_error *err);
void gw_server_free(struct gw_server *); /* accepts NULL; cuts what is still there */
int gw_server_port(const struct gw_server *);
size_t gw_server_connections(const struct gw_server *);

typedef void gw_ready_fn(void *ctx);
/* Calls ready when fd is readable. fd < 0: passed over (its owner is asked at each tick). */
MR_MUST_USE enum mr_code gw_server_watch(struct gw_server *, int fd, gw_ready_fn *ready, void *ctx,
                                         struct mr_error *err);
/* One turn: waits at most wait_ms for something to do, and does it. */
MR_MUST_USE enum mr_code gw_server_step(struct gw_server *, int wait_ms, struct mr_error *err);
/* No new connections; those that are idle end, the others end behind their answer. */
void gw_server_drain(struct gw_server *);

#endif
