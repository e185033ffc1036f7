/* imaging_twin.c -- worker/imaging.h without a child and without a pixel. */
#include "tests/unit/worker/imaging_twin.h"

#include "common/ports/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct wk_decoder {
    atomic_bool stop;
    char *bytes[MR_RECIPE_OUTPUTS_MAX]; /* owned */
    struct wk_gate gate;
};

struct imaging_twin imaging_twin;

void imaging_twin_reset(void)
{
    imaging_twin.fault = imaging_twin.start_fault = NULL;
    imaging_twin.salt = "";
    memset(imaging_twin.tenants, 0, sizeof imaging_twin.tenants);
    atomic_store(&imaging_twin.block, false);
    atomic_store(&imaging_twin.block_heavy, false);
    atomic_store(&imaging_twin.stop_too_late, false);
    atomic_store(&imaging_twin.calls, 0);
    atomic_store(&imaging_twin.stops, 0);
    atomic_store(&imaging_twin.alive, 0);
}

enum mr_code wk_decoder_new(const struct wk_imaging_config *config, struct wk_decoder **ret,
                            struct mr_error *err)
{
    struct wk_decoder *decoder = calloc(1, sizeof *decoder);

    (void)config;
    if (imaging_twin.start_fault) {
        free(decoder);
        return mr_fail(err, MR_UNAVAILABLE, "%s", imaging_twin.start_fault);
    }
    if (!decoder)
        return mr_fail(err, MR_NO_MEMORY, "a decoder");
    atomic_fetch_add(&imaging_twin.alive, 1);
    *ret = decoder;
    return MR_OK;
}

void wk_decoder_rest(struct wk_decoder *decoder)
{
    (void)decoder;
}

void wk_decoder_tenant(struct wk_decoder *decoder, const char *tenant)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* slots may be many */
    size_t n;

    (void)decoder;
    (void)pthread_mutex_lock(&lock);
    n = strlen(imaging_twin.tenants);
    if (n + 1 < sizeof imaging_twin.tenants)
        imaging_twin.tenants[n] = tenant[0];
    (void)pthread_mutex_unlock(&lock);
}

static enum mr_code wait_for_end(struct wk_decoder *decoder, bool heavy, int64_t deadline_ms,
                                 struct wk_fault *fault)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    atomic_fetch_add(&imaging_twin.calls, 1);
    while (atomic_load(&imaging_twin.block) || (heavy && atomic_load(&imaging_twin.block_heavy))) {
        if (atomic_exchange(&decoder->stop, false))
            return MR_CANCELLED;
        if (mr_mono_ms() > deadline_ms) {
            *fault = (struct wk_fault){.name = "Image.Timeout", .cause = "its time was up"};
            return MR_TIMEOUT;
        }
        (void)nanosleep(&pause, NULL);
    }
    if (atomic_exchange(&imaging_twin.stop_too_late, false))
        return MR_CANCELLED;
    if (!imaging_twin.fault)
        return MR_OK;
    (void)snprintf(fault->name, sizeof fault->name, "%s", imaging_twin.fault);
    (void)snprintf(fault->cause, sizeof fault->cause, "as told");
    return MR_CORRUPT;
}

void wk_decoder_gate(struct wk_decoder *decoder, struct wk_gate gate)
{
    decoder->gate = gate;
}

static int64_t need_of(const struct wk_source *source)
{
    static const char heavy[] = "heavy ";
    const size_t len = sizeof heavy - 1;

    if (source->len > len && memcmp(source->data, heavy, len) == 0)
        return strtoll((const char *)source->data + len, NULL, 10);
    return 1;
}

static enum mr_code ask_memory(struct wk_decoder *decoder, const struct wk_source *source,
                               struct wk_fault *fault)
{
    int64_t granted;

    return decoder->gate.ask
               ? decoder->gate.ask(decoder->gate.owner, need_of(source), &granted, fault)
               : MR_OK;
}

enum mr_code wk_decoder_render(struct wk_decoder *decoder, const struct mr_recipe *recipe,
                               const struct wk_source *sources, size_t n, int64_t deadline_ms,
                               struct wk_rendered *ret, struct wk_fault *fault)
{
    enum mr_code rc = ask_memory(decoder, &sources[0], fault);

    if (!rc)
        rc = wait_for_end(decoder, need_of(&sources[0]) > 1, deadline_ms, fault);
    if (rc)
        return rc;
    *ret = (struct wk_rendered){.source_format = "jpeg",
                                .source_width = 200,
                                .source_height = 100,
                                .source_pages = 1,
                                .cpu_us = 1500,
                                .wall_us = 2000,
                                .peak_bytes = 4096};
    ret->output_count = mr_recipe_outputs(recipe);
    for (size_t i = 0; i < ret->output_count; i++) {
        const char *name = mr_recipe_output_name(recipe, i);
        char text[256];
        const int len = snprintf(text, sizeof text, "%s of %.*s %s", name, (int)sources[0].len,
                                 (const char *)sources[0].data, imaging_twin.salt);

        if (n > 1)
            (void)snprintf(text + len, sizeof text - (size_t)len, " on %zu layers", n - 1);
        free(decoder->bytes[i]);
        decoder->bytes[i] = strdup(text);
        ret->outputs[i] = (struct wk_output){.name = name,
                                             .format = "jpeg",
                                             .extension = "jpg",
                                             .content_type = "image/jpeg",
                                             .data = decoder->bytes[i],
                                             .len = strlen(text),
                                             .width = 20,
                                             .height = 10,
                                             .pages = 1,
                                             .quality = 80};
    }
    return MR_OK;
}

enum mr_code wk_decoder_inspect(struct wk_decoder *decoder, const struct wk_source *source,
                                unsigned wanted, int64_t deadline_ms, cJSON **ret,
                                struct wk_fault *fault)
{
    const enum mr_code rc = wait_for_end(decoder, false, deadline_ms, fault);

    (void)source;
    imaging_twin.wanted = wanted;
    if (rc)
        return rc;
    *ret = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(*ret, "format", "jpeg");
    return MR_OK;
}

void wk_decoder_stop(struct wk_decoder *decoder)
{
    atomic_fetch_add(&imaging_twin.stops, 1);
    atomic_store(&decoder->stop, true);
}

int wk_decoder_pid(const struct wk_decoder *decoder)
{
    (void)decoder;
    return -1;
}

const char *wk_decoder_layers(const struct wk_decoder *decoder)
{
    (void)decoder;
    return "none";
}

const char *wk_decoder_missing(const struct wk_decoder *decoder)
{
    (void)decoder;
    return "";
}

void wk_decoder_free(struct wk_decoder *decoder)
{
    if (!decoder)
        return;
    atomic_fetch_sub(&imaging_twin.alive, 1);
    for (size_t i = 0; i < MR_RECIPE_OUTPUTS_MAX; i++)
        free(decoder->bytes[i]);
    free(decoder);
}
