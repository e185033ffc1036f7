/* decode.h -- a run while it is read from its text: decode.c the whole, decode_value.c values,
 * decode_frame.c frames, decode_fork.c what a frame's state has set going.  Nothing is believed:
 * what does not fit the machine is noted in decoder.wrong, the first of it, and makes the text
 * MR_CORRUPT, so that a run that decodes can be stepped without further checks.  Every function
 * that returns a bool: false where something was wrong, or no_memory. */
#ifndef ASL_DECODE_H
#define ASL_DECODE_H

#include "orchestrator/asl/frame.h"
#include "orchestrator/asl/query.h"
#include "orchestrator/asl/spread.h"
#include "orchestrator/asl/step.h"

#include <cjson/cJSON.h>

#define ASL_INTEGER_MAX INT64_C(9007199254740991)

struct asl_decoder {
    struct asl_run *run;
    const cJSON *json;
    asl_value_get_fn *get;
    void *get_ctx;
    struct asl_values values;  /* all met so far, by number; each holds a reference */
    struct asl_frame **frames; /* as they stand in "f" */
    uint32_t frame_count;
    bool no_memory;
    const char *wrong; /* the first thing that did not fit */
};

static inline bool asl_decode_wrong(struct asl_decoder *d, const char *what)
{
    if (!d->wrong)
        d->wrong = what;
    return false;
}
static inline const struct asl_state *asl_decode_state(const struct asl_decoder *d,
                                                       const struct asl_frame *frame)
{
    return &d->run->machine->states[frame->state];
}

/* A whole number from min to max; min where it is none, and what is wrong. */
int64_t asl_decode_integer(struct asl_decoder *, const cJSON *item, int64_t min, int64_t max,
                           const char *what);
int64_t asl_decode_time(struct asl_decoder *, const cJSON *item);

/* The values that stand in the text itself. */
bool asl_decode_inline(struct asl_decoder *);
/* Puts the value that item numbers into *slot; 0 leaves it empty, where that is allowed. */
bool asl_decode_value(struct asl_decoder *, const cJSON *item, bool required,
                      struct asl_value **slot);
bool asl_decode_frames(struct asl_decoder *);
/* The fields of one frame: children, or what a distributed Map has; and expressions, after it. */
bool asl_decode_fork(struct asl_decoder *, struct asl_frame *, const cJSON *list);
bool asl_decode_query(struct asl_decoder *, struct asl_frame *, const cJSON *list);

#endif
