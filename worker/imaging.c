/* imaging.c -- the supervisor of a slot's decoders: which of them reads a source, what it is given,
 * how a call ends.  Must not know a picture's inside, but for its first bytes. */
#include "worker/imaging.h"

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/model/format.h"
#include "common/ports/clock.h"
#include "worker/decoder/sniff.h"
#include "worker/imaging_crew.h"
#include "worker/imaging_fault.h"
#include "worker/imaging_reply.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    FIRST_MS_MAX = 60000,
    HEADER_BYTES = 256 << 20, /* what a decoder may use before it says what it needs */
};

/* clang-format off */
const struct mr_setting wk_imaging_settings[] = {
    MR_STR(wk_imaging_config, decoder, "WORKER_DECODER", "", "path of millrace-decoder; empty: beside this program"),
    MR_CHOICE(wk_imaging_config, sandbox, "WORKER_SANDBOX", "strict", "strict best", "strict: refuse to start where a layer of the sandbox is missing; best: take what the platform has and say what is missing"),
    MR_STR(wk_imaging_config, untrusted, "WORKER_FORMATS_UNTRUSTED", "", "formats whose readers are not made for what strangers send, to be read all the same, each by a decoder of its own that is used for one task: any of jxl jp2 svg pdf, by comma"),
    MR_LONG(wk_imaging_config, memory_max, "WORKER_DECODER_MEMORY", "4G", 256 << 20, INT64_C(1) << 40, "address space of a decoder, bytes"),
    MR_LONG(wk_imaging_config, pixels_max, "WORKER_PIXELS_MAX", "268402689", 1, INT64_C(1) << 36, "pixels of a source (width x height x pages) and of anything made of it"),
    MR_LONG(wk_imaging_config, source_bytes_max, "WORKER_SOURCE_BYTES_MAX", "256M", 1, INT64_C(1) << 33, "longest source, bytes"),
    MR_LONG(wk_imaging_config, output_bytes_max, "WORKER_OUTPUT_BYTES_MAX", "256M", 4096, INT64_C(1) << 33, "longest output, bytes"),
    MR_LONG(wk_imaging_config, tasks_max, "WORKER_DECODER_TASKS", "10000", 1, INT64_C(1) << 40, "tasks after which a decoder is replaced by a fresh one"),
};
/* clang-format on */
const size_t wk_imaging_settings_count =
    sizeof(wk_imaging_settings) / sizeof(wk_imaging_settings[0]);

struct wk_decoder {
    struct wk_imaging_config config; /* numbers; its strings are not used */
    uint32_t untrusted;              /* formats opted in, bits */
    struct wk_crew crew;
    struct wk_pool pool;
    struct wk_gate gate;
    struct mr_buf text, answer;
    uint32_t sequence;
    uint64_t need_least; /* of the task under way: its headers were found to say too little */
    bool pool_ours;      /* since the last call: no decoder of before can touch it */
    char layers[SB_LAYERS_TEXT_MAX], missing[MR_ERROR_TEXT_MAX];

    pthread_mutex_t lock; /* guards what follows */
    bool busy, stopping;
    int wake_fd; /* readable while stopping */
};

/* ---- calls and their ends -------------------------------------------------------------------- */

static void call_begin(struct wk_decoder *decoder)
{
    pthread_mutex_lock(&decoder->lock);
    decoder->busy = true;
    pthread_mutex_unlock(&decoder->lock);
}

static void call_end(struct wk_decoder *decoder)
{
    uint64_t drained;

    pthread_mutex_lock(&decoder->lock);
    decoder->busy = false;
    if (decoder->stopping && read(decoder->wake_fd, &drained, sizeof(drained)) < 0)
        mr_log(MR_ERROR, "decoder.wake", "errno=%d", errno);
    decoder->stopping = false;
    pthread_mutex_unlock(&decoder->lock);
    decoder->pool_ours = false;
}

void wk_decoder_stop(struct wk_decoder *decoder)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&decoder->lock);
    if (decoder->busy && !decoder->stopping)
        decoder->stopping = write(decoder->wake_fd, &one, sizeof(one)) == sizeof(one);
    pthread_mutex_unlock(&decoder->lock);
}

/* A decoder that was killed a moment ago may still be on its way out: what it shared is not used
 * again then. */
static void pool_clean(struct wk_decoder *decoder)
{
    if (!decoder->pool_ours && !wk_crew_buried(&decoder->crew, false))
        wk_pool_release(&decoder->pool);
    decoder->pool_ours = true;
}

/* ---- one task ------------------------------------------------------------------------------- */

