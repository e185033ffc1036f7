/* request.h -- one request as the parser hands it over: strict, bounded, constant afterwards.
 * Strings are lent by the request until its connection goes on to the next one. */
#ifndef GW_REQUEST_H
#define GW_REQUEST_H

#include "common/base/buf.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gw_method {
    GW_GET,
    GW_HEAD,
    GW_POST,
    GW_PUT,
    GW_DELETE,
    GW_PATCH,
    GW_OPTIONS,
    GW_METHOD_COUNT
};
const char *gw_method_name(enum gw_method);

enum {
    GW_HEADERS_MAX = 100,
    GW_TARGET_MAX = 8192, /* bytes of the request line */
    GW_QUERY_VALUE_MAX = 1024,
};

/* Why a request is not taken: the answer's status and the words for people. */
struct gw_refusal {
    int status;         /* 0: none */
    const char *detail; /* constant text */
};

struct gw_header {
    const char *name; /* lower-case */
    const char *value;
};

struct gw_request {
    enum gw_method method;
    int minor;         /* HTTP/1.<minor> */
    const char *path;  /* percent-decoded; UTF-8 without control bytes and dot segments */
    const char *query; /* as it came, without the '?'; "" where none */
    struct gw_header headers[GW_HEADERS_MAX];
    size_t header_count;
    int64_t content_length; /* -1: not given */
    bool chunked;
    bool keep_alive;
    bool expect_continue;
};

/* The request line without its CRLF.  The strings of *ret point into *text, which is the caller's.
 * host is looked at later, by gw_request_check().  Not of the right form: false and *refusal. */
bool gw_request_line(const char *line, size_t len, struct gw_request *ret, char *text,
                     struct gw_refusal *refusal);
/* What llhttp leaves to its user: Host, framing, things that must not be there twice.
 * authority: of an absolute-form target, or "". */
bool gw_request_check(struct gw_request *, const char *authority, struct gw_refusal *refusal);
/* The authority of an absolute-form target in a request line that gw_request_line() took. */
void gw_request_authority(const char *line, size_t len, char *ret, size_t size);

const char *gw_request_header(const struct gw_request *, const char *name); /* NULL: none */
/* Value of a query parameter, decoded into ret; *ret_found tells whether it is there. MR_INVALID:
 * badly encoded, there twice, or longer than GW_QUERY_VALUE_MAX. */
MR_MUST_USE enum mr_code gw_request_query(const struct gw_request *, const char *name,
                                          char ret[GW_QUERY_VALUE_MAX + 1], bool *ret_found,
                                          struct mr_error *err);
/* Every parameter is one of names (NULL-terminated); else MR_INVALID that names the first which is
 * not. */
MR_MUST_USE enum mr_code gw_request_query_known(const struct gw_request *, const char *const *names,
                                                struct mr_error *err);

#endif
