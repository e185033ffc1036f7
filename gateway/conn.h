/* conn.h -- one connection: reads requests in order, one at a time, and writes their answers.
 * Used by server.c alone. */
#ifndef GW_CONN_H
#define GW_CONN_H

#include "gateway/exchange.h"
#include "gateway/parse.h"
#include "gateway/server.h"

enum { GW_CONN_IN_BYTES = 16384, GW_CONN_TURNS_MAX = 64 };

enum gw_conn_state {
    GW_CONN_IDLE,   /* no byte of a request yet */
    GW_CONN_HEAD,   /* a header block is coming */
    GW_CONN_BODY,   /* its body is coming */
    GW_CONN_WORK,   /* it is complete; the answer is being found */
    GW_CONN_SEND,   /* the answer is going out */
    GW_CONN_LINGER, /* our side is closed; what still comes is thrown away, so that the answer
                       arrives */
    GW_CONN_CLOSED, /* to be freed by the server */
};

struct gw_conn_env { /* what every connection of a server has in common; lent */
    const struct gw_limits *limits;
    const struct gw_hooks *hooks;
    struct mr_clock *clock;
    uint64_t seed;      /* of request ids */
    uint64_t *requests; /* how many there were */
    const bool *draining;
    struct gw_conn **touched; /* list of those that may want other events, or to be freed */
};

struct gw_conn {
    const struct gw_conn_env *env;
    int fd;
    size_t slot;     /* of the server's array */
    unsigned events; /* that epoll waits for */
    bool touched;    /* in the list */
    struct gw_conn *next_touched;
    enum gw_conn_state state;
    int64_t deadline_ms; /* monotonic: the present state ends then */
    int64_t paused_ms;   /* since when we do not read because storage is slow; 0: we do */
    bool pumping;        /* inside gw_conn_pump() */
    bool again;          /* its turn ended with work left: call pump without waiting */
    bool begun;          /* the exchange has been shown to the hooks */
    bool answered;
    bool close;     /* end behind the answer */
    bool too_large; /* the body went over its limit */
    struct gw_parser *parser;
    char in[GW_CONN_IN_BYTES];
    size_t in_at, in_len;
    struct mr_buf out;
    size_t out_at;
    struct gw_exchange ex;
};

MR_MUST_USE struct gw_conn *gw_conn_new(const struct gw_conn_env *, int fd, struct mr_error *err);
void gw_conn_free(struct gw_conn *); /* closes it; tells whoever works on its exchange */
void gw_conn_pump(struct gw_conn *); /* does what can be done without waiting */
void gw_conn_expire(struct gw_conn *, int64_t now_ms); /* its deadline has passed */
void gw_conn_hang_up(struct gw_conn *);                /* the client is gone for good */
unsigned gw_conn_events(struct gw_conn *);             /* EPOLLIN, EPOLLOUT, or none */

#endif
