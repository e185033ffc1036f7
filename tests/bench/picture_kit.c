/* picture_kit.c -- see picture_kit.h. */
#include "tests/bench/picture_kit.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t bench_cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct mr_recipe *bench_recipe(const char *json)
{
    struct mr_recipe *recipe = NULL;
    cJSON *item = NULL;
    struct mr_error err;

    if (mr_json_parse(json, strlen(json), &mr_json_limits_message, &item, &err) ||
        mr_recipe_parse(item, &recipe, &err)) {
        fprintf(stderr, "bench: %s\n", err.text);
        exit(1);
    }
    cJSON_Delete(item);
    return recipe;
}

struct wk_decoder *bench_decoder(const char *argv0)
{
    struct wk_imaging_config config = {0};
    struct mr_settings_part part = {"", wk_imaging_settings, wk_imaging_settings_count, &config};
    struct wk_decoder *decoder = NULL;
    const char *given = getenv("MILLRACE_DECODER"), *slash = strrchr(argv0, '/');
    struct mr_error err;
    char path[4096];

    snprintf(path, sizeof(path), "%.*s/../bin/millrace-decoder", slash ? (int)(slash - argv0) : 1,
             slash ? argv0 : ".");
    if (mr_config_load(&part, 1, 0, NULL, &err) ||
        mr_config_set(&part, 1, "WORKER_DECODER", given ? given : path, &err) ||
        wk_decoder_new(&config, &decoder, &err)) {
        fprintf(stderr, "bench: %s\n", err.text);
        exit(1);
    }
    mr_config_release(&part, 1);
    return decoder;
}
