/* main.c -- millrace-decoder, the only program that touches pixels: warms up, locks itself, and
 * does one task after another until its supervisor is gone.  Started by worker/imaging.c only. */
#include "common/base/json.h"
#include "worker/decoder/budget.h"
#include "worker/decoder/channel.h"
#include "worker/decoder/crash.h"
#include "worker/decoder/files.h"
#include "worker/decoder/inspect.h"
#include "worker/decoder/processors.h"
#include "worker/decoder/render.h"
#include "worker/decoder/shed.h"
#include "worker/decoder/usage.h"
#include "worker/decoder/warm.h"

#if !defined(DEC_HOSTILE)
#define DEC_HOSTILE 0 /* 1 in a test's own build: it then does what a picture tells it to */
#endif
#if DEC_HOSTILE
#include "tests/unit/decoder/hostile.h"
#endif

#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_NO_LIBRARY = 64,
    EXIT_NO_CODEC = 65,
    EXIT_NO_START = 66,
    MALLOC_KEEP_BYTES = 256 << 20, /* given back to the system above this only */
    MALLOC_MAP_BYTES = 32 << 20,   /* glibc's own limit on what may come from the heap */
};

static const struct mr_json_limits recipe_limits = {DEC_TEXT_MAX, 64};

/* One arena that keeps its memory: pages are not faulted in anew for every picture. */
static void memory_setup(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, MALLOC_KEEP_BYTES);
    mallopt(M_MMAP_THRESHOLD, MALLOC_MAP_BYTES);
}

/* The readers that libvips itself calls untrusted are off, all but those that this decoder is for.
 */
static void readers_block(uint32_t untrusted)
{
    static const struct {
        enum mr_format format;
        const char *class;
    } readers[] = {{MR_FORMAT_JXL, "VipsForeignLoadJxl"},
                   {MR_FORMAT_JP2, "VipsForeignLoadJp2k"},
                   {MR_FORMAT_SVG, "VipsForeignLoadSvg"},
                   {MR_FORMAT_PDF, "VipsForeignLoadPdf"}};

    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignSave", FALSE); /* writers read nothing of strangers */
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
        if (untrusted & DEC_FORMAT_BIT(readers[i].format))
            vips_operation_block_set(readers[i].class, FALSE);
}

static void library_setup(uint32_t untrusted)
{
    setlocale(LC_CTYPE, "C.UTF-8"); /* no conversion of texts, which would load its tables */
    setenv("VIPS_DISC_THRESHOLD", "1000g", 1); /* there is no disc */
    if (vips_init("millrace-decoder"))
        _exit(EXIT_NO_LIBRARY);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    readers_block(untrusted);
}

static enum dec_failure recipe_read(const struct mr_buf *text, struct mr_recipe **ret,
                                    struct dec_fault *fault)
{
    cJSON *item = NULL;
    struct mr_error err;
    enum mr_code rc = mr_json_parse(text->data, text->len, &recipe_limits, &item, &err);

    if (!rc)
        rc = mr_recipe_parse(item, ret, &err);
    cJSON_Delete(item);
    if (rc)
        return dec_fail(fault, rc == MR_NO_MEMORY ? DEC_NO_MEMORY : DEC_RECIPE_INVALID, "%.300s",
                        err.text);
    return DEC_OK;
}

/* Nothing is decoded before the supervisor knows how much it takes. */
static enum dec_failure memory_get(struct dec_channel *channel, const struct dec_task *task,
                                   uint64_t need, struct dec_fault *fault)
{
    if (dec_channel_ask(channel, task->head.sequence, need))
        return DEC_OK;
    return dec_fail(fault, DEC_NO_MEMORY, "no memory was granted");
}

static enum dec_failure render(struct dec_channel *channel, const struct dec_task *task,
                               const struct mr_buf *text, struct dec_source *sources,
                               struct dec_reply *reply, struct dec_fault *fault)
{
    const struct dec_limits limits = {task->pixels_max, task->output_bytes_max};
    struct dec_sink sinks[MR_RECIPE_OUTPUTS_MAX];
    struct mr_recipe *recipe = NULL;
    uint64_t need = 0;
    enum dec_failure failure = recipe_read(text, &recipe, fault);