/* Which reader it needs: the first bytes say it, and nobody else is asked. */
static enum mr_code source_sniff(const struct wk_decoder *decoder, const struct wk_source *source,
                                 enum mr_format *ret, struct wk_fault *fault)
{
    const char *word;

    if (!dec_sniff(source->data, source->len, ret, &word))
        return wk_fault_set(fault, WK_UNSUPPORTED, "source of %zu bytes: %s is not read",
                            source->len, word);
    if (mr_format_untrusted(*ret) && !(decoder->untrusted & DEC_FORMAT_BIT(*ret)))
        return wk_fault_set(fault, WK_UNSUPPORTED,
                            "source of %zu bytes: %s is not read, as WORKER_FORMATS_UNTRUSTED does "
                            "not name it",
                            source->len, mr_format_name(*ret));
    return MR_OK;
}

static enum mr_code sources_put(struct wk_decoder *decoder, const struct wk_source *sources,
                                size_t n, struct dec_task *task, struct wk_fault *fault)
{
    enum mr_format format;
    struct mr_error err;
    enum mr_code rc;

    pool_clean(decoder);
    if (n < 1 || n > MR_RECIPE_SOURCES_MAX)
        return wk_fault_set(fault, WK_RECIPE_INVALID, "%zu sources, allowed 1..%d", n,
                            MR_RECIPE_SOURCES_MAX);
    for (size_t i = 0; i < n; i++) {
        if (sources[i].len > (uint64_t)decoder->config.source_bytes_max)
            return wk_fault_set(fault, WK_TOO_LARGE,
                                "source of %zu bytes, the limit is %" PRId64 " bytes",
                                sources[i].len, decoder->config.source_bytes_max);
        rc = source_sniff(decoder, &sources[i], &format, fault);
        if (rc)
            return rc;
        if (wk_pool_need(&decoder->pool, i, sources[i].len ? sources[i].len : 1, &err))
            return wk_fault_set(fault, WK_OUT_OF_MEMORY, "%.400s", err.text);
        if (sources[i].len && sources[i].data != decoder->pool.slots[i].map)
            memcpy(decoder->pool.slots[i].map, sources[i].data, sources[i].len);
        task->source_len[i] = sources[i].len;
        task->source_format[i] = (uint32_t)format;
    }
    task->source_count = (uint32_t)n;
    return MR_OK;
}

static enum mr_code outputs_need(struct wk_decoder *decoder, size_t n, struct wk_fault *fault)
{
    struct mr_error err;

    for (size_t i = 0; i < n; i++)
        if (wk_pool_need(&decoder->pool, DEC_SLOT_OUTPUTS + i,
                         (size_t)decoder->config.output_bytes_max, &err))
            return wk_fault_set(fault, WK_OUT_OF_MEMORY, "%.400s", err.text);
    return MR_OK;
}

static uint32_t untrusted_of(const struct dec_task *task)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < task->source_count; i++)
        if (mr_format_untrusted((enum mr_format)task->source_format[i]))
            bits |= DEC_FORMAT_BIT(task->source_format[i]);
    return bits;
}

/* The most that one task can have: what is left of a decoder's address space. */
static uint64_t task_bytes_max(const struct wk_decoder *decoder, const struct wk_child *child)
{
    const uint64_t whole = (uint64_t)decoder->config.memory_max;

    return whole > child->idle_bytes ? whole - child->idle_bytes : 0;
}

/* How much memory the task is to have of what it needs; MR_OK: *ret. */
static enum mr_code memory_settle(struct wk_decoder *decoder, const struct wk_child *child,
                                  uint64_t need, uint64_t *ret, struct wk_fault *fault)
{
    const uint64_t most = task_bytes_max(decoder, child);
    int64_t granted = (int64_t)most;
    enum mr_code rc = MR_OK;

    if (need <= most && need < decoder->need_least)
        need = decoder->need_least < most ? decoder->need_least : most;
    if (need > most)
        return wk_fault_set(fault, WK_TOO_LARGE,
                            "by its header it needs %" PRIu64 " bytes, the limit is %" PRIu64
                            " (WORKER_DECODER_MEMORY)",
                            need, most);
    if (decoder->gate.ask)
        rc = decoder->gate.ask(decoder->gate.owner, (int64_t)need, &granted, fault);
    *ret = (uint64_t)granted < most ? (uint64_t)granted : most;
    return rc;
}

