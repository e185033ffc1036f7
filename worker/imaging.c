/* imaging.c -- the supervisor of one decoder: gives it tasks, believes nothing it says, ends it
 * when it is late, and has the next one warming up when it is gone.  Must not know a picture's
 * inside. */
#include "worker/imaging.h"

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/model/format.h"
#include "common/ports/clock.h"
#include "worker/imaging_child.h"
#include "worker/imaging_fault.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { WARM_MS_MAX = 30000, SANDBOX_STRICT = 0, ENDED_TEXT_MAX = 64 };

/* clang-format off */
const struct mr_setting wk_imaging_settings[] = {
    MR_STR(wk_imaging_config, decoder, "WORKER_DECODER", "", "path of millrace-decoder; empty: beside this program"),
    MR_CHOICE(wk_imaging_config, sandbox, "WORKER_SANDBOX", "best", "strict best", "strict: refuse to start where a layer of the sandbox is missing; best: take what the platform has and say what is missing"),
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
    struct wk_imaging_config config; /* numbers; its string is not used */
    char path[PATH_MAX];
    struct wk_child child; /* at work, or warming up for the next call */
    struct wk_child spare; /* warming up to replace a child that has done its tasks */
    struct wk_pool pool;
    struct mr_buf text, answer;
    uint32_t sequence;
    char layers[SB_LAYERS_TEXT_MAX];

    pthread_mutex_t lock; /* guards what follows, and child.process for wk_decoder_pid() */
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
}

void wk_decoder_stop(struct wk_decoder *decoder)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&decoder->lock);
    if (decoder->busy && !decoder->stopping)
        decoder->stopping = write(decoder->wake_fd, &one, sizeof(one)) == sizeof(one);
    pthread_mutex_unlock(&decoder->lock);
}

/* ---- the child --------------------------------------------------------------------------------
 */

static void child_set(struct wk_decoder *decoder, struct wk_child *slot, struct wk_child value)
{
    pthread_mutex_lock(&decoder->lock);
    *slot = value;
    pthread_mutex_unlock(&decoder->lock);
}

static enum mr_code child_begin(struct wk_decoder *decoder, struct wk_child *slot,
                                struct mr_error *err)
{
    struct wk_child child;
    enum mr_code rc = wk_child_start(&child, decoder->path, &decoder->config, err);

    child_set(decoder, slot, child);
    return rc;
}

static void child_finish(struct wk_decoder *decoder, struct wk_child *slot, char *text, size_t size,
                         bool *ret_no_memory)
{
    struct wk_child child = *slot;

    child_set(decoder, slot, wk_child_none);
    wk_child_end(&child, text, size, ret_no_memory);
}

/* What a wait that did not end well means; the child is gone after it and the next one is started,
 * to warm up while the task's failure is reported. */
static enum mr_code child_lost(struct wk_decoder *decoder, enum wk_heard heard, const char *during,
                               struct wk_fault *fault)
{
    char ended[ENDED_TEXT_MAX];
    bool no_memory;
    struct mr_error err;
    enum mr_code rc = MR_OK;

    child_finish(decoder, &decoder->child, ended, sizeof(ended), &no_memory);
    switch (heard) {
    case WK_LATE:
        rc = wk_fault_set(fault, WK_TIMEOUT, "the deadline passed during %s", during);
        break;
    case WK_STOPPED:
        rc = wk_fault_set(fault, WK_CANCELLED, "stopped during %s", during);
        break;
    case WK_NONSENSE:
        rc = wk_fault_set(fault, WK_CRASHED, "the decoder broke its protocol during %s", during);
        break;
    case WK_HEARD:
    case WK_GONE:
        if (no_memory)
            rc = wk_fault_set(fault, WK_OUT_OF_MEMORY,
                              "the decoder needed more than its %" PRId64 " bytes during %s",
                              decoder->config.memory_max, during);
        else
            rc =
                wk_fault_set(fault, WK_CRASHED, "the decoder ended by %s during %s", ended, during);
        break;
    }
    if (child_begin(decoder, &decoder->child, &err)) /* the next call tries again, and says why */
        mr_log_error(MR_ERROR, "decoder.start", &err, "path=%s", decoder->path);
    return rc;
}

