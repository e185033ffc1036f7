/* exchange.h -- one request and its answer, as the code behind a route sees them.
 * An exchange lives inside its connection.  Whatever works on it outside the loop's present call
 * stores itself in `work` and is told by `gone` when nobody waits for its answer any more (the
 * client left, or its time is up); after gone, and after the answer, the exchange must not be
 * touched. Everything here belongs to the loop's thread. */
#ifndef GW_EXCHANGE_H
#define GW_EXCHANGE_H

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/id.h"
#include "gateway/request.h"

struct gw_conn;
struct gw_exchange;
struct gw_route;

enum { GW_REQUEST_ID_MAX = 64, GW_PARAMS_MAX = 2 };

enum gw_scope {                    /* bits; a route asks for one, a key has several */
                GW_SCOPE_NONE = 0, /* nobody is asked for a key */
                GW_SCOPE_SUBMIT = 1,
                GW_SCOPE_READ = 2,
                GW_SCOPE_WRITE = 4,
                GW_SCOPE_ADMIN = 8,
                GW_SCOPE_ALL = 15,
};

struct gw_who { /* the key that came with the request */
    char tenant[MR_TENANT_MAX + 1];
    unsigned scopes;
};

enum gw_pull {
    GW_PULL_MORE, /* bytes were appended */
    GW_PULL_WAIT, /* none now: gw_exchange_wake() will be called */
    GW_PULL_END,  /* the body is complete */
    GW_PULL_CUT,  /* it never will be: the connection is cut, so that the client sees it */
};

struct gw_exchange {
    struct gw_conn *conn;
    const struct gw_request *request; /* lent by the parser */
    char id[GW_REQUEST_ID_MAX + 1];   /* X-Request-Id */
    int64_t began_ms;                 /* monotonic */
    const struct gw_route *route;
    char params[GW_PARAMS_MAX][GW_QUERY_VALUE_MAX + 1]; /* of the path, in order */
    struct gw_who who;
    struct mr_buf body; /* of a route that reads it whole */
    size_t body_max;
    int status;        /* answered; 0: not yet */
    int64_t answer_ms; /* longest wait for the answer; 0: the setting's */

    void *work; /* of the route's code */
    void (*gone)(struct gw_exchange *);

    /* A body that is passed on as it comes. room: bytes that push takes now; 0 stops the reading
     * until gw_exchange_wake(). */
    size_t (*room)(struct gw_exchange *);
    void (*push)(struct gw_exchange *, const char *data, size_t len);
    void (*pushed)(struct gw_exchange *); /* all of it */

    /* A body of an answer that is made as it goes: appends at most about GW_PULL_BYTES to out. */
    enum gw_pull (*pull)(struct gw_exchange *, struct mr_buf *out);
};
enum { GW_PULL_BYTES = 65536 };

struct gw_answer {
    int status;
    const char *content_type; /* NULL: no body */
    const char *headers;      /* NULL, or whole lines, each with its CRLF */
    const void *body;
    size_t len;
    bool close; /* the connection ends behind it */
};

/* Answers.  Once an exchange; a second one is passed over.  gone is called first: what worked on it
 * has no more to do with it. */
void gw_exchange_answer(struct gw_exchange *, const struct gw_answer *);
/* Answers with a body of len bytes that exchange->pull gives (never called for HEAD); gone stays.
 */
void gw_exchange_answer_stream(struct gw_exchange *, const struct gw_answer *, int64_t len);
/* There is room again, or there are bytes again. */
void gw_exchange_wake(struct gw_exchange *);

/* problem.c: application/problem+json. code: a stable word for programs. */
void gw_problem(struct gw_exchange *, int status, const char *code, const char *detail);
/* The same of an error; a leading JSON pointer of its text becomes "pointer". What went wrong
 * inside is not told: only codes that speak of the request have their text in the answer. */
void gw_problem_error(struct gw_exchange *, const struct mr_error *err);
/* With extra header lines, or members: `, "name":value` text. Either may be NULL. */
void gw_problem_more(struct gw_exchange *, int status, const char *code, const char *detail,
                     const char *headers, const char *members);
/* Writes the body alone. */
void gw_problem_print(struct mr_buf *buf, int status, const char *code, const char *detail,
                      const char *members);
const char *gw_status_reason(int status);
const char *gw_status_code(int status); /* HTTP_NOT_FOUND */

/* A JSON answer of the bytes of buf (released here); MR_NO_MEMORY if the buffer failed. */
void gw_exchange_json(struct gw_exchange *, int status, struct mr_buf *buf);

#endif