/* A need is met, or the child hears that it is not and says so in its reply. */
static enum mr_code need_meet(struct wk_decoder *decoder, struct wk_child *child, uint64_t need,
                              struct dec_reply *reply, const struct wk_patience *patience,
                              struct wk_fault *fault)
{
    uint64_t granted = 0;
    enum mr_code refused = memory_settle(decoder, child, need, &granted, fault);
    struct wk_fault unsaid;
    enum wk_heard heard;

    if (refused)
        granted = 0;
    decoder->crew.granted = granted;
    decoder->crew.asked = granted > 0;
    if (granted)
        wk_child_limit(child, &decoder->pool, granted);
    heard = wk_child_grant(child, decoder->sequence, granted, patience);
    if (!heard)
        heard = wk_child_hear(child, decoder->sequence, NULL, reply, &decoder->answer, patience);
    if (!refused)
        return heard ? wk_crew_lost(&decoder->crew, child, heard, "the task", fault) : MR_OK;
    if (heard)
        (void)wk_crew_lost(&decoder->crew, child, heard, "the task", &unsaid);
    else
        wk_crew_done(&decoder->crew, child);
    return refused;
}

/* The task to the child, and its first word: what it needs, or the reply. */
static enum wk_heard task_ask(struct wk_decoder *decoder, struct wk_child *child,
                              struct dec_task *task, const struct wk_patience *patience,
                              uint64_t *ret_need, struct dec_reply *reply)
{
    enum wk_heard heard;

    task->head =
        (struct dec_head){DEC_MAGIC, DEC_VERSION, DEC_TASK, sizeof(*task), ++decoder->sequence};
    task->pixels_max = (uint64_t)decoder->config.pixels_max;
    task->output_bytes_max = (uint64_t)decoder->config.output_bytes_max;
    task->text_len = decoder->text.len;
    decoder->crew.granted = HEADER_BYTES;
    decoder->crew.asked = false;
    wk_child_limit(child, &decoder->pool, HEADER_BYTES);
    heard = wk_child_send(child, &decoder->pool, task, &decoder->text, patience);
    wk_crew_prepare(&decoder->crew);
    if (heard)
        return heard;
    return wk_child_hear(child, decoder->sequence, ret_need, reply, &decoder->answer, patience);
}

/* Sends and hears.  On MR_OK *ret_child has answered in the right form; what it says is still to be
 * looked at, and then wk_crew_done() or wk_crew_lost() to be called.  A child that answers an
 * earlier task once more is replaced, and costs this task nothing: once, for the next one may lie
 * about its sequence. */
static enum mr_code task_run(struct wk_decoder *decoder, struct dec_task *task, int64_t deadline_ms,
                             struct wk_child **ret_child, struct dec_reply *reply,
                             struct wk_fault *fault)
{
    const struct wk_patience patience = {deadline_ms, decoder->wake_fd};
    const uint32_t untrusted = untrusted_of(task);
    struct wk_child *child;
    struct wk_fault unsaid;
    enum wk_heard heard;
    uint64_t need = 0;
    enum mr_code rc = wk_crew_need(&decoder->crew, untrusted, deadline_ms, &child, fault);

    if (rc)
        return rc;
    heard = task_ask(decoder, child, task, &patience, &need, reply);
    if (heard == WK_STALE) {
        (void)wk_crew_lost(&decoder->crew, child, heard, "an earlier task", &unsaid);
        (void)wk_crew_buried(&decoder->crew, true); /* the next one reads the same sources */
        rc = wk_crew_need(&decoder->crew, untrusted, deadline_ms, &child, fault);
        if (rc)
            return rc;
        heard = task_ask(decoder, child, task, &patience, &need, reply);
    }
    if (heard)
        return wk_crew_lost(&decoder->crew, child, heard, "the task", fault);
    if (need)
        rc = need_meet(decoder, child, need, reply, &patience, fault);
    *ret_child = child;
    return rc;
}

/* The reply has been looked at: it is sound, or a failure, or the child is not to be used again. */
static enum mr_code task_end(struct wk_decoder *decoder, struct wk_child *child,
                             const struct dec_reply *reply, bool sound, struct wk_fault *fault)
{
    if (reply->failure == DEC_OK && !sound)
        return wk_crew_lost(&decoder->crew, child, WK_NONSENSE, "its answer", fault);
    wk_crew_done(&decoder->crew, child);
    if (reply->failure != DEC_OK)
        return wk_fault_set(fault, wk_fault_of(reply->failure), "%s", reply->cause);
    return MR_OK;
}

