/* send.h -- a message on its way to the broker, and the exchange that waits for its report. */
#ifndef GW_SEND_H
#define GW_SEND_H

#include "gateway/app.h"

struct gw_send { /* first member of whatever a route remembers; allocated with malloc/calloc */
    struct gw_app *app;
    struct gw_exchange *ex; /* NULL: nobody waits any more; done is called all the same */
    /* The broker's report.  MR_OK: stored.  The send is freed behind it. */
    void (*done)(struct gw_send *, enum mr_code code, int64_t offset, int64_t time_ms);
    void (*release)(struct gw_send *); /* gives back what the route's struct owns; may be NULL */
};

struct gw_message {
    const char *topic;
    int32_t partition; /* -1: by the key */
    const char *key;
    const char *value; /* NULL: a tombstone */
    size_t len;
};

/* Sends, and takes `send` in: answers the exchange (NULL: nobody waits) itself when it cannot be
 * sent. */
void gw_send_take(struct gw_app *, struct gw_exchange *, struct gw_send *,
                  const struct gw_message *);
/* The answer to a report that is not MR_OK. */
void gw_send_problem(struct gw_exchange *, enum mr_code code);
mr_bus_sent_fn gw_send_on_sent;

#endif
