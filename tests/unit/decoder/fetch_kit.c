/* fetch_kit.c -- see fetch_kit.h. */
#include "tests/unit/decoder/fetch_kit.h"

#include "common/base/json.h"
#include "common/ports/clock.h"
#include "common/sim/sim.h"
#include "worker/parcels.h"
#include "worker/tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DEADLINE_MS = 60000 };

static struct mr_sim_world world = {.seed = 1};
static struct mr_sim_bucket *bucket;
static struct mr_blob *blob;
static char ports[16], loopback[] = "127.0.0.0/8", none[] = "";
static const struct wk_fetch_config config = {.schemes = WK_FETCH_HTTP,
                                              .ports = ports,
                                              .hosts = none,
                                              .private_hosts = loopback,
                                              .ca_file = none,
                                              .redirects_max = 5,
                                              .connect_ms = 5000,
                                              .timeout_ms = 30000};

int fetch_kit_open(struct fetch_kit *kit)
{
    struct mr_error err;

    if (http_server_start(&kit->server))
        return -1;
    (void)snprintf(ports, sizeof ports, "%d", kit->server.port);
    bucket = mr_sim_bucket_new(&world);
    blob = mr_blob_sim_new(bucket, &err);
    return blob && !wk_fetcher_new(&config, &kit->fetcher, &err) ? 0 : -1;
}

void fetch_kit_close(struct fetch_kit *kit)
{
    wk_fetcher_free(kit->fetcher);
    wk_decoder_free(kit->decoder);
    mr_blob_free(blob);
    mr_sim_bucket_free(bucket);
    mr_buf_release(&kit->answer);
    http_server_stop(&kit->server);
}

static void fill_in(struct mr_buf *text, const char *input, int port)
{
    const char *at;

    for (; (at = strstr(input, "PORT")); input = at + strlen("PORT")) {
        mr_buf_add(text, input, (size_t)(at - input));
        mr_buf_add_int(text, port);
    }
    mr_buf_add_str(text, input);
}

enum mr_code fetch_kit_do(struct fetch_kit *kit, const char *type, const char *input)
{
    struct mr_task task = {
        .job = "job-1", .tenant = "shop", .step = "Render.1", .attempt = 1, .type = type};
    struct wk_parcels parcels = {0};
    struct wk_run run = {.task = &task,
                         .imaging = &kit->imaging,
                         .blob = blob,
                         .parcels = &parcels,
                         .decoder = kit->decoder,
                         .deadline_ms = mr_mono_ms() + DEADLINE_MS,
                         .output = &kit->answer};
    struct mr_buf text = {0};
    struct mr_error err;
    cJSON *root = NULL;
    enum mr_code rc;

    fill_in(&text, input, kit->server.port);
    if (mr_json_parse(text.data, text.len, &mr_json_limits_message, &root, &err))
        fail_msg("%s: %s", text.data, err.text);
    task.input = root;
    mr_buf_reset(&kit->answer);
    kit->fault = (struct wk_fault){0};
    rc = wk_task_type_find(type)->run(&run, &kit->fault);
    if (rc == MR_BUSY) /* as a slot and a lane do it */
        rc = wk_parcels_fetch(&parcels, kit->fetcher, kit->imaging.source_bytes_max, NULL,
                              &kit->fault);
    if (!rc && parcels.count)
        rc = wk_task_type_find(type)->run(&run, &kit->fault);
    wk_parcels_release(&parcels);
    cJSON_Delete(root);
    mr_buf_release(&text);
    return rc;
}

struct mr_buf fetch_kit_stored(struct fetch_kit *kit, const char *key)
{
    struct mr_buf bytes = {0};
    struct mr_error err;

    (void)kit;
    if (mr_blob_get(blob, key, 1000000, &bytes, NULL, &err))
        fail_msg("%s: %s", key, err.text);
    return bytes;
}