static enum mr_code render_once(struct wk_decoder *decoder, const struct mr_recipe *recipe,
                                struct dec_task *task, int64_t deadline_ms, struct wk_rendered *ret,
                                struct wk_fault *fault)
{
    struct dec_reply reply = {0};
    struct wk_child *child = NULL;
    enum mr_code rc = task_run(decoder, task, deadline_ms, &child, &reply, fault);

    if (rc)
        return rc;
    return task_end(
        decoder, child, &reply,
        wk_reply_rendered(&reply, recipe, &decoder->pool, decoder->config.output_bytes_max, ret),
        fault);
}

/* An estimate that was too small costs a second run, with four times as much, and not the task. */
static enum mr_code render_run(struct wk_decoder *decoder, const struct mr_recipe *recipe,
                               struct dec_task *task, int64_t deadline_ms, struct wk_rendered *ret,
                               struct wk_fault *fault)
{
    enum mr_code rc = render_once(decoder, recipe, task, deadline_ms, ret, fault);
    const uint64_t had = decoder->crew.granted;

    if (rc != MR_NO_MEMORY || !decoder->crew.asked ||
        had >= (uint64_t)decoder->config.memory_max / 2)
        return rc;
    (void)wk_crew_buried(&decoder->crew, true); /* the next one reads the same sources */
    decoder->need_least = 4 * had;
    rc = render_once(decoder, recipe, task, deadline_ms, ret, fault);
    decoder->need_least = 0;
    return rc;
}

enum mr_code wk_decoder_render(struct wk_decoder *decoder, const struct mr_recipe *recipe,
                               const struct wk_source *sources, size_t n, int64_t deadline_ms,
                               struct wk_rendered *ret, struct wk_fault *fault)
{
    struct dec_task task = {.work = DEC_RENDER};
    int64_t start_ms = mr_mono_ms();
    enum mr_code rc;

    call_begin(decoder);
    wk_pool_trim_outputs(&decoder->pool); /* what was lent is no longer */
    mr_buf_reset(&decoder->text);
    rc = sources_put(decoder, sources, n, &task, fault);
    if (!rc)
        rc = outputs_need(decoder, mr_recipe_outputs(recipe), fault);
    if (!rc && mr_recipe_print(recipe, &decoder->text))
        rc = wk_fault_set(fault, WK_OUT_OF_MEMORY, "no memory to write the recipe");
    if (!rc && decoder->text.len > DEC_TEXT_MAX)
        rc = wk_fault_set(fault, WK_RECIPE_INVALID, "%zu bytes with every default, the limit is %d",
                          decoder->text.len, DEC_TEXT_MAX);
    if (!rc)
        rc = render_run(decoder, recipe, &task, deadline_ms, ret, fault);
    if (!rc) {
        ret->wall_us = (mr_mono_ms() - start_ms) * 1000;
        ret->granted_bytes = (int64_t)decoder->crew.granted;
    }
    wk_pool_trim_sources(&decoder->pool);
    call_end(decoder);
    return rc;
}

enum mr_code wk_decoder_inspect(struct wk_decoder *decoder, const struct wk_source *source,
                                unsigned wanted, int64_t deadline_ms, cJSON **ret,
                                struct wk_fault *fault)
{
    static const struct mr_json_limits limits = {DEC_ANSWER_MAX, 8};
    struct dec_task task = {.work = DEC_INSPECT, .wanted = wanted};
    struct dec_reply reply = {0};
    struct wk_child *child = NULL;
    struct mr_error err;
    cJSON *found = NULL;
    enum mr_code rc;

    call_begin(decoder);
    mr_buf_reset(&decoder->text);
    rc = sources_put(decoder, source, 1, &task, fault);
    if (!rc)
        rc = task_run(decoder, &task, deadline_ms, &child, &reply, fault);
    if (!rc)
        rc = task_end(
            decoder, child, &reply,
            !mr_json_parse(decoder->answer.data, decoder->answer.len, &limits, &found, &err),
            fault);
    if (rc)
        cJSON_Delete(found);
    else
        *ret = found;
    wk_pool_trim_sources(&decoder->pool);
    call_end(decoder);
    return rc;
}

enum mr_code wk_decoder_source(struct wk_decoder *decoder, size_t index, size_t len_max, void **ret,
                               struct mr_error *err)
{
    enum mr_code rc;

    if (index >= MR_RECIPE_SOURCES_MAX)
        return mr_fail(err, MR_INVALID, "source %zu: allowed 0..%d", index,
                       MR_RECIPE_SOURCES_MAX - 1);
    if (len_max > (uint64_t)decoder->config.source_bytes_max)
        return mr_fail(err, MR_TOO_LARGE, "source of %zu bytes, the limit is %" PRId64 " bytes",
                       len_max, decoder->config.source_bytes_max);
    pool_clean(decoder);
    rc = wk_pool_need(&decoder->pool, index, len_max ? len_max : 1, err);
    if (!rc)
        *ret = decoder->pool.slots[index].map;
    return rc;
}

