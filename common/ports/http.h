/* http.h -- port: one HTTP request, blocking.  http_curl.c and sim/http_sim.c fill it.
 * No redirects are followed, no proxy is used.  Refused before anything is sent, as MR_INVALID:
 * control bytes anywhere, a URL with user name or fragment, a header that the driver makes itself
 * (host, content-length, transfer-encoding, connection, expect, ...).
 * A handle has one owner thread and keeps its connections. */
#ifndef MR_HTTP_H
#define MR_HTTP_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MR_HTTP_HEADERS_MAX = 48,
    MR_HTTP_ANSWER_HEADERS_MAX = 64 * 1024, /* bytes of an answer's headers; beyond: MR_TOO_LARGE */
    MR_HTTP_REFUSAL_MAX = 64 * 1024, /* of the body of a non-2xx answer where on_body is set: cut */
};

struct mr_http_header {
    const char *name;
    const char *value;
};

typedef int64_t mr_http_read_fn(void *ctx, void *buf, size_t size, struct mr_error *err);
typedef enum mr_code mr_http_write_fn(void *ctx, const void *data, size_t len,
                                      struct mr_error *err);

struct mr_http_request {
    const char *method;
    const char *url; /* http:// or https://, already percent-encoded, sent as it is */
    struct mr_http_header headers[MR_HTTP_HEADERS_MAX];
    size_t header_count;
    const void *body; /* or: */
    mr_http_read_fn *body_read;
    void *body_ctx;
    int64_t body_len;           /* exact; 0: none */
    mr_http_write_fn *on_body;  /* NULL: the body goes to response->body */
    void *on_body_ctx;          /* called only for 2xx; other bodies go to response->body.  Status
                                 * and headers of the response are there before its first call */
    int64_t response_max;       /* bytes of body; beyond: MR_TOO_LARGE */
    int64_t connect_timeout_ms; /* 0: 5,000 */
    int64_t timeout_ms;         /* whole request; 0: 30,000 */
    int64_t stall_timeout_ms;   /* no byte either way for so long; 0: none */
    int64_t rate_min; /* bytes of the answer in a second, at the least, counted over each: */
    int64_t
        rate_window_ms; /* from the start, the wait for it included; below: MR_TIMEOUT; 0: none */
    const atomic_bool *stop; /* where set and true: MR_CANCELLED within 100 ms */
};

struct mr_http_response {
    int status;
    bool began; /* all headers of the answer came */
    struct mr_buf headers; /* "name: value\n" lines, names lower-case; no trailers among them */
    struct mr_buf body;
};

struct mr_http;
struct mr_http_ops {
    enum mr_code (*request)(struct mr_http *, const struct mr_http_request *,
                            struct mr_http_response *ret, struct mr_error *err);
    void (*free)(struct mr_http *);
};
struct mr_http {
    const struct mr_http_ops *ops;
};

/* MR_OK: an answer came, of any status. MR_UNAVAILABLE: no connection, or it broke. MR_TIMEOUT.
 * *ret is reset first and is the caller's to release in every case. */
MR_MUST_USE enum mr_code mr_http_request(struct mr_http *, const struct mr_http_request *,
                                         struct mr_http_response *ret, struct mr_error *err);
/* Value of a header (first of that name, lower-case) into buf; false where absent or cut. */
bool mr_http_header_get(const struct mr_http_response *, const char *name, char *buf, size_t size);
void mr_http_response_release(struct mr_http_response *);
void mr_http_free(struct mr_http *);

struct mr_http_hosts; /* common/adapters/http_reach.h */
struct mr_http_curl_options {
    const char *ca_file; /* PEM; NULL or "": the system's.  Certificates are always checked */
    bool public_only;    /* for URLs of strangers: connects to the public internet's addresses only,
                          * whatever a name resolves to; MR_DENIED for loopback, private ... */
    const struct mr_http_hosts *reach; /* lent: where it may connect all the same; NULL: nowhere */
    const char
        *resolve; /* "host:port:address", known instead of asked for; for tests; NULL: none */
};
MR_MUST_USE struct mr_http *mr_http_curl_new_with(const struct mr_http_curl_options *options,
                                                  struct mr_error *err);
MR_MUST_USE struct mr_http *mr_http_curl_new(struct mr_error *err); /* with no options */

#endif