/* A child that has done its tasks makes room for a fresh one, which has warmed up meanwhile. */
static void child_renew(struct wk_decoder *decoder)
{
    char ended[ENDED_TEXT_MAX];
    bool no_memory;
    struct mr_error err;

    if (decoder->child.tasks >= decoder->config.tasks_max) {
        child_finish(decoder, &decoder->child, ended, sizeof(ended), &no_memory);
        child_set(decoder, &decoder->child, decoder->spare);
        decoder->spare = wk_child_none;
    }
    if (decoder->child.tasks + 1 >= decoder->config.tasks_max && decoder->spare.process.pid < 0 &&
        child_begin(decoder, &decoder->spare, &err))
        mr_log_error(MR_ERROR, "decoder.start", &err, "path=%s", decoder->path);
}

/* There is a child, warm and locked as the configuration wants it. */
static enum mr_code child_need(struct wk_decoder *decoder, int64_t deadline_ms,
                               struct wk_fault *fault)
{
    int64_t warm_ms = mr_mono_ms() + WARM_MS_MAX;
    struct wk_patience patience = {deadline_ms < warm_ms ? deadline_ms : warm_ms, decoder->wake_fd};
    struct mr_error err;
    enum wk_heard heard;

    if (decoder->child.process.pid > 0 && !wk_child_alive(&decoder->child)) {
        char ended[ENDED_TEXT_MAX]; /* it died idle: no task's fault, and no task's failure */
        bool no_memory;
        child_finish(decoder, &decoder->child, ended, sizeof(ended), &no_memory);
        mr_log(MR_WARN, "decoder.died", "idle=true");
    }
    if (decoder->child.process.pid < 0 && child_begin(decoder, &decoder->child, &err))
        return wk_fault_set(fault, WK_CRASHED, "%.400s", err.text);
    if (decoder->child.ready)
        return MR_OK;
    heard = wk_child_ready(&decoder->child, &patience);
    if (heard)
        return child_lost(decoder, heard, "its start", fault);
    if (decoder->config.sandbox == SANDBOX_STRICT &&
        sb_report_check(&decoder->child.process.report, &err)) {
        char ended[ENDED_TEXT_MAX];
        bool no_memory;
        child_finish(decoder, &decoder->child, ended, sizeof(ended), &no_memory);
        return wk_fault_set(fault, WK_CRASHED, "%.400s", err.text);
    }
    return MR_OK;
}

/* ---- one task ------------------------------------------------------------------------------- */

