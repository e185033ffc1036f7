/* protocol.h -- what the supervisor and a decoder say to each other: packets of fixed structs over
 * a SOCK_SEQPACKET pair, both ends of one build.  The supervisor believes nothing that it reads
 * here: sizes, counts, numbers and texts are checked in worker/imaging_reply.c.
 *
 *     supervisor  START  once, which formats it is for
 *     decoder     HELLO  once, warm and locked
 *     supervisor  HAND   a memfd into a slot, once for each slot and again when it is replaced
 *     supervisor  TASK   and then its text, in pieces, without a head
 *     decoder     NEED   memory for the task, by its headers; before any pixel, once
 *     supervisor  GRANT  as much, or nothing: then the task is not done
 *     decoder     REPLY  and then its text, the same way; sequence is the task's
 *     decoder     LAST   at any time: it crashes.  Its end takes the kernel milliseconds, which
 * nobody then has to wait for */
#ifndef DEC_PROTOCOL_H
#define DEC_PROTOCOL_H

#include "common/model/recipe.h"
#include "common/sandbox/sandbox.h"

#include <stdint.h>

#define DEC_MAGIC UINT32_C(0x4d524443)

enum {
    DEC_VERSION = 1,
    DEC_TEXT_PIECE = 32768,   /* bytes of text in one packet */
    DEC_TEXT_MAX = 1 << 20,   /* a recipe with every default written out */
    DEC_ANSWER_MAX = 1 << 16, /* what inspect has to say */
    DEC_CAUSE_MAX = 400,
    DEC_SLOT_OUTPUTS = MR_RECIPE_SOURCES_MAX, /* slots: sources first, then outputs */
    DEC_SLOTS = DEC_SLOT_OUTPUTS + MR_RECIPE_OUTPUTS_MAX,
    DEC_EXIT_NO_MEMORY = 71, /* exit statuses of the program */
    DEC_EXIT_CRASHED = 70,
};

enum dec_kind {
    DEC_START = 1,
    DEC_HELLO,
    DEC_HAND,
    DEC_TASK,
    DEC_NEED,
    DEC_GRANT,
    DEC_REPLY,
    DEC_LAST
};
enum dec_work { DEC_RENDER = 1, DEC_INSPECT };

/* Why a task failed; the supervisor has the name of each. */
enum dec_failure {
    DEC_OK,
    DEC_UNSUPPORTED,
    DEC_CORRUPT,
    DEC_TOO_LARGE,
    DEC_NO_MEMORY,
    DEC_RECIPE_INVALID,
    DEC_OUT_OF_BOUNDS,
    DEC_FAILURE_COUNT
};

struct dec_head {
    uint32_t magic;
    uint16_t version;
    uint16_t kind;
    uint32_t size; /* of the whole struct */
    uint32_t sequence;
};

/* The formats whose readers are off but for a decoder of their own (mr_format_untrusted). */
#define DEC_FORMAT_BIT(format) (UINT32_C(1) << (unsigned)(format))

struct dec_start {
    struct dec_head head;
    uint32_t untrusted; /* bits of the formats that it reads besides the common ones */
    uint32_t reserved;
};

struct dec_hello {
    struct dec_head head;
    struct sb_report report;
};

struct dec_hand { /* with one descriptor */
    struct dec_head head;
    uint32_t slot, reserved;
    uint64_t size; /* of the memfd */
};

struct dec_task {
    struct dec_head head;
    uint32_t work;
    uint32_t source_count;
    uint64_t source_len[MR_RECIPE_SOURCES_MAX];
    uint32_t source_format[MR_RECIPE_SOURCES_MAX]; /* enum mr_format */
    uint64_t pixels_max, output_bytes_max;
    uint64_t text_len; /* the recipe */
    uint32_t wanted;   /* of DEC_INSPECT: bits of enum mr_inspect_want */
    uint32_t reserved;
};

struct dec_memory { /* of NEED and GRANT */
    struct dec_head head;
    uint64_t bytes; /* beyond what an idle decoder has */
};

struct dec_last {
    struct dec_head head;
    int32_t signal; /* 0: a library said that it cannot go on */
    uint32_t no_memory;
};

struct dec_written {
    uint64_t len;
    int32_t format; /* enum mr_format */
    int32_t width, height, pages, quality;
    int32_t reserved;
};

struct dec_reply {
    struct dec_head head;
    uint32_t failure;
    uint32_t output_count;
    struct dec_written outputs[MR_RECIPE_OUTPUTS_MAX];
    int32_t source_format; /* enum mr_format */
    int32_t source_width, source_height, source_pages;
    int64_t cpu_us, decode_us, scale_us, encode_us, peak_bytes;
    uint64_t text_len; /* of inspect */
    char cause[DEC_CAUSE_MAX];
};

#endif
