/* app.c -- puts the parts of a gateway together, and takes them apart in reverse. */
#include "gateway/app.h"

#include "common/base/log.h"
#include "gateway/routes.h"
#include "gateway/send.h"

#include <string.h>

static void make_secrets(struct gw_app *app)
{
    static const char what[] = "millrace job ids";
    const struct gw_config *config = app->config;

    app->has_admin = config->admin_key[0] != '\0';
    if (app->has_admin)
        mr_sha256_of(config->admin_key, strlen(config->admin_key), app->admin_hash);
    const char *secret = config->id_secret[0] ? config->id_secret : config->admin_key;
    mr_hmac_sha256(secret, strlen(secret), what, sizeof(what), app->id_key);
}

/* Without any secret the ids of this process cannot be forged, but another gateway does not know
 * them. */
static enum mr_code make_id_key(struct gw_app *app, struct mr_error *err)
{
    make_secrets(app);
    if (app->config->id_secret[0] || app->config->admin_key[0])
        return MR_OK;
    mr_log(MR_WARN, "gateway.no_id_secret", " setting=GATEWAY_ID_SECRET");
    return mr_random(app->id_key, sizeof(app->id_key), err);
}

static void on_tick(void *ctx, int64_t now_ms)
{
    struct gw_app *app = ctx;

    (void)mr_bus_poll(app->ports.bus);
    gw_config_copy_tick(app, now_ms);
    gw_works_poll(&app->works);
}

/* A log may share its bus's descriptor: both are asked, whichever it was. */
static void on_bus(void *ctx)
{
    struct gw_app *app = ctx;

    (void)mr_bus_poll(app->ports.bus);
    gw_config_copy_poll(app);
}

static void on_works(void *ctx)
{
    gw_works_poll(&((struct gw_app *)ctx)->works);
}

static enum mr_code watch_all(struct gw_app *app, struct mr_error *err)
{
    int bus = mr_bus_fd(app->ports.bus), log = mr_log_fd(app->copy.log);
    enum mr_code rc = gw_server_watch(app->server, bus, on_bus, app, err);

    if (!rc && log != bus)
        rc = gw_server_watch(app->server, log, on_bus, app, err);
    if (!rc)
        rc = gw_server_watch(app->server, app->works.wake_fd, on_works, app, err);
    return rc;
}

static enum mr_code open_server(struct gw_app *app, struct mr_error *err)
{
    const struct gw_config *config = app->config;
    const struct gw_limits limits = {
        .connections_max = config->connections_max,
        .head_bytes_max = config->head_bytes_max,
        .head_ms = config->head_ms,
        .body_ms = config->body_ms,
        .rate_min = config->rate_min,
        .idle_ms = config->idle_ms,
        .answer_ms = config->answer_ms,
        .write_ms = config->write_ms,
    };

    app->hooks = (struct gw_hooks){
        .ctx = app,
        .head = gw_routes_head,
        .ready = gw_routes_ready,
        .ended = gw_routes_ended,
        .tick = on_tick,
    };
    app->server = gw_server_new(config->listen, &limits, &app->hooks, app->ports.clock, err);
    if (!app->server)
        return err->code;
    return watch_all(app, err);
}

enum mr_code gw_app_setup(struct gw_app *app, const struct gw_config *config,
                          const struct mr_cluster_config *cluster, const struct gw_ports *ports,
                          struct mr_error *err)
{
    const size_t limits[GW_WORK_KIND_COUNT] = {
        [GW_WORK_UPLOAD] = (size_t)config->uploads_max,
        [GW_WORK_DOWNLOAD] = (size_t)config->downloads_max,
        [GW_WORK_HISTORY] = (size_t)config->histories_max,
        [GW_WORK_TEST] = (size_t)config->tests_max,
    };
    enum mr_code rc;

    *app = (struct gw_app){
        .config = config, .cluster = cluster, .ports = *ports, .send_failed_ms = INT64_MIN};
    app->works.wake_fd = -1;
    mr_topics_init(&app->topics, cluster->topics);
    ports->bus->on_sent = gw_send_on_sent;
    ports->bus->owner = app;
    rc = make_id_key(app, err);
    if (!rc)
        rc = gw_works_setup(&app->works, ports->blob, limits, err);
    if (!rc)
        rc = gw_config_copy_setup(app, err);
    if (!rc)
        rc = open_server(app, err);
    if (rc)
        gw_app_teardown(app);
    return rc;
}

enum mr_code gw_app_step(struct gw_app *app, int wait_ms, struct mr_error *err)
{
    return gw_server_step(app->server, wait_ms, err);
}

bool gw_app_idle(const struct gw_app *app)
{
    return gw_server_connections(app->server) == 0;
}

void gw_app_teardown(struct gw_app *app)
{
    struct mr_error err;

    gw_server_free(app->server);
    app->server = NULL;
    if (app->ports.bus && mr_bus_flush(app->ports.bus, 5000, &err))
        mr_log_error(MR_WARN, "gateway.flush", &err, "%s", "");
    gw_works_teardown(&app->works);
    gw_config_copy_teardown(app);
    ev_free(app->ev);
    app->ev = NULL;
    app->ports = (struct gw_ports){0};
}
