/* routes.h -- the one table of what can be asked, and what each thing asked for needs. */
#ifndef GW_ROUTES_H
#define GW_ROUTES_H

#include "gateway/app.h"

enum gw_body {
    GW_BODY_NONE,
    GW_BODY_JSON,     /* read whole, then run */
    GW_BODY_OPTIONAL, /* JSON, or nothing */
    GW_BODY_STREAM,   /* run at the head; needs a Content-Length */
};

struct gw_route {
    enum gw_method method;
    const char *pattern; /* {} stands for one segment */
    bool open;           /* no key is asked for */
    enum gw_scope scope;
    enum gw_body body;
    size_t body_max; /* bytes; of a stream: a setting's */
    void (*run)(struct gw_app *, struct gw_exchange *);
};

extern const struct gw_route gw_routes[];
extern const size_t gw_routes_count;

void gw_routes_head(void *app, struct gw_exchange *); /* the hooks of the server */
void gw_routes_ready(void *app, struct gw_exchange *);
void gw_routes_ended(void *app, struct gw_exchange *, bool cut);

#endif
