/* value.h -- JSON that never changes and is shared by counting: data that pass through a state
 * unchanged cost nothing, however large.  A view is a part of another value's tree. */
#ifndef ASL_VALUE_H
#define ASL_VALUE_H

#include "common/base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deeper data are refused: every reader of them may then recurse without fear. */
enum { ASL_DATA_DEPTH_MAX = 96 };

struct asl_value {
    uint32_t refs;
    uint32_t id; /* number in its run's encoding; 0: not held by a run */
    cJSON *json;
    struct asl_value *owner; /* json is part of owner's tree; NULL: json is this value's own */
    char *text;              /* compact JSON, made when first asked for */
    size_t text_len;
    size_t bytes;   /* printed it has at most so many, and is at most so deep; */
    unsigned depth; /* 0: not known */
    bool exact;     /* bytes is what it has */
};

/* Takes json over, also on failure.  NULL: out of memory, or json was NULL. */
struct asl_value *asl_value_new_take(cJSON *json);
/* part is in whole's tree; whole is kept alive.  Of all of whole it is whole itself. */
struct asl_value *asl_value_view(struct asl_value *whole, const cJSON *part);
/* A value of its own for the same tree: a number in a run belongs to one run. */
struct asl_value *asl_value_alias(struct asl_value *whole);
struct asl_value *asl_value_ref(struct asl_value *);
void asl_value_unref(struct asl_value *); /* accepts NULL */
/* Its text, lent as long as it lives. NULL: out of memory. */
const char *asl_value_text(struct asl_value *, size_t *ret_len);
/* Gives one reference up for a tree that the caller may change: the value's own where nobody else
 * shares it, else a copy.  NULL: out of memory (the reference is given up all the same). */
cJSON *asl_value_detach(struct asl_value *);

/* Whether value printed takes at most bytes_max and is not deeper than ASL_DATA_DEPTH_MAX: counted,
 * not printed, and not again while what is known of it suffices. */
bool asl_value_fits(struct asl_value *value, size_t bytes_max);
/* The bytes that it has, printed: the same for the same JSON, whatever is known of it. */
size_t asl_value_bytes(struct asl_value *value);
/* The same of a tree, and what was counted. */
bool asl_json_fits(const cJSON *json, size_t bytes_max, size_t *ret_bytes, unsigned *ret_depth);
size_t asl_json_bytes(const cJSON *json); /* about what the tree takes in memory */

#endif
