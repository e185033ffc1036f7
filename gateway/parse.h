/* parse.h -- bytes of a connection into requests: llhttp, and the limits and refusals that it
 * leaves to its user.  The answer to a request never depends on how its bytes were cut into reads.
 * The only user of llhttp.  Knows no sockets; one owner thread. */
#ifndef GW_PARSE_H
#define GW_PARSE_H

#include "gateway/request.h"

enum gw_parse {
    GW_PARSE_MORE,    /* the message is not complete: give what was not used, then more */
    GW_PARSE_HEAD,    /* the header block is complete: gw_parser_request() may be read */
    GW_PARSE_END,     /* the message is complete; what was not used belongs to the next one */
    GW_PARSE_REFUSED, /* see gw_parser_refusal(); nothing more can be read from this connection */
};

enum {
    GW_CHUNK_EXTENSIONS_MAX = 256, /* bytes of chunk extensions in one message */
    GW_FRAMING_GAP_MAX = 4096,     /* bytes of framing and trailers between two pieces of body */
};

typedef void gw_body_fn(void *ctx, const char *data, size_t len);

struct gw_parser;
MR_MUST_USE struct gw_parser *gw_parser_new(size_t head_bytes_max, gw_body_fn *on_body, void *ctx,
                                            struct mr_error *err);
void gw_parser_free(struct gw_parser *);  /* accepts NULL */
void gw_parser_reset(struct gw_parser *); /* for the next message of the connection */
/* Stops after a header block and after a message, so that *ret_used may be below len. */
enum gw_parse gw_parser_feed(struct gw_parser *, const char *data, size_t len, size_t *ret_used);
/* The message that GW_PARSE_HEAD spoke of has no body. */
bool gw_parser_complete(const struct gw_parser *);
/* Some byte of the next message was seen. */
bool gw_parser_begun(const struct gw_parser *);
const struct gw_request *gw_parser_request(const struct gw_parser *); /* lent until the reset */
struct gw_refusal gw_parser_refusal(const struct gw_parser *);

#endif
