/* main.c -- millrace-gateway: settings, ports, run, tear down in reverse. */
#include "common/base/log.h"
#include "common/parts/parts.h"
#include "gateway/app.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct program {
    struct mr_parts_config parts;
    struct gw_config config;
    struct mr_bus *bus;
    struct mr_store *store;
    struct mr_blob *blob;
    struct gw_app app;
    int signals;
};

static struct mr_bus *open_bus(void *ctx, struct mr_error *err)
{
    return mr_parts_bus(&((struct program *)ctx)->parts, err);
}

static struct mr_store *open_store(void *ctx, struct mr_error *err)
{
    return mr_store_redis_new(&((struct program *)ctx)->parts.redis, err);
}

static enum mr_code make_topics(struct program *program, struct mr_error *err)
{
    struct mr_topic_spec specs[MR_TOPICS_COUNT];
    struct mr_topics topics;

    mr_topics_init(&topics, program->parts.cluster.topics);
    mr_topics_specs(&topics, &program->parts.cluster, specs);
    return mr_bus_ensure(program->bus, specs, MR_TOPICS_COUNT, err);
}

static enum mr_code setup(struct program *program, struct mr_error *err)
{
    struct gw_ports ports = {
        .clock = mr_clock_sys(),
        .open_bus = open_bus,
        .open_store = open_store,
        .ctx = program,
    };
    enum mr_code rc;

    program->signals = mr_parts_signals(); /* before any thread is there to take them */
    if (program->signals < 0)
        return mr_fail(err, MR_IO, "no descriptor for signals");
    ports.bus = program->bus = mr_parts_bus(&program->parts, err);
    if (!ports.bus)
        return err->code;
    ports.store = program->store = mr_store_redis_new(&program->parts.redis, err);
    if (!ports.store)
        return err->code;
    rc = mr_store_check(program->store, program->parts.cluster.bus == MR_BUS_REDIS,
                        (uint32_t)program->parts.cluster.shards, err);
    if (rc)
        return rc;
    ports.blob = program->blob = mr_blob_new(&program->parts.blob, err);
    if (!ports.blob)
        return err->code;
    rc = make_topics(program, err);
    if (rc)
        return rc;
    return gw_app_setup(&program->app, &program->config, &program->parts.cluster, &ports, err);
}

static bool stopped(const struct program *program)
{
    struct pollfd fd = {.fd = program->signals, .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

/* Serves until a signal comes, then lets what is under way end. */
static enum mr_code serve(struct program *program, struct mr_error *err)
{
    struct mr_clock *clock = mr_clock_sys();
    enum mr_code rc = MR_OK;
    int64_t end_ms;

    mr_log(MR_INFO, "gateway.listening", " port=%d", gw_server_port(program->app.server));
    while (!rc && !stopped(program))
        rc = gw_app_step(&program->app, GW_TICK_MS, err);
    mr_log(MR_INFO, "gateway.draining", " connections=%zu",
           gw_server_connections(program->app.server));
    gw_server_drain(program->app.server);
    end_ms = clock->mono_ms(clock) + program->config.drain_ms;
    while (!rc && !gw_app_idle(&program->app) && clock->mono_ms(clock) < end_ms)
        rc = gw_app_step(&program->app, GW_TICK_MS, err);
    return rc;
}

static void teardown(struct program *program)
{
    gw_app_teardown(&program->app);
    mr_blob_free(program->blob);
    mr_store_free(program->store);
    mr_bus_free(program->bus);
    if (program->signals >= 0)
        close(program->signals);
}

int main(int argc, char **argv)
{
    static struct program program = {.signals = -1, .app = {.works = {.wake_fd = -1}}};
    struct mr_settings_part own = {"Gateway", gw_settings, 0, &program.config};
    struct mr_error err;
    bool done = false;
    enum mr_code rc;

    own.row_count = gw_settings_count;
    rc = mr_parts_start("gateway", &program.parts, &own, 1, argc, argv, &done, &err);
    if (rc) {
        fprintf(stderr, "millrace-gateway: %s\n", err.text);
        return 2;
    }
    if (done)
        return 0;
    rc = setup(&program, &err);
    if (!rc)
        rc = serve(&program, &err);
    if (rc)
        mr_log_error(MR_ERROR, "gateway.stopped", &err, "%s", "");
    else
        mr_log(MR_INFO, "gateway.stopped", "%s", "");
    teardown(&program);
    mr_parts_stop(&program.parts, &own, 1);
    return rc ? 1 : 0;
}