    if (failure)
        return failure;
    if (recipe->source_count > task->source_count)
        failure = dec_fail(fault, DEC_RECIPE_INVALID, "/source: not all sources were sent");
    for (size_t i = 0; !failure && i < recipe->source_count; i++) {
        sources[i].page = recipe->sources[i].page;
        sources[i].pages = recipe->sources[i].pages;
        sources[i].dpi = recipe->sources[i].dpi;
    }
    for (size_t i = 0; i < recipe->output_count; i++)
        sinks[i] =
            (struct dec_sink){channel->slots[DEC_SLOT_OUTPUTS + i].fd, task->output_bytes_max};
    if (!failure)
        failure = dec_budget_render(recipe, sources, task->source_count, &limits, &need, fault);
    if (!failure)
        failure = memory_get(channel, task, need, fault);
    if (!failure)
        failure = dec_render(recipe, sources, task->source_count, &limits, sinks, reply, fault);
    mr_recipe_free(recipe);
    return failure;
}

static enum dec_failure inspect(struct dec_channel *channel, const struct dec_task *task,
                                const struct dec_source *source, struct mr_buf *answer,
                                struct dec_fault *fault)
{
    const struct dec_limits limits = {task->pixels_max, task->output_bytes_max};
    uint64_t need = 0;
    enum dec_failure failure = dec_budget_inspect(source, task->wanted != 0, &limits, &need, fault);

    if (!failure)
        failure = memory_get(channel, task, need, fault);
    return failure ? failure : dec_inspect(source, &limits, task->wanted, answer, fault);
}

static void work(struct dec_channel *channel, const struct dec_task *task,
                 const struct mr_buf *text, struct dec_reply *reply, struct mr_buf *answer)
{
    struct dec_source sources[MR_RECIPE_SOURCES_MAX];
    struct dec_fault fault = {0};

    for (size_t i = 0; i < task->source_count; i++)
        sources[i] = (struct dec_source){.data = channel->slots[i].map,
                                         .len = task->source_len[i],
                                         .format = (enum mr_format)task->source_format[i]};
#if DEC_HOSTILE
    if (dec_hostile_act(channel, &sources[0], reply))
        return;
#endif
    dec_shed_watch(sources, task->source_count);
    if (task->work == DEC_RENDER)
        reply->failure = render(channel, task, text, sources, reply, &fault);
    else
        reply->failure = inspect(channel, task, sources, answer, &fault);
    dec_shed_watch(NULL, 0);
    memcpy(reply->cause, fault.cause, sizeof(reply->cause));
}

static void serve(struct dec_channel *channel)
{
    struct mr_buf text = {0}, answer = {0};
    struct dec_task task;

    while (dec_channel_task(channel, &task, &text)) {
        struct dec_reply reply = {.head.sequence = task.head.sequence};
        int64_t start = dec_cpu_ns();
        mr_buf_reset(&answer);
        dec_usage_begin();
        work(channel, &task, &text, &reply, &answer);
        reply.peak_bytes = dec_usage_peak_bytes();
        if (task.work == DEC_INSPECT)
            reply.cpu_us = (dec_cpu_ns() - start) / 1000;
        if (!dec_channel_reply(channel, &reply, &answer))
            break;
    }
    mr_buf_release(&text);
    mr_buf_release(&answer);
}

int main(void)
{
    static struct dec_channel channel;
    struct dec_start start;
    struct sb_report report = {0};

    dec_channel_init(&channel, SB_SOCKET);
    if (!dec_channel_start(&channel, &start))
        _exit(EXIT_NO_START);
    dec_processors_setup();
    memory_setup();
    dec_crash_setup();
    library_setup(start.untrusted);
    if (!dec_warm(start.untrusted))
        _exit(EXIT_NO_CODEC);
    dec_usage_setup();
    dec_shed();
    sb_lock(&report);
    dec_files_close();
    if (dec_channel_hello(&channel, &report))
        serve(&channel);
    _exit(EXIT_SUCCESS); /* nothing to put in order: no destructor is worth a system call */
}
