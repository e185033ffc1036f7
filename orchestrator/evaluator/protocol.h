/* protocol.h -- what the orchestrator and an evaluator say to each other: packets over the
 * SOCK_SEQPACKET pair of the sandbox, both ends of one build.  A head, then so many bytes of text:
 * as many as fit in the head's packet, the rest in packets of text alone.  The supervisor believes
 * nothing that it reads here: kinds, sequence and sizes are checked in child.c, and what the text
 * says is data of the job that asked, like a task's answer.
 *
 *     supervisor  SETTINGS  once, no text
 *     evaluator   HELLO     once, warm and locked; text: its struct sb_report
 *     supervisor  REQUEST   text: see expressions.js
 *     evaluator   ANSWER    text: JSON; sequence is the request's
 *              or LIMIT     text: the field whose expression passed it; the evaluator then ends */
#ifndef EV_PROTOCOL_H
#define EV_PROTOCOL_H

#include "common/sandbox/sandbox.h"

#include <stdint.h>

#define EV_MAGIC UINT32_C(0x4d52584e)

enum {
    EV_VERSION = 1,
    EV_PACKET_MAX = 65536, /* bytes */
    EV_FIELD_MAX = 256,    /* of a field's name that is quoted */
    EV_EXIT_NO_MEMORY = 71,
    EV_EXIT_BROKEN = 72, /* the socket, or the embedded program */
};

enum ev_kind { EV_SETTINGS = 1, EV_HELLO, EV_REQUEST, EV_ANSWER, EV_LIMIT };

enum ev_limit { /* which one an evaluation passed */
                EV_LIMIT_NONE,
                EV_LIMIT_TIME,
                EV_LIMIT_MEMORY,
                EV_LIMIT_STACK,
                EV_LIMIT_CRASH, /* none: the interpreter died of it */
                EV_LIMIT_WALL,  /* the supervisor's patience, with less than TIME of work done */
                EV_LIMIT_COUNT
};

struct ev_head {
    uint32_t magic;
    uint16_t version;
    uint16_t kind;
    uint32_t sequence;
    uint32_t limit;    /* LIMIT */
    int64_t time_us;   /* REQUEST: how much time of a processor it may take */
    uint64_t text_len; /* all of it */
};

struct ev_child_settings {
    int64_t memory_max; /* bytes of the interpreter's heap */
    int64_t stack_max;  /* bytes */
    int64_t depth_max;  /* expressions within expressions */
    int64_t text_max;   /* bytes of a request, of an answer */
};

struct ev_settings_packet {
    struct ev_head head;
    struct ev_child_settings settings;
};

#endif