/* ---- life ----------------------------------------------------------------------------------- */

static enum mr_code untrusted_read(const char *words, uint32_t *ret, struct mr_error *err)
{
    char copy[128], *save = NULL;

    snprintf(copy, sizeof(copy), "%s", words ? words : "");
    for (char *word = strtok_r(copy, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
        uint32_t bit = 0;
        for (int i = 0; i < MR_FORMAT_COUNT; i++)
            if (mr_format_untrusted((enum mr_format)i) &&
                strcmp(word, mr_format_name((enum mr_format)i)) == 0)
                bit = DEC_FORMAT_BIT(i);
        if (!bit)
            return mr_fail(err, MR_INVALID,
                           "WORKER_FORMATS_UNTRUSTED: \"%.32s\": must be any of jxl jp2 svg pdf",
                           word);
        *ret |= bit;
    }
    return MR_OK;
}

/* One is started, so that what is amiss is known now, and its layers are said. */
static enum mr_code first_child(struct wk_decoder *decoder, struct mr_error *err)
{
    struct wk_child *child;
    struct wk_fault fault;
    struct mr_error missing;

    if (wk_crew_need(&decoder->crew, 0, mr_mono_ms() + FIRST_MS_MAX, &child, &fault))
        return mr_fail(err, MR_UNAVAILABLE, "%.200s: %.280s", decoder->crew.path, fault.cause);
    sb_report_text(&child->process.report, decoder->layers);
    if (sb_report_check(&child->process.report, &missing)) {
        snprintf(decoder->missing, sizeof(decoder->missing), "%s", missing.text);
        mr_log_error(MR_WARN, "decoder.sandbox", &missing, "layers=%s", decoder->layers);
    }
    return MR_OK;
}

enum mr_code wk_decoder_new(const struct wk_imaging_config *config, struct wk_decoder **ret,
                            struct mr_error *err)
{
    struct wk_decoder *decoder = calloc(1, sizeof(*decoder));
    enum mr_code rc;

    if (!decoder)
        return mr_fail(err, MR_NO_MEMORY, "no memory for a decoder");
    decoder->config = *config;
    decoder->config.decoder = decoder->config.untrusted = NULL;
    wk_pool_init(&decoder->pool);
    pthread_mutex_init(&decoder->lock, NULL);
    decoder->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = wk_crew_setup(&decoder->crew, config, decoder->wake_fd, err);
    if (!rc && decoder->wake_fd < 0)
        rc = mr_fail(err, MR_UNAVAILABLE, "eventfd: %s", strerror(errno));
    if (!rc)
        rc = untrusted_read(config->untrusted, &decoder->untrusted, err);
    if (!rc)
        rc = first_child(decoder, err);
    if (rc)
        wk_decoder_free(decoder);
    else
        *ret = decoder;
    return rc;
}

void wk_decoder_gate(struct wk_decoder *decoder, struct wk_gate gate)
{
    decoder->gate = gate;
}

void wk_decoder_rest(struct wk_decoder *decoder)
{
    (void)wk_crew_buried(&decoder->crew, false);
    wk_crew_prepare(&decoder->crew);
}

void wk_decoder_tenant(struct wk_decoder *decoder, const char *tenant)
{
    if (strcmp(decoder->crew.tenant, tenant) == 0)
        return;
    wk_crew_tenant(&decoder->crew, tenant);
    wk_pool_release(&decoder->pool); /* what is left in it is the other one's */
}

int wk_decoder_pid(const struct wk_decoder *decoder)
{
    /* The lock is not part of what the caller may not change. */
    return wk_crew_pid(&((struct wk_decoder *)(uintptr_t)decoder)->crew);
}

const char *wk_decoder_layers(const struct wk_decoder *decoder)
{
    return decoder->layers;
}

const char *wk_decoder_missing(const struct wk_decoder *decoder)
{
    return decoder->missing;
}

void wk_decoder_free(struct wk_decoder *decoder)
{
    if (!decoder)
        return;
    wk_crew_release(&decoder->crew);
    wk_pool_release(&decoder->pool);
    mr_buf_release(&decoder->text);
    mr_buf_release(&decoder->answer);
    if (decoder->wake_fd >= 0)
        close(decoder->wake_fd);
    pthread_mutex_destroy(&decoder->lock);
    free(decoder);
}
