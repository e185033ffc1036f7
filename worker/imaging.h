/* imaging.h -- pictures are worked on by decoder children; this is all the worker sees of them.
 * The supervisor holds every secret and never parses a pixel; the child holds no secret.
 * A child is persistent: it warms up, locks itself, and serves one task after another over a
 * socket pair, sources and outputs in pooled memfds; a second one, warm, takes over when it dies.
 * Formats that are opted in get a child of their own for one task.  One slot thread owns one
 * wk_decoder; only wk_decoder_stop() may be called by another thread. */
#ifndef WK_IMAGING_H
#define WK_IMAGING_H

#include "common/base/buf.h"
#include "common/base/config.h"
#include "common/base/error.h"
#include "common/model/recipe.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

struct wk_imaging_config {
    char *decoder;      /* WORKER_DECODER: path of the program; "": beside this program */
    int sandbox;        /* WORKER_SANDBOX: "strict best": strict refuses to start where a layer
                           is missing, best takes what the platform has and says so */
    char *untrusted;    /* WORKER_FORMATS_UNTRUSTED: formats opted in, "svg,pdf"; NULL: none */
    int64_t memory_max; /* WORKER_DECODER_MEMORY: address space of a child, bytes */
    int64_t pixels_max; /* WORKER_PIXELS_MAX: width x height x pages of a source */
    int64_t source_bytes_max; /* WORKER_SOURCE_BYTES_MAX */
    int64_t output_bytes_max; /* WORKER_OUTPUT_BYTES_MAX */
    int64_t tasks_max;        /* WORKER_DECODER_TASKS: a child is replaced after so many */
};
extern const struct mr_setting wk_imaging_settings[];
extern const size_t wk_imaging_settings_count;

/* A task's failure as workflows see it: Image.Corrupt, Recipe.Invalid, ... (docs/recipe.md).
 */
struct wk_fault {
    char name[64];
    char cause[512]; /* names the pointer or the limit that was passed */
    bool retriable;
};

/* Who says how much memory a task may have: all slots of a worker share one. */
struct wk_gate {
    void *owner;
    /* Before any pixel, with what the headers say.  MR_OK: *ret_granted >= bytes may be had.
     * MR_BUSY: not now, the call ends with MR_BUSY and nothing was done.  Else the fault is set. */
    enum mr_code (*ask)(void *owner, int64_t bytes, int64_t *ret_granted, struct wk_fault *fault);
};

struct wk_source { /* bytes of one picture; lent for the call */
    const void *data;
    size_t len;
};

struct wk_output {
    const char *name;      /* of the recipe; lent by the recipe */
    const char *format;    /* what it came out as: "jpeg" "png" "webp" "avif"; static */
    const char *extension; /* "jpg" ...; static */
    const char *content_type;
    const void *data; /* lent by the decoder until its next call */
    size_t len;
    int width, height, pages, quality; /* quality 0: not of this format */
};

struct wk_rendered { /* lent by the decoder until its next call */
    struct wk_output outputs[MR_RECIPE_OUTPUTS_MAX];
    size_t output_count;
    char source_format[16];
    int source_width, source_height, source_pages;
    int64_t cpu_us, decode_us, scale_us, encode_us; /* CPU of the child, by stage */
    int64_t wall_us, peak_bytes;
    int64_t granted_bytes; /* that it could have had beyond an idle decoder's */
};

struct wk_decoder;

/* Starts a child and waits until it is warm and locked.  MR_UNAVAILABLE says which layer is missing
 * or how the child ended.  A child dies with the thread that started it: call from one that lives
 * as long as the decoder, the slot's own or main's. */
MR_MUST_USE enum mr_code wk_decoder_new(const struct wk_imaging_config *, struct wk_decoder **ret,
                                        struct mr_error *err);
/* Without a gate a task may have what the settings allow. */
void wk_decoder_gate(struct wk_decoder *, struct wk_gate gate);
/* Whose the calls from here on are ("" at the start): no process that worked for another tenant,
 * and no memory that it shared, is used for them.  Gives back what is lent. */
void wk_decoder_tenant(struct wk_decoder *, const char *tenant);
/* A place of len_max bytes that the child sees: bytes that are put there and then given as source
 * `index` of the next call are not copied again.  Lent until that call ends. */
MR_MUST_USE enum mr_code wk_decoder_source(struct wk_decoder *, size_t index, size_t len_max,
                                           void **ret, struct mr_error *err);
/* sources[0] is the picture, then one for each source that mr_recipe_sources() lists.
 * MR_OK: *ret.  Anything else: *fault tells what the task is answered with; the decoder lives on
 * (a child that died is replaced before the next call). deadline_ms: of mr_mono_ms(). */
MR_MUST_USE enum mr_code wk_decoder_render(struct wk_decoder *, const struct mr_recipe *,
                                           const struct wk_source *sources, size_t n,
                                           int64_t deadline_ms, struct wk_rendered *ret,
                                           struct wk_fault *fault);
/* What the picture is: an object as recipe.md's image.inspect describes (without bytes, sha256,
 * which the caller adds), the caller's to cJSON_Delete(). wanted: bits of enum mr_inspect_want. */
MR_MUST_USE enum mr_code wk_decoder_inspect(struct wk_decoder *, const struct wk_source *source,
                                            unsigned wanted, int64_t deadline_ms, cJSON **ret,
                                            struct wk_fault *fault);
/* No task is waiting: what the last one cost, a warm decoder beside the one at work, is made up for
 * now.  Not to be called between a call and the use of what it lends. */
void wk_decoder_rest(struct wk_decoder *);
/* Ends the call under way (MR_CANCELLED) by killing the child; any thread. */
void wk_decoder_stop(struct wk_decoder *);
int wk_decoder_pid(const struct wk_decoder *); /* of the child; -1: none just now. For tests. */
/* Which layers hold, for doctor and the log: "user,net,ipc,uts,pid,mount,seccomp,rlimits,landlock".
 */
const char *wk_decoder_layers(const struct wk_decoder *);
/* Which do not and why, in words; "": none.  Under WORKER_SANDBOX=strict always "". */
const char *wk_decoder_missing(const struct wk_decoder *);
void wk_decoder_free(struct wk_decoder *); /* accepts NULL */

#endif
