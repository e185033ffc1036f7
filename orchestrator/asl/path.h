/* path.h -- reference paths: $, $$, then .name, ['name'] and [n], each naming at most one place. */
#ifndef ASL_PATH_H
#define ASL_PATH_H

#include "common/base/error.h"
#include "orchestrator/asl/arena.h"
#include "orchestrator/asl/fault.h"

#include <cjson/cJSON.h>
#include <stdint.h>

enum { ASL_PATH_PARTS_MAX = 64 };

struct asl_part {
    const char *key; /* NULL: an index */
    int index;       /* below 0: from the end */
};

struct asl_path {
    const char *text;     /* as written; "null" for a null path */
    bool null;            /* InputPath, OutputPath: {}; ResultPath: the result is discarded */
    bool context;         /* begins with $$ */
    const char *variable; /* begins with $name; NULL: not */
    uint32_t count;
    const struct asl_part *parts;
};

/* Everything of *ret is in arena.  MR_INVALID: no path.  MR_UNSUPPORTED: a kind of path that is
 * not read yet.  err says what is wrong in words that fit behind the name of a field. */
MR_MUST_USE enum mr_code asl_path_parse(struct asl_arena *arena, const char *text,
                                        struct asl_path *ret, struct mr_error *err);
/* The place in root that path names, or NULL.  path is not null. */
const cJSON *asl_path_get(const struct asl_path *path, const cJSON *root);
/* Whether asl_path_put_take() would find it possible. */
bool asl_path_can_put(const struct asl_path *path, const cJSON *root);
/* Puts item at the place that path names in *root, making objects on the way where there is
 * nothing.  item is taken over, also on failure.  MR_INVALID: States.ResultPathMatchFailure. */
MR_MUST_USE enum mr_code asl_path_put_take(const struct asl_path *path, cJSON **root, cJSON *item,
                                           struct asl_fault *fault);

#endif
