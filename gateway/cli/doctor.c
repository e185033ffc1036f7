/* doctor.c -- each thing Millrace rests on: is it there, is it set right, and if not, what to do.
 * Looks at the cluster that the settings of the programs describe, as they would start with them.
 */
#include "gateway/cli/cli.h"

#include "common/base/json.h"
#include "common/parts/parts.h"
#include "worker/imaging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct doctor {
    struct cli *cli;
    cJSON *found; /* for --json */
    int ill;
};

static void report(struct doctor *doctor, const char *what, enum mr_code rc, const char *said,
                   const char *advice)
{
    const char *word = rc == MR_OK ? "ok" : "ILL";
    cJSON *entry;

    doctor->ill += rc != MR_OK;
    if (!doctor->cli->json) {
        printf("%s%-4s%s %-14s %s\n", cli_paint(doctor->cli, rc == MR_OK ? "ok" : "ILL"), word,
               cli_plain(doctor->cli), what, said);
        if (rc != MR_OK)
            printf("     %-14s -> %s\n", "", advice);
        return;
    }
    entry = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(entry, "what", what);
    (void)cJSON_AddBoolToObject(entry, "ok", rc == MR_OK);
    (void)cJSON_AddStringToObject(entry, "said", said);
    if (rc != MR_OK)
        (void)cJSON_AddStringToObject(entry, "advice", advice);
    (void)cJSON_AddItemToArray(doctor->found, entry);
}

static void check_store(struct doctor *doctor, const struct mr_parts_config *config)
{
    struct mr_error err = {0};
    struct mr_store *store = mr_store_redis_new(&config->redis, &err);
    enum mr_code rc = store ? mr_store_check(store, config->cluster.bus == MR_BUS_REDIS,
                                             (uint32_t)config->cluster.shards, &err)
                            : err.code;

    report(doctor, "redis", rc,
           rc ? err.text : "reached, durable as the bus needs it, never evicts",
           "start Redis 7 or newer with appendonly yes and maxmemory-policy noeviction, and set "
           "MILLRACE_REDIS_URL");
    mr_store_free(store);
}

static void nothing_sent(void *owner, void *tag, enum mr_code code, int32_t partition,
                         int64_t offset, int64_t time_ms)
{
    (void)owner, (void)tag, (void)code, (void)partition, (void)offset, (void)time_ms;
}

static void check_bus(struct doctor *doctor, const struct mr_parts_config *config)
{
    struct mr_error err = {0};
    struct mr_bus *bus = mr_parts_bus(config, &err);
    struct mr_topics topics;
    struct mr_topic_spec specs[MR_TOPICS_COUNT];
    enum mr_code rc = bus ? MR_OK : err.code;

    mr_topics_init(&topics, config->cluster.topics);
    mr_topics_specs(&topics, &config->cluster, specs);
    if (bus) {
        bus->on_sent = nothing_sent;
        rc = mr_bus_ensure(bus, specs, MR_TOPICS_COUNT, &err);
    }
    report(
        doctor, config->cluster.bus == MR_BUS_REDIS ? "bus (redis)" : "bus (kafka)", rc,
        rc ? err.text : "reached, its topics keep what they must",
        "start the broker and set MILLRACE_KAFKA_BROKERS, or MILLRACE_BUS=redis for one machine");
    if (bus)
        mr_bus_free(bus);
}

static void check_blob(struct doctor *doctor, const struct mr_parts_config *config)
{
    struct mr_error err = {0};
    struct mr_blob *blob = mr_blob_new(&config->blob, &err);
    enum mr_code rc = blob ? mr_blob_check(blob, &err) : err.code;

    report(doctor, "blob storage", rc, rc ? err.text : "a probe was written, read and removed",
           "set MILLRACE_BLOB and the MILLRACE_S3_... or MILLRACE_BLOB_DIR settings");
    mr_blob_free(blob);
}

static void check_gateway(struct doctor *doctor)
{
    struct cli *cli = doctor->cli;
    struct mr_http_request request = {.method = "GET", .timeout_ms = 3000, .response_max = 65536};
    struct mr_http_response response = {0};
    struct mr_error err = {0};
    char url[600], said[700];
    enum mr_code rc = cli_connect(cli, &err);

    if (!rc) {
        (void)snprintf(url, sizeof url, "%s/readyz", cli->url);
        request.url = url;
        rc = mr_http_request(cli->http, &request, &response, &err);
    }
    if (!rc && response.status != 200)
        rc = mr_fail(&err, MR_UNAVAILABLE, "%s answers %d: %.300s", cli->url, response.status,
                     response.body.data ? response.body.data : "");
    (void)snprintf(said, sizeof said, "%s is ready", cli->url);
    report(doctor, "gateway", rc, rc ? err.text : said,
           "start one (`millrace up`, or millrace-gateway), or set MILLRACE_URL");
    mr_http_response_release(&response);
}

