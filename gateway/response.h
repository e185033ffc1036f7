/* response.h -- the head of an answer as bytes. */
#ifndef GW_RESPONSE_H
#define GW_RESPONSE_H

#include "gateway/exchange.h"

struct gw_response_head {
    const struct gw_answer *answer;
    int64_t len; /* of the body; a HEAD's answer tells it, too */
    const char *id;
    int64_t wall_ms;
    bool close;
    bool keep_alive_told; /* HTTP/1.0 must be told that the connection stays */
};

void gw_response_print(const struct gw_response_head *, struct mr_buf *out);

#endif
