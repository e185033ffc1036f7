/* app.h -- everything that the code behind the routes shares.  The loop's thread owns all of it. */
#ifndef GW_APP_H
#define GW_APP_H

#include "common/adapters/crypto.h"
#include "common/model/topics.h"
#include "common/ports/blob.h"
#include "common/ports/bus.h"
#include "common/ports/clock.h"
#include "common/ports/store.h"
#include "gateway/config_copy.h"
#include "gateway/server.h"
#include "gateway/settings.h"
#include "gateway/work.h"
#include "orchestrator/evaluator/evaluator.h"

struct gw_ports { /* lent for the app's life */
    struct mr_bus *bus;
    struct mr_store *store;
    struct mr_blob *blob;
    struct mr_clock *clock;
    /* Handles for a thread that cuts a history; called in that thread, freed by it. */
    struct mr_bus *(*open_bus)(void *ctx, struct mr_error *err);
    struct mr_store *(*open_store)(void *ctx, struct mr_error *err);
    void *ctx;
};

struct gw_app {
    const struct gw_config *config;
    const struct mr_cluster_config *cluster;
    struct gw_ports ports;
    struct mr_topics topics;
    struct gw_hooks hooks;
    struct gw_server *server;
    struct gw_config_copy copy;
    struct gw_works works;
    struct ev_config evaluator;
    struct ev *ev; /* checks JSONata when a definition has some; NULL: not yet wanted */
    uint8_t id_key[MR_SHA256_LEN]; /* job ids are signed with it */
    uint8_t admin_hash[MR_SHA256_LEN];
    bool has_admin;
    int64_t store_down_until_ms; /* monotonic: Redis is not asked before */
    bool store_ok;               /* at the last check */
    int64_t send_failed_ms;      /* monotonic; INT64_MIN: never */
};

enum { GW_SEND_LATELY_MS = 10000 };

/* Listens, and begins to read the configuration. */
MR_MUST_USE enum mr_code gw_app_setup(struct gw_app *, const struct gw_config *,
                                      const struct mr_cluster_config *, const struct gw_ports *,
                                      struct mr_error *err);
MR_MUST_USE enum mr_code gw_app_step(struct gw_app *, int wait_ms, struct mr_error *err);
/* After gw_server_drain(): is nothing under way any more? */
bool gw_app_idle(const struct gw_app *);
void gw_app_teardown(struct gw_app *); /* accepts a zeroed one */

#endif
