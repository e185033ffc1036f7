/* health.c -- for whoever runs the cluster: does it live, may it be sent requests, what has it
 * done. */
#include "common/base/json.h"
#include "gateway/handlers.h"
#include "gateway/metrics.h"

void gw_health_live(struct gw_app *app, struct gw_exchange *ex)
{
    const struct gw_answer answer = {
        .status = 200, .content_type = "text/plain", .body = "ok\n", .len = 3};

    (void)app;
    gw_exchange_answer(ex, &answer);
}

void gw_health_ready(struct gw_app *app, struct gw_exchange *ex)
{
    int64_t now_ms = app->ports.clock->mono_ms(app->ports.clock);
    bool bus = app->send_failed_ms == INT64_MIN || now_ms - app->send_failed_ms > GW_SEND_LATELY_MS;
    bool config = gw_config_copy_ready(&app->copy);
    bool ready = bus && config && app->store_ok;
    struct mr_buf body = {0};
    struct mr_jw w;

    mr_jw_begin(&w, &body);
    mr_jw_open(&w, NULL, '{');
    mr_jw_bool(&w, "ready", ready);
    mr_jw_bool(&w, "redis", app->store_ok);
    mr_jw_bool(&w, "bus", bus);
    mr_jw_bool(&w, "config", config);
    mr_jw_close(&w, '}');
    gw_exchange_json(ex, ready ? 200 : 503, &body);
}

void gw_health_metrics(struct gw_app *app, struct gw_exchange *ex)
{
    struct gw_answer answer = {.status = 200, .content_type = "text/plain; version=0.0.4"};
    struct mr_buf body = {0};

    gw_gauge(GW_METRIC_CONNECTIONS, (int64_t)gw_server_connections(app->server));
    (void)gw_metrics_print(&body);
    answer.body = body.data;
    answer.len = body.len;
    if (body.failed)
        gw_problem(ex, 503, mr_code_name(MR_NO_MEMORY), mr_code_meaning(MR_NO_MEMORY));
    else
        gw_exchange_answer(ex, &answer);
    mr_buf_release(&body);
}