/* One decoder is started as a worker would start it, and says what holds it. */
static void check_sandbox(struct doctor *doctor)
{
    enum { STRICT = 0, BEST = 1 };
    struct wk_imaging_config config = {0};
    struct mr_settings_part part = {"Decoders", wk_imaging_settings, wk_imaging_settings_count,
                                    &config};
    struct wk_decoder *decoder = NULL;
    char *none[] = {NULL}, said[MR_ERROR_TEXT_MAX + 256];
    struct mr_error err = {0};
    enum mr_code rc = mr_config_load(&part, 1, 0, none, &err);
    const bool strict = !rc && config.sandbox == STRICT;

    config.sandbox = BEST; /* what is missing is to be listed, not met */
    if (!rc)
        rc = wk_decoder_new(&config, &decoder, &err);
    if (rc) {
        (void)snprintf(said, sizeof said, "%s", err.text);
    } else if (wk_decoder_missing(decoder)[0]) {
        rc = strict ? MR_UNAVAILABLE : MR_OK;
        (void)snprintf(said, sizeof said, "holds %s; %s%s", wk_decoder_layers(decoder),
                       wk_decoder_missing(decoder),
                       strict ? "" : "; WORKER_SANDBOX=best goes on without");
    } else {
        (void)snprintf(said, sizeof said, "holds %s", wk_decoder_layers(decoder));
    }
    report(doctor, "sandbox", rc, said,
           "allow user namespaces and Landlock (sysctl user.max_user_namespaces, "
           "kernel.apparmor_restrict_unprivileged_userns), or set WORKER_SANDBOX=best");
    wk_decoder_free(decoder);
    mr_config_release(&part, 1);
}

/* Where a cluster of `millrace up` runs and nothing else is set, its settings are the ones to
 * check. */
static void settings_of_embedded(const struct cli *cli)
{
    char text[4300], data[4096];

    (void)snprintf(text, sizeof text, "%s/redis.conf", cli->config.data);
    if (getenv("MILLRACE_BUS") || access(text, R_OK) != 0 || !realpath(cli->config.data, data))
        return;
    (void)setenv("MILLRACE_BUS", "redis", 1);
    (void)setenv("MILLRACE_BLOB", "dir", 1);
    (void)setenv("MILLRACE_SHARDS", "2", 0);
    (void)setenv("MILLRACE_TASK_PARTITIONS", "2", 0);
    (void)snprintf(text, sizeof text, "%s/blobs", data);
    (void)setenv("MILLRACE_BLOB_DIR", text, 0);
    (void)snprintf(text, sizeof text, "redis://127.0.0.1:%lld/0",
                   (long long)cli->config.redis_port);
    (void)setenv("MILLRACE_REDIS_URL", text, 0);
}

enum mr_code cli_doctor(struct cli *cli, struct mr_error *err)
{
    struct doctor doctor = {.cli = cli, .found = cJSON_CreateArray()};
    struct mr_parts_config config = {0};
    struct mr_settings_part parts[MR_PARTS_SETTINGS];
    char *none[] = {NULL};
    enum mr_code rc = cli_words(cli, 0, 0, "doctor", err);

    if (rc) {
        cJSON_Delete(doctor.found);
        return rc;
    }
    settings_of_embedded(cli);
    mr_parts_settings(&config, parts);
    rc = mr_config_load(parts, MR_PARTS_SETTINGS, 0, none, err);
    report(&doctor, "settings", rc, rc ? err->text : "each is in its range",
           "docs/settings.md lists every setting");
    if (!rc) {
        check_store(&doctor, &config);
        check_bus(&doctor, &config);
        check_blob(&doctor, &config);
        mr_config_release(parts, MR_PARTS_SETTINGS);
    }
    check_sandbox(&doctor);
    check_gateway(&doctor);
    if (cli->json)
        cli_print_json(doctor.found);
    cJSON_Delete(doctor.found);
    return doctor.ill == 0 ? MR_OK : mr_fail(err, MR_UNAVAILABLE, "%d to mend", doctor.ill);
}
