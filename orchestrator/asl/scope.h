/* scope.h -- what paths may see while one state works: $, its input or result, and $$, the context
 * object, which is made only when a path asks for it. */
#ifndef ASL_SCOPE_H
#define ASL_SCOPE_H

#include "common/base/buf.h"
#include "orchestrator/asl/fault.h"
#include "orchestrator/asl/path.h"
#include "orchestrator/asl/value.h"

struct asl_turn;
struct asl_frame;

struct asl_scope {
    struct asl_turn *turn;
    struct asl_frame *frame;
    struct asl_value *data; /* $; lent */
    const cJSON *item;      /* that an ItemSelector is about; NULL: the nearest Map's above */
    uint32_t item_index;
    const char *item_key; /* of an item that is a member of an object; NULL: it is none */
    cJSON *context;       /* $$, once it was asked for */
    cJSON *made; /* what paths found that is no part of anything: an array, once there is any */
};
void asl_scope_release(struct asl_scope *);
/* Makes scope->context, unless it is there. */
MR_MUST_USE enum mr_code asl_scope_context(struct asl_scope *);

/* Where the items of the Map that the frame is in come from: its data ("STATE_DATA"), or the object
 * (of a listing: the bucket) that its reader was told to read; appended to ret, or nothing where
 * the reader names none.  false: out of memory. */
bool asl_scope_source(const struct asl_frame *map, struct mr_buf *ret);

/* What path names, or NULL; lent by the scope.  MR_INVALID: looking for it went wrong. */
MR_MUST_USE enum mr_code asl_scope_find(struct asl_scope *, const struct asl_path *path,
                                        const cJSON **ret, struct asl_fault *fault);
/* The same, and States.Runtime where it names nothing; field is told in the cause. */
MR_MUST_USE enum mr_code asl_scope_get(struct asl_scope *, const struct asl_path *path,
                                       const char *field, const cJSON **ret,
                                       struct asl_fault *fault);
/* The same as a value: shares where it can.  path NULL: $.  A null path: {}.  *ret is the caller's.
 */
MR_MUST_USE enum mr_code asl_scope_value(struct asl_scope *, const struct asl_path *path,
                                         const char *field, struct asl_value **ret,
                                         struct asl_fault *fault);

#endif