static enum mr_code sources_put(struct wk_decoder *decoder, const struct wk_source *sources,
                                size_t n, struct dec_task *task, struct wk_fault *fault)
{
    struct mr_error err;

    if (n < 1 || n > MR_RECIPE_SOURCES_MAX)
        return wk_fault_set(fault, WK_RECIPE_INVALID, "%zu sources, allowed 1..%d", n,
                            MR_RECIPE_SOURCES_MAX);
    for (size_t i = 0; i < n; i++) {
        if (sources[i].len > (uint64_t)decoder->config.source_bytes_max)
            return wk_fault_set(fault, WK_TOO_LARGE,
                                "source of %zu bytes, the limit is %" PRId64 " bytes",
                                sources[i].len, decoder->config.source_bytes_max);
        if (wk_pool_need(&decoder->pool, i, sources[i].len ? sources[i].len : 1, &err))
            return wk_fault_set(fault, WK_OUT_OF_MEMORY, "%.400s", err.text);
        if (sources[i].len && sources[i].data != decoder->pool.slots[i].map)
            memcpy(decoder->pool.slots[i].map, sources[i].data, sources[i].len);
        task->source_len[i] = sources[i].len;
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

/* Sends and hears; on MR_OK the reply is of the right form and no failure. */
static enum mr_code task_run(struct wk_decoder *decoder, struct dec_task *task, int64_t deadline_ms,
                             struct dec_reply *reply, struct wk_fault *fault)
{
    const struct wk_patience patience = {deadline_ms, decoder->wake_fd};
    enum wk_heard heard;
    enum mr_code rc = child_need(decoder, deadline_ms, fault);

    if (rc)
        return rc;
    task->head =
        (struct dec_head){DEC_MAGIC, DEC_VERSION, DEC_TASK, sizeof(*task), ++decoder->sequence};
    task->pixels_max = (uint64_t)decoder->config.pixels_max;
    task->output_bytes_max = (uint64_t)decoder->config.output_bytes_max;
    task->text_len = decoder->text.len;
    heard = wk_child_send(&decoder->child, &decoder->pool, task, &decoder->text, &patience);
    if (!heard)
        heard =
            wk_child_hear(&decoder->child, decoder->sequence, reply, &decoder->answer, &patience);
    if (heard)
        return child_lost(decoder, heard, "the task", fault);
    decoder->child.tasks++;
    child_renew(decoder);
    if (reply->failure != DEC_OK)
        return wk_fault_set(fault, wk_fault_of(reply->failure), "%s", reply->cause);
    return MR_OK;
}

static bool written_sound(const struct wk_decoder *decoder, const struct dec_written *written)
{
    enum mr_format format = (enum mr_format)written->format;
    int side_max = mr_format_side_max(format);

    return mr_format_written(format) && written->len > 0 &&
           written->len <= (uint64_t)decoder->config.output_bytes_max && written->width >= 1 &&
           written->width <= side_max && written->height >= 1 && written->height <= side_max &&
           written->pages >= 1 && written->pages <= INT16_MAX && written->quality >= 0 &&
           written->quality <= 100;
}

static int64_t not_negative(int64_t n)
{
    return n < 0 ? 0 : n;
}

/* Every number of the reply is checked before it is used as one. */
static bool rendered_fill(const struct wk_decoder *decoder, const struct mr_recipe *recipe,
                          const struct dec_reply *reply, struct wk_rendered *ret)
{
    *ret = (struct wk_rendered){.output_count = mr_recipe_outputs(recipe)};
    if (reply->output_count != ret->output_count || reply->source_width < 1 ||
        reply->source_height < 1 || reply->source_pages < 1)
        return false;
    for (size_t i = 0; i < ret->output_count; i++) {
        const struct dec_written *written = &reply->outputs[i];
        enum mr_format format = (enum mr_format)written->format;
        if (!written_sound(decoder, written))
            return false;
        ret->outputs[i] = (struct wk_output){
            .name = mr_recipe_output_name(recipe, i),
            .format = mr_format_name(format),
            .extension = mr_format_extension(format),
            .content_type = mr_format_content_type(format),
            .data = decoder->pool.slots[DEC_SLOT_OUTPUTS + i].map,
            .len = (size_t)written->len,
            .width = written->width,
            .height = written->height,
            .pages = written->pages,
            .quality = written->quality,
        };
    }
    snprintf(ret->source_format, sizeof(ret->source_format), "%s",
             mr_format_name((enum mr_format)reply->source_format));
    ret->source_width = reply->source_width;
    ret->source_height = reply->source_height;
    ret->source_pages = reply->source_pages;
    ret->cpu_us = not_negative(reply->cpu_us);
    ret->decode_us = not_negative(reply->decode_us);
    ret->scale_us = not_negative(reply->scale_us);
    ret->encode_us = not_negative(reply->encode_us);
    ret->peak_bytes = not_negative(reply->peak_bytes);
    return true;
}

enum mr_code wk_decoder_render(struct wk_decoder *decoder, const struct mr_recipe *recipe,
                               const struct wk_source *sources, size_t n, int64_t deadline_ms,
                               struct wk_rendered *ret, struct wk_fault *fault)
{
    struct dec_task task = {.work = DEC_RENDER};
    struct dec_reply reply = {0};
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
        rc = task_run(decoder, &task, deadline_ms, &reply, fault);
    if (!rc && !rendered_fill(decoder, recipe, &reply, ret))
        rc = child_lost(decoder, WK_NONSENSE, "its answer", fault);
    if (!rc)
        ret->wall_us = (mr_mono_ms() - start_ms) * 1000;
    wk_pool_trim_sources(&decoder->pool);
    call_end(decoder);
    return rc;
}

static enum mr_code wanted_check(const cJSON *wanted, struct wk_fault *fault)
{
    if (!wanted || cJSON_IsNull(wanted) || (cJSON_IsArray(wanted) && !wanted->child))
        return MR_OK;
    if (!cJSON_IsArray(wanted) || !cJSON_IsString(wanted->child))
        return wk_fault_set(fault, WK_RECIPE_INVALID, "wanted: must be an array of words");
    return wk_fault_set(fault, WK_RECIPE_INVALID, "wanted: \"%.64s\" is not supported yet",
                        wanted->child->valuestring);
}

enum mr_code wk_decoder_inspect(struct wk_decoder *decoder, const struct wk_source *source,
                                const cJSON *wanted, int64_t deadline_ms, cJSON **ret,
                                struct wk_fault *fault)
{
    static const struct mr_json_limits limits = {DEC_ANSWER_MAX, 8};
    struct dec_task task = {.work = DEC_INSPECT};
    struct dec_reply reply = {0};
    struct mr_error err;
    enum mr_code rc;

    call_begin(decoder);
    mr_buf_reset(&decoder->text);
    rc = wanted_check(wanted, fault);
    if (!rc)
        rc = sources_put(decoder, source, 1, &task, fault);
    if (!rc)
        rc = task_run(decoder, &task, deadline_ms, &reply, fault);
    if (!rc && mr_json_parse(decoder->answer.data, decoder->answer.len, &limits, ret, &err))
        rc = child_lost(decoder, WK_NONSENSE, "its answer", fault);
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
    rc = wk_pool_need(&decoder->pool, index, len_max ? len_max : 1, err);
    if (!rc)
        *ret = decoder->pool.slots[index].map;
    return rc;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static enum mr_code path_find(const struct wk_imaging_config *config, char *path, size_t size,
                              struct mr_error *err)
{
    char self[PATH_MAX];
    ssize_t len;
    int n;

    if (config->decoder && *config->decoder) {
        n = snprintf(path, size, "%s", config->decoder);
    } else {
        len = readlink("/proc/self/exe", self, sizeof(self) - 1);
        if (len < 0)
            return mr_fail(err, MR_UNAVAILABLE, "WORKER_DECODER: /proc/self/exe: %s",
                           strerror(errno));
        self[len] = '\0';
        *strrchr(self, '/') = '\0';
        n = snprintf(path, size, "%s/millrace-decoder", self);
    }
    if (n < 0 || (size_t)n >= size)
        return mr_fail(err, MR_UNAVAILABLE, "WORKER_DECODER: longer than %zu bytes", size - 1);
    return MR_OK;
}

static enum mr_code first_child(struct wk_decoder *decoder, struct mr_error *err)
{
    struct wk_fault fault;
    struct mr_error missing;

    if (child_need(decoder, mr_mono_ms() + WARM_MS_MAX, &fault))
        return mr_fail(err, MR_UNAVAILABLE, "%.300s: %.200s", decoder->path, fault.cause);
    sb_report_text(&decoder->child.process.report, decoder->layers);
    if (sb_report_check(&decoder->child.process.report, &missing))
        mr_log_error(MR_WARN, "decoder.sandbox", &missing, "layers=%s", decoder->layers);
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
    decoder->config.decoder = NULL;
    decoder->child = decoder->spare = wk_child_none;
    wk_pool_init(&decoder->pool);
    pthread_mutex_init(&decoder->lock, NULL);
    decoder->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = decoder->wake_fd < 0 ? mr_fail(err, MR_UNAVAILABLE, "eventfd: %s", strerror(errno))
                              : path_find(config, decoder->path, sizeof(decoder->path), err);
    if (!rc)
        rc = first_child(decoder, err);
    if (rc)
        wk_decoder_free(decoder);
    else
        *ret = decoder;
    return rc;
}

int wk_decoder_pid(const struct wk_decoder *decoder)
{
    /* The lock is not part of what the caller may not change. */
    struct wk_decoder *self = (struct wk_decoder *)(uintptr_t)decoder;
    int pid;

    pthread_mutex_lock(&self->lock);
    pid = (int)self->child.process.pid;
    pthread_mutex_unlock(&self->lock);
    return pid;
}

const char *wk_decoder_layers(const struct wk_decoder *decoder)
{
    return decoder->layers;
}

void wk_decoder_free(struct wk_decoder *decoder)
{
    char ended[ENDED_TEXT_MAX];
    bool no_memory;

    if (!decoder)
        return;
    wk_child_end(&decoder->child, ended, sizeof(ended), &no_memory);
    wk_child_end(&decoder->spare, ended, sizeof(ended), &no_memory);
    wk_pool_release(&decoder->pool);
    mr_buf_release(&decoder->text);
    mr_buf_release(&decoder->answer);
    if (decoder->wake_fd >= 0)
        close(decoder->wake_fd);
    pthread_mutex_destroy(&decoder->lock);
    free(decoder);
}
